//! Many rounds of one target for people: a table of its stages, how often each verdict came, and how the rounds went.
use std::fmt::Write as _;

use super::human::{exit_code_in_words, title};
use super::look::Look;
use super::wrap::wrapped;
use crate::escape::escape;
use crate::statistics::{Percentiles, Round, Statistics};

/// From so many rounds on there is one of a hundred.
const HUNDRED: u64 = 100;

/// From how many columns on the times stand in a table.
const TABLE: usize = 78;

/// Renders it.
pub fn statistics(all: &Statistics, look: &Look) -> String {
    let mut out = String::new();
    let (rounds, reached) = (all.rounds(), all.reached());
    let percent = reached.saturating_mul(100).checked_div(rounds).unwrap_or_default();
    let name = escape(&all.target().to_string()).into_owned();
    let times = if rounds == 1 { "round" } else { "rounds" };
    let head = format!("{name}: {rounds} {times}, {reached} reached the asked depth ({percent} %)");
    _ = writeln!(out, "{}", title(&head, look));
    out.push('\n');
    if look.width >= TABLE {
        _ = writeln!(
            out,
            "  {:<27} {:>9} {:>8} {:>8} {:>8} {:>8}",
            "stage", "passed", "min", "p50", "p95", "max"
        );
    }
    for one in all.stages() {
        let of_gateway = one.hop == rdp_probe_core::Hop::Gateway && !one.stage.is_gateways();
        let stage = if of_gateway { format!("{} ({})", one.stage, one.hop) } else { one.stage.to_string() };
        row(&mut out, &stage, &format!("{}/{}", one.passed, one.tried), one.times.spread(), look);
    }
    row(&mut out, "all", &format!("{reached}/{rounds}"), all.total().spread(), look);
    if let Some(spread) = all.total().spread().filter(|_| reached >= HUNDRED) {
        wrapped(
            &mut out,
            "  ",
            &format!("Of a hundred, one took longer than {}.", time(spread.p99_us)),
            look.width,
        );
    }
    _ = writeln!(out, "\n{}", title("Verdicts", look));
    let mut rules: Vec<(&str, u64)> = all.rules().iter().map(|(rule, count)| (*rule, *count)).collect();
    rules.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
    for (rule, count) in rules {
        let rule = if rule == "none" { "reached" } else { rule };
        wrapped(&mut out, "  ", &format!("{count} x {rule}"), look.width);
    }
    if all.unexpected() > 0 {
        let rounds = if all.unexpected() == 1 { "one round" } else { &format!("{} rounds", all.unexpected()) };
        wrapped(&mut out, "  ", &format!("Not as it was expected in {rounds}."), look.width);
    }
    let changes = match all.changes() {
        0 => "The verdict never changed.".to_owned(),
        1 => "The verdict changed once.".to_owned(),
        changes => format!("The verdict changed {changes} times."),
    };
    wrapped(&mut out, "  ", &changes, look.width);
    let line = sparkline(all.history());
    if line.chars().count() > 1 {
        _ = writeln!(out, "\n{}", title("The last rounds, by how long they took; x is not well", look));
        let room = look.width.saturating_sub(2);
        let skip = line.chars().count().saturating_sub(room);
        _ = writeln!(out, "  {}", line.chars().skip(skip).collect::<String>());
    }
    out.push('\n');
    wrapped(&mut out, "", &exit_code_in_words(all.exit_code()), look.width);
    out
}

fn row(out: &mut String, name: &str, passed: &str, spread: Option<Percentiles>, look: &Look) {
    let Some(spread) = spread else {
        return wrapped(out, "  ", &format!("{name:<27} {passed:>9}"), look.width.max(40));
    };
    let Percentiles { min_us, p50_us, p95_us, max_us, .. } = spread;
    let [min, p50, p95, max] = [min_us, p50_us, p95_us, max_us].map(time);
    if look.width >= TABLE {
        _ = writeln!(out, "  {name:<27} {passed:>9} {min:>8} {p50:>8} {p95:>8} {max:>8}");
    } else {
        wrapped(out, "  ", &format!("{name} {passed}"), look.width);
        wrapped(out, "    ", &format!("min {min}, p50 {p50}, p95 {p95}, max {max}"), look.width);
    }
}

/// A time in a column of eight.
fn time(micros: u32) -> String {
    let (whole, tenth, unit) = match micros {
        0..1_000_000 => (micros / 1_000, micros / 100 % 10, "ms"),
        _ => (micros / 1_000_000, micros / 100_000 % 10, "s"),
    };
    format!("{whole}.{tenth} {unit}")
}

const BARS: [char; 8] =
    ['\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}', '\u{2588}'];

/// A bar a round, as high as it took long; `x` where it failed.
fn sparkline(rounds: impl Iterator<Item = Round>) -> String {
    let rounds: Vec<Round> = rounds.collect();
    let reached = || rounds.iter().filter(|round| round.well).map(|round| round.took.as_micros());
    let (least, most) = (reached().min().unwrap_or_default(), reached().max().unwrap_or_default());
    let bar = |round: &Round| {
        let above = round.took.as_micros().saturating_sub(least).saturating_mul(7);
        let step = above.checked_div(most.saturating_sub(least)).unwrap_or_default();
        usize::try_from(step).ok().and_then(|step| BARS.get(step).copied()).unwrap_or('\u{2588}')
    };
    rounds.iter().map(|round| if round.well { bar(round) } else { 'x' }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::render::samples::scenarios;

    #[test]
    fn a_line_of_bars_shows_how_long_rounds_took_and_which_failed() {
        let round = |millis, well| Round { took: Duration::from_millis(millis), well };
        let rounds = [round(1, true), round(8, true), round(5_000, false), round(4, true)];
        assert_eq!(sparkline(rounds.into_iter()), "\u{2581}\u{2588}x\u{2584}");
        assert_eq!(sparkline([round(3, true), round(3, true)].into_iter()), "\u{2581}\u{2581}");
        assert_eq!(sparkline([round(3, false)].into_iter()), "x");
    }

    #[test]
    fn any_rounds_fit_any_terminal() {
        let mut one = Statistics::new("srv1.lab.test".parse().unwrap());
        for (_, report) in scenarios() {
            one.add(&report);
            for width in [40, 60, 80] {
                let text = statistics(&one, &Look { width, ..Look::PLAIN });
                let long = text.lines().find(|line| line.chars().count() > width);
                assert_eq!(long, None, "{width}");
            }
        }
        assert!(one.changes() > 10 && one.stages().len() > 15);
        assert!(one.stages().is_sorted_by_key(|one| one.stage.rank()));
    }
}

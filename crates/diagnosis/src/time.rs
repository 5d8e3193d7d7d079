//! Times for people.

/// A day and a time of day, in UTC.
pub(crate) fn date(unix: i64) -> String {
    utc(unix).map_or_else(|| format!("{unix} s since 1970"), |text| text.replace('T', " ").replace('Z', " UTC"))
}

/// A time in UTC, as RFC 3339 has it; `None` for years that it does not have.
#[must_use]
pub fn utc(unix: i64) -> Option<String> {
    let (days, seconds) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // Days since 0000-03-01, so that the leap day is the last of its year (proleptic Gregorian calendar).
    let days = days.checked_add(719_468)?;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = day_of_era.checked_sub(day_of_era / 1460)?.checked_add(day_of_era / 36_524)?;
    let year_of_era = leaps.checked_sub(day_of_era / 146_096)? / 365;
    let year_days =
        year_of_era.checked_mul(365)?.checked_add(year_of_era / 4)?.checked_sub(year_of_era / 100)?;
    let day_of_year = day_of_era.checked_sub(year_days)?;
    let month_from_march = day_of_year.checked_mul(5)?.checked_add(2)? / 153;
    let before = month_from_march.checked_mul(153)?.checked_add(2)? / 5;
    let day = day_of_year.checked_sub(before)?.checked_add(1)?;
    let month = if month_from_march < 10 {
        month_from_march.checked_add(3)?
    } else {
        month_from_march.checked_sub(9)?
    };
    let year = era.checked_mul(400)?.checked_add(year_of_era)?.checked_add(i64::from(month <= 2))?;
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    (0..=9999).contains(&year).then_some(text)
}

/// A length of time for people, to the nearest whole of its unit.
pub(crate) fn span(millis: u64) -> String {
    let nearest = |unit: u64| millis.saturating_add(unit / 2).checked_div(unit).unwrap_or_default();
    match nearest(1000) {
        0..120 => format!("{} s", nearest(1000)),
        120..7200 => format!("{} minutes", nearest(60_000)),
        7200..172_800 => format!("{} hours", nearest(3_600_000)),
        _ => format!("{} days", nearest(86_400_000)),
    }
}

/// How far a clock is ahead of another one or behind it, by its two largest units: `10 min 12 s behind`, with `ahead of` and `behind` for the
/// sentence that goes on with the other clock.
#[must_use]
pub fn skew_words(millis: i64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let seconds = millis.unsigned_abs().saturating_add(500) / 1000;
    let first = UNITS.iter().position(|(unit, _)| seconds >= *unit);
    let shown = UNITS.iter().skip(first.unwrap_or_default()).take(2);
    let (mut rest, mut words) = (seconds, Vec::new());
    for (unit, name) in shown {
        let count = rest.checked_div(*unit).unwrap_or_default();
        rest = rest.checked_rem(*unit).unwrap_or_default();
        if count > 0 {
            words.push(format!("{count} {name}"));
        }
    }
    let long = if words.is_empty() { "less than a second".to_owned() } else { words.join(" ") };
    format!("{long} {}", if millis > 0 { "ahead of" } else { "behind" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970() {
        assert_eq!(utc(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(utc(951_827_696).as_deref(), Some("2000-02-29T12:34:56Z"));
        assert_eq!(utc(4_102_444_799).as_deref(), Some("2099-12-31T23:59:59Z"));
        assert_eq!(utc(-1).as_deref(), Some("1969-12-31T23:59:59Z"));
        assert_eq!(utc(i64::MAX), None);
    }

    #[test]
    fn spans_are_told_to_the_nearest_whole_of_their_unit() {
        let cases = [
            (0, "0 s"),
            (1499, "1 s"),
            (119_499, "119 s"),
            (419_994, "7 minutes"),
            (420_000, "7 minutes"),
            (450_000, "8 minutes"),
            (7_199_499, "120 minutes"),
            (9_000_000, "3 hours"),
            (400_000_000, "5 days"),
        ];
        for (millis, text) in cases {
            assert_eq!(span(millis), text, "{millis}");
        }
    }

    #[test]
    fn clocks_differ_by_two_units() {
        let cases = [
            (612_000, "10 min 12 s ahead of"),
            (-612_400, "10 min 12 s behind"),
            (-300_000, "5 min behind"),
            (59_600, "1 min ahead of"),
            (499, "less than a second ahead of"),
            (0, "less than a second behind"),
            (3_600_000 + 59_000, "1 h ahead of"),
            (-93_784_000, "1 d 2 h behind"),
            (i64::MIN, "106751991167 d 7 h behind"),
        ];
        for (millis, words) in cases {
            assert_eq!(skew_words(millis), words, "{millis}");
        }
    }
}

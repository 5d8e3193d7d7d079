//! The list of bars.
use std::process::ExitCode;

/// The bars of one benchmark, and whether one was missed.
#[derive(Debug, Default)]
pub struct Bars {
    missed: bool,
}

impl Bars {
    /// Prints one bar and its ratio, which must not be above it.
    pub fn at_most(&mut self, name: &str, ratio: f64, bar: f64) {
        self.line(name, ratio, bar, "");
    }

    /// The same, with the worst of the values that the ratio stands for.
    pub fn at_most_with_worst(&mut self, name: &str, ratio: f64, bar: f64, worst: f64) {
        self.line(name, ratio, bar, &format!("  (worst {worst:.3})"));
    }

    #[expect(clippy::print_stdout, reason = "a benchmark's output")]
    fn line(&mut self, name: &str, ratio: f64, bar: f64, note: &str) {
        let met = ratio <= bar;
        self.missed |= !met;
        let verdict = if met { "pass" } else { "MISSED" };
        println!("{name:<60} {ratio:>7.3}  bar {bar:>5.3}  {verdict}{note}");
    }

    /// The exit code: not zero when a bar was missed.
    #[must_use]
    pub fn finish(self) -> ExitCode {
        if self.missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

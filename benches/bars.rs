//! The list of bars.
use std::error::Error;
use std::process::ExitCode;

use crate::gate::{Gate, Kind};
use crate::instructions;
use crate::measure::{compare, cpu_of};

/// The bars of one benchmark, and whether one was missed.
#[derive(Debug)]
pub struct Bars {
    gate: Gate,
    instructions: Instructions,
    missed: bool,
}

/// How often instructions are counted at the most.
const COUNTS: usize = 3;

/// What is known of the comparisons' instructions.
#[derive(Debug)]
enum Instructions {
    /// Nobody has asked.
    NotYet,
    /// They are being counted: here and now.
    Now,
    /// There is nothing to count them with.
    Never,
    /// The ratios of all comparisons, and how many were asked for.
    Counted(Vec<f64>, usize),
}

impl Bars {
    /// No bars yet; the environment says what they will be held to.
    ///
    /// # Errors
    /// When the environment says what means nothing.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let instructions = if instructions::are_counted() { Instructions::Now } else { Instructions::NotYet };
        Ok(Self { gate: Gate::chosen()?, instructions, missed: false })
    }

    /// Prints one bar and its ratio, which must not be above it.
    pub fn at_most(&mut self, kind: Kind, name: &str, ratio: f64, bar: f64) {
        self.line(kind, name, ratio, bar, "");
    }

    /// The same, with the worst of the values that the ratio stands for.
    pub fn at_most_with_worst(&mut self, kind: Kind, name: &str, ratio: f64, bar: f64, worst: f64) {
        self.line(kind, name, ratio, bar, &format!("  (worst {worst:.3})"));
    }

    /// Compares a batch of ours with a batch of its anchor's: by CPU time, and at the steady gate by instructions as well, where
    /// there is a bar for them.
    ///
    /// # Errors
    /// When instructions cannot be counted though there is valgrind.
    pub fn beside(
        &mut self,
        name: &str,
        bar: Beside,
        mut ours: impl FnMut(),
        mut anchor: impl FnMut(),
    ) -> Result<(), Box<dyn Error>> {
        if self.are_counting() {
            instructions::count(ours, anchor);
            return Ok(());
        }
        let ratio = compare(|| cpu_of(&mut ours), || cpu_of(&mut anchor));
        let bar_of_cpu = if bar.told && self.gate == Gate::Steady { f64::INFINITY } else { bar.cpu };
        self.at_most(Kind::Cpu, name, ratio, bar_of_cpu);
        if self.gate == Gate::Steady
            && let Some(ratio) = self.instructions(bar.instructions)?
        {
            self.at_most(Kind::Instructions, name, ratio, bar.instructions);
        }
        Ok(())
    }

    /// Whether this program runs under callgrind, and only its comparisons matter.
    #[must_use]
    pub const fn are_counting(&self) -> bool {
        matches!(self.instructions, Instructions::Now)
    }

    /// The next comparison's instructions by its anchor's. The first time it counts those of all.
    ///
    /// Where it is above its bar it is counted again, and the least counts: a client that shares the machine looks for what is not there yet,
    /// which it does as often as others let it. That adds instructions and takes none away.
    #[expect(clippy::print_stdout, reason = "a benchmark's output")]
    fn instructions(&mut self, bar: f64) -> Result<Option<f64>, Box<dyn Error>> {
        if matches!(self.instructions, Instructions::NotYet) {
            self.instructions = match instructions::ratios()? {
                Some(ratios) => Instructions::Counted(ratios, 0),
                None => {
                    println!(
                        "no valgrind here, so that no instructions are counted: CPU time counts, up to twice its bar"
                    );
                    Instructions::Never
                }
            };
        }
        let Instructions::Counted(ratios, asked) = &mut self.instructions else { return Ok(None) };
        // One that was not counted is missed.
        let mut least = ratios.get(*asked).copied().unwrap_or(f64::NAN);
        for _ in 1..COUNTS {
            if least <= bar {
                break;
            }
            let again = instructions::ratios()?.and_then(|again| again.get(*asked).copied());
            least = again.map_or(least, |again| least.min(again));
        }
        *asked = asked.saturating_add(1);
        Ok(Some(least))
    }

    #[expect(clippy::print_stdout, reason = "a benchmark's output")]
    fn line(&mut self, kind: Kind, name: &str, ratio: f64, bar: f64, note: &str) {
        let verdict = if ratio <= bar {
            "pass"
        } else if ratio <= bar * self.gate.times(kind) {
            "above, and let pass"
        } else {
            self.missed = true;
            "MISSED"
        };
        println!("{name:<60} {:<12} {ratio:>7.3}  bar {bar:>5.3}  {verdict}{note}", kind.name());
    }

    /// The exit code: not zero when a bar was missed.
    #[must_use]
    pub fn finish(self) -> ExitCode {
        if self.missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// The bars of a comparison with an anchor.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Beside {
    cpu: f64,
    instructions: f64,
    told: bool,
}

impl Beside {
    /// The same for CPU time and for instructions.
    #[must_use]
    pub const fn at_most(bar: f64) -> Self {
        Self { cpu: bar, instructions: bar, told: false }
    }

    /// The same, where most of the CPU time is the kernel's, for many small messages over loopback: at the steady gate it is only told.
    #[must_use]
    pub const fn told(cpu: f64, instructions: f64) -> Self {
        Self { cpu, instructions, told: true }
    }

    /// One for CPU time, the kernel's included, and one for instructions, which are the program's only.
    #[must_use]
    pub const fn each(cpu: f64, instructions: f64) -> Self {
        Self { cpu, instructions, told: false }
    }
}

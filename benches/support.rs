//! What the benchmarks share: the clock, the comparison with an anchor, and the list of bars.
//!
//! Only ratios are printed: times tell of the machine, ratios of the code.
pub mod nla;
mod responder;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub use responder::{CONFIRM, REFUSAL, REQUEST, Responder, runtime};

/// Pairs in a comparison. The median of them counts.
const PAIRS: usize = 7;
/// Batches of each side in a pair. The least of them counts: what else the machine does only ever adds.
const BATCHES: usize = 9;

/// The CPU time that the calling thread has taken, the kernel's work for it included.
#[must_use]
pub fn thread_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The CPU time of one call.
pub fn cpu_of(work: impl FnOnce()) -> Duration {
    let before = thread_cpu();
    work();
    thread_cpu().saturating_sub(before)
}

/// How much ours costs, by its anchor. Each call is one batch and gives its cost; the batches alternate.
pub fn compare(mut ours: impl FnMut() -> Duration, mut anchor: impl FnMut() -> Duration) -> f64 {
    // The first calls pay for what is not there yet: pages, caches, sockets.
    ours();
    anchor();
    let ratios = (0..PAIRS).map(|_| {
        let (mut least, mut least_anchor) = (Duration::MAX, Duration::MAX);
        for _ in 0..BATCHES {
            least = least.min(ours());
            least_anchor = least_anchor.min(anchor());
        }
        least.div_duration_f64(least_anchor)
    });
    median(ratios.collect())
}

/// The one in the middle. Not a number when there is none, which no bar lets pass.
#[must_use]
pub fn median(values: Vec<f64>) -> f64 {
    share(values, 2)
}

/// The value that one in `parts` is not below.
#[must_use]
pub fn share(mut values: Vec<f64>, parts: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let above = values.len().checked_div(parts).unwrap_or_default();
    values.iter().rev().nth(above).copied().unwrap_or(f64::NAN)
}

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

/// The release binary, built beside this benchmark.
///
/// # Errors
/// When it cannot be built.
pub fn binary() -> Result<PathBuf, Box<dyn Error>> {
    let here = std::env::current_exe()?;
    let release = here.parent().and_then(Path::parent).ok_or("where is this program?")?;
    let target = release.parent().ok_or("where is the target directory?")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--locked", "--package", "rdp-probe-cli", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !status.success() {
        return Err("the release binary cannot be built".into());
    }
    Ok(release.join(format!("rdp-probe{}", std::env::consts::EXE_SUFFIX)))
}

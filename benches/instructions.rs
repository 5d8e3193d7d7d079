//! Instructions, counted by valgrind's callgrind: they are as many whatever else the machine does.
//!
//! The program runs once more, under callgrind, and then only goes through its comparisons. Between two calls of [`mark`] stands
//! one side of one of them, and callgrind writes down at each call what it has counted since the one before.
use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What makes this program go through its comparisons for callgrind.
const COUNT: &str = "--count";
/// What callgrind knows [`mark`] by.
const MARK: &str = "rdp_probe_benches::instructions::mark";
/// Counts of a comparison: up to its first mark, ours, the anchor's.
const COUNTS: usize = 3;

/// Whether this program runs under callgrind.
pub(crate) fn are_counted() -> bool {
    std::env::args().any(|argument| argument == COUNT)
}

/// Goes through one comparison, for callgrind.
pub(crate) fn count(mut ours: impl FnMut(), mut anchor: impl FnMut()) {
    // The first calls pay for what is not there yet.
    ours();
    anchor();
    mark();
    ours();
    mark();
    anchor();
    mark();
}

/// It does something, or the compiler would leave it out.
#[inline(never)]
fn mark() {
    static MARKS: AtomicU32 = AtomicU32::new(0);
    MARKS.fetch_add(1, Ordering::Relaxed);
}

/// The ratios of this program's comparisons, in their order; `None` where there is no valgrind.
///
/// # Errors
/// When the program cannot be run under callgrind.
pub(crate) fn ratios() -> Result<Option<Vec<f64>>, Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("rdp-probe-callgrind-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let ratios = ratios_by(&directory);
    std::fs::remove_dir_all(&directory)?;
    ratios
}

fn ratios_by(directory: &Path) -> Result<Option<Vec<f64>>, Box<dyn Error>> {
    let output = Command::new("valgrind")
        // The peer may have a thread of its own, which is no cost of the client.
        .args(["--tool=callgrind", "--separate-threads=yes"])
        .args([format!("--dump-before={MARK}*"), format!("--callgrind-out-file={}/of", directory.display())])
        .arg(std::env::current_exe()?)
        .arg(COUNT)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    if !output.status.success() {
        return Err(format!("callgrind: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    // Of the main thread, which is the client's.
    let parts =
        (1..).map_while(|part: u32| std::fs::read_to_string(directory.join(format!("of.{part}-01"))).ok());
    let counts = parts.map(|text| total(&text)).collect::<Result<Vec<_>, _>>()?;
    if counts.is_empty() || counts.len() % COUNTS != 0 {
        return Err(format!("callgrind: {} counts", counts.len()).into());
    }
    let ratio = |counts: &[f64]| if let [_, ours, anchor] = counts { ours / anchor } else { f64::NAN };
    Ok(Some(counts.chunks(COUNTS).map(ratio).collect()))
}

/// What was counted up to one mark.
fn total(text: &str) -> Result<f64, Box<dyn Error>> {
    let value = |key| text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    if !value("desc: Trigger: ").contains(MARK) {
        return Err(format!("callgrind: written for {:?}", value("desc: Trigger: ")).into());
    }
    Ok(value("totals: ").parse()?)
}

//! Whether the CHALLENGE comes without a delay that is nobody's: a server without TCP_NODELAY waits for an acknowledgement that the
//! client's kernel puts off for 40 ms. Counted by the kernel, in a network namespace in which nothing else happens.
use std::error::Error;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use rdp_probe::{Host, Probe, SystemNetwork, Target};
use rdp_probe_benches::{Bars, Kind, nla, runtime};

/// Runs of each side.
const RUNS: u32 = 100;
/// What makes this program the one inside.
const INSIDE: &str = "--inside";
/// Begins the loopback device, and becomes the program that follows.
const ENTER: &str = "ip link set lo up && exec \"$@\"";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().any(|argument| argument == INSIDE) {
        inside()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--net", "sh", "-c", ENTER, "sh"]).arg(std::env::current_exe()?).arg(INSIDE);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(
            "this needs a network namespace, and programs unshare, ip and sh; one of them failed".into()
        );
    }
    let text = String::from_utf8(output.stdout)?;
    let counts = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [ours, theirs] = counts[..] else { return Err(format!("counts: {text:?}").into()) };
    // Where nothing is put off in any case, there is nothing to be seen.
    if theirs <= 50.0 {
        return Err(
            format!("{theirs} of {RUNS} acknowledgements are put off without care: it shows nothing").into()
        );
    }
    let mut bars = Bars::new()?;
    bars.at_most(Kind::Count, "acknowledgements put off, 100 runs: by 100 careless ones", ours / theirs, 0.0);
    Ok(bars.finish())
}

/// Counts for both sides, and prints it for who called.
#[expect(clippy::print_stdout, reason = "what the caller reads")]
fn inside() -> Result<(), Box<dyn Error>> {
    let address = nla::start()?;
    let client = runtime()?;
    let probe = Probe::builder(Target::new(Host::Ip(address.ip()), address.port())).build()?;
    // A stream that is handed over is nobody's socket to set anything on.
    let target = Target::new(Host::Ip(address.ip()), address.port());
    let careless = Probe::builder(target).network(Arc::new(SystemNetwork)).build()?;
    let mut counts = Vec::new();
    for probe in [probe, careless] {
        let before = put_off()?;
        for _ in 0..RUNS {
            let report = client.block_on(probe.run());
            assert!(report.is_reachable(), "{}", report.summary());
        }
        counts.push(put_off()?.saturating_sub(before));
    }
    for count in counts {
        println!("{count}");
    }
    Ok(())
}

/// How many acknowledgements this namespace has put off so far (DelayedACKs of /proc/net/netstat).
fn put_off() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/net/netstat")?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
    let (names, values) = lines.next().zip(lines.next()).ok_or("no TcpExt")?;
    let place = names.split(' ').position(|name| name == "DelayedACKs").ok_or("no DelayedACKs")?;
    Ok(values.split(' ').nth(place).ok_or("no value")?.parse()?)
}

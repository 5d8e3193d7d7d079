//! The whole process to a printed verdict on a host with Network Level Authentication, beside nmap's script that asks for the
//! same. The host is a process of its own.
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rdp_probe_benches::{Bars, Kind, binary, cpu_of_children, median, nla, runtime};

/// Pairs of runs.
const PAIRS: usize = 5;
/// Runs of ours in a pair, of which the least counts.
const OURS: usize = 5;
/// Runs of ours for one of nmap's where CPU time is measured.
const OFTEN: u16 = 40;
/// What makes this program the host.
const HOST: &str = "--host";

/// A process that ends with this.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().any(|argument| argument == HOST) {
        host()?;
    }
    let mut child = Host(Command::new(std::env::current_exe()?).arg(HOST).stdout(Stdio::piped()).spawn()?);
    let mut address = String::new();
    BufReader::new(child.0.stdout.take().ok_or("no output of the host")?).read_line(&mut address)?;
    let address = address.trim();
    let port = address.rsplit(':').next().ok_or("no port")?;

    let program = binary()?;
    let ours = ["--until", "credssp", "--no-enumerate", address];
    let nmap = ["-Pn", "-n", "-p", port, "--script", "+rdp-ntlm-info", "127.0.0.1"];
    let mut ratios = Vec::new();
    for _ in 0..PAIRS {
        let mut least = Duration::MAX;
        for _ in 0..OURS {
            least = least.min(run(Command::new(&program).args(ours), "CredSSP")?);
        }
        // nmap must have learnt the same, or it is no comparison.
        let theirs = run(Command::new("nmap").args(nmap), "NetBIOS_Computer_Name")?;
        ratios.push(least.as_secs_f64() / theirs.as_secs_f64());
    }
    // The same work in CPU: a tick is a hundredth of a second, so that ours is done often.
    let (mut ticks, mut anchor) = (0.0, 0.0);
    for _ in 0..PAIRS {
        let before = cpu_of_children()?;
        for _ in 0..OFTEN {
            run(Command::new(&program).args(ours), "CredSSP")?;
        }
        let between = cpu_of_children()?;
        run(Command::new("nmap").args(nmap), "NetBIOS_Computer_Name")?;
        ticks += (between - before) / f64::from(OFTEN);
        anchor += cpu_of_children()? - between;
    }
    // As typed: how long the verdict lets itself be waited for, beside a run that asks nothing further.
    let mut typed = Vec::new();
    for _ in 0..PAIRS {
        let (mut least, mut alone) = (Duration::MAX, Duration::MAX);
        for _ in 0..OURS {
            alone = alone.min(verdict(Command::new(&program).args(["--no-enumerate", address]))?);
            least = least.min(verdict(Command::new(&program).arg(address))?);
        }
        typed.push(least.as_secs_f64() / alone.as_secs_f64());
    }
    let mut bars = Bars::new()?;
    bars.at_most(Kind::Wall, "as typed, to the printed verdict: by --no-enumerate", median(typed), 1.2);
    bars.at_most(Kind::Wall, "process to the challenge: by nmap rdp-ntlm-info", median(ratios), 0.05);
    bars.at_most(Kind::Cpu, "process to the challenge: by nmap rdp-ntlm-info", ticks / anchor, 0.25);
    Ok(bars.finish())
}

/// The wall time of a run that prints `expected`.
fn run(command: &mut Command, expected: &str) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let took = began.elapsed();
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !text.contains(expected) {
        return Err(format!("{command:?} failed: {text}{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(took)
}

/// The wall time until a run has printed its verdict.
fn verdict(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    // The host serves one after the other, and has the end of the run before to see.
    std::thread::sleep(Duration::from_millis(50));
    let began = Instant::now();
    let mut child = Host(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let lines = BufReader::new(child.0.stdout.take().ok_or("no output")?).lines();
    let mut lines = lines.map_while(Result::ok);
    let verdict = lines.find(|line| line == "OK").map(|_| began.elapsed());
    // What follows is read, so that it can be written.
    lines.for_each(drop);
    verdict.filter(|_| child.0.wait().is_ok_and(|status| status.success())).ok_or_else(|| "no verdict".into())
}

/// The host: says where it listens, and serves until it is killed.
fn host() -> Result<(), Box<dyn Error>> {
    runtime()?.block_on(async {
        let (address, listener) = nla::listen()?;
        say(&address.to_string());
        nla::serve(listener).await
    })
}

#[expect(clippy::print_stdout, reason = "the parent process reads it")]
fn say(line: &str) {
    println!("{line}");
}

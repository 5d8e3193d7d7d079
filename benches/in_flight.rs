//! What a probe holds while it waits, beside a bare task that waits for the same: resident memory of a process that has thousands of
//! them. Each side is a process of its own.
#![expect(clippy::arithmetic_side_effects, reason = "a bench counts what is its own")]
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdp_probe::{Host, Prober, Stage, Target};
use rdp_probe_benches::{Bars, CONFIRM, Holds, Kind, REQUEST, Waited, client_config, runtime};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::unix::pipe;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Beside this many, the process itself is told apart from its tasks.
const FEW: usize = 200;
/// Processes for each number of tasks.
const TURNS: usize = 3;
/// Tasks that begin at a time, and the next when all of them wait: what a handshake needs is not what waiting needs, and a busy
/// machine must not let more of them be at it at once.
const AT_ONCE: usize = 32;
/// What makes this program wait.
const WAIT: &str = "--wait";
/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A wait: its name, the number of tasks, and the bar.
const WAITS: [(&str, Holds, usize, f64); 3] = [
    ("waiting for the Confirm: by a bare task", Holds::Confirm, 4000, 2.5),
    ("waiting for the rest of 64 KiB: by a bare task", Holds::LongConfirm, 4000, 2.5),
    ("waiting inside TLS: by a bare task", Holds::Inside, 1000, 1.5),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files)?;
    let arguments: Vec<String> = std::env::args().collect();
    if let Some([_, side, depth, address, count]) =
        arguments.iter().position(|argument| argument == WAIT).and_then(|at| arguments.get(at..at + 5))
    {
        wait(side == "ours", depth == "inside", address.parse()?, count.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut bars = Bars::new()?;
    for (name, holds, many, bar) in WAITS {
        let (ours, theirs) = (each("ours", holds, many)?, each("theirs", holds, many)?);
        bars.at_most(Kind::Memory, name, ours / theirs, bar);
    }
    Ok(bars.finish())
}

/// How much memory one task more has, in KiB.
fn each(side: &str, holds: Holds, many: usize) -> Result<f64, Box<dyn Error>> {
    // The least of several: what else the machine does only ever adds.
    let least = |count| {
        let counts: Result<Vec<f64>, _> = (0..TURNS).map(|_| resident(side, holds, count)).collect();
        counts.map(|counts| counts.into_iter().fold(f64::INFINITY, f64::min))
    };
    let (few, all) = (least(FEW)?, least(many)?);
    Ok((all - few) / f64::from(u32::try_from(many - FEW)?))
}

/// The memory of a process in which so many tasks wait, in KiB: what it does not share with a file. From `smaps_rollup`, which
/// counts pages; what `status` says lags behind by up to some dozens for each CPU.
fn resident(side: &str, holds: Holds, count: usize) -> Result<f64, Box<dyn Error>> {
    let waited = Waited::start(holds)?;
    let depth = if holds == Holds::Inside { "inside" } else { "before" };
    let (address, number) = (waited.address().to_string(), count.to_string());
    let mut child = Command::new(std::env::current_exe()?);
    let mut child = Ending(child.args([WAIT, side, depth, &address, &number]).stdin(Stdio::piped()).spawn()?);
    let mut next = child.0.stdin.take().ok_or("no standard input")?;
    let began = Instant::now();
    let mut begun = 0;
    while waited.waiting() < count {
        if waited.waiting() == begun {
            begun = count.min(begun + AT_ONCE);
            next.write_all(b"n")?;
        }
        if began.elapsed() > PATIENCE || child.0.try_wait()?.is_some() {
            return Err(format!("{side}: {} of {count} wait", waited.waiting()).into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // The last of them have sent, and do not wait yet.
    std::thread::sleep(Duration::from_millis(200));
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", child.0.id()))?;
    let anonymous = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")).ok_or("no Anonymous")?;
    Ok(anonymous.trim().trim_end_matches("kB").trim().parse()?)
}

/// A process that ends with this.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Waits in so many tasks, until somebody ends the process.
fn wait(ours: bool, inside: bool, address: SocketAddr, count: usize) -> Result<(), Box<dyn Error>> {
    let depth = if inside { Stage::Credssp } else { Stage::ConnectionInitiation };
    let prober = Prober::new().timeout(PATIENCE).stage_timeout(depth, PATIENCE);
    let connector = TlsConnector::from(Arc::new(client_config()?));
    runtime()?.block_on(async {
        // Without a thread for it.
        let mut next = pipe::Receiver::from_owned_fd(std::io::stdin().as_fd().try_clone_to_owned()?)?;
        let mut tasks = JoinSet::new();
        for begun in 0..count {
            if begun % AT_ONCE == 0 {
                next.read_exact(&mut [0]).await?;
            }
            if ours {
                let target = Target::new(Host::Ip(address.ip()), address.port());
                let probe = prober.probe(target).until(depth).enumerate(false).second_look(false).build()?;
                tasks.spawn(async move { drop(probe.run().await) });
            } else if inside {
                let connector = connector.clone();
                tasks.spawn(async move { drop(timeout(PATIENCE, bare_inside(address, &connector)).await) });
            } else {
                tasks.spawn(async move { drop(timeout(PATIENCE, bare(address)).await) });
            }
        }
        while tasks.join_next().await.is_some() {}
        Ok(())
    })
}

/// What a client has to do at the least to wait there, until its limit.
async fn bare(address: SocketAddr) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&REQUEST).await?;
    stream.read_exact(&mut [0; CONFIRM.len()]).await?;
    Ok(stream)
}

/// The same inside TLS.
async fn bare_inside(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<()> {
    let stream = bare(address).await?;
    let mut inside = connector.connect(ServerName::from(address.ip()), stream).await?;
    inside.write_all(&REQUEST).await?;
    inside.read_exact(&mut [0; CONFIRM.len()]).await.map(drop)
}

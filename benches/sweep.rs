//! What a sweep costs: the program over a list, as far as the Connection Confirm, beside a bare loop over the same that does what any
//! client would: it reads the list, has a deadline for each target, and writes a line of each. Both are processes of their own; what they
//! connect to is another.
#![expect(clippy::arithmetic_side_effects, reason = "a bench counts what is its own")]
use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::net::SocketAddr;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdp_probe_benches::{Bars, CONFIRM, Kind, REQUEST, Responder, binary, cpu_of_children, median, runtime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Addresses to connect to in turn: a port rests for a minute after its connection, and each address has ports of its own.
const ADDRESSES: u8 = 16;
/// Targets of a sweep, and how many at a time.
const TARGETS: usize = 3200;
const AT_ONCE: usize = 256;
/// Sweeps of each side, by turns: as many as it takes for what else the machine does to even out.
const TURNS: usize = 32;
/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// What makes this program the bare loop.
const BARE: &str = "--bare";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == BARE) {
        sweep(arguments.get(at + 1).ok_or("no list")?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let responder = Responder::start(ADDRESSES, |_| CONFIRM)?;
    let addresses: Vec<String> = responder.addresses().iter().map(ToString::to_string).collect();
    let mut list = Vec::new();
    for target in addresses.iter().cycle().take(TARGETS) {
        writeln!(list, "{target}")?;
    }
    let file = std::env::temp_dir().join(format!("rdp-probe-sweep-{}", std::process::id()));
    std::fs::write(&file, &list)?;
    let (mut ours, mut bare) = (Command::new(binary()?), Command::new(std::env::current_exe()?));
    let at_once = format!("--concurrency={AT_ONCE}");
    ours.arg(format!("@{}", file.display())).args([
        "--until",
        "connection_initiation",
        "-o",
        "line",
        "--duplicates",
        &at_once,
    ]);
    bare.arg(BARE).arg(&file);
    let (mut ticks, mut least) = (0.0, 0.0);
    let mut times = Vec::new();
    for _ in 0..TURNS {
        let (cpu, anchor) = cost_of(&mut bare)?;
        least += cpu;
        let (cpu, time) = cost_of(&mut ours)?;
        ticks += cpu;
        times.push(time.as_secs_f64() / anchor.as_secs_f64());
    }
    std::fs::remove_file(&file)?;
    let mut bars = Bars::new()?;
    bars.at_most(Kind::Cpu, "X.224 sweep, line: by a bare loop", ticks / least, 1.3);
    // The rate is the other way round: 0.7 of the bare loop's.
    bars.at_most(Kind::Wall, "X.224 sweep, line: by a bare loop", median(times), 1.0 / 0.7);
    Ok(bars.finish())
}

/// The CPU time of a process that ends well, in ticks, and how long it took.
fn cost_of(command: &mut Command) -> Result<(f64, Duration), Box<dyn Error>> {
    let (before, began) = (cpu_of_children()?, Instant::now());
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok((cpu_of_children()? - before, began.elapsed()))
}

/// The bare loop.
fn sweep(list: &str) -> Result<(), Box<dyn Error>> {
    runtime()?.block_on(async {
        let (places, mut tasks) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        let mut out = BufWriter::new(std::io::stdout().lock());
        for line in BufReader::new(File::open(list)?).lines() {
            let address: SocketAddr = line?.parse()?;
            let place = Arc::clone(&places).acquire_owned().await?;
            tasks.spawn(async move {
                let answered = timeout(PATIENCE, bare(address)).await;
                drop(place);
                answered?.map(|()| address)
            });
            while let Some(answered) = tasks.try_join_next() {
                writeln!(out, "{} answers", answered??)?;
            }
        }
        while let Some(answered) = tasks.join_next().await {
            writeln!(out, "{} answers", answered??)?;
        }
        Ok(out.flush()?)
    })
}

async fn bare(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&REQUEST).await?;
    stream.read_exact(&mut [0; CONFIRM.len()]).await.map(drop)
}

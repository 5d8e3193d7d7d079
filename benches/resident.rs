//! What a run holds, however many targets it has: they are read when there is a place for them, and their reports leave.
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use rdp_probe_benches::{Bars, Kind, Used, binary, runtime};
use rdp_probe_testkit::port;
use tokio::net::TcpSocket;

/// Nothing listens there; each target has an address of its own.
const CLOSED: &str = "127.{}:9";
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";
const TURNS: usize = 8;
const MIB: f64 = 1024.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut bars = Bars::new()?;
    let few = run(CLOSED, 10_000, &[])?.memory;
    let many = run(CLOSED, 100_000, &[])?.memory;
    bars.at_most(Kind::Memory, "100,000 closed targets: by 10,000", many / few, 1.1);
    let resolved = run("192.{}", 1_000_000, &["--until", "resolve"])?.memory;
    bars.at_most(Kind::Memory, "1,000,000 addresses: by 64 MiB", resolved / (64.0 * MIB), 1.0);
    let (address, _listener) = silent()?;
    let hanging = run(&address, 10_000, &["--duplicates", "--concurrency", "4096", "--timeout", "3s"])?.memory;
    bars.at_most(
        Kind::Memory,
        "10,000 hanging targets, 4,096 at a time: by 100 MiB",
        hanging / (100.0 * MIB),
        1.0,
    );
    // By turns, and several times: a tick is a hundredth of a second.
    let (mut with_roots, mut without) = (Used::default(), Used::default());
    for _ in 0..TURNS {
        without = without.and(run(CLOSED, 5_000, &[])?);
        with_roots = with_roots.and(run(CLOSED, 5_000, &["--ca", ROOTS])?);
    }
    // The roots themselves have a megabyte, however many targets there are.
    let ratio = with_roots.memory / (without.memory + MIB);
    bars.at_most(Kind::Memory, "--ca, 5,000 targets: by without and 1 MiB", ratio, 1.1);
    bars.at_most(Kind::Cpu, "--ca, 5,000 targets: by without", with_roots.cpu / without.cpu, 1.1);
    Ok(bars.finish())
}

/// Runs the program with so many targets of one kind.
fn run(target: &str, targets: usize, arguments: &[&str]) -> Result<Used, Box<dyn Error>> {
    let mut child = Command::new(binary()?)
        .args(["-", "-o", "line"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    let target = target.to_owned();
    // Standard input stays open, so that the program is still there when it has reported all.
    let writer = thread::spawn(move || {
        for index in 0..targets {
            let own = format!("{}.{}.{}", index >> 16 & 255, index >> 8 & 255, index & 255);
            writeln!(stdin, "{}", target.replace("{}", &own))?;
        }
        Ok::<_, std::io::Error>(stdin)
    });
    let reported = stdout.split(b'\n').take(targets).filter(Result::is_ok).count();
    let used = Used::by(child.id())?;
    drop(writer.join().map_err(|_| "the list was not written")??);
    child.wait()?;
    if reported == targets { Ok(used) } else { Err(format!("{reported} of {targets} were reported").into()) }
}

/// A server that takes connections and says nothing.
fn silent() -> Result<(String, TcpListener), Box<dyn Error>> {
    runtime()?.block_on(async {
        let (port, listener) = port::find(|port| {
            let socket = TcpSocket::new_v4()?;
            socket.bind(([127, 0, 0, 1], port).into())?;
            socket.listen(4096)?.into_std()
        })?;
        Ok((format!("127.0.0.1:{port}"), listener))
    })
}

//! Whether a probe tells the truth about time, and ends when it said it would.
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdp_probe::{
    Address, BoxFuture, Close, DialFault, DialFaultKind, FailureKind, Host, Io, Network, Probe, ProbeBuilder,
    Report, Stage, Target,
};
use rdp_probe_benches::{Bars, CONFIRM, Kind, REFUSAL, Responder, binary, median, runtime, share};
use rdp_probe_testkit::port;
use rdp_probe_testkit::target::FullBacklog;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

/// Runs over which times are added up.
const RUNS: usize = 400;
/// One run in so many may be held up by something else on the machine.
const HELD_UP: usize = 20;
/// Batches of runs into each deadline. The median of their least counts: what else the machine does only ever adds.
const DEADLINES: usize = 5;
/// The limit of whole processes.
const LIMIT: Duration = Duration::from_millis(300);
/// How this program is called inside the namespaces.
const INSIDE: &str = "--inside";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, binary] = arguments.as_slice()
        && mode == INSIDE
    {
        return inside(Path::new(binary));
    }
    let mut bars = Bars::new()?;
    let runtime = runtime()?;
    sums(&mut bars, &runtime)?;
    deadlines(&mut bars, &runtime)?;
    processes(&mut bars)?;
    Ok(bars.finish())
}

/// Stages' times against the clock on the wall: within 5 % or 0.2 ms of the whole.
fn sums(bars: &mut Bars, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let accepting = Responder::start(4, |_| CONFIRM)?;
    // The mask is the 16th octet: refused with HYBRID_EX in it, accepted without.
    let choosy = Responder::start(4, |request| if request[15] & 8 == 0 { CONFIRM } else { REFUSAL })?;
    for (name, responder, connections) in [("one connection", accepting, 1), ("with fallback", choosy, 2)] {
        let mut shares = Vec::with_capacity(RUNS);
        for address in responder.addresses().iter().cycle().take(RUNS) {
            let probe = Probe::builder(target(*address)).until(Stage::ConnectionInitiation).build()?;
            let (report, wall) = run(runtime, &probe);
            assert!(report.is_reachable(), "{}", report.summary());
            assert!(report.evidence.main_path().len() == connections, "{name}: not so many connections");
            let sum = sum_of_tiles(&report);
            assert!(sum <= wall, "{name}: stages took longer than the run");
            let allowed = wall.div_f64(20.0).max(Duration::from_micros(200));
            shares.push(wall.saturating_sub(sum).div_duration_f64(allowed));
        }
        let worst = shares.iter().copied().fold(0.0, f64::max);
        let name = format!("timing, {name}: run - stages, by what is allowed");
        bars.at_most_with_worst(Kind::Wall, &name, share(shares, HELD_UP), 1.0, worst);
    }
    Ok(())
}

/// The sum of the main path's times, each of which begins where the one before it ended.
fn sum_of_tiles(report: &Report) -> Duration {
    let mut end = Duration::ZERO;
    for record in report.evidence.main_path().iter().flat_map(|attempt| &attempt.stages) {
        if let (Some(started), Some(duration)) = (record.started, record.duration) {
            assert!(started == end, "{} does not begin where the stage before it ended", record.stage);
            end = end.saturating_add(duration);
        }
    }
    end
}

/// Every deadline is kept within 2 % and 5 ms.
fn deadlines(bars: &mut Bars, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let (silent, _listener) = silent()?;
    for millis in [100, 300, 1000] {
        let limit = Duration::from_millis(millis);
        let stage = Stage::ConnectionInitiation;
        deadline(
            bars,
            runtime,
            "silent server",
            Probe::builder(target(silent)).until(Stage::ConnectionInitiation),
            (stage, limit, false),
        )?;
        deadline(
            bars,
            runtime,
            "silent server",
            Probe::builder(target(silent)).until(Stage::ConnectionInitiation),
            (stage, limit, true),
        )?;
    }
    let full = runtime.block_on(FullBacklog::start(Ipv4Addr::LOCALHOST.into()))?;
    let hanging: Arc<dyn Network> = Arc::new(Hanging);
    for overall in [false, true] {
        let probe = Probe::builder(target(full.address())).until(Stage::ConnectionInitiation);
        deadline(bars, runtime, "full backlog", probe, (Stage::TcpConnect, LIMIT, overall))?;
        let probe = Probe::builder("name.test".parse()?).network(Arc::clone(&hanging));
        deadline(bars, runtime, "hanging resolver", probe, (Stage::Resolve, LIMIT, overall))?;
    }
    Ok(())
}

fn deadline(
    bars: &mut Bars,
    runtime: &Runtime,
    peer: &str,
    probe: ProbeBuilder,
    (stage, limit, overall): (Stage, Duration, bool),
) -> Result<(), Box<dyn Error>> {
    let probe = if overall { probe.timeout(limit) } else { probe.stage_timeout(stage, limit) }.build()?;
    let mut ratios = Vec::with_capacity(DEADLINES);
    for _ in 0..DEADLINES {
        let mut least = Duration::MAX;
        for _ in 0..batch(limit) {
            let (report, wall) = run(runtime, &probe);
            let failure = report.evidence.failure();
            assert!(
                failure.is_some_and(|f| f.stage == stage && timed_out(&f.kind) == Some((limit, overall))),
                "{peer}: not this deadline: {failure:?}"
            );
            assert!(wall >= limit, "{peer}: gave up early");
            least = least.min(wall);
        }
        ratios.push(least.div_duration_f64(limit));
    }
    let what = if overall { "the run" } else { "the stage" };
    kept(bars, &format!("timing, {peer}, {} ms for {what}: by deadline", limit.as_millis()), ratios, limit);
    Ok(())
}

/// How many runs into a deadline make a batch: the shorter it is, the less the machine may add.
fn batch(limit: Duration) -> u128 {
    let runs = Duration::from_millis(600).as_micros().checked_div(limit.as_micros());
    runs.unwrap_or(1).clamp(1, 3)
}

/// Prints the bar of a deadline.
fn kept(bars: &mut Bars, name: &str, ratios: Vec<f64>, limit: Duration) {
    let bar = 1.02 + Duration::from_millis(5).div_duration_f64(limit);
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    bars.at_most_with_worst(Kind::Wall, name, median(ratios), bar, worst);
}

fn timed_out(kind: &FailureKind) -> Option<(Duration, bool)> {
    if let FailureKind::Closed { how: Close::TimedOut { limit, overall }, .. }
    | FailureKind::Resolve(DialFault { kind: DialFaultKind::TimedOut { limit, overall }, .. })
    | FailureKind::Connect {
        fault: DialFault { kind: DialFaultKind::TimedOut { limit, overall }, .. },
        ..
    } = kind
    {
        Some((*limit, *overall))
    } else {
        None
    }
}

fn run(runtime: &Runtime, probe: &Probe) -> (Report, Duration) {
    runtime.block_on(async {
        let began = Instant::now();
        let report = probe.run().await;
        (report, began.elapsed())
    })
}

fn target(address: SocketAddr) -> Target {
    Target::new(Host::Ip(address.ip()), address.port())
}

/// A server that says nothing: the operating system takes its connections, and nobody takes them from there.
fn silent() -> io::Result<(SocketAddr, TcpListener)> {
    let (port, listener) = port::find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
    Ok((SocketAddr::from((Ipv4Addr::LOCALHOST, port)), listener))
}

/// A port that refuses, for as long as the socket is held.
fn closed() -> io::Result<(SocketAddr, TcpSocket)> {
    let (port, socket) = port::find(|port| {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        Ok(socket)
    })?;
    Ok((SocketAddr::from((Ipv4Addr::LOCALHOST, port)), socket))
}

/// A resolver that never answers.
#[derive(Debug)]
struct Hanging;

impl Network for Hanging {
    fn resolve<'a>(&'a self, _name: &'a str, _port: u16) -> BoxFuture<'a, Result<Vec<Address>, DialFault>> {
        Box::pin(std::future::pending())
    }

    fn dial(&self, _address: Address) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(std::future::pending())
    }
}

/// The process itself is gone by its deadline, beyond what it takes to start and to be told that a port is closed.
fn processes(bars: &mut Bars) -> Result<(), Box<dyn Error>> {
    let binary = binary()?;
    let (silent, _listener) = silent()?;
    let ratios = process_ratios(&binary, &silent.to_string(), exits::INITIATION)?;
    kept(bars, "timing, process, silent server: by deadline", ratios, LIMIT);
    let ratios = in_namespaces(&binary)?;
    kept(bars, "timing, process, hanging resolver: by deadline", ratios, LIMIT);
    Ok(())
}

/// Exit codes of docs/exit-codes.md.
mod exits {
    pub(crate) const RESOLVE: i32 = 10;
    pub(crate) const TCP: i32 = 11;
    pub(crate) const INITIATION: i32 = 30;
}

/// How long the process took to give up on `target`, less a cold start, by its limit.
fn process_ratios(binary: &Path, target: &str, exit: i32) -> Result<Vec<f64>, Box<dyn Error>> {
    let (closed, _held) = closed()?;
    let mut ratios = Vec::with_capacity(DEADLINES);
    for _ in 0..DEADLINES {
        let (mut cold, mut wall) = (Duration::MAX, Duration::MAX);
        for _ in 0..batch(LIMIT) {
            cold = cold.min(process(binary, &closed.to_string(), exits::TCP)?);
            wall = wall.min(process(binary, target, exit)?);
        }
        assert!(wall >= LIMIT, "{target}: gave up early");
        ratios.push(wall.saturating_sub(cold).div_duration_f64(LIMIT));
    }
    Ok(ratios)
}

fn process(binary: &Path, target: &str, exit: i32) -> Result<Duration, Box<dyn Error>> {
    let mut command = Command::new(binary);
    command.args([target, "--timeout", &format!("{}ms", LIMIT.as_millis())]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let wall = began.elapsed();
    if status.code() != Some(exit) {
        return Err(format!("rdp-probe {target} ended with {status}, not with exit code {exit}").into());
    }
    Ok(wall)
}

/// The operating system's resolver asks where this file says, for longer than any deadline here.
const RESOLV_CONF: &str = "nameserver 127.0.0.1\n";
/// And asks nobody else.
const NSSWITCH_CONF: &str = "hosts: dns\n";
/// Nothing of it is seen outside: the mounts and the interface are those of the namespaces.
const ENTER: &str = r#"
ip link set lo up || exit 1
mount --bind "$1" /etc/resolv.conf || exit 1
! test -e /etc/nsswitch.conf || mount --bind "$2" /etc/nsswitch.conf || exit 1
exec "$3" "$4" "$5"
"#;

/// The ratios of a process whose resolver hangs. It has to be glibc's own, since that is the one that cannot be cancelled;
/// so it gets a network and a file system in which the name server does not answer.
fn in_namespaces(binary: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (resolv, nsswitch) = (directory.join("resolv.conf"), directory.join("nsswitch.conf"));
    std::fs::write(&resolv, RESOLV_CONF)?;
    std::fs::write(&nsswitch, NSSWITCH_CONF)?;
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--net", "--mount", "sh", "-c", ENTER, "sh"]);
    command.args([resolv.as_path(), &nsswitch, &std::env::current_exe()?, Path::new(INSIDE), binary]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(
            "the hanging resolver needs a network and a mount namespace, and programs unshare, ip, mount \
            and sh; one of them failed, as said above"
                .into(),
        );
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// Inside the namespaces: takes the name server's place, and prints the ratios for who called.
#[expect(clippy::print_stdout, reason = "what the caller reads")]
fn inside(binary: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53))?;
    let ratios = process_ratios(binary, "name.test", exits::RESOLVE)?;
    server.set_nonblocking(true)?;
    if server.recv(&mut [0_u8; 512]).is_err() {
        return Err("the resolver did not ask the name server that hangs".into());
    }
    for ratio in ratios {
        println!("{ratio}");
    }
    Ok(ExitCode::SUCCESS)
}

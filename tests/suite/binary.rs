//! The command line program and the examples, built once and run with a limit.

use serde_json::Value;
use std::{
    cell::Cell,
    env,
    ffi::OsStr,
    fs::File,
    io::Read,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

/// The longest that one run may take: well above the program's own overall limit.
const LIMIT: Duration = Duration::from_secs(90);
/// The pause between two looks at a running program.
const POLL: Duration = Duration::from_millis(5);

/// What the program writes, all that there is.
pub(crate) const FORMATS: [&str; 8] = ["human", "line", "json", "ndjson", "csv", "junit", "github", "nagios"];

/// What the program did.
#[derive(Debug)]
pub(crate) struct Output {
    /// The exit code; none when a signal ended it.
    pub(crate) status: Option<i32>,
    /// Standard output as JSON, when it is that.
    pub(crate) json: Option<Value>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// The exit code as a shell has it, which is another one where a signal ended the program.
pub(crate) fn code(status: ExitStatus) -> Option<i32> {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal))
}

/// A program that heeds the signals which end programs, whoever runs the tests: `nohup` ignores one of them for all that it starts, and a
/// shell another one for what it runs in the background.
pub(crate) fn heeding_signals(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=HUP,INT").arg(program);
    command
}

/// Runs `rdp-probe` with these arguments, and nothing from the caller's environment that it might heed.
pub(crate) fn run(arguments: &[&str]) -> Output {
    run_program(binary(), &[], arguments, Stdio::null())
}

/// Runs it likewise, with these variables in its environment.
pub(crate) fn run_with(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    run_program(binary(), environment, arguments, Stdio::null())
}

/// Runs it likewise, with this file as its standard input.
pub(crate) fn run_on(file: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    run_program(binary(), environment, arguments, File::open(file).unwrap().into())
}

/// Runs it likewise, with as many open files as this and no more.
pub(crate) fn run_with_descriptors(most: u16, arguments: &[&str]) -> Output {
    let limit = format!("ulimit -n {most} && exec \"$0\" \"$@\"");
    let program = binary().to_str().unwrap();
    run_program(Path::new("/bin/sh"), &[], &[&["-c", &limit, program], arguments].concat(), Stdio::null())
}

/// Runs what `run` runs, with so much address space for the program.
pub(crate) fn within_memory<T>(octets: u64, run: impl FnOnce() -> T) -> T {
    MEMORY.set(Some(octets));
    let ran = run();
    MEMORY.set(None);
    ran
}

thread_local! {
    /// How much address space programs have that this thread runs.
    static MEMORY: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Runs an example of examples/, likewise.
pub(crate) fn run_example(name: &str, arguments: &[&str]) -> Output {
    static EXAMPLES: LazyLock<PathBuf> =
        LazyLock::new(|| build(&["--package", "rdp-probe-examples", "--examples"]).join("examples"));
    run_program(&EXAMPLES.join(name), &[], arguments, Stdio::null())
}

fn run_program(program: &Path, environment: &[(&str, &str)], arguments: &[&str], stdin: Stdio) -> Output {
    let mut command = match MEMORY.get() {
        Some(octets) => {
            let mut command = Command::new("/usr/bin/prlimit");
            command.arg(format!("--as={octets}")).arg(program);
            command
        }
        None => Command::new(program),
    };
    let mut child = command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let stdout = read(child.stdout.take().unwrap());
    let stderr = read(child.stderr.take().unwrap());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        thread::sleep(POLL);
    };
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    let Some(status) = status else {
        panic!("{} {arguments:?} still ran after {LIMIT:?}\n{stdout}\n{stderr}", program.display());
    };
    Output { status: status.code(), json: serde_json::from_str(&stdout).ok(), stdout, stderr }
}

/// The program's path. Built on first use, in the folder and the profile of the tests themselves.
pub(crate) fn binary() -> &'static Path {
    static BINARY: LazyLock<PathBuf> =
        LazyLock::new(|| build(&["--package", "rdp-probe-cli"]).join("rdp-probe"));
    &BINARY
}

/// Builds what these arguments select, and says which folder it is in.
fn build(what: &[&str]) -> PathBuf {
    // This test is <target directory>/<profile>/deps/suite-<hash>.
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let name = match profile.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        name => name,
    };
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    // Build scripts that look at these would run again, and what stands on them would be built again: here, and the next time
    // without them.
    let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
        command.env_remove(name);
    }
    let output = command
        .args(["build", "--locked", "--profile", name, "--target-dir"])
        .arg(profile.parent().unwrap())
        .args(what)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{what:?} does not build\n{}", String::from_utf8_lossy(&output.stderr));
    profile.to_owned()
}

/// Reads a stream to its end beside the wait, so that a full pipe cannot stop the program.
fn read(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut octets = Vec::new();
        stream.read_to_end(&mut octets).unwrap();
        String::from_utf8_lossy(&octets).into_owned()
    })
}

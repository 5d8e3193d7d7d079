//! One process of a real server: its own process group, its output in a file, ended on drop.

use super::scratch::Scratch;
use std::{
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// How long a server may take until it is ready: far above what a loaded machine needs.
const READY: Duration = Duration::from_secs(30);
/// How long a server may take to end when it is asked to.
const FAREWELL: Duration = Duration::from_secs(5);
/// The pause between two looks.
const POLL: Duration = Duration::from_millis(10);

/// A process that was started and has not been waited for.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// The process ended while it was waited for.
#[derive(Debug)]
pub(super) struct Ended(pub(super) ExitStatus);

impl Process {
    /// Starts a process whose output goes to two files of the folder.
    ///
    /// The kernel ends it when the thread that starts it ends ([`command`]), so that nothing is left behind when
    /// the test process itself is killed.
    pub(super) fn spawn(name: &'static str, mut command: Command, scratch: &Scratch) -> Self {
        let (stdout, stderr) = (scratch.path(&format!("{name}.out")), scratch.path(&format!("{name}.err")));
        command.process_group(0).current_dir(scratch).stdin(Stdio::null());
        command.stdout(create(&stdout)).stderr(create(&stderr));
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("{name}: {error} (tests/run installs what is missing): {command:?}")
        });
        Self { name, child, stdout, stderr }
    }

    /// What it is called in messages.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// What it printed so far.
    pub(super) fn log(&self) -> String {
        read(&self.stdout) + &read(&self.stderr)
    }

    /// Waits until it accepts connections.
    pub(super) fn listen(&mut self, address: SocketAddr) -> Result<(), Ended> {
        self.until("listen", |_| TcpStream::connect_timeout(&address, POLL).ok().map(drop))
    }

    /// Waits until its standard output holds a whole first line, and returns that.
    pub(super) fn first_line(&mut self) -> Result<String, Ended> {
        self.until("print a line", |process| Some(read(&process.stdout).split_once('\n')?.0.to_owned()))
    }

    /// Waits until it has ended.
    pub(super) fn ends(&mut self) -> ExitStatus {
        match self.until("end", |_| None::<()>) {
            Err(Ended(status)) => status,
            Ok(()) => panic!("{} goes on", self.name),
        }
    }

    /// Sends a signal to the whole group: xrdp makes a process for each connection. The group's id is ours as long
    /// as nobody waited for its first process, so that no stranger can be hit.
    fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} -- -{}", self.child.id());
        drop(Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status());
    }

    /// Looks again and again until `look` finds something, the process ends or the limit is over.
    fn until<T>(&mut self, what: &str, look: impl Fn(&Self) -> Option<T>) -> Result<T, Ended> {
        let start = Instant::now();
        loop {
            let found = look(self);
            // Asked after the look: were it another program that answered, ours would have ended over its port.
            if let Some(status) = self.child.try_wait().unwrap_or_else(|error| panic!("{}: {error}", self.name))
            {
                return Err(Ended(status));
            }
            if let Some(found) = found {
                return Ok(found);
            }
            assert!(start.elapsed() < READY, "{} did not {what} within {READY:?}\n{}", self.name, self.log());
            std::thread::sleep(POLL);
        }
    }
}

impl Process {
    /// Ends it.
    pub(super) fn end(&mut self) {
        // First a request, since an X server has files to remove; then the end.
        self.signal("TERM");
        let start = Instant::now();
        while start.elapsed() < FAREWELL {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(POLL);
        }
        self.signal("KILL");
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whoever was waited for has no group any more that is ours.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// A command for a program that the kernel ends as soon as the thread that starts it ends.
pub(super) fn command(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--", program]);
    command
}

/// Who runs the tests, for a server that wants to be told.
pub(super) fn run_as() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn create(path: &Path) -> File {
    File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    fs::read(path)
        .map_or_else(|error| error.to_string(), |octets| String::from_utf8_lossy(&octets).into_owned())
}

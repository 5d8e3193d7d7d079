//! FreeRDP's shadow server: Standard RDP Security, TLS, and NLA with NTLM; and its client. Debian 12 has 2.11.7.
//!
//! It shows an X display, so that one without a screen (Xvfb) runs beside it.

use std::net::SocketAddr;

use super::{
    Peer,
    port::Claim,
    process::{self, Ended, Process},
    scratch::Scratch,
};

/// One account, `user` with the password `password`: the name and the hash that NTLM works with.
const SAM: &str = "user:::8846f7eaee8fb117ad06bdd830b7586c:::\n";

/// `/sec:`
#[derive(Clone, Copy, Debug)]
pub(crate) enum Security {
    /// Standard RDP Security only.
    Rdp,
    /// TLS only.
    Tls,
    /// NLA only.
    Nla,
}

/// Starts it, with a display of its own. It makes its certificate itself, in the home folder it is given.
pub(crate) fn start(security: Security) -> Peer {
    let scratch = Scratch::new();
    let sam = scratch.write("sam", SAM);
    let claim = Claim::new();
    let (display, name) = display(&scratch, &claim);
    let home = scratch.path("");
    Peer::start("freerdp-shadow-cli", scratch, vec![(display, claim)], |address| {
        let mut command = process::command("freerdp-shadow-cli");
        command.env("DISPLAY", &name).env("HOME", &home).env_remove("XDG_CONFIG_HOME");
        command.arg(format!("/bind-address:{}", address.ip())).arg(format!("/port:{}", address.port()));
        command.arg(match security {
            Security::Rdp => "/sec:rdp",
            Security::Tls => "/sec:tls",
            Security::Nla => "/sec:nla",
        });
        command.arg("+auth").arg(format!("/sam-file:{}", sam.display()));
        command
    })
}

/// What came of FreeRDP's own client.
#[derive(Debug)]
pub(crate) struct Went {
    /// Whether it reached the session.
    pub(crate) reached: bool,
    /// What it printed.
    pub(crate) log: String,
}

/// FreeRDP's own client on its way to a host, through this gateway by this transport (its option `gt`) and with this account there, until
/// the connection is complete.
pub(crate) fn client(
    target: &str,
    gateway: SocketAddr,
    transport: &str,
    (user, password): (&str, &str),
) -> Went {
    let scratch = Scratch::new();
    let claim = Claim::new();
    let (_display, name) = display(&scratch, &claim);
    let home = scratch.path("");
    let mut command = process::command("xfreerdp");
    command.env("DISPLAY", &name).env("HOME", &home).env_remove("XDG_CONFIG_HOME");
    command.args([
        &format!("/v:{target}"),
        "/u:nobody",
        "/p:nothing",
        "/cert:ignore",
        "+auth-only",
        "/log-level:INFO",
    ]);
    command.args([
        format!("/g:{gateway}"),
        format!("/gu:{user}"),
        format!("/gp:{password}"),
        format!("/gt:{transport}"),
    ]);
    let mut process = Process::spawn("xfreerdp", command, &scratch);
    let status = process.ends();
    Went { reached: status.success(), log: process.log() }
}

/// What FreeRDP's own client prints for `/help`, which it does on a display only.
pub(crate) fn help() -> String {
    let scratch = Scratch::new();
    let claim = Claim::new();
    let (_display, name) = display(&scratch, &claim);
    let home = scratch.path("");
    let mut command = process::command("xfreerdp");
    command.env("DISPLAY", &name).env("HOME", &home).env_remove("XDG_CONFIG_HOME").arg("/help");
    let mut process = Process::spawn("xfreerdp", command, &scratch);
    process.ends();
    process.log()
}

/// A display without a screen: the process and the display's name.
///
/// INVARIANT: the display's number is that of a port which is claimed as long as it runs, so that servers that
/// start at the same time never want the same one.
fn display(scratch: &Scratch, claim: &Claim) -> (Process, String) {
    let name = format!(":{}", claim.address().port());
    let mut command = process::command("Xvfb");
    // It prints its number, and that only once it is ready. Without `-noreset` it starts anew when its last client
    // leaves, and resets those who come meanwhile: the shadow server comes twice.
    command.args([&name, "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset"]);
    let mut process = Process::spawn("Xvfb", command, scratch);
    if let Err(Ended(status)) = process.first_line() {
        panic!("Xvfb ended: {status} (tests/run installs what is missing)\n{}", process.log());
    }
    (process, name)
}

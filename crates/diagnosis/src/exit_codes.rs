//! The exit codes of the program: docs/exit-codes.md has the stages of each, and the finer rules.

/// An exit code, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a number and its meaning")]
pub struct ExitCode {
    /// What the program ends with.
    pub code: u8,
    /// What it says.
    pub meaning: &'static str,
}

const fn row(code: u8, meaning: &'static str) -> ExitCode {
    ExitCode { code, meaning }
}

/// All of them. Codes are API: never renumbered, never reused.
pub const EXIT_CODES: [ExitCode; 37] = [
    row(0, "asked depth reached"),
    row(1, "not as it was expected, or as it was before"),
    row(2, "usage: an option, a target, a list or a report that cannot be read"),
    row(3, "internal error"),
    row(4, "an output could not be written"),
    row(5, "interrupted"),
    row(10, "name not resolved"),
    row(11, "TCP connect failed (refused, unreachable, timed out)"),
    row(12, "proxy"),
    row(20, "gateway not reached (name, TCP, TLS)"),
    row(21, "answers, but not as a working gateway"),
    row(22, "gateway: authentication"),
    row(23, "gateway: connection authorization"),
    row(24, "gateway: resource authorization"),
    row(25, "gateway works, target behind it does not open"),
    row(26, "gateway: internal, limit, no certificate"),
    row(27, "gateway ended the tunnel"),
    row(30, "port open, no or broken RDP answer"),
    row(31, "negotiation refused"),
    row(32, "not RDP on the port"),
    row(33, "contradictory evidence"),
    row(40, "TLS handshake failed, or TLS broke after it"),
    row(41, "certificate refused by the policy asked for, not proven, or not to be had"),
    row(42, "TLS possible only with versions or ciphers this build does not speak"),
    row(50, "CredSSP broke off without a reason"),
    row(51, "credentials rejected"),
    row(52, "account state (locked, disabled, expired, must change, restriction)"),
    row(53, "no right to log on remotely"),
    row(54, "not testable here with what was given"),
    row(55, "Kerberos or the domain not usable"),
    row(56, "RDSTLS or Entra sign-in required or refused"),
    row(60, "MCS to Client Info, over TLS"),
    row(61, "the same without TLS (Standard RDP Security)"),
    row(70, "licensing"),
    row(80, "capabilities, finalization"),
    row(90, "server ended the session, or redirects and the asked depth lies behind it"),
    row(100, "several targets, and any failed"),
];

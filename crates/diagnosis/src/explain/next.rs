//! What to do next with this tool: which command settles what a code leaves open.
use rdp_probe_core::Stage;

use crate::catalogue;
use crate::codes::{Code, Family};
use crate::rule::Rule;

/// A command line, and what it settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Next {
    /// The command, with `HOST` and `GATEWAY` for what the reader has to put in.
    pub command: &'static str,
    /// What it tells. A sentence without a full stop.
    pub settles: &'static str,
}

const fn next(command: &'static str, settles: &'static str) -> Next {
    Next { command, settles }
}

const NAME: Next = next(
    "rdp-probe HOST --until resolve",
    "whether the name has an address here, which ones, and how long the answer took",
);
const CONNECT: Next =
    next("rdp-probe HOST", "tells a refused connection from one that nobody answers and from a missing route");
const ADDRESSES: Next =
    next("rdp-probe HOST --all-addresses", "the same for each address of the name: one of several may be dead");
const CLOSED: Next = next(
    "rdp-probe HOST",
    "the code says only that the connection ended: the stage at which it ends here, and whether by FIN or RST, tell why",
);
const NEGOTIATE: Next = next(
    "rdp-probe HOST --enumerate",
    "what the server answers to each security protocol, and whether it demands Network Level Authentication",
);
const WITHOUT_NLA: Next =
    next("rdp-probe HOST --security tls", "what a client without Network Level Authentication meets");
const STANDARD: Next = next("rdp-probe HOST --security rdp", "whether the server takes Standard RDP Security");
const HANDSHAKE: Next = next(
    "rdp-probe HOST",
    "does the TLS handshake, judges the certificate, and shows what the server speaks where this program cannot",
);
const CERTIFICATE: Next = next(
    "rdp-probe HOST --until tls -v",
    "names, dates, usages and issuer of the certificate; --server-name, --ca and --pin hold it against what you expect",
);
const SILENT: Next = next(
    "rdp-probe HOST --timeout 60s --stage-timeout connection_initiation=30s --stage-timeout tls=30s",
    "at which stage the server falls silent, and slow from dead",
);
const CHALLENGE: Next = next(
    "rdp-probe HOST",
    "reads the server's CredSSP challenge without credentials: name, domain, build and clock. Where it passes, \
     all before the password works, and the account is left",
);
const CLOCK: Next = next("rdp-probe HOST", "how far the server's clock is from this computer's");
const BEFORE: Next =
    next("rdp-probe HOST", "whether every stage before this one works, and what the server says of itself");
const NOT_ON_THE_WIRE: Next = next(
    "rdp-probe HOST",
    "the client gave this without asking the server: when the probe passes, look at the client's computer",
);
const GATEWAY_REACHED: Next = next(
    "rdp-probe GATEWAY:443 --until tcp_connect",
    "whether the gateway's name and port are reached from here",
);
const BEHIND_GATEWAY: Next = next(
    "rdp-probe HOST",
    "from a computer on the gateway's side: whether the target itself answers, so that only the gateway is left",
);
const GATEWAY: &[&Next] = &[&GATEWAY_REACHED, &BEHIND_GATEWAY];
const PAST_PROXY: Next = next(
    "rdp-probe HOST",
    "from a network that needs no proxy: whether the target itself answers, so that only the proxy is left",
);
const WHICH: Next = next("rdp-probe HOST", "finds the stage and hop at which the connection fails");

/// The command for what no row has.
pub(super) const UNKNOWN: &Next = &WHICH;

/// The commands for a row, the most telling first.
pub(super) fn of(row: &Code) -> Vec<&'static Next> {
    let special: &[&Next] = match (row.family, row.code) {
        (Family::MstscDisc, Some(0x904 | 0x404 | 0x304)) | (Family::FreerdpConnect, Some(0x2_000D)) => {
            &[&CLOSED]
        }
        (Family::MstscExt | Family::SetErrorInfo, Some(7)) => &[&CLOSED],
        (Family::MstscDisc, Some(0x108 | 0x704)) => &[&SILENT],
        (Family::MstscDisc, Some(0xB09)) => &[&NEGOTIATE, &WITHOUT_NLA],
        (Family::MstscDisc, Some(0x1D07))
        | (Family::Sspi, Some(0x8009_0324))
        | (Family::NtStatus, Some(0xC000_0133))
        | (Family::Win32, Some(1398))
        | (Family::KrbError, Some(37))
        // KRB5KRB_AP_ERR_TKT_NYV, KRB5KRB_AP_ERR_SKEW, KRB5_KDCREP_SKEW.
        | (Family::Krb5Error, Some(0x96C7_3A21 | 0x96C7_3A25 | 0x96C7_3A94)) => &[&CLOCK],
        (Family::MstscDisc, Some(0x708)) => &[&NOT_ON_THE_WIRE],
        (Family::RdpNegFailure, Some(2)) => &[&NEGOTIATE, &STANDARD],
        (Family::RdpNegFailure, _) => &[&NEGOTIATE],
        // Reset, aborted, shut down, closed: somebody ended what had been open.
        (Family::Win32, Some(10_052..=10_054 | 10_058 | 10_101)) | (Family::Errno, Some(32 | 102..=104 | 108)) => {
            &[&CLOSED]
        }
        (Family::Win32, Some(10_050..=10_065 | 1225 | 1231 | 1232)) => &[&CONNECT],
        (Family::Win32, Some(11_001..=11_004 | 9002 | 9003)) => &[&NAME],
        _ => &[],
    };
    if !special.is_empty() {
        return special.to_vec();
    }
    let mut all: Vec<&'static Next> = Vec::new();
    for word in row.places() {
        let more: &[&Next] = match Stage::parse(word) {
            Some(Stage::Resolve) => &[&NAME],
            Some(Stage::TcpConnect) => &[&CONNECT, &ADDRESSES],
            Some(Stage::Proxy) => &[&PAST_PROXY],
            Some(
                Stage::GatewayTls
                | Stage::GatewayHttp
                | Stage::GatewayAuth
                | Stage::GatewayTunnel
                | Stage::GatewayAuthorization
                | Stage::GatewayChannel,
            ) => GATEWAY,
            Some(Stage::ConnectionInitiation) => &[&NEGOTIATE],
            Some(Stage::Tls) => &[&HANDSHAKE, &CERTIFICATE],
            Some(Stage::Credssp | Stage::EarlyUserAuth | Stage::Kdc) => &[&CHALLENGE],
            Some(
                Stage::Rdstls
                | Stage::Rdsaad
                | Stage::BasicSettingsExchange
                | Stage::ChannelConnection
                | Stage::RdpSecurityCommencement
                | Stage::SecureSettingsExchange
                | Stage::Licensing
                | Stage::CapabilitiesExchange
                | Stage::ConnectionFinalization
                | Stage::Session
                | _,
            ) => &[&BEFORE],
            None if word == "local" => &[&NOT_ON_THE_WIRE],
            None if word.starts_with("gateway") || word.starts_with("RD Gateway") => GATEWAY,
            None => &[&WHICH],
        };
        for next in more {
            // One command is named once, with what it settles for the earliest stage.
            if !all.iter().any(|other| other.command == next.command) {
                all.push(next);
            }
        }
    }
    all
}

/// Every command there is, for a test that each is one.
pub fn all_next() -> impl Iterator<Item = &'static Next> {
    [
        &NAME,
        &CONNECT,
        &ADDRESSES,
        &CLOSED,
        &NEGOTIATE,
        &WITHOUT_NLA,
        &STANDARD,
        &HANDSHAKE,
        &CERTIFICATE,
        &SILENT,
        &CHALLENGE,
        &CLOCK,
        &BEFORE,
        &NOT_ON_THE_WIRE,
        &GATEWAY_REACHED,
        &BEHIND_GATEWAY,
        &PAST_PROXY,
        &WHICH,
    ]
    .into_iter()
}

/// The rules for the code of a row.
pub(super) fn meets(row: &Code) -> impl Iterator<Item = &'static Rule> {
    let met = row.code.map(|code| (row.family, code));
    catalogue::all().filter(move |rule| met.is_some_and(|met| rule.meets.contains(&met)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn every_row_has_a_next_step() {
        for row in codes::all() {
            let all = of(row);
            assert!(!all.is_empty(), "{row:?}");
            for next in all {
                assert!(all_next().any(|other| other == next), "{next:?} is not in all_next");
                assert!(!next.settles.ends_with('.') && next.command.starts_with("rdp-probe "), "{next:?}");
            }
        }
    }
}

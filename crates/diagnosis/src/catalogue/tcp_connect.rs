//! Stage `tcp_connect`.
use rdp_probe_core::{DialFault, DialFaultKind, Evidence, FailureKind, Hop, Stage};

use crate::codes::Family;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Likely, Possible};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Why there is no connection.
fn fault(evidence: &Evidence) -> Option<DialFaultKind> {
    if let FailureKind::Connect { fault: DialFault { kind, .. }, .. } = evidence.failure_kind()? {
        Some(*kind)
    } else {
        None
    }
}

const CONNECT: Rule = Rule {
    stage: Some(Stage::TcpConnect),
    outcome: VerdictOutcome::Unreachable,
    exit: 11,
    rank: 10,
    ..Rule::BLANK
};

/// connect() failed: the code is documented, its cause is not part of it.
const CONNECT_FAILED: &[Candidate] = &[Candidate::pair(0x204, Some(0), Possible, Inferred)];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "tcp-refused",
        matches: |f| fault(f) == Some(DialFaultKind::Refused),
        outcome: VerdictOutcome::Refused,
        summary: "{address} refused the connection: nothing listens there, or a firewall answers for it",
        cause: "the host, or a firewall that answers for it, refused the connection: Remote Desktop is switched off, its \
                service is stopped, or it listens on another port",
        remedy: "on the target, check that Remote Desktop is on, that the Remote Desktop Services service runs, and which \
                 port it listens on; then check the firewall in between. 0x204 is not about the password",
        candidates: &[Candidate::pair(0x204, Some(0), Likely, Reported)],
        basis: Documented,
        meets: &[
            (Family::Win32, 1225),
            (Family::Win32, 10_061),
            (Family::FreerdpConnect, 0x2_0006),
            (Family::XfreerdpExit, 0x8D),
        ],
        ..CONNECT
    },
    Rule {
        id: "tcp-timed-out",
        matches: |f| matches!(fault(f), Some(DialFaultKind::TimedOut { .. })),
        summary: "no answer from {address} within {limit}",
        cause: "the connection request was dropped on the way, or the host is off, or its queue of waiting connections is \
                full; from here these look the same",
        remedy: "check that the host is on and reachable from this network; then firewalls and security groups for the \
                 port, the VPN and routes; if other clients do connect, look for an overloaded listener",
        candidates: &[
            Candidate::pair(0x204, Some(0), Possible, Inferred),
            Candidate::pair(0x108, Some(0), Possible, Inferred),
        ],
        basis: Documented,
        meets: &[(Family::Win32, 10_060), (Family::FreerdpConnect, 0x2_0006)],
        ..CONNECT
    },
    Rule {
        id: "host-unreachable",
        matches: |f| fault(f) == Some(DialFaultKind::HostUnreachable),
        summary: "{address} cannot be reached: the network said so",
        cause: "a router or firewall answered that the host is unreachable, or no host with that address answered on the \
                local network",
        remedy: "check that the host is on, that the address is the right one, and the routes and firewalls in between",
        candidates: CONNECT_FAILED,
        basis: Documented,
        meets: &[(Family::Win32, 1232), (Family::Win32, 10_065)],
        ..CONNECT
    },
    Rule {
        id: "network-unreachable",
        hop: Some(Hop::Client),
        matches: |f| fault(f) == Some(DialFaultKind::NetworkUnreachable),
        summary: "this computer has no route to {address}",
        cause: "there is no route to that network: no connection, a VPN that is not up, or an address of a family that this \
                computer does not have",
        remedy: "check the network connection and the VPN of this computer; for an IPv6 address try -4",
        candidates: CONNECT_FAILED,
        basis: Documented,
        meets: &[(Family::Win32, 1231), (Family::Win32, 10_051)],
        ..CONNECT
    },
    Rule {
        id: "tcp-reset",
        matches: |f| fault(f) == Some(DialFaultKind::Reset),
        outcome: VerdictOutcome::Refused,
        summary: "{address} reset the connection while it was made",
        cause: "something between here and the host, or the host itself, ended the connection as it was being made: a \
                firewall, a load balancer, or a listener that is being restarted",
        remedy: "try again in a minute; if it stays, look at the firewalls and load balancers in between",
        candidates: CONNECT_FAILED,
        basis: Inferred,
        ..CONNECT
    },
    Rule {
        id: "connect-not-permitted",
        hop: Some(Hop::Client),
        matches: |f| fault(f) == Some(DialFaultKind::NotPermitted),
        summary: "this computer does not let a connection to {address} out",
        cause: "a firewall, a policy or a route of this computer forbids the connection",
        remedy: "check the local firewall and its rules for this program, and the routing table",
        candidates: CONNECT_FAILED,
        basis: Documented,
        meets: &[(Family::Win32, 10_013)],
        ..CONNECT
    },
    Rule {
        id: "local-resources",
        hop: Some(Hop::Client),
        matches: |f| fault(f) == Some(DialFaultKind::LocalResources),
        outcome: VerdictOutcome::Inconclusive,
        summary: "this computer has no socket or port left; nothing is known about {address}",
        cause: "the limit of open files, of ports or of memory is reached here",
        remedy: "raise the limit of open files, or probe fewer targets at a time",
        basis: Documented,
        ..CONNECT
    },
    Rule {
        id: "connect-failed",
        matches: |f| {
            matches!(
                fault(f),
                Some(DialFaultKind::Other | DialFaultKind::NotFound | DialFaultKind::ResolverFailed)
            )
        },
        summary: "the connection to {address} failed with the operating system's error {os}",
        cause: "the operating system gave an error that stands for none of the usual causes",
        remedy: "look the number up in the operating system's documentation",
        candidates: CONNECT_FAILED,
        basis: Documented,
        ..CONNECT
    },
];

//! Stage `connection_initiation`: the port speaks another protocol.
use rdp_probe_core::wire::first_octets::Foreign;
use rdp_probe_core::{Evidence, Stage};

use super::connection_initiation::WORDLESS;
use crate::phrases::{service, spoken_by};
use crate::rule::Basis::{Documented, Reported};
use crate::rule::Likelihood::Unlikely;
use crate::rule::{Candidate, Rule, VerdictOutcome};

fn speaks(evidence: &Evidence, foreign: Foreign) -> bool {
    spoken_by(evidence) == Some(foreign)
}

/// Another protocol on the port: one row for each, with these in common.
const FOREIGN: Rule = Rule {
    stage: Some(Stage::ConnectionInitiation),
    outcome: VerdictOutcome::Misconfigured,
    exit: 32,
    rank: 10,
    candidates: &[
        Candidate::pair(0x1104, Some(0), Unlikely, Reported),
        Candidate::pair(0x904, Some(0), Unlikely, Reported),
    ],
    basis: Documented,
    supersedes: WORDLESS,
    ..Rule::BLANK
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "port-speaks-ssh",
        matches: |f| speaks(f, Foreign::Ssh),
        summary: "{address} is an SSH server, not Remote Desktop",
        cause: "the peer greeted with an SSH banner: {banner}",
        remedy: "check the port and the port forwarding; SSH listens on 22, Remote Desktop on 3389 by default",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-http",
        matches: |f| speaks(f, Foreign::Http),
        summary: "{address} is a web server, not Remote Desktop",
        cause: "the peer answered in HTTP: {banner}",
        remedy: "check the port and the reverse proxy; if this is an RD Gateway, connect through it instead of to it",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-tls",
        matches: |f| speaks(f, Foreign::Tls),
        summary: "{address} speaks TLS from the first octet; Remote Desktop begins in clear",
        cause: "the peer answered {tls_first}: an HTTPS server, an RD Gateway, a TLS-terminating proxy, or a listener that \
                wants TLS before RDP",
        remedy: "check the port: 443 belongs to a web server or an RD Gateway, through which one connects; where RDP is wrapped in TLS \
                 (stunnel, a TLS listener of nginx or haproxy), connect through the client half of the wrapper, or publish the \
                 port as plain TCP",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-vnc",
        matches: |f| speaks(f, Foreign::Vnc),
        summary: "{address} is a VNC server, not Remote Desktop",
        cause: "the peer greeted as VNC: {banner}",
        remedy: "use a VNC client, or the port of the Remote Desktop service (3389 by default)",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-telnet",
        matches: |f| speaks(f, Foreign::Telnet),
        summary: "{address} is a Telnet server or console, not Remote Desktop",
        cause: "the peer began with Telnet option negotiation",
        remedy: "check the port and the port forwarding",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-socks",
        matches: |f| speaks(f, Foreign::Socks),
        summary: "{address} is a SOCKS proxy, not Remote Desktop",
        cause: "the peer answered as a SOCKS proxy",
        remedy: "connect through the proxy instead of to it; check the port",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-mysql",
        matches: |f| speaks(f, Foreign::MySql),
        summary: "{address} is a MySQL server, not Remote Desktop",
        cause: "the peer greeted as MySQL; 3306 and 3389 are easily confused",
        remedy: "check the port and the port forwarding",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-iso-tsap",
        matches: |f| speaks(f, Foreign::IsoTsap),
        summary: "{address} is another service over TPKT, not Remote Desktop",
        cause: "the Connection Confirm carries ISO-TSAP parameters, as an industrial controller sends them",
        remedy: "check the address and the port: this is probably not the computer that was meant",
        ..FOREIGN
    },
    Rule {
        id: "port-echoes",
        matches: |f| speaks(f, Foreign::Echo),
        summary: "{address} sends back what it is sent: it is not a Remote Desktop server",
        cause: "the answer is a request as only clients send it: an echo service, a test server, or two ends of a tunnel that lead to each \
                other",
        remedy: "check the port and the port forwarding; look at where the tunnel ends",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-a-known-protocol",
        matches: |f| spoken_by(f).and_then(service).is_some(),
        summary: "{address} is {foreign_service}, not Remote Desktop",
        cause: "the first octets that the peer sent are those of {foreign_protocol}",
        remedy: "check the address, the port and the port forwarding: this is probably not the service that was meant",
        ..FOREIGN
    },
    Rule {
        id: "port-speaks-another-protocol",
        matches: |f| spoken_by(f) == Some(Foreign::Unknown),
        summary: "{address} speaks another protocol than Remote Desktop",
        cause: "what the peer sent cannot begin an RDP answer: {banner}",
        remedy: "check the port and the port forwarding; find out what answers at {address}",
        ..FOREIGN
    },
];

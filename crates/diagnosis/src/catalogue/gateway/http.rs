//! `gateway_http`: what answers is no gateway, or one that nobody gets to.
use rdp_probe_core::wire::Layer;
use rdp_probe_core::{Evidence, FailureKind, GatewayFault, Hop, Stage};

use super::two_channels::is_in;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// The status in place of the one that opens the tunnel.
fn status(evidence: &Evidence) -> Option<u16> {
    if let GatewayFault::Status { status, .. } = evidence.gateway_fault()? { Some(*status) } else { None }
}

fn is(evidence: &Evidence, of: &[u16]) -> bool {
    status(evidence).is_some_and(|status| of.contains(&status))
}

/// 200 with a page for people, or with anything that ends, be it at once.
fn page(evidence: &Evidence) -> bool {
    is(evidence, &[200]) && evidence.http_answer().is_some_and(|answer| answer.is_html() || answer.has_length)
}

/// An answer of HTTP that cannot be read.
fn is_unread(evidence: &Evidence) -> bool {
    let kind = evidence.failure_kind();
    matches!(kind, Some(FailureKind::Malformed { error, .. }) if error.layer == Layer::Http) && !is_in(evidence)
}

fn is_foreign(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::NotExpected { .. })) && !is_in(evidence)
}

/// What has a row of its own.
const KNOWN: [u16; 24] = [
    200, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 407, 410, 413, 414, 429, 431, 500, 501, 502, 503,
    504, 0, 1,
];

const HTTP: Rule = Rule {
    hop: Some(Hop::Gateway),
    stage: Some(Stage::GatewayHttp),
    outcome: VerdictOutcome::Misconfigured,
    exit: 21,
    rank: 10,
    candidates: OF_THE_WAY,
    basis: Reported,
    ..Rule::BLANK
};

/// A Windows client asks once more by its older transport: what it shows is that one's, and otherwise these.
const OF_THE_WAY: &[Candidate] = &[
    Candidate::pair(0x300_000D, Some(0), Possible, Inferred),
    Candidate::pair(0x300_000C, Some(0), Possible, Inferred),
];
const UNAVAILABLE: &[Candidate] = &[Candidate::pair(0x300_000D, Some(0), Possible, Inferred)];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-http-redirect",
        matches: |f| is(f, &[301, 302, 303, 307, 308]),
        summary: "the gateway {gateway} answers with a redirect ({http_status}) to {http_location}{after_logon}",
        cause: "the path of the gateway is not published there, or something in front wants a person to sign in first: a web application \
                firewall, an application proxy, the web access page. Remote desktop clients never follow a redirect",
        remedy: "publish /remoteDesktopGateway/ without sign-in in front of it; check that the name leads to the gateway and not to the web \
                 access page",
        ..HTTP
    },
    Rule {
        id: "gateway-http-forbidden",
        matches: |f| is(f, &[403]),
        outcome: VerdictOutcome::Refused,
        summary: "the gateway {gateway} forbids the request ({http_status}){after_logon}",
        cause: "a rule of a firewall or proxy in front of the gateway forbids the path, the method or this address: {http_server}. Older \
                clients may still get through by /rpc/, where that is allowed",
        remedy: "look for this request in the log of what stands in front, and let /remoteDesktopGateway/ with the methods RDG_OUT_DATA and \
                 RDG_IN_DATA through",
        ..HTTP
    },
    Rule {
        id: "gateway-http-not-found",
        matches: |f| is(f, &[404, 410]),
        summary: "there is no gateway at {gateway}: its web server does not have /remoteDesktopGateway/ ({http_status}){after_logon}",
        cause: "{http_server} answered. The gateway's role is not installed there or its service is stopped, it is as old as Server 2008 R2, \
                which has the older transport only, or another service owns the name",
        remedy: "on the gateway, check that the service Remote Desktop Gateway (TSGateway) is there and runs; check that the name leads to that \
                 computer",
        event: Some("TerminalServices-Gateway/Operational 100, 101"),
        ..HTTP
    },
    Rule {
        id: "gateway-http-bad-request",
        matches: |f| is(f, &[400, 413, 414, 431]),
        outcome: VerdictOutcome::Refused,
        summary: "the web server of the gateway {gateway} does not like the request ({http_status}){after_logon}",
        cause: "{http_server} answered. A proxy in front does not take the method RDG_OUT_DATA, a header or its size",
        remedy: "let the proxy pass the connection on without looking into it, or use HTTP/1.1 with upgrades on both sides of it",
        ..HTTP
    },
    Rule {
        id: "gateway-http-method",
        matches: |f| is(f, &[405, 501]),
        outcome: VerdictOutcome::Refused,
        summary: "the web server of the gateway {gateway} does not know the method ({http_status}){after_logon}",
        cause: "{http_server} answered. A proxy or web server in front takes the usual methods only, and a gateway's are RDG_OUT_DATA and \
                RDG_IN_DATA",
        remedy: "allow both methods for /remoteDesktopGateway/ in what stands in front of the gateway",
        ..HTTP
    },
    Rule {
        id: "gateway-http-too-many",
        matches: |f| is(f, &[429]),
        outcome: VerdictOutcome::Refused,
        summary: "the gateway {gateway} is asked too often ({http_status}){after_logon}",
        cause: "a limit of what stands in front of the gateway is reached for this address",
        remedy: "wait, and ask less often; or raise the limit for this address",
        candidates: UNAVAILABLE,
        ..HTTP
    },
    Rule {
        id: "gateway-http-error",
        matches: |f| is(f, &[500]),
        summary: "the gateway {gateway} has an error of its own ({http_status}){after_logon}",
        cause: "{http_server} answered. The gateway, or a service that it asks for logons, fails",
        remedy: "look at the gateway's log at this time, with the correlation id {correlation_id}",
        candidates: UNAVAILABLE,
        ..HTTP
    },
    Rule {
        id: "gateway-http-upstream",
        matches: |f| is(f, &[502, 504]),
        outcome: VerdictOutcome::Unreachable,
        summary: "what stands in front of the gateway {gateway} does not reach it ({http_status}){after_logon}",
        cause: "{http_server} answered: a proxy or balancer that gets no answer from the gateway behind it",
        remedy: "check that the gateway behind the proxy is up, and that the proxy may connect to it",
        candidates: UNAVAILABLE,
        basis: Documented,
        ..HTTP
    },
    Rule {
        id: "gateway-http-unavailable",
        matches: |f| is(f, &[503]),
        outcome: VerdictOutcome::Unreachable,
        summary: "the gateway {gateway} is not available ({http_status}){after_logon}",
        cause: "{http_server} answered: a balancer without a gateway that is up, or a web server whose gateway service is stopped",
        remedy: "check that the service Remote Desktop Gateway (TSGateway) runs, and what the balancer's health check says",
        candidates: UNAVAILABLE,
        basis: Documented,
        ..HTTP
    },
    Rule {
        id: "gateway-http-page",
        matches: page,
        summary: "{gateway} is not an RD Gateway: it answers as a web site does, with a page or with nothing",
        cause: "{http_server} answered. Another web site has the name, or a page for people stands in front: a captive portal, a sign-in page",
        remedy: "check that the name leads to the gateway; from a guest network, sign in to that first",
        ..HTTP
    },
    Rule {
        id: "gateway-without-websocket",
        matches: |f| is(f, &[200]) && !page(f),
        summary: "the gateway {gateway} does not take a WebSocket, and no other transport was allowed",
        cause: "it is as old as Server 2012 R2, or a proxy in front drops the upgrade; Windows clients go on by two HTTP channels",
        remedy: "leave --gateway-transport out, so that two HTTP channels are tried, too; for WebSockets let the proxy pass the headers Upgrade \
                 and Connection on",
        candidates: &[],
        basis: Documented,
        ..HTTP
    },
    Rule {
        id: "gateway-http-other",
        matches: |f| status(f).is_some_and(|status| !KNOWN.contains(&status)),
        summary: "the gateway {gateway} answers {http_status}, which no gateway does{after_logon}",
        cause: "{http_server} answered. What answers is not a gateway, or something in front of it has an answer of its own",
        remedy: "check that the name leads to the gateway, and look at the log of what stands in front",
        basis: Inferred,
        ..HTTP
    },
    Rule {
        id: "gateway-proxy-wants-logon",
        hop: Some(Hop::Proxy),
        matches: |f| is(f, &[407]),
        outcome: VerdictOutcome::Refused,
        exit: 12,
        summary: "a proxy on the way to the gateway {gateway} wants a logon of its own ({http_status})",
        cause: "a transparent web proxy is on the way, and lets no one through whom it does not know",
        remedy: "let this computer through the proxy, or around it, to the gateway's port",
        candidates: &[Candidate::pair(0x300_0020, Some(0), Possible, Documented)],
        basis: Documented,
        ..HTTP
    },
    Rule {
        id: "gateway-wrong-accept",
        matches: |f| matches!(f.gateway_fault(), Some(GatewayFault::WrongAccept)),
        summary: "the answer of the gateway {gateway} is not one to this request: its Sec-WebSocket-Accept is wrong",
        cause: "a proxy answered from its memory, or mixed up connections",
        remedy: "let the proxy in front of the gateway pass WebSockets on without keeping them",
        basis: Documented,
        ..HTTP
    },
    Rule {
        id: "gateway-not-persistent",
        matches: |f| matches!(f.gateway_fault(), Some(GatewayFault::NotPersistent)),
        summary: "the gateway {gateway} asks for a logon, and the connection on which it asks cannot be used for it",
        cause: "a proxy in front of the gateway does not keep connections, or the question has a page with it that is too long to be read: a \
                logon has to be on the connection on which it was asked for",
        remedy: "let the proxy keep connections on both of its sides (HTTP/1.1, keep-alive)",
        ..HTTP
    },
    Rule {
        id: "gateway-http-unreadable",
        matches: is_unread,
        summary: "the web server of the gateway {gateway} gives an answer that cannot be read",
        cause: "its head is broken, or says two things of its length: what answers is not a gateway, or something on the way changes what it says",
        remedy: "check what stands in front of the gateway, and keep it from looking into the connection",
        basis: Inferred,
        ..HTTP
    },
    Rule {
        id: "gateway-not-http",
        matches: is_foreign,
        summary: "what answers at {gateway} inside TLS is not HTTP, or does not come to an end",
        cause: "another service has the port",
        remedy: "check the gateway's name and port",
        basis: Inferred,
        ..HTTP
    },
];

//! What the codes of a gateway mean, whichever step carried them, and whether as a Win32 code or as an HRESULT that is made of one.
use rdp_probe_core::{Evidence, GatewayFault, Hop, Stage};

use crate::codes::Family;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    LogonDenied,
    TokenMissing,
    TokenRejected,
    OtherMethod,
    NotSupported,
    Capability,
    Connection,
    Health,
    Denied,
    Resource,
    NotConnected,
    Policies,
    Limit,
    NoCertificate,
    Internal,
    Vendor,
    Other,
}

/// The one table: low word, and what it means. What is not in it is [`Meaning::Vendor`] or [`Meaning::Other`].
const LOW: &[(u32, Meaning)] = &[
    (0x59DB, Meaning::Connection),
    (0x59ED, Meaning::Health),
    (0x59DA, Meaning::Resource),
    (0x59DD, Meaning::NotConnected),
    (0x59FD, Meaning::Policies),
    (0x59F7, Meaning::TokenMissing),
    (0x59F8, Meaning::TokenRejected),
    (0x59F9, Meaning::OtherMethod),
    (0x59E8, Meaning::NotSupported),
    (0x59E9, Meaning::Capability),
    (0x59E6, Meaning::Limit),
    (0x59EE, Meaning::NoCertificate),
    (0x59D8, Meaning::Internal),
    (0x0005, Meaning::Denied),
];

/// SEC_E_LOGON_DENIED.
const LOGON_DENIED: u32 = 0x8009_030C;

/// Set in the codes of those who make gateways pluggable ([MS-TSGU] 1.8).
const CUSTOMER: u32 = 0x2000_0000;

/// What a code means that stood in an answer to `stage`.
pub(super) fn meaning(code: u32, stage: Stage) -> Meaning {
    let low = code & 0xFFFF;
    let is_form = matches!(code >> 16, 0 | 0x8007);
    let known = LOW.iter().find(|(known, _)| is_form && *known == low).map(|(_, meaning)| *meaning);
    match known {
        // Said of a wrong order of packets, too: only here it is about somebody.
        Some(Meaning::Denied) if stage != Stage::GatewayAuthorization => Meaning::Other,
        Some(meaning) => meaning,
        None if code == LOGON_DENIED => Meaning::LogonDenied,
        None if code & CUSTOMER != 0 => Meaning::Vendor,
        None => Meaning::Other,
    }
}

/// The code of the answer that refused means this.
pub(super) fn means(evidence: &Evidence, one: Meaning) -> bool {
    let failure = evidence.failure();
    let code = evidence.gateway_fault().and_then(|fault| {
        if let GatewayFault::Code { code, of_a_dial: false } = fault { Some(*code) } else { None }
    });
    code.zip(failure).is_some_and(|(code, failure)| meaning(code, failure.stage) == one)
}

fn dial_failed(evidence: &Evidence) -> bool {
    matches!(evidence.gateway_fault(), Some(GatewayFault::Code { of_a_dial: true, .. }))
}

const CODE: Rule = Rule {
    hop: Some(Hop::Gateway),
    outcome: VerdictOutcome::Refused,
    exit: 26,
    rank: 20,
    basis: Documented,
    ..Rule::BLANK
};

const AS_GATEWAY: Rule = Rule { exit: 21, outcome: VerdictOutcome::Misconfigured, ..CODE };
const CAP: Rule = Rule { exit: 23, ..CODE };
const TARGET: Rule = Rule { hop: Some(Hop::Target), exit: 25, outcome: VerdictOutcome::Unreachable, ..CODE };

const OPERATIONAL: &str = "TerminalServices-Gateway/Operational";

/// What a client would show where the gateway does not reach the target: one of two texts, and nobody knows which.
const NOT_REACHED: &[Candidate] = &[
    Candidate::pair(0x204, Some(0), Possible, Inferred),
    Candidate::pair(0x300_0008, Some(0), Possible, Inferred),
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-cap-denied",
        matches: |f| means(f, Meaning::Connection),
        summary: "the gateway {gateway} does not let this user or this computer in ({gateway_code}): its connection policy says no",
        cause: "no connection authorization policy (CAP) of the gateway fits: the user or the computer is in none of its groups, or the way to \
                log on is none that it allows; a second factor that was not approved ends the same way",
        remedy: "on the gateway, look for event 201 at this time: it names the user and the reason; then put the user into a group of the \
                 policy, and check the network policy server that it asks",
        event: Some("TerminalServices-Gateway/Operational 201"),
        candidates: &[Candidate::pair(0x300_001C, Some(0), Possible, Reported)],
        meets: &[(Family::Tsgu, 0x59DB), (Family::Tsgu, 0x8007_59DB)],
        ..CAP
    },
    Rule {
        id: "gateway-quarantine",
        matches: |f| means(f, Meaning::Health),
        summary: "the gateway {gateway} asks for the health of this computer ({gateway_code})",
        cause: "its connection policy lets computers in only that prove their health (NAP)",
        remedy: "on the gateway, look for event 204 at this time; a health policy that is no longer used can be switched off",
        event: Some("TerminalServices-Gateway/Operational 204"),
        candidates: &[Candidate::pair(0x300_0027, Some(0), Possible, Documented)],
        meets: &[(Family::Tsgu, 0x59ED), (Family::Tsgu, 0x8007_59ED)],
        ..CAP
    },
    Rule {
        id: "gateway-access-denied",
        matches: |f| means(f, Meaning::Denied),
        summary: "the gateway {gateway} denies access ({gateway_code})",
        cause: "the gateway does not want this client: it may ask for a name of the computer that it knows",
        remedy: "set the name of a computer that the gateway knows with --client-name, and look at the gateway's log at this time",
        event: Some("TerminalServices-Gateway/Operational 201"),
        candidates: &[Candidate::pair(0x300_001C, Some(0), Possible, Inferred)],
        ..CAP
    },
    Rule {
        id: "gateway-consent",
        matches: |f| matches!(f.gateway_fault(), Some(GatewayFault::Consent)),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} shows a message that has to be accepted, and it was not",
        cause: "it shows every user a text before it lets them in; this program does not agree to it in anybody's name",
        remedy: "read the text in the report, and agree to it with --accept-consent",
        ..CAP
    },
    Rule {
        id: "gateway-rap-denied",
        matches: |f| means(f, Meaning::Resource),
        exit: 24,
        summary: "the gateway {gateway} does not let this user go to {target} ({gateway_code}): its resource policy says no",
        cause: "no resource authorization policy (RAP) of the gateway allows this target for this user; the gateway compares the name as it is \
                sent, which was {asked_of_gateway}: a short name, a full one and an address are three different ones",
        remedy: "on the gateway, look for event 301 at this time; then allow the target in that form, or give its full name in place of a short \
                 one or an address. The target itself was not asked",
        event: Some("TerminalServices-Gateway/Operational 301"),
        candidates: &[Candidate::pair(0x300_001B, Some(0), Possible, Reported)],
        meets: &[(Family::Tsgu, 0x59DA), (Family::Tsgu, 0x8007_59DA)],
        ..CODE
    },
    Rule {
        id: "gateway-target-not-reached",
        matches: |f| means(f, Meaning::NotConnected),
        summary: "the gateway {gateway} works, and does not get a connection to {target} ({gateway_code}); it tried for {stage_time}",
        cause: "as seen from the gateway, the name is unknown, nothing listens there, or a firewall in between drops the connection: less than a \
                second speaks for the first two, twenty seconds for the last",
        remedy: "probe {target} from the gateway itself; on the gateway, look for event 304 at this time",
        event: Some("TerminalServices-Gateway/Operational 304"),
        candidates: NOT_REACHED,
        meets: &[(Family::Tsgu, 0x59DD), (Family::Tsgu, 0x8007_59DD)],
        ..TARGET
    },
    Rule {
        id: "gateway-dial-failed",
        matches: dial_failed,
        summary: "the gateway {gateway} works, and most likely does not get a connection to {target} ({gateway_code})",
        cause: "this is an open-source gateway, which has an internal error to say where it cannot connect to the target; it may be another one",
        remedy: "probe {target} from the gateway itself, and look at the gateway's log at this time",
        candidates: NOT_REACHED,
        basis: Reported,
        ..TARGET
    },
    Rule {
        id: "gateway-target-has-no-policies",
        matches: |f| means(f, Meaning::Policies),
        outcome: VerdictOutcome::Refused,
        summary: "{target} does not exchange policies with the gateway, which insists on it ({gateway_code})",
        cause: "the gateway lets no client through to targets that cannot enforce which devices are redirected",
        remedy: "on the gateway, in the connection policy, allow targets that do not enforce the redirection of devices",
        candidates: &[Candidate::pair(0x300_003B, Some(0), Possible, Documented)],
        meets: &[(Family::Tsgu, 0x59FD), (Family::Tsgu, 0x8007_59FD)],
        ..TARGET
    },
    Rule {
        id: "gateway-not-supported",
        matches: |f| means(f, Meaning::NotSupported),
        summary: "the gateway {gateway} does not support what it was asked in stage {stage} ({gateway_code})",
        cause: "the gateway is of a version, or set up in a way, that does not know the request",
        remedy: "update the gateway; where another client gets through, compare what its log says of both",
        candidates: &[Candidate::pair(0x300_0023, Some(0), Possible, Documented)],
        meets: &[(Family::Tsgu, 0x59E8), (Family::Tsgu, 0x8007_59E8)],
        ..AS_GATEWAY
    },
    Rule {
        id: "gateway-capability",
        matches: |f| means(f, Meaning::Capability),
        summary: "the gateway {gateway} asks for something that this client does not offer ({gateway_code})",
        cause: "the gateway insists on something that clients have to offer; an open-source one says so where it takes tokens only, and there is \
                none, or the other way round",
        remedy: "give --gateway-token FILE where the gateway takes tokens; otherwise check which clients the gateway lets in",
        candidates: &[
            Candidate::pair(0x300_0024, Some(0), Possible, Documented),
            Candidate::pair(0x300_0025, Some(0), Possible, Documented),
        ],
        meets: &[(Family::Tsgu, 0x59E9), (Family::Tsgu, 0x8007_59E9)],
        ..AS_GATEWAY
    },
    Rule {
        id: "gateway-limit",
        matches: |f| means(f, Meaning::Limit),
        summary: "the gateway {gateway} has as many connections as it takes ({gateway_code})",
        cause: "the limit of its licence or of its administrator is reached",
        remedy: "end connections that are not used, or raise the limit in the gateway's properties; event 203 tells of it",
        event: Some("TerminalServices-Gateway/Operational 203"),
        candidates: &[Candidate::pair(0x300_0022, Some(0), Possible, Documented)],
        meets: &[(Family::Tsgu, 0x59E6), (Family::Tsgu, 0x8007_59E6)],
        ..CODE
    },
    Rule {
        id: "gateway-no-certificate",
        matches: |f| means(f, Meaning::NoCertificate),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} has no certificate that it can use for its own service ({gateway_code})",
        cause: "no certificate is chosen in the gateway's properties, or its key is gone",
        remedy: "choose a certificate in the gateway's properties; event 102 tells of it",
        event: Some("TerminalServices-Gateway/Operational 102"),
        candidates: &[Candidate::pair(0x300_0028, Some(0), Possible, Documented)],
        meets: &[(Family::Tsgu, 0x59EE), (Family::Tsgu, 0x8007_59EE)],
        ..CODE
    },
    Rule {
        id: "gateway-internal-error",
        matches: |f| means(f, Meaning::Internal),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} has an internal error in stage {stage} ({gateway_code})",
        cause: "the gateway says no more than that; where it was asked for the channel, it may not have reached {target}",
        remedy: "look at the gateway's log at this time, with the correlation id {correlation_id}, and probe {target} from the gateway itself",
        event: Some(OPERATIONAL),
        candidates: &[Candidate::pair(0x300_000D, Some(0), Possible, Inferred)],
        meets: &[(Family::Tsgu, 0x59D8), (Family::Tsgu, 0x8007_59D8)],
        ..CODE
    },
    Rule {
        id: "gateway-vendor-code",
        matches: |f| means(f, Meaning::Vendor),
        summary: "the gateway {gateway} refuses with a code of its maker's own ({gateway_code})",
        cause: "a product that checks logons at the gateway, such as one for a second factor, gave this code; only its vendor can say what it means",
        remedy: "look it up in the documentation of that product, and in its log at this time",
        ..CODE
    },
    Rule {
        id: "gateway-code",
        matches: |f| means(f, Meaning::Other),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} refuses in stage {stage} with {gateway_code}",
        cause: "no document says what this code means at this step",
        remedy: "look at the gateway's log at this time, with the correlation id {correlation_id}; rdp-probe explain tells of the code what is \
                 known",
        event: Some(OPERATIONAL),
        basis: Inferred,
        ..CODE
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_the_same_in_both_forms_and_nothing_in_others() {
        for (low, meant) in LOW {
            for code in [*low, 0x8007_0000 | low] {
                assert_eq!(meaning(code, Stage::GatewayAuthorization), *meant, "{code:#X}");
            }
            assert_eq!(meaning(0xC007_0000 | low, Stage::GatewayAuthorization), Meaning::Other, "{low:#X}");
            assert_eq!(meaning(0xA007_0000 | low, Stage::GatewayChannel), Meaning::Vendor, "{low:#X}");
        }
        for code in [5, 0x8007_0005] {
            for stage in [Stage::GatewayTunnel, Stage::GatewayChannel] {
                assert_eq!(meaning(code, stage), Meaning::Other);
            }
        }
        assert_eq!(meaning(LOGON_DENIED, Stage::GatewayTunnel), Meaning::LogonDenied);
        assert_eq!(meaning(0x030C, Stage::GatewayTunnel), Meaning::Other);
    }
}

//! What is worth knowing about a certificate and a server's NTLM CHALLENGE. Each check is independent of the others.
use rdp_probe_core::{
    CertificateFacts, Evidence, FailureKind, Hop, Host, KeyKind, Observed, SignatureCheck, Trust,
};

use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, RuleKind, Severity, VerdictOutcome};

const INFO: Rule = Rule {
    kind: RuleKind::Finding(Severity::Info),
    outcome: VerdictOutcome::Reachable,
    exit: 0,
    rank: 35,
    basis: Documented,
    ..Rule::BLANK
};

const WARNING: Rule = Rule { kind: RuleKind::Finding(Severity::Warning), rank: 45, ..INFO };

fn holds(evidence: &Evidence, judge: impl Fn(&CertificateFacts) -> bool) -> bool {
    evidence.certificate().is_some_and(judge)
}

/// Seconds since 1970; nothing is judged by the clock when nobody said what time it was.
fn now(evidence: &Evidence) -> Option<i64> {
    evidence.plan.began_unix_ms.checked_div(1000).filter(|now| *now > 0)
}

const DAY: i64 = 86_400;
/// The longest lifetime that clients of today take, and the notes for the macOS client name.
const LONGEST: i64 = 825 * DAY;
/// More than this, and Kerberos refuses (RFC 4120 section 8.2: five minutes are usual).
const MOST_SKEW_MS: u64 = 300_000;

fn skewed(evidence: &Evidence, hop: Hop) -> bool {
    evidence.challenge_of(hop).and_then(|(_, skew)| skew).is_some_and(|skew| skew.unsigned_abs() > MOST_SKEW_MS)
}

/// The host says that its name is another one: neither the full name nor the first label of the name that was asked.
fn name_differs(evidence: &Evidence, hop: Hop) -> bool {
    let Host::Name(name) = &evidence.plan.leg(hop).host else { return false };
    let asked = name.strip_suffix('.').unwrap_or(name);
    let Some((facts, _)) = evidence.challenge_of(hop) else { return false };
    let label = asked.split('.').next().unwrap_or(asked);
    let names = [facts.dns_computer.as_deref(), facts.netbios_computer.as_deref()];
    let mut said = names.into_iter().flatten().peekable();
    // A NetBIOS name has at most fifteen characters.
    let same = |name: &str| {
        name.eq_ignore_ascii_case(asked)
            || name.split('.').next().is_some_and(|first| {
                first.eq_ignore_ascii_case(label)
                    || label.get(..15).is_some_and(|cut| first.eq_ignore_ascii_case(cut))
            })
    };
    said.peek().is_some() && !said.any(same)
}

/// Nothing failed over it, and it was not proven.
fn not_verified(evidence: &Evidence) -> bool {
    let told = matches!(evidence.failure_kind(), Some(FailureKind::KeyNotProven { .. }));
    !told && evidence.tls().is_some_and(|tls| tls.signature != SignatureCheck::Verified)
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "certificate-expired",
        matches: |f| now(f).is_some_and(|now| holds(f, |c| c.not_after < now)),
        summary: "the certificate expired on {not_after}",
        cause: "Windows renews its own certificate by itself: one that is expired means that the renewal is broken, or that \
                somebody bound a certificate by hand and forgot it",
        remedy: "bind a valid certificate to the RDP listener; for Windows' own, find out why it is not renewed (key permissions)",
        candidates: &[Candidate::pair(0x1B07, Some(0), Possible, Documented)],
        ..WARNING
    },
    Rule {
        id: "certificate-not-yet-valid",
        matches: |f| now(f).is_some_and(|now| holds(f, |c| c.not_before > now)),
        summary: "the certificate is not valid before {not_before}",
        cause: "it was made for later, or one of the clocks is wrong: this computer's or the one that made it",
        remedy: "check both clocks",
        ..WARNING
    },
    Rule {
        id: "certificate-name-mismatch",
        matches: |f| holds(f, |c| !c.matches(&f.plan.target.asked_name())),
        summary: "the certificate is for {certificate_names}, not for {asked_name}",
        cause: "clients warn when the name they were given is none of the certificate's",
        remedy: "connect by a name that the certificate has, or bind one that has this name",
        ..WARNING
    },
    Rule {
        id: "certificate-self-signed",
        // Where there is anything to say of its trust, somebody put it among the roots.
        matches: |f| holds(f, |c| c.self_signed) && f.tls().is_none_or(|tls| tls.trust.is_none()),
        summary: "the certificate signed itself",
        cause: "nobody vouches for it, which is what Windows and most servers have by default; clients warn",
        remedy: "for more than a warning to the user, bind a certificate of an authority that the clients trust",
        ..INFO
    },
    Rule {
        id: "certificate-unknown-issuer",
        matches: |f| matches!(f.tls().and_then(|tls| tls.trust), Some(Trust::UnknownIssuer | Trust::Refused)),
        summary: "the certificate's issuer is not trusted on this computer",
        cause: "the chain leads to no root of this computer's store; other clients may have it in theirs",
        remedy: "compare with the store of the clients that connect; --ca FILE checks against an authority of your own",
        ..INFO
    },
    Rule {
        id: "certificate-small-key",
        matches: |f| holds(f, |c| c.key == KeyKind::Rsa && c.key_bits.is_some_and(|bits| bits < 2048)),
        summary: "the certificate's key has {key_bits} bits only",
        cause: "RSA keys below 2048 bits can be broken, and many clients refuse them",
        remedy: "bind a certificate with a key of 2048 bits or more",
        ..WARNING
    },
    Rule {
        id: "certificate-weak-signature",
        matches: |f| holds(f, |c| c.weak_signature),
        summary: "the certificate is signed with {certificate_signature}",
        cause: "signatures with MD5 and SHA-1 can be forged, and many clients refuse them",
        remedy: "bind a certificate that is signed with SHA-256 or better",
        ..WARNING
    },
    Rule {
        id: "certificate-wrong-usage",
        matches: |f| holds(f, |c| !c.is_for_servers()),
        summary: "the certificate is not meant for a server",
        cause: "its extended key usage names neither server authentication nor Remote Desktop Authentication",
        remedy: "bind a certificate with one of these usages",
        ..WARNING
    },
    Rule {
        id: "certificate-long-lifetime",
        matches: |f| holds(f, |c| !c.self_signed && c.not_after.saturating_sub(c.not_before) > LONGEST),
        summary: "the certificate is valid for more than 825 days",
        cause: "some clients refuse certificates of authorities that live as long",
        remedy: "ask the authority for a shorter one",
        ..INFO
    },
    Rule {
        id: "signature-not-verified",
        matches: not_verified,
        summary: "whether the server holds the certificate's key could not be checked",
        cause: "the handshake is signed with a key or a scheme that this build does not know, such as SHA-1, or RSA below 2048 \
                bits, or the certificate cannot be read: it says nothing against the server, but somebody in between would look the same",
        remedy: "on the target, bind a certificate with an RSA key of 2048 bits or more, or one on P-256 or P-384, and allow \
                 signatures with SHA-256",
        ..WARNING
    },
    Rule {
        id: "credssp-unpatched",
        matches: |f| f.credssp_version().is_some_and(|version| version < 5),
        summary: "the server speaks CredSSP version {credssp_version}: it lacks the update for CVE-2018-0886",
        cause: "current Windows clients refuse such a server by default, with an error that names the CredSSP encryption oracle",
        remedy: "update the server; nothing on the client should be loosened for it",
        candidates: &[Candidate {
            code: Some(0),
            extended: Some(0),
            status: Some(0x8009_0302),
            text: None,
            likelihood: Possible,
            basis: Inferred,
            when: None,
            extended_of: None,
        }],
        ..WARNING
    },
    Rule {
        id: "clock-skew",
        matches: |f| skewed(f, Hop::Target),
        summary: "the server's clock is {clock_skew} this computer's",
        cause: "with more than five minutes between client, server and domain controller, Kerberos fails",
        remedy: "check the time source of both",
        ..WARNING
    },
    Rule {
        id: "server-name-differs",
        matches: |f| name_differs(f, Hop::Target),
        summary: "the server says that it is {server_name}, and was asked for as {asked_name}",
        cause: "an alias, a load balancer or a bastion; or a stale DNS record or a port forward that leads to another computer",
        remedy: "if it is not meant, compare DNS and port forwards with the address in this report",
        ..WARNING
    },
    Rule {
        id: "gateway-clock-skew",
        matches: |f| skewed(f, Hop::Gateway),
        summary: "the gateway's clock is {gateway_clock_skew} this computer's",
        cause: "with more than five minutes between client, gateway and domain controller, Kerberos fails",
        remedy: "check the time source of both",
        ..WARNING
    },
    Rule {
        id: "gateway-name-differs",
        matches: |f| name_differs(f, Hop::Gateway),
        summary: "the gateway says that it is {gateway_says}, and was asked for as {gateway_host}",
        cause: "a name for the outside, or for several gateways, of which this one answered; or a stale DNS record or a port forward that \
                leads to another computer",
        remedy: "nothing needs to be done where it is meant; otherwise compare DNS and port forwards with the address in this report",
        ..INFO
    },
    Rule {
        id: "entra-sign-in-offered",
        matches: |f| f.facts().any(|fact| *fact == Observed::RdsaadNonce),
        summary: "the server offers the Entra sign-in",
        cause: "it sent the nonce that an Entra sign-in begins with",
        remedy: "nothing needs to be done: a client that signs in to Entra can go on",
        ..INFO
    },
];

//! What is worth knowing about a certificate and a server's NTLM CHALLENGE. Each check is independent of the others.
use std::ops::RangeInclusive;

use rdp_probe_core::{
    CertificateFacts, Evidence, FailureKind, Hop, Host, KeyKind, Observed, Product, SignatureCheck, Stage,
    Trust,
};

use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, RuleKind, Severity, VerdictOutcome};

const INFO: Rule = Rule {
    kind: RuleKind::Finding(Severity::Info),
    outcome: VerdictOutcome::Reachable,
    exit: 0,
    stage: Some(Stage::Tls),
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
/// Who has not renewed by then has forgotten it.
const WEEK: i64 = 7;
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

/// The certificate's last day is that many days from now.
fn ends_within(evidence: &Evidence, days: RangeInclusive<i64>) -> bool {
    let left = |c: &CertificateFacts| c.days_left(evidence.plan.began_unix_ms);
    evidence.plan.target.certificate_days > 0
        && holds(evidence, |c| left(c).is_some_and(|left| days.contains(&left)))
}

/// Which can be broken, or nearly.
fn has_small_key(certificate: &CertificateFacts) -> bool {
    let least = match &certificate.key {
        Some(KeyKind::Rsa) => 2048,
        Some(KeyKind::Other(name)) if ["RSA-PSS", "RSA-OAEP", "DSA"].contains(&name.as_str()) => 2048,
        Some(KeyKind::Ec(_)) => 224,
        Some(_) | None => return false,
    };
    certificate.key_bits.is_some_and(|bits| bits < least)
}

/// The chain leads nowhere. One that is refused for what stands in the certificate itself is told by another finding.
fn is_of_unknown_issuer(evidence: &Evidence) -> bool {
    match evidence.tls().and_then(|tls| tls.trust) {
        Some(Trust::UnknownIssuer) => true,
        Some(Trust::Refused) => holds(evidence, |c| c.unreadable.is_none() && c.is_for_servers()),
        Some(_) | None => false,
    }
}

/// Nothing failed over it, and it was not proven.
fn not_verified(evidence: &Evidence) -> bool {
    let told = matches!(evidence.failure_kind(), Some(FailureKind::KeyNotProven { .. }));
    !told && evidence.tls().is_some_and(|tls| tls.signature != SignatureCheck::Verified)
}

/// A client that refuses what is not trusted would have ended here.
fn refused_by_the_file(evidence: &Evidence) -> bool {
    let unproven = |c: &CertificateFacts| {
        let untrusted = match evidence.tls().and_then(|tls| tls.trust) {
            Some(Trust::Trusted) => false,
            // Where nobody looked at the chain, one thing is known of it.
            None => c.self_signed,
            Some(
                Trust::UnknownIssuer | Trust::Expired | Trust::OtherName | Trust::NoName | Trust::Refused | _,
            ) => true,
        };
        let out_of_date = now(evidence).is_some_and(|now| {
            c.not_after.is_some_and(|end| end < now) || c.not_before.is_some_and(|begin| begin > now)
        });
        untrusted || out_of_date || c.name_matches(&evidence.plan.target.asked_name()) == Some(false)
    };
    evidence.plan.target.refuses_untrusted && holds(evidence, unproven)
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "file-refuses-certificate",
        matches: refused_by_the_file,
        rank: 46,
        summary: "a client with this file (authentication level 1) refuses the certificate",
        cause: "the file has authentication level:i:1, with which a client does not connect where the certificate is not trusted or is not for \
                {asked_name}; this run went on past it. A Windows client that logs on by Kerberos has proof of its own who the host is, and \
                connects",
        remedy: "bind a certificate that the clients trust for this name, or have the file say authentication level:i:2, with which a client \
                 asks its user",
        ..WARNING
    },
    Rule {
        id: "certificate-expired",
        matches: |f| now(f).is_some_and(|now| holds(f, |c| c.not_after.is_some_and(|end| end < now))),
        summary: "the certificate expired on {not_after}",
        cause: "Windows renews its own certificate by itself: one that is expired means that the renewal is broken, or that \
                somebody bound a certificate by hand and forgot it",
        remedy: "bind a valid certificate to the RDP listener; for Windows' own, find out why it is not renewed (key permissions)",
        candidates: &[Candidate::pair(0x1B07, Some(0), Possible, Documented)],
        excludes: &["certificate-not-yet-valid", "certificate-ends-this-week", "certificate-ends-soon"],
        ..WARNING
    },
    Rule {
        id: "certificate-ends-this-week",
        matches: |f| ends_within(f, 0..=i64::from(f.plan.target.certificate_days).min(WEEK)),
        summary: "the certificate ends in {days_left}, on {not_after}",
        cause: "clients warn from then on, and those that ask for a trusted certificate refuse it{renewal}",
        remedy: "bind a new certificate to the RDP listener now, or see that the one that renews it runs",
        excludes: &["certificate-ends-soon"],
        ..WARNING
    },
    Rule {
        id: "certificate-ends-soon",
        matches: |f| ends_within(f, WEEK + 1..=i64::from(f.plan.target.certificate_days)),
        summary: "the certificate ends in {days_left}, on {not_after}",
        cause: "clients warn from then on, and those that ask for a trusted certificate refuse it{renewal}",
        remedy: "have a new certificate ready, or see that the one that renews it runs; --cert-days says how early this is told",
        ..WARNING
    },
    Rule {
        id: "certificate-cannot-be-read",
        matches: |f| holds(f, |c| c.unreadable.is_some()),
        summary: "the certificate cannot be read at its field {certificate_field}",
        cause: "it is not written as RFC 5280 wants it: clients refuse such a certificate, or show it as one that is not valid; what could be \
                read of it stands in this report",
        remedy: "have it made again, and bind the new one to the RDP listener",
        basis: Inferred,
        excludes: &["certificate-without-names", "certificate-without-server-authentication"],
        ..WARNING
    },
    Rule {
        id: "certificate-not-yet-valid",
        matches: |f| now(f).is_some_and(|now| holds(f, |c| c.not_before.is_some_and(|begin| begin > now))),
        summary: "the certificate is not valid before {not_before}",
        cause: "it was made for later, or one of the clocks is wrong: this computer's or the one that made it",
        remedy: "check both clocks",
        ..WARNING
    },
    Rule {
        id: "certificate-name-mismatch",
        matches: |f| holds(f, |c| c.name_matches(&f.plan.target.asked_name()) == Some(false)),
        summary: "the certificate is for {certificate_names}, not for {asked_name}",
        cause: "clients warn when the certificate does not have the name that they were given",
        remedy: "connect by a name that the certificate has, or bind one that has this name",
        ..WARNING
    },
    Rule {
        id: "certificate-self-signed",
        // Where there is anything to say of its trust, somebody put it among the roots.
        matches: |f| holds(f, |c| c.self_signed) && f.tls().is_none_or(|tls| tls.trust.is_none()),
        summary: "the certificate is self-signed",
        cause: "no authority signed it, which is the default of Windows and of most servers; clients warn",
        remedy: "for more than a warning to the user, bind a certificate of an authority that the clients trust",
        excludes: &["certificate-unknown-issuer"],
        ..INFO
    },
    Rule {
        id: "certificate-unknown-issuer",
        matches: is_of_unknown_issuer,
        summary: "the certificate's issuer is not trusted on this computer",
        cause: "the chain leads to no root of this computer's store; other clients may have it in theirs",
        remedy: "compare with the store of the clients that connect; --ca FILE checks against an authority of your own",
        ..INFO
    },
    Rule {
        id: "certificate-small-key",
        matches: |f| holds(f, has_small_key),
        summary: "the certificate's key, {certificate_key}, is too small",
        cause: "keys of RSA and DSA below 2048 bits, and on curves below 224 bits, can be broken, and many clients refuse them",
        remedy: "bind a certificate with an RSA key of 2048 bits or more, or one on P-256",
        ..WARNING
    },
    Rule {
        id: "certificate-weak-signature",
        matches: |f| holds(f, |c| c.weak_signature),
        summary: "the certificate is signed with {certificate_signature}",
        cause: "signatures with SHA-1, MD5 and what is older than these can be forged, and many clients refuse them",
        remedy: "bind a certificate that is signed with SHA-256 or better",
        ..WARNING
    },
    Rule {
        id: "certificate-wrong-usage",
        matches: |f| holds(f, |c| !c.is_for_servers()),
        summary: "the certificate is not meant for a server",
        cause: "its extended key usage names neither server authentication nor Remote Desktop Authentication",
        remedy: "bind a certificate with one of these usages",
        excludes: &["certificate-without-server-authentication"],
        ..WARNING
    },
    Rule {
        id: "certificate-without-names",
        matches: |f| holds(f, |c| c.unreadable.is_none() && c.names.is_empty()),
        summary: "the certificate has no subject alternative name",
        cause: "clients for macOS and iOS look for the name there only; Windows clients take the common name as well",
        remedy: "where such clients connect, bind a certificate that has the host's name among its subject alternative names",
        basis: Reported,
        ..INFO
    },
    Rule {
        id: "certificate-without-server-authentication",
        matches: |f| {
            holds(f, |c| c.unreadable.is_none() && c.is_for_servers() && !c.names_server_authentication())
        },
        summary: "the certificate does not name server authentication among its extended key usages",
        cause: "Windows clients take a certificate without usages, or with Remote Desktop Authentication alone; clients for macOS and iOS \
                want server authentication there",
        remedy: "where such clients connect, bind a certificate with the usage server authentication",
        basis: Reported,
        ..INFO
    },
    Rule {
        id: "certificate-long-lifetime",
        matches: |f| holds(f, |c| c.lifetime().is_some_and(|life| life > LONGEST)),
        summary: "the certificate is valid for more than 825 days",
        cause: "clients for macOS and iOS refuse a certificate that lives as long, whoever signed it: the macOS client shows error 0x907 or \
                0x2104; Windows clients take it",
        remedy: "where such clients connect, bind a certificate that is valid for at most 825 days",
        basis: Reported,
        ..INFO
    },
    Rule {
        id: "signature-not-verified",
        matches: not_verified,
        summary: "whether the server holds the certificate's key could not be checked",
        cause: "{why_not_verified}: it says nothing against the server, but somebody in between would look the same",
        remedy: "on the target, bind a certificate with an RSA key of 2048 bits or more, or one on P-256 or P-384, and allow \
                 signatures with SHA-256",
        ..WARNING
    },
    Rule {
        id: "credssp-unpatched",
        stage: Some(Stage::Credssp),
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
            status_of: None,
        }],
        ..WARNING
    },
    Rule {
        id: "clock-skew",
        stage: Some(Stage::Credssp),
        matches: |f| skewed(f, Hop::Target),
        summary: "the server's clock is {clock_skew} this computer's",
        cause: "with more than five minutes between client, server and domain controller, Kerberos fails: clients show 0x80090324 \
                (SEC_E_TIME_SKEW), and the domain controller says KRB_AP_ERR_SKEW (37)",
        remedy: "check the time source of both",
        ..WARNING
    },
    Rule {
        id: "server-name-differs",
        stage: Some(Stage::Credssp),
        matches: |f| name_differs(f, Hop::Target),
        summary: "the server says that it is {server_name}, and was asked for as {asked_name}",
        cause: "an alias, a load balancer or a bastion; or a stale DNS record or a port forward that leads to another computer",
        remedy: "if it is not meant, compare DNS and port forwards with the address in this report",
        ..WARNING
    },
    Rule {
        id: "server-is-no-windows",
        stage: Some(Stage::Credssp),
        matches: |f| f.challenge().is_some() && f.product(Hop::Target).is_some_and(Product::is_no_windows),
        rank: 34,
        summary: "the server is not Windows: {product}. If you asked for a Windows computer, this may not be the machine that you meant",
        cause: "the build that it shows is a constant of the library that it uses, or no Windows of that build speaks what this server speaks",
        remedy: "nothing has to be done where that is what you meant to reach; otherwise look at what owns the port there, at the name's \
                 address and at port forwards",
        basis: Inferred,
        ..INFO
    },
    Rule {
        id: "gateway-clock-skew",
        stage: Some(Stage::GatewayTls),
        matches: |f| skewed(f, Hop::Gateway),
        summary: "the gateway's clock is {gateway_clock_skew} this computer's",
        cause: "with more than five minutes between client, gateway and domain controller, Kerberos fails: clients show 0x80090324 \
                (SEC_E_TIME_SKEW), and the domain controller says KRB_AP_ERR_SKEW (37)",
        remedy: "check the time source of both",
        ..WARNING
    },
    Rule {
        id: "gateway-name-differs",
        stage: Some(Stage::GatewayTls),
        matches: |f| name_differs(f, Hop::Gateway),
        summary: "the gateway says that it is {gateway_says}, and was asked for as {gateway_host}",
        cause: "a name for the outside, or for several gateways, of which this one answered; or a stale DNS record or a port forward that \
                leads to another computer",
        remedy: "nothing needs to be done where it is meant; otherwise compare DNS and port forwards with the address in this report",
        ..INFO
    },
    Rule {
        id: "entra-sign-in-offered",
        stage: Some(Stage::Rdsaad),
        matches: |f| f.facts().any(|fact| *fact == Observed::RdsaadNonce),
        summary: "the server offers the Entra sign-in",
        cause: "it sent the nonce that an Entra sign-in begins with",
        remedy: "nothing needs to be done: a client that signs in to Entra can go on",
        ..INFO
    },
];

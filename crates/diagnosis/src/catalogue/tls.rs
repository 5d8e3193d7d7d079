//! Stage `tls`: the server was to speak TLS, and the handshake did not come to its end.
use rdp_probe_core::{
    AttemptRecord, Close, Evidence, FailureKind, SignatureCheck, Spoken, Stage, TlsFault, TlsFaultKind,
};

use crate::advice::is_on_in_windows;
use crate::codes::Family;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Why the handshake of the main path failed.
fn fault(evidence: &Evidence) -> Option<&TlsFault> {
    if let FailureKind::Tls(fault) = evidence.failure_kind()? { Some(fault) } else { None }
}

/// The faults of the handshake, of its repetition, and of the scouts after it.
fn faults(evidence: &Evidence) -> impl Iterator<Item = &TlsFault> {
    let further = evidence.hello_again().into_iter().chain(evidence.scouts());
    fault(evidence).into_iter().chain(further.filter_map(AttemptRecord::tls_fault))
}

const fn ended(kind: TlsFaultKind) -> bool {
    matches!(kind, TlsFaultKind::Closed(Close::Fin | Close::Reset | Close::CloseNotify | Close::Broken { .. }))
}

const fn silent(kind: TlsFaultKind) -> bool {
    matches!(kind, TlsFaultKind::Closed(Close::TimedOut { .. }))
}

const fn broken(kind: TlsFaultKind) -> bool {
    matches!(
        kind,
        TlsFaultKind::Misbehaved | TlsFaultKind::BadCertificate | TlsFaultKind::Closed(Close::TlsBroken(_))
    )
}

/// What the scout read tells of this build's limits, however our own hello was refused.
fn scouted_as(evidence: &Evidence, spoken: Spoken) -> bool {
    fault(evidence).is_some() && evidence.scouted().is_some_and(|scout| scout.spoken() == spoken)
}

/// The server answers no ClientHello at all, though it promised TLS; or it says by a disconnect that it cannot.
fn cannot_use_key(evidence: &Evidence) -> bool {
    let Some(first) = fault(evidence) else { return false };
    let broke_off = |fault: &TlsFault| ended(fault.kind.without_tunnel()) && fault.received.is_empty();
    // A connection that did not come to its hello tells nothing of it.
    let mut further = evidence.hello_again().into_iter().chain(evidence.scouts());
    let at_every_hello =
        evidence.scouts().next().is_some() && further.all(|attempt| attempt.tls_fault().is_some_and(broke_off));
    // xrdp's way to say it, also after an alert that says the same.
    let says_so = faults(evidence).any(TlsFault::is_disconnect);
    (broke_off(first) && at_every_hello) || says_so
}

fn kind_is(evidence: &Evidence, judge: fn(TlsFaultKind) -> bool) -> bool {
    fault(evidence).is_some_and(|fault| judge(fault.kind.without_tunnel()))
}

/// The handshake's signature was checked, with this result, with or without a policy about the certificate.
fn key_not_proven(evidence: &Evidence, check: SignatureCheck, policy: bool) -> bool {
    refused(evidence, &FailureKind::KeyNotProven { check }) && evidence.plan.target.has_policy() == policy
}

fn refused(evidence: &Evidence, kind: &FailureKind) -> bool {
    evidence.failure_kind() == Some(kind)
}

/// That of the stage that stalled.
fn exit_of_stage(evidence: &Evidence) -> u8 {
    match evidence.failure().map(|failure| failure.stage) {
        Some(Stage::Credssp) => 50,
        Some(Stage::Rdstls | Stage::Rdsaad) => 56,
        Some(Stage::BasicSettingsExchange | Stage::ChannelConnection) if evidence.is_without_tls() => 61,
        Some(Stage::BasicSettingsExchange | Stage::ChannelConnection) => 60,
        Some(_) | None => 40,
    }
}

const TLS: Rule = Rule {
    stage: Some(Stage::Tls),
    outcome: VerdictOutcome::Refused,
    exit: 40,
    rank: 20,
    basis: Inferred,
    ..Rule::BLANK
};

/// What a refusal comes to that nothing else explains.
const AT_EVERY_HELLO: &[&str] =
    &["tls-alert", "tls-closed", "tls-reset", "tls-broken", "tls-not-spoken", "server-cannot-use-its-key"];

/// The server ends the connection at the ClientHello.
const AT_HELLO: &[Candidate] = &[
    Candidate::pair(0x904, Some(7), Possible, Reported),
    Candidate::pair(0x904, Some(0), Possible, Inferred),
    Candidate::pair(0x4, Some(0), Possible, Reported),
];
/// What a client would show that met the refusal and not the answer.
const NOT_CONSTANT: &[Candidate] =
    &[Candidate::pair(0x904, Some(7), Possible, Inferred), Candidate::pair(0x904, Some(0), Possible, Inferred)];
const NO_COMMON: &[Candidate] =
    &[Candidate::pair(0x904, Some(7), Unlikely, Inferred), Candidate::pair(0x207, Some(0), Unlikely, Inferred)];
const STALL: &[Candidate] = &[Candidate::pair(0x108, Some(0), Possible, Reported)];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "tls-not-constant",
        matches: |f| fault(f).is_some() && f.hello_again().is_some_and(AttemptRecord::has_shaken_hands),
        rank: 8,
        summary: "{address} refused a TLS handshake, and took the same one the next time",
        cause: "the same hello was refused once and answered once: a server under load, one that is just starting, or several \
                servers behind one address of which one cannot shake hands. It is no matter of versions, suites or certificates",
        remedy: "try again; if it comes and goes, look at the load of the target, and at what stands behind the address",
        candidates: NOT_CONSTANT,
        supersedes: AT_EVERY_HELLO,
        ..TLS
    },
    Rule {
        id: "ssl3-only",
        matches: |f| scouted_as(f, Spoken::Ssl3),
        outcome: VerdictOutcome::Misconfigured,
        exit: 42,
        rank: 10,
        summary: "{address} speaks {scout_version} at best, which this build does not",
        cause: "the server chose {scout_version} with {scout_cipher} when everything from TLS 1.3 down was offered. It is broken \
                since 2014, and nobody should speak it (RFC 7568)",
        remedy: "on the target, allow TLS 1.2 or newer; keep the host from networks that are not trusted until then. No setting of a client of \
                 today helps: Windows has SSL 3.0 off since Windows 10 1607, and FreeRDP's OpenSSL is built without it",
        candidates: NO_COMMON,
        basis: Documented,
        supersedes: AT_EVERY_HELLO,
        ..TLS
    },
    Rule {
        id: "insecure-ciphers-only",
        matches: |f| scouted_as(f, Spoken::InsecureSuite),
        outcome: VerdictOutcome::Misconfigured,
        exit: 42,
        rank: 10,
        summary: "{address} chooses {scout_cipher}, which protects nothing, and which this build does not speak",
        cause: "the server speaks {scout_version}, but of all suites it chose one with RC4, DES, export keys or no encryption at \
                all. RC4 is forbidden in TLS (RFC 7465), the others are weaker still",
        remedy: "on the target, allow ECDHE suites with AES-GCM, and look at which policy or which software left only this one. No client of \
                 today has it on: Schannel has RC4, DES and export suites off by default, and OpenSSL 3 is built without them",
        candidates: NO_COMMON,
        basis: Documented,
        supersedes: AT_EVERY_HELLO,
        ..TLS
    },
    Rule {
        id: "tls-suite-not-offered",
        matches: |f| scouted_as(f, Spoken::NotOffered),
        outcome: VerdictOutcome::Misconfigured,
        rank: 10,
        summary: "{address} chose {scout_cipher}, which it was not offered",
        cause: "a server may choose only what a client offers (RFC 5246 section 7.4.1.3): it is broken, or a device in between \
                answers for it or changes the stream",
        remedy: "probe from the target's own network: if the answer differs there, a device in between changes it",
        candidates: NO_COMMON,
        basis: Documented,
        supersedes: AT_EVERY_HELLO,
        ..TLS
    },
    Rule {
        id: "legacy-tls-only",
        matches: |f| scouted_as(f, Spoken::OldVersion),
        outcome: VerdictOutcome::Misconfigured,
        exit: 42,
        rank: 10,
        summary: "{address} speaks {scout_version} at best, which this build does not",
        cause: "the server chose {scout_version} with {scout_cipher} when everything was offered. That is a limit of this build, \
                and also a weakness of the server: TLS 1.0 and 1.1 are no longer safe",
        remedy: "on the target, allow TLS 1.2 or newer (Windows 7 and Server 2008 R2 need an update for it). At the client until then: \
                 {with_old_tls}",
        basis: Documented,
        supersedes: AT_EVERY_HELLO,
        meets: &[(Family::TlsAlert, 70)],
        ..TLS
    },
    Rule {
        id: "legacy-ciphers-only",
        matches: |f| {
            scouted_as(f, Spoken::OldSuite) && f.scouted().is_some_and(|scout| is_on_in_windows(scout.cipher))
        },
        outcome: VerdictOutcome::Misconfigured,
        exit: 42,
        rank: 10,
        summary: "{address} chooses {scout_cipher}, which this build does not speak",
        cause: "the server speaks {scout_version}, but of all suites it chose one with RSA key exchange, CBC or DHE, as Windows \
                Server 2012 R2 and hardened newer ones do. That is a limit of this build: Windows clients of today, Windows 11 and \
                Windows Server 2022 too, have that suite on by default, and would connect",
        remedy: "nothing has to be done for Windows clients. For this program, and for clients that refuse older suites, allow ECDHE suites with \
                 AES-GCM on the target; the certificate in this report was read without a handshake",
        client_connects: true,
        basis: Documented,
        supersedes: AT_EVERY_HELLO,
        ..TLS
    },
    Rule {
        id: "outdated-ciphers-only",
        matches: |f| {
            scouted_as(f, Spoken::OldSuite) && !f.scouted().is_some_and(|scout| is_on_in_windows(scout.cipher))
        },
        outcome: VerdictOutcome::Misconfigured,
        exit: 42,
        rank: 10,
        summary: "{address} chooses {scout_cipher}, which this build does not speak",
        cause: "the server speaks {scout_version}, but of all suites it chose one that this build does not have, and that Windows 11 and \
                Windows Server 2022 have off by default: whether a Windows client connects depends on its age",
        remedy: "on the target, allow ECDHE suites with AES-GCM. At the client until then: {with_old_suite}",
        basis: Documented,
        supersedes: AT_EVERY_HELLO,
        ..TLS
    },
    Rule {
        id: "group-or-signature-not-spoken",
        matches: |f| {
            scouted_as(f, Spoken::Here)
                && (f.missing_group().is_some()
                    || f.missing_signature().is_some()
                    || kind_is(f, |kind| matches!(kind, TlsFaultKind::Alert(_) | TlsFaultKind::Incompatible)))
        },
        outcome: VerdictOutcome::Misconfigured,
        exit: 42,
        rank: 10,
        summary: "{address} wants a group or signature in TLS that this build does not speak",
        cause: "the server refused this build's hello and took the scout's, with {scout_version} and {scout_cipher}, which this \
                build has: what is missing is {missing_in_tls}. That is a limit of this build",
        remedy: "on the target, allow X25519, P-256 or P-384 and a certificate with an RSA, P-256 or P-384 key",
        basis: Inferred,
        supersedes: AT_EVERY_HELLO,
        ..TLS
    },
    Rule {
        id: "server-cannot-use-its-key",
        matches: cannot_use_key,
        outcome: VerdictOutcome::Misconfigured,
        rank: 15,
        summary: "{address} agreed to TLS, and then broke off every handshake before it began",
        cause: "the server agreed to TLS and {hello_end}: it cannot use its certificate or the private key. On Windows that is the pattern of a key file that the service may not read, or of an expired certificate \
                that could not be renewed",
        remedy: "on Windows, check the certificate that is bound to the RDP listener and that NETWORK SERVICE may read its \
                 key{if xrdp:; on xrdp, check certificate and key_file, and that xrdp may read them}. Repair permissions rather than remove keys",
        event: Some("System log, source Schannel, event 36870: the private key cannot be used"),
        candidates: AT_HELLO,
        basis: Reported,
        supersedes: &["tls-closed", "tls-reset", "tls-alert", "tls-not-spoken"],
        meets: &[(Family::TlsAlert, 80)],
        excludes: &["signature-not-verified"],
        ..TLS
    },
    Rule {
        id: "tls-not-spoken",
        matches: |f| kind_is(f, |kind| kind == TlsFaultKind::NotTls),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} agreed to TLS, and then sent something that is not TLS",
        cause: "octets of another protocol came in place of the ServerHello: {tls_received}",
        remedy: "find out what stands between: a proxy that answers for the host, or a port that is shared by two services",
        candidates: NO_COMMON,
        excludes: &["certificate-expired", "signature-not-verified"],
        ..TLS
    },
    Rule {
        id: "tls-reset",
        matches: |f| {
            kind_is(f, |kind| matches!(kind, TlsFaultKind::Closed(Close::Reset | Close::Broken { .. })))
        },
        summary: "{address} reset the connection during the TLS handshake",
        cause: "the server, or a device in between, reset the connection at {refused_hello}: \
                a policy on versions or suites, or an inspecting device",
        remedy: "compare with a probe from the target's own network; look for Schannel events on the target",
        candidates: AT_HELLO,
        ..TLS
    },
    Rule {
        id: "tls-closed",
        matches: |f| {
            kind_is(f, |kind| {
                matches!(kind, TlsFaultKind::Closed(Close::Fin | Close::CloseNotify | Close::Alert(_)))
            })
        },
        summary: "{address} closed the connection during the TLS handshake",
        cause: "the server, or a device in between, closed the connection at {refused_hello}: \
                a policy on versions or suites, or an inspecting device",
        remedy: "compare with a probe from the target's own network; look for Schannel events on the target",
        candidates: AT_HELLO,
        ..TLS
    },
    Rule {
        id: "tls-alert",
        matches: |f| kind_is(f, |kind| matches!(kind, TlsFaultKind::Alert(_) | TlsFaultKind::Incompatible)),
        summary: "{address} refused the TLS handshake ({tls_alert})",
        cause: "server and client have no version, suite or signature in common, or the server's policy refuses what was offered",
        remedy: "on the target, allow TLS 1.2 or 1.3 with ECDHE suites; look for Schannel events 36874 to 36888",
        event: Some("System log, source Schannel"),
        candidates: NO_COMMON,
        meets: &[(Family::TlsAlert, 40)],
        ..TLS
    },
    Rule {
        id: "tls-no-answer",
        matches: |f| fault(f).is_some_and(|fault| silent(fault.kind) && fault.received.is_empty()),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} agreed to TLS and then said nothing within {limit}",
        cause: "no octet of a ServerHello came: a service that hangs, a device that drops the hello{or_path_mtu}",
        remedy: "probe from the target's own network; on the target, see whether the Remote Desktop Services service answers to \
                 being stopped and started",
        candidates: STALL,
        ..TLS
    },
    Rule {
        id: "tls-stalls",
        matches: |f| fault(f).is_some_and(|fault| silent(fault.kind) && !fault.received.is_empty()),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} began the TLS handshake and stopped; the rest did not come within {limit}",
        cause: "the beginning of the server's flight came and the rest did not: the server sends more slowly than any client \
                waits, or packets are lost on the way{or_path_mtu}",
        remedy: "check the path for packet loss; probe from the target's own network",
        candidates: STALL,
        ..TLS
    },
    Rule {
        id: "tls-broken",
        matches: |f| kind_is(f, broken),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} broke the TLS protocol",
        cause: "{broken_how}",
        remedy: "compare with a probe from the target's own network: if TLS holds there, a device in between changes the stream; if not, \
                 replace the certificate on the target",
        candidates: NO_COMMON,
        ..TLS
    },
    Rule {
        id: "certificate-not-pinned",
        matches: |f| refused(f, &FailureKind::NotPinned),
        exit: 41,
        summary: "{address} shows another certificate than the pinned one",
        cause: "the SHA-256 of its certificate is {certificate_sha256}: it was renewed, the name leads to another server, or \
                somebody is in between",
        remedy: "compare it on the target itself; if it is right, use --pin {certificate_sha256}",
        basis: Documented,
        ..TLS
    },
    Rule {
        id: "certificate-not-trusted",
        matches: |f| refused(f, &FailureKind::NotTrusted),
        exit: 41,
        summary: "the certificate of {address} does not lead to the given roots for the name that was asked",
        cause: "the chain, the dates, the names or the usages do not hold: {trust}",
        remedy: "install a certificate of that authority for this name on the target, or leave out --ca",
        basis: Documented,
        ..TLS
    },
    Rule {
        id: "certificate-key-not-proven",
        matches: |f| key_not_proven(f, SignatureCheck::Wrong, true),
        exit: 41,
        summary: "{address} shows a certificate that the policy accepts, and does not hold its key",
        cause: "the handshake's signature is not that of the certificate's key. A certificate is public and anybody can show it: \
                somebody is in between, or the target's certificate and key file do not belong together",
        remedy: "do not log on; compare with a probe from the target's own network, and see whether its certificate and key \
                 belong together",
        basis: Documented,
        ..TLS
    },
    Rule {
        id: "certificate-key-not-verifiable",
        matches: |f| key_not_proven(f, SignatureCheck::NotVerifiable, true),
        exit: 41,
        summary: "{address} shows a certificate that the policy accepts, and this build cannot check that it holds its key",
        cause: "the handshake is signed with a key or a scheme that this build does not know, such as SHA-1, or RSA below 2048 \
                bits. That is a limit of this build, and says nothing against the server; but without that check anybody can \
                show the certificate",
        remedy: "on the target, bind a certificate with an RSA key of 2048 bits or more, or one on P-256 or P-384, and allow \
                 signatures with SHA-256; or leave out --pin and --ca",
        basis: Documented,
        ..TLS
    },
    Rule {
        id: "handshake-signature-wrong",
        matches: |f| key_not_proven(f, SignatureCheck::Wrong, false),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} did not prove in the TLS handshake that it holds the certificate's key",
        cause: "the handshake's signature does not fit the certificate: somebody shows a certificate that is not theirs, or the \
                target's certificate and key file do not belong together. Every client breaks off here",
        remedy: "do not log on; find out what stands between, and see whether the target's certificate and key belong together",
        basis: Documented,
        ..TLS
    },
    Rule {
        id: "tls-broken-after-handshake",
        stage: None,
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::Closed { how: Close::TlsBroken(_), .. })),
        outcome: VerdictOutcome::Misconfigured,
        rank: 5,
        summary: "TLS with {address} broke after the handshake: {tls_break}",
        cause: "the server did not hang up: what came inside TLS in place of the {awaiting} is not as TLS has to be, and no \
                client reads on. It was changed on its way, or the server is broken or hostile",
        remedy: "compare with a probe from the target's own network: if TLS holds there, a device in between changes the stream",
        basis: Documented,
        supersedes: &[
            "credssp-closed",
            "mcs-closed",
            "credssp-cut",
            "mcs-cut",
            "rdstls-broken",
            "rdsaad-broken",
            "rdstls-cut",
            "rdsaad-cut",
        ],
        ..TLS
    },
    Rule {
        id: "path-mtu",
        stage: None,
        matches: Evidence::is_path_mtu,
        outcome: VerdictOutcome::Unreachable,
        exit_of: Some(exit_of_stage),
        rank: 5,
        summary: "the way to {address} loses large packets: stage {stage} stalls, and passes with segments of 536 octets",
        cause: "with segments of 536 octets the same server answered in full; without that limit the {awaiting} did not come, or not to \
                its end. The path carries less than its ends think (path MTU), and what should tell them so (ICMP) does not arrive",
        remedy: "set a smaller MTU on the VPN, tunnel or interface in between (1300 often does), or MSS clamping on its router; and let \
                 ICMP \"fragmentation needed\" (IPv6: \"packet too big\") through",
        candidates: STALL,
        basis: Documented,
        supersedes: &[
            "tls-no-answer",
            "tls-stalls",
            "credssp-silent",
            "credssp-stalled",
            "rdstls-broken",
            "rdstls-stalled",
            "rdsaad-broken",
            "rdsaad-stalled",
            "mcs-silent",
            "mcs-stalled",
        ],
        ..TLS
    },
    Rule {
        id: "policy-not-testable",
        stage: None,
        matches: Evidence::policy_is_untested,
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        rank: 5,
        summary: "the run to {address} ended before its certificate: what --pin or --ca asks for was not tested",
        cause: "a certificate is shown and proven in stage tls, and the depth that was asked for lies before it; nothing failed",
        remedy: "use --until tls, or leave out --until; or leave out --pin and --ca",
        client_connects: true,
        basis: Documented,
        ..TLS
    },
];

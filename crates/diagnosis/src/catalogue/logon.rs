//! Stage `credssp` with credentials: what the server says to them, and why they could not be tested.
use rdp_probe_core::{
    AuthFault, Awaited, Evidence, FailureKind, Hop, NotTried, Outcome, Refusal, Stage, refusal_of, unfolded,
};

use super::ends::{cut, silent, stalled};
use crate::codes::Family;
use crate::phrases::status_said;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Likely, Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Whether the logon had gone out, and the server's proof was due.
pub(super) fn is_due(evidence: &Evidence) -> bool {
    evidence.failure().is_some_and(|failure| failure.awaiting == Awaited::ServerProof)
}

/// Whether the server refused the logon with one of these.
fn refused(evidence: &Evidence, statuses: &[u32]) -> bool {
    evidence.logon_status().is_some_and(|status| statuses.contains(&unfolded(status).0))
}

fn refused_for(evidence: &Evidence, refusal: Refusal) -> bool {
    evidence.logon_status().is_some_and(|status| refusal_of(status) == refusal)
}

/// Why the credentials were not tested, where nothing failed.
fn untested(evidence: &Evidence, why: NotTried) -> bool {
    let so = Outcome::NotTried(why);
    let of_the_last = |evidence: &Evidence| {
        evidence.path().last().is_some_and(|attempt| attempt.stages.iter().any(|record| record.outcome == so))
    };
    evidence.logon_is_untested() && of_the_last(evidence)
}

fn no_credssp(evidence: &Evidence) -> bool {
    evidence.logon_is_untested()
        && !untested(evidence, NotTried::CertificateNotAccepted)
        && !untested(evidence, NotTried::AccountStopped)
        && !evidence.lacks_restricted_admin()
}

/// An end without a reason, of a server that would have had a way to give one, or of which nobody knows.
fn unexplained(evidence: &Evidence) -> bool {
    evidence.logon_ended_without_a_reason() && !evidence.cannot_say_why()
}

fn context_failed(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::Auth(AuthFault::Local | AuthFault::Closed(_))))
}

/// What came is no answer to a logon.
fn broken(evidence: &Evidence) -> bool {
    is_due(evidence)
        && (cut(evidence)
            || matches!(
                evidence.failure_kind(),
                Some(
                    FailureKind::Malformed { .. }
                        | FailureKind::NotExpected { .. }
                        | FailureKind::NoProof { .. }
                        | FailureKind::VersionChanged { .. }
                )
            ))
}

const LOGON: Rule = Rule {
    stage: Some(Stage::Credssp),
    outcome: VerdictOutcome::Refused,
    exit: 50,
    rank: 15,
    basis: Documented,
    ..Rule::BLANK
};

const REJECTED: Rule = Rule { exit: 51, ..LOGON };
const STATE: Rule = Rule { exit: 52, ..LOGON };
const DOMAIN: Rule = Rule { exit: 55, ..LOGON };
const UNTESTED: Rule = Rule { stage: None, outcome: VerdictOutcome::Inconclusive, exit: 54, ..LOGON };

/// The target's record of a logon that failed.
const FAILED: Option<&str> = Some("Security log, event 4625");

const RULE_OF_SECRETS: &str =
    "check user, domain and password; this run does not try again, so as not to lock the account";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "logon-rejected",
        matches: |f| refused_for(f, Refusal::Secret),
        summary: "{address} does not accept the credentials of {account} ({credssp_status})",
        cause: "the password is wrong, or the user name or the domain is wrong; a server rarely says which",
        remedy: RULE_OF_SECRETS,
        event: FAILED,
        candidates: &[Candidate::pair(0x807, Some(0), Likely, Reported)],
        meets: &[
            (Family::NtStatus, 0xC000_006D),
            (Family::NtStatus, 0xC000_006A),
            (Family::NtStatus, 0xC000_0064),
            (Family::Sspi, 0x8009_030C),
        ],
        ..REJECTED
    },
    Rule {
        id: "logon-rejected-without-a-reason",
        matches: |f| f.logon_ended_without_a_reason() && f.cannot_say_why(),
        summary: "the connection to {address} ended when it saw the credentials of {account}",
        cause: "the password, user or domain is wrong: servers of a build as old as the one it names hang up rather than say so, \
                FreeRDP's among them",
        remedy: RULE_OF_SECRETS,
        event: FAILED,
        candidates: &[
            Candidate::pair(0x207, Some(0), Possible, Documented),
            Candidate::pair(0x904, Some(0), Possible, Inferred),
        ],
        ..REJECTED
    },
    Rule {
        id: "logon-rejected-by-alert",
        matches: Evidence::logon_denied_by_alert,
        summary: "{address} does not accept the credentials of {account} (TLS alert 49, access_denied)",
        cause: "the password, user or domain is wrong: with this alert a server says in CredSSP that credentials are invalid",
        remedy: RULE_OF_SECRETS,
        event: FAILED,
        candidates: &[
            Candidate::pair(0x807, Some(0), Unlikely, Inferred),
            Candidate::pair(0x207, Some(0), Unlikely, Inferred),
        ],
        meets: &[(Family::TlsAlert, 49)],
        ..REJECTED
    },
    Rule {
        id: "account-disabled",
        matches: |f| refused(f, &[0xC000_0072]),
        summary: "the account {account} is disabled ({credssp_status})",
        cause: "an administrator, or a process that cleans up, has disabled it",
        remedy: "enable the account, or use another one",
        event: FAILED,
        candidates: &[Candidate::pair(0xB07, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_0072)],
        ..STATE
    },
    Rule {
        id: "account-locked",
        matches: |f| refused(f, &[0xC000_0234]),
        summary: "the account {account} is locked ({credssp_status})",
        cause: "too many logons with a wrong password: often a service, a task or a phone that still has an old one",
        remedy: "unlock the account, and find out who tries the old password (Security 4740 on a domain controller)",
        event: FAILED,
        candidates: &[Candidate::pair(0xD07, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_0234)],
        ..STATE
    },
    Rule {
        id: "account-expired",
        matches: |f| refused(f, &[0xC000_0193]),
        summary: "the account {account} has expired ({credssp_status})",
        cause: "it was made for a time that is over",
        remedy: "extend the account, or use another one",
        event: FAILED,
        candidates: &[Candidate::pair(0xE07, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_0193)],
        ..STATE
    },
    Rule {
        id: "password-expired",
        matches: |f| refused(f, &[0xC000_0071, 0xC000_0224]),
        summary: "the password of {account} has to be changed first ({credssp_status})",
        cause: "it has expired, or was reset with the demand to change it; Network Level Authentication cannot do that",
        remedy: "change the password where the user can log on locally, or in a web portal; an administrator may lift the demand",
        event: FAILED,
        candidates: &[
            Candidate::pair(0xF07, Some(0), Possible, Inferred),
            Candidate::pair(0x1207, Some(0), Possible, Inferred),
        ],
        meets: &[(Family::NtStatus, 0xC000_0071), (Family::NtStatus, 0xC000_0224)],
        ..STATE
    },
    Rule {
        id: "account-restricted",
        matches: |f| refused(f, &[0xC000_006E]),
        summary: "a policy keeps {account} from logging on ({credssp_status})",
        cause: "an account without a password is not let in from afar; or the account has a policy of its own, such as an \
                authentication silo",
        remedy: "give the account a password, or look at its authentication policy",
        event: FAILED,
        candidates: &[Candidate::pair(0xC07, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_006E)],
        ..STATE
    },
    Rule {
        id: "logon-hours",
        matches: |f| refused(f, &[0xC000_006F]),
        summary: "{account} must not log on at this hour ({credssp_status})",
        cause: "the account may log on at certain hours only, and this is not one of them",
        remedy: "log on at another time, or change the account's logon hours",
        event: FAILED,
        candidates: &[Candidate::pair(0x1007, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_006F)],
        ..STATE
    },
    Rule {
        id: "workstation-not-allowed",
        matches: |f| refused(f, &[0xC000_0070]),
        summary: "{account} must not log on from this computer ({credssp_status})",
        cause: "the account's list \"Log On To\" does not have the name that the client gives; this probe gives none",
        remedy: "a client that gives its name may be let in all the same: look at the list of the account",
        event: FAILED,
        candidates: &[Candidate::pair(0x1107, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_0070)],
        ..STATE
    },
    Rule {
        id: "logon-right-missing",
        matches: |f| refused_for(f, Refusal::Right),
        exit: 53,
        summary: "{account} must not log on to {address} over the network ({credssp_status})",
        cause: "the credentials are right, and the right to log on this way is missing or denied",
        remedy: "add the account to the Remote Desktop Users group of the target, and look for a deny right that covers it",
        event: FAILED,
        candidates: &[Candidate::pair(0x1307, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_015B), (Family::NtStatus, 0xC000_0022)],
        ..LOGON
    },
    Rule {
        id: "domain-controller-not-reached",
        matches: |f| refused(f, &[0xC000_005E]),
        summary: "{address} reaches no domain controller that could check {account} ({credssp_status})",
        cause: "the target itself is cut off from its domain: DNS, network or firewall between it and the controllers",
        remedy: "on the target: nltest /sc_query:DOMAIN, and whether its DNS servers are the domain's",
        event: Some("System 5719"),
        candidates: &[Candidate::pair(0x1807, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_005E)],
        ..DOMAIN
    },
    Rule {
        id: "domain-clock-differs",
        matches: |f| refused(f, &[0xC000_0133]),
        summary: "the clocks of {address} and of its domain controller differ too much ({credssp_status})",
        cause: "a logon is refused where they are more than five minutes apart",
        remedy: "on the target: w32tm /query /status, and set its clock by the domain",
        event: FAILED,
        candidates: &[Candidate::pair(0x1D07, Some(0), Possible, Inferred)],
        meets: &[(Family::NtStatus, 0xC000_0133)],
        ..DOMAIN
    },
    Rule {
        id: "domain-trust-broken",
        matches: |f| refused(f, &[0xC000_018B, 0xC000_018C, 0xC000_018D]),
        summary: "the trust between {address} and its domain is broken ({credssp_status})",
        cause: "the computer's account in the domain is missing or has another password, as after a restored snapshot; or the trust \
                between two domains is",
        remedy: "on the target, as a local administrator: Test-ComputerSecureChannel -Repair",
        event: Some("System 3210"),
        candidates: &[Candidate::pair(0x1807, Some(0), Possible, Inferred)],
        meets: &[
            (Family::NtStatus, 0xC000_018B),
            (Family::NtStatus, 0xC000_018C),
            (Family::NtStatus, 0xC000_018D),
        ],
        ..DOMAIN
    },
    Rule {
        id: "authentication-firewall",
        matches: |f| refused(f, &[0xC000_0413]),
        summary: "the domain of {address} does not let {account} log on to it ({credssp_status})",
        cause: "the trust between the account's domain and the target's has selective authentication, and this computer is not among \
                what was allowed",
        remedy: "grant \"Allowed to authenticate\" on the target's computer account",
        event: FAILED,
        meets: &[(Family::NtStatus, 0xC000_0413)],
        ..DOMAIN
    },
    Rule {
        id: "logon-by-ntlm-refused",
        matches: |f| refused_for(f, Refusal::Ntlm),
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        summary: "{address} takes no logon by NTLM, so that the credentials of {account} were not tested ({credssp_status})",
        cause: "a policy of the target, the domain or the account (Protected Users) refuses NTLM; the logon has to be by Kerberos",
        remedy: "connect with a client that has Kerberos, by the name that the host has in its domain; if NTLM should work, look at the \
                 policy \"Restrict NTLM\"",
        event: FAILED,
        ..LOGON
    },
    Rule {
        id: "logon-refused-otherwise",
        matches: |f| refused_for(f, Refusal::Other),
        summary: "{address} refuses the logon of {account} with {credssp_status}",
        cause: "the server gave a status that says nothing of the credentials by itself",
        remedy: "rdp-probe explain {credssp_code} says what the status means; look at the target's Security log at this time too",
        event: FAILED,
        candidates: &[Candidate::status_of(status_said, Possible, Inferred)],
        ..LOGON
    },
    Rule {
        id: "logon-cut-off",
        matches: unexplained,
        rank: 16,
        summary: "the connection to {address} ended when it saw the credentials of {account}, without a reason",
        cause: "a policy on the target, or a device that inspects the stream, cut it off; most servers of today say why they refuse \
                credentials",
        remedy: "look at the target's Security and System logs at this time; this run tries the account no more",
        event: FAILED,
        candidates: &[Candidate::pair(0x904, Some(0), Possible, Inferred)],
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "tls-terminated-on-the-way",
        matches: |f| unexplained(f) || f.failure_kind() == Some(&FailureKind::WrongProof),
        // Proven where the server's proof is that of another key.
        first_when: |f| f.failure_kind() == Some(&FailureKind::WrongProof),
        rank: 17,
        summary: "{address} and this computer see different keys in TLS",
        cause: "something between the two ends TLS and begins it anew, as a proxy or a device that inspects TLS does: CredSSP notices, \
                since the logon is bound to the key that the server has",
        remedy: "take the target out of TLS inspection, or connect around the device; compare certificate {certificate_sha256} with the \
                 target's own",
        candidates: &[Candidate {
            code: None,
            status: Some(0x8009_030F),
            ..Candidate::pair(0, None, Possible, Inferred)
        }],
        basis: Documented,
        ..LOGON
    },
    Rule {
        id: "logon-perhaps-rejected",
        matches: unexplained,
        rank: 18,
        // It is said at a layer that nobody in between speaks.
        first_when: |f| matches!(f.failure_kind(), Some(FailureKind::Ultimatum(_))),
        summary: "the connection to {address} ended when it saw the credentials of {account}, which may be wrong",
        cause: "some servers hang up on a wrong password without a word, FreeRDP's and GNOME's among them",
        remedy: RULE_OF_SECRETS,
        event: FAILED,
        candidates: &[Candidate::pair(0x207, Some(0), Unlikely, Inferred)],
        basis: Reported,
        ..LOGON
    },
    Rule {
        id: "logon-echoed",
        matches: |f| f.failure_kind() == Some(&FailureKind::ProofEchoed),
        summary: "{address} sent the logon of {account} back in place of a proof of its own",
        cause: "the credentials are wrong, or the server cannot make out what they are bound to: libraries that servers are built on \
                refuse a logon so where their version of CredSSP has no field to say why",
        remedy: RULE_OF_SECRETS,
        event: FAILED,
        candidates: &[Candidate::pair(0x207, Some(0), Unlikely, Inferred)],
        basis: Reported,
        ..LOGON
    },
    Rule {
        id: "logon-not-answered",
        matches: |f| is_due(f) && (silent(f) || stalled(f)),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} did not answer the logon of {account} within {limit}",
        cause: "the server waits for what checks credentials, often a domain controller that it cannot reach",
        remedy: "on the target, check that a domain controller can be reached; this run tries the account no more",
        candidates: &[Candidate::pair(0x108, Some(0), Possible, Reported)],
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "logon-answer-broken",
        matches: broken,
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} answered the logon of {account} with a message that is not an answer to it",
        cause: "what came in place of the server's proof breaks the protocol: a server with a defect, or a device in between that changes \
                the stream",
        remedy: "find out what answers at {address}; what it sent stands in the JSON report",
        ..LOGON
    },
    Rule {
        id: "challenge-not-usable",
        matches: |f| f.failure_kind() == Some(&FailureKind::Auth(AuthFault::Token)),
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        summary: "this build cannot answer the NTLM CHALLENGE of {address}",
        cause: "the message can be read, and the library that answers it does not take it: a limit of this build, or an unusual server",
        remedy: "probe without credentials; and please report it, with the JSON report",
        ..LOGON
    },
    Rule {
        id: "security-context-failed",
        hop: Some(Hop::Client),
        matches: context_failed,
        outcome: VerdictOutcome::Inconclusive,
        exit: 3,
        summary: "this computer could not make a logon for {account}; nothing is known of how {address} would answer it",
        cause: "the library for NTLM failed here, or this build has none",
        remedy: "run it again; if it fails again, please report it",
        ..LOGON
    },
    Rule {
        id: "certificate-not-accepted",
        matches: |f| untested(f, NotTried::CertificateNotAccepted),
        summary: "the credentials of {account} were not sent to {address}: its certificate is not trusted",
        cause: "who answers there may be anybody, and could crack the password from a logon; nothing secret was sent",
        remedy: "compare {certificate_sha256} with the target's own certificate, and use --pin {certificate_sha256}",
        ..UNTESTED
    },
    Rule {
        id: "account-stopped",
        matches: |f| untested(f, NotTried::AccountStopped),
        summary: "the credentials of {account} were not sent to {address}: they went out before in this run, and were not accepted",
        cause: "each further try could lock the account",
        remedy: "look at the target that they went to first, and at what it said of them; when that is settled, run it again",
        ..UNTESTED
    },
    Rule {
        id: "logon-not-offered",
        matches: no_credssp,
        summary: "{address} has no logon before the session, so that the credentials of {account} were not tested",
        cause: "the server selected {selected_protocol}, and asks for credentials in the session only",
        remedy: "leave out the user to see how far the server goes; or log on with a client",
        client_connects: true,
        ..UNTESTED
    },
    Rule {
        id: "restricted-admin-not-offered",
        matches: Evidence::lacks_restricted_admin,
        summary: "{address} does not offer Restricted Admin, so there was no logon: the server would have to be given the password",
        cause: "the server does not say that it supports it: its policy is off (the value DisableRestrictedAdmin of its LSA settings is not 0), or \
                it has none",
        remedy: "leave out --restricted-admin to give the password to the server, or have Restricted Admin switched on there",
        supersedes: &["policy-not-testable"],
        ..UNTESTED
    },
];

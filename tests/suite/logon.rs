//! Credentials, proven to a server whose NTLM is real: what is accepted, what is rejected, and how often anybody is asked.
use std::time::Duration;

use rdp_probe::wire::credssp::NtStatus;
use rdp_probe::{Credentials, FailureKind, NotTried, Observed, Outcome, Prober, Report, Stage, Target};
use rdp_probe_core::SignatureCheck;
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::certificate::Kind;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::scenarios::{all, driven};
use crate::usage::on_runtime;

pub(crate) const RIGHT: &str = "right p\u{e4}ssword";

pub(crate) fn accepts() -> Accepts {
    let refusal = Some(NtStatus(0xC007_030C));
    Accepts {
        version: 6,
        certificate: Kind::Good,
        tls_1_3: true,
        password: RIGHT.to_owned(),
        refusal,
        takes: Duration::from_millis(5),
        hangs: false,
        whole: false,
        selects: (2, 0x1F),
        behind: Vec::new(),
    }
}

pub(crate) fn credentials(user: &str, password: &str) -> Credentials {
    Credentials::new(user, None, password.to_owned()).unwrap()
}

/// A run with these credentials, over a pinned certificate.
async fn logs_on(acceptor: &Acceptor, accepts: &Accepts, user: &str, password: &str) -> Report {
    let prober = Prober::new().credentials(credentials(user, password));
    let pin = accepts.certificate.sha256();
    prober.probe(target(acceptor)).pin(&pin).build().unwrap().run().await
}

pub(crate) fn target(acceptor: &Acceptor) -> Target {
    acceptor.address().to_string().parse().unwrap()
}

pub(crate) fn accepted(report: &Report) -> bool {
    report.evidence.facts().any(|fact| *fact == Observed::LogonAccepted)
}

#[test]
fn a_right_password_is_proven_in_every_version_and_nothing_is_given_away() {
    on_runtime(async {
        for version in [2, 5, 6] {
            for tls_1_3 in [false, true] {
                for certificate in [Kind::Good, Kind::P256] {
                    let accepts = Accepts { version, certificate, tls_1_3, ..accepts() };
                    let acceptor = Acceptor::start(accepts.clone()).unwrap();
                    for user in ["alice", "LAB\\alice", "alice@lab.test"] {
                        let report = logs_on(&acceptor, &accepts, user, RIGHT).await;
                        let what = format!(
                            "{user}, {version}, {certificate:?}, TLS 1.3 {tls_1_3}: {:?}",
                            report.evidence
                        );
                        assert!(accepted(&report), "{what}");
                        assert_eq!(report.exit_code(), 0, "{what}");
                    }
                    assert_eq!(acceptor.logons(), 3);
                    assert_eq!((acceptor.delegated(), acceptor.errors()), (0, vec![]));
                }
            }
        }
    });
}

#[test]
fn a_wrong_password_is_rejected_and_the_code_is_that_of_the_server() {
    on_runtime(async {
        let accepts = accepts();
        let acceptor = Acceptor::start(accepts.clone()).unwrap();
        let report = logs_on(&acceptor, &accepts, "alice", "wrong").await;
        let failure = report.evidence.failure().unwrap();
        assert_eq!(
            (failure.stage, &failure.kind),
            (Stage::Credssp, &FailureKind::CredsspError(NtStatus(0xC007_030C)))
        );
        assert!(!accepted(&report));
        assert_eq!((report.exit_code(), report.diagnosis.verdict.rule.unwrap().id), (51, "logon-rejected"));
        // Who says nothing has rejected it too.
        let silent = Accepts { refusal: None, ..accepts };
        let acceptor = Acceptor::start(silent.clone()).unwrap();
        let report = logs_on(&acceptor, &silent, "alice", "wrong").await;
        assert!(report.evidence.failure().is_some_and(|failure| failure.kind.close().is_some()));
        assert_eq!(report.exit_code(), 50, "a server that could say why");
        assert_eq!(acceptor.logons(), 1);
    });
}

#[test]
fn the_library_that_others_build_servers_on_takes_the_right_password_and_no_other() {
    on_runtime(async {
        for version in [2, 5, 6] {
            let accepts = Accepts { version, whole: true, ..accepts() };
            let acceptor = Acceptor::start(accepts.clone()).unwrap();
            let report = logs_on(&acceptor, &accepts, "LAB\\alice", RIGHT).await;
            // In version 2 it wants the binding of its client's version, 6, and takes no logon that is bound as its own is.
            let right = if version == 2 { (false, 50) } else { (true, 0) };
            assert_eq!((accepted(&report), report.exit_code()), right, "{version}: {:?}", report.evidence);
            let report = logs_on(&acceptor, &accepts, "LAB\\alice", "wrong").await;
            // What it has folded is SEC_E_LOGON_DENIED. In version 2 there is no field for it, and in version 5 this library writes one
            // whose length is 0.
            let status = report.evidence.logon_status();
            let wrong = match version {
                2 => (None, "logon-echoed", 50),
                5 => (None, "logon-answer-broken", 50),
                _ => (Some(NtStatus(0xC007_030C)), "logon-rejected", 51),
            };
            let rule = report.diagnosis.verdict.rule.map_or("", |rule| rule.id);
            assert_eq!((status, rule, report.exit_code()), wrong, "{version}: {:?}", report.evidence);
            let seen = (acceptor.logons(), acceptor.delegated(), acceptor.errors());
            assert_eq!(seen, (2, 0, vec![]), "{version}");
        }
    });
}

#[test]
fn nothing_secret_goes_to_whom_nobody_knows() {
    on_runtime(async {
        let accepts = accepts();
        let acceptor = Acceptor::start(accepts.clone()).unwrap();
        let prober = Prober::new().credentials(credentials("alice", RIGHT));
        let probe = |accept| prober.probe(target(&acceptor)).accept_certificate(accept).build().unwrap();
        let report = probe(false).run().await;
        assert_eq!(report.evidence.tls().unwrap().signature, SignatureCheck::Verified);
        let last = report.evidence.path().last().unwrap().stages.last().unwrap();
        assert_eq!(last.outcome, Outcome::NotTried(NotTried::CertificateNotAccepted));
        assert_eq!(acceptor.logons(), 0, "no AUTHENTICATE came");
        assert_eq!(report.exit_code(), 54);
        let [cause] = report.diagnosis.causes.as_slice() else { panic!("{:?}", report.diagnosis.causes) };
        let pin = format!("--pin {}", accepts.certificate.sha256());
        assert!(report.text_of(|rule| rule.remedy, cause).contains(&pin), "what to do stands there");
        assert!(accepted(&probe(true).run().await));
        assert_eq!(acceptor.logons(), 1);
    });
}

/// A hundred probes of one prober at a time.
async fn hundred(acceptor: &Acceptor, accepts: &Accepts, password: &str) -> Vec<Report> {
    let prober = Prober::new().credentials(credentials("alice", password));
    let pin = accepts.certificate.sha256();
    let mut running = JoinSet::new();
    for _ in 0..100 {
        let probe = prober.probe(target(acceptor)).pin(&pin).build().unwrap();
        running.spawn(async move { probe.run().await });
    }
    running.join_all().await
}

#[test]
fn a_wrong_password_is_tried_once_however_many_targets_there_are() {
    on_runtime(async {
        let accepts = accepts();
        let acceptor = Acceptor::start(accepts.clone()).unwrap();
        let reports = hundred(&acceptor, &accepts, "wrong").await;
        assert_eq!(acceptor.logons(), 1, "one AUTHENTICATE in all");
        let stopped = |report: &&Report| {
            let last = report.evidence.path().last().and_then(|attempt| attempt.stages.last());
            last.is_some_and(|record| record.outcome == Outcome::NotTried(NotTried::AccountStopped))
        };
        assert_eq!(reports.iter().filter(stopped).count(), 99);
        let with = |exit| reports.iter().filter(|report| report.exit_code() == exit).count();
        assert_eq!((with(54), with(51)), (99, 1));
        assert_eq!(reports.iter().filter(|report| report.evidence.failure().is_some()).count(), 1);
    });
}

#[test]
fn until_a_password_was_accepted_it_is_tried_at_one_target_at_a_time() {
    on_runtime(async {
        let accepts = accepts();
        let acceptor = Acceptor::start(accepts.clone()).unwrap();
        let reports = hundred(&acceptor, &accepts, RIGHT).await;
        assert!(reports.iter().all(accepted), "{:?}", reports.iter().find(|report| !accepted(report)));
        let (most, early) = acceptor.most();
        assert_eq!((acceptor.logons(), early), (100, 1), "never two before the first was accepted");
        assert!(most > 1, "and from then on nobody waits");
        assert_eq!(acceptor.delegated(), 0);
    });
}

/// Each status that [MS-CSSP] servers refuse a logon with, what it comes to, and what a Windows client would show.
const STATUSES: [(u32, u8, &str, &str, &[u32]); 24] = [
    (0xC000_006D, 51, "rejected", "logon-rejected", &[0x807]),
    (0xC000_006A, 51, "rejected", "logon-rejected", &[0x807]),
    (0xC000_0064, 51, "rejected", "logon-rejected", &[0x807]),
    (0xC007_030C, 51, "rejected", "logon-rejected", &[0x807]),
    (0xC000_006E, 52, "account_state", "account-restricted", &[0xC07]),
    (0xC000_006F, 52, "account_state", "logon-hours", &[0x1007]),
    (0xC000_0070, 52, "account_state", "workstation-not-allowed", &[0x1107]),
    (0xC000_0071, 52, "account_state", "password-expired", &[0xF07, 0x1207]),
    (0xC000_0224, 52, "account_state", "password-expired", &[0xF07, 0x1207]),
    (0xC000_0072, 52, "account_state", "account-disabled", &[0xB07]),
    (0xC000_0193, 52, "account_state", "account-expired", &[0xE07]),
    (0xC000_0234, 52, "account_state", "account-locked", &[0xD07]),
    (0xC000_015B, 53, "no_remote_right", "logon-right-missing", &[0x1307]),
    (0xC000_0022, 53, "no_remote_right", "logon-right-missing", &[0x1307]),
    (0xC000_005E, 55, "not_testable", "domain-controller-not-reached", &[0x1807]),
    (0xC000_0133, 55, "not_testable", "domain-clock-differs", &[0x1D07]),
    (0xC000_018B, 55, "not_testable", "domain-trust-broken", &[0x1807]),
    (0xC000_018C, 55, "not_testable", "domain-trust-broken", &[0x1807]),
    (0xC000_018D, 55, "not_testable", "domain-trust-broken", &[0x1807]),
    (0xC000_0413, 55, "not_testable", "authentication-firewall", &[]),
    (0xC000_00BB, 54, "not_testable", "logon-by-ntlm-refused", &[]),
    (0xC000_0418, 54, "not_testable", "logon-by-ntlm-refused", &[]),
    (0xC007_00EA, 50, "unknown", "logon-refused-otherwise", &[]),
    (0xC000_0380, 50, "unknown", "logon-refused-otherwise", &[]),
];

#[test]
fn every_status_of_a_refused_logon_is_told_apart() {
    on_runtime(async {
        for (status, exit, result, rule, shown) in STATUSES {
            let accepts = Accepts { refusal: Some(NtStatus(status)), ..accepts() };
            let acceptor = Acceptor::start(accepts.clone()).unwrap();
            let report = logs_on(&acceptor, &accepts, "alice", "wrong").await;
            let got = report.diagnosis.verdict.rule.map(|rule| rule.id);
            assert_eq!((report.exit_code(), got), (exit, Some(rule)), "{status:08X}");
            let json = serde_json::to_value(&report).unwrap();
            assert_eq!(json["credentials"]["result"], result, "{status:08X}");
            assert_eq!(json["credentials"]["status"], format!("0x{status:08X}"));
            let codes: Vec<u32> = report.diagnosis.mstsc.iter().filter_map(|shown| shown.code).collect();
            assert_eq!(codes, shown, "{status:08X}");
        }
    });
}

/// Each shape that a refusal has on the wire, by the conversation that shows it; what it comes to, and what a Windows client would show.
const SHAPES: [(&str, u8, &str, &[u32]); 10] = [
    ("logon-rejected", 51, "rejected", &[0x807]),
    ("logon-rejected-by-sspi", 51, "rejected", &[0x807]),
    ("logon-denied-by-an-alert", 51, "rejected", &[0x807, 0x207]),
    ("logon-ended-by-an-old-server", 51, "rejected", &[0x207, 0x904]),
    ("logon-ended-by-an-alert", 50, "unknown", &[0x904]),
    ("logon-ended-by-a-disconnect", 50, "unknown", &[0x207]),
    ("logon-cut-off", 50, "unknown", &[0x904]),
    ("logon-cut-off-by-a-fin", 50, "unknown", &[0x904]),
    ("logon-cut-off-by-a-reset", 50, "unknown", &[0x904]),
    // Of its version of CredSSP a client complains before.
    ("logon-echoed", 50, "unknown", &[0, 0x207]),
];

#[test]
fn every_shape_of_a_refused_logon_has_its_verdict() {
    on_runtime(async {
        for (name, exit, result, shown) in SHAPES {
            let scenario = all().iter().find(|scenario| scenario.name == name).unwrap();
            let (report, violations) = driven(scenario).await.unwrap();
            assert_eq!(violations, [""; 0], "{name}");
            let codes: Vec<u32> = report.diagnosis.mstsc.iter().filter_map(|shown| shown.code).collect();
            let got = report.evidence.logon_result().id();
            assert_eq!((report.exit_code(), got, codes.as_slice()), (exit, result, shown), "{name}");
        }
    });
}

#[test]
fn a_logon_that_nobody_waited_for_is_a_rejection() {
    on_runtime(async {
        let accepts = Accepts { hangs: true, ..accepts() };
        let acceptor = Acceptor::start(accepts.clone()).unwrap();
        let prober = Prober::new().credentials(credentials("alice", RIGHT));
        let pin = accepts.certificate.sha256();
        let probe = prober.probe(target(&acceptor)).pin(&pin).build().unwrap();
        let mut run = Box::pin(probe.run());
        while acceptor.logons() == 0 {
            _ = timeout(Duration::from_millis(5), &mut run).await;
        }
        // The future is dropped, and with it the report.
        drop(run);
        let next = prober.probe(target(&acceptor)).pin(&pin).build().unwrap().run().await;
        assert_eq!((next.exit_code(), acceptor.logons()), (54, 1));
        assert_eq!(next.diagnosis.verdict.rule.unwrap().id, "account-stopped");
    });
}

#[test]
fn of_all_addresses_one_gets_the_logon() {
    on_runtime(async {
        let accepts = accepts();
        let (one, two) = (Acceptor::start(accepts.clone()).unwrap(), Acceptor::start(accepts.clone()).unwrap());
        let prober = Prober::new().credentials(credentials("alice", RIGHT));
        let probe = prober.probe("srv1.lab.test".parse().unwrap());
        let probe = probe.resolve_to(vec![one.address(), two.address()]).all_addresses(true);
        let report = probe.pin(&accepts.certificate.sha256()).build().unwrap().run().await;
        assert_eq!((report.exit_code(), report.diagnosis.addresses.len()), (0, 2), "{report:?}");
        assert_eq!((one.logons(), two.logons()), (1, 0));
    });
}

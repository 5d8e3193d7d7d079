//! Credentials, proven to a server whose NTLM is real: what is accepted, what is rejected, and how often anybody is asked.
use rdp_probe::wire::credssp::NtStatus;
use rdp_probe::{Credentials, FailureKind, NotTried, Observed, Outcome, Prober, Report, Stage, Target};
use rdp_probe_core::SignatureCheck;
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::certificate::Kind;
use tokio::task::JoinSet;

use crate::usage::on_runtime;

const RIGHT: &str = "right p\u{e4}ssword";

fn accepts() -> Accepts {
    let refusal = Some(NtStatus(0xC007_030C));
    Accepts { version: 6, certificate: Kind::Good, tls_1_3: true, password: RIGHT.to_owned(), refusal }
}

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials::new(user, None, password.to_owned()).unwrap()
}

/// A run with these credentials, over a pinned certificate.
async fn logs_on(acceptor: &Acceptor, accepts: &Accepts, user: &str, password: &str) -> Report {
    let prober = Prober::new().credentials(credentials(user, password));
    let pin = accepts.certificate.sha256();
    prober.probe(target(acceptor)).pin(&pin).build().unwrap().run().await
}

fn target(acceptor: &Acceptor) -> Target {
    acceptor.address().to_string().parse().unwrap()
}

fn accepted(report: &Report) -> bool {
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
        // Who says nothing has rejected it too.
        let silent = Accepts { refusal: None, ..accepts };
        let acceptor = Acceptor::start(silent.clone()).unwrap();
        let report = logs_on(&acceptor, &silent, "alice", "wrong").await;
        assert!(report.evidence.failure().is_some_and(|failure| failure.kind.close().is_some()));
        assert_eq!(acceptor.logons(), 1);
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

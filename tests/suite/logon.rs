//! Credentials, proven to a server whose NTLM is real: what is accepted, what is rejected, and how often anybody is asked.
use std::fmt::{Debug, Write as _};
use std::io::{Read as _, Write as _};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdp_probe::wire::credssp::NtStatus;
use rdp_probe::{Credentials, FailureKind, NotTried, Observed, Outcome, Prober, Report, Stage, Target};
use rdp_probe_core::SignatureCheck;
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::certificate::{Kind, authority, root_file};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

use crate::binary::binary;
use crate::peer::{freerdp, xrdp};
use crate::usage::{Scratch, on_runtime};

const RIGHT: &str = "right p\u{e4}ssword";

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
    }
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

/// Hears everything, and keeps it as text.
#[derive(Clone, Debug, Default)]
struct Ears(Arc<Mutex<String>>);

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Ears {
    fn hear(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut dyn Visit)) {
        let mut text = self.0.lock().unwrap();
        write!(text, "<{}> ", metadata.target()).unwrap();
        record(&mut Text(&mut text));
    }
}

impl Subscriber for Ears {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.hear(attributes.metadata(), |text| attributes.record(text));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.hear(event.metadata(), |text| event.record(text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Each form that a password could have in a text.
fn forms(password: &str) -> Vec<String> {
    // MD4 of the password in UTF-16LE: the NT hash.
    const NT_HASH: &str = "1e4d2583529eb3568dcdc75be5fcade1";
    let utf16: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hash: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&NT_HASH[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let mut forms = vec![password.to_owned(), format!("{password:?}").trim_matches('"').to_owned()];
    for octets in [password.as_bytes(), &utf16, &hash] {
        let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let list = format!("{octets:?}");
        forms.extend([hex.to_uppercase(), hex, list.trim_matches(['[', ']']).to_owned()]);
    }
    forms
}

#[test]
fn no_form_of_a_password_is_heard_by_a_subscriber_or_printed() {
    // The server is in this process, and hears nothing: it has a thread of its own.
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let ears = Ears::default();
    let mut said = String::new();
    with_default(ears.clone(), || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for password in [RIGHT, "wrong"] {
                let credentials = credentials("alice", password);
                write!(said, "{credentials:?}").unwrap();
                let prober = Prober::new().credentials(credentials);
                let builder = prober.probe(target(&acceptor)).pin(&accepts.certificate.sha256());
                write!(said, "{prober:?} {builder:?}").unwrap();
                let probe = builder.build().unwrap();
                let (mut events, report) = probe.watch(std::future::pending());
                let report = report.await;
                while let Some(event) = events.next().await {
                    write!(said, "{event:?}").unwrap();
                }
                write!(said, "{probe:?} {report:?} {}", serde_json::to_string(&report).unwrap()).unwrap();
                assert_eq!(accepted(&report), password == RIGHT);
            }
        });
    });
    let heard = ears.0.lock().unwrap().clone();
    assert!(heard.contains("credssp"), "the subscriber hears: {heard}");
    assert!(!heard.contains("<sspi"), "a subscriber heard the library that has the secret: {heard}");
    for form in forms(RIGHT) {
        assert!(!heard.contains(&form), "the subscriber heard {form}");
        assert!(!said.contains(&form), "{form} was printed");
    }
}

/// Set in the process that has a logger only: where the server is, and the digest of its certificate.
const LOGGED: &str = "RDP_PROBE_TESTS_LOGGED";

/// Keeps everything as text.
struct Logger(Mutex<String>);

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        write!(self.0.lock().unwrap(), "<{}> {} ", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

#[test]
fn no_form_of_a_password_comes_to_a_logger() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    // No thread of its own process may have had a subscriber: from then on, `tracing` tells a logger nothing.
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "logon::with_a_logger", "--ignored", "--nocapture"]);
    command.env(LOGGED, format!("{} {}", acceptor.address(), accepts.certificate.sha256()));
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert!(status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(acceptor.logons(), 2);
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn with_a_logger() {
    static LOGGER: Logger = Logger(Mutex::new(String::new()));
    log::set_logger(&LOGGER).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let given = std::env::var(LOGGED).expect("run no_form_of_a_password_comes_to_a_logger instead");
    let (address, pin) = given.split_once(' ').unwrap();
    let target: Target = address.parse().unwrap();
    on_runtime(async {
        Prober::new().probe(target.clone()).build().unwrap().run().await;
        let heard = LOGGER.0.lock().unwrap().clone();
        assert!(heard.contains("rdp_probe") && heard.contains("credssp"), "the logger hears: {heard}");
        for password in [RIGHT, "wrong"] {
            let prober = Prober::new().credentials(credentials("alice", password));
            let report = prober.probe(target.clone()).pin(pin).build().unwrap().run().await;
            assert_eq!(accepted(&report), password == RIGHT);
        }
    });
    let heard = LOGGER.0.lock().unwrap().clone();
    assert!(!heard.contains("<sspi"), "the logger heard the library that has the secret: {heard}");
    for form in forms(RIGHT) {
        assert!(!heard.contains(&form), "the logger heard {form}");
    }
}

/// What the program does with these arguments, this on standard input, and this in the environment.
fn program(arguments: &[&str], stdin: &str, variable: Option<&str>) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(binary());
    command.args(arguments).env_remove("RDP_PASSWORD").envs(variable.map(|value| ("RDP_PASSWORD", value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    for form in forms(RIGHT) {
        assert!(!said.contains(&form), "{arguments:?} printed {form}");
    }
    (status.code(), said)
}

#[test]
fn the_program_takes_a_password_in_each_way_and_tries_it_once() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let (address, pin) = (acceptor.address().to_string(), accepts.certificate.sha256());
    let scratch = Scratch::new("passwords");
    let file = scratch.file("password", format!("{RIGHT}\n").as_bytes());
    let with = |more: &[&'static str]| [&[&*address, "-u", "LAB\\alice", "--pin", &pin], more].concat();
    let ways = [
        program(&with(&[]), "", Some(RIGHT)),
        program(&[with(&["--password-file"]), vec![&*file]].concat(), "", Some("another")),
        program(&with(&["--password-stdin"]), &format!("{RIGHT}\n"), None),
    ];
    for (code, said) in ways {
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("accepts the credentials of LAB\\alice"), "{said}");
        assert!(!said.contains("0x00000004"), "no enumeration: {said}");
    }
    assert_eq!(acceptor.logons(), 3);
    let (code, said) = program(&with(&[]), "", Some("wrong"));
    assert_eq!(code, Some(51), "{said}");
    // Not pinned: nothing is sent, and what to do stands there.
    let (code, said) = program(&[&address, "-u", "alice"], "", Some(RIGHT));
    assert_eq!((code, said.contains("--pin") && said.contains(&pin)), (Some(54), true), "{said}");
    let (code, said) =
        program(&[&address, "-u", "alice", "--accept-certificate", "-o", "json"], "", Some(RIGHT));
    assert_eq!(code, Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let credentials = serde_json::json!({
        "result": "accepted", "method": "ntlm", "status": null, "account": "alice", "why": null
    });
    assert_eq!(report["credentials"], credentials);
    assert_eq!(acceptor.logons(), 5);
    // A list: one try.
    let list = scratch.file("list", format!("{address}\n").repeat(20).as_bytes());
    let list = format!("@{list}");
    let (code, said) = program(&[&list, "-u", "alice", "--pin", &pin, "-o", "line"], "", Some("wrong"));
    assert_eq!(code, Some(100), "{said}");
    assert_eq!(
        (said.matches("rule=logon-rejected").count(), said.matches("rule=account-stopped").count()),
        (1, 19)
    );
    assert_eq!((acceptor.logons(), acceptor.delegated(), acceptor.errors()), (6, 0, vec![]));
}

#[test]
fn an_account_of_another_client_or_of_a_file_is_proven_where_there_is_a_password() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let address = acceptor.address().to_string();
    let host = format!("/v:{address}");
    // Without a password nobody is asked for one, and the run is one without credentials.
    let (code, said) = program(&[&host, "/u:LAB\\alice", "/cert:ignore", "--no-enumerate"], "", None);
    assert!(code == Some(0) && said.contains("are not used without a password"), "{said}");
    assert_eq!(acceptor.logons(), 0);
    let (code, said) = program(&[&host, "/u:LAB\\alice", "/d:LAB", "/cert:ignore"], "", Some(RIGHT));
    assert!(code == Some(0) && said.contains("accepts the credentials of LAB\\alice"), "{said}");
    // What is warned of is a password that stands there; it is not repeated.
    let (code, said) = program(&[&host, "/u:alice", "/d:LAB", "/p:wrong", "/cert-ignore"], "", Some(RIGHT));
    assert!(code == Some(51) && said.contains("can read the password of /p"), "{said}");
    let (code, said) = program(&[&host, "/u:alice", "/cert:deny"], "", Some(RIGHT));
    assert_eq!((code, acceptor.logons()), (Some(54), 2), "{said}");
    // Of two files each has its account; of one account there is one rejection.
    let scratch = Scratch::new("accounts-of-files");
    let file = |name: &str, user: &str| {
        let text = format!("full address:s:{address}\ndomain:s:LAB\nusername:s:{user}\n");
        scratch.file(name, text.as_bytes())
    };
    let files =
        [file("a.rdp", "alice"), file("b.rdp", "LAB\\bob"), file("c.rdp", "ALICE"), file("d.rdp", "a@b@c")];
    let list = scratch.file("list", files.join("\n").as_bytes());
    let arguments = [&*format!("@{list}"), "--accept-certificate", "-o", "line"];
    let (code, said) = program(&arguments, "", Some(RIGHT));
    assert_eq!((code, acceptor.logons()), (Some(0), 5), "{said}");
    assert!(said.contains("d.rdp\": username \"a@b@c\": a user is written as"), "{said}");
    let (_, said) = program(&arguments, "", Some("wrong"));
    assert_eq!((acceptor.logons(), said.matches("rule=account-stopped").count()), (7, 1), "{said}");
    // What is typed wins, also over the domain that stands with the file's user.
    let typed = program(&[&*files[1], "-d", "OTHER", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of OTHER\\bob"), "{typed:?}");
    let typed = program(&[&*files[0], "/d:OTHER", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of OTHER\\alice"), "{typed:?}");
    let typed = program(&[&address, "-u", "alice", "/d:OTHER", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of OTHER\\alice"), "{typed:?}");
    // Of a list that is read but once it is known at its end that nobody had a user.
    let (code, said) = program(&["-", "--domain", "LAB", "--until", "tcp"], &format!("{address}\n"), None);
    assert!(code == Some(2) && said.contains("--domain is of no use without --user"), "{code:?} {said}");
    // Who is typed is meant.
    let typed = program(&[&*files[1], "-u", "LAB\\carol", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of LAB\\carol"), "{typed:?}");
    let nobody = scratch.file("nobody.rdp", format!("full address:s:{address}\n").as_bytes());
    let (code, said) = program(&[&nobody, "--password-stdin"], RIGHT, None);
    assert_eq!((code, said.as_str()), (Some(2), "rdp-probe: --password-stdin is of no use without --user\n"));
}

/// What comes of the program at a terminal of its own, where this is typed once it asks; and whether the terminal shows what is typed
/// after that.
fn at_a_terminal(arguments: &str, typed: &str) -> (String, bool) {
    let command = format!("{} {arguments}; echo \"code $?\"; stty -a", binary().display());
    let mut command = {
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &command, "/dev/null"]);
        script
    };
    command.env_remove("RDP_PASSWORD").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut said = Vec::new();
    // It is not shown from the question on, so that nothing is typed before; a little later it is that in any case.
    while !String::from_utf8_lossy(&said).contains("Password for") {
        let mut octets = [0; 256];
        let count = stdout.read(&mut octets).unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&said));
        said.extend(&octets[..count]);
    }
    stdin.write_all(typed.as_bytes()).unwrap();
    stdout.read_to_end(&mut said).unwrap();
    child.wait().unwrap();
    let said = String::from_utf8(said).unwrap();
    let shows = said.split_ascii_whitespace().any(|word| word == "echo");
    (said, shows)
}

#[test]
fn a_password_is_asked_for_at_a_terminal_and_not_shown() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let arguments = format!("{} -u alice --accept-certificate -o line", acceptor.address());
    let (said, shows) = at_a_terminal(&arguments, &format!("{RIGHT}\n"));
    assert!(said.contains("code 0") && said.contains("Password for \"alice\": ") && shows, "{said}");
    assert!(!said.contains("assword\r") && !said.contains(RIGHT), "{said}");
    let (said, shows) = at_a_terminal(&arguments, "secre\u{3}");
    assert!(said.contains("code 5") && shows && !said.contains("secre"), "{said}");
    assert_eq!(acceptor.logons(), 1);
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_when_the_system_has_it_among_its_roots() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let address = acceptor.address().to_string();
    let [its_own] = accepts.certificate.chain().try_into().unwrap();
    let another = authority();
    let run = |root: &[u8], arguments: &[&str]| {
        let mut command = std::process::Command::new(binary());
        command.args([&[&*address, "-o", "json"], arguments].concat());
        command.env("SSL_CERT_FILE", root_file(root).unwrap()).env("RDP_PASSWORD", RIGHT);
        let Output { status, stdout, .. } = command.stdin(Stdio::null()).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
        (status.code(), report["tls"]["certificate"]["trusted"].clone())
    };
    let user = ["-u", "alice"];
    assert_eq!(run(&its_own, &user), (Some(0), serde_json::json!(true)));
    assert_eq!(acceptor.logons(), 1);
    assert_eq!(run(&another, &user), (Some(54), serde_json::Value::Null));
    // Whatever it is worth, it decides nothing here: the store is not read for it.
    let only_tls = ["--until", "tls"];
    assert_eq!(run(&its_own, &only_tls), (Some(0), serde_json::Value::Null));
    assert_eq!(acceptor.logons(), 1, "no AUTHENTICATE came");
}

#[test]
fn freerdp_takes_the_right_password_and_no_other() {
    let peer = freerdp::start(freerdp::Security::Nla);
    let address = peer.address().to_string();
    let (code, said) = program(&[&address, "-o", "json"], "", None);
    assert_eq!(code, Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let pin = report["tls"]["certificate"]["sha256"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    for (user, password) in [("user", "password"), ("user", "wrong"), ("nobody", "password")] {
        let (code, said) = program(&[&address, "-u", user, "--pin", &pin, "-o", "line"], "", Some(password));
        seen.push((code, said));
    }
    let (code, said) = program(&[&address, "-u", "user", "-o", "line"], "", Some("password"));
    seen.push((code, said));
    let codes: Vec<_> = seen.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [Some(0), Some(51), Some(51), Some(54)], "{seen:#?}");
}

#[test]
fn a_server_without_network_level_authentication_is_no_place_to_test_credentials() {
    let peer = xrdp::start(xrdp::SecurityLayer::Tls, xrdp::Certificate::SelfSigned);
    let address = peer.address().to_string();
    let arguments = [&address, "-u", "user", "--accept-certificate", "-o", "json"];
    let (code, said) = program(&arguments, "", Some("password"));
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["credentials"]["result"]), (Some(54), &"not_testable".into()), "{said}");
    assert_eq!(report["verdict"]["rule"], "logon-not-offered");
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

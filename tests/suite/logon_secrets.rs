//! What of a password comes to whoever listens to the library: nothing, in any form.
use std::fmt::{Debug, Write as _};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use rdp_probe::{Prober, Target};
use rdp_probe_core::base64;
use rdp_probe_testkit::acceptor::Acceptor;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

use crate::logon::{RIGHT, accepted, accepts, credentials, target};
use crate::usage::on_runtime;

/// Hears everything, and keeps it as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ears(Arc<Mutex<String>>);

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Ears {
    /// All of it.
    pub(crate) fn heard(&self) -> String {
        self.0.lock().unwrap().clone()
    }

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
pub(crate) fn forms(password: &str) -> Vec<String> {
    // MD4 of the password in UTF-16LE: the NT hash.
    const NT_HASH: &str = "1e4d2583529eb3568dcdc75be5fcade1";
    let utf16: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hash: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&NT_HASH[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let mut forms = vec![password.to_owned(), format!("{password:?}").trim_matches('"').to_owned()];
    for octets in [password.as_bytes(), &utf16, &hash] {
        forms.extend(forms_of(octets));
    }
    forms
}

/// Each form that octets could have in a text.
pub(crate) fn forms_of(octets: &[u8]) -> Vec<String> {
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let list = format!("{octets:?}");
    vec![hex.to_uppercase(), hex, list.trim_matches(['[', ']']).to_owned(), base64(octets)]
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
    let heard = ears.heard();
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
    command.args(["--exact", "logon_secrets::with_a_logger", "--ignored", "--nocapture"]);
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

//! What of a password comes to whoever listens to the library: nothing, in any form.
use std::fmt::{Debug, Write as _};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md4::{Digest as _, Md4};
use rdp_probe::{Prober, Target};
use rdp_probe_core::base64;
use rdp_probe_testkit::acceptor::Acceptor;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

use crate::logon::{RIGHT, accepted, accepts, credentials, target};
use crate::usage::on_runtime;

/// A password that nobody has, and that no word of ours is like.
pub(crate) const WRONG: &str = "n\u{f8}t-Tru3-Zebra!";

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

/// Each form that a password could have in a text, or what is made of it alone.
pub(crate) fn forms(password: &str) -> Vec<String> {
    forms_of_text(password).into_iter().chain(forms_of(&nt_hash(password))).collect()
}

/// The NT hash: MD4 of a password in UTF-16LE ([MS-NLMP] 3.3.1).
pub(crate) fn nt_hash(password: &str) -> Vec<u8> {
    Md4::digest(utf16(password)).to_vec()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Each form that a text could have in another one: as it is and escaped, in UTF-8 and in UTF-16LE, and what octets could have.
pub(crate) fn forms_of_text(text: &str) -> Vec<String> {
    let utf16 = utf16(text);
    let wide = String::from_utf8_lossy(&utf16).into_owned();
    let plain = [text.to_owned(), wide];
    let escaped = plain.iter().map(|text| format!("{text:?}").trim_matches('"').to_owned());
    let in_json = plain.iter().map(|text| Value::from(text.as_str()).to_string().trim_matches('"').to_owned());
    let octets = [text.as_bytes(), &utf16].into_iter().flat_map(forms_of);
    plain.iter().cloned().chain(escaped).chain(in_json).chain(octets).collect()
}

/// Each form that octets could have in a text, also as a part of more.
pub(crate) fn forms_of(octets: &[u8]) -> Vec<String> {
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let list = format!("{octets:?}");
    let mut forms = vec![hex.to_uppercase(), hex, list.trim_matches(['[', ']']).to_owned()];
    // Where so many octets stand before them. What the neighbours have a part in is left out.
    for before in 0..3_usize {
        let all = [&vec![0; before][..], octets].concat();
        let text = base64(&all);
        let whole = all.len() * 8 / 6;
        forms.extend(text.get((before * 8).div_ceil(6)..whole).map(str::to_owned));
    }
    forms
}

/// The first of these that is in a text.
pub(crate) fn told<'a>(text: &str, forms: &'a [String]) -> Option<&'a str> {
    forms.iter().map(String::as_str).find(|form| text.contains(form))
}

#[test]
fn each_form_of_a_secret_is_found_in_a_text_that_has_it() {
    // The example of [MS-NLMP] 4.2.2.1.2.
    let hash = [0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca, 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8, 0x52];
    assert_eq!(nt_hash("Password"), hash);
    let secret = "p\u{e4}ss \"w\u{14d}rd\"";
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hash = nt_hash(secret);
    let mut texts = vec![
        format!("it is {secret}."),
        format!("it is {secret:?}."),
        format!("{}", json!({ "password": secret })),
        format!("{}", String::from_utf8_lossy(&wide)),
        format!("{:?}", String::from_utf8_lossy(&wide)),
        format!("{}", json!([String::from_utf8_lossy(&wide)])),
    ];
    for octets in [secret.as_bytes(), &wide, &hash] {
        for (before, behind) in [(0, 0), (1, 2), (2, 1), (3, 3), (4, 2)] {
            let all = [&vec![7; before][..], octets, &vec![9; behind]].concat();
            texts.push(format!("{all:?}"));
            texts.push(all.iter().map(|octet| format!("{octet:02x}")).collect());
            texts.push(all.iter().map(|octet| format!("{octet:02X}")).collect());
            texts.push(STANDARD.encode(&all));
        }
    }
    let forms = forms(secret);
    for text in &texts {
        assert!(told(text, &forms).is_some(), "{text}");
        assert_eq!(told(text, &self::forms("another one")), None, "{text}");
    }
    for form in &forms {
        assert!(form.len() >= 8, "{form:?} may be in any text");
    }
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
            for password in [RIGHT, WRONG] {
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
    for password in [RIGHT, WRONG] {
        assert_eq!(told(&heard, &forms(password)), None, "the subscriber heard it");
        assert_eq!(told(&said, &forms(password)), None, "it was printed");
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
        for password in [RIGHT, WRONG] {
            let prober = Prober::new().credentials(credentials("alice", password));
            let report = prober.probe(target.clone()).pin(pin).build().unwrap().run().await;
            assert_eq!(accepted(&report), password == RIGHT);
        }
    });
    let heard = LOGGER.0.lock().unwrap().clone();
    assert!(!heard.contains("<sspi"), "the logger heard the library that has the secret: {heard}");
    for password in [RIGHT, WRONG] {
        assert_eq!(told(&heard, &forms(password)), None, "the logger heard it");
    }
}

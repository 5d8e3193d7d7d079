//! What the library's feature `tracing` tells, seen by a subscriber of our own.
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, MutexGuard};

use rdp_probe::{Probe, Target};
use rdp_probe_testkit::target::ScriptedTarget;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::scenarios::all;

/// One span.
#[derive(Debug, Default)]
struct Seen {
    fields: BTreeMap<&'static str, String>,
    entered: usize,
    left: usize,
    closed: bool,
    /// The fields of each event in it, without times.
    events: Vec<String>,
}

/// Keeps the library's spans, in their order; ids count from 1.
#[derive(Clone, Debug, Default)]
struct Keeper(Arc<Mutex<Vec<Seen>>>);

impl Keeper {
    fn lock(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.0.lock().unwrap()
    }

    fn with(&self, id: &Id, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock()[usize::try_from(id.into_u64()).unwrap() - 1]);
    }
}

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "rdp_probe"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        assert_eq!((attributes.metadata().name(), *attributes.metadata().level()), ("stage", Level::DEBUG));
        let mut seen = Seen::default();
        attributes.record(&mut Fields(&mut seen.fields));
        let mut spans = self.lock();
        spans.push(seen);
        Id::from_u64(u64::try_from(spans.len()).unwrap())
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.with(id, |seen| values.record(&mut Fields(&mut seen.fields)));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        assert_eq!(*event.metadata().level(), Level::DEBUG);
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        assert!(fields.remove("took").is_some(), "{fields:?}");
        let mut text = fields.remove("message").unwrap();
        for (name, value) in fields {
            write!(text, " {name}={value}").unwrap();
        }
        self.with(event.parent().unwrap(), |seen| seen.events.push(text));
    }

    fn enter(&self, id: &Id) {
        self.with(id, |seen| seen.entered += 1);
    }

    fn exit(&self, id: &Id) {
        self.with(id, |seen| seen.left += 1);
    }

    fn try_close(&self, id: Id) -> bool {
        self.with(&id, |seen| seen.closed = true);
        true
    }
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

/// Each span as `stage hop peer: events`, where the peer is the place among the target's addresses.
fn told(name: &str) -> Vec<String> {
    let scenario = all().iter().find(|scenario| scenario.name == name).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let keeper = Keeper::default();
    let guard = tracing::subscriber::set_default(keeper.clone());
    let peers = runtime.block_on(async {
        let target = ScriptedTarget::start(scenario).await.unwrap();
        let plan = scenario.plan(target.port());
        let peers: Vec<String> = target.addresses().map(|address| address.to_string()).collect();
        let probe = Probe::builder(Target::new(plan.target.host.clone(), plan.target.port)).plan(plan);
        probe.resolve_to(target.addresses().collect()).build().unwrap().run().await;
        assert_eq!(target.finish().await.violations, []);
        peers
    });
    drop(guard);
    let spans = keeper.lock();
    let mut lines = Vec::new();
    for span in &*spans {
        assert!(span.closed && span.entered > 0 && span.entered == span.left, "{span:?}");
        let peer = match span.fields.get("peer") {
            Some(peer) => peers.iter().position(|known| known == peer).unwrap().to_string(),
            None => "-".to_owned(),
        };
        let events = span.events.join(", ");
        lines.push(format!("{} {} {peer}: {events}", span.fields["stage"], span.fields["hop"]));
    }
    lines
}

#[test]
fn each_stage_has_a_span_that_says_whom_it_talked_to_and_how_it_ended() {
    assert_eq!(
        told("challenge-of-a-workgroup"),
        [
            "tcp_connect target 0: passed",
            "connection_initiation target 0: passed",
            "tls target 0: passed",
            "credssp target 0: passed",
        ]
    );
}

#[test]
fn a_span_of_a_stage_that_failed_says_so_without_an_octet_of_the_peers() {
    assert_eq!(
        told("ssh-banner"),
        [
            "tcp_connect target 0: passed",
            "connection_initiation target 0: failed failure=target: connection_initiation, awaiting Connection Confirm: \
             peer speaks SSH",
        ]
    );
}

#[test]
fn each_connection_has_spans_of_its_own_and_the_peer_is_the_address_that_was_tried_last() {
    assert_eq!(
        told("first-address-refuses-second-works"),
        ["resolve target -: passed", "tcp_connect target 1: passed", "connection_initiation target 1: passed"]
    );
    assert_eq!(
        told("fallback-to-tls"),
        [
            "tcp_connect target 0: passed",
            "connection_initiation target 0: failed failure=target: connection_initiation, awaiting Connection Confirm: \
             server refused the offered security protocols (failureCode 0x00000001)",
            "tcp_connect target 0: passed",
            "connection_initiation target 0: passed",
        ]
    );
}

//! The TLS scout: one hello that offers everything, to read in the clear what a server would choose.
use rdp_probe_wire::tls::{Certificate, FlightEnd, Hello, HelloForm, ServerFlight, client_hello};

use super::{Blamed, Context, Output, Step, Summary};
use crate::certificate::CertificateFacts;
use crate::close::Close;
use crate::event::Event;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::stage::Stage;
use crate::target::Host;
use crate::tls::{ScoutFacts, TlsFault, TlsFaultKind};

/// Waits for the server's first flight.
#[derive(Debug)]
pub struct ExpectServerFlight {
    context: Context,
    reduced: bool,
}

/// The longest certificate that is read, in octets: none is as long.
const MAX_CERTIFICATE: usize = 0x1_0000;

impl ExpectServerFlight {
    pub(super) const fn new(context: Context, reduced: bool) -> Self {
        Self { context, reduced }
    }

    /// Sends the ClientHello.
    pub(super) fn enter(&self, out: &mut Output) {
        let plan = self.context.plan();
        let name = plan.asked_name();
        let server_name = match Host::parse(&name) {
            Ok(Host::Name(_)) if name.is_ascii() && !name.contains('_') => Some(name.as_str()),
            Ok(Host::Name(_) | Host::Ip(_)) | Err(_) => None,
        };
        let form = if self.reduced { HelloForm::Reduced } else { HelloForm::Full };
        let [random, session_id, key_share] = plan.entropy.0;
        let hello = Hello { random, session_id, key_share, server_name, form };
        client_hello(&mut out.octets, &hello);
    }

    pub(super) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Blamed> {
        let (octets, closed) = match event {
            Event::Pdu(octets) | Event::Stray(octets) => (octets, None),
            Event::Closed { how, partial } => (partial, Some(how)),
            Event::Resolved(_) | Event::Dialed(_) | Event::Tls(_) => return Err(Blamed::out_of_turn()),
        };
        let flight = ServerFlight::read(octets);
        if let Some(hello) = flight.hello {
            let (mut certificate, mut length) = (None, 0);
            if let Some(list) = flight.certificates {
                length = list.len();
                certificate = list.first().and_then(read);
            }
            let facts = ScoutFacts::new(hello.version, hello.cipher, certificate, length);
            out.facts.push(Observed::Scouted(Box::new(facts)));
            return Ok(Step::Done(Summary { reached: Stage::Tls }));
        }
        let kind = match (flight.alert, flight.end, closed) {
            (Some(alert), _, _) => TlsFaultKind::Alert(alert.description),
            (None, FlightEnd::ClearText(_), _) => TlsFaultKind::NotTls,
            (None, FlightEnd::Malformed(_), _) => TlsFaultKind::Misbehaved,
            (None, _, Some(how)) => TlsFaultKind::Closed(how),
            (None, _, None) => TlsFaultKind::Misbehaved,
        };
        let hop = if closed == Some(Close::Cancelled) { Hop::Client } else { Hop::Target };
        Err(Blamed { hop, kind: FailureKind::Tls(TlsFault::new(kind, octets)) })
    }
}

/// A certificate that spans records is put together first.
fn read(certificate: Certificate<'_>) -> Option<CertificateFacts> {
    if let Some(der) = certificate.as_slice() {
        return CertificateFacts::read(der);
    }
    if certificate.len() > MAX_CERTIFICATE {
        return None;
    }
    let mut buffer = vec![0; certificate.len()];
    CertificateFacts::read(certificate.copy_to(&mut buffer)?)
}

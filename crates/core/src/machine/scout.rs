//! The TLS scout: one hello that offers everything, to read in the clear what a server would choose.
use rdp_probe_wire::tls::{Certificate, FlightEnd, Hello, HelloForm, ServerFlight, client_hello};

use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::certificate::CertificateFacts;
use crate::close::Close;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::hop::Hop;
use crate::stage::Stage;
use crate::target::Host;
use crate::tls::{ScoutFacts, TlsFault, TlsFaultKind};
use crate::wants::Wants;

/// Waits for the server's first flight.
#[derive(Debug)]
pub(super) struct ExpectServerFlight {
    hop: Hop,
    form: HelloForm,
}

/// The longest certificate that is read, in octets: none is as long.
const MAX_CERTIFICATE: usize = 0x1_0000;

impl ExpectServerFlight {
    /// A hello to the target.
    pub(super) const fn new(form: HelloForm) -> Self {
        Self { hop: Hop::Target, form }
    }

    /// A hello to the gateway.
    pub(super) const fn to_gateway(form: HelloForm) -> Self {
        Self { hop: Hop::Gateway, form }
    }
}

impl State for ExpectServerFlight {
    fn stage(&self) -> Stage {
        if self.hop == Hop::Gateway { Stage::GatewayTls } else { Stage::Tls }
    }

    fn hop(&self) -> Hop {
        self.hop
    }

    fn awaiting(&self) -> Awaited {
        Awaited::ServerHello
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::ServerFlight)
    }

    /// Sends the ClientHello.
    fn enter(&self, context: &Context, out: &mut Output) {
        let name = context.leg().asked_name();
        let server_name = match Host::parse(&name) {
            Ok(Host::Name(_)) if name.is_ascii() && !name.contains('_') => Some(name.as_str()),
            Ok(Host::Name(_) | Host::Ip(_)) | Err(_) => None,
        };
        let entropy = &context.plan().entropy;
        let hello = Hello {
            random: entropy.draw("scout: random"),
            session_id: entropy.draw("scout: session id"),
            key_share: entropy.draw("scout: key share"),
            server_name,
            form: self.form,
        };
        client_hello(&mut out.octets, &hello);
    }

    fn on_pdu(self: Box<Self>, octets: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        read_flight(octets, None, out)
    }

    fn on_stray(self: Box<Self>, octets: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        read_flight(octets, None, out)
    }

    fn on_closed(
        self: Box<Self>,
        how: Close,
        partial: &[u8],
        _: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        read_flight(partial, Some(how), out)
    }
}

/// What the octets tell, whole or not.
fn read_flight(octets: &[u8], closed: Option<Close>, out: &mut Output) -> Result<Step, FailureKind> {
    let flight = ServerFlight::read(octets);
    if let Some(hello) = flight.hello {
        let (mut certificate, mut length) = (None, 0);
        if let Some(list) = flight.certificates {
            length = list.len();
            certificate = list.first().and_then(read);
        }
        let facts = ScoutFacts::new(hello.version, hello.cipher, certificate, length)
            .with_key_exchange(flight.group, flight.signature);
        out.facts.push(Observed::Scouted(Box::new(facts)));
        return Ok(Step::Done(NotTried::NotSelected));
    }
    let kind = match (flight.alert, flight.end, closed) {
        (Some(alert), _, _) => TlsFaultKind::Alert(alert.description),
        (None, FlightEnd::ClearText(_), _) => TlsFaultKind::NotTls,
        (None, FlightEnd::Malformed(_), _) => TlsFaultKind::Misbehaved,
        (None, _, Some(how)) => TlsFaultKind::Closed(how),
        (None, _, None) => TlsFaultKind::Misbehaved,
    };
    Err(FailureKind::Tls(TlsFault::new(kind, octets)))
}

/// A certificate that spans records is put together first.
fn read(certificate: Certificate<'_>) -> Option<CertificateFacts> {
    if let Some(der) = certificate.as_slice() {
        return Some(CertificateFacts::read(der));
    }
    if certificate.len() > MAX_CERTIFICATE {
        return None;
    }
    let mut buffer = vec![0; certificate.len()];
    Some(CertificateFacts::read(certificate.copy_to(&mut buffer)?))
}

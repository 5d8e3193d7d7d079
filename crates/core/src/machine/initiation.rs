//! Stage `connection_initiation`: Connection Request, Connection Confirm, and all that servers say in its place
//! ([MS-RDPBCGR] 1.3.1.1, 3.2.5.3.1 and 3.2.5.3.2).
use rdp_probe_wire::first_octets::{FirstOctets, Foreign, classify_last};
use rdp_probe_wire::mcs::DisconnectProviderUltimatum;
use rdp_probe_wire::nego::{NegRequest, Negotiation, Protocols, RequestFlags};
use rdp_probe_wire::preconnection::PreconnectionPdu;
use rdp_probe_wire::x224::{
    self, ConnectionConfirm, ConnectionRequest, DisconnectRequest, TpduCode, TpduError,
};
use rdp_probe_wire::{Problem, WireError};

use super::{
    Blamed, Context, ExpectConnectResponse, ExpectServerFlight, ExpectTls, Output, State, Step, stream_ended,
};
use crate::attempt::Purpose;
use crate::close::Close;
use crate::event::Event;
use crate::fact::{Observed, Oddity};
use crate::failure::FailureKind;
use crate::octets::Octets;
use crate::plan::Routing;
use crate::stage::Stage;

/// Waits for the X.224 Connection Confirm.
#[derive(Debug)]
pub struct ExpectConnectionConfirm {
    context: Context,
}

impl ExpectConnectionConfirm {
    pub(super) const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Sends the Connection Request, after the pre-connection PDU when there is a blob for one.
    pub(super) fn enter(&self, out: &mut Output) {
        let context = &self.context;
        let protocols = context.attempt().offer;
        let negotiation = Some(NegRequest { flags: RequestFlags::default(), protocols });
        let routing = match &context.plan().routing {
            Routing::None => x224::Routing::None,
            Routing::Cookie(name) => x224::Routing::Cookie(name),
            Routing::Token(token) => x224::Routing::Token(token),
        };
        // So is a blob that cannot be sent.
        if let Some(blob) = &context.plan().preconnection_blob {
            _ = PreconnectionPdu::encode(blob, &mut out.octets);
        }
        // A cookie that does not fit is refused where it is typed; here it is left out rather than not asking at all.
        if (ConnectionRequest { routing, negotiation }).encode(&mut out.octets).is_err() {
            let bare = ConnectionRequest { routing: x224::Routing::None, negotiation }.encode(&mut out.octets);
            debug_assert!(bare.is_ok(), "nineteen octets fit");
        }
        out.facts.push(Observed::Offered(protocols));
    }

    pub(super) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Blamed> {
        match event {
            Event::Pdu(pdu) => self.on_pdu(pdu, out),
            Event::Stray(octets) => Err(foreign(octets)),
            Event::Closed { how: how @ Close::Cancelled, partial } => Err(stream_ended(how, partial)),
            // What is no TPKT is another protocol's, however its stream ended.
            Event::Closed { how, partial } => match classify_last(partial) {
                FirstOctets::Foreign(_) => Err(foreign(partial)),
                FirstOctets::Tpkt | FirstOctets::Undecided => Err(stream_ended(how, partial)),
            },
            Event::Resolved(_) | Event::Dialed(_) | Event::Tls(_) => Err(Blamed::out_of_turn()),
        }
    }

    fn on_pdu(self, pdu: &[u8], out: &mut Output) -> Result<Step, Blamed> {
        let code = TpduCode::of(pdu).map_err(|error| malformed(error, pdu))?;
        match code {
            TpduCode::CONNECTION_CONFIRM => {
                let confirm = ConnectionConfirm::parse(pdu).map_err(|error| malformed(error, pdu))?;
                self.on_confirm(confirm, out)
            }
            TpduCode::DISCONNECT_REQUEST => {
                let request = DisconnectRequest::parse(pdu).map_err(|error| malformed(error, pdu))?;
                Err(Blamed::target(FailureKind::DisconnectRequest { reason: request.reason }))
            }
            TpduCode::ERROR => {
                let error = TpduError::parse(pdu).map_err(|error| malformed(error, pdu))?;
                Err(Blamed::target(FailureKind::TpduError { cause: error.cause }))
            }
            _ => Err(Blamed::target(match DisconnectProviderUltimatum::parse(pdu) {
                Ok(ultimatum) => FailureKind::Ultimatum(ultimatum.reason),
                Err(_) => FailureKind::OtherTpdu { code, head: Octets::of(pdu) },
            })),
        }
    }

    fn on_confirm(self, confirm: ConnectionConfirm, out: &mut Output) -> Result<Step, Blamed> {
        out.facts.push(Observed::SourceReference(confirm.src_ref));
        let mut odd = |field, value: u32, usual: u32| {
            if value != usual {
                out.facts.push(Observed::Oddity { field, value });
            }
        };
        odd(Oddity::Surplus, u32::from(confirm.surplus), 0);
        let offered = self.context.attempt().offer;
        let selected = match confirm.negotiation {
            Negotiation::Absent => {
                out.facts.push(Observed::NoNegotiation);
                Protocols::RDP
            }
            Negotiation::Response(response) => {
                odd(Oddity::BlockLength, u32::from(response.length), 8);
                out.facts.push(Observed::Selected { protocol: response.protocol, flags: response.flags });
                response.protocol
            }
            Negotiation::Failure(failure) => {
                odd(Oddity::BlockLength, u32::from(failure.length), 8);
                out.facts.push(Observed::Refused(failure.code));
                return Err(Blamed::target(FailureKind::NegotiationRefused(failure.code)));
            }
        };
        // Standard RDP Security is always admissible; anything else must be one of the protocols that were offered.
        let one = selected.is_standard() || selected.name().is_some();
        if !one || !offered.contains(selected) {
            return Err(Blamed::target(FailureKind::UnrequestedProtocol { offered, selected }));
        }
        // An enumeration asks what the server does with a mask, and every answer answers it.
        let asked = self.context.plan().security.insists_on();
        let purpose = self.context.attempt().purpose;
        let insists = !purpose.enumerates() && !matches!(purpose, Purpose::Scout { .. });
        match asked {
            Some(asked) if insists && !selected.is_standard() && asked != selected => {
                Err(Blamed::target(FailureKind::OtherProtocol { asked, selected }))
            }
            Some(_) | None => Ok(self.context.passed(Stage::ConnectionInitiation, |context| {
                match context.attempt().purpose {
                    _ if selected.is_standard() => {
                        State::ExpectConnectResponse(ExpectConnectResponse::new(context, selected))
                    }
                    Purpose::Scout { reduced } => {
                        State::ExpectServerFlight(ExpectServerFlight::new(context, reduced))
                    }
                    Purpose::Main
                    | Purpose::Fallback
                    | Purpose::Address(_)
                    | Purpose::Enumerate(_)
                    | Purpose::Method(_) => State::ExpectTls(ExpectTls::new(context, selected)),
                }
            })),
        }
    }
}

fn foreign(octets: &[u8]) -> Blamed {
    let protocol = match classify_last(octets) {
        FirstOctets::Foreign(protocol) => protocol,
        FirstOctets::Tpkt | FirstOctets::Undecided => Foreign::Unknown,
    };
    Blamed::target(FailureKind::Foreign { protocol, head: Octets::of(octets) })
}

/// A Connection Confirm with ISO-TSAP parameters is another TPKT service's; anything else is a broken one.
fn malformed(error: WireError, pdu: &[u8]) -> Blamed {
    // C0 TPDU size, C1 calling TSAP, C2 called TSAP (ITU-T X.224 13.3.4).
    let tsap = error.field == "type" && matches!(error.problem, Problem::Value(0xC0..=0xC2));
    if tsap {
        let head = Octets::of(pdu);
        return Blamed::target(FailureKind::Foreign { protocol: Foreign::IsoTsap, head });
    }
    super::malformed(error, pdu)
}

/// What a TPDU in the place of another one is.
pub(super) fn other_tpdu(pdu: &[u8]) -> FailureKind {
    let read = || {
        Ok(match TpduCode::of(pdu)? {
            TpduCode::DISCONNECT_REQUEST => {
                FailureKind::DisconnectRequest { reason: DisconnectRequest::parse(pdu)?.reason }
            }
            TpduCode::ERROR => FailureKind::TpduError { cause: TpduError::parse(pdu)?.cause },
            code => FailureKind::OtherTpdu { code, head: Octets::of(pdu) },
        })
    };
    read().unwrap_or_else(|error: WireError| FailureKind::Malformed {
        error: error.into(),
        head: Octets::of(pdu),
    })
}

//! Stage `connection_initiation`: Connection Request, Connection Confirm, and all that servers say in its place
//! ([MS-RDPBCGR] 1.3.1.1, 3.2.5.3.1 and 3.2.5.3.2).
use rdp_probe_wire::first_octets::{FirstOctets, Foreign, classify_last, over_tpkt};
use rdp_probe_wire::mcs::DisconnectProviderUltimatum;
use rdp_probe_wire::nego::{FailureCode, NegRequest, Negotiation, Protocols, RequestFlags, ResponseFlags};
use rdp_probe_wire::preconnection::PreconnectionPdu;
use rdp_probe_wire::tls::HelloForm;
use rdp_probe_wire::x224::{
    self, ConnectionConfirm, ConnectionRequest, DisconnectRequest, TpduCode, TpduError,
};
use rdp_probe_wire::{Problem, WireError};

use super::connect::ExpectConnectResponse;
use super::in_place;
use super::scout::ExpectServerFlight;
use super::state::{Asked, Context, Output, State, Step};
use super::tls::ExpectTls;
use crate::attempt::{NotTried, Purpose};
use crate::awaited::Awaited;
use crate::close::Close;
use crate::fact::{Observed, Oddity};
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::look::Look;
use crate::octets::Octets;
use crate::plan::Routing;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the X.224 Connection Confirm.
#[derive(Debug)]
pub(super) struct ExpectConnectionConfirm;

impl State for ExpectConnectionConfirm {
    fn stage(&self) -> Stage {
        Stage::ConnectionInitiation
    }

    fn awaiting(&self) -> Awaited {
        Awaited::ConnectionConfirm
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Tpkt)
    }

    /// Sends the Connection Request, after the pre-connection PDU when there is a blob for one.
    fn enter(&self, context: &Context, out: &mut Output) {
        let Asked { offer: protocols, purpose, cookie, .. } = context.asked();
        if purpose == Purpose::Look(Look::ProxyHeader) {
            out.octets.extend_from_slice(Look::PROXY_HEADER);
        }
        let negotiates = purpose != Purpose::Look(Look::Bare);
        let restricted = context.plan().restricted_admin && purpose.is_path();
        let flags =
            if restricted { RequestFlags::RESTRICTED_ADMIN_MODE_REQUIRED } else { RequestFlags::default() };
        let negotiation = negotiates.then_some(NegRequest { flags, protocols });
        let routing = match &context.plan().routing {
            Routing::None if cookie => x224::Routing::Cookie(Look::COOKIE),
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

    fn on_pdu(self: Box<Self>, pdu: &[u8], context: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let code = TpduCode::of(pdu).map_err(|error| malformed(error, pdu))?;
        match code {
            TpduCode::CONNECTION_CONFIRM => {
                let confirm = ConnectionConfirm::parse(pdu).map_err(|error| malformed(error, pdu))?;
                on_confirm(confirm, context, out)
            }
            TpduCode::DISCONNECT_REQUEST => {
                let request = DisconnectRequest::parse(pdu).map_err(|error| malformed(error, pdu))?;
                Err(FailureKind::DisconnectRequest { reason: request.reason })
            }
            TpduCode::ERROR => {
                let error = TpduError::parse(pdu).map_err(|error| malformed(error, pdu))?;
                Err(FailureKind::TpduError { cause: error.cause })
            }
            _ => Err(match DisconnectProviderUltimatum::parse(pdu) {
                Ok(ultimatum) => FailureKind::Ultimatum(ultimatum.reason),
                Err(_) => {
                    by_another(pdu).unwrap_or_else(|| FailureKind::OtherTpdu { code, head: Octets::of(pdu) })
                }
            }),
        }
    }

    fn on_stray(self: Box<Self>, octets: &[u8], _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Err(foreign(octets))
    }

    /// What is no TPKT is another protocol's, however its stream ended.
    fn on_closed(
        self: Box<Self>,
        how: Close,
        partial: &[u8],
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        if how != Close::Cancelled
            && let Some(kind) = by_another(partial)
        {
            return Err(kind);
        }
        match classify_last(partial) {
            FirstOctets::Foreign(_) if how != Close::Cancelled => Err(foreign(partial)),
            FirstOctets::Foreign(_) | FirstOctets::Tpkt | FirstOctets::Undecided => {
                Err(FailureKind::Closed { how, partial: Octets::of(partial) })
            }
        }
    }
}

fn on_confirm(confirm: ConnectionConfirm, context: &Context, out: &mut Output) -> Result<Step, FailureKind> {
    out.facts.push(Observed::SourceReference(confirm.src_ref));
    let mut odd = |field, value: u32, usual: u32| {
        if value != usual {
            out.facts.push(Observed::Oddity { field, value });
        }
    };
    odd(Oddity::Surplus, u32::from(confirm.surplus), 0);
    let offered = context.asked().offer;
    let mut restricted_admin = false;
    let selected = match confirm.negotiation {
        Negotiation::Absent => {
            out.facts.push(Observed::NoNegotiation);
            Protocols::RDP
        }
        Negotiation::Response(response) => {
            odd(Oddity::BlockLength, u32::from(response.length), 8);
            out.facts.push(Observed::Selected { protocol: response.protocol, flags: response.flags });
            restricted_admin = response.flags.contains(ResponseFlags::RESTRICTED_ADMIN_MODE_SUPPORTED);
            response.protocol
        }
        Negotiation::Failure(failure) => {
            odd(Oddity::BlockLength, u32::from(failure.length), 8);
            out.facts.push(Observed::Refused(failure.code));
            let leaves_tls = failure.code == FailureCode::SSL_NOT_ALLOWED_BY_SERVER && !offered.is_standard();
            return Err(if leaves_tls && needs_certificate(context) {
                FailureKind::PolicyWithoutCertificate
            } else {
                FailureKind::NegotiationRefused(failure.code)
            });
        }
    };
    // Standard RDP Security is always admissible; anything else must be one of the protocols that were offered.
    let one = selected.is_standard() || selected.name().is_some();
    if !one || !offered.contains(selected) {
        return Err(FailureKind::UnrequestedProtocol { offered, selected });
    }
    if selected.is_standard() && needs_certificate(context) {
        return Err(FailureKind::PolicyWithoutCertificate);
    }
    // An enumeration asks what the server does with a mask, and every answer answers it.
    let asked = context.plan().security.insists_on();
    let purpose = context.asked().purpose;
    let insists = purpose.is_path();
    match asked {
        Some(asked) if insists && !selected.is_standard() && asked != selected => {
            Err(FailureKind::OtherProtocol { asked, selected })
        }
        // To such a server nobody logs on who does not want to give it the password.
        Some(_) | None
            if context.plan().restricted_admin
                && insists
                && matches!(selected, Protocols::HYBRID | Protocols::HYBRID_EX)
                && !restricted_admin =>
        {
            Ok(Step::Done(NotTried::NoRestrictedAdmin))
        }
        Some(_) | None => Ok(Step::Continue(match purpose {
            _ if selected.is_standard() => Box::new(ExpectConnectResponse::new(selected)),
            Purpose::Scout { reduced: true } => Box::new(ExpectServerFlight::new(HelloForm::Reduced)),
            Purpose::Scout { reduced: false } => Box::new(ExpectServerFlight::new(HelloForm::Full)),
            Purpose::ScoutCertificate => Box::new(ExpectServerFlight::new(HelloForm::Tls12)),
            Purpose::Look(_)
            | Purpose::Main
            | Purpose::Direct
            | Purpose::Fallback
            | Purpose::Address(_)
            | Purpose::HelloAgain
            | Purpose::SmallSegments(_)
            | Purpose::Enumerate(_)
            | Purpose::Method(_) => Box::new(ExpectTls::new(selected)),
        })),
    }
}

/// Whether the path has to come to a certificate: those of an enumeration and the scout only ask.
fn needs_certificate(context: &Context) -> bool {
    context.asked().purpose.is_path() && context.leg().has_policy()
}

fn foreign(octets: &[u8]) -> FailureKind {
    let protocol = match classify_last(octets) {
        FirstOctets::Foreign(protocol) => protocol,
        FirstOctets::Tpkt | FirstOctets::Undecided => over_tpkt(octets).unwrap_or(Foreign::Unknown),
    };
    FailureKind::Foreign { protocol, head: Octets::of(octets) }
}

/// Octets that begin as TPKT does, and are another protocol's.
fn by_another(octets: &[u8]) -> Option<FailureKind> {
    over_tpkt(octets).map(|protocol| FailureKind::Foreign { protocol, head: Octets::of(octets) })
}

/// A Connection Confirm with ISO-TSAP parameters is another TPKT service's; anything else is a broken one.
fn malformed(error: WireError, pdu: &[u8]) -> FailureKind {
    // C0 TPDU size, C1 calling TSAP, C2 called TSAP (ITU-T X.224 13.3.4).
    let tsap = error.field == "type" && matches!(error.problem, Problem::Value(0xC0..=0xC2));
    if tsap {
        let head = Octets::of(pdu);
        return FailureKind::Foreign { protocol: Foreign::IsoTsap, head };
    }
    if let Some(kind) = by_another(pdu).filter(|_| TpduCode::of(pdu) != Ok(TpduCode::CONNECTION_CONFIRM)) {
        return kind;
    }
    in_place::malformed(error, pdu)
}

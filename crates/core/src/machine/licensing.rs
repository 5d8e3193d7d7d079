//! Stage `licensing`: the server says that no licence is needed, or asks for one ([MS-RDPBCGR] 1.3.1.1, 2.2.1.12; [MS-RDPELE] 3.3.5). None is
//! taken: it ends before the answer that a server issues one for.
use rdp_probe_wire::WireError;
use rdp_probe_wire::license::{
    ErrorAlert, LicenseErrorCode, LicenseMessage, LicenseRequest, StateTransition, error_alert,
    new_license_request,
};
use rdp_probe_wire::mcs::SendDataIndication;
use rdp_probe_wire::ntlm::utf16;
use rdp_probe_wire::security_header::{SecurityFlags, SecurityHeader};
use rdp_probe_wire::server_certificate::ServerCertificate;
use rdp_probe_wire::share::{ServerMessage, SharePdu};

use super::capabilities::ExpectDemandActive;
use super::in_place::malformed;
use super::session::Session;
use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::client_name::ClientName;
use crate::fact::{Licensed, Observed};
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::license_keys::encrypt_premaster;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for a message of licensing.
#[derive(Debug)]
pub(super) struct ExpectLicense {
    session: Session,
    /// Whether the server has asked for a licence, and was answered.
    asked: bool,
}

impl ExpectLicense {
    /// The first one.
    pub(super) const fn first(session: Session) -> Self {
        Self { session, asked: false }
    }

    fn on_message(
        self,
        message: LicenseMessage<'_>,
        pdu: &[u8],
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let licensed = match message {
            LicenseMessage::ErrorAlert(alert) if alert.is_success() => Licensed::ValidClient,
            LicenseMessage::NewLicense => Licensed::NewLicense,
            LicenseMessage::UpgradeLicense => Licensed::UpgradeLicense,
            LicenseMessage::ErrorAlert(ErrorAlert { code, transition, .. }) => {
                return Err(FailureKind::LicenseError { code, transition });
            }
            LicenseMessage::LicenseRequest(request) if !self.asked => {
                self.answer(&request, context, out)?;
                return Ok(Step::Continue(Box::new(Self { asked: true, ..self })));
            }
            LicenseMessage::PlatformChallenge => {
                out.facts.push(Observed::Licensing(Licensed::PlatformChallenge));
                // Who answers the challenge is issued a licence: that is declined.
                let (code, transition) = (LicenseErrorCode::NO_LICENSE, StateTransition::TOTAL_ABORT);
                self.session.send_with(|data| error_alert(code, transition, data), &mut out.octets);
                return Ok(Step::Done(NotTried::LicenseNotTaken));
            }
            LicenseMessage::LicenseRequest(_) | LicenseMessage::Other(_) | LicenseMessage::Encrypted | _ => {
                return Err(FailureKind::NotExpected { head: Octets::of(pdu) });
            }
        };
        out.facts.push(Observed::Licensing(licensed));
        Ok(Step::Continue(Box::new(ExpectDemandActive::first(self.session, out))))
    }

    /// Asks for a new licence, as who has none: the server then says that none is needed, or begins to issue one.
    fn answer(
        &self,
        request: &LicenseRequest<'_>,
        context: &Context,
        out: &mut Output,
    ) -> Result<(), FailureKind> {
        let product = utf16(request.product.product_id, MOST_CHARACTERS).collect();
        let scopes = request.scopes.count();
        out.facts.push(Observed::LicenseRequest { product, version: request.product.version, scopes });
        let plan = context.plan();
        let certificate = ServerCertificate::parse(request.certificate).ok();
        let encrypted = certificate.and_then(|certificate| certificate.key).and_then(|key| {
            let modulus: Vec<u8> = key.modulus_le().collect();
            encrypt_premaster(&premaster(context), &modulus, key.exponent?)
        });
        let Some(encrypted) = encrypted else { return Err(FailureKind::LicenseKey) };
        let random = plan.entropy.draw("license client random");
        let machine = plan.client_name.as_deref().map_or(ClientName::USUAL, ClientName::as_str);
        let mut data = Vec::new();
        // Names have no NUL, and the longest key leaves room for them.
        new_license_request(&random, &encrypted, ClientName::USUAL, machine, &mut data)
            .map_err(|_| FailureKind::LicenseKey)?;
        self.session.send(&data, &mut out.octets);
        Ok(())
    }
}

/// As much of a product's name is kept, in characters.
const MOST_CHARACTERS: usize = 64;

/// A secret of 48 octets, which protects nothing: the server reads no message that it would be used for.
fn premaster(context: &Context) -> [u8; 48] {
    let entropy = &context.plan().entropy;
    let (first, second) =
        (entropy.draw("license premaster secret"), entropy.draw("license premaster secret, 2"));
    let mut secret = [0; 48];
    for (to, from) in secret.iter_mut().zip(first.into_iter().chain(second)) {
        *to = from;
    }
    secret
}

impl State for ExpectLicense {
    fn stage(&self) -> Stage {
        Stage::Licensing
    }

    fn awaiting(&self) -> Awaited {
        Awaited::LicenseMessage
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Tpkt)
    }

    /// Read as a share PDU, a message of licensing could be any.
    fn is_own(&self, pdu: &[u8]) -> bool {
        SendDataIndication::parse(pdu)
            .is_ok_and(|indication| matches!(Said::read(indication.data), Said::License(_)))
    }

    fn on_pdu(
        mut self: Box<Self>,
        pdu: &[u8],
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        match self.session.said(pdu)?.map(Said::read) {
            Some(Said::License(message)) => self.on_message(message, pdu, context, out),
            Some(Said::Malformed(error)) => Err(malformed(error, pdu)),
            // A server that does without it goes on at once.
            Some(Said::Share(ServerMessage::DemandActive(_))) => {
                out.facts.push(Observed::Licensing(Licensed::LeftOut));
                Ok(Step::HandOn(Box::new(ExpectDemandActive::first(self.session, out))))
            }
            Some(Said::Share(_)) | None => {
                self.session.skip(pdu)?;
                Ok(Step::Continue(self))
            }
        }
    }
}

/// What is said while a message of licensing is due.
enum Said<'a> {
    License(LicenseMessage<'a>),
    Share(ServerMessage<'a>),
    Malformed(WireError),
}

impl<'a> Said<'a> {
    /// Tells both apart: the flags of the one stand where the other has its length.
    fn read(data: &'a [u8]) -> Self {
        let (license, share) = (LicenseMessage::parse(data), SharePdu::parse_data(data));
        // A length that is right to the octet, or a type that is known.
        let is_share = |(pdu, behind): &(SharePdu<'_>, &[u8])| {
            let whole = data.first_chunk().map(|length| usize::from(u16::from_le_bytes(*length)));
            whole == Some(data.len()) && behind.is_empty() || !matches!(pdu.message, ServerMessage::Other(_))
        };
        match (license, share) {
            (Ok(message), _) if !matches!(message, LicenseMessage::Other(_) | LicenseMessage::Encrypted) => {
                Self::License(message)
            }
            (_, Ok(read)) if is_share(&read) => Self::Share(read.0.message),
            (Ok(message), _) => Self::License(message),
            (Err(error), Ok((pdu, _))) => {
                let of_license = SecurityHeader::parse(data)
                    .is_ok_and(|header| header.flags.contains(SecurityFlags::LICENSE_PKT));
                if of_license { Self::Malformed(error) } else { Self::Share(pdu.message) }
            }
            (Err(error), Err(_)) => Self::Malformed(error),
        }
    }
}

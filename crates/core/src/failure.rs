//! Why a connection attempt ended: hop, stage, what was due, and the raw evidence.
use std::borrow::Cow;

use rdp_probe_wire::credssp::NtStatus;
use rdp_probe_wire::early_user_auth::EarlyUserAuthorizationResult;
use rdp_probe_wire::first_octets::Foreign;
use rdp_probe_wire::license::{LicenseErrorCode, StateTransition};
use rdp_probe_wire::mcs::{ConferenceResult, McsResult, Reason};
use rdp_probe_wire::nego::{FailureCode, Protocols};
use rdp_probe_wire::share::ErrorInfo;
use rdp_probe_wire::x224::TpduCode;
use rdp_probe_wire::{Layer, Problem, WireError};
use serde::{Deserialize, Serialize};

use crate::auth::AuthFault;
use crate::awaited::Awaited;
use crate::close::{Close, Cut, DialFault, DialFaultKind};
use crate::field::Fields;
use crate::gateway::GatewayFault;
use crate::hop::Hop;
use crate::leg::Leg;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::target::Address;
use crate::tls::{SignatureCheck, TlsFault, TlsFaultKind};

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{hop}: {stage}, awaiting {awaiting}: {kind}")]
#[non_exhaustive]
pub struct Failure {
    /// Who it is laid at.
    pub hop: Hop,
    /// The stage that did not end.
    pub stage: Stage,
    /// What was due.
    pub awaiting: Awaited,
    /// What came instead.
    #[source]
    pub kind: FailureKind,
}

impl Failure {
    /// A failure.
    #[must_use]
    pub const fn new(hop: Hop, stage: Stage, awaiting: Awaited, kind: FailureKind) -> Self {
        Self { hop, stage, awaiting, kind }
    }

    /// Our own limit, or the user, where that is what ended the attempt.
    #[must_use]
    pub fn cut(&self) -> Option<Cut> {
        self.kind.cut()
    }
}

/// What came instead of what was due. Raw codes stay as they were received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// Name resolution failed.
    #[error("name resolution failed ({:?}, code {:?})", .0.kind, .0.os)]
    Resolve(DialFault),
    /// No address could be connected. Of several faults this is the most telling one.
    #[error("connection to {address} failed ({:?}, os error {:?})", .fault.kind, .fault.os)]
    Connect {
        /// The address whose fault it is.
        address: Address,
        /// Why.
        fault: DialFault,
    },
    /// The name has addresses, but none of the family asked for.
    #[error("no address of the family asked for")]
    NoAddressOfFamily,
    /// The stream ended.
    #[error("stream ended while a reply was due ({how:?})")]
    Closed {
        /// How it ended.
        how: Close,
        /// What had arrived of the reply.
        partial: Octets,
    },
    /// RDP_NEG_FAILURE.
    #[error("server refused the offered security protocols (failureCode {:#010x})", .0.0)]
    NegotiationRefused(FailureCode),
    /// The server selected a protocol that was not offered.
    #[error("server selected {selected}, offered was {offered}")]
    UnrequestedProtocol {
        /// What was offered.
        offered: Protocols,
        /// What was selected.
        selected: Protocols,
    },
    /// The server selected another protocol than the one the user insists on; it had been offered beside it.
    #[error("server selected {selected}, asked for was {asked}")]
    OtherProtocol {
        /// What the user insists on.
        asked: Protocols,
        /// What was selected.
        selected: Protocols,
    },
    /// MCS Disconnect Provider Ultimatum.
    #[error("server disconnected (MCS reason {})", .0.0)]
    Ultimatum(Reason),
    /// X.224 Disconnect Request.
    #[error("peer sent an X.224 Disconnect Request (reason {reason})")]
    DisconnectRequest {
        /// `reason`.
        reason: u8,
    },
    /// X.224 TPDU Error.
    #[error("peer sent an X.224 Error (cause {cause})")]
    TpduError {
        /// `reject cause`.
        cause: u8,
    },
    /// A TPDU that has no place here.
    #[error("peer sent another TPDU ({:#04x})", .code.0)]
    OtherTpdu {
        /// Its code.
        code: TpduCode,
        /// Its beginning.
        head: Octets,
    },
    /// Another protocol answers.
    #[error("peer speaks {}", .protocol.name())]
    Foreign {
        /// Which.
        protocol: Foreign,
        /// The beginning of what it said.
        head: Octets,
    },
    /// The reply is not a message this stage can read.
    #[error("malformed reply ({error})")]
    Malformed {
        /// What is wrong with it.
        error: Malformed,
        /// Its beginning.
        head: Octets,
    },
    /// The TLS handshake failed.
    #[error("TLS handshake failed ({:?})", .0.kind)]
    Tls(TlsFault),
    /// The certificate is none of the pinned ones.
    #[error("certificate is not the pinned one")]
    NotPinned,
    /// The certificate does not lead to the roots that were given.
    #[error("certificate does not lead to the given roots")]
    NotTrusted,
    /// Nobody knows whether the server holds the certificate's key, or it does not: the certificate is anybody's.
    #[error("the certificate's key was not proven ({check:?})")]
    KeyNotProven {
        /// What came of checking the handshake's signature.
        check: SignatureCheck,
    },
    /// A certificate was asked for by a policy, and there will be none: the server goes on without TLS.
    #[error("no certificate, which the policy asks for")]
    PolicyWithoutCertificate,
    /// The server answered the first TSRequest with an error ([MS-CSSP] 2.2.1 errorCode).
    #[error("server answered with errorCode {:#010x}", .0.0)]
    CredsspError(NtStatus),
    /// A TSRequest without an NTLM CHALLENGE: SPNEGO without NTLM, a rejection, or no token at all.
    #[error("TSRequest without NTLM CHALLENGE")]
    NoChallenge {
        /// SPNEGO's negState, when there was one.
        state: Option<u8>,
        /// Its beginning.
        head: Octets,
    },
    /// The security context could not go on.
    #[error("the security context could not go on ({})", .0.id())]
    Auth(AuthFault),
    /// A TSRequest without the server's proof.
    #[error("TSRequest without pubKeyAuth")]
    NoProof {
        /// Whether a further token came in its place.
        token: bool,
        /// Its beginning.
        head: Octets,
    },
    /// The server's proof is that of another key than the one that TLS was made with.
    #[error("pubKeyAuth is not that of the server's key")]
    WrongProof,
    /// pubKeyAuth is ours, sent back: servers put such an echo beside the errorCode, in the versions that have none too.
    #[error("pubKeyAuth is our own, sent back")]
    ProofEchoed,
    /// The server changed its version of CredSSP in the midst of the exchange.
    #[error("version of CredSSP changed from {from} to {to}")]
    VersionChanged {
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// The server knows the credentials, and does not let the user connect: an Early User Authorization Result other than success.
    #[error("user not authorized (authorizationResult {:#010x})", .0.0)]
    NotAuthorized(EarlyUserAuthorizationResult),
    /// The server refused the basic settings: MCS Connect Response with another result than rt-successful, or a conference
    /// with another one than success.
    #[error("server refused the connection (MCS result {}, conference result {conference:?})", .result.0)]
    ConnectRefused {
        /// `result` of the Connect Response.
        result: McsResult,
        /// `result` of the GCC Conference Create Response, where there was one.
        conference: Option<ConferenceResult>,
    },
    /// The server refused to attach the user, or to let it join a channel: another result than rt-successful.
    #[error("server refused {} (MCS result {})", if channel.is_some() { "a channel" } else { "the user" }, .result.0)]
    ChannelRefused {
        /// `result`.
        result: McsResult,
        /// The channel that was to be joined; `None` where the user was to be attached.
        channel: Option<u16>,
    },
    /// The server let the user join another channel than was asked for.
    #[error("server confirmed channel {confirmed}, asked for was {asked}")]
    OtherChannel {
        /// `channelId` of the request.
        asked: u16,
        /// `channelId` of the confirm.
        confirmed: u16,
    },
    /// The server ended licensing with an error ([MS-RDPBCGR] 2.2.1.12.1.3).
    #[error("licensing failed (dwErrorCode {:#x}, dwStateTransition {:#x})", .code.0, .transition.0)]
    LicenseError {
        /// `dwErrorCode`.
        code: LicenseErrorCode,
        /// `dwStateTransition`.
        transition: StateTransition,
    },
    /// The server asked for a licence with a key that nothing can be encrypted with, or with none.
    #[error("no key in the licence request that can be used")]
    LicenseKey,
    /// The server said why by Set Error Info, and then ended the connection, or said nothing more.
    #[error("server ended the connection (errorInfo {:#010x})", .code.0)]
    ErrorInfo {
        /// `errorInfo`.
        code: ErrorInfo,
        /// How it ended after that.
        end: End,
    },
    /// The server redirects to another one.
    #[error("server redirects to another one")]
    Redirected,
    /// What came after TLS is not what this protocol says.
    #[error("another message than was due")]
    NotExpected {
        /// Its beginning.
        head: Octets,
    },
    /// The gateway refused, or is none.
    #[error(transparent)]
    Gateway(GatewayFault),
    /// The driver reported an event that this state cannot have: a defect here, not at a peer.
    #[error("event out of turn")]
    OutOfTurn,
}

impl FailureKind {
    /// Whether the peer ended the connection, and said no more than that.
    #[must_use]
    pub const fn is_hang_up(&self) -> bool {
        let (Self::Closed { how, .. } | Self::Tls(TlsFault { kind: TlsFaultKind::Closed(how), .. })) = self
        else {
            return false;
        };
        matches!(how.without_tunnel(), Close::Fin | Close::Reset | Close::CloseNotify)
    }

    /// The id in reports.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Resolve(_) => "resolve",
            Self::Connect { .. } => "connect",
            Self::NoAddressOfFamily => "no_address_of_family",
            Self::Closed { .. } => "closed",
            Self::NegotiationRefused(_) => "negotiation_refused",
            Self::UnrequestedProtocol { .. } => "unrequested_protocol",
            Self::OtherProtocol { .. } => "other_protocol",
            Self::Ultimatum(_) => "ultimatum",
            Self::DisconnectRequest { .. } => "disconnect_request",
            Self::TpduError { .. } => "tpdu_error",
            Self::OtherTpdu { .. } => "other_tpdu",
            Self::Foreign { .. } => "foreign",
            Self::Malformed { .. } => "malformed",
            Self::Tls(_) => "tls",
            Self::NotPinned => "not_pinned",
            Self::NotTrusted => "not_trusted",
            Self::KeyNotProven { .. } => "key_not_proven",
            Self::PolicyWithoutCertificate => "policy_without_certificate",
            Self::CredsspError(_) => "credssp_error",
            Self::NoChallenge { .. } => "no_challenge",
            Self::Auth(_) => "security_context",
            Self::NoProof { .. } => "no_proof",
            Self::WrongProof => "wrong_proof",
            Self::ProofEchoed => "proof_echoed",
            Self::VersionChanged { .. } => "version_changed",
            Self::NotAuthorized(_) => "not_authorized",
            Self::ConnectRefused { .. } => "connect_refused",
            Self::ChannelRefused { .. } => "channel_refused",
            Self::OtherChannel { .. } => "other_channel",
            Self::LicenseError { .. } => "license_error",
            Self::LicenseKey => "license_key",
            Self::ErrorInfo { .. } => "error_info",
            Self::Redirected => "redirected",
            Self::NotExpected { .. } => "not_expected",
            Self::Gateway(fault) => fault.id(),
            Self::OutOfTurn => "out_of_turn",
        }
    }

    /// Its values in reports: raw codes and their like.
    pub fn fields(&self) -> Fields {
        let none = Fields::none;
        match self {
            Self::Resolve(fault) => fault.fields(),
            Self::Connect { address, fault } => fault.fields().with("address", address),
            Self::NegotiationRefused(code) => none().code("failure_code", code.0),
            Self::UnrequestedProtocol { offered, selected } => {
                none().code("offered", offered.0).code("selected", selected.0)
            }
            Self::OtherProtocol { asked, selected } => {
                none().code("asked", asked.0).code("selected", selected.0)
            }
            Self::Ultimatum(reason) => none().code("mcs_reason", reason.0),
            Self::DisconnectRequest { reason } => none().code("reason", *reason),
            Self::TpduError { cause } => none().code("cause", *cause),
            Self::OtherTpdu { code, .. } => none().code("tpdu_code", code.0),
            Self::Foreign { protocol, .. } => none().with("protocol", protocol.name()),
            Self::Malformed { error, .. } => none()
                .with("field", &error.field)
                .with("offset", error.offset)
                .with("len", error.len)
                .with("problem", error.problem.id())
                .maybe_code("value", error.problem.value()),
            Self::Tls(fault) => none().with("fault", fault.kind.id()).and(match fault.kind {
                TlsFaultKind::Alert(alert) => none().with("alert", alert.0).maybe("alert_name", alert.name()),
                TlsFaultKind::Closed(_)
                | TlsFaultKind::NotTls
                | TlsFaultKind::Incompatible
                | TlsFaultKind::Misbehaved
                | TlsFaultKind::BadCertificate
                | TlsFaultKind::Local => none(),
            }),
            Self::KeyNotProven { check } => none().with("signature", check.id()),
            Self::Closed { how: Close::TlsBroken(why), .. } => none().with("tls_broken", why.id()),
            Self::Closed { how: Close::Tunnel(end), .. } => end.fields(),
            Self::Gateway(fault) => fault.fields(),
            Self::CredsspError(status) => none().code("error_code", status.0),
            Self::NoChallenge { state, .. } => none().maybe("neg_state", *state),
            Self::Auth(fault) => none().with("fault", fault.id()),
            Self::NoProof { token, .. } => none().with("token", token),
            Self::NotAuthorized(result) => {
                none().code("authorization_result", result.0).maybe("name", result.name())
            }
            Self::VersionChanged { from, to } => none().with("from", from).with("to", to),
            Self::ChannelRefused { result, channel } => none()
                .code("mcs_result", result.0)
                .maybe("mcs_result_name", result.name())
                .maybe("channel", *channel),
            Self::OtherChannel { asked, confirmed } => none().with("asked", asked).with("confirmed", confirmed),
            Self::ConnectRefused { result, conference } => none()
                .code("mcs_result", result.0)
                .maybe("mcs_result_name", result.name())
                .maybe_code("conference_result", conference.map(|conference| conference.0)),
            Self::LicenseError { code, transition } => none()
                .code("license_error", code.0)
                .maybe("license_error_name", code.name())
                .code("state_transition", transition.0)
                .maybe("state_transition_name", transition.name()),
            Self::ErrorInfo { code, end } => none().code("error_info", code.0).and(match end {
                End::Ultimatum(reason) => none().code("mcs_reason", reason.0),
                End::Closed(Close::TlsBroken(why)) => none().with("tls_broken", why.id()),
                End::Closed(_) => none(),
            }),
            Self::NoAddressOfFamily
            | Self::Closed { .. }
            | Self::NotPinned
            | Self::NotTrusted
            | Self::PolicyWithoutCertificate
            | Self::WrongProof
            | Self::ProofEchoed
            | Self::LicenseKey
            | Self::Redirected
            | Self::NotExpected { .. }
            | Self::OutOfTurn => none(),
        }
    }

    /// How the stream ended, where that is what happened. A limit that ran out is an end too.
    #[must_use]
    pub fn close(&self) -> Option<Close> {
        match self {
            Self::Closed { how, .. }
            | Self::ErrorInfo { end: End::Closed(how), .. }
            | Self::Auth(AuthFault::Closed(how)) => Some(*how),
            Self::Resolve(fault) | Self::Connect { fault, .. } => match fault.kind.cut() {
                Some(Cut::TimedOut { limit, overall }) => Some(Close::TimedOut { limit, overall }),
                Some(Cut::Cancelled) | None => None,
            },
            Self::Tls(fault) => match fault.kind {
                TlsFaultKind::Closed(how) => Some(how),
                TlsFaultKind::Alert(alert) => Some(Close::Alert(alert.0)),
                TlsFaultKind::NotTls
                | TlsFaultKind::Incompatible
                | TlsFaultKind::Misbehaved
                | TlsFaultKind::BadCertificate
                | TlsFaultKind::Local => None,
            },
            Self::NoAddressOfFamily
            | Self::NegotiationRefused(_)
            | Self::UnrequestedProtocol { .. }
            | Self::OtherProtocol { .. }
            | Self::Ultimatum(_)
            | Self::DisconnectRequest { .. }
            | Self::TpduError { .. }
            | Self::OtherTpdu { .. }
            | Self::Foreign { .. }
            | Self::Malformed { .. }
            | Self::NotPinned
            | Self::NotTrusted
            | Self::KeyNotProven { .. }
            | Self::PolicyWithoutCertificate
            | Self::CredsspError(_)
            | Self::NoChallenge { .. }
            | Self::Auth(_)
            | Self::NoProof { .. }
            | Self::WrongProof
            | Self::ProofEchoed
            | Self::VersionChanged { .. }
            | Self::NotAuthorized(_)
            | Self::ConnectRefused { .. }
            | Self::ChannelRefused { .. }
            | Self::OtherChannel { .. }
            | Self::LicenseError { .. }
            | Self::LicenseKey
            | Self::ErrorInfo { .. }
            | Self::Redirected
            | Self::NotExpected { .. }
            | Self::Gateway(_)
            | Self::OutOfTurn => None,
        }
    }

    /// The beginning of what had arrived.
    #[must_use]
    pub const fn head(&self) -> Option<&Octets> {
        match self {
            Self::Closed { partial: head, .. }
            | Self::OtherTpdu { head, .. }
            | Self::Foreign { head, .. }
            | Self::Malformed { head, .. }
            | Self::Tls(TlsFault { received: head, .. })
            | Self::NoChallenge { head, .. }
            | Self::NoProof { head, .. }
            | Self::NotExpected { head } => Some(head),
            Self::Resolve(_)
            | Self::Connect { .. }
            | Self::NoAddressOfFamily
            | Self::NegotiationRefused(_)
            | Self::UnrequestedProtocol { .. }
            | Self::OtherProtocol { .. }
            | Self::Ultimatum(_)
            | Self::DisconnectRequest { .. }
            | Self::TpduError { .. }
            | Self::NotPinned
            | Self::NotTrusted
            | Self::KeyNotProven { .. }
            | Self::PolicyWithoutCertificate
            | Self::CredsspError(_)
            | Self::Auth(_)
            | Self::WrongProof
            | Self::ProofEchoed
            | Self::VersionChanged { .. }
            | Self::NotAuthorized(_)
            | Self::ConnectRefused { .. }
            | Self::ChannelRefused { .. }
            | Self::OtherChannel { .. }
            | Self::LicenseError { .. }
            | Self::LicenseKey
            | Self::ErrorInfo { .. }
            | Self::Redirected
            | Self::Gateway(_)
            | Self::OutOfTurn => None,
        }
    }

    /// Whether a policy about the certificate did not hold. Who fails it is asked nothing more.
    #[must_use]
    pub const fn is_of_policy(&self, leg: &Leg) -> bool {
        match self {
            Self::NotPinned | Self::NotTrusted | Self::PolicyWithoutCertificate => true,
            Self::KeyNotProven { .. } => leg.has_policy(),
            Self::Resolve(_)
            | Self::Connect { .. }
            | Self::NoAddressOfFamily
            | Self::Closed { .. }
            | Self::NegotiationRefused(_)
            | Self::UnrequestedProtocol { .. }
            | Self::OtherProtocol { .. }
            | Self::Ultimatum(_)
            | Self::DisconnectRequest { .. }
            | Self::TpduError { .. }
            | Self::OtherTpdu { .. }
            | Self::Foreign { .. }
            | Self::Malformed { .. }
            | Self::Tls(_)
            | Self::CredsspError(_)
            | Self::NoChallenge { .. }
            | Self::Auth(_)
            | Self::NoProof { .. }
            | Self::WrongProof
            | Self::ProofEchoed
            | Self::VersionChanged { .. }
            | Self::NotAuthorized(_)
            | Self::ConnectRefused { .. }
            | Self::ChannelRefused { .. }
            | Self::OtherChannel { .. }
            | Self::LicenseError { .. }
            | Self::LicenseKey
            | Self::ErrorInfo { .. }
            | Self::Redirected
            | Self::NotExpected { .. }
            | Self::Gateway(_)
            | Self::OutOfTurn => false,
        }
    }

    /// Our own limit, or the user, where that is what ended the attempt.
    #[must_use]
    pub fn cut(&self) -> Option<Cut> {
        if let Self::Resolve(fault) | Self::Connect { fault, .. } = self {
            return fault.kind.cut();
        }
        self.close().and_then(Close::cut)
    }

    /// Whom it is laid at, in a stage that is for `hop`.
    #[must_use]
    pub const fn laid_at(&self, hop: Hop) -> Hop {
        match self {
            Self::Resolve(DialFault { kind, .. }) => match kind {
                DialFaultKind::Cancelled | DialFaultKind::LocalResources => Hop::Client,
                // Whose name it is that is not found is what a person has to know of a gateway.
                _ if matches!(hop, Hop::Gateway) => hop,
                DialFaultKind::NotFound
                | DialFaultKind::ResolverFailed
                | DialFaultKind::Refused
                | DialFaultKind::Reset
                | DialFaultKind::HostUnreachable
                | DialFaultKind::NetworkUnreachable
                | DialFaultKind::NotPermitted
                | DialFaultKind::TimedOut { .. }
                | DialFaultKind::Other => Hop::Resolver,
            },
            Self::NoAddressOfFamily if matches!(hop, Hop::Gateway) => hop,
            Self::NoAddressOfFamily => Hop::Resolver,
            Self::Gateway(fault) => fault.laid_at(hop),
            // Behind a gateway an end is the target's only where the gateway says so.
            Self::Closed { how: Close::Tunnel(end), .. }
            | Self::Tls(TlsFault { kind: TlsFaultKind::Closed(Close::Tunnel(end)), .. }) => end.laid_at(hop),
            Self::Connect { fault: DialFault { kind, .. }, .. } => match kind {
                DialFaultKind::NetworkUnreachable
                | DialFaultKind::NotPermitted
                | DialFaultKind::LocalResources
                | DialFaultKind::Cancelled => Hop::Client,
                DialFaultKind::NotFound
                | DialFaultKind::ResolverFailed
                | DialFaultKind::Refused
                | DialFaultKind::Reset
                | DialFaultKind::HostUnreachable
                | DialFaultKind::TimedOut { .. }
                | DialFaultKind::Other => hop,
            },
            Self::Tls(TlsFault { kind, .. }) => match kind {
                TlsFaultKind::Closed(Close::Cancelled | Close::Local { .. }) | TlsFaultKind::Local => {
                    Hop::Client
                }
                TlsFaultKind::Closed(_)
                | TlsFaultKind::Alert(_)
                | TlsFaultKind::NotTls
                | TlsFaultKind::Incompatible
                | TlsFaultKind::Misbehaved
                | TlsFaultKind::BadCertificate => hop,
            },
            // A context works here: who was not waited for to the end was this computer.
            Self::Closed { how: Close::Cancelled | Close::Local { .. }, .. }
            | Self::Auth(AuthFault::Local | AuthFault::Closed(_))
            | Self::OutOfTurn => Hop::Client,
            Self::Closed { .. }
            | Self::NegotiationRefused(_)
            | Self::UnrequestedProtocol { .. }
            | Self::OtherProtocol { .. }
            | Self::Ultimatum(_)
            | Self::DisconnectRequest { .. }
            | Self::TpduError { .. }
            | Self::OtherTpdu { .. }
            | Self::Foreign { .. }
            | Self::Malformed { .. }
            | Self::NotPinned
            | Self::NotTrusted
            | Self::KeyNotProven { .. }
            | Self::PolicyWithoutCertificate
            | Self::CredsspError(_)
            | Self::NoChallenge { .. }
            | Self::Auth(_)
            | Self::NoProof { .. }
            | Self::WrongProof
            | Self::ProofEchoed
            | Self::VersionChanged { .. }
            | Self::NotAuthorized(_)
            | Self::ConnectRefused { .. }
            | Self::ChannelRefused { .. }
            | Self::OtherChannel { .. }
            | Self::LicenseError { .. }
            | Self::LicenseKey
            | Self::ErrorInfo { .. }
            | Self::Redirected
            | Self::NotExpected { .. } => hop,
        }
    }
}

/// How a server ended a connection that it had given a reason for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum End {
    /// By an MCS Disconnect Provider Ultimatum.
    Ultimatum(Reason),
    /// By the end of the stream.
    Closed(Close),
}

/// A [`WireError`] that can be stored and read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{layer:?}: field {field} at octet {offset} of {len}: {problem:?}")]
#[non_exhaustive]
pub struct Malformed {
    /// The layer the field belongs to.
    pub layer: Layer,
    /// The field's name in the specification.
    pub field: Cow<'static, str>,
    /// Where the field begins, in octets.
    pub offset: usize,
    /// Octets there were.
    pub len: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

impl From<WireError> for Malformed {
    fn from(error: WireError) -> Self {
        let WireError { layer, field, offset, len, problem, .. } = error;
        Self { layer, field: Cow::Borrowed(field), offset, len, problem }
    }
}

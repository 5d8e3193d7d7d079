//! How a gateway refuses.
use rdp_probe_wire::tsgu::PacketType;
use serde::{Deserialize, Serialize};

use crate::field::Fields;
use crate::hop::Hop;
use crate::tunnel_end::is_code;

/// What came of a gateway in place of what was due. Codes stay as they were received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GatewayFault {
    /// HTTP answered with another status than the one that opens the tunnel.
    #[error("HTTP {status}")]
    Status {
        /// The status.
        status: u16,
        /// Whether the logon had gone out before.
        after_logon: bool,
    },
    /// HTTP asks for a logon by schemes that this build does not speak, or that were not asked for.
    #[error("no scheme in common")]
    NoScheme,
    /// The gateway ends the connection with its challenge: there is no connection on which to answer it.
    #[error("the connection ends with the challenge")]
    NotPersistent,
    /// The first message of a logon was answered with no challenge.
    #[error("no challenge")]
    NotChallenged,
    /// SPNEGO answered, and takes no NTLM.
    #[error("no NTLM inside Negotiate")]
    NoNtlm,
    /// A challenge that cannot be read.
    #[error("a challenge that cannot be read")]
    ChallengeUnreadable,
    /// The proof was answered with another challenge, as if nothing had been said.
    #[error("another challenge in place of an answer")]
    ChallengedAgain,
    /// The gateway opened the OUT channel, and answers the request for the IN channel otherwise. Whatever it says to that, it had let the
    /// client in.
    #[error("the IN channel is refused with HTTP {status}")]
    InRefused {
        /// The status.
        status: u16,
        /// What it would have been called on the OUT channel, where it is more than that.
        #[serde(default)]
        fault: Option<Box<Self>>,
    },
    /// 101, and not for the key that was sent (RFC 6455 section 4.1).
    #[error("Sec-WebSocket-Accept is not for this request")]
    WrongAccept,
    /// The gateway speaks a version of the tunnel that nobody knows.
    #[error("version {major}.{minor} of the tunnel")]
    Version {
        /// `verMajor`.
        major: u8,
        /// `verMinor`.
        minor: u8,
    },
    /// An answer with an error in it: `errorCode` or `statusCode`.
    #[error("code {code:#010x}")]
    Code {
        /// As it came.
        code: u32,
        /// Whether this is what this gateway says where it could not connect to the target: an open-source one has no code for it.
        of_a_dial: bool,
    },
    /// The gateway asks for consent to a message, and nobody gave it.
    #[error("a message has to be agreed to")]
    Consent,
    /// A packet that has no place here.
    #[error("packet of type {kind:#06x}")]
    OtherPacket {
        /// `packetType`.
        kind: u16,
    },
    /// The token is too long for a packet, or has characters that no token has.
    #[error("the token cannot be sent")]
    Token,
}

/// E_PROXY_TS_CONNECTFAILED and E_PROXY_SDR_NOT_SUPPORTED_BY_TS: the gateway works, and the target does not open.
const OF_THE_TARGET: [u16; 2] = [0x59DD, 0x59FD];

/// E_PROXY_COOKIE_BADPACKET, E_PROXY_COOKIE_AUTHENTICATION_ACCESS_DENIED and E_PROXY_UNSUPPORTED_AUTHENTICATION_METHOD.
const OF_LOGON: [u16; 3] = [0x59F7, 0x59F8, 0x59F9];

/// SEC_E_LOGON_DENIED.
const LOGON_DENIED: u32 = 0x8009_030C;

impl GatewayFault {
    /// The id in reports.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Status { .. } => "http_status",
            Self::NoScheme => "no_scheme",
            Self::NotPersistent => "not_persistent",
            Self::NotChallenged => "not_challenged",
            Self::NoNtlm => "no_ntlm",
            Self::ChallengeUnreadable => "challenge_unreadable",
            Self::ChallengedAgain => "challenged_again",
            Self::InRefused { .. } => "in_refused",
            Self::WrongAccept => "wrong_accept",
            Self::Version { .. } => "gateway_version",
            Self::Code { .. } => "gateway_code",
            Self::Consent => "consent",
            Self::OtherPacket { .. } => "other_packet",
            Self::Token => "token",
        }
    }

    /// The ids that there are.
    pub const IDS: [&'static str; 14] = [
        "http_status",
        "no_scheme",
        "not_persistent",
        "not_challenged",
        "no_ntlm",
        "challenge_unreadable",
        "challenged_again",
        "in_refused",
        "wrong_accept",
        "gateway_version",
        "gateway_code",
        "consent",
        "other_packet",
        "token",
    ];

    /// Its values in reports.
    pub fn fields(&self) -> Fields {
        let none = Fields::none;
        match self {
            Self::Status { status, after_logon } => {
                none().with("status", status).with("after_logon", after_logon)
            }
            Self::InRefused { status, fault } => {
                none().with("status", status).maybe("fault", fault.as_ref().map(|fault| fault.id()))
            }
            Self::Version { major, minor } => none().with("version", format!("{major}.{minor}")),
            Self::Code { code, .. } => none().code("gateway_code", *code),
            Self::OtherPacket { kind } => {
                none().code("packet_type", *kind).maybe("packet_name", PacketType(*kind).name())
            }
            Self::NoScheme
            | Self::NotPersistent
            | Self::NotChallenged
            | Self::NoNtlm
            | Self::ChallengeUnreadable
            | Self::ChallengedAgain
            | Self::WrongAccept
            | Self::Consent
            | Self::Token => none(),
        }
    }

    /// Whom it is laid at, in a stage that is for `hop`.
    #[must_use]
    pub const fn laid_at(&self, hop: Hop) -> Hop {
        match self {
            // Who asks for a logon in the way of a proxy is one.
            Self::Status { status: 407, .. } => Hop::Proxy,
            Self::Code { code, of_a_dial } if *of_a_dial || is_of_the_target(*code) => Hop::Target,
            Self::Token => Hop::Client,
            Self::Status { .. }
            | Self::NoScheme
            | Self::NotPersistent
            | Self::NotChallenged
            | Self::NoNtlm
            | Self::ChallengeUnreadable
            | Self::ChallengedAgain
            | Self::InRefused { .. }
            | Self::WrongAccept
            | Self::Version { .. }
            | Self::Code { .. }
            | Self::Consent
            | Self::OtherPacket { .. } => hop,
        }
    }

    /// Whether the code is about who logs on: of a token, or of a logon that is denied.
    #[must_use]
    pub fn is_of_logon(&self) -> bool {
        OF_LOGON.into_iter().any(|low| self.is(low)) || matches!(self, Self::Code { code: LOGON_DENIED, .. })
    }

    /// Whether the code is this one, in either form.
    #[must_use]
    pub const fn is(&self, low: u16) -> bool {
        matches!(self, Self::Code { code, .. } if is_code(*code, low))
    }
}

const fn is_of_the_target(code: u32) -> bool {
    let [failed, policies] = OF_THE_TARGET;
    is_code(code, failed) || is_code(code, policies)
}

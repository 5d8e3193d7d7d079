//! What an attempt waits for.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::framing::Framing;

/// What was due when an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Awaited {
    /// The resolver's answer.
    #[serde(rename = "addresses")]
    Addresses,
    /// A TCP connection.
    #[serde(rename = "TCP connection")]
    Connection,
    /// The X.224 Connection Confirm ([MS-RDPBCGR] 2.2.1.2).
    #[serde(rename = "Connection Confirm")]
    ConnectionConfirm,
    /// The end of the TLS handshake.
    #[serde(rename = "TLS handshake")]
    TlsHandshake,
    /// The server's first TLS flight, read by the scout.
    #[serde(rename = "ServerHello")]
    ServerHello,
    /// The TSRequest with the NTLM CHALLENGE.
    #[serde(rename = "NTLM CHALLENGE")]
    Challenge,
    /// The answer of the security context here.
    #[serde(rename = "security context")]
    SecurityContext,
    /// The TSRequest with the server's proof, pubKeyAuth.
    #[serde(rename = "pubKeyAuth")]
    ServerProof,
    /// The Early User Authorization Result PDU ([MS-RDPBCGR] 2.2.10.2).
    #[serde(rename = "Early User Authorization Result")]
    EarlyUserAuth,
    /// The RDSTLS Capabilities PDU.
    #[serde(rename = "RDSTLS Capabilities")]
    RdstlsCapabilities,
    /// The RDS AAD Server Nonce PDU.
    #[serde(rename = "Server Nonce")]
    RdsaadNonce,
    /// The answer of HTTP (RFC 9112 section 4).
    #[serde(rename = "HTTP answer")]
    HttpAnswer,
    /// The same, to a request of the IN channel's, once the OUT channel is open.
    #[serde(rename = "answer to RDG_IN_DATA")]
    InAnswer,
    /// A carrier of the packets to come.
    #[serde(rename = "carrier")]
    Carrier,
    /// HTTP_HANDSHAKE_RESPONSE_PACKET ([MS-TSGU] 2.2.10.11).
    #[serde(rename = "HANDSHAKE_RESPONSE")]
    HandshakeResponse,
    /// HTTP_EXTENDED_AUTH_PACKET ([MS-TSGU] 2.2.10.7).
    #[serde(rename = "EXTENDED_AUTH_MSG")]
    ExtendedAuth,
    /// HTTP_TUNNEL_RESPONSE ([MS-TSGU] 2.2.10.20).
    #[serde(rename = "TUNNEL_RESPONSE")]
    TunnelResponse,
    /// HTTP_TUNNEL_AUTH_RESPONSE ([MS-TSGU] 2.2.10.16).
    #[serde(rename = "TUNNEL_AUTH_RESPONSE")]
    TunnelAuthResponse,
    /// HTTP_CHANNEL_RESPONSE ([MS-TSGU] 2.2.10.4).
    #[serde(rename = "CHANNEL_RESPONSE")]
    ChannelResponse,
    /// The MCS Connect Response ([MS-RDPBCGR] 2.2.1.4).
    #[serde(rename = "MCS Connect Response")]
    ConnectResponse,
    /// The MCS Attach User Confirm ([MS-RDPBCGR] 2.2.1.7).
    #[serde(rename = "Attach User Confirm")]
    AttachUserConfirm,
    /// An MCS Channel Join Confirm ([MS-RDPBCGR] 2.2.1.9).
    #[serde(rename = "Channel Join Confirm")]
    ChannelJoinConfirm,
    /// That the Client Info PDU is sent ([MS-RDPBCGR] 2.2.1.11).
    #[serde(rename = "sending of the Client Info")]
    ClientInfoSent,
    /// A message of licensing ([MS-RDPBCGR] 2.2.1.12).
    #[serde(rename = "licensing message")]
    LicenseMessage,
    /// The Demand Active PDU ([MS-RDPBCGR] 2.2.1.13.1).
    #[serde(rename = "Demand Active")]
    DemandActive,
    /// The Font Map PDU ([MS-RDPBCGR] 2.2.1.22).
    #[serde(rename = "Font Map")]
    FontMap,
}

impl Awaited {
    /// What it looks like on the wire; `None` for what is no message.
    #[must_use]
    pub const fn framing(self) -> Option<Framing> {
        match self {
            Self::ConnectionConfirm
            | Self::ConnectResponse
            | Self::AttachUserConfirm
            | Self::ChannelJoinConfirm
            | Self::LicenseMessage
            | Self::DemandActive => Some(Framing::Tpkt),
            Self::FontMap => Some(Framing::Session),
            Self::ServerHello => Some(Framing::ServerFlight),
            Self::Challenge | Self::ServerProof => Some(Framing::TsRequest),
            Self::EarlyUserAuth => Some(Framing::EarlyUserAuth),
            Self::RdstlsCapabilities => Some(Framing::Rdstls),
            Self::RdsaadNonce => Some(Framing::Rdsaad),
            Self::HttpAnswer | Self::InAnswer => Some(Framing::Http),
            Self::HandshakeResponse
            | Self::ExtendedAuth
            | Self::TunnelResponse
            | Self::TunnelAuthResponse
            | Self::ChannelResponse => Some(Framing::Tsgu),
            Self::Addresses
            | Self::Connection
            | Self::TlsHandshake
            | Self::SecurityContext
            | Self::Carrier
            | Self::ClientInfoSent => None,
        }
    }

    /// The name in reports, as the specification has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Connection => "TCP connection",
            Self::ConnectionConfirm => "Connection Confirm",
            Self::TlsHandshake => "TLS handshake",
            Self::ServerHello => "ServerHello",
            Self::Challenge => "NTLM CHALLENGE",
            Self::SecurityContext => "security context",
            Self::ServerProof => "pubKeyAuth",
            Self::EarlyUserAuth => "Early User Authorization Result",
            Self::RdstlsCapabilities => "RDSTLS Capabilities",
            Self::RdsaadNonce => "Server Nonce",
            Self::HttpAnswer => "HTTP answer",
            Self::InAnswer => "answer to RDG_IN_DATA",
            Self::Carrier => "carrier",
            Self::HandshakeResponse => "HANDSHAKE_RESPONSE",
            Self::ExtendedAuth => "EXTENDED_AUTH_MSG",
            Self::TunnelResponse => "TUNNEL_RESPONSE",
            Self::TunnelAuthResponse => "TUNNEL_AUTH_RESPONSE",
            Self::ChannelResponse => "CHANNEL_RESPONSE",
            Self::ConnectResponse => "MCS Connect Response",
            Self::AttachUserConfirm => "Attach User Confirm",
            Self::ChannelJoinConfirm => "Channel Join Confirm",
            Self::ClientInfoSent => "sending of the Client Info",
            Self::LicenseMessage => "licensing message",
            Self::DemandActive => "Demand Active",
            Self::FontMap => "Font Map",
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! How a tunnel ends.
use serde::{Deserialize, Serialize};

use crate::field::Fields;
use crate::hop::Hop;

/// What ended the tunnel, or the carrier below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TunnelEnd {
    /// CLOSE_CHANNEL, with its code as it came ([MS-TSGU] 2.2.10.6).
    Channel(u32),
    /// A WebSocket Close frame, with its status where it had one (RFC 6455 section 5.5.1).
    WebSocket(Option<u16>),
    /// TLS close_notify, and nothing before it.
    CloseNotify,
    /// TCP FIN, and nothing before it.
    Fin,
    /// TCP RST.
    Reset,
    /// A fatal TLS alert of the gateway's.
    Alert(u8),
    /// The path to the gateway broke: the operating system's error.
    Broken {
        /// The raw error number.
        os: Option<i32>,
    },
    /// TLS with the gateway broke.
    TlsBroken,
    /// A WebSocket frame or a chunk that is none, or longer than anybody needs.
    Frame,
    /// The last chunk of the OUT channel (RFC 9112 section 7.1).
    LastChunk,
    /// An answer of HTTP on the IN channel, with its status: as long as that is open there is none.
    Answer(u16),
    /// The end of the IN channel's connection, and nothing on OUT after it.
    In,
    /// A packet that cannot be read.
    Packet,
    /// More of what says nothing than any gateway has a use for.
    Flood,
}

impl TunnelEnd {
    /// ERROR_BAD_ARGUMENTS, which in CLOSE_CHANNEL says that the target closed the connection ([MS-TSGU] 2.2.6.1).
    pub const TARGET_CLOSED: u16 = 0x00A0;

    /// The ids that there are.
    pub const IDS: [&'static str; 14] = [
        "close_channel",
        "websocket_close",
        "close_notify",
        "fin",
        "reset",
        "alert",
        "broken",
        "tls_broken",
        "frame",
        "last_chunk",
        "http_answer",
        "in_channel",
        "packet",
        "flood",
    ];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Channel(_) => "close_channel",
            Self::WebSocket(_) => "websocket_close",
            Self::CloseNotify => "close_notify",
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Alert(_) => "alert",
            Self::Broken { .. } => "broken",
            Self::TlsBroken => "tls_broken",
            Self::Frame => "frame",
            Self::LastChunk => "last_chunk",
            Self::Answer(_) => "http_answer",
            Self::In => "in_channel",
            Self::Packet => "packet",
            Self::Flood => "flood",
        }
    }

    /// Its values in reports.
    pub fn fields(self) -> Fields {
        let none = Fields::none().with("tunnel_end", self.id());
        match self {
            Self::Channel(code) => none.code("gateway_code", code),
            Self::WebSocket(status) => none.maybe("websocket_status", status),
            Self::Alert(alert) => none.with("alert", alert),
            Self::Broken { os } => none.maybe("os", os),
            Self::Answer(status) => none.with("status", status),
            Self::CloseNotify
            | Self::Fin
            | Self::Reset
            | Self::TlsBroken
            | Self::Frame
            | Self::LastChunk
            | Self::In
            | Self::Packet
            | Self::Flood => none,
        }
    }

    /// Whether the gateway says that the target closed the connection. Whether that was a FIN or a RST cannot be told behind it.
    #[must_use]
    pub const fn is_the_targets(self) -> bool {
        matches!(self, Self::Channel(code) if is_code(code, Self::TARGET_CLOSED))
    }

    /// Whether the carrier ended, and nobody had said that the channel does: by whatever the transport has for it.
    #[must_use]
    pub const fn is_without_a_word(self) -> bool {
        match self {
            Self::WebSocket(_) | Self::LastChunk | Self::CloseNotify | Self::Fin => true,
            Self::Channel(_)
            | Self::Reset
            | Self::Alert(_)
            | Self::Broken { .. }
            | Self::TlsBroken
            | Self::Frame
            | Self::Answer(_)
            | Self::In
            | Self::Packet
            | Self::Flood => false,
        }
    }

    /// Whose end it is, where `hop` was spoken with through the tunnel: the target's when the gateway says so, and else the gateway's.
    #[must_use]
    pub const fn laid_at(self, hop: Hop) -> Hop {
        if self.is_the_targets() { hop } else { Hop::Gateway }
    }
}

/// Whether a code is this one, as a Win32 code or as an HRESULT that is made of one.
pub(crate) const fn is_code(code: u32, low: u16) -> bool {
    let [first, second, high, highest] = code.to_le_bytes();
    let is_form = matches!([high, highest], [0, 0] | [0x07, 0x80]);
    is_form && u16::from_le_bytes([first, second]) == low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_the_targets_when_the_gateway_says_so_in_either_form_and_else_the_gateways() {
        for code in [0xA0, 0x8007_00A0] {
            assert_eq!(TunnelEnd::Channel(code).laid_at(Hop::Target), Hop::Target);
        }
        for end in [
            TunnelEnd::Channel(0),
            TunnelEnd::Channel(0xC007_00A0),
            TunnelEnd::Channel(0x59F6),
            TunnelEnd::WebSocket(Some(1001)),
            TunnelEnd::Reset,
            TunnelEnd::Packet,
        ] {
            assert_eq!(end.laid_at(Hop::Target), Hop::Gateway, "{end:?}");
        }
    }
}

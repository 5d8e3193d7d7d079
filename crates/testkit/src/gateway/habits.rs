//! What the two kinds of gateways differ in.
use rdp_probe_core::wire::tsgu::ExtendedAuthMask;

use super::packets;
use crate::scenario::{Accepts, GatewayPoint, GatewayTable, Personality};

/// An HRESULT of a code of the gateway's own.
const fn code(low: u16) -> u32 {
    let [low, high] = low.to_le_bytes();
    u32::from_le_bytes([low, high, 0x07, 0x80])
}

/// E_PROXY_CAPABILITYMISMATCH.
pub(super) const CAPABILITY_MISMATCH: u32 = code(0x59E9);
/// SEC_E_LOGON_DENIED.
pub(super) const LOGON_DENIED: u32 = 0x8009_030C;
/// E_PROXY_COOKIE_BADPACKET.
pub(super) const NO_COOKIE: u32 = code(0x59F7);
/// E_PROXY_COOKIE_AUTHENTICATION_ACCESS_DENIED.
pub(super) const WRONG_COOKIE: u32 = code(0x59F8);
/// ERROR_BAD_ARGUMENTS: the target has closed.
pub(super) const TARGET_CLOSED: u32 = 0xA0;

/// E_PROXY_INTERNALERROR.
const INTERNAL_ERROR: u32 = code(0x59D8);
/// E_PROXY_TS_CONNECTFAILED.
const CONNECT_FAILED: u32 = code(0x59DD);
/// E_PROXY_UNSUPPORTED_AUTHENTICATION_METHOD.
const OTHER_METHOD: u32 = code(0x59F9);

/// The code for a target that takes no connection.
pub(super) const fn not_connected(personality: Personality) -> u32 {
    match personality {
        Personality::Windows => CONNECT_FAILED,
        Personality::OpenSource => INTERNAL_ERROR,
    }
}

/// The code for a client that has a token where none is wanted, or the reverse.
pub(super) const fn other_method(personality: Personality) -> u32 {
    match personality {
        Personality::Windows => OTHER_METHOD,
        Personality::OpenSource => CAPABILITY_MISMATCH,
    }
}

/// The values of `WWW-Authenticate`.
pub(super) fn schemes(table: &GatewayTable) -> Vec<String> {
    if let Some(schemes) = &table.schemes {
        return schemes.clone();
    }
    match (table.personality, table.accepts) {
        (Personality::OpenSource, _) => vec!["Basic realm=\"restricted\", charset=\"UTF-8\"".to_owned()],
        (Personality::Windows, Accepts::Basic) => {
            vec![format!("Basic realm=\"{}\"", table.host)]
        }
        (Personality::Windows, Accepts::Ntlm | Accepts::Token | Accepts::Anyone) => {
            vec!["Negotiate".to_owned(), "NTLM".to_owned()]
        }
    }
}

/// Version and capabilities for a client of this version.
pub(super) const fn handshake(table: &GatewayTable, client: (u8, u8)) -> ((u8, u8), ExtendedAuthMask) {
    match (table.personality, table.accepts) {
        // As one was seen to answer, whatever the client had asked for.
        (Personality::Windows, _) => ((1, 0), ExtendedAuthMask(7)),
        (Personality::OpenSource, Accepts::Token) => (client, ExtendedAuthMask::PAA),
        (Personality::OpenSource, Accepts::Basic | Accepts::Ntlm | Accepts::Anyone) => {
            (client, ExtendedAuthMask::NONE)
        }
    }
}

/// `tunnelId` and `capsFlags`.
pub(super) fn tunnel(table: &GatewayTable) -> (u32, u32) {
    let (id, caps) = match table.personality {
        Personality::Windows => (6, 0x3F),
        Personality::OpenSource => (10, 0x02),
    };
    (table.tunnel_id.unwrap_or(id), table.caps.unwrap_or(caps))
}

/// The most octets of the target's in one packet.
pub(super) fn data_size(table: &GatewayTable) -> usize {
    table.data_size.unwrap_or(match table.personality {
        Personality::Windows => 8192,
        Personality::OpenSource => 4086,
    })
}

/// The packet with this code that is due there; `None` where no packet is spoken.
pub(super) fn refusal(at: GatewayPoint, code: u32, personality: Personality) -> Option<Vec<u8>> {
    let open_source = personality == Personality::OpenSource;
    Some(match at {
        GatewayPoint::Handshake => {
            let version = if open_source { (0, 0) } else { (1, 0) };
            packets::handshake_response(code, version, ExtendedAuthMask::NONE)
        }
        GatewayPoint::Create => packets::tunnel_refusal(code),
        GatewayPoint::Authorization => packets::tunnel_auth_refusal(code),
        // Deviation: the open-source gateway's has a channelId.
        GatewayPoint::Channel if open_source => packets::channel_response(code),
        GatewayPoint::Channel => packets::channel_refusal(code),
        GatewayPoint::Open { .. } => packets::close_channel(code),
        GatewayPoint::Tls | GatewayPoint::Http | GatewayPoint::Challenge | GatewayPoint::Auth => return None,
    })
}

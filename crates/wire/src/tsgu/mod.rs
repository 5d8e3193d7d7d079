//! The packets of an RD Gateway's tunnel over HTTP: what a gateway sends, and what a client sends to it, both read and written.
//!
//! \[MS-TSGU\] 2.2.10. Little-endian, both ways, one header for all. Optional fields stand in the order of the structure, which is not
//! the order of their bits; bits without a meaning take no octets, and octets after the last field are counted and left alone.
mod both;
mod client;
mod client_packet;
mod gateway;
mod optional;
mod packet;
mod seed;
mod server;
mod writer;

pub use both::ExtendedAuth;
pub use client::{
    channel_create, close_channel, data, extended_auth, handshake_request, keepalive, tunnel_auth,
    tunnel_create,
};
pub use client_packet::{
    ChannelCreate, ClientBody, ClientPacket, HandshakeRequest, ResourceNames, TunnelAuth, TunnelCreate,
};
pub use gateway::{
    channel_response, close_channel_response, extended_auth_response, handshake_response, reauth,
    service_message, tunnel_auth_response, tunnel_response,
};
pub use packet::{ExtendedAuthMask, Header, PacketType, StatusCode, TunnelCaps, frame};
pub use seed::{MAX_SEED, behind_seed, frame_behind_seed};
pub use server::{Body, ChannelResponse, HandshakeResponse, ServerPacket, TunnelAuthResponse, TunnelResponse};
pub use writer::TextError;

//! What is due from a probe: by which name, where it ends, where it stands, and what it has to be. A message that probes send
//! is known here and nowhere else.
use rdp_probe_core::Look;
use rdp_probe_core::wire::WireError;
use rdp_probe_core::wire::credssp::{TsRequest, ts_request};
use rdp_probe_core::wire::mcs::{
    ConnectInitial, DisconnectProviderUltimatum, FIRST_USER, attach_user, channel_join, erect_domain,
};
use rdp_probe_core::wire::preconnection::{self, PreconnectionPdu};
use rdp_probe_core::wire::tls::record;
use rdp_probe_core::wire::tpkt::{self, Frame};
use rdp_probe_core::wire::x224::{ConnectionRequest, Routing};
use serde::Deserialize;

use super::route::Route;
use super::tls::Hello;

/// What a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expected {
    /// Pre-connection PDU ([MS-RDPEPS] 2.2.1.2), with the blob of the plan.
    PreconnectionBlob,
    /// X.224 Connection Request ([MS-RDPBCGR] 2.2.1.1), with cookie or routing token as the plan has it.
    ConnectionRequest,
    /// The same with the cookie of a second look, which nobody asked for.
    RequestWithCookie,
    /// The same without a negotiation block.
    BareRequest,
    /// Version 1 of the PROXY protocol's header, for a connection of which nothing is told.
    ProxyHeader,
    /// The record with the ClientHello (RFC 8446 section 4.1.2).
    ClientHello,
    /// TSRequest ([MS-CSSP] 2.2.1).
    TsRequest,
    /// TSRequest with an NTLM AUTHENTICATE and the client's proof, and without credentials to keep ([MS-CSSP] 3.1.5).
    Authenticate,
    /// MCS Connect Initial ([MS-RDPBCGR] 2.2.1.3).
    ConnectInitial,
    /// MCS Erect Domain Request ([MS-RDPBCGR] 2.2.1.5).
    ErectDomain,
    /// MCS Attach User Request ([MS-RDPBCGR] 2.2.1.6).
    AttachUser,
    /// MCS Channel Join Request ([MS-RDPBCGR] 2.2.1.8).
    ChannelJoin,
    /// MCS Disconnect Provider Ultimatum ([MS-RDPBCGR] 2.2.2.3): the client says goodbye.
    Disconnect,
}

/// What is known of a message.
struct Message {
    /// The name in the specification.
    name: &'static str,
    frame: fn(&[u8]) -> Frame,
    place: Place,
    check: fn(&[u8], &Asked<'_>) -> Result<(), Unmet>,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the clear, or inside TLS.
    Anywhere,
    BeforeTls,
    InsideTls,
}

impl Place {
    /// Whether a message of this place may stand inside TLS, or outside of it.
    pub(super) const fn allows(self, inside: bool) -> bool {
        match self {
            Self::Anywhere => true,
            Self::BeforeTls => !inside,
            Self::InsideTls => inside,
        }
    }
}

/// What a scenario asks of messages.
pub(crate) struct Asked<'a> {
    /// Which ClientHello; none when any will do.
    pub(crate) hello: Option<Hello>,
    pub(crate) route: &'a Route,
}

/// Why octets are not what was due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unmet {
    /// They cannot be read as that.
    Malformed(WireError),
    /// A ClientHello of this kind, or none.
    OtherHello(Option<Hello>),
    /// Cookie, routing token or pre-connection blob are not the plan's.
    OtherRoute,
    /// Another message, or one with other fields than it has to have.
    OtherRequest,
    /// No logon, or one that gives credentials away.
    OtherLogon,
}

impl From<WireError> for Unmet {
    fn from(error: WireError) -> Self {
        Self::Malformed(error)
    }
}

impl Expected {
    const fn message(self) -> Message {
        use Place::{Anywhere, BeforeTls, InsideTls};
        match self {
            Self::PreconnectionBlob => Message {
                name: "Pre-connection PDU",
                frame: preconnection::frame,
                place: Anywhere,
                check: |octets, asked| {
                    let pdu = PreconnectionPdu::parse(octets)?;
                    if asked.route.is_of_blob(&pdu) { Ok(()) } else { Err(Unmet::OtherRoute) }
                },
            },
            Self::ConnectionRequest => Message {
                name: "Connection Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, asked| {
                    let request = ConnectionRequest::parse(octets)?;
                    let fits = request.negotiation.is_some() && asked.route.is_of_request(&request, octets);
                    if fits { Ok(()) } else { Err(Unmet::OtherRoute) }
                },
            },
            Self::RequestWithCookie => Message {
                name: "Connection Request with a cookie",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, _| {
                    let request = ConnectionRequest::parse(octets)?;
                    let cookie = request.routing == Routing::Cookie(Look::COOKIE);
                    if cookie && request.negotiation.is_some() { Ok(()) } else { Err(Unmet::OtherRoute) }
                },
            },
            Self::BareRequest => Message {
                name: "Connection Request without negotiation",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, _| {
                    let request = ConnectionRequest::parse(octets)?;
                    let bare = request == ConnectionRequest { routing: Routing::None, negotiation: None };
                    if bare { Ok(()) } else { Err(Unmet::OtherRoute) }
                },
            },
            Self::ProxyHeader => Message {
                name: "PROXY header",
                frame: proxy_header,
                place: BeforeTls,
                check: |octets, _| if octets == Look::PROXY_HEADER { Ok(()) } else { Err(Unmet::OtherRoute) },
            },
            Self::ClientHello => Message {
                name: "ClientHello",
                frame: record,
                place: BeforeTls,
                check: |octets, asked| match Hello::of(octets) {
                    Some(got) if asked.hello.is_none_or(|hello| got == hello) => Ok(()),
                    got => Err(Unmet::OtherHello(got)),
                },
            },
            Self::TsRequest => Message {
                name: "TSRequest",
                frame: ts_request::frame,
                place: InsideTls,
                check: |octets, _| Ok(TsRequest::parse(octets).map(drop)?),
            },
            Self::Authenticate => Message {
                name: "TSRequest with AUTHENTICATE",
                frame: ts_request::frame,
                place: InsideTls,
                check: |octets, _| {
                    let request = TsRequest::parse(octets)?;
                    let token = request.nego_token.unwrap_or_default();
                    let logs_on = token.starts_with(b"NTLMSSP\0\x03") && request.pub_key_auth.is_some();
                    if logs_on && request.auth_info.is_none() { Ok(()) } else { Err(Unmet::OtherLogon) }
                },
            },
            Self::ConnectInitial => Message {
                name: "Connect Initial",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, _| Ok(ConnectInitial::parse(octets).map(drop)?),
            },
            Self::ErectDomain => Message {
                name: "Erect Domain Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, _| same(octets, erect_domain),
            },
            Self::AttachUser => Message {
                name: "Attach User Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, _| same(octets, attach_user),
            },
            Self::ChannelJoin => Message {
                name: "Channel Join Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, _| {
                    // Whose it is, and of which channel, is the script's to answer.
                    let [.., u0, u1, c0, c1] = octets else { return Err(Unmet::OtherRequest) };
                    let user = u16::from_be_bytes([*u0, *u1]).saturating_add(FIRST_USER);
                    same(octets, |out| _ = channel_join(user, u16::from_be_bytes([*c0, *c1]), out))
                },
            },
            Self::Disconnect => Message {
                name: "Disconnect Provider Ultimatum",
                frame: tpkt::frame,
                place: Anywhere,
                check: |octets, _| Ok(DisconnectProviderUltimatum::parse(octets).map(drop)?),
            },
        }
    }

    /// The name in the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.message().name
    }

    /// Where it ends.
    pub(crate) const fn framing(self) -> fn(&[u8]) -> Frame {
        self.message().frame
    }

    /// Where it stands.
    pub(super) const fn place(self) -> Place {
        self.message().place
    }

    /// Checks what a probe sent.
    pub(crate) fn check(self, octets: &[u8], asked: &Asked<'_>) -> Result<(), Unmet> {
        (self.message().check)(octets, asked)
    }
}

/// Whether octets are those of a message that has one way to be written.
fn same(octets: &[u8], write: impl Fn(&mut Vec<u8>)) -> Result<(), Unmet> {
    let mut right = Vec::new();
    write(&mut right);
    if octets == right { Ok(()) } else { Err(Unmet::OtherRequest) }
}

/// Up to the end of its line.
fn proxy_header(held: &[u8]) -> Frame {
    let all = Look::PROXY_HEADER;
    match held.get(..all.len()) {
        Some(head) if head == all => Frame::Whole(all.len()),
        None if all.starts_with(held) => Frame::Partial { length: None },
        Some(_) | None => Frame::Stray,
    }
}

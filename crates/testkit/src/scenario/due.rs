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
    /// TSRequest with credentials to keep, and nothing else ([MS-CSSP] 3.1.5).
    Credentials,
    /// MCS Connect Initial ([MS-RDPBCGR] 2.2.1.3).
    ConnectInitial,
    /// MCS Erect Domain Request ([MS-RDPBCGR] 2.2.1.5).
    ErectDomain,
    /// MCS Attach User Request ([MS-RDPBCGR] 2.2.1.6).
    AttachUser,
    /// MCS Channel Join Request ([MS-RDPBCGR] 2.2.1.8).
    ChannelJoin,
    /// Client Info PDU ([MS-RDPBCGR] 2.2.1.11), with nobody's name and no password.
    ClientInfo,
    /// Client New License Request ([MS-RDPELE] 2.2.2.2).
    NewLicenseRequest,
    /// Licensing Error Message: no licence, and none is taken ([MS-RDPELE] 3.3.5.1).
    NoLicense,
    /// Confirm Active PDU ([MS-RDPBCGR] 2.2.1.13.2).
    ConfirmActive,
    /// Synchronize PDU ([MS-RDPBCGR] 2.2.1.14).
    Synchronize,
    /// Control PDU, Cooperate ([MS-RDPBCGR] 2.2.1.15).
    Cooperate,
    /// Control PDU, Request Control ([MS-RDPBCGR] 2.2.1.16).
    RequestControl,
    /// Font List PDU ([MS-RDPBCGR] 2.2.1.18).
    FontList,
    /// MCS Disconnect Provider Ultimatum ([MS-RDPBCGR] 2.2.2.3): the client says goodbye.
    Disconnect,
}

/// What is known of a message.
struct Message {
    /// The name in the specification.
    name: &'static str,
    frame: fn(&[u8]) -> Frame,
    place: Place,
    check: Check,
}

/// How a message is checked.
enum Check {
    /// All of its octets.
    Octets(fn(&[u8], &Asked<'_>) -> Result<(), Unmet>),
    /// What it says on the channel of the desktop.
    Said(fn(&[u8]) -> bool),
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
                check: Check::Octets(|octets, asked| {
                    let pdu = PreconnectionPdu::parse(octets)?;
                    if asked.route.is_of_blob(&pdu) { Ok(()) } else { Err(Unmet::OtherRoute) }
                }),
            },
            Self::ConnectionRequest => Message {
                name: "Connection Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, asked| {
                    let request = ConnectionRequest::parse(octets)?;
                    let fits = request.negotiation.is_some() && asked.route.is_of_request(&request, octets);
                    if fits { Ok(()) } else { Err(Unmet::OtherRoute) }
                }),
            },
            Self::RequestWithCookie => Message {
                name: "Connection Request with a cookie",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, _| {
                    let request = ConnectionRequest::parse(octets)?;
                    let cookie = request.routing == Routing::Cookie(Look::COOKIE);
                    if cookie && request.negotiation.is_some() { Ok(()) } else { Err(Unmet::OtherRoute) }
                }),
            },
            Self::BareRequest => Message {
                name: "Connection Request without negotiation",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, _| {
                    let request = ConnectionRequest::parse(octets)?;
                    let bare = request == ConnectionRequest { routing: Routing::None, negotiation: None };
                    if bare { Ok(()) } else { Err(Unmet::OtherRoute) }
                }),
            },
            Self::ProxyHeader => Message {
                name: "PROXY header",
                frame: proxy_header,
                place: BeforeTls,
                check: Check::Octets(|octets, _| {
                    if octets == Look::PROXY_HEADER { Ok(()) } else { Err(Unmet::OtherRoute) }
                }),
            },
            Self::ClientHello => Message {
                name: "ClientHello",
                frame: record,
                place: BeforeTls,
                check: Check::Octets(|octets, asked| match Hello::of(octets) {
                    Some(got) if asked.hello.is_none_or(|hello| got == hello) => Ok(()),
                    got => Err(Unmet::OtherHello(got)),
                }),
            },
            Self::TsRequest => Message {
                name: "TSRequest",
                frame: ts_request::frame,
                place: InsideTls,
                check: Check::Octets(|octets, _| Ok(TsRequest::parse(octets).map(drop)?)),
            },
            Self::Authenticate => Message {
                name: "TSRequest with AUTHENTICATE",
                frame: ts_request::frame,
                place: InsideTls,
                check: Check::Octets(|octets, _| {
                    let request = TsRequest::parse(octets)?;
                    let token = request.nego_token.unwrap_or_default();
                    let logs_on = token.starts_with(b"NTLMSSP\0\x03") && request.pub_key_auth.is_some();
                    if logs_on && request.auth_info.is_none() { Ok(()) } else { Err(Unmet::OtherLogon) }
                }),
            },
            Self::Credentials => Message {
                name: "TSRequest with credentials",
                frame: ts_request::frame,
                place: InsideTls,
                check: Check::Octets(|octets, _| {
                    let request = TsRequest::parse(octets)?;
                    let alone = request.nego_token.is_none() && request.pub_key_auth.is_none();
                    if alone && request.auth_info.is_some() { Ok(()) } else { Err(Unmet::OtherLogon) }
                }),
            },
            Self::ConnectInitial => Message {
                name: "Connect Initial",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, _| Ok(ConnectInitial::parse(octets).map(drop)?)),
            },
            Self::ErectDomain => Message {
                name: "Erect Domain Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, _| same(octets, erect_domain)),
            },
            Self::AttachUser => Message {
                name: "Attach User Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, _| same(octets, attach_user)),
            },
            Self::ChannelJoin => Message {
                name: "Channel Join Request",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, _| {
                    // Whose it is, and of which channel, is the script's to answer.
                    let [.., u0, u1, c0, c1] = octets else { return Err(Unmet::OtherRequest) };
                    let user = u16::from_be_bytes([*u0, *u1]).saturating_add(FIRST_USER);
                    same(octets, |out| _ = channel_join(user, u16::from_be_bytes([*c0, *c1]), out))
                }),
            },
            Self::ClientInfo => said("Client Info", |data| {
                // Of the header, CodePage, the flags, and the lengths of what nobody says.
                let expected = [&[0x40, 0, 0, 0, 0, 0, 0, 0][..], &[0x73, 1, 1, 0], &[0; 20]].concat();
                data.starts_with(&expected)
            }),
            Self::NewLicenseRequest => said("New License Request", |data| {
                // The header, the type, the version, and the algorithm.
                matches!(data, [0x80, 0, _, _, 0x13, 0x83, _, _, 1, 0, 0, 0, ..])
            }),
            Self::NoLicense => said("Licensing Error Message", |data| {
                matches!(data, [0x80, 0, _, _, 0xFF, 0x83, 16, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0])
            }),
            Self::ConfirmActive => {
                said("Confirm Active", |data| matches!(data, [_, _, 0x13, 0, _, _, 0xEA, 3, 1, 0, 0xEA, 3, ..]))
            }
            Self::Synchronize => said("Synchronize", |data| is_data(data, 0x1F, &[1, 0])),
            Self::Cooperate => {
                said("Control, Cooperate", |data| is_data(data, 0x14, &[4, 0, 0, 0, 0, 0, 0, 0]))
            }
            Self::RequestControl => {
                said("Control, Request Control", |data| is_data(data, 0x14, &[1, 0, 0, 0, 0, 0, 0, 0]))
            }
            Self::FontList => said("Font List", |data| is_data(data, 0x27, &[0, 0, 0, 0, 3, 0, 50, 0])),
            Self::Disconnect => Message {
                name: "Disconnect Provider Ultimatum",
                frame: tpkt::frame,
                place: Anywhere,
                check: Check::Octets(|octets, _| Ok(DisconnectProviderUltimatum::parse(octets).map(drop)?)),
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
        match self.message().check {
            Check::Octets(check) => check(octets, asked),
            Check::Said(is) if request_data(octets).is_some_and(is) => Ok(()),
            Check::Said(_) => Err(Unmet::OtherRequest),
        }
    }
}

/// A message on the channel of the desktop, of which the data is as `is` says.
const fn said(name: &'static str, is: fn(&[u8]) -> bool) -> Message {
    Message { name, frame: tpkt::frame, place: Place::Anywhere, check: Check::Said(is) }
}

/// Whether it is a share data PDU of this type that begins with this.
fn is_data(data: &[u8], kind: u8, body: &[u8]) -> bool {
    let Some((header, rest)) = data.split_first_chunk::<18>() else { return false };
    let [_, _, t0, t1, _, _, s0, s1, s2, s3, _, _, _, _, own, ..] = *header;
    ([t0, t1], [s0, s1, s2, s3], own) == ([0x17, 0], [0xEA, 3, 1, 0], kind) && rest.starts_with(body)
}

/// The data of an MCS Send Data Request on the channel 1003 ([MS-RDPBCGR] 2.2.8.1): lengths are as its client writes them.
fn request_data(octets: &[u8]) -> Option<&[u8]> {
    let (head, rest) = octets.split_first_chunk::<13>()?;
    let [3, 0, _, _, 2, 0xF0, 0x80, 0x64, _, _, 3, 0xEB, 0x70] = *head else { return None };
    let (length, data) = match *rest {
        [high @ 0x80..=0xFF, low, ..] => (u16::from_be_bytes([high & 0x7F, low]), rest.get(2..)?),
        [short, ..] => (u16::from(short), rest.get(1..)?),
        [] => return None,
    };
    (usize::from(length) == data.len()).then_some(data)
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

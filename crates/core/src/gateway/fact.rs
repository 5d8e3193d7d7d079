//! What a gateway shows on the way.
use rdp_probe_wire::http::{BodyLength, Response, challenges};
use rdp_probe_wire::ntlm::utf16;
use serde::{Deserialize, Serialize};

use crate::field::Fields;

/// The kinds of facts about a gateway. Texts are a peer's: bounded here, escaped by whoever prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GatewayFact {
    /// Under which ids this tunnel is asked for: the gateway's log has them.
    Asked {
        /// `RDG-Connection-Id`.
        connection_id: String,
        /// `RDG-Correlation-Id`.
        correlation_id: String,
    },
    /// The certificate is trusted, and nobody was asked whether its authority has taken that back: a Windows client asks.
    RevocationNotChecked,
    /// An answer of HTTP.
    Http(Box<HttpFacts>),
    /// Whether the logon was bound to the certificate of the TLS connection that it was made on.
    ChannelBinding(BindingSent),
    /// With the word that the logon is accepted came a proof of the gateway's own.
    OwnProof {
        /// Whether it holds.
        holds: bool,
    },
    /// The gateway opened the OUT channel of the two that HTTP has.
    OutChannel {
        /// Whether its body is in chunks.
        chunked: bool,
    },
    /// So many octets that mean nothing stood in the OUT channel before the first packet.
    Seed(usize),
    /// HTTP_HANDSHAKE_RESPONSE_PACKET.
    Handshake {
        /// `verMajor` and `verMinor`.
        version: (u8, u8),
        /// `ExtendedAuth`.
        extended_auth: u16,
    },
    /// HTTP_TUNNEL_RESPONSE without an error.
    Tunnel {
        /// `tunnelId`.
        id: Option<u32>,
        /// `capsFlags`.
        caps: Option<u32>,
    },
    /// The text that has to be agreed to.
    Consent(String),
    /// HTTP_TUNNEL_AUTH_RESPONSE without an error.
    Authorization {
        /// `redirFlags`.
        redirection: Option<u32>,
        /// `idleTimeout`, in minutes.
        idle_minutes: Option<u32>,
    },
    /// The name and the port that the gateway was asked to connect to.
    AskedFor {
        /// `pResource`.
        name: String,
        /// `port`.
        port: u16,
    },
    /// HTTP_CHANNEL_RESPONSE without an error.
    Channel {
        /// `channelId`.
        id: Option<u32>,
        /// `udpPort`.
        udp_port: Option<u16>,
    },
    /// HTTP_SERVICE_MESSAGE.
    ServiceMessage(String),
    /// HTTP_REAUTH_MESSAGE: the gateway wants the logon once more, of a client that stays.
    Reauthentication,
    /// HTTP_KEEPALIVE_PACKET.
    Keepalive,
    /// A packet of a type that nobody knows.
    UnknownPacket(u16),
    /// So many octets stood behind the last known field of a packet.
    Trailing(usize),
    /// CLOSE_CHANNEL of the gateway's, with its code.
    Closed(u32),
    /// The channel was closed from here, and the gateway confirmed it with this code.
    ClosedByUs(u32),
}

/// Whether a logon was bound to the certificate of the TLS connection that it was made on (RFC 5929).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BindingSent {
    /// It was.
    Sent,
    /// It was not: that was asked for, or there was nothing to bind it to.
    NotSent,
    /// It was, and by which digest is a guess: the RFC has none for this certificate.
    Uncertain,
}

impl BindingSent {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::NotSent => "not_sent",
            Self::Uncertain => "uncertain",
        }
    }
}

/// An answer of HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct HttpFacts {
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// `Server`.
    pub server: Option<String>,
    /// `Via`.
    pub via: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The schemes of `WWW-Authenticate`, or of `Proxy-Authenticate` with a 407; without what follows them.
    pub schemes: Vec<String>,
    /// The names of the cookies.
    pub cookies: Vec<String>,
    /// Whether Exchange answered in the gateway's place (`X-CasErrorCode`).
    pub exchange: bool,
    /// Whether its body has a length that is known, as a page has: a channel has none.
    pub has_length: bool,
}

/// Texts longer than this are cut, in characters.
const MOST_TEXT: usize = 256;

/// More values of a kind than any answer has a use for.
const MOST_VALUES: usize = 16;

impl HttpFacts {
    /// The facts of an answer.
    #[must_use]
    pub fn of(response: &Response<'_>) -> Self {
        let mut facts = Self {
            status: response.status.0,
            reason: text(response.reason),
            has_length: matches!(response.body_length(), BodyLength::Octets(_)),
            ..Self::default()
        };
        let asks = if response.status.0 == 407 { "proxy-authenticate" } else { "www-authenticate" };
        // Once for all of them: looking for one goes through the whole head.
        for (name, value) in response.fields() {
            let first = |place: &mut Option<String>| {
                let value = text(value);
                if place.is_none() && !value.is_empty() {
                    *place = Some(value);
                }
            };
            if name.eq_ignore_ascii_case(asks) {
                facts.offer(value);
            } else if name.eq_ignore_ascii_case("server") {
                first(&mut facts.server);
            } else if name.eq_ignore_ascii_case("via") {
                first(&mut facts.via);
            } else if name.eq_ignore_ascii_case("location") {
                first(&mut facts.location);
            } else if name.eq_ignore_ascii_case("content-type") {
                first(&mut facts.content_type);
            } else if name.eq_ignore_ascii_case("set-cookie") && facts.cookies.len() < MOST_VALUES {
                facts.cookies.push(text(value.split(|octet| *octet == b'=').next().unwrap_or_default()));
            } else if name.eq_ignore_ascii_case("x-caserrorcode") {
                facts.exchange = true;
            }
        }
        facts
    }

    /// Whether it is of something in front of a gateway: a `Via`, or a server whose name is no Windows gateway's. An open-source one has none.
    pub(crate) fn names_a_proxy(&self) -> bool {
        let windows =
            |server: &str| server.get(..10).is_some_and(|name| name.eq_ignore_ascii_case("Microsoft-"));
        self.via.is_some() || self.server.as_deref().is_some_and(|server| !windows(server))
    }

    /// Takes the schemes of a challenge.
    fn offer(&mut self, value: &[u8]) {
        for challenge in challenges(value) {
            let scheme = text(challenge.scheme.as_bytes());
            if self.schemes.len() < MOST_VALUES
                && !self.schemes.iter().any(|other| other.eq_ignore_ascii_case(&scheme))
            {
                self.schemes.push(scheme);
            }
        }
    }

    /// Whether a scheme is offered.
    #[must_use]
    pub fn offers(&self, scheme: &str) -> bool {
        self.schemes.iter().any(|offered| offered.eq_ignore_ascii_case(scheme))
    }

    /// Whether it is a page for people.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.content_type
            .as_deref()
            .is_some_and(|kind| kind.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case("text/html")))
    }
}

/// A value of a header: it is no text of any known encoding, so that each octet beyond ASCII stands for itself.
fn text(value: &[u8]) -> String {
    value.iter().take(MOST_TEXT).map(|octet| char::from(*octet)).collect::<String>().trim().to_owned()
}

/// A text of a packet: UTF-16LE, with or without terminators.
pub(crate) fn packet_text(value: &[u8]) -> String {
    /// As much as a person reads.
    const MOST: usize = 2048;
    utf16(value, MOST).take_while(|character| *character != '\0').collect()
}

impl GatewayFact {
    /// The id in reports.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "gateway_asked",
            Self::RevocationNotChecked => "revocation_not_checked",
            Self::Http(_) => "http_answer",
            Self::ChannelBinding(_) => "channel_binding",
            Self::OwnProof { .. } => "own_proof",
            Self::OutChannel { .. } => "out_channel",
            Self::Seed(_) => "seed",
            Self::Handshake { .. } => "gateway_version",
            Self::Tunnel { .. } => "tunnel_created",
            Self::Consent(_) => "consent",
            Self::Authorization { .. } => "tunnel_authorized",
            Self::AskedFor { .. } => "channel_asked",
            Self::Channel { .. } => "channel_opened",
            Self::ServiceMessage(_) => "service_message",
            Self::Reauthentication => "reauthentication",
            Self::Keepalive => "keepalive",
            Self::UnknownPacket(_) => "unknown_packet",
            Self::Trailing(_) => "trailing_octets",
            Self::Closed(_) => "channel_closed",
            Self::ClosedByUs(_) => "channel_left",
        }
    }

    /// Its values in reports.
    pub fn fields(&self) -> Fields {
        let none = Fields::none;
        match self {
            Self::Asked { connection_id, correlation_id } => {
                none().with("connection_id", connection_id).with("correlation_id", correlation_id)
            }
            Self::Http(facts) => {
                let schemes = (!facts.schemes.is_empty()).then(|| facts.schemes.join(", "));
                let cookies = (!facts.cookies.is_empty()).then(|| facts.cookies.join(", "));
                none()
                    .with("status", facts.status)
                    .with("reason", &facts.reason)
                    .maybe("schemes", schemes)
                    .maybe("server", facts.server.as_ref())
                    .maybe("via", facts.via.as_ref())
                    .maybe("location", facts.location.as_ref())
                    .maybe("content_type", facts.content_type.as_ref())
                    .maybe("cookies", cookies)
            }
            Self::ChannelBinding(sent) => none().with("binding", sent.id()),
            Self::OwnProof { holds } => none().with("holds", holds),
            Self::Handshake { version: (major, minor), extended_auth } => {
                none().with("version", format!("{major}.{minor}")).code("extended_auth", *extended_auth)
            }
            Self::Tunnel { id, caps } => none().maybe("tunnel_id", *id).maybe_code("caps", *caps),
            Self::Consent(text) | Self::ServiceMessage(text) => none().with("text", text),
            Self::Authorization { redirection, idle_minutes } => {
                none().maybe_code("redirection", *redirection).maybe("idle_minutes", *idle_minutes)
            }
            Self::AskedFor { name, port } => none().with("name", name).with("port", port),
            Self::Channel { id, udp_port } => none().maybe("channel_id", *id).maybe("udp_port", *udp_port),
            Self::UnknownPacket(kind) => none().code("type", *kind),
            Self::OutChannel { chunked } => none().with("chunked", chunked),
            Self::Seed(count) | Self::Trailing(count) => none().with("count", count),
            Self::Closed(code) | Self::ClosedByUs(code) => none().code("code", *code),
            Self::RevocationNotChecked | Self::Reauthentication | Self::Keepalive => none(),
        }
    }

    /// What it says of its stage in a few words; `None` for what is a detail.
    #[must_use]
    pub fn in_brief(&self) -> Option<String> {
        match self {
            Self::Http(facts) => Some(match facts.schemes.as_slice() {
                [] => format!("HTTP {}", facts.status),
                schemes => format!("HTTP {}: {}", facts.status, schemes.join(", ")),
            }),
            Self::AskedFor { name, port } => Some(format!("{name}:{port}")),
            Self::ServiceMessage(_) => Some("a message for people".to_owned()),
            Self::Reauthentication => Some("wants the logon once more".to_owned()),
            Self::RevocationNotChecked => Some("revocation not checked".to_owned()),
            Self::OutChannel { .. } => Some("an OUT channel of HTTP".to_owned()),
            Self::Asked { .. }
            | Self::ChannelBinding(_)
            | Self::OwnProof { .. }
            | Self::Seed(_)
            | Self::Handshake { .. }
            | Self::Tunnel { .. }
            | Self::Consent(_)
            | Self::Authorization { .. }
            | Self::Channel { .. }
            | Self::Keepalive
            | Self::UnknownPacket(_)
            | Self::Trailing(_)
            | Self::Closed(_)
            | Self::ClosedByUs(_) => None,
        }
    }
}

//! What a scripted RD Gateway is like, and where it departs from what it should do.
use std::time::Duration;

use rdp_probe_core::{Host, Stage};
use serde::Deserialize;

use super::error::{Fault, ScenarioError};
use super::step::Ending;
use super::text::{maybe_code, maybe_octets, octets};
use super::tls::{Handshake, Signature};
use crate::certificate::Kind;

/// A gateway: what is left out is as the personality has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GatewayTable {
    /// What clients call it.
    #[serde(deserialize_with = "super::text::host")]
    pub host: Host,
    /// Whose habits it has.
    pub personality: Personality,
    /// The certificate that it shows.
    pub certificate: Kind,
    /// The certificate that it shows on a connection for an IN channel, where that is another one.
    pub in_certificate: Option<Kind>,
    /// Whom it lets in.
    pub accepts: Accepts,
    /// What it makes of what a logon by NTLM is bound to.
    pub binding: Binding,
    /// Whether it proves itself to who logs on inside of SPNEGO.
    pub proves: bool,
    /// The account that it knows, for [`Accepts::Basic`]; with [`Accepts::Ntlm`] whoever has its password is let in.
    pub user: String,
    /// That account's password.
    pub password: String,
    /// The cookie that it knows, for [`Accepts::Token`].
    pub token: String,
    /// The values of `WWW-Authenticate`, a header each, in place of the personality's.
    pub schemes: Option<Vec<String>>,
    /// `tunnelId`.
    pub tunnel_id: Option<u32>,
    /// `capsFlags` of the tunnel.
    #[serde(deserialize_with = "maybe_code")]
    pub caps: Option<u32>,
    /// A text that its users have to agree to. Who does not say that they can show it is refused.
    pub consent: Option<String>,
    /// `idleTimeout`, in minutes.
    pub idle_timeout: Option<u32>,
    /// A text that it sends on the way, to whoever says that they can show it.
    pub service_message: Option<ServiceMessage>,
    /// Whether it sends a KEEPALIVE when the channel is open.
    pub keepalive: bool,
    /// The most octets of the target's in one packet.
    #[serde(deserialize_with = "above_0")]
    pub data_size: Option<usize>,
    /// How packets lie in WebSocket messages, where it is not one in each.
    pub fragments: Option<Fragments>,
    /// Whether it speaks WebSocket. Without it, who asks for the upgrade gets an OUT channel, as everybody does who does not ask.
    pub websocket: bool,
    /// The proxy that answers pass: the value of `Via`.
    pub via: Option<String>,
    /// Whether each of its own answers in HTTP sets a cookie: `leg` and the number of the request over all connections.
    pub cookies: bool,
    /// The octets that an OUT channel's body begins with, before the first packet.
    pub seed: usize,
    /// Whether an OUT channel's body is in chunks, with an end of its own; else it goes on to the end of the connection.
    pub chunked: bool,
    /// Where it departs from all this, and how.
    pub departs: Option<Departure>,
}

/// Whose habits a gateway has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the two that there are")]
pub enum Personality {
    /// Windows Server's.
    #[default]
    Windows,
    /// The open-source gateway's.
    OpenSource,
}

/// Whom a gateway lets in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a gateway checks a password, a token or nothing")]
pub enum Accepts {
    /// Whoever knows the password, by HTTP's Basic.
    #[default]
    Basic,
    /// Whoever knows the password, by HTTP's NTLM.
    Ntlm,
    /// Whoever brings the token: nobody is asked in HTTP.
    Token,
    /// Everybody.
    Anyone,
}

/// What a gateway makes of what a logon by NTLM is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the values of EnforceChannelBinding, and what stands in front")]
pub enum Binding {
    /// It does not look.
    #[default]
    Off,
    /// It has to be to the certificate that the gateway shows.
    Required,
    /// It has to be to another one: something in front of the gateway has taken its TLS apart.
    Other,
}

/// A text for people, before the answer of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenMessage")]
#[non_exhaustive]
pub struct ServiceMessage {
    /// The text.
    pub text: String,
    /// Which answer it stands before: from the tunnel's on. [`GatewayPoint::Open`] is after all of them.
    pub at: GatewayPoint,
}

/// How packets lie in WebSocket messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "more, less or in pieces")]
pub enum Fragments {
    /// One in a message, whose frames have so many octets each.
    Frames(std::num::NonZeroUsize),
    /// Each in messages of so many octets.
    Messages(std::num::NonZeroUsize),
    /// All that go out at once in one message.
    Together,
}

/// A place on the way through a gateway, named for the answer that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a tunnel has these")]
pub enum GatewayPoint {
    /// ServerHello.
    Tls,
    /// The answer in HTTP to a request without `Authorization`.
    Http,
    /// The answer in HTTP to the first message of an exchange.
    Challenge,
    /// The answer in HTTP to a request with a proof of an identity.
    Auth,
    /// HANDSHAKE_RESPONSE.
    Handshake,
    /// TUNNEL_RESPONSE.
    Create,
    /// TUNNEL_AUTH_RESPONSE.
    Authorization,
    /// CHANNEL_RESPONSE.
    Channel,
    /// Anything after it: at once, or after so many DATA packets of the client's, which still reach the target.
    Open {
        /// So many.
        after: usize,
    },
}

/// Which of the two channels of HTTP, where the tunnel lies in two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum HttpChannel {
    /// From the gateway to the client; the connection of a WebSocket counts as one.
    #[default]
    Out,
    /// From the client to the gateway.
    In,
}

/// Where and how a gateway departs from what is right.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
#[non_exhaustive]
pub struct Departure {
    /// Where.
    pub at: GatewayPoint,
    /// How.
    pub how: Departs,
    /// How the outer connection ends after it; without it, it stays.
    pub close: Option<Ending>,
    /// On which connection, counted from 1; without it, on each. An IN channel's is not counted: it has the number of its OUT channel's.
    pub connection: Option<usize>,
    /// Whose connection it is on. On that of [`HttpChannel::In`], [`GatewayPoint::Open`] is when the last request has come, and so many
    /// packets of its body: it does that in place of being quiet, and nothing more of the body reaches the tunnel.
    pub channel: HttpChannel,
}

/// How a gateway departs from what is right.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Departs {
    /// This code in the answer; of an open channel, CLOSE_CHANNEL with it.
    Code(u32),
    /// This status in HTTP. The connection is still HTTP after it.
    Status {
        /// The status.
        status: u16,
        /// Lines as they are, besides `Content-Length`, which stands there where there is a body, or the status is another than 200.
        headers: Vec<String>,
        /// The body.
        body: Option<String>,
    },
    /// These octets in place of the answer.
    Octets(Vec<u8>),
    /// These octets in place of a WebSocket frame.
    Raw(Vec<u8>),
    /// These octets in no frame and in no chunk, and others behind them, over and over.
    RawEndless {
        /// What stands before them.
        raw: Vec<u8>,
        /// The octets.
        octets: Vec<u8>,
        /// As many as are sent, at least.
        at_most: usize,
    },
    /// So many octets of the right answer.
    Cut(usize),
    /// No answer.
    Nothing,
    /// A WebSocket Close with this code.
    WebSocketClose(u16),
    /// These octets in place of the answer, one by one.
    Drip {
        /// The octets.
        octets: Vec<u8>,
        /// The time between two.
        every: Duration,
    },
    /// These octets in place of the answer, over and over.
    Endless {
        /// The octets.
        octets: Vec<u8>,
        /// As many as are sent, at least.
        at_most: usize,
    },
    /// A `Sec-WebSocket-Accept` of another key in the right answer.
    WrongAccept,
    /// The right answer in a masked frame.
    Masked,
    /// This version, major and minor, in the right answer.
    Version(u8, u8),
    /// The body of an IN channel is taken, and nothing of it reaches the tunnel: something in front of the gateway waits for its end.
    KeepsBack,
}

impl Default for GatewayTable {
    fn default() -> Self {
        Self {
            host: Host::Name("gw.lab.test".into()),
            personality: Personality::default(),
            certificate: Kind::Gateway,
            in_certificate: None,
            accepts: Accepts::default(),
            binding: Binding::default(),
            proves: false,
            user: "gwuser".to_owned(),
            password: "Gw-Secret-7!".to_owned(),
            token: "Gw-Token-7!".to_owned(),
            schemes: None,
            tunnel_id: None,
            caps: None,
            consent: None,
            idle_timeout: None,
            service_message: None,
            keepalive: false,
            data_size: None,
            fragments: None,
            websocket: true,
            via: None,
            cookies: false,
            seed: 10,
            chunked: false,
            departs: None,
        }
    }
}

impl GatewayTable {
    /// Reads a table by itself, as it stands in a scenario; `name` stands in every message.
    ///
    /// # Errors
    /// [`ScenarioError`] with what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text)
            .map_err(|error| ScenarioError { scenario: name.to_owned(), fault: Fault::Toml(Box::new(error)) })
    }

    /// The same gateway without WebSocket: its packets lie in no messages then.
    #[must_use]
    pub fn over_two_channels(self) -> Self {
        Self { websocket: false, fragments: None, ..self }
    }

    /// Whether what it is like makes sense in a WebSocket only.
    #[must_use]
    pub fn is_about_websocket(&self) -> bool {
        self.departs.as_ref().is_some_and(|departure| departure.how.is_about_websocket())
    }

    /// The handshake on the outer connection.
    #[must_use]
    pub const fn handshake(&self) -> Handshake {
        Handshake {
            certificate: self.certificate,
            versions: Vec::new(),
            broken_off: false,
            signature: Signature::Own,
            scheme: None,
        }
    }
}

impl GatewayPoint {
    /// The stage of a probe that this is in; `None` of an open channel.
    #[must_use]
    pub const fn stage(self) -> Option<Stage> {
        Some(match self {
            Self::Tls => Stage::GatewayTls,
            Self::Http => Stage::GatewayHttp,
            Self::Challenge | Self::Auth => Stage::GatewayAuth,
            Self::Handshake | Self::Create => Stage::GatewayTunnel,
            Self::Authorization => Stage::GatewayAuthorization,
            Self::Channel => Stage::GatewayChannel,
            Self::Open { .. } => return None,
        })
    }

    /// Whether packets are spoken there.
    const fn is_in_tunnel(self) -> bool {
        match self {
            Self::Tls | Self::Http | Self::Challenge | Self::Auth => false,
            Self::Handshake | Self::Create | Self::Authorization | Self::Channel | Self::Open { .. } => true,
        }
    }

    fn read(stage: &str, step: Option<&str>, after: Option<usize>) -> Result<Self, String> {
        if after.is_some() && stage != "open" {
            return Err("`after` goes with stage \"open\"".to_owned());
        }
        Ok(match (stage, step) {
            ("gateway_tls", None) => Self::Tls,
            ("gateway_http", None) => Self::Http,
            ("gateway_auth", None) => Self::Auth,
            ("gateway_auth", Some("challenge")) => Self::Challenge,
            ("gateway_tunnel", Some("handshake")) => Self::Handshake,
            ("gateway_tunnel", Some("create")) => Self::Create,
            ("gateway_authorization", None) => Self::Authorization,
            ("gateway_channel", None) => Self::Channel,
            ("open", None) => Self::Open { after: after.unwrap_or_default() },
            ("gateway_tunnel", _) => {
                return Err("stage \"gateway_tunnel\" has step \"handshake\" or \"create\"".to_owned());
            }
            (_, Some(_)) => {
                return Err(
                    "`step` goes with stage \"gateway_tunnel\", and with \"gateway_auth\" it is \"challenge\""
                        .to_owned(),
                );
            }
            (other, None) => return Err(format!("a gateway has no stage {other:?}")),
        })
    }
}

impl Departs {
    /// Whether it can be done there.
    fn is_possible(&self, at: GatewayPoint, channel: HttpChannel) -> bool {
        match channel {
            HttpChannel::Out => self.is_possible_on_out(at),
            HttpChannel::In => self.is_possible_on_in(at),
        }
    }

    fn is_possible_on_out(&self, at: GatewayPoint) -> bool {
        let tls = at == GatewayPoint::Tls;
        let http = matches!(at, GatewayPoint::Http | GatewayPoint::Challenge | GatewayPoint::Auth);
        let open = matches!(at, GatewayPoint::Open { .. });
        match self {
            Self::Octets(_) | Self::Nothing | Self::Drip { .. } | Self::Endless { .. } => true,
            Self::Status { .. } | Self::WrongAccept => http,
            Self::Cut(_) => !tls && !open,
            Self::Code(_) | Self::Raw(_) | Self::WebSocketClose(_) => at.is_in_tunnel(),
            Self::RawEndless { .. } => !tls,
            Self::Masked => at.is_in_tunnel() && !open,
            Self::Version(..) => at == GatewayPoint::Handshake,
            Self::KeepsBack => false,
        }
    }

    fn is_possible_on_in(&self, at: GatewayPoint) -> bool {
        let open = matches!(at, GatewayPoint::Open { .. });
        match self {
            Self::Octets(_) | Self::Nothing | Self::Drip { .. } | Self::Endless { .. } => true,
            Self::Status { .. } | Self::RawEndless { .. } => at != GatewayPoint::Tls,
            Self::Cut(_) => !open && at != GatewayPoint::Tls,
            Self::KeepsBack => open,
            // No packet goes that way, and nobody is upgraded.
            Self::Code(_)
            | Self::Raw(_)
            | Self::WebSocketClose(_)
            | Self::WrongAccept
            | Self::Masked
            | Self::Version(..) => false,
        }
    }

    const fn is_about_websocket(&self) -> bool {
        match self {
            Self::Masked
            | Self::Raw(_)
            | Self::RawEndless { .. }
            | Self::WebSocketClose(_)
            | Self::WrongAccept => true,
            Self::Code(_)
            | Self::Status { .. }
            | Self::Octets(_)
            | Self::Cut(_)
            | Self::Nothing
            | Self::Drip { .. }
            | Self::Endless { .. }
            | Self::Version(..)
            | Self::KeepsBack => false,
        }
    }

    /// Whether all is as it would be otherwise, after it.
    const fn goes_on(&self) -> bool {
        match self {
            Self::WrongAccept
            | Self::Masked
            | Self::Version(..)
            | Self::RawEndless { .. }
            | Self::Endless { .. }
            | Self::KeepsBack => true,
            Self::Code(_)
            | Self::Status { .. }
            | Self::Octets(_)
            | Self::Raw(_)
            | Self::Cut(_)
            | Self::Nothing
            | Self::WebSocketClose(_)
            | Self::Drip { .. } => false,
        }
    }
}

/// A message as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMessage {
    text: String,
    stage: String,
    step: Option<String>,
}

impl TryFrom<WrittenMessage> for ServiceMessage {
    type Error = String;

    fn try_from(written: WrittenMessage) -> Result<Self, String> {
        let at = GatewayPoint::read(&written.stage, written.step.as_deref(), None)?;
        // Only TUNNEL_CREATE tells whether the client can show it.
        if at.is_in_tunnel() && at != GatewayPoint::Handshake {
            Ok(Self { text: written.text, at })
        } else {
            Err("a service message needs a tunnel".to_owned())
        }
    }
}

/// A departure as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    stage: String,
    step: Option<String>,
    after: Option<usize>,
    #[serde(default, deserialize_with = "maybe_code")]
    code: Option<u32>,
    status: Option<u16>,
    headers: Option<Vec<String>>,
    body: Option<String>,
    #[serde(default, deserialize_with = "maybe_octets")]
    octets: Option<Vec<u8>>,
    #[serde(default, deserialize_with = "maybe_octets")]
    raw: Option<Vec<u8>>,
    cut: Option<usize>,
    close: Option<Ending>,
    connection: Option<usize>,
    websocket_close: Option<u16>,
    #[serde(default)]
    silent: bool,
    drip: Option<Drip>,
    endless: Option<Endless>,
    #[serde(default)]
    wrong_accept: bool,
    #[serde(default)]
    masked: bool,
    version: Option<(u8, u8)>,
    #[serde(default)]
    keeps_back: bool,
    #[serde(default)]
    channel: HttpChannel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drip {
    #[serde(deserialize_with = "octets")]
    octets: Vec<u8>,
    every_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Endless {
    #[serde(deserialize_with = "octets")]
    octets: Vec<u8>,
    at_most: usize,
}

/// What is wrong with a departure of nothing, or of two things.
const ONE: &str = "a gateway departs in one way: code, status with headers and body, octets, raw, raw with endless, cut with close, close, \
                   websocket_close, silent, drip, endless, wrong_accept, masked, version, or keeps_back";

impl Departure {
    /// This departure, and nothing of an end after it.
    #[must_use]
    pub const fn new(at: GatewayPoint, how: Departs) -> Self {
        Self { at, how, close: None, connection: None, channel: HttpChannel::Out }
    }
}

impl TryFrom<Written> for Departure {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let channel = written.channel;
        let mut at = GatewayPoint::read(&written.stage, written.step.as_deref(), written.after)?;
        if channel == HttpChannel::In {
            at = match at {
                GatewayPoint::Tls
                | GatewayPoint::Http
                | GatewayPoint::Challenge
                | GatewayPoint::Auth
                | GatewayPoint::Open { .. } => at,
                GatewayPoint::Handshake
                | GatewayPoint::Create
                | GatewayPoint::Authorization
                | GatewayPoint::Channel => {
                    return Err(
                        "channel \"in\" has stages \"gateway_tls\", \"gateway_http\", \"gateway_auth\" and \"open\"".to_owned()
                    );
                }
            };
        }
        let (headers, body) = (written.headers, written.body);
        if written.status.is_none() && (headers.is_some() || body.is_some()) {
            return Err("`headers` and `body` go with `status`".to_owned());
        }
        let status = written.status.map(|status| {
            let headers = headers.unwrap_or_default();
            Departs::Status { status, headers, body }
        });
        let drip = |Drip { octets, every_ms }| Departs::Drip { octets, every: Duration::from_millis(every_ms) };
        let (raw, endless) = match (written.raw, written.endless) {
            (Some(raw), Some(Endless { octets, at_most })) => {
                (None, Some(Departs::RawEndless { raw, octets, at_most }))
            }
            (raw, endless) => (
                raw.map(Departs::Raw),
                endless.map(|Endless { octets, at_most }| Departs::Endless { octets, at_most }),
            ),
        };
        let ways = [
            written.code.map(Departs::Code),
            status,
            written.octets.map(Departs::Octets),
            raw,
            written.cut.map(Departs::Cut),
            written.websocket_close.map(Departs::WebSocketClose),
            written.silent.then_some(Departs::Nothing),
            written.drip.map(drip),
            endless,
            written.wrong_accept.then_some(Departs::WrongAccept),
            written.masked.then_some(Departs::Masked),
            written.version.map(|(major, minor)| Departs::Version(major, minor)),
            written.keeps_back.then_some(Departs::KeepsBack),
        ];
        let mut ways = ways.into_iter().flatten();
        let how = match (ways.next(), ways.next()) {
            (Some(how), None) => how,
            (None, _) if written.close.is_some() => Departs::Nothing,
            (None | Some(_), _) => return Err(ONE.to_owned()),
        };
        if !how.is_possible(at, channel) {
            return Err(format!("a gateway cannot do that at stage {:?}", written.stage));
        }
        let close = written.close;
        if close.is_some() && (how.goes_on() || written.silent) {
            return Err("`close` stands beside what ends something".to_owned());
        }
        if written.silent && channel == HttpChannel::In && matches!(at, GatewayPoint::Open { .. }) {
            return Err("an open IN channel is silent as it is".to_owned());
        }
        if close.is_none() && matches!(how, Departs::Cut(_)) {
            return Err("`cut` says how the connection ends, by `close`".to_owned());
        }
        Ok(Self { at, how, close, connection: written.connection, channel })
    }
}

/// A number of octets that there can be.
fn above_0<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    std::num::NonZeroUsize::deserialize(deserializer).map(|number| Some(number.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departure(line: &str) -> Result<Departure, String> {
        let table = GatewayTable::parse("gw", &format!("departs = {{ {line} }}"));
        table.map(|table| table.departs.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_of_nothing_is_a_gateway_that_knows_a_password() {
        let table = GatewayTable::parse("gw", "").unwrap();
        assert_eq!(table, GatewayTable::default());
        assert_eq!((table.certificate, table.accepts), (Kind::Gateway, Accepts::Basic));
        assert_eq!(table.handshake().certificate, Kind::Gateway);
    }

    #[test]
    fn every_key_is_read() {
        let text = r#"
            host = "gw2.lab.test"
            personality = "open_source"
            certificate = "expired"
            in_certificate = "good"
            accepts = "token"
            user = "u"
            password = "p"
            token = "t"
            schemes = ["NTLM"]
            tunnel_id = 7
            caps = "0x0E"
            consent = "c"
            idle_timeout = 5
            service_message = { text = "s", stage = "gateway_channel" }
            keepalive = true
            data_size = 3
            fragments = { frames = 2 }
            websocket = false
            via = "1.1 proxy"
            cookies = true
            seed = 100
            chunked = true
            departs = { stage = "open", after = 2, code = "0x800759F6", close = "fin" }
        "#;
        let table = GatewayTable::parse("gw", text).unwrap();
        assert_eq!((table.caps, table.data_size), (Some(0x0E), Some(3)));
        assert_eq!((table.websocket, table.seed, table.chunked, table.cookies), (false, 100, true, true));
        assert_eq!(table.service_message.unwrap().at, GatewayPoint::Channel);
        let departure = table.departs.unwrap();
        assert_eq!(departure.at, GatewayPoint::Open { after: 2 });
        assert_eq!((departure.how, departure.close), (Departs::Code(0x8007_59F6), Some(Ending::Fin)));
        for wrong in ["hosts = 1", "data_size = 0", "fragments = { frames = 0 }", "caps = \"7\"", "host = \"\""]
        {
            assert!(GatewayTable::parse("gw", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_departure_is_one_thing_at_a_place_where_it_can_be() {
        for (line, told) in [
            ("stage = \"gateway_http\"", "departs in one way"),
            ("stage = \"gateway_http\", status = 500, cut = 2, close = \"fin\"", "departs in one way"),
            ("stage = \"gateway_http\", code = \"0x5\"", "cannot do that"),
            ("stage = \"gateway_channel\", status = 500", "cannot do that"),
            ("stage = \"gateway_tls\", cut = 1, close = \"fin\"", "cannot do that"),
            ("stage = \"gateway_channel\", cut = 1", "by `close`"),
            ("stage = \"gateway_channel\", headers = []", "go with `status`"),
            ("stage = \"gateway_channel\", masked = true, close = \"fin\"", "beside what ends"),
            ("stage = \"gateway_tunnel\", silent = true", "has step"),
            ("stage = \"gateway_http\", step = \"create\", silent = true", "`step` goes with"),
            ("stage = \"gateway_http\", after = 1, silent = true", "`after` goes with"),
            ("stage = \"tls\", silent = true", "no stage \"tls\""),
            ("stage = \"open\", silent = true, more = 1", "unknown field"),
            (
                "stage = \"gateway_tls\", raw = \"41\", endless = { octets = \"42\", at_most = 1 }",
                "cannot do that",
            ),
            (
                "stage = \"open\", octets = \"41\", endless = { octets = \"42\", at_most = 1 }",
                "departs in one way",
            ),
            ("stage = \"open\", keeps_back = true", "cannot do that"),
            ("channel = \"in\", stage = \"gateway_http\", keeps_back = true", "cannot do that"),
            ("channel = \"in\", stage = \"open\", keeps_back = true, close = \"fin\"", "beside what ends"),
            ("channel = \"in\", stage = \"open\", silent = true", "silent as it is"),
            ("channel = \"in\", stage = \"open\", code = \"0x5\"", "cannot do that"),
            ("channel = \"in\", stage = \"open\", cut = 1, close = \"fin\"", "cannot do that"),
            ("channel = \"in\", stage = \"gateway_auth\", wrong_accept = true", "cannot do that"),
            ("channel = \"in\", stage = \"gateway_tls\", status = 401", "cannot do that"),
            ("channel = \"in\", stage = \"gateway_channel\", silent = true", "channel \"in\" has stages"),
            ("channel = \"inn\", stage = \"open\", close = \"fin\"", "unknown variant"),
        ] {
            let error = departure(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
        let raw =
            departure("stage = \"open\", raw = \"38\", endless = { octets = \"78\", at_most = 9 }").unwrap();
        assert_eq!(raw.how, Departs::RawEndless { raw: vec![0x38], octets: vec![0x78], at_most: 9 });
        let at = |line| departure(line).unwrap().at.stage();
        assert_eq!(
            at("stage = \"gateway_tunnel\", step = \"create\", silent = true"),
            Some(Stage::GatewayTunnel)
        );
        assert_eq!(at("stage = \"open\", close = \"reset\""), None);
        let of_in = departure("channel = \"in\", stage = \"open\", after = 3, octets = \"48\"").unwrap();
        assert_eq!((of_in.channel, of_in.at), (HttpChannel::In, GatewayPoint::Open { after: 3 }));
        let step = "channel = \"in\", stage = \"gateway_auth\", step = \"challenge\", silent = true";
        assert_eq!(departure(step).unwrap().at, GatewayPoint::Challenge);
        assert_eq!(departure("stage = \"open\", close = \"fin\"").unwrap().channel, HttpChannel::Out);
        let early = GatewayTable::parse("gw", "service_message = { text = \"s\", stage = \"gateway_http\" }");
        assert!(early.is_err());
    }

    #[test]
    fn what_only_a_websocket_has_is_told_from_the_rest() {
        for (text, about) in [
            ("", false),
            ("fragments = \"together\"", false),
            ("departs = { stage = \"gateway_channel\", masked = true }", true),
            ("departs = { stage = \"gateway_channel\", raw = \"83 00\" }", true),
            ("departs = { stage = \"open\", raw = \"38\", endless = { octets = \"78\", at_most = 9 } }", true),
            ("departs = { stage = \"open\", websocket_close = 1011 }", true),
            ("departs = { stage = \"gateway_auth\", wrong_accept = true }", true),
            ("departs = { stage = \"open\", code = \"0x5\" }", false),
            ("departs = { stage = \"open\", channel = \"in\", keeps_back = true }", false),
        ] {
            let table = GatewayTable::parse("gw", text).unwrap();
            assert_eq!(table.is_about_websocket(), about, "{text}");
            assert!(table.websocket, "{text}");
            let expected = GatewayTable { websocket: false, fragments: None, ..table.clone() };
            assert_eq!(table.over_two_channels(), expected, "{text}");
        }
    }
}

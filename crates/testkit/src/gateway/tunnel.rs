//! One connection to a gateway, without sockets: octets of the client and news of the target in, what the gateway does out.
use rdp_probe_core::base64;
use rdp_probe_core::wire::tpkt::Frame;
use rdp_probe_core::wire::tsgu::{ExtendedAuthMask, TunnelCaps, frame};

use super::chunks::ClientChunks;
use super::does::Does;
use super::frames;
use super::habits;
use super::http;
use super::judge::Judge;
use super::notes::Notes;
use super::outs::OpenOut;
use super::packets::{self, ClientPacket};
use crate::scenario::{
    Accepts, Departs, Ending, GatewayPoint, GatewayTable, Handshake, HttpChannel, Personality,
};
use crate::toy::Toy;

mod legs;
mod two_channels;

/// The gateway's side of one connection. What it hears lies inside of TLS, and after [`Does::Upgraded`] inside of WebSocket messages.
///
/// A tunnel of two channels has two connections, and lives in that of its OUT channel: after [`Does::OutChannel`] it hears what the IN
/// channel gives out as [`Does::Inside`], and is told of [`Does::InEnded`].
#[derive(Debug)]
pub struct Gateway {
    table: GatewayTable,
    notes: Notes,
    held: Vec<u8>,
    state: State,
    /// Whether somebody logs on inside of the tunnel.
    extended: bool,
    /// Who judges logons by NTLM.
    judge: Box<dyn Judge>,
    /// Requests of this connection.
    requests: usize,
    /// `RDG-Connection-Id`, which no request of a connection changes.
    connection_id: Option<String>,
    /// What the client can do.
    caps: TunnelCaps,
    /// DATA packets of the client's, and on an IN channel packets of any kind.
    data: usize,
    /// Whether a KEEPALIVE went out that the client has not answered.
    asked: bool,
    /// Whether packets are spoken.
    upgraded: bool,
    /// The number of this connection, where it is not an IN channel's.
    number: usize,
    /// Which channel it is for; `None` before the first request.
    channel: Option<HttpChannel>,
    /// While this is an OUT channel that an IN channel can belong to.
    out: Option<OpenOut>,
    /// Whether this is an IN channel that was accepted.
    joined: bool,
    /// The body of the IN channel.
    chunks: ClientChunks,
}

/// What is awaited of the client, or of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Request,
    /// The body of an IN channel, whose packets are heard elsewhere.
    Body,
    Handshake,
    Extended,
    Create,
    Authorization,
    Channel,
    Dial,
    Open,
    /// The client has closed the channel.
    ClosedByClient,
    /// The gateway has.
    ClosedByUs,
    /// The client was refused, and has nothing more to say than good-bye.
    Refused,
    /// Nothing is heard and nothing is said any more.
    Gone,
}

impl Gateway {
    /// A connection that has just been made. Its notes are shared by all connections of one gateway. Logons by NTLM are those of
    /// [`Toy`], with secret 0.
    #[must_use]
    pub fn new(table: &GatewayTable, notes: &Notes) -> Self {
        let mut seen = notes.lock();
        seen.connections += 1;
        let number = seen.connections.saturating_sub(notes.outs.in_connections());
        drop(seen);
        let mut table = table.clone();
        // What is of an IN channel waits until it is known to be one.
        table.departs = table.departs.filter(|departure| {
            departure.channel == HttpChannel::In || departure.connection.is_none_or(|own| own == number)
        });
        Self {
            table,
            notes: notes.clone(),
            held: Vec::new(),
            state: State::Request,
            extended: false,
            judge: Box::new(Toy::new(0)),
            requests: 0,
            connection_id: None,
            caps: TunnelCaps::default(),
            data: 0,
            asked: false,
            upgraded: false,
            number,
            channel: None,
            out: None,
            joined: false,
            chunks: ClientChunks::default(),
        }
    }

    /// The same, with logons by real NTLM.
    #[cfg(feature = "auth")]
    #[must_use]
    pub fn with_real_ntlm(mut self) -> Self {
        if let Some(judge) = super::ntlm::Ntlm::new(&self.table.password) {
            self.judge = Box::new(judge);
        }
        self
    }

    /// The ClientHello is there: what the gateway does in place of shaking hands, in the clear. `None` when it does shake hands, as
    /// [`Self::tls_handshake`] says.
    pub fn instead_of_tls(&mut self) -> Option<Vec<Does>> {
        // Nobody has said yet what it is for.
        let channel = if self.notes.outs.awaits_in() { HttpChannel::In } else { HttpChannel::Out };
        if let (HttpChannel::In, Some(other)) = (channel, self.table.in_certificate) {
            self.table.certificate = other;
        }
        let departs = self.table.departs.as_ref().is_some_and(|departure| departure.channel == channel);
        if departs { self.instead(GatewayPoint::Tls, &[]) } else { None }
    }

    /// The handshake, where it is not [`Self::instead_of_tls`].
    #[must_use]
    pub const fn tls_handshake(&self) -> Handshake {
        self.table.handshake()
    }

    /// The client was shown the certificate, and went no further.
    pub fn handshake_broken(&mut self) {
        self.state = State::Gone;
        self.notes.lock().handshakes_broken += 1;
    }

    /// Octets of the client's.
    pub fn hear(&mut self, octets: &[u8]) -> Vec<Does> {
        self.held.extend_from_slice(octets);
        let mut does = Vec::new();
        loop {
            let more = match self.state {
                State::Gone => self.farewell(),
                State::Request => self.request(),
                State::Body => self.body(),
                State::Handshake
                | State::Extended
                | State::Create
                | State::Authorization
                | State::Channel
                | State::Dial
                | State::Open
                | State::ClosedByClient
                | State::ClosedByUs
                | State::Refused => self.packet(),
            };
            let Some(more) = more else { return does };
            does.extend(more);
        }
    }

    /// The client has sent a WebSocket Close.
    pub fn websocket_closed(&mut self) {
        self.notes.lock().websocket_closes += 1;
        if self.state == State::Open {
            self.violation("a WebSocket Close without CLOSE_CHANNEL");
        }
        self.state = State::Gone;
    }

    /// The client has broken the rules of what the gateway's octets lie in.
    pub fn framing_broken(&mut self, what: &str) {
        self.violation(what);
        self.state = State::Gone;
    }

    /// What became of [`Does::Open`].
    pub fn target_dialed(&mut self, connected: bool) -> Vec<Does> {
        if self.state != State::Dial {
            return Vec::new();
        }
        if !connected {
            return self.refuse(GatewayPoint::Channel, habits::not_connected(self.table.personality));
        }
        self.state = State::Open;
        let mut does = vec![self.right(GatewayPoint::Channel, packets::channel_response(0))];
        does.extend(self.message(GatewayPoint::Open { after: 0 }));
        if self.table.keepalive {
            self.asked = true;
            does.push(Does::Send(packets::keepalive()));
        }
        does.extend(self.depart_when_open());
        does
    }

    /// Octets of the target's.
    pub fn target_said(&mut self, octets: &[u8]) -> Vec<Does> {
        if self.state != State::Open {
            return Vec::new();
        }
        packets::data(octets, habits::data_size(&self.table)).map(Does::Send).collect()
    }

    /// The target has ended its connection, one way or the other.
    pub fn target_ended(&mut self) -> Vec<Does> {
        match (self.state, self.table.personality) {
            (State::Open, Personality::Windows) => {
                self.state = State::ClosedByUs;
                vec![Does::Send(packets::close_channel(habits::TARGET_CLOSED))]
            }
            // Deviation: the open-source gateway says nothing.
            (_, Personality::Windows | Personality::OpenSource) => Vec::new(),
        }
    }

    fn violation(&self, what: impl Into<String>) {
        self.notes.violation(what);
    }

    fn packet(&mut self) -> Option<Vec<Does>> {
        let Frame::Whole(length) = frame(&self.held) else { return None };
        let rest = self.held.split_off(length.min(self.held.len()));
        let packet = std::mem::replace(&mut self.held, rest);
        Some(match ClientPacket::parse(&packet) {
            Ok(packet) => self.heard(packet),
            Err(why) => {
                self.violation(why);
                self.end(Ending::CloseNotify)
            }
        })
    }

    /// Only notes how the client takes its leave.
    fn farewell(&mut self) -> Option<Vec<Does>> {
        if !self.upgraded {
            self.held.clear();
        }
        let Frame::Whole(length) = frame(&self.held) else { return None };
        let rest = self.held.split_off(length.min(self.held.len()));
        let packet = ClientPacket::parse(&std::mem::replace(&mut self.held, rest));
        self.notes.lock().closed_channels += usize::from(packet == Ok(ClientPacket::CloseChannel));
        Some(Vec::new())
    }

    fn heard(&mut self, packet: ClientPacket) -> Vec<Does> {
        let name = packet.name();
        let awaited = match (&packet, self.state) {
            (ClientPacket::Handshake { .. }, State::Handshake)
            | (ClientPacket::ExtendedAuth { .. }, State::Extended)
            | (ClientPacket::TunnelCreate { .. }, State::Create)
            | (ClientPacket::TunnelAuth { .. }, State::Authorization)
            | (ClientPacket::ChannelCreate { .. }, State::Channel)
            // Both ends may close at the same time, and what was on its way then still comes.
            | (ClientPacket::Data(_) | ClientPacket::CloseChannel | ClientPacket::Keepalive, State::Open | State::ClosedByUs)
            | (ClientPacket::CloseChannelResponse, State::ClosedByUs) => true,
            (_, _) => false,
        };
        if !awaited {
            return self.out_of_turn(&packet, name);
        }
        match packet {
            ClientPacket::Handshake { version, extended_auth } => self.handshake(version, extended_auth),
            ClientPacket::ExtendedAuth { blob } => self.extended_auth(&blob),
            ClientPacket::TunnelCreate { caps, cookie } => self.create(caps, cookie),
            ClientPacket::TunnelAuth { name } => self.authorize(name),
            ClientPacket::ChannelCreate { names, port, protocol } => self.channel(&names, port, protocol),
            ClientPacket::Data(octets) => self.data(octets),
            ClientPacket::Keepalive => self.keepalive(),
            ClientPacket::CloseChannel => self.close_channel(),
            ClientPacket::CloseChannelResponse => {
                self.notes.lock().close_responses += 1;
                Vec::new()
            }
            // Never awaited.
            ClientPacket::Other(_) => Vec::new(),
        }
    }

    fn out_of_turn(&mut self, packet: &ClientPacket, name: &str) -> Vec<Does> {
        let when = match self.state {
            State::Open => "on an open channel",
            State::ClosedByClient => "after CLOSE_CHANNEL",
            State::ClosedByUs => "after the gateway has closed the channel",
            State::Refused => "after a refusal",
            State::Request
            | State::Body
            | State::Handshake
            | State::Extended
            | State::Create
            | State::Authorization
            | State::Channel
            | State::Dial
            | State::Gone => "before the channel is open, out of turn",
        };
        self.violation(format!("{name} {when}"));
        let mut seen = self.notes.lock();
        seen.keepalives += usize::from(*packet == ClientPacket::Keepalive);
        seen.closed_channels += usize::from(*packet == ClientPacket::CloseChannel);
        drop(seen);
        match self.state {
            State::ClosedByClient | State::ClosedByUs | State::Refused | State::Open => Vec::new(),
            State::Request
            | State::Body
            | State::Handshake
            | State::Extended
            | State::Create
            | State::Authorization
            | State::Channel
            | State::Dial
            | State::Gone => self.end(Ending::CloseNotify),
        }
    }

    fn handshake(&mut self, version: (u8, u8), extended_auth: ExtendedAuthMask) -> Vec<Does> {
        let at = GatewayPoint::Handshake;
        let asks_for_token = extended_auth.0 & ExtendedAuthMask::PAA.0 != 0;
        let asks_for_ntlm = extended_auth.0 & ExtendedAuthMask::SSPI_NTLM.0 != 0;
        let fits = match self.table.accepts {
            Accepts::Basic | Accepts::Ntlm => !asks_for_token && asks_for_ntlm == self.extended,
            Accepts::Token => asks_for_token,
            Accepts::Anyone => true,
        };
        let (own, mask) = habits::handshake(&self.table, version);
        let shown = match self.departure(at) {
            Some(Departs::Version(major, minor)) => (*major, *minor),
            _ => own,
        };
        let right = packets::handshake_response(0, shown, mask);
        if let Some(does) = self.instead(at, &right) {
            return does;
        }
        if !fits {
            return self.refuse(at, habits::other_method(self.table.personality));
        }
        self.state = if self.extended { State::Extended } else { State::Create };
        vec![self.right(at, right)]
    }

    fn extended_auth(&mut self, message: &[u8]) -> Vec<Does> {
        self.notes.lock().authorization_values.push(base64(message));
        if !message.starts_with(b"NTLMSSP\0\x03") {
            let challenge = self.judge.challenge(message).unwrap_or_default();
            let right = packets::extended_auth(0, &challenge);
            return self.instead(GatewayPoint::Challenge, &right).unwrap_or_else(|| vec![Does::Send(right)]);
        }
        let judged = self.judged(message);
        let mut seen = self.notes.lock();
        seen.logons += 1;
        seen.bound.push(judged.bound);
        drop(seen);
        let admitted = self.admits(judged);
        let right = packets::extended_auth(if admitted { 0 } else { habits::LOGON_DENIED }, &[]);
        if let Some(does) = self.instead(GatewayPoint::Auth, &right) {
            return does;
        }
        self.state = if admitted { State::Create } else { State::Refused };
        vec![Does::Send(right)]
    }

    fn create(&mut self, caps: TunnelCaps, cookie: Option<String>) -> Vec<Does> {
        let at = GatewayPoint::Create;
        self.caps = caps;
        let mut seen = self.notes.lock();
        seen.logons += usize::from(cookie.is_some());
        seen.secrets_seen.extend(cookie.clone());
        if cookie.is_some() && matches!(self.table.accepts, Accepts::Basic | Accepts::Ntlm) {
            seen.violations.push("a token that nobody asked for".to_owned());
        }
        drop(seen);
        let (id, offered) = habits::tunnel(&self.table);
        let consent = self.table.consent.as_deref();
        let right = packets::tunnel_response(id, offered, consent);
        let refused = match (self.table.accepts, cookie) {
            (Accepts::Token, None) => Some(habits::NO_COOKIE),
            (Accepts::Token, Some(cookie)) if cookie != self.table.token => Some(habits::WRONG_COOKIE),
            (Accepts::Token | Accepts::Basic | Accepts::Ntlm | Accepts::Anyone, _) => {
                let blind = consent.is_some() && caps.0 & TunnelCaps::CONSENT_SIGN.0 == 0;
                blind.then_some(habits::CAPABILITY_MISMATCH)
            }
        };
        if let Some(does) = self.instead(at, &right) {
            return does;
        }
        if let Some(code) = refused {
            return self.refuse(at, code);
        }
        self.state = State::Authorization;
        let mut does: Vec<Does> = self.message(at).into_iter().collect();
        does.push(self.right(at, right));
        does
    }

    fn authorize(&mut self, name: String) -> Vec<Does> {
        let at = GatewayPoint::Authorization;
        self.notes.lock().client_names.push(name);
        let right = packets::tunnel_auth_response(self.table.idle_timeout.unwrap_or_default());
        if let Some(does) = self.instead(at, &right) {
            return does;
        }
        self.state = State::Channel;
        let mut does: Vec<Does> = self.message(at).into_iter().collect();
        does.push(self.right(at, right));
        does
    }

    fn channel(&mut self, names: &[String], port: u16, protocol: u16) -> Vec<Does> {
        let at = GatewayPoint::Channel;
        let name = names.first().cloned().unwrap_or_default();
        if name.is_empty() {
            self.violation("CHANNEL_CREATE without a name");
        }
        if protocol != 3 {
            self.violation(format!("CHANNEL_CREATE of protocol {protocol}"));
        }
        self.notes.lock().channels.push((name.clone(), port));
        if let Some(does) = self.instead(at, &packets::channel_response(0)) {
            return does;
        }
        self.state = State::Dial;
        let mut does: Vec<Does> = self.message(at).into_iter().collect();
        does.push(Does::Open { name, port });
        does
    }

    fn data(&mut self, octets: Vec<u8>) -> Vec<Does> {
        if self.state != State::Open {
            return Vec::new();
        }
        self.data += 1;
        if octets.is_empty() {
            self.violation("DATA of nothing");
        }
        let mut does = vec![Does::ToTarget(octets)];
        does.extend(self.depart_when_open());
        does
    }

    fn keepalive(&mut self) -> Vec<Does> {
        self.notes.lock().keepalives += 1;
        let answers = std::mem::take(&mut self.asked);
        match self.table.personality {
            Personality::Windows if self.state == State::Open && !answers => {
                vec![Does::Send(packets::keepalive())]
            }
            // Deviation: the open-source gateway answers none.
            Personality::Windows | Personality::OpenSource => Vec::new(),
        }
    }

    fn close_channel(&mut self) -> Vec<Does> {
        self.notes.lock().closed_channels += 1;
        let open_source = self.table.personality == Personality::OpenSource;
        if self.state != State::Open {
            return Vec::new();
        }
        if open_source && self.data == 0 {
            // Deviation: to the open-source gateway a channel is open from the first DATA on, and only an open one is closed.
            let mut does = vec![Does::CloseTarget];
            does.extend(self.end(Ending::CloseNotify));
            return does;
        }
        self.state = State::ClosedByClient;
        vec![Does::CloseTarget, Does::Send(packets::close_channel_response(open_source))]
    }

    /// The service message that stands before the answer due there.
    fn message(&self, at: GatewayPoint) -> Option<Does> {
        let message = self.table.service_message.as_ref().filter(|message| message.at == at)?;
        let shown = self.caps.0 & TunnelCaps::SERVICE_MSG.0 != 0;
        shown.then(|| Does::Send(packets::service_message(&message.text)))
    }

    // Refusals and departures.

    /// How it departs there.
    fn departure(&self, at: GatewayPoint) -> Option<&Departs> {
        self.table.departs.as_ref().filter(|departure| departure.at == at).map(|departure| &departure.how)
    }

    fn depart_when_open(&mut self) -> Vec<Does> {
        let mut does = self.instead(GatewayPoint::Open { after: self.data }, &[]).unwrap_or_default();
        if self.state == State::ClosedByUs {
            does.insert(0, Does::CloseTarget);
        }
        does
    }

    fn refuse(&mut self, at: GatewayPoint, code: u32) -> Vec<Does> {
        let open = matches!(at, GatewayPoint::Open { .. });
        self.state = if open { State::ClosedByUs } else { State::Refused };
        habits::refusal(at, code, self.table.personality).map(Does::Send).into_iter().collect()
    }

    fn end(&mut self, ending: Ending) -> Vec<Does> {
        self.state = State::Gone;
        self.out = None;
        vec![Does::Close(ending)]
    }

    /// The right answer: in a masked frame, where that is how it departs.
    fn right(&self, at: GatewayPoint, packet: Vec<u8>) -> Does {
        if self.departure(at) == Some(&Departs::Masked) {
            Does::Raw(frames::masked(&packet))
        } else {
            Does::Send(packet)
        }
    }

    /// What it does there in place of the right answer, if anything.
    fn instead(&mut self, at: GatewayPoint, right: &[u8]) -> Option<Vec<Does>> {
        let departure = self.table.departs.as_ref().filter(|departure| departure.at == at)?;
        let close = departure.close;
        let mut state = State::Gone;
        let mut does = match departure.how.clone() {
            // These are in the right answer, or in what is made of the one after it.
            Departs::WrongAccept | Departs::Masked | Departs::Version(..) | Departs::KeepsBack => return None,
            Departs::Code(code) => {
                let does = self.refuse(at, code);
                state = self.state;
                does
            }
            Departs::Status { status, headers, body } => {
                state = State::Request;
                vec![Does::Send(http::answer(status, headers, body.as_deref()))]
            }
            Departs::Octets(octets) => vec![Does::Send(octets)],
            Departs::Raw(octets) => vec![Does::Raw(octets)],
            Departs::RawEndless { raw, octets, at_most } => {
                vec![Does::Raw(raw), Does::Endless { octets, at_most }]
            }
            Departs::Cut(length) => {
                self.notes.lock().cut.push(right.len());
                match right.get(..length).unwrap_or(right) {
                    [] => Vec::new(),
                    part => vec![Does::Send(part.to_vec())],
                }
            }
            Departs::Nothing => Vec::new(),
            Departs::WebSocketClose(code) => vec![Does::WebSocketClose(Some(code))],
            Departs::Drip { octets, every } => vec![Does::Drip { octets, every }],
            Departs::Endless { octets, at_most } => vec![Does::Endless { octets, at_most }],
        };
        if let Some(close) = close {
            state = State::Gone;
            self.out = None;
            does.push(Does::Close(close));
        }
        self.state = state;
        Some(does)
    }
}

#[cfg(test)]
mod tests;

//! The way through a scripted gateway, for a player without sockets: what the run sends goes to the gateway, and inside of its tunnel to the
//! target's script.
use std::collections::VecDeque;
use std::time::Duration;

use rdp_probe_core::wire::http::{LAST_CHUNK, chunk};
use rdp_probe_core::{Close, GatewayFact, Tunnel, TunnelEnd, TwoChannels};

use crate::gateway::{Does, Gateway, Notes};
use crate::scenario::{Ending, GatewayTable, Handshake};
use crate::script::segment;

/// A connection to a gateway, or two of them.
pub(crate) struct Way {
    /// The one that has the tunnel.
    gateway: Gateway,
    /// The second one, whose IN channel leads there.
    incoming: Option<Gateway>,
    /// What the first one does next, and what has come of it, while the second one is spoken with.
    aside: Option<(VecDeque<Does>, Vec<u8>)>,
    /// Both as one, once they are.
    channels: Option<TwoChannels>,
    /// What the gateway does next.
    does: VecDeque<Does>,
    /// What has come of the gateway's octets, and is not heard yet.
    pub(crate) held: Vec<u8>,
    /// The tunnel, once its channel is open.
    tunnel: Option<Tunnel>,
    /// The octets of an endless answer that were sent.
    sent: usize,
    /// Whether TLS is up, or was to be.
    greeted: bool,
}

/// What comes of a gateway.
pub(crate) enum Came {
    /// Octets, so long after the last ones.
    Octets(Vec<u8>, Duration),
    /// The end of its connection.
    Ended(Close),
    /// The target is to be dialled.
    Dials,
    /// Octets for the target.
    ToTarget(Vec<u8>),
    /// More octets were taken than a sane client takes.
    TookEverything(usize),
    /// Nothing, until somebody says something to it.
    Nothing,
}

/// ENOBUFS of Linux.
const NO_BUFFERS: i32 = 105;

const TICK: Duration = Duration::from_millis(1);

impl Way {
    pub(crate) fn new(table: &GatewayTable, notes: &Notes) -> Self {
        Self {
            gateway: Gateway::new(table, notes),
            incoming: None,
            aside: None,
            channels: None,
            does: VecDeque::new(),
            held: Vec::new(),
            tunnel: None,
            sent: 0,
            greeted: false,
        }
    }

    /// The run connects once more. What the first connection says then is heard when both are one.
    pub(crate) fn connects_again(&mut self, table: &GatewayTable, notes: &Notes) {
        self.aside = Some((std::mem::take(&mut self.does), std::mem::take(&mut self.held)));
        self.incoming = Some(Gateway::new(table, notes));
        self.greeted = false;
    }

    /// Both connections are one from here on: what is sent lies in chunks of the second, and what is heard comes of the first.
    pub(crate) fn joins(&mut self) {
        let Some((does, held)) = self.aside.take() else { return };
        self.held = held;
        // The player gets OUT's body without its chunks.
        self.channels = Some(TwoChannels::new(false));
        for done in std::mem::replace(&mut self.does, does) {
            self.of_in(done);
        }
    }

    /// What the second connection does.
    fn of_in(&mut self, done: Does) {
        match done {
            Does::Inside(octets) => {
                let does = self.gateway.hear(&octets);
                self.does.extend(does);
            }
            Does::InEnded { in_order } => {
                let does = self.gateway.in_ended(in_order);
                self.does.extend(does);
            }
            Does::Send(octets) => {
                if let Some(channels) = &mut self.channels {
                    channels.hear_in(&octets);
                }
            }
            Does::Close(_) => {
                if let Some(channels) = &mut self.channels {
                    channels.in_ended();
                }
            }
            Does::InChannel => {}
            // No IN channel does that.
            Does::Raw(_)
            | Does::Upgraded
            | Does::OutChannel { .. }
            | Does::Open { .. }
            | Does::ToTarget(_)
            | Does::CloseTarget
            | Does::WebSocketClose(_)
            | Does::Drip { .. }
            | Does::Endless { .. } => {}
        }
    }

    /// The run says this to whom it speaks with.
    fn says(&mut self, octets: &[u8]) {
        let does = match (&mut self.incoming, &self.aside) {
            (Some(incoming), Some(_)) => incoming.hear(octets),
            (Some(incoming), None) => {
                let mut body = Vec::new();
                chunk(octets, &mut body);
                for done in incoming.hear(&body) {
                    self.of_in(done);
                }
                return;
            }
            (None, _) => self.gateway.hear(octets),
        };
        self.does.extend(does);
    }

    /// The handshake on the connection that the run speaks on.
    pub(crate) fn handshake(&self) -> Handshake {
        self.incoming.as_ref().unwrap_or(&self.gateway).tls_handshake()
    }

    /// The run says its ClientHello; whether the gateway shakes hands.
    pub(crate) fn shakes_hands(&mut self) -> bool {
        self.greeted = true;
        let gateway = self.incoming.as_mut().filter(|_| self.aside.is_some()).unwrap_or(&mut self.gateway);
        match gateway.instead_of_tls() {
            Some(does) => {
                self.does.extend(does);
                false
            }
            None => true,
        }
    }

    /// The run sends octets.
    pub(crate) fn sends(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        // A scout's hello goes out in the clear, and is answered as any is.
        if !self.greeted {
            self.shakes_hands();
            return;
        }
        if self.tunnel.is_none() {
            return self.says(octets);
        }
        let mut rest = octets;
        while !rest.is_empty()
            && let Some(tunnel) = self.tunnel.as_ref().filter(|tunnel| tunnel.end().is_none())
        {
            let mut packet = Vec::new();
            let taken = tunnel.wrap(rest, &mut packet);
            self.says(&packet);
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// The channel is open: from here on what is sent goes to the target.
    pub(crate) fn opens(&mut self) {
        self.tunnel = Some(Tunnel::new());
    }

    /// Whether the channel is open.
    pub(crate) const fn is_open(&self) -> bool {
        self.tunnel.is_some()
    }

    /// What came of dialling the target.
    pub(crate) fn dialed(&mut self, connected: bool) {
        let does = self.gateway.target_dialed(connected);
        // What it says to that comes before anything it was to do after it.
        for done in does.into_iter().rev() {
            self.does.push_front(done);
        }
    }

    /// The target says something.
    pub(crate) fn target_said(&mut self, octets: &[u8]) {
        let does = self.gateway.target_said(octets);
        self.does.extend(does);
    }

    /// The target's connection to the gateway ended.
    pub(crate) fn target_ended(&mut self) {
        let does = self.gateway.target_ended();
        self.does.extend(does);
    }

    /// Takes what comes next of the gateway.
    pub(crate) fn next(&mut self) -> Came {
        loop {
            let Some(does) = self.does.pop_front() else {
                // It counts less than what the tunnel says.
                let ended = self.channels.as_ref().and_then(TwoChannels::ended);
                return ended.map_or(Came::Nothing, |end| Came::Ended(Close::Tunnel(end)));
            };
            return match does {
                Does::Send(octets) => Came::Octets(octets, TICK),
                // What is no frame ends it, in whatever way that is none.
                Does::Raw(_) => Came::Ended(Close::Tunnel(TunnelEnd::Frame)),
                Does::Upgraded | Does::CloseTarget => continue,
                Does::OutChannel { seed, .. } if !seed.is_empty() => Came::Octets(seed, TICK),
                Does::OutChannel { .. } | Does::InChannel | Does::Inside(_) | Does::InEnded { .. } => continue,
                Does::Open { .. } => Came::Dials,
                Does::ToTarget(octets) => Came::ToTarget(octets),
                Does::WebSocketClose(code) => Came::Ended(Close::Tunnel(TunnelEnd::WebSocket(code))),
                Does::Close(Ending::Fin) => Came::Ended(Close::Fin),
                Does::Close(Ending::CloseNotify) => Came::Ended(Close::CloseNotify),
                Does::Close(Ending::Reset | Ending::BeforeTheNextWrite) => Came::Ended(Close::Reset),
                Does::Close(Ending::FailsHere) => Came::Ended(Close::Local { os: Some(NO_BUFFERS) }),
                Does::Close(Ending::Silent) => {
                    self.does.clear();
                    Came::Nothing
                }
                Does::Drip { octets, every } => {
                    let Some((first, rest)) = octets.split_first() else { continue };
                    let drop = vec![*first];
                    let after = if self.sent == 0 { TICK } else { every };
                    self.sent += 1;
                    if rest.is_empty() {
                        self.sent = 0;
                    } else {
                        self.does.push_front(Does::Drip { octets: rest.to_vec(), every });
                    }
                    Came::Octets(drop, after)
                }
                Does::Endless { octets, at_most } => {
                    if self.sent >= at_most {
                        return Came::TookEverything(self.sent);
                    }
                    let segment = segment(&octets);
                    self.sent += segment.len();
                    self.does.push_front(Does::Endless { octets, at_most });
                    Came::Octets(segment, TICK)
                }
            };
        }
    }

    /// Hears what is held inside the tunnel: what is the target's of it.
    pub(crate) fn inside(&mut self) -> Vec<u8> {
        let mut inside = Vec::new();
        let Some(tunnel) = &mut self.tunnel else { return inside };
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            let heard = tunnel.hear(rest, usize::MAX);
            let Some((done, after)) = rest.split_at_checked(heard.used) else { break };
            inside.extend_from_slice(done.get(heard.used - heard.inside..).unwrap_or_default());
            rest = after;
        }
        let queued = tunnel.take_queued();
        if !queued.is_empty() {
            self.says(&queued);
        }
        inside
    }

    /// The carrier ended; how that is seen by who is inside.
    pub(crate) fn carrier_ended(&mut self, how: Close) -> Close {
        match &mut self.tunnel {
            Some(tunnel) => {
                tunnel.ended(how.of_carrier());
                self.ended().unwrap_or(how)
            }
            None => how,
        }
    }

    /// How the tunnel ended, when it did.
    pub(crate) fn ended(&self) -> Option<Close> {
        self.tunnel.as_ref().and_then(Tunnel::end).map(Close::Tunnel)
    }

    /// What the tunnel observed since the last time.
    pub(crate) fn take_facts(&mut self) -> Vec<GatewayFact> {
        self.tunnel.as_mut().map(Tunnel::take_facts).unwrap_or_default()
    }

    /// The run is over: the channel is closed in good order, as far as the gateway takes part in that.
    pub(crate) fn leave(&mut self) {
        let Some(tunnel) = &mut self.tunnel else { return };
        tunnel.close();
        let queued = tunnel.take_queued();
        if queued.is_empty() {
            return;
        }
        self.says(&queued);
        loop {
            match self.next() {
                Came::Octets(octets, _) => {
                    self.held.extend(octets);
                    self.inside();
                }
                Came::Dials | Came::ToTarget(_) => {}
                Came::Ended(_) | Came::TookEverything(_) | Came::Nothing => break,
            }
            if self.ended().is_some() {
                break;
            }
        }
        if let Some(incoming) = &mut self.incoming {
            for done in incoming.hear(LAST_CHUNK) {
                self.of_in(done);
            }
        }
    }
}

//! The way through a scripted gateway, for a player without sockets: what the run sends goes to the gateway, and inside of its tunnel to the
//! target's script.
use std::collections::VecDeque;
use std::time::Duration;

use rdp_probe_core::{Close, GatewayFact, Tunnel, TunnelEnd};

use crate::gateway::{Does, Gateway, Notes};
use crate::scenario::{Ending, GatewayTable};
use crate::script::segment;

/// A connection to a gateway.
pub(crate) struct Way {
    gateway: Gateway,
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
            does: VecDeque::new(),
            held: Vec::new(),
            tunnel: None,
            sent: 0,
            greeted: false,
        }
    }

    /// The run says its ClientHello; whether the gateway shakes hands.
    pub(crate) fn shakes_hands(&mut self) -> bool {
        self.greeted = true;
        match self.gateway.instead_of_tls() {
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
        let Some(tunnel) = &mut self.tunnel else {
            let does = self.gateway.hear(octets);
            self.does.extend(does);
            return;
        };
        let mut rest = octets;
        while !rest.is_empty() && tunnel.end().is_none() {
            let mut packet = Vec::new();
            let taken = tunnel.wrap(rest, &mut packet);
            self.does.extend(self.gateway.hear(&packet));
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
            let Some(does) = self.does.pop_front() else { return Came::Nothing };
            return match does {
                Does::Send(octets) => Came::Octets(octets, TICK),
                // What is no frame ends it, in whatever way that is none.
                Does::Raw(_) => Came::Ended(Close::Tunnel(TunnelEnd::Frame)),
                Does::Upgraded | Does::CloseTarget => continue,
                // It asks for the upgrade, and makes one connection.
                Does::OutChannel { .. } | Does::InChannel | Does::Inside(_) | Does::InEnded { .. } => continue,
                Does::Open { .. } => Came::Dials,
                Does::ToTarget(octets) => Came::ToTarget(octets),
                Does::WebSocketClose(code) => Came::Ended(Close::Tunnel(TunnelEnd::WebSocket(code))),
                Does::Close(Ending::Fin) => Came::Ended(Close::Fin),
                Does::Close(Ending::CloseNotify) => Came::Ended(Close::CloseNotify),
                Does::Close(Ending::Reset) => Came::Ended(Close::Reset),
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
            self.does.extend(self.gateway.hear(&queued));
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
        self.does.extend(self.gateway.hear(&queued));
        loop {
            match self.next() {
                Came::Octets(octets, _) => {
                    self.held.extend(octets);
                    self.inside();
                }
                Came::Dials | Came::ToTarget(_) => {}
                Came::Ended(_) | Came::TookEverything(_) | Came::Nothing => return,
            }
            if self.ended().is_some() {
                return;
            }
        }
    }
}

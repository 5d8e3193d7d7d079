//! A tunnel of two channels (\[MS-TSGU\] 3.3.5.1): which connection is whose, and the body of the IN channel.
use super::super::chunks::Chunk;
use super::super::does::Does;
use super::super::http::{self, Request};
use super::{Gateway, State};
use crate::scenario::{Departs, Ending, GatewayPoint, HttpChannel};

/// What a seed repeats.
const SEED: [u8; 2] = [0xAB, 0xCD];

/// An IN channel whose body has so many packets.
const fn open(after: usize) -> GatewayPoint {
    GatewayPoint::Open { after }
}

impl Gateway {
    /// `RDG-Connection-Id` of its requests, which the two channels of one tunnel have in common.
    #[must_use]
    pub fn connection_id(&self) -> Option<&str> {
        self.connection_id.as_deref()
    }

    /// The connection is over, whoever has ended it.
    pub fn ended(&mut self) -> Vec<Does> {
        self.out = None;
        if self.state != State::Body {
            return Vec::new();
        }
        self.state = State::Gone;
        vec![Does::InEnded { in_order: false }]
    }

    /// The IN channel of this tunnel has ended, by its zero chunk or without.
    pub fn in_ended(&mut self, in_order: bool) -> Vec<Does> {
        match self.state {
            State::Open if in_order => self.violation("a zero chunk without CLOSE_CHANNEL"),
            State::Open => self.violation("an IN channel that ended without a zero chunk"),
            State::Gone => return Vec::new(),
            State::Request
            | State::Body
            | State::Handshake
            | State::Extended
            | State::Create
            | State::Authorization
            | State::Channel
            | State::Dial
            | State::ClosedByClient
            | State::ClosedByUs
            | State::Refused => {}
        }
        self.end(Ending::CloseNotify)
    }

    /// The first request tells which channel a connection is for.
    pub(super) fn is_of(&mut self, request: &Request) {
        if self.channel.is_some() {
            return;
        }
        let channel = request.channel();
        self.channel = Some(channel);
        let mut departs = self.table.departs.take().filter(|departure| departure.channel == channel);
        if channel == HttpChannel::In {
            self.notes.outs.in_connection();
            let number =
                request.connection_id().and_then(|id| self.notes.outs.find(id)).map(|out| out.connection);
            departs =
                departs.filter(|departure| departure.connection.is_none() || departure.connection == number);
        }
        self.table.departs = departs;
    }

    /// Whether there is what a channel of this request belongs to.
    pub(super) fn has_place_for(&self, request: &Request) -> bool {
        if self.channel != Some(request.channel()) {
            return false;
        }
        if !request.is_in() {
            return true;
        }
        match request.connection_id().and_then(|id| self.notes.outs.find(id)) {
            None => self.violation("an IN channel of no open OUT channel"),
            Some(out) if out.has_in => self.violation("a second IN channel of one OUT channel"),
            Some(_) => return true,
        }
        false
    }

    /// The OUT channel was accepted.
    pub(super) fn opens_out(&mut self) -> Does {
        self.state = State::Handshake;
        self.upgraded = true;
        self.notes.lock().out_channels += 1;
        let id = self.connection_id.as_deref().unwrap_or_default();
        self.out = Some(self.notes.outs.open(id, self.number));
        let seed = SEED.into_iter().cycle().take(self.table.seed).collect();
        Does::OutChannel { chunked: self.table.chunked, seed }
    }

    /// The IN channel was accepted.
    pub(super) fn joins(&mut self) {
        self.joined = true;
        self.notes.outs.joined(self.connection_id.as_deref().unwrap_or_default());
        self.notes.lock().in_channels += 1;
    }

    /// The request whose body the packets are.
    pub(super) fn last_request(&mut self, request: &Request) -> Vec<Does> {
        let mut faults = self.faults(request);
        let accepted = self.joined && request.is_for_a_gateway();
        if !accepted {
            faults.push("a body of an IN channel that was not accepted".to_owned());
        }
        self.note(request, faults);
        if !accepted {
            let mut does = vec![Does::Send(http::answer(400, [], None))];
            does.extend(self.end(Ending::CloseNotify));
            return does;
        }
        if let Some(does) = self.instead(open(0), &[]) {
            self.state = State::Gone;
            return does;
        }
        self.state = State::Body;
        vec![Does::InChannel]
    }

    /// What there is of the body.
    pub(super) fn body(&mut self) -> Option<Vec<Does>> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return None;
        }
        let keeps_back = self.departure(open(0)) == Some(&Departs::KeepsBack);
        let mut does = Vec::new();
        for chunk in self.chunks.hear(&held) {
            if let Chunk::Packet(_) = chunk {
                self.data += 1;
                if let Some(instead) = self.instead(open(self.data), &[]) {
                    self.state = State::Gone;
                    does.extend(instead);
                    return Some(does);
                }
            }
            match chunk {
                Chunk::Packet(_) if keeps_back => {}
                Chunk::Packet(octets) => does.push(Does::Inside(octets)),
                Chunk::NoPacket(octets) => {
                    self.violation("a chunk that is not one packet");
                    if !keeps_back {
                        does.push(Does::Inside(octets));
                    }
                }
                Chunk::Last => {
                    does.push(Does::InEnded { in_order: true });
                    does.extend(self.end(Ending::CloseNotify));
                }
                Chunk::Wrong(what) => {
                    self.violation(what);
                    if self.state != State::Gone {
                        does.extend(self.end(Ending::CloseNotify));
                    }
                }
            }
        }
        Some(does)
    }
}

#[cfg(test)]
mod tests;

//! What a gateway has seen of its clients.
use super::judge::Bound;
use super::outs::Outs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a gateway has seen, over all of its connections, in the order in which it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Connections that were made.
    pub connections: usize,
    /// Connections whose client did not go through with the handshake.
    pub handshakes_broken: usize,
    /// OUT channels that were accepted.
    pub out_channels: usize,
    /// IN channels that were accepted.
    pub in_channels: usize,
    /// Requests in HTTP.
    pub requests: usize,
    /// Proofs of an identity: a password, an NTLM AUTHENTICATE, a token.
    pub logons: usize,
    /// The schemes of all `Authorization` headers, as they were written.
    pub authorizations: Vec<String>,
    /// What stood behind them, and the messages of a logon inside of the tunnel, in Base64.
    pub authorization_values: Vec<String>,
    /// Method and `RDG-Connection-Id` of each request.
    pub asked: Vec<(String, String)>,
    /// `Cookie` of each request; nothing where it has none.
    pub cookies: Vec<String>,
    /// The users that passwords were for.
    pub users: Vec<String>,
    /// What each proof by NTLM was bound to.
    pub bound: Vec<Bound>,
    /// Passwords and tokens.
    pub secrets_seen: Vec<String>,
    /// `RDG-Correlation-Id`, of each request that has one.
    pub correlation_ids: Vec<String>,
    /// `clientName` of each TUNNEL_AUTH.
    pub client_names: Vec<String>,
    /// Name and port of each CHANNEL_CREATE.
    pub channels: Vec<(String, u16)>,
    /// CLOSE_CHANNELs from clients.
    pub closed_channels: usize,
    /// CLOSE_CHANNEL_RESPONSEs from clients.
    pub close_responses: usize,
    /// WebSocket Closes from clients.
    pub websocket_closes: usize,
    /// KEEPALIVEs from clients.
    pub keepalives: usize,
    /// How long each answer is of which a part was sent.
    pub cut: Vec<usize>,
    /// Octets of what does not end, as many as could be sent.
    pub endless: usize,
    /// Where clients did what they must not do.
    pub violations: Vec<String>,
}

/// The notes that all connections of one gateway share.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    seen: Arc<Mutex<Seen>>,
    /// The OUT channels that are open.
    pub(super) outs: Outs,
}

impl Notes {
    /// What has been seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn violation(&self, what: impl Into<String>) {
        self.lock().violations.push(what.into());
    }
}

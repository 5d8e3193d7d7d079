//! How streams end, and why a name gave no address or an address no connection.
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::field::Fields;
use crate::tunnel_end::TunnelEnd;

/// How a peer's stream ended. All of them are different refusals on real servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Close {
    /// TCP FIN.
    Fin,
    /// TCP RST.
    Reset,
    /// TLS close_notify.
    CloseNotify,
    /// A fatal TLS alert, by its description (RFC 8446 section 6).
    Alert(u8),
    /// Nothing complete arrived in time.
    TimedOut {
        /// The limit that ran out.
        limit: Duration,
        /// Whether it was the limit of the whole run.
        overall: bool,
    },
    /// The path broke under the connection: the operating system's error, such as no route or keep-alive lost.
    Broken {
        /// The raw error number.
        os: Option<i32>,
    },
    /// TLS was up, and what came then is not TLS as it has to be: this end gave up on it.
    TlsBroken(TlsBreak),
    /// This computer could not go on: it has no memory, buffer or descriptor left for the stream, or does not let it out.
    Local {
        /// The raw error number.
        os: Option<i32>,
    },
    /// The tunnel ended in which it was.
    Tunnel(TunnelEnd),
    /// The caller ended the run.
    Cancelled,
}

/// What a peer, or somebody in between, sent inside TLS that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TlsBreak {
    /// A record that does not open: it was changed on its way, or sealed with another key.
    WrongTag,
    /// A record that is longer than one may be.
    OversizedRecord,
    /// More than anybody needs of what costs work and says nothing: empty records, key updates, warnings.
    Flood,
    /// A message that has no place there.
    OutOfPlace,
    /// A message that cannot be read.
    Unreadable,
    /// The protocol was broken in another way.
    Misbehaved,
}

impl TlsBreak {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::WrongTag => "wrong_tag",
            Self::OversizedRecord => "oversized_record",
            Self::Flood => "flood",
            Self::OutOfPlace => "out_of_place",
            Self::Unreadable => "unreadable",
            Self::Misbehaved => "misbehaved",
        }
    }
}

/// Why a name gave no address, or an address no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "a meaning and a number, made by every driver")]
pub struct DialFault {
    /// What it means.
    pub kind: DialFaultKind,
    /// The raw number: errno of `connect`, or the resolver's own (EAI_*).
    pub os: Option<i32>,
}

impl DialFault {
    /// A fault without the operating system's number.
    #[must_use]
    pub const fn new(kind: DialFaultKind) -> Self {
        Self { kind, os: None }
    }

    /// A fault with the operating system's number.
    #[must_use]
    pub const fn with_os(kind: DialFaultKind, os: i32) -> Self {
        Self { kind, os: Some(os) }
    }
}

impl DialFault {
    /// Its values in reports.
    pub fn fields(self) -> Fields {
        Fields::none().with("fault", self.kind.id()).maybe("os", self.os)
    }
}

/// The kinds of [`DialFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DialFaultKind {
    /// The name does not exist, or has no address.
    NotFound,
    /// The resolver could not answer: server failure, refused, no server reached.
    ResolverFailed,
    /// TCP RST to SYN.
    Refused,
    /// The connection was reset while it was made.
    Reset,
    /// A router or the host's neighbour said that the host cannot be reached.
    HostUnreachable,
    /// There is no route.
    NetworkUnreachable,
    /// This computer does not let the connection out: a local firewall, a prohibiting route.
    NotPermitted,
    /// This computer has no socket, port or memory left.
    LocalResources,
    /// No answer in time.
    TimedOut {
        /// The limit that ran out.
        limit: Duration,
        /// Whether it was the limit of the whole run.
        overall: bool,
    },
    /// The caller ended the run.
    Cancelled,
    /// Any other error; the number tells.
    Other,
}

impl Close {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::CloseNotify => "close_notify",
            Self::Alert(_) => "alert",
            Self::TimedOut { .. } => "timed_out",
            Self::Broken { .. } => "broken",
            Self::TlsBroken(_) => "tls_broken",
            Self::Local { .. } => "local",
            Self::Tunnel(_) => "tunnel",
            Self::Cancelled => "cancelled",
        }
    }

    /// The alert's description, when it was one.
    #[must_use]
    pub const fn alert(self) -> Option<u8> {
        match self {
            Self::Alert(description) => Some(description),
            Self::Fin
            | Self::Reset
            | Self::CloseNotify
            | Self::TimedOut { .. }
            | Self::Broken { .. }
            | Self::TlsBroken(_)
            | Self::Local { .. }
            | Self::Tunnel(_)
            | Self::Cancelled => None,
        }
    }

    /// How the tunnel ended, when it was that in which the stream was.
    #[must_use]
    pub const fn tunnel_end(self) -> Option<TunnelEnd> {
        match self {
            Self::Tunnel(end) => Some(end),
            Self::Fin
            | Self::Reset
            | Self::CloseNotify
            | Self::Alert(_)
            | Self::TimedOut { .. }
            | Self::Broken { .. }
            | Self::TlsBroken(_)
            | Self::Local { .. }
            | Self::Cancelled => None,
        }
    }

    /// The operating system's number, when there was one.
    #[must_use]
    pub const fn os(self) -> Option<i32> {
        match self {
            Self::Broken { os } | Self::Local { os } => os,
            Self::Fin
            | Self::Reset
            | Self::CloseNotify
            | Self::Alert(_)
            | Self::TimedOut { .. }
            | Self::TlsBroken(_)
            | Self::Tunnel(_)
            | Self::Cancelled => None,
        }
    }
}

/// Our own limit, or the user, that ended what was waited for: says nothing of what else would have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nobody else")]
pub enum Cut {
    /// A limit.
    TimedOut {
        /// The limit that ran out.
        limit: Duration,
        /// Whether it was the limit of the whole run.
        overall: bool,
    },
    /// The caller ended the run.
    Cancelled,
}

impl Cut {
    /// Whether it ends the whole run, so that no further connection is made.
    #[must_use]
    pub const fn ends_the_run(self) -> bool {
        match self {
            Self::TimedOut { overall, .. } => overall,
            Self::Cancelled => true,
        }
    }
}

impl Close {
    /// Whether the peer had no part in it.
    #[must_use]
    pub const fn cut(self) -> Option<Cut> {
        match self {
            Self::TimedOut { limit, overall } => Some(Cut::TimedOut { limit, overall }),
            Self::Cancelled => Some(Cut::Cancelled),
            Self::Fin
            | Self::Reset
            | Self::CloseNotify
            | Self::Alert(_)
            | Self::Broken { .. }
            | Self::TlsBroken(_)
            | Self::Tunnel(_)
            | Self::Local { .. } => None,
        }
    }
}

impl Close {
    /// The same as the end of a tunnel that it carried.
    #[must_use]
    pub const fn of_carrier(self) -> TunnelEnd {
        match self {
            Self::Fin => TunnelEnd::Fin,
            Self::Reset => TunnelEnd::Reset,
            Self::CloseNotify => TunnelEnd::CloseNotify,
            Self::Alert(alert) => TunnelEnd::Alert(alert),
            Self::TlsBroken(_) => TunnelEnd::TlsBroken,
            Self::Tunnel(end) => end,
            Self::Broken { os } | Self::Local { os } => TunnelEnd::Broken { os },
            // Nothing of the carrier's: whoever waited says so.
            Self::TimedOut { .. } | Self::Cancelled => TunnelEnd::Broken { os: None },
        }
    }

    /// As it would have been seen without a tunnel: where a gateway says that the target closed the connection, that was a FIN or a RST,
    /// which look alike behind it.
    #[must_use]
    pub const fn without_tunnel(self) -> Self {
        match self {
            Self::Tunnel(end) if end.is_the_targets() => Self::Fin,
            Self::Tunnel(_)
            | Self::Fin
            | Self::Reset
            | Self::CloseNotify
            | Self::Alert(_)
            | Self::TimedOut { .. }
            | Self::Broken { .. }
            | Self::TlsBroken(_)
            | Self::Local { .. }
            | Self::Cancelled => self,
        }
    }

    /// Whether it is how a stream ends in a tunnel that ended: of what was said inside it is no word.
    #[must_use]
    pub const fn is_bare(self) -> bool {
        match self {
            Self::Fin | Self::Reset | Self::Broken { .. } => true,
            Self::CloseNotify
            | Self::Alert(_)
            | Self::TimedOut { .. }
            | Self::TlsBroken(_)
            | Self::Local { .. }
            | Self::Tunnel(_)
            | Self::Cancelled => false,
        }
    }
}

impl DialFaultKind {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::ResolverFailed => "resolver_failed",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::HostUnreachable => "host_unreachable",
            Self::NetworkUnreachable => "network_unreachable",
            Self::NotPermitted => "not_permitted",
            Self::LocalResources => "local_resources",
            Self::TimedOut { .. } => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Other => "other",
        }
    }

    /// Whether nobody else had a part in it.
    #[must_use]
    pub const fn cut(self) -> Option<Cut> {
        match self {
            Self::TimedOut { limit, overall } => Some(Cut::TimedOut { limit, overall }),
            Self::Cancelled => Some(Cut::Cancelled),
            Self::NotFound
            | Self::ResolverFailed
            | Self::Refused
            | Self::Reset
            | Self::HostUnreachable
            | Self::NetworkUnreachable
            | Self::NotPermitted
            | Self::LocalResources
            | Self::Other => None,
        }
    }
}

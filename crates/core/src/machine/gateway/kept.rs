//! What is kept from one request to the next.
use rdp_probe_wire::http::Response;

use crate::auth::AuthMethod;
use crate::channel_binding::ChannelBinding;
use crate::gateway::{Ask, Gateway, GatewayTransport};
use crate::machine::state::Limited;
use crate::stage::Stage;
use crate::target::Address;

/// What every request of one connection has to do with.
#[derive(Debug)]
pub(super) struct Kept {
    /// Whom it is with: a second connection goes to the same one, and not to another one of that name.
    pub(super) peer: Address,
    /// What binds a logon to the connection.
    pub(super) binding: Option<ChannelBinding>,
    /// What a load balancer wants to have back (RFC 6265 section 5.4).
    pub(super) cookies: String,
    /// The OUT channel that was opened before, where the connection is for IN.
    pub(super) out: Option<OutChannel>,
}

/// An OUT channel that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutChannel {
    /// Whether its body is in chunks.
    pub(super) chunked: bool,
    /// What the request had with it that opened it.
    pub(super) sent: Sent,
}

/// What the request had with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing.
    Nothing,
    /// Word that a token follows in the tunnel.
    TokenToCome,
    /// The first message of an exchange, before anybody asked for one.
    BegunUnasked(AuthMethod),
    /// The first message of an exchange, which proves nothing yet.
    Begun(AuthMethod),
    /// Word that the exchange follows in the tunnel.
    ToFollow,
    /// What proves an identity.
    Proof(AuthMethod),
}

impl Sent {
    /// The stage that the answer belongs to.
    pub(super) const fn stage(self) -> Stage {
        match self {
            Self::Nothing | Self::TokenToCome | Self::BegunUnasked(_) => Stage::GatewayHttp,
            Self::Begun(_) | Self::ToFollow | Self::Proof(_) => Stage::GatewayAuth,
        }
    }

    /// Whether what proves an identity has gone out.
    pub(super) const fn is_proof(self) -> bool {
        match self {
            Self::Nothing | Self::TokenToCome | Self::BegunUnasked(_) | Self::Begun(_) | Self::ToFollow => {
                false
            }
            Self::Proof(_) => true,
        }
    }
}

/// As many octets of cookies as are given back.
const MOST_COOKIES: usize = 4096;

impl Kept {
    /// The stage of what is said on this connection: all of IN's belongs to the transport.
    pub(super) const fn stage_or(&self, otherwise: Stage) -> Stage {
        if self.out.is_some() { Stage::GatewayHttp } else { otherwise }
    }

    /// What the limit is the limit of: a second connection has many messages in one stage.
    pub(super) const fn limited(&self) -> Limited {
        if self.out.is_some() { Limited::Message } else { Limited::Stage }
    }

    /// What is asked for on this connection.
    pub(super) const fn ask(&self, gateway: &Gateway) -> Ask {
        match (&self.out, gateway.transport) {
            (Some(_), _) => Ask::In,
            (None, GatewayTransport::Auto | GatewayTransport::WebSocket) => Ask::Upgrade,
            (None, GatewayTransport::Http) => Ask::Out,
        }
    }

    /// The octets that a logon is bound by.
    pub(super) fn binding(&self) -> Option<&[u8]> {
        self.binding.as_ref().map(|binding| &binding.data[..])
    }

    /// The same, with the cookies of one more answer: one of the same name takes the other's place.
    pub(super) fn after(mut self, response: &Response<'_>) -> Self {
        for cookie in response.headers("set-cookie") {
            let pair = cookie.split(|octet| *octet == b';').next().unwrap_or_default().trim_ascii();
            let Some((pair, (name, _))) =
                std::str::from_utf8(pair).ok().and_then(|pair| Some((pair, pair.split_once('=')?)))
            else {
                continue;
            };
            if name.is_empty() || pair.chars().any(char::is_control) {
                continue;
            }
            let others = self.cookies.split("; ").filter(|other| {
                !other.is_empty() && other.split_once('=').is_some_and(|(other, _)| other != name)
            });
            let kept = others.chain([pair]).collect::<Vec<_>>().join("; ");
            if kept.len() <= MOST_COOKIES {
                self.cookies = kept;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_all_answers_are_given_back_and_one_of_the_same_name_takes_the_other_s_place() {
        let answer = |set: &[&str]| {
            let set: String = set.iter().map(|set| format!("Set-Cookie: {set}\r\n")).collect();
            format!("HTTP/1.1 401 No\r\n{set}Content-Length: 0\r\n\r\n")
        };
        let peer = Address::from(([127, 0, 0, 1], 443));
        let mut kept = Kept { peer, binding: None, cookies: String::new(), out: None };
        for (set, cookies) in [
            (&["a=1; Path=/", "b=2; Secure"][..], "a=1; b=2"),
            (&[], "a=1; b=2"),
            (&["c=3"], "a=1; b=2; c=3"),
            (&["a=4"], "b=2; c=3; a=4"),
            (&["=5", "none", ""], "b=2; c=3; a=4"),
        ] {
            let answer = answer(set);
            kept = kept.after(&Response::parse(answer.as_bytes()).unwrap());
            assert_eq!(kept.cookies, cookies, "{set:?}");
        }
        let long = answer(&[&format!("long={}", "x".repeat(MOST_COOKIES))]);
        kept = kept.after(&Response::parse(long.as_bytes()).unwrap());
        assert_eq!(kept.cookies, "b=2; c=3; a=4");
    }
}

//! Which script serves which connection, and what can go wrong between script and peer.
use std::net::IpAddr;

use rdp_probe_core::wire::WireError;
use rdp_probe_core::wire::nego::Protocols;
use rdp_probe_core::wire::preconnection;
use rdp_probe_core::wire::tpkt::{self, Frame, Tpkt};
use rdp_probe_core::wire::x224::ConnectionRequest;

use crate::scenario::{Asked, Connection, Expected, Hello, Route, Scenario, Unmet};

/// Where script and peer disagree: a scenario that is not played as it is written has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The peer connected more often than the scenario says, or elsewhere, or with another mask.
    #[error("no script for a connection to {address} that offers {}", offer(*.offered))]
    Unclaimed {
        /// Where to.
        address: IpAddr,
        /// What its Connection Request offered, when one was read.
        offered: Option<Protocols>,
    },
    /// The peer connected less often than the scenario says.
    #[error("connection {script} was never made")]
    Unused {
        /// The script's index.
        script: usize,
    },
    /// The peer closed before what was due from it was whole.
    #[error("connection {script}: closed after {got} octets of a {}", .due.name())]
    NoRequest {
        /// The script's index.
        script: usize,
        /// What was due.
        due: Expected,
        /// Octets there were.
        got: usize,
    },
    /// What the peer sent is not what was due.
    #[error("connection {script}: not a {} ({error})", .due.name())]
    BadRequest {
        /// The script's index.
        script: usize,
        /// What was due.
        due: Expected,
        /// What is wrong with it.
        error: WireError,
    },
    /// The peer sent another ClientHello than the script is for, or something else in its place.
    #[error("connection {script}: a ClientHello of another kind ({got:?}), due was {due:?}")]
    OtherHello {
        /// The script's index.
        script: usize,
        /// The script's.
        due: Option<Hello>,
        /// The peer's; none when it is no ClientHello.
        got: Option<Hello>,
    },
    /// Cookie, routing token or pre-connection blob are not the plan's.
    #[error("connection {script}: a {} that names another route than the plan", .due.name())]
    OtherRoute {
        /// The script's index.
        script: usize,
        /// What was due.
        due: Expected,
    },
    /// Another message, or one with other fields than it has to have.
    #[error("connection {script}: a message that is no {}", .due.name())]
    OtherRequest {
        /// The script's index.
        script: usize,
        /// What was due.
        due: Expected,
    },
    /// A TSRequest is no logon, or gives credentials away.
    #[error("connection {script}: a TSRequest that is no logon, or that gives credentials away")]
    OtherLogon {
        /// The script's index.
        script: usize,
    },
    /// There was to be a TLS handshake, and there was none.
    #[error("connection {script}: no TLS handshake ({why})")]
    NoHandshake {
        /// The script's index.
        script: usize,
        /// Why.
        why: String,
    },
    /// What a gateway saw that is wrong.
    #[error("the gateway: {0}")]
    Gateway(String),
    /// The peer read more than a sane one does.
    #[error("connection {script}: took {octets} octets and wanted more")]
    TookEverything {
        /// The script's index.
        script: usize,
        /// Octets it took.
        octets: usize,
    },
    /// The peer did not close its connection.
    #[error("{open} connections were still open when the peer was said to be done")]
    StillOpen {
        /// How many.
        open: usize,
    },
    /// The run goes on and on.
    #[error("the run did not end within {0} events")]
    Endless(usize),
    /// The run wants what no scenario has.
    #[error("the run wants something that scenarios do not have")]
    UnknownWant,
}

fn offer(offered: Option<Protocols>) -> String {
    offered.map_or_else(|| "nothing".to_owned(), |mask| mask.to_string())
}

/// As many octets of an endless answer as arrive at once.
const SEGMENT: usize = 4096;

/// The octets over and over, as many as arrive at once.
pub(crate) fn segment(octets: &[u8]) -> Vec<u8> {
    let times = SEGMENT.checked_div(octets.len()).unwrap_or_default().max(1);
    octets.repeat(times)
}

/// Which scripts have served a connection.
#[derive(Debug)]
pub(crate) struct Claims {
    used: Vec<bool>,
}

/// Which script serves a connection, as far as its address tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Script(usize),
    /// It hangs on what the peer offers.
    AfterRequest,
    None,
}

impl Claims {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self { used: vec![false; scenario.connections.len()] }
    }

    /// Claims a script when a connection to `address` is made.
    pub(crate) fn on_accept(&mut self, scripts: &[Connection], address: IpAddr) -> Claim {
        let mut left = self.left(scripts, address).peekable();
        let Some((first, _)) = left.peek().copied() else { return Claim::None };
        if left.any(|(_, script)| script.offers.is_some()) {
            return Claim::AfterRequest;
        }
        drop(left);
        self.mark(first);
        Claim::Script(first)
    }

    /// Claims a script when the request is there, or will not come.
    pub(crate) fn on_request(
        &mut self,
        scripts: &[Connection],
        address: IpAddr,
        offered: Option<Protocols>,
    ) -> Option<usize> {
        let asked = |(_, script): &(usize, &Connection)| offered.is_some() && script.offers == offered;
        let found = self.left(scripts, address).find(asked);
        let found = found.or_else(|| self.left(scripts, address).find(|(_, script)| script.offers.is_none()));
        let index = found?.0;
        self.mark(index);
        Some(index)
    }

    /// The scripts that served nothing.
    pub(crate) fn unused(&self) -> impl Iterator<Item = Violation> {
        self.used.iter().enumerate().filter(|(_, used)| !**used).map(|(script, _)| Violation::Unused { script })
    }

    fn left<'a>(
        &'a self,
        scripts: &'a [Connection],
        address: IpAddr,
    ) -> impl Iterator<Item = (usize, &'a Connection)> {
        let free = |(index, _): &(usize, &Connection)| self.used.get(*index) == Some(&false);
        let here = move |(_, script): &(usize, &Connection)| script.address.is_none_or(|own| own == address);
        scripts.iter().enumerate().filter(free).filter(here)
    }

    fn mark(&mut self, index: usize) {
        if let Some(used) = self.used.get_mut(index) {
            *used = true;
        }
    }
}

/// Takes the first PDU out of `held`, when it is whole.
pub(crate) fn whole(frame: fn(&[u8]) -> Frame, held: &mut Vec<u8>) -> Option<Vec<u8>> {
    let Frame::Whole(length) = frame(held) else { return None };
    let rest = held.split_off(length.min(held.len()));
    Some(std::mem::replace(held, rest))
}

/// As many octets of a pre-connection PDU as stand before the request.
fn before_request(octets: &[u8]) -> usize {
    if let Frame::Whole(length) = preconnection::frame(octets) { length } else { 0 }
}

/// Where the first request ends, whatever stands before it.
pub(crate) fn first_request(held: &[u8]) -> Frame {
    if held.first() != Some(&Tpkt::VERSION)
        && let partial @ Frame::Partial { .. } = preconnection::frame(held)
    {
        return partial;
    }
    let before = before_request(held);
    let request = tpkt::frame(held.get(before..).unwrap_or_default());
    if let Frame::Whole(length) = request { Frame::Whole(before.saturating_add(length)) } else { request }
}

/// Checks what a peer sent against what was due.
pub(crate) fn check(
    script: usize,
    due: Expected,
    octets: &[u8],
    hello: Option<Hello>,
    route: &Route,
) -> Result<(), Violation> {
    due.check(octets, &Asked { hello, route }).map_err(|unmet| match unmet {
        Unmet::Malformed(error) => Violation::BadRequest { script, due, error },
        Unmet::OtherHello(got) => Violation::OtherHello { script, due: hello, got },
        Unmet::OtherRoute => Violation::OtherRoute { script, due },
        Unmet::OtherRequest => Violation::OtherRequest { script, due },
        Unmet::OtherLogon => Violation::OtherLogon { script },
    })
}

/// What a request offers: nothing when it is not one.
pub(crate) fn offered(request: &[u8]) -> Option<Protocols> {
    let request = ConnectionRequest::parse(request.get(before_request(request)..)?).ok()?;
    // A request without a block comes from a client that knows only Standard RDP Security.
    Some(request.negotiation.map_or(Protocols::RDP, |block| block.protocols))
}

#[cfg(test)]
mod tests {
    use rdp_probe_core::wire::nego::{NegRequest, RequestFlags};
    use rdp_probe_core::wire::preconnection::PreconnectionPdu;
    use rdp_probe_core::wire::x224;

    use super::*;

    fn scenario(connections: &str) -> Scenario {
        let text = format!(
            "title = \"t\"\n[target]\nhost = \"n\"\n[dial]\nresolve = [\"127.0.0.1\", \"127.0.0.2\"]\n\
             {connections}\n[expect]\noutcome = \"reachable\"\nexit = 0\n"
        );
        Scenario::parse("claims", &text).unwrap()
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    const ANY: &str = "[[connection]]\nsteps = [{ close = \"fin\" }]\n";

    #[test]
    fn scripts_without_conditions_serve_by_order() {
        let scenario = scenario(&ANY.repeat(2));
        let mut claims = Claims::new(&scenario);
        for expected in [Claim::Script(0), Claim::Script(1), Claim::None] {
            assert_eq!(claims.on_accept(&scenario.connections, ip(1)), expected);
        }
        assert_eq!(claims.unused().count(), 0);
    }

    #[test]
    fn script_with_a_mask_serves_that_mask_alone() {
        let masked = ANY.replace("steps", "offers = \"0x01\"\nsteps");
        let scenario = scenario(&format!("{ANY}{masked}"));
        let mut claims = Claims::new(&scenario);
        assert_eq!(claims.on_accept(&scenario.connections, ip(1)), Claim::AfterRequest);
        assert_eq!(claims.on_request(&scenario.connections, ip(1), Some(Protocols(1))), Some(1));
        assert_eq!(claims.on_request(&scenario.connections, ip(1), Some(Protocols(2))), Some(0));
        assert_eq!(claims.on_request(&scenario.connections, ip(1), Some(Protocols(1))), None);
    }

    #[test]
    fn route_that_is_not_the_plans_is_told() {
        let route = |plan: &str| {
            let text = format!("title = \"t\"\n[plan]\n{plan}\n[expect]\noutcome = \"reachable\"\nexit = 0\n");
            Route::of(Scenario::parse("route", &text).unwrap().plan(0))
        };
        let request = |routing| {
            let mut octets = Vec::new();
            let negotiation = NegRequest { flags: RequestFlags::default(), protocols: Protocols(0x0B) };
            ConnectionRequest { routing, negotiation: Some(negotiation) }.encode(&mut octets).unwrap();
            octets
        };
        let mut blob = Vec::new();
        PreconnectionPdu::encode("vm", &mut blob).unwrap();
        let told = |due, octets: &[u8], plan| check(0, due, octets, None, &route(plan)).err();
        let other = |due| Some(Violation::OtherRoute { script: 0, due });

        let (due, plain) = (Expected::ConnectionRequest, request(x224::Routing::None));
        let (cookie, token) = (request(x224::Routing::Cookie("me")), request(x224::Routing::Token(b"tsv://x")));
        for (octets, plan) in
            [(&plain, ""), (&cookie, "cookie = \"me\""), (&token, "routing_token = \"tsv://x\"")]
        {
            assert_eq!(told(due, octets, plan), None, "{plan}");
        }
        for (octets, plan) in [
            (&plain, "cookie = \"me\""),
            (&cookie, ""),
            (&cookie, "cookie = \"you\""),
            (&token, "cookie = \"tsv://x\""),
            (&token, "routing_token = \"tsv://y\""),
        ] {
            assert_eq!(told(due, octets, plan), other(due), "{plan}");
        }
        let due = Expected::PreconnectionBlob;
        assert_eq!(told(due, &blob, "pcb = \"vm\""), None);
        assert_eq!(told(due, &blob, "pcb = \"other\""), other(due));
        assert_eq!(told(due, &blob, ""), other(due));
        assert!(matches!(told(due, &plain, "pcb = \"vm\""), Some(Violation::BadRequest { .. })));
    }

    #[test]
    fn first_request_ends_where_it_does_with_and_without_a_blob_before_it() {
        let request = [3, 0, 0, 0x0B, 6, 0xE0, 0, 0, 0, 0, 0];
        let mut both = Vec::new();
        PreconnectionPdu::encode("vm", &mut both).unwrap();
        both.extend(request);
        for octets in [&request[..], &both] {
            for len in 0..octets.len() {
                assert!(matches!(first_request(&octets[..len]), Frame::Partial { .. }), "{len}");
            }
            assert_eq!(first_request(octets), Frame::Whole(octets.len()));
            assert_eq!(offered(octets), Some(Protocols::RDP));
        }
        assert_eq!(first_request(b"GET / HTTP/1.1"), Frame::Stray);
    }

    #[test]
    fn script_with_an_address_serves_that_address_alone() {
        let there = ANY.replace("steps", "address = \"127.0.0.2\"\nsteps");
        let scenario = scenario(&there);
        let mut claims = Claims::new(&scenario);
        assert_eq!(claims.on_accept(&scenario.connections, ip(1)), Claim::None);
        assert_eq!(claims.unused().collect::<Vec<_>>(), [Violation::Unused { script: 0 }]);
        assert_eq!(claims.on_accept(&scenario.connections, ip(2)), Claim::Script(0));
    }
}

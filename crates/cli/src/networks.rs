//! How many targets of one network are probed at a time: a small office's line and its firewall are all that lies before many of them.
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use rdp_probe::{Host, Probe};

/// As many names are looked up at a time: those that ask for all of them are few.
pub(crate) const NAMES: usize = 256;
/// As many targets may wait for others of their networks before no more are begun.
const WAITING: usize = 1024;

/// What is bounded together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Net {
    V4([u8; 3]),
    V6([u16; 4]),
    Names,
}

impl Net {
    /// Of this computer itself, and of whatever a gateway connects to, there is none.
    pub(crate) fn of(probe: &Probe) -> Option<Self> {
        let plan = probe.plan();
        if plan.gateway.is_some() {
            return None;
        }
        match &plan.target.host {
            Host::Ip(ip) => Self::of_address(ip.to_canonical()),
            Host::Name(_) | _ => Some(Self::Names),
        }
    }

    fn of_address(address: IpAddr) -> Option<Self> {
        if address.is_loopback() {
            return None;
        }
        Some(match address {
            IpAddr::V4(address) => {
                let [first, second, third, _] = address.octets();
                Self::V4([first, second, third])
            }
            IpAddr::V6(address) => {
                let [first, second, third, fourth, ..] = address.segments();
                Self::V6([first, second, third, fourth])
            }
        })
    }
}

/// Who is probed in each network, and who waits for that.
pub(crate) struct Networks<T> {
    most: usize,
    running: HashMap<Net, usize>,
    waiting: HashMap<Net, VecDeque<T>>,
    /// How many wait.
    held: usize,
    /// Whose turn has come.
    ready: VecDeque<T>,
}

impl<T> Networks<T> {
    /// As many of one network at a time.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, running: HashMap::new(), waiting: HashMap::new(), held: 0, ready: VecDeque::new() }
    }

    /// Gives it back where it may begin, and keeps it otherwise.
    pub(crate) fn enter(&mut self, net: Option<Net>, one: T) -> Option<T> {
        let Some(net) = net else { return Some(one) };
        let most = if net == Net::Names { NAMES } else { self.most };
        let running = self.running.entry(net).or_default();
        if *running < most {
            *running += 1;
            return Some(one);
        }
        self.waiting.entry(net).or_default().push_back(one);
        self.held += 1;
        None
    }

    /// One has ended: another one of its network may begin.
    pub(crate) fn leave(&mut self, net: Option<Net>) {
        let Some(net) = net else { return };
        if let Some(queue) = self.waiting.get_mut(&net)
            && let Some(one) = queue.pop_front()
        {
            if queue.is_empty() {
                self.waiting.remove(&net);
            }
            // In the place of the one that has ended.
            self.held -= 1;
            self.ready.push_back(one);
        } else if let Some(running) = self.running.get_mut(&net) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&net);
            }
        }
    }

    /// One whose turn has come.
    pub(crate) fn ready(&mut self) -> Option<T> {
        self.ready.pop_front()
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.held == 0 && self.ready.is_empty()
    }

    /// Whether so many wait that no more are to come.
    pub(crate) fn is_full(&self) -> bool {
        self.held + self.ready.len() >= WAITING
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe::Prober;

    fn net(target: &str) -> Option<Net> {
        Net::of(&Prober::new().probe(target.parse().unwrap()).build().unwrap())
    }

    #[test]
    fn a_network_is_that_of_a_slash_24_or_a_slash_64_and_this_computer_is_none() {
        assert_eq!(net("192.0.2.7"), net("192.0.2.8:9"));
        assert_eq!(net("192.0.2.7"), net("::ffff:192.0.2.8"));
        assert_ne!(net("192.0.2.7"), net("192.0.3.7"));
        assert_eq!(net("2001:db8::7"), net("2001:db8::1:0:0:7"));
        assert_ne!(net("2001:db8::7"), net("2001:db8:0:1::7"));
        assert_eq!((net("127.0.0.1"), net("127.9.9.9"), net("::1")), (None, None, None));
        assert_eq!((net("srv1"), net("srv2")), (Some(Net::Names), Some(Net::Names)));
    }

    #[test]
    fn so_many_of_one_network_run_at_a_time_and_the_others_in_their_turn() {
        let mut networks = Networks::new(2);
        let (one, other) = (net("192.0.2.7"), net("192.0.3.7"));
        assert_eq!((networks.enter(one, 1), networks.enter(one, 2)), (Some(1), Some(2)));
        assert_eq!((networks.enter(one, 3), networks.enter(one, 4)), (None, None));
        assert_eq!((networks.enter(other, 5), networks.enter(None, 6)), (Some(5), Some(6)));
        assert!(!networks.is_empty() && networks.ready().is_none());
        networks.leave(one);
        assert_eq!((networks.ready(), networks.ready()), (Some(3), None));
        networks.leave(one);
        networks.leave(one);
        assert_eq!((networks.ready(), networks.ready(), networks.is_empty()), (Some(4), None, true));
        assert_eq!((networks.enter(one, 7), networks.enter(one, 8)), (Some(7), None));
    }

    #[test]
    fn who_waits_is_bounded() {
        let mut networks = Networks::new(1);
        let one = net("192.0.2.7");
        assert!(networks.enter(one, 0).is_some());
        for index in 0..WAITING {
            assert!(!networks.is_full());
            assert!(networks.enter(one, index).is_none());
        }
        assert!(networks.is_full());
        assert!(networks.enter(net("srv1"), 0).is_some());
    }
}

//! How a stream ended in place of an answer, and whether that had begun: an answer that began is none that did not come.
use rdp_probe_core::{Close, Evidence};

/// It ended, our own limits aside, and something of the answer had come, or not.
fn ended(evidence: &Evidence, begun: bool) -> bool {
    evidence.ended_after().is_some_and(|(how, partial)| {
        !matches!(how, Close::TimedOut { .. } | Close::Cancelled) && partial.is_empty() != begun
    })
}

/// Our limit ran out, and something of the answer had come, or not.
fn waited(evidence: &Evidence, begun: bool) -> bool {
    evidence
        .ended_after()
        .is_some_and(|(how, partial)| matches!(how, Close::TimedOut { .. }) && partial.is_empty() != begun)
}

pub(super) fn closed(evidence: &Evidence) -> bool {
    ended(evidence, false)
}

pub(super) fn cut(evidence: &Evidence) -> bool {
    ended(evidence, true)
}

pub(super) fn silent(evidence: &Evidence) -> bool {
    waited(evidence, false)
}

pub(super) fn stalled(evidence: &Evidence) -> bool {
    waited(evidence, true)
}

pub(super) const CUT: &str = "the answer began and was cut: the server broke down while it answered, or a device in between cut the \
    stream, as one does that loses large packets";
pub(super) const STALLED: &str = "the beginning of the answer came and the rest did not: the server hangs in the middle of its answer, \
    or packets are lost on the way{or_path_mtu}";
pub(super) const LOOK_FOR_A_CRASH: &str = "on the target, look for a crash of the service at this time; probe from the target's own \
    network, and with a VPN or tunnel in between try a smaller MTU";
pub(super) const CHECK_THE_PATH: &str =
    "check the path for packet loss; probe from the target's own network, and look for a service that hangs";

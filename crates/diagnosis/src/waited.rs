//! How long a peer let us wait, where that tells who it is.
use std::time::Duration;

use rdp_probe_core::{Evidence, Stage};

/// As long as a forwarder waits at the least for a host that does not answer, before it gives its client up too.
const DIAL: Duration = Duration::from_millis(900);

/// How long the Connection Confirm was waited for, when that is as long as a connection takes that is given up.
pub(crate) fn as_long_as_a_dial(evidence: &Evidence) -> Option<Duration> {
    let stages = &evidence.path().last()?.stages;
    let waited = stages.iter().find(|record| record.stage == Stage::ConnectionInitiation)?;
    waited.duration.filter(|waited| *waited >= DIAL)
}

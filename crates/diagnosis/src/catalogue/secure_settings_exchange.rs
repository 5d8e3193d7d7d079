//! Stage `secure_settings_exchange`: the client was to say who it is, over TLS or without it. Nothing answers that by itself.
use rdp_probe_core::Stage;

use super::ends::{closed, cut, silent, stalled};
use super::mcs::{self, CLOSED, broken, disconnected};
use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[Rule {
    id: "client-info-not-taken",
    stage: Some(Stage::SecureSettingsExchange),
    matches: |f| closed(f) || cut(f) || silent(f) || stalled(f) || disconnected(f) || broken(f),
    summary: "{address} let the client join its channels, and took nothing more from it: the Client Info could not be sent",
    cause: "the connection ended, or stood still, before the client had said who it is: the server has reached a limit of sessions, drains, is \
            stopping, or hangs; or a device in between ended the connection",
    remedy: "look at the target's System log at this time; try once more after a minute, and probe from the target's own network",
    candidates: CLOSED,
    ..mcs::MCS
}];

//! What a client does by a file, and a probe does not.
use rdp_probe_core::{NotFollowed, Unfollowed};

use super::gateway::without_secret;
use super::settings::Settings;

/// What of it is so whichever way is taken.
///
/// A RemoteApp of a session host is none of it, nor is the collection of a broker that `loadbalanceinfo` names: their clients connect to the
/// address of the file, and are told more once they are there.
pub(super) fn all(settings: &Settings<'_>) -> Vec<NotFollowed> {
    let mut all = Vec::new();
    if let Some(feed) = settings.trimmed("hubdiscoverygeourl") {
        all.push(NotFollowed::new(Unfollowed::Feed, without_secret(&feed)));
    }
    if settings.is_of_azure() {
        all.push(NotFollowed::new(Unfollowed::Broker, "Azure Virtual Desktop"));
    }
    if let Some(name) = ["kdcproxyname", "kdcproxyurl"].iter().find_map(|key| settings.trimmed(key)) {
        all.push(NotFollowed::new(Unfollowed::KdcProxy, without_secret(&name)));
    }
    // With CredSSP a client negotiates whatever this says.
    let zero = |key| settings.number_if_any(key) == Some(0);
    if zero("negotiate security layer") && zero("enablecredsspsupport") {
        all.push(NotFollowed::new(Unfollowed::NoNegotiation, "negotiate security layer:i:0"));
    }
    all
}

//! How a TSRequest goes out, whatever is in it.
use rdp_probe_wire::credssp::TsRequest;

use super::state::Output;
use crate::auth::AuthFault;
use crate::failure::FailureKind;

/// The version that this end speaks.
pub(super) const VERSION: u32 = 6;

/// Sends it. No token of a context that is in order is longer than a peer waits for.
pub(super) fn send(request: &TsRequest<'_>, out: &mut Output) -> Result<(), FailureKind> {
    request.encode(&mut out.octets).map_err(|_| FailureKind::Auth(AuthFault::Local))
}

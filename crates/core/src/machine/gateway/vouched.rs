//! Whether anybody vouches for a gateway's certificate, and what a logon is bound to. Nobody goes on past one that is neither trusted nor
//! pinned, with credentials or without: no client would, and [`crate::Gateway::new`] says so.
use crate::channel_binding::ChannelBinding;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::gateway::GatewayFact;
use crate::machine::policy::checked;
use crate::machine::state::{Context, Output};
use crate::tls::{TlsFacts, TlsSession};

/// What binds a logon to this session, where that is wanted, and there is something to bind it to.
///
/// # Errors
/// When nobody vouches for the certificate, or it is somebody else's.
pub(super) fn vouched(
    session: TlsSession,
    context: &Context,
    out: &mut Output,
) -> Result<Option<ChannelBinding>, FailureKind> {
    let binding = session.chain.first().and_then(|certificate| ChannelBinding::of(certificate));
    let backing = checked(TlsFacts::from(session), context.leg(), out)?;
    if !backing.pinned {
        out.facts.push(Observed::Gateway(GatewayFact::RevocationNotChecked));
    }
    let gateway = context.plan().gateway.as_deref();
    Ok(binding.filter(|_| gateway.is_some_and(|gateway| gateway.binds)))
}

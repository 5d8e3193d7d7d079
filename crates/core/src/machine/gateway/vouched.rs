//! Whether anybody vouches for a gateway's certificate. Nobody goes on past one that is neither trusted nor pinned, with credentials or
//! without: no client would.
use crate::channel_binding::ChannelBinding;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::gateway::GatewayFact;
use crate::machine::state::{Context, Output};
use crate::tls::{SignatureCheck, TlsFacts, TlsSession, Trust};

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
    let facts = TlsFacts::from(session);
    let leg = context.leg();
    let check = facts.signature;
    let pinned = facts.certificate.as_ref().is_some_and(|c| leg.pins.contains(&c.sha256));
    let trusted = facts.trust == Some(Trust::Trusted);
    out.facts.push(Observed::Tls(Box::new(facts)));
    if !leg.pins.is_empty() && !pinned {
        return Err(FailureKind::NotPinned);
    }
    if !pinned && !trusted {
        return Err(FailureKind::NotTrusted);
    }
    // Without the check anybody could have shown it.
    if check != SignatureCheck::Verified {
        return Err(FailureKind::KeyNotProven { check });
    }
    if !pinned {
        out.facts.push(Observed::Gateway(GatewayFact::RevocationNotChecked));
    }
    let gateway = context.plan().gateway.as_deref();
    Ok(binding.filter(|_| gateway.is_some_and(|gateway| gateway.binds)))
}

//! What a certificate has to be by the policy of its leg, whichever hop shows it.
use super::state::Output;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::leg::Leg;
use crate::tls::{SignatureCheck, TlsFacts, Trust};

/// Who stands behind a certificate that the policy takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backing {
    /// Whether the one who shows it has its key.
    pub(super) proven: bool,
    /// Whether the user named it.
    pub(super) pinned: bool,
    /// Whether it leads to a trusted root for the name that was asked.
    pub(super) trusted: bool,
}

/// Notes what the handshake showed.
///
/// # Errors
/// When the policy does not take it.
pub(super) fn checked(facts: TlsFacts, leg: &Leg, out: &mut Output) -> Result<Backing, FailureKind> {
    let check = facts.signature;
    let pinned = facts.certificate.as_ref().is_some_and(|c| leg.pins.contains(&c.sha256));
    let trusted = facts.trust == Some(Trust::Trusted);
    out.facts.push(Observed::Tls(Box::new(facts)));
    // A pin is the user's own word, and goes before what roots say.
    if !leg.pins.is_empty() && !pinned {
        return Err(FailureKind::NotPinned);
    }
    if leg.require_trust && !pinned && !trusted {
        return Err(FailureKind::NotTrusted);
    }
    // A certificate is public: the signature alone says who shows it. A wrong one ends the handshake for every client; one that
    // cannot be checked here says nothing against the server, and nothing for it.
    let passes = match check {
        SignatureCheck::Verified => true,
        SignatureCheck::NotVerifiable => !leg.has_policy(),
        SignatureCheck::Wrong => false,
    };
    if !passes {
        return Err(FailureKind::KeyNotProven { check });
    }
    Ok(Backing { proven: check == SignatureCheck::Verified, pinned, trusted })
}

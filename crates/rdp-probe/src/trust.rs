//! What a chain of certificates is worth on this computer.
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rdp_probe_core::{CertificateFacts, Trust};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};

use crate::clock::since_1970;
use crate::roots;
use crate::tls::{TlsPolicy, provider};

/// What the chain is worth, for a server that was asked for as `name` and stands at `peer`; `None` when that cannot be told. A
/// certificate that signed itself leads nowhere, so that it is looked for among the roots; the system's store is asked for it only
/// where a logon hangs on it, since most hosts have such a one and the store is slow. Waits for that store, where it is needed.
pub(crate) async fn trust(
    chain: &[Vec<u8>],
    name: &str,
    peer: IpAddr,
    policy: &TlsPolicy,
    logs_on: bool,
) -> Option<Trust> {
    let given = match &policy.roots {
        Some(roots) => by(roots, chain, name, peer),
        None => None,
    };
    if given == Some(Trust::Trusted) || (policy.roots.is_some() && !policy.vouched) {
        return given;
    }
    let signed_itself = CertificateFacts::is_self_issued(chain.first()?)?;
    if signed_itself && !(logs_on || policy.vouched) {
        return None;
    }
    let own = by(&roots::system().await, chain, name, peer);
    // What is wrong with a chain that leads to the roots that were given says more than that it does not lead to others.
    let leads = |trust: &Trust| *trust != Trust::UnknownIssuer;
    own.filter(|own| leads(own) || given.is_none()).or(given)
}

/// What a chain is worth by these roots; `None` where nobody can say.
fn by(roots: &Arc<RootCertStore>, chain: &[Vec<u8>], name: &str, peer: IpAddr) -> Option<Trust> {
    let (leaf, rest) = chain.split_first()?;
    let signed_itself = CertificateFacts::is_self_issued(leaf)?;
    if signed_itself {
        return itself(leaf, name, roots, since_1970());
    }
    if roots.is_empty() {
        return None;
    }
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider())).build().ok()?;
    let certificate = CertificateDer::from(leaf.as_slice());
    // A root that is sent along leads nowhere by itself, and has dates of its own.
    let between = rest.iter().filter(|der| CertificateFacts::is_self_issued(der) != Some(true));
    let rest: Vec<CertificateDer<'_>> = between.map(|der| CertificateDer::from(der.as_slice())).collect();
    let asked = ServerName::try_from(name);
    let is_named = asked.is_ok();
    let name = asked.unwrap_or_else(|_| ServerName::from(peer));
    let at = |time: Duration| {
        let time = UnixTime::since_unix_epoch(time);
        match verifier.verify_server_cert(&certificate, &rest, &name, &[], time) {
            Ok(_) => Trust::Trusted,
            Err(rustls::Error::InvalidCertificate(error)) => trust_of(&error),
            Err(_) => Trust::Refused,
        }
    };
    let mut trust = at(since_1970());
    // webpki looks at the dates first. Of a chain that leads nowhere that is the lesser complaint.
    if trust == Trust::Expired
        && let Some(in_its_time) = in_its_time(leaf)
        && at(in_its_time) == Trust::UnknownIssuer
    {
        trust = Trust::UnknownIssuer;
    }
    // A name that TLS cannot carry is not checked by its address.
    Some(if is_named { trust } else { trust.unnamed() })
}

/// A time at which the certificate was valid.
fn in_its_time(leaf: &[u8]) -> Option<Duration> {
    let facts = CertificateFacts::read(leaf);
    let (begin, end) = (facts.not_before?, facts.not_after?);
    let middle = begin.checked_add(end.checked_sub(begin)?.checked_div(2)?)?;
    u64::try_from(middle).ok().map(Duration::from_secs)
}

/// What a certificate is worth that signed itself, and which webpki therefore takes for no chain: as much as its place among the
/// `roots`, where its dates hold and it is for `name`. `None` when it is not among them.
fn itself(leaf: &[u8], name: &str, roots: &RootCertStore, since_1970: Duration) -> Option<Trust> {
    // A store knows of a root whose it is, and its key, which the handshake's signature proves.
    let mut alone = RootCertStore::empty();
    alone.add(CertificateDer::from(leaf)).ok()?;
    if !alone.roots.iter().all(|root| roots.roots.contains(root)) {
        return None;
    }
    let facts = CertificateFacts::read(leaf);
    let now = i64::try_from(since_1970.as_secs()).ok()?;
    let trust = if now < facts.not_before? || facts.not_after? < now {
        Trust::Expired
    } else if facts.matches(name) {
        Trust::Trusted
    } else {
        Trust::OtherName
    };
    let is_named = ServerName::try_from(name).is_ok();
    Some(if is_named { trust } else { trust.unnamed() })
}

/// What webpki's complaint comes to. It names the first one only, which is why each check is made on its own too.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "there are a dozen reasons, and what they come to is a refusal"
)]
const fn trust_of(error: &CertificateError) -> Trust {
    match error {
        CertificateError::UnknownIssuer => Trust::UnknownIssuer,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Trust::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Trust::OtherName,
        _ => Trust::Refused,
    }
}

//! What runs have in common: read and opened once, however many there are.
use std::io;
use std::path::Path;
use std::sync::Arc;

use rdp_probe_core::Limits;
use rdp_probe_diagnosis::{Judge, Rule};
use rustls::RootCertStore;

use crate::credentials::Credentials;
use crate::error::ProbeError;
use crate::gateway::{Gateway, Shows};
use crate::ledger::Ledger;
use crate::network::Network;
use crate::tls::{self, TlsPolicies, TlsPolicy};

/// What runs have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    /// In place of the operating system's resolver and TCP.
    pub(crate) network: Option<Arc<dyn Network>>,
    /// What TLS has to fulfil: roots, key log.
    pub(crate) tls: TlsPolicies,
    /// Rules beside the catalogue.
    pub(crate) rules: Vec<&'static Rule>,
    /// The same, that know more than a row holds.
    pub(crate) judges: Vec<Arc<dyn Judge>>,
    /// The deadlines that a plan begins with.
    pub(crate) limits: Limits,
    /// The gateway to go through.
    pub(crate) gateway: Option<Gateway>,
    /// Whose credentials are proven to the target.
    pub(crate) credentials: Option<Arc<Credentials>>,
    /// What became of each account, of whichever of the runs it is; there from the beginning where there may be many runs.
    pub(crate) ledger: Option<Ledger>,
}

impl Shared {
    /// For many runs.
    pub(crate) fn of_many() -> Self {
        Self { ledger: Some(Ledger::default()), ..Self::default() }
    }

    /// These credentials are proven.
    #[cfg(feature = "nla")]
    pub(crate) fn log_on(&mut self, credentials: Credentials) {
        self.credentials = Some(Arc::new(credentials));
        self.ledger.get_or_insert_default();
    }

    /// Everything goes through this gateway.
    pub(crate) fn go_through(&mut self, gateway: Gateway) {
        if matches!(gateway.shows, Shows::Account(_)) {
            self.ledger.get_or_insert_default();
        }
        self.gateway = Some(gateway);
    }

    /// What TLS with the gateway has to fulfil: its certificate leads to the roots that were given, for it or for all, or to this
    /// computer's.
    pub(crate) fn gateway_policy(&self) -> TlsPolicy {
        let of_all = self.tls.target.roots.iter();
        let own = self.gateway.iter().filter_map(|gateway| gateway.roots.as_ref());
        let mut given = RootCertStore::empty();
        given.roots.extend(of_all.chain(own).flat_map(|store| store.roots.iter().cloned()));
        TlsPolicy {
            roots: (!given.is_empty()).then(|| Arc::new(given)),
            vouched: true,
            // Its methods and its upgrade are of that version only.
            alpn: Some(b"http/1.1"),
            key_log: self.tls.target.key_log.clone(),
        }
    }

    /// The certificates in `pem` are the roots.
    pub(crate) fn trust(&mut self, pem: &[u8]) -> Result<(), ProbeError> {
        self.tls.target.roots = Some(tls::roots_of(pem).ok_or(ProbeError::Roots)?);
        Ok(())
    }

    /// Session keys are appended to this file.
    pub(crate) fn key_log(&mut self, path: &Path) -> io::Result<()> {
        let key_log = tls::key_log(path, Box::new(|_| {})).map_err(|(error, _)| error)?;
        self.tls.target.key_log = Some(key_log);
        Ok(())
    }

    /// Session keys are appended to this file, as far as that can be done.
    pub(crate) fn key_log_or(&mut self, path: &Path, failed: tls::OnKeyLogError) {
        match tls::key_log(path, failed) {
            Ok(key_log) => self.tls.target.key_log = Some(key_log),
            Err((error, failed)) => failed(&error),
        }
    }
}

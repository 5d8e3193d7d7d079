//! What runs have in common: read and opened once, however many there are.
use std::io;
use std::path::Path;
use std::sync::Arc;

use rdp_probe_core::Limits;
use rdp_probe_diagnosis::Rule;

use crate::credentials::Credentials;
use crate::error::ProbeError;
use crate::ledger::Ledger;
use crate::network::Network;
use crate::tls::{self, TlsPolicies};

/// What runs have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    /// In place of the operating system's resolver and TCP.
    pub(crate) network: Option<Arc<dyn Network>>,
    /// What TLS has to fulfil: roots, key log.
    pub(crate) tls: TlsPolicies,
    /// Rules beside the catalogue.
    pub(crate) rules: Vec<&'static Rule>,
    /// The deadlines that a plan begins with.
    pub(crate) limits: Limits,
    /// Whose credentials are proven.
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

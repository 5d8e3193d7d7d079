//! A folder of its own for each server, removed with it.

use rdp_probe_testkit::certificate::{self, Kind};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// The folder.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// An empty folder, named after this process and a count.
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("rdp-probe-peer-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        // An earlier process of the same id may have been killed before it could clean up.
        drop(fs::remove_dir_all(&path));
        fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }

    /// The path of a file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and returns its path.
    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Makes a key and a self-signed certificate for it: (certificate, key).
    pub(super) fn certificate(&self) -> (PathBuf, PathBuf) {
        self.certificate_with(&["-newkey", "rsa:2048", "-sha256"])
    }

    /// The same, with these arguments for the kind of key and signature.
    pub(super) fn certificate_with(&self, kind: &[&str]) -> (PathBuf, PathBuf) {
        let (certificate, key) = (self.path("certificate.pem"), self.path("key.pem"));
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-nodes", "-days", "180"]).args(kind);
        command.args(["-subj", "/CN=peer.example", "-addext", "subjectAltName=DNS:peer.example"]);
        command.args(["-addext", "extendedKeyUsage=serverAuth"]);
        command.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        run(&mut command);
        (certificate, key)
    }

    /// Writes one of the testkit's certificates, with its key: (certificate, key).
    pub(super) fn certificate_of(&self, kind: Kind) -> (PathBuf, PathBuf) {
        let (certificate, key) = (self.path("certificate.pem"), self.path("key.pem"));
        for (octets, program, pem) in [
            (kind.chain().swap_remove(0), "x509", &certificate),
            (certificate::key().secret_der().to_vec(), "pkey", &key),
        ] {
            let der = self.path("der");
            fs::write(&der, octets).unwrap_or_else(|error| panic!("{}: {error}", der.display()));
            run(Command::new("openssl")
                .args([program, "-inform", "DER", "-in"])
                .arg(&der)
                .arg("-out")
                .arg(pem));
        }
        (certificate, key)
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Runs a command to its end; what it printed is shown when it fails.
pub(super) fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error} (tests/run installs what is missing)"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

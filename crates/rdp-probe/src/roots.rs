//! The system's roots: read once, on first need and on a thread of its own, and as much of them as a store has.
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::watch;
use tokio::time::timeout;

/// The largest store, in octets: those of today have a quarter of a megabyte.
const MOST: u64 = 16 << 20;
/// As many files of a folder are looked at.
const MOST_FILES: usize = 16_384;
/// How long a store may take to be read. What it says is not worth a probe.
const PATIENCE: Duration = Duration::from_secs(1);

type Roots = Arc<RootCertStore>;

/// The roots; none when they cannot be read, or not in time.
pub(crate) async fn system() -> Roots {
    static READ: OnceLock<watch::Receiver<Option<Roots>>> = OnceLock::new();
    /// Whether somebody waited in vain.
    static SLOW: AtomicBool = AtomicBool::new(false);
    let mut reading = READ.get_or_init(begin).clone();
    let patience = if SLOW.load(Ordering::Relaxed) { Duration::ZERO } else { PATIENCE };
    let waited = timeout(patience, reading.wait_for(Option::is_some)).await;
    let roots = waited.ok().and_then(Result::ok).and_then(|roots| roots.clone());
    SLOW.store(roots.is_none(), Ordering::Relaxed);
    roots.unwrap_or_else(|| Arc::new(RootCertStore::empty()))
}

fn begin() -> watch::Receiver<Option<Roots>> {
    let (tell, reading) = watch::channel(None);
    let tell = Arc::new(tell);
    let theirs = Arc::clone(&tell);
    // Enough for what is done there, and little where address space is short.
    let thread = std::thread::Builder::new().name("roots".into()).stack_size(512 << 10);
    if thread.spawn(move || theirs.send_replace(Some(read()))).is_err() {
        tell.send_replace(Some(read()));
    }
    reading
}

/// Reads where the environment says, otherwise where the system has them.
fn read() -> Roots {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(std::env::var_os);
    let mut store = RootCertStore::empty();
    match named {
        [None, None] => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        [file, folders] => {
            let folders: Vec<PathBuf> =
                folders.iter().flat_map(|folders| std::env::split_paths(folders)).collect();
            let files =
                file.into_iter().map(PathBuf::from).chain(folders.iter().flat_map(|folder| listed(folder)));
            let mut left = MOST;
            for file in files {
                let Some(pem) = regular(&file, left) else { continue };
                left = left.saturating_sub(u64::try_from(pem.len()).unwrap_or(left));
                store.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
            }
        }
    }
    Arc::new(store)
}

/// The files of a folder that OpenSSL would look at.
fn listed(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(MOST_FILES).filter(|entry| is_hash(&entry.file_name())).map(|entry| entry.path())
}

/// Eight hexadecimal digits, a full stop, and a number.
fn is_hash(name: &OsStr) -> bool {
    let Some((hash, number)) = name.to_str().and_then(|name| name.split_once('.')) else { return false };
    let digits = |text: &str, is: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|octet| is(&octet));
    hash.len() == 8 && digits(hash, u8::is_ascii_hexdigit) && digits(number, u8::is_ascii_digit)
}

/// What is in a regular file: everything else may have no end, or no beginning.
fn regular(path: &Path, most: u64) -> Option<Vec<u8>> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut octets = Vec::new();
    File::open(path).ok()?.take(most).read_to_end(&mut octets).ok()?;
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_folder_is_one_that_openssl_would_look_at() {
        for (name, is) in [
            ("5ad8a5d6.0", true),
            ("5AD8A5D6.12", true),
            ("5ad8a5d6.r0", false),
            ("a.0", false),
            ("x.pem", false),
        ] {
            assert_eq!(is_hash(OsStr::new(name)), is, "{name}");
        }
    }

    #[test]
    fn what_is_no_regular_file_is_not_read_and_no_more_is_than_a_store_has() {
        assert_eq!(regular(Path::new("/dev/zero"), MOST), None);
        assert_eq!(regular(&std::env::current_exe().unwrap(), 1000).map(|octets| octets.len()), Some(1000));
    }
}

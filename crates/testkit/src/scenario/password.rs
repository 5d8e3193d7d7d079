//! The password of scenarios with an account, and other files for whoever can only be given a path.
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The password of every account.
pub const PASSWORD: &str = "secret";

/// A file with the password, for whoever can only be given a path. It always holds the same, and is written once.
pub(super) fn password_file() -> io::Result<PathBuf> {
    file("rdp-probe-test-password", PASSWORD)
}

/// The same with another secret.
pub(super) fn secret_file(secret: &str) -> io::Result<PathBuf> {
    let name: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
    file(&format!("rdp-probe-test-secret-{name}"), secret)
}

/// An .rdp file whose client refuses a certificate that is not trusted.
pub(super) fn rdp_file(target: &str) -> io::Result<PathBuf> {
    let name: String = target.chars().filter(char::is_ascii_alphanumeric).collect();
    let text = format!("full address:s:{target}\r\nauthentication level:i:1\r\n");
    file(&format!("rdp-probe-test-{name}.rdp"), &text)
}

fn file(name: &str, secret: &str) -> io::Result<PathBuf> {
    let path = std::env::temp_dir().join(name);
    if std::fs::read_to_string(&path).is_ok_and(|there| there == secret) {
        return Ok(path);
    }
    // Others may read it at this moment, and others write it.
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let new = path.with_extension(format!("{}.{number}.new", std::process::id()));
    std::fs::write(&new, secret)?;
    std::fs::rename(&new, &path)?;
    Ok(path)
}

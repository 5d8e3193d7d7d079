//! The password of scenarios with an account.
use std::io;
use std::path::PathBuf;

/// The password of every account.
pub const PASSWORD: &str = "secret";

/// A file with the password, for whoever can only be given a path. It always holds the same, and is written once.
pub(super) fn password_file() -> io::Result<PathBuf> {
    let path = std::env::temp_dir().join("rdp-probe-test-password");
    if std::fs::read_to_string(&path).is_ok_and(|there| there == PASSWORD) {
        return Ok(path);
    }
    // Others may read it at this moment.
    let new = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&new, PASSWORD)?;
    std::fs::rename(&new, &path)?;
    Ok(path)
}

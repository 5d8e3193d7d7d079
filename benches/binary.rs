//! The program itself.
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release binary, built beside this benchmark.
///
/// # Errors
/// When it cannot be built.
pub fn binary() -> Result<PathBuf, Box<dyn Error>> {
    let here = std::env::current_exe()?;
    let release = here.parent().and_then(Path::parent).ok_or("where is this program?")?;
    let target = release.parent().ok_or("where is the target directory?")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--locked", "--package", "rdp-probe-cli", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !status.success() {
        return Err("the release binary cannot be built".into());
    }
    Ok(release.join(format!("rdp-probe{}", std::env::consts::EXE_SUFFIX)))
}

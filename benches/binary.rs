//! The program itself.
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::gate::Gate;

/// As people have it.
const RELEASED: &[&str] = &["--release"];
/// In the profile of the benchmarks, and with the packages for which `tests/run` builds them, so that the features of what they
/// share are the same.
const BESIDE_THE_BENCHMARKS: &[&str] =
    &["--profile", "bench", "--package", "rdp-probe-benches", "--bench", "process"];

/// The binary, built beside this benchmark: as it is released, and at the steady gate as the benchmarks are, together with which
/// it is built nearly for nothing.
///
/// # Errors
/// When it cannot be built.
pub fn binary() -> Result<PathBuf, Box<dyn Error>> {
    let here = std::env::current_exe()?;
    let release = here.parent().and_then(Path::parent).ok_or("where is this program?")?;
    let target = release.parent().ok_or("where is the target directory?")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "--bin", "rdp-probe", "--package", "rdp-probe-cli"]);
    command.args(match Gate::chosen()? {
        Gate::ByHand => RELEASED,
        Gate::Steady => BESIDE_THE_BENCHMARKS,
    });
    command.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    // Build scripts that look at these would run again, and what stands on them would be built again.
    let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
        command.env_remove(name);
    }
    let status = command.status()?;
    if !status.success() {
        return Err("the binary cannot be built".into());
    }
    Ok(release.join(format!("rdp-probe{}", std::env::consts::EXE_SUFFIX)))
}

//! Properties that hold for every input; property tests and fuzz targets share them.
//!
//! Each function panics when its property does not hold, which is how fuzzers want it.
mod credssp;
mod diagnosis;
#[cfg(test)]
mod golden;
mod ironrdp;
mod machine;
mod mcs;
mod tls;
mod wire;

pub use credssp::credssp;
pub use diagnosis::{diagnosis, diagnosis_of};
pub use ironrdp::{confirm_against_ironrdp, request_against_ironrdp};
pub use machine::{machine, well_formed};
pub use mcs::{connect_initial_reads_back, mcs};
pub use tls::{client_hello_against_tls_parser, tls};
pub use wire::wire;

#[cfg(test)]
mod tests {
    use std::fs::read_dir;
    use std::path::Path;

    use super::*;

    type Property = fn(&[u8]);

    /// The fuzz targets, each with what it calls.
    const TARGETS: [(&str, Property); 7] = [
        ("confirm", confirm_against_ironrdp),
        ("credssp", credssp),
        ("diagnosis", diagnosis),
        ("machine", machine),
        ("mcs", mcs),
        ("tls", tls),
        ("wire", wire),
    ];

    fn names(folder: &Path) -> Vec<String> {
        let entries = read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Whatever once broke a property, and the messages that fuzzing begins with.
    #[test]
    fn every_seed_of_every_fuzz_target_passes() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        assert_eq!(names(&fuzz.join("fuzz_targets")), TARGETS.map(|(target, _)| format!("{target}.rs")));
        assert_eq!(names(&fuzz.join("corpus")), TARGETS.map(|(target, _)| target));
        for (target, property) in TARGETS {
            let folder = fuzz.join("corpus").join(target);
            let seeds = names(&folder);
            assert!(seeds.len() > 10, "{target}: {} seeds", seeds.len());
            for seed in seeds {
                let octets = std::fs::read(folder.join(&seed)).unwrap();
                let passed = std::panic::catch_unwind(|| property(&octets)).is_ok();
                assert!(passed, "{target}: {seed}");
            }
        }
    }
}

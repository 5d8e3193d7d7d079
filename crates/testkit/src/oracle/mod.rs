//! Properties that hold for every input; property tests and fuzz targets share them.
//!
//! Each function panics when its property does not hold, which is how fuzzers want it.
mod credssp;
mod diagnosis;
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

/// The octets of a file in `tests/golden`: in hexadecimal, `#` starts a comment.
#[cfg(test)]
fn golden(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/golden/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let octets = text.lines().filter_map(|line| line.split('#').next()).flat_map(str::split_whitespace);
    octets.map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect()
}

/// Gives a property the seeds of its fuzz target: whatever once broke it, and the messages that fuzzing begins with.
#[cfg(test)]
fn seeds(target: &str, property: fn(&[u8])) {
    let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0_usize;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        property(&std::fs::read(entry.unwrap().path()).unwrap());
        count = count.saturating_add(1);
    }
    assert!(count > 10, "{folder}: {count} seeds");
}

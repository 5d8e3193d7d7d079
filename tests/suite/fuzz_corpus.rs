//! The corpus of every fuzz target, replayed: whatever once broke a property, and what fuzzing begins with.
use std::collections::BTreeMap;
use std::fs::read_dir;
use std::path::Path;

use rdp_probe_testkit::oracle;

type Property = fn(&[u8]);

/// The fuzz targets, each with what it calls.
const TARGETS: [(&str, Property); 20] = [
    ("certificate", oracle::certificate),
    ("command_line", rdp_probe_cli::oracle::command_line),
    ("confirm", oracle::confirm_against_ironrdp),
    ("credssp", oracle::credssp),
    ("diagnosis", oracle::diagnosis),
    ("explain", oracle::explanation),
    ("framing", oracle::framing),
    ("http", oracle::http),
    ("layers", rdp_probe_tests::layers),
    ("machine", oracle::machine),
    ("mcs", oracle::mcs),
    ("rdp_file", rdp_probe_tests::rdp_file),
    ("rendering", rdp_probe_cli::oracle::rendering),
    ("stored_report", rdp_probe_tests::stored_report),
    ("target_list", rdp_probe_cli::oracle::target_list),
    ("text", oracle::text),
    ("tls", oracle::tls),
    ("tsgu", oracle::tsgu),
    ("websocket", oracle::websocket),
    ("wire", oracle::wire),
];

/// All seeds together are no larger, in octets: they are in every clone.
const MOST_OCTETS: u64 = 2 << 20;

fn names(folder: &Path) -> Vec<String> {
    let entries = read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A name that the fuzzer gives, and that .gitignore leaves out.
fn is_hash(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|octet| octet.is_ascii_hexdigit())
}

#[test]
fn every_seed_of_every_fuzz_target_passes() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    assert_eq!(names(&fuzz.join("fuzz_targets")), TARGETS.map(|(target, _)| format!("{target}.rs")));
    assert_eq!(names(&fuzz.join("corpus")), TARGETS.map(|(target, _)| target));
    assert_eq!(names(&fuzz.join("dictionaries")), TARGETS.map(|(target, _)| format!("{target}.dict")));
    let mut total = 0;
    for (target, property) in TARGETS {
        let folder = fuzz.join("corpus").join(target);
        let seeds: Vec<String> = names(&folder).into_iter().filter(|name| !is_hash(name)).collect();
        assert!(seeds.len() > 10, "{target}: {} seeds", seeds.len());
        let mut known = BTreeMap::new();
        for seed in seeds {
            let octets = std::fs::read(folder.join(&seed)).unwrap();
            total += u64::try_from(octets.len()).unwrap();
            let passed = std::panic::catch_unwind(|| property(&octets)).is_ok();
            assert!(passed, "{target}: {seed}");
            let same = known.insert(octets, seed.clone());
            assert_eq!(same, None, "{target}: {seed} is the same");
        }
    }
    assert!(total < MOST_OCTETS, "{total} octets of seeds");
}

//! What fuzzing begins with, for the tests of the properties.

/// Gives a property the seeds of its fuzz target: whatever once broke it, and the messages that fuzzing begins with.
pub(super) fn seeds(target: &str, property: fn(&[u8])) {
    let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0_usize;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        property(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 10, "{folder}: {count} seeds");
}

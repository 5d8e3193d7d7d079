//! Every reader of the wire crate keeps its word, whatever it is given.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::wire(octets));

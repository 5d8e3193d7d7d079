//! Every run ends, and its evidence is well-formed.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::machine(octets));

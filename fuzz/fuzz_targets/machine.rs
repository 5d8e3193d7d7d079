//! Every run ends, and its findings are well-formed.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::machine(octets));

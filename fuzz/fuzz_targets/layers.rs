//! In how many pieces octets come changes nothing.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_tests::layers(octets));

//! An .rdp file is refused, or names a target and changes what it may.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_tests::rdp_file(octets));

//! A stored report is refused, or diagnosed and read again as the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_tests::stored_report(octets));

//! Connection Confirms are read as ironrdp-pdu reads them.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::confirm_against_ironrdp(octets));

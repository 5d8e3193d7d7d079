//! Connect Response and what comes in its place are read as ironrdp-pdu reads them, and placed where they cannot be read.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::mcs(octets));

//! A certificate is read or not, and what is kept of it is bounded.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::certificate(octets));

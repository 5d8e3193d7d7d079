//! Where a response of HTTP ends is said once, and it is read again as it was read.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::http(octets));

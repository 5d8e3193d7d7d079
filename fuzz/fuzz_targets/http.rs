//! Where a response of HTTP ends is said once, it is read again as it was read, and two channels of it are heard alike in any pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::http(octets));

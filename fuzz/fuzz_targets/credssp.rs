//! What comes inside TLS is read as sspi reads it, and placed where it cannot be read.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::credssp(octets));

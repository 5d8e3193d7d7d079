//! TLS in the clear is read as tls-parser reads it, however records cut it.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::tls(octets));

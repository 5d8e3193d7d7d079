//! Whatever is pasted, what is taken from it stands there.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::text(octets));

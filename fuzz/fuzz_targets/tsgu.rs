//! The packets of a gateway's tunnel are read as they are written, from either side.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::tsgu(octets));

//! Whatever happens to a run can be diagnosed.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::diagnosis(octets));

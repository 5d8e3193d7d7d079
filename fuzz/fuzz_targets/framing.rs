//! Where a PDU ends is said once, however octets arrive.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::framing(octets));

//! Whatever happened is rendered so that it does nothing to a terminal.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_cli::oracle::rendering(octets));

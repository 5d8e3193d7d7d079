//! A list is refused by line, or each target is read again as the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_cli::oracle::target_list(octets));

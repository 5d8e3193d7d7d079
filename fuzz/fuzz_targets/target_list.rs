//! A list is refused in one line, or each target is read again as the same and each other line is named.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_cli::oracle::target_list(octets));

//! A command line comes to something, and a complaint is one line.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_cli::oracle::command_line(octets));

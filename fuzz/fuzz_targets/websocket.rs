//! A WebSocket's frames are read in whatever pieces they come, and as tungstenite reads them.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rdp_probe_testkit::oracle::websocket(octets));

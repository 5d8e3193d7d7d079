//! What rdp-probe promises, tested from outside.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the tests count what is theirs, and an overflow fails them"
)]

#[cfg(test)]
mod behind_gateway;
#[cfg(test)]
mod behind_the_settings;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod ci;
#[cfg(test)]
mod circles;
#[cfg(test)]
mod clock_skew;
#[cfg(test)]
mod command_lines;
#[cfg(test)]
mod cut_short;
#[cfg(test)]
mod delegation;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod excluding;
#[cfg(test)]
mod expectations;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod from_report;
#[cfg(test)]
mod fuzz_corpus;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod gateway_codes;
#[cfg(test)]
mod gateway_logon;
#[cfg(test)]
mod gateway_program;
#[cfg(test)]
mod in_memory;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod logon;
#[cfg(test)]
mod logon_program;
#[cfg(test)]
mod logon_secrets;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod man;
#[cfg(test)]
mod many;
#[cfg(test)]
mod namespace;
#[cfg(test)]
mod namespaces;
#[cfg(test)]
mod nine_faults;
#[cfg(test)]
mod no_resumption;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod path_mtu;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod rdp_file;
mod rdp_file_gateway;
mod rdp_file_keys;
#[cfg(test)]
mod real_fronts;
#[cfg(test)]
mod real_mcs;
#[cfg(test)]
mod real_peers;
#[cfg(test)]
mod real_tls;
#[cfg(test)]
mod resets;
#[cfg(test)]
mod rounds;
#[cfg(test)]
mod runner;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod security;
#[cfg(test)]
mod small_machine;
#[cfg(test)]
mod spans;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod two_channels;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod verdict_first;

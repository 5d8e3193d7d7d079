//! `rdp-probe`: why does this remote desktop not connect?
use std::process::ExitCode;

fn main() -> ExitCode {
    rdp_probe_cli::main()
}

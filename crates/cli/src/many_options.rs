//! What a command line says of many targets.
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Which of them are asked, in which order, and how fast.
#[derive(Debug, Args)]
pub(crate) struct ManyOptions {
    /// Leave these out, whoever names them: an address, a network, a range or a name, with :PORT on that port only; @FILE is a list
    /// of them; may be repeated
    #[arg(long, value_name = "WHAT")]
    pub(crate) exclude: Vec<OsString>,

    /// Ask a target as often as it is named, instead of once
    #[arg(long)]
    pub(crate) duplicates: bool,

    /// Keep the order of the targets, in asking and in the reports, where otherwise each report is written when its target has ended
    #[arg(long)]
    pub(crate) in_order: bool,

    /// Shuffle the order of asking by this number: a network whole, a list in windows of 1,024 lines [default: another number each
    /// time; -v says which]
    #[arg(long, value_name = "N", conflicts_with = "in_order")]
    pub(crate) seed: Option<u64>,

    /// Leave out the targets whose reports stand in this file, which -o ndjson wrote; -o ndjson=FILE of the same name is then written on,
    /// and begun where it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,

    /// Begin at most so many probes a second: N or N/s
    #[arg(long, value_name = "N", value_parser = crate::rate::parse)]
    pub(crate) rate: Option<u32>,

    /// Targets of one network (/24, or /64 of IPv6) probed at the same time; those of this computer's own are not counted
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) per_network: u16,

    /// Ask a target again, up to N times, where the fault may be gone by then: a time-out, a stream that was reset or ended without a word,
    /// a resolver that failed; the last report counts. Never where a logon was tried
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=10))]
    pub(crate) retries: u8,
}

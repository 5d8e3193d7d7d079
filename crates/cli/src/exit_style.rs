//! What the exit code is to say, where it is not that of docs/exit-codes.md.
use std::ffi::OsString;

use clap::ValueEnum;

use crate::exit_codes::{INTERNAL, USAGE};
use crate::status::Status;

/// Whose exit codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExitStyle {
    /// This program's own.
    #[default]
    #[value(skip)]
    Own,
    /// Those of monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    Nagios,
    /// 0 whatever was found.
    #[value(skip)]
    Zero,
}

impl ExitStyle {
    /// What may stand behind `--exit`.
    pub(crate) const IDS: [&'static str; 1] = ["nagios"];

    /// The style of a command line that cannot be read: whoever asked for it gets it all the same.
    pub(crate) fn typed(args: &[OsString]) -> Self {
        let nagios =
            |pair: &[OsString]| matches!(pair, [option, value] if option == "--exit" && value == "nagios");
        let asked = args.iter().any(|word| word == "--exit=nagios") || args.windows(2).any(nagios);
        // Both at once is a mistake, and neither's.
        if asked && !args.iter().any(|word| word == "--exit-zero") { Self::Nagios } else { Self::Own }
    }

    /// What the program's own exit code becomes; `status` is the worst state of what was reported.
    pub(crate) fn code(self, own: u8, status: Option<Status>) -> u8 {
        match self {
            Self::Own => own,
            Self::Zero if matches!(own, USAGE | INTERNAL) => own,
            Self::Zero => 0,
            Self::Nagios => Status::of_run(own, status).code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_plugins_are_0_to_3_and_zero_leaves_mistakes_and_defects() {
        for own in 0..=100 {
            for status in Status::ALL.map(Some).into_iter().chain([None]) {
                assert_eq!(ExitStyle::Own.code(own, status), own);
                let zero = if matches!(own, 2 | 3) { own } else { 0 };
                assert_eq!(ExitStyle::Zero.code(own, status), zero);
                assert!(ExitStyle::Nagios.code(own, status) <= 3);
            }
        }
        let nagios = |own, status| ExitStyle::Nagios.code(own, status);
        assert_eq!([0, 1, 3, 2], Status::ALL.map(|status| nagios(100, Some(status))));
        assert_eq!([3; 3], [2, 3, 4].map(|own| nagios(own, Some(Status::Critical))));
        // What has failed has failed, interrupted or not.
        assert_eq!(
            (nagios(5, Some(Status::Ok)), nagios(5, Some(Status::Critical)), nagios(5, None)),
            (3, 2, 3)
        );
    }

    #[test]
    fn style_of_a_command_line_that_cannot_be_read_is_the_one_it_asks_for() {
        let typed = |args: &[&str]| ExitStyle::typed(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(typed(&["rdp-probe", "--bogus", "--exit", "nagios"]), ExitStyle::Nagios);
        assert_eq!(typed(&["rdp-probe", "--exit=nagios"]), ExitStyle::Nagios);
        assert_eq!(typed(&["rdp-probe", "nagios", "--exit"]), ExitStyle::Own);
        assert_eq!(typed(&["rdp-probe", "--exit=nagios", "--exit-zero"]), ExitStyle::Own);
    }

    #[test]
    fn names_of_styles_are_those_that_are_read() {
        let read: Vec<String> = ExitStyle::value_variants()
            .iter()
            .filter_map(|style| Some(style.to_possible_value()?.get_name().to_owned()))
            .collect();
        assert_eq!(read, ExitStyle::IDS);
    }
}

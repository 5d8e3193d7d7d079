//! A port on the command line.
use std::ffi::OsString;

/// What was given as a port. It may be a password, as `-p` has with other clients: what is no port is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    Is(u16),
    IsNone,
}

impl Port {
    pub(crate) fn of(given: OsString) -> Self {
        let digits = given.to_str().filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()));
        match digits.and_then(|text| text.parse().ok()) {
            Some(port) if port != 0 => Self::Is(port),
            Some(_) | None => Self::IsNone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_digits_from_1_to_65535() {
        for (given, port) in [("1", Port::Is(1)), ("65535", Port::Is(65_535)), ("03389", Port::Is(3389))] {
            assert_eq!(Port::of(given.into()), port);
        }
        for given in ["", "0", "65536", "+1", "-1", " 1", "1 ", "hunter2", "\u{661}"] {
            assert_eq!(Port::of(given.into()), Port::IsNone, "{given:?}");
        }
    }
}

//! What a scripted target does, step by step.
use std::time::Duration;

use rdp_probe_core::wire::nego::Protocols;
use serde::Deserialize;

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawStep")]
#[non_exhaustive]
pub enum Step {
    /// Reads one PDU and checks that it is this.
    Expect(Expected),
    /// Sends these octets at once.
    Send(Vec<u8>),
    /// Sends these octets one by one.
    Drip {
        /// The octets.
        octets: Vec<u8>,
        /// The time between two.
        every: Duration,
    },
    /// Sends these octets over and over until the peer closes. A peer that takes them all is at fault.
    Endless {
        /// The octets.
        octets: Vec<u8>,
        /// As many as are sent, at least.
        at_most: usize,
    },
    /// Ends the connection.
    Close(Ending),
}

/// What a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expected {
    /// X.224 Connection Request ([MS-RDPBCGR] 2.2.1.1).
    ConnectionRequest,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "TCP has no fourth way")]
pub enum Ending {
    /// TCP FIN.
    Fin,
    /// TCP RST.
    Reset,
    /// Not at all: nothing is said until the peer closes.
    Silent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    expect: Option<Expected>,
    send: Option<String>,
    drip: Option<String>,
    every_ms: Option<u64>,
    endless: Option<String>,
    at_most: Option<usize>,
    close: Option<Ending>,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("a step does one thing: expect, send, drip with every_ms, endless with at_most, or close")]
    NotOne,
    #[error("octets are pairs of hexadecimal digits, not {0:?}")]
    Hex(String),
    #[error("no octets")]
    Empty,
    #[error("at_most is above 0")]
    AtMost,
}

impl TryFrom<RawStep> for Step {
    type Error = StepError;

    fn try_from(raw: RawStep) -> Result<Self, StepError> {
        match raw {
            RawStep {
                expect: Some(expected),
                send: None,
                drip: None,
                every_ms: None,
                endless: None,
                at_most: None,
                close: None,
            } => Ok(Self::Expect(expected)),
            RawStep {
                expect: None,
                send: Some(text),
                drip: None,
                every_ms: None,
                endless: None,
                at_most: None,
                close: None,
            } => Ok(Self::Send(hex(&text)?)),
            RawStep {
                expect: None,
                send: None,
                drip: Some(text),
                every_ms: Some(every),
                endless: None,
                at_most: None,
                close: None,
            } => Ok(Self::Drip { octets: hex(&text)?, every: Duration::from_millis(every) }),
            RawStep {
                expect: None,
                send: None,
                drip: None,
                every_ms: None,
                endless: Some(text),
                at_most: Some(at_most),
                close: None,
            } => match at_most {
                0 => Err(StepError::AtMost),
                _ => Ok(Self::Endless { octets: hex(&text)?, at_most }),
            },
            RawStep {
                expect: None,
                send: None,
                drip: None,
                every_ms: None,
                endless: None,
                at_most: None,
                close: Some(ending),
            } => Ok(Self::Close(ending)),
            RawStep { .. } => Err(StepError::NotOne),
        }
    }
}

/// Pairs of hexadecimal digits, with white space between as one likes.
fn hex(text: &str) -> Result<Vec<u8>, StepError> {
    let mut octets = Vec::new();
    for word in text.split_ascii_whitespace() {
        let wrong = || StepError::Hex(word.to_owned());
        if !word.len().is_multiple_of(2) || !word.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut rest = word;
        while let Some((pair, after)) = rest.split_at_checked(2) {
            octets.push(u8::from_str_radix(pair, 16).map_err(|_| wrong())?);
            rest = after;
        }
    }
    if octets.is_empty() { Err(StepError::Empty) } else { Ok(octets) }
}

/// A mask in hexadecimal.
pub(super) fn mask<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Protocols>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let value = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match value {
        Some(value) => Ok(Some(Protocols(value))),
        None => Err(serde::de::Error::custom(format_args!("a mask is like 0x0B, not {text:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_may_be_grouped_as_one_likes() {
        assert_eq!(hex("03 00\n  0013\t0eD0").unwrap(), [3, 0, 0, 0x13, 0x0E, 0xD0]);
        for wrong in ["", "  ", "3", "03 0", "0g", "+1", "é0"] {
            assert!(hex(wrong).is_err(), "{wrong:?}");
        }
    }
}

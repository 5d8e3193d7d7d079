//! What a scripted target does, step by step.
use std::time::Duration;

use serde::Deserialize;

use super::challenge::Challenge;
use super::connect_response::{ConnectResponse, error_info};
use super::tls::{Handshake, ServerHello};

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawStep")]
#[non_exhaustive]
pub enum Step {
    /// Reads one PDU and checks that it is this.
    Expect(Expected),
    /// Sends these octets at once.
    Send(Vec<u8>),
    /// Sends an NTLM CHALLENGE, made at that moment.
    Challenge(Box<Challenge>),
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
    /// Shakes hands; what follows is inside TLS.
    Tls(Handshake),
    /// Sends this fatal alert: inside TLS, or as a record in the clear. What follows is in the clear.
    Alert(u8),
    /// The client's computer stands still for so long before it sees what comes. For players without a clock of their own.
    StandStill(Duration),
    /// Ends the connection.
    Close(Ending),
}

/// What a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expected {
    /// Pre-connection PDU ([MS-RDPEPS] 2.2.1.2), with the blob of the plan.
    PreconnectionBlob,
    /// X.224 Connection Request ([MS-RDPBCGR] 2.2.1.1), with cookie or routing token as the plan has it.
    ConnectionRequest,
    /// The record with the ClientHello (RFC 8446 section 4.1.2).
    ClientHello,
    /// TSRequest ([MS-CSSP] 2.2.1).
    TsRequest,
    /// MCS Connect Initial ([MS-RDPBCGR] 2.2.1.3).
    ConnectInitial,
    /// MCS Disconnect Provider Ultimatum ([MS-RDPBCGR] 2.2.2.3): the client says goodbye.
    Disconnect,
}

impl Expected {
    /// The name in the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreconnectionBlob => "Pre-connection PDU",
            Self::ConnectionRequest => "Connection Request",
            Self::ClientHello => "ClientHello",
            Self::TsRequest => "TSRequest",
            Self::ConnectInitial => "Connect Initial",
            Self::Disconnect => "Disconnect Provider Ultimatum",
        }
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "TCP has no fourth way, and TLS one of its own")]
pub enum Ending {
    /// TLS close_notify, then TCP FIN.
    CloseNotify,
    /// TCP FIN; inside TLS without close_notify.
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
    tls: Option<Handshake>,
    server_hello: Option<ServerHello>,
    challenge: Option<Challenge>,
    connect_response: Option<ConnectResponse>,
    error_info: Option<String>,
    alert: Option<u8>,
    stand_still_ms: Option<u64>,
    close: Option<Ending>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(
        "a step does one thing: expect, send, drip with every_ms, endless with at_most, tls, server_hello, challenge, \
         connect_response, error_info, alert, stand_still_ms, or close"
    )]
    NotOne,
    #[error("octets are pairs of hexadecimal digits, not {0:?}")]
    Hex(String),
    #[error("no octets")]
    Empty,
    #[error("at_most is above 0")]
    AtMost,
    #[error("a code is like 0x112F, not {0:?}")]
    Code(String),
    #[error("a challenge has clock_unix_ms or clock_ahead_ms, not both")]
    TwoClocks,
}

impl TryFrom<RawStep> for Step {
    type Error = StepError;

    fn try_from(raw: RawStep) -> Result<Self, StepError> {
        let mut steps = Vec::new();
        steps.extend(raw.expect.map(Self::Expect));
        steps.extend(raw.send.map(|text| hex(&text).map(Self::Send)).transpose()?);
        match (raw.drip, raw.every_ms) {
            (Some(text), Some(every)) => {
                steps.push(Self::Drip { octets: hex(&text)?, every: Duration::from_millis(every) });
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => return Err(StepError::NotOne),
        }
        match (raw.endless, raw.at_most) {
            (Some(_), Some(0)) => return Err(StepError::AtMost),
            (Some(text), Some(at_most)) => steps.push(Self::Endless { octets: hex(&text)?, at_most }),
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => return Err(StepError::NotOne),
        }
        steps.extend(raw.tls.map(Self::Tls));
        steps.extend(raw.server_hello.map(|hello| Self::Send(hello.octets())));
        if raw.challenge.as_ref().is_some_and(Challenge::has_two_clocks) {
            return Err(StepError::TwoClocks);
        }
        steps.extend(raw.challenge.map(|challenge| Self::Challenge(Box::new(challenge))));
        steps.extend(raw.connect_response.map(|response| Self::Send(response.octets())));
        let code = |code: String| error_info(&code).map(Self::Send).ok_or(StepError::Code(code));
        steps.extend(raw.error_info.map(code).transpose()?);
        steps.extend(raw.alert.map(Self::Alert));
        steps.extend(raw.stand_still_ms.map(Duration::from_millis).map(Self::StandStill));
        steps.extend(raw.close.map(Self::Close));
        match (steps.pop(), steps.is_empty()) {
            (Some(step), true) => Ok(step),
            (Some(_), false) | (None, _) => Err(StepError::NotOne),
        }
    }
}

/// A fatal alert as a record of TLS 1.2 in the clear.
pub(crate) const fn plain_alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
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

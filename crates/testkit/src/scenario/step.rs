//! What a scripted target does, step by step.
use std::time::Duration;

use rdp_probe_core::wire::credssp::TsRequest;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::challenge::{Challenge, one_clock};
use super::connect_response::{ConnectResponse, error_info};
use super::due::Expected;
use super::flat::{self, Shape};
use super::said::{Said, attach_refused, join_refused, license_error};
use super::text::{code, octets};
use super::tls::{Handshake, ServerHello};

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Reads one PDU and checks that it is this.
    Expect(Expected),
    /// Sends these octets at once.
    Send(Vec<u8>),
    /// Sends an NTLM CHALLENGE, made at that moment.
    Challenge(Box<Challenge>),
    /// Sends a TSRequest of this version with the pubKeyAuth of the message that was read last.
    Echo(u32),
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
    /// Sends inside TLS what ends it.
    BreakTls(Break),
    /// The client's computer stands still for so long before it sees what comes. For players without a clock of their own.
    StandStill(Duration),
    /// Ends the connection.
    Close(Ending),
}

/// What a target sends inside TLS that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Break {
    /// A record whose tag is wrong.
    WrongTag,
    /// The header of a record that is longer than one may be.
    Oversized,
    /// More empty records than anybody needs.
    Flood,
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
    /// By the client's computer, which has no buffer left for the stream: in the power of a player without sockets only.
    FailsHere,
    /// TCP RST, which is there before the client sends once more. Whether that sees it is in the power of a player without sockets only.
    BeforeTheNextWrite,
}

/// Keys that stand beside the one that says what a step does.
const SHAPE: Shape = Shape {
    beside: &[("every_ms", "drip"), ("at_most", "endless"), ("transition", "license_error")],
    one: "a step does one thing: expect, send, drip with every_ms, endless with at_most, tls, server_hello, challenge, echo, \
          connect_response, error_info, say, license_error with transition, attach_refused, join_refused, alert, break_tls, \
          stand_still_ms, or close",
};

/// A step as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Written {
    Expect(Expected),
    Send(#[serde(deserialize_with = "octets")] Vec<u8>),
    Drip {
        #[serde(rename = "drip", deserialize_with = "octets")]
        octets: Vec<u8>,
        every_ms: u64,
    },
    Endless {
        #[serde(rename = "endless", deserialize_with = "octets")]
        octets: Vec<u8>,
        #[serde(deserialize_with = "above_0")]
        at_most: usize,
    },
    Tls(Handshake),
    ServerHello(ServerHello),
    Challenge(#[serde(deserialize_with = "one_clock")] Box<Challenge>),
    Echo(u32),
    ConnectResponse(ConnectResponse),
    ErrorInfo(#[serde(deserialize_with = "code")] u32),
    Say(Said),
    LicenseError {
        #[serde(rename = "license_error", deserialize_with = "code")]
        code: u32,
        transition: u32,
    },
    AttachRefused(u8),
    JoinRefused(u8),
    Alert(u8),
    BreakTls(Break),
    StandStillMs(u64),
    Close(Ending),
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match flat::read(deserializer, &SHAPE)? {
            Written::Expect(due) => Self::Expect(due),
            Written::Send(octets) => Self::Send(octets),
            Written::Drip { octets, every_ms } => Self::Drip { octets, every: Duration::from_millis(every_ms) },
            Written::Endless { octets, at_most } => Self::Endless { octets, at_most },
            Written::Tls(handshake) => Self::Tls(handshake),
            Written::ServerHello(hello) => Self::Send(hello.octets()),
            Written::Challenge(challenge) => Self::Challenge(challenge),
            Written::Echo(version) => Self::Echo(version),
            Written::ConnectResponse(response) => Self::Send(response.octets()),
            Written::ErrorInfo(code) => Self::Send(error_info(code)),
            Written::Say(said) => Self::Send(said.octets()),
            Written::LicenseError { code, transition } => Self::Send(license_error(code, transition)),
            Written::AttachRefused(result) => Self::Send(attach_refused(result)),
            Written::JoinRefused(result) => Self::Send(join_refused(result)),
            Written::Alert(description) => Self::Alert(description),
            Written::BreakTls(how) => Self::BreakTls(how),
            Written::StandStillMs(millis) => Self::StandStill(Duration::from_millis(millis)),
            Written::Close(ending) => Self::Close(ending),
        })
    }
}

fn above_0<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if number > 0 { Ok(number) } else { Err(D::Error::custom("at_most is above 0")) }
}

/// A TSRequest of this version with the pubKeyAuth of `message`; nothing of it where there is none.
pub(crate) fn echo(version: u32, message: &[u8]) -> Vec<u8> {
    let mut answer = TsRequest::of_version(version);
    answer.pub_key_auth = TsRequest::parse(message).ok().and_then(|request| request.pub_key_auth);
    let mut out = Vec::new();
    // A message that was read is no longer than one that can be written.
    _ = answer.encode(&mut out);
    out
}

/// A fatal alert as a record of TLS 1.2 in the clear.
pub(crate) const fn plain_alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
}

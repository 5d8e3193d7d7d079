//! Why an .rdp file cannot be used.
use std::fmt;

use rdp_probe_core::TargetError;
use rdp_probe_core::wire::preconnection::BlobError;
use rdp_probe_core::wire::tsgu::TextError;
use rdp_probe_core::wire::x224;

use super::passed_over::PassedOver;

/// An .rdp file that cannot be used: the line, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RdpFileError {
    /// It is larger than any such file.
    #[error("larger than 1 MiB, which no .rdp file is")]
    TooLarge,
    /// No line of it is a setting.
    #[error("no .rdp file: not one line of it is a setting, such as full address:s:srv1")]
    NoSettings,
    /// A setting is of another type than its name tells.
    #[error("line {line}: expected {key}:{expected}:value")]
    OtherType {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// The type that it has.
        expected: char,
    },
    /// A value is no number.
    #[error("line {line}: {key}: expected a number, not {value:?}")]
    Number {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// What stands in its place.
        value: String,
    },
    /// A number is no port.
    #[error("line {line}: {key}: expected a port from 1 to 65535, not {value}")]
    Port {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// The number.
        value: i64,
    },
    /// A value is no host, or none with a port.
    #[error("line {line}: {key}: expected host[:port]: {error}")]
    Address {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// What is wrong with it.
        #[source]
        error: TargetError,
    },
    /// `full address` is to be the name for TLS, which cannot carry it.
    #[error("line {line}: full address: expected a name that TLS can carry, not {name:?}")]
    ServerName {
        /// The line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// `loadbalanceinfo` does not fit, or would break the request.
    #[error("line {line}: loadbalanceinfo: expected a routing token that can be sent: {error}")]
    RoutingToken {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: x224::RequestError,
    },
    /// `pcb` does not fit, or would break its PDU.
    #[error("line {line}: pcb: expected a pre-connection blob that can be sent: {error}")]
    PreconnectionBlob {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: BlobError,
    },
    /// `gatewayusagemethod` is no way to use a gateway.
    #[error("line {line}: gatewayusagemethod: expected a number from 0 to 4, not {value}")]
    GatewayUsage {
        /// The line, from 1.
        line: usize,
        /// The number.
        value: i64,
    },
    /// `gatewayaccesstoken` cannot be sent.
    #[error(
        "line {line}: gatewayaccesstoken: expected a token of at most {} characters, none of them a control character",
        TextError::MAX_UNITS
    )]
    Token {
        /// The line, from 1.
        line: usize,
    },
    /// The line that says where to connect to is empty.
    #[error(
        "line {line}: full address: the line is there and empty, as in a template that a client saved: expected \
         full address:s:HOST"
    )]
    EmptyAddress {
        /// The line, from 1.
        line: usize,
    },
    /// Nothing says where to connect to.
    #[error("expected a line full address:s:HOST, which is missing{}", Also(.passed_over))]
    NoAddress {
        /// Lines that are no settings: it may be among them.
        passed_over: Option<PassedOver>,
    },
}

/// What is said of lines that are no settings, behind something else.
struct Also<'a>(&'a Option<PassedOver>);

impl fmt::Display for Also<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |lines| write!(f, "; {lines}"))
    }
}

//! Why an .rdp file cannot be used.
use rdp_probe_core::TargetError;
use rdp_probe_core::wire::preconnection::BlobError;
use rdp_probe_core::wire::x224;

/// An .rdp file that cannot be used: the line, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RdpFileError {
    /// It is larger than any such file.
    #[error("larger than 1 MiB, which no .rdp file is")]
    TooLarge,
    /// A line is text of neither kind.
    #[error("line {line}: expected text in UTF-8 or UTF-16")]
    Text {
        /// The line, from 1.
        line: usize,
    },
    /// A line is no setting.
    #[error("line {line}: expected name:type:value, such as full address:s:srv1")]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// A setting is of no type that there is.
    #[error("line {line}: expected the type s, i or b behind the name, not {found:?}")]
    Type {
        /// The line, from 1.
        line: usize,
        /// What stands in its place.
        found: String,
    },
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
    /// Nothing says where to connect to.
    #[error("expected a line full address:s:HOST, which is missing")]
    NoAddress,
}

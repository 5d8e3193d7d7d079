//! What is due from a probe.
use serde::Deserialize;

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

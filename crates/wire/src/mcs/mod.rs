//! MCS, as far as a server's messages go: each inside an X.224 Data TPDU.
//!
//! \[MS-RDPBCGR\] 2.2.1.4, 2.2.2.3, 2.2.8.1.1; ITU-T T.125 section 7.
mod connect_initial;
mod connect_response;
mod send_data_indication;
mod ultimatum;

pub use connect_initial::ConnectInitial;
pub use connect_response::{Conference, ConferenceResult, ConnectResponse, McsResult};
pub use send_data_indication::SendDataIndication;
pub(crate) use send_data_indication::indication;
pub use ultimatum::{DisconnectProviderUltimatum, Reason};

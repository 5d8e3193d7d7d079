//! MCS, as far as a server's messages go, and what a client sends to get them: each inside an X.224 Data TPDU.
//!
//! \[MS-RDPBCGR\] 2.2.1.3 to 2.2.1.9, 2.2.2.3, 2.2.8.1.1; ITU-T T.125 section 7.
mod attach_user_confirm;
mod channel_join_confirm;
mod client;
mod connect_initial;
mod connect_response;
mod domain_pdu;
mod send_data_indication;
mod ultimatum;

pub use attach_user_confirm::AttachUserConfirm;
pub use channel_join_confirm::ChannelJoinConfirm;
pub use client::{MAX_USER_DATA, attach_user, channel_join, erect_domain, send_data_request};
pub use connect_initial::ConnectInitial;
pub use connect_response::{Conference, ConferenceResult, ConnectResponse, McsResult};
pub use domain_pdu::FIRST_USER;
pub use send_data_indication::SendDataIndication;
pub(crate) use send_data_indication::indication;
pub use ultimatum::{DisconnectProviderUltimatum, Reason};

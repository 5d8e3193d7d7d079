//! Zero-copy readers of what RDP servers send, and the small constant requests.
//!
//! One file per message. Every reader borrows from its input, allocates nothing (on success and on error), keeps codes it
//! does not know, and never takes a malformed block for an absent one. There is no I/O and no clock here.
//!
//! | message | module | specification |
//! |---|---|---|
//! | what the first octets belong to | [`first_octets`] | - |
//! | TPKT | [`tpkt`] | RFC 1006 section 6 |
//! | RDP_PRECONNECTION_PDU_V1, _V2 | [`preconnection::PreconnectionPdu`] | \[MS-RDPEPS\] 2.2.1 |
//! | X.224 Connection Request | [`x224::ConnectionRequest`] | \[MS-RDPBCGR\] 2.2.1.1 |
//! | X.224 Connection Confirm | [`x224::ConnectionConfirm`] | \[MS-RDPBCGR\] 2.2.1.2 |
//! | X.224 Disconnect Request, Error | [`x224`] | ITU-T X.224 13.5, 13.12 |
//! | RDP_NEG_REQ, RDP_NEG_RSP, RDP_NEG_FAILURE | [`nego`] | \[MS-RDPBCGR\] 2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2 |
//! | MCS Disconnect Provider Ultimatum | [`mcs`] | \[MS-RDPBCGR\] 2.2.2.3, ITU-T T.125 |
//! | MCS Connect Initial | [`mcs::ConnectInitial`] | \[MS-RDPBCGR\] 2.2.1.3 |
//! | MCS Connect Response, GCC Conference Create Response | [`mcs::ConnectResponse`] | \[MS-RDPBCGR\] 2.2.1.4 |
//! | the server's data blocks | [`gcc::ServerBlocks`] | \[MS-RDPBCGR\] 2.2.1.4.2 to 2.2.1.4.6 |
//! | certificate of Standard RDP Security | [`server_certificate::ServerCertificate`] | \[MS-RDPBCGR\] 2.2.1.4.3.1 |
//! | MCS Attach User Confirm | [`mcs::AttachUserConfirm`] | \[MS-RDPBCGR\] 2.2.1.7 |
//! | MCS Channel Join Confirm | [`mcs::ChannelJoinConfirm`] | \[MS-RDPBCGR\] 2.2.1.9 |
//! | MCS Erect Domain, Attach User, Channel Join, Send Data, by hand | [`mcs`] | \[MS-RDPBCGR\] 2.2.1.5, 2.2.1.6, 2.2.1.8 |
//! | MCS Send Data Indication | [`mcs::SendDataIndication`] | ITU-T T.125 |
//! | Client Info, by hand | [`client_info`] | \[MS-RDPBCGR\] 2.2.1.11.1.1 |
//! | basic security header | [`security_header::SecurityHeader`] | \[MS-RDPBCGR\] 2.2.8.1.1.2.1 |
//! | fast-path output, up to its updates | [`fast_path`] | \[MS-RDPBCGR\] 2.2.9.1.2 |
//! | licensing: a licence request, an error alert, and what comes between | [`license::LicenseMessage`] | \[MS-RDPBCGR\] 2.2.1.12, \[MS-RDPELE\] 2.2.2 |
//! | share PDUs: Demand Active, Set Error Info, Deactivate All and others | [`share::SharePdu`] | \[MS-RDPBCGR\] 2.2.8.1.1, 2.2.1.13.1 |
//! | Confirm Active, Synchronize, Control, Font List | [`share`] | \[MS-RDPBCGR\] 2.2.1.13.2 to 2.2.1.18 |
//! | ClientHello, by hand | [`tls::client_hello`] | RFC 8446 section 4.1.2 |
//! | what answers it: ServerHello, Certificate, alert | [`tls::ServerFlight`] | RFC 8446 section 4, RFC 5246 section 7 |
//! | what the first octets inside TLS belong to | [`after_tls`] | - |
//! | TSRequest | [`credssp::TsRequest`] | \[MS-CSSP\] 2.2.1 |
//! | Early User Authorization Result | [`early_user_auth`] | \[MS-RDPBCGR\] 2.2.10.2 |
//! | NegTokenResp, NegTokenInit2 | [`credssp::spnego`] | RFC 4178 section 4.2, \[MS-SPNG\] 2.2.1 |
//! | NTLM CHALLENGE_MESSAGE, AV_PAIR | [`ntlm`] | \[MS-NLMP\] 2.2.1.2, 2.2.2.1 |
//! | RDSTLS Capabilities | [`rdstls::Capabilities`] | \[MS-RDPBCGR\] 2.2.17.1 |
//! | packets of an RD Gateway's tunnel | [`tsgu`] | \[MS-TSGU\] 2.2.10 |
//! | HTTP responses and the challenges in them | [`http`] | RFC 9112, RFC 9110 section 11 |
//! | X.509 certificates, their outer structure | [`x509::Certificate`] | RFC 5280 section 4.1 |
//! | heads of WebSocket frames | [`websocket`] | RFC 6455 section 5 |
//! | Server Nonce of RDSAAD | [`rdsaad::ServerNonce`] | \[MS-RDPBCGR\] 2.2.18.1 |
#![no_std]

extern crate alloc;

pub mod after_tls;
pub mod client_info;
pub mod credssp;
mod der;
pub mod early_user_auth;
pub mod fast_path;
pub mod fault;
pub mod first_octets;
pub mod gcc;
pub mod http;
pub mod license;
pub mod mcs;
pub mod nego;
pub mod ntlm;
pub mod preconnection;
pub mod rdsaad;
pub mod rdstls;
pub mod security_header;
pub mod server_certificate;
pub mod share;
pub mod tls;
pub mod tpkt;
pub mod tsgu;
pub mod websocket;
pub mod x224;
pub mod x509;

pub use fault::{Layer, Problem, WireError};

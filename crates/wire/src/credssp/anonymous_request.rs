//! The first TSRequest of a client that says nothing of anybody.
//!
//! \[MS-CSSP\] 2.2.1, client to server.

/// The request that asks a server for its NTLM challenge, and says nothing of anybody: TSRequest with version 6 and, without
/// SPNEGO around it, an NTLM NEGOTIATE (\[MS-NLMP\] 2.2.1.1) without domain and workstation.
///
/// It is the first token of a security context, octet for octet: the MIC of a logon that follows covers it (\[MS-NLMP\] 3.1.5.1.2), and
/// after any other one a server refuses the right password.
pub const ANONYMOUS_REQUEST: [u8; 57] = [
    0x30, 0x37, // TSRequest, 55
    0xA0, 0x03, 0x02, 0x01, 0x06, // version: 6
    0xA1, 0x30, 0x30, 0x2E, 0x30, 0x2C, 0xA0, 0x2A, 0x04, 0x28, // negoTokens, one negoToken of 40
    b'N', b'T', b'L', b'M', b'S', b'S', b'P', 0x00, // Signature
    0x01, 0x00, 0x00, 0x00, // MessageType: NEGOTIATE
    0xB7, 0x82, 0x08, 0xE2, // NegotiateFlags
    0x00, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, // DomainNameFields: none, at 40
    0x00, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, // WorkstationFields: none, at 40
    0x0A, 0x00, 0x63, 0x45, 0x00, 0x00, 0x00, 0x0F, // Version: 10.0.17763, revision 15
];

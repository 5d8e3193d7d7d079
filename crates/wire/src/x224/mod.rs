//! X.224 class 0 TPDUs, each inside one TPKT.
//!
//! \[MS-RDPBCGR\] 2.2.1.1, 2.2.1.2; ITU-T X.224 section 13. Big-endian.
mod connection_confirm;
mod connection_request;
mod disconnect_request;
mod error;
mod tpdu;

pub use connection_confirm::ConnectionConfirm;
pub use connection_request::{ConnectionRequest, RequestError, Routing};
pub use disconnect_request::DisconnectRequest;
pub use error::TpduError;
pub use tpdu::TpduCode;
pub(crate) use tpdu::{data, data_headers};

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_reader_takes_its_code_alone_whatever_the_lower_half_says() {
        type Reads = fn(&[u8]) -> bool;
        let readers: [(u8, Reads); 5] = [
            (0xE0, |pdu| ConnectionRequest::parse(pdu).is_ok()),
            (0xD0, |pdu| ConnectionConfirm::parse(pdu).is_ok()),
            (0x80, |pdu| DisconnectRequest::parse(pdu).is_ok()),
            (0x70, |pdu| TpduError::parse(pdu).is_ok()),
            (0xF0, |pdu| data(pdu).is_ok()),
        ];
        for octet in 0..=0xFF {
            // TPKT, LI, code, DST-REF, SRC-REF, class or reason.
            let pdu = [3, 0, 0, 0x0B, 6, octet, 0, 0, 0x12, 0x34, 0];
            let codes: Vec<u8> =
                readers.iter().filter(|(_, reads)| reads(&pdu)).map(|(code, _)| *code).collect();
            let known = readers.iter().any(|(code, _)| *code == octet & 0xF0);
            assert_eq!(codes, if known { vec![octet & 0xF0] } else { vec![] }, "{octet:02X}");
        }
    }
}

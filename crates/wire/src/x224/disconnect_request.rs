//! X.224 Disconnect Request: some gateways and appliances refuse with it.
//!
//! ITU-T X.224 13.5; either way. Eleven octets and a variable part.
use super::tpdu::TpduCode;
use crate::fault::{Layer, Layout, Problem, WireError, bad, fixed, read};
use crate::tpkt::{Tpkt, tpkt};

/// X.224 Disconnect Request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DisconnectRequest {
    /// `reason`, as received: 0 not specified, 1 congestion, 2 session entity not attached, 3 address unknown.
    pub reason: u8,
}

const LAYOUT: Layout = &[("LI", 1), ("code", 1), ("DST-REF", 2), ("SRC-REF", 2), ("reason", 1)];

impl DisconnectRequest {
    /// Size on the wire without its variable part, in octets.
    pub const LEN: usize =
        Tpkt::LEN + 1 /* LI */ + 1 /* code */ + 2 /* DST-REF */ + 2 /* SRC-REF */ + 1 /* reason */;

    /// Reads one PDU, TPKT header included; its variable part is ignored.
    ///
    /// # Errors
    /// [`WireError`] when the PDU is cut or is another TPDU.
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        read(Layer::X224, pdu, |i| {
            let (i, _) = tpkt(i)?;
            let (rest, &[_li, code, _, _, _, _, reason]) = fixed::<7>(i, LAYOUT)?;
            if code & 0xF0 != TpduCode::DISCONNECT_REQUEST.0 {
                return bad(i.get(1..).unwrap_or_default(), "code", Problem::Value(u32::from(code)));
            }
            Ok((rest, Self { reason }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_is_the_last_octet() {
        let pdu = [3, 0, 0, 0x0B, 6, 0x80, 0, 0, 0, 0, 3];
        assert_eq!(DisconnectRequest::parse(&pdu), Ok(DisconnectRequest { reason: 3 }));
    }

    #[test]
    fn cut_before_the_reason_names_it() {
        let error = DisconnectRequest::parse(&[3, 0, 0, 0x0A, 5, 0x80, 0, 0, 0, 0]).unwrap_err();
        assert_eq!((error.field, error.offset), ("reason", 10));
    }
}

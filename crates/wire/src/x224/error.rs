//! X.224 TPDU Error: the peer could not read the request.
//!
//! ITU-T X.224 13.12; either way. Nine octets and a variable part.
use super::tpdu::TpduCode;
use crate::fault::{Layer, Layout, Problem, WireError, bad, fixed, read};
use crate::tpkt::{Tpkt, tpkt};

/// X.224 TPDU Error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TpduError {
    /// `reject cause`, as received: 0 not specified, 1 invalid parameter code, 2 invalid TPDU type, 3 invalid value.
    pub cause: u8,
}

const LAYOUT: Layout = &[("LI", 1), ("code", 1), ("DST-REF", 2), ("reject cause", 1)];

impl TpduError {
    /// Size on the wire without its variable part, in octets.
    pub const LEN: usize = Tpkt::LEN + 1 /* LI */ + 1 /* code */ + 2 /* DST-REF */ + 1 /* reject cause */;

    /// Reads one PDU, TPKT header included; its variable part is ignored.
    ///
    /// # Errors
    /// [`WireError`] when the PDU is cut or is another TPDU.
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        read(Layer::X224, pdu, |i| {
            let (i, _) = tpkt(i)?;
            let (rest, &[_li, code, _, _, cause]) = fixed::<5>(i, LAYOUT)?;
            if code & 0xF0 != TpduCode::ERROR.0 {
                return bad(i.get(1..).unwrap_or_default(), "code", Problem::Value(u32::from(code)));
            }
            Ok((rest, Self { cause }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_the_last_octet() {
        assert_eq!(TpduError::parse(&[3, 0, 0, 9, 4, 0x70, 0, 0, 2]), Ok(TpduError { cause: 2 }));
    }

    #[test]
    fn another_tpdu_is_named_by_its_code() {
        let error = TpduError::parse(&[3, 0, 0, 9, 4, 0xF0, 0, 0, 2]).unwrap_err();
        assert_eq!(error.problem, Problem::Value(0xF0));
    }
}

//! What every TPDU begins with: its length, its code, and the data that may follow.
//!
//! ITU-T X.224 section 13.2. Big-endian.
use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};
use crate::tpkt::{Tpkt, tpkt};

/// The TPDU code: the upper four bits of the octet after the length indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct TpduCode(pub u8);

impl TpduCode {
    /// CR, Connection Request.
    pub const CONNECTION_REQUEST: Self = Self(0xE0);
    /// CC, Connection Confirm.
    pub const CONNECTION_CONFIRM: Self = Self(0xD0);
    /// DR, Disconnect Request.
    pub const DISCONNECT_REQUEST: Self = Self(0x80);
    /// ER, TPDU Error.
    pub const ERROR: Self = Self(0x70);
    /// DT, Data.
    pub const DATA: Self = Self(0xF0);

    /// The code in `pdu`, a whole PDU with its TPKT header.
    ///
    /// # Errors
    /// [`WireError`] when the TPKT header cannot be read, or `pdu` ends before the code.
    pub fn of(pdu: &[u8]) -> Result<Self, WireError> {
        read(Layer::X224, pdu, |i| {
            let (i, _) = tpkt(i)?;
            let (i, &[_li, code]) = fixed::<2>(i, &[("LI", 1), ("code", 1)])?;
            Ok((i, Self(code & 0xF0)))
        })
    }

    /// The abbreviation in ITU-T X.224, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::CONNECTION_REQUEST => Some("CR"),
            Self::CONNECTION_CONFIRM => Some("CC"),
            Self::DISCONNECT_REQUEST => Some("DR"),
            Self::ERROR => Some("ER"),
            Self::DATA => Some("DT"),
            Self(_) => None,
        }
    }
}

const DATA: Layout = &[("LI", 1), ("code", 1), ("EOT", 1)];

/// TPKT and X.224 Data headers, in octets.
const HEADERS: usize = Tpkt::LEN + 1 /* LI */ + 1 /* code */ + 1 /* EOT */;

/// The headers of an X.224 Data TPDU: what follows is MCS.
#[inline]
pub(crate) fn data(i: &[u8]) -> IResult<&[u8], (), Fault> {
    // All of them in one step; what is wrong is worked out only when something is.
    match i.split_first_chunk::<HEADERS>() {
        Some((&[Tpkt::VERSION, _, high, low, _li, code, _eot], rest))
            if u16::from_be_bytes([high, low]) >= Tpkt::MIN_PACKET && code & 0xF0 == TpduCode::DATA.0 =>
        {
            Ok((rest, ()))
        }
        _ => data_by_field(i),
    }
}

#[cold]
fn data_by_field(i: &[u8]) -> IResult<&[u8], (), Fault> {
    let (i, _) = tpkt(i)?;
    let (rest, &[_li, code, _eot]) = fixed::<3>(i, DATA)?;
    if code & 0xF0 != TpduCode::DATA.0 {
        return bad(i, "code", Problem::Value(u32::from(code)));
    }
    Ok((rest, ()))
}

/// The headers in front of so many octets of MCS; `None` when they are more than a TPKT can hold.
pub(crate) fn data_headers(len: usize) -> Option<[u8; HEADERS]> {
    let [high, low] = u16::try_from(len.checked_add(HEADERS)?).ok()?.to_be_bytes();
    Some([Tpkt::VERSION, 0, high, low, 2, TpduCode::DATA.0, 0x80])
}

/// The two lengths of a TPDU and what they count: TPKT `length` is the whole PDU, `LI` everything after itself. Both are
/// checked against each other and against what is there.
#[inline]
pub(crate) fn lengths_agree(
    pdu: &[u8],
    header: Tpkt,
    after_tpkt: &[u8],
    li: u8,
) -> Result<(), nom::Err<Fault>> {
    if usize::from(header.length) != pdu.len() {
        return bad(pdu.get(2..).unwrap_or_default(), "length", Problem::Length(u32::from(header.length)));
    }
    if usize::from(li).saturating_add(1) != after_tpkt.len() {
        return bad(after_tpkt, "LI", Problem::Length(u32::from(li)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_the_upper_half_of_its_octet_whatever_the_lower_one_says() {
        for (code, name) in [(0xE0, "CR"), (0xD0, "CC"), (0x80, "DR"), (0x70, "ER"), (0xF0, "DT")] {
            for lower in 0..=0x0F {
                // The shortest TPDU that has one.
                let read = TpduCode::of(&[3, 0, 0, 7, 2, code | lower, 0]).unwrap();
                assert_eq!((read.0, read.name()), (code, Some(name)), "{lower}");
            }
        }
    }
}

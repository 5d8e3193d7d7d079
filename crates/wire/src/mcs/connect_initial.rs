//! MCS Connect Initial, as far as a scripted target needs to see it: what the client offers of Standard RDP Security, and which
//! protocol it believes in.
//!
//! \[MS-RDPBCGR\] 2.2.1.3, ITU-T T.125 section 7 (BER); client to server inside an X.224 Data TPDU.
use crate::der;
use crate::fault::{Layer, Problem, WireError, bad, fixed, read};
use crate::gcc::EncryptionMethods;
use crate::nego::Protocols;
use crate::x224;

/// MCS Connect Initial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectInitial {
    /// `serverSelectedProtocol` of CS_CORE.
    pub selected: Option<Protocols>,
    /// `encryptionMethods` of CS_SECURITY.
    pub methods: Option<EncryptionMethods>,
}

/// What clients call themselves in the GCC Conference Create Request.
const H221_KEY: &[u8; 4] = b"Duca";
/// Where `serverSelectedProtocol` stands in CS_CORE, its header included.
const SELECTED_AT: usize = 212;

impl ConnectInitial {
    /// Reads a whole PDU, TPKT header included.
    ///
    /// # Errors
    /// [`WireError`] when it is no Connect Initial, or a block runs over its end.
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        read(Layer::Mcs, pdu, |i| {
            let (i, ()) = x224::data(i)?;
            // \[APPLICATION 101\], a tag of two octets.
            match *i {
                [0x7F, 0x65, ..] => {}
                [] | [0x7F] => return bad(i, "Connect-Initial", Problem::Cut),
                [0x7F, tag, ..] | [tag, ..] => {
                    return bad(i, "Connect-Initial", Problem::Value(u32::from(tag)));
                }
            }
            let tag_and_length = i.get(1..).unwrap_or_default();
            let Some(header) = der::header(tag_and_length) else { return bad(i, "length", Problem::Cut) };
            let mut i = tag_and_length.get(header.len..).unwrap_or_default();
            // callingDomainSelector, calledDomainSelector, upwardFlag, three sets of parameters.
            for _ in 0..6 {
                (i, _) = der::element(i, "field")?;
            }
            let (_, user_data) = der::tagged(i, der::OCTET_STRING, "userData")?;
            let key = user_data.windows(H221_KEY.len()).position(|four| four == H221_KEY);
            let Some(after) = key.and_then(|at| user_data.get(at.saturating_add(H221_KEY.len())..)) else {
                return bad(user_data, "h221NonStandard", Problem::Cut);
            };
            let (blocks, _) = super::connect_response::per_length(after, "userData length")?;
            Ok((&[], blocks_of(blocks)?))
        })
    }
}

fn blocks_of(mut i: &[u8]) -> Result<ConnectInitial, nom::Err<crate::fault::Fault>> {
    let mut found = ConnectInitial { selected: None, methods: None };
    while !i.is_empty() {
        let (_, &[t0, t1, l0, l1]) = fixed::<4>(i, &[("type", 2), ("length", 2)])?;
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        let Some((block, rest)) = i.split_at_checked(length).filter(|(block, _)| block.len() > 4) else {
            return bad(i, "length", Problem::Length(u32::from(u16::from_le_bytes([l0, l1]))));
        };
        let value = |at: usize| {
            block.get(at..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_le_bytes(*four))
        };
        match [t0, t1] {
            [0x01, 0xC0] => found.selected = value(SELECTED_AT).map(Protocols),
            [0x02, 0xC0] => found.methods = value(4).map(EncryptionMethods),
            _ => {}
        }
        i = rest;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_mcs_pdu_is_none() {
        let error =
            ConnectInitial::parse(&crate::mcs::ultimatum::DisconnectProviderUltimatum::FAREWELL).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("Connect-Initial", 7, Problem::Value(0x21)));
    }
}

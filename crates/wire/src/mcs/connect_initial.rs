//! MCS Connect Initial, as far as a scripted target needs to see it: what the client offers of Standard RDP Security, and which
//! protocol it believes in.
//!
//! \[MS-RDPBCGR\] 2.2.1.3, ITU-T T.125 section 7 (BER); client to server inside an X.224 Data TPDU.
use super::connect_response::{all_that_follows, t124_identifier};
use crate::der;
use crate::fault::{Fault, Layer, Problem, WireError, bad, fixed, inside, read};
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
            let (after, user_data) = der::tagged(i, der::OCTET_STRING, "userData")?;
            Ok((&[], inside(user_data, after, create_request)?))
        })
    }
}

/// GCC Conference Create Request: all of the user data, as its two lengths have to say.
fn create_request(i: &[u8]) -> Result<ConnectInitial, nom::Err<Fault>> {
    let (i, ()) = t124_identifier(i)?;
    let request = all_that_follows(i, "connectPDU length")?;
    let key = request.windows(H221_KEY.len()).position(|four| four == H221_KEY);
    let Some(after) = key.and_then(|at| request.get(at.saturating_add(H221_KEY.len())..)) else {
        return bad(request, "h221NonStandard", Problem::Cut);
    };
    blocks_of(all_that_follows(after, "userData length")?)
}

fn blocks_of(mut i: &[u8]) -> Result<ConnectInitial, nom::Err<Fault>> {
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
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn another_mcs_pdu_is_none() {
        let error =
            ConnectInitial::parse(&crate::mcs::ultimatum::DisconnectProviderUltimatum::FAREWELL).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("Connect-Initial", 7, Problem::Value(0x21)));
    }

    /// As in the dump of [MS-RDPBCGR] 4.1.3, with blocks of its sizes; the fields before `userData` are empty.
    fn dump(connect_pdu: [u8; 2], user_data: [u8; 2]) -> Vec<u8> {
        let mut pdu = vec![3, 0, 0x01, 0x50, 2, 0xF0, 0x80]; // TPKT, X.224 Data
        pdu.extend([0x7F, 0x65, 0x82, 0x01, 0x43]); // Connect-Initial
        pdu.extend([4, 0, 4, 0, 1, 0, 0x30, 0, 0x30, 0, 0x30, 0]);
        pdu.extend([4, 0x82, 0x01, 0x33]); // userData, 307 octets
        pdu.extend([0, 5, 0, 0x14, 0x7C, 0, 1]); // ConnectData, its key
        pdu.extend(connect_pdu);
        pdu.extend([0, 8, 0, 0x10, 0, 1, 0xC0, 0]); // ConferenceCreateRequest
        pdu.extend(b"Duca");
        pdu.extend(user_data);
        for (kind, length) in [(1, 216), (4, 12), (2, 12), (3, 44)] {
            pdu.extend([kind, 0xC0, length, 0]);
            pdu.extend((4..length).map(|_| 0));
        }
        pdu
    }

    #[test]
    fn lengths_of_the_conference_count_all_that_follows_them() {
        let read = ConnectInitial::parse(&dump([0x81, 0x2A], [0x81, 0x1C])).unwrap();
        assert_eq!((read.selected, read.methods), (Some(Protocols::RDP), Some(EncryptionMethods::NONE)));
        for (connect_pdu, user_data, field, offset, length) in [
            // Without two of the octets, as ironrdp-pdu 0.11 writes it.
            ([0x81, 0x28], [0x81, 0x1C], "connectPDU length", 35, 0x128),
            ([0x81, 0x2B], [0x81, 0x1C], "connectPDU length", 35, 0x12B),
            ([0x81, 0x2A], [0x81, 0x1B], "userData length", 49, 0x11B),
            ([0x81, 0x2A], [0x80, 0x00], "userData length", 49, 0),
        ] {
            let error = ConnectInitial::parse(&dump(connect_pdu, user_data)).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), (field, offset, Problem::Length(length)));
        }
    }
}

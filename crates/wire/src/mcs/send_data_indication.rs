//! MCS Send Data Indication: what carries everything a server sends from licensing on.
//!
//! ITU-T T.125 section 7, parts 7 and 10; server to client inside an X.224 Data TPDU, aligned PER.
use nom::IResult;

use super::connect_response::per_length;
use super::domain_pdu::{Choice, FIRST_USER, carried};
use crate::fault::{Fault, Layout, Problem, WireError, bad, fixed};

/// MCS Send Data Indication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendDataIndication<'a> {
    /// `initiator`, as a user id; servers disagree about whose it is.
    pub initiator: u16,
    /// `channelId`.
    pub channel: u16,
    /// `userData`.
    pub data: &'a [u8],
}

const LAYOUT: Layout = &[("DomainMCSPDU", 1), ("initiator", 2), ("channelId", 2), ("dataPriority", 1)];

impl<'a> SendDataIndication<'a> {
    /// Reads a whole PDU, TPKT header included; octets after the data are ignored.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, is another MCS PDU, or its length is more than there is.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, WireError> {
        carried(pdu, indication)
    }
}

pub(crate) fn indication(i: &[u8]) -> IResult<&[u8], SendDataIndication<'_>, Fault> {
    let (at, &[choice, a, b, c, d, _priority]) = fixed::<6>(i, LAYOUT)?;
    Choice::SEND_DATA_INDICATION.expect(i, choice)?;
    let (rest, length) = per_length(at, "userData length")?;
    let Some((data, rest)) = rest.split_at_checked(usize::from(length)) else {
        return bad(at, "userData length", Problem::Length(u32::from(length)));
    };
    let initiator = u16::from_be_bytes([a, b]).saturating_add(FIRST_USER);
    Ok((rest, SendDataIndication { initiator, channel: u16::from_be_bytes([c, d]), data }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_given_out_with_its_channel() {
        let pdu = [3, 0, 0, 0x0F, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 1, 0xAA];
        let indication = SendDataIndication::parse(&pdu).unwrap();
        assert_eq!((indication.initiator, indication.channel, indication.data), (1002, 1003, &[0xAA][..]));
        let long = [3, 0, 0, 0x10, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 0x80, 1, 0xAA];
        assert_eq!(SendDataIndication::parse(&long).map(|read| read.data), Ok(&[0xAA][..]));
    }

    #[test]
    fn length_beyond_the_packet_names_itself() {
        let pdu = [3, 0, 0, 0x0F, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 9, 0xAA];
        let error = SendDataIndication::parse(&pdu).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("userData length", 13, Problem::Length(9)));
    }

    #[test]
    fn request_of_a_client_is_none() {
        let request = [3, 0, 0, 0x0F, 2, 0xF0, 0x80, 0x64, 0, 1, 3, 0xEB, 0x70, 1, 0xAA];
        let error = SendDataIndication::parse(&request).unwrap_err();
        assert_eq!((error.field, error.problem), ("DomainMCSPDU", Problem::Value(0x64)));
    }
}

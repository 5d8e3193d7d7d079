//! What the messages of an MCS domain share: the choice they begin with, how they number users, and the result in a confirm.
//!
//! ITU-T T.125 section 7, aligned PER, big-endian.
use nom::IResult;

use super::connect_response::McsResult;
use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};
use crate::x224;

/// User ids are counted from here, in ITU-T T.125 section 7.
pub const FIRST_USER: u16 = 1001;

/// A choice of DomainMCSPDU, in the upper six bits of a message's first octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice(u8);

impl Choice {
    pub(super) const ERECT_DOMAIN_REQUEST: Self = Self(1);
    pub(super) const DISCONNECT_PROVIDER_ULTIMATUM: Self = Self(8);
    pub(super) const ATTACH_USER_REQUEST: Self = Self(10);
    pub(super) const ATTACH_USER_CONFIRM: Self = Self(11);
    pub(super) const CHANNEL_JOIN_REQUEST: Self = Self(14);
    pub(super) const CHANNEL_JOIN_CONFIRM: Self = Self(15);
    pub(super) const SEND_DATA_REQUEST: Self = Self(25);
    pub(super) const SEND_DATA_INDICATION: Self = Self(26);

    /// The first octet of a message without optional fields.
    pub(super) const fn octet(self) -> u8 {
        self.0 << 2
    }

    /// Whether `octet` begins a message of this choice.
    const fn begins(self, octet: u8) -> bool {
        octet >> 2 == self.0
    }

    /// Checks that `first`, the octet at `i`, begins a message of this choice.
    #[inline]
    pub(super) fn expect(self, i: &[u8], first: u8) -> Result<(), nom::Err<Fault>> {
        if self.begins(first) { Ok(()) } else { bad(i, "DomainMCSPDU", Problem::Value(u32::from(first))) }
    }

    /// Whether a whole PDU carries this choice, as far as its first octet tells.
    pub(super) fn is_in(self, pdu: &[u8]) -> bool {
        x224::data(pdu).is_ok_and(|(i, ())| i.first().is_some_and(|first| self.begins(*first)))
    }
}

/// Reads what `message` reads behind the X.224 header of a whole PDU.
#[inline]
pub(super) fn carried<'a, T>(
    pdu: &'a [u8],
    message: impl FnOnce(&'a [u8]) -> IResult<&'a [u8], T, Fault>,
) -> Result<T, WireError> {
    read(Layer::Mcs, pdu, |i| message(x224::data(i)?.0))
}

/// Checks the first octet of a confirm, which begins at `i`, and takes from its first two whether the optional field is there,
/// and the four bits of the result: the highest is the last bit of the first octet.
#[inline]
pub(super) fn outcome(
    i: &[u8],
    choice: Choice,
    first: u8,
    second: u8,
) -> Result<(bool, McsResult), nom::Err<Fault>> {
    choice.expect(i, first)?;
    Ok((first & 0x02 != 0, McsResult(((first & 0x01) << 3) | (second >> 5))))
}

/// A user id that begins at `at`. It ends at 65,535, so that the highest numbers mean none.
#[inline]
pub(super) fn user(at: &[u8], number: [u8; 2]) -> Result<u16, nom::Err<Fault>> {
    let number = u16::from_be_bytes(number);
    match number.checked_add(FIRST_USER) {
        Some(user) => Ok(user),
        None => bad(at, "initiator", Problem::Value(u32::from(number))),
    }
}

/// Takes the two octets of a field that is there only when `present`.
#[inline]
pub(super) fn optional(i: &[u8], present: bool, layout: Layout) -> IResult<&[u8], Option<[u8; 2]>, Fault> {
    if !present {
        return Ok((i, None));
    }
    let (rest, number) = fixed::<2>(i, layout)?;
    Ok((rest, Some(*number)))
}

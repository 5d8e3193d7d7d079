//! What both sides send, and what holds for all that they send.
use nom::IResult;

use super::optional::Optional;
use super::packet::{Header, PacketType, StatusCode, header};
use crate::fault::{Fault, Problem, bad, fixed, inside};

/// HTTP_EXTENDED_AUTH_PACKET, \[MS-TSGU\] 2.2.10.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtendedAuth<'a> {
    /// `errorCode`.
    pub error_code: StatusCode,
    /// `authBlob`.
    pub blob: &'a [u8],
}

/// Takes one packet: its type, what `body` reads inside, and how many octets that leaves.
pub(super) fn whole<'a, T>(
    packet: &'a [u8],
    body: impl FnOnce(PacketType, &'a [u8]) -> IResult<&'a [u8], T, Fault>,
) -> IResult<&'a [u8], (PacketType, T, usize), Fault> {
    let (i, Header { packet_type, length }) = header(packet)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(Header::LEN);
    let Some((i, after)) = i.split_at_checked(length) else {
        return bad(i, "packet", Problem::Cut);
    };
    let (rest, body) = inside(i, after, |i| body(packet_type, i))?;
    Ok((after, (packet_type, body, rest.len())))
}

pub(super) fn extended_auth(i: &[u8]) -> IResult<&[u8], ExtendedAuth<'_>, Fault> {
    let (rest, code) = fixed::<4>(i, &[("errorCode", 4)])?;
    let (rest, blob) = counted(rest, "authBlob")?;
    Ok((rest, ExtendedAuth { error_code: StatusCode(u32::from_le_bytes(*code)), blob }))
}

pub(super) fn status_code(i: &[u8]) -> IResult<&[u8], StatusCode, Fault> {
    let (rest, code) = fixed::<4>(i, &[("statusCode", 4)])?;
    Ok((rest, StatusCode(u32::from_le_bytes(*code))))
}

/// What has its length before it.
pub(super) fn counted<'a>(i: &'a [u8], field: &'static str) -> IResult<&'a [u8], &'a [u8], Fault> {
    let mut fields = Optional::new(i, false);
    let taken = fields.counted(true, field)?.unwrap_or_default();
    Ok((fields.rest(), taken))
}

//! How long a body is, RFC 9112 section 6.3.
use super::head::Head;
use super::list::{elements, token};
use super::status::Status;
use crate::fault::Problem;

/// The longest body that is waited for, in octets as they come.
pub const MAX_BODY: usize = 64 << 10;

/// How a response tells where its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyLength {
    /// It has none: what follows its head is the next message, or another protocol.
    None,
    /// `Content-Length`.
    Octets(u64),
    /// `Transfer-Encoding` that ends in `chunked`.
    Chunked,
    /// Neither: all that comes until the stream ends.
    UntilClose,
}

/// A length that is none: the part of the value, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed<'a> {
    pub(super) at: &'a [u8],
    pub(super) problem: Problem,
}

/// The length that a head tells of. `Transfer-Encoding` counts in HTTP/1.0 as well, and wins: `Content-Length` beside it is not looked at.
pub(super) fn body_length<'a>(head: &Head<'a>) -> Result<BodyLength, Malformed<'a>> {
    if head.status.is_informational() || matches!(head.status, Status::NO_CONTENT | Status::NOT_MODIFIED) {
        return Ok(BodyLength::None);
    }
    let codings = head.values("Transfer-Encoding");
    // A field without a coding tells of a body all the same, of which nobody knows the length.
    let last = codings.map(|value| elements(value).filter(|one| !one.text.is_empty()).last()).last();
    if let Some(last) = last {
        let (name, _) = token(last.map_or(&[], |element| element.text));
        let chunked = name.eq_ignore_ascii_case("chunked");
        return Ok(if chunked { BodyLength::Chunked } else { BodyLength::UntilClose });
    }
    let mut length = None;
    for value in head.values("Content-Length") {
        for element in elements(value) {
            let at = value.get(element.start..).unwrap_or_default();
            let this = octets(element.text).map_err(|problem| Malformed { at, problem })?;
            if length.is_some_and(|length| length != this) {
                return Err(Malformed { at, problem: Problem::Length(saturated(this)) });
            }
            length = Some(this);
        }
    }
    Ok(length.map_or(BodyLength::UntilClose, BodyLength::Octets))
}

/// A number of octets: digits, and at least one.
fn octets(digits: &[u8]) -> Result<u64, Problem> {
    if digits.is_empty() {
        return Err(Problem::Cut);
    }
    let mut number = Some(0_u64);
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Problem::Value(u32::from(*digit)));
        }
        let value = u64::from(digit.wrapping_sub(b'0'));
        number = number.and_then(|number| number.checked_mul(10)?.checked_add(value));
    }
    number.ok_or(Problem::Length(u32::MAX))
}

fn saturated(length: u64) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

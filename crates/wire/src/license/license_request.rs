//! Server License Request: which product asks for a licence, and what a client needs to answer.
//!
//! \[MS-RDPELE\] 2.2.2.1; server to client, little-endian.
use nom::IResult;

use super::blob::{Blob, blob};
use crate::fault::{Fault, Layout, Problem, bad, fixed};

/// SERVER_LICENSE_REQUEST. That it came is no evidence of an RD Session Host: xrdp sent one to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LicenseRequest<'a> {
    /// `ServerRandom`.
    pub server_random: &'a [u8; 32],
    /// `ProductInfo`.
    pub product: ProductInfo<'a>,
    /// `KeyExchangeList`.
    pub key_exchange: KeyExchangeList<'a>,
    /// `ServerCertificate`, for [`ServerCertificate::parse`](crate::server_certificate::ServerCertificate::parse). Empty when the one of
    /// SC_SECURITY is meant.
    pub certificate: &'a [u8],
    /// `ScopeList`.
    pub scopes: Scopes<'a>,
}

/// PRODUCT_INFO (\[MS-RDPELE\] 2.2.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProductInfo<'a> {
    /// `dwVersion`: the major version in the upper 16 bits, the minor one in the lower.
    pub version: u32,
    /// `pbCompanyName` in UTF-16LE, without the terminator. [`utf16`](crate::ntlm::utf16) gives its characters.
    pub company_name: &'a [u8],
    /// `pbProductId` likewise; `A02` for licences per device and per user.
    pub product_id: &'a [u8],
}

/// A way to exchange keys; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct KeyExchangeAlgorithm(pub u32);

impl KeyExchangeAlgorithm {
    /// KEY_EXCHANGE_ALG_RSA.
    pub const RSA: Self = Self(1);
}

/// `KeyExchangeList`: the ways to exchange keys that the server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyExchangeList<'a>(&'a [[u8; 4]]);

impl<'a> KeyExchangeList<'a> {
    /// Each of them, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = KeyExchangeAlgorithm> + Clone + use<'a> {
        self.0.iter().map(|value| KeyExchangeAlgorithm(u32::from_le_bytes(*value)))
    }
}

/// `ScopeList`: whose licences are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes<'a> {
    /// `ScopeCount`.
    count: u32,
    /// The blobs that were looked at.
    blobs: &'a [u8],
}

impl<'a> Scopes<'a> {
    /// More than so many are not looked at.
    pub const MOST: u32 = 16;

    /// `ScopeCount`, as received.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The names of the scopes in the server's ANSI code page, without terminators; the first [`Self::MOST`] of them.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let mut rest = self.blobs;
        core::iter::from_fn(move || {
            let (after, name) = blob(rest, &SCOPE).ok()?;
            rest = after;
            Some(name.strip_suffix(&[0]).unwrap_or(name))
        })
    }
}

const HEAD: Layout = &[("ServerRandom", 32), ("dwVersion", 4), ("cbCompanyName", 4)];
const PRODUCT_ID: Layout = &[("cbProductId", 4)];
/// BB_KEY_EXCHG_ALG_BLOB.
const KEY_EXCHANGE: Blob =
    Blob { kind: 0x000D, layout: &[("KeyExchangeList wBlobType", 2), ("KeyExchangeList wBlobLen", 2)] };
/// BB_CERTIFICATE_BLOB.
const CERTIFICATE: Blob =
    Blob { kind: 0x0003, layout: &[("ServerCertificate wBlobType", 2), ("ServerCertificate wBlobLen", 2)] };
const SCOPE_COUNT: Layout = &[("ScopeCount", 4)];
/// BB_SCOPE_BLOB.
const SCOPE: Blob = Blob { kind: 0x000E, layout: &[("ScopeArray wBlobType", 2), ("ScopeArray wBlobLen", 2)] };
/// A scope takes no fewer octets: its type and its length.
const LEAST_SCOPE: usize = 4;

/// Reads what stands behind the preamble.
pub(super) fn request(i: &[u8]) -> IResult<&[u8], LicenseRequest<'_>, Fault> {
    let (rest, head) = fixed::<40>(i, HEAD)?;
    let ([server_random @ .., v0, v1, v2, v3, _, _, _, _], &[.., l0, l1, l2, l3]) = (head, head);
    let version = u32::from_le_bytes([*v0, *v1, *v2, *v3]);
    let at = i.get(36..).unwrap_or_default();
    let (rest, company_name) = text(at, rest, [l0, l1, l2, l3], "cbCompanyName")?;
    let (after, length) = fixed::<4>(rest, PRODUCT_ID)?;
    let (rest, product_id) = text(rest, after, *length, "cbProductId")?;
    let (rest, key_exchange) = key_exchange(rest)?;
    let (rest, certificate) = blob(rest, &CERTIFICATE)?;
    let (rest, scopes) = scopes(rest)?;
    let product = ProductInfo { version, company_name, product_id };
    Ok((rest, LicenseRequest { server_random, product, key_exchange, certificate, scopes }))
}

/// So many octets of text, whose length begins at `at`; its terminator is counted, and left out.
fn text<'a>(
    at: &'a [u8],
    after: &'a [u8],
    length: [u8; 4],
    field: &'static str,
) -> IResult<&'a [u8], &'a [u8], Fault> {
    let length = u32::from_le_bytes(length);
    match usize::try_from(length).ok().and_then(|length| after.split_at_checked(length)) {
        Some((text, rest)) => Ok((rest, text.strip_suffix(&[0, 0]).unwrap_or(text))),
        None => bad(at, field, Problem::Length(length)),
    }
}

fn key_exchange(i: &[u8]) -> IResult<&[u8], KeyExchangeList<'_>, Fault> {
    let (rest, contents) = blob(i, &KEY_EXCHANGE)?;
    let (algorithms, []) = contents.as_chunks::<4>() else {
        let [_, (length_field, _)] = KEY_EXCHANGE.layout;
        let length = u32::try_from(contents.len()).unwrap_or(u32::MAX);
        return bad(i.get(2..).unwrap_or_default(), length_field, Problem::Length(length));
    };
    Ok((rest, KeyExchangeList(algorithms)))
}

fn scopes(i: &[u8]) -> IResult<&[u8], Scopes<'_>, Fault> {
    let (first, count) = fixed::<4>(i, SCOPE_COUNT)?;
    let count = u32::from_le_bytes(*count);
    let most = first.len().checked_div(LEAST_SCOPE).unwrap_or_default();
    if usize::try_from(count).ok().is_none_or(|count| count > most) {
        return bad(i, "ScopeCount", Problem::Length(count));
    }
    let mut rest = first;
    for _ in 0..count.min(Scopes::MOST) {
        (rest, _) = blob(rest, &SCOPE)?;
    }
    let blobs = first.get(..first.len().saturating_sub(rest.len())).unwrap_or_default();
    Ok((rest, Scopes { count, blobs }))
}

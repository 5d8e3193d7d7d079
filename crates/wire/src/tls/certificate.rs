//! Certificate: the chain that a server shows, in the clear up to TLS 1.2.
//!
//! RFC 5246 section 7.4.2; server to client. The certificates are borrowed, in pieces where records cut them.
use core::borrow::Borrow as _;

use super::spliced::{Pieces, Spliced, Stretch};
use crate::fault::{Fault, Layout, Problem};

/// Certificate: what the server shows, its own certificate first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateList<'a> {
    list: Spliced<'a>,
    count: usize,
}

const LIST: Layout = &[("certificate_list", 3)];
const ENTRY: Layout = &[("ASN.1Cert", 3)];

impl<'a> CertificateList<'a> {
    /// How many certificates there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.count
    }

    /// Whether the server showed none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// The certificates, in the server's order.
    #[must_use]
    pub const fn iter(self) -> Certificates<'a> {
        Certificates { rest: self.list }
    }

    /// The server's own certificate.
    #[must_use]
    pub fn first(self) -> Option<Certificate<'a>> {
        self.iter().next()
    }
}

impl<'a> IntoIterator for CertificateList<'a> {
    type Item = Certificate<'a>;
    type IntoIter = Certificates<'a>;

    fn into_iter(self) -> Certificates<'a> {
        self.iter()
    }
}

/// The certificates of a [`CertificateList`].
#[derive(Clone, Debug)]
pub struct Certificates<'a> {
    // INVARIANT: whole entries, as `certificate_list` has walked them.
    rest: Spliced<'a>,
}

impl<'a> Iterator for Certificates<'a> {
    type Item = Certificate<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (certificate, rest) = entry(self.rest).ok()?;
        self.rest = rest;
        Some(Certificate(certificate))
    }
}

/// One certificate in DER, not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a>(Spliced<'a>);

impl<'a> Certificate<'a> {
    /// Size, in octets.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.octets()
    }

    /// Never: an empty certificate is malformed.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.octets() == 0
    }

    /// The DER, when it lies within one record.
    #[must_use]
    pub fn as_slice(self) -> Option<&'a [u8]> {
        self.0.as_slice()
    }

    /// The DER, piece by piece.
    #[must_use]
    pub const fn pieces(self) -> Pieces<'a> {
        self.0.pieces()
    }

    /// Joins the pieces at the start of `buffer` and gives out that part of it, or `None` when it is too short.
    pub fn copy_to(self, buffer: &mut [u8]) -> Option<&[u8]> {
        let target = buffer.get_mut(..self.len())?;
        for (slot, octet) in target.iter_mut().zip(self.pieces().flatten()) {
            *slot = *octet;
        }
        Some(target)
    }
}

/// The body of a Certificate message: every length is checked, so that the list can be walked without faults later.
pub(crate) fn certificate_list<'a, S: Stretch<'a>>(body: S) -> Result<CertificateList<'a>, Fault> {
    let (chunk, list) = body.fixed(LIST)?;
    let &[a, b, c] = chunk.borrow();
    let length = u32::from_be_bytes([0, a, b, c]);
    if usize::try_from(length) != Ok(list.len()) {
        return Err(body.fault("certificate_list", Problem::Length(length)));
    }
    let (mut rest, mut count) = (list, 0_usize);
    while rest.len() > 0 {
        (_, rest) = entry(rest)?;
        count = count.saturating_add(1);
    }
    Ok(CertificateList { list: list.spliced(), count })
}

/// One certificate, and what follows it.
fn entry<'a, S: Stretch<'a>>(list: S) -> Result<(S, S), Fault> {
    let (chunk, rest) = list.fixed(ENTRY)?;
    let &[a, b, c] = chunk.borrow();
    let length = u32::from_be_bytes([0, a, b, c]);
    match usize::try_from(length).ok().filter(|length| *length > 0).and_then(|length| rest.split(length)) {
        Some(both) => Ok(both),
        None => Err(list.fault("ASN.1Cert", Problem::Length(length))),
    }
}

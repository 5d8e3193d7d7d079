//! ServerKeyExchange of the ECDHE suites: the group that a server chose, and how it signed (TLS 1.2 and before).
//!
//! RFC 8422 section 5.4, RFC 5246 section 7.4.3; server to client.
use core::borrow::Borrow as _;

use super::cipher_suite::CipherSuite;
use super::named_group::NamedGroup;
use super::signature_scheme::SignatureScheme;
use super::spliced::Stretch;
use super::version::Version;
use crate::fault::{Fault, Layout, Problem};

/// What a server chose for the key exchange, as far as it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyExchange {
    pub(crate) group: Option<NamedGroup>,
    pub(crate) signature: Option<SignatureScheme>,
}

const PARAMETERS: Layout = &[("curve_type", 1), ("namedcurve", 2), ("public", 1)];
const SIGNATURE: Layout = &[("algorithm", 2)];
const NAMED_CURVE: u8 = 3;

/// The body of the message. Nothing of it is known for another key exchange, and for a curve without a name.
pub(crate) fn key_exchange<'a, S: Stretch<'a>>(
    body: S,
    version: Version,
    cipher: CipherSuite,
) -> Result<KeyExchange, Fault> {
    if !cipher.name().is_some_and(|name| name.starts_with("TLS_ECDHE_")) {
        return Ok(KeyExchange::default());
    }
    let (chunk, rest) = body.fixed(PARAMETERS)?;
    let &[kind, g0, g1, point] = chunk.borrow();
    if kind != NAMED_CURVE {
        return Ok(KeyExchange::default());
    }
    let Some((_, rest)) = rest.split(usize::from(point)) else {
        return Err(body.fault_at(3, "public", Problem::Length(u32::from(point))));
    };
    let mut signature = None;
    if version >= Version::TLS_1_2 {
        let (chunk, _) = rest.fixed(SIGNATURE)?;
        signature = Some(SignatureScheme(u16::from_be_bytes(*chunk.borrow())));
    }
    Ok(KeyExchange { group: Some(NamedGroup(u16::from_be_bytes([g0, g1]))), signature })
}

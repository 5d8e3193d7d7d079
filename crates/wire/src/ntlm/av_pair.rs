//! AV_PAIR: the attributes of a server that its CHALLENGE tells.
//!
//! \[MS-NLMP\] 2.2.2.1; server to client inside TargetInfo, little-endian.
use core::iter::FusedIterator;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, cut, locate};

/// `AvId`; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct AvId(pub u16);

impl AvId {
    /// MsvAvEOL: ends the list.
    pub const EOL: Self = Self(0);
    /// MsvAvNbComputerName: the computer's NetBIOS name.
    pub const NB_COMPUTER_NAME: Self = Self(1);
    /// MsvAvNbDomainName: the domain's NetBIOS name, or the computer's in a workgroup.
    pub const NB_DOMAIN_NAME: Self = Self(2);
    /// MsvAvDnsComputerName: the computer's DNS name.
    pub const DNS_COMPUTER_NAME: Self = Self(3);
    /// MsvAvDnsDomainName: the domain's DNS name.
    pub const DNS_DOMAIN_NAME: Self = Self(4);
    /// MsvAvDnsTreeName: the forest's DNS name.
    pub const DNS_TREE_NAME: Self = Self(5);
    /// MsvAvFlags.
    pub const FLAGS: Self = Self(6);
    /// MsvAvTimestamp: the server's clock.
    pub const TIMESTAMP: Self = Self(7);
    /// MsvAvSingleHost.
    pub const SINGLE_HOST: Self = Self(8);
    /// MsvAvTargetName.
    pub const TARGET_NAME: Self = Self(9);
    /// MsvAvChannelBindings.
    pub const CHANNEL_BINDINGS: Self = Self(10);

    /// The name in \[MS-NLMP\], when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::EOL => Some("MsvAvEOL"),
            Self::NB_COMPUTER_NAME => Some("MsvAvNbComputerName"),
            Self::NB_DOMAIN_NAME => Some("MsvAvNbDomainName"),
            Self::DNS_COMPUTER_NAME => Some("MsvAvDnsComputerName"),
            Self::DNS_DOMAIN_NAME => Some("MsvAvDnsDomainName"),
            Self::DNS_TREE_NAME => Some("MsvAvDnsTreeName"),
            Self::FLAGS => Some("MsvAvFlags"),
            Self::TIMESTAMP => Some("MsvAvTimestamp"),
            Self::SINGLE_HOST => Some("MsvAvSingleHost"),
            Self::TARGET_NAME => Some("MsvAvTargetName"),
            Self::CHANNEL_BINDINGS => Some("MsvAvChannelBindings"),
            Self(_) => None,
        }
    }
}

/// The value of MsvAvFlags; unknown bits are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct AvFlags(pub u32);

/// AV_PAIR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AvPair<'a> {
    /// `AvId`.
    pub id: AvId,
    /// `Value`; for names UTF-16LE, see [`utf16`](super::utf16).
    pub value: &'a [u8],
}

impl AvPair<'_> {
    /// The value of MsvAvTimestamp: a FILETIME, in steps of 100 ns since 1601-01-01 UTC (\[MS-DTYP\] 2.3.3). `None` for other
    /// pairs and other sizes.
    #[must_use]
    pub const fn timestamp(self) -> Option<u64> {
        match *self.value {
            [a, b, c, d, e, f, g, h] if self.id.0 == AvId::TIMESTAMP.0 => {
                Some(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
            }
            _ => None,
        }
    }

    /// The value of MsvAvFlags. `None` for other pairs and other sizes.
    #[must_use]
    pub const fn flags(self) -> Option<AvFlags> {
        match *self.value {
            [a, b, c, d] if self.id.0 == AvId::FLAGS.0 => Some(AvFlags(u32::from_le_bytes([a, b, c, d]))),
            _ => None,
        }
    }
}

/// The pairs of a CHALLENGE up to MsvAvEOL, which is not given out. A fault comes as the last item, after the pairs before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvPairs<'a> {
    /// The whole message: faults are counted in it.
    message: &'a [u8],
    /// What is left of TargetInfo.
    rest: &'a [u8],
    /// How many octets of the message are behind TargetInfo.
    behind: usize,
    /// Whether MsvAvEOL, or a fault, has come.
    ended: bool,
}

const LAYOUT: Layout = &[("AvId", 2), ("AvLen", 2)];

impl<'a> AvPairs<'a> {
    /// `info` is what TargetInfo points at in `message`, and `behind` octets of it follow; `None` when the message has no
    /// TargetInfo, which is a list without pairs.
    pub(crate) fn new(message: &'a [u8], info: Option<(&'a [u8], usize)>) -> Self {
        let (rest, behind) = info.unwrap_or_default();
        Self { message, rest, behind, ended: info.is_none() }
    }

    /// The value of the first pair with this id, before any fault.
    #[must_use]
    pub fn find(self, id: AvId) -> Option<AvPair<'a>> {
        self.map_while(Result::ok).find(|pair| pair.id == id)
    }
}

impl<'a> Iterator for AvPairs<'a> {
    type Item = Result<AvPair<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match pair(self.rest) {
            Ok((AvPair { id: AvId::EOL, .. }, _)) => {
                self.ended = true;
                None
            }
            Ok((pair, rest)) => {
                self.rest = rest;
                Some(Ok(pair))
            }
            Err(fault) => {
                self.ended = true;
                Some(Err(locate(Layer::Ntlm, self.message, fault.followed_by(self.behind))))
            }
        }
    }
}

impl FusedIterator for AvPairs<'_> {}

/// One pair, and what follows it. A list that ends without MsvAvEOL is cut in the next `AvId`.
fn pair(i: &[u8]) -> Result<(AvPair<'_>, &[u8]), Fault> {
    let Some((&[id0, id1, l0, l1], rest)) = i.split_first_chunk() else { return Err(cut(i, LAYOUT)) };
    let length = u16::from_le_bytes([l0, l1]);
    match rest.split_at_checked(usize::from(length)) {
        Some((value, rest)) => Ok((AvPair { id: AvId(u16::from_le_bytes([id0, id1])), value }, rest)),
        None => {
            let at = i.get(2..).unwrap_or_default();
            Err(Fault::new(at, "AvLen", Problem::Length(u32::from(length))))
        }
    }
}

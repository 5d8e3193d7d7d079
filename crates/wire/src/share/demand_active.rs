//! Demand Active: the server has a session, and says what it can do in it.
//!
//! \[MS-RDPBCGR\] 2.2.1.13.1; server to client behind a share control header. Little-endian.
use super::capability_set::CapabilitySets;
use crate::fault::{Fault, Layout, Problem, bad, fixed, inside};

/// TS_DEMAND_ACTIVE_PDU without its share control header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DemandActive<'a> {
    /// `shareId`, for Confirm Active and all that follows it; 0 occurs.
    pub share_id: u32,
    /// `sourceDescriptor`: any octets, and mostly `RDP` with a terminator.
    pub source_descriptor: &'a [u8],
    /// `capabilitySets`, not read yet.
    pub capabilities: CapabilitySets<'a>,
    /// `sessionId`; `None` where the message ends before it.
    pub session_id: Option<u32>,
}

const LAYOUT: Layout = &[("shareId", 4), ("lengthSourceDescriptor", 2), ("lengthCombinedCapabilities", 2)];
const COUNT: Layout = &[("numberCapabilities", 2), ("pad2Octets", 2)];
const SESSION: Layout = &[("sessionId", 4)];

impl<'a> DemandActive<'a> {
    /// The least that it takes behind the share control header, in octets.
    pub(super) const LEAST: usize = 4 /* shareId */ + 2 /* lengthSourceDescriptor */
        + 2 /* lengthCombinedCapabilities */ + 2 /* numberCapabilities */ + 2 /* pad2Octets */;

    /// Reads `i`, which is a part of `message`; `after` octets of that follow it.
    pub(super) fn read(i: &'a [u8], message: &'a [u8], after: usize) -> Result<Self, nom::Err<Fault>> {
        let (rest, &[a, b, c, d, s0, s1, c0, c1]) = fixed::<8>(i, LAYOUT)?;
        let (source, combined) = (u16::from_le_bytes([s0, s1]), u16::from_le_bytes([c0, c1]));
        let Some((source_descriptor, rest)) = rest.split_at_checked(usize::from(source)) else {
            let at = i.get(4..).unwrap_or_default();
            return bad(at, "lengthSourceDescriptor", Problem::Length(u32::from(source)));
        };
        // It counts the number of sets as well, and what pads that.
        let all = rest.split_at_checked(usize::from(combined)).filter(|(sets, _)| sets.len() >= 4);
        let Some((sets, rest)) = all else {
            let at = i.get(6..).unwrap_or_default();
            return bad(at, "lengthCombinedCapabilities", Problem::Length(u32::from(combined)));
        };
        let (sets, &[n0, n1, _, _]) = inside(sets, rest, |i| fixed::<4>(i, COUNT))?;
        let behind = rest.len().saturating_add(after);
        let session_id =
            if rest.is_empty() { None } else { Some(u32::from_le_bytes(*fixed::<4>(rest, SESSION)?.1)) };
        Ok(Self {
            share_id: u32::from_le_bytes([a, b, c, d]),
            source_descriptor,
            capabilities: CapabilitySets::new(message, sets, behind, u16::from_le_bytes([n0, n1])),
            session_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Layer, WireError, read};
    use crate::share::capability_set::{Bitmap, CapabilitySet, CapabilityType, OsMajorType};

    /// As xrdp begins it, with three of its sets.
    const XRDP: [u8; 76] = [
        0xEA, 3, 1, 0, 4, 0, 0x3C, 0, b'R', b'D', b'P', 0, // shareId to sourceDescriptor
        3, 0, 0, 0, // numberCapabilities, pad2Octets
        9, 0, 8, 0, 0xF0, 3, 0xB5, 0xE2, // Share
        1, 0, 0x14, 0, 1, 0, 3, 0, 0, 2, 0, 0, 0, 0, 1, 4, 0, 0, 0,
        0, // General, cut where it says no more
        2, 0, 0x1C, 0, 0x20, 0, 1, 0, 1, 0, 1, 0, 0, 4, 0, 3, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0,
        0, // Bitmap
        7, 0, 0, 0, // sessionId
    ];

    fn demand(octets: &[u8]) -> Result<DemandActive<'_>, WireError> {
        read(Layer::Share, octets, |i| Ok((&[], DemandActive::read(i, octets, 0)?)))
    }

    #[test]
    fn demand_of_xrdp_is_read() {
        let demand = demand(&XRDP).unwrap();
        assert_eq!((demand.share_id, demand.session_id), (0x0001_03EA, Some(7)));
        assert_eq!(demand.source_descriptor, b"RDP\0");
        let kinds = demand.capabilities.map(|set| set.unwrap().kind());
        assert!(kinds.eq([CapabilityType::SHARE, CapabilityType::GENERAL, CapabilityType::BITMAP]));
        assert_eq!(demand.capabilities.general().map(|general| general.os_major), Some(OsMajorType::WINDOWS));
        let bitmap = Bitmap { bits_per_pixel: 32, width: 1024, height: 768 };
        assert_eq!(demand.capabilities.bitmap(), Some(bitmap));
    }

    #[test]
    fn demand_cut_anywhere_but_before_its_session_is_a_fault() {
        for len in 0..XRDP.len() {
            let cut = demand(&XRDP[..len]);
            if len == 72 {
                assert_eq!(cut.map(|demand| demand.session_id), Ok(None));
                continue;
            }
            let error = cut.unwrap_err();
            let (field, offset, problem) = match len {
                0..4 => ("shareId", 0, Problem::Cut),
                4..6 => ("lengthSourceDescriptor", 4, Problem::Cut),
                6..8 => ("lengthCombinedCapabilities", 6, Problem::Cut),
                8..12 => ("lengthSourceDescriptor", 4, Problem::Length(4)),
                12..72 => ("lengthCombinedCapabilities", 6, Problem::Length(0x3C)),
                _ => ("sessionId", 72, Problem::Cut),
            };
            assert_eq!((error.field, error.offset, error.problem), (field, offset, problem), "{len}");
        }
    }

    #[test]
    fn demand_of_one_octet_of_source_and_no_share_is_read() {
        let octets = [0, 0, 0, 0, 1, 0, 4, 0, 0, 0, 0, 0, 0];
        let demand = demand(&octets).unwrap();
        assert_eq!((demand.share_id, demand.source_descriptor), (0, &[0][..]));
        assert_eq!((demand.capabilities.count(), demand.session_id), (0, None));
    }

    #[test]
    fn lengths_that_lie_name_themselves() {
        let mut lying = XRDP;
        for length in [0, 3, 65, 0xFF] {
            lying[6] = length;
            let error = demand(&lying).unwrap_err();
            let found = (error.field, error.offset, error.problem);
            assert_eq!(found, ("lengthCombinedCapabilities", 6, Problem::Length(u32::from(length))));
        }
        lying[4..6].fill(0xFF);
        let error = demand(&lying).unwrap_err();
        let found = (error.field, error.offset, error.problem);
        assert_eq!(found, ("lengthSourceDescriptor", 4, Problem::Length(0xFFFF)));
    }

    #[test]
    fn faults_of_the_sets_are_counted_in_the_whole() {
        let mut lying = XRDP;
        lying[12..14].fill(0xFF);
        let sets = demand(&lying).unwrap().capabilities;
        let last = sets.last().unwrap().unwrap_err();
        assert_eq!((last.field, last.offset, last.len), ("capabilitySetType", 72, 76));
        lying[26] = 3;
        let found = demand(&lying).unwrap().capabilities.last().unwrap().unwrap_err();
        assert_eq!((found.field, found.offset, found.problem), ("lengthCapability", 26, Problem::Length(3)));
        assert!(matches!(demand(&lying).unwrap().capabilities.next(), Some(Ok(CapabilitySet::Other(..)))));
    }
}

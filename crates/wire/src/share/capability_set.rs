//! Capability sets: what a server says of itself and of the session that it offers.
//!
//! \[MS-RDPBCGR\] 2.2.1.13.1.1.1 and 2.2.7; inside Demand Active and Confirm Active. Little-endian; each begins with its type and its
//! length, header included. Their order is free.
use core::iter::FusedIterator;

use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, inside, read};

/// `capabilitySetType`; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct CapabilityType(pub u16);

impl CapabilityType {
    /// CAPSTYPE_GENERAL.
    pub const GENERAL: Self = Self(0x0001);
    /// CAPSTYPE_BITMAP.
    pub const BITMAP: Self = Self(0x0002);
    /// CAPSTYPE_ORDER.
    pub const ORDER: Self = Self(0x0003);
    /// CAPSTYPE_BITMAPCACHE.
    pub const BITMAP_CACHE: Self = Self(0x0004);
    /// CAPSTYPE_CONTROL.
    pub const CONTROL: Self = Self(0x0005);
    /// CAPSTYPE_ACTIVATION.
    pub const ACTIVATION: Self = Self(0x0007);
    /// CAPSTYPE_POINTER.
    pub const POINTER: Self = Self(0x0008);
    /// CAPSTYPE_SHARE.
    pub const SHARE: Self = Self(0x0009);
    /// CAPSTYPE_COLORCACHE.
    pub const COLOR_CACHE: Self = Self(0x000A);
    /// CAPSTYPE_SOUND.
    pub const SOUND: Self = Self(0x000C);
    /// CAPSTYPE_INPUT.
    pub const INPUT: Self = Self(0x000D);
    /// CAPSTYPE_FONT.
    pub const FONT: Self = Self(0x000E);
    /// CAPSTYPE_BRUSH.
    pub const BRUSH: Self = Self(0x000F);
    /// CAPSTYPE_GLYPHCACHE.
    pub const GLYPH_CACHE: Self = Self(0x0010);
    /// CAPSTYPE_OFFSCREENCACHE.
    pub const OFFSCREEN_CACHE: Self = Self(0x0011);
    /// CAPSTYPE_BITMAPCACHE_HOSTSUPPORT.
    pub const BITMAP_CACHE_HOST_SUPPORT: Self = Self(0x0012);
    /// CAPSTYPE_BITMAPCACHE_REV2.
    pub const BITMAP_CACHE_REV2: Self = Self(0x0013);
    /// CAPSTYPE_VIRTUALCHANNEL.
    pub const VIRTUAL_CHANNEL: Self = Self(0x0014);
    /// CAPSTYPE_DRAWNINEGRIDCACHE.
    pub const DRAW_NINE_GRID_CACHE: Self = Self(0x0015);
    /// CAPSTYPE_DRAWGDIPLUS.
    pub const DRAW_GDI_PLUS: Self = Self(0x0016);
    /// CAPSTYPE_RAIL.
    pub const RAIL: Self = Self(0x0017);
    /// CAPSTYPE_WINDOW.
    pub const WINDOW: Self = Self(0x0018);
    /// CAPSETTYPE_COMPDESK.
    pub const COMPDESK: Self = Self(0x0019);
    /// CAPSETTYPE_MULTIFRAGMENTUPDATE.
    pub const MULTIFRAGMENT_UPDATE: Self = Self(0x001A);
    /// CAPSETTYPE_LARGE_POINTER.
    pub const LARGE_POINTER: Self = Self(0x001B);
    /// CAPSETTYPE_SURFACE_COMMANDS.
    pub const SURFACE_COMMANDS: Self = Self(0x001C);
    /// CAPSETTYPE_BITMAP_CODECS.
    pub const BITMAP_CODECS: Self = Self(0x001D);
    /// CAPSSETTYPE_FRAME_ACKNOWLEDGE.
    pub const FRAME_ACKNOWLEDGE: Self = Self(0x001E);
}

/// `osMajorType` of the General set: for whom a server, or a client, was made; unknown values are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct OsMajorType(pub u16);

impl OsMajorType {
    /// OSMAJORTYPE_UNSPECIFIED.
    pub const UNSPECIFIED: Self = Self(0x0000);
    /// OSMAJORTYPE_WINDOWS.
    pub const WINDOWS: Self = Self(0x0001);
    /// OSMAJORTYPE_OS2.
    pub const OS2: Self = Self(0x0002);
    /// OSMAJORTYPE_MACINTOSH.
    pub const MACINTOSH: Self = Self(0x0003);
    /// OSMAJORTYPE_UNIX.
    pub const UNIX: Self = Self(0x0004);
    /// OSMAJORTYPE_IOS.
    pub const IOS: Self = Self(0x0005);
    /// OSMAJORTYPE_OSX.
    pub const OSX: Self = Self(0x0006);
    /// OSMAJORTYPE_ANDROID.
    pub const ANDROID: Self = Self(0x0007);
    /// OSMAJORTYPE_CHROME_OS.
    pub const CHROME_OS: Self = Self(0x0008);

    /// A name for people, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::UNSPECIFIED => Some("unspecified"),
            Self::WINDOWS => Some("Windows"),
            Self::OS2 => Some("OS/2"),
            Self::MACINTOSH => Some("Macintosh"),
            Self::UNIX => Some("UNIX"),
            Self::IOS => Some("iOS"),
            Self::OSX => Some("OS X"),
            Self::ANDROID => Some("Android"),
            Self::CHROME_OS => Some("Chrome OS"),
            Self(_) => None,
        }
    }
}

/// `osMinorType` of the General set; unknown values are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct OsMinorType(pub u16);

impl OsMinorType {
    /// OSMINORTYPE_UNSPECIFIED.
    pub const UNSPECIFIED: Self = Self(0x0000);
    /// OSMINORTYPE_WINDOWS_31X.
    pub const WINDOWS_31X: Self = Self(0x0001);
    /// OSMINORTYPE_WINDOWS_95.
    pub const WINDOWS_95: Self = Self(0x0002);
    /// OSMINORTYPE_WINDOWS_NT.
    pub const WINDOWS_NT: Self = Self(0x0003);
    /// OSMINORTYPE_OS2_V21.
    pub const OS2_V21: Self = Self(0x0004);
    /// OSMINORTYPE_POWER_PC.
    pub const POWER_PC: Self = Self(0x0005);
    /// OSMINORTYPE_MACINTOSH.
    pub const MACINTOSH: Self = Self(0x0006);
    /// OSMINORTYPE_NATIVE_XSERVER.
    pub const NATIVE_XSERVER: Self = Self(0x0007);
    /// OSMINORTYPE_PSEUDO_XSERVER.
    pub const PSEUDO_XSERVER: Self = Self(0x0008);
    /// OSMINORTYPE_WINDOWS RT.
    pub const WINDOWS_RT: Self = Self(0x0009);

    /// A name for people, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::UNSPECIFIED => Some("unspecified"),
            Self::WINDOWS_31X => Some("Windows 3.1x"),
            Self::WINDOWS_95 => Some("Windows 95"),
            Self::WINDOWS_NT => Some("Windows NT"),
            Self::OS2_V21 => Some("OS/2 2.1"),
            Self::POWER_PC => Some("PowerPC"),
            Self::MACINTOSH => Some("Macintosh"),
            Self::NATIVE_XSERVER => Some("native X server"),
            Self::PSEUDO_XSERVER => Some("pseudo X server"),
            Self::WINDOWS_RT => Some("Windows RT"),
            Self(_) => None,
        }
    }
}

/// General Capability Set (\[MS-RDPBCGR\] 2.2.7.1.1), as far as it says what the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct General {
    /// `osMajorType`.
    pub os_major: OsMajorType,
    /// `osMinorType`.
    pub os_minor: OsMinorType,
}

/// Bitmap Capability Set (\[MS-RDPBCGR\] 2.2.7.1.2), as far as it says what the session looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bitmap {
    /// `preferredBitsPerPixel`.
    pub bits_per_pixel: u16,
    /// `desktopWidth`, in pixels.
    pub width: u16,
    /// `desktopHeight`, in pixels.
    pub height: u16,
}

/// One capability set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapabilitySet<'a> {
    /// CAPSTYPE_GENERAL.
    General(General),
    /// CAPSTYPE_BITMAP.
    Bitmap(Bitmap),
    /// Another one, by its type, with its `capabilityData`.
    Other(CapabilityType, &'a [u8]),
}

impl CapabilitySet<'_> {
    /// `capabilitySetType`.
    #[must_use]
    pub const fn kind(&self) -> CapabilityType {
        match *self {
            Self::General(_) => CapabilityType::GENERAL,
            Self::Bitmap(_) => CapabilityType::BITMAP,
            Self::Other(kind, _) => kind,
        }
    }
}

/// As many sets as were declared. A fault comes as the last item, after the sets before it; octets after the last set are left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapabilitySets<'a> {
    /// The whole message: faults are counted in it.
    message: &'a [u8],
    /// What is left of the sets.
    rest: &'a [u8],
    /// How many octets of the message are behind the sets.
    behind: usize,
    /// How many sets are still to come, as declared.
    left: u16,
}

impl<'a> CapabilitySets<'a> {
    /// `sets` is a part of `message`, and `behind` octets of it follow.
    pub(super) const fn new(message: &'a [u8], sets: &'a [u8], behind: usize, left: u16) -> Self {
        Self { message, rest: sets, behind, left }
    }

    /// The first General set before any fault.
    #[must_use]
    pub fn general(self) -> Option<General> {
        self.map_while(Result::ok).find_map(|set| match set {
            CapabilitySet::General(general) => Some(general),
            CapabilitySet::Bitmap(_) | CapabilitySet::Other(..) => None,
        })
    }

    /// The first Bitmap set before any fault.
    #[must_use]
    pub fn bitmap(self) -> Option<Bitmap> {
        self.map_while(Result::ok).find_map(|set| match set {
            CapabilitySet::Bitmap(bitmap) => Some(bitmap),
            CapabilitySet::General(_) | CapabilitySet::Other(..) => None,
        })
    }
}

impl<'a> Iterator for CapabilitySets<'a> {
    type Item = Result<CapabilitySet<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let read = read(Layer::Share, self.message, |_| {
            let (rest, set) =
                set(self.rest).map_err(|error| error.map(|fault| fault.followed_by(self.behind)))?;
            Ok((rest, (rest, set)))
        });
        Some(match read {
            Ok((rest, set)) => {
                self.rest = rest;
                Ok(set)
            }
            Err(error) => {
                self.left = 0;
                Err(error)
            }
        })
    }
}

impl FusedIterator for CapabilitySets<'_> {}

const HEADER: Layout = &[("capabilitySetType", 2), ("lengthCapability", 2)];
/// Size of a set's header, in octets.
const HEADER_LEN: usize = 2 /* capabilitySetType */ + 2 /* lengthCapability */;
const GENERAL: Layout = &[("osMajorType", 2), ("osMinorType", 2)];
const BITMAP: Layout = &[
    ("preferredBitsPerPixel", 2),
    ("receive1BitPerPixel", 2),
    ("receive4BitsPerPixel", 2),
    ("receive8BitsPerPixel", 2),
    ("desktopWidth", 2),
    ("desktopHeight", 2),
];

fn set(i: &[u8]) -> IResult<&[u8], CapabilitySet<'_>, Fault> {
    let (_, &[t0, t1, l0, l1]) = fixed::<HEADER_LEN>(i, HEADER)?;
    let length = u16::from_le_bytes([l0, l1]);
    // A set that is less than a header would be read for ever.
    let body = i.split_at_checked(usize::from(length));
    let Some((data, rest)) = body.and_then(|(set, rest)| Some((set.get(HEADER_LEN..)?, rest))) else {
        let at = i.get(2..).unwrap_or_default();
        return bad(at, "lengthCapability", Problem::Length(u32::from(length)));
    };
    let set = match CapabilityType(u16::from_le_bytes([t0, t1])) {
        CapabilityType::GENERAL => CapabilitySet::General(inside(data, rest, general)?),
        CapabilityType::BITMAP => CapabilitySet::Bitmap(inside(data, rest, bitmap)?),
        other => CapabilitySet::Other(other, data),
    };
    Ok((rest, set))
}

fn general(i: &[u8]) -> Result<General, nom::Err<Fault>> {
    let (_, &[a, b, c, d]) = fixed::<4>(i, GENERAL)?;
    let (os_major, os_minor) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    Ok(General { os_major: OsMajorType(os_major), os_minor: OsMinorType(os_minor) })
}

fn bitmap(i: &[u8]) -> Result<Bitmap, nom::Err<Fault>> {
    let (_, &[p0, p1, _, _, _, _, _, _, w0, w1, h0, h1]) = fixed::<12>(i, BITMAP)?;
    Ok(Bitmap {
        bits_per_pixel: u16::from_le_bytes([p0, p1]),
        width: u16::from_le_bytes([w0, w1]),
        height: u16::from_le_bytes([h0, h1]),
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const SETS: [u8; 60] = [
        1, 0, 0x18, 0, 1, 0, 3, 0, 0, 2, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0, 1, 1, // General
        0xFF, 0xFE, 4, 0, // unknown, and nothing in it
        2, 0, 0x1C, 0, 0x20, 0, 1, 0, 1, 0, 1, 0, 0, 4, 0, 3, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0,
        0, // Bitmap
        8, 0, 4, 0, // Pointer, and nothing in it
    ];

    fn faults(octets: &[u8], count: u16) -> (usize, Option<WireError>) {
        let mut sets = CapabilitySets::new(octets, octets, 0, count);
        let found: Vec<_> = sets.by_ref().collect();
        assert_eq!(sets.next(), None);
        (found.len(), found.last().and_then(|last| last.err()))
    }

    #[test]
    fn each_set_is_given_out_by_its_type() {
        let sets = CapabilitySets::new(&SETS, &SETS, 0, 4);
        let general = General { os_major: OsMajorType::WINDOWS, os_minor: OsMinorType::WINDOWS_NT };
        let bitmap = Bitmap { bits_per_pixel: 32, width: 1024, height: 768 };
        let expected = [
            CapabilitySet::General(general),
            CapabilitySet::Other(CapabilityType(0xFEFF), &[]),
            CapabilitySet::Bitmap(bitmap),
            CapabilitySet::Other(CapabilityType::POINTER, &[]),
        ];
        assert!(sets.eq(expected.map(Ok)));
        assert!(sets.map(|set| set.unwrap().kind().0).eq([1, 0xFEFF, 2, 8]));
        assert_eq!((sets.general(), sets.bitmap()), (Some(general), Some(bitmap)));
        assert_eq!((general.os_major.name(), general.os_minor.name()), (Some("Windows"), Some("Windows NT")));
        // Those that were not declared are left alone.
        assert_eq!(CapabilitySets::new(&SETS, &SETS, 0, 2).bitmap(), None);
    }

    #[test]
    fn lengths_below_a_header_or_beyond_the_end_name_themselves_and_end_the_sets() {
        for length in [0, 1, 2, 3, 37, 0xFF] {
            let mut lying = SETS;
            lying[26] = length;
            let (found, error) = faults(&lying, 4);
            let error = error.unwrap();
            assert_eq!((error.layer, error.field, error.offset), (Layer::Share, "lengthCapability", 26));
            assert_eq!((found, error.problem), (2, Problem::Length(u32::from(length))));
        }
    }

    #[test]
    fn more_sets_declared_than_there_are_end_where_the_next_would_begin() {
        let (found, error) = faults(&SETS, u16::MAX);
        let error = error.unwrap();
        assert_eq!((found, error.field, error.offset), (5, "capabilitySetType", 60));
        assert_eq!(faults(&[], u16::MAX).0, 1);
        assert_eq!(faults(&[], 0), (0, None));
    }

    #[test]
    fn sets_cut_anywhere_end_with_one_fault_and_never_without() {
        for len in 0..SETS.len() {
            let error = faults(&SETS[..len], 4).1.unwrap();
            assert!(error.offset <= len && error.len == len, "{len}: {error}");
        }
        assert_eq!(faults(&SETS, 4), (4, None));
    }

    #[test]
    fn sets_that_end_early_name_the_field_inside() {
        let (_, error) = faults(&[1, 0, 6, 0, 1, 0, 2, 0, 4, 0], 2);
        assert_eq!(error.map(|error| (error.field, error.offset)), Some(("osMinorType", 6)));
        let (_, error) = faults(&[2, 0, 12, 0, 32, 0, 1, 0, 1, 0, 1, 0], 1);
        assert_eq!(error.map(|error| (error.field, error.offset)), Some(("desktopWidth", 12)));
    }
}

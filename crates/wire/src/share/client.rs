//! What a client sends from the capabilities to the end of the connection sequence.
//!
//! \[MS-RDPBCGR\] 2.2.1.13.2 to 2.2.1.18; client to server inside an MCS Send Data Request on the I/O channel. Little-endian. All of them
//! may travel in one write.
use alloc::vec::Vec;

use super::capability_set::CapabilityType;
use super::header::{CONFIRM_ACTIVE, CONTROL_LEN, ControlAction, DATA_PDU, DataType};

/// The version in `pduType`.
const VERSION: u16 = 0x0010;
/// `originatorID` of Confirm Active: the server's channel.
const SERVER: u16 = 0x03EA;
/// `sourceDescriptor`, with its terminator.
const SOURCE: &[u8; 6] = b"PROBE\0";
/// `streamId`: STREAM_LOW.
const STREAM: u8 = 0x01;

const COUNT: u16 = 11;
/// `lengthCombinedCapabilities`, in octets.
const COMBINED: u16 = 2 /* numberCapabilities */ + 2 /* pad2Octets */
    + 24 /* General */ + 28 /* Bitmap */ + 88 /* Order */ + 40 /* Bitmap Cache */ + 10 /* Pointer */ + 88 /* Input */
    + 8 /* Brush */ + 52 /* Glyph Cache */ + 12 /* Offscreen Bitmap Cache */ + 12 /* Virtual Channel */ + 8 /* Sound */;

/// Confirm Active PDU with the eleven sets that a server must have, and nothing in them that is not asked for (\[MS-RDPBCGR\] 2.2.1.13.2
/// and 2.2.7.1): a desktop of 16 bits a pixel and this size in pixels, no caches, no orders.
///
/// `user` is the client's MCS user id.
pub fn confirm_active(share_id: u32, user: u16, width: u16, height: u16, out: &mut Vec<u8>) {
    share(CONFIRM_ACTIVE, user, out, |out| {
        out.extend_from_slice(&share_id.to_le_bytes()); // shareId
        out.extend_from_slice(&SERVER.to_le_bytes()); // originatorID
        out.extend_from_slice(&[6, 0]); // lengthSourceDescriptor
        out.extend_from_slice(&COMBINED.to_le_bytes());
        out.extend_from_slice(SOURCE);
        out.extend_from_slice(&COUNT.to_le_bytes()); // numberCapabilities
        out.extend_from_slice(&[0; 2]); // pad2Octets
        sets(width, height, out);
    });
}

/// The mandatory sets (\[MS-RDPBCGR\] 2.2.7.1), in an order that xrdp and FreeRDP were seen to take.
fn sets(width: u16, height: u16, out: &mut Vec<u8>) {
    set(CapabilityType::GENERAL, 24, out, |out| {
        out.extend_from_slice(&[0; 4]); // osMajorType, osMinorType
        out.extend_from_slice(&[0, 2]); // protocolVersion
        out.extend_from_slice(&[0; 4]); // pad2octetsA, generalCompressionTypes
        // extraFlags: FASTPATH_OUTPUT_SUPPORTED, LONG_CREDENTIALS_SUPPORTED, NO_BITMAP_COMPRESSION_HDR.
        out.extend_from_slice(&[0x05, 0x04]);
    });
    set(CapabilityType::BITMAP, 28, out, |out| {
        out.extend_from_slice(&[16, 0]); // preferredBitsPerPixel
        out.extend_from_slice(&[1, 0, 1, 0, 1, 0]); // receive1BitPerPixel, receive4BitsPerPixel, receive8BitsPerPixel
        out.extend_from_slice(&width.to_le_bytes()); // desktopWidth
        out.extend_from_slice(&height.to_le_bytes()); // desktopHeight
        out.extend_from_slice(&[0; 2]); // pad2octets
        out.extend_from_slice(&[1, 0, 1, 0]); // desktopResizeFlag, bitmapCompressionFlag
        out.extend_from_slice(&[0; 2]); // highColorFlags, drawingFlags
        out.extend_from_slice(&[1, 0]); // multipleRectangleSupport
    });
    set(CapabilityType::ORDER, 88, out, |out| {
        out.extend_from_slice(&[0; 20]); // terminalDescriptor, pad4octetsA
        out.extend_from_slice(&[1, 0, 20, 0]); // desktopSaveXGranularity, desktopSaveYGranularity
        out.extend_from_slice(&[0; 2]); // pad2octetsA
        out.extend_from_slice(&[1, 0]); // maximumOrderLevel
        out.extend_from_slice(&[0; 2]); // numberFonts
        out.extend_from_slice(&[0x0A, 0]); // orderFlags: NEGOTIATEORDERSUPPORT, ZEROBOUNDSDELTASSUPPORT
    });
    set(CapabilityType::BITMAP_CACHE, 40, out, |_| {});
    set(CapabilityType::POINTER, 10, out, |out| {
        out.extend_from_slice(&[1, 0]); // colorPointerFlag
        out.extend_from_slice(&[20, 0, 20, 0]); // colorPointerCacheSize, pointerCacheSize
    });
    set(CapabilityType::INPUT, 88, out, |out| {
        out.extend_from_slice(&[1, 0]); // inputFlags: INPUT_FLAG_SCANCODES
        out.extend_from_slice(&[0; 2]); // pad2octetsA
        out.extend_from_slice(&0x0409_u32.to_le_bytes()); // keyboardLayout
        out.extend_from_slice(&4_u32.to_le_bytes()); // keyboardType
        out.extend_from_slice(&[0; 4]); // keyboardSubType
        out.extend_from_slice(&12_u32.to_le_bytes()); // keyboardFunctionKey
    });
    set(CapabilityType::BRUSH, 8, out, |_| {});
    set(CapabilityType::GLYPH_CACHE, 52, out, |_| {});
    set(CapabilityType::OFFSCREEN_CACHE, 12, out, |_| {});
    set(CapabilityType::VIRTUAL_CHANNEL, 12, out, |_| {});
    set(CapabilityType::SOUND, 8, out, |_| {});
}

/// A set of this length in octets, header included: what `fields` appends, and zeros.
fn set(kind: CapabilityType, length: u16, out: &mut Vec<u8>, fields: impl FnOnce(&mut Vec<u8>)) {
    let end = out.len().saturating_add(usize::from(length));
    out.extend_from_slice(&kind.0.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    fields(out);
    out.resize(end, 0);
}

/// Synchronize PDU (\[MS-RDPBCGR\] 2.2.1.14).
///
/// `user` is the client's MCS user id, and `target` goes to `targetUser`.
pub fn synchronize(share_id: u32, user: u16, target: u16, out: &mut Vec<u8>) {
    let [t0, t1] = target.to_le_bytes();
    data(DataType::SYNCHRONIZE, share_id, user, &[1, 0 /* messageType */, t0, t1], out);
}

/// Control PDU with nobody's ids in it: Cooperate, Request Control (\[MS-RDPBCGR\] 2.2.1.15 and 2.2.1.16).
///
/// `user` is the client's MCS user id.
pub fn control(share_id: u32, user: u16, action: ControlAction, out: &mut Vec<u8>) {
    let [a0, a1] = action.0.to_le_bytes();
    data(DataType::CONTROL, share_id, user, &[a0, a1, 0, 0 /* grantId */, 0, 0, 0, 0 /* controlId */], out);
}

/// Font List PDU (\[MS-RDPBCGR\] 2.2.1.18): no fonts, and it is the first one and the last.
///
/// `user` is the client's MCS user id.
pub fn font_list(share_id: u32, user: u16, out: &mut Vec<u8>) {
    // numberFonts, totalNumFonts, listFlags, entrySize.
    data(DataType::FONT_LIST, share_id, user, &[0, 0, 0, 0, 3, 0, 50, 0], out);
}

/// A share data header, and this body. `uncompressedLength` counts the body alone.
fn data<const N: usize>(kind: DataType, share_id: u32, user: u16, body: &[u8; N], out: &mut Vec<u8>) {
    share(DATA_PDU, user, out, |out| {
        out.extend_from_slice(&share_id.to_le_bytes()); // shareId
        out.extend_from_slice(&[0, STREAM]); // pad1, streamId
        // No body here is longer.
        out.extend_from_slice(&u16::try_from(N).unwrap_or(u16::MAX).to_le_bytes()); // uncompressedLength
        out.push(kind.0); // pduType2
        out.extend_from_slice(&[0; 3]); // compressedType, compressedLength
        out.extend_from_slice(body);
    });
}

/// A share control header, and what `body` appends.
fn share(kind: u16, user: u16, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 2]); // totalLength
    out.extend_from_slice(&(kind | VERSION).to_le_bytes()); // pduType
    out.extend_from_slice(&user.to_le_bytes()); // pduSource
    body(out);
    let length = u16::try_from(out.len().saturating_sub(start)).unwrap_or(u16::MAX);
    let header = out.get_mut(start..).and_then(|pdu| pdu.first_chunk_mut::<CONTROL_LEN>());
    if let Some([a, b, ..]) = header {
        [*a, *b] = length.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: u32 = 0x0001_03EA;

    fn written(with: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        with(&mut out);
        out
    }

    /// Hexadecimal; `NxM` is the octet M for N times.
    fn octets(text: &str) -> Vec<u8> {
        let mut octets = Vec::new();
        for word in text.split_whitespace() {
            let (times, octet) = word.split_once('x').unwrap_or(("1", word));
            let octet = u8::from_str_radix(octet, 16).unwrap();
            octets.extend((0..times.parse().unwrap()).map(|_: u8| octet));
        }
        octets
    }

    #[test]
    fn confirm_active_is_as_xrdp_and_freerdp_took_it() {
        let expected = octets(
            "8c 01 13 00 ec 03  ea 03 01 00  ea 03  06 00  76 01  50 52 4f 42 45 00  0b 00 00 00
             01 00 18 00 00 00 00 00 00 02 00 00 00 00 05 04 8x00
             02 00 1c 00 10 00 01 00 01 00 01 00 00 04 00 03 00 00 01 00 01 00 00 00 01 00 00 00
             03 00 58 00 20x00 01 00 14 00 00 00 01 00 00 00 0a 00 52x00
             04 00 28 00 36x00
             08 00 0a 00 01 00 14 00 14 00
             0d 00 58 00 01 00 00 00 09 04 00 00 04 00 00 00 00 00 00 00 0c 00 00 00 64x00
             0f 00 08 00 00 00 00 00
             10 00 34 00 48x00
             11 00 0c 00 8x00
             14 00 0c 00 8x00
             0c 00 08 00 00 00 00 00",
        );
        let confirm = written(|out| confirm_active(SHARE, 1004, 1024, 768, out));
        assert_eq!(confirm, expected);
        assert_eq!(confirm.len(), 396);
        assert_eq!(confirm.len(), 6 + 4 + 2 + 2 + 2 + SOURCE.len() + usize::from(COMBINED));
    }

    #[test]
    fn size_of_the_desktop_and_ids_are_where_they_belong() {
        let confirm = written(|out| confirm_active(0x0403_0201, 0x0605, 0x0807, 0x0A09, out));
        assert_eq!(confirm[4..10], [5, 6, 1, 2, 3, 4]);
        assert_eq!(confirm[62..66], [7, 8, 9, 10]);
    }

    #[test]
    fn what_follows_is_as_freerdp_sends_it() {
        let synchronized = "16 00 17 00 f0 03  ea 03 01 00 00 01 04 00 1f 00 00 00  01 00 f0 03";
        assert_eq!(written(|out| synchronize(SHARE, 1008, 1008, out)), octets(synchronized));
        let cooperate = "1a 00 17 00 f0 03  ea 03 01 00 00 01 08 00 14 00 00 00  04 00 00 00 00 00 00 00";
        let written_control = |action| written(|out| control(SHARE, 1008, action, out));
        assert_eq!(written_control(ControlAction::COOPERATE), octets(cooperate));
        let request = "1a 00 17 00 f0 03  ea 03 01 00 00 01 08 00 14 00 00 00  01 00 00 00 00 00 00 00";
        assert_eq!(written_control(ControlAction::REQUEST_CONTROL), octets(request));
        let fonts = "1a 00 17 00 f0 03  ea 03 01 00 00 01 08 00 27 00 00 00  00 00 00 00 03 00 32 00";
        assert_eq!(written(|out| font_list(SHARE, 1008, out)), octets(fonts));
    }

    #[test]
    fn what_was_written_before_stays() {
        let both = written(|out| {
            font_list(SHARE, 1008, out);
            synchronize(SHARE, 1008, 0x03EA, out);
        });
        assert_eq!(both[..26], written(|out| font_list(SHARE, 1008, out)));
        assert_eq!(both[26..], written(|out| synchronize(SHARE, 1008, 0x03EA, out)));
    }
}

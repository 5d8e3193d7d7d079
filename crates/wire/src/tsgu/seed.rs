//! What a gateway says in the OUT channel before its first packet ([MS-TSGU] 3.3.5.1): octets that mean nothing.
use super::packet::{self, Header, PacketType};
use crate::fault::{Layer, Problem, WireError};
use crate::tpkt::Frame;

/// The longest seed that is passed over, in octets: as long as the specification has it. Gateways send ten.
pub const MAX_SEED: usize = 100;

/// As gateways send it, in octets.
const USUAL: usize = 10;

/// HANDSHAKE_RESPONSE is no shorter, and none is known that comes near the other end.
const RESPONSE: core::ops::RangeInclusive<u32> = 18..=256;

/// How long the seed is that stands before the packet that answers HANDSHAKE_REQUEST, in octets; `None` when no packet has come.
fn seed_of(held: &[u8]) -> Option<usize> {
    // Whatever it is, what begins where it should is taken for the answer: then it can be named.
    let begins = |at: &usize| held.get(*at..).and_then(head).is_some_and(|(kind, _)| kind.name().is_some());
    [0, USUAL].into_iter().find(begins).or_else(|| (0..=MAX_SEED).find(|at| is_response(held, *at)))
}

/// Type and length of what may be a packet's header: `reserved` is 0.
fn head(octets: &[u8]) -> Option<(PacketType, u32)> {
    let [t0, t1, 0, 0, l0, l1, l2, l3] = *octets.first_chunk::<{ Header::LEN }>()? else { return None };
    Some((PacketType(u16::from_le_bytes([t0, t1])), u32::from_le_bytes([l0, l1, l2, l3])))
}

fn is_response(held: &[u8], at: usize) -> bool {
    let head = held.get(at..).and_then(head);
    head.is_some_and(|(kind, length)| kind == PacketType::HANDSHAKE_RESPONSE && RESPONSE.contains(&length))
}

/// Asks where the first packet behind the seed in `held` ends. Where no packet has come in time, all of it is given out, so that
/// [`behind_seed`] can name the fault.
#[must_use]
pub fn frame_behind_seed(held: &[u8]) -> Frame {
    let Some(seed) = seed_of(held) else {
        let over = held.len() >= MAX_SEED.saturating_add(Header::LEN);
        return if over { Frame::Whole(held.len()) } else { Frame::Partial { length: None } };
    };
    match packet::frame(held.get(seed..).unwrap_or_default()) {
        Frame::Whole(length) => Frame::Whole(length.saturating_add(seed)),
        Frame::Partial { length } => {
            Frame::Partial { length: length.map(|length| length.saturating_add(seed)) }
        }
        Frame::Stray => Frame::Stray,
    }
}

/// The packet behind the seed, and how long that is, in octets.
///
/// # Errors
/// [`WireError`] when there is no packet within [`MAX_SEED`] octets.
pub fn behind_seed(octets: &[u8]) -> Result<(&[u8], usize), WireError> {
    let seed = seed_of(octets).and_then(|seed| Some((octets.get(seed..)?, seed)));
    seed.ok_or_else(|| {
        let problem = if octets.len() > MAX_SEED {
            Problem::Length(u32::try_from(octets.len()).unwrap_or(u32::MAX))
        } else {
            Problem::Cut
        };
        WireError {
            layer: Layer::Tsgu,
            field: "seed",
            offset: octets.len().min(MAX_SEED),
            len: octets.len(),
            problem,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const RESPONSE: [u8; 18] = [2, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0];

    fn seeded(seed: &[u8], packet: &[u8]) -> Vec<u8> {
        [seed, packet].concat()
    }

    #[test]
    fn answer_is_found_behind_a_seed_of_any_length_and_its_beginnings_are_waited_for() {
        let noise: Vec<u8> = (0..100_u8).map(|n| n.wrapping_mul(37) | 0x80).collect();
        for length in [0, 1, 9, 10, 11, 64, 99, 100] {
            let held = seeded(&noise[..length], &RESPONSE);
            let whole = held.len();
            for cut in 0..whole {
                let frame = frame_behind_seed(&held[..cut]);
                assert!(
                    matches!(frame, Frame::Partial { length } if length.is_none_or(|length| length == whole)),
                    "{length} {cut}: {frame:?}"
                );
            }
            for rest in [&[][..], &[0x0D, 0, 0, 0, 8, 0, 0, 0]] {
                assert_eq!(frame_behind_seed(&seeded(&held, rest)), Frame::Whole(whole), "{length}");
            }
            assert_eq!(behind_seed(&held).unwrap(), (&RESPONSE[..], length));
        }
    }

    #[test]
    fn another_packet_where_the_answer_should_begin_is_no_seed() {
        let abcd = [0xAB, 0xCD].repeat(5);
        for packet in [
            &[0x0D, 0, 0, 0, 8, 0, 0, 0][..],
            &[0x0B, 0, 0, 0, 10, 0, 0, 0, 0, 0],
            // Lengths that lie are given out as a header, to be named by who reads it.
            &[2, 0, 0, 0, 3, 0, 0, 0],
        ] {
            for seed in [&[][..], &abcd] {
                let held = seeded(seed, packet);
                assert_eq!(frame_behind_seed(&held), Frame::Whole(held.len()), "{held:02X?}");
                assert_eq!(behind_seed(&held).unwrap(), (packet, seed.len()));
            }
        }
    }

    #[test]
    fn seed_that_does_not_end_is_named_and_not_waited_for() {
        let endless = [0xAB, 0xCD].repeat(200);
        for length in 0..108 {
            assert_eq!(frame_behind_seed(&endless[..length]), Frame::Partial { length: None }, "{length}");
        }
        assert_eq!(frame_behind_seed(&endless[..108]), Frame::Whole(108));
        let error = behind_seed(&endless).unwrap_err();
        assert_eq!((error.layer, error.field, error.offset), (Layer::Tsgu, "seed", 100));
        assert_eq!(error.problem, Problem::Length(400));
        assert_eq!(behind_seed(&endless[..4]).unwrap_err().problem, Problem::Cut);
        // A header where no seed reaches.
        let late = seeded(&endless[..101], &RESPONSE);
        assert!(behind_seed(&late).is_err());
        assert_eq!(frame_behind_seed(&late), Frame::Whole(late.len()));
    }
}

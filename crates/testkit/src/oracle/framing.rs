//! What holds for where PDUs end, however octets arrive.
use rdp_probe_core::{Found, Framing};

/// At most so many beginnings of the input are looked at.
const CUTS: usize = 96;

/// What the octets come to is said once: more of them change neither where a PDU ends nor that there is none. The first octet
/// chooses what a PDU looks like.
///
/// # Panics
/// When that does not hold.
pub fn framing(octets: &[u8]) {
    const ALL: [Framing; 5] =
        [Framing::Tpkt, Framing::TsRequest, Framing::Rdstls, Framing::Rdsaad, Framing::ServerFlight];
    let Some((choice, stream)) = octets.split_first() else { return };
    let framing = usize::from(*choice).checked_rem(ALL.len()).and_then(|place| ALL.get(place).copied());
    grows(framing.unwrap_or(Framing::Tpkt), stream);
}

fn grows(framing: Framing, stream: &[u8]) {
    assert_eq!(framing.find(&[]), Found::More, "{framing:?} of nothing");
    let step = stream.len() / CUTS + 1;
    let mut before = Found::More;
    for len in (1..stream.len()).step_by(step).chain([stream.len()]) {
        let held = stream.get(..len).unwrap_or(stream);
        let now = framing.find(held);
        if let Found::Pdu(end) = now {
            assert!((1..=held.len()).contains(&end), "{framing:?}: {end} of {}", held.len());
        }
        let stays = match (before, now) {
            (Found::More, _) | (Found::Stray, Found::Stray) => true,
            // A flight is all that was said up to its end, and its end may be followed by more.
            (Found::Pdu(_), Found::Pdu(_)) if framing == Framing::ServerFlight => true,
            // A text may end in a NUL, and have come without it so far.
            (Found::Pdu(a), Found::Pdu(b)) if framing == Framing::Rdsaad && held.get(a..b) == Some(&[0]) => {
                true
            }
            (Found::Pdu(a), Found::Pdu(b)) => a == b,
            (Found::Pdu(_), Found::Stray | Found::More) | (Found::Stray, Found::Pdu(_) | Found::More) => false,
        };
        assert!(stays, "{framing:?}: {before:?} and then {now:?} of {held:02X?}");
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{self, CREDSSP_MESSAGES, MCS_MESSAGES, MESSAGES, TLS_MESSAGES};
    use proptest::prelude::*;

    fn framed_in_every_way(stream: &[u8]) {
        for choice in 0..5 {
            framing(&[&[choice], stream].concat());
        }
    }

    #[test]
    fn every_known_message_ends_where_it_ends() {
        for message in [MESSAGES, CREDSSP_MESSAGES, MCS_MESSAGES, TLS_MESSAGES].into_iter().flatten() {
            framed_in_every_way(message);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn an_end_that_is_found_stays(one in generate::octets(), other in generate::tls_octets()) {
            framed_in_every_way(&[one.as_slice(), &other].concat());
            framed_in_every_way(&[other, one].concat());
        }
    }
}

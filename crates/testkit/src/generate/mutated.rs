//! Accidents that happen to messages.
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;

/// One of these, or what is left of it after an accident.
pub(super) fn mutated(messages: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let whole = select(messages).prop_map(<[u8]>::to_vec);
    let changed = (select(messages), vec((any::<u8>(), any::<u8>()), 1..4)).prop_map(|(message, changes)| {
        let mut octets = message.to_vec();
        for (at, value) in changes {
            let index = usize::from(at).checked_rem(octets.len()).unwrap_or_default();
            if let Some(octet) = octets.get_mut(index) {
                *octet = value;
            }
        }
        octets
    });
    let cut = (select(messages), any::<u8>()).prop_map(|(message, at)| {
        let len = usize::from(at).checked_rem(message.len()).unwrap_or_default();
        message.get(..len).unwrap_or(message).to_vec()
    });
    Union::new([whole.boxed(), changed.boxed(), cut.boxed()])
}

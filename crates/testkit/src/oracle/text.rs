//! What holds for every text that is searched for codes.
use rdp_probe_diagnosis::explain::TextReader;

/// No more things are found in a text.
const MOST: usize = 200;

/// In how many pieces a text comes changes nothing; what is found stands there, is known or said to be a code, and is found once.
///
/// # Panics
/// When it is not so.
pub fn text(octets: &[u8]) {
    let (size, text) = match octets.split_first() {
        Some((size, text)) => (usize::from(*size).max(1), text),
        None => (1, octets),
    };
    let mut whole = TextReader::new();
    whole.read(text);
    let whole = whole.finish();
    let mut pieces = TextReader::new();
    text.chunks(size).for_each(|piece| pieces.read(piece));
    assert_eq!(pieces.finish(), whole);
    assert!(whole.len() <= MOST, "{}", whole.len());
    let lines = text.iter().filter(|octet| **octet == b'\n').count().saturating_add(1);
    for (index, one) in whole.iter().enumerate() {
        assert!(one.from.is_some(), "{one:?} stands nowhere");
        let Some(from) = &one.from else { continue };
        assert!(
            (1..=lines).contains(&from.line) && from.text.len() < 1000 && !from.text.contains('\n'),
            "{from:?}"
        );
        assert!(one.is_known() || one.code.is_some(), "{one:?}");
        let after = whole.get(index.saturating_add(1)..).unwrap_or_default();
        assert!(!after.iter().any(
            |other| (other.form, &other.query) == (one.form, &one.query) && other.meanings == one.meanings
        ));
    }
}

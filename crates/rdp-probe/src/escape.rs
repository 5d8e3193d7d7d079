//! What a peer sent, made harmless for a terminal.
use std::borrow::Cow;
use std::fmt::Write as _;

/// Escapes what could do something to a terminal or a reader: control characters, marks that turn the direction of text,
/// characters that are not seen, and everything outside of Unicode's assigned text. Plain text is not copied.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    spelt(text, is_harmful, |character, out| out.extend(character.escape_unicode()))
}

/// The text with each of these characters as `spell` writes it. `asked` is asked of all that is not plain; printable ASCII is, but for
/// what markup heeds. Text that needs nothing is not copied.
fn spelt<'a>(
    text: &'a str,
    asked: impl Fn(char) -> bool,
    mut spell: impl FnMut(char, &mut String),
) -> Cow<'a, str> {
    let mut out = String::new();
    // What is harmless and has not been copied begins here; what has been looked at ends there.
    let (mut from, mut at) = (0, 0);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at = at.saturating_add(plain(rest.as_bytes()));
        let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        let after = at.saturating_add(character.len_utf8());
        if asked(character) {
            if out.is_empty() {
                out.reserve(text.len().saturating_add(16));
            }
            out.push_str(text.get(from..at).unwrap_or_default());
            spell(character, &mut out);
            from = after;
        }
        at = after;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

/// The same JSON, with what could do something to a terminal or a page written as `\\uXXXX`. Such characters stand inside strings only.
#[must_use]
pub fn harmless_json(json: String) -> String {
    let heeded = |c: char| c != '\n' && (is_harmful(c) || matches!(c, '<' | '>' | '&'));
    let spell = |character: char, out: &mut String| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // A text takes whatever is written to it.
            _ = write!(out, "\\u{unit:04x}");
        }
    };
    match spelt(&json, heeded, spell) {
        Cow::Owned(spelt) => spelt,
        Cow::Borrowed(_) => json,
    }
}

/// How many octets at the beginning are printable ASCII that neither a terminal nor markup heeds.
fn plain(octets: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_plain = |octet: &u8| (0x20..0x7F).contains(octet) & !matches!(octet, b'<' | b'>' | b'&');
    // Whole blocks, without a branch inside: the compiler makes vectors of it.
    let (blocks, _) = octets.as_chunks::<BLOCK>();
    let whole = blocks.iter().take_while(|block| block.iter().fold(true, |all, octet| all & is_plain(octet)));
    let whole = whole.count().saturating_mul(BLOCK);
    let rest = octets.get(whole..).unwrap_or_default();
    whole.saturating_add(rest.iter().take_while(|octet| is_plain(octet)).count())
}

/// Whether [`escape`] would escape the character: no report needs it as it is.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}' | '\u{fffe}'..='\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(escape("SRV1 \u{e4}\u{f6}\u{fc} \u{4f60}"), Cow::Borrowed(_)));
    }

    #[test]
    fn every_character_is_spelt_as_it_is_judged_wherever_it_stands() {
        let slow = |text: &str| {
            let spell = |c: char| if is_harmful(c) { c.escape_unicode().to_string() } else { c.to_string() };
            text.chars().map(spell).collect::<String>()
        };
        for odd in ["\u{1b}", "\u{7f}", "<", "\u{e4}", "\u{202e}", "\n", "\u{e0041}", ""] {
            for before in 0..70 {
                for after in [0, 1, 31, 32, 33, 64] {
                    let text = format!("{}{odd}{}{odd}", "a".repeat(before), "b".repeat(after));
                    assert_eq!(escape(&text), slow(&text), "{before} {odd:?} {after}");
                    assert_eq!(matches!(escape(&text), Cow::Borrowed(_)), !odd.contains(is_harmful), "{odd:?}");
                }
            }
        }
    }

    #[test]
    fn escape_sequences_bidi_marks_and_hidden_characters_are_spelt_out() {
        assert_eq!(escape("a\u{1b}[2J"), "a\\u{1b}[2J");
        assert_eq!(escape("x\u{202e}y\u{9b}"), "x\\u{202e}y\\u{9b}");
        assert_eq!(escape("\r\n\u{200b}"), "\\u{d}\\u{a}\\u{200b}");
    }

    #[test]
    fn json_stays_the_same_and_holds_nothing_that_a_terminal_or_a_page_heeds() {
        let value = serde_json::json!({ "name": "a\u{202e}<b>\u{e0041}\u{1b}[2J&\u{e4}" });
        let text = harmless_json(value.to_string());
        assert!(text.is_ascii() || text.contains('\u{e4}'));
        assert!(!text.contains(['\u{202e}', '<', '\u{1b}', '\u{e0041}']));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}

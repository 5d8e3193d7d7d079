//! Options of letters, as rdesktop and FreeRDP 1 have them: `-u me -f -g 800x600 srv1`. A letter's value stands behind it in the same word
//! or in the next one.
use crate::spellings::table::{Client, Row, Takes, of};

/// The options of one word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Letters {
    /// Each, and the value that the word has for it.
    pub(super) options: Vec<(char, Row, Option<String>)>,
    /// Whether the value of the last one is the next word.
    pub(super) takes_next: bool,
}

/// The options of a word behind its hyphen.
///
/// # Errors
/// The letter that is none of the client's.
pub(super) fn letters(client: Client, word: &str) -> Result<Letters, char> {
    let mut options = Vec::new();
    let mut rest = word.chars();
    while let Some(letter) = rest.next() {
        let row = of(client, letter.encode_utf8(&mut [0; 4])).ok_or(letter)?;
        match row.takes {
            Takes::Value => {
                let value = rest.as_str();
                let takes_next = value.is_empty();
                options.push((letter, row, (!takes_next).then(|| value.to_owned())));
                return Ok(Letters { options, takes_next });
            }
            Takes::Nothing | Takes::Optional | Takes::Switch | Takes::Plugin => {
                options.push((letter, row, None))
            }
        }
    }
    Ok(Letters { options, takes_next: false })
}

/// Whether it is the size of a window, as `-g` of these clients has it: `800x600`, `80%`, `800x600+10+10`, `workarea`.
pub(super) fn is_geometry(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let size = value.split(['+', '-', '@']).next().unwrap_or_default();
    size == "workarea"
        || size.strip_suffix('%').is_some_and(digits)
        || size.split_once(['x', 'X']).is_some_and(|(width, height)| digits(width) && digits(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_share_a_word_and_have_values() {
        let read = |word: &str| {
            letters(Client::Rdesktop, word).map(|letters| {
                let options: Vec<String> = letters
                    .options
                    .iter()
                    .map(|(letter, _, value)| format!("{letter}{}", value.as_deref().unwrap_or_default()))
                    .collect();
                (options.join(" "), letters.takes_next)
            })
        };
        assert_eq!(read("fzP"), Ok(("f z P".into(), false)));
        assert_eq!(read("g800x600"), Ok(("g800x600".into(), false)));
        assert_eq!(read("fu"), Ok(("f u".into(), true)));
        assert_eq!(read("rsound:local"), Ok(("rsound:local".into(), false)));
        assert_eq!(read("fw"), Err('w'));
    }

    #[test]
    fn sizes_are_told_from_gateways() {
        for size in ["800x600", "1920X1080", "80%", "800x600+10+10", "80%@96", "workarea"] {
            assert!(is_geometry(size), "{size}");
        }
        for gateway in ["gw1", "gw1:443", "x", "800x", "10.0.0.1", "800x600.lab.test"] {
            assert!(!is_geometry(gateway), "{gateway}");
        }
    }
}

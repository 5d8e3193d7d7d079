//! From octets to lines of text, whatever wrote them, holding one line.
//!
//! UTF-8, UTF-16 of both ends, each with or without a byte order mark, and Windows-1252 for a line that is none of them. A line ends with
//! LF, CR LF or CR.
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read};

/// What the octets are, by the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Octets,
    Utf16 { little: bool },
}

/// A text under way.
pub(super) struct Texts<R> {
    source: BufReader<R>,
    /// `None` before anything was read.
    encoding: Option<Encoding>,
    /// What had to be read to know it, and belongs to the first line.
    first: Vec<u8>,
    /// The line before ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    most: usize,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    Line(String),
    /// A line that is longer than any may be.
    TooLong,
    End,
}

impl<R: Read> Texts<R> {
    /// A line has at most so many octets.
    pub(super) fn new(source: R, most: usize) -> Self {
        Self { source: BufReader::new(source), encoding: None, first: Vec::new(), after_cr: false, most }
    }

    /// The next line, without its end.
    pub(super) fn next(&mut self) -> io::Result<Text> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.begin()?,
        };
        let (mut line, mut ended) = (Vec::new(), false);
        for octet in std::mem::take(&mut self.first) {
            // A line may end before what was read ahead does.
            if ended {
                self.first.push(octet);
            } else {
                ended = takes(encoding, &mut self.after_cr, &mut line, octet);
            }
        }
        while !ended {
            let more = filled(&mut self.source)?;
            if more.is_empty() {
                return Ok(if line.is_empty() { Text::End } else { Text::Line(decoded(encoding, line)) });
            }
            let mut used = 0_usize;
            if encoding == Encoding::Octets && !self.after_cr {
                // In one step what has no end of a line in it.
                let end = more.iter().position(|octet| matches!(octet, b'\n' | b'\r')).unwrap_or(more.len());
                let room = self.most.saturating_add(1).saturating_sub(line.len());
                used = end.min(room);
                // And room for the end, which is looked at by itself.
                line.reserve(used.saturating_add(1));
                line.extend_from_slice(more.get(..used).unwrap_or_default());
            }
            for octet in more.get(used..).unwrap_or_default() {
                if ended || line.len() > self.most {
                    break;
                }
                used = used.saturating_add(1);
                ended = takes(encoding, &mut self.after_cr, &mut line, *octet);
            }
            self.source.consume(used);
            if !ended && line.len() > self.most {
                return Ok(Text::TooLong);
            }
        }
        Ok(Text::Line(decoded(encoding, line)))
    }

    /// Looks at the first octets, as few as it needs.
    fn begin(&mut self) -> io::Result<Encoding> {
        let mut first = Vec::new();
        let (encoding, mark) = loop {
            let is_text = |octet: u8| matches!(octet, b'\t' | b'\n' | b'\r' | 0x20..=0x7E);
            match first.as_slice() {
                [] | [0xEF, 0xBB] | [_] => {}
                [0xFF, 0xFE] => break (Encoding::Utf16 { little: true }, 2),
                [0xFE, 0xFF] => break (Encoding::Utf16 { little: false }, 2),
                [0xEF, 0xBB, 0xBF] => break (Encoding::Octets, 3),
                // Without a mark: no text but one of UTF-16 has a NUL beside its first letter.
                [letter, 0] if is_text(*letter) => break (Encoding::Utf16 { little: true }, 0),
                [0, letter] if is_text(*letter) => break (Encoding::Utf16 { little: false }, 0),
                _ => break (Encoding::Octets, 0),
            }
            let Some(octet) = filled(&mut self.source)?.first().copied() else { break (Encoding::Octets, 0) };
            first.push(octet);
            self.source.consume(1);
        };
        self.first = first.split_off(mark);
        self.encoding = Some(encoding);
        Ok(encoding)
    }
}

/// Takes an octet into the line, and says whether the line has ended with it.
fn takes(encoding: Encoding, after_cr: &mut bool, line: &mut Vec<u8>, octet: u8) -> bool {
    line.push(octet);
    let (unit, len) = match encoding {
        Encoding::Octets => (u16::from(octet), 1),
        Encoding::Utf16 { little } => {
            let (pairs, odd) = line.as_chunks::<2>();
            let Some(pair) = pairs.last().filter(|_| odd.is_empty()) else { return false };
            (unit(*pair, little), 2)
        }
    };
    let of_cr = std::mem::take(after_cr) && line.len() == len;
    let ends = unit == u16::from(b'\n') || unit == u16::from(b'\r');
    if ends {
        line.truncate(line.len().saturating_sub(len));
        *after_cr = unit == u16::from(b'\r');
    }
    ends && !(of_cr && unit == u16::from(b'\n'))
}

/// What there is to read, at least one octet unless it has ended.
fn filled<R: Read>(source: &mut BufReader<R>) -> io::Result<&[u8]> {
    loop {
        match source.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // It is in the buffer now.
    Ok(source.buffer())
}

fn unit(pair: [u8; 2], little: bool) -> u16 {
    if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
}

/// The text of a line; what is none is U+FFFD there.
fn decoded(encoding: Encoding, line: Vec<u8>) -> String {
    match encoding {
        Encoding::Octets => String::from_utf8(line)
            .unwrap_or_else(|error| error.as_bytes().iter().map(|octet| windows_1252(*octet)).collect()),
        Encoding::Utf16 { little } => {
            let (pairs, odd) = line.as_chunks::<2>();
            let units = char::decode_utf16(pairs.iter().map(|pair| unit(*pair, little)));
            let odd = (!odd.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
            units.map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).chain(odd).collect()
        }
    }
}

/// The characters of 0x80 to 0x9F; five of them are none.
const WINDOWS_1252: [char; 32] = [
    '\u{20AC}', '\u{FFFD}', '\u{201A}', '\u{0192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', //
    '\u{02C6}', '\u{2030}', '\u{0160}', '\u{2039}', '\u{0152}', '\u{FFFD}', '\u{017D}', '\u{FFFD}', //
    '\u{FFFD}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', //
    '\u{02DC}', '\u{2122}', '\u{0161}', '\u{203A}', '\u{0153}', '\u{FFFD}', '\u{017E}', '\u{0178}', //
];

fn windows_1252(octet: u8) -> char {
    let of_table = octet.checked_sub(0x80).and_then(|place| WINDOWS_1252.get(usize::from(place)));
    of_table.copied().unwrap_or_else(|| char::from(octet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives as many octets at a time as its own say.
    struct Pieces<'a> {
        rest: &'a [u8],
        cuts: Vec<usize>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.cuts.pop().unwrap_or(1).clamp(1, buffer.len()).min(self.rest.len());
            let (now, rest) = self.rest.split_at(len);
            buffer[..len].copy_from_slice(now);
            self.rest = rest;
            Ok(len)
        }
    }

    fn all(source: impl Read, most: usize) -> Vec<Text> {
        let mut texts = Texts::new(source, most);
        let mut all = Vec::new();
        loop {
            let text = texts.next().unwrap();
            let over = matches!(text, Text::End | Text::TooLong);
            all.push(text);
            if over {
                return all;
            }
        }
    }

    fn lines(octets: &[u8]) -> Vec<String> {
        let line = |text| match text {
            Text::Line(line) => Some(line),
            Text::TooLong => panic!("too long"),
            Text::End => None,
        };
        all(octets, 1000).into_iter().filter_map(line).collect()
    }

    fn utf16(text: &str, octets: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(octets).collect()
    }

    #[test]
    fn every_encoding_is_known_with_and_without_its_mark() {
        let text = "srv1 # \u{a7} \u{10a}\u{d0d} \u{1f5a5}\r\n\nsrv2\rsrv3\n\r\nsrv4";
        let expected = ["srv1 # \u{a7} \u{10a}\u{d0d} \u{1f5a5}", "", "srv2", "srv3", "", "srv4"];
        for octets in [
            text.as_bytes().to_vec(),
            [&[0xEF, 0xBB, 0xBF][..], text.as_bytes()].concat(),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
            [&[0xFF, 0xFE][..], &utf16(text, u16::to_le_bytes)].concat(),
            [&[0xFE, 0xFF][..], &utf16(text, u16::to_be_bytes)].concat(),
        ] {
            assert_eq!(lines(&octets), expected, "{octets:02X?}");
        }
    }

    #[test]
    fn what_is_no_utf_8_is_windows_1252_on_its_line_only() {
        assert_eq!(
            lines(b"M\xfcnchen \x80\x81\nM\xc3\xbcnchen"),
            ["M\u{fc}nchen \u{20ac}\u{fffd}", "M\u{fc}nchen"]
        );
    }

    #[test]
    fn half_a_character_is_said_to_be_none() {
        assert_eq!(lines(&[b'a', 0, 0, 0xD8, b'b', 0, b'c']), ["a\u{fffd}b\u{fffd}"]);
        assert_eq!(lines(b"\xEF\xBB"), ["\u{ef}\u{bb}"]);
        assert_eq!(lines(&[0xFF, 0xFE]), [""; 0]);
        assert_eq!(
            (lines(b"a"), lines(b"\n"), lines(b"\r\n"), lines(b"")),
            (vec!["a".into()], vec!["".into()], vec!["".into()], vec![])
        );
    }

    #[test]
    fn a_line_is_not_held_beyond_what_it_may_have() {
        assert_eq!(all(io::repeat(b'x'), 1 << 16), [Text::TooLong]);
        assert_eq!(all(io::repeat(0), 1 << 16), [Text::TooLong]);
        assert_eq!(all(&b"12345\r\n123456"[..], 5), [Text::Line("12345".into()), Text::TooLong]);
    }

    #[test]
    fn a_line_is_there_before_the_next_one_begins() {
        // Whoever asked for more would meet an error.
        struct Then(bool);
        impl Read for Then {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(ErrorKind::WouldBlock.into());
                }
                buffer[..5].copy_from_slice(b"srv1\r");
                Ok(5)
            }
        }
        let mut texts = Texts::new(Then(false), 100);
        assert_eq!(texts.next().unwrap(), Text::Line("srv1".into()));
        assert_eq!(texts.next().unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn in_how_many_pieces_a_list_comes_changes_nothing(
            octets in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(0), Just(0xFE), Just(0xFF), any::<u8>()], 0..60),
            cuts in proptest::collection::vec(1..9_usize, 0..40),
        ) {
            let whole = all(&octets[..], 20);
            prop_assert_eq!(&all(Pieces { rest: &octets, cuts }, 20), &whole);
            prop_assert!(whole.iter().all(|text| !matches!(text, Text::Line(line) if line.contains(['\n', '\r']))));
        }
    }
}

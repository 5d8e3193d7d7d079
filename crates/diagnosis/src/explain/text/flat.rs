//! A piece of text made plain: runs of white space are one space, typographic signs are those of ASCII, what colours a terminal is gone.

/// A piece of text in one line, and where its lines began.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub(super) text: Vec<u8>,
    /// Where each line but the first begins in it.
    breaks: Vec<usize>,
    /// The number of the first line, from 1.
    first: usize,
}

/// Signs that programs and editors put in place of those that a message has, and these.
const SIGNS: [(&str, u8); 11] = [
    ("\u{2018}", b'\''),
    ("\u{2019}", b'\''),
    ("\u{201b}", b'\''),
    ("\u{201c}", b'"'),
    ("\u{201d}", b'"'),
    ("\u{2010}", b'-'),
    ("\u{2011}", b'-'),
    ("\u{2212}", b'-'),
    ("\u{a0}", b' '),
    ("\u{202f}", b' '),
    ("\u{feff}", b' '),
];

const ESCAPE: u8 = 0x1B;

impl Flat {
    /// Makes `octets` plain, whose first line has this number.
    pub(super) fn of(octets: &[u8], first: usize) -> Self {
        let mut all = Self { text: Vec::with_capacity(octets.len()), breaks: Vec::new(), first };
        let mut rest = octets;
        // White space that has not been written yet, and where lines began in it.
        let (mut space, mut lines) = (false, 0_usize);
        while let Some((octet, after)) = rest.split_first() {
            rest = after;
            let octet = match *octet {
                // UTF-16 has one beside each letter of ASCII.
                0 => continue,
                b'\n' => {
                    lines = lines.saturating_add(1);
                    b' '
                }
                ESCAPE => {
                    rest = behind_escape(rest);
                    continue;
                }
                0x80.. => match sign(*octet, rest) {
                    Some((plain, after)) => {
                        rest = after;
                        plain
                    }
                    None => *octet,
                },
                octet => octet,
            };
            if octet <= b' ' {
                space = true;
                continue;
            }
            if space {
                all.text.push(b' ');
                space = false;
            }
            if lines > 0 {
                all.breaks.extend(std::iter::repeat_n(all.text.len(), lines));
                lines = 0;
            }
            all.text.push(octet);
        }
        all
    }

    /// The number of the line that has this place.
    pub(super) fn line(&self, at: usize) -> usize {
        self.first.saturating_add(self.breaks.partition_point(|start| *start <= at))
    }

    /// Where the line begins that has this place.
    pub(super) fn line_start(&self, at: usize) -> usize {
        let before = self.breaks.partition_point(|start| *start <= at);
        before.checked_sub(1).and_then(|index| self.breaks.get(index)).copied().unwrap_or(0)
    }

    /// Where the line ends that has this place.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let before = self.breaks.partition_point(|start| *start <= at);
        self.breaks.get(before).copied().unwrap_or(self.text.len())
    }

    pub(super) fn get(&self, start: usize, end: usize) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The octet before this place.
    pub(super) fn before(&self, at: usize) -> Option<u8> {
        self.text.get(at.checked_sub(1)?).copied()
    }

    pub(super) fn at(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }
}

/// A sign that begins with `first`, as ASCII has it, and what stands behind it.
fn sign(first: u8, rest: &[u8]) -> Option<(u8, &[u8])> {
    SIGNS.iter().find_map(|(sign, plain)| {
        let (lead, tail) = sign.as_bytes().split_first()?;
        let after = (*lead == first).then(|| rest.strip_prefix(tail)).flatten()?;
        Some((*plain, after))
    })
}

/// What stands behind an escape sequence that sets a colour or moves a cursor.
fn behind_escape(rest: &[u8]) -> &[u8] {
    let Some(sequence) = rest.strip_prefix(b"[") else { return rest };
    let end = sequence.iter().take(32).position(|octet| (0x40..=0x7E).contains(octet));
    end.and_then(|end| sequence.get(end.saturating_add(1)..)).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_signs_and_colours_are_made_plain_and_lines_are_counted() {
        let flat = Flat::of("a\t\u{a0} b\r\n\n \u{1b}[1;31mcan\u{2019}t\u{1b}[0m\n".as_bytes(), 5);
        assert_eq!(String::from_utf8_lossy(&flat.text), "a b can't");
        let places: Vec<_> =
            [0, 2, 4, 8].map(|at| (flat.line(at), flat.line_start(at), flat.line_end(at))).into();
        assert_eq!(places, [(5, 0, 4), (5, 0, 4), (7, 4, 9), (7, 4, 9)]);
    }

    #[test]
    fn text_in_utf_16_is_read_as_far_as_it_is_ascii() {
        let wide: Vec<u8> = "Error code: 0x904\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let octets = [&[0xFF, 0xFE][..], &wide].concat();
        assert!(Flat::of(&octets, 1).text.ends_with(b"Error code: 0x904"));
    }
}

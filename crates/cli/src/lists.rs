//! Lists of targets, read line by line.
use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::Arc;

mod text;

use crate::quote::quoted;

/// The longest line, in octets: no target is as long.
const MAX_LINE: u64 = 64 << 10;
/// The largest list that is read twice, in octets.
const MAX_LIST: u64 = 64 << 20;
/// What a list is.
const LIST: &str = "a list is text with a target on each line";

/// A list under way. It holds one line.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    name: Arc<str>,
    /// How many lines have been read, and how many octets.
    number: usize,
    octets: usize,
}

/// One target's line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    list: Arc<str>,
    number: usize,
}

/// Where it stands, as messages have it.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.text.chars().take(80).collect();
        write!(f, "{}, line {}: {}", self.list, self.number, quoted(short))
    }
}

/// Whether a list of so many octets is one that is read twice.
pub(crate) fn fits(name: &str, octets: u64) -> Result<(), String> {
    if octets > MAX_LIST {
        return Err(format!("{name}: larger than {} MiB; divide it", MAX_LIST >> 20));
    }
    Ok(())
}

impl<R: Read> Lines<R> {
    /// `name` is the list's, as messages have it.
    pub(crate) fn new(source: R, name: String) -> Self {
        Self { source: BufReader::new(source), name: name.into(), number: 0, octets: 0 }
    }

    /// The next line with a target; what follows a `#` at the start or after a space is a comment.
    fn line(&mut self) -> Result<Option<Line>, String> {
        let mut octets = Vec::new();
        loop {
            octets.clear();
            let name = &self.name;
            let read = (&mut self.source).take(MAX_LINE + 1).read_until(b'\n', &mut octets);
            let read = read.map_err(|error| format!("{name}: cannot be read: {error}"))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let number = self.number;
            if u64::try_from(read).is_ok_and(|read| read > MAX_LINE) {
                return Err(format!("{name}, line {number}: longer than {} KiB; {LIST}", MAX_LINE >> 10));
            }
            let text = std::str::from_utf8(&octets).map_err(|error| {
                format!("{name}: octet {} is not UTF-8; {LIST}", self.octets + error.valid_up_to())
            })?;
            self.octets += read;
            let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
            let text = text.split_once(" #").map_or(text, |(before, _)| before).trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            return Ok(Some(Line { text: text.to_owned(), list: Arc::clone(name), number }));
        }
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<Line, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Result<Vec<String>, String> {
        Lines::new(octets, "x".into()).map(|line| line.map(|line| line.text)).collect()
    }

    #[test]
    fn a_list_has_comments_and_empty_lines() {
        let lines = read("\u{feff}# hosts\nsrv1\n\n srv2:3390 # second\r\n".as_bytes());
        assert_eq!(lines.unwrap(), ["srv1", "srv2:3390"]);
    }

    #[test]
    fn a_line_has_a_place_that_names_its_number() {
        let line = Lines::new(&b"srv1\nsrv 2"[..], "list file \"x\"".into()).nth(1).unwrap().unwrap();
        assert_eq!(line.to_string(), "list file \"x\", line 2: \"srv 2\"");
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_is_held() {
        let endless = Lines::new(std::io::repeat(b'x'), "x".into()).next().unwrap();
        assert_eq!(
            endless.unwrap_err(),
            "x, line 1: longer than 64 KiB; a list is text with a target on each line"
        );
        let longest = [vec![b'x'; 65_535], b"\n".to_vec()].concat();
        assert_eq!(read(&longest).unwrap().concat().len(), 65_535);
    }

    #[test]
    fn what_is_not_utf_8_is_named_by_its_octet() {
        let error = read(b"srv1\nM\xfcnchen\n").unwrap_err();
        assert_eq!(error, "x: octet 6 is not UTF-8; a list is text with a target on each line");
    }
}

//! The numbers of a text that are codes: by their form, or by the words before them.
use super::flat::Flat;
use super::names::is_of_word;
use crate::codes::{Family, lookup};
use crate::explain::number::{Notation, Number};
use crate::explain::pairs::{is_pair, is_pair_with_slash};
use crate::explain::ranking;

/// A number, where it stands, and what the words before it say of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) number: Number,
    pub(super) said: Option<Said>,
    /// The second half of a pair that stand side by side.
    pub(super) second: Option<Number>,
}

/// What the words before a number say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A code, a status or an error.
    Code,
    /// Why somebody was disconnected.
    Reason,
    /// "Extended error code".
    Extended,
    /// An event of Windows.
    Event,
    /// A number of the operating system.
    Errno,
    /// The exit status of a program.
    Exit,
    /// `failureCode` of a negotiation.
    Failure,
    /// A TLS alert.
    Alert,
    /// A status of RPC, which is one of Win32.
    Rpc,
    /// A number of OpenSSL.
    Openssl,
    /// Something that is no code.
    Other,
}

impl Said {
    /// The families that it can be of, where that is not any.
    pub(super) const fn families(self) -> &'static [Family] {
        match self {
            Self::Code | Self::Other => &[],
            Self::Reason => &[Family::MstscDisc, Family::MstscGateway, Family::SetErrorInfo],
            Self::Extended => &[Family::MstscExt, Family::SetErrorInfo],
            Self::Event => &[Family::WindowsEvent],
            Self::Errno => &[Family::Errno, Family::Win32],
            Self::Exit => &[Family::XfreerdpExit],
            Self::Failure => &[Family::RdpNegFailure],
            Self::Alert => &[Family::TlsAlert],
            Self::Rpc => &[Family::Win32],
            Self::Openssl => &[Family::Openssl],
        }
    }
}

/// No number of a code has more characters.
const LONGEST: usize = 20;

/// So many octets before a number, words about it may stand.
const REACH: usize = 64;

/// Words that say what a number is.
const TELLING: &[(&str, Said)] = &[
    ("extended", Said::Extended),
    ("ext", Said::Extended),
    ("event", Said::Event),
    ("eventid", Said::Event),
    ("errno", Said::Errno),
    ("system", Said::Errno),
    ("os", Said::Errno),
    ("exit", Said::Exit),
    ("exited", Said::Exit),
    ("failurecode", Said::Failure),
    ("alert", Said::Alert),
    ("rpc", Said::Rpc),
    ("reason", Said::Reason),
    ("discreason", Said::Reason),
    ("disconnectreason", Said::Reason),
    ("error", Said::Code),
    ("errors", Said::Code),
    ("err", Said::Code),
    ("errorcode", Said::Code),
    ("errinfo", Said::Code),
    ("errorinfo", Said::Code),
    ("code", Said::Code),
    ("codes", Said::Code),
    ("status", Said::Code),
    ("substatus", Said::Code),
    ("ntstatus", Said::Code),
    ("hresult", Said::Code),
    ("hr", Said::Code),
    ("result", Said::Code),
    ("returned", Said::Code),
    ("win32", Said::Code),
    ("wsa", Said::Code),
    ("wsaerror", Said::Code),
    ("winsock", Said::Code),
    ("aadsts", Said::Code),
    ("fehler", Said::Code),
    ("fehlercode", Said::Code),
];

/// Words between them and the number.
const BETWEEN: &[&str] =
    &["is", "was", "of", "with", "the", "a", "an", "no", "number", "nr", "value", "id", "sub"];

/// Words that say that a number is something else.
const OTHER: &[&str] = &[
    "address",
    "attempt",
    "build",
    "channel",
    "clock",
    "count",
    "day",
    "display",
    "flags",
    "handle",
    "height",
    "keyboard",
    "kbd",
    "layout",
    "len",
    "length",
    "line",
    "mask",
    "offset",
    "packet",
    "pid",
    "port",
    "process",
    "ppid",
    "pts",
    "retry",
    "seq",
    "session",
    "size",
    "thread",
    "tid",
    "time",
    "timestamp",
    "uid",
    "version",
    "width",
];

/// What the words before this place say: on the same line, unless one there goes on with what stands on the line before.
fn said(flat: &Flat, at: usize) -> Option<Said> {
    let line = flat.line_start(at);
    let from = at.saturating_sub(REACH);
    let mut before = flat.get(from, at);
    let mut found = None;
    for _ in 0..6 {
        // What stands between a word and its number, or another word.
        let Some(last) = before.iter().rposition(|octet| !b" :=([{\"'#,-".contains(octet)) else {
            return found;
        };
        let end = last.saturating_add(1);
        before = before.get(..end).unwrap_or_default();
        let start = before.iter().rposition(|octet| !octet.is_ascii_alphanumeric());
        let start = start.map_or(0, |at| at.saturating_add(1));
        let (rest, word) = before.split_at_checked(start)?;
        let is = |one: &str| word.eq_ignore_ascii_case(one.as_bytes());
        if word.is_empty() || (found.is_none() && from.saturating_add(start) < line) {
            return found;
        }
        if let Some((_, what)) = TELLING.iter().find(|(one, _)| is(one)) {
            // The farther word says more, unless it only says that it is a code: "extended error code".
            if found.is_none_or(|found| found == Said::Code) || *what == Said::Extended {
                found = Some(*what);
            }
        } else if OTHER.iter().any(|one| is(one)) {
            return found.or(Some(Said::Other));
        } else if !BETWEEN.iter().any(|one| is(one)) {
            return found;
        }
        before = rest;
    }
    found
}

/// The numbers of a text that may be codes, in their order.
pub(super) fn places(flat: &Flat) -> Vec<Place> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(octet) = flat.at(at) {
        if !is_of_word(octet) {
            at = at.saturating_add(1);
            continue;
        }
        let word = flat.text.get(at..).unwrap_or_default();
        let len = word.iter().position(|octet| !is_of_word(*octet)).unwrap_or(word.len());
        let end = at.saturating_add(len);
        let has_digit = word.iter().take(len).any(u8::is_ascii_digit);
        if has_digit
            && len <= LONGEST
            && let Some(place) = place(flat, at, end)
        {
            at = place.end;
            all.push(place);
            continue;
        }
        at = end;
    }
    all
}

fn text(flat: &Flat, start: usize, end: usize) -> Option<&str> {
    std::str::from_utf8(flat.get(start, end)).ok()
}

/// The number that stands between `start` and `end`, where it is one of a code.
fn place(flat: &Flat, start: usize, end: usize) -> Option<Place> {
    let word = text(flat, start, end)?;
    let one = |start, end, number, said| Some(Place { start, end, number, said, second: None });
    if let Some(number) = open_ssl(flat, start, end, word) {
        return one(start, end, number, Some(Said::Openssl));
    }
    let is_hex = word.starts_with("0x") || word.starts_with("0X");
    if !is_hex && is_of_something_else(flat, start, end) {
        return None;
    }
    if let Some(pair) = pair(flat, start, end, word) {
        return Some(pair);
    }
    let said = said(flat, start);
    let number = |text: &str| Number::parse(text).filter(|number| number.value.is_some());
    // A sign belongs to it where no word or number stands before that.
    let sign = start.checked_sub(1).filter(|at| flat.at(*at) == Some(b'-'));
    let sign =
        sign.filter(|at| !flat.before(*at).is_some_and(|octet| is_of_word(octet) || b".)]".contains(&octet)));
    if let Some(at) = sign.filter(|_| word.bytes().all(|octet| octet.is_ascii_digit())) {
        let number = number(&format!("-{word}"))?;
        return one(at, end, number, said).filter(|place| is_code(*place));
    }
    let all = |is: fn(&u8) -> bool| word.as_bytes().iter().all(is);
    // Without a mark eight or sixteen digits are a number in hexadecimal, and others where they are said to be a code.
    let bare = all(u8::is_ascii_hexdigit) && (matches!(word.len(), 8 | 16) || said.is_some());
    if !(is_hex || all(u8::is_ascii_digit) || bare) {
        return None;
    }
    let number = number(word)?;
    one(start, end, number, said).filter(|place| is_code(*place))
}

/// A number of OpenSSL: "error:0A000438:SSL routines". Those of version 1.1 have a function's number inside, which is left out.
fn open_ssl(flat: &Flat, start: usize, end: usize, word: &str) -> Option<Number> {
    let before = flat.get(start.saturating_sub(6), start);
    if word.len() != 8 || !before.eq_ignore_ascii_case(b"error:") || flat.at(end) != Some(b':') {
        return None;
    }
    let value = u32::from_str_radix(word, 16).ok()?;
    let reason = match value >> 24 {
        0x0A => value & 0x00FF_FFFF,
        0x14 => value & 0xFFF,
        _ => return None,
    };
    let value = 0x0A00_0000 | reason;
    lookup(Family::Openssl, value)?;
    Some(Number { notation: Notation::Hexadecimal, value: Some(value) })
}

/// A part of a date, a time, an address with a port, a version or an id.
fn is_of_something_else(flat: &Flat, start: usize, end: usize) -> bool {
    let (before, after) = (flat.before(start), flat.at(end));
    let two_before = start.checked_sub(2).and_then(|at| flat.at(at));
    let two_after = flat.at(end.saturating_add(1));
    let digit = |octet: Option<u8>| octet.is_some_and(|octet| octet.is_ascii_digit());
    let word = |octet: Option<u8>| octet.is_some_and(is_of_word);
    let joins =
        |sign: u8| (before == Some(sign) && word(two_before)) || (after == Some(sign) && word(two_after));
    let splits =
        |sign: u8| (before == Some(sign) && digit(two_before)) || (after == Some(sign) && digit(two_after));
    splits(b'.')
        || splits(b':')
        || joins(b'-')
        || joins(b'@')
        || joins(b'\\')
        || after == Some(b'%')
        || matches!(before, Some(b'$' | b'@' | b'~' | b'+'))
        || (before == Some(b'.') && word(two_before))
        // As host:port.
        || (before == Some(b':') && word(two_before) && said(flat, start).is_none())
}

/// An error code and an extended one, with a slash between them, or side by side in hexadecimal; other numbers with a slash are a date or a
/// fraction.
fn pair(flat: &Flat, start: usize, end: usize, word: &str) -> Option<Place> {
    let slash = |at: usize| flat.at(at) == Some(b'/');
    if start.checked_sub(1).is_some_and(slash) {
        return None;
    }
    let rest = flat.text.get(end..)?;
    let gap = rest.iter().take(4).position(|octet| !b" ,/()[]".contains(octet))?;
    let from = end.saturating_add(gap);
    let rest = flat.text.get(from..)?;
    let to = from.saturating_add(rest.iter().position(|octet| !is_of_word(*octet)).unwrap_or(rest.len()));
    let second = text(flat, from, to)?;
    let both_hexadecimal = word.starts_with("0x") && second.starts_with("0x");
    let with_slash = flat.get(end, from) == b"/";
    if gap == 0 || slash(to) || !(with_slash || both_hexadecimal) {
        return None;
    }
    let (first, second) = (Number::parse(word)?, Number::parse(second)?);
    // In decimal a small number and another one are anything.
    let is_telling = first.value.is_some_and(|value| value >= 0x100);
    let is = if with_slash { is_pair_with_slash(first, second) } else { is_pair(first, second) };
    let said = Some(Said::Code);
    (is_telling && is).then_some(Place { start, end: to, number: first, said, second: Some(second) })
}

/// Whether a number is one of a code, by its own form or by what is said before it.
fn is_code(Place { number, said, .. }: Place) -> bool {
    let Some(value) = number.value.filter(|_| said != Some(Said::Other)) else { return false };
    let known = |families: &[Family]| families.iter().any(|family| lookup(*family, value).is_some());
    if let Some(said) = said.filter(|said| !said.families().is_empty())
        && known(said.families())
    {
        return true;
    }
    let is_any = !ranking::meanings(value, number.notation).is_empty();
    match number.notation {
        // No program counts to these by itself.
        Notation::Hexadecimal if value >= 0x100 => is_any || said.is_some_and(|said| said != Said::Event),
        Notation::Hexadecimal => is_any && said.is_some_and(|said| said != Said::Event),
        Notation::Signed => is_any && ((0x8000_0000..0xFFFF_0000).contains(&value) || said.is_some()),
        Notation::Decimal if value >= 0x100_0000 => is_any,
        // Zero is success, and small numbers are in every family.
        Notation::Decimal => {
            is_any && value >= 100 && said.is_some_and(|said| !matches!(said, Said::Event | Said::Alert))
        }
    }
}

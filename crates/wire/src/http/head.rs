//! The head of a response: status line and fields, RFC 9112 sections 4 and 5.
use httparse::{EMPTY_HEADER, Header, ParserConfig};

use super::status::Status;
use crate::fault::{Fault, Layer, Problem, WireError, locate};

/// The longest head that is waited for, in octets, the empty line included.
pub const MAX_HEAD: usize = 64 << 10;
/// The most fields that a head may have.
pub const MAX_FIELDS: usize = 100;

/// What every response begins with.
const START: &[u8] = b"HTTP/1.";
/// The size of `HTTP-version`, in octets, and of what follows it up to the end of `status-code`.
const VERSION: usize = 8;
const CODE: usize = 1 /* SP */ + 3 /* status-code */;

/// A head that can be read.
pub(super) struct Head<'a> {
    /// The head, from the first octet to the end of the empty line.
    pub(super) octets: &'a [u8],
    pub(super) minor_version: u8,
    pub(super) status: Status,
    fields: [Header<'a>; MAX_FIELDS],
}

/// A field of a head.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a [u8],
}

/// Whether a response may begin so, as far as there are octets.
pub(super) fn may_begin(held: &[u8]) -> bool {
    held.iter().zip(START).all(|(held, start)| held == start)
}

/// Where the head ends: behind the first line with nothing in it. `None` when there is none within [`MAX_HEAD`].
pub(super) fn end(held: &[u8]) -> Option<usize> {
    let mut length = 0_usize;
    for line in held.get(..MAX_HEAD).unwrap_or(held).split_inclusive(|octet| *octet == b'\n') {
        let is_first = length == 0;
        length = length.saturating_add(line.len());
        if !is_first && matches!(line, b"\n" | b"\r\n") {
            return Some(length);
        }
    }
    None
}

impl<'a> Head<'a> {
    /// Reads the head at the start of `message`.
    pub(super) fn read(message: &'a [u8]) -> Result<Self, WireError> {
        if !may_begin(message) {
            return Err(stray(message));
        }
        let Some(octets) = end(message).and_then(|end| message.get(..end)) else {
            return Err(endless(message));
        };
        let mut fields = [EMPTY_HEADER; MAX_FIELDS];
        match parse(octets, &mut fields) {
            Ok(Some((minor_version, status))) => Ok(Self { octets, minor_version, status, fields }),
            Ok(None) | Err(_) => Err(refused(message, octets)),
        }
    }

    /// Reason phrase, RFC 9112 section 4: what follows the code in its line.
    pub(super) fn reason(&self) -> &'a [u8] {
        let line = self.octets.split(|octet| *octet == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.get(VERSION.saturating_add(CODE)..).and_then(|rest| rest.strip_prefix(b" ")).unwrap_or_default()
    }

    /// The fields in their order.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let all = self.fields.into_iter().take_while(|field| !field.name.is_empty());
        all.map(|Header { name, value }| Field { name, value })
    }

    /// The values of the fields of this name, in upper or lower case, in their order.
    pub(super) fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.fields().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }
}

/// Reads a head; `None` when something is missing.
fn parse<'a>(
    octets: &'a [u8],
    fields: &mut [Header<'a>; MAX_FIELDS],
) -> Result<Option<(u8, Status)>, httparse::Error> {
    let mut config = ParserConfig::default();
    config
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true);
    let mut response = httparse::Response::new(fields);
    if config.parse_response(&mut response, octets)?.is_partial() {
        return Ok(None);
    }
    Ok(response.version.zip(response.code).map(|(version, code)| (version, Status(code))))
}

/// The fault of what is no response.
#[cold]
fn stray(message: &[u8]) -> WireError {
    let same = message.iter().zip(START).take_while(|(octet, start)| octet == start).count();
    let rest = message.get(same..).unwrap_or_default();
    locate(Layer::Http, message, value(rest, "HTTP-version"))
}

/// The fault of a head without an end.
#[cold]
fn endless(message: &[u8]) -> WireError {
    let head = message.get(..MAX_HEAD).unwrap_or(message);
    if parse(head, &mut [EMPTY_HEADER; MAX_FIELDS]).is_err() {
        return refused(message, head);
    }
    if head.len() == MAX_HEAD {
        return locate(Layer::Http, message, Fault::new(message, "head", Problem::Length(count(MAX_HEAD))));
    }
    let begun = head.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end.saturating_add(1));
    let field = if begun == 0 { "status-line" } else { "field-line" };
    let fault = Fault::counted(message.len().saturating_sub(begun), field, Problem::Cut);
    locate(Layer::Http, message, fault)
}

/// The fault of a head that httparse refuses. It does not tell where: the shortest beginning that it refuses ends there, as it reads one
/// octet after the other.
#[cold]
fn refused(message: &[u8], head: &[u8]) -> WireError {
    let judged =
        |length: usize| parse(head.get(..length).unwrap_or(head), &mut [EMPTY_HEADER; MAX_FIELDS]).err();
    let (mut fine, mut wrong) = (0, head.len());
    while let Some(between) = wrong.checked_sub(fine).map(|apart| apart / 2).filter(|half| *half > 0) {
        let length = fine.saturating_add(between);
        if judged(length).is_some() { wrong = length } else { fine = length }
    }
    let rest = message.get(fine..).unwrap_or_default();
    let fault = match judged(wrong) {
        None => Fault::counted(rest.len(), "field-line", Problem::Cut),
        Some(httparse::Error::TooManyHeaders) => {
            Fault::counted(rest.len(), "field-line", Problem::Length(count(MAX_FIELDS.saturating_add(1))))
        }
        Some(httparse::Error::Version) => value(rest, "HTTP-version"),
        Some(httparse::Error::Status) if fine < VERSION.saturating_add(CODE) => value(rest, "status-code"),
        Some(httparse::Error::Status) => value(rest, "reason-phrase"),
        Some(httparse::Error::HeaderName | httparse::Error::Token) => value(rest, "field-name"),
        Some(httparse::Error::HeaderValue) => value(rest, "field-value"),
        Some(httparse::Error::NewLine) => value(rest, "CRLF"),
    };
    locate(Layer::Http, message, fault)
}

/// A fault of the octet that these begin with.
fn value(rest: &[u8], field: &'static str) -> Fault {
    Fault::new(rest, field, rest.first().map_or(Problem::Cut, |octet| Problem::Value(u32::from(*octet))))
}

fn count(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn fault(message: &[u8]) -> (&'static str, usize, Problem) {
        let error = Head::read(message).err().unwrap();
        assert_eq!((error.layer, error.len), (Layer::Http, message.len()), "{error:?}");
        (error.field, error.offset, error.problem)
    }

    #[test]
    fn head_ends_behind_the_first_empty_line_whatever_ends_its_lines() {
        for (head, rest) in [
            ("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "\r\n\r\n"),
            ("HTTP/1.1 200\n\n", "x"),
            ("HTTP/1.0 200\n\r\n", "\n"),
        ] {
            let message = format!("{head}{rest}");
            assert_eq!(end(message.as_bytes()), Some(head.len()), "{message:?}");
            assert!(
                Head::read(message.as_bytes()).is_ok_and(|read| read.octets == head.as_bytes()),
                "{message:?}"
            );
            for cut in 0..head.len() {
                assert_eq!(end(&message.as_bytes()[..cut]), None, "{message:?} at {cut}");
            }
        }
        assert_eq!(end(b"HTTP/1.1 200\r\n\r\r\n\n"), Some(18), "a line of one CR too many is not empty");
    }

    #[test]
    fn fields_keep_their_order_and_lose_the_spaces_around_them() {
        let head = b"HTTP/1.1 401 \xE9t\xE9 \r\nA:  1 \r\nb : 2\r\nA:\r\n 3,\r\n\t4\r\nC:\r\n\r\n";
        let read = Head::read(head).ok().unwrap();
        assert_eq!((read.status, read.minor_version), (Status::UNAUTHORIZED, 1));
        assert_eq!(read.reason(), b"\xE9t\xE9 ");
        let all: Vec<_> = read.fields().map(|field| (field.name, field.value)).collect();
        assert_eq!(all, [("A", &b"1"[..]), ("b", b"2"), ("A", b"3,\r\n\t4"), ("C", b"")]);
        assert_eq!(read.values("a").count(), 2);
    }

    #[test]
    fn a_line_without_a_reason_has_an_empty_one() {
        for head in ["HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 200\n\n", "HTTP/1.1 200 \n\n"] {
            assert_eq!(Head::read(head.as_bytes()).ok().unwrap().reason(), b"", "{head:?}");
        }
    }

    #[test]
    fn a_head_that_is_refused_has_its_fault_where_it_is() {
        let value = |octet: char| Problem::Value(u32::from(octet));
        for (head, field, offset, problem) in [
            ("HTTQ/1.1 200\r\n\r\n", "HTTP-version", 3, value('Q')),
            ("SSH-2.0-x\r\n\r\n", "HTTP-version", 0, value('S')),
            ("HTTP/1.2 200\r\n\r\n", "HTTP-version", 7, value('2')),
            ("HTTP/1.1\t200\r\n\r\n", "HTTP-version", 8, value('\t')),
            ("HTTP/1.1 2x0 OK\r\n\r\n", "status-code", 10, value('x')),
            ("HTTP/1.1 2000 OK\r\n\r\n", "reason-phrase", 12, value('0')),
            ("HTTP/1.1 200 O\x01\r\n\r\n", "reason-phrase", 14, value('\x01')),
            ("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", "field-name", 17, value(' ')),
            ("HTTP/1.1 200 OK\r\nA\r\n\r\n", "field-name", 18, value('\r')),
            ("HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", "field-value", 21, value('\0')),
            ("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "field-value", 22, value('c')),
            ("HTTP/1.1 200 OK\r\n\rA\r\n\r\n", "CRLF", 18, value('A')),
            ("", "status-line", 0, Problem::Cut),
            ("HTTP", "status-line", 0, Problem::Cut),
            ("HTTP/1.1 200 OK\r", "status-line", 0, Problem::Cut),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", "field-line", 23, Problem::Cut),
            ("HTTP/1.1 200 OK\r\nA: b\r\nC", "field-line", 23, Problem::Cut),
            ("HTTP/1.1 200 OK\r\nA b\r\nC", "field-name", 19, value('b')),
        ] {
            assert_eq!(fault(head.as_bytes()), (field, offset, problem), "{head:?}");
        }
    }

    #[test]
    fn a_hundred_fields_are_read_and_one_more_is_too_many() {
        let with = |fields: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(fields));
        assert_eq!(Head::read(with(MAX_FIELDS).as_bytes()).ok().unwrap().fields().count(), MAX_FIELDS);
        let (field, offset, problem) = fault(with(MAX_FIELDS + 1).as_bytes());
        assert_eq!((field, problem), ("field-line", Problem::Length(101)));
        assert!(offset < 17 + 6 * (MAX_FIELDS + 1) + 2, "{offset}");
    }

    #[test]
    fn a_head_of_the_longest_is_read_and_one_octet_more_is_none() {
        let of = |length: usize| {
            let rest = length - "HTTP/1.1 200 OK\r\nA: \r\n\r\n".len();
            format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(rest))
        };
        assert!(Head::read(of(MAX_HEAD).as_bytes()).is_ok());
        for long in [of(MAX_HEAD + 1), of(2 * MAX_HEAD), String::from(&of(MAX_HEAD + 1)[..MAX_HEAD])] {
            assert_eq!(end(long.as_bytes()), None);
            assert_eq!(fault(long.as_bytes()), ("head", 0, Problem::Length(65_536)));
        }
    }
}

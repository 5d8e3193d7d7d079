//! A response, RFC 9112 sections 2 and 4.
use super::body_length::{BodyLength, MAX_BODY, Malformed, body_length};
use super::chunked::{End, end};
use super::head::Head;
use super::status::Status;
use crate::fault::{Fault, Layer, WireError, locate};

/// A response of HTTP/1.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response<'a> {
    /// `status-code`.
    pub status: Status,
    /// The second digit of `HTTP-version`: 0 or 1.
    pub minor_version: u8,
    /// `reason-phrase`, which may be empty.
    pub reason: &'a [u8],
    /// The size of the head in octets, the empty line included.
    pub head_len: usize,
    head: &'a [u8],
    body: &'a [u8],
    body_length: BodyLength,
}

impl<'a> Response<'a> {
    /// Reads the response at the start of `message`; octets after it are ignored. Its body need not be there, or not all of it.
    ///
    /// # Errors
    /// [`WireError`] when the head is cut or malformed, and so are lengths that disagree, and chunks within [`MAX_BODY`].
    pub fn parse(message: &'a [u8]) -> Result<Self, WireError> {
        let head = Head::read(message)?;
        let length = body_length(&head).map_err(|malformed| wrong_length(message, malformed))?;
        let head_len = head.octets.len();
        Ok(Self {
            status: head.status,
            minor_version: head.minor_version,
            reason: head.reason(),
            head_len,
            head: head.octets,
            body: body(message, head_len, length)?,
            body_length: length,
        })
    }

    /// The value of the first field of this name, in upper or lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers(name).next()
    }

    /// The values of all fields of this name, in upper or lower case, in their order. Where one was folded, the ends of its lines are in
    /// it.
    pub fn headers<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        // It was read before.
        Head::read(self.head).ok().into_iter().flat_map(move |head| head.values(name))
    }

    /// All fields, name and value, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let fields = Head::read(self.head).ok().into_iter().flat_map(|head| head.fields());
        fields.map(|field| (field.name, field.value))
    }

    /// How it tells where its body ends.
    #[must_use]
    pub const fn body_length(&self) -> BodyLength {
        self.body_length
    }

    /// What is there of its body, as it came: chunks are in it with their sizes.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }
}

/// What is there of the body, up to its end.
fn body(message: &[u8], head: usize, length: BodyLength) -> Result<&[u8], WireError> {
    let rest = message.get(head..).unwrap_or_default();
    let length = match length {
        BodyLength::None => 0,
        BodyLength::Octets(octets) => usize::try_from(octets).unwrap_or(usize::MAX),
        BodyLength::UntilClose => rest.len(),
        BodyLength::Chunked => match end(rest.get(..MAX_BODY).unwrap_or(rest)) {
            End::Beyond => MAX_BODY,
            End::At(end) => end,
            End::Malformed { at, field, problem } => {
                let fault = Fault::counted(rest.len().saturating_sub(at), field, problem);
                return Err(locate(Layer::Http, message, fault));
            }
        },
    };
    Ok(rest.get(..length).unwrap_or(rest))
}

#[cold]
fn wrong_length(message: &[u8], Malformed { at, problem }: Malformed<'_>) -> WireError {
    // It is a part of the message.
    let before = at.as_ptr().addr().saturating_sub(message.as_ptr().addr());
    let fault = Fault::counted(message.len().saturating_sub(before), "Content-Length", problem);
    locate(Layer::Http, message, fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Problem;
    use alloc::format;
    use alloc::vec::Vec;

    const REFUSED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 3\r\nwww-authenticate: NTLM\r\n\r\nno!HTTP";

    #[test]
    fn response_has_status_reason_fields_and_what_is_there_of_its_body() {
        let read = Response::parse(REFUSED).unwrap();
        assert_eq!(
            (read.status, read.minor_version, read.reason),
            (Status::UNAUTHORIZED, 1, &b"Unauthorized"[..])
        );
        assert_eq!(read.header("WWW-AUTHENTICATE"), Some(&b"Negotiate"[..]));
        assert_eq!(read.headers("WWW-Authenticate").collect::<Vec<_>>(), [&b"Negotiate"[..], b"NTLM"]);
        assert_eq!((read.header("Via"), read.fields().count()), (None, 3));
        assert_eq!((read.body_length(), read.body()), (BodyLength::Octets(3), &b"no!"[..]));
        assert_eq!(read.head_len, REFUSED.len() - 7);
        let cut = Response::parse(&REFUSED[..read.head_len + 1]).unwrap();
        assert_eq!((cut.body_length(), cut.body()), (BodyLength::Octets(3), &b"n"[..]));
        for cut in 0..read.head_len {
            assert!(Response::parse(&REFUSED[..cut]).is_err(), "{cut}");
        }
    }

    fn length_of(status: u16, fields: &str) -> Result<BodyLength, (&'static str, Problem)> {
        let head = format!("HTTP/1.1 {status} X\r\n{fields}\r\n");
        let read = Response::parse(head.as_bytes());
        read.map(|read| read.body_length()).map_err(|error| (error.field, error.problem))
    }

    #[test]
    fn body_is_as_long_as_status_coding_and_length_say_in_this_order() {
        let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
        for status in [100, 101, 199, 204, 304] {
            assert_eq!(length_of(status, both), Ok(BodyLength::None), "{status}");
            assert_eq!(length_of(status, "Content-Length: x\r\n"), Ok(BodyLength::None), "{status}");
        }
        assert_eq!(length_of(200, both), Ok(BodyLength::Chunked));
        assert_eq!(length_of(200, "Transfer-Encoding: gzip, CHUNKED\r\n"), Ok(BodyLength::Chunked));
        assert_eq!(
            length_of(200, "Transfer-Encoding: gzip\r\ntransfer-encoding: Chunked ,\r\n"),
            Ok(BodyLength::Chunked)
        );
        for other in ["chunked, gzip", "gzip", "", "chunked2", "\"chunked\""] {
            let fields = format!("Transfer-Encoding: {other}\r\nContent-Length: 5\r\n");
            assert_eq!(length_of(200, &fields), Ok(BodyLength::UntilClose), "{other}");
        }
        assert_eq!(length_of(200, ""), Ok(BodyLength::UntilClose));
        assert_eq!(length_of(401, "Content-Length: 0341\r\n"), Ok(BodyLength::Octets(341)));
        assert_eq!(
            length_of(200, "Content-Length: 18446744073709551615\r\n"),
            Ok(BodyLength::Octets(u64::MAX))
        );
    }

    #[test]
    fn lengths_that_agree_are_one_and_those_that_do_not_are_malformed() {
        let field = "Content-Length";
        assert_eq!(length_of(200, "Content-Length: 5, 5\r\nCONTENT-LENGTH: 05\r\n"), Ok(BodyLength::Octets(5)));
        assert_eq!(
            length_of(200, "Content-Length: 5\r\nContent-Length: 6\r\n"),
            Err((field, Problem::Length(6)))
        );
        assert_eq!(length_of(200, "Content-Length: 5, 6\r\n"), Err((field, Problem::Length(6))));
        for (value, problem) in [
            ("", Problem::Cut),
            ("5,", Problem::Cut),
            ("-1", Problem::Value(0x2D)),
            ("+1", Problem::Value(0x2B)),
            ("0x10", Problem::Value(0x78)),
            ("1 2", Problem::Value(0x20)),
            ("18446744073709551616", Problem::Length(u32::MAX)),
        ] {
            let fields = format!("{field}: {value}\r\n");
            assert_eq!(length_of(200, &fields), Err((field, problem)), "{value}");
        }
        let second = Response::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 77\r\n\r\n").unwrap_err();
        assert_eq!(second.offset, 36, "{second:?}");
    }

    #[test]
    fn body_in_chunks_is_as_it_came_up_to_its_end_and_malformed_where_it_is() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let whole = format!("{head}3\r\nabc\r\n0\r\n\r\nmore");
        assert_eq!(Response::parse(whole.as_bytes()).unwrap().body(), b"3\r\nabc\r\n0\r\n\r\n");
        let cut = format!("{head}3\r\nab");
        assert_eq!(Response::parse(cut.as_bytes()).unwrap().body(), b"3\r\nab");
        let wrong = format!("{head}3\r\nabcd");
        let error = Response::parse(wrong.as_bytes()).unwrap_err();
        let expected = ("chunk-data", head.len() + 6, Problem::Value(0x64));
        assert_eq!((error.field, error.offset, error.problem), expected);
    }
}

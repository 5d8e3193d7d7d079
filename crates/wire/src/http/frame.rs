//! Where a response ends in a stream.
use super::body_length::{BodyLength, MAX_BODY, body_length};
use super::chunked::{End, end};
use super::head::{self, Head, MAX_HEAD};
use crate::tpkt::Frame;

/// Asks where the first response in `held` ends, body included: RFC 9112 section 6.3.
///
/// One that cannot be read is given out up to where that shows, so that the reader can name the fault, and so is one whose length is
/// none. A body that no length tells of is not waited for, nor is one that tells of more than [`MAX_BODY`]; of one in chunks, no more than
/// that is.
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    let begun = match frame_head(held) {
        Frame::Whole(head) => head,
        other @ (Frame::Partial { .. } | Frame::Stray) => return other,
    };
    let Ok(head) = Head::read(held) else { return Frame::Whole(begun) };
    let body = held.get(begun..).unwrap_or_default();
    let waited = body.get(..MAX_BODY);
    let body_ends = match body_length(&head) {
        Ok(BodyLength::Octets(octets)) => {
            usize::try_from(octets).ok().filter(|length| *length <= MAX_BODY).unwrap_or(0)
        }
        Ok(BodyLength::Chunked) => match end(waited.unwrap_or(body)) {
            End::At(end) => end,
            End::Malformed { at, .. } => at.saturating_add(1),
            End::Beyond if waited.is_some() => MAX_BODY,
            End::Beyond => return Frame::Partial { length: None },
        },
        Ok(BodyLength::None | BodyLength::UntilClose) | Err(_) => 0,
    };
    let length = begun.saturating_add(body_ends);
    if held.len() < length { Frame::Partial { length: Some(length) } } else { Frame::Whole(length) }
}

/// Asks where the head of the first response in `held` ends, and nothing of what follows: for one whose body is a stream of its own, and
/// for one that has none whatever it says, as the answer to a CONNECT that was granted (RFC 9112 section 6.3).
///
/// A head longer than [`MAX_HEAD`] is none.
#[must_use]
pub fn frame_head(held: &[u8]) -> Frame {
    if !head::may_begin(held) {
        return Frame::Stray;
    }
    match head::end(held) {
        Some(end) => Frame::Whole(end),
        None if held.len() < MAX_HEAD => Frame::Partial { length: None },
        None => Frame::Stray,
    }
}

#[cfg(test)]
mod tests {
    use super::super::response::Response;
    use super::*;
    use alloc::format;
    use alloc::string::String;

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// What it comes to, and that each of its beginnings comes to nothing or to the same.
    fn framed(held: &str) -> Frame {
        let all = frame(held.as_bytes());
        for cut in 0..held.len() {
            match frame(&held.as_bytes()[..cut]) {
                Frame::Partial { length } => {
                    assert!(
                        length.is_none_or(|length| all == Frame::Whole(length)
                            || all == Frame::Partial { length: Some(length) }),
                        "{held:?} at {cut}"
                    );
                    assert!(length.is_none_or(|length| length > cut), "{held:?} at {cut}");
                }
                some @ (Frame::Whole(_) | Frame::Stray) => assert_eq!(some, all, "{held:?} at {cut}"),
            }
        }
        all
    }

    /// Ends where it ends, whatever follows, and not before.
    fn ends(message: &str) {
        for rest in ["", "HTTP/1.1 200 OK\r\n\r\n", "\r\n\r\n", "\0"] {
            assert_eq!(framed(&format!("{message}{rest}")), Frame::Whole(message.len()), "{message:?}");
        }
        for cut in 0..message.len() {
            assert!(matches!(frame(&message.as_bytes()[..cut]), Frame::Partial { .. }), "{message:?} at {cut}");
        }
    }

    #[test]
    fn response_ends_with_its_body() {
        for message in [
            "HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\n\r\n\r\n ",
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.0 200 OK\n\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: x,Chunked\r\nContent-Length: 99\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
        ] {
            ends(message);
            assert!(Response::parse(message.as_bytes()).is_ok(), "{message:?}");
        }
    }

    #[test]
    fn whole_length_is_told_where_the_head_tells_it() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
        assert_eq!(frame(head.as_bytes()), Frame::Partial { length: Some(head.len() + 7) });
        assert_eq!(frame(CHUNKED.as_bytes()), Frame::Partial { length: None });
    }

    #[test]
    fn what_cannot_begin_a_response_is_stray_from_the_first_octet_that_tells() {
        for stray in ["SSH-2.0", "h", "HTTQ", "HTTP/2", "HTTP/1x", "\r\nHTTP/1.1 200 OK\r\n\r\n"] {
            assert_eq!(framed(stray), Frame::Stray, "{stray:?}");
        }
        for begun in ["", "H", "HTTP/", "HTTP/1.", "HTTP/1.x"] {
            assert_eq!(framed(begun), Frame::Partial { length: None }, "{begun:?}");
        }
    }

    #[test]
    fn malformed_response_ends_where_that_shows() {
        for head in [
            "HTTP/1.7 200 OK\r\n\r\n",
            "HTTP/1.1 2 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        ] {
            ends(head);
            assert!(Response::parse(head.as_bytes()).is_err(), "{head:?}");
        }
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(101));
        ends(&many);
        for body in ["x", "3\r\nabcd", "000000000", "0\r\n\n"] {
            let message = format!("{CHUNKED}{body}");
            ends(&message);
            assert!(Response::parse(message.as_bytes()).is_err(), "{message:?}");
        }
    }

    #[test]
    fn longest_head_is_one_and_a_longer_one_is_stray() {
        let rest = MAX_HEAD - "HTTP/1.1 200 OK\r\nA: \r\n\r\n".len();
        let head = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(rest));
        assert_eq!(frame(head.as_bytes()), Frame::Whole(MAX_HEAD));
        assert_eq!(frame(&head.as_bytes()[..MAX_HEAD - 1]), Frame::Partial { length: None });
        let longer = format!("HTTP/1.1 200 OK\r\nA: x{}\r\n\r\n", "x".repeat(rest));
        assert_eq!(frame(&longer.as_bytes()[..MAX_HEAD - 1]), Frame::Partial { length: None });
        for length in MAX_HEAD..=longer.len() {
            assert_eq!(frame(&longer.as_bytes()[..length]), Frame::Stray, "{length}");
        }
    }

    #[test]
    fn body_is_waited_for_up_to_its_limit() {
        let with = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let (most, more) = (with(MAX_BODY), with(MAX_BODY + 1));
        assert_eq!(frame(most.as_bytes()), Frame::Partial { length: Some(most.len() + MAX_BODY) });
        assert_eq!(frame(more.as_bytes()), Frame::Whole(more.len()), "nobody waits for it");
        assert_eq!(frame(with(usize::MAX).as_bytes()), Frame::Whole(with(usize::MAX).len()));
    }

    #[test]
    fn body_in_chunks_is_waited_for_up_to_its_limit() {
        let chunk = "10\r\n0123456789abcdef\r\n";
        let endless: String = [CHUNKED, &chunk.repeat(MAX_BODY / chunk.len() + 9)].concat();
        let limit = CHUNKED.len() + MAX_BODY;
        for (held, expected) in [
            (limit - 1, Frame::Partial { length: None }),
            (limit, Frame::Whole(limit)),
            (limit + 1, Frame::Whole(limit)),
            (endless.len(), Frame::Whole(limit)),
        ] {
            assert_eq!(frame(&endless.as_bytes()[..held]), expected, "{held}");
        }
        // One that ends with the limit, and what is malformed behind it.
        let size = MAX_BODY - "0000fff0\r\n\r\n0\r\n\r\n".len();
        let first = format!("{CHUNKED}{size:08x}\r\n");
        let last = [first.as_bytes(), &alloc::vec![0; size], b"\r\n0\r\n\r\nx"].concat();
        assert_eq!(frame(&last), Frame::Whole(limit));
        assert_eq!(frame(&last[..limit - 1]), Frame::Partial { length: None });
        assert_eq!(Response::parse(&last).unwrap().body().len(), MAX_BODY);
    }

    #[test]
    fn head_alone_ends_with_its_empty_line_whatever_follows() {
        let message = format!("{CHUNKED}3\r\n");
        assert_eq!(frame_head(message.as_bytes()), Frame::Whole(CHUNKED.len()));
        assert_eq!(frame_head(&message.as_bytes()[..CHUNKED.len() - 1]), Frame::Partial { length: None });
        assert_eq!(frame_head(b"SSH"), Frame::Stray);
    }
}

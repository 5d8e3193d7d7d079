//! RDSAAD: what a server says first inside TLS when PROTOCOL_RDSAAD was selected, for an Entra sign-in.
//!
//! \[MS-RDPBCGR\] 2.2.18.1; server to client, one JSON object in UTF-8. No TPKT and no length: it ends where its braces
//! balance, or at a NUL, which the specification does not have and some send.
use nom::IResult;

use crate::fault::{Fault, Layer, Problem, WireError, bad, read};
use crate::tpkt::Frame;

/// Server Nonce PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerNonce<'a> {
    /// `ts_nonce`, as it stands between its quotation marks.
    pub nonce: &'a [u8],
}

/// The longest object that is waited for, in octets. One with a nonce has about a hundred.
pub const MAX_OBJECT: usize = 4096;

impl<'a> ServerNonce<'a> {
    /// Reads the object at the start of `input`; octets after it are ignored, and so are members that are not known.
    ///
    /// # Errors
    /// [`WireError`] when there is no object, or it is cut, or has no text `ts_nonce`.
    pub fn parse(input: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Rdsaad, input, server_nonce)
    }
}

fn server_nonce(i: &[u8]) -> IResult<&[u8], ServerNonce<'_>, Fault> {
    let mut at = octet(space(i), b'{', "object")?;
    loop {
        at = space(at);
        if at.first() == Some(&b'}') {
            return bad(at, "ts_nonce", Problem::Cut);
        }
        let (rest, key) = text(at, "member")?;
        let value = space(octet(space(rest), b':', "member")?);
        if key == b"ts_nonce" {
            let (rest, nonce) = text(value, "ts_nonce")?;
            return Ok((rest, ServerNonce { nonce }));
        }
        at = space(skip(value)?);
        if at.first() == Some(&b',') {
            at = octet(at, b',', "member")?;
        }
    }
}

fn space(i: &[u8]) -> &[u8] {
    i.trim_ascii_start()
}

fn octet<'a>(i: &'a [u8], expected: u8, field: &'static str) -> Result<&'a [u8], nom::Err<Fault>> {
    match i.split_first() {
        Some((found, rest)) if *found == expected => Ok(rest),
        Some((found, _)) => bad(i, field, Problem::Value(u32::from(*found))),
        None => bad(i, field, Problem::Cut),
    }
}

/// A text, without its quotation marks.
fn text<'a>(i: &'a [u8], field: &'static str) -> IResult<&'a [u8], &'a [u8], Fault> {
    let inner = octet(i, b'"', field)?;
    let mut walk = Walk { depth: 0, text: true, escaped: false };
    match inner.iter().position(|octet| {
        walk.step(*octet);
        !walk.text
    }) {
        Some(end) => {
            let (text, rest) = inner.split_at_checked(end).unwrap_or_default();
            Ok((rest.get(1..).unwrap_or_default(), text))
        }
        None => bad(i, field, Problem::Cut),
    }
}

/// What follows a value of any kind.
fn skip(i: &[u8]) -> Result<&[u8], nom::Err<Fault>> {
    let mut walk = Walk::default();
    for (at, octet) in i.iter().enumerate() {
        // A number, or another word, has no end of its own.
        if walk.is_outside() && matches!(octet, b',' | b'}' | b']') {
            return Ok(i.get(at..).unwrap_or_default());
        }
        walk.step(*octet);
    }
    bad(i, "member", Problem::Cut)
}

/// A walk over JSON, as far as braces and texts go.
#[derive(Default)]
struct Walk {
    depth: usize,
    text: bool,
    escaped: bool,
}

impl Walk {
    const fn is_outside(&self) -> bool {
        self.depth == 0 && !self.text
    }

    fn step(&mut self, octet: u8) {
        match octet {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.text => self.escaped = true,
            b'"' => self.text = !self.text,
            b'{' | b'[' if !self.text => self.depth = self.depth.saturating_add(1),
            b'}' | b']' if !self.text => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// Asks where the first object in `held` ends; a NUL behind it belongs to it. One beyond [`MAX_OBJECT`] is given out as far as
/// that, so that the reader can name the fault.
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    match space(held).first() {
        Some(b'{') => {}
        None if held.len() <= MAX_OBJECT => return Frame::Partial { length: None },
        Some(_) | None => return Frame::Stray,
    }
    let mut walk = Walk::default();
    for (at, octet) in held.iter().enumerate().take(MAX_OBJECT) {
        let end = at.saturating_add(1);
        walk.step(*octet);
        if *octet == 0 {
            return Frame::Whole(end);
        }
        if walk.is_outside() && matches!(octet, b'}' | b']') {
            let nul = held.get(end) == Some(&0);
            return Frame::Whole(end.saturating_add(usize::from(nul)));
        }
    }
    if held.len() < MAX_OBJECT { Frame::Partial { length: None } } else { Frame::Whole(MAX_OBJECT) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &[u8] = br#"{"ts_nonce":"b64+/="}"#;

    #[test]
    fn nonce_is_read_wherever_it_stands() {
        assert_eq!(ServerNonce::parse(NONCE), Ok(ServerNonce { nonce: b"b64+/=" }));
        let others = br#" { "n": -1, "o": {"ts_nonce": "no", "b": ["}"]}, "t": "\"}", "ts_nonce" : "yes" } "#;
        assert_eq!(ServerNonce::parse(others), Ok(ServerNonce { nonce: b"yes" }));
    }

    #[test]
    fn object_without_a_nonce_or_with_a_number_for_one_is_malformed() {
        for (text, field, problem) in [
            (&br#"{"authentication_result":"0"}"#[..], "ts_nonce", Problem::Cut),
            (b"{}", "ts_nonce", Problem::Cut),
            (br#"{"ts_nonce":7}"#, "ts_nonce", Problem::Value(0x37)),
            (br#"{"ts_nonce":"cut"#, "ts_nonce", Problem::Cut),
            (br#"{"a":1"#, "member", Problem::Cut),
            (b"[]", "object", Problem::Value(0x5B)),
            (b"", "object", Problem::Cut),
        ] {
            let error = ServerNonce::parse(text).unwrap_err();
            assert_eq!((error.layer, error.field, error.problem), (Layer::Rdsaad, field, problem), "{text:?}");
        }
    }

    #[test]
    fn frame_ends_at_the_balanced_brace_or_at_a_nul() {
        for len in 0..NONCE.len() {
            assert_eq!(frame(&NONCE[..len]), Frame::Partial { length: None }, "{len}");
        }
        assert_eq!(frame(NONCE), Frame::Whole(NONCE.len()));
        assert_eq!(frame(b"{\"a\":\"}\"}\0rest"), Frame::Whole(10));
        assert_eq!(frame(b"{\"a\":1\0"), Frame::Whole(7));
        assert_eq!(frame(&[3, 0, 0, 9]), Frame::Stray);
    }

    #[test]
    fn frame_without_an_end_is_given_out_at_its_limit() {
        let endless = [b'{'; MAX_OBJECT];
        assert_eq!(frame(&endless[1..]), Frame::Partial { length: None });
        assert_eq!(frame(&endless), Frame::Whole(MAX_OBJECT));
        assert!(ServerNonce::parse(&endless).is_err());
    }
}

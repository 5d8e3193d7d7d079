//! X.224 Connection Request: the client's first message.
//!
//! \[MS-RDPBCGR\] 2.2.1.1, ITU-T X.224 13.3; client to server. A cookie or a routing token, then RDP_NEG_REQ.
use alloc::vec::Vec;

use super::tpdu::{TpduCode, lengths_agree};
use crate::fault::{Layer, Layout, Problem, WireError, bad, fixed, read};
use crate::nego::NegRequest;
use crate::tpkt::{Tpkt, tpkt};

/// What stands before the negotiation block, for load balancers; a server ignores it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Routing<'a> {
    /// Nothing: what the first request of a probe has.
    #[default]
    None,
    /// `cookie`: the identifier after `Cookie: mstshash=`.
    Cookie(&'a str),
    /// `routingToken`: sent as it is; CR LF is added when it lacks one.
    Token(&'a [u8]),
}

/// X.224 Connection Request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the specification's fields, all of them ours to choose")]
pub struct ConnectionRequest<'a> {
    /// `cookie` or `routingToken`.
    pub routing: Routing<'a>,
    /// `rdpNegReq`; without it the client is one that knows no negotiation.
    pub negotiation: Option<NegRequest>,
}

/// A request that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// LI is one octet: cookie or token must fit beside the negotiation block.
    #[error("cookie or routing token has {got} octets, at most {most} fit")]
    TooLong {
        /// Octets it takes, CR LF included.
        got: usize,
        /// Octets there are.
        most: usize,
    },
    /// CR or LF inside would end the field early.
    #[error("cookie or routing token has a CR or LF inside")]
    LineBreak,
}

const COOKIE: &[u8] = b"Cookie: mstshash=";
const CRLF: &[u8] = b"\r\n";

impl ConnectionRequest<'_> {
    /// Size of the fixed part on the wire, in octets.
    pub const LEN: usize =
        Tpkt::LEN + 1 /* LI */ + 1 /* code */ + 2 /* DST-REF */ + 2 /* SRC-REF */ + 1 /* class */;
    /// The longest variable part, in octets: LI at most 254, six of which are fixed.
    pub const MAX_VARIABLE: usize = 248;

    /// Appends the octets on the wire to `out`.
    ///
    /// # Errors
    /// [`RequestError`] when cookie or token do not fit, or hold a line break; `out` is then unchanged.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), RequestError> {
        let (head, body) = match self.routing {
            Routing::None => (&[][..], &[][..]),
            Routing::Cookie(name) => (COOKIE, name.as_bytes()),
            Routing::Token(token) => (&[][..], token.strip_suffix(CRLF).unwrap_or(token)),
        };
        if body.iter().any(|octet| matches!(octet, b'\r' | b'\n')) {
            return Err(RequestError::LineBreak);
        }
        let tail = if matches!(self.routing, Routing::None) { &[][..] } else { CRLF };
        let block = self.negotiation.map(NegRequest::encode);
        let block = block.as_ref().map_or(&[][..], <[u8; NegRequest::LEN]>::as_slice);

        let routing = head.len().saturating_add(body.len()).saturating_add(tail.len());
        let most = Self::MAX_VARIABLE.saturating_sub(block.len());
        let too_long = RequestError::TooLong { got: routing, most };
        let variable = routing.saturating_add(block.len());
        if routing > most {
            return Err(too_long);
        }
        let (Ok(length), Ok(li)) =
            (u16::try_from(Self::LEN.saturating_add(variable)), u8::try_from(variable.saturating_add(6)))
        else {
            return Err(too_long);
        };
        out.reserve(length.into());
        let [high, low] = length.to_be_bytes();
        out.extend_from_slice(&[Tpkt::VERSION, 0, high, low]);
        out.extend_from_slice(&[li, TpduCode::CONNECTION_REQUEST.0, 0, 0, 0, 0, 0]);
        for part in [head, body, tail, block] {
            out.extend_from_slice(part);
        }
        Ok(())
    }
}

const LAYOUT: Layout = &[("LI", 1), ("code", 1), ("DST-REF", 2), ("SRC-REF", 2), ("class", 1)];

impl<'a> ConnectionRequest<'a> {
    /// Reads one whole PDU, TPKT header included: what a scripted target needs to see what the client offered.
    ///
    /// # Errors
    /// [`WireError`] when the PDU is cut, a length disagrees, this is another TPDU, or the block is malformed.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, WireError> {
        let variable = read(Layer::X224, pdu, |pdu| {
            let (i, header) = tpkt(pdu)?;
            let (variable, &[li, code, ..]) = fixed::<7>(i, LAYOUT)?;
            if code & 0xF0 != TpduCode::CONNECTION_REQUEST.0 {
                return bad(i.get(1..).unwrap_or_default(), "code", Problem::Value(u32::from(code)));
            }
            lengths_agree(pdu, header, i, li)?;
            Ok((&[], variable))
        })?;
        let line = variable.windows(CRLF.len()).position(|pair| pair == CRLF);
        let (routing, block) = match line {
            None => (Routing::None, variable),
            Some(end) => {
                let (text, rest) = variable.split_at_checked(end).unwrap_or((variable, &[]));
                let routing = match text.strip_prefix(COOKIE).map(core::str::from_utf8) {
                    Some(Ok(name)) => Routing::Cookie(name),
                    Some(Err(_)) | None => Routing::Token(text),
                };
                (routing, rest.strip_prefix(CRLF).unwrap_or(rest))
            }
        };
        if block.is_empty() {
            return Ok(Self { routing, negotiation: None });
        }
        // The block's reader counts from the block; the caller counts from what it gave.
        let before = pdu.len().saturating_sub(block.len());
        let negotiation = NegRequest::parse(block).map_err(|error| WireError {
            offset: error.offset.saturating_add(before),
            len: pdu.len(),
            ..error
        })?;
        Ok(Self { routing, negotiation: Some(negotiation) })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::nego::{Protocols, RequestFlags};

    fn encoded(routing: Routing<'_>, mask: Option<u32>) -> Vec<u8> {
        let negotiation =
            mask.map(|mask| NegRequest { flags: RequestFlags::default(), protocols: Protocols(mask) });
        let mut out = Vec::new();
        ConnectionRequest { routing, negotiation }.encode(&mut out).unwrap();
        out
    }

    #[test]
    fn first_request_is_nineteen_octets() {
        assert_eq!(
            encoded(Routing::None, Some(0x0B)),
            [3, 0, 0, 0x13, 0x0E, 0xE0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0x0B, 0, 0, 0]
        );
    }

    #[test]
    fn request_without_negotiation_is_eleven_octets() {
        assert_eq!(encoded(Routing::None, None), [3, 0, 0, 0x0B, 6, 0xE0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn cookie_ends_in_a_line_break_before_the_block() {
        let pdu = encoded(Routing::Cookie("probe"), Some(0x0B));
        assert_eq!(pdu.len(), 0x2B);
        assert_eq!(&pdu[11..35], b"Cookie: mstshash=probe\r\n");
        let read = ConnectionRequest::parse(&pdu).unwrap();
        assert_eq!(read.routing, Routing::Cookie("probe"));
        assert_eq!(read.negotiation.unwrap().protocols, Protocols(0x0B));
    }

    #[test]
    fn routing_token_keeps_its_own_line_break() {
        let token = b"Cookie: msts=3640205228.15629.0000\r\n";
        let pdu = encoded(Routing::Token(token), Some(3));
        assert_eq!(&pdu[11..11 + token.len()], token);
        assert_eq!(pdu.len(), 0x37);
    }

    #[test]
    fn cookie_that_does_not_fit_is_refused_and_writes_nothing() {
        let long = core::str::from_utf8(&[b'a'; 222]).unwrap();
        let request = ConnectionRequest {
            routing: Routing::Cookie(long),
            negotiation: Some(NegRequest { flags: RequestFlags::default(), protocols: Protocols(1) }),
        };
        let mut out = vec![];
        assert_eq!(request.encode(&mut out), Err(RequestError::TooLong { got: 241, most: 240 }));
        assert!(out.is_empty());
    }

    #[test]
    fn fault_in_the_block_is_placed_in_the_pdu() {
        let error = ConnectionRequest::parse(&[3, 0, 0, 0x0C, 7, 0xE0, 0, 0, 0, 0, 0, 1]).unwrap_err();
        assert_eq!(
            (error.layer, error.field, error.offset, error.len),
            (Layer::RdpNegotiation, "flags", 12, 12)
        );
    }

    #[test]
    fn cookie_with_a_line_break_is_refused() {
        let request = ConnectionRequest { routing: Routing::Cookie("a\nb"), negotiation: None };
        assert_eq!(request.encode(&mut vec![]), Err(RequestError::LineBreak));
    }
}

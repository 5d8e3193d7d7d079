//! What holds for the reader of a WebSocket's frames.
use std::io::{self, Cursor, Read, Write};

use rdp_probe_core::wire::websocket::{FrameHead, Opcode, frame};
use rdp_probe_core::{TunnelEnd, WebSocket};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message};

/// What octets of a server's come to.
#[derive(Debug, PartialEq)]
struct Outcome {
    inside: Vec<u8>,
    end: Option<TunnelEnd>,
    queued: Vec<u8>,
}

/// In how many pieces octets come changes nothing, and what comes out is what tungstenite reads, as far as it does.
///
/// # Panics
/// When that does not hold.
pub fn websocket(octets: &[u8]) {
    heads(octets);
    let whole = read(octets, octets.len());
    for piece in [1, 2, 7] {
        assert_eq!(read(octets, piece), whole, "in pieces of {piece}: {octets:02X?}");
    }
    beside_tungstenite(octets, &whole);
    written(octets);
}

/// A head is told once, by as many octets as it has.
fn heads(octets: &[u8]) {
    let head = FrameHead::parse(octets);
    let most = octets.len().min(FrameHead::MAX);
    for len in 0..=most {
        let begun = octets.get(..len).and_then(FrameHead::parse);
        assert_eq!(begun, head.filter(|head| head.len <= len), "{octets:02X?}");
    }
    assert!(head.is_some() || octets.len() < FrameHead::MAX, "no head: {octets:02X?}");
}

fn read(octets: &[u8], piece: usize) -> Outcome {
    let (mut socket, mut inside, mut queued) = (WebSocket::new(), Vec::new(), Vec::new());
    for piece in octets.chunks(piece.max(1)) {
        let mut rest = piece;
        while !rest.is_empty() {
            let heard = socket.hear(rest);
            assert!(heard.inside <= heard.used, "{heard:?}");
            let (done, after) = rest.split_at_checked(heard.used).unwrap_or_default();
            assert!(!done.is_empty(), "nothing comes of {rest:02X?}");
            inside.extend_from_slice(done.get(heard.used.saturating_sub(heard.inside)..).unwrap_or_default());
            rest = after;
        }
    }
    socket.take_queued(|| [0; 4], &mut queued);
    assert!(!socket.has_queued(), "taken once");
    assert!(queued.len() <= 2 * FrameHead::MAX + 125 + 2, "what waits is bounded");
    Outcome { inside, end: socket.ended(), queued }
}

/// Who writes into it is heard by nobody.
struct Deaf<'a>(Cursor<&'a [u8]>);

impl Read for Deaf<'_> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        self.0.read(octets)
    }
}

impl Write for Deaf<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The longest frame that is read, in octets.
const MOST: usize = 128 << 10;

/// It judges frames and gives messages when they are whole, and reads text: so far both agree.
fn beside_tungstenite(octets: &[u8], ours: &Outcome) {
    // It reads on for ever.
    if ours.end == Some(TunnelEnd::Flood) {
        return;
    }
    let config = WebSocketConfig::default().max_frame_size(Some(MOST)).max_message_size(None);
    let mut socket =
        tungstenite::WebSocket::from_raw_socket(Deaf(Cursor::new(octets)), Role::Client, Some(config));
    let mut inside = Vec::new();
    let error = loop {
        match socket.read() {
            Ok(Message::Binary(octets)) => inside.extend_from_slice(&octets),
            Ok(Message::Close(close)) => {
                assert!(ours.inside.starts_with(&inside), "{inside:02X?} of {ours:02X?}: {octets:02X?}");
                let closed = matches!(ours.end, Some(TunnelEnd::WebSocket(_)));
                assert!(closed, "{ours:?}: {octets:02X?}");
                let status = if let Some(TunnelEnd::WebSocket(status)) = ours.end { status } else { None };
                let theirs = close.map(|close| u16::from(close.code));
                // It makes one of what no status is, and ours keeps what came.
                let is_none = status.is_some_and(|status| !CloseCode::from(status).is_allowed());
                let agree = if is_none { theirs == Some(1002) } else { theirs == status };
                assert!(agree, "{theirs:?}, {status:?}: {octets:02X?}");
                return;
            }
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_)) => {}
            Err(error) => break error,
        }
    };
    assert!(ours.inside.starts_with(&inside), "{inside:02X?} of {ours:02X?}: {octets:02X?}");
    match error {
        // Ours does not read what no gateway has a use for.
        Error::Utf8(_) => {}
        // All was read: what is missing is missing for both, or it waits for the rest of what cannot be a frame.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) if ours.end.is_none() => {}
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) if octets.len() < MOST => {
            beside_tungstenite(&[octets, &vec![0; MOST]].concat(), ours);
        }
        error @ (Error::Protocol(_)
        | Error::Capacity(_)
        | Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Url(_)) => assert_eq!(ours.end, Some(TunnelEnd::Frame), "{error:?}: {octets:02X?}"),
    }
}

/// What is written is read again.
fn written(octets: &[u8]) {
    let mask = octets.first_chunk().copied().unwrap_or_default();
    let mut out = Vec::new();
    frame(Opcode::BINARY, mask, octets, &mut out);
    let head = FrameHead::parse(&out);
    let length = u64::try_from(octets.len()).ok();
    assert!(head.is_some_and(|head| Some(head.payload) == length && head.mask == Some(mask) && head.fin));
    let mut server = tungstenite::WebSocket::from_raw_socket(Deaf(Cursor::new(&out)), Role::Server, None);
    let theirs = server.read();
    assert!(matches!(&theirs, Ok(Message::Binary(theirs)) if theirs == octets), "{theirs:?}: {out:02X?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway_messages::WEBSOCKET_MESSAGES;
    use crate::generate;
    use proptest::prelude::*;

    #[test]
    fn every_known_stream_passes_whole_and_cut() {
        for message in WEBSOCKET_MESSAGES {
            for len in 0..=message.len() {
                websocket(&message[..len]);
            }
        }
    }

    #[test]
    fn every_octet_of_a_known_stream_may_be_another() {
        for message in WEBSOCKET_MESSAGES {
            let mut changed = message.to_vec();
            for at in 0..message.len() {
                for value in 0..=u8::MAX {
                    changed[at] = value;
                    websocket(&changed);
                }
                changed[at] = message[at];
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn every_stream_of_frames_is_read_alike(octets in generate::websocket_octets()) {
            websocket(&octets);
        }
    }
}

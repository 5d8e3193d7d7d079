//! What holds for the readers of HTTP responses.
use rdp_probe_core::wire::http::{
    BodyLength, Challenge, Chunks, MAX_BODY, MAX_FIELDS, MAX_HEAD, Response, challenges, frame, frame_head,
};
use rdp_probe_core::wire::tpkt::Frame;
use rdp_probe_core::wire::{Problem, WireError};

use super::two_channels::two_channels;

/// At most so many beginnings of the input are looked at.
const CUTS: usize = 96;

/// The readers come back, place their faults, say once where a response ends, and read again what is written of what they read; and what comes
/// in two channels is heard alike in any pieces.
///
/// # Panics
/// When that does not hold.
pub fn http(octets: &[u8]) {
    grows(octets, frame);
    grows(octets, frame_head);
    framed(octets);
    match Response::parse(octets) {
        Ok(response) => {
            within(octets, &response);
            reads_again(&response);
        }
        Err(error) => placed(octets, error),
    }
    // The input as a value, and as a body, for fuzzers.
    challenged(octets);
    chunked(octets);
    two_channels(octets);
    if let Frame::Whole(head) = frame_head(octets) {
        chunked(octets.get(head..).unwrap_or_default());
    }
}

/// What a body in chunks comes to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Body {
    inside: Vec<u8>,
    used: usize,
    over: bool,
    broken: bool,
}

/// In how many pieces a body comes changes nothing; and its chunks are as long as httparse says that they are.
fn chunked(octets: &[u8]) {
    let whole = body(octets, octets.len());
    for piece in [1, 2, 5] {
        assert_eq!(body(octets, piece), whole, "in pieces of {piece}: {octets:02X?}");
    }
    assert!(whole.used <= octets.len() && !(whole.over && whole.broken), "{whole:?}");
    assert!(whole.over || whole.broken || whole.used == octets.len(), "not all of it is heard: {whole:?}");
    let (mut rest, mut inside) = (octets, Vec::new());
    // What that one knows: a size, what follows it in its line, and the octets behind.
    while let Ok(httparse::Status::Complete((head, size))) = httparse::parse_chunk_size(rest) {
        let Some((line, after)) = rest.split_at_checked(head) else { break };
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let extension = line.get(digits..).and_then(|rest| rest.strip_suffix(b"\r\n")).unwrap_or(b"\n");
        // That one takes anything for an extension, and more digits.
        let strange = extension.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n'))
            || extension.first().is_some_and(|first| !b"; \t".contains(first));
        if size == 0 || digits > 8 || line.len() > 200 || strange {
            break;
        }
        let length = usize::try_from(size).unwrap_or(usize::MAX).min(after.len());
        let (data, behind) = after.split_at(length);
        inside.extend_from_slice(data);
        let Some(next) = behind.strip_prefix(b"\r\n") else { break };
        rest = next;
    }
    assert!(whole.inside.starts_with(&inside), "{:02X?} is not {inside:02X?}: {octets:02X?}", whole.inside);
}

fn body(octets: &[u8], piece: usize) -> Body {
    let (mut chunks, mut body) = (Chunks::new(), Body::default());
    for piece in octets.chunks(piece.max(1)) {
        let mut rest = piece;
        while !rest.is_empty() && !chunks.is_over() && !chunks.is_broken() {
            let heard = chunks.hear(rest);
            assert!(heard.inside <= heard.used, "{heard:?}");
            let (done, after) = rest.split_at_checked(heard.used).unwrap_or_default();
            assert!(!done.is_empty() || chunks.is_broken(), "nothing comes of {rest:02X?}");
            body.inside
                .extend_from_slice(done.get(heard.used.saturating_sub(heard.inside)..).unwrap_or_default());
            body.used += heard.used;
            rest = after;
        }
    }
    (body.over, body.broken) = (chunks.is_over(), chunks.is_broken());
    body
}

fn placed(octets: &[u8], error: WireError) {
    assert!(!error.field.is_empty(), "no field: {error:?}");
    assert_eq!(error.len, octets.len(), "{error:?}");
    assert!(error.offset <= error.len, "{error:?}");
    assert!(error.problem == Problem::Cut || error.offset < error.len, "{error:?}");
}

/// What octets come to is said once: more of them change neither where a response ends nor that there is none.
fn grows(octets: &[u8], frame: fn(&[u8]) -> Frame) {
    let whole = frame(octets);
    let step = octets.len() / CUTS + 1;
    for len in (0..octets.len()).step_by(step) {
        let held = octets.get(..len).unwrap_or(octets);
        match frame(held) {
            Frame::Partial { length } => {
                assert!(length.is_none_or(|length| length > len), "{length:?} of {len}");
                let stays = match whole {
                    Frame::Whole(end) => end > len && length.is_none_or(|length| length == end),
                    Frame::Partial { length: later } => length.is_none() || length == later,
                    Frame::Stray | _ => length.is_none(),
                };
                assert!(stays, "{length:?} and then {whole:?}: {held:02X?}");
            }
            now @ (Frame::Whole(_) | Frame::Stray | _) => assert_eq!(now, whole, "{held:02X?}"),
        }
    }
}

fn framed(octets: &[u8]) {
    let head = frame_head(octets);
    match frame(octets) {
        Frame::Whole(length) => {
            assert!((1..=octets.len()).contains(&length), "{length} of {}", octets.len());
            assert!(length <= MAX_HEAD + MAX_BODY, "{length}");
            let (one, _) = octets.split_at_checked(length).unwrap_or_default();
            assert_eq!(frame(one), Frame::Whole(length), "a frame is a frame by itself: {octets:02X?}");
            assert!(matches!(head, Frame::Whole(head) if head <= length), "{head:?} of {length}");
            match (Response::parse(one), Response::parse(octets)) {
                (Ok(response), Ok(same)) => {
                    within(one, &response);
                    assert_eq!(response.head_len, same.head_len, "{octets:02X?}");
                    assert!(same.body().starts_with(response.body()), "{octets:02X?}");
                }
                (Err(error), Err(same)) => {
                    placed(one, error);
                    assert_eq!((error.field, error.offset), (same.field, same.offset), "{octets:02X?}");
                }
                (one, all) => assert_eq!(one.is_ok(), all.is_ok(), "what follows counts: {octets:02X?}"),
            }
        }
        Frame::Partial { length } => partial(octets, length),
        Frame::Stray => {
            assert_eq!(head, Frame::Stray);
            assert!(Response::parse(octets).is_err(), "{octets:02X?}");
        }
        _ => {}
    }
}

/// More is waited for where it will come.
fn partial(octets: &[u8], length: Option<usize>) {
    let told = Response::parse(octets).map(|response| (response.head_len, response.body_length()));
    if let Some(length) = length {
        let body =
            length.checked_sub(told.map_or(0, |(head, _)| head)).and_then(|body| u64::try_from(body).ok());
        assert_eq!(told.map(|(_, body)| body).ok(), body.map(BodyLength::Octets), "{octets:02X?}");
    } else {
        assert!(octets.len() < MAX_HEAD + MAX_BODY, "waits for ever");
        assert!(told.is_ok_and(|(_, body)| body == BodyLength::Chunked) || told.is_err(), "{octets:02X?}");
    }
}

/// What was read lies where it says.
fn within(octets: &[u8], response: &Response<'_>) {
    assert_eq!(frame_head(octets), Frame::Whole(response.head_len), "{octets:02X?}");
    let behind = octets.get(response.head_len..).unwrap_or_default();
    assert!(behind.starts_with(response.body()), "{octets:02X?}");
    let most = match response.body_length() {
        BodyLength::None => 0,
        BodyLength::Octets(octets) => usize::try_from(octets).unwrap_or(usize::MAX),
        BodyLength::Chunked => MAX_BODY,
        BodyLength::UntilClose | _ => usize::MAX,
    };
    assert!(response.body().len() <= most, "{octets:02X?}");
    assert!(response.status.0 < 1000 && response.minor_version < 2, "{response:?}");
    let fields: Vec<_> = response.fields().collect();
    assert!(fields.len() <= MAX_FIELDS);
    for (name, value) in fields {
        let same = response.headers(&name.to_ascii_uppercase()).any(|other| other == value);
        assert!(same && response.header(name).is_some(), "{name}");
        assert_eq!(value, value.trim_ascii(), "{name}");
        if name.ends_with("uthenticate") {
            challenged(value);
        }
    }
}

fn reads_again(response: &Response<'_>) {
    let Response { status, minor_version, reason, .. } = *response;
    let mut octets = format!("HTTP/1.{minor_version} {:03} ", status.0).into_bytes();
    octets.extend_from_slice(reason);
    octets.extend_from_slice(b"\r\n");
    for (name, value) in response.fields() {
        octets.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    octets.extend_from_slice(b"\r\n");
    let head = octets.len();
    if head > MAX_HEAD {
        return;
    }
    octets.extend_from_slice(response.body());
    let again = Response::parse(&octets);
    assert_eq!(again.err(), None, "{octets:02X?}");
    let Ok(again) = again else { return };
    assert_eq!((again.status, again.minor_version, again.head_len), (status, minor_version, head));
    assert_eq!((again.reason, again.body_length()), (reason, response.body_length()));
    assert_eq!(again.body(), response.body());
    assert!(again.fields().eq(response.fields()), "{octets:02X?}");
}

/// Schemes are tokens, and challenges are the same again when they are written one behind the other.
fn challenged(value: &[u8]) {
    let all: Vec<Challenge<'_>> = challenges(value).collect();
    let mut again = Vec::new();
    for Challenge { scheme, token68, params, .. } in &all {
        assert!(!scheme.is_empty() && scheme.bytes().all(|octet| octet.is_ascii_graphic()), "{scheme:?}");
        again.extend_from_slice(scheme.as_bytes());
        if let Some(token) = token68 {
            assert!(!token.is_empty() && token.is_ascii(), "{token:?}");
            again.extend([b" ", token.as_bytes()].concat());
        }
        if !params.is_empty() {
            again.extend_from_slice(if token68.is_some() { b", " } else { b" " });
            again.extend_from_slice(params);
        }
        again.extend_from_slice(b", ");
    }
    let same: Vec<Challenge<'_>> = challenges(&again).collect();
    // A quotation mark that was never closed holds what was written behind it.
    let open = |challenge: &Challenge<'_>| challenge.params.contains(&b'"');
    if all.last().is_some_and(open) {
        let schemes = |all: &[Challenge<'_>]| all.iter().map(|one| one.scheme.to_owned()).collect::<Vec<_>>();
        assert_eq!(schemes(&same), schemes(&all), "{value:02X?}");
    } else {
        assert_eq!(same, all, "{value:02X?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{self, HTTP_MESSAGES};
    use proptest::prelude::*;

    #[test]
    fn every_known_response_passes_whole_and_cut() {
        for message in HTTP_MESSAGES {
            for len in 0..=message.len() {
                http(&message[..len]);
            }
        }
    }

    #[test]
    fn every_octet_of_a_known_response_may_be_another() {
        for message in HTTP_MESSAGES {
            let mut changed = message.to_vec();
            for at in 0..message.len() {
                for value in [0, b'\t', b'\n', b'\r', b' ', b'"', b',', b'0', b':', b';', b'=', b'A', 0xFF] {
                    changed[at] = value;
                    http(&changed);
                }
                changed[at] = message[at];
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn every_reader_of_http_keeps_its_word(octets in generate::http_octets()) {
            http(&octets);
        }
    }
}

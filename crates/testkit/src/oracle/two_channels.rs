//! What holds for what comes in two channels of HTTP.
use rdp_probe_core::wire::http::Chunks;
use rdp_probe_core::{TunnelEnd, TwoChannels};

/// In how many pieces octets come changes nothing, on either channel; what is carried on OUT is what is in its chunks, and an answer on IN is
/// one that stands there.
pub(super) fn two_channels(octets: &[u8]) {
    let (whole, on_in) = (on_out(octets, octets.len(), true), on_in(octets, octets.len()));
    for piece in [1, 2, 7] {
        assert_eq!(on_out(octets, piece, true), whole, "in pieces of {piece}: {octets:02X?}");
        assert_eq!(self::on_in(octets, piece), on_in, "in pieces of {piece}: {octets:02X?}");
    }
    assert_eq!(on_out(octets, octets.len(), false), (octets.to_vec(), None));
    assert_eq!(whole.1, ended(octets), "{octets:02X?}");
    answered(octets, on_in);
}

/// What is carried on OUT, and how it ended.
fn on_out(octets: &[u8], piece: usize, chunked: bool) -> (Vec<u8>, Option<TunnelEnd>) {
    let (mut channels, mut inside) = (TwoChannels::new(chunked), Vec::new());
    for piece in octets.chunks(piece.max(1)) {
        let mut rest = piece;
        while !rest.is_empty() {
            let heard = channels.hear(rest);
            assert!(heard.inside <= heard.used, "{heard:?}");
            let (done, after) = rest.split_at_checked(heard.used).unwrap_or_default();
            assert!(!done.is_empty(), "nothing comes of {rest:02X?}");
            inside.extend_from_slice(done.get(heard.used.saturating_sub(heard.inside)..).unwrap_or_default());
            rest = after;
        }
    }
    (inside, channels.ended())
}

/// How the chunks end.
fn ended(octets: &[u8]) -> Option<TunnelEnd> {
    let (mut chunks, mut rest) = (Chunks::new(), octets);
    while !rest.is_empty() && !chunks.is_over() && !chunks.is_broken() {
        let heard = chunks.hear(rest);
        rest = rest.get(heard.used..).unwrap_or_default();
    }
    match (chunks.is_over(), chunks.is_broken()) {
        (true, _) => Some(TunnelEnd::LastChunk),
        (false, true) => Some(TunnelEnd::Frame),
        (false, false) => None,
    }
}

fn on_in(octets: &[u8], piece: usize) -> Option<TunnelEnd> {
    let mut channels = TwoChannels::new(true);
    for piece in octets.chunks(piece.max(1)) {
        channels.hear_in(piece);
    }
    channels.ended()
}

/// As many octets of IN's as mean nothing are borne, at least.
const BORNE: usize = 1 << 16;

/// By another way: every place where an answer may begin.
fn answered(octets: &[u8], end: Option<TunnelEnd>) {
    let mut places = octets.windows(12).enumerate().filter(|(_, line)| line.starts_with(b"HTTP/1."));
    let final_one = places.find_map(|(at, line)| {
        let status = line.get(9..).and_then(|status| std::str::from_utf8(status).ok());
        let status = status.filter(|status| status.bytes().all(|digit| digit.is_ascii_digit()));
        match status.and_then(|status| status.parse::<u16>().ok()) {
            Some(101) => Some((at, TunnelEnd::Answer(101))),
            Some(100..=199) => None,
            Some(status) => Some((at, TunnelEnd::Answer(status))),
            None => Some((at, TunnelEnd::Frame)),
        }
    });
    match final_one {
        _ if octets.len() > BORNE => {}
        Some((_, told)) => assert_eq!(end, Some(told), "{octets:02X?}"),
        None => assert_eq!(end, None, "{octets:02X?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [&[u8]; 5] = [
        b"5\r\nhello\r\n0a;x=y\r\n, world at\r\n1\r\n!\r\n0\r\nA: b\r\n\r\nbehind",
        b"5\r\nhello\r\n-1\r\n",
        b"\xAB\xCDHTTHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Content Too Large\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.HTTP/1.0 401 Unauthorized\r\n",
    ];

    #[test]
    fn what_is_known_passes_whole_cut_and_with_any_octet_another() {
        for message in KNOWN {
            for len in 0..=message.len() {
                two_channels(&message[..len]);
            }
            let mut changed = message.to_vec();
            for at in 0..message.len() {
                for value in 0..=u8::MAX {
                    changed[at] = value;
                    two_channels(&changed);
                }
                changed[at] = message[at];
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn what_comes_in_any_order_is_heard_alike(
            parts in proptest::collection::vec(proptest::sample::select(&KNOWN[..]), 0..4),
            noise in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            two_channels(&[parts.concat(), noise].concat());
        }
    }
}

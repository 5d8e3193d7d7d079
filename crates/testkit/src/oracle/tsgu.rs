//! What holds for the readers of a gateway's tunnel, whoever sends.
use rdp_probe_core::wire::tpkt::Frame;
use rdp_probe_core::wire::tsgu::{
    Body, ChannelResponse, ClientBody, ClientPacket, ExtendedAuth, HandshakeResponse, Header, MAX_SEED,
    PacketType, ServerPacket, StatusCode, TunnelAuthResponse, TunnelResponse, behind_seed, channel_create,
    channel_response, close_channel, close_channel_response, data, extended_auth_response, frame,
    frame_behind_seed, handshake_request, handshake_response, keepalive, reauth, service_message, tunnel_auth,
    tunnel_auth_response, tunnel_create, tunnel_response,
};
use rdp_probe_core::wire::{Problem, WireError};

/// At most so many beginnings of a packet are looked at.
const CUTS: usize = 96;

/// The readers come back, place their faults, say once where a packet ends, and read again what is written of what they read. The input is
/// a stream of packets, from either side.
///
/// # Panics
/// When that does not hold.
pub fn tsgu(octets: &[u8]) {
    seed(octets);
    let mut rest = octets;
    while let Frame::Whole(length) = frame(rest) {
        assert!((Header::LEN..=rest.len()).contains(&length), "{length} of {}", rest.len());
        let (packet, after) = rest.split_at_checked(length).unwrap_or_default();
        grows(packet);
        either(packet, rest);
        rest = after;
    }
    let last = frame(rest);
    if let Frame::Partial { length } = last {
        assert_eq!(length.is_some(), rest.len() >= Header::LEN, "{rest:02X?}");
        assert!(length.is_none_or(|length| (rest.len()..=Header::MAX_PACKET).contains(&length)), "{rest:02X?}");
    }
    assert_ne!(last, Frame::Stray, "a packet may be of any type");
    cut(rest);
}

/// Behind a seed the first packet is told once, and is the same that is read without it.
fn seed(octets: &[u8]) {
    let whole = frame_behind_seed(octets);
    let most = octets.len().min(MAX_SEED + Header::LEN + CUTS);
    let mut told = None;
    for len in 0..=most {
        let begun = octets.get(..len).unwrap_or(octets);
        let frame = frame_behind_seed(begun);
        assert_ne!(frame, Frame::Stray, "a seed may be of any octets: {octets:02X?}");
        match frame {
            Frame::Partial { length } => {
                assert!(length.is_none_or(|length| length > len), "{len} of {octets:02X?}");
                assert!(length.is_some() || len < MAX_SEED + Header::LEN, "{len} of {octets:02X?}");
                assert_eq!(told, None, "{len} of {octets:02X?}");
            }
            Frame::Whole(length) => {
                assert!(length <= len, "{len} of {octets:02X?}");
                if let Ok((packet, seed)) = behind_seed(begun) {
                    assert_eq!(*told.get_or_insert((length, seed)), (length, seed), "{len} of {octets:02X?}");
                    assert_eq!(packet, begun.get(seed..).unwrap_or_default());
                }
            }
            Frame::Stray | _ => {}
        }
    }
    if let Some((length, seed)) = told {
        assert_eq!(whole, Frame::Whole(length), "{octets:02X?}");
        assert_eq!(behind_seed(octets).map(|(_, seed)| seed), Ok(seed), "{octets:02X?}");
    }
    seeded(octets);
    match behind_seed(octets) {
        Ok((packet, seed)) => {
            assert!(seed <= MAX_SEED && octets.ends_with(packet), "{octets:02X?}");
            assert_eq!(packet.len() + seed, octets.len(), "{octets:02X?}");
            let by_itself = match frame(packet) {
                Frame::Whole(length) => Frame::Whole(length + seed),
                Frame::Partial { length } => Frame::Partial { length: length.map(|length| length + seed) },
                Frame::Stray | _ => Frame::Stray,
            };
            assert_eq!(whole, by_itself, "{octets:02X?}");
        }
        Err(error) => {
            placed(octets, error);
            let over = octets.len() >= MAX_SEED + Header::LEN;
            let all = if over { Frame::Whole(octets.len()) } else { Frame::Partial { length: None } };
            assert_eq!(whole, all, "{octets:02X?}");
        }
    }
    if let Frame::Whole(_) = frame(octets)
        && ServerPacket::parse(octets).is_ok_and(|packet| packet.packet_type.name().is_some())
        && octets.get(2..4) == Some(&[0, 0])
    {
        assert_eq!(behind_seed(octets), Ok((octets, 0)), "without a seed");
    }
}

/// A seed of any length before the answer takes nothing from it, and one that is too long is none.
fn seeded(octets: &[u8]) {
    const RESPONSE: core::ops::RangeInclusive<usize> = 18..=256;
    let Frame::Whole(length) = frame(octets) else { return };
    if !octets.starts_with(&[2, 0, 0, 0]) || !RESPONSE.contains(&length) {
        return;
    }
    for seed in [0, 1, 2, 7, 9, 10, 11, 57, 99, MAX_SEED, MAX_SEED + 1] {
        let held: Vec<u8> = [0xAB, 0xCD].into_iter().cycle().take(seed).chain(octets.iter().copied()).collect();
        // Where most gateways' seeds end, anything that has a name is taken for the answer.
        let usual = held.get(10..14).unwrap_or_default();
        if seed < 10
            && matches!(*usual, [t0, t1, 0, 0] if PacketType(u16::from_le_bytes([t0, t1])).name().is_some())
        {
            continue;
        }
        if seed > MAX_SEED {
            assert!(behind_seed(&held).is_err(), "{seed} before {octets:02X?}");
            continue;
        }
        assert_eq!(behind_seed(&held), Ok((octets, seed)), "{seed} before {octets:02X?}");
        assert_eq!(frame_behind_seed(&held), Frame::Whole(seed + length), "{seed} before {octets:02X?}");
        for len in 0..seed + length {
            let begun = frame_behind_seed(held.get(..len).unwrap_or(&held));
            let least = len >= seed + Header::LEN;
            assert!(
                matches!(begun, Frame::Partial { length: told } if told == least.then_some(seed + length)),
                "{len} of {seed} before {octets:02X?}: {begun:?}"
            );
        }
    }
}

/// A packet is one by itself, and none of its beginnings is.
fn grows(packet: &[u8]) {
    assert_eq!(frame(packet), Frame::Whole(packet.len()), "{packet:02X?}");
    let step = packet.len() / CUTS + 1;
    for len in (0..packet.len()).step_by(step) {
        let length = (len >= Header::LEN).then_some(packet.len());
        assert_eq!(frame(packet.get(..len).unwrap_or(packet)), Frame::Partial { length }, "{len}");
        cut(packet.get(..len).unwrap_or(packet));
    }
}

/// What is not whole is read by nobody.
fn cut(octets: &[u8]) {
    let errors = [ServerPacket::parse(octets).err(), ClientPacket::parse(octets).err()];
    assert!(errors.iter().all(Option::is_some), "read before it is whole: {octets:02X?}");
    errors.into_iter().flatten().for_each(|error| placed(octets, error));
}

fn placed(octets: &[u8], error: WireError) {
    assert!(!error.field.is_empty(), "no field: {error:?}");
    assert_eq!(error.len, octets.len(), "{error:?}");
    assert!(error.offset <= error.len, "{error:?}");
    assert!(error.problem == Problem::Cut || error.offset < error.len, "{error:?}");
}

/// A packet as either side's, alone and with what follows it.
fn either(packet: &[u8], followed: &[u8]) {
    match (ServerPacket::parse(packet), ServerPacket::parse(followed)) {
        (Ok(read), same) => {
            assert_eq!(same, Ok(read), "{packet:02X?}");
            if let Some(longer) = longer(packet).filter(|_| server_is_settled(read.body)) {
                let again = ServerPacket::parse(&longer).map(|again| (again.body, again.trailing));
                assert_eq!(
                    again,
                    Ok((read.body, read.trailing.saturating_add(SURPLUS.len()))),
                    "{longer:02X?}"
                );
            }
            server_reads_again(read.body);
        }
        (Err(error), same) => {
            placed(packet, error);
            same_place(error, same.err());
        }
    }
    match (ClientPacket::parse(packet), ClientPacket::parse(followed)) {
        (Ok(read), same) => {
            assert_eq!(same, Ok(read), "{packet:02X?}");
            if let Some(longer) = longer(packet).filter(|_| client_is_settled(read.body)) {
                let again = ClientPacket::parse(&longer).map(|again| (again.body, again.trailing));
                assert_eq!(
                    again,
                    Ok((read.body, read.trailing.saturating_add(SURPLUS.len()))),
                    "{longer:02X?}"
                );
            }
            client_reads_again(read.body);
        }
        (Err(error), same) => {
            placed(packet, error);
            same_place(error, same.err());
        }
    }
}

fn same_place(error: WireError, same: Option<WireError>) {
    let same = same.map(|same| (same.field, same.offset, same.problem));
    assert_eq!(same, Some((error.field, error.offset, error.problem)));
}

const SURPLUS: [u8; 3] = [0xEE; 3];

/// The packet with octets behind its last field.
fn longer(packet: &[u8]) -> Option<Vec<u8>> {
    let mut longer = [packet, &SURPLUS].concat();
    let length = u32::try_from(longer.len()).ok().filter(|_| longer.len() <= Header::MAX_PACKET)?;
    longer.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    Some(longer)
}

/// Whether octets behind its last field are no field. A refusal may lack some, and where a nonce is nobody knows how long it is.
fn server_is_settled(body: Body<'_>) -> bool {
    match body {
        Body::TunnelResponse(response) => {
            response.status_code == StatusCode::OK && response.fields_present & 0x4 == 0
        }
        Body::TunnelAuthResponse(response) => response.error_code == StatusCode::OK,
        Body::ChannelResponse(response) => response.error_code == StatusCode::OK,
        Body::HandshakeResponse(_)
        | Body::ExtendedAuth(_)
        | Body::Data(_)
        | Body::ServiceMessage(_)
        | Body::Reauth(_)
        | Body::Keepalive
        | Body::CloseChannel(_)
        | Body::CloseChannelResponse(_) => true,
        Body::Other(_) | _ => false,
    }
}

/// Whether octets behind its last field are no field. Behind a context there may be a cookie that no bit tells of.
const fn client_is_settled(body: ClientBody<'_>) -> bool {
    match body {
        ClientBody::TunnelCreate(create) => create.fields_present & 0x3 != 0x2,
        ClientBody::HandshakeRequest(_)
        | ClientBody::ExtendedAuth(_)
        | ClientBody::TunnelAuth(_)
        | ClientBody::ChannelCreate(_)
        | ClientBody::Data(_)
        | ClientBody::Keepalive
        | ClientBody::CloseChannel(_)
        | ClientBody::CloseChannelResponse(_) => true,
        ClientBody::Other(_) | _ => false,
    }
}

/// The text that these octets are, where a packet can carry it: a terminator belongs to it.
fn text(octets: &[u8]) -> Option<String> {
    let (units, rest) = octets.as_chunks::<2>();
    let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
    let text = units.strip_suffix(&[0]).filter(|text| rest.is_empty() && !text.contains(&0))?;
    String::from_utf16(text).ok()
}

fn written(with: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    with(&mut out);
    assert_eq!(frame(&out), Frame::Whole(out.len()), "{out:02X?}");
    out
}

fn server_reads_again(body: Body<'_>) {
    let Some((octets, body)) = server_again(body) else { return };
    let again = ServerPacket::parse(&octets).map(|again| (again.body, again.trailing));
    assert_eq!(again, Ok((body, 0)), "{octets:02X?}");
}

/// The body written, and as it is then: without what nobody writes. `None` when that cannot be written.
fn server_again(body: Body<'_>) -> Option<(Vec<u8>, Body<'_>)> {
    let octets = match body {
        Body::HandshakeResponse(HandshakeResponse {
            error_code,
            version,
            server_version,
            extended_auth,
            ..
        }) => written(|out| handshake_response(error_code, version, server_version, extended_auth, out)),
        Body::ExtendedAuth(ExtendedAuth { error_code, blob, .. }) => {
            written(|out| assert!(extended_auth_response(error_code, blob, out)))
        }
        Body::TunnelResponse(mut response) => {
            let TunnelResponse { status_code, tunnel_id, caps, consent, .. } = response;
            let text = consent.map(|consent| text(consent).ok_or(())).transpose().ok()?;
            (response.server_version, response.server_cert) = (0, None);
            response.fields_present =
                bits([(tunnel_id.is_some(), 0x1), (caps.is_some(), 0x2), (consent.is_some(), 0x10)]);
            let written = written(|out| {
                assert_eq!(tunnel_response(status_code, tunnel_id, caps, text.as_deref(), out), Ok(()));
            });
            return Some((written, Body::TunnelResponse(response)));
        }
        Body::TunnelAuthResponse(mut response) => {
            let TunnelAuthResponse { error_code, redir_flags, idle_timeout, .. } = response;
            response.soh_response = None;
            response.fields_present = bits([(redir_flags.is_some(), 0x1), (idle_timeout.is_some(), 0x2)]);
            let written = written(|out| tunnel_auth_response(error_code, redir_flags, idle_timeout, out));
            return Some((written, Body::TunnelAuthResponse(response)));
        }
        Body::ChannelResponse(mut response) => {
            let ChannelResponse { error_code, channel_id, udp_port, authn_cookie, .. } = response;
            response.fields_present =
                bits([(channel_id.is_some(), 0x1), (authn_cookie.is_some(), 0x2), (udp_port.is_some(), 0x4)]);
            let written =
                written(|out| assert!(channel_response(error_code, channel_id, udp_port, authn_cookie, out)));
            return Some((written, Body::ChannelResponse(response)));
        }
        Body::Data([]) | Body::Other(_) => return None,
        Body::Data(octets) => written(|out| data(octets, out)),
        Body::ServiceMessage(message) => {
            let text = text(message)?;
            written(|out| assert_eq!(service_message(&text, out), Ok(())))
        }
        Body::Reauth(context) => written(|out| reauth(context, out)),
        Body::Keepalive => written(keepalive),
        Body::CloseChannel(code) => written(|out| close_channel(code, out)),
        Body::CloseChannelResponse(code) => written(|out| close_channel_response(code, out)),
        _ => return None,
    };
    Some((octets, body))
}

/// `fieldsPresent`: the bits of those that are there.
fn bits<const N: usize>(there: [(bool, u16); N]) -> u16 {
    there.into_iter().filter(|(there, _)| *there).fold(0, |bits, (_, bit)| bits | bit)
}

fn client_reads_again(body: ClientBody<'_>) {
    let Some((octets, body)) = client_again(body) else { return };
    let again = ClientPacket::parse(&octets).map(|again| (again.body, again.trailing));
    assert_eq!(again, Ok((body, 0)), "{octets:02X?}");
}

/// The body written, and as it is then: without what nobody writes. `None` when that cannot be written.
fn client_again(body: ClientBody<'_>) -> Option<(Vec<u8>, ClientBody<'_>)> {
    let octets = match body {
        ClientBody::HandshakeRequest(mut request) => {
            (request.version, request.client_version) = ((1, 0), 0);
            let written = written(|out| handshake_request(request.extended_auth, out));
            return Some((written, ClientBody::HandshakeRequest(request)));
        }
        ClientBody::ExtendedAuth(ExtendedAuth { error_code, blob, .. }) => {
            written(|out| assert!(extended_auth_response(error_code, blob, out)))
        }
        ClientBody::TunnelCreate(mut create) => {
            let token = create.paa_cookie.map(|cookie| text(cookie).ok_or(())).transpose().ok()?;
            create.reauth_tunnel_context = None;
            create.fields_present = bits([(token.is_some(), 0x1)]);
            let written = written(|out| assert_eq!(tunnel_create(create.caps, token.as_deref(), out), Ok(())));
            return Some((written, ClientBody::TunnelCreate(create)));
        }
        ClientBody::TunnelAuth(mut auth) => {
            let name = text(auth.client_name)?;
            (auth.fields_present, auth.statement_of_health) = (0, None);
            let written = written(|out| assert_eq!(tunnel_auth(&name, out), Ok(())));
            return Some((written, ClientBody::TunnelAuth(auth)));
        }
        ClientBody::ChannelCreate(mut create) => {
            for names in [create.resources, create.alternatives] {
                assert_eq!(names.iter().count(), usize::from(names.count), "{names:?}");
                assert_eq!(names.iter().next(), names.first());
            }
            let name = create.resources.first().and_then(text)?;
            if (create.resources.count, create.alternatives.count) != (1, 0) {
                return None;
            }
            create.protocol = 3;
            let written = written(|out| assert_eq!(channel_create(&name, create.port, out), Ok(())));
            return Some((written, ClientBody::ChannelCreate(create)));
        }
        ClientBody::Data([]) | ClientBody::Other(_) => return None,
        ClientBody::Data(octets) => written(|out| data(octets, out)),
        ClientBody::Keepalive => written(keepalive),
        ClientBody::CloseChannel(code) => written(|out| close_channel(code, out)),
        ClientBody::CloseChannelResponse(code) => written(|out| close_channel_response(code, out)),
        _ => return None,
    };
    Some((octets, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{self, TSGU_MESSAGES};
    use proptest::prelude::*;

    #[test]
    fn every_known_packet_is_somebodys_and_passes_whole_cut_and_changed() {
        for message in TSGU_MESSAGES {
            let read = (ServerPacket::parse(message), ClientPacket::parse(message));
            assert!(read.0.is_ok() && read.1.is_ok(), "{message:02X?}: {read:?}");
            for len in 0..=message.len() {
                tsgu(&message[..len]);
            }
            let mut changed = message.to_vec();
            for at in 0..message.len() {
                for value in 0..=u8::MAX {
                    changed[at] = value;
                    tsgu(&changed);
                }
                changed[at] = message[at];
            }
        }
        tsgu(&TSGU_MESSAGES.concat());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn every_reader_of_a_tunnel_keeps_its_word(octets in generate::tsgu_octets()) {
            tsgu(&octets);
        }
    }
}

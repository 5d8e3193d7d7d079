use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdp_probe_core::wire::tsgu::{self, Body, ServerPacket, StatusCode};
use rdp_probe_core::{AuthAsk, AuthOutput};

use super::super::judge::Bound;
use super::super::notes::Seen;
use super::*;
use crate::certificate::Kind;

pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(super) const BASIC: &str = "Authorization: Basic Z3d1c2VyOkd3LVNlY3JldC03IQ==\r\n";
pub(super) const PAA: &str = "RDG-Auth-Scheme: PAA\r\n";

pub(super) fn request(more: &str) -> Vec<u8> {
    format!(
        "RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\nHost: gw.lab.test\r\nUser-Agent: MS-RDGateway/1.0\r\n\
         Accept: */*\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\
         RDG-Connection-Id: {{958F92D8-DA20-467A-BBE3-65E7E9B4EDCF}}\r\nContent-Length: 0\r\n{more}\r\n"
    )
    .into_bytes()
}

pub(super) fn packet(with: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    with(&mut out);
    out
}

pub(super) fn handshake(token: bool) -> Vec<u8> {
    let mask = if token { ExtendedAuthMask::PAA } else { ExtendedAuthMask::NONE };
    packet(|out| tsgu::handshake_request(mask, out))
}

pub(super) fn create(caps: u32, token: Option<&str>) -> Vec<u8> {
    packet(|out| tsgu::tunnel_create(TunnelCaps(caps), token, out).unwrap())
}

pub(super) fn authorize() -> Vec<u8> {
    packet(|out| tsgu::tunnel_auth("PROBE", out).unwrap())
}

pub(super) fn channel() -> Vec<u8> {
    packet(|out| tsgu::channel_create("srv1", 3389, out).unwrap())
}

pub(super) fn data(octets: &[u8]) -> Vec<u8> {
    packet(|out| tsgu::data(octets, out))
}

pub(super) fn close_channel() -> Vec<u8> {
    packet(|out| tsgu::close_channel(StatusCode::OK, out))
}

fn keepalive() -> Vec<u8> {
    packet(tsgu::keepalive)
}

/// A connection, and what all of its gateway's have shown.
struct Talk {
    gateway: Gateway,
    notes: Notes,
    token: bool,
}

impl Talk {
    fn new(table: &str) -> Self {
        let table = GatewayTable::parse("gw", table).unwrap();
        let notes = Notes::default();
        let token = table.accepts == Accepts::Token;
        Self { gateway: Gateway::new(&table, &notes), notes, token }
    }

    /// Everything that a client says before this answer is due, and then what leads to it.
    fn up_to(&mut self, at: GatewayPoint) -> Vec<Does> {
        let token = if self.token { Some("Gw-Token-7!") } else { None };
        let more = if self.token { PAA } else { BASIC };
        if at == GatewayPoint::Tls {
            return self.gateway.instead_of_tls().unwrap();
        }
        assert_eq!(self.gateway.instead_of_tls(), None);
        if at == GatewayPoint::Http {
            return self.gateway.hear(&request(""));
        }
        let does = self.gateway.hear(&request(more));
        if at == GatewayPoint::Auth {
            return does;
        }
        assert_eq!(does.last(), Some(&Does::Upgraded));
        let said = [
            (GatewayPoint::Handshake, handshake(self.token)),
            (GatewayPoint::Create, create(0x0E, token)),
            (GatewayPoint::Authorization, authorize()),
            (GatewayPoint::Channel, channel()),
        ];
        for (point, octets) in said {
            let does = self.gateway.hear(&octets);
            if at == point {
                return does;
            }
        }
        self.gateway.target_dialed(true)
    }

    fn seen(&self) -> Seen {
        self.notes.seen()
    }
}

pub(super) fn text(does: &[Does]) -> String {
    let Some(Does::Send(octets)) = does.first() else { panic!("{does:?}") };
    String::from_utf8(octets.clone()).unwrap()
}

fn sent(does: &[Does]) -> Vec<u8> {
    let [Does::Send(octets)] = does else { panic!("{does:?}") };
    octets.clone()
}

#[test]
fn each_answer_has_a_cookie_of_its_own_where_that_is_asked_for() {
    let mut talk = Talk::new("cookies = true\nvia = \"1.1 proxy\"");
    let first = text(&talk.gateway.hear(&request("")));
    let second = text(&talk.gateway.hear(&request("Cookie: leg1=of-1\r\n")));
    for (answer, cookie) in [(first, "leg1=of-1"), (second, "leg2=of-2")] {
        let lines = format!("\r\nVia: 1.1 proxy\r\nSet-Cookie: {cookie}; Path=/; HttpOnly\r\n");
        assert!(answer.contains(&lines), "{answer}");
    }
    assert_eq!(talk.seen().cookies, ["", "leg1=of-1"]);
    assert!(!text(&Talk::new("").up_to(GatewayPoint::Http)).contains("Set-Cookie"));
}

#[test]
fn who_asks_on_and_on_is_told() {
    let mut talk = Talk::new("");
    for asked in 1..=10 {
        talk.gateway.hear(&request(""));
        let told = &["more than 8 requests on one connection"][..usize::from(asked > 8)];
        assert_eq!(talk.seen().violations, told, "{asked}");
    }
}

const OPEN: GatewayPoint = GatewayPoint::Open { after: 0 };

#[test]
fn ntlm_is_let_in_by_its_password_and_by_what_it_is_bound_to() {
    let own = Kind::Gateway.end_point();
    let other = Kind::Good.end_point();
    for (table, secret, binding, bound, admitted) in [
        ("", 0, Some(&own), Bound::Own, true),
        ("", 0, Some(&other), Bound::Other, true),
        ("", 0, None, Bound::Nothing, true),
        ("", 1, Some(&own), Bound::Own, false),
        ("binding = \"required\"", 0, Some(&own), Bound::Own, true),
        ("binding = \"required\"", 0, Some(&other), Bound::Other, false),
        ("binding = \"required\"", 0, None, Bound::Nothing, false),
        ("binding = \"other\"", 0, Some(&own), Bound::Other, false),
        ("binding = \"other\"", 0, Some(&other), Bound::Own, true),
    ] {
        let mut talk = Talk::new(&format!("accepts = \"ntlm\"\n{table}"));
        let mut toy = Toy::new(secret);
        let with = |token: &[u8]| request(&format!("Authorization: NTLM {}\r\n", base64(token)));
        assert!(text(&talk.gateway.hear(&request(""))).contains("\r\nWWW-Authenticate: NTLM\r\n"));
        let Ok(AuthOutput::Token { token, .. }) = toy.ask(AuthAsk::Token(None)) else { panic!("no token") };
        let asked = text(&talk.gateway.hear(&with(&token)));
        let challenge = asked.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: NTLM ")).unwrap();
        let challenge = STANDARD.decode(challenge).unwrap();
        let Ok(AuthOutput::Token { token, .. }) = toy.ask(AuthAsk::Token(Some(&challenge))) else {
            panic!("no proof")
        };
        let token = super::super::judge::bound(&token, binding.map(Vec::as_slice));
        let does = talk.gateway.hear(&with(&token));
        assert_eq!(does.last() == Some(&Does::Upgraded), admitted, "{table} {secret} {bound:?}");
        let seen = talk.seen();
        assert_eq!((seen.logons, seen.bound), (1, vec![bound]), "{table} {secret}");
    }
}

#[test]
fn password_opens_a_channel() {
    let mut talk = Talk::new("");
    let does = talk.gateway.hear(&request("RDG-Correlation-Id: {958F92D8-DA20-467A-BBE3-65E7E9B4EDCE}\r\n"));
    let answer = text(&does);
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    assert!(answer.contains("\r\nWWW-Authenticate: Basic realm=\"gw.lab.test\"\r\n"), "{answer}");
    assert_eq!(answer.matches("WWW-Authenticate").count(), 1, "{answer}");
    let does = talk.gateway.hear(&request(BASIC));
    assert!(text(&does).contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_eq!(does[1..], [Does::Upgraded]);
    // In whatever pieces it comes.
    let (one, other) = (handshake(false), create(0x0E, None));
    assert_eq!(talk.gateway.hear(&one[..5]), []);
    let both = talk.gateway.hear(&[&one[5..], &other].concat());
    assert_eq!(both.len(), 2);
    assert_eq!(both[0], Does::Send(packets::handshake_response(0, (1, 0), ExtendedAuthMask(7))));
    assert_eq!(both[1], Does::Send(packets::tunnel_response(6, 0x3F, None)));
    assert_eq!(sent(&talk.gateway.hear(&authorize())), packets::tunnel_auth_response(0));
    assert_eq!(talk.gateway.hear(&channel()), [Does::Open { name: "srv1".to_owned(), port: 3389 }]);
    assert_eq!(sent(&talk.gateway.target_dialed(true)), packets::channel_response(0));
    assert_eq!(talk.gateway.hear(&data(b"ab")), [Does::ToTarget(b"ab".to_vec())]);
    assert_eq!(sent(&talk.gateway.target_said(b"cd")), data(b"cd"));
    assert_eq!(sent(&talk.gateway.hear(&keepalive())), keepalive());
    let bye = [Does::CloseTarget, Does::Send(packets::close_channel_response(false))];
    assert_eq!(talk.gateway.hear(&close_channel()), bye);
    assert_eq!((talk.gateway.target_said(b"x"), talk.gateway.target_ended()), (vec![], vec![]));
    talk.gateway.websocket_closed();
    assert_eq!(
        talk.seen(),
        Seen {
            connections: 1,
            requests: 2,
            logons: 1,
            authorizations: vec!["Basic".to_owned()],
            authorization_values: vec!["Z3d1c2VyOkd3LVNlY3JldC03IQ==".to_owned()],
            asked: vec![("RDG_OUT_DATA".to_owned(), "{958F92D8-DA20-467A-BBE3-65E7E9B4EDCF}".to_owned()); 2],
            cookies: vec![String::new(); 2],
            users: vec!["gwuser".to_owned()],
            secrets_seen: vec!["Gw-Secret-7!".to_owned()],
            correlation_ids: vec!["{958F92D8-DA20-467A-BBE3-65E7E9B4EDCE}".to_owned()],
            client_names: vec!["PROBE".to_owned()],
            channels: vec![("srv1".to_owned(), 3389)],
            closed_channels: 1,
            websocket_closes: 1,
            keepalives: 1,
            ..Seen::default()
        }
    );
}

#[test]
fn token_and_nothing_at_all_open_a_channel() {
    for (table, secrets) in
        [("accepts = \"token\"", vec!["Gw-Token-7!".to_owned()]), ("accepts = \"anyone\"", vec![])]
    {
        let mut talk = Talk::new(table);
        let more = if talk.token { PAA } else { "" };
        assert_eq!(talk.gateway.hear(&request(more)).len(), 2, "{table}");
        talk.gateway.hear(&handshake(talk.token));
        talk.gateway.hear(&create(0x0E, secrets.first().map(String::as_str)));
        talk.gateway.hear(&authorize());
        assert!(matches!(talk.gateway.hear(&channel())[..], [Does::Open { .. }]), "{table}");
        let seen = talk.seen();
        assert_eq!((seen.logons, seen.violations.len()), (secrets.len(), 0), "{table}");
        assert_eq!(seen.secrets_seen, secrets);
    }
}

#[test]
fn wrong_secrets_are_refused_and_counted() {
    let mut talk = Talk::new("");
    for _ in 0..2 {
        let answer = text(&talk.gateway.hear(&request("Authorization: Basic YTpi\r\n")));
        assert!(answer.starts_with("HTTP/1.1 401"));
    }
    assert!(text(&talk.gateway.hear(&request("Authorization: NTLM TlRMTVNTUAABAAAA\r\n"))).contains(" 401 "));
    let seen = talk.seen();
    assert_eq!((seen.logons, seen.authorizations), (2, ["Basic", "Basic", "NTLM"].map(str::to_owned).to_vec()));

    for (cookie, low) in [(None, 0x59F7), (Some("other"), 0x59F8)] {
        let mut talk = Talk::new("accepts = \"token\"");
        talk.up_to(GatewayPoint::Handshake);
        let refused = sent(&talk.gateway.hear(&create(0x0E, cookie)));
        assert_eq!(refused, packets::tunnel_refusal(0x8007_0000 | low));
    }
    for (personality, low, version) in [("windows", 0x59F9, (1, 0)), ("open_source", 0x59E9, (0, 0))] {
        let mut talk = Talk::new(&format!("accepts = \"token\"\npersonality = \"{personality}\""));
        talk.up_to(GatewayPoint::Auth);
        let refused = sent(&talk.gateway.hear(&handshake(false)));
        assert_eq!(refused, packets::handshake_response(0x8007_0000 | low, version, ExtendedAuthMask::NONE));
    }
    let mut windows = Talk::new("accepts = \"token\"");
    assert!(
        text(&windows.gateway.hear(&request(""))).contains(" 401 "),
        "only a client that says PAA is let in"
    );
}

#[test]
fn open_source_gateway_has_its_own_habits() {
    let table = "personality = \"open_source\"";
    let mut talk = Talk::new(table);
    let answer = text(&talk.gateway.hear(&request("")));
    assert!(
        answer.contains("\r\nWww-Authenticate: Basic realm=\"restricted\", charset=\"UTF-8\"\r\n"),
        "{answer}"
    );
    assert_eq!(sent(&talk.up_to(GatewayPoint::Create)), packets::tunnel_response(10, 2, None));
    talk.gateway.hear(&authorize());
    talk.gateway.hear(&channel());
    let refused = sent(&talk.gateway.target_dialed(false));
    assert_eq!(refused, packets::channel_response(0x8007_59D8));
    assert_eq!(refused.len(), 20);

    let mut talk = Talk::new(table);
    talk.up_to(OPEN);
    let parts = talk.gateway.target_said(&[7; 5000]);
    assert_eq!(parts, [Does::Send(data(&[7; 4086])), Does::Send(data(&[7; 914]))]);
    assert_eq!(talk.gateway.hear(&keepalive()), []);
    assert_eq!(talk.gateway.target_ended(), []);
    talk.gateway.hear(&data(b"a"));
    let bye = [Does::CloseTarget, Does::Send(packets::close_channel_response(true))];
    assert_eq!(talk.gateway.hear(&close_channel()), bye);

    let mut early = Talk::new(table);
    early.up_to(OPEN);
    assert_eq!(early.gateway.hear(&close_channel()), [Does::CloseTarget, Does::Close(Ending::CloseNotify)]);
}

#[test]
fn windows_tells_how_the_target_was() {
    let mut talk = Talk::new("");
    talk.up_to(GatewayPoint::Channel);
    assert_eq!(sent(&talk.gateway.target_dialed(false)), packets::channel_refusal(0x8007_59DD));

    let mut talk = Talk::new("");
    talk.up_to(OPEN);
    assert_eq!(sent(&talk.gateway.target_ended()), packets::close_channel(0xA0));
    // Both may have crossed.
    assert_eq!(talk.gateway.hear(&data(b"late")), []);
    talk.gateway.hear(&[0x11, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((talk.seen().close_responses, talk.seen().violations), (1, vec![]));
}

#[test]
fn what_a_gateway_says_beside_its_answers_stands_where_it_is_asked_for() {
    let table = "consent = \"Hi\"\nidle_timeout = 5\nkeepalive = true\ndata_size = 2\ncaps = \"0x0E\"\ntunnel_id = 9\n\
        service_message = { text = \"OK\", stage = \"gateway_authorization\" }";
    let mut talk = Talk::new(table);
    assert_eq!(sent(&talk.up_to(GatewayPoint::Create)), packets::tunnel_response(9, 0x0E, Some("Hi")));
    let both = talk.gateway.hear(&authorize());
    let message = Does::Send(packets::service_message("OK"));
    assert_eq!(both, [message, Does::Send(packets::tunnel_auth_response(5))]);
    talk.gateway.hear(&channel());
    let both = talk.gateway.target_dialed(true);
    assert_eq!(both, [Does::Send(packets::channel_response(0)), Does::Send(packets::keepalive())]);
    assert_eq!(talk.gateway.hear(&keepalive()), [], "it is an answer");
    assert_eq!(talk.gateway.target_said(b"abc").len(), 2);
    let mut blind = Talk::new(table);
    blind.up_to(GatewayPoint::Handshake);
    assert_eq!(sent(&blind.gateway.hear(&create(0, None))), packets::tunnel_refusal(0x8007_59E9));
}

#[test]
fn every_departure_takes_the_place_of_the_answer() {
    let send = |octets: &[u8]| Does::Send(octets.to_vec());
    let fin = Does::Close(Ending::Fin);
    let cases: Vec<(&str, GatewayPoint, Vec<Does>)> = vec![
        ("stage = \"gateway_tls\", close = \"reset\"", GatewayPoint::Tls, vec![Does::Close(Ending::Reset)]),
        ("stage = \"gateway_tls\", octets = \"48 54\"", GatewayPoint::Tls, vec![send(b"HT")]),
        ("stage = \"gateway_http\", silent = true", GatewayPoint::Http, vec![]),
        (
            "stage = \"gateway_http\", cut = 4, close = \"fin\"",
            GatewayPoint::Http,
            vec![send(b"HTTP"), fin.clone()],
        ),
        ("stage = \"gateway_auth\", cut = 0, close = \"fin\"", GatewayPoint::Auth, vec![fin.clone()]),
        (
            "stage = \"gateway_http\", status = 503, headers = [\"Via: 1.1 x\"], body = \"no\", close = \"fin\"",
            GatewayPoint::Http,
            vec![
                send(b"HTTP/1.1 503 Service Unavailable\r\nVia: 1.1 x\r\nContent-Length: 2\r\n\r\nno"),
                fin.clone(),
            ],
        ),
        ("stage = \"gateway_auth\", status = 200", GatewayPoint::Auth, vec![send(b"HTTP/1.1 200 OK\r\n\r\n")]),
        (
            "stage = \"gateway_auth\", drip = { octets = \"41 42\", every_ms = 3 }",
            GatewayPoint::Auth,
            vec![Does::Drip { octets: b"AB".to_vec(), every: Duration::from_millis(3) }],
        ),
        (
            "stage = \"gateway_tunnel\", step = \"handshake\", version = [2, 1]",
            GatewayPoint::Handshake,
            vec![Does::Send(packets::handshake_response(0, (2, 1), ExtendedAuthMask(7)))],
        ),
        (
            "stage = \"gateway_tunnel\", step = \"handshake\", code = \"0x800759E9\"",
            GatewayPoint::Handshake,
            vec![Does::Send(packets::handshake_response(0x8007_59E9, (1, 0), ExtendedAuthMask::NONE))],
        ),
        (
            "stage = \"gateway_tunnel\", step = \"create\", code = \"0x59EE\", close = \"fin\"",
            GatewayPoint::Create,
            vec![Does::Send(packets::tunnel_refusal(0x59EE)), fin],
        ),
        (
            "stage = \"gateway_tunnel\", step = \"create\", masked = true",
            GatewayPoint::Create,
            vec![Does::Raw(frames::masked(&packets::tunnel_response(6, 0x3F, None)))],
        ),
        (
            "stage = \"gateway_authorization\", code = \"0x800759DB\"",
            GatewayPoint::Authorization,
            vec![Does::Send(packets::tunnel_auth_refusal(0x8007_59DB))],
        ),
        (
            "stage = \"gateway_authorization\", raw = \"83 00\"",
            GatewayPoint::Authorization,
            vec![Does::Raw(vec![0x83, 0])],
        ),
        (
            "stage = \"gateway_channel\", code = \"0x800759DA\"",
            GatewayPoint::Channel,
            vec![Does::Send(packets::channel_refusal(0x8007_59DA))],
        ),
        (
            "stage = \"gateway_channel\", cut = 9, close = \"close_notify\"",
            GatewayPoint::Channel,
            vec![send(&[9, 0, 0, 0, 20, 0, 0, 0, 0]), Does::Close(Ending::CloseNotify)],
        ),
        (
            "stage = \"gateway_channel\", endless = { octets = \"0d 00\", at_most = 9 }",
            GatewayPoint::Channel,
            vec![Does::Endless { octets: vec![13, 0], at_most: 9 }],
        ),
        (
            "stage = \"gateway_channel\", raw = \"38\", endless = { octets = \"78\", at_most = 9 }",
            GatewayPoint::Channel,
            vec![Does::Raw(vec![0x38]), Does::Endless { octets: vec![0x78], at_most: 9 }],
        ),
        (
            "stage = \"open\", websocket_close = 1011",
            OPEN,
            vec![Does::Send(packets::channel_response(0)), Does::WebSocketClose(Some(1011))],
        ),
        (
            "stage = \"open\", code = \"0x800759F6\"",
            OPEN,
            vec![
                Does::Send(packets::channel_response(0)),
                Does::CloseTarget,
                Does::Send(packets::close_channel(0x8007_59F6)),
            ],
        ),
    ];
    for (line, at, expected) in cases {
        let mut talk = Talk::new(&format!("departs = {{ {line} }}"));
        assert_eq!(talk.up_to(at), expected, "{line}");
        assert_eq!(talk.seen().violations, [""; 0], "{line}");
    }
}

#[test]
fn departures_in_the_right_answer_do_not_end_anything() {
    let mut talk = Talk::new("departs = { stage = \"gateway_auth\", wrong_accept = true }");
    let does = talk.up_to(GatewayPoint::Auth);
    assert!(!text(&does).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") && does[1] == Does::Upgraded);
    let mut talk = Talk::new("departs = { stage = \"gateway_channel\", masked = true }");
    assert_eq!(talk.up_to(OPEN), [Does::Raw(frames::masked(&packets::channel_response(0)))]);
    assert_eq!(talk.gateway.hear(&data(b"a")), [Does::ToTarget(b"a".to_vec())]);
    // After a status there is still HTTP.
    let mut talk = Talk::new(
        "departs = { stage = \"gateway_http\", status = 401, headers = [\"WWW-Authenticate: Digest\"] }",
    );
    assert!(text(&talk.up_to(GatewayPoint::Http)).contains("Digest"));
    assert_eq!(talk.gateway.hear(&request(BASIC)).len(), 2);
}

#[test]
fn departure_after_data_lets_that_reach_the_target() {
    let mut talk = Talk::new("departs = { stage = \"open\", after = 2, code = \"0x4D4\" }");
    assert_eq!(talk.up_to(OPEN), [Does::Send(packets::channel_response(0))]);
    assert_eq!(talk.gateway.hear(&data(b"a")).len(), 1);
    let does = talk.gateway.hear(&data(b"b"));
    let expected =
        [Does::CloseTarget, Does::ToTarget(b"b".to_vec()), Does::Send(packets::close_channel(0x4D4))];
    assert_eq!(does.len(), 3);
    assert!(expected.iter().all(|one| does.contains(one)), "{does:?}");
    assert_eq!(does[0], expected[1], "the octets first");
}

#[test]
fn silent_gateway_still_notes_the_leave() {
    let mut talk = Talk::new("departs = { stage = \"open\", silent = true }");
    talk.up_to(OPEN);
    assert_eq!(talk.gateway.target_said(b"a"), []);
    assert_eq!(talk.gateway.hear(&close_channel()), []);
    assert_eq!(talk.seen().closed_channels, 1);
}

#[test]
fn what_clients_must_not_do_is_told() {
    let told = |with: &dyn Fn(&mut Talk)| {
        let mut talk = Talk::new("");
        with(&mut talk);
        talk.seen().violations
    };
    assert_eq!(
        told(&|talk| drop(talk.gateway.hear(&[&request("")[..], b"x"].concat()))),
        ["1 octets before the answer to a request"]
    );
    let early = told(&|talk| {
        talk.up_to(GatewayPoint::Handshake);
        assert_eq!(talk.gateway.hear(&keepalive()), [Does::Close(Ending::CloseNotify)]);
    });
    assert_eq!(early, ["KEEPALIVE before the channel is open, out of turn"]);
    let late = told(&|talk| {
        talk.up_to(OPEN);
        talk.gateway.hear(&[close_channel(), data(b"a")].concat());
    });
    assert_eq!(late, ["DATA after CLOSE_CHANNEL"]);
    let rude = told(&|talk| {
        talk.up_to(OPEN);
        talk.gateway.websocket_closed();
    });
    assert_eq!(rude, ["a WebSocket Close without CLOSE_CHANNEL"]);
    let unmasked = told(&|talk| talk.gateway.framing_broken("a frame that is not masked"));
    assert_eq!(unmasked, ["a frame that is not masked"]);
    assert_eq!(told(&|talk| drop(talk.gateway.hear(b"\x03\0\0\x13")))[0].split(' ').next(), Some("no"));
    let other = told(&|talk| {
        talk.gateway.hear(&request(""));
        let request = String::from_utf8(request("")).unwrap().replace("958F92D8", "958F92D9");
        talk.gateway.hear(request.as_bytes());
    });
    assert_eq!(other, ["another RDG-Connection-Id on the same connection"]);
    let mut token = Talk::new("accepts = \"token\"");
    token.gateway.hear(&request(&[PAA, BASIC].concat()));
    assert_eq!(token.seen().violations, ["credentials in HTTP beside a token"]);
}

#[test]
fn everything_a_gateway_writes_is_read() {
    let table = "consent = \"Hi\"\nservice_message = { text = \"OK\", stage = \"open\" }\nkeepalive = true";
    let mut talk = Talk::new(table);
    let mut all = talk.up_to(OPEN);
    all.extend(talk.gateway.target_said(b"a"));
    all.extend(talk.gateway.target_ended());
    for does in all {
        let Does::Send(octets) = does else { panic!("{does:?}") };
        let read = ServerPacket::parse(&octets).unwrap();
        assert!(read.trailing == 0 && !matches!(read.body, Body::Other(_)), "{read:?}");
    }
}

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdp_probe_core::base64;
use rdp_probe_core::wire::tsgu::ExtendedAuthMask;
use rdp_probe_core::{AuthAsk, AuthOutput};

use super::super::super::chunks::{LAST, chunk};
use super::super::super::judge::Bound;
use super::super::super::notes::{Notes, Seen};
use super::super::super::packets;
use super::super::tests::{
    BASIC, PAA, authorize, channel, close_channel, create, data, handshake, request, text,
};
use super::*;
use crate::certificate::Kind;
use crate::scenario::{Accepts, GatewayTable};
use crate::toy::Toy;

const ID: &str = "{958F92D8-DA20-467A-BBE3-65E7E9B4EDCF}";
const OTHER_ID: &str = "{958F92D8-DA20-467A-BBE3-65E7E9B4EDC0}";
const LENGTH: &str = "Content-Length: 0\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

fn of(method: &str, id: &str, more: &[&str]) -> Vec<u8> {
    format!(
        "{method} /remoteDesktopGateway/ HTTP/1.1\r\nHost: gw.lab.test\r\nUser-Agent: MS-RDGateway/1.0\r\n\
         Accept: */*\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nConnection: Keep-Alive\r\n\
         RDG-Connection-Id: {id}\r\n{}\r\n",
        more.concat()
    )
    .into_bytes()
}

fn out(more: &str) -> Vec<u8> {
    of("RDG_OUT_DATA", ID, &[LENGTH, more])
}

fn ins(more: &str) -> Vec<u8> {
    of("RDG_IN_DATA", ID, &[LENGTH, more])
}

fn last(more: &str) -> Vec<u8> {
    of("RDG_IN_DATA", ID, &[CHUNKED, more])
}

/// A gateway, and what all of its connections have shown.
struct Served {
    table: GatewayTable,
    notes: Notes,
}

/// A tunnel of two channels.
struct Two {
    out: Gateway,
    ins: Gateway,
}

impl Served {
    fn new(table: &str) -> Self {
        Self { table: GatewayTable::parse("gw", table).unwrap(), notes: Notes::default() }
    }

    fn connection(&self) -> Gateway {
        Gateway::new(&self.table, &self.notes)
    }

    fn seen(&self) -> Seen {
        self.notes.seen()
    }

    fn credentials(&self) -> &'static str {
        match self.table.accepts {
            Accepts::Token => PAA,
            Accepts::Basic | Accepts::Ntlm | Accepts::Anyone => BASIC,
        }
    }

    /// An OUT channel that was accepted.
    fn out(&self) -> Gateway {
        let mut gateway = self.connection();
        assert_eq!(gateway.instead_of_tls(), None);
        let does = gateway.hear(&out(self.credentials()));
        assert!(matches!(does[..], [Does::Send(_), Does::OutChannel { .. }]), "{does:?}");
        gateway
    }

    /// Both, accepted.
    fn accepted(&self) -> Two {
        let out = self.out();
        let mut gateway = self.connection();
        assert_eq!(gateway.instead_of_tls(), None);
        assert!(text(&gateway.hear(&ins(self.credentials()))).starts_with("HTTP/1.1 200 "));
        Two { out, ins: gateway }
    }

    /// Both, with the last request.
    fn two(&self) -> Two {
        let mut two = self.accepted();
        assert_eq!(two.ins.hear(&last("")), [Does::InChannel]);
        two
    }
}

impl Two {
    /// Says it on the IN channel; what the OUT channel does.
    fn say(&mut self, octets: &[u8]) -> Vec<Does> {
        let does = self.ins.hear(octets);
        self.pass(does)
    }

    /// Gives to the OUT channel what is its to know.
    fn pass(&mut self, does: Vec<Does>) -> Vec<Does> {
        let mut all = Vec::new();
        for does in does {
            if let Does::Inside(octets) = does {
                all.extend(self.out.hear(&octets));
            } else if let Does::InEnded { in_order } = does {
                all.extend(self.out.in_ended(in_order));
            } else {
                assert_eq!(does, Does::Close(Ending::CloseNotify));
            }
        }
        all
    }

    /// Up to an open channel.
    fn open(&mut self) {
        self.say(&chunk(&handshake(false)));
        self.say(&chunk(&create(0x0E, None)));
        self.say(&chunk(&authorize()));
        let does = self.say(&chunk(&channel()));
        assert_eq!(does, [Does::Open { name: "srv1".to_owned(), port: 3389 }]);
        assert_eq!(self.out.target_dialed(true), [Does::Send(packets::channel_response(0))]);
    }
}

#[test]
fn who_asks_for_no_upgrade_gets_an_out_channel_and_who_asks_where_there_is_one() {
    for (table, request, status, told) in [
        ("", out(BASIC), 200, None),
        ("", request(BASIC), 101, None),
        ("websocket = false", out(BASIC), 200, None),
        ("websocket = false", request(BASIC), 200, None),
        ("websocket = false", out(""), 401, None),
        ("", out("Upgrade: websocket\r\n"), 401, Some(3)),
        ("websocket = false", out(&["Upgrade: websocket\r\n", BASIC].concat()), 200, Some(3)),
    ] {
        let served = Served::new(table);
        let does = served.connection().hear(&request);
        assert!(text(&does).starts_with(&format!("HTTP/1.1 {status} ")), "{table} {does:?}");
        assert_eq!(does.last() == Some(&Does::Upgraded), status == 101);
        assert_eq!(matches!(does.last(), Some(Does::OutChannel { .. })), status == 200);
        assert_eq!(served.seen().violations.len(), told.unwrap_or_default(), "{table}");
    }
}

#[test]
fn body_of_an_out_channel_begins_with_a_seed_and_has_no_length() {
    for (table, chunked, seed) in [
        ("", false, vec![0xAB, 0xCD, 0xAB, 0xCD, 0xAB, 0xCD, 0xAB, 0xCD, 0xAB, 0xCD]),
        ("seed = 0\nchunked = true", true, vec![]),
        ("seed = 3\nchunked = true", true, vec![0xAB, 0xCD, 0xAB]),
        ("seed = 100\npersonality = \"open_source\"", false, [0xAB, 0xCD].repeat(50)),
    ] {
        let served = Served::new(table);
        let does = served.connection().hear(&out(BASIC));
        assert_eq!(does[1..], [Does::OutChannel { chunked, seed }], "{table}");
        let head = text(&does);
        assert_eq!(head.contains("\r\nTransfer-Encoding: chunked\r\n"), chunked, "{head}");
        assert!(!head.contains("Content-Length") && head.ends_with("\r\n\r\n"), "{head}");
    }
}

#[test]
fn two_channels_with_a_password_are_one_tunnel() {
    let served = Served::new("websocket = false");
    let mut gateway = served.connection();
    assert!(text(&gateway.hear(&out(""))).contains("\r\nWWW-Authenticate: Basic "));
    assert!(text(&gateway.hear(&out(BASIC))).starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(gateway.connection_id(), Some(ID));
    let mut ins_gateway = served.connection();
    assert!(text(&ins_gateway.hear(&ins(""))).contains("\r\nWWW-Authenticate: Basic "));
    let accepted = ins_gateway.hear(&ins(BASIC));
    assert!(text(&accepted).starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(text(&accepted).contains("\r\nContent-Length: 0\r\n") && accepted.len() == 1);
    let mut two = Two { out: gateway, ins: ins_gateway };
    assert_eq!((two.ins.connection_id(), served.seen().in_channels), (Some(ID), 1));
    // The first packet may come with the request, and in pieces.
    let first = chunk(&handshake(false));
    assert_eq!(two.ins.hear(&[&last("")[..], &first[..5]].concat()), [Does::InChannel]);
    let does = two.say(&first[5..]);
    assert_eq!(does, [Does::Send(packets::handshake_response(0, (1, 0), ExtendedAuthMask(7)))]);
    let both = two.say(&[chunk(&create(0x0E, None)), chunk(&authorize())].concat());
    assert_eq!(both.len(), 2);
    two.say(&chunk(&channel()));
    two.out.target_dialed(true);
    assert_eq!(two.say(&chunk(&data(b"ab"))), [Does::ToTarget(b"ab".to_vec())]);
    assert_eq!(two.out.target_said(b"cd"), [Does::Send(data(b"cd"))]);
    let bye = [Does::CloseTarget, Does::Send(packets::close_channel_response(false))];
    assert_eq!(two.say(&chunk(&close_channel())), bye);
    let does = two.ins.hear(LAST);
    assert_eq!(does, [Does::InEnded { in_order: true }, Does::Close(Ending::CloseNotify)]);
    assert_eq!(two.pass(does), [Does::Close(Ending::CloseNotify)]);
    assert_eq!((two.ins.ended(), two.out.ended()), (vec![], vec![]));
    let seen = served.seen();
    assert_eq!((seen.connections, seen.requests, seen.logons, seen.closed_channels), (2, 5, 2, 1));
    assert_eq!((seen.users, seen.violations), (vec!["gwuser".to_owned(); 2], vec![]));
}

/// Logs on there; the last answer.
fn log_on(gateway: &mut Gateway, secret: u8, request: impl Fn(&str) -> Vec<u8>) -> Vec<Does> {
    let mut toy = Toy::new(secret);
    let with = |token: &[u8]| request(&format!("Authorization: NTLM {}\r\n", base64(token)));
    let Ok(AuthOutput::Token { token, .. }) = toy.ask(AuthAsk::Token(None)) else { panic!("no token") };
    let asked = text(&gateway.hear(&with(&token)));
    let challenge = asked.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: NTLM ")).unwrap();
    let challenge = STANDARD.decode(challenge).unwrap();
    let Ok(AuthOutput::Token { token, .. }) = toy.ask(AuthAsk::Token(Some(&challenge))) else {
        panic!("no proof")
    };
    let token = super::super::super::judge::bound(&token, Some(&Kind::Gateway.end_point()));
    gateway.hear(&with(&token))
}

#[test]
fn each_channel_has_a_logon_of_its_own() {
    let served = Served::new("accepts = \"ntlm\"\nbinding = \"required\"");
    let mut gateway = served.connection();
    assert!(matches!(log_on(&mut gateway, 0, out)[..], [_, Does::OutChannel { .. }]));
    let mut refused = served.connection();
    assert!(text(&log_on(&mut refused, 1, ins)).starts_with("HTTP/1.1 401 "));
    assert_eq!(served.seen().in_channels, 0);
    let mut joined = served.connection();
    assert!(text(&joined.hear(&ins(""))).starts_with("HTTP/1.1 401 "), "nobody has logged on here");
    assert!(text(&log_on(&mut joined, 0, ins)).starts_with("HTTP/1.1 200 "));
    assert_eq!(joined.hear(&last("")), [Does::InChannel]);
    let seen = served.seen();
    assert_eq!((seen.logons, seen.in_channels, seen.bound), (3, 1, vec![Bound::Own; 3]));
    assert_eq!(seen.violations, [""; 0]);
}

#[test]
fn who_logs_on_in_the_tunnel_or_by_a_token_is_let_in_on_both() {
    let extended = "Authorization: SSPI_NTLM\r\n";
    for (table, more) in [
        ("accepts = \"ntlm\"\nschemes = [\"SSPI_NTLM\"]", extended),
        ("accepts = \"token\"", PAA),
        ("accepts = \"anyone\"", ""),
    ] {
        let served = Served::new(table);
        let mut gateway = served.connection();
        assert!(matches!(gateway.hear(&out(more))[..], [_, Does::OutChannel { .. }]), "{table}");
        let mut joined = served.connection();
        assert!(text(&joined.hear(&ins(more))).starts_with("HTTP/1.1 200 "), "{table}");
        assert_eq!(joined.hear(&last("")), [Does::InChannel]);
        let seen = served.seen();
        assert_eq!((seen.logons, seen.in_channels, seen.violations), (0, 1, vec![]), "{table}");
    }
    // Without it, nobody is.
    let served = Served::new("accepts = \"token\"");
    let _out = served.out();
    assert!(text(&served.connection().hear(&ins(""))).starts_with("HTTP/1.1 401 "));
}

#[test]
fn in_channel_belongs_to_an_out_channel_that_is_open() {
    let none = ["an IN channel of no open OUT channel"];
    let refused = |served: &Served, request: &[u8]| {
        let mut gateway = served.connection();
        assert!(text(&gateway.hear(request)).starts_with("HTTP/1.1 404 "));
        assert_eq!(gateway.ended(), []);
        assert_eq!(served.seen().in_channels, 0);
    };
    // There is none.
    let served = Served::new("");
    refused(&served, &ins(BASIC));
    assert_eq!(served.seen().violations, none);
    // It has another id.
    let served = Served::new("");
    let _out = served.out();
    refused(&served, &of("RDG_IN_DATA", OTHER_ID, &[LENGTH, BASIC]));
    assert_eq!(served.seen().violations, none);
    // It was not accepted.
    let served = Served::new("");
    let mut gateway = served.connection();
    gateway.hear(&out(""));
    refused(&served, &ins(BASIC));
    assert_eq!(served.seen().violations, none);
    // It was answered in some other way.
    let served = Served::new("departs = { stage = \"gateway_auth\", status = 200 }");
    let mut gateway = served.connection();
    gateway.hear(&out(BASIC));
    refused(&served, &ins(BASIC));
    assert_eq!(served.seen().violations, none);
    // It is upgraded.
    let served = Served::new("");
    let mut gateway = served.connection();
    gateway.hear(&request(BASIC));
    refused(&served, &ins(BASIC));
    assert_eq!(served.seen().violations, none);
    // It is over.
    let served = Served::new("");
    let mut gateway = served.out();
    assert_eq!(gateway.ended(), []);
    refused(&served, &ins(BASIC));
    let served = Served::new("");
    drop(served.out());
    refused(&served, &ins(BASIC));
    let closes = "departs = { stage = \"gateway_tunnel\", step = \"handshake\", close = \"fin\" }";
    let served = Served::new(closes);
    let mut gateway = served.out();
    assert_eq!(gateway.hear(&handshake(false)), [Does::Close(Ending::Fin)]);
    refused(&served, &ins(BASIC));
    assert_eq!(served.seen().violations, none);
    let served = Served::new("");
    let mut gateway = served.out();
    gateway.hear(&data(b"a"));
    refused(&served, &ins(BASIC));
    assert_eq!(served.seen().violations[1..], none, "after DATA out of turn");
}

#[test]
fn what_clients_of_two_channels_must_not_do_is_told() {
    let told = |with: &dyn Fn(&Served)| {
        let served = Served::new("");
        with(&served);
        served.seen().violations
    };
    let second = told(&|served| {
        let _two = served.accepted();
        assert!(text(&served.connection().hear(&ins(BASIC))).starts_with("HTTP/1.1 404 "));
        assert_eq!(served.seen().in_channels, 1);
    });
    assert_eq!(second, ["a second IN channel of one OUT channel"]);
    let upgraded = told(&|served| {
        let _out = served.out();
        let request = String::from_utf8(request(BASIC)).unwrap().replace("RDG_OUT_DATA", "RDG_IN_DATA");
        assert!(text(&served.connection().hear(request.as_bytes())).starts_with("HTTP/1.1 200 "));
    });
    assert_eq!(upgraded.len(), 4, "{upgraded:?}");
    let early = told(&|served| {
        let _out = served.out();
        let does = served.connection().hear(&[&last("")[..], &chunk(&handshake(false))].concat());
        assert_eq!(does[1..], [Does::Close(Ending::CloseNotify)]);
    });
    assert_eq!(early, ["a body of an IN channel that was not accepted"]);
    for (more, what) in [
        (BASIC, "a request with Transfer-Encoding and Authorization"),
        (LENGTH, "a request with Transfer-Encoding and Content-Length"),
    ] {
        let found = told(&|served| {
            let mut two = served.accepted();
            assert_eq!(two.ins.hear(&last(more)), [Does::InChannel]);
        });
        assert_eq!(found, [what]);
    }
    let halves = told(&|served| {
        let mut two = served.two();
        let packet = handshake(false);
        assert_eq!(two.say(&[chunk(&packet[..6]), chunk(&packet[6..])].concat()).len(), 1, "it is heard");
    });
    assert_eq!(halves, ["a chunk that is not one packet"; 2]);
    let malformed = told(&|served| {
        let mut two = served.two();
        assert_eq!(two.ins.hear(b"x\r\n"), [Does::Close(Ending::CloseNotify)]);
        assert_eq!(two.ins.hear(&chunk(&handshake(false))), [], "nothing is read after it");
        assert_eq!(two.ins.ended(), []);
    });
    assert_eq!(malformed, ["a chunk of size \"x\""]);
    let behind = told(&|served| {
        let mut two = served.two();
        assert_eq!(two.ins.hear(&[LAST, b"x"].concat()).len(), 2);
    });
    assert_eq!(behind, ["octets behind the zero chunk"]);
    let early = told(&|served| {
        let mut two = served.two();
        two.open();
        assert_eq!(two.say(LAST), [Does::Close(Ending::CloseNotify)]);
    });
    assert_eq!(early, ["a zero chunk without CLOSE_CHANNEL"]);
    let cut = told(&|served| {
        let mut two = served.two();
        two.open();
        let does = two.ins.ended();
        assert_eq!(does, [Does::InEnded { in_order: false }]);
        assert_eq!(two.pass(does), [Does::Close(Ending::CloseNotify)]);
        assert_eq!(two.ins.ended(), [], "once");
    });
    assert_eq!(cut, ["an IN channel that ended without a zero chunk"]);
    let again = told(&|served| {
        let mut two = served.accepted();
        assert!(text(&two.ins.hear(&ins(BASIC))).starts_with("HTTP/1.1 404 "));
    });
    assert_eq!(again, ["a second IN channel of one OUT channel"]);
    let other = told(&|served| {
        let mut gateway = served.connection();
        gateway.hear(&out(""));
        assert!(text(&gateway.hear(&ins(BASIC))).starts_with("HTTP/1.1 404 "));
    });
    assert_eq!(other, ["the other channel's method on the same connection"]);
    let early = told(&|served| {
        let _out = served.out();
        let octets = [&ins(BASIC)[..], b"x"].concat();
        served.connection().hear(&octets);
    });
    assert_eq!(early, ["1 octets before the answer to a request"]);
}

#[test]
fn an_end_of_the_in_channel_is_no_fault_once_the_tunnel_has_ended() {
    let quiet = |with: &dyn Fn(&mut Two)| {
        for in_order in [true, false] {
            let served = Served::new("");
            let mut two = served.two();
            with(&mut two);
            two.out.in_ended(in_order);
            assert_eq!(served.seen().violations, [""; 0]);
        }
    };
    quiet(&|_| {});
    quiet(&|two| {
        two.open();
        two.say(&chunk(&close_channel()));
    });
    quiet(&|two| {
        two.open();
        assert_eq!(two.out.target_ended().len(), 1);
    });
    quiet(&|two| {
        two.say(&chunk(&handshake(true)));
    });
}

#[test]
fn departures_of_an_in_channel_are_on_its_connection_alone() {
    let refused = |line: &str, status: &str| {
        let served = Served::new(&format!("departs = {{ channel = \"in\", {line} }}"));
        let mut gateway = served.connection();
        assert_eq!(gateway.instead_of_tls(), None);
        assert!(text(&gateway.hear(&out(""))).starts_with("HTTP/1.1 401 "));
        assert_eq!(gateway.hear(&out(BASIC)).len(), 2, "{line}");
        let mut joined = served.connection();
        let first = text(&joined.hear(&ins("")));
        let answer = if line.contains("gateway_http") { first } else { text(&joined.hear(&ins(BASIC))) };
        assert!(answer.starts_with(status), "{answer}");
        assert_eq!((served.seen().in_channels, served.seen().violations.len()), (0, 0), "{line}");
    };
    refused("stage = \"gateway_auth\", status = 401", "HTTP/1.1 401 ");
    refused("stage = \"gateway_auth\", status = 404", "HTTP/1.1 404 ");
    refused("stage = \"gateway_http\", status = 404", "HTTP/1.1 404 ");
    refused("stage = \"gateway_auth\", cut = 4, close = \"fin\"", "HTTP");

    let served = Served::new(
        "accepts = \"ntlm\"\ndeparts = { channel = \"in\", stage = \"gateway_auth\", step = \"challenge\", octets = \"41\" }",
    );
    let mut gateway = served.connection();
    assert!(matches!(log_on(&mut gateway, 0, out)[..], [_, Does::OutChannel { .. }]));
    let negotiate = ins("Authorization: NTLM TlRMTVNTUAABAAAAt4II4gAAAAAoAAAAAAAAACgAAAAKAGNFAAAADw==\r\n");
    assert_eq!(served.connection().hear(&negotiate), [Does::Send(b"A".to_vec())]);
}

#[test]
fn departures_of_the_rest_are_never_on_an_in_connection() {
    for line in ["stage = \"gateway_auth\", status = 503, connection = 2", "stage = \"open\", close = \"fin\""]
    {
        let served = Served::new(&format!("departs = {{ {line} }}"));
        let mut two = served.two();
        assert_eq!(two.say(&chunk(&handshake(false))).len(), 1, "{line}");
    }
    let served = Served::new("departs = { stage = \"gateway_tls\", close = \"reset\", connection = 2 }");
    let two = served.two();
    drop(two);
    assert_eq!(served.connection().instead_of_tls(), Some(vec![Does::Close(Ending::Reset)]));
}

#[test]
fn an_open_in_channel_departs_in_place_of_being_quiet() {
    for (line, expected) in [
        ("octets = \"48 54\"", vec![Does::Send(b"HT".to_vec())]),
        ("close = \"reset\"", vec![Does::Close(Ending::Reset)]),
        ("status = 503", vec![Does::Send(http::answer(503, [], None))]),
    ] {
        let served = Served::new(&format!("departs = {{ channel = \"in\", stage = \"open\", {line} }}"));
        let mut two = served.accepted();
        assert_eq!(two.ins.hear(&last("")), expected, "{line}");
        assert_eq!(two.ins.hear(&[&chunk(&handshake(false))[..], b"x", LAST].concat()), [], "{line}");
        assert_eq!(two.ins.ended(), [], "{line}");
        assert_eq!(served.seen().violations, [""; 0], "{line}");
    }
}

#[test]
fn body_that_is_kept_back_never_reaches_the_tunnel() {
    let served = Served::new("departs = { channel = \"in\", stage = \"open\", keeps_back = true }");
    let mut two = served.two();
    assert_eq!(two.ins.hear(&chunk(&handshake(false))), []);
    let does = two.ins.hear(LAST);
    assert_eq!(does[0], Does::InEnded { in_order: true });
    assert_eq!(two.pass(does), [Does::Close(Ending::CloseNotify)]);
    assert_eq!(served.seen().violations, [""; 0]);
}

#[test]
fn an_in_channel_has_the_number_of_its_tunnel() {
    let table = "departs = { stage = \"gateway_auth\", status = 401, connection = 2 }";
    let served = Served::new(table);
    drop(served.two());
    assert!(text(&served.connection().hear(&out(BASIC))).starts_with("HTTP/1.1 401 "), "the second tunnel's");
    assert!(text(&served.connection().hear(&out(BASIC))).starts_with("HTTP/1.1 200 "), "the third's");

    let served =
        Served::new("departs = { channel = \"in\", stage = \"gateway_auth\", status = 401, connection = 2 }");
    drop(served.two());
    let _out = served.out();
    assert!(text(&served.connection().hear(&ins(BASIC))).starts_with("HTTP/1.1 401 "));
    assert_eq!(served.seen().connections, 4);
}

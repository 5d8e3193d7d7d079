//! Every code of \[MS-TSGU\] 2.2.6, and some that are none: at every step, and where the gateway closes the channel; as a Win32 code, and as
//! the HRESULT that is made of it.
use rdp_probe::{Hop, Stage, diagnose};
use rdp_probe_testkit::scenario::{Departs, Departure, GatewayPoint, GatewayTable};
use rdp_probe_testkit::{Scenario, machine};

/// A code that is made of a low word, the rule and the exit code of an answer with it, and those of CLOSE_CHANNEL.
type Row = (u32, (&'static str, u8), (&'static str, u8));

const OTHER: (&str, u8) = ("gateway-code", 26);
const CLOSED: (&str, u8) = ("gateway-closed-channel", 27);
const REAUTHENTICATION: (&str, u8) = ("gateway-reauthentication-failed", 27);

const LOW: [Row; 23] = [
    (0x59D8, ("gateway-internal-error", 26), CLOSED),
    (0x59DA, ("gateway-rap-denied", 24), CLOSED),
    (0x59DB, ("gateway-cap-denied", 23), CLOSED),
    (0x59DD, ("gateway-target-not-reached", 25), CLOSED),
    (0x59DF, OTHER, CLOSED),
    (0x59E6, ("gateway-limit", 26), CLOSED),
    (0x59E8, ("gateway-not-supported", 21), CLOSED),
    (0x59E9, ("gateway-capability", 21), CLOSED),
    (0x59ED, ("gateway-quarantine", 23), CLOSED),
    (0x59EE, ("gateway-no-certificate", 26), CLOSED),
    (0x59F6, OTHER, ("gateway-session-limit", 27)),
    (0x59F7, ("gateway-token-missing", 22), CLOSED),
    (0x59F8, ("gateway-token-rejected", 22), CLOSED),
    (0x59F9, ("gateway-other-method", 22), CLOSED),
    (0x59FA, OTHER, REAUTHENTICATION),
    (0x59FB, OTHER, REAUTHENTICATION),
    (0x59FC, OTHER, REAUTHENTICATION),
    (0x59FD, ("gateway-target-has-no-policies", 25), CLOSED),
    (0x5A00, OTHER, REAUTHENTICATION),
    (0x04D4, OTHER, ("gateway-aborted", 27)),
    (0x04CA, OTHER, CLOSED),
    (0x03E3, OTHER, ("gateway-timer", 27)),
    // Only at the authorization is it about somebody.
    (0x0005, OTHER, CLOSED),
];

/// Codes that have one form.
const WHOLE: [Row; 6] = [
    (0x8009_030C, ("gateway-logon-denied", 22), CLOSED),
    (0x8007_071A, OTHER, CLOSED),
    (0xA000_1234, ("gateway-vendor-code", 26), CLOSED),
    // Nobody knows these.
    (0x8000_4005, OTHER, CLOSED),
    (0x0000_1234, OTHER, CLOSED),
    (0xFFFF_FFFF, ("gateway-vendor-code", 26), CLOSED),
];

const STEPS: [(GatewayPoint, Stage); 4] = [
    (GatewayPoint::Handshake, Stage::GatewayTunnel),
    (GatewayPoint::Create, Stage::GatewayTunnel),
    (GatewayPoint::Authorization, Stage::GatewayAuthorization),
    (GatewayPoint::Channel, Stage::GatewayChannel),
];

/// Every row in all of its forms.
fn rows() -> impl Iterator<Item = Row> {
    let both = |(low, answer, close): Row| [(low, answer, close), (0x8007_0000 | low, answer, close)];
    LOW.into_iter().flat_map(both).chain(WHOLE)
}

/// A gateway that says this there, before a target that waits.
fn saying(code: u32, at: GatewayPoint, websocket: bool) -> Scenario {
    let text = "title = \"t\"\n[target]\nhost = \"srv1.lab.test\"\n[gateway]\n[[connection]]\n\
                steps = [{ expect = \"connection_request\" }]\n[expect]\noutcome = \"reachable\"\nexit = 0\n";
    let mut scenario = Scenario::parse("codes", text).unwrap();
    let mut table = GatewayTable::default();
    table.departs = Some(Departure::new(at, Departs::Code(code)));
    table.websocket = websocket;
    scenario.gateway = Some(table);
    scenario
}

type Told = (Option<Hop>, Option<Stage>, &'static str, u8, Option<String>);

/// What comes of it, by either transport: hop, stage, rule, exit code, and the raw code in the report.
fn told(code: u32, at: GatewayPoint) -> Told {
    let [by_websocket, by_two_channels] = [true, false].map(|websocket| told_by(code, at, websocket));
    assert_eq!(by_two_channels, by_websocket, "{code:#X} at {at:?}");
    by_websocket
}

fn told_by(code: u32, at: GatewayPoint, websocket: bool) -> Told {
    let evidence = machine::play(&saying(code, at, websocket)).evidence;
    assert_eq!(evidence.gateway_opened_out(), !websocket, "{code:#X} at {at:?}");
    let verdict = diagnose(&evidence).verdict;
    let failure = evidence.failure().unwrap_or_else(|| panic!("{code:#X} at {at:?} is no failure"));
    let raw = failure.kind.fields().into_iter().find(|(name, _)| *name == "gateway_code").map(|(_, raw)| raw);
    (verdict.hop, verdict.stage, verdict.rule.map_or("none", |rule| rule.id), verdict.exit, raw)
}

#[test]
fn every_code_at_every_step_has_its_rule_whichever_form_it_came_in() {
    let mut played = 0;
    for (code, answer, _) in rows() {
        for (at, stage) in STEPS {
            let denied = code & 0xFFFF == 5 && stage == Stage::GatewayAuthorization;
            let (rule, exit) = if denied { ("gateway-access-denied", 23) } else { answer };
            let hop = if exit == 25 { Hop::Target } else { Hop::Gateway };
            let expected = (Some(hop), Some(stage), rule, exit, Some(format!("0x{code:X}")));
            assert_eq!(told(code, at), expected, "{code:#010X} at {at:?}");
            played += 1;
        }
    }
    assert_eq!(played, (LOW.len() * 2 + WHOLE.len()) * STEPS.len());
}

#[test]
fn every_code_that_closes_the_channel_is_the_gateways_end_but_the_one_that_says_it_is_the_targets() {
    let at = GatewayPoint::Open { after: 1 };
    for (code, _, (rule, exit)) in rows().chain([(0, OTHER, CLOSED)]) {
        let expected =
            (Some(Hop::Gateway), Some(Stage::ConnectionInitiation), rule, exit, Some(format!("0x{code:X}")));
        assert_eq!(told(code, at), expected, "{code:#010X}");
    }
    for code in [0xA0, 0x8007_00A0] {
        let expected = (
            Some(Hop::Target),
            Some(Stage::ConnectionInitiation),
            "closed-after-request",
            30,
            Some(format!("0x{code:X}")),
        );
        assert_eq!(told(code, at), expected, "{code:#010X}");
    }
}

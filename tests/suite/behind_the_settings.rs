//! All that may come in place of each message behind the Connect Response, through the driver and through the machine alone: stage, rule, exit
//! code and candidates, each held.
use std::fmt::Write as _;

use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::scenario::Step;
use tokio::task::JoinSet;

use crate::scenarios::{machine_report, through_the_driver};
use crate::usage::on_runtime;

/// Up to where the server is to attach the client.
const ATTACH: &str = "{ expect = \"connection_request\" }, \
    { send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 01 00 00 00\" }, { tls = { certificate = \"good\" } }, \
    { expect = \"connect_initial\" }, { connect_response = { requested = \"0x01\", early_flags = FLAGS } }, \
    { expect = \"erect_domain\" }, { expect = \"attach_user\" }";
const JOIN: &str = "{ say = \"attached\" }, { expect = \"channel_join\" }, { expect = \"channel_join\" }";
const INFO: &str = "{ say = \"attached\" }, { expect = \"client_info\" }";
const ASKED: &str = "{ say = \"license_request\" }, { expect = \"new_license_request\" }";
const LICENSED: &str = "{ say = \"valid_client\" }";
const ACTIVE: &str = "{ say = \"demand_active\" }, { expect = \"confirm_active\" }, { expect = \"synchronize\" }, \
    { expect = \"cooperate\" }, { expect = \"request_control\" }, { expect = \"font_list\" }";

/// A scenario that goes so far, and expects this: stage, rule, exit code and candidates.
fn scenario(
    name: &str,
    joins: bool,
    steps: &[&str],
    (stage, rule, exit, outcome): (&str, &str, u8, &str),
    candidates: &[&str],
) -> Scenario {
    let flags = if joins { "0" } else { "8" };
    let mut text = format!(
        "title = \"t\"\n[plan]\nuntil = \"connection_finalization\"\nsecurity = \"tls\"\nstage_ms = {{ {stage} = 300 }}\n\
         [[connection]]\nsteps = [{}, {}]\n[expect]\noutcome = \"{outcome}\"\nstage = \"{stage}\"\nhop = \"target\"\n\
         rule = \"{rule}\"\ncauses = [\"{rule}\"]\nfindings = [\"certificate-long-lifetime\", \"certificate-self-signed\"]\nexit = {exit}\n",
        ATTACH.replace("FLAGS", flags),
        steps.join(", "),
    );
    _ = writeln!(text, "mstsc = {candidates:?}");
    Scenario::parse(name, &text).unwrap()
}

/// Plays all of them, and fails with all that is wrong.
fn hold(scenarios: Vec<Scenario>) {
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        let (_, problems) = machine_report(scenario);
        wrong.extend(problems.into_iter().map(|what| format!("{}, alone: {what}", scenario.name)));
    }
    on_runtime(async {
        let mut running = JoinSet::new();
        let mut rest = scenarios.into_iter();
        loop {
            while running.len() < 4
                && let Some(scenario) = rest.next()
            {
                running.spawn(async move { (scenario.name.clone(), through_the_driver(scenario).await) });
            }
            let Some(played) = running.join_next().await else { break };
            let (name, problems) = played.unwrap();
            wrong.extend(problems.into_iter().map(|what| format!("{name}: {what}")));
        }
    });
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A state: how far the script goes, whether channels are joined, the stage, and how its rules begin, with the exit code of all but those that
/// name another one.
type State = (&'static str, &'static [&'static str], bool, &'static str, &'static str, u8);

const STATES: [State; 6] = [
    ("attach", &[], false, "channel_connection", "channels", 60),
    ("join", &[JOIN], true, "channel_connection", "channels", 60),
    ("first word of licences", &[INFO], false, "licensing", "client-info", 60),
    ("licences", &[INFO, ASKED], false, "licensing", "licensing", 70),
    ("session", &[INFO, LICENSED], false, "capabilities_exchange", "session", 80),
    ("activation", &[INFO, LICENSED, ACTIVE], false, "connection_finalization", "activation", 80),
];

const CLOSED: &[&str] = &["0x904/0x0 possible inferred", "0x904/0x7 possible inferred"];
const LICENSES: &[&str] = &["0x808/0x0 possible inferred"];
const USER: &[&str] = &["0x2/0x0 possible inferred"];
const PROVIDER: &[&str] = &["0x3/0x0 possible inferred"];
const LICENSE_TIMEOUT: &[&str] = &["0x908/0x0 possible inferred", "0x108/0x0 possible inferred"];

/// What a client would show of silence, and of what cannot be read.
fn shown(begins: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match begins {
        "channels" => (&["0x108/0x0 possible inferred"], &["0x1104/0x0 unlikely inferred"]),
        "client-info" => (LICENSE_TIMEOUT, &["0x1104/0x0 unlikely inferred"]),
        "licensing" => (LICENSE_TIMEOUT, LICENSES),
        "session" => (
            &["0x108/0x0 unlikely inferred", "0x704/0x0 unlikely inferred", "0x4/0x0 unlikely inferred"],
            &["0xD06/0x0 unlikely inferred", "0x1104/0x0 unlikely inferred"],
        ),
        _ => (
            &["0x108/0x0 unlikely inferred", "0x704/0x0 unlikely inferred"],
            &["0xD06/0x0 unlikely inferred", "0x1104/0x0 unlikely inferred"],
        ),
    }
}

#[test]
fn every_end_in_each_state_has_its_rule() {
    let mut all = Vec::new();
    for (state, steps, joins, stage, begins, exit) in STATES {
        let (silence, garbage) = shown(begins);
        let is_licensing = begins == "licensing";
        let closed = if is_licensing { LICENSES } else { CLOSED };
        let silent =
            if begins == "session" { "session-not-ready".to_owned() } else { format!("{begins}-silent") };
        let by_word = |candidates| if is_licensing { LICENSES } else { candidates };
        for (end, step, rule, outcome, candidates) in [
            ("FIN", "{ close = \"fin\" }", format!("{begins}-closed"), "refused", closed),
            ("close_notify", "{ close = \"close_notify\" }", format!("{begins}-closed"), "refused", closed),
            ("RST", "{ close = \"reset\" }", format!("{begins}-closed"), "refused", closed),
            ("alert", "{ alert = 80 }", format!("{begins}-closed"), "refused", closed),
            (
                "ultimatum of the user",
                "{ send = \"03 00 00 09 02 f0 80 21 80\" }",
                format!("{begins}-disconnected"),
                "refused",
                by_word(USER),
            ),
            (
                "ultimatum of the provider",
                "{ send = \"03 00 00 09 02 f0 80 20 80\" }",
                format!("{begins}-disconnected"),
                "refused",
                by_word(PROVIDER),
            ),
            (
                "X.224 disconnect",
                "{ send = \"03 00 00 0b 06 80 00 00 00 00 00\" }",
                format!("{begins}-disconnected"),
                "refused",
                by_word(&[]),
            ),
            ("silence", "{ close = \"silent\" }", silent, "unreachable", silence),
            (
                "garbage",
                "{ send = \"03 00 00 0c 02 f0 80 68 00 01 03 eb\" }, { expect = \"disconnect\" }",
                format!("{begins}-broken"),
                "misconfigured",
                garbage,
            ),
        ] {
            let steps = [steps, &[step]].concat();
            let expected = (stage, rule.as_str(), exit, outcome);
            all.push(scenario(&format!("{end} in place of {state}"), joins, &steps, expected, candidates));
        }
    }
    assert_eq!(all.len(), 6 * 9);
    for scenario in &all {
        // Before a word of licences nothing is laid at them.
        let rule = scenario.expect.rule.as_deref().unwrap();
        assert!(scenario.expect.exit != 70 || rule.starts_with("licensing-"), "{rule}");
    }
    hold(all);
}

#[test]
fn every_result_that_refuses_a_client_or_a_channel_is_told() {
    let candidates = ["0x3/- unlikely inferred", "0x1104/- unlikely inferred"];
    let expected = ("channel_connection", "channels-refused", 60, "refused");
    let refusals = (1..=15).flat_map(|result| {
        let end = "{ expect = \"disconnect\" }";
        let attach = format!("{{ attach_refused = {result} }}");
        let join = format!("{{ join_refused = {result} }}");
        [
            scenario(&format!("attach, {result}"), false, &[&attach, end], expected, &candidates),
            scenario(&format!("join, {result}"), true, &[JOIN, &join, end], expected, &candidates),
        ]
    });
    hold(refusals.collect());
}

#[test]
fn every_error_of_licensing_is_told_with_every_transition() {
    let mut all = Vec::new();
    for code in [1, 2, 3, 4, 6, 7, 8, 0xB, 0xC, 0x77, u32::MAX] {
        for transition in [1, 2, 3, 4, 9] {
            // That is success.
            if (code, transition) == (7, 2) {
                continue;
            }
            let step = format!("{{ license_error = \"0x{code:X}\", transition = {transition} }}");
            let more = match code {
                6 => Some("0x808/0x101 possible inferred"),
                8 => Some("0x808/0x105 possible inferred"),
                _ => None,
            };
            let candidates: Vec<&str> = LICENSES.iter().copied().chain(more).collect();
            for steps in [&[INFO][..], &[INFO, ASKED]] {
                let steps = [steps, &[step.as_str(), "{ expect = \"disconnect\" }"]].concat();
                let name = format!("{code:#x}, {transition}, {} steps", steps.len());
                let expected = ("licensing", "licensing-refused", 70, "refused");
                all.push(scenario(&name, false, &steps, expected, &candidates));
            }
        }
    }
    assert_eq!(all.len(), (11 * 5 - 1) * 2);
    hold(all);
}

/// The octets of a ready-made message, in hexadecimal.
fn hex_of(said: &str) -> String {
    let text = format!(
        "title = \"t\"\n[[connection]]\nsteps = [{{ say = \"{said}\" }}]\n[expect]\noutcome = \"reachable\"\nexit = 0"
    );
    let scenario = Scenario::parse("said", &text).unwrap();
    let [Step::Send(octets)] = &scenario.connections[0].steps[..] else { panic!("one message") };
    hex(octets)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x} ")).collect()
}

/// A Server License Request with this certificate and this many scopes, of which one is there.
fn license_request(certificate: &[u8], scopes: u32) -> String {
    let blob = |kind: u16, octets: &[u8]| {
        [&kind.to_le_bytes()[..], &u16::try_from(octets.len()).unwrap().to_le_bytes(), octets].concat()
    };
    let body = [
        &[0x5A; 32][..],
        &[0, 0, 4, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0], // dwVersion, two empty names
        &blob(0x0D, &[1, 0, 0, 0]),
        &blob(3, certificate),
        &scopes.to_le_bytes(),
        &blob(0x0E, b"microsoft.com\0"),
    ]
    .concat();
    let size = u16::try_from(body.len() + 4).unwrap().to_le_bytes();
    let data = [&[0x80, 0, 0, 0, 1, 2][..], &size, &body].concat();
    let length = u16::try_from(data.len()).unwrap();
    assert!(length < 0x4000, "one message of MCS holds it");
    let mcs = [&[0x68, 0, 1, 3, 0xEB, 0x70][..], &(length | 0x8000).to_be_bytes(), &data].concat();
    let whole = u16::try_from(mcs.len() + 7).unwrap().to_be_bytes();
    hex(&[&[3, 0][..], &whole, &[2, 0xF0, 0x80], &mcs].concat())
}

/// A proprietary certificate whose modulus is said to have so many bits.
fn certificate(bits: u32, octets: usize) -> Vec<u8> {
    let key = u32::try_from(octets + 8).unwrap();
    let mut out = vec![1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6, 0];
    out.extend(u16::try_from(octets + 28).unwrap().to_le_bytes());
    out.extend(b"RSA1");
    out.extend([key, bits, bits / 8 - 1, 65_537].map(u32::to_le_bytes).concat());
    out.extend(std::iter::repeat_n(0xC7, octets));
    out.extend([0; 8]);
    out
}

#[test]
fn what_never_ends_or_lies_ends_at_its_stage_and_soon() {
    const ACTIVATION: &[&str] = &["0xD06/0x0 unlikely inferred", "0x1104/0x0 unlikely inferred"];
    let endless = |octets: &str| format!("{{ endless = \"{octets}\", at_most = 50000000 }}");
    let broken = |stage, rule, exit| (stage, rule, exit, "misconfigured");
    let bye = "{ expect = \"disconnect\" }";
    let send = |octets: String| format!("{{ send = \"{octets}\" }}");
    let before = [INFO, LICENSED, ACTIVE];
    let mut all = vec![
        scenario(
            "fast-path for ever",
            false,
            &[&before[..], &[&endless(&hex_of("fast_path"))]].concat(),
            broken("connection_finalization", "activation-broken", 80),
            ACTIVATION,
        ),
        scenario(
            "Demand Active for ever",
            false,
            &[&before[..], &[&endless(&hex_of("demand_active"))]].concat(),
            broken("connection_finalization", "activation-broken", 80),
            ACTIVATION,
        ),
        scenario(
            "Deactivate All for ever",
            false,
            &[&before[..2], &[&endless(&hex_of("deactivate_all"))]].concat(),
            broken("capabilities_exchange", "session-broken", 80),
            ACTIVATION,
        ),
        scenario(
            "data of other channels for ever",
            false,
            &[INFO, &endless(&hex_of("other_channel"))],
            broken("licensing", "client-info-broken", 60),
            &["0x1104/0x0 unlikely inferred"],
        ),
        scenario(
            "a modulus of 64 Kbit",
            false,
            &[INFO, &send(license_request(&certificate(65_536, 8192), 1)), bye],
            broken("licensing", "licensing-without-a-key", 70),
            LICENSES,
        ),
        scenario(
            "a modulus that is longer than it is",
            false,
            &[INFO, &send(license_request(&certificate(8192, 64), 1)), bye],
            broken("licensing", "licensing-without-a-key", 70),
            LICENSES,
        ),
        scenario(
            "10,000 scopes",
            false,
            &[INFO, &send(license_request(&certificate(512, 64), 10_000)), bye],
            broken("licensing", "licensing-broken", 70),
            LICENSES,
        ),
    ];
    for (name, message, rule) in [
        ("an empty set", "demand_active_with_an_empty_set", "session-broken"),
        ("65,535 sets", "demand_active_with_too_many_sets", "session-broken"),
    ] {
        let says = format!("{{ say = \"{message}\" }}");
        let expected = broken("capabilities_exchange", rule, 80);
        all.push(scenario(name, false, &[INFO, LICENSED, &says, bye], expected, ACTIVATION));
    }
    hold(all);
}

//! The nine faults that a prober has to tell apart, and that a port check does not.
use std::collections::BTreeSet;

use rdp_probe::catalogue;
use rdp_probe_testkit::scenario::Player;

use crate::scenarios;

/// The scenario, the rule that has to be the top cause, and the exit code.
const NINE: [(&str, &str, u8); 9] = [
    ("first-ts-request-draws-fin", "credssp-closed", 50),
    ("failure-3-no-certificate", "server-has-no-certificate", 31),
    ("reset-after-request", "forwarder-without-backend", 30),
    ("silence-after-request", "no-answer", 30),
    ("every-hello-draws-a-reset", "server-cannot-use-its-key", 40),
    ("connect-initial-draws-fin-without-tls", "mcs-closed", 61),
    ("http-400", "port-speaks-http", 32),
    ("tls-1-0-in-answer-to-everything", "legacy-tls-only", 42),
    ("tcp-refused", "tcp-refused", 11),
];

/// What the servers do, in the order of the table:
///
/// 1. requires Network Level Authentication, shakes hands in TLS, and closes on the first CredSSP token;
/// 2. refuses the negotiation with failure code 3: it has no certificate;
/// 3. resets the connection on the Connection Request;
/// 4. accepts the Connection Request and says nothing;
/// 5. selects TLS, and resets the connection at the ClientHello, as with a private key that cannot be read;
/// 6. speaks Standard RDP Security only, and closes on the MCS Connect Initial;
/// 7. is a web server;
/// 8. speaks TLS 1.0 only;
/// 9. is not there: the port is closed.
///
/// The scenarios themselves are played by `scenarios`, through the machine, the driver and the binary; a fault that one of
/// them could not have would be told apart on paper only.
#[test]
fn nine_faults_have_nine_rules_and_are_played_in_all_three_ways() {
    let rules: BTreeSet<&str> = NINE.iter().map(|(_, rule, _)| *rule).collect();
    assert_eq!(rules.len(), NINE.len(), "two faults have one rule");
    for (name, rule, exit) in NINE {
        let scenario = scenarios::all().iter().find(|scenario| scenario.name == name);
        let scenario = scenario.unwrap_or_else(|| panic!("there is no scenario {name}"));
        let expect = &scenario.expect;
        assert_eq!((expect.rule.as_deref(), expect.exit), (Some(rule), exit), "{name}");
        let row = catalogue::find(rule).unwrap_or_else(|| panic!("{rule} is no rule"));
        // The sixth is without TLS.
        let of_row = if name.ends_with("without-tls") { row.exit_without_tls } else { Some(row.exit) };
        assert_eq!(of_row, Some(exit), "{rule}");
        for player in [Player::Machine, Player::Driver, Player::Binary] {
            assert!(scenario.is_for(player), "{name} is not for {player:?}");
        }
    }
}

/// The same, by what comes out rather than by what is expected to.
#[test]
fn nine_faults_give_nine_verdicts() {
    let mut verdicts = BTreeSet::new();
    for (name, rule, exit) in NINE {
        let scenario = scenarios::all().iter().find(|scenario| scenario.name == name).unwrap();
        let (report, _) = scenarios::machine_report(scenario);
        let verdict = report.diagnosis.verdict;
        assert_eq!((verdict.rule.map(|rule| rule.id), verdict.exit), (Some(rule), exit), "{name}");
        verdicts.insert((verdict.stage.unwrap().rank(), verdict.exit, rule));
    }
    assert_eq!(verdicts.len(), NINE.len(), "{verdicts:?}");
}

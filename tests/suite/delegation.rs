//! What lies behind a logon, with NTLM that is real: what is given to the server, and to which one, and whether the user may log on.
use rdp_probe::{Probe, Prober, Report};
use rdp_probe_core::LogonResult;
use rdp_probe_core::Stage;
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::scenario::Step;

use crate::logon::{RIGHT, accepts, credentials, target};
use crate::usage::on_runtime;

/// The steps of a script.
pub(crate) fn steps(steps: &str) -> Vec<Step> {
    let text = format!(
        "title = \"t\"\n[[connection]]\nsteps = [{{ tls = {{ certificate = \"good\" }} }}, {steps}]\n[expect]\noutcome = \"reachable\"\nexit = 0"
    );
    Scenario::parse("behind", &text).unwrap().connections[0].steps[1..].to_vec()
}

/// From the Connect Initial to the Font Map.
pub(crate) const TO_THE_END: &str = "{ expect = \"connect_initial\" }, { connect_response = { requested = \"0x0B\", early_flags = 8 } }, \
    { expect = \"erect_domain\" }, { expect = \"attach_user\" }, { say = \"attached\" }, { expect = \"client_info\" }, \
    { say = \"valid_client\" }, { say = \"demand_active\" }, { expect = \"confirm_active\" }, { expect = \"synchronize\" }, \
    { expect = \"cooperate\" }, { expect = \"request_control\" }, { expect = \"font_list\" }, { say = \"font_map\" }, \
    { expect = \"disconnect\" }, { close = \"close_notify\" }";

/// A run with these credentials, over a pinned certificate.
async fn run(
    acceptor: &Acceptor,
    accepts: &Accepts,
    (user, password): (&str, &str),
    until: Option<Stage>,
    restricted: bool,
) -> Report {
    let prober = Prober::new().credentials(credentials(user, password));
    let builder =
        prober.probe(target(acceptor)).pin(&accepts.certificate.sha256()).restricted_admin(restricted);
    let builder = if let Some(until) = until { builder.until(until) } else { builder };
    builder.build().unwrap().run().await
}

/// TSCredentials, element by element ([MS-CSSP] 2.2.1.2): none of these is longer than 127 octets.
fn given(domain: &str, user: &str, password: &str) -> Vec<u8> {
    let element = |tag: u8, contents: &[u8]| {
        let length = u8::try_from(contents.len()).unwrap();
        assert!(length < 0x80, "{contents:?}");
        [&[tag, length][..], contents].concat()
    };
    let text = |tag: u8, text: &str| {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        element(tag, &element(4, &wide))
    };
    let fields = [text(0xA0, domain), text(0xA1, user), text(0xA2, password)].concat();
    let credentials = element(0xA1, &element(4, &element(0x30, &fields)));
    element(0x30, &[element(0xA0, &[2, 1, 1]), credentials].concat())
}

#[test]
fn the_password_goes_to_whom_a_depth_behind_the_logon_asks_for_and_to_nobody_else() {
    on_runtime(async {
        let active = Some(Stage::ConnectionFinalization);
        for (user, until, restricted, expected) in [
            ("alice", active, false, Some(given("", "alice", RIGHT))),
            ("LAB\\alice", active, false, Some(given("LAB", "alice", RIGHT))),
            ("alice@lab.test", active, false, Some(given("", "alice@lab.test", RIGHT))),
            ("LAB\\alice", active, true, Some(given("", "", ""))),
            ("alice", None, false, None),
            ("alice", None, true, None),
            ("alice", Some(Stage::Credssp), false, None),
            ("alice", Some(Stage::Tls), false, None),
            // There is none with this protocol: nothing is given away to find that out.
            ("alice", Some(Stage::EarlyUserAuth), false, None),
        ] {
            let accepts = Accepts { behind: steps(TO_THE_END), ..accepts() };
            let acceptor = Acceptor::start(accepts.clone()).unwrap();
            let report = run(&acceptor, &accepts, (user, RIGHT), until, restricted).await;
            let what = format!("{user}, {until:?}, {restricted}: {:?}", report.evidence);
            assert_eq!(acceptor.given(), Vec::from_iter(expected), "{what}");
            assert_eq!(acceptor.flags(), usize::from(restricted), "{what}");
            let exit = if until == Some(Stage::EarlyUserAuth) { 54 } else { 0 };
            assert_eq!((report.exit_code(), acceptor.errors()), (exit, vec![]), "{what}");
            if until == active {
                assert_eq!(report.evidence.logon_result(), LogonResult::Accepted, "{what}");
            }
        }
    });
}

#[test]
fn nothing_is_given_to_whom_nobody_knows_or_who_does_not_know_the_credentials() {
    on_runtime(async {
        let until = Stage::ConnectionFinalization;
        let accepts = accepts();
        let acceptor = Acceptor::start(accepts.clone()).unwrap();
        let wrong = run(&acceptor, &accepts, ("alice", "wrong"), Some(until), false).await;
        assert_eq!((wrong.exit_code(), acceptor.delegated(), acceptor.logons()), (51, 0, 1));
        let prober = Prober::new().credentials(credentials("alice", RIGHT));
        let unpinned = prober.probe(target(&acceptor)).until(until).build().unwrap().run().await;
        assert_eq!((unpinned.exit_code(), acceptor.delegated(), acceptor.logons()), (54, 0, 1));
        let nobody = Probe::builder(target(&acceptor)).until(until).build().unwrap().run().await;
        let rule = nobody.diagnosis.verdict.rule.map(|rule| rule.id);
        assert_eq!((nobody.exit_code(), rule), (54, Some("depth-behind-logon")));
        // It would have to be given the password.
        let flags = Accepts { selects: (2, 0x17), ..accepts };
        let acceptor = Acceptor::start(flags.clone()).unwrap();
        let restricted = run(&acceptor, &flags, ("alice", RIGHT), Some(until), true).await;
        let rule = restricted.diagnosis.verdict.rule.map(|rule| rule.id);
        assert_eq!((restricted.exit_code(), rule), (54, Some("restricted-admin-not-offered")));
        assert_eq!((acceptor.logons(), acceptor.delegated()), (0, 0), "nobody logged on");
    });
}

#[test]
fn whether_the_user_may_log_on_has_five_outcomes_and_more() {
    on_runtime(async {
        let success = format!("{{ send = \"00 00 00 00\" }}, {TO_THE_END}");
        let in_pieces = format!("{{ send = \"00\" }}, {{ send = \"00 00 00\" }}, {TO_THE_END}");
        for (says, rule, exit, result) in [
            (success.as_str(), None, 0, LogonResult::Accepted),
            (&in_pieces, None, 0, LogonResult::Accepted),
            ("{ send = \"05 00 00 00\" }", Some("early-no-remote-right"), 53, LogonResult::NoRemoteRight),
            ("{ send = \"07 00 00 00\" }", Some("early-result-unknown"), 50, LogonResult::Accepted),
            (
                "{ send = \"03 00 00 09 02 f0 80 21 80\" }",
                Some("early-disconnected"),
                50,
                LogonResult::Accepted,
            ),
            ("{ close = \"close_notify\" }", Some("early-closed"), 50, LogonResult::Accepted),
            ("{ close = \"fin\" }", Some("early-closed"), 50, LogonResult::Accepted),
            (
                "{ error_info = \"0x9\" }, { close = \"fin\" }",
                Some("server-denies-remote-logon"),
                53,
                LogonResult::Accepted,
            ),
        ] {
            let accepts = Accepts { selects: (8, 0x1F), behind: steps(says), ..accepts() };
            let acceptor = Acceptor::start(accepts.clone()).unwrap();
            let until = Some(Stage::ConnectionFinalization);
            let report = run(&acceptor, &accepts, ("LAB\\alice", RIGHT), until, false).await;
            let what = format!("{says}: {:?}", report.evidence);
            assert_eq!(report.diagnosis.verdict.rule.map(|rule| rule.id), rule, "{what}");
            assert_eq!((report.exit_code(), report.evidence.logon_result()), (exit, result), "{what}");
            assert_eq!((acceptor.given().len(), acceptor.errors()), (1, vec![]), "{what}");
        }
        // The code of a server that refuses what it was given.
        let refuses = "{ send = \"30 0d a0 03 02 01 06 a4 06 02 04 c0 00 00 6d\" }";
        let accepts = Accepts { selects: (8, 0x1F), behind: steps(refuses), ..accepts() };
        let acceptor = Acceptor::start(accepts.clone()).unwrap();
        let report = run(&acceptor, &accepts, ("alice", RIGHT), Some(Stage::EarlyUserAuth), false).await;
        assert_eq!(report.evidence.logon_status(), None, "{:?}", report.evidence);
        assert_eq!(report.diagnosis.verdict.rule.map(|rule| rule.id), Some("early-refused"));
    });
}

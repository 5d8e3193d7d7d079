//! What somebody expects of a run: every key against the conversations, the page that is made of the table, and the program.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use rdp_probe::{Expectations, Expected, ExpectedOutcome, Report};
use serde_json::{Value, json};

use crate::binary::{self, Output, run};
use crate::catalogue::{generated, page};
use crate::scenarios::{all, machine_report};
use crate::usage::{Scratch, against};

/// The report of a conversation.
fn report(name: &str) -> Report {
    static REPORTS: LazyLock<BTreeMap<&str, Report>> = LazyLock::new(|| {
        let played =
            all().iter().filter(|scenario| scenario.is_for(rdp_probe_testkit::scenario::Player::Machine));
        played.map(|scenario| (scenario.name.as_str(), machine_report(scenario).0)).collect()
    });
    REPORTS.get(name).unwrap_or_else(|| panic!("no conversation {name}")).clone()
}

fn expected(name: &str, expectations: &str) -> Vec<Expected> {
    report(name).expecting(&expectations.parse().unwrap_or_else(|error| panic!("{error}"))).expected().to_vec()
}

/// Of each key a conversation, expectations that hold, and such that do not.
const EACH: [(&str, &str, &str, &str); 35] = [
    ("outcome", "logon-accepted", "outcome=reachable, outcome!=refused", "outcome=refused"),
    ("exit", "logon-rejected", "exit=51, exit>50, exit<=51", "exit=0, exit<51"),
    ("rule", "logon-rejected", "rule!=none", "rule=none, rule=closed-after-request"),
    ("hop", "logon-rejected", "hop=target", "hop=none, hop!=target"),
    (
        "finding",
        "certificate-with-sha-1",
        "finding=certificate-self-signed, finding!=clock-skew",
        "finding!=certificate-self-signed, finding=clock-skew",
    ),
    (
        "stage",
        "logon-accepted",
        "stage=credssp, stage=nla, stage>=tls, stage>connection_initiation",
        "stage<tls, stage=tls, stage>=mcs",
    ),
    ("nla", "enumerated-nla-required", "nla=required, nla!=supported", "nla=not_supported"),
    ("security.rdp", "enumerated-nla-required", "security.rdp=refused", "security.rdp=offered"),
    ("security.ssl", "enumerated-nla-required", "security.ssl=refused", "security.ssl!=refused"),
    ("security.hybrid", "enumerated-nla-required", "security.hybrid=offered", "security.hybrid=refused"),
    ("security.hybrid_ex", "logon-accepted", "security.hybrid_ex=refused", "security.hybrid_ex=offered"),
    ("security.rdstls", "rdstls-capabilities", "security.rdstls=offered", "security.rdstls=refused"),
    ("security.rdsaad", "enumerated-nla-not-required", "security.rdsaad=refused", "security.rdsaad=offered"),
    (
        "security.restricted_admin",
        "restricted-admin-is-offered",
        "security.restricted_admin",
        "!security.restricted_admin",
    ),
    (
        "security.remote_credential_guard",
        "server-is-no-windows",
        "!security.remote_credential_guard",
        "security.remote_credential_guard=yes",
    ),
    ("tls", "challenge-over-tls-1-2", "tls=1.2, tls>=1.2, tls<1.3, tls=TLSv1.2", "tls=1.3, tls>1.2, tls<=1.1"),
    (
        "tls.cipher",
        "logon-accepted",
        "tls.cipher=tls_aes_256_gcm_sha384",
        "tls.cipher=TLS_RSA_WITH_RC4_128_SHA",
    ),
    ("cert.days", "logon-accepted", "cert.days>21, cert.days>=26339", "cert.days<21, cert.days=-3"),
    ("cert.trusted", "certificate-of-the-authority", "cert.trusted, cert.trusted=true", "!cert.trusted"),
    ("cert.name", "certificate-for-another-name", "!cert.name", "cert.name"),
    ("cert.self_signed", "logon-accepted", "cert.self_signed", "!cert.self_signed"),
    ("cert.sha256", "logon-accepted", "cert.sha256!=00:11", "cert.sha256=0011"),
    (
        "cert.subject",
        "logon-accepted",
        "cert.subject=CN=srv1.lab.test",
        "cert.subject=\"CN=srv1.lab.test, O=Lab\"",
    ),
    (
        "cert.issuer",
        "certificate-of-the-authority",
        "cert.issuer=\"CN=rdp-probe test authority\"",
        "cert.issuer=CN=srv1.lab.test",
    ),
    ("cert.key", "certificate-with-a-small-key", "cert.key=\"RSA 1024\"", "cert.key!=\"RSA 1024\""),
    (
        "cert.signature",
        "certificate-with-sha-1",
        "cert.signature=sha1WithRSAEncryption",
        "cert.signature!=sha1WithRSAEncryption",
    ),
    ("server.name", "logon-accepted", "server.name=SRV1.lab.test", "server.name=srv2.lab.test"),
    ("server.build", "logon-accepted", "server.build=10.0.20348", "server.build=10.0.17763"),
    (
        "server.guess",
        "logon-accepted",
        "server.guess=\"Windows Server 2022\"",
        "server.guess=\"Windows Server 2019\"",
    ),
    ("server.skew", "challenge-with-a-clock-of-2020", "server.skew>5m", "server.skew<5m"),
    ("credentials", "logon-rejected", "credentials=rejected", "credentials=accepted"),
    ("gateway", "gateway-by-two-channels", "gateway=http", "gateway=websocket"),
    (
        "gateway.credentials",
        "gateway-by-two-channels",
        "gateway.credentials=accepted",
        "gateway.credentials=rejected",
    ),
    ("time.total", "syn-unanswered", "time.total>=500ms", "time.total<0.5s, time.total<400ms"),
    ("time.STAGE", "syn-unanswered", "time.tcp_connect>=500ms, time.tcp<1m", "time.tcp<400ms"),
];

#[test]
fn every_key_has_expectations_that_hold_and_such_that_do_not() {
    assert_eq!(
        EACH.map(|(key, ..)| key).to_vec(),
        Expectations::keys().iter().map(|key| key.name).collect::<Vec<_>>()
    );
    for (key, conversation, held, failed) in EACH {
        for (expectations, wanted) in [(held, ExpectedOutcome::Held), (failed, ExpectedOutcome::Failed)] {
            let all = expected(conversation, expectations);
            assert!(!all.is_empty());
            for one in all {
                assert_eq!((one.outcome, one.why), (wanted, None), "{key}: {one:?}");
                assert!(one.got.is_some() && !one.wanted.is_empty(), "{one:?}");
            }
        }
    }
}

#[test]
fn what_nobody_can_tell_is_neither_held_nor_failed_and_says_why() {
    for (conversation, expectation, why) in [
        ("syn-unanswered", "tls>=1.2", "did not come so far"),
        ("syn-unanswered", "nla=required", "did not come so far"),
        ("syn-unanswered", "time.tls<1s", "did not come so far"),
        ("logon-accepted", "nla=required", "--enumerate"),
        ("logon-accepted", "security.rdp=refused", "--enumerate"),
        ("logon-cut-off", "credentials=accepted", "without a reason"),
        ("certificate-that-cannot-be-read", "cert.name", "can be read"),
    ] {
        let all = expected(conversation, expectation);
        let [one] = &all[..] else { panic!("{all:?}") };
        assert_eq!((one.outcome, &one.got), (ExpectedOutcome::NotTestable, &None), "{conversation}: {one:?}");
        assert!(one.why.is_some_and(|words| words.contains(why)), "{conversation}: {one:?}");
    }
    // Where the server chose a protocol without it, there is none: that is known.
    let none = expected("channels-without-tls", "tls>=1.2, cert.days>21, tls!=1.0, !security.restricted_admin");
    let outcomes: Vec<_> = none.iter().map(|one| (one.got.as_deref(), one.outcome.id())).collect();
    let none = Some("none");
    assert_eq!(outcomes, [(none, "failed"), (none, "failed"), (none, "held"), (none, "failed")]);
    assert!(report("logon-accepted").expecting(&"gateway=http".parse().unwrap()).is_unexpected());
}

/// The value of a key in the JSON form, as an expectation has it.
fn of_json(json: &Value, pointer: &str) -> Vec<String> {
    let (before, after) = pointer.split_once("/*").unwrap_or((pointer, ""));
    let values: Vec<&Value> = match json.pointer(before) {
        Some(Value::Array(all)) => all.iter().filter_map(|one| one.pointer(after)).collect(),
        other => other.into_iter().collect(),
    };
    let text = |value: &&Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    values.iter().map(text).collect()
}

/// What is compared is what the JSON form says, wherever it says something.
#[test]
fn every_key_is_what_the_report_says() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for scenario in
        all().iter().filter(|scenario| scenario.is_for(rdp_probe_testkit::scenario::Player::Machine))
    {
        let report = report(&scenario.name);
        let json = serde_json::to_value(&report).unwrap();
        for key in Expectations::keys().iter().filter(|key| !key.name.contains("STAGE")) {
            // One that is not so of anything: what was found is what counts.
            let one = report.clone().expecting(&key.example.parse().unwrap());
            let [Expected { got, .. }] = one.expected() else { panic!("{}", key.example) };
            let said = of_json(&json, key.json);
            let Some(got) = got.as_deref().filter(|got| *got != "none") else {
                let nothing = said.iter().all(|said| ["null", "unknown"].contains(&said.as_str()));
                assert!(
                    nothing || key.name == "stage" || key.name == "server.name",
                    "{}: {} says {said:?}",
                    scenario.name,
                    key.name
                );
                continue;
            };
            *seen.entry(key.name).or_default() += 1;
            let is = match key.name {
                "finding" => said.join(", ") == got,
                "stage" => said.iter().any(|said| said == got),
                "server.skew" | "time.total" => !said.is_empty(),
                "cert.sha256" => said.iter().all(|said| said.eq_ignore_ascii_case(got)),
                // The NetBIOS name stands in its place.
                "server.name" => said == [got] || said == ["null"],
                _ => said == [got],
            };
            assert!(is, "{}: {} is {got}, and the report says {said:?}", scenario.name, key.name);
        }
    }
    assert_eq!(seen.len() + 1, Expectations::keys().len(), "{seen:?}");
}

#[test]
fn typing_errors_are_marked_with_the_nearest_name() {
    for (text, message) in [
        ("", ">>><<<: nothing is expected"),
        (" , ", ">>> , <<<: nothing is expected"),
        ("tsl>=1.2", ">>>tsl<<<>=1.2: there is no tsl; did you mean tls?"),
        (
            "nla=required, cert.dais>21",
            "nla=required, >>>cert.dais<<<>21: there is no cert.dais; did you mean cert.days?",
        ),
        ("nla=requird", "nla=>>>requird<<<: nla wants one of its words; did you mean required?"),
        ("nla=x", "nla=>>>x<<<: nla wants one of its words: required, supported, not_supported, unknown"),
        ("nla>required", "nla>>>><<<required: nla has no order: = and != compare it"),
        ("nla", ">>>nla<<<: nla needs a value, such as nla=required"),
        ("!tls", "!>>>tls<<<: tls needs a value, such as tls>=1.2"),
        ("!tls=1.2", ">>>!<<<tls=1.2: ! stands before a name alone; write tls!=... instead"),
        ("tls>=1.4", "tls>=>>>1.4<<<: tls wants a version of TLS such as 1.2: SSL 3.0, 1.0, 1.1, 1.2, 1.3"),
        ("tls>=", "tls>=>>><<<: tls wants a version of TLS such as 1.2"),
        ("cert.days>soon", "cert.days>>>>soon<<<: cert.days wants a whole number"),
        ("cert.sha256=xyz", "cert.sha256=>>>xyz<<<: cert.sha256 wants a fingerprint"),
        ("stage>=tsl", "stage>=>>>tsl<<<: stage wants a stage; did you mean tls?"),
        ("time.tsl<1s", ">>>time.tsl<<<<1s: there is no time.tsl; did you mean time.tls?"),
        ("time.tls<fast", "time.tls<>>>fast<<<: time.tls wants a duration such as 400ms, 1.5s or 2m"),
        (
            "rule=closed-after-requst",
            "rule=>>>closed-after-requst<<<: rule wants the id of a cause, or none; did you mean closed-after-request?",
        ),
        ("finding=clock-skw", "did you mean clock-skew?"),
        (
            "finding=closed-after-request",
            "finding=>>>closed-after-request<<<: finding wants the id of a finding",
        ),
        ("=5", ">>><<<=5: a name is missing"),
        ("cert.subject=\"a, b", "cert.subject=>>>\"a, b<<<: a quotation mark is not closed"),
        ("NLA=Requird", "did you mean required?"),
    ] {
        let error = text.parse::<Expectations>().unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
    assert_eq!("NLA=Required".parse::<Expectations>().unwrap().len(), 1);
}

#[test]
fn page_of_expectations_has_every_key_from_the_table() {
    let mut rows = String::from("| name | what it is | in the report | for example |\n|---|---|---|---|\n");
    for key in Expectations::keys() {
        let sure = if key.enumerated { "; makes the run ask for each security protocol" } else { "" };
        let path = key.json.trim_start_matches('/').replace("/*/", "[].").replace('/', ".");
        _ = writeln!(rows, "| `{}` | {}{sure} | `{path}` | `{}` |", key.name, key.what, key.example);
    }
    let text = page("expectations.md");
    let mark = "<!-- keys -->\n";
    let (before, after) = text.split_once(mark).unwrap();
    let (_, after) = after.split_once("<!-- end -->\n").unwrap();
    generated("expectations.md", &format!("{before}{mark}{rows}<!-- end -->\n{after}"));
}

const HANG_UP: &str = "{ expect = \"connection_request\" }, { close = \"fin\" }";
const SELECTS_NOTHING: &str =
    "{ expect = \"connection_request\" }, { send = \"03 00 00 0b 06 d0 00 00 12 34 00\" }, { close = \"fin\" }";

#[test]
fn a_run_that_is_not_as_expected_ends_with_1_and_says_so_in_every_output() {
    let reached = |more: &[&str]| {
        let until = ["--until", "connection_initiation", "--no-enumerate"];
        against(SELECTS_NOTHING, &[&until, more].concat())
    };
    let held = reached(&["--expect", "stage>=x224, exit=0"]);
    assert_eq!(held.status, Some(0), "{}", held.stdout);
    assert!(
        held.stdout.contains("held      stage>=x224")
            && held.stdout.contains("exit code 0: asked depth reached"),
        "{}",
        held.stdout
    );
    for format in ["human", "line", "json", "ndjson"] {
        let failed = reached(&["-o", format, "--expect", "stage>=tls, time.total<20s", "--expect", "tls>=1.2"]);
        assert_eq!(failed.status, Some(1), "{format}: {}", failed.stdout);
        match format {
            "human" => {
                assert!(
                    failed.stdout.contains("FAILED    stage>=tls: it is connection_initiation"),
                    "{}",
                    failed.stdout
                );
                assert!(
                    failed.stdout.contains("not told  tls>=1.2: beyond the asked depth"),
                    "{}",
                    failed.stdout
                );
                assert!(failed.stdout.contains("exit code 1: "), "{}", failed.stdout);
            }
            "line" => assert!(
                failed.stdout.contains(" OK, but not as expected: ")
                    && failed.stdout.contains("[exit=1 ")
                    && failed.stdout.contains(" unexpected=\"stage>=tls\""),
                "{}",
                failed.stdout
            ),
            _ => {
                let json = failed.json.unwrap();
                assert_eq!(json["verdict"]["exit_code"], 0);
                assert_eq!(
                    json["expectations"][0],
                    json!({
                        "expectation": "stage>=tls", "outcome": "failed", "wanted": "tls at least",
                        "got": "connection_initiation", "why": null
                    })
                );
                let outcomes: Vec<&Value> =
                    json["expectations"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
                assert_eq!(outcomes, ["failed", "held", "not_testable"]);
            }
        }
    }
    // A run that fails has its own code, whatever was expected.
    let refused = against(HANG_UP, &["--expect", "outcome=reachable"]);
    assert_eq!(refused.status, Some(30), "{}", refused.stdout);
}

#[test]
fn what_only_the_enumeration_tells_is_asked_for() {
    let asked = |more: &[&str]| {
        let json = against(SELECTS_NOTHING, &[&["-o", "json", "-q"], more].concat()).json.unwrap();
        json["probes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|probe| probe["purpose"].as_str().unwrap().starts_with("enumerate"))
    };
    assert!(!asked(&[]) && !asked(&["--expect", "tls>=1.2"]));
    assert!(asked(&["--expect", "nla=required"]));
    assert!(!asked(&["--expect", "nla=required", "--no-enumerate"]));
}

#[test]
fn a_file_expects_of_all_of_groups_and_of_single_targets() {
    let scratch = Scratch::new("expect-file");
    let text = "expect = 'outcome=unreachable'\n[group.one]\ntargets = ['127.0.0.1:20999', 'srv9']\nexpect = ['exit=11', 'rule=none']\n\
                [target.srv8]\nexpect = 'tls>=1.2'\n";
    let file = scratch.file("expect.toml", text.as_bytes());
    let Output { status, stderr, json, .. } = run(&[
        "127.0.0.1:20999",
        "127.0.0.1:20998",
        "--expect-file",
        &file,
        "-o",
        "json",
        "--expect",
        "hop=target",
    ]);
    assert_eq!(status, Some(100), "{stderr}");
    let count = |index: usize| json.as_ref().unwrap()[index]["expectations"].as_array().unwrap().len();
    let mut counts = [count(0), count(1)];
    counts.sort_unstable();
    assert_eq!(counts, [2, 4]);
    assert_eq!(stderr, "rdp-probe: --expect-file: target \"srv8\" is of none of these targets\n");
    // A stored report is asked likewise, and one expectation that is not so goes before what failed.
    let healthy = serde_json::to_string(&report("logon-accepted")).unwrap();
    let sick = serde_json::to_string(&report("syn-unanswered")).unwrap();
    let stored = scratch.file("report.json", format!("{healthy}\n{sick}\n").as_bytes());
    let of_stored =
        |expectations: &str| run(&["--from-report", &stored, "-o", "line", "--expect", expectations]).status;
    assert_eq!((of_stored("time.total<1m"), of_stored("tls<1.3")), (Some(100), Some(1)));
}

#[test]
fn what_cannot_be_expected_is_one_line_before_anything_is_probed() {
    binary::binary();
    let scratch = Scratch::new("expect-wrong");
    let name = scratch.file("expect.toml", b"expect = [\"nla=required\", \"tls>1.9\"]\n");
    for (more, part) in [
        (["--expect", "tsl>=1.2"], "did you mean tls?"),
        (["--expect-file", &name], "expect: tls>>>>1.9<<<: tls wants a version"),
        (["--expect-file", "/nowhere.toml"], "--expect-file /nowhere.toml: cannot be read"),
        (["--expect-file", "/"], "cannot be read"),
    ] {
        let Output { status, stdout, stderr, .. } = run(&[&["127.0.0.1:20999"], &more[..]].concat());
        assert_eq!((status, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{more:?}: {stderr}");
        assert!(stderr.contains(part), "{more:?}: {stderr}");
    }
}

/// A stored report of a conversation, as the report of another target is stored.
fn stored(scratch: &Scratch, name: &str, conversations: &[&str]) -> String {
    let lines: Vec<String> =
        conversations.iter().map(|name| serde_json::to_string(&report(name)).unwrap()).collect();
    scratch.file(name, lines.join("\n").as_bytes())
}

#[test]
fn what_has_changed_since_a_baseline_is_said_in_every_output() {
    let scratch = Scratch::new("baseline");
    // All of them are of one target.
    let before = stored(&scratch, "before.json", &["challenge-of-a-domain-member"]);
    let now = stored(&scratch, "now.json", &["challenge-over-tls-1-2"]);
    let compared =
        |now: &str, more: &[&str]| run(&[&["--from-report", now, "--baseline", &before], more].concat());
    let Output { status, json, .. } = compared(&now, &["-o", "json"]);
    let changes = &json.unwrap()["changes"];
    assert_eq!(status, Some(0));
    let tls = json!({ "what": "tls", "before": "1.3", "now": "1.2" });
    assert!(changes["what"].as_array().unwrap().contains(&tls) && changes["since"].is_string(), "{changes:#}");
    let people = compared(&now, &[]).stdout;
    assert!(
        people.contains("\nWhat has changed since 20") && people.contains("- tls: 1.2, and was 1.3"),
        "{people}"
    );
    let line = compared(&now, &["-o", "line"]).stdout;
    assert!(line.contains(" changed=tls,tls.cipher"), "{line}");
    assert_eq!(compared(&now, &["--fail-on-change", "-q"]).status, Some(1));
    // The same is the same, and what is not known there is not compared.
    let same = compared(&before, &["--fail-on-change"]);
    assert!(same.status == Some(0) && same.stdout.contains("Nothing has changed since 20"), "{}", same.stdout);
    let Output { status, json, .. } =
        run(&["127.0.0.1:20999", "--baseline", &before, "--fail-on-change", "-o", "json"]);
    assert_eq!((status, &json.unwrap()["changes"]), (Some(11), &Value::Null));
    // A failure has its own code, and its cause is a change.
    let sick = stored(&scratch, "sick.json", &["syn-unanswered"]);
    let Output { status, json, .. } = compared(&sick, &["--fail-on-change", "-o", "json"]);
    let rule = json!({ "what": "rule", "before": "none", "now": "tcp-timed-out" });
    assert_eq!((status, &json.unwrap()["changes"]["what"][0]), (Some(11), &rule));
}

/// How long something takes is a change where it is of another size, and not where the network was in another mood.
#[test]
fn stages_that_take_much_longer_have_changed() {
    let long = report("syn-unanswered");
    let mut baseline = rdp_probe::Baseline::default();
    let quick = report("logon-accepted");
    baseline.add(&quick.evidence, &quick.diagnosis, quick.made_at());
    let mut slow = quick.evidence.clone();
    let record =
        slow.attempts[0].stages.iter_mut().find(|record| record.stage == rdp_probe::Stage::Tls).unwrap();
    record.duration = Some(std::time::Duration::from_millis(700));
    let compared = baseline.compare(&slow, &quick.diagnosis).unwrap();
    let what: Vec<&str> = compared.changes.iter().map(|change| change.what.as_str()).collect();
    assert_eq!((what, compared.changes[0].now.as_str()), (vec!["time.tls"], "700ms"));
    let record =
        slow.attempts[0].stages.iter_mut().find(|record| record.stage == rdp_probe::Stage::Tls).unwrap();
    record.duration = Some(std::time::Duration::from_millis(40));
    assert_eq!(baseline.compare(&slow, &quick.diagnosis).unwrap().changes, []);
    assert!(!baseline.compare(&long.evidence, &long.diagnosis).unwrap().changes.is_empty());
}

#[test]
fn a_baseline_is_one_report_an_array_or_one_a_line() {
    let scratch = Scratch::new("baseline-forms");
    let one = report("logon-accepted");
    let lines = stored(&scratch, "lines", &["logon-rejected", "logon-accepted"]);
    let whole = scratch.file("whole", serde_json::to_string_pretty(&one).unwrap().as_bytes());
    let array = scratch.file("array", serde_json::to_string_pretty(&[&one]).unwrap().as_bytes());
    for file in [&lines, &whole, &array] {
        let Output { status, json, stderr, .. } =
            run(&["--from-report", &whole, "--baseline", file, "-o", "json"]);
        assert_eq!((status, &json.unwrap()["changes"]["what"]), (Some(0), &json!([])), "{file}: {stderr}");
    }
    let garbage = scratch.file("garbage", b"not a report\n");
    let cut = scratch.file("cut", [std::fs::read(&lines).unwrap(), b"\n{\"sch".to_vec()].concat().as_slice());
    let empty = scratch.file("empty", b"\n");
    for (file, part) in [
        (garbage.as_str(), "garbage: "),
        (cut.as_str(), "cut, line 3: "),
        (empty.as_str(), "no report stands there"),
        ("/nowhere", "/nowhere: cannot be read"),
        ("/", "cannot be read"),
    ] {
        let Output { status, stdout, stderr, .. } = run(&["127.0.0.1:20999", "--baseline", file]);
        assert_eq!((status, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{file}: {stderr}");
        assert!(stderr.contains("--baseline ") && stderr.contains(part), "{file}: {stderr}");
    }
    let alone = run(&["127.0.0.1:20999", "--fail-on-change"]);
    assert_eq!((alone.status, alone.stderr.lines().count()), (Some(2), 1), "{}", alone.stderr);
}

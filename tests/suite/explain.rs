//! `explain`: what is known of the codes that people ask about, in every format, and the page of codes.
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use proptest::prelude::*;
use rdp_probe::codes::{self, Family};
use rdp_probe::explain::{all_next, field_reports};
use rdp_probe::explanation::ExplanationView;
use rdp_probe::known_phrases::known_phrases;
use rdp_probe_testkit::scenario::candidate;
use serde_json::Value;

use crate::binary::{Output, binary, run};
use crate::catalogue::generated;

fn explain(codes: &[&str]) -> Output {
    let arguments: Vec<&str> = [&["explain"][..], codes].concat();
    run(&arguments)
}

/// The text as if it had not been wrapped.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The explanations in JSON, each held against the schema.
fn json(codes: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = explain(&[codes, &["-o", "json"]].concat());
    let json = output.json.unwrap_or_else(|| panic!("{codes:?}: {} {}", output.stdout, output.stderr));
    let schema = serde_json::to_value(ExplanationView::schema()).unwrap();
    jsonschema::validate(&schema, &json).unwrap_or_else(|error| panic!("{codes:?}: {error}"));
    (output.status, json.as_array().unwrap().clone())
}

#[test]
fn every_code_that_people_ask_about_has_its_likeliest_meaning() {
    let cases: &[(&[&str], &str, &str, &str)] = &[
        (&["0x904/0x7"], "mstsc_disc", "0x904", "disconnectReasonAtClientWinsockFDCLOSE"),
        (&["2308", "7"], "mstsc_disc", "0x904", "disconnectReasonAtClientWinsockFDCLOSE"),
        (&["516"], "mstsc_disc", "0x204", "disconnectReasonSocketConnectFailed"),
        (&["STATUS_ACCOUNT_LOCKED_OUT"], "ntstatus", "0xC0000234", "STATUS_ACCOUNT_LOCKED_OUT"),
        (&["0x800759DD"], "tsgu", "0x800759DD", "E_PROXY_TS_CONNECTFAILED (HRESULT form in FreeRDP)"),
        (&["-2146893044"], "sspi", "0x8009030C", "SEC_E_LOGON_DENIED"),
        (&["-5"], "logon_error", "0xFFFFFFFB", "LOGON_MSG_BUMP_OPTIONS"),
        (&["0x0002000D"], "freerdp_connect", "0x2000D", "FREERDP_ERROR_CONNECT/CONNECT_TRANSPORT_FAILED"),
    ];
    for (codes, family, code, name) in cases {
        let (status, all) = json(codes);
        assert_eq!((status, all.len()), (Some(0), 1), "{codes:?}");
        let first = &all[0]["meanings"][0];
        assert_eq!(
            (first["family"].as_str(), first["code"].as_str(), first["name"].as_str()),
            (Some(*family), Some(*code), Some(*name)),
            "{codes:?}"
        );
        let human = explain(codes);
        assert_eq!((human.status, human.stderr.as_str()), (Some(0), ""), "{codes:?}");
        assert!(flat(&human.stdout).contains(name), "{codes:?}: {}", human.stdout);
        assert!(human.stdout.contains("What to do next\n  rdp-probe "), "{codes:?}: {}", human.stdout);
    }
}

#[test]
fn a_pair_of_codes_leads_back_to_the_rules_that_list_it() {
    let (_, all) = json(&["0x904/0x7"]);
    let pair = &all[0];
    assert_eq!((pair["form"].as_str(), pair["layer"].as_str()), (Some("pair"), Some("network")));
    let families: Vec<&str> =
        pair["meanings"].as_array().unwrap().iter().map(|one| one["family"].as_str().unwrap()).collect();
    assert_eq!(families, ["mstsc_disc", "mstsc_ext", "set_error_info"]);
    let shown = pair["shown"].as_array().unwrap();
    assert_eq!(shown[0]["rule"], "closed-after-request");
    let likelihoods: Vec<&str> = shown.iter().map(|one| one["likelihood"].as_str().unwrap()).collect();
    assert!(
        likelihoods.is_sorted_by_key(|word| ["likely", "possible", "unlikely"].iter().position(|w| w == word))
    );
    // The pair that some rule has under another extended code is not this one.
    assert!(shown.iter().all(|one| one["extended"] != "0x0"), "{shown:?}");
}

#[test]
fn two_numbers_that_are_no_pair_are_two_codes() {
    let (status, all) = json(&["516", "2055"]);
    assert_eq!((status, all.len()), (Some(0), 2));
    assert_eq!((all[0]["code"].as_str(), all[1]["code"].as_str()), (Some("0x204"), Some("0x807")));
}

#[test]
fn socket_connect_failed_is_said_to_be_no_credential_error() {
    for code in ["0x204", "516", "disconnectReasonSocketConnectFailed"] {
        let text = flat(&explain(&[code]).stdout);
        assert!(text.contains("not a credential error") && text.contains("0x807, or a new prompt"), "{text}");
    }
}

#[test]
fn hexadecimal_516_is_no_code() {
    let output = explain(&["0x516"]);
    assert_eq!((output.status, output.stderr.as_str()), (Some(1), ""));
    for part in ["No code has the value 0x516", "Decimal 516 is 0x204, disconnectReasonSocketConnectFailed."] {
        assert!(output.stdout.contains(part), "{}", output.stdout);
    }
}

#[test]
fn an_unknown_code_names_its_layer_and_the_others_are_explained_all_the_same() {
    let output = explain(&["0x1907", "0x204"]);
    assert_eq!(output.status, Some(1));
    assert!(output.stdout.contains("the layer is TLS/CredSSP (inferred)"), "{}", output.stdout);
    assert!(output.stdout.contains("disconnectReasonSocketConnectFailed"), "{}", output.stdout);
    let (status, all) = json(&["0x1907", "NO_SUCH_NAME_AT_ALL", "99999999999"]);
    assert_eq!(status, Some(1));
    assert!(all.iter().all(|one| one["known"] == false), "{all:?}");
}

#[test]
fn what_was_asked_reaches_no_output_unescaped() {
    for format in ["human", "json", "ndjson"] {
        let output = explain(&["a\u{1b}[2J\u{202e}", "-o", format]);
        assert_eq!(output.status, Some(1), "{}", output.stderr);
        let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!output.stdout.contains(harmful), "{format}: {:?}", output.stdout);
    }
}

/// Forms that people pasted, each with a word that a right answer has, or one of several.
#[test]
fn what_people_paste_is_understood() {
    let forms = include_str!("../pasted/explain.tsv");
    let rows: Vec<&str> = forms.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let columns: Vec<&str> = row.split('\t').collect();
        let [_, form, wants] = columns[..] else { panic!("{row}") };
        let output = explain(&["--color", "never", "--", form]);
        let text = flat(&output.stdout).to_ascii_lowercase();
        let has = wants.split('|').any(|word| text.contains(&word.to_ascii_lowercase()));
        assert!(output.status == Some(0) && has, "{form}: wants {wants}: {:?} {text}", output.status);
    }
}

/// What README shows of pastes is what comes of them.
#[test]
fn readme_shows_what_comes_of_three_pastes() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let blocks: Vec<&str> =
        readme.split("```console\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        let (line, shown) = block.split_once('\n').unwrap();
        let line = line.strip_prefix("$ rdp-probe ").unwrap();
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &format!("{} {line}", binary().display())]).current_dir(root).stdin(Stdio::null());
        let stdout = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        assert_eq!(shown, stdout.trim_end(), "{line}:\n{stdout}");
    }
}

/// A sentence that was pasted without quotation marks is one, and codes beside a word that is none stay what they are.
#[test]
fn a_sentence_without_quotation_marks_is_one_message() {
    let words: Vec<&str> = "Error code: 0x904 Extended error code: 0x7".split(' ').collect();
    let (status, all) = json(&words);
    assert_eq!((status, all.len(), all[0]["form"].as_str()), (Some(0), 1, Some("pair")), "{all:?}");
    let (_, all) = json(&["Connection", "reset", "by", "peer"]);
    assert_eq!((all.len(), all[0]["meanings"][0]["name"].as_str()), (1, Some("ECONNRESET")), "{all:?}");
    let (status, all) = json(&["0x904", "banana"]);
    assert_eq!((status, all.len()), (Some(1), 2), "{all:?}");
}

fn from_stdin(text: &[u8], arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = std::process::Command::new(binary());
    command.args([&["explain", "-"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, text) = (child.stdin.take().unwrap(), text.to_vec());
    // It may be more than a pipe holds.
    let writer = std::thread::spawn(move || stdin.write_all(&text));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_log_of_200_lines_with_noise_gives_its_two_codes_and_nothing_else() {
    let mut lines: Vec<String> = (0..198)
        .map(|at| {
            format!(
                "2026-11-{:02}T{:02}:{:02}:07.{:03}Z srv{at} [{}:{:08x}] INFO com.example.x - peer 10.1.{}.{}:{} pid={} took {} ms, {} of 516 done",
                at % 28 + 1, at % 24, at % 60, at * 5, 1000 + at, 2308 + at, at % 256, at % 200, 3389 + at, 131 + at, at * 3, at
            )
        })
        .collect();
    lines.insert(70, "2026-11-27T05:16:07.516Z srv1 ERROR reason 2308".into());
    lines.insert(140, "2026-11-27T05:17:07.516Z srv1 ERROR: ERRCONNECT_TLS_CONNECT_FAILED [0x00020008]".into());
    let text = lines.join("\r\n");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for octets in [text.into_bytes(), utf16] {
        let (status, stdout, stderr) = from_stdin(&octets, &["-o", "ndjson"]);
        let all: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let one = |one: &Value| (one["meanings"][0]["code"].clone(), one["from"]["line"].clone());
        let found: Vec<_> = all.iter().map(one).collect();
        let place = |code: &str, line: u64| (Value::from(code), Value::from(line));
        assert_eq!(found, [place("0x904", 71), place("0x20008", 141)]);
        assert_eq!((status, stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_text_that_holds_nothing_known_is_one_line_and_exit_code_1_whatever_it_is() {
    let binary: Vec<u8> = (0..75_000_u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    for octets in [
        Vec::new(),
        b"hello world\n".to_vec(),
        vec![0; 100_000],
        vec![b'x'; 3 << 20],
        vec![0xFF; 1 << 20],
        binary,
    ] {
        let (status, stdout, stderr) = from_stdin(&octets, &[]);
        assert_eq!(
            (status, stdout.as_str(), stderr.lines().count()),
            (Some(1), "", 1),
            "{} octets: {stderr}",
            octets.len()
        );
    }
    let (status, _, stderr) = from_stdin(b"0x904", &["0x7"]);
    assert_eq!((status, stderr.lines().count()), (Some(2), 1), "{stderr}");
}

#[test]
fn words_of_a_report_are_explained() {
    for (words, kind, part) in [
        (&["exit", "30"][..], "exit_code", "closed-after-request"),
        (&["exit 61"], "exit_code", "Standard RDP Security"),
        (&["closed-after-request"], "cause", "try once more after a minute"),
        (&["certificate-expired"], "finding", "certificate"),
        (&["connection_initiation"], "stage", "negotiation"),
        (&["inferred"], "basis", "follows from what is known"),
        (&["unlikely"], "likelihood", "a guess"),
        (&["misconfigured"], "outcome", "set up"),
    ] {
        let (status, all) = json(words);
        assert_eq!((status, all.len(), all[0]["own"]["kind"].as_str()), (Some(0), 1, Some(kind)), "{words:?}");
        let text = flat(&explain(words).stdout);
        assert!(text.contains(part) && !text.contains(['{', '}']), "{words:?}: {text}");
    }
}

#[test]
fn every_format_goes_where_it_was_sent() {
    let folder = std::env::temp_dir().join(format!("rdp-probe-explain-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("codes.json");
    let json = format!("json={}", file.display());
    let output = explain(&["516", "2055", "-o", "ndjson", "-o", &json]);
    let lines: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((output.status, Value::Array(lines)), (Some(0), written));
    let full = explain(&["516", "-o", "json=/dev/full"]);
    assert_eq!(full.status, Some(4));
    assert!(full.stderr.starts_with("rdp-probe: cannot write to /dev/full"), "{}", full.stderr);
}

#[test]
fn every_next_step_is_a_command_that_this_program_takes() {
    for next in all_next() {
        let command = next.command.replace("HOST", "127.0.0.1:9").replace("GATEWAY:443", "127.0.0.1:9");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let output = run(&words);
        assert_ne!(output.status, Some(2), "{command}: {}", output.stderr);
    }
}

proptest! {
    #[test]
    fn explain_is_total(words in prop::collection::vec(any::<String>(), 0..4)) {
        for one in rdp_probe::explain(&words) {
            let view = ExplanationView::of(&one);
            prop_assert!(!view.next.is_empty());
            prop_assert_eq!(view.known, !view.meanings.is_empty() || view.own.is_some());
        }
    }

    #[test]
    fn explain_is_total_for_what_looks_like_codes(text in "[-0-9a-fxX/_ A-Z().\\[\\]]{0,24}") {
        let all = rdp_probe::explain(&[&text]);
        prop_assert!(!all.is_empty());
    }

    #[test]
    fn a_number_is_read_alike_in_every_notation(code in any::<u32>()) {
        let forms = [format!("0x{code:X}"), code.to_string(), code.cast_signed().to_string()];
        let known: Vec<bool> =
            forms.iter().map(|form| rdp_probe::explain(&[form]).iter().all(|one| one.is_known())).collect();
        prop_assert!(known.iter().all(|one| *one == known[0]), "{forms:?}: {known:?}");
    }
}

#[test]
fn schema_of_explanations_is_that_of_the_types() {
    let schema = serde_json::to_string_pretty(&ExplanationView::schema()).unwrap();
    generated("explain.schema.json", &format!("{schema}\n"));
}

#[test]
fn page_of_codes_is_that_of_the_table() {
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "\\<");
    let mut text = String::from(
        "# Codes\n\nGenerated from the table that `rdp-probe explain` and the diagnosis use (crates/diagnosis/data/error-codes.tsv). \
         Names are the specifications'; a name in round brackets is a label for a code without a published one.\n\n\
         A number may stand in several families. `rdp-probe explain` lists them all, likeliest first by the way it is written, \
         and names for `0x904/0x7` the causes that this program knows of.\n",
    );
    for family in Family::ALL {
        let rows = || codes::all().iter().filter(|row| row.family == family);
        _ = write!(text, "\n## {}\n\n{}, {} rows.\n\n", family.name(), family.title(), rows().count());
        text.push_str(
            "| hexadecimal | decimal | name | stage | meaning | source |\n|---|---|---|---|---|---|\n",
        );
        for row in rows() {
            let (hexadecimal, decimal) = row
                .code
                .map_or_else(|| ("-".into(), "-".into()), |code| (format!("0x{code:X}"), code.to_string()));
            let (name, stage, meaning) = (cell(row.name), cell(row.stage), cell(row.meaning));
            let source = cell(row.source);
            _ = writeln!(text, "| {hexadecimal} | {decimal} | {name} | {stage} | {meaning} | {source} |");
        }
    }
    _ = write!(
        text,
        "\n## What clients print\n\nFrom crates/diagnosis/data/phrases.tsv, {} phrases, in the order of the table above. `*` stands for a part that \
         varies. Where a text holds several, the longest is meant.\n\n| phrase | code | basis | source |\n|---|---|---|---|\n",
        known_phrases().len()
    );
    let mut phrases: Vec<_> = known_phrases().iter().collect();
    phrases.sort_by_key(|phrase| codes::all().iter().position(|row| row == phrase.row));
    for phrase in phrases {
        let (family, basis) = (phrase.row.family.name(), phrase.basis.id());
        let code = phrase.row.code.map_or_else(|| phrase.row.name.to_owned(), |code| format!("0x{code:X}"));
        let (words, source) = (cell(phrase.text).replace('*', "\\*"), cell(phrase.source));
        _ = writeln!(text, "| {words} | {family} {code} | {basis} | {source} |");
    }
    text.push_str(
        "\n## What the field reports\n\nFrom crates/diagnosis/data/field-reports.tsv.\n\n\
         | code | basis | report | source |\n|---|---|---|---|\n",
    );
    for report in field_reports() {
        let extended = report.extended.map(|extended| format!("/0x{extended:X}")).unwrap_or_default();
        let (family, code, basis) = (report.family.name(), report.code, report.basis.id());
        let (what, source) = (cell(report.report), cell(report.source));
        _ = writeln!(text, "| {family} 0x{code:X}{extended} | {basis} | {what} | {source} |");
    }
    text.push_str("\n## What a Windows client would show\n\nFrom the catalogue (causes.md).\n\n| shown | rule |\n|---|---|\n");
    for rule in rdp_probe::catalogue::all() {
        for shown in rule.candidates {
            _ = writeln!(text, "| {} | {} |", candidate(shown), rule.id);
        }
    }
    generated("codes.md", &text);
}

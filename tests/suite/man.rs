//! `completions` and `man`: what the shell and the manual's own programs make of them.
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary::run;

/// Gives a text to a program; `None` when there is no such program.
fn given(program: &[&str], text: &str) -> Option<(bool, String)> {
    let (name, arguments) = program.split_first().unwrap();
    let child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn completions_are_there_for_every_shell_and_the_shells_that_are_here_accept_them() {
    let shells: [(&str, &[&str]); 5] = [
        ("bash", &["bash", "-n"]),
        ("zsh", &["zsh", "-n"]),
        ("fish", &["fish", "--no-execute"]),
        ("powershell", &["pwsh", "-NoProfile", "-Command", "-"]),
        ("elvish", &["elvish", "-compileonly"]),
    ];
    let mut accepted = 0_usize;
    for (shell, parser) in shells {
        let output = run(&["completions", shell]);
        assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in ["rdp-probe", "from-report", "demo"] {
            assert!(output.stdout.contains(word), "{shell} knows nothing of {word}");
        }
        if let Some((ok, said)) = given(parser, &output.stdout) {
            assert!(ok, "{shell}: {said}");
            accepted += 1;
        }
    }
    // tests/prepare installs the first three.
    assert!(accepted >= 3, "{accepted} shells are here");
    let none = run(&["completions", "tcsh"]);
    assert_eq!((none.status, none.stderr.lines().count()), (Some(2), 1), "{}", none.stderr);
}

/// What bash itself offers behind these words, after the tabulator.
fn offered(words: &[&str]) -> String {
    let script = run(&["completions", "bash"]).stdout;
    let (last, before) =
        (words[words.len() - 1], words.get(words.len().wrapping_sub(2)).copied().unwrap_or("rdp-probe"));
    let ask = format!(
        "complete=$(complete -p rdp-probe); set -- ${{complete#*-F }}; COMP_WORDS=(rdp-probe {}) COMP_CWORD={}; \
         $1 rdp-probe '{last}' '{before}'; echo ${{COMPREPLY[@]}}",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len()
    );
    let (ok, said) = given(&["bash", "--norc", "-s"], &format!("{script}\n{ask}\n")).unwrap();
    assert!(ok, "{said}");
    said
}

#[test]
fn bash_offers_the_values_of_options_and_what_explain_is_asked() {
    for (words, value) in [
        (&["--security", "nl"][..], "nla-ext"),
        (&["--until", "t"], "tls"),
        (&["-o", "nd"], "ndjson"),
        (&["--gateway-transport", "w"], "websocket"),
        (&["--expect", "cert.d"], "cert.days"),
        (&["wait", "srv1", "--until", "t"], "tls"),
        (&["wait", "--stab"], "--stable"),
        (&["explain", "0x90"], "0x904"),
        (&["explain", "closed-af"], "closed-after-request"),
    ] {
        let all = offered(words);
        assert!(all.split_whitespace().any(|word| word == value), "{words:?}: {all}");
    }
}

#[test]
fn bash_completes_an_option() {
    assert!(offered(&["--from-r"]).contains("--from-report"));
}

#[test]
fn manual_page_has_every_option_verb_and_exit_code() {
    let output = run(&["man"]);
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    let page = output.stdout;
    let plain = page.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\-", "-");
    let help = run(&["--help"]).stdout;
    let options: Vec<&str> = help
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-'))
        .filter(|word| word.len() > 3 && word.starts_with("--"))
        .collect();
    assert!(options.len() > 20, "{options:?}");
    for option in options {
        assert!(plain.contains(option), "{option} is not in the manual page");
    }
    for verb in ["explain", "demo", "completions", "man", "wait"] {
        assert!(plain.contains(&format!("rdp-probe {verb}")), "{verb} is not in the manual page");
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/exit-codes.md");
    let mut codes = 0_usize;
    for line in std::fs::read_to_string(docs).unwrap().lines() {
        let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [code, meaning, _] = columns.as_slice() else { continue };
        if code.parse::<u8>().is_ok() {
            assert!(plain.contains(&format!("\n.TP\n{code}\n{meaning}\n")), "{line}");
            codes += 1;
        }
    }
    assert!(codes > 30);
}

#[test]
fn manual_page_is_set_without_a_complaint_where_groff_is() {
    let page = run(&["man"]).stdout;
    // -z sets and prints nothing; every kind of warning is on.
    if let Some((ok, said)) = given(&["groff", "-man", "-Tutf8", "-z", "-ww"], &page) {
        assert!(ok && said.is_empty(), "{said}");
    }
}

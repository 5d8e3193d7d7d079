//! The tables of docs/rdp-files.md, which are made from the one table of keys.
use std::fmt::Write as _;

use rdp_probe::{RdpFile, RdpFileKey, RdpFileKeyUse, RdpFileWarning};

use crate::catalogue::{generated, page};

/// The rows of the keys that are used so.
fn rows(used: RdpFileKeyUse) -> String {
    let mut text = String::from("| key | what it does |\n|---|---|\n");
    for RdpFileKey { name, kind, clause, .. } in RdpFileKey::ALL.iter().filter(|key| key.used == used) {
        _ = writeln!(text, "| `{name}:{kind}:` | {clause} |");
    }
    text
}

/// The keys that change nothing, a row for what they are about.
fn rows_of_nothing() -> String {
    let all = RdpFileKey::ALL.iter().filter(|key| key.used == RdpFileKeyUse::Nothing);
    let mut about: Vec<(&str, Vec<String>)> = Vec::new();
    for RdpFileKey { name, kind, clause, .. } in all {
        let key = format!("`{name}:{kind}:`");
        match about.iter_mut().find(|(other, _)| other == clause) {
            Some((_, keys)) => keys.push(key),
            None => about.push((clause, vec![key])),
        }
    }
    let mut text = String::from("| what they say | keys |\n|---|---|\n");
    for (clause, keys) in about {
        _ = writeln!(text, "| {clause} | {} |", keys.join(", "));
    }
    text
}

#[test]
fn page_of_rdp_files_has_every_key_from_the_table() {
    let mut text = page("rdp-files.md");
    for (name, rows) in [
        ("followed", rows(RdpFileKeyUse::Followed)),
        ("said", rows(RdpFileKeyUse::Said)),
        ("secret", rows(RdpFileKeyUse::Secret)),
        ("nothing", rows_of_nothing()),
    ] {
        let mark = format!("<!-- {name} -->\n");
        let (before, after) = text.split_once(&mark).unwrap_or_else(|| panic!("the page has no mark {mark}"));
        let (_, after) = after.split_once("<!-- end -->\n").unwrap();
        text = format!("{before}{mark}{rows}<!-- end -->\n{after}");
    }
    generated("rdp-files.md", &text);
    let in_tables = RdpFileKey::ALL.iter().all(|key| text.contains(&format!("`{}:{}:`", key.name, key.kind)));
    assert!(in_tables && RdpFileKey::ALL.len() > 120, "{}", RdpFileKey::ALL.len());
}

#[test]
fn no_key_of_the_table_is_unknown_to_the_reader() {
    for RdpFileKey { name, kind, .. } in RdpFileKey::ALL {
        let text = format!("full address:s:srv1\r\n{name}:{kind}:\r\nfull address:s:srv1\r\n");
        let file = RdpFile::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_unknown = |warning: &RdpFileWarning| matches!(warning, RdpFileWarning::UnknownKeys(_));
        assert!(!file.warnings.iter().any(is_unknown), "{name}");
    }
}

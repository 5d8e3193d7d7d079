//! docs/command-lines.md, made of the table.
use std::fmt::Write as _;
use std::path::Path;

use crate::spellings::table::{Action, Client, Row, Takes, rows};

/// What stands before the tables.
const HEAD: &str = "\
# Command lines of other clients

Generated from the table of options (crates/cli/data/command-lines.tsv).

A command line of mstsc, FreeRDP (xfreerdp, wlfreerdp, sdl-freerdp, wfreerdp) or rdesktop that fails can be pasted behind `rdp-probe`, beside
this program's own options: `rdp-probe mstsc /v:srv1 /admin`. What is typed as an option of this program goes before what the line says.

- The client's own name in front is passed over, with its folder, a shell's prompt, and `sudo`, `env`, `nohup`, `exec`, `timeout`, `start`,
  `Start-Process`, `flatpak run` and their like before it. `proxychains` and `torsocks` are said and not followed. A name with nothing behind
  it is that of a host.
- `/word`, `+word`, `-word` and `--word` are one option, with `:` or `=` before its value; what is switched off has a single hyphen. An option of
  this program that is written in the same way goes first: `-v`, `-u`, `-d`, `-g`, `-o`, `-h`, `-4`, `-6`; `-v:srv1` is theirs.
- A line with the name of rdesktop, or with the size of a window behind `-g` (`-g 800x600`), is one of rdesktop: its options are letters.
- What a shell does (`&&`, `|`, `>`, `;`, `$(...)`) is no part of such a line: exit code 2, with the place marked.
- What a client would do and the run does not stands in the report: `target.not_followed`, and in every output.
- The password of a line is used, with a warning that everybody on the computer can read it, and never printed; nobody is asked for one. Neither
  is the value of an option that is not known printed, nor a word that may be a password.
";

/// Whether an option stands in a section.
type Belongs = fn(&Row) -> bool;

/// Its sections: what belongs there, with a title.
const SECTIONS: [(&str, Belongs); 4] = [
    ("Options that change the probe", |row| changes(row) && signs(row)),
    ("Options that are refused", |row| refused(row) && signs(row)),
    ("Options that make no difference to the connection", |row| row.is == Action::Nothing && signs(row)),
    ("Options of rdesktop and FreeRDP 1", |row| !signs(row)),
];

fn signs(row: &Row) -> bool {
    [Client::Mstsc, Client::FreeRdp2, Client::FreeRdp3].into_iter().any(|client| row.is_of(client))
}

fn refused(row: &Row) -> bool {
    matches!(row.is, Action::Question | Action::ArgsFrom)
}

fn changes(row: &Row) -> bool {
    row.is != Action::Nothing && !refused(row)
}

/// The page.
fn page() -> String {
    let mut text = HEAD.to_owned();
    for (title, belongs) in SECTIONS {
        _ = write!(text, "\n## {title}\n\n| option | of | here |\n|---|---|---|\n");
        for row in rows().filter(belongs) {
            let clients: Vec<&str> =
                Client::ALL.into_iter().filter(|client| row.is_of(*client)).map(Client::title).collect();
            let clients = clients.join(", ").replace("FreeRDP 2, FreeRDP 3", "FreeRDP");
            _ = writeln!(text, "| {} | {clients} | {}{} |", written(&row), nothing(&row), row.here);
        }
    }
    text
}

fn nothing(row: &Row) -> &'static str {
    if row.is == Action::Nothing { "nothing: " } else { "" }
}

/// Its names, as they are written.
fn written(row: &Row) -> String {
    let one = |name: &str| match (signs(row), name.len(), row.takes) {
        (false, 1, Takes::Value) => format!("`-{name} ...`"),
        (false, 1, _) => format!("`-{name}`"),
        (false, _, Takes::Value | Takes::Plugin) => format!("`--{name} ...`"),
        (false, ..) => format!("`--{name}`"),
        (true, _, Takes::Value) => format!("`/{name}:...`"),
        (true, _, Takes::Optional) => format!("`/{name}[:...]`"),
        (true, _, Takes::Switch) => format!("`+{name}`, `-{name}`"),
        (true, _, Takes::Nothing | Takes::Plugin) => format!("`/{name}`"),
    };
    row.names().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn page_of_command_lines_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command-lines.md");
    let text = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        current == text,
        "docs/command-lines.md is not what the table gives: run the tests with UPDATE_DOCS=1"
    );
}

#[test]
fn every_option_stands_in_one_section() {
    for row in rows() {
        let sections = SECTIONS.iter().filter(|(_, belongs)| belongs(&row)).count();
        assert_eq!(sections, 1, "{row:?}");
    }
}

//! The columns of a list that has a header, and which of them name the target.
use std::borrow::Cow;
use std::net::IpAddr;

use crate::quote::quoted;
use crate::written::is_number;

use super::fields::{Fields, SEPARATORS, split};

/// The name of a column that holds hosts.
struct Host {
    name: &'static str,
    /// Whether it is one also where it is all that the first line holds: no host is called so.
    alone: bool,
}

const fn sure(name: &'static str) -> Host {
    Host { name, alone: true }
}

const fn beside_others(name: &'static str) -> Host {
    Host { name, alone: false }
}

/// The columns that hold hosts, those first that name one best; in a header they stand in any case, and with anything between their words.
/// docs/lists.md has them.
const HOSTS: [Host; 33] = [
    sure("fqdn"),
    sure("dnshostname"),
    sure("dnsname"),
    sure("fullyqualifieddomainname"),
    sure("hostname"),
    sure("host"),
    sure("rdphost"),
    sure("fulladdress"),
    sure("computername"),
    sure("pscomputername"),
    sure("servername"),
    sure("machinename"),
    sure("vmname"),
    sure("devicename"),
    sure("nodename"),
    beside_others("computer"),
    beside_others("server"),
    beside_others("machine"),
    beside_others("target"),
    beside_others("vm"),
    beside_others("device"),
    beside_others("node"),
    beside_others("system"),
    sure("address"),
    sure("name"),
    sure("ip"),
    sure("ipaddress"),
    sure("ipv4"),
    sure("ipv4address"),
    sure("publicip"),
    sure("privateip"),
    sure("ipv6"),
    sure("ipv6address"),
];

/// The columns that hold ports.
const PORTS: [&str; 3] = ["port", "rdpport", "tcpport"];

/// As many names of columns are said.
const SAID: usize = 20;

/// The most columns of a table, each of which is looked for in every line.
const MOST_OF_TABLE: usize = 256;

/// The columns of a list, as far as they matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    cut: Cut,
    /// The names of all of them, as they were written.
    names: Vec<String>,
    /// Those that hold hosts, the best first.
    hosts: Vec<usize>,
    port: Option<usize>,
}

/// How a line is divided.
#[derive(Debug, PartialEq, Eq)]
enum Cut {
    At(char),
    /// In characters: where each column begins.
    Table(Vec<usize>),
}

/// What the first line of a list is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A line like the others.
    None,
    /// The name of the only column.
    Single,
    Columns(Columns),
    /// It may be the head of a table, if the next line underlines it.
    Underlined,
    /// A header without what was looked for: why.
    Wrong(String),
}

/// Looks at the first line of a list.
pub(super) fn header(line: &str, separator: Option<char>, wanted: Option<&str>) -> Header {
    let known = |name: &str| match wanted {
        Some(wanted) => is_called(name, wanted),
        None => rank(name).is_some() || is_port(name),
    };
    let divided = SEPARATORS.iter().copied().filter(|one| separator.is_none_or(|separator| separator == *one));
    // The one that shows most of what is known, and of those the one that shows most.
    let best = divided
        .map(|separator| (separator, names(split(line, separator))))
        .max_by_key(|(_, names)| (names.iter().filter(|name| known(name)).count(), names.len()));
    let Some((separator, names)) = best else { return Header::None };
    if let [only] = names.as_slice() {
        let is_one = match wanted {
            Some(wanted) => is_called(only, wanted),
            None => rank(only)
                .and_then(|rank| HOSTS.get(rank))
                .is_some_and(|host| host.alone || line.trim_start().starts_with('"')),
        };
        if is_one {
            return Header::Single;
        }
        let mut words = line.split_whitespace();
        let may_be =
            words.clone().count() > 1 && !words.clone().any(is_value) && (wanted.is_some() || words.any(known));
        return match wanted {
            _ if may_be => Header::Underlined,
            Some(wanted) => Header::Wrong(no_such(wanted, &names)),
            None => Header::None,
        };
    }
    if wanted.is_none() && (!names.iter().any(|name| known(name)) || names.iter().any(|name| is_value(name))) {
        return Header::None;
    }
    of_names(Cut::At(separator), names, wanted)
}

/// Looks at the first line again, with the line behind it, which may underline its columns.
pub(super) fn table(line: &str, below: &str, wanted: Option<&str>) -> Header {
    let begins = begins(below);
    if is_rule(below) && begins.len() <= MOST_OF_TABLE {
        let names = slices(line, &begins).into_iter().map(Cow::into_owned).collect();
        return of_names(Cut::Table(begins), names, wanted);
    }
    wanted.map_or(Header::None, |wanted| Header::Wrong(no_such(wanted, &[line.trim().to_owned()])))
}

/// Whether a line has nothing but what underlines another, or divides a table.
pub(super) fn is_rule(line: &str) -> bool {
    let is_drawn = |c: char| matches!(c, '-' | '=' | '+' | '|' | '\u{2500}'..='\u{257f}') || c.is_whitespace();
    ["--", "==", "\u{2500}"].iter().any(|one| line.contains(one)) && line.chars().all(is_drawn)
}

impl Columns {
    /// The cells of a line. `open`: the last one goes on in the next line.
    pub(super) fn cells<'a>(&self, line: &'a str) -> Fields<'a> {
        match &self.cut {
            Cut::At(separator) => split(line, *separator),
            Cut::Table(begins) => {
                let words: Vec<&str> = line.split_whitespace().collect();
                // Numbers stand at the right, and may begin before their name does.
                let all = if words.len() == begins.len() {
                    words.into_iter().map(Cow::Borrowed).collect()
                } else {
                    slices(line, begins)
                };
                Fields { all, open: false }
            }
        }
    }

    /// Of these cells the ones that may name the host, the best first.
    pub(super) fn hosts<'a>(&'a self, cells: &'a [Cow<'a, str>]) -> impl Iterator<Item = &'a str> {
        self.hosts
            .iter()
            .filter_map(|at| cells.get(*at))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
    }

    pub(super) fn port<'a>(&self, cells: &'a [Cow<'a, str>]) -> Option<&'a str> {
        let cell = self.port.and_then(|at| cells.get(at))?;
        Some(cell.trim()).filter(|cell| !cell.is_empty())
    }

    /// Whether these are their names: the header once more, where lists were put together.
    pub(super) fn are_names(&self, cells: &[Cow<'_, str>]) -> bool {
        self.names.iter().map(String::as_str).eq(cells.iter().map(|cell| cell.trim()))
    }

    /// What it is called that holds hosts, as people wrote it.
    pub(super) fn called(&self) -> String {
        said(self.hosts.iter().filter_map(|at| self.names.get(*at)))
    }
}

fn of_names(cut: Cut, names: Vec<String>, wanted: Option<&str>) -> Header {
    let port = names.iter().position(|name| is_port(name));
    let mut hosts: Vec<(usize, usize)> = match wanted {
        Some(wanted) => {
            names.iter().position(|name| is_called(name, wanted)).map(|at| (0, at)).into_iter().collect()
        }
        None => names.iter().enumerate().filter_map(|(at, name)| Some((rank(name)?, at))).collect(),
    };
    if hosts.is_empty() {
        return Header::Wrong(match wanted {
            Some(wanted) => no_such(wanted, &names),
            None => format!("no column is known to hold hosts; --column names it; there are {}", said(&names)),
        });
    }
    hosts.sort_unstable();
    let hosts = hosts.into_iter().map(|(_, at)| at).collect();
    Header::Columns(Columns { cut, names, hosts, port })
}

fn names(Fields { all, .. }: Fields<'_>) -> Vec<String> {
    all.into_iter().map(|name| name.trim().to_owned()).collect()
}

/// Without whatever stands between words, and in small letters.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn rank(name: &str) -> Option<usize> {
    let name = plain(name);
    HOSTS.iter().position(|host| host.name == name)
}

fn is_port(name: &str) -> bool {
    PORTS.contains(&plain(name).as_str())
}

fn is_called(name: &str, wanted: &str) -> bool {
    let name = name.trim();
    name.to_lowercase() == wanted.trim().to_lowercase()
        || (!plain(name).is_empty() && plain(name) == plain(wanted))
}

/// Whether it stands in a row, and not in a header.
fn is_value(text: &str) -> bool {
    let text = text.trim();
    is_number(text) || text.parse::<IpAddr>().is_ok()
}

fn no_such(wanted: &str, names: &[String]) -> String {
    format!("there is no column {}; there are {}", quoted(wanted), said(names))
}

fn said(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut names = names.into_iter();
    let some: Vec<String> = names.by_ref().take(SAID).map(|name| quoted(name.as_ref())).collect();
    let more = match names.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    some.join(", ") + &more
}

/// Where columns begin that are underlined, in characters.
fn begins(rule: &str) -> Vec<usize> {
    let mut before = ' ';
    let mut all = Vec::new();
    for (at, character) in rule.chars().enumerate() {
        if before.is_whitespace() && !character.is_whitespace() {
            all.push(at);
        }
        before = character;
    }
    all
}

/// A line, cut where columns begin.
fn slices<'a>(line: &'a str, begins: &[usize]) -> Vec<Cow<'a, str>> {
    let ends = begins.iter().skip(1).copied().map(Some).chain([None]);
    let slice = |(begin, end): (&usize, Option<usize>)| {
        let at = |place: usize| line.char_indices().nth(place).map_or(line.len(), |(at, _)| at);
        let (begin, end) = (at(*begin), end.map_or(line.len(), at));
        Cow::Borrowed(line.get(begin..end).unwrap_or_default().trim())
    };
    begins.iter().zip(ends).map(slice).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The rows of the page, from the tables.
    fn rows() -> String {
        let named = |columns: &mut dyn Iterator<Item = &'static str>| {
            columns.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let alone = named(&mut HOSTS.iter().filter(|host| host.alone).map(|host| host.name));
        let beside = named(&mut HOSTS.iter().filter(|host| !host.alone).map(|host| host.name));
        let best = named(&mut HOSTS.iter().map(|host| host.name));
        let ports = named(&mut PORTS.into_iter());
        format!(
            "| what | columns, in any case, with anything between their words |\n|---|---|\n| the host, the best first | {best} |\n\
             | a first line that holds nothing else is one of these | {alone} |\n| only beside other columns | {beside} |\n| its port | {ports} |\n"
        )
    }

    #[test]
    fn page_of_lists_has_every_column_from_the_table() {
        const MARKS: (&str, &str) = ("<!-- columns -->\n", "<!-- end -->");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lists.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = page.split_once(MARKS.0).unwrap();
        let (current, after) = rest.split_once(MARKS.1).unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{before}{}{}{}{after}", MARKS.0, rows(), MARKS.1)).unwrap();
        } else {
            assert_eq!(
                current,
                rows(),
                "docs/lists.md is not what the tables give: run the tests with UPDATE_DOCS=1"
            );
        }
    }
}

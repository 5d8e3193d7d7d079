//! Lists of targets, read line by line: plain ones, and such with columns. docs/lists.md says how each line is read.
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use rdp_probe::Target;

mod columns;
mod fields;
mod text;

use crate::spread::{Spread, names_port};
use crate::words::is_rdp_file;
use crate::written::{Meant, Written, is_number, meant, shown};
use columns::{Columns, Header, header, is_rule, table};
use fields::{Fields, first_separator, split};
use text::{Text, Texts};

/// The longest line, in octets: no target is as long.
const MAX_LINE: usize = 64 << 10;
/// Over so many lines a cell may go.
const MAX_LINES: usize = 32;
/// What a list is.
const LIST: &str = "a list is text with a target on each line";

/// How lists are read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The column that holds the hosts, where somebody named one.
    pub(crate) column: Option<String>,
    /// The port of a target that names none.
    pub(crate) port: u16,
}

/// A list under way. It holds one line, and what had to be read behind it to understand it.
pub(crate) struct Lines<R> {
    texts: Texts<R>,
    name: Arc<str>,
    reading: Reading,
    kind: Kind,
    /// What divides the columns, where the list says that itself.
    separator: Option<char>,
    /// How many lines have been read.
    number: usize,
    ahead: VecDeque<(usize, String)>,
    /// Whether there was a target in it.
    any: bool,
    /// Whether it was said that columns are passed over.
    more: bool,
    /// Whether there was a quotation mark without another one.
    stray: bool,
}

/// What kind of list it is.
enum Kind {
    Unknown,
    Plain,
    Columns(Columns),
}

/// What a line names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    Target(Target),
    /// A network, a range, or several ports.
    Many(Spread),
    /// The name of an .rdp file.
    File(String),
}

/// One line that is no comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it names, or why it cannot be read.
    pub(crate) what: Result<What, String>,
    /// The first one of the list of which a part was passed over.
    pub(crate) more: bool,
    pub(crate) place: Place,
}

/// Where a line stands, and what is in it.
#[derive(PartialEq, Eq)]
pub(crate) struct Place {
    list: Arc<str>,
    number: usize,
    /// Behind a port there may be a password, so that messages show less of it.
    cell: String,
}

/// As messages have it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.list, self.number, shown(&self.cell))
    }
}

/// As messages have it.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a line holds that is no comment.
struct Held<'a> {
    cell: Cow<'a, str>,
    what: Result<What, String>,
    more: bool,
}

impl<R: Read> Lines<R> {
    /// `name` is the list's, as messages have it.
    pub(crate) fn new(source: R, name: String, reading: Reading) -> Self {
        Self {
            texts: Texts::new(source, MAX_LINE),
            name: name.into(),
            reading,
            kind: Kind::Unknown,
            separator: None,
            number: 0,
            ahead: VecDeque::new(),
            any: false,
            more: false,
            stray: false,
        }
    }

    /// The next line of text, and its number.
    fn text(&mut self) -> Result<Option<(usize, String)>, String> {
        if let Some(text) = self.ahead.pop_front() {
            return Ok(Some(text));
        }
        self.read()
    }

    fn read(&mut self) -> Result<Option<(usize, String)>, String> {
        let (name, number) = (&self.name, self.number + 1);
        let text = match self.texts.next().map_err(|error| format!("{name}: cannot be read: {error}"))? {
            Text::End => return Ok(None),
            Text::TooLong => {
                return Err(format!("{name}, line {number}: longer than {} KiB; {LIST}", MAX_LINE >> 10));
            }
            Text::Line(text) => text,
        };
        self.number = number;
        if !self.any && text.contains(is_binary) {
            return Err(format!("{name}: is no list: line {number} has what no text has; {LIST}"));
        }
        Ok(Some((number, text)))
    }

    /// The next line that is no comment.
    fn line(&mut self) -> Result<Option<Line>, String> {
        while let Some((number, text)) = self.text()? {
            if is_passed_over(&text) || (matches!(self.kind, Kind::Unknown) && self.is_header(number, &text)?) {
                continue;
            }
            let text = self.with_open_cell(text)?;
            let held = match &self.kind {
                Kind::Columns(columns) => of_row(columns, &text, self.reading.port),
                Kind::Unknown | Kind::Plain => of_plain(&text, self.reading.port),
            };
            let Some(Held { cell, what, more }) = held else { continue };
            self.any |= what.is_ok();
            let more = more && !self.more;
            self.more |= more;
            let list = Arc::clone(&self.name);
            // Nearly always it is all that stands there.
            let part = (cell != text).then(|| cell.into_owned());
            let cell = part.unwrap_or(text);
            return Ok(Some(Line { what, more, place: Place { list, number, cell } }));
        }
        Ok(None)
    }

    /// Learns what kind of list it is from its first line, and says whether that was a header.
    fn is_header(&mut self, number: usize, text: &str) -> Result<bool, String> {
        if let Some(separator) = said_separator(text) {
            self.separator = Some(separator);
            return Ok(true);
        }
        let wanted = self.reading.column.as_deref();
        let mut found = header(text, self.separator, wanted);
        if found == Header::Underlined {
            let below = self.read()?;
            let line = below.as_ref().map_or("", |(_, text)| text);
            found = table(text, line, self.reading.column.as_deref());
            self.ahead.extend(below);
        }
        let (kind, is_header) = match found {
            Header::None | Header::Underlined => (Kind::Plain, false),
            Header::Single => (Kind::Plain, true),
            Header::Columns(columns) => (Kind::Columns(columns), true),
            Header::Wrong(why) => return Err(format!("{}, line {number}: {why}", self.name)),
        };
        self.kind = kind;
        Ok(is_header)
    }

    /// With the lines over which its last cell goes. Where that has no end, it is one line, and the others are lines too, as are all that
    /// follow.
    fn with_open_cell(&mut self, text: String) -> Result<String, String> {
        let Kind::Columns(columns) = &self.kind else { return Ok(text) };
        if self.stray || !columns.cells(&text).open {
            return Ok(text);
        }
        let (mut whole, mut taken) = (text.clone(), Vec::new());
        while taken.len() < MAX_LINES && whole.len() < MAX_LINE {
            let Some((number, next)) = self.text()? else { break };
            whole.push('\n');
            whole.push_str(&next);
            taken.push((number, next));
            if let Kind::Columns(columns) = &self.kind
                && !columns.cells(&whole).open
            {
                return Ok(whole);
            }
        }
        self.stray = true;
        for one in taken.into_iter().rev() {
            self.ahead.push_front(one);
        }
        Ok(text)
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<Line, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}

/// What no text has. Whatever colours a terminal, ends a page or a file may stand in one.
const fn is_binary(character: char) -> bool {
    matches!(character, '\0'..='\u{7}' | '\u{e}'..='\u{19}' | '\u{1c}'..='\u{1f}')
}

/// Whether a line has nothing in it, is a comment, or underlines another.
fn is_passed_over(text: &str) -> bool {
    // Nearly every line begins with a host.
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return false;
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{1a}'));
    text.is_empty() || text.starts_with(['#', ';']) || text.starts_with("//") || is_rule(text)
}

/// What follows a `#` or `//` behind white space is a comment.
fn without_comment(text: &str) -> &str {
    if !text.bytes().any(|octet| matches!(octet, b'#' | b'/')) {
        return text;
    }
    let mut before = 'x';
    for (at, character) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if before.is_whitespace() && (character == '#' || rest.starts_with("//")) {
            return text.get(..at).unwrap_or_default();
        }
        before = character;
    }
    text
}

/// `sep=;`, with which Excel begins a list.
fn said_separator(text: &str) -> Option<char> {
    let (name, separator) = text.trim_matches(['"', ' ', '\u{feff}']).split_once('=')?;
    let mut characters = separator.chars();
    let separator = characters.next().filter(|separator| fields::SEPARATORS.contains(separator))?;
    (name.eq_ignore_ascii_case("sep") && characters.next().is_none()).then_some(separator)
}

/// A line of a list without columns: a target, and behind a separator its port.
fn of_plain(text: &str, port: u16) -> Option<Held<'_>> {
    let text = without_comment(text).trim();
    let Some((separator, before)) = first_separator(text) else {
        return Some(held(text, None, port));
    };
    let Fields { all, .. } = split(text, separator);
    let mut cells = all.into_iter();
    let cell = cells.next().unwrap_or_default();
    let mut rest: Vec<Cow<'_, str>> = cells.collect();
    while rest.last().is_some_and(|last| last.trim().is_empty()) {
        rest.pop();
    }
    // A comma behind a port brings another port.
    if separator == ',' && names_port(&cell) && !rest.is_empty() && rest.iter().all(|one| is_number(one.trim()))
    {
        let all: Vec<&str> = std::iter::once(&cell).chain(&rest).map(|one| one.trim()).collect();
        return Some(held(all.join(","), None, port));
    }
    let own = rest.first().map(|first| first.trim()).filter(|first| is_number(first)).map(str::to_owned);
    let is_comment = separator == ';' && before.ends_with(char::is_whitespace) && own.is_none();
    if separator == ',' && own.is_none() && !rest.is_empty() {
        let why = "a line holds one target; columns have their names in the first line";
        return Some(Held { cell, what: Err(why.to_owned()), more: false });
    }
    let more = !is_comment && rest.len() > usize::from(own.is_some());
    let held = held(cell, own.as_deref(), port);
    Some(Held { more: held.more || more, ..held })
}

/// A line of a list with columns.
fn of_row<'a>(columns: &Columns, text: &'a str, port: u16) -> Option<Held<'a>> {
    let Fields { all: cells, open } = columns.cells(text);
    if columns.are_names(&cells) || cells.iter().all(|cell| cell.trim().is_empty()) {
        return None;
    }
    let own = columns.port(&cells).map(without_comment).map(str::trim).filter(|own| !own.is_empty());
    let mut refused = None;
    for cell in columns.hosts(&cells).map(|cell| without_comment(cell).trim().to_owned()) {
        let held = held(cell, own, port);
        if held.what.is_ok() && !open {
            return Some(Held { more: false, ..held });
        }
        refused.get_or_insert(held);
    }
    let why = if open {
        "a quotation mark is not closed".to_owned()
    } else {
        format!("nothing stands in column {}", columns.called())
    };
    Some(match refused {
        Some(held) if !open => held,
        Some(Held { cell, .. }) => Held { cell, what: Err(why), more: false },
        None => Held { cell: Cow::Borrowed(""), what: Err(why), more: false },
    })
}

/// What a cell names, whose port may stand in another one.
fn held<'a>(cell: impl Into<Cow<'a, str>>, own: Option<&str>, port: u16) -> Held<'a> {
    let cell = cell.into();
    let (what, more) = match named(&cell, own, port) {
        Ok((what, more)) => (Ok(what), more),
        Err(why) => (Err(why), false),
    };
    Held { cell, what, more }
}

fn named(cell: &str, own: Option<&str>, port: u16) -> Result<(What, bool), String> {
    // Files are named as they are, in quotation marks or not.
    let file = cell.trim().trim_matches('"');
    if is_rdp_file(file) {
        return Ok((What::File(file.to_owned()), false));
    }
    let Some(own) = own else {
        return match meant(cell, port)? {
            Meant::One(Written { target, more }) => Ok((What::Target(target), more)),
            Meant::Many(many) => Ok((What::Many(many), false)),
        };
    };
    let number = own.parse().ok().filter(|port| is_number(own) && *port != 0);
    let port = number.ok_or_else(|| format!("a port is a number from 1 to 65535, not {}", shown(own)))?;
    match meant(cell, port)? {
        Meant::One(Written { target, more }) => Ok((What::Target(Target::new(target.host, target.port)), more)),
        Meant::Many(many) => Ok((What::Many(many), false)),
    }
}

#[cfg(test)]
mod tests;

//! Reads a command line word by word: what is another client's goes into its line, what is this program's stays as it is.
use std::ffi::{OsStr, OsString};
use std::iter::Peekable;
use std::path::Path;
use std::vec::IntoIter;

use crate::format::output;
use crate::quote::short;
use crate::spellings::client::Program;
use crate::spellings::letters::letters;
use crate::spellings::line::{Finished, Given, Line};
use crate::spellings::ours::Ours;
use crate::spellings::spelt::Spelt;
use crate::spellings::table::{Action, Client, Row, Takes, of, signed};
use crate::spellings::written::{Written, is_bare};
use crate::words::is_rdp_file;

/// A line that is being read.
pub(super) struct Reader<'a> {
    ours: &'a Ours,
    /// The client whose name stands in front.
    program: Option<Program>,
    /// The client whose options are letters.
    letters: Option<Client>,
    words: Peekable<IntoIter<OsString>>,
    pub(super) line: Line,
    /// This program's own words.
    args: Vec<OsString>,
    /// How many of them are targets.
    targets: usize,
    files: bool,
    /// What stands behind `--`.
    rest: Vec<OsString>,
}

/// Whose a word is.
enum Whose {
    Theirs(Row),
    Ours,
    File,
    Nobodys,
}

const AMBIGUOUS: &str = "/v or a client's name, and one more word that is no option: it is not shown, since it may be a password; give one \
                         target";

impl<'a> Reader<'a> {
    pub(super) fn new(
        ours: &'a Ours,
        program: Option<Program>,
        letters: Option<Client>,
        words: Vec<OsString>,
    ) -> Self {
        Self {
            ours,
            program,
            letters,
            words: words.into_iter().peekable(),
            line: Line::default(),
            args: Vec::new(),
            targets: 0,
            files: false,
            rest: Vec::new(),
        }
    }

    /// Reads all words.
    pub(super) fn read(&mut self) -> Result<(), String> {
        while let Some(argument) = self.words.next() {
            let Some(word) = argument.to_str() else {
                self.target(argument)?;
                continue;
            };
            if word == "--" {
                self.rest = std::iter::once(argument).chain(self.words.by_ref()).collect();
                break;
            }
            let word = word.to_owned();
            let Some(written) = Written::of(&word) else {
                self.target(argument)?;
                continue;
            };
            match self.letters.filter(|_| written.sign == "-") {
                Some(client) => self.take_letters(client, argument, &word)?,
                None => self.take(written, argument, &word)?,
            }
        }
        Ok(())
    }

    /// All words together, behind this program's own options that stood in front of the client's name.
    pub(super) fn finish(self, before: &[OsString], mut spelt: Spelt) -> Result<Spelt, String> {
        if self.line.has_host() && self.files {
            return Err("/v: and an .rdp file together: which of them is meant? give one".into());
        }
        if (self.line.has_host() && self.targets > 0) || (self.program.is_some() && self.targets > 1) {
            return Err(AMBIGUOUS.to_owned());
        }
        let typed: Vec<OsString> = before.iter().chain(&self.args).cloned().collect();
        let Finished { args, target, notes, pasted } = self.line.finish(&typed)?;
        spelt.args.extend(args.into_iter().map(OsString::from).chain(typed));
        if let Some(target) = target {
            if self.rest.is_empty() {
                spelt.args.push("--".into());
                spelt.args.push(target.into());
            } else {
                spelt.args.push(target.into());
                spelt.args.extend(self.rest);
            }
        } else {
            spelt.args.extend(self.rest);
        }
        (spelt.notes, spelt.pasted) = (notes, pasted);
        Ok(spelt)
    }

    /// A word that is no option.
    fn target(&mut self, argument: OsString) -> Result<(), String> {
        let text = argument.to_str().unwrap_or_default();
        let is_file = is_rdp_file(&argument);
        let is_list = text.is_empty() || text == "-" || text.starts_with('@');
        if (self.program.is_some() || self.letters.is_some()) && !is_file && !is_list {
            return self.their_target(text);
        }
        self.files |= is_file;
        self.targets = self.targets.saturating_add(1);
        self.args.push(argument);
        Ok(())
    }

    /// A word that is no option where a client's name stands in front.
    fn their_target(&mut self, text: &str) -> Result<(), String> {
        if self.line.has_host() {
            return Err(AMBIGUOUS.to_owned());
        }
        if self.program != Some(Program::Remmina) {
            return self.line.host(text);
        }
        let address = text.strip_prefix("rdp://").unwrap_or(text);
        let (account, host) =
            address.rsplit_once('@').map_or((None, address), |(account, host)| (Some(account), host));
        if let Some(account) = account {
            let (user, password) = account.split_once(':').unwrap_or((account, ""));
            self.give(signed("u"), "rdp://", user)?;
            self.give(signed("p"), "rdp://", password)?;
        }
        self.line.host(host)
    }

    fn give(&mut self, row: Option<Row>, shown: &str, value: &str) -> Result<(), String> {
        match row {
            Some(row) => self.line.take(row, Given { shown, name: "", on: true, value: Some(value) }),
            None => Ok(()),
        }
    }

    /// An option with a sign.
    fn take(&mut self, written: Written<'_>, argument: OsString, word: &str) -> Result<(), String> {
        let led = self.is_led(&written);
        let row = match self.whose(&written, word, led) {
            Whose::Theirs(row) => row,
            Whose::File => return self.target(argument),
            Whose::Ours => {
                self.args.push(argument);
                if self.ours.takes_next(word) {
                    self.args.extend(self.words.next());
                }
                return Ok(());
            }
            Whose::Nobodys => {
                return Err(format!(
                    "{}{} is not an option of mstsc, FreeRDP or rdesktop that this program knows, and not a file",
                    written.sign,
                    short(written.name.to_ascii_lowercase())
                ));
            }
        };
        if row.takes == Takes::Plugin {
            self.pass_plugin();
            return Ok(());
        }
        // People write a space where a colon belongs.
        let takes_next = row.takes == Takes::Value || row.is == Action::Password;
        let may = written.value.is_none() && takes_next && (matches!(written.sign, "/" | "--") || led);
        let next = if may { self.next_value() } else { None };
        let shown = format!("{}{}", written.sign, written.name.to_ascii_lowercase());
        let value = written.value.or(next.as_deref());
        self.line.take(row, Given { shown: &shown, name: written.name, on: written.on(), value })
    }

    /// The next word, where it can be a value.
    fn next_value(&mut self) -> Option<String> {
        let is_value = |next: &OsString| next.to_str().is_some_and(is_bare) && !is_rdp_file(next);
        self.words.next_if(is_value).and_then(|next| next.into_string().ok())
    }

    /// Whether a single letter is the client's whose name stands in front, and has its value in the next word.
    fn is_led(&mut self, written: &Written<'_>) -> bool {
        let Some(letter) = written.letter().filter(|_| written.sign == "-" && written.value.is_none()) else {
            return false;
        };
        let bare = self.words.peek().and_then(|next| next.to_str()).is_some_and(is_bare);
        let of_client = match self.program {
            Some(Program::Mstsc) => letter == 'v' && !self.line.has_host(),
            Some(Program::FreeRdp) => "udpg".contains(letter) || (letter == 'v' && !self.line.has_host()),
            Some(Program::Rdesktop | Program::Remmina) | None => false,
        };
        of_client && bare
    }

    fn whose(&self, written: &Written<'_>, word: &str, led: bool) -> Whose {
        let Written { sign, name, value, colon } = *written;
        let of_letters = |client| of(client, name).filter(|_| sign == "--" && name.len() > 1);
        let row = self.letters.and_then(of_letters).or_else(|| signed(name));
        match (sign, row) {
            ("/" | "+", Some(row)) => Whose::Theirs(row),
            ("/", None) if is_rdp_file(word) || Path::new(word).exists() => Whose::File,
            ("/" | "+", None) => Whose::Nobodys,
            ("--", _) if !colon && self.ours.has_long(name) => Whose::Ours,
            (_, Some(row)) if sign == "--" || colon || led => Whose::Theirs(row),
            ("--", None) if colon => Whose::Nobodys,
            (_, Some(row)) => {
                let has_all = match row.takes {
                    Takes::Nothing | Takes::Switch => true,
                    Takes::Optional => row.is != Action::Password,
                    // What has no value here may be an option of this program's with its value.
                    Takes::Value | Takes::Plugin => value.is_some(),
                };
                let is_ours = written.letter().is_some_and(|letter| self.ours.has_short(letter));
                if has_all && !is_ours { Whose::Theirs(row) } else { Whose::Ours }
            }
            (_, None) => Whose::Ours,
        }
    }

    /// FreeRDP 1 gives a plugin's name, and its data up to `--`.
    fn pass_plugin(&mut self) {
        self.words.next();
        if self.words.next_if(|next| next == "--data").is_some() {
            while self.words.next().is_some_and(|next| next != "--") {}
        }
    }

    /// A word of letters.
    fn take_letters(&mut self, client: Client, argument: OsString, word: &str) -> Result<(), String> {
        let body = word.get(1..).unwrap_or_default();
        // What this program says of its output does not stand in a line that is pasted.
        let is_ours = |value: &OsStr| output(value.to_owned()).is_ok();
        let next_is_ours = body == "o" && self.words.peek().is_some_and(|next| is_ours(next));
        let is_output = body.strip_prefix('o').is_some_and(|rest| is_ours(OsStr::new(rest)));
        if next_is_ours || is_output || body.bytes().all(|letter| b"vq".contains(&letter)) {
            self.args.push(argument);
            if next_is_ours {
                self.args.extend(self.words.next());
            }
            return Ok(());
        }
        let read = match letters(client, body) {
            Ok(read) => read,
            Err(letter) if self.ours.has_short(letter) => {
                self.args.push(argument);
                if self.ours.takes_next(word) {
                    self.args.extend(self.words.next());
                }
                return Ok(());
            }
            Err(letter) => {
                let letter = short(letter.to_string());
                return Err(format!(
                    "-{letter} is not an option of {} that this program knows",
                    client.title()
                ));
            }
        };
        let mut next = if read.takes_next { self.words.next() } else { None };
        for (letter, row, value) in read.options {
            let shown = format!("-{letter}");
            let value = match row.takes {
                Takes::Value => value.or_else(|| next.take().and_then(|next| next.into_string().ok())),
                Takes::Nothing | Takes::Optional | Takes::Switch | Takes::Plugin => None,
            };
            // A hyphen in a password's place is a question for it.
            let value = value.filter(|value| row.is != Action::Password || value != "-");
            let name = letter.to_string();
            self.line.take(row, Given { shown: &shown, name: &name, on: true, value: value.as_deref() })?;
        }
        Ok(())
    }
}

//! Command lines of other clients, rewritten to this program's options: those of mstsc, FreeRDP and rdesktop.
//!
//! Only what begins as theirs do is touched: `/word`, and `+word`, `-word` and `--word` where this program has no such option; and letters
//! where the line is one of rdesktop. What each option is here stands in one table (table.rs). What changes the connection and cannot be
//! done here is said in the report, never left out; what only changes a session is left out.
mod certificate;
mod client;
mod gateway;
mod letters;
mod line;
mod once;
mod ours;
#[cfg(test)]
mod page;
mod reader;
mod security;
mod shell;
mod spelt;
mod table;
#[cfg(test)]
mod tests;
mod written;

use std::ffi::OsString;

use rdp_probe::Unfollowed;

use crate::spellings::client::{Front, Program, front, is_program, unquoted};
use crate::spellings::letters::is_geometry;
use crate::spellings::ours::Ours;
use crate::spellings::reader::Reader;
use crate::spellings::shell::{is_leftover, marked};
use crate::spellings::spelt::Spelt;
use crate::spellings::table::{Client, of, signed};
use crate::spellings::written::{Written, is_bare};

/// Whether it is an option of mstsc or FreeRDP that is known, without its sign.
#[cfg(feature = "dev")]
pub(crate) fn is_known(name: &str) -> bool {
    signed(name).is_some()
}

/// Whether it is the name of a client whose command lines are read.
pub(crate) fn is_client(word: &str) -> bool {
    is_program(word)
}

/// Rewrites what is spelt as other clients do.
///
/// # Errors
/// What is wrong with it, in one line and without a value that may be a secret.
pub(crate) fn rewrite(args: Vec<OsString>) -> Result<Spelt, String> {
    let ours = Ours::new();
    let mut args = args.into_iter();
    let mut spelt = Spelt { args: args.next().into_iter().collect(), ..Spelt::default() };
    let words: Vec<OsString> = args.collect();
    // Verbs have spellings of their own.
    if words.first().and_then(|first| first.to_str()).is_some_and(|first| ours.verb(first)) {
        spelt.args.extend(words);
        return Ok(spelt);
    }
    let words = unquoted(words);
    let before = options_in_front(&ours, &words);
    let behind = words.get(before..).unwrap_or_default();
    let front = front(behind).filter(|front| fits(&ours, behind.get(front.words..).unwrap_or_default()));
    // In front of a client's name are this program's options; letters of a line without a name may be anywhere in it.
    let before = if front.is_none() && is_sized(&words) { 0 } else { before };
    let (before, rest) = words.split_at_checked(before).unwrap_or((&words, &[]));
    let named = front.map_or(0, |front| front.words);
    no_leftover(&ours, rest, named)?;
    let own = rest.get(named..).unwrap_or_default();
    let own = front.map_or_else(|| own.to_vec(), |front| front.arguments(own));
    let client = letters_of(front, &own);
    let mut reader = Reader::new(&ours, front.map(|front| front.program), client, own);
    if let Some(proxy) = front.and_then(|front| front.proxy) {
        reader.line.not(Unfollowed::Proxy, proxy);
    }
    reader.read()?;
    reader.finish(before, spelt)
}

/// How many words are this program's own options before anything else.
fn options_in_front(ours: &Ours, words: &[OsString]) -> usize {
    let mut at = 0_usize;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        let is_ours = match Written::of(word) {
            Some(written) if written.sign == "--" => !written.colon && ours.has_long(written.name),
            Some(written) if written.sign == "-" && !written.colon => {
                let is_theirs = written.letter().is_none() && signed(written.name).is_some();
                written.name.chars().next().is_some_and(|letter| ours.has_short(letter)) && !is_theirs
            }
            Some(_) | None => false,
        };
        if !is_ours {
            break;
        }
        at = at.saturating_add(if ours.takes_next(word) { 2 } else { 1 });
    }
    at.min(words.len())
}

/// Whether a client's arguments follow its name: else it is the name of a host.
fn fits(ours: &Ours, words: &[OsString]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(word) = word.to_str() else { return true };
        if ours.takes_next(word) {
            words.next();
            continue;
        }
        let theirs = |written: Written<'_>| {
            written.colon
                || (!ours.has_long(written.name) && written.name.len() > 1 && signed(written.name).is_some())
        };
        if !word.starts_with('-') || Written::of(word).is_some_and(theirs) {
            return true;
        }
    }
    false
}

/// Whose letters the options are, where they are not written with signs.
fn letters_of(front: Option<Front>, words: &[OsString]) -> Option<Client> {
    let texts: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match front.map(|front| front.program) {
        Some(Program::Rdesktop) => Some(Client::Rdesktop),
        Some(Program::FreeRdp) => {
            let signs = |word: &&str| {
                let written = Written::of(word);
                written.is_some_and(|written| {
                    written.sign != "--" && (written.colon || "/+".contains(written.sign))
                })
            };
            let old = texts.windows(2).any(|pair| match pair {
                [option, value] => {
                    let letter = option
                        .strip_prefix('-')
                        .filter(|letter| letter.len() == 1 && !"ohf0z".contains(letter));
                    letter.is_some_and(|letter| of(Client::FreeRdpOld, letter).is_some()) && is_bare(value)
                }
                _ => false,
            });
            (old && !texts.iter().any(signs)).then_some(Client::FreeRdpOld)
        }
        Some(Program::Mstsc | Program::Remmina) => None,
        None => is_sized(words).then_some(Client::Rdesktop),
    }
}

/// Whether `-g` has the size of a window, as no option of this program's or of mstsc's has.
fn is_sized(words: &[OsString]) -> bool {
    let texts: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let apart = texts.windows(2).any(|pair| matches!(pair, ["-g", size] if is_geometry(size)));
    apart || texts.iter().any(|word| word.strip_prefix("-g").is_some_and(is_geometry))
}

/// Nothing of a shell's stands in the line, behind the first words.
fn no_leftover(ours: &Ours, words: &[OsString], from: usize) -> Result<(), String> {
    let texts: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let mut is_value = false;
    for (at, word) in texts.iter().enumerate().skip(from) {
        if *word == "--" {
            break;
        }
        let is_secret = Written::of(word).is_some_and(|written| {
            written.value.is_some() && signed(written.name).is_some_and(|row| row.is.is_secret())
        });
        if !is_value && !is_secret && is_leftover(word) {
            return Err(marked(&texts, at));
        }
        is_value = ours.takes_next(word) || ["-p", "/p"].contains(word);
    }
    Ok(())
}

//! What was found in a text so far: each thing once, with the place where it stood first.
use std::collections::HashSet;

use super::flat::Flat;
use super::names::{Hit, Word, hits};
use super::numbers::{Place, Said, places};
use crate::codes::{Code, Family};
use crate::explain::answer::{name, of_families, pair, phrase, single};
use crate::explain::explanation::{Excerpt, Explanation, Form};
use crate::explain::names;
use crate::explain::number::{Notation, Number};
use crate::explain::pairs::is_pair_with_slash;

/// No more things are kept: a text that has more of them is a list of codes.
const MOST: usize = 200;
/// Nor so many that no row has.
const MOST_UNKNOWN: usize = 20;
/// Nor is more than so much looked up.
const MOST_MET: usize = 10_000;
/// So far behind an error code its extended one may stand.
const PAIR: usize = 200;
/// As much of the line is shown, in octets.
const EXCERPT: usize = 160;
/// A text no longer than this holds a number for its own sake, in octets.
const SHORT: usize = 24;

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    all: Vec<One>,
    /// What was met, so that a line that a log has a thousand times is looked up once.
    met: HashSet<(String, Option<Said>)>,
    /// Whether FreeRDP is named, or writes itself.
    freerdp: bool,
    octets: usize,
}

#[derive(Debug)]
struct One {
    explanation: Explanation,
    said: Option<Said>,
}

/// Something that stands in a text.
enum Item {
    Number(Place),
    Hit(Hit),
}

impl Item {
    const fn start(&self) -> usize {
        match self {
            Self::Number(place) => place.start,
            Self::Hit(hit) => hit.start,
        }
    }
}

impl Found {
    /// Adds what stands in a piece of text.
    pub(super) fn add(&mut self, flat: &Flat) {
        self.octets = self.octets.saturating_add(flat.text.len());
        let hits = hits(flat);
        let numbers = places(flat);
        self.freerdp |= names_freerdp(&flat.text);
        let inside = |place: &Place| hits.iter().any(|hit| hit.start <= place.start && place.end <= hit.end);
        let mut items: Vec<Item> =
            numbers.into_iter().filter(|place| !inside(place)).map(Item::Number).collect();
        items.extend(hits.into_iter().map(Item::Hit));
        items.sort_by_key(Item::start);
        let mut rest = items.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            match first {
                Item::Hit(hit) => self.hit(flat, hit),
                Item::Number(place) => {
                    let second = after.iter().find_map(|item| match item {
                        Item::Number(second) => Some(second),
                        Item::Hit(_) => None,
                    });
                    match second.filter(|second| are_pair(place, second)) {
                        Some(second) => {
                            self.pair(flat, place, second.number);
                            // Its second half is no code of its own.
                            let behind = after.iter().position(|item| item.start() > second.start);
                            let between = after.iter().take_while(|item| item.start() < second.start);
                            for item in between {
                                if let Item::Hit(hit) = item {
                                    self.hit(flat, hit);
                                }
                            }
                            rest = behind.and_then(|at| after.get(at..)).unwrap_or_default();
                        }
                        None => self.number(flat, place),
                    }
                }
            }
        }
    }

    fn hit(&mut self, flat: &Flat, hit: &Hit) {
        let text = lossy(flat, hit.start, hit.end);
        if self.is_met(&text, None) {
            return;
        }
        let explanation = match hit.what {
            Word::Name => name(&text, names::find(&text)),
            Word::Phrase(known) => phrase(&text, known.row),
        };
        self.push(flat, hit.start, None, explanation);
    }

    fn number(&mut self, flat: &Flat, place: &Place) {
        if let Some(second) = place.second {
            self.pair(flat, place, second);
            return;
        }
        let text = lossy(flat, place.start, place.end);
        if self.is_met(&text, place.said) {
            return;
        }
        let families = place.said.map_or(&[][..], Said::families);
        let explanation =
            of_families(&text, place.number, families).unwrap_or_else(|| single(&text, place.number));
        self.push(flat, place.start, place.said, explanation);
    }

    fn pair(&mut self, flat: &Flat, first: &Place, second: Number) {
        let text = format!("{}/{}", written(first.number), written(second));
        if self.is_met(&text, first.said) {
            return;
        }
        self.push(flat, first.start, first.said, pair(&text, first.number, second));
    }

    /// Whether that was met before, and so is not worth another look; what is met first is noted.
    fn is_met(&mut self, text: &str, said: Option<Said>) -> bool {
        let key = (text.to_owned(), said);
        if self.met.len() >= MOST_MET {
            return true;
        }
        !self.met.insert(key)
    }

    fn push(&mut self, flat: &Flat, at: usize, said: Option<Said>, explanation: Explanation) {
        let unknown = self.all.iter().filter(|one| one.explanation.meanings.is_empty()).count();
        let is_unknown = explanation.meanings.is_empty();
        let is_there = self.all.iter().any(|one| is_same(&one.explanation, &explanation));
        if is_there || self.all.len() >= MOST || (is_unknown && unknown >= MOST_UNKNOWN) {
            return;
        }
        let (line, text) = (flat.line(at), excerpt(flat, at));
        let explanation = Explanation { from: Some(Excerpt { line, text }), ..explanation };
        self.all.push(One { explanation, said });
    }

    /// In the order in which they are worth reading.
    pub(super) fn explanations(self) -> Vec<Explanation> {
        let Self { mut all, freerdp, octets, .. } = self;
        // The exit status of some program means nothing.
        all.retain(|one| {
            let family = one.explanation.meanings.first().map(|meaning| meaning.row.family);
            family != Some(Family::XfreerdpExit) || one.said != Some(Said::Exit) || freerdp || octets <= SHORT
        });
        let pairs: Vec<(Option<u32>, Option<u32>)> = all
            .iter()
            .filter(|one| one.explanation.form == Form::Pair)
            .map(|one| (one.explanation.code, one.explanation.extended))
            .collect();
        // What a pair says of its first half is more than is known of that alone.
        all.retain(|one| {
            let Explanation { form, code, meanings, .. } = &one.explanation;
            let first = meanings.first().map(|meaning| meaning.row);
            let is_half = |row: &Code| matches!(row.family, Family::MstscDisc | Family::MstscGateway);
            let half = *form != Form::Pair && first.is_some_and(is_half);
            !half || !pairs.iter().any(|(first, _)| first == code)
        });
        all.sort_by_key(|one| rank(&one.explanation));
        all.into_iter().map(|one| one.explanation).collect()
    }
}

/// What comes first: pairs, then what a client or server says, then what carries it, then what no row has.
fn rank(explanation: &Explanation) -> u8 {
    let Some(row) = explanation.meanings.first().map(|meaning| meaning.row) else { return u8::MAX };
    if explanation.form == Form::Pair {
        return 0;
    }
    match row.family {
        Family::MstscDisc | Family::MstscGateway | Family::MstscExt => 1,
        Family::SetErrorInfo
        | Family::RdpNegFailure
        | Family::EarlyUserAuth
        | Family::NtStatus
        | Family::Sspi
        | Family::Hresult
        | Family::Tsgu
        | Family::KrbError
        | Family::Krb5Error
        | Family::LicenseError
        | Family::LicenseState
        | Family::LogonError
        | Family::LogonErrorData
        | Family::RdstlsResult
        | Family::RdsaadResult
        | Family::Aadsts => 2,
        Family::FreerdpConnect
        | Family::Openssl
        | Family::TlsAlert
        | Family::McsResult
        | Family::McsDisconnectReason
        | Family::GatewayHttp
        | Family::Socks5Reply
        | Family::Socks5Method
        | Family::IronrdpConnector
        | Family::IronrdpGateway => 3,
        Family::Win32 | Family::Errno | Family::WindowsEvent | Family::FatalError => 4,
        // What has no number of its own says less than what has one.
        Family::Phrase => 5,
        Family::XfreerdpExit => 6,
    }
}

/// Whether both say the same.
fn is_same(one: &Explanation, other: &Explanation) -> bool {
    if (one.form == Form::Pair) != (other.form == Form::Pair) {
        return false;
    }
    if one.form == Form::Pair {
        return (one.code, one.extended) == (other.code, other.extended);
    }
    match (one.meanings.first(), other.meanings.first()) {
        (Some(one), Some(other)) => one.row == other.row,
        (None, None) => one.code == other.code && one.query == other.query,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// An error code and its extended one, which is said to be that.
fn are_pair(first: &Place, second: &Place) -> bool {
    if first.second.is_some() || second.second.is_some() || second.start.saturating_sub(first.end) > PAIR {
        return false;
    }
    first.said != Some(Said::Extended)
        && second.said == Some(Said::Extended)
        && is_pair_with_slash(first.number, second.number)
}

/// A number as it was written, without what stood around it.
fn written(number: Number) -> String {
    let value = number.value.unwrap_or_default();
    match number.notation {
        Notation::Hexadecimal => format!("0x{value:X}"),
        Notation::Decimal => value.to_string(),
        Notation::Signed => value.cast_signed().to_string(),
    }
}

fn names_freerdp(text: &[u8]) -> bool {
    text.windows(7).any(|part| part.eq_ignore_ascii_case(b"freerdp"))
}

fn lossy(flat: &Flat, start: usize, end: usize) -> String {
    String::from_utf8_lossy(flat.get(start, end)).into_owned()
}

/// What stands around this place on its line.
fn excerpt(flat: &Flat, at: usize) -> String {
    let (start, end) = (flat.line_start(at), flat.line_end(at));
    let from = if at.saturating_sub(start) > EXCERPT / 2 { at.saturating_sub(EXCERPT / 4) } else { start };
    // No word is cut in two where another one follows soon.
    let space = flat.get(from, at).iter().position(|octet| *octet == b' ').filter(|_| from > start);
    let from = space.map_or(from, |space| from.saturating_add(space));
    let to = end.min(from.saturating_add(EXCERPT));
    let mut text = lossy(flat, from, to).trim().to_owned();
    if from > start {
        text.insert_str(0, "... ");
    }
    if to < end {
        text.push_str(" ...");
    }
    text
}

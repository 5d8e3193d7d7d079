//! What an explanation says, and the ids in it.
use rdp_probe_core::Stage;

use crate::codes::Code;
use crate::explain::layer::{Layer, Shape};
use crate::explain::next::{self, Next};
use crate::explain::own::OwnWord;
use crate::explain::reports::FieldReport;
use crate::rule::{Candidate, Rule};

/// What is known of one code, or of one pair of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What was asked, as it was written.
    pub query: String,
    /// Where it stood, when it was found in a text.
    pub from: Option<Excerpt>,
    /// How it was written.
    pub form: Form,
    /// The number; of a pair the error code. `None` for names, and for numbers of more than 32 bits.
    pub code: Option<u32>,
    /// The extended code of a pair.
    pub extended: Option<u32>,
    /// What it is in this tool's own reports, when it is a word of these.
    pub own: Option<OwnWord>,
    /// Every row that it may be, likeliest first; empty when it is unknown.
    pub meanings: Vec<Meaning>,
    /// The layer of a Windows client that the number belongs to, when it is a disconnect reason or nothing at all.
    pub layer: Option<Layer>,
    /// What the number looks like, when it is unknown.
    pub shape: Option<Shape>,
    /// What people and vendors have reported.
    pub reports: Vec<&'static FieldReport>,
    /// When a Windows client shows this, as the catalogue has it: likeliest first.
    pub shown: Vec<Shown>,
    /// What to do next with this tool, for the likeliest meaning.
    pub next: Vec<&'static Next>,
    /// What may have been meant.
    pub near: Vec<Near>,
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Excerpt {
    /// The line, from 1.
    pub line: usize,
    /// What stands around it there, on one line; a text may hold anything.
    pub text: String,
}

/// How a query was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An error code and an extended one.
    Pair,
    /// A number in hexadecimal.
    Hexadecimal,
    /// A number in decimal.
    Decimal,
    /// A number in decimal, with its sign.
    Signed,
    /// A name, or words.
    Name,
    /// A text that programs show.
    Phrase,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pair, Self::Hexadecimal, Self::Decimal, Self::Signed, Self::Name, Self::Phrase];

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Hexadecimal => "hexadecimal",
            Self::Decimal => "decimal",
            Self::Signed => "signed",
            Self::Name => "name",
            Self::Phrase => "phrase",
        }
    }
}

/// A row that a query may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meaning {
    /// The row of the table.
    pub row: &'static Code,
    /// How the query leads to it.
    pub reading: Reading,
}

impl Meaning {
    /// The stages where it appears; none where that may be any, or none of the connection's.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        self.row.stages()
    }

    /// The catalogue's rows for the code itself, where this tool meets it on the way.
    #[must_use]
    pub fn rules(&self) -> Vec<&'static Rule> {
        next::meets(self.row).collect()
    }
}

/// How a query leads to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// The number stands in the row.
    Number,
    /// The second half of a pair stands in the row.
    Extended,
    /// The extended code of a pair has the number of a Set Error Info from the server.
    ErrorInfo,
    /// HRESULT_FROM_NT: 0xD0000000 for 0xC0000000.
    NtStatusInHresult,
    /// HRESULT_FROM_WIN32: 0x8007 before the number.
    Win32InHresult,
    /// NTSTATUS_FROM_WIN32: 0xC007 before the number.
    Win32InNtStatus,
    /// As sspi-rs writes it: 0xC007 for 0x8009.
    SspiInNtStatus,
    /// As FreeRDP writes it: 0x0001 before the number of a Set Error Info.
    ErrorInfoInFreerdp,
    /// The name, with or without its prefix.
    Name,
    /// The words of a label.
    Label,
    /// Another project's spelling of the name.
    OtherSpelling,
    /// The text that programs show with it.
    Phrase,
}

impl Reading {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Number,
        Self::Extended,
        Self::ErrorInfo,
        Self::NtStatusInHresult,
        Self::Win32InHresult,
        Self::Win32InNtStatus,
        Self::SspiInNtStatus,
        Self::ErrorInfoInFreerdp,
        Self::Name,
        Self::Label,
        Self::OtherSpelling,
        Self::Phrase,
    ];

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Extended => "extended",
            Self::ErrorInfo => "error_info",
            Self::NtStatusInHresult => "ntstatus_in_hresult",
            Self::Win32InHresult => "win32_in_hresult",
            Self::Win32InNtStatus => "win32_in_ntstatus",
            Self::SspiInNtStatus => "sspi_in_ntstatus",
            Self::ErrorInfoInFreerdp => "error_info_in_freerdp",
            Self::Name => "name",
            Self::Label => "label",
            Self::OtherSpelling => "other_spelling",
            Self::Phrase => "phrase",
        }
    }
}

/// A rule of the catalogue, and what a Windows client shows when it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shown {
    /// The rule.
    pub rule: &'static Rule,
    /// Its candidate.
    pub candidate: Candidate,
}

/// What may have been meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Near {
    /// How the query would lead there.
    pub slip: Slip,
    /// The row: of several the likeliest.
    pub row: &'static Code,
}

/// What may have gone wrong with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slip {
    /// The digits are decimal, and were written as hexadecimal.
    DecimalDigits,
    /// The digits are hexadecimal, and were written as decimal.
    HexadecimalDigits,
    /// A zero is missing, or one too many.
    Zeros,
    /// The name is written otherwise.
    Spelling,
}

impl Slip {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DecimalDigits, Self::HexadecimalDigits, Self::Zeros, Self::Spelling];

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::DecimalDigits => "decimal_digits",
            Self::HexadecimalDigits => "hexadecimal_digits",
            Self::Zeros => "zeros",
            Self::Spelling => "spelling",
        }
    }
}

impl Explanation {
    /// Whether a row has it, of a pair each half, or this tool says it itself.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let half = |extended: bool| {
            self.meanings.iter().any(|meaning| (meaning.reading != Reading::Number) == extended)
        };
        match self.form {
            Form::Pair => half(false) && half(true),
            Form::Hexadecimal | Form::Decimal | Form::Signed | Form::Name | Form::Phrase => {
                !self.meanings.is_empty() || self.own.is_some()
            }
        }
    }

    pub(super) fn blank(query: &str, form: Form) -> Self {
        Self {
            query: query.trim().to_owned(),
            from: None,
            form,
            code: None,
            extended: None,
            own: None,
            meanings: Vec::new(),
            layer: None,
            shape: None,
            reports: Vec::new(),
            shown: Vec::new(),
            next: Vec::new(),
            near: Vec::new(),
        }
    }
}

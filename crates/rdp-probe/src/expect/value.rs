//! What an expectation compares: values of a kind, and how they stand to each other.
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use rdp_probe_core::wire::tls::Version;
use rdp_probe_core::{Hop, LogonResult, Nla, Offered, Stage};
use rdp_probe_diagnosis::{RuleKind, VerdictOutcome, catalogue};

use crate::duration::parse_duration;

/// What values a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueKind {
    /// `outcome` of the verdict.
    Outcome,
    /// A hop, or `none`.
    Hop,
    /// The id of a cause, or `none`.
    Cause,
    /// The id of a finding.
    Finding,
    /// Whether Network Level Authentication is required.
    Nla,
    /// Whether a security protocol is offered.
    Offered,
    /// What became of credentials.
    Logon,
    /// Any text, in upper or lower case.
    Text,
    /// A fingerprint in hexadecimal, with or without colons.
    Hex,
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// A version of TLS, such as `1.2`.
    Version,
    /// A duration, such as `400ms`, `1.5s` or `2m`; a bare number is seconds.
    Time,
    /// A stage, by its id or an alias; stages have an order.
    Stage,
}

/// A value, as it was wanted or as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Flag(bool),
    Number(i64),
    Version(Version),
    Time(Duration),
    Stage(Stage),
    /// Several ids; a wanted one is among them or not.
    Several(Vec<&'static str>),
}

/// How the value that is found has to stand to the one that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// In the place of an id, where there is none.
pub(crate) const NONE: &str = "none";

impl ValueKind {
    /// The words that it has, where these are a closed list.
    pub(crate) fn words(self) -> Vec<&'static str> {
        let causes = || catalogue::all().filter(|rule| matches!(rule.kind, RuleKind::Cause));
        let findings = || catalogue::all().filter(|rule| matches!(rule.kind, RuleKind::Finding(_)));
        match self {
            Self::Outcome => VerdictOutcome::ALL.map(VerdictOutcome::id).to_vec(),
            Self::Hop => Hop::ALL.map(Hop::id).into_iter().chain([NONE]).collect(),
            Self::Cause => causes().map(|rule| rule.id).chain([NONE]).collect(),
            Self::Finding => findings().map(|rule| rule.id).collect(),
            Self::Nla => Nla::ALL.map(Nla::id).to_vec(),
            Self::Offered => Offered::ALL.map(Offered::id).to_vec(),
            Self::Logon => LogonResult::ALL.map(LogonResult::id).to_vec(),
            Self::Stage => Stage::ALL
                .iter()
                .flat_map(|stage| [stage.id()].into_iter().chain(stage.aliases().iter().copied()))
                .collect(),
            Self::Flag => vec!["true", "false"],
            Self::Version => VERSIONS.map(|(name, _)| name).to_vec(),
            Self::Text | Self::Hex | Self::Number | Self::Time => Vec::new(),
        }
    }

    /// Whether its values have an order.
    pub(crate) const fn has_order(self) -> bool {
        matches!(self, Self::Number | Self::Version | Self::Time | Self::Stage)
    }

    /// What is expected in the place of a value that is none.
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::Outcome => "an outcome",
            Self::Hop => "a hop",
            Self::Cause => "the id of a cause, or none",
            Self::Finding => "the id of a finding",
            Self::Nla | Self::Offered | Self::Logon => "one of its words",
            Self::Text => "a text",
            Self::Hex => "a fingerprint in hexadecimal",
            Self::Flag => "true or false",
            Self::Number => "a whole number",
            Self::Version => "a version of TLS such as 1.2",
            Self::Time => "a duration such as 400ms, 1.5s or 2m",
            Self::Stage => "a stage",
        }
    }

    /// Reads a value.
    pub(crate) fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Outcome
            | Self::Hop
            | Self::Cause
            | Self::Finding
            | Self::Nla
            | Self::Offered
            | Self::Logon => {
                let words = self.words();
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text))?;
                Some(Value::Text((*word).to_owned()))
            }
            Self::Text => (!text.is_empty()).then(|| Value::Text(text.to_owned())),
            Self::Hex => {
                let bare: String = text.chars().filter(|digit| !matches!(digit, ':' | '-' | ' ')).collect();
                let is_hex = !bare.is_empty() && bare.bytes().all(|octet| octet.is_ascii_hexdigit());
                is_hex.then(|| Value::Text(bare.to_ascii_lowercase()))
            }
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" => Some(Value::Flag(true)),
                "false" | "no" => Some(Value::Flag(false)),
                _ => None,
            },
            Self::Number => text.parse().ok().map(Value::Number),
            Self::Version => {
                let (begin, end) = text.split_at_checked(3).unwrap_or_default();
                let bare = if begin.eq_ignore_ascii_case("tls") {
                    end.trim_start_matches(['v', 'V', ' '])
                } else {
                    text
                };
                let named = VERSIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(bare));
                named.map(|(_, version)| Value::Version(*version))
            }
            Self::Time => parse_duration(text).map(Value::Time),
            Self::Stage => Stage::parse(text).map(Value::Stage),
        }
    }
}

/// The versions by the names that people give them.
const VERSIONS: [(&str, Version); 5] = [
    ("SSL 3.0", Version::SSL_3_0),
    ("1.0", Version::TLS_1_0),
    ("1.1", Version::TLS_1_1),
    ("1.2", Version::TLS_1_2),
    ("1.3", Version::TLS_1_3),
];

impl Value {
    /// A text, which may be a peer's.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// How it stands to another one; `None` where they have no order.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one.eq_ignore_ascii_case(other).then_some(Ordering::Equal),
            (Self::Flag(one), Self::Flag(other)) => (one == other).then_some(Ordering::Equal),
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(other)),
            (Self::Version(one), Self::Version(other)) => Some(one.0.cmp(&other.0)),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(other)),
            (Self::Stage(one), Self::Stage(other)) => Some(one.rank().cmp(&other.rank())),
            (Self::Several(all), Self::Text(one)) => all.contains(&one.as_str()).then_some(Ordering::Equal),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Version(version) => match VERSIONS.iter().find(|(_, known)| known == version) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "{}", rdp_probe_core::hex(version.0)),
            },
            Self::Time(time) => write_time(f, *time),
            Self::Stage(stage) => f.write_str(stage.id()),
            Self::Several(all) if all.is_empty() => f.write_str(NONE),
            Self::Several(all) => f.write_str(&all.join(", ")),
        }
    }
}

/// In the largest unit that is not larger than it, to three places.
fn write_time(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    let micros = time.as_micros();
    let (whole, thousandths, unit) = match micros {
        0..1_000 => return write!(f, "{micros}us"),
        1_000..1_000_000 => (micros / 1_000, micros % 1_000, "ms"),
        _ => (micros / 1_000_000, micros / 1_000 % 1_000, "s"),
    };
    let text = format!("{whole}.{thousandths:03}");
    write!(f, "{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

impl Test {
    /// All of them, longer signs first.
    pub(crate) const ALL: [(&'static str, Self); 7] = [
        ("==", Self::Is),
        ("!=", Self::IsNot),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Is),
        ("<", Self::Less),
        (">", Self::More),
    ];

    /// Whether it is one of order.
    pub(crate) const fn is_of_order(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }

    /// Whether `got` stands so to `wanted`.
    pub(crate) fn holds(self, got: &Value, wanted: &Value) -> bool {
        let order = got.order(wanted);
        match self {
            Self::Is => order == Some(Ordering::Equal),
            Self::IsNot => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::More => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    /// The value that is wanted, in words.
    pub(crate) fn wanted(self, value: &Value) -> String {
        match self {
            Self::Is => value.to_string(),
            Self::IsNot => format!("anything but {value}"),
            Self::Less => format!("less than {value}"),
            Self::AtMost => format!("{value} at most"),
            Self::More => format!("more than {value}"),
            Self::AtLeast => format!("{value} at least"),
        }
    }
}

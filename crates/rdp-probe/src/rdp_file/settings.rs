//! The settings of an .rdp file, line by line.
use std::collections::{HashMap, HashSet};

use rdp_probe_core::wire::nego::NegRequest;
use rdp_probe_core::wire::preconnection::PreconnectionPdu;
use rdp_probe_core::wire::x224::{self, ConnectionRequest};
use rdp_probe_core::{Host, Security};

use super::error::RdpFileError;
use super::keys::{self, RdpFileKey, RdpFileKeyUse};
use super::passed_over::PassedOver;
use super::text;

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) line: usize,
    /// `s`, `i` or `b`; `None` is another one.
    kind: Option<char>,
    pub(super) value: &'a str,
}

/// The lines by the names of their keys.
#[derive(Default)]
pub(super) struct Settings<'a> {
    by_name: HashMap<&'static str, Setting<'a>>,
    /// Names that this program does not know, as they were first written.
    pub(super) unknown: Vec<&'a str>,
    /// Names that stand on several lines.
    pub(super) repeated: Vec<&'a str>,
    /// Lines that are no settings.
    pub(super) passed_over: Option<PassedOver>,
    /// Whether a line is a setting, of whatever name.
    pub(super) any: bool,
}

/// So many names that are not known are told from each other.
const MOST_UNKNOWN: usize = 1000;

/// What Ctrl-Z types, the end of a text under DOS.
const CTRL_Z: char = '\u{1a}';

impl<'a> Settings<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut all = Self::default();
        let mut met: HashSet<String> = HashSet::new();
        let mut again: HashSet<String> = HashSet::new();
        for (index, whole) in text::lines(text).enumerate() {
            let line = index.saturating_add(1);
            let content = whole.trim_end_matches(CTRL_Z);
            if content.trim().is_empty() && content.len() == whole.len() {
                continue;
            }
            let Some((name, kind, value)) = parts(content) else {
                all.pass_over(line, whole);
                continue;
            };
            let lower = name.to_ascii_lowercase();
            let key = keys::find(&lower);
            // Of a key that decides something, a type that is none is a fault of its own.
            if kind.is_none() && !key.is_some_and(|key| key.used == RdpFileKeyUse::Followed) {
                all.pass_over(line, whole);
                continue;
            }
            all.any = true;
            if let Some(RdpFileKey { name, .. }) = key {
                all.by_name.insert(name, Setting { line, kind, value });
            }
            if met.len() < MOST_UNKNOWN || met.contains(&lower) {
                if met.insert(lower.clone()) {
                    all.unknown.extend(key.is_none().then_some(name));
                } else if again.insert(lower) {
                    all.repeated.push(name);
                }
            }
        }
        all
    }

    fn pass_over(&mut self, line: usize, content: &str) {
        match &mut self.passed_over {
            Some(lines) => lines.more(),
            None => self.passed_over = Some(PassedOver::new(line, content)),
        }
    }

    /// What stands behind a key, which may be nothing; `None` where it stands nowhere.
    pub(super) fn find(&self, key: &'static str) -> Option<Setting<'a>> {
        self.by_name.get(key).copied()
    }

    /// The same where that is not empty.
    pub(super) fn some(&self, key: &'static str) -> Option<Setting<'a>> {
        self.find(key).filter(|setting| !setting.value.trim().is_empty())
    }

    /// The value of a key that decides something, when it is not empty.
    fn of(&self, key: &'static str, expected: char) -> Result<Option<Setting<'a>>, RdpFileError> {
        let Some(setting) = self.some(key) else { return Ok(None) };
        if setting.kind != Some(expected) {
            return Err(RdpFileError::OtherType { line: setting.line, key, expected });
        }
        Ok(Some(setting))
    }

    pub(super) fn text(&self, key: &'static str) -> Result<Option<Setting<'a>>, RdpFileError> {
        self.of(key, 's')
    }

    /// A text that decides nothing by itself, without white space around it.
    pub(super) fn trimmed(&self, key: &'static str) -> Option<String> {
        let setting = self.some(key).filter(|setting| setting.kind == Some('s'))?;
        Some(setting.value.trim().to_owned())
    }

    pub(super) fn number(&self, key: &'static str) -> Result<Option<(usize, i64)>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.of(key, 'i')? else { return Ok(None) };
        let number = value.trim().parse();
        number.map(|number| Some((line, number))).map_err(|_| RdpFileError::Number {
            line,
            key,
            value: short(value),
        })
    }

    /// A number that decides nothing by itself; `None` also where it is none.
    pub(super) fn number_if_any(&self, key: &'static str) -> Option<i64> {
        let setting = self.some(key).filter(|setting| setting.kind == Some('i'))?;
        setting.value.trim().parse().ok()
    }

    fn is(&self, key: &'static str, value: i64) -> Result<bool, RdpFileError> {
        Ok(self.number(key)?.is_some_and(|(_, number)| number == value))
    }

    pub(super) fn address(&self, key: &'static str) -> Result<Option<(Host, Option<u16>)>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text(key)? else { return Ok(None) };
        let read = Host::parse_with_port(value.trim());
        read.map(Some).map_err(|error| RdpFileError::Address { line, key, error })
    }

    pub(super) fn port(&self, key: &'static str) -> Result<Option<u16>, RdpFileError> {
        let Some((line, value)) = self.number(key)? else { return Ok(None) };
        match u16::try_from(value) {
            Ok(port @ 1..) => Ok(Some(port)),
            Ok(0) | Err(_) => Err(RdpFileError::Port { line, key, value }),
        }
    }

    /// Whether the file is one of Azure Virtual Desktop.
    pub(super) fn is_of_azure(&self) -> bool {
        let arm = self.some("resourceprovider").is_some_and(|s| s.value.trim().eq_ignore_ascii_case("arm"));
        arm || self.some("wvd endpoint pool").is_some() || self.some("armpath").is_some()
    }

    pub(super) fn security(&self) -> Result<Option<Security>, RdpFileError> {
        Ok(if self.is("enablerdsaadauth", 1)? {
            Some(Security::Aad)
        } else if self.is("enablecredsspsupport", 0)? {
            Some(Security::Tls)
        } else {
            None
        })
    }

    /// As it was written: a blank at its end is part of a token.
    pub(super) fn routing_token(&self) -> Result<Option<Vec<u8>>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text("loadbalanceinfo")? else { return Ok(None) };
        let token = value.as_bytes();
        // The block of a request with any mask is as long as this one.
        let negotiation = Some(NegRequest { flags: Default::default(), protocols: Security::Auto.mask() });
        let request = ConnectionRequest { routing: x224::Routing::Token(token), negotiation };
        request.encode(&mut Vec::new()).map_err(|error| RdpFileError::RoutingToken { line, error })?;
        Ok(Some(token.to_vec()))
    }

    pub(super) fn preconnection_blob(&self) -> Result<Option<String>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text("pcb")? else { return Ok(None) };
        PreconnectionPdu::encode(value, &mut Vec::new())
            .map_err(|error| RdpFileError::PreconnectionBlob { line, error })?;
        Ok(Some(value.to_owned()))
    }
}

/// Name, type and value of a line; `None` where it is a comment or no setting.
fn parts(line: &str) -> Option<(&str, Option<char>, &str)> {
    let (name, rest) = line.split_once(':')?;
    let (kind, value) = rest.split_once(':')?;
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if name.is_empty() || ["#", ";", "//", "'", "--", "<!"].iter().any(|mark| name.starts_with(mark)) {
        return None;
    }
    let kind = match kind.trim() {
        "s" | "S" => Some('s'),
        "i" | "I" => Some('i'),
        "b" | "B" => Some('b'),
        _ => None,
    };
    Some((name, kind, value))
}

/// As much of it as a message needs.
fn short(text: &str) -> String {
    text.trim().chars().take(32).collect()
}

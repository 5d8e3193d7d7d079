//! What a probe must make of a conversation.
use rdp_probe_core::{Hop, Nla, Offered, Stage};
use serde::Deserialize;

use super::error::Fault;

/// What a probe must make of a conversation: verdict, causes, findings, candidates and exit code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Expect {
    /// The verdict's outcome.
    pub outcome: ExpectedOutcome,
    /// The failing stage; none on success.
    pub stage: Option<Stage>,
    /// The hop it is laid at; none on success.
    pub hop: Option<Hop>,
    /// The top cause; none on success.
    pub rule: Option<String>,
    /// All causes in their order; not compared when left out.
    pub causes: Option<Vec<String>>,
    /// All findings in their order.
    #[serde(default)]
    pub findings: Vec<String>,
    /// All candidates in their order, as "code/extended likelihood basis"; an unknown half is "-".
    #[serde(default)]
    pub mstsc: Vec<String>,
    /// The exit code.
    pub exit: u8,
    /// What is known of the security protocols: all of them, or, when it says that it is partial, what stands here. Not
    /// compared when left out.
    #[serde(default)]
    pub security: ExpectedSecurity,
}

/// The outcomes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
#[non_exhaustive]
pub enum ExpectedOutcome {
    Reachable,
    Refused,
    Unreachable,
    Misconfigured,
    Inconclusive,
}

impl ExpectedOutcome {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What must be known of the security protocols.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "one field a protocol, under its name in reports")]
#[non_exhaustive]
pub struct ExpectedSecurity {
    /// Some of the others are left out on purpose.
    pub partial: bool,
    pub nla: Option<Nla>,
    pub rdp: Option<Offered>,
    pub ssl: Option<Offered>,
    pub hybrid: Option<Offered>,
    pub hybrid_ex: Option<Offered>,
    pub rdstls: Option<Offered>,
    pub rdsaad: Option<Offered>,
}

impl ExpectedSecurity {
    /// The protocols under their names in reports.
    #[must_use]
    pub const fn protocols(&self) -> [(&'static str, Option<Offered>); 6] {
        [
            ("rdp", self.rdp),
            ("ssl", self.ssl),
            ("hybrid", self.hybrid),
            ("hybrid_ex", self.hybrid_ex),
            ("rdstls", self.rdstls),
            ("rdsaad", self.rdsaad),
        ]
    }

    /// Everything stands here, or nothing, or it says that something is left out: silence must not pass for a check.
    fn check(&self) -> Result<(), Fault> {
        let protocols = self.protocols().iter().filter(|(_, offered)| offered.is_some()).count();
        match (protocols + usize::from(self.nla.is_some()), self.partial) {
            (0 | 7, false) | (1..=6, true) => Ok(()),
            (_, _) => Err(Fault::Security),
        }
    }
}

impl Expect {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let bare = self.stage.is_none() && self.hop.is_none() && self.rule.is_none();
        let whole = self.stage.is_some() && self.hop.is_some() && self.rule.is_some();
        if self.outcome == ExpectedOutcome::Reachable {
            if !bare || self.exit != 0 || self.causes.as_ref().is_some_and(|causes| !causes.is_empty()) {
                return Err(Fault::ReachableWithCause);
            }
        } else if !whole || self.exit == 0 {
            return Err(Fault::FailureWithoutCause);
        }
        if let Some(causes) = &self.causes
            && causes.first() != self.rule.as_ref()
        {
            return Err(Fault::CausesBeginOtherwise);
        }
        self.security.check()?;
        match self.mstsc.iter().find(|entry| !is_candidate(entry)) {
            Some(entry) => Err(Fault::Candidate(entry.clone())),
            None => Ok(()),
        }
    }
}

/// "code/extended likelihood basis".
fn is_candidate(entry: &str) -> bool {
    let half = |text: &str| {
        text == "-"
            || text.strip_prefix("0x").is_some_and(|digits| {
                !digits.is_empty()
                    && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
                    && (digits.len() == 1 || !digits.starts_with('0'))
            })
    };
    let mut words = entry.split(' ');
    let pair = words.next().and_then(|pair| pair.split_once('/'));
    pair.is_some_and(|(code, extended)| half(code) && half(extended))
        && words.next().is_some_and(|word| matches!(word, "likely" | "possible" | "unlikely"))
        && words.next().is_some_and(|word| matches!(word, "documented" | "reported" | "inferred"))
        && words.next().is_none()
}

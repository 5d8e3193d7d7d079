//! What is expected of which target: by `--expect` of all, by `--expect-file` of all, of groups, and of single ones.
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use rdp_probe::{Baseline, Expectations, Report, Target};
use serde::Deserialize;

use crate::bounded;
use crate::options::Options;
use crate::quote::{quoted, short};
use crate::reports;

/// The largest file of expectations that is read, in octets.
const MOST: u64 = 4 << 20;

/// What is expected of which target.
#[derive(Debug, Default)]
pub(crate) struct Expecting {
    of_all: Expectations,
    groups: Vec<Group>,
    baseline: Option<Baseline>,
    no_change: bool,
}

/// What is expected of some targets.
#[derive(Debug)]
struct Group {
    /// As messages have it.
    name: String,
    of: Vec<Pattern>,
    expected: Expectations,
    /// Whether there was such a target.
    met: AtomicBool,
}

/// Which targets: a host, with `*` for any part of it, and a port or any.
#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    host: String,
    port: Option<u16>,
}

/// The file of expectations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    expect: Several,
    #[serde(default)]
    group: BTreeMap<String, WrittenGroup>,
    #[serde(default)]
    target: BTreeMap<String, WrittenTarget>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    targets: Several,
    expect: Several,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTarget {
    expect: Several,
}

/// One text, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
enum Several {
    One(String),
    All(Vec<String>),
}

impl Default for Several {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Several {
    fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::All(all) => all,
        }
        .iter()
        .map(String::as_str)
    }

    fn expectations(&self) -> Result<Expectations, String> {
        let mut all = Expectations::default();
        for text in self.iter() {
            all.add(&text.parse().map_err(|error: rdp_probe::ExpectationError| error.to_string())?);
        }
        Ok(all)
    }
}

impl Expecting {
    /// What the options say, and the file that they name.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub(crate) fn of(options: &Options) -> Result<Self, String> {
        let mut expecting = match &options.expect_file {
            None => Self::default(),
            Some(path) => {
                let wrong = |why: String| format!("--expect-file {}: {why}", short(path));
                let text = File::open(path).map_err(Into::into).and_then(|file| bounded::text(file, MOST));
                let text = text.map_err(|fault| wrong(fault.to_string()))?;
                Self::read(&text).map_err(wrong)?
            }
        };
        if let Some(path) = &options.baseline {
            expecting.baseline = Some(reports::baseline(path)?);
            expecting.no_change = options.fail_on_change;
        }
        options.expect.iter().for_each(|more| expecting.of_all.add(more));
        Ok(expecting)
    }

    fn read(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            format!("line {line}: {}", error.message().lines().next().unwrap_or_default())
        })?;
        let of_all = written.expect.expectations().map_err(|error| format!("expect: {error}"))?;
        let mut groups = Vec::new();
        for (name, WrittenGroup { targets, expect }) in &written.group {
            groups.push(Group::of(format!("group {}", quoted(name)), targets.iter(), expect)?);
        }
        for (name, WrittenTarget { expect }) in &written.target {
            groups.push(Group::of(format!("target {}", quoted(name)), std::iter::once(name.as_str()), expect)?);
        }
        Ok(Self { of_all, groups, ..Self::default() })
    }

    /// Whether only the enumeration of the security protocols can tell something that is expected of this target.
    pub(crate) fn need_enumeration(&self, target: &Target) -> bool {
        let group = |group: &Group| group.expected.need_enumeration() && group.is_of(target);
        self.of_all.need_enumeration() || self.groups.iter().any(group)
    }

    /// The report, with what became of what was expected of its target.
    pub(crate) fn check(&self, report: Report) -> Report {
        let report = match &self.baseline {
            Some(baseline) => report.compared_with(baseline, self.no_change),
            None => report,
        };
        if self.of_all.is_empty() && self.groups.is_empty() {
            return report;
        }
        let mut expected = self.of_all.clone();
        for group in self.groups.iter().filter(|group| group.is_of(&report.target)) {
            group.met.store(true, Ordering::Relaxed);
            expected.add(&group.expected);
        }
        report.expecting(&expected)
    }

    /// What to say of those of which there was no target: a name with a typing error would otherwise expect nothing.
    pub(crate) fn unmet(&self) -> impl Iterator<Item = String> {
        let unmet = self.groups.iter().filter(|group| !group.met.load(Ordering::Relaxed));
        unmet.map(|group| format!("--expect-file: {} is of none of these targets", group.name))
    }
}

impl Group {
    fn of<'a>(name: String, of: impl Iterator<Item = &'a str>, expected: &Several) -> Result<Self, String> {
        let expected = expected.expectations().map_err(|error| format!("{name}: {error}"))?;
        let of: Vec<Pattern> =
            of.map(Pattern::of).collect::<Result<_, _>>().map_err(|error| format!("{name}: {error}"))?;
        if of.is_empty() || expected.is_empty() {
            let lacks = if of.is_empty() { "targets" } else { "expect" };
            return Err(format!("{name}: nothing stands in {lacks}"));
        }
        Ok(Self { name, of, expected, met: AtomicBool::new(false) })
    }

    fn is_of(&self, target: &Target) -> bool {
        let host = target.host.bare().to_string();
        self.of.iter().any(|pattern| pattern.is_of(&host, target.port))
    }
}

impl Pattern {
    fn of(text: &str) -> Result<Self, String> {
        let wrong = || format!("{} is neither a host, HOST:PORT nor one with * in it", quoted(text));
        if !text.contains('*') {
            let target: Target = text.parse().map_err(|_| wrong())?;
            let named = Target::new(target.host.clone(), target.port).input;
            // Without a port it is any.
            let has_port = named == text || text.ends_with(&format!(":{}", target.port));
            return Ok(Self { host: target.host.bare().to_string(), port: has_port.then_some(target.port) });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port.parse().map_err(|_| wrong())?)),
            _ => (text, None),
        };
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }

    fn is_of(&self, host: &str, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && fits(&self.host, host)
    }
}

/// Whether a name is as the pattern has it, in which `*` stands for any part.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some((_, behind)) = rest.split_once(part) else { return false };
            rest = behind;
        }
    }
    last.map_or_else(|| rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_part_of_a_name() {
        for (pattern, name, is) in [
            ("srv1", "srv1", true),
            ("srv1", "srv12", false),
            ("srv*", "srv12", true),
            ("*.lab.test", "srv1.lab.test", true),
            ("*.lab.test", "lab.test", false),
            ("s*1*.test", "srv1.lab.test", true),
            ("s*1*1", "s1", false),
            ("*", "", true),
            ("10.0.*", "10.0.0.7", true),
            ("10.0.*", "10.1.0.7", false),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_have_a_port_or_are_of_any() {
        for (text, host, port) in [
            ("SRV1.", "srv1", None),
            ("srv1:3389", "srv1", Some(3389)),
            ("srv1:3390", "srv1", Some(3390)),
            ("::1", "::1", None),
            ("[::1]:3389", "::1", Some(3389)),
            ("192.0.2.7", "192.0.2.7", None),
            ("*.lab.test:1", "*.lab.test", Some(1)),
            ("*", "*", None),
        ] {
            assert_eq!(Pattern::of(text), Ok(Pattern { host: host.into(), port }), "{text}");
        }
        for text in ["", "srv x", "*:x", "srv1:99999"] {
            assert!(Pattern::of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_one_line_with_the_place() {
        for (text, part) in [
            ("expect = 7", "line 1: expected a text"),
            ("\nexpect", "line 2: "),
            ("expcet = 'tls'", "line 1: unknown field `expcet`"),
            ("expect = 'tsl>=1.2'", "expect: >>>tsl<<<>=1.2: there is no tsl; did you mean tls?"),
            (
                "[group.web]\ntargets = 'srv1'\nexpect = 'nla=requird'",
                "group \"web\": nla=>>>requird<<<: nla wants one of its words; did you mean required?",
            ),
            ("[group.web]\nexpect = 'tls>=1.2'", "line 1: missing field `targets`"),
            ("[group.web]\ntargets = []\nexpect = 'tls>=1.2'", "group \"web\": nothing stands in targets"),
            ("[target.srv1]\nexpect = []", "target \"srv1\": nothing stands in expect"),
            ("[target.'srv x']\nexpect = 'tls>=1.2'", "\"srv x\" is neither a host"),
        ] {
            let error = Expecting::read(text).unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn groups_are_of_their_targets_and_who_has_none_is_said() {
        let text = "expect = 'outcome=reachable'\n[group.web]\ntargets = ['srv1', '*.lab.test:3390']\nexpect = ['exit=0', 'rule=none']\n\
                    [target.srv9]\nexpect = 'hop=none'";
        let expecting = Expecting::read(text).unwrap();
        let count = |name: &str| {
            let target: Target = name.parse().unwrap();
            let evidence = rdp_probe::Evidence::new(rdp_probe::Plan::new(target.host.clone(), target.port));
            let diagnosis = rdp_probe::diagnose(&evidence);
            expecting.check(Report::new(target, evidence, diagnosis)).expected().len()
        };
        assert_eq!(
            (count("srv1"), count("srv1:3390"), count("a.lab.test"), count("a.lab.test:3390")),
            (3, 3, 1, 3)
        );
        let unmet: Vec<String> = expecting.unmet().collect();
        assert_eq!(unmet, ["--expect-file: target \"srv9\" is of none of these targets"]);
    }
}

//! What holds for what is read of a certificate, whoever made it.
use rdp_probe_core::CertificateFacts;
use rdp_probe_core::wire::WireError;
use rdp_probe_core::wire::x509::{Certificate, Name};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::parse_x509_certificate;

/// No text is longer, in characters: 512, and what says that it was cut.
const MOST_TEXT: usize = 512 + 3;
/// More usages are not kept.
const MOST_USAGES: usize = 64;
/// Usages that have a name of their own, beside those that are kept by number.
const NAMED_USAGES: usize = 3;

/// What is kept of a certificate is bounded, each of its names stands for itself, and what is missing is said.
///
/// # Panics
/// When that does not hold.
pub fn certificate(octets: &[u8]) {
    let facts = CertificateFacts::read(octets);
    assert_eq!(CertificateFacts::read(octets), facts, "not deterministic");
    let self_issued = CertificateFacts::is_self_issued(octets);
    assert_eq!(self_issued.unwrap_or_default(), facts.self_signed, "{facts:?}");
    let times = [facts.not_before, facts.not_after].map(|time| time.is_some());
    let texts = [&facts.subject, &facts.issuer, &facts.serial, &facts.signature].map(Option::is_some);
    let read = texts.into_iter().chain(times).chain([facts.key.is_some(), facts.version.is_some()]);
    assert!(facts.unreadable.is_some() || read.into_iter().all(|read| read), "{facts:?}");
    assert_eq!(facts.length, octets.len(), "{facts:?}");
    outer(octets, &facts);
    against_x509_parser(octets, &facts);
    bounded(&facts);
    digests(&facts);
    // Each is compared with all before it: of ten thousand the first and the last ones tell.
    let (first, last) = (facts.names.iter().take(64), facts.names.iter().rev().take(8));
    for name in first.chain(last).chain(&facts.common_name).chain(facts.other_common_names.iter().take(64)) {
        assert!(facts.matches(name), "{name:?} does not stand for itself: {facts:?}");
    }
    assert!(facts.days_left(0).is_none(), "nobody said what time it is");
    for now in [1_000, 1_795_219_200_000, i64::MAX] {
        let left = facts.days_left(now);
        let ends = |end: i64| left.is_some_and(|days| (days >= 0) == (end >= now / 1000));
        assert!(facts.not_after.map_or_else(|| left.is_none(), ends), "{left:?} {facts:?}");
    }
    assert_eq!(facts.key_text().map(|text| text.is_empty()), facts.key.is_some().then_some(false), "{facts:?}");
    assert_ne!(facts.key_bits, Some(0), "{facts:?}");
    assert!(facts.extended_key_usage.is_some() || facts.is_for_servers(), "{facts:?}");
}

/// A fault lies within what was read, and is said.
fn outer(octets: &[u8], facts: &CertificateFacts) {
    let outer = Certificate::read(octets);
    let inside = |fault: WireError| fault.offset <= fault.len && fault.len <= octets.len();
    assert!(outer.fault.is_none_or(|fault| inside(fault) && fault.len == octets.len()), "{outer:?}");
    let names = [outer.subject, outer.issuer].into_iter().flatten().filter_map(|name| Name::parse(name).ok());
    let faults = outer.extensions.filter_map(Result::err).chain(names.flatten().filter_map(Result::err));
    let faults: Vec<WireError> = outer.fault.into_iter().chain(faults).collect();
    assert!(faults.iter().copied().all(inside), "{faults:?}");
    assert!(faults.is_empty() || facts.unreadable.is_some(), "{faults:?} {facts:?}");
}

/// Where x509-parser reads a certificate as a whole, what is read field by field is the same. It does not look at the class of a tag, so that
/// it reads some that are none.
fn against_x509_parser(octets: &[u8], facts: &CertificateFacts) {
    let Ok((_, whole)) = parse_x509_certificate(octets) else { return };
    if facts.unreadable.is_some() {
        return;
    }
    let valid = whole.validity();
    let times = [valid.not_before.timestamp(), valid.not_after.timestamp()].map(Some);
    assert_eq!([facts.not_before, facts.not_after], times, "{facts:?}");
    assert_eq!(facts.self_signed, whole.subject().as_raw() == whole.issuer().as_raw(), "{facts:?}");
    assert_eq!(facts.version, whole.version().0.checked_add(1), "{facts:?}");
    let key = whole.public_key().subject_public_key.data.to_vec();
    assert_eq!(CertificateFacts::subject_public_key(octets), Some(key), "{facts:?}");
    let mut names = 0_usize;
    for extension in whole.extensions() {
        if let ParsedExtension::SubjectAlternativeName(alternatives) = extension.parsed_extension() {
            for name in &alternatives.general_names {
                let GeneralName::DNSName(name) = name else { continue };
                let kept = |kept: &String| kept == name || (name.len() > MOST_TEXT && kept.ends_with("..."));
                assert!(
                    facts.names.get(names..).is_some_and(|rest| rest.iter().any(kept)),
                    "{name:?}: {facts:?}"
                );
                names = names.saturating_add(1);
            }
        }
    }
    assert!(facts.names.len() >= names, "{names} names: {facts:?}");
}

fn bounded(facts: &CertificateFacts) {
    let usages = facts.extended_key_usage.iter().flatten();
    let texts = [&facts.subject, &facts.issuer, &facts.serial, &facts.signature, &facts.common_name]
        .into_iter()
        .flatten();
    for text in texts.chain(&facts.other_common_names).chain(&facts.names).chain(usages) {
        assert!(text.chars().count() <= MOST_TEXT, "{} octets: {text:?}", text.len());
    }
    assert!(facts.key.iter().all(|key| key.name().chars().count() <= MOST_TEXT), "{facts:?}");
    // A name has two octets of its own.
    let all = facts.names.len().saturating_add(facts.other_common_names.len());
    assert!(all <= facts.length / 2, "{all} names");
    let usages = facts.extended_key_usage.as_ref().map_or(0, Vec::len);
    assert!(usages <= MOST_USAGES.saturating_add(NAMED_USAGES), "{usages} usages");
}

fn digests(facts: &CertificateFacts) {
    let lower = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let upper = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
    assert!(facts.sha256.len() == 64 && facts.sha256.chars().all(lower), "{facts:?}");
    assert!(facts.sha1.len() == 40 && facts.sha1.chars().all(upper), "{facts:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Kind;
    use proptest::prelude::*;

    #[test]
    fn every_certificate_that_a_target_shows_passes_whole_and_cut() {
        for kind in Kind::ALL {
            for der in kind.chain() {
                certificate(&der);
                for len in (0..der.len()).step_by((der.len() / 200).max(7)) {
                    let cut = CertificateFacts::read(&der[..len]);
                    assert!(cut.unreadable.is_some() && cut.subject.is_none(), "{kind:?}, {len} octets");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn spoilt_certificates_are_read_or_not(
            kind in proptest::sample::select(&Kind::ALL[..]),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut der = kind.chain().swap_remove(0);
            for (at, value) in changes {
                // The one of 60 000 octets is changed where there is more than a text.
                let most = der.len().min(700);
                der[at.index(most)] = value;
            }
            certificate(&der);
        }
    }
}

//! The catalogue of causes and findings: one `const` row each, one file a stage.
//!
//! To add one: write the row, a conversation in tests/scenarios that shows it, and accept the snapshot. CONTRIBUTING.md has
//! the walk. Tests hold that every row has a conversation, that its exit code is one of its stage's (docs/exit-codes.md),
//! and that `supersedes` has no cycle.
mod any_stage;
mod basic_settings_exchange;
mod capabilities_exchange;
mod certificate;
mod channel_connection;
mod connection_finalization;
mod connection_initiation;
mod credssp;
mod early_user_auth;
mod ends;
mod findings;
mod foreign;
mod gateway;
mod licensing;
mod logon;
mod mcs;
mod not_followed;
mod resolve;
mod secure_settings_exchange;
mod tcp_connect;
mod tls;

use crate::rule::Rule;

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    causes().chain(findings())
}

/// The rows that explain a failure.
pub(crate) fn causes() -> impl Iterator<Item = &'static Rule> {
    CAUSES.into_iter().chain(gateway::RULES).flatten()
}

/// The rows that are worth knowing without a failure.
pub(crate) fn findings() -> impl Iterator<Item = &'static Rule> {
    FINDINGS.into_iter().flatten()
}

const CAUSES: [&[Rule]; 16] = [
    any_stage::RULES,
    not_followed::RULES,
    resolve::RULES,
    tcp_connect::RULES,
    connection_initiation::RULES,
    foreign::RULES,
    tls::RULES,
    credssp::RULES,
    logon::RULES,
    early_user_auth::RULES,
    basic_settings_exchange::RULES,
    channel_connection::RULES,
    secure_settings_exchange::RULES,
    licensing::RULES,
    capabilities_exchange::RULES,
    connection_finalization::RULES,
];
const FINDINGS: [&[Rule]; 2] = [findings::RULES, certificate::RULES];

/// The row with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_stand_in_files_of_their_own() {
        assert!(findings().all(|rule| rule.kind != RuleKind::Cause));
        assert!(causes().all(|rule| rule.kind == RuleKind::Cause));
    }
    use crate::codes::{Family, lookup};
    use crate::placeholder::{Placeholder, for_xrdp};
    use crate::rule::{Basis, Likelihood, RuleKind, VerdictOutcome};

    #[test]
    fn every_id_is_of_lower_case_words_and_taken_once() {
        let mut seen = Vec::new();
        for rule in all() {
            assert!(!rule.id.is_empty());
            assert!(
                rule.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}",
                rule.id
            );
            assert!(!seen.contains(&rule.id), "{} stands twice", rule.id);
            seen.push(rule.id);
        }
    }

    #[test]
    fn every_row_says_what_it_means_and_what_to_do() {
        for rule in all() {
            for text in [rule.summary, rule.cause, rule.remedy] {
                assert!(!text.is_empty(), "{} has an empty text", rule.id);
                assert!(!text.ends_with('.'), "{}: sentences are joined by the renderer: {text}", rule.id);
            }
        }
    }

    #[test]
    fn supersedes_names_rows_and_has_no_cycle() {
        for rule in all() {
            let mut reached = rule.supersedes.to_vec();
            let mut next = 0;
            while let Some(id) = reached.get(next).copied() {
                assert_ne!(id, rule.id, "{} supersedes itself", rule.id);
                let other = find(id).unwrap_or_else(|| panic!("{} supersedes {id}, which is no row", rule.id));
                reached.extend(other.supersedes.iter().filter(|id| !reached.contains(id)).collect::<Vec<_>>());
                next += 1;
            }
        }
    }

    #[test]
    fn a_finding_has_neither_outcome_nor_exit() {
        for rule in all().filter(|rule| rule.kind != RuleKind::Cause) {
            assert_eq!((rule.exit, rule.outcome), (0, VerdictOutcome::Reachable), "{}", rule.id);
        }
    }

    #[test]
    fn likely_needs_both_halves_of_the_pair() {
        for rule in all() {
            for candidate in rule.candidates.iter().filter(|c| c.likelihood == Likelihood::Likely) {
                assert!(candidate.code.is_some() && candidate.extended.is_some(), "{}", rule.id);
                assert_ne!(candidate.basis, Basis::Inferred, "{}", rule.id);
            }
        }
    }

    #[test]
    fn every_candidate_is_in_the_table_of_codes() {
        for rule in all() {
            for candidate in rule.candidates {
                if let Some(code) = candidate.code {
                    let known = lookup(Family::MstscDisc, code).or_else(|| lookup(Family::MstscGateway, code));
                    assert!(known.is_some(), "{}: {code:#X}", rule.id);
                }
                if let Some(extended) = candidate.extended {
                    assert!(
                        lookup(Family::MstscExt, extended).is_some(),
                        "{}: extended {extended:#X}",
                        rule.id
                    );
                }
            }
        }
    }

    #[test]
    fn every_code_that_a_row_meets_is_in_the_table_of_codes() {
        let mut count = 0;
        for (rule, (family, code)) in all().flat_map(|rule| rule.meets.iter().map(move |met| (rule, *met))) {
            assert!(lookup(family, code).is_some(), "{}: {family:?} {code:#X}", rule.id);
            count += 1;
        }
        assert!(count > 30, "{count}");
    }

    #[test]
    fn every_placeholder_of_every_row_is_known() {
        for rule in all() {
            for text in [rule.summary, rule.cause, rule.remedy] {
                for piece in text.split('{').skip(1) {
                    let (name, _) = piece.split_once('}').unwrap_or_else(|| panic!("{}: {text}", rule.id));
                    assert!(
                        Placeholder::parse(name).is_some() || for_xrdp(name).is_some(),
                        "{}: {{{name}}}",
                        rule.id
                    );
                }
            }
        }
    }
}

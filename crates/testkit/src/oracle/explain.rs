//! What holds for every explanation of a code.
use rdp_probe_diagnosis::explain::{Explanation, Form};
use rdp_probe_diagnosis::{explain, explain_pair};

/// Words, one a line, are explained whatever they are; and what an explanation says was asked is explained as the same.
///
/// # Panics
/// When that does not hold.
pub fn explanation(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let words: Vec<&str> = text.split('\n').collect();
    let all = explain(&words);
    assert_eq!(all, explain(&words), "not deterministic");
    // No word is explained more often than it has pieces.
    assert!(all.len() <= words.len().saturating_add(octets.len()), "{} of {words:?}", all.len());
    for one in &all {
        agrees(one);
        // What stands around it in a text tells more than it does alone.
        if one.from.is_none() {
            assert_eq!(explain(&[&one.query]), std::slice::from_ref(one), "{words:?}");
        }
    }
    if let Some((code, rest)) = octets.split_first_chunk()
        && let Some(extended) = rest.first_chunk()
    {
        let pair = explain_pair(u32::from_be_bytes(*code), u32::from_be_bytes(*extended));
        assert_eq!(pair.form, Form::Pair);
        agrees(&pair);
    }
}

fn agrees(one: &Explanation) {
    assert_eq!(one.query, one.query.trim(), "{one:?}");
    assert!(!one.is_known() || !one.meanings.is_empty() || one.own.is_some(), "{one:?}");
    assert!(one.extended.is_none() || one.form == Form::Pair, "{one:?}");
    assert!(one.code.is_none() || one.form != Form::Name, "{one:?}");
    // What is known needs no guess of what it looks like.
    assert!(one.shape.is_none() || one.meanings.is_empty(), "{one:?}");
    let likelihoods = one.shown.iter().map(|shown| shown.candidate.likelihood);
    assert!(likelihoods.is_sorted(), "{one:?}");
    for meaning in &one.meanings {
        assert!(meaning.stages().len() <= rdp_probe_core::Stage::ALL.len(), "{meaning:?}");
        let _ = meaning.rules();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rdp_probe_diagnosis::codes;

    #[test]
    fn every_row_of_the_table_is_explained_by_number_and_by_name() {
        for row in codes::all() {
            explanation(row.name.as_bytes());
            if let Some(code) = row.code {
                explanation(format!("{code}\n{code:#x}").as_bytes());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]
        #[test]
        fn whatever_is_asked_is_explained(text in "[-0-9a-fxA-F/_ \n]{0,40}|\\PC{0,40}") {
            explanation(text.as_bytes());
        }
    }
}

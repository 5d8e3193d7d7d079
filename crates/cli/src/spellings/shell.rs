//! What of a command line is a shell's and no client's: where one command ends and the next begins, where output goes.
use crate::quote::short;
use crate::spellings::client::is_program;
use crate::spellings::written::Written;

/// The most words on either side that are shown.
const BESIDE: usize = 4;

/// Words that a shell takes out of a command line, or that continue it on the next one.
const WORDS: [&str; 11] = ["&&", "||", "|", "|&", ";", ";;", "&", "^", "`", "\\", "<<"];

/// Whether it is a shell's.
pub(super) fn is_leftover(word: &str) -> bool {
    let numbered = word.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let redirects = numbered.starts_with(['>', '<']) || word.starts_with("&>") || word.starts_with("*>");
    let runs = word.contains("$(") || (word.starts_with('`') && word.ends_with('`'));
    WORDS.contains(&word) || redirects || runs
}

/// One line that shows the command line as far as nothing of it can be a secret, with the word at this place marked.
pub(super) fn marked(words: &[&str], at: usize) -> String {
    let from = at.saturating_sub(BESIDE);
    let to = at.saturating_add(BESIDE);
    let mut shown: Vec<String> = Vec::new();
    if from > 0 {
        shown.push("...".to_owned());
    }
    for (index, word) in words.iter().enumerate().skip(from).take_while(|(index, _)| *index <= to) {
        shown.push(if index == at {
            format!(">>> {} <<<", short(leftover(word)))
        } else {
            masked(word, index == 0)
        });
    }
    if words.len() > to.saturating_add(1) {
        shown.push("...".to_owned());
    }
    format!(
        "what a shell does is no part of a client's command line: {}; give one command, without what is marked",
        shown.join(" ")
    )
}

/// As much of what is marked as is the shell's.
fn leftover(word: &str) -> &str {
    match word.find("$(") {
        Some(_) => "$(...)",
        None if word.starts_with('`') && word.len() > 1 => "`...`",
        None => word,
    }
}

/// A word without what may be a secret.
fn masked(word: &str, is_first: bool) -> String {
    match Written::of(word) {
        Some(Written { sign, name, value: Some(_), .. }) => format!("{sign}{}:...", short(name)),
        Some(Written { sign, name, value: None, .. }) => format!("{sign}{}", short(name)),
        None if is_first || is_program(word) || is_leftover(word) => short(leftover(word)),
        None => "...".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_takes_is_told_from_hosts_and_options() {
        for word in [
            "&&",
            "||",
            "|",
            ";",
            "&",
            ">",
            ">>",
            ">log",
            "2>&1",
            "2>/dev/null",
            "<",
            "&>log",
            "^",
            "$(hostname)",
            "`hostname`",
            "\\",
        ] {
            assert!(is_leftover(word), "{word}");
        }
        for word in
            ["srv1", "192.0.2.7:3389", "/v:srv1", "-", "@list", "[::1]:3389", "2001:db8::7", "a&b", "$host"]
        {
            assert!(!is_leftover(word), "{word}");
        }
    }

    #[test]
    fn place_is_marked_and_nothing_is_shown_that_may_be_a_secret() {
        let words = [
            "cmdkey",
            "/generic:hunter2",
            "hunter2",
            "&&",
            "mstsc",
            "/v:srv1",
            "/f",
            "+x=hunter2",
            "more",
            "more",
        ];
        assert_eq!(
            marked(&words, 3),
            "what a shell does is no part of a client's command line: cmdkey /generic:... ... >>> && <<< mstsc /v:... /f +x:... ...; \
             give one command, without what is marked"
        );
        assert!(marked(&["mstsc", "/v:$(cat hunter2)"], 1).contains(">>> $(...) <<<"));
    }
}

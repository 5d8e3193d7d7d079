//! A first word that is no host: a code, a verb with a typing error, a question for help, the name of a client.
use std::ffi::OsString;
use std::net::ToSocketAddrs as _;
use std::sync::mpsc;
use std::time::Duration;

use rdp_probe::Explanation;
use strsim::osa_distance;

use crate::quote::quoted;
use crate::spellings;
use crate::threads;
use crate::words::WAIT;

/// What the first word is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// A target, an option or a verb: nothing to say of it.
    Usual,
    /// A code: all of the arguments are for `explain`.
    Code,
    /// Nothing that can be done, and what to write instead.
    Mistaken(String),
    /// Nearly a verb, so that it is one unless a host has the name.
    NearVerb { host: String, message: String },
}

/// Words that other programs have as verbs, and what stands for them here.
const ASKED: [(&str, &str); 3] =
    [("help", "rdp-probe --help"), ("version", "rdp-probe --version"), ("usage", "rdp-probe --help")];

/// As long as a lookup may take that decides whether a word is a host.
const LOOKUP: Duration = Duration::from_secs(5);

/// Looks at the arguments behind the program's name. `verbs` are its verbs, each with whether it takes arguments.
pub(crate) fn first(arguments: &[OsString], verbs: &[(&str, bool)]) -> First {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let Some((word, rest)) = words.split_first().filter(|_| words.len() == arguments.len()) else {
        return First::Usual;
    };
    if verbs.iter().any(|(verb, _)| verb == word) {
        return First::Usual;
    }
    if is_code(word) {
        return First::Code;
    }
    let host = format!(" (a host of that name is written {word}:3389)");
    let alone = rest.iter().all(|word| word.starts_with('-'));
    if let Some((_, instead)) = ASKED.iter().find(|(asked, _)| word.eq_ignore_ascii_case(asked)) {
        let verb = rest.first().filter(|verb| verbs.iter().any(|(name, _)| name == *verb));
        let instead = verb.map_or_else(|| (*instead).to_owned(), |verb| format!("rdp-probe {verb} --help"));
        return First::Mistaken(format!("{} is no verb; did you mean {instead}?{host}", quoted(word)));
    }
    if alone && spellings::is_client(word) {
        return First::Mistaken(format!(
            "{} is the name of a client, and nothing follows it: paste its whole command line{host}",
            quoted(word)
        ));
    }
    let near = verbs.iter().find(|(verb, _)| is_near(word, verb));
    let Some((verb, takes)) = near else { return First::Usual };
    // What follows is not repeated: it may be anything.
    let message = format!("{} is no verb; did you mean rdp-probe {verb}?{host}", quoted(word));
    let fits = *takes && !rest.is_empty() && follows(verb, rest);
    if fits {
        First::Mistaken(message)
    } else if alone || *verb == WAIT {
        First::NearVerb { host: (*word).to_owned(), message }
    } else {
        First::Usual
    }
}

/// Whether a host of this name can be found, as far as that is known in time.
pub(crate) fn is_host(name: &str) -> bool {
    let (found, answer) = mpsc::channel();
    let asked = threads::spawn("lookup", name.to_owned(), move |name| {
        _ = found.send((name.as_str(), 3389).to_socket_addrs().is_ok());
    });
    // What is not known may be one.
    asked.is_err() || answer.recv_timeout(LOOKUP).unwrap_or(true)
}

/// A number, a pair, or a published name that no host can have: hosts have no underscore, and a bare number means an address nobody has typed.
fn is_code(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let hexadecimal = |text: &str| {
        let rest = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|octet| octet.is_ascii_hexdigit()))
    };
    let number = |text: &str| {
        hexadecimal(text)
            || digits(text)
            || text.strip_prefix('-').is_some_and(|rest| rest.len() > 1 && digits(rest))
    };
    let pair = word.split_once('/').is_some_and(|(code, extended)| number(code) && number(extended));
    let name = word.contains('_') && !word.contains(['/', '\\', ':', '.', '@']);
    number(word) || pair || (name && rdp_probe::explain(&[word]).iter().all(Explanation::is_known))
}

/// Whether what follows is what the verb takes.
fn follows(verb: &str, rest: &[&str]) -> bool {
    match verb {
        "explain" => rest.iter().any(|word| {
            !word.starts_with("--")
                && (*word == "-" || rdp_probe::explain(&[*word]).iter().all(Explanation::is_known))
        }),
        // A target follows any host as well.
        WAIT => false,
        "completions" => rest.iter().any(|word| ["bash", "zsh", "fish", "elvish", "powershell"].contains(word)),
        _ => rest.iter().any(|word| word.bytes().all(|octet| octet.is_ascii_digit())),
    }
}

/// One letter too many, too few or another one, or two that changed places; of long words two of these.
fn is_near(word: &str, verb: &str) -> bool {
    let allowed = if verb.len() > 5 { 2 } else { 1 };
    word.len() > 2 && osa_distance(&word.to_ascii_lowercase(), verb) <= allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> First {
        let words: Vec<OsString> =
            line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
        let verbs = crate::verbs::VERBS;
        first(&words, &verbs)
    }

    #[test]
    fn codes_are_told_from_hosts() {
        for line in
            ["0x904 0x7", "0x904/0x7", "2308 7", "516", "-2146893044", "STATUS_LOGON_FAILURE", "0X204 -o json"]
        {
            assert_eq!(of(line), First::Code, "{line}");
        }
        for line in [
            "",
            "srv1",
            "srv_1",
            "10.0.0.1",
            "1.2",
            "516.lab.test",
            "0x",
            "-v srv1",
            "face",
            "::1",
            "a/b",
            "516:3389",
        ] {
            assert_eq!(of(line), First::Usual, "{line}");
        }
    }

    #[test]
    fn questions_and_names_of_clients_are_answered() {
        for (line, part) in [
            ("help", "did you mean rdp-probe --help?"),
            ("help explain", "did you mean rdp-probe explain --help?"),
            ("version", "did you mean rdp-probe --version?"),
            ("mstsc", "paste its whole command line (a host of that name is written mstsc:3389)"),
            ("XFREERDP -ojson", "paste its whole command line"),
            ("explian 0x904", "did you mean rdp-probe explain?"),
            ("expain 0x904 0x7 -o json", "did you mean rdp-probe explain?"),
            ("dmeo 3", "did you mean rdp-probe demo?"),
            ("completion bash", "did you mean rdp-probe completions?"),
        ] {
            let First::Mistaken(message) = of(line) else { panic!("{line}: {:?}", of(line)) };
            assert!(message.contains(part), "{line}: {message}");
        }
        for line in ["mstsc /v:srv1", "explain 0x904", "demo", "explore srv2", "man", "main srv2", "helper"] {
            assert_eq!(of(line), First::Usual, "{line}");
        }
    }

    #[test]
    fn what_may_be_a_verb_or_a_host_is_looked_up() {
        for line in ["main", "explian", "dmeo -q", "completion"] {
            assert!(matches!(of(line), First::NearVerb { .. }), "{line}: {:?}", of(line));
        }
        assert!(is_host("localhost"));
    }
}

//! The words that this tool itself uses in reports: what each says.
use rdp_probe_core::{Hop, Stage};

use crate::catalogue;
use crate::exit_codes::{EXIT_CODES, ExitCode};
use crate::rule::{Basis, Likelihood, Rule, RuleKind, Severity, VerdictOutcome};

/// A word of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnWord {
    /// A cause or a finding of the catalogue.
    Rule(&'static Rule),
    /// An exit code.
    Exit(ExitCode),
    /// A stage.
    Stage(Stage),
    /// Whom a stage is for, or a failure is laid at.
    Hop(Hop),
    /// A verdict in one word.
    Outcome(VerdictOutcome),
    /// How something is known.
    Basis(Basis),
    /// How probable it is that a Windows client shows a code.
    Likelihood(Likelihood),
    /// How much a finding matters.
    Severity(Severity),
}

impl OwnWord {
    /// The ids of all kinds.
    pub const KINDS: [&'static str; 9] =
        ["cause", "finding", "exit_code", "stage", "hop", "outcome", "basis", "likelihood", "severity"];

    /// The word that is written so, in any case; a stage by its aliases, too.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let is = |id: &str| id == text;
        let rule = || catalogue::find(&text).map(Self::Rule);
        let stage = || Stage::parse(&text).map(Self::Stage);
        let hop = || Hop::ALL.into_iter().find(|hop| is(hop.id())).map(Self::Hop);
        let outcome = || VerdictOutcome::ALL.into_iter().find(|one| is(one.id())).map(Self::Outcome);
        let basis = || Basis::ALL.into_iter().find(|one| is(one.id())).map(Self::Basis);
        let likelihood = || Likelihood::ALL.into_iter().find(|one| is(one.id())).map(Self::Likelihood);
        let severity = || Severity::ALL.into_iter().find(|one| is(one.id())).map(Self::Severity);
        rule().or_else(stage).or_else(hop).or_else(outcome).or_else(basis).or_else(likelihood).or_else(severity)
    }

    /// The exit code in "exit 30", "exit=30" and "exit code 30".
    #[must_use]
    pub fn exit(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let rest = text.strip_prefix("exit")?.trim_start_matches([' ', '=', ':', '-', '_']);
        let words = ["code", "status"];
        let rest = words.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
        let code: u8 = rest.trim_start_matches([' ', '=', ':']).parse().ok()?;
        EXIT_CODES.iter().find(|row| row.code == code).copied().map(Self::Exit)
    }

    /// What kind of word it is: one of [`Self::KINDS`].
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Rule(Rule { kind: RuleKind::Cause, .. }) => "cause",
            Self::Rule(Rule { kind: RuleKind::Finding(_), .. }) => "finding",
            Self::Exit(_) => "exit_code",
            Self::Stage(_) => "stage",
            Self::Hop(_) => "hop",
            Self::Outcome(_) => "outcome",
            Self::Basis(_) => "basis",
            Self::Likelihood(_) => "likelihood",
            Self::Severity(_) => "severity",
        }
    }

    /// The word, as reports have it.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Rule(rule) => rule.id.to_owned(),
            Self::Exit(row) => row.code.to_string(),
            Self::Stage(stage) => stage.id().to_owned(),
            Self::Hop(hop) => hop.id().to_owned(),
            Self::Outcome(outcome) => outcome.id().to_owned(),
            Self::Basis(basis) => basis.id().to_owned(),
            Self::Likelihood(likelihood) => likelihood.id().to_owned(),
            Self::Severity(severity) => severity.id().to_owned(),
        }
    }

    /// What it says, in a clause without a full stop; a rule's own texts say more.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.summary,
            Self::Exit(row) => row.meaning,
            Self::Stage(stage) => of_stage(stage),
            Self::Hop(hop) => match hop {
                Hop::Client => {
                    "this computer: no route, no permission, nothing left to connect with, or the end of the run itself"
                }
                Hop::Resolver => "whoever looks up names for this computer",
                Hop::Proxy => "a proxy on the way, of HTTP or SOCKS",
                Hop::Gateway => "the RD Gateway on the way",
                Hop::Kdc => "the key distribution centre of a Kerberos realm, such as a domain controller",
                Hop::Target => "the remote desktop host itself, or what stands before it under its address",
                _ => "somebody on the way",
            },
            Self::Outcome(outcome) => match outcome {
                VerdictOutcome::Reachable => "the depth that was asked for was reached",
                VerdictOutcome::Refused => "somebody answered, and said no",
                VerdictOutcome::Unreachable => "nobody answered, or the way there failed",
                VerdictOutcome::Misconfigured => "somebody answers, and cannot work as it is set up",
                VerdictOutcome::Inconclusive => "it could not be tested, or what was seen contradicts itself",
            },
            Self::Basis(basis) => match basis {
                Basis::Documented => "a specification, a vendor's page or published source says so",
                Basis::Reported => "people have reported it, with its cause found",
                Basis::Inferred => "nobody says so; it follows from what is known",
            },
            Self::Likelihood(likelihood) => match likelihood {
                Likelihood::Likely => "both halves of what is shown are documented or reported for just this",
                Likelihood::Possible => "a sound inference, or one of several that are as good",
                Likelihood::Unlikely => "a guess",
            },
            Self::Severity(severity) => match severity {
                Severity::Info => "worth knowing; nothing need be done",
                Severity::Warning => "something should be done, though it does not stop this connection",
            },
        }
    }

    /// The rules that give this exit code, or explain an end in this stage, or at this hop.
    #[must_use]
    pub fn rules(self) -> Vec<&'static Rule> {
        let causes = || catalogue::all().filter(|rule| rule.kind == RuleKind::Cause);
        match self {
            Self::Exit(row) => causes()
                .filter(|rule| rule.exit == row.code || rule.exit_without_tls == Some(row.code))
                .collect(),
            Self::Stage(stage) => causes().filter(|rule| rule.stage == Some(stage)).collect(),
            Self::Rule(_)
            | Self::Hop(_)
            | Self::Outcome(_)
            | Self::Basis(_)
            | Self::Likelihood(_)
            | Self::Severity(_) => Vec::new(),
        }
    }
}

/// What happens in a stage, and when it is over.
const fn of_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "the name is looked up; over with the first address",
        Stage::TcpConnect => "a TCP connection is made to an address; over when it stands",
        Stage::Proxy => "a proxy is asked for a way on; over when it has made one",
        Stage::GatewayTls => {
            "the TLS handshake with the RD Gateway; its certificate has to be trusted before anything is shown to it"
        }
        Stage::GatewayHttp => "the gateway is asked over HTTP for a channel; over when it answers as a gateway",
        Stage::GatewayAuth => "the logon at the gateway, over HTTP or inside of the tunnel",
        Stage::GatewayTunnel => "gateway and client agree on a version and make the tunnel",
        Stage::GatewayAuthorization => {
            "the gateway decides whether this user may use it (connection authorization policy)"
        }
        Stage::GatewayChannel => {
            "the gateway decides whether this target may be reached (resource authorization policy), and connects to it"
        }
        Stage::ConnectionInitiation => {
            "the first RDP message and its answer, in which the security protocol is agreed on (X.224, negotiation)"
        }
        Stage::Tls => "the TLS handshake with the target; over when its certificate has been seen",
        Stage::Kdc => "Kerberos is asked for a ticket to the service",
        Stage::Credssp => {
            "Network Level Authentication: without credentials the server's challenge, with them its proof that it knows them"
        }
        Stage::Rdstls => "a logon by what a connection broker gave (RDSTLS)",
        Stage::Rdsaad => "a logon by Entra (RDS AAD)",
        Stage::EarlyUserAuth => {
            "the server says whether this user may log on remotely, before a session begins"
        }
        Stage::BasicSettingsExchange => {
            "client and server exchange their settings (MCS Connect Initial and Response)"
        }
        Stage::ChannelConnection => "the client is attached and joins its channels",
        Stage::RdpSecurityCommencement => "the keys of Standard RDP Security are agreed on",
        Stage::SecureSettingsExchange => {
            "the client says who it is and how it wants to work; the server begins a session"
        }
        Stage::Licensing => "the server gives, takes or refuses a licence",
        Stage::CapabilitiesExchange => "client and server say what they can do",
        Stage::ConnectionFinalization => "the last agreements before the first picture",
        Stage::Session => "the session itself: the logon's word, or the first picture",
        _ => "a part of the connection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_by_its_id_and_says_something() {
        let mut all: Vec<OwnWord> = catalogue::all().map(OwnWord::Rule).collect();
        all.extend(Stage::ALL.map(OwnWord::Stage));
        all.extend(Hop::ALL.map(OwnWord::Hop));
        all.extend(VerdictOutcome::ALL.map(OwnWord::Outcome));
        all.extend(Basis::ALL.map(OwnWord::Basis));
        all.extend(Likelihood::ALL.map(OwnWord::Likelihood));
        all.extend(Severity::ALL.map(OwnWord::Severity));
        for word in all {
            let found = OwnWord::find(&word.id().to_ascii_uppercase()).unwrap();
            // Where a stage has the name too, it is meant.
            assert!(found == word || found.kind() == "stage", "{word:?}: {found:?}");
            assert!(!word.meaning().is_empty() && !word.meaning().ends_with('.'), "{word:?}");
            assert!(OwnWord::KINDS.contains(&word.kind()));
        }
        assert_eq!(OwnWord::find("nothing"), None);
    }

    #[test]
    fn an_exit_code_is_read_in_each_spelling_and_names_its_rules() {
        for text in ["exit 30", "exit=30", "Exit code 30", "exit code: 30", "exit status 30"] {
            let Some(OwnWord::Exit(row)) = OwnWord::exit(text) else { panic!("{text}") };
            assert_eq!((row.code, row.meaning), (30, "port open, no or broken RDP answer"), "{text}");
        }
        for text in ["exit", "exit 99", "exit 131", "exits 3", "30"] {
            assert_eq!(OwnWord::exit(text), None, "{text}");
        }
        let rules = OwnWord::exit("exit 61").unwrap().rules();
        assert!(
            rules.iter().all(|rule| rule.exit == 61 || rule.exit_without_tls == Some(61)) && !rules.is_empty()
        );
    }

    #[test]
    fn exit_codes_of_rules_are_in_the_table() {
        assert!(EXIT_CODES.is_sorted_by(|one, other| one.code < other.code));
        for rule in catalogue::all().filter(|rule| rule.kind == RuleKind::Cause) {
            assert!(EXIT_CODES.iter().any(|row| row.code == rule.exit), "{rule:?}");
        }
    }
}

//! What a command line says of a gateway.
use std::path::{Path, PathBuf};

use clap::Args;
use rdp_probe::{AuthMethod, Gateway, GatewayTransport, Host, Secret, Stage};

/// Where they stand in the help.
const HEADING: &str = "Through an RD Gateway";

/// The options of a gateway.
#[derive(Debug, Default, Args)]
pub(crate) struct GatewayOptions {
    /// Go through this RD Gateway, over HTTPS [default port: 443]. Its certificate has to be trusted or pinned
    #[arg(help_heading = HEADING, short, long, value_name = "HOST[:PORT]", value_parser = place)]
    pub(crate) gateway: Option<Place>,

    /// Log on at the gateway as this user: USER, DOMAIN\USER or USER@REALM
    #[arg(help_heading = HEADING, long, value_name = "USER")]
    pub(crate) gateway_user: Option<String>,

    /// The domain of the gateway's user, where it does not stand with the user
    #[arg(help_heading = HEADING, long, value_name = "DOMAIN")]
    pub(crate) gateway_domain: Option<String>,

    /// How to log on at the gateway: auto, ntlm, negotiate, sspi-ntlm (inside the tunnel), basic or token; auto shows the token where there is one, and else takes NTLM
    /// where the gateway offers it, by itself or inside Negotiate, and Basic where it does not [default: auto]
    #[arg(help_heading = HEADING, long, value_name = "METHOD", value_parser = method)]
    pub(crate) gateway_auth: Option<Method>,

    /// How to carry the tunnel's packets: auto, websocket or http (two connections, with a logon on each); auto takes a WebSocket, and
    /// http where the gateway takes none [default: auto]
    #[arg(help_heading = HEADING, long, value_name = "TRANSPORT", value_parser = transport)]
    pub(crate) gateway_transport: Option<GatewayTransport>,

    /// Do not bind a logon by NTLM to the gateway's certificate
    #[arg(help_heading = HEADING, long)]
    pub(crate) no_channel_binding: bool,

    /// Show the gateway this token: the first line of the file; - is standard input
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    pub(crate) gateway_token: Option<PathBuf>,

    /// Take the gateway's password from this file: its one line [default: the variable RDG_PASSWORD, else it is asked for on the
    /// terminal]
    #[arg(help_heading = HEADING, long, value_name = "FILE", conflicts_with = "gateway_password_stdin")]
    pub(crate) gateway_password_file: Option<PathBuf>,

    /// Take the gateway's password from standard input
    #[arg(help_heading = HEADING, long)]
    pub(crate) gateway_password_stdin: bool,

    /// Log on at the gateway with the user and the password of --user
    #[arg(help_heading = HEADING, long)]
    pub(crate) same_credentials: bool,

    /// The gateway's certificate may lead to one of these roots (PEM), too
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    pub(crate) gateway_ca: Option<PathBuf>,

    /// The gateway's certificate has to be this one (SHA-256, hexadecimal), trusted or not; may be repeated
    #[arg(help_heading = HEADING, long, value_name = "SHA256")]
    pub(crate) gateway_pin: Vec<String>,

    /// Go no deeper than the gateway: to the channel it opens to the target, or without credentials to its question who it is
    #[arg(help_heading = HEADING, long)]
    pub(crate) gateway_only: bool,

    /// Agree to the message that a gateway may show before it lets anybody through
    #[arg(help_heading = HEADING, long)]
    pub(crate) accept_consent: bool,

    /// Whether it is gone through only where the target cannot be reached directly, as another client's command line has it.
    #[arg(skip)]
    pub(crate) detect: bool,

    /// Whether who logs on there stood in another client's command line: nobody is asked for their password.
    #[arg(skip)]
    pub(crate) pasted: bool,

    /// The password that stood there.
    #[arg(skip)]
    pub(crate) pasted_password: Option<Secret<String>>,

    /// The token that stood there.
    #[arg(skip)]
    pub(crate) pasted_token: Option<Secret<String>>,
}

/// Where a gateway is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

/// How to log on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// As the gateway offers it.
    Auto,
    /// So, and no other way.
    By(AuthMethod),
}

impl Method {
    /// The id of [`Method::Auto`]; others have that of their method.
    pub(crate) const AUTO: &str = "auto";
}

/// What else stands on the command line.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) user: bool,
    pub(crate) until: Option<Stage>,
    pub(crate) enumerate: bool,
    pub(crate) second_look: bool,
    pub(crate) all_addresses: bool,
    /// Whether standard input is the list's.
    pub(crate) list_on_stdin: bool,
    /// Whether it is the password's.
    pub(crate) password_on_stdin: bool,
    /// Whether a file may name a gateway, which can be told when it has been read.
    pub(crate) may_name_one: bool,
}

/// Where a gateway is, as it is typed.
pub(crate) fn place(text: &str) -> Result<Place, String> {
    let (host, port) = Host::parse_with_port(text).map_err(|error| error.to_string())?;
    Ok(Place { host, port: port.unwrap_or(Gateway::PORT) })
}

fn method(text: &str) -> Result<Method, String> {
    if let Some(method) = AuthMethod::ALL.into_iter().find(|method| method.id() == text) {
        return Ok(Method::By(method));
    }
    let ids =
        [Method::AUTO].into_iter().chain(AuthMethod::ALL.map(AuthMethod::id)).collect::<Vec<_>>().join(", ");
    match text {
        Method::AUTO => Ok(Method::Auto),
        "kerberos" => Err(format!("{text} is not in this version; there are {ids}")),
        _ => Err(format!("expected one of {ids}")),
    }
}

fn transport(text: &str) -> Result<GatewayTransport, String> {
    let all = GatewayTransport::ALL;
    let ids = || all.map(GatewayTransport::id).join(", ");
    all.into_iter().find(|transport| transport.id() == text).ok_or_else(|| match text {
        "rpc" => format!("{text} is not in this version; there are {}", ids()),
        _ => format!("expected one of {}", ids()),
    })
}

impl GatewayOptions {
    /// Whether somebody logs on at the gateway.
    pub(crate) const fn logs_on(&self) -> bool {
        self.gateway_user.is_some() || self.has_token() || self.same_credentials
    }

    /// Whether there is a token.
    const fn has_token(&self) -> bool {
        self.gateway_token.is_some() || self.pasted_token.is_some()
    }

    /// The depth that `--gateway-only` stands for.
    pub(crate) const fn depth(&self) -> Option<Stage> {
        match (self.gateway_only, self.logs_on()) {
            (true, true) => Some(Stage::GatewayChannel),
            (true, false) => Some(Stage::GatewayHttp),
            (false, _) => None,
        }
    }

    /// Whether the token comes on standard input.
    pub(crate) fn token_on_stdin(&self) -> bool {
        self.gateway_token.as_deref() == Some(Path::new("-"))
    }

    /// What each option alone does not show.
    pub(crate) fn contradiction(&self, beside: &Beside) -> Option<String> {
        if self.gateway.is_none() {
            if !beside.may_name_one {
                return self.needs_a_gateway(beside.until);
            }
            if self.gateway_only && beside.until.is_some() {
                return Some(which("two depths", "--gateway-only", "--until"));
            }
            return self.who(beside).or_else(|| self.shared_stdin(beside));
        }
        let not_done = |option: &str, why: &str| Some(format!("{option} is not done through a gateway: {why}"));
        if beside.enumerate {
            return not_done("--enumerate", "each question would open another tunnel there");
        }
        if beside.second_look {
            return not_done("--second-look", "each question would open another tunnel there");
        }
        if beside.all_addresses {
            return not_done("--all-addresses", "the target's name is the gateway's to look up");
        }
        if self.gateway_only && beside.until.is_some() {
            return Some(which("two depths", "--gateway-only", "--until"));
        }
        self.who(beside).or_else(|| self.shared_stdin(beside))
    }

    /// What is wrong where there is no gateway: these options say something of one.
    pub(crate) fn needs_a_gateway(&self, until: Option<Stage>) -> Option<String> {
        if let Some((option, _)) = self.given().into_iter().find(|(_, given)| *given) {
            return Some(format!("{option} is of no use without --gateway"));
        }
        let stage = until.filter(|stage| stage.is_gateways())?;
        Some(format!("--until {stage} is a stage of a gateway's: --gateway says which gateway"))
    }

    /// What is wrong where nobody logs on at a gateway by a user.
    pub(crate) fn needs_a_user(&self) -> Option<String> {
        let (option, _) = self.of_user().into_iter().find(|(_, given)| *given)?;
        Some(format!("{option} is of no use without --gateway-user"))
    }

    /// The options that say something of a user.
    const fn of_user(&self) -> [(&'static str, bool); 3] {
        [
            ("--gateway-domain", self.gateway_domain.is_some()),
            ("--gateway-password-file", self.gateway_password_file.is_some()),
            ("--gateway-password-stdin", self.gateway_password_stdin),
        ]
    }

    /// What is wrong with who logs on.
    fn who(&self, beside: &Beside) -> Option<String> {
        let of_user = self.of_user();
        // A file that names the gateway may name its user, too.
        let named_later = self.gateway.is_none();
        let user = ("--gateway-user", self.gateway_user.is_some());
        let same = ("--same-credentials", self.same_credentials);
        let accounts = [user, same].into_iter().chain(of_user);
        let account = accounts.into_iter().find(|(_, given)| *given).map(|(option, _)| option);
        if let Some(account) = account.filter(|_| self.has_token()) {
            return Some(format!("--gateway-token and {account}: a token takes the place of a user; give one"));
        }
        if self.same_credentials {
            if !beside.user {
                return Some("--same-credentials is of no use without --user".to_owned());
            }
            let other = [user].into_iter().chain(of_user).find(|(_, given)| *given);
            if let Some((other, _)) = other {
                return Some(which("two logons at the gateway", "--same-credentials", other));
            }
        }
        if self.gateway_user.is_none()
            && !named_later
            && let Some(message) = self.needs_a_user()
        {
            return Some(message);
        }
        let Some(Method::By(method)) = self.gateway_auth else { return None };
        let option = format!("--gateway-auth {}", method.id());
        let token = method == AuthMethod::Token;
        if token != self.has_token() && !(token && named_later) {
            return Some(if token {
                format!("{option} needs --gateway-token")
            } else {
                format!("{option} and --gateway-token: a token is no password")
            });
        }
        if !token && account.is_none() && !named_later {
            return Some(format!("{option} needs --gateway-user, or --same-credentials"));
        }
        // Nothing else is bound.
        (self.no_channel_binding && !method.is_exchange())
            .then(|| format!("--no-channel-binding is of no use with {option}"))
    }

    /// The scheme of HTTP that was asked for.
    pub(crate) fn scheme(&self) -> Option<AuthMethod> {
        let Some(Method::By(method)) = self.gateway_auth else { return None };
        Some(method).filter(|method| *method != AuthMethod::Token)
    }

    /// What is wrong where two would read standard input.
    fn shared_stdin(&self, beside: &Beside) -> Option<String> {
        let readers = [
            ("the list's", beside.list_on_stdin),
            ("the password's", beside.password_on_stdin),
            ("the gateway password's", self.gateway_password_stdin),
            ("the token's", self.token_on_stdin()),
        ];
        let mut readers = readers.into_iter().filter(|(_, reads)| *reads).map(|(whose, _)| whose);
        let (one, other) = (readers.next()?, readers.next()?);
        Some(format!("standard input is {one} or {other}: one of them has to be a file"))
    }

    /// Which options say something of a gateway.
    fn given(&self) -> [(&'static str, bool); 13] {
        [
            ("--gateway-user", self.gateway_user.is_some()),
            ("--gateway-domain", self.gateway_domain.is_some()),
            ("--gateway-auth", self.gateway_auth.is_some()),
            ("--gateway-transport", self.gateway_transport.is_some()),
            ("--no-channel-binding", self.no_channel_binding),
            ("--gateway-token", self.gateway_token.is_some()),
            ("--gateway-password-file", self.gateway_password_file.is_some()),
            ("--gateway-password-stdin", self.gateway_password_stdin),
            ("--same-credentials", self.same_credentials),
            ("--gateway-ca", self.gateway_ca.is_some()),
            ("--gateway-pin", !self.gateway_pin.is_empty()),
            ("--gateway-only", self.gateway_only),
            ("--accept-consent", self.accept_consent),
        ]
    }
}

fn which(what: &str, one: &str, other: &str) -> String {
    format!("{what}, {one} and {other}: which of them is meant? give one")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        gateway: GatewayOptions,
    }

    fn options(arguments: &[&str]) -> GatewayOptions {
        Alone::try_parse_from(["x"].iter().chain(arguments)).unwrap_or_else(|error| panic!("{error}")).gateway
    }

    fn wrong(arguments: &[&str], beside: &Beside) -> String {
        options(arguments).contradiction(beside).unwrap_or_default()
    }

    #[test]
    fn a_gateway_is_a_host_with_or_without_a_port() {
        for (typed, host, port) in [
            ("gw.lab.test", "gw.lab.test", 443),
            ("gw:8443", "gw", 8443),
            ("192.0.2.9", "192.0.2.9", 443),
            ("[2001:db8::1]:4430", "2001:db8::1", 4430),
            ("2001:db8::1", "2001:db8::1", 443),
        ] {
            let place = options(&["-g", typed]).gateway.unwrap();
            assert_eq!((place.host.to_string().as_str(), place.port), (host, port), "{typed}");
        }
        for typed in ["", "gw:0", "https://gw", "gw/x"] {
            assert!(Alone::try_parse_from(["x", "--gateway", typed]).is_err(), "{typed}");
        }
    }

    #[test]
    fn depth_of_the_gateway_alone_is_as_deep_as_it_lets_who_logs_on() {
        let depth = |more: &[&str]| options(&[&["-g", "gw"], more].concat()).depth();
        assert_eq!(depth(&[]), None);
        assert_eq!(depth(&["--gateway-only"]), Some(Stage::GatewayHttp));
        for who in [&["--gateway-user", "me"][..], &["--gateway-token", "t"], &["--same-credentials"]] {
            assert_eq!(depth(&[&["--gateway-only"], who].concat()), Some(Stage::GatewayChannel), "{who:?}");
        }
    }

    #[test]
    fn options_of_a_gateway_are_of_no_use_without_one() {
        for option in [
            &["--gateway-user", "me"][..],
            &["--gateway-domain", "LAB"],
            &["--gateway-auth", "auto"],
            &["--gateway-transport", "http"],
            &["--no-channel-binding"],
            &["--gateway-token", "t"],
            &["--gateway-password-file", "p"],
            &["--gateway-password-stdin"],
            &["--same-credentials"],
            &["--gateway-ca", "f"],
            &["--gateway-pin", "00"],
            &["--gateway-only"],
            &["--accept-consent"],
        ] {
            let message = wrong(option, &Beside { user: true, ..Beside::default() });
            assert_eq!(message, format!("{} is of no use without --gateway", option[0]));
        }
        let until = |stage| Beside { until: Some(stage), ..Beside::default() };
        assert!(
            wrong(&[], &until(Stage::GatewayTls)).starts_with("--until gateway_tls is a stage of a gateway's")
        );
        assert_eq!(wrong(&[], &until(Stage::Tls)), "");
        assert_eq!(wrong(&["-g", "gw"], &until(Stage::GatewayTls)), "");
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_a_reason() {
        let nothing = Beside::default;
        let user = || Beside { user: true, ..nothing() };
        let cases: &[(&[&str], Beside, &str)] = &[
            (&[], Beside { enumerate: true, ..nothing() }, "--enumerate is not done through a gateway"),
            (&[], Beside { second_look: true, ..nothing() }, "--second-look is not done through a gateway"),
            (&[], Beside { all_addresses: true, ..nothing() }, "--all-addresses is not done through a gateway"),
            (&["--gateway-only"], Beside { until: Some(Stage::Tls), ..nothing() }, "two depths"),
            (&["--gateway-user", "me", "--gateway-token", "t"], nothing(), "a token takes the place of a user"),
            (&["--same-credentials", "--gateway-token", "t"], user(), "a token takes the place of a user"),
            (&["--gateway-password-stdin", "--gateway-token", "t"], nothing(), "a token takes the place"),
            (&["--same-credentials"], nothing(), "of no use without --user"),
            (&["--same-credentials", "--gateway-user", "me"], user(), "two logons at the gateway"),
            (&["--same-credentials", "--gateway-password-stdin"], user(), "two logons at the gateway"),
            (&["--gateway-domain", "LAB"], nothing(), "--gateway-domain is of no use without --gateway-user"),
            (&["--gateway-password-file", "p"], nothing(), "of no use without --gateway-user"),
            (&["--gateway-auth", "basic"], nothing(), "basic needs --gateway-user"),
            (&["--gateway-auth", "ntlm"], nothing(), "ntlm needs --gateway-user"),
            (
                &["--gateway-auth", "basic", "--gateway-user", "me", "--no-channel-binding"],
                nothing(),
                "--no-channel-binding is of no use with --gateway-auth basic",
            ),
            (&["--gateway-auth", "token"], nothing(), "token needs --gateway-token"),
            (&["--gateway-auth", "basic", "--gateway-token", "t"], nothing(), "a token is no password"),
            (&["--gateway-auth", "token", "--gateway-user", "me"], nothing(), "token needs --gateway-token"),
            (
                &["--gateway-token", "-"],
                Beside { list_on_stdin: true, ..nothing() },
                "standard input is the list's or the token's",
            ),
            (
                &["--gateway-user", "me", "--gateway-password-stdin"],
                Beside { password_on_stdin: true, ..nothing() },
                "standard input is the password's or the gateway password's",
            ),
        ];
        for (arguments, beside, part) in cases {
            let message = wrong(&[&["-g", "gw"], *arguments].concat(), beside);
            assert!(message.contains(part), "{arguments:?}: {message}");
        }
        for (arguments, beside) in [
            (&["--gateway-token", "-", "--gateway-auth", "token"][..], nothing()),
            (&["--gateway-user", "me", "--gateway-auth", "basic", "--gateway-password-stdin"], nothing()),
            (&["--same-credentials", "--gateway-auth", "basic"], Beside { password_on_stdin: true, ..user() }),
            (&["--gateway-pin", "00", "--gateway-ca", "f", "--accept-consent"], nothing()),
        ] {
            assert_eq!(wrong(&[&["-g", "gw"], arguments].concat(), &beside), "", "{arguments:?}");
        }
    }

    #[test]
    fn methods_to_come_are_told_from_what_is_none() {
        let error = |method| {
            let parsed = Alone::try_parse_from(["x", "-g", "gw", "--gateway-auth", method]);
            parsed.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(error("kerberos").contains("kerberos is not in this version"));
        assert!(error("magic").contains("expected one of auto, ntlm, negotiate, sspi-ntlm, basic, token"));
        assert_eq!(error("auto"), "");
    }

    #[test]
    fn transports_are_those_that_there_are() {
        let parsed = |transport| Alone::try_parse_from(["x", "-g", "gw", "--gateway-transport", transport]);
        for transport in GatewayTransport::ALL {
            let read = parsed(transport.id()).map(|alone| alone.gateway.gateway_transport);
            assert_eq!(read.ok(), Some(Some(transport)));
        }
        let error = |transport| parsed(transport).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error("rpc").contains("rpc is not in this version; there are auto, websocket, http"));
        assert!(error("udp").contains("expected one of auto, websocket, http"));
    }
}

//! What the options of one command line come to, read one after the other.
use std::ffi::{OsStr, OsString};

use rdp_probe::{ClientName, NotFollowed, Secret, Unfollowed};

use crate::pasted::Pasted;
use crate::quote::short;
use crate::spellings::certificate::{self, Part};
use crate::spellings::gateway::Gateway;
use crate::spellings::once::once;
use crate::spellings::security::Protocols;
use crate::spellings::table::{Action, Row};

/// What the options so far have said.
#[derive(Debug, Default)]
pub(super) struct Line {
    host: Option<String>,
    port: Option<u16>,
    /// Whether it is a virtual machine's console, which has a port of its own.
    console: bool,
    protocols: Protocols,
    gateway: Gateway,
    /// Options of this program that mean the same, unless they are typed, too.
    ours: Vec<(&'static str, Option<String>)>,
    pub(super) notes: Vec<String>,
    pub(super) pasted: Pasted,
}

/// An option as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    /// Sign and name, as messages show it.
    pub(super) shown: &'a str,
    pub(super) name: &'a str,
    pub(super) on: bool,
    pub(super) value: Option<&'a str>,
}

/// The port of a Hyper-V host's consoles.
const CONSOLES: u16 = 2179;

impl Line {
    /// What this option says.
    ///
    /// # Errors
    /// What was expected, without a value that may be a secret.
    pub(super) fn take(&mut self, row: Row, given: Given<'_>) -> Result<(), String> {
        let Given { shown, name, on, value } = given;
        let name = name.to_ascii_lowercase();
        let value_or_none = value.unwrap_or_default();
        let needs = |what: &str| format!("{shown}: expected {shown}:{what}");
        let needed = |what: &str| value.filter(|value| !value.is_empty()).ok_or_else(|| needs(what));
        match row.is {
            Action::Nothing => {}
            Action::Target => self.host(needed("HOST[:PORT]")?)?,
            Action::Port => {
                let port = needed("NUMBER")?.parse().ok().filter(|port| *port != 0);
                self.port = Some(port.ok_or_else(|| needs("NUMBER, from 1 to 65535"))?);
            }
            Action::VmConnect => {
                self.console = true;
                if !value_or_none.is_empty() {
                    self.ours("--pcb", Some(value_or_none));
                }
                self.not(Unfollowed::NoNegotiation, "");
            }
            Action::Blob => self.ours("--pcb", Some(needed("TEXT")?)),
            Action::BlobId => {
                let id = needed("NUMBER")?;
                id.parse::<u32>().map_err(|_| needs("NUMBER"))?;
                self.not(Unfollowed::PreconnectionId, id);
            }
            Action::RoutingToken => self.ours("--routing-token", Some(needed("TOKEN")?)),
            Action::Ipv4 => self.ours("-4", None),
            Action::Ipv6 => self.ours("-6", None),
            Action::Timeout => {
                let limit = needed("MILLISECONDS")?;
                if !limit.bytes().all(|octet| octet.is_ascii_digit()) {
                    return Err(needs("MILLISECONDS"));
                }
                self.ours("--timeout", Some(&format!("{limit}ms")));
            }
            Action::ClientName => self.ours("--client-name", Some(as_long_as_sent(needed("NAME")?))),
            Action::Proxy => {
                let proxy = needed("[SCHEME://]HOST[:PORT]")?;
                if !proxy.eq_ignore_ascii_case("none") {
                    self.not(Unfollowed::Proxy, &without_account(proxy));
                }
            }
            Action::User => {
                // A backslash in front says that the user is of no domain.
                let user = value_or_none.strip_prefix('\\').unwrap_or(value_or_none);
                if !user.is_empty() {
                    once(&mut self.pasted.user, user.to_owned(), shown)?;
                }
            }
            Action::Domain => {
                if !value_or_none.is_empty() {
                    once(&mut self.pasted.domain, value_or_none.to_owned(), shown)?;
                }
            }
            Action::Password => {
                if !value_or_none.is_empty() {
                    once(&mut self.pasted.password, Secret::new(value_or_none.to_owned()), shown)?;
                    self.seen(
                        "the password",
                        shown,
                        "--password-file, --password-stdin and RDP_PASSWORD hide it",
                    );
                }
            }
            Action::Certificate => {
                let parts = certificate::parts(needed(certificate::EXPECTED)?);
                for part in parts.ok_or_else(|| needs(certificate::EXPECTED))? {
                    match part {
                        Part::Ignore => self.pasted.accept_certificate = true,
                        Part::Usual => {}
                        Part::Name(name) => self.ours("--server-name", Some(&name)),
                        Part::Pin(hash) => self.ours("--pin", Some(&hash)),
                        Part::Not(not) => self.pasted.not_followed.push(not),
                    }
                }
            }
            Action::AcceptCertificate => self.pasted.accept_certificate = on,
            Action::ServerName => self.ours("--server-name", Some(needed("NAME")?)),
            Action::RestrictedAdmin => self.pasted.restricted_admin = on,
            Action::RemoteGuard => self.not(Unfollowed::RemoteGuard, ""),
            Action::Hash => self.not(Unfollowed::Logon, "by hash"),
            Action::SmartCard if on => self.not(Unfollowed::Logon, "by smart card"),
            Action::SmartCard => {}
            Action::Kerberos => {
                let parts = value_or_none.split(',').filter_map(|part| part.split_once(':'));
                for (_, url) in parts.filter(|(key, _)| key.eq_ignore_ascii_case("kdc-url")) {
                    self.not(Unfollowed::KdcProxy, &without_account(url));
                }
            }
            Action::Packages => {
                if !has_ntlm(needed("LIST")?) {
                    self.not(Unfollowed::Logon, "without NTLM");
                }
            }
            Action::Authentication if on => {}
            Action::Authentication | Action::NoAuthentication => self.not(Unfollowed::Logon, "none"),
            Action::Assistance => self.not(Unfollowed::Shadow, "of remote assistance"),
            Action::Shadow => {
                let id = needed("ID")?;
                id.parse::<u32>().map_err(|_| needs("ID, a number"))?;
                self.not(Unfollowed::Shadow, id);
            }
            Action::AuthOnly if on => self.ours("--until", Some("credssp")),
            Action::AuthOnly => {}
            Action::Security => {
                let value = needed("NAME")?;
                self.protocols.value(value).map_err(|expected| format!("{shown}: {expected}"))?;
            }
            Action::SecuritySwitch => {
                let name = name.strip_prefix("sec-").unwrap_or_default();
                let on = match value_or_none.to_ascii_lowercase().as_str() {
                    "" => on,
                    "on" => true,
                    "off" => false,
                    _ => return Err(format!("{shown}: expected {shown}:on or {shown}:off")),
                };
                self.protocols.switch(name, on).map_err(|expected| format!("{shown}: {expected}"))?;
            }
            Action::SecurityOff => {
                let name = name.strip_prefix("no-").unwrap_or_default();
                self.protocols.switch(name, false).map_err(|expected| format!("{shown}: {expected}"))?;
            }
            Action::Negotiation if on => {}
            Action::Negotiation | Action::NoNegotiation => self.not(Unfollowed::NoNegotiation, ""),
            Action::Gateway => {
                self.gateway.list(needed("g:HOST[:PORT],...")?)?;
                self.gateway_seen(value_or_none, shown);
            }
            Action::GatewayHost => self.gateway.host(needed("HOST[:PORT]")?)?,
            Action::GatewayUser => self.gateway.user(value_or_none)?,
            Action::GatewayDomain => self.gateway.domain(value_or_none)?,
            Action::GatewayPassword => {
                self.gateway.password(value_or_none)?;
                self.seen("the gateway's password", shown, GATEWAY_WAYS);
            }
            Action::GatewayTransport => self.gateway.transport(needed("TYPE")?)?,
            Action::GatewayToken => {
                self.gateway.token(value_or_none)?;
                self.seen("the gateway's token", shown, "--gateway-token hides it");
            }
            Action::GatewayUsage => self.gateway.usage(needed("METHOD")?)?,
            Action::Question => {
                return Err(format!(
                    "{shown} asks the client itself, and connects to nothing: leave it out to probe"
                ));
            }
            Action::ArgsFrom => {
                return Err(format!(
                    "{shown} names where more options are, which is not read: write them here instead"
                ));
            }
        }
        Ok(())
    }

    /// The target.
    ///
    /// # Errors
    /// Where there is one already, or it can be none.
    pub(super) fn host(&mut self, host: &str) -> Result<(), String> {
        if host.starts_with(['-', '@']) {
            return Err("/v: expected /v:HOST[:PORT]".into());
        }
        match self.host.replace(host.to_owned()) {
            None => Ok(()),
            Some(_) => {
                Err("two targets, one behind /v or the client's name: which of them is meant? give one".into())
            }
        }
    }

    /// Whether there is a target.
    pub(super) fn has_host(&self) -> bool {
        self.host.is_some()
    }

    /// One more thing that a client does and a run does not.
    pub(super) fn not(&mut self, what: Unfollowed, value: &str) {
        let not = NotFollowed::new(what, value);
        if !self.pasted.not_followed.contains(&not) {
            self.pasted.not_followed.push(not);
        }
    }

    fn ours(&mut self, option: &'static str, value: Option<&str>) {
        self.ours.push((option, value.map(str::to_owned)));
    }

    fn seen(&mut self, what: &str, shown: &str, hidden: &str) {
        self.notes.push(format!(
            "everybody on this computer can read {what} of {shown} on its command line: {hidden}"
        ));
    }

    fn gateway_seen(&mut self, list: &str, shown: &str) {
        let mut keys = list.split(',').filter_map(|part| Some(part.split_once(':')?.0.to_ascii_lowercase()));
        if keys.any(|key| ["p", "access-token", "bearer"].contains(&key.as_str())) {
            self.seen("the gateway's password or token", shown, GATEWAY_WAYS);
        }
    }

    /// This program's options that mean the same, without those that are typed; and the target.
    ///
    /// # Errors
    /// What is wrong with all of it together.
    pub(super) fn finish(mut self, typed: &[OsString]) -> Result<Finished, String> {
        let target = self.target()?;
        let asked = self.protocols.asked().map_err(|error| format!("/sec: {error}"))?;
        if let Some(security) = asked {
            self.ours("--security", Some(security));
        }
        self.pasted.gateway = self.gateway.named(&mut self.notes)?;
        let mut args: Vec<String> = Vec::new();
        for (option, value) in self.ours {
            if !rivals(option).iter().any(|rival| is_typed(typed, rival)) {
                args.push(value.map_or_else(|| option.to_owned(), |value| format!("{option}={value}")));
            }
        }
        // FreeRDP takes the last one of most; two of a kind would be refused here.
        let mut kept: Vec<String> = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            let name = |arg: &str| arg.split('=').next().unwrap_or_default().to_owned();
            let later = args.iter().skip(index.saturating_add(1)).any(|other| name(other) == name(arg));
            if !later || arg.starts_with("--pin=") {
                kept.push(arg.clone());
            }
        }
        Ok(Finished { args: kept, target, notes: self.notes, pasted: self.pasted })
    }

    /// The target that `/v` and `/port` make together.
    fn target(&mut self) -> Result<Option<String>, String> {
        let Some(host) = self.host.take() else {
            return match self.port {
                Some(_) => Err("/port: there is no /v:HOST that it belongs to".into()),
                None => Ok(None),
            };
        };
        let has_port = match host.rsplit_once(']') {
            Some((_, after)) => !after.is_empty(),
            None => host.matches(':').count() == 1,
        };
        let port = match self.port {
            Some(_) if has_port => return Err(format!("/port: /v:{} has a port already", short(&host))),
            Some(port) => port,
            None if self.console && !has_port => CONSOLES,
            None => return Ok(Some(host)),
        };
        let bare = host.contains(':') && !host.starts_with('[');
        Ok(Some(if bare { format!("[{host}]:{port}") } else { format!("{host}:{port}") }))
    }
}

/// A whole command line.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) args: Vec<String>,
    pub(super) target: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) pasted: Pasted,
}

const GATEWAY_WAYS: &str = "--gateway-password-file, --gateway-password-stdin and RDG_PASSWORD hide it";

/// Options of this program of which one is enough.
fn rivals(option: &'static str) -> &'static [&'static str] {
    match option {
        "--routing-token" => &["--routing-token", "--load-balance-info", "--cookie"],
        "-4" | "-6" => &["-4", "-6"],
        "--pcb" => &["--pcb"],
        "--timeout" => &["--timeout"],
        "--client-name" => &["--client-name"],
        "--server-name" => &["--server-name"],
        "--pin" => &["--pin"],
        "--until" => &["--until", "--gateway-only"],
        "--security" => &["--security"],
        _ => &[],
    }
}

fn is_typed(typed: &[OsString], option: &str) -> bool {
    let of = |word: &OsStr| {
        word.to_str()
            .and_then(|word| word.strip_prefix(option))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    typed.iter().any(|word| of(word))
}

/// As much of a client's name as is sent: clients cut what is longer.
fn as_long_as_sent(mut name: &str) -> &str {
    while name.encode_utf16().count() > ClientName::MOST {
        let end = name.char_indices().next_back().map_or(0, |(last, _)| last);
        name = name.get(..end).unwrap_or_default();
    }
    name
}

/// The address of a proxy without whose it is.
fn without_account(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    if scheme.is_empty() { place.to_owned() } else { format!("{scheme}://{place}") }
}

/// Whether a list of packages has NTLM, which is what a run logs on by.
fn has_ntlm(list: &str) -> bool {
    let names: Vec<String> = list.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let has = |name: &str| names.iter().any(|one| one == name);
    // Who names Kerberos alone means it alone, though the client would fall back.
    has("ntlm") || !(has("!ntlm") || has("none") || has("kerberos"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_account_stays_in_an_address() {
        for (url, shown) in [
            ("socks5://me:hunter2@proxy1:1080", "socks5://proxy1:1080"),
            ("me:hunter2@x@proxy1", "proxy1"),
            ("http://proxy1:3128", "http://proxy1:3128"),
            ("proxy1", "proxy1"),
        ] {
            assert_eq!(without_account(url), shown);
        }
    }

    #[test]
    fn packages_without_ntlm_are_told() {
        for list in ["ntlm", "!kerberos", "kerberos,ntlm", "none,ntlm", "!u2u", "NTLM,!kerberos"] {
            assert!(has_ntlm(list), "{list}");
        }
        for list in ["kerberos", "!ntlm", "kerberos,!ntlm", "none,kerberos", "none"] {
            assert!(!has_ntlm(list), "{list}");
        }
    }
}

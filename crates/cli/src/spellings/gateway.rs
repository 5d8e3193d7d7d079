//! A gateway as another client's options name it: `/g`, `/gu` and those beside them, and `/gateway`, which says all of it.
use rdp_probe::{AuthMethod, GatewayTransport, NotFollowed, Secret, Unfollowed};

use crate::gateway_options::place;
use crate::pasted::{PastedGateway, Through};
use crate::spellings::once::once;

/// What the options so far have said.
#[derive(Debug, Default)]
pub(super) struct Gateway {
    host: Option<String>,
    user: Option<String>,
    domain: Option<String>,
    password: Option<Secret<String>>,
    token: Option<Secret<String>>,
    by: By,
    no_websockets: bool,
    inside: bool,
    never: bool,
    detect: bool,
    /// What a client does there that is not done here.
    other: Option<&'static str>,
}

/// How it is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum By {
    #[default]
    Http,
    Rpc,
    /// By the resource manager of Azure, which names the gateway itself.
    Arm,
}

/// What is said of a gateway's options without one.
const NO_GATEWAY: &str = "options of a gateway are of no use without /g, and are not used";

impl Gateway {
    /// `/g`.
    pub(super) fn host(&mut self, host: &str) -> Result<(), String> {
        once(&mut self.host, host.to_owned(), "/g")
    }

    /// `/gu`; nobody where it is empty.
    pub(super) fn user(&mut self, user: &str) -> Result<(), String> {
        match user.strip_prefix('\\').unwrap_or(user) {
            "" => Ok(()),
            user => once(&mut self.user, user.to_owned(), "/gu"),
        }
    }

    /// `/gd`.
    pub(super) fn domain(&mut self, domain: &str) -> Result<(), String> {
        if domain.is_empty() { Ok(()) } else { once(&mut self.domain, domain.to_owned(), "/gd") }
    }

    /// `/gp`.
    pub(super) fn password(&mut self, password: &str) -> Result<(), String> {
        if password.is_empty() {
            Ok(())
        } else {
            once(&mut self.password, Secret::new(password.to_owned()), "/gp")
        }
    }

    /// `/gat`.
    pub(super) fn token(&mut self, token: &str) -> Result<(), String> {
        if token.is_empty() { Ok(()) } else { once(&mut self.token, Secret::new(token.to_owned()), "/gat") }
    }

    /// `/gt`: a way, and what it is not to use.
    pub(super) fn transport(&mut self, value: &str) -> Result<(), String> {
        for part in value.split(',') {
            if !self.transport_part(part) {
                return Err(
                    "/gt: expected rpc, http, auto or arm, and no-websockets or extauth-sspi-ntlm behind it"
                        .into(),
                );
            }
        }
        Ok(())
    }

    fn transport_part(&mut self, part: &str) -> bool {
        match part.to_ascii_lowercase().as_str() {
            "http" | "auto" => self.by = By::Http,
            "rpc" => self.by = By::Rpc,
            "arm" => self.by = By::Arm,
            "no-websockets" => self.no_websockets = true,
            "extauth-sspi-ntlm" => self.inside = true,
            _ => return false,
        }
        true
    }

    /// `/gateway-usage-method`, by name or by the number that .rdp files have.
    pub(super) fn usage(&mut self, value: &str) -> Result<(), String> {
        (self.never, self.detect) = match value.to_ascii_lowercase().as_str() {
            "none" | "0" | "4" => (true, false),
            "direct" | "default" | "1" | "3" => (false, false),
            "detect" | "2" => (false, true),
            _ => {
                return Err(
                    "/gateway-usage-method: expected none, direct, detect, default, or a number from 0 to 4"
                        .into(),
                );
            }
        };
        Ok(())
    }

    /// `/gateway`.
    pub(super) fn list(&mut self, value: &str) -> Result<(), String> {
        for part in value.split(',') {
            let (name, rest) = part.split_once(':').unwrap_or((part, ""));
            match name.to_ascii_lowercase().as_str() {
                "g" => self.host(rest)?,
                "u" => self.user(rest)?,
                "d" => self.domain(rest)?,
                "p" => self.password(rest)?,
                "access-token" => self.token(rest)?,
                "usage-method" => self.usage(rest)?,
                "type" => self.transport(rest)?,
                "url" => self.other = Some("by a URL"),
                "bearer" => self.other = Some("with a bearer token"),
                _ if self.transport_part(part) => {}
                _ => {
                    return Err(
                        "/gateway: expected a list of g:HOST[:PORT], u:USER, d:DOMAIN, p:PASSWORD, type:TYPE, usage-method:METHOD and \
                         access-token:TOKEN"
                            .into(),
                    );
                }
            }
        }
        Ok(())
    }

    /// The gateway that was named, and what to warn of; none where there is none.
    pub(super) fn named(self, notes: &mut Vec<String>) -> Result<Option<PastedGateway>, String> {
        let says_more = self.user.is_some() || self.password.is_some() || self.token.is_some();
        let name = self.host.clone().unwrap_or_default();
        let not = |how: &str| {
            let value = if name.is_empty() { how.to_owned() } else { format!("{name} {how}") };
            Ok(Some(PastedGateway::Not(NotFollowed::new(Unfollowed::Gateway, &value))))
        };
        if self.never {
            return Ok(None);
        }
        match (self.by, self.other) {
            (By::Rpc, _) => return not("by RPC over HTTP"),
            (By::Arm, _) => return not("by Azure Resource Manager"),
            (By::Http, Some(other)) => return not(other),
            (By::Http, None) => {}
        }
        let Some(host) = self.host else {
            notes.extend(says_more.then(|| NO_GATEWAY.to_owned()));
            return Ok(None);
        };
        let place = place(&host).map_err(|error| format!("/g: expected /g:HOST[:PORT]: {error}"))?;
        let token = self.token.is_some();
        Ok(Some(PastedGateway::Through(Box::new(Through {
            place,
            detect: self.detect,
            transport: self.no_websockets.then_some(GatewayTransport::Http),
            method: (self.inside && !token).then_some(AuthMethod::SspiNtlm),
            user: self.user,
            domain: self.domain,
            password: self.password,
            token: self.token,
        }))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(gateway: Gateway, notes: &mut Vec<String>) -> Through {
        match gateway.named(notes) {
            Ok(Some(PastedGateway::Through(through))) => *through,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn list_says_what_the_single_options_say() {
        let mut list = Gateway::default();
        list.list(
            r"g:gw1:8443,u:LAB\me,d:LAB,p:a:b,type:http,no-websockets,extauth-sspi-ntlm,usage-method:direct",
        )
        .unwrap();
        let mut single = Gateway::default();
        single.host("gw1:8443").unwrap();
        single.user(r"LAB\me").unwrap();
        single.domain("LAB").unwrap();
        single.password("a:b").unwrap();
        single.transport("http,no-websockets,extauth-sspi-ntlm").unwrap();
        single.usage("1").unwrap();
        for gateway in [list, single] {
            let through = through(gateway, &mut Vec::new());
            assert_eq!((through.place.host.to_string().as_str(), through.place.port), ("gw1", 8443));
            assert_eq!((through.user.as_deref(), through.domain.as_deref()), (Some(r"LAB\me"), Some("LAB")));
            assert_eq!(through.password.unwrap().expose(), "a:b");
            assert_eq!(
                (through.transport, through.method),
                (Some(GatewayTransport::Http), Some(AuthMethod::SspiNtlm))
            );
        }
    }

    #[test]
    fn usage_says_whether_there_is_one_and_whether_the_direct_way_comes_first() {
        for (usage, goes) in [
            ("none", false),
            ("0", false),
            ("4", false),
            ("direct", true),
            ("1", true),
            ("DEFAULT", true),
            ("3", true),
        ] {
            let mut gateway = Gateway::default();
            gateway.host("gw1").unwrap();
            gateway.usage(usage).unwrap();
            let mut notes = Vec::new();
            let named = gateway.named(&mut notes).unwrap();
            assert_eq!(named.is_some(), goes, "{usage}");
            assert!(!matches!(named, Some(PastedGateway::Through(through)) if through.detect), "{usage}");
            assert_eq!(notes, [""; 0]);
        }
        for usage in ["detect", "2"] {
            let mut gateway = Gateway::default();
            gateway.list(&format!("g:gw1,usage-method:{usage}")).unwrap();
            let mut notes = Vec::new();
            assert!(through(gateway, &mut notes).detect, "{usage}");
            assert_eq!(notes, [""; 0]);
        }
    }

    #[test]
    fn ways_that_are_not_gone_are_said() {
        for (list, value) in [
            ("g:gw1,type:rpc", "gw1 by RPC over HTTP"),
            ("type:arm", "by Azure Resource Manager"),
            ("g:gw1,url:wss://gw1/x", "gw1 by a URL"),
            ("g:gw1,bearer:hunter2", "gw1 with a bearer token"),
        ] {
            let mut gateway = Gateway::default();
            gateway.list(list).unwrap();
            let Ok(Some(PastedGateway::Not(not))) = gateway.named(&mut Vec::new()) else { panic!("{list}") };
            assert_eq!(not, NotFollowed::new(Unfollowed::Gateway, value), "{list}");
        }
    }

    #[test]
    fn what_is_none_is_refused_without_a_word_of_it() {
        for list in
            ["g:gw1,hunter2", "hunter2:x", "g:gw1,p:a,p:hunter2", "type:hunter2", "usage-method:hunter2"]
        {
            let message = Gateway::default().list(list).unwrap_err();
            assert!(!message.contains("hunter2"), "{list}: {message}");
        }
        let mut gateway = Gateway::default();
        gateway.host("gw/x").unwrap();
        assert!(gateway.named(&mut Vec::new()).unwrap_err().starts_with("/g: expected"));
    }

    #[test]
    fn options_of_a_gateway_without_one_are_warned_of() {
        let mut gateway = Gateway::default();
        gateway.password("hunter2").unwrap();
        let mut notes = Vec::new();
        assert!(gateway.named(&mut notes).unwrap().is_none());
        assert_eq!(notes, [NO_GATEWAY]);
    }
}

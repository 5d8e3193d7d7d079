//! From a scenario to a plan, and to the command line that means the same.
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rdp_probe_core::{
    Account, Family, Gateway, GatewayLogon, GatewayTransport, Host, Plan, Routing, Security, base64,
};

use super::Scenario;
use super::gateway::Accepts;
use super::password::{password_file, rdp_file, secret_file};
use super::plan_table::{Shown, Shows};
use crate::certificate::{authority, root_file};

impl Scenario {
    /// The plan, with the port that the target listens on.
    #[must_use]
    pub fn plan(&self, port: u16) -> Plan {
        let mut plan = Plan::new(self.target.host.clone(), port);
        let wanted = &self.plan;
        plan.security = wanted.security;
        plan.until = wanted.until.unwrap_or(plan.until);
        plan.until_asked = wanted.until.is_some();
        plan.target.pins.clone_from(&wanted.pins);
        plan.target.require_trust = wanted.root().is_some();
        plan.target.server_name = wanted.server_name.as_deref().map(Into::into);
        plan.gateway = self.planned_gateway().map(Box::new);
        plan.account = wanted.account().map(Box::new);
        plan.target.accept_certificate = wanted.accept_certificate;
        plan.restricted_admin = wanted.restricted_admin;
        plan.enumerate = wanted.enumerate;
        plan.target.certificate_days = wanted.cert_days.unwrap_or(plan.target.certificate_days);
        plan.second_look = wanted.second_look;
        plan.all_addresses = wanted.all_addresses;
        plan.family = wanted.family;
        if let Some(cookie) = &wanted.cookie {
            plan.routing = Routing::Cookie(cookie.clone());
        }
        if let Some(token) = &wanted.routing_token {
            plan.routing = Routing::Token(token.clone().into_bytes());
        }
        plan.preconnection_blob = wanted.pcb.clone().map(String::into);
        plan.not_followed = wanted.not_followed.clone().into();
        plan.target.refuses_untrusted = wanted.refuses_untrusted;
        plan.limits.overall = wanted.overall.unwrap_or(plan.limits.overall);
        plan.limits.stages = wanted.stages.clone().into();
        plan
    }

    /// The same conversation with a gateway that has no WebSocket; `None` where there is no gateway, or it is about that.
    #[must_use]
    pub fn over_two_channels(&self) -> Option<Self> {
        let table = self.gateway.clone()?;
        if !table.websocket || table.is_about_websocket() || self.plan.gateway_transport.is_some() {
            return None;
        }
        let name = format!("{} over two channels", self.name);
        Some(Self { name, gateway: Some(table.over_two_channels()), ..self.clone() })
    }

    /// Whether a tunnel of its has two channels, and so two logons.
    #[must_use]
    pub fn is_over_two_channels(&self) -> bool {
        let asked = self.plan.gateway_transport == Some(GatewayTransport::Http);
        asked || self.gateway.as_ref().is_some_and(|table| !table.websocket)
    }

    /// What the plan has of the gateway, whose port is the usual one.
    fn planned_gateway(&self) -> Option<Gateway> {
        let table = self.gateway.as_ref()?;
        let mut gateway = Gateway::new(table.host.clone(), Gateway::PORT);
        gateway.leg.pins.clone_from(&self.plan.gateway_pins);
        gateway.accept_consent = self.plan.accept_consent;
        gateway.scheme = self.plan.gateway_auth;
        gateway.binds = !self.plan.gateway_unbound;
        gateway.detect = self.direct.is_some();
        gateway.transport = self.plan.gateway_transport.unwrap_or_default();
        gateway.logon = match self.gateway_shows() {
            Some(Shown::Account(user, _)) => {
                let account = Account::parse(&user, None).map(|mut account| {
                    account.stopped = self.plan.gateway_stopped;
                    account
                });
                account.map_or(GatewayLogon::None, GatewayLogon::Account)
            }
            Some(Shown::Token(_)) => GatewayLogon::Token,
            None => GatewayLogon::None,
        };
        Some(gateway)
    }

    /// What is shown to the gateway: as it accepts it, or as the plan says.
    #[must_use]
    pub fn gateway_shows(&self) -> Option<Shown> {
        let table = self.gateway.as_ref()?;
        let account = |password: &str| Some(Shown::Account(table.user.clone(), password.to_owned()));
        let token = |token: &str| Some(Shown::Token(token.to_owned()));
        match (self.plan.gateway_shows, table.accepts) {
            (Shows::Nothing, _) | (Shows::Right | Shows::Wrong, Accepts::Anyone) => None,
            (Shows::Right, Accepts::Basic | Accepts::Ntlm) | (Shows::Password, _) => account(&table.password),
            (Shows::Right, Accepts::Token) | (Shows::Token, _) => token(&table.token),
            (Shows::Wrong, Accepts::Basic | Accepts::Ntlm) => account("not the password"),
            (Shows::Wrong, Accepts::Token) => token("not the token"),
        }
    }

    /// The arguments of the binary that lead through a gateway at this address.
    #[must_use]
    pub fn arguments_of_gateway(&self, address: SocketAddr) -> Vec<String> {
        let Some(table) = &self.gateway else { return Vec::new() };
        let mut arguments = Vec::new();
        let mut option = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
        let (host, port) = (&table.host, address.port());
        match &self.direct {
            Some(_) => option(&[&format!("/g:{host}:{port}"), "/gateway-usage-method:detect"]),
            None => option(&["-g", &format!("{host}:{port}")]),
        }
        option(&["--resolve", &format!("{host}:{port}:{}", address.ip())]);
        // Without a file the binary says that there is none.
        if !self.plan.gateway_untrusted {
            option(&["--gateway-ca", &root_file(&authority()).unwrap_or_default().to_string_lossy()]);
        }
        for pin in &self.plan.gateway_pins {
            option(&["--gateway-pin", pin]);
        }
        if let Some(scheme) = self.plan.gateway_auth {
            option(&["--gateway-auth", scheme.id()]);
        }
        if let Some(transport) = self.plan.gateway_transport {
            option(&["--gateway-transport", transport.id()]);
        }
        if self.plan.gateway_unbound {
            option(&["--no-channel-binding"]);
        }
        if self.plan.accept_consent {
            option(&["--accept-consent"]);
        }
        match self.gateway_shows() {
            Some(Shown::Account(user, password)) => {
                let file = secret_file(&password).unwrap_or_default();
                option(&["--gateway-user", &user, "--gateway-password-file", &file.to_string_lossy()]);
            }
            Some(Shown::Token(token)) => {
                let file = secret_file(&token).unwrap_or_default();
                option(&["--gateway-token", &file.to_string_lossy()]);
            }
            None => {}
        }
        arguments
    }

    /// Whether that is the gateway's own password.
    pub(crate) fn gateway_knows_the_password(&self) -> bool {
        let table = self.gateway.as_ref();
        let knows = |shown| matches!((shown, table), (Shown::Account(_, password), Some(table)) if password == table.password);
        self.gateway_shows().is_some_and(knows)
    }

    /// What a security context makes of that.
    pub(crate) fn gateway_secret(&self) -> String {
        match self.gateway_shows() {
            Some(Shown::Account(user, password)) => base64(format!("{user}:{password}").as_bytes()),
            Some(Shown::Token(token)) => token,
            None => String::new(),
        }
    }

    /// The arguments of the binary that give the same plan, the target last.
    #[must_use]
    pub fn arguments(&self, port: u16) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut option = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
        let wanted = &self.plan;
        if wanted.security != Security::Auto {
            option(&["--security", wanted.security.id()]);
        }
        if let Some(until) = wanted.until {
            option(&["--until", until.id()]);
        }
        for pin in &wanted.pins {
            option(&["--pin", pin]);
        }
        if let Some(root) = wanted.root() {
            // Without the file the binary says that there is none.
            let file = root_file(&root).unwrap_or_default();
            option(&["--ca", &file.to_string_lossy()]);
        }
        if let Some(user) = &wanted.user {
            // Without the file the binary says that there is none.
            let file = password_file().unwrap_or_default();
            option(&["--user", user, "--password-file", &file.to_string_lossy()]);
        }
        if wanted.restricted_admin {
            option(&["--restricted-admin"]);
        }
        if wanted.accept_certificate {
            option(&["--accept-certificate"]);
        }
        if let Some(name) = &wanted.server_name {
            option(&["--server-name", name]);
        }
        if self.gateway.is_none() {
            option(&[if wanted.enumerate { "--enumerate" } else { "--no-enumerate" }]);
            if let Some(days) = wanted.cert_days {
                option(&["--cert-days", &days.to_string()]);
            }
            option(&[if wanted.second_look { "--second-look" } else { "--no-second-look" }]);
        }
        if wanted.all_addresses {
            option(&["--all-addresses"]);
        }
        match wanted.family {
            Family::V4 => option(&["-4"]),
            Family::V6 => option(&["-6"]),
            Family::Any | _ => {}
        }
        if let Some(cookie) = &wanted.cookie {
            option(&["--cookie", cookie]);
        }
        if let Some(token) = &wanted.routing_token {
            option(&["--routing-token", token]);
        }
        if let Some(blob) = &wanted.pcb {
            option(&["--pcb", blob]);
        }
        if let Some(overall) = wanted.overall {
            option(&["--timeout", &duration(overall)]);
        }
        for (stage, limit) in &wanted.stages {
            option(&["--stage-timeout", &format!("{stage}={}", duration(*limit))]);
        }
        let host = match &self.target.host {
            Host::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
            host @ (Host::Ip(IpAddr::V4(_)) | Host::Name(_) | _) => host.to_string(),
        };
        let dial = if self.gateway.is_none() { Some(&self.dial) } else { self.direct.as_ref() };
        let addresses = dial.map(|dial| dial.addresses(&self.target.host)).unwrap_or_default();
        let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
        if matches!(self.target.host, Host::Name(_)) && !addresses.is_empty() {
            option(&["--resolve", &format!("{host}:{port}:{}", addresses.join(","))]);
        }
        let target = format!("{host}:{port}");
        if wanted.refuses_untrusted {
            // Without the file the binary says that there is none.
            option(&[&rdp_file(&target).unwrap_or_default().to_string_lossy()]);
        } else {
            option(&[&target]);
        }
        arguments
    }
}

/// As options spell it.
fn duration(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

#[cfg(test)]
mod tests {
    use crate::certificate::authority;

    use super::*;
    use crate::certificate::Kind;
    use rdp_probe_core::Stage;

    const REST: &str = "[expect]\noutcome = \"reachable\"\nexit = 0\n";

    fn scenario(text: &str) -> Scenario {
        Scenario::parse("plan", &format!("title = \"t\"\n{text}\n{REST}")).unwrap()
    }

    #[test]
    fn defaults_are_the_plans_own_and_the_command_line_is_short() {
        let scenario = scenario("");
        assert_eq!(scenario.plan(3390), Plan::new(Host::parse("127.0.0.1").unwrap(), 3390));
        assert_eq!(scenario.arguments(3390), ["--no-enumerate", "--no-second-look", "127.0.0.1:3390"]);
    }

    #[test]
    fn every_wish_stands_in_plan_and_command_line() {
        let scenario = scenario(
            r#"
            [target]
            host = "srv1.lab.test"
            [plan]
            security = "tls"
            until = "connection_initiation"
            enumerate = true
            all_addresses = true
            family = "v6"
            pins = ["good"]
            trust_ca = true
            server_name = "other.lab.test"
            cookie = "probe"
            pcb = "vm"
            overall_ms = 20000
            stage_ms = { connection_initiation = 300 }
            [dial]
            resolve = ["127.0.0.1", "::1"]
            "#,
        );
        let plan = scenario.plan(20001);
        assert_eq!((plan.security, plan.until), (Security::Tls, Stage::ConnectionInitiation));
        assert!(plan.until_asked && plan.target.require_trust);
        let pin = Kind::Good.sha256();
        assert_eq!(
            (plan.target.pins.as_slice(), plan.target.server_name.as_deref()),
            (&[pin.clone()][..], Some("other.lab.test"))
        );
        assert_eq!((plan.enumerate, plan.all_addresses, plan.family), (true, true, Family::V6));
        assert_eq!(plan.routing, Routing::Cookie("probe".into()));
        assert_eq!(plan.preconnection_blob.as_deref(), Some("vm"));
        assert_eq!(plan.limits.overall, Duration::from_secs(20));
        assert_eq!(plan.limits.of(Stage::ConnectionInitiation), Duration::from_millis(300));
        let file = root_file(&authority()).unwrap();
        let words = format!(
            "--security tls --until connection_initiation --pin {pin} --ca {} --server-name other.lab.test --enumerate --no-second-look \
            --all-addresses -6 --cookie probe --pcb vm --timeout 20000ms --stage-timeout connection_initiation=300ms \
            --resolve srv1.lab.test:20001:127.0.0.1,::1 srv1.lab.test:20001",
            file.display()
        );
        assert_eq!(scenario.arguments(20001), words.split_ascii_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn routing_token_takes_the_place_of_a_cookie() {
        let text = "[plan]\nrouting_token = \"tsv://farm\"";
        assert_eq!(scenario(text).plan(3390).routing, Routing::Token(b"tsv://farm".to_vec()));
        assert_eq!(
            scenario(text).arguments(3390),
            ["--no-enumerate", "--no-second-look", "--routing-token", "tsv://farm", "127.0.0.1:3390"]
        );
        let both = format!("title = \"t\"\n{text}\ncookie = \"c\"\n{REST}");
        assert!(matches!(
            Scenario::parse("plan", &both).unwrap_err().fault,
            crate::scenario::Fault::TwoRoutings
        ));
    }

    #[test]
    fn target_of_ipv6_stands_in_brackets() {
        let scenario = scenario("[target]\nhost = \"::1\"");
        assert_eq!(scenario.arguments(3390), ["--no-enumerate", "--no-second-look", "[::1]:3390"]);
    }
}

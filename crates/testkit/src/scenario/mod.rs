//! A conversation as a TOML file: what the target does, and what a probe must make of it.
//!
//! One file, one conversation. Unknown keys are errors; a file that cannot fail is one too.
mod challenge;
#[cfg(feature = "compare")]
mod compare;
mod connect_response;
mod due;
mod error;
mod expect;
mod flat;
mod gateway;
mod password;
mod plan;
mod plan_table;
mod route;
pub(crate) mod said;
mod step;
mod text;
mod tls;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use rdp_probe_core::wire::nego::Protocols;
use rdp_probe_core::{DialFault, DialFaultKind, Host};
use serde::Deserialize;

pub use challenge::Challenge;
#[cfg(feature = "compare")]
pub use compare::candidate;
pub use due::Expected;
pub(crate) use due::{Asked, Unmet};
pub use error::{Fault, ScenarioError};
pub use expect::{Expect, ExpectedOutcome, ExpectedSecurity};
pub use gateway::{
    Accepts, Binding, Departs, Departure, Fragments, GatewayPoint, GatewayTable, HttpChannel, Personality,
    ServiceMessage,
};
pub use password::PASSWORD;
pub use plan_table::{PlanTable, Shown, Shows};
pub(crate) use route::Route;
pub use step::{Break, Ending, Step};
pub(crate) use step::{echo, plain_alert};
pub use tls::{Handshake, Hello, Scheme, Signature};

/// One conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scenario {
    /// The file's name without its ending; what the messages of a player begin with.
    #[serde(skip)]
    pub name: String,
    /// What happens, in words.
    pub title: String,
    /// Where the specification or the reference has it.
    pub spec: Option<String>,
    /// Who can play it.
    #[serde(default = "Player::all")]
    pub players: Vec<Player>,
    /// Why not everybody can.
    pub why: Option<String>,
    /// Who is probed.
    #[serde(default)]
    pub target: Target,
    /// What the run is to do.
    #[serde(default)]
    pub plan: PlanTable,
    /// The gateway on the way to the target; its certificate is trusted unless the plan says otherwise.
    #[serde(default)]
    pub gateway: Option<GatewayTable>,
    /// What name resolution and dialing do: of whom is dialled from here, which is the gateway where there is one.
    #[serde(default)]
    pub dial: Dial,
    /// What resolving the target's own name and dialling it do, where that is tried before the gateway is gone through; without it, that is not
    /// tried.
    #[serde(default)]
    pub direct: Option<Dial>,
    /// What the target does on each connection.
    #[serde(default, rename = "connection")]
    pub connections: Vec<Connection>,
    /// What a probe must make of it.
    pub expect: Expect,
}

/// Who plays a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "there are three ways to play a conversation")]
pub enum Player {
    /// The state machine alone.
    Machine,
    /// The driver over loopback.
    Driver,
    /// The binary over loopback.
    Binary,
}

impl Player {
    fn all() -> Vec<Self> {
        vec![Self::Machine, Self::Driver, Self::Binary]
    }
}

/// Who is probed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Target {
    /// A name makes stage `resolve` run.
    #[serde(deserialize_with = "text::host")]
    pub host: Host,
    /// Without it the player chooses one that is free.
    pub port: Option<u16>,
}

impl Default for Target {
    fn default() -> Self {
        Self { host: Host::Ip(LOOPBACK), port: None }
    }
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What name resolution and dialing do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Dial {
    /// The resolver's answer; without it a name resolves to 127.0.0.1.
    pub resolve: Option<Resolve>,
    /// What a connection to each address does; those left out work.
    #[serde(deserialize_with = "connects")]
    pub connect: BTreeMap<Whither, Connect>,
    /// What a second connection to a gateway does, where it is not what the first one does.
    pub again: Option<Connect>,
    /// This end's address; without it, 127.0.0.1 to a loopback address and unknown to any other. Players with real sockets
    /// cannot choose it.
    pub local: Option<IpAddr>,
}

impl Dial {
    /// The addresses that this host stands for; none when it cannot be resolved.
    #[must_use]
    pub fn addresses(&self, host: &Host) -> Vec<IpAddr> {
        match (host, &self.resolve) {
            (Host::Ip(ip), _) => vec![*ip],
            (_, None) => vec![LOOPBACK],
            (_, Some(Resolve::Addresses(addresses))) => addresses.clone(),
            (_, Some(Resolve::Fault(_))) => Vec::new(),
        }
    }

    /// What a connection to this address does.
    #[must_use]
    pub fn connect(&self, address: IpAddr) -> Connect {
        let own = self.connect.get(&Whither::Address(address));
        own.or_else(|| self.connect.get(&Whither::Any)).copied().unwrap_or_default()
    }

    /// What TOML and types cannot say, where this host is dialled.
    fn check(&self, host: &Host) -> Result<(), Fault> {
        if self.resolve.is_some() && matches!(host, Host::Ip(_)) {
            return Err(Fault::ResolveOfAnAddress);
        }
        let addresses = self.addresses(host);
        let unknown = self.connect.keys().find_map(|whither| match whither {
            Whither::Address(address) => Some(*address).filter(|address| !addresses.contains(address)),
            Whither::Any => None,
        });
        unknown.map_or(Ok(()), |address| Err(Fault::UnknownAddress(address)))
    }
}

/// The resolver's answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a list of addresses, or one of not_found, resolver_failed, timed_out, local_resources"
)]
#[expect(clippy::exhaustive_enums, reason = "a resolver has an answer or has none")]
pub enum Resolve {
    /// These addresses, in this order.
    Addresses(Vec<IpAddr>),
    /// None.
    Fault(ResolveFault),
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResolveFault {
    /// It does not exist.
    NotFound,
    /// The resolver could not answer.
    ResolverFailed,
    /// The resolver did not answer.
    TimedOut,
    /// This computer has nothing left to ask it with.
    LocalResources,
}

/// Which address a [`Connect`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "one or all")]
pub enum Whither {
    /// This one.
    Address(IpAddr),
    /// Every one that has no entry of its own.
    Any,
}

/// What a connection to an address does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Connect {
    /// It works.
    #[default]
    Ok,
    /// RST to SYN.
    Refused,
    /// Reset while it was made.
    Reset,
    /// The host cannot be reached.
    HostUnreachable,
    /// There is no route.
    NetworkUnreachable,
    /// This computer does not let it out.
    NotPermitted,
    /// This computer has no socket left.
    LocalResources,
    /// SYN unanswered.
    TimedOut,
    /// An error that stands for none of these.
    Other,
    /// The caller ends the run while it is made.
    Cancelled,
}

impl Connect {
    /// The fault it is, for players without real sockets; `None` when it works, and when nobody answers.
    #[must_use]
    pub const fn fault(self) -> Option<DialFault> {
        Some(DialFault::new(match self {
            Self::Ok | Self::TimedOut => return None,
            Self::Refused => DialFaultKind::Refused,
            Self::Reset => DialFaultKind::Reset,
            Self::HostUnreachable => DialFaultKind::HostUnreachable,
            Self::NetworkUnreachable => DialFaultKind::NetworkUnreachable,
            Self::NotPermitted => DialFaultKind::NotPermitted,
            Self::LocalResources => DialFaultKind::LocalResources,
            Self::Other => DialFaultKind::Other,
            Self::Cancelled => DialFaultKind::Cancelled,
        }))
    }
}

/// What the target does on one connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Connection {
    /// This script serves the first connection whose Connection Request offers this mask; without it, by order.
    #[serde(default, deserialize_with = "text::mask")]
    pub offers: Option<Protocols>,
    /// Only connections to this address.
    pub address: Option<IpAddr>,
    /// Which ClientHello the connection must bring: further connections follow the main path in a known order.
    pub hello: Option<Hello>,
    /// What it does, one after the other. After the last step it says nothing more until the peer closes.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Reads a scenario from text; `name` stands in every message.
    ///
    /// # Errors
    /// [`ScenarioError`] naming the scenario and what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let fail = |fault| ScenarioError { scenario: name.to_owned(), fault };
        let mut scenario: Self = toml::from_str(text).map_err(|error| fail(Fault::Toml(Box::new(error))))?;
        name.clone_into(&mut scenario.name);
        scenario.check().map_err(fail)?;
        Ok(scenario)
    }

    /// Reads a scenario file; its name without the ending becomes the scenario's.
    ///
    /// # Errors
    /// [`ScenarioError`] naming the file and what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ScenarioError { scenario: path.display().to_string(), fault: error.into() })?;
        Self::parse(&stem, &text)
    }

    /// Reads every `.toml` file of a folder, by name.
    ///
    /// # Errors
    /// [`ScenarioError`] of the first file that cannot be read, or when there is none.
    pub fn load_all(folder: &Path) -> Result<Vec<Self>, ScenarioError> {
        let fail = |fault| ScenarioError { scenario: folder.display().to_string(), fault };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| fail(error.into()))? {
            let path = entry.map_err(|error| fail(error.into()))?.path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(fail(Fault::NoFiles));
        }
        paths.sort();
        paths.iter().map(|path| Self::load(path)).collect()
    }

    /// Whether this player can play it.
    #[must_use]
    pub fn is_for(&self, player: Player) -> bool {
        self.players.contains(&player)
    }

    /// Who is dialled from here.
    #[must_use]
    pub fn first_host(&self) -> &Host {
        self.gateway.as_ref().map_or(&self.target.host, |gateway| &gateway.host)
    }

    /// The addresses that the host who is dialled from here stands for; none when it cannot be resolved.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.dial.addresses(self.first_host())
    }

    /// What a connection to this address does.
    #[must_use]
    pub fn connect(&self, address: IpAddr) -> Connect {
        self.dial.connect(address)
    }

    /// What TOML and types cannot say.
    fn check(&self) -> Result<(), Fault> {
        let all = Player::all().iter().all(|player| self.is_for(*player));
        if all && self.why.is_some() {
            return Err(Fault::WhyForEverybody);
        }
        if !all && self.why.as_deref().is_none_or(|why| why.trim().is_empty()) {
            return Err(Fault::PlayersWithoutWhy);
        }
        if self.players.is_empty() {
            return Err(Fault::NoPlayers);
        }
        self.dial.check(self.first_host())?;
        if let Some(direct) = &self.direct {
            direct.check(&self.target.host)?;
            if self.gateway.is_none() {
                return Err(Fault::DirectWithoutGateway);
            }
        }
        if self.plan.cookie.is_some() && self.plan.routing_token.is_some() {
            return Err(Fault::TwoRoutings);
        }
        let addresses = self.addresses();
        for (index, connection) in self.connections.iter().enumerate() {
            if let Some(address) = connection.address
                && !addresses.contains(&address)
            {
                return Err(Fault::UnknownAddress(address));
            }
            let close = connection.steps.iter().position(|step| matches!(step, Step::Close(_)));
            if connection.steps.is_empty() {
                return Err(Fault::NoSteps { connection: index });
            }
            let hello = connection.steps.contains(&Step::Expect(Expected::ClientHello));
            if connection.hello.is_some() && !hello {
                return Err(Fault::HelloNotExpected { connection: index });
            }
            connection.check_tls().map_err(|()| Fault::NotInsideTls { connection: index })?;
            if close.is_some_and(|close| close + 1 != connection.steps.len()) {
                return Err(Fault::StepAfterClose { connection: index });
            }
        }
        self.expect.check()
    }
}

impl Connection {
    /// What belongs inside of TLS stands after its handshake, and what begins it does not.
    fn check_tls(&self) -> Result<(), ()> {
        let mut inside = false;
        for step in &self.steps {
            match step {
                Step::Tls(_) if inside => return Err(()),
                Step::BreakTls(_) if !inside => return Err(()),
                Step::Tls(_) => inside = true,
                Step::Expect(due) if !due.place().allows(inside) => return Err(()),
                Step::Close(Ending::CloseNotify) if !inside => return Err(()),
                Step::Alert(_) => inside = false,
                Step::Expect(_)
                | Step::Send(_)
                | Step::Challenge(_)
                | Step::Echo(_)
                | Step::Drip { .. }
                | Step::Endless { .. }
                | Step::BreakTls(_)
                | Step::StandStill(_)
                | Step::Close(_) => {}
            }
        }
        Ok(())
    }
}

fn connects<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Whither, Connect>, D::Error> {
    let table = BTreeMap::<String, Connect>::deserialize(deserializer)?;
    let read = |(key, connect): (String, Connect)| match key.as_str() {
        "*" => Ok((Whither::Any, connect)),
        address => match address.parse() {
            Ok(address) => Ok((Whither::Address(address), connect)),
            Err(_) => Err(serde::de::Error::custom(format_args!("not an address, and not \"*\": {address:?}"))),
        },
    };
    table.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdp_probe_core::Stage;

    use super::*;

    const SMALLEST: &str = "title = \"t\"\n[expect]\noutcome = \"reachable\"\nexit = 0\n";

    fn error(text: &str) -> String {
        Scenario::parse("broken", text).unwrap_err().to_string()
    }

    fn with(lines: &str) -> String {
        SMALLEST.replace("[expect]", &format!("{lines}\n[expect]"))
    }

    #[test]
    fn smallest_scenario_has_the_defaults() {
        let scenario = Scenario::parse("smallest", SMALLEST).unwrap();
        assert_eq!(scenario.name, "smallest");
        assert_eq!(scenario.addresses(), [LOOPBACK]);
        assert_eq!(scenario.connect(LOOPBACK), Connect::Ok);
        assert!(scenario.is_for(Player::Binary));
    }

    #[test]
    fn every_table_is_read() {
        let text = r#"
            title = "everything"
            spec = "[MS-RDPBCGR] 2.2.1.2"
            players = ["machine", "driver"]
            why = "the binary cannot be told this"
            [target]
            host = "srv1.lab.test"
            port = 3390
            [plan]
            security = "nla-ext"
            until = "tcp_connect"
            enumerate = true
            all_addresses = true
            family = "v4"
            cookie = "probe"
            overall_ms = 2000
            stage_ms = { connection_initiation = 300, resolve = 5 }
            [dial]
            resolve = ["127.0.0.1", "127.0.0.2", "::1"]
            connect = { "127.0.0.2" = "refused", "*" = "timed_out" }
            [[connection]]
            offers = "0x0B"
            address = "127.0.0.2"
            steps = [
              { expect = "connection_request" },
              { send = "03 00\n 0b" },
              { drip = "03 00", every_ms = 50 },
              { endless = "41 41", at_most = 100 },
              { close = "reset" },
            ]
            [expect]
            outcome = "refused"
            stage = "connection_initiation"
            hop = "target"
            rule = "nla-required"
            causes = ["nla-required"]
            findings = ["x"]
            mstsc = ["0xB09/0x0 possible inferred", "-/- unlikely reported"]
            exit = 31
            security = { partial = true, nla = "required", rdp = "refused" }
        "#;
        let scenario = Scenario::parse("everything", text).unwrap();
        assert_eq!(scenario.connect(LOOPBACK), Connect::TimedOut);
        assert_eq!(scenario.connect("127.0.0.2".parse().unwrap()), Connect::Refused);
        assert_eq!(scenario.plan.stages[0], (Stage::Resolve, Duration::from_millis(5)));
        assert_eq!(scenario.connections[0].offers, Some(Protocols(0x0B)));
        assert_eq!(scenario.connections[0].steps[1], Step::Send(vec![3, 0, 0x0B]));
        assert_eq!(scenario.connections[0].steps[4], Step::Close(Ending::Reset));
        assert_eq!(scenario.expect.security.nla, Some(rdp_probe_core::Nla::Required));
    }

    #[test]
    fn what_is_wrong_is_named_and_so_is_the_file() {
        let connection = |steps: &str| with(&format!("[[connection]]\nsteps = [{steps}]"));
        const WHOLE: &str = "nla = \"unknown\", rdp = \"unknown\", ssl = \"unknown\", hybrid = \"unknown\", \
            hybrid_ex = \"unknown\", rdstls = \"unknown\", rdsaad = \"unknown\"";
        let security = |table: &str| format!("{SMALLEST}security = {{ {table} }}\n");
        assert!(Scenario::parse("whole", &security(WHOLE)).is_ok());
        let cases = [
            (with("colour = 1"), "unknown field `colour`"),
            (with("players = [\"machine\"]"), "why"),
            (with("why = \"because\""), "everybody"),
            (with("players = []\nwhy = \"x\""), "nobody"),
            (with("[target]\nhost = \"a b\""), "no character like ' '"),
            (with("[plan]\nuntil = \"mcs2\""), "unknown variant `mcs2`"),
            (with("[dial]\nresolve = [\"127.0.0.1\"]"), "given by its address"),
            (with("[dial]\nconnect = { \"127.0.0.9\" = \"refused\" }"), "127.0.0.9"),
            (with("[dial]\nconnect = { \"host\" = \"refused\" }"), "not an address"),
            (with("[target]\nhost = \"n\"\n[dial]\nresolve = \"nowhere\""), "one of not_found"),
            (connection(""), "connection 0 has no steps"),
            (connection("{ close = \"fin\" }, { send = \"03\" }"), "after its close"),
            (connection("{ send = \"3\" }"), "pairs of hexadecimal digits"),
            (connection("{ send = \"\" }"), "no octets"),
            (connection("{ drip = \"03\" }"), "every_ms"),
            (connection("{ send = \"03\", close = \"fin\" }"), "one thing"),
            (connection("{ }"), "one thing"),
            (connection("{ every_ms = 5 }"), "missing field `drip`"),
            (connection("{ send = \"03\", every_ms = 5 }"), "one thing"),
            (connection("{ drip = \"03\", at_most = 5 }"), "one thing"),
            (connection("{ drip = \"03\", every_ms = 5, close = \"fin\" }"), "one thing"),
            (connection("{ drip = \"03\", every_m = 5 }"), "unknown field `every_m`, expected one of `expect`"),
            (connection("{ drip = \"03\", every_m = 5 }"), "`drip`, `every_ms`, `endless`, `at_most`, `tls`"),
            (connection("{ error_info = \"7\" }"), "like 0x112F"),
            (connection("\"close\""), "a step does one thing"),
            (connection("{ sned = \"03\" }"), "unknown field `sned`"),
            (connection("{ endless = \"03\", at_most = 0 }"), "at_most"),
            (with("[[connection]]\noffers = \"11\"\nsteps = [{ close = \"fin\" }]"), "like 0x0B"),
            (connection("{ tls = { certificate = \"best\" } }"), "unknown variant `best`"),
            (connection("{ tls = { certificate = \"good\", versions = [\"1.1\"] } }"), "of 1.2, 1.3 or both"),
            (connection("{ server_hello = { version = \"1.1\", suite = \"47\" } }"), "like 0x002F"),
            (connection("{ error_info = \"7\" }"), "a code is like 0x112F, not \"7\""),
            (connection("{ expect = \"ts_request\" }"), "inside TLS"),
            (connection("{ close = \"close_notify\" }"), "inside TLS"),
            (connection("{ challenge = { credssp = 6, clock_unix_ms = 1, clock_ahead_ms = 1 } }"), "not both"),
            (with("[[connection]]\nhello = \"scout\"\nsteps = [{ close = \"fin\" }]"), "expects it"),
            (with("[plan]\npins = [\"none\"]"), "neither certificates nor"),
            (security("nla = \"unknown\""), "partial = true"),
            (security("partial = true"), "all six"),
            (security(&format!("{WHOLE}, partial = true")), "all six"),
            (SMALLEST.replace("exit = 0", "exit = 30"), "reachable"),
            (SMALLEST.replace("\"reachable\"", "\"refused\""), "stage"),
            (SMALLEST.replace("exit = 0", "exit = 0\nmstsc = [\"904/7\"]"), "0xB09/0x0 possible inferred"),
        ];
        for (text, part) in cases {
            let message = error(&text);
            assert!(message.starts_with("broken: ") && message.contains(part), "{part:?} not in {message:?}");
        }
    }

    #[test]
    fn folder_without_scenarios_is_an_error() {
        let folder = std::env::temp_dir().join(format!("rdp-probe-testkit-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let none = Scenario::load_all(&folder);
        std::fs::write(folder.join("one.toml"), SMALLEST).unwrap();
        let one = Scenario::load_all(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(none.unwrap_err().fault, Fault::NoFiles));
        assert_eq!(one.unwrap()[0].name, "one");
    }
}

//! The one table of other clients' options: data/command-lines.tsv.
const TABLE: &str = include_str!("../../data/command-lines.tsv");

/// An option of another client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its names, in lower case where it has more than one letter; the first one is the usual one.
    names: &'static str,
    clients: &'static str,
    pub(super) takes: Takes,
    pub(super) is: Action,
    /// What it is here, as the page says it.
    #[cfg(test)]
    pub(super) here: &'static str,
}

/// What value an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// None: it is there or not.
    Nothing,
    /// One.
    Value,
    /// One, or none.
    Optional,
    /// None: it is switched on and off.
    Switch,
    /// All words up to `--`.
    Plugin,
}

/// The clients, as far as their options differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Mstsc,
    FreeRdp2,
    FreeRdp3,
    /// FreeRDP 1's own options, which FreeRDP 2 still takes.
    FreeRdpOld,
    Rdesktop,
}

/// What an option is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It makes no difference to the connection.
    Nothing,
    Target,
    Port,
    VmConnect,
    Blob,
    BlobId,
    RoutingToken,
    Ipv4,
    Ipv6,
    Timeout,
    ClientName,
    Proxy,
    User,
    Domain,
    Password,
    Certificate,
    AcceptCertificate,
    ServerName,
    RestrictedAdmin,
    RemoteGuard,
    Hash,
    SmartCard,
    Kerberos,
    Packages,
    Authentication,
    NoAuthentication,
    Assistance,
    Shadow,
    AuthOnly,
    Security,
    /// `sec-NAME`, switched on or off.
    SecuritySwitch,
    /// `no-NAME`.
    SecurityOff,
    Negotiation,
    NoNegotiation,
    Gateway,
    GatewayHost,
    GatewayUser,
    GatewayDomain,
    GatewayPassword,
    GatewayTransport,
    GatewayToken,
    GatewayUsage,
    /// It asks the client itself.
    Question,
    ArgsFrom,
}

impl Client {
    #[cfg(test)]
    pub(super) const ALL: [Self; 5] =
        [Self::Mstsc, Self::FreeRdp2, Self::FreeRdp3, Self::FreeRdpOld, Self::Rdesktop];

    /// The name in the table.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Mstsc => "mstsc",
            Self::FreeRdp2 => "freerdp2",
            Self::FreeRdp3 => "freerdp3",
            Self::FreeRdpOld => "freerdp-old",
            Self::Rdesktop => "rdesktop",
        }
    }

    /// What people call it.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Mstsc => "mstsc",
            Self::FreeRdp2 => "FreeRDP 2",
            Self::FreeRdp3 => "FreeRDP 3",
            Self::FreeRdpOld => "FreeRDP 1",
            Self::Rdesktop => "rdesktop",
        }
    }
}

impl Takes {
    const ALL: [Self; 5] = [Self::Nothing, Self::Value, Self::Optional, Self::Switch, Self::Plugin];

    const fn id(self) -> &'static str {
        match self {
            Self::Nothing => "-",
            Self::Value => "value",
            Self::Optional => "optional",
            Self::Switch => "switch",
            Self::Plugin => "plugin",
        }
    }
}

impl Action {
    const ALL: [Self; 44] = [
        Self::Nothing,
        Self::Target,
        Self::Port,
        Self::VmConnect,
        Self::Blob,
        Self::BlobId,
        Self::RoutingToken,
        Self::Ipv4,
        Self::Ipv6,
        Self::Timeout,
        Self::ClientName,
        Self::Proxy,
        Self::User,
        Self::Domain,
        Self::Password,
        Self::Certificate,
        Self::AcceptCertificate,
        Self::ServerName,
        Self::RestrictedAdmin,
        Self::RemoteGuard,
        Self::Hash,
        Self::SmartCard,
        Self::Kerberos,
        Self::Packages,
        Self::Authentication,
        Self::NoAuthentication,
        Self::Assistance,
        Self::Shadow,
        Self::AuthOnly,
        Self::Security,
        Self::SecuritySwitch,
        Self::SecurityOff,
        Self::Negotiation,
        Self::NoNegotiation,
        Self::Gateway,
        Self::GatewayHost,
        Self::GatewayUser,
        Self::GatewayDomain,
        Self::GatewayPassword,
        Self::GatewayTransport,
        Self::GatewayToken,
        Self::GatewayUsage,
        Self::Question,
        Self::ArgsFrom,
    ];

    /// The name in the table.
    const fn id(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Target => "target",
            Self::Port => "port",
            Self::VmConnect => "vmconnect",
            Self::Blob => "blob",
            Self::BlobId => "blob_id",
            Self::RoutingToken => "routing_token",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Timeout => "timeout",
            Self::ClientName => "client_name",
            Self::Proxy => "proxy",
            Self::User => "user",
            Self::Domain => "domain",
            Self::Password => "password",
            Self::Certificate => "certificate",
            Self::AcceptCertificate => "accept_certificate",
            Self::ServerName => "server_name",
            Self::RestrictedAdmin => "restricted_admin",
            Self::RemoteGuard => "remote_guard",
            Self::Hash => "hash",
            Self::SmartCard => "smart_card",
            Self::Kerberos => "kerberos",
            Self::Packages => "packages",
            Self::Authentication => "authentication",
            Self::NoAuthentication => "no_authentication",
            Self::Assistance => "assistance",
            Self::Shadow => "shadow",
            Self::AuthOnly => "auth_only",
            Self::Security => "security",
            Self::SecuritySwitch => "security_switch",
            Self::SecurityOff => "security_off",
            Self::Negotiation => "negotiation",
            Self::NoNegotiation => "no_negotiation",
            Self::Gateway => "gateway",
            Self::GatewayHost => "gateway_host",
            Self::GatewayUser => "gateway_user",
            Self::GatewayDomain => "gateway_domain",
            Self::GatewayPassword => "gateway_password",
            Self::GatewayTransport => "gateway_transport",
            Self::GatewayToken => "gateway_token",
            Self::GatewayUsage => "gateway_usage",
            Self::Question => "question",
            Self::ArgsFrom => "args_from",
        }
    }

    /// Whether its value may be a secret, or hold one.
    pub(super) const fn is_secret(self) -> bool {
        matches!(
            self,
            Self::Password
                | Self::Hash
                | Self::Assistance
                | Self::SmartCard
                | Self::Proxy
                | Self::Gateway
                | Self::GatewayPassword
                | Self::GatewayToken
        )
    }
}

impl Row {
    /// A row of the table; `None` for what is none.
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let [names, clients, takes, is, here] = [(); 5].map(|()| columns.next());
        let (takes, is) = (takes?, is?);
        #[cfg(not(test))]
        let _ = here?;
        Some(Self {
            names: names?,
            clients: clients?,
            takes: Takes::ALL.into_iter().find(|one| one.id() == takes)?,
            is: Action::ALL.into_iter().find(|one| one.id() == is)?,
            #[cfg(test)]
            here: here?,
        })
    }

    /// Its names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.names.split(' ')
    }

    /// Whether this client has it.
    pub(super) fn is_of(&self, client: Client) -> bool {
        self.clients.split(' ').any(|id| id == client.id())
    }

    /// Whether it is written with a slash, or as FreeRDP's long ones with one or two signs.
    fn is_written_with_a_sign(&self) -> bool {
        let old = self.is_of(Client::FreeRdpOld) && self.names().all(|name| name.len() > 1);
        old || [Client::Mstsc, Client::FreeRdp2, Client::FreeRdp3].into_iter().any(|client| self.is_of(client))
    }
}

/// The lines of the table.
fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#'))
}

/// All of them, in the order of the page.
#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = Row> {
    lines().filter_map(Row::parse)
}

/// Those of this name: no more of a line is read than its names where it is another.
fn called(is: impl Fn(&str) -> bool) -> impl Iterator<Item = Row> {
    let is_called = move |line: &&str| line.split('\t').take(1).flat_map(|names| names.split(' ')).any(&is);
    lines().filter(is_called).filter_map(Row::parse)
}

/// The option of mstsc and FreeRDP of this name, in any case.
pub(super) fn signed(name: &str) -> Option<Row> {
    called(|one| one.eq_ignore_ascii_case(name)).find(Row::is_written_with_a_sign)
}

/// The option of a client whose options are letters, or long names behind two signs, in this very case.
pub(super) fn of(client: Client, name: &str) -> Option<Row> {
    called(|one| one == name).find(|row| row.is_of(client))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_is_a_row_and_no_option_stands_twice() {
        let mut seen = BTreeSet::new();
        for line in lines() {
            let row = Row::parse(line).unwrap_or_else(|| panic!("{line}"));
            assert!(!row.here.is_empty() && line.split('\t').count() == 5, "{line}");
            let known = |id: &str| Client::ALL.into_iter().any(|client| client.id() == id);
            assert!(row.clients.split(' ').all(known), "{line}");
            for client in Client::ALL.into_iter().filter(|client| row.is_of(*client)) {
                for name in row.names() {
                    assert!(seen.insert((client.id(), name)), "{} has {name} twice", client.id());
                }
            }
        }
        assert!(seen.len() > 450, "{}", seen.len());
    }

    #[test]
    fn every_action_is_some_options() {
        for action in Action::ALL {
            assert!(rows().any(|row| row.is == action), "{action:?}");
        }
    }

    #[test]
    fn options_are_found_by_every_name() {
        assert_eq!(signed("Pass-The-Hash").unwrap().is, Action::Hash);
        assert_eq!(signed("restrictedAdmin").unwrap().is, Action::RestrictedAdmin);
        assert_eq!(of(Client::Rdesktop, "t").unwrap().is, Action::Nothing);
        assert_eq!(of(Client::FreeRdpOld, "t").unwrap().is, Action::Port);
        assert_eq!((signed("n"), signed("T").map(|row| row.takes)), (None, Some(Takes::Value)));
        assert_eq!(signed("frobnicate"), None);
    }
}

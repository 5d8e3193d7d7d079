//! The stages of the connection sequence, with their ids in the contract and their ranks.
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A stage of the connection sequence ([MS-RDPBCGR] 1.3.1.1, with what comes before it). Ids are API: never renamed, never
/// reused. docs/stages.md has a section for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Ends with at least one address.
    Resolve,
    /// Ends with a TCP connection.
    TcpConnect,
    /// Ends with a CONNECT or SOCKS5 tunnel.
    Proxy,
    /// TLS to the RD Gateway.
    GatewayTls,
    /// HTTP to the RD Gateway.
    GatewayHttp,
    /// Authentication at the RD Gateway.
    GatewayAuth,
    /// Tunnel creation at the RD Gateway.
    GatewayTunnel,
    /// Tunnel authorization at the RD Gateway.
    GatewayAuthorization,
    /// Ends with a channel to the target.
    GatewayChannel,
    /// Ends with a Connection Confirm and the selected protocol.
    ConnectionInitiation,
    /// Ends with the handshake done and the certificate recorded.
    Tls,
    /// Ends with Kerberos tickets for the service.
    Kdc,
    /// Without credentials: the NTLM CHALLENGE. With: the server's pubKeyAuth verified.
    Credssp,
    /// The first server message of RDSTLS.
    Rdstls,
    /// The first server message of RDS AAD.
    Rdsaad,
    /// The four octets of the Early User Authorization Result.
    EarlyUserAuth,
    /// MCS Connect Response, result 0.
    BasicSettingsExchange,
    /// Attached, channels joined or skipped.
    ChannelConnection,
    /// Security Exchange sent (Standard RDP Security only).
    RdpSecurityCommencement,
    /// Client Info sent.
    SecureSettingsExchange,
    /// Valid client, or the server's own licence step seen.
    Licensing,
    /// Demand Active read, Confirm Active sent.
    CapabilitiesExchange,
    /// Font Map.
    ConnectionFinalization,
    /// Logon notification, logon error, or first output.
    Session,
}

impl Stage {
    /// All stages by rank.
    pub const ALL: [Self; 24] = [
        Self::Resolve,
        Self::TcpConnect,
        Self::Proxy,
        Self::GatewayTls,
        Self::GatewayHttp,
        Self::GatewayAuth,
        Self::GatewayTunnel,
        Self::GatewayAuthorization,
        Self::GatewayChannel,
        Self::ConnectionInitiation,
        Self::Tls,
        Self::Kdc,
        Self::Credssp,
        Self::Rdstls,
        Self::Rdsaad,
        Self::EarlyUserAuth,
        Self::BasicSettingsExchange,
        Self::ChannelConnection,
        Self::RdpSecurityCommencement,
        Self::SecureSettingsExchange,
        Self::Licensing,
        Self::CapabilitiesExchange,
        Self::ConnectionFinalization,
        Self::Session,
    ];

    /// The stages that this version goes through, by rank.
    pub const BUILT: [Self; 20] = [
        Self::Resolve,
        Self::TcpConnect,
        Self::GatewayTls,
        Self::GatewayHttp,
        Self::GatewayAuth,
        Self::GatewayTunnel,
        Self::GatewayAuthorization,
        Self::GatewayChannel,
        Self::ConnectionInitiation,
        Self::Tls,
        Self::Credssp,
        Self::Rdstls,
        Self::Rdsaad,
        Self::EarlyUserAuth,
        Self::BasicSettingsExchange,
        Self::ChannelConnection,
        Self::SecureSettingsExchange,
        Self::Licensing,
        Self::CapabilitiesExchange,
        Self::ConnectionFinalization,
    ];

    /// The id in reports and options.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::TcpConnect => "tcp_connect",
            Self::Proxy => "proxy",
            Self::GatewayTls => "gateway_tls",
            Self::GatewayHttp => "gateway_http",
            Self::GatewayAuth => "gateway_auth",
            Self::GatewayTunnel => "gateway_tunnel",
            Self::GatewayAuthorization => "gateway_authorization",
            Self::GatewayChannel => "gateway_channel",
            Self::ConnectionInitiation => "connection_initiation",
            Self::Tls => "tls",
            Self::Kdc => "kdc",
            Self::Credssp => "credssp",
            Self::Rdstls => "rdstls",
            Self::Rdsaad => "rdsaad",
            Self::EarlyUserAuth => "early_user_auth",
            Self::BasicSettingsExchange => "basic_settings_exchange",
            Self::ChannelConnection => "channel_connection",
            Self::RdpSecurityCommencement => "rdp_security_commencement",
            Self::SecureSettingsExchange => "secure_settings_exchange",
            Self::Licensing => "licensing",
            Self::CapabilitiesExchange => "capabilities_exchange",
            Self::ConnectionFinalization => "connection_finalization",
            Self::Session => "session",
        }
    }

    /// Other spellings that options accept.
    #[must_use]
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Resolve => &["dns"],
            Self::TcpConnect => &["tcp"],
            Self::GatewayChannel => &["gateway"],
            Self::ConnectionInitiation => &["x224", "nego"],
            Self::Credssp => &["nla"],
            Self::BasicSettingsExchange => &["mcs"],
            Self::ChannelConnection => &["channels"],
            Self::SecureSettingsExchange => &["info"],
            Self::Licensing => &["license"],
            Self::ConnectionFinalization => &["active"],
            Self::Session => &["logon"],
            Self::Proxy
            | Self::GatewayTls
            | Self::GatewayHttp
            | Self::GatewayAuth
            | Self::GatewayTunnel
            | Self::GatewayAuthorization
            | Self::Tls
            | Self::Kdc
            | Self::Rdstls
            | Self::Rdsaad
            | Self::EarlyUserAuth
            | Self::RdpSecurityCommencement
            | Self::CapabilitiesExchange => &[],
        }
    }

    /// The rank for "at least this far": gateway stages are below all target stages, alternatives share a rank.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Resolve => 10,
            Self::TcpConnect => 20,
            Self::Proxy => 25,
            Self::GatewayTls => 30,
            Self::GatewayHttp => 32,
            Self::GatewayAuth => 34,
            Self::GatewayTunnel => 36,
            Self::GatewayAuthorization => 38,
            Self::GatewayChannel => 40,
            Self::ConnectionInitiation => 50,
            Self::Tls => 60,
            Self::Kdc => 65,
            Self::Credssp | Self::Rdstls | Self::Rdsaad => 70,
            Self::EarlyUserAuth => 75,
            Self::BasicSettingsExchange => 80,
            Self::ChannelConnection => 85,
            Self::RdpSecurityCommencement => 88,
            Self::SecureSettingsExchange => 90,
            Self::Licensing => 100,
            Self::CapabilitiesExchange => 110,
            Self::ConnectionFinalization => 120,
            Self::Session => 130,
        }
    }

    /// How long it may take, or each message of it, unless somebody says otherwise.
    #[must_use]
    pub const fn limit(self) -> Duration {
        match self {
            Self::Resolve
            | Self::TcpConnect
            | Self::Proxy
            | Self::ConnectionInitiation
            | Self::Tls
            | Self::BasicSettingsExchange
            | Self::ChannelConnection
            | Self::RdpSecurityCommencement
            | Self::SecureSettingsExchange
            | Self::ConnectionFinalization => Duration::from_secs(5),
            Self::GatewayTls
            | Self::GatewayHttp
            | Self::Kdc
            | Self::Credssp
            | Self::Rdstls
            | Self::Rdsaad
            | Self::EarlyUserAuth => Duration::from_secs(10),
            Self::Licensing => Duration::from_secs(15),
            // A gateway waits for the target longer than 20 s.
            Self::GatewayChannel | Self::CapabilitiesExchange | Self::Session => Duration::from_secs(30),
            // A person may have to approve.
            Self::GatewayAuth | Self::GatewayTunnel | Self::GatewayAuthorization => Duration::from_secs(60),
        }
    }

    /// The stage with this id or alias.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.id() == text || stage.aliases().contains(&text))
    }

    /// Whether it is one of a gateway's own.
    #[must_use]
    pub const fn is_gateways(self) -> bool {
        self.rank() >= Self::GatewayTls.rank() && self.rank() <= Self::GatewayChannel.rank()
    }

    /// Whether somebody may have to approve a logon in it, by a telephone for example.
    #[must_use]
    pub const fn may_wait_for_a_person(self) -> bool {
        matches!(self, Self::GatewayAuth | Self::GatewayTunnel | Self::GatewayAuthorization)
    }

    /// Whether somebody may ask for it: this version goes through it, or can tell that the server has no such stage.
    #[must_use]
    pub const fn can_be_asked_for(self) -> bool {
        self.is_built() || matches!(self, Self::RdpSecurityCommencement)
    }

    /// Whether this version goes through the stage.
    #[must_use]
    pub const fn is_built(self) -> bool {
        // Asked of every stage of every connection.
        !matches!(self, Self::Proxy | Self::Kdc | Self::RdpSecurityCommencement | Self::Session)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_that_are_built_are_those_of_the_list() {
        let built: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| stage.is_built()).collect();
        assert_eq!(built, Stage::BUILT);
    }

    #[test]
    fn all_stages_stand_in_the_order_of_their_ranks() {
        assert!(Stage::ALL.windows(2).all(|pair| pair[0].rank() <= pair[1].rank()));
    }

    #[test]
    fn every_id_and_alias_reads_back_and_none_is_taken_twice() {
        let mut seen = Vec::new();
        for stage in Stage::ALL {
            for name in std::iter::once(stage.id()).chain(stage.aliases().iter().copied()) {
                assert_eq!(Stage::parse(name), Some(stage));
                assert!(!seen.contains(&name), "{name} stands for two stages");
                seen.push(name);
            }
        }
    }
}

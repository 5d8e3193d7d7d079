//! The gateway that an .rdp file names.
use rdp_probe_core::wire::tsgu::TextError;
use rdp_probe_core::{Host, NotFollowed, Unfollowed};

use super::error::RdpFileError;
use super::settings::{Setting, Settings};
use crate::gateway::Gateway;
use crate::secret::Secret;

/// The gateway that an .rdp file has its client go through.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RdpFileGateway {
    /// `gatewayhostname`.
    pub host: Host,
    /// Its port there, else 443.
    pub port: u16,
    /// `gatewayusagemethod`, where it is used at all.
    pub usage: GatewayUsage,
    /// `gatewaycredentialssource`, where there is one.
    pub credentials: Option<GatewayCredentials>,
    /// `gatewayusername`.
    pub user: Option<String>,
    /// `gatewayaccesstoken`, which takes the place of user and password.
    pub token: Option<Secret<String>>,
    /// `promptcredentialonce:i:1`: what logs on to the target logs on there, too.
    pub same_credentials: bool,
    /// What a client would do on this way, and a probe does not.
    pub not_followed: Vec<NotFollowed>,
}

/// When a client goes through a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GatewayUsage {
    /// Always: 1, and 3, which is the client's own default.
    Always,
    /// Where the target cannot be reached directly: 2.
    Detect,
}

/// `gatewaycredentialssource`: what a client shows the gateway. Unknown numbers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the number is complete")]
pub struct GatewayCredentials(pub i64);

impl GatewayUsage {
    /// Whether the direct way comes first.
    #[must_use]
    pub const fn is_detect(self) -> bool {
        matches!(self, Self::Detect)
    }
}

impl GatewayCredentials {
    /// A password that is asked for, by NTLM.
    pub const PASSWORD: Self = Self(0);
    /// A smart card.
    pub const SMART_CARD: Self = Self(1);
    /// Those of whoever is logged on to the client's computer.
    pub const LOGGED_ON: Self = Self(2);
    /// A password that is asked for, by Basic.
    pub const BASIC: Self = Self(3);
    /// What the user selects.
    pub const ANY: Self = Self(4);
    /// A token.
    pub const TOKEN: Self = Self(5);
}

impl RdpFileGateway {
    /// The gateway to go through, always or where the target cannot be reached directly, which is shown the file's token where there is one, and nothing else.
    pub fn to_gateway(&self) -> Gateway {
        let gateway = Gateway::new(self.host.clone(), self.port).detect(self.usage.is_detect());
        match &self.token {
            // The reader has refused what cannot be sent.
            Some(token) => gateway.clone().token(token.clone()).unwrap_or(gateway),
            None => gateway,
        }
    }
}

/// The gateway of a file, where a client with it uses one; what of it is not followed goes to `not_followed`.
pub(super) fn read(
    settings: &Settings<'_>,
    not_followed: &mut Vec<NotFollowed>,
) -> Result<Option<RdpFileGateway>, RdpFileError> {
    let Some(Setting { value, .. }) = settings.text("gatewayhostname")? else { return Ok(None) };
    let usage = match settings.number("gatewayusagemethod")? {
        Some((_, 1 | 3)) => GatewayUsage::Always,
        Some((_, 2)) => GatewayUsage::Detect,
        Some((_, 0 | 4)) | None => return Ok(None),
        Some((line, value)) => return Err(RdpFileError::GatewayUsage { line, value }),
    };
    let credentials = settings.number_if_any("gatewaycredentialssource").map(GatewayCredentials);
    let named = |value: &str| NotFollowed::new(Unfollowed::Gateway, without_secret(value));
    // Its own gateway speaks another protocol.
    if settings.is_of_azure() {
        not_followed.push(named(value));
        return Ok(None);
    }
    let Ok((host, port)) = Host::parse_with_port(value.trim()) else {
        not_followed.push(named(value));
        return Ok(None);
    };
    let mut own = Vec::new();
    if credentials == Some(GatewayCredentials::SMART_CARD) {
        own.push(NotFollowed::new(Unfollowed::Logon, "smart card at the gateway"));
    }
    let has_kdc_proxy = not_followed.iter().any(|one| one.what == Unfollowed::KdcProxy);
    if settings.number_if_any("rdgiskdcproxy") == Some(1) && !has_kdc_proxy {
        own.push(NotFollowed::new(Unfollowed::KdcProxy, &host.to_string()));
    }
    Ok(Some(RdpFileGateway {
        host,
        port: port.unwrap_or(Gateway::PORT),
        usage,
        credentials,
        user: settings.trimmed("gatewayusername"),
        token: token(settings)?,
        same_credentials: settings.number_if_any("promptcredentialonce") == Some(1),
        not_followed: own,
    }))
}

fn token(settings: &Settings<'_>) -> Result<Option<Secret<String>>, RdpFileError> {
    let Some(Setting { line, value, .. }) = settings.text("gatewayaccesstoken")? else { return Ok(None) };
    let token = value.trim();
    if token.encode_utf16().count() > TextError::MAX_UNITS || token.contains(char::is_control) {
        return Err(RdpFileError::Token { line });
    }
    Ok(Some(Secret::new(token.to_owned())))
}

/// A name or a URL without what may be a secret in it: a user before a host, and a query.
pub(super) fn without_secret(value: &str) -> &str {
    let value = value.split(['?', '#']).next().unwrap_or_default();
    value.rsplit_once('@').map_or(value, |(_, behind)| behind)
}

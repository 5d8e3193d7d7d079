//! What a scenario asks of the run.
use std::collections::HashMap;
use std::time::Duration;

use rdp_probe_core::{Account, AuthMethod, Family, GatewayTransport, NotFollowed, Security, Stage};
use serde::Deserialize;

use crate::certificate::{Kind, authority};

/// What the run is to do; what is left out is as the plan has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PlanTable {
    /// The security protocols to offer.
    pub security: Security,
    /// How deep to go; without it, as deep as the server does.
    pub until: Option<Stage>,
    /// The certificates that are accepted: the names of kinds, or SHA-256 in hexadecimal.
    #[serde(deserialize_with = "pins")]
    pub pins: Vec<String>,
    /// Whether the certificate has to lead to the test authority.
    pub trust_ca: bool,
    /// Or to this one, which is then the only root.
    pub trust: Option<Kind>,
    /// Whose credentials are proven; the password is always the same.
    pub user: Option<String>,
    /// Whether the target is to get no password.
    pub restricted_admin: bool,
    /// Whether whatever certificate comes is taken for that.
    pub accept_certificate: bool,
    /// Whether the account was rejected before in the run.
    pub stopped: bool,
    /// Whether there is no security context for it.
    pub no_context: bool,
    /// What is shown to the gateway.
    pub gateway_shows: Shows,
    /// Whether the gateway's certificate need not lead to the test authority, since it is this one.
    #[serde(deserialize_with = "pins")]
    pub gateway_pins: Vec<String>,
    /// Whether nobody gives the test authority as a root for the gateway.
    pub gateway_untrusted: bool,
    /// Whether the account was rejected before in the run.
    pub gateway_stopped: bool,
    /// The scheme of HTTP to log on by at the gateway; without it, the best that is offered.
    pub gateway_auth: Option<AuthMethod>,
    /// How its packets are to be carried; without it, as it is best.
    pub gateway_transport: Option<GatewayTransport>,
    /// Whether a logon there is bound to nothing.
    pub gateway_unbound: bool,
    /// Whether what a gateway asks to agree to is agreed to.
    pub accept_consent: bool,
    /// So many days before a certificate ends this is told; without it, as the plan has it.
    pub cert_days: Option<u16>,
    /// The name for TLS.
    pub server_name: Option<String>,
    /// Whether to enumerate the security protocols.
    pub enumerate: bool,
    /// Whether to ask again where the first request is not answered.
    pub second_look: bool,
    /// Whether to go through every address.
    pub all_addresses: bool,
    /// Which addresses to take.
    pub family: Family,
    /// The identifier of the cookie.
    pub cookie: Option<String>,
    /// The routing token.
    pub routing_token: Option<String>,
    /// The pre-connection blob.
    pub pcb: Option<String>,
    /// What a client would do, and the run does not.
    pub not_followed: Vec<NotFollowed>,
    /// Whether a client of the file that names the target refuses a certificate that is not trusted.
    pub refuses_untrusted: bool,
    /// The limit of the whole run.
    #[serde(rename = "overall_ms", deserialize_with = "some_millis")]
    pub overall: Option<Duration>,
    /// Limits of single stages.
    #[serde(rename = "stage_ms", deserialize_with = "stage_millis")]
    pub stages: Vec<(Stage, Duration)>,
}

/// What a gateway is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a gateway wants one of these")]
pub enum Shown {
    /// User and password.
    Account(String, String),
    /// A token.
    Token(String),
}

/// What is shown to a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "right, wrong, nothing, or the other thing")]
pub enum Shows {
    /// What it accepts.
    #[default]
    Right,
    /// A wrong one of the same kind.
    Wrong,
    /// Nothing.
    Nothing,
    /// A token where it wants a password.
    Token,
    /// A password where it wants a token.
    Password,
}

impl PlanTable {
    /// Whose credentials are proven.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        let mut account = self.user.as_deref().and_then(|user| Account::parse(user, None).ok())?;
        account.stopped = self.stopped;
        Some(account)
    }

    /// The root that the certificate has to lead to, in DER.
    #[must_use]
    pub fn root(&self) -> Option<Vec<u8>> {
        match self.trust {
            Some(kind) => kind.chain().into_iter().next(),
            None => self.trust_ca.then(authority),
        }
    }
}

fn pins<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read = |text: &String| {
        let digits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if digits { Some(text.clone()) } else { Kind::parse(text).map(Kind::sha256) }
    };
    let all: Option<Vec<String>> = texts.iter().map(read).collect();
    all.ok_or_else(|| serde::de::Error::custom(format_args!("neither certificates nor SHA-256: {texts:?}")))
}

fn some_millis<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    u64::deserialize(deserializer).map(|millis| Some(Duration::from_millis(millis)))
}

fn stage_millis<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(Stage, Duration)>, D::Error> {
    let table = HashMap::<Stage, u64>::deserialize(deserializer)?;
    let mut stages: Vec<_> =
        table.into_iter().map(|(stage, millis)| (stage, Duration::from_millis(millis))).collect();
    stages.sort_by_key(|(stage, _)| (stage.rank(), stage.id()));
    Ok(stages)
}

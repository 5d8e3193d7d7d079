//! What a run showed, put together for whoever prints it.
use rdp_probe_wire::gcc::{EncryptionLevel, EncryptionMethods, RdpVersion};
use rdp_probe_wire::license::{LicenseErrorCode, StateTransition};
use rdp_probe_wire::nego::Protocols;
use rdp_probe_wire::tls::{CipherSuite, Version};

use crate::attempt::{AttemptRecord, Outcome, Purpose, StageRecord};
use crate::certificate::CertificateFacts;
use crate::evidence::Evidence;
use crate::fact::{Licensed, Observed, ServerKey};
use crate::failure::FailureKind;
use crate::field::hex;
use crate::hop::Hop;
use crate::ntlm::NtlmFacts;
use crate::product::Product;
use crate::stage::Stage;
use crate::tls::{ScoutFacts, TlsFacts, Trust};

/// A stage of a path that may have several connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PathStage<'a> {
    /// Its record.
    pub record: &'a StageRecord,
    /// Whether it failed by a refusal that named what the server wants instead, and the next connection asked for that.
    pub asked_again: bool,
}

impl PathStage<'_> {
    /// Why it was not tried, or what followed its failure, in words.
    #[must_use]
    pub const fn why(&self) -> Option<&'static str> {
        if self.asked_again {
            Some("the server named what it wants instead, and was asked again")
        } else {
            self.record.outcome.why()
        }
    }
}

/// TLS with the target: the handshake, or what the TLS scout read in the clear where there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownTls<'a> {
    /// Whether it is what the scout read.
    pub scouted: bool,
    /// The version.
    pub version: Version,
    /// The suite.
    pub cipher: CipherSuite,
    /// The certificate; `None` when it was not sent in the clear, or cannot be read.
    pub certificate: Option<&'a CertificateFacts>,
    /// How many certificates were sent.
    pub chain_length: usize,
    /// Whether the certificate leads to a trusted root for the name; `None` when that was not looked at.
    pub trusted: Option<bool>,
    /// Whether the server proved that it holds the certificate's key; `None` when that cannot be told.
    pub signature_verified: Option<bool>,
}

/// What the target says of itself in CredSSP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownServer {
    /// The NTLM CHALLENGE.
    pub facts: NtlmFacts,
    /// How far its clock is ahead of this computer's, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// `version` of its TSRequest.
    pub credssp_version: Option<u32>,
    /// Which product it is: a guess.
    pub product: Option<Product>,
}

/// What the target answered to the basic settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownSettings<'a> {
    /// `version` of its core data.
    pub version: Option<RdpVersion>,
    /// The security offer, as it reached the server.
    pub requested: Option<Protocols>,
    /// Whether channels need not be joined one by one.
    pub skips_joins: Option<bool>,
    /// The I/O channel.
    pub io_channel: Option<u16>,
    /// The message channel.
    pub message_channel: Option<u16>,
    /// Method, level and key of Standard RDP Security.
    pub encryption: Option<(EncryptionMethods, EncryptionLevel, Option<&'a ServerKey>)>,
}

/// What a server said of licences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownLicensing<'a> {
    /// Product, its version and the number of scopes, where it asked for a licence.
    pub request: Option<(&'a str, u32, u32)>,
    /// How it ended well.
    pub result: Option<Licensed>,
    /// Its error.
    pub error: Option<(LicenseErrorCode, StateTransition)>,
}

impl Evidence {
    /// The stages of a path, as one sequence: what a second connection repeats without doing is left out.
    #[must_use]
    pub fn sequence(path: &[AttemptRecord]) -> Vec<PathStage<'_>> {
        let mut stages: Vec<PathStage<'_>> = Vec::new();
        let Some((last, before)) = path.split_last() else { return stages };
        let plain = |record| PathStage { record, asked_again: false };
        for attempt in before {
            let begun = attempt.stages.iter().filter(|record| record.outcome != Outcome::NotReached);
            stages.extend(begun.map(plain));
            if let Some(stage) = stages.last_mut() {
                stage.asked_again = true;
            }
        }
        let repeated = |record: &&StageRecord| !before.is_empty() && record.started.is_none();
        stages.extend(last.stages.iter().skip_while(repeated).map(plain));
        stages
    }

    /// TLS with the target.
    #[must_use]
    pub fn shown_tls(&self) -> Option<ShownTls<'_>> {
        if let Some(facts) = self.tls() {
            return Some(ShownTls::from(facts));
        }
        let facts = self.scouted()?;
        // What one hello did not show, another one may have.
        let certificate = self.scouted_certificate();
        Some(ShownTls {
            scouted: true,
            version: facts.version,
            cipher: facts.cipher,
            certificate: certificate.map(|(certificate, _)| certificate),
            chain_length: certificate.map_or(facts.chain_length, |(_, length)| length),
            trusted: None,
            signature_verified: None,
        })
    }

    /// What the target says of itself in CredSSP, and what it is.
    #[must_use]
    pub fn shown_server(&self) -> Option<ShownServer> {
        let credssp_version = self.credssp_version();
        let (facts, clock_skew_ms) = match self.challenge() {
            Some((facts, skew)) => (facts.clone(), skew),
            None => (NtlmFacts::default(), None),
        };
        let product = self.product(Hop::Target);
        let known = credssp_version.is_some() || facts != NtlmFacts::default() || product.is_some();
        known.then_some(ShownServer { facts, clock_skew_ms, credssp_version, product })
    }

    /// What the target answered to the basic settings, on the deciding path.
    #[must_use]
    pub fn shown_settings(&self) -> Option<ShownSettings<'_>> {
        let passed = |record: &&StageRecord| {
            record.stage == Stage::BasicSettingsExchange && record.outcome == Outcome::Passed
        };
        let record = self.path().last()?.stages.iter().rfind(passed)?;
        let mut shown = ShownSettings::default();
        for fact in &record.facts {
            #[expect(clippy::wildcard_enum_match_arm, reason = "of all facts three are about the settings")]
            match &fact.observed {
                Observed::ServerCore { version, requested, skips_joins } => {
                    shown.version = Some(*version);
                    shown.requested = *requested;
                    shown.skips_joins = Some(*skips_joins);
                }
                Observed::Channels { io, message } => {
                    (shown.io_channel, shown.message_channel) = (Some(*io), *message);
                }
                Observed::Encryption { method, level, key } => {
                    shown.encryption = Some((*method, *level, key.as_ref()));
                }
                _ => {}
            }
        }
        Some(shown)
    }

    /// What the server said of licences, on the path that decides; `None` where it said nothing.
    #[must_use]
    pub fn shown_licensing(&self) -> Option<ShownLicensing<'_>> {
        let mut shown = ShownLicensing::default();
        for fact in self.path().last()?.facts() {
            if let Observed::LicenseRequest { product, version, scopes } = fact {
                shown.request = Some((product, *version, *scopes));
            }
            if let Observed::Licensing(how) = fact {
                shown.result = Some(*how);
            }
        }
        if let Some(FailureKind::LicenseError { code, transition }) =
            self.failure().map(|failure| &failure.kind)
        {
            shown.error = Some((*code, *transition));
        }
        Some(shown).filter(|shown| *shown != ShownLicensing::default())
    }

    /// Whether security protocols were asked for one by one.
    #[must_use]
    pub fn was_enumerated(&self) -> bool {
        self.attempts.iter().any(|attempt| matches!(attempt.purpose, Purpose::Enumerate(_)))
    }

    /// Whether the security negotiation was reached on any connection.
    #[must_use]
    pub fn was_negotiated(&self) -> bool {
        let reached =
            |record: &StageRecord| record.stage == Stage::ConnectionInitiation && record.started.is_some();
        self.attempts.iter().any(|attempt| attempt.stages.iter().any(reached))
    }
}

impl<'a> From<&'a TlsFacts> for ShownTls<'a> {
    fn from(facts: &'a TlsFacts) -> Self {
        Self {
            scouted: false,
            version: facts.version,
            cipher: facts.cipher,
            certificate: facts.certificate.as_ref(),
            chain_length: facts.chain_length,
            trusted: facts.trust.map(|trust| trust == Trust::Trusted),
            signature_verified: facts.signature.proven(),
        }
    }
}

impl<'a> ShownTls<'a> {
    /// What a scout read, with the certificate that the same one or another one did.
    pub(crate) fn scouted(facts: &ScoutFacts, certified: &'a ScoutFacts) -> Self {
        Self {
            scouted: true,
            version: facts.version,
            cipher: facts.cipher,
            certificate: certified.certificate.as_ref(),
            chain_length: certified.chain_length,
            trusted: None,
            signature_verified: None,
        }
    }
}

impl ShownTls<'_> {
    /// The version as people say it: `1.3`, or its number.
    #[must_use]
    pub fn version_text(&self) -> String {
        let name = self.version.name().map(|name| name.strip_prefix("TLS ").unwrap_or(name).to_owned());
        name.unwrap_or_else(|| hex(self.version.0))
    }

    /// The suite by its name, or its number.
    #[must_use]
    pub fn cipher_text(&self) -> String {
        self.cipher.name().map_or_else(|| hex(self.cipher.0), str::to_owned)
    }
}

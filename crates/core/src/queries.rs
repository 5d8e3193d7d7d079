//! What a diagnosis asks of the evidence, of the target's hop only: a gateway shows a certificate and a challenge of its own.
use rdp_probe_wire::Layer;
use rdp_probe_wire::tls::{NamedGroup, SignatureScheme, Version};

use crate::attempt::{Answer, AttemptRecord, Outcome, StageRecord};
use crate::certificate::CertificateFacts;
use crate::close::Close;
use crate::evidence::Evidence;
use crate::fact::{Licensed, Observed, ServerKey};
use crate::failure::{Failure, FailureKind};
use crate::octets::Octets;
use crate::stage::Stage;
use crate::tls::{ScoutFacts, is_spoken};

impl Evidence {
    /// The deepest stage that any connection began; `None` where there was no connection.
    #[must_use]
    pub fn deepest_stage(&self) -> Option<Stage> {
        let began = |record: &&StageRecord| matches!(record.outcome, Outcome::Passed | Outcome::Failed);
        let records = self.attempts.iter().flat_map(|attempt| &attempt.stages).filter(began);
        records.map(|record| record.stage).max_by_key(|stage| stage.rank())
    }

    /// What came instead of what was due, when the deciding path failed.
    #[must_use]
    pub fn failure_kind(&self) -> Option<&FailureKind> {
        self.failure().map(|failure| &failure.kind)
    }

    /// Whether the address is this computer's own: the connection has the same one at both ends.
    #[must_use]
    pub fn is_own_address(&self) -> bool {
        self.facts().any(
            |fact| matches!(fact, Observed::Connected { peer, local: Some(local) } if peer.ip() == local.ip()),
        )
    }

    /// How the stream ended, and how much of the answer that was due had come by then.
    #[must_use]
    pub fn ended_after(&self) -> Option<(Close, &Octets)> {
        if let FailureKind::Closed { how, partial } = self.failure_kind()? {
            Some((how.without_tunnel(), partial))
        } else {
            None
        }
    }

    /// How many octets the answer was to have that was cut or stalled; `None` when it did not get as far as to tell.
    #[must_use]
    pub fn promised(&self) -> Option<usize> {
        let (_, partial) = self.ended_after()?;
        self.failure()?
            .awaiting
            .framing()?
            .promised(partial.as_slice())
            .filter(|whole| *whole > partial.total())
    }

    /// Whether Standard RDP Security was agreed on.
    #[must_use]
    pub fn is_without_tls(&self) -> bool {
        self.answer().is_some_and(Answer::is_standard)
    }

    /// The target's certificate, from the handshake or else from the TLS scout.
    #[must_use]
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        // Many findings ask, most often of runs without one.
        let handshakes = self.path().iter().flat_map(|attempt| &attempt.stages);
        let handshakes = handshakes.filter(|record| record.stage == Stage::Tls);
        let shaken = handshakes.flat_map(|record| &record.facts).find_map(|fact| {
            if let Observed::Tls(facts) = &fact.observed { Some(facts.certificate.as_ref()) } else { None }
        });
        shaken.flatten().or_else(|| self.scouted_certificate().map(|(certificate, _)| certificate))
    }

    /// The certificate that the TLS scout read in the clear, and how many came with it.
    pub(crate) fn scouted_certificate(&self) -> Option<(&CertificateFacts, usize)> {
        self.scouts().flat_map(AttemptRecord::facts).find_map(|fact| {
            let Observed::Scouted(facts) = fact else { return None };
            Some((facts.certificate.as_ref()?, facts.chain_length))
        })
    }

    /// The group that this build lacks, of what the server chose when everything was offered.
    #[must_use]
    pub fn missing_group(&self) -> Option<NamedGroup> {
        self.scouted()?.missing_group()
    }

    /// The signature scheme that this build lacks, of what the server chose when everything was offered: as it said itself, or as its
    /// certificate's key leaves no other in TLS 1.3.
    #[must_use]
    pub fn missing_signature(&self) -> Option<SignatureScheme> {
        let scout = self.scouted()?;
        let by_key = || {
            let (certificate, _) = self.scouted_certificate().filter(|_| scout.version >= Version::TLS_1_3)?;
            certificate.key.as_ref()?.signs_tls_1_3_with().filter(|scheme| !is_spoken(*scheme))
        };
        scout.missing_signature().or_else(by_key)
    }

    /// Whether the server chose TLS 1.3, and nothing in the clear tells why it refuses this build's hello: it hides its certificate.
    pub(crate) fn hides_its_key(&self) -> bool {
        let hidden = |scout: &ScoutFacts| scout.version >= Version::TLS_1_3 && scout.is_spoken_here();
        self.scouted().is_some_and(hidden) && self.missing_group().is_none()
    }

    /// The target's key of Standard RDP Security, from whichever connection to the deciding address showed it.
    #[must_use]
    pub fn server_key(&self) -> Option<&ServerKey> {
        self.attempts_to(self.peer())
            .flat_map(AttemptRecord::facts)
            .find_map(|fact| if let Observed::Encryption { key, .. } = fact { key.as_ref() } else { None })
    }

    /// The size of [`Evidence::server_key`], when it is a certificate whose RSA key was found.
    #[must_use]
    pub fn server_key_bits(&self) -> Option<u32> {
        if let ServerKey::Certificate { bits, .. } = self.server_key()? { *bits } else { None }
    }

    /// Whether the server has said anything of licences, on the path that decides.
    #[must_use]
    pub fn has_licensing_begun(&self) -> bool {
        let said = |fact: &Observed| matches!(fact, Observed::LicenseRequest { .. } | Observed::Licensing(_));
        let refused = || match self.failure().map(|failure| &failure.kind) {
            Some(FailureKind::LicenseError { .. } | FailureKind::LicenseKey) => true,
            // Its flags say that it is one.
            Some(FailureKind::Malformed { error, .. }) => {
                error.layer == Layer::License && error.field != "flags"
            }
            Some(_) | None => false,
        };
        self.path().iter().flat_map(AttemptRecord::facts).any(said) || refused()
    }

    /// Whether the server issues licences: it began to, and was declined.
    #[must_use]
    pub fn issues_licenses(&self) -> bool {
        let challenged = |fact: &Observed| *fact == Observed::Licensing(Licensed::PlatformChallenge);
        self.path().iter().flat_map(AttemptRecord::facts).any(challenged)
    }

    /// `version` of the target's TSRequest.
    #[must_use]
    pub fn credssp_version(&self) -> Option<u32> {
        self.path()
            .iter()
            .flat_map(AttemptRecord::facts)
            .find_map(|fact| if let Observed::CredsspVersion(version) = fact { Some(*version) } else { None })
    }
}

impl AttemptRecord {
    /// The attempt as if this, which it went past, had ended it: none of its stages is known.
    #[must_use]
    pub fn ended_by(&self, failure: Failure) -> Self {
        let failure = Some(Box::new(failure));
        Self { purpose: self.purpose, offer: self.offer, stages: Vec::new(), failure }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attempt::Purpose;
    use crate::fact::Fact;
    use crate::hop::Hop;
    use crate::plan::Plan;
    use crate::target::{Address, Host};
    use crate::tls::{SignatureCheck, TlsFacts};
    use rdp_probe_wire::gcc::{EncryptionLevel, EncryptionMethods};
    use rdp_probe_wire::nego::Protocols;
    use rdp_probe_wire::server_certificate::CertificateKind;
    use rdp_probe_wire::tls::{CipherSuite, Version};

    fn tls(subject: &str) -> Observed {
        let certificate = CertificateFacts { subject: Some(subject.to_owned()), ..CertificateFacts::read(&[]) };
        Observed::Tls(Box::new(TlsFacts {
            version: Version::TLS_1_3,
            cipher: CipherSuite(0x1301),
            certificate: Some(certificate),
            chain_length: 1,
            signature: SignatureCheck::Verified,
            trust: None,
        }))
    }

    fn encryption(bits: u32) -> Observed {
        Observed::Encryption {
            method: EncryptionMethods::BITS_128,
            level: EncryptionLevel(2),
            key: Some(ServerKey::Certificate {
                kind: CertificateKind::Proprietary,
                temporary: false,
                bits: Some(bits),
            }),
        }
    }

    fn record(stage: Stage, hop: Hop, observed: Vec<Observed>) -> StageRecord {
        let facts = observed.into_iter().map(|observed| Fact { at: Duration::ZERO, observed }).collect();
        StageRecord {
            stage,
            hop,
            outcome: Outcome::Passed,
            started: None,
            duration: None,
            facts,
            failure: None,
        }
    }

    fn evidence(stages: Vec<StageRecord>) -> Evidence {
        let mut evidence = Evidence::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
        let offer = Protocols::SSL;
        evidence.attempts.push(AttemptRecord { purpose: Purpose::Main, offer, stages, failure: None });
        evidence
    }

    #[test]
    fn what_a_gateway_shows_before_it_is_not_taken_for_the_target_s() {
        let peer = Address::from(([192, 0, 2, 7], 3389));
        let connected = Observed::Connected { peer, local: None };
        let shows =
            |subject, version, bits| vec![tls(subject), Observed::CredsspVersion(version), encryption(bits)];
        let gateway = record(Stage::GatewayTls, Hop::Gateway, shows("CN=gateway", 6, 512));
        let target = record(Stage::Tls, Hop::Target, shows("CN=target", 2, 2048));
        let tcp = record(Stage::TcpConnect, Hop::Target, vec![connected]);

        let both = evidence(vec![tcp.clone(), gateway.clone(), target]);
        assert_eq!(both.certificate().map(|facts| facts.subject.as_deref()), Some(Some("CN=target")));
        assert_eq!((both.credssp_version(), both.server_key_bits()), (Some(2), Some(2048)));

        let before = evidence(vec![tcp, gateway]);
        assert_eq!(before.certificate(), None);
        assert_eq!((before.credssp_version(), before.server_key()), (None, None));
    }
}

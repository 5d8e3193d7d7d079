//! A security context that is a toy, for both ends: what the machine does with one can be played without a secret, and without
//! cryptography. Real ones meet the driver.
use rdp_probe_core::wire::credssp::ANONYMOUS_REQUEST;
use rdp_probe_core::{AuthAsk, AuthFault, AuthOutput};

/// One end of it.
#[derive(Clone, Copy, Debug)]
pub struct Toy {
    /// What both ends have to know.
    secret: u8,
    /// How many tokens it has given.
    tokens: usize,
}

/// What a sealed message begins with.
const SEAL: &[u8] = b"sealed";
/// What its last token begins with, as an AUTHENTICATE does.
const LAST: &[u8] = b"NTLMSSP\0\x03\0\0\0";

impl Toy {
    /// An end that knows this.
    #[must_use]
    pub const fn new(secret: u8) -> Self {
        Self { secret, tokens: 0 }
    }

    /// What it answers.
    ///
    /// # Errors
    /// As a context does: for a token too many, and for what another secret has sealed.
    pub fn ask(&mut self, ask: AuthAsk<'_>) -> Result<AuthOutput, AuthFault> {
        match ask {
            AuthAsk::Token(after) => {
                let token = match (self.tokens, after) {
                    (0, None) => negotiate().to_vec(),
                    (1, Some(challenge)) if is_usable(challenge) => [LAST, &[self.secret]].concat(),
                    _ => return Err(AuthFault::Token),
                };
                self.tokens = self.tokens.saturating_add(1);
                Ok(AuthOutput::Token { token, done: self.tokens == 2 })
            }
            AuthAsk::Wrap(octets) => Ok(AuthOutput::Sealed(self.seal(octets))),
            AuthAsk::WrapCredentials(what) => Ok(AuthOutput::Sealed(self.seal(what.id().as_bytes()))),
            AuthAsk::Unwrap(sealed) => self.open(sealed).map(AuthOutput::Opened).ok_or(AuthFault::Altered),
            _ => Err(AuthFault::Local),
        }
    }

    /// Seals octets.
    #[must_use]
    pub fn seal(&self, octets: &[u8]) -> Vec<u8> {
        [SEAL, &[self.secret], octets].concat()
    }

    /// Opens what the other end has sealed; `None` when that knows another secret.
    #[must_use]
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (secret, octets) = sealed.strip_prefix(SEAL)?.split_first()?;
        (*secret == self.secret).then(|| octets.to_vec())
    }

    /// Whether this is the last token of somebody who knows the secret.
    #[must_use]
    pub fn admits(&self, token: &[u8]) -> bool {
        token.strip_prefix(LAST) == Some(&[self.secret])
    }
}

/// Whether it is a CHALLENGE with the flag for Unicode.
fn is_usable(challenge: &[u8]) -> bool {
    challenge.starts_with(b"NTLMSSP\0\x02") && challenge.get(20).is_some_and(|flags| flags & 1 == 1)
}

/// The first token, which is the same for everybody.
fn negotiate() -> &'static [u8] {
    ANONYMOUS_REQUEST.get(17..).unwrap_or_default()
}

#[cfg(feature = "dev")]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdp_probe_core::wire::credssp::{NtStatus, TsRequest};
    use rdp_probe_core::wire::mcs::Reason;
    use rdp_probe_core::wire::tls::{CipherSuite, Version};
    use rdp_probe_core::{
        Account, Awaited, CertificateFacts, Close, Event, Evidence, FailureKind, Hop, Host, Link, NotTried,
        Observed, Outcome, Plan, Run, SignatureCheck, Stage, TlsSession, Trust, Wants,
    };
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::certificate::Kind;
    use crate::oracle::golden::golden;

    /// A TSRequest with a CHALLENGE, in this version.
    fn challenge(version: u8) -> Vec<u8> {
        let captured = golden("freerdp-challenge");
        let request = TsRequest::parse(&captured).unwrap();
        written(version, |answer| answer.nego_token = request.nego_token)
    }

    fn written<'a>(version: u8, with: impl FnOnce(&mut TsRequest<'a>)) -> Vec<u8> {
        let mut request = TsRequest::of_version(version.into());
        with(&mut request);
        let mut out = Vec::new();
        request.encode(&mut out).unwrap();
        out
    }

    /// How the server ends it.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Ends {
        Proves,
        ProvesAnotherKey,
        SealsWithAnotherSecret,
        Refuses(u32),
        ChangesVersion,
        GoesOnWithAToken,
        SaysNothing,
        Disconnects,
        Closes(Close),
    }

    /// A logon with this certificate, and what the server saw of it.
    struct Played {
        evidence: Evidence,
        /// Whether an AUTHENTICATE came.
        logged_on: bool,
    }

    fn play(
        version: u8,
        kind: Kind,
        plan: impl FnOnce(&mut Plan),
        session: impl FnOnce(&mut TlsSession),
        ends: Ends,
    ) -> Played {
        let at = Duration::ZERO;
        let mut asked = Plan::new(Host::parse("192.0.2.7").unwrap(), 3389);
        asked.account = Some(Box::new(Account::parse("alice", None).unwrap()));
        asked.target.pins = vec![kind.sha256()];
        plan(&mut asked);
        let mut run = Run::new(asked);
        let (mut ours, theirs) = (Toy::new(7), Toy::new(7));
        let key = kind.chain().first().and_then(|der| CertificateFacts::subject_public_key(der)).unwrap();
        run.begin(at);
        let Some(Wants::Dial { address, .. }) = run.wants() else { panic!("no dial") };
        run.on(Event::Dialed(Ok(Link { peer: address, local: None })), at);
        run.take_octets();
        run.on(Event::Pdu(&[3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0x1F, 8, 0, 2, 0, 0, 0]), at);
        let mut shown = TlsSession {
            version: Version::TLS_1_3,
            cipher: CipherSuite(0x1301),
            chain: kind.chain(),
            signature: SignatureCheck::Verified,
            trust: None,
        };
        session(&mut shown);
        run.on(Event::Tls { before: 0, answer: Ok(shown) }, at);
        let mut logged_on = false;
        while let Some(wants) = run.wants() {
            match wants {
                Wants::Auth { ask, .. } => {
                    let answer = ours.ask(ask);
                    run.on(Event::Auth(answer), at);
                }
                Wants::Pdu(_) => {
                    let sent = run.take_octets();
                    let request = TsRequest::parse(&sent).unwrap();
                    assert_eq!((request.version, request.auth_info), (6, None), "nothing is delegated");
                    let Some(proof) = request.pub_key_auth else {
                        assert_eq!(sent, ANONYMOUS_REQUEST, "the first message is as without credentials");
                        run.on(Event::Pdu(&challenge(version)), at);
                        continue;
                    };
                    logged_on = true;
                    assert!(theirs.admits(request.nego_token.unwrap()));
                    let nonce = request.client_nonce;
                    assert_eq!(nonce.is_some(), version >= 5, "a nonce from version 5 on");
                    let bound = |direction: &str| {
                        let mut digest = Sha256::new();
                        digest.update(format!("CredSSP {direction} Binding Hash\0"));
                        digest.update(nonce.unwrap_or_default());
                        digest.update(&key);
                        digest.finalize().to_vec()
                    };
                    let old = |more: u8| [&[key[0].wrapping_add(more)], &key[1..]].concat();
                    let asked = if version >= 5 { bound("Client-To-Server") } else { old(0) };
                    assert_eq!(theirs.open(proof), Some(asked));
                    let right = if version >= 5 { bound("Server-To-Client") } else { old(1) };
                    let answer = |sealed: &[u8]| written(version, |answer| answer.pub_key_auth = Some(sealed));
                    let pdu = match ends {
                        Ends::Proves => answer(&theirs.seal(&right)),
                        Ends::ProvesAnotherKey => answer(&theirs.seal(&[0; 32])),
                        Ends::SealsWithAnotherSecret => answer(&Toy::new(8).seal(&right)),
                        Ends::Refuses(status) => written(version, |answer| {
                            answer.pub_key_auth = Some(proof);
                            answer.error_code = Some(NtStatus(status));
                            answer.client_nonce = nonce;
                        }),
                        Ends::ChangesVersion => {
                            let sealed = theirs.seal(&right);
                            written(version.wrapping_sub(1), |answer| answer.pub_key_auth = Some(&sealed))
                        }
                        Ends::GoesOnWithAToken => challenge(version),
                        Ends::SaysNothing => written(version, |_| {}),
                        Ends::Disconnects => {
                            run.on(Event::Stray(&[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80]), at);
                            continue;
                        }
                        Ends::Closes(how) => {
                            run.on(Event::Closed { how, partial: &[] }, at);
                            continue;
                        }
                    };
                    run.on(Event::Pdu(&pdu), at);
                }
                Wants::Resolve { .. }
                | Wants::Dial { .. }
                | Wants::Tls { .. }
                | Wants::Carry(_)
                | Wants::Send
                | _ => {
                    panic!("out of turn")
                }
            }
        }
        Played { evidence: run.into_evidence(), logged_on }
    }

    fn accepted(evidence: &Evidence) -> bool {
        evidence.facts().any(|fact| *fact == Observed::LogonAccepted)
    }

    #[test]
    fn a_right_password_is_proven_in_every_version_and_nothing_is_delegated() {
        for version in [2, 3, 4, 5, 6, 7] {
            for kind in [Kind::Good, Kind::P256, Kind::CaSigned] {
                let Played { evidence, logged_on } = play(version, kind, |_| {}, |_| {}, Ends::Proves);
                assert!(logged_on && accepted(&evidence), "{version}, {kind:?}: {evidence:?}");
                let last = evidence.path().last().unwrap();
                assert_eq!(last.failure, None);
                let behind = last.stages.iter().filter(|record| record.stage.rank() > Stage::Credssp.rank());
                for record in behind {
                    assert_eq!(record.outcome, Outcome::NotTried(NotTried::NotDelegated), "{record:?}");
                }
            }
        }
    }

    #[test]
    fn every_end_of_a_logon_is_told_apart() {
        for (ends, kind) in [
            (Ends::ProvesAnotherKey, FailureKind::WrongProof),
            (Ends::SealsWithAnotherSecret, FailureKind::WrongProof),
            (Ends::Refuses(0xC000_006D), FailureKind::CredsspError(NtStatus(0xC000_006D))),
            (Ends::Refuses(0xC007_030C), FailureKind::CredsspError(NtStatus(0xC007_030C))),
            (Ends::ChangesVersion, FailureKind::VersionChanged { from: 6, to: 5 }),
            (Ends::Disconnects, FailureKind::Ultimatum(Reason(3))),
        ] {
            let Played { evidence, logged_on } = play(6, Kind::Good, |_| {}, |_| {}, ends);
            let failure = evidence.failure().unwrap();
            assert_eq!((failure.stage, failure.hop), (Stage::Credssp, Hop::Target), "{ends:?}");
            assert!(logged_on && !accepted(&evidence));
            assert_eq!(failure.kind, kind, "{ends:?}");
        }
        for (ends, token) in [(Ends::GoesOnWithAToken, true), (Ends::SaysNothing, false)] {
            let Played { evidence, .. } = play(6, Kind::Good, |_| {}, |_| {}, ends);
            let kind = &evidence.failure().unwrap().kind;
            assert!(matches!(kind, FailureKind::NoProof { token: got, .. } if *got == token), "{kind:?}");
        }
        for how in [Close::Fin, Close::Reset, Close::CloseNotify, Close::Alert(80)] {
            let Played { evidence, .. } = play(2, Kind::Good, |_| {}, |_| {}, Ends::Closes(how));
            let failure = evidence.failure().unwrap();
            assert_eq!((failure.awaiting, failure.kind.close()), (Awaited::ServerProof, Some(how)));
        }
    }

    #[test]
    fn whom_nobody_knows_gets_no_more_than_anybody_sends() {
        let unknown = |plan: &mut Plan| plan.target.pins.clear();
        let accepting = |plan: &mut Plan| {
            plan.target.pins.clear();
            plan.target.accept_certificate = true;
        };
        let unchecked = |session: &mut TlsSession| session.signature = SignatureCheck::NotVerifiable;
        let trusted = |session: &mut TlsSession| session.trust = Some(Trust::Trusted);
        type Change<T> = fn(&mut T);
        let rows: [(&str, Change<Plan>, Change<TlsSession>, bool); 7] = [
            ("nothing known", unknown, |_| {}, false),
            ("a chain that leads nowhere", unknown, |s| s.trust = Some(Trust::UnknownIssuer), false),
            ("a chain for another name", unknown, |s| s.trust = Some(Trust::OtherName), false),
            ("a chain", unknown, trusted, true),
            ("accepted", accepting, |_| {}, true),
            ("accepted, with a key that cannot be checked here", accepting, unchecked, true),
            (
                "a chain, and a key that cannot be checked here",
                unknown,
                |s| {
                    s.trust = Some(Trust::Trusted);
                    s.signature = SignatureCheck::NotVerifiable;
                },
                false,
            ),
        ];
        for (what, plan, session, admitted) in rows {
            let Played { evidence, logged_on } = play(6, Kind::Good, plan, session, Ends::Proves);
            assert_eq!((logged_on, accepted(&evidence)), (admitted, admitted), "{what}");
            let last = evidence.path().last().unwrap();
            assert_eq!(last.failure, None, "{what}");
            let why = if admitted { NotTried::NotDelegated } else { NotTried::CertificateNotAccepted };
            assert_eq!(last.stages.last().unwrap().outcome, Outcome::NotTried(why), "{what}");
        }
        // What is no certificate has no key to bind to.
        let none = |session: &mut TlsSession| session.chain = vec![vec![0x30, 0]];
        let Played { logged_on, .. } = play(6, Kind::Good, accepting, none, Ends::Proves);
        assert!(!logged_on);
    }
}

//! What a run showed of the gateway on the way, on the connection that decides.
use rdp_probe_wire::http::Status;

use crate::attempt::{AttemptRecord, NotTried, Outcome};
use crate::auth::AuthMethod;
use crate::awaited::Awaited;
use crate::certificate::CertificateFacts;
use crate::close::Close;
use crate::evidence::Evidence;
use crate::fact::Observed;
use crate::failure::{Failure, FailureKind};
use crate::gateway::{BindingSent, GatewayFact, GatewayFault, GatewayLogon, GatewayTransport, HttpFacts};
use crate::hop::Hop;
use crate::logon::LogonResult;
use crate::shown::{ShownServer, ShownTls};
use crate::stage::Stage;
use crate::target::Address;
use crate::tls::{ScoutFacts, TlsFacts};
use crate::tunnel_end::TunnelEnd;

/// What the gateway showed, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownGateway<'a> {
    /// Its address.
    pub address: Option<Address>,
    /// The schemes that it offers.
    pub schemes: Vec<&'a str>,
    /// What carries its packets, or was to: a WebSocket, or two channels of HTTP.
    pub transport: Option<GatewayTransport>,
    /// How somebody logged on there, where it came to that.
    pub method: Option<AuthMethod>,
    /// What it says of itself in its NTLM CHALLENGE.
    pub says: Option<ShownServer>,
    /// Whether the logon was bound to the certificate.
    pub channel_binding: Option<BindingSent>,
    /// `RDG-Correlation-Id`, which its log has.
    pub correlation_id: Option<&'a str>,
    /// `RDG-Connection-Id`.
    pub connection_id: Option<&'a str>,
    /// `tunnelId`.
    pub tunnel_id: Option<u32>,
    /// `channelId`.
    pub channel_id: Option<u32>,
    /// `redirFlags`.
    pub redirection: Option<u32>,
    /// `idleTimeout`, in minutes.
    pub idle_minutes: Option<u32>,
    /// The text that has to be agreed to.
    pub consent: Option<&'a str>,
    /// Its messages for people.
    pub service_messages: Vec<&'a str>,
    /// `udpPort`.
    pub udp_port: Option<u16>,
    /// What names the software that answered.
    pub server: Option<&'a str>,
    /// The code of the answer that refused, as it came, and which answer that was.
    pub code: Option<(Awaited, u32)>,
    /// The code that the channel was closed with.
    pub closed: Option<u32>,
    /// How the tunnel ended, where it did not end from here.
    pub end: Option<TunnelEnd>,
}

/// How a logon at a gateway was made that is refused in the same words for other reasons than its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogonDoubt {
    /// By messages of HTTP, bound to the certificate that was shown here.
    Bound,
    /// By messages of HTTP, bound to nothing.
    NotBound,
    /// By messages in packets of the tunnel.
    InTunnel,
}

impl Evidence {
    /// What was observed of the gateway, on the connection that decides.
    pub fn gateway_facts(&self) -> impl Iterator<Item = &GatewayFact> {
        let facts = self.path().last().into_iter().flat_map(AttemptRecord::gateway_facts);
        facts.filter_map(|fact| if let Observed::Gateway(fact) = fact { Some(fact) } else { None })
    }

    /// TLS with the gateway.
    #[must_use]
    pub fn gateway_tls(&self) -> Option<&TlsFacts> {
        let mut facts = self.path().last()?.gateway_facts();
        facts.find_map(|fact| if let Observed::Tls(facts) = fact { Some(&**facts) } else { None })
    }

    /// What the TLS scout read of the gateway.
    #[must_use]
    pub fn gateway_scouted(&self) -> Option<&ScoutFacts> {
        let facts = self.scouts().flat_map(AttemptRecord::gateway_facts);
        facts
            .into_iter()
            .find_map(|fact| if let Observed::Scouted(facts) = fact { Some(&**facts) } else { None })
    }

    /// TLS with the gateway: the handshake, or what the TLS scout read in the clear where there was none.
    #[must_use]
    pub fn shown_gateway_tls(&self) -> Option<ShownTls<'_>> {
        self.gateway_tls().map(ShownTls::from).or_else(|| {
            let facts = || self.scouts().flat_map(AttemptRecord::gateway_facts);
            let scouted = || {
                facts()
                    .filter_map(|fact| if let Observed::Scouted(facts) = fact { Some(&**facts) } else { None })
            };
            let first = scouted().next()?;
            // What one hello did not show, another one may have.
            let certified = scouted().find(|facts| facts.certificate.is_some());
            Some(ShownTls::scouted(first, certified.unwrap_or(first)))
        })
    }

    /// Why the credentials for the gateway were not tested, in words, where nothing failed.
    #[must_use]
    pub fn gateway_logon_is_untested_because(&self) -> Option<&'static str> {
        let given = self.gateway().is_some_and(|gateway| gateway.logon != GatewayLogon::None);
        if !given || self.failure().is_some() || self.gateway_logon_result() != LogonResult::NotTried {
            return None;
        }
        let mut stages = self.path().last()?.stages_for(Hop::Gateway);
        stages.rfind(|record| record.stage == Stage::GatewayAuth)?.outcome.why()
    }

    /// The gateway's certificate.
    #[must_use]
    pub fn gateway_certificate(&self) -> Option<&CertificateFacts> {
        self.gateway_tls()?.certificate.as_ref()
    }

    /// The certificate that a second connection to the gateway showed, where that was another session.
    #[must_use]
    pub fn second_gateway_certificate(&self) -> Option<&CertificateFacts> {
        let facts = self.path().last()?.gateway_facts();
        let sessions =
            facts.filter_map(|fact| if let Observed::Tls(facts) = fact { Some(&**facts) } else { None });
        sessions.skip(1).last()?.certificate.as_ref()
    }

    /// The last answer of HTTP.
    #[must_use]
    pub fn http_answer(&self) -> Option<&HttpFacts> {
        let answers = self.gateway_facts().filter_map(|fact| match fact {
            GatewayFact::Http(facts) => Some(&**facts),
            GatewayFact::Asked { .. }
            | GatewayFact::RevocationNotChecked
            | GatewayFact::ChannelBinding(_)
            | GatewayFact::OwnProof { .. }
            | GatewayFact::OutChannel { .. }
            | GatewayFact::Seed(_)
            | GatewayFact::Handshake { .. }
            | GatewayFact::Tunnel { .. }
            | GatewayFact::Consent(_)
            | GatewayFact::Authorization { .. }
            | GatewayFact::AskedFor { .. }
            | GatewayFact::Channel { .. }
            | GatewayFact::ServiceMessage(_)
            | GatewayFact::Reauthentication
            | GatewayFact::Keepalive
            | GatewayFact::UnknownPacket(_)
            | GatewayFact::Trailing(_)
            | GatewayFact::Closed(_)
            | GatewayFact::ClosedByUs(_) => None,
        });
        answers.last()
    }

    /// Whether the gateway opened the OUT channel of the two that HTTP has.
    #[must_use]
    pub fn gateway_opened_out(&self) -> bool {
        self.gateway_facts().any(|fact| matches!(fact, GatewayFact::OutChannel { .. }))
    }

    /// Whether both channels are open: the request for IN was answered as the one for OUT.
    #[must_use]
    pub fn gateway_opened_in(&self) -> bool {
        let mut behind =
            self.gateway_facts().skip_while(|fact| !matches!(fact, GatewayFact::OutChannel { .. }));
        let answered =
            behind.any(|fact| matches!(fact, GatewayFact::Http(facts) if facts.status == Status::OK.0));
        answered && !matches!(self.gateway_fault(), Some(GatewayFault::InRefused { .. }))
    }

    /// Whether the connection for IN is with another gateway than the one for OUT: it showed another certificate.
    #[must_use]
    pub fn gateway_of_in_is_another(&self) -> bool {
        let first = self.gateway_certificate().map(|certificate| &certificate.sha256);
        let second = self.second_gateway_certificate().map(|certificate| &certificate.sha256);
        second.is_some_and(|second| first != Some(second))
    }

    /// How the gateway refused, when it did.
    #[must_use]
    pub fn gateway_fault(&self) -> Option<&GatewayFault> {
        if let FailureKind::Gateway(fault) = self.failure_kind()? { Some(fault) } else { None }
    }

    /// Whether the channel to the target was opened.
    #[must_use]
    pub fn is_through_gateway(&self) -> bool {
        self.gateway_facts().any(|fact| matches!(fact, GatewayFact::Channel { .. }))
    }

    /// Whether the logon there was bound to the certificate that was shown here.
    fn gateway_logon_was_bound(&self) -> bool {
        let bound = self.shown_gateway().and_then(|shown| shown.channel_binding);
        matches!(bound, Some(BindingSent::Sent | BindingSent::Uncertain))
    }

    /// What else than the credentials can be the reason that a logon there is refused, by how it was made; `None` where nothing else can be,
    /// or it was taken.
    #[must_use]
    pub fn gateway_logon_doubt(&self) -> Option<LogonDoubt> {
        let method = self.shown_gateway()?.method.filter(|_| !self.gateway_had_let_in())?;
        match method {
            AuthMethod::Ntlm | AuthMethod::Negotiate if self.gateway_logon_was_bound() => {
                Some(LogonDoubt::Bound)
            }
            AuthMethod::Ntlm | AuthMethod::Negotiate => Some(LogonDoubt::NotBound),
            AuthMethod::SspiNtlm => Some(LogonDoubt::InTunnel),
            AuthMethod::Basic | AuthMethod::Token => None,
        }
    }

    /// Whether the gateway had taken the logon, on the last connection of the path.
    #[must_use]
    pub fn gateway_had_let_in(&self) -> bool {
        self.path().last().is_some_and(AttemptRecord::is_let_in)
    }

    /// Whether the gateway had let the same credentials in on an earlier connection of the path.
    #[must_use]
    pub fn gateway_let_in_before(&self) -> bool {
        self.path().split_last().is_some_and(|(_, before)| before.iter().any(AttemptRecord::is_let_in))
    }

    /// What else than the credentials may be the reason that the logon there was refused.
    #[must_use]
    pub fn gateway_logon_is_doubtful_because(&self) -> Option<&'static str> {
        if self.gateway_logon_result() != LogonResult::Rejected {
            return None;
        }
        if self.gateway_let_in_before() {
            return Some("the same credentials were let in on another connection of this run");
        }
        Some(match self.gateway_logon_doubt()? {
            LogonDoubt::Bound => {
                "right credentials are refused in the same words where NTLM is restricted, a proxy spoils the logon, or TLS is taken apart"
            }
            LogonDoubt::NotBound => {
                "right credentials are refused in the same words where NTLM is restricted, a proxy spoils the logon, or it has to be bound"
            }
            LogonDoubt::InTunnel => "right credentials are refused in the same words where NTLM is restricted",
        })
    }

    /// Whether something in front of the gateway names itself in HTTP: a `Via`, or a server that is no Windows gateway's.
    #[must_use]
    pub fn gateway_names_a_proxy(&self) -> bool {
        self.http_answer().is_some_and(HttpFacts::names_a_proxy)
    }

    /// Whether the run ended at the gateway's question who it is, and there was nobody to say.
    #[must_use]
    pub fn gateway_needs_credentials(&self) -> bool {
        self.ended_at_gateway_for(NotTried::CredentialsNeeded)
    }

    /// Whether the run ended there because the account was rejected before.
    #[must_use]
    pub fn gateway_account_is_stopped(&self) -> bool {
        self.ended_at_gateway_for(NotTried::AccountStopped)
    }

    /// Whether nothing failed, and the run ended at a logon to the gateway that was not made: nobody came to the target.
    #[must_use]
    pub fn ended_at_gateways_question(&self) -> bool {
        self.gateway_needs_credentials() || self.gateway_account_is_stopped()
    }

    fn ended_at_gateway_for(&self, why: NotTried) -> bool {
        // Most runs have no gateway, and are asked this more than once.
        if self.gateway().is_none() {
            return false;
        }
        let so = Outcome::NotTried(why);
        let mut stages = self.path().last().into_iter().flat_map(|last| last.stages_for(Hop::Gateway));
        self.failure().is_none()
            && stages.any(|record| record.stage == Stage::GatewayAuth && record.outcome == so)
    }

    /// What became of the credentials for the gateway, on whichever connection: a tunnel that was opened once more is a logon, too.
    #[must_use]
    pub fn gateway_logon_result(&self) -> LogonResult {
        let given = self.gateway().is_some_and(|gateway| gateway.logon != GatewayLogon::None);
        let all = || self.attempts.iter().filter(|_| given).map(AttemptRecord::gateway_logon);
        // One that was not accepted counts more than those that were.
        let order =
            [LogonResult::Rejected, LogonResult::Unknown, LogonResult::Accepted, LogonResult::NotTestable];
        order.into_iter().find(|result| all().any(|one| one == *result)).unwrap_or(LogonResult::NotTried)
    }

    /// What the gateway showed.
    #[must_use]
    pub fn shown_gateway(&self) -> Option<ShownGateway<'_>> {
        let gateway = self.gateway()?;
        let mut shown = ShownGateway::default();
        let Some(last) = self.path().last() else { return Some(shown) };
        shown.address = last.first_peer();
        shown.says = self.challenge_of(Hop::Gateway).map(|(facts, clock_skew_ms)| ShownServer {
            facts: facts.clone(),
            clock_skew_ms,
            credssp_version: None,
            product: self.product(Hop::Gateway),
        });
        for fact in last.gateway_facts() {
            if let Observed::LogonSent(method) = fact {
                shown.method = Some(*method);
            }
        }
        for fact in self.gateway_facts() {
            match fact {
                GatewayFact::Asked { connection_id, correlation_id } => {
                    shown.connection_id = Some(connection_id);
                    shown.correlation_id = Some(correlation_id);
                    // What was asked for, until the gateway says otherwise.
                    shown.transport = Some(match gateway.transport {
                        GatewayTransport::Auto | GatewayTransport::WebSocket => GatewayTransport::WebSocket,
                        GatewayTransport::Http => GatewayTransport::Http,
                    });
                }
                GatewayFact::Http(facts) => {
                    // The question who it is lists all; an answer to one of them goes on with that one.
                    if shown.schemes.is_empty() {
                        shown.schemes = facts.schemes.iter().map(String::as_str).collect();
                    }
                    shown.server = facts.server.as_deref().or(shown.server);
                }
                GatewayFact::ChannelBinding(sent) => shown.channel_binding = Some(*sent),
                GatewayFact::OutChannel { .. } => shown.transport = Some(GatewayTransport::Http),
                GatewayFact::Tunnel { id, .. } => shown.tunnel_id = *id,
                GatewayFact::Consent(text) => shown.consent = Some(text),
                GatewayFact::Authorization { redirection, idle_minutes } => {
                    (shown.redirection, shown.idle_minutes) = (*redirection, *idle_minutes);
                }
                GatewayFact::Channel { id, udp_port } => {
                    (shown.channel_id, shown.udp_port) = (*id, *udp_port);
                }
                GatewayFact::ServiceMessage(text) => shown.service_messages.push(text),
                GatewayFact::Closed(code) => shown.closed = Some(*code),
                GatewayFact::RevocationNotChecked
                | GatewayFact::OwnProof { .. }
                | GatewayFact::Seed(_)
                | GatewayFact::Handshake { .. }
                | GatewayFact::AskedFor { .. }
                | GatewayFact::Reauthentication
                | GatewayFact::Keepalive
                | GatewayFact::UnknownPacket(_)
                | GatewayFact::Trailing(_)
                | GatewayFact::ClosedByUs(_) => {}
            }
        }
        if let Some(Failure { awaiting, kind: FailureKind::Gateway(GatewayFault::Code { code, .. }), .. }) =
            self.failure()
        {
            shown.code = Some((*awaiting, *code));
        }
        let of_failure = self.failure_kind().and_then(FailureKind::close).and_then(Close::tunnel_end);
        shown.end = of_failure.or_else(|| shown.closed.map(TunnelEnd::Channel));
        Some(shown)
    }
}

impl AttemptRecord {
    /// Whether a logon at the gateway was taken.
    fn is_let_in(&self) -> bool {
        self.gateway_facts().any(|fact| *fact == Observed::LogonAccepted)
    }

    /// What became of the credentials for the gateway on this connection.
    fn gateway_logon(&self) -> LogonResult {
        let sent = self.gateway_facts().any(|fact| matches!(fact, Observed::LogonSent(_)));
        let failure = self.failure.as_deref().filter(|failure| failure.hop == Hop::Gateway);
        let denied = failure.is_some_and(|failure| {
            matches!(
                &failure.kind,
                FailureKind::Gateway(GatewayFault::Status { status: 401, .. } | GatewayFault::NoScheme)
            ) || matches!(&failure.kind, FailureKind::Gateway(fault) if fault.is_of_logon())
        });
        let untested = failure.is_some_and(|failure| failure.stage == Stage::GatewayAuth);
        match (sent, denied, self.is_let_in()) {
            // What is denied in the tunnel counts more than that HTTP had let somebody pass.
            (true, true, _) => LogonResult::Rejected,
            (true, false, true) => LogonResult::Accepted,
            (true, false, false) => LogonResult::Unknown,
            (false, true, _) => LogonResult::NotTestable,
            (false, false, _) if untested => LogonResult::NotTestable,
            (false, false, _) => LogonResult::NotTried,
        }
    }
}

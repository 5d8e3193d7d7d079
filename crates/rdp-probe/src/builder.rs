//! How a probe is put together and run.
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rdp_probe_core::wire::nego::NegRequest;
use rdp_probe_core::wire::preconnection::PreconnectionPdu;
use rdp_probe_core::wire::x224::{self, ConnectionRequest};
use rdp_probe_core::{
    Address, ClientName, Evidence, Family, GatewayLogon, Limits, LogonResult, NotFollowed, Plan, Routing,
    Security, Stage, Unfollowed,
};
use rdp_probe_diagnosis::{Judge, Rule, diagnose_by};
use tokio::sync::mpsc;

use crate::clock::since_1970;
use crate::credentials::Credentials;
use crate::driver::{Driver, GatewayLogin};
use crate::error::ProbeError;
use crate::gateway::{Gateway, Shows};
use crate::ledger::Ledger;
use crate::network::Network;
use crate::progress::{Events, Progress};
use crate::rdp_file::RdpFile;
use crate::report::Report;
use crate::shared::Shared;
use crate::target::Target;
use crate::tls::{can_carry, entropy};

/// One target, and how to probe it. Make one with [`Probe::builder`].
#[derive(Clone, Debug)]
pub struct Probe {
    target: Target,
    plan: Plan,
    shared: Arc<Shared>,
}

/// How long a run with credentials may take.
pub(crate) const WITH_CREDENTIALS: Duration = Duration::from_secs(60);

/// The same with a logon at a gateway.
const THROUGH_GATEWAY: Duration = Duration::from_secs(90);

/// Puts a [`Probe`] together.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ProbeBuilder {
    probe: Probe,
}

impl Probe {
    /// A probe with the defaults: mask 0x0B with fallback, the deepest stage that proves most, no enumeration.
    pub fn builder(target: Target) -> ProbeBuilder {
        ProbeBuilder::new(target, Arc::default())
    }

    /// Runs it. Ends by its own deadline; dropping the future ends it at once, without a report.
    pub fn run(&self) -> impl Future<Output = Report> {
        self.run_until(std::future::pending())
    }

    /// Runs it until `cancel` is ready: what was found by then is reported, with exit code 5 when that was not enough.
    pub fn run_until(&self, cancel: impl Future<Output = ()>) -> impl Future<Output = Report> {
        self.drive(None, cancel)
    }

    /// Runs it, and tells what happens on the way. The events end with the run.
    pub fn watch(&self, cancel: impl Future<Output = ()>) -> (Events, impl Future<Output = Report>) {
        let (watcher, events) = mpsc::unbounded_channel();
        (Events(events), self.drive(Some(watcher), cancel))
    }

    #[expect(clippy::manual_async_fn, reason = "an async fn keeps what it is given twice")]
    fn drive(
        &self,
        watcher: Option<mpsc::UnboundedSender<Progress>>,
        cancel: impl Future<Output = ()>,
    ) -> impl Future<Output = Report> {
        async move {
            let Shared { network, tls, credentials, ledger, gateway, .. } = &*self.shared;
            let shows = gateway.as_ref().map(|gateway| &gateway.shows);
            let token = shows.and_then(Shows::as_token).map(GatewayLogin::Token);
            let driver = Driver { network: network.as_deref(), tls, logon: None, gateway: token, watcher };
            let accounts = (shows.and_then(Shows::as_account), credentials.as_deref());
            let evidence = match ledger {
                Some(ledger) if accounts.0.is_some() || accounts.1.is_some() => {
                    Box::pin(self.log_on(accounts, ledger, driver, cancel)).await
                }
                Some(_) | None => driver.run(self.planned(&Stopped::default()), cancel).await,
            };
            self.report_of(evidence)
        }
    }

    /// Waits for the turn of each account, before the run's own time begins, and notes what became of them. The gateway's is asked for
    /// first; where it is the target's too, there is one turn.
    async fn log_on(
        &self,
        (gateway, target): (Option<&Credentials>, Option<&Credentials>),
        ledger: &Ledger,
        driver: Driver<'_>,
        cancel: impl Future<Output = ()>,
    ) -> Evidence {
        let (mut cancel, mut cancelled) = (pin!(cancel), false);
        let same = gateway.zip(target).is_some_and(|(gateway, target)| ledger.is_same(gateway, target));
        let own = target.filter(|_| !same);
        let turns = {
            let mut waiting = pin!(async {
                // In an order of the accounts' own, so that no two runs wait for each other.
                match (gateway, own) {
                    (Some(gateway), Some(own)) if ledger.is_before(own, gateway) => {
                        let second = ledger.turn(own).await;
                        (ledger.turn(gateway).await, second)
                    }
                    (gateway, own) => {
                        let first = match gateway {
                            Some(gateway) => ledger.turn(gateway).await,
                            None => None,
                        };
                        let second = match own {
                            Some(own) => ledger.turn(own).await,
                            None => None,
                        };
                        (first, second)
                    }
                }
            });
            poll_fn(|cx| {
                if let Poll::Ready(turns) = waiting.as_mut().poll(cx) {
                    return Poll::Ready(Some(turns));
                }
                cancelled = cancel.as_mut().poll(cx).is_ready();
                if cancelled { Poll::Ready(None) } else { Poll::Pending }
            })
            .await
        };
        // Cut off before its turn, it sends nothing either.
        let (first, second) = turns.unwrap_or_default();
        let targets = if same { first.as_ref() } else { second.as_ref() };
        let shown =
            gateway.zip(first.as_ref()).map(|(credentials, turn)| GatewayLogin::Account(credentials, turn));
        let stopped = Stopped {
            gateway: gateway.is_some() && first.is_none(),
            target: target.is_some() && targets.is_none(),
        };
        let driver = Driver { logon: target.zip(targets), gateway: shown.or(driver.gateway), ..driver };
        // What is over is not asked again.
        let cancel = poll_fn(|cx| if cancelled { Poll::Ready(()) } else { cancel.as_mut().poll(cx) });
        let evidence = driver.run(self.planned(&stopped), cancel).await;
        let by_target = evidence.logon_accepted();
        // Where it is one account, it is rejected from whoever rejects it on.
        let by_gateway = evidence.gateway_logon_result() == LogonResult::Accepted
            && (by_target || !same || !evidence.logon_was_sent());
        let (by_first, by_second) = (by_gateway || (same && by_target), !same && by_target);
        if let Some(turn) = first.filter(|_| by_first) {
            turn.accepted();
        }
        if let Some(turn) = second.filter(|_| by_second) {
            turn.accepted();
        }
        evidence
    }

    /// The plan of a run that begins now; whose accounts are stopped.
    fn planned(&self, stopped: &Stopped) -> Arc<Plan> {
        let mut plan = self.plan.clone();
        if let Some(account) = &mut plan.account {
            account.stopped = stopped.target;
        }
        if let Some(gateway) = &mut plan.gateway
            && let GatewayLogon::Account(account) = &mut gateway.logon
        {
            account.stopped = stopped.gateway;
        }
        if plan.until.rank() >= Stage::Tls.rank() || plan.gateway.is_some() {
            plan.entropy = entropy();
        }
        plan.began_unix_ms = now_unix_ms();
        Arc::new(plan)
    }

    /// The same without what only a close look takes: no logon at the target, no deeper than it goes without one, and no connection beside
    /// the main path. What the way there takes stays, a logon at a gateway too.
    #[must_use]
    pub fn at_a_glance(&self) -> Self {
        let mut probe = self.clone();
        (probe.plan.enumerate, probe.plan.second_look) = (false, false);
        (probe.plan.account, probe.plan.restricted_admin) = (None, false);
        if probe.plan.until.rank() > Stage::BasicSettingsExchange.rank()
            || probe.plan.until == Stage::EarlyUserAuth
        {
            (probe.plan.until, probe.plan.until_asked) = (Stage::BasicSettingsExchange, false);
        }
        Arc::make_mut(&mut probe.shared).credentials = None;
        probe
    }

    /// The report on what was found, with this probe's rules: of a run that has ended, or of one under way
    /// ([`Progress::PathEnded`]).
    #[must_use]
    pub fn report_of(&self, evidence: Evidence) -> Report {
        let diagnosis = diagnose_by(&evidence, &self.shared.rules, &self.shared.judges);
        Report::new(self.target.clone(), evidence, diagnosis)
    }

    /// What is probed.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// What it is going to do.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// Whose accounts were rejected before: nothing is computed from their secrets any more.
#[derive(Default)]
struct Stopped {
    gateway: bool,
    target: bool,
}

/// What runs a probe can be spawned: this does not compile where a future of it is not `Send`.
const _: fn(&Probe) = |probe| {
    fn is_send(_: impl Send) {}
    is_send(probe.run());
    is_send(probe.run_until(std::future::pending()));
    is_send(probe.watch(std::future::pending()));
};

impl ProbeBuilder {
    pub(crate) fn new(target: Target, shared: Arc<Shared>) -> Self {
        let mut plan = Plan::new(target.host.clone(), target.port);
        plan.account = shared.credentials.as_ref().map(|credentials| Box::new(credentials.account.clone()));
        plan.gateway = shared.gateway.as_ref().map(|gateway| Box::new(gateway.planned.clone()));
        plan.target.require_trust = shared.tls.target.roots.is_some();
        plan.limits.clone_from(&shared.limits);
        Self { probe: Probe { target, plan, shared } }
    }

    fn shared(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.probe.shared)
    }

    /// Everything at once, such as the plan of stored evidence. The plan's host and port take the place of the target's.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.probe.plan = plan;
        self
    }

    /// How deep to go. Default: the deepest stage that starts no session.
    pub const fn until(mut self, stage: Stage) -> Self {
        self.probe.plan.until = stage;
        self.probe.plan.until_asked = true;
        self
    }

    /// Which security protocols to offer. Default: mask 0x0B, then what a refusal implies.
    pub const fn security(mut self, security: Security) -> Self {
        self.probe.plan.security = security;
        self
    }

    /// So many days before a certificate ends this is a finding; 0: it is none. Default: 30.
    pub const fn certificate_days(mut self, days: u16) -> Self {
        self.probe.plan.target.certificate_days = days;
        self
    }

    /// Whether to ask for each security protocol after the main path, one connection at a time, 25 ms apart, at most
    /// eight. Default: no.
    pub const fn enumerate(mut self, enumerate: bool) -> Self {
        self.probe.plan.enumerate = enumerate;
        self
    }

    /// Whether to ask again, and differently, where the peer ends without a word in place of the Connection Confirm: up to five further
    /// connections, each of which waits 1.5 s, ended by the first that explains the end. Default: no.
    pub const fn second_look(mut self, second_look: bool) -> Self {
        self.probe.plan.second_look = second_look;
        self
    }

    /// Whether to go through every address of the name; the worst decides. Default: no, the first that connects does.
    pub const fn all_addresses(mut self, all: bool) -> Self {
        self.probe.plan.all_addresses = all;
        self
    }

    /// Which addresses to take. Default: all.
    pub const fn family(mut self, family: Family) -> Self {
        self.probe.plan.family = family;
        self
    }

    /// What to put into `Cookie: mstshash=`, for load balancers. Default: no cookie. Takes the place of a routing token.
    pub fn cookie(mut self, cookie: impl Into<String>) -> Self {
        self.probe.plan.routing = Routing::Cookie(cookie.into());
        self
    }

    /// A routing token, for load balancers: these octets, and CR LF when they do not end in it. An .rdp file has it as
    /// `loadbalanceinfo`. Default: none. Takes the place of a cookie.
    pub fn routing_token(mut self, token: impl Into<Vec<u8>>) -> Self {
        self.probe.plan.routing = Routing::Token(token.into());
        self
    }

    /// A pre-connection blob, sent before every Connection Request: it says which of several behind one port is
    /// meant. Default: none.
    pub fn preconnection_blob(mut self, blob: impl Into<String>) -> Self {
        self.probe.plan.preconnection_blob = Some(blob.into().into());
        self
    }

    /// What the client calls itself to the server, whose log then tells who came by: 1 to 15 characters. Default: `rdp-probe`.
    ///
    /// It stands in the client's core data. A logon by NTLM names no computer, whatever this is.
    ///
    /// # Errors
    /// [`ProbeError::ClientName`] when no client can be called so.
    pub fn client_name(mut self, name: &str) -> Result<Self, ProbeError> {
        self.probe.plan.client_name = Some(Box::new(ClientName::parse(name).map_err(ProbeError::ClientName)?));
        Ok(self)
    }

    /// Logs on without giving the password to the server, where it offers that: Restricted Admin ([MS-RDPBCGR] 5.4.2.2). Without credentials it
    /// says nothing. Default: no.
    pub const fn restricted_admin(mut self, restricted: bool) -> Self {
        self.probe.plan.restricted_admin = restricted;
        self
    }

    /// What a client would do, and the run does not, so that the report says it. Those of before stay.
    pub fn not_followed(mut self, more: impl IntoIterator<Item = NotFollowed>) -> Self {
        let place = &mut self.probe.plan.not_followed;
        let mut all = std::mem::take(place).into_vec();
        for one in more {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        *place = all.into_boxed_slice();
        self
    }

    /// What an .rdp file says of the connection: security protocols, TLS name, routing token or the user's cookie, pre-connection blob,
    /// what is not followed, and its gateway with the token that the file has for it.
    ///
    /// What is set after it wins. A gateway that was set before it, here or at the [`crate::Prober`], wins too, since it is the way out of
    /// where the probe runs. The target is the builder's own: [`RdpFile::target`].
    pub fn rdp_file(mut self, file: &RdpFile) -> Self {
        let plan = &mut self.probe.plan;
        plan.security = file.security.unwrap_or(plan.security);
        if let Some(name) = &file.server_name {
            plan.target.server_name = Some(name.as_str().into());
        }
        if let Some(token) = &file.routing_token {
            plan.routing = Routing::Token(token.clone());
        } else if let Some(cookie) = &file.cookie {
            plan.routing = Routing::Cookie(cookie.clone());
        }
        if let Some(blob) = &file.preconnection_blob {
            plan.preconnection_blob = Some(blob.as_str().into());
        }
        plan.target.refuses_untrusted |= file.refuses_untrusted;
        let through = file.gateway.as_ref().filter(|_| plan.gateway.is_none());
        if let Some(gateway) = through {
            self = self.gateway(gateway.to_gateway()).not_followed(gateway.not_followed.iter().cloned());
        }
        let not_followed = file.not_followed.iter();
        // Whoever has another gateway on the way misses none of the file's.
        let has_gateway = self.probe.plan.gateway.is_some();
        self.not_followed(not_followed.filter(|one| !(has_gateway && one.what == Unfollowed::Gateway)).cloned())
    }

    /// How long the whole run may take. Default: 20 s.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.probe.plan.limits.overall = limit;
        self
    }

    /// How long one stage may take. Default: 5 s for the stages of this version.
    pub fn stage_timeout(mut self, stage: Stage, limit: Duration) -> Self {
        self.probe.plan.limits.set(stage, limit);
        self
    }

    /// Resolves and connects in another way than the operating system's.
    pub fn network(mut self, network: Arc<dyn Network>) -> Self {
        self.shared().network = Some(network);
        self
    }

    /// These addresses instead of what the name resolves to.
    pub fn resolve_to(mut self, addresses: Vec<Address>) -> Self {
        self.probe.plan.target.given = addresses;
        self
    }

    /// The certificate has to be this one, by the SHA-256 of its DER in hexadecimal, with or without colons. May be repeated:
    /// any of them will do.
    pub fn pin(mut self, sha256: &str) -> Self {
        let digits: String = sha256.chars().filter(|c| *c != ':').collect();
        self.probe.plan.target.pins.push(digits.to_ascii_lowercase());
        self
    }

    /// The certificate has to lead to one of these roots, given in PEM, for the name that is asked.
    ///
    /// # Errors
    /// [`ProbeError::Roots`] when there is no certificate in `pem`.
    pub fn trust(mut self, pem: &[u8]) -> Result<Self, ProbeError> {
        self.shared().trust(pem)?;
        self.probe.plan.target.require_trust = true;
        Ok(self)
    }

    /// The name to send and to check in TLS. Default: the host's.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.probe.plan.target.server_name = Some(name.into().into_boxed_str());
        self
    }

    /// Appends the TLS session keys to this file, in the format of SSLKEYLOGFILE.
    ///
    /// # Errors
    /// As the operating system says, when the file cannot be opened.
    pub fn key_log(mut self, path: &std::path::Path) -> std::io::Result<Self> {
        self.shared().key_log(path)?;
        Ok(self)
    }

    /// Credentials to prove, as far as that goes without giving them away: the server's own proof ends the exchange. Default: none.
    ///
    /// The password leaves this computer only as an answer by NTLM, once, to a peer whose certificate is trusted, pinned or taken
    /// ([`ProbeBuilder::accept_certificate`]); of all probes that were made of one [`crate::Prober`], wherever their credentials were given,
    /// an account is used no more once it was rejected, and until it was accepted by one of them at a time. There is no enumeration beside
    /// it, and the run may take 60 s unless [`ProbeBuilder::timeout`] is set after this.
    ///
    /// Whatever the library for NTLM logs is not heard. The subscriber that hears nothing in its place ends the forwarding of `tracing` to
    /// the crate `log` for the rest of the process, where the process has set no subscriber of its own.
    #[cfg(feature = "nla")]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        let plan = &mut self.probe.plan;
        plan.account = Some(Box::new(credentials.account.clone()));
        if plan.limits.overall == Limits::default().overall {
            plan.limits.overall = WITH_CREDENTIALS;
        }
        self.shared().log_on(credentials);
        self
    }

    /// Goes through this RD Gateway: the probe opens a tunnel there, stage by stage, and runs inside it. Default: none.
    ///
    /// The target's name is the gateway's to resolve. There is one tunnel a run, and one more where a refusal named what the target wants:
    /// no enumeration, no second look and no further address, also where [`Gateway::detect`] finds that it is not needed. With a logon at the gateway the run may take 90 s, unless
    /// [`ProbeBuilder::timeout`] is set after this: somebody may have to approve it.
    pub fn gateway(mut self, gateway: Gateway) -> Self {
        let plan = &mut self.probe.plan;
        plan.limits.overall = through_gateway(&gateway, plan.limits.overall);
        plan.gateway = Some(Box::new(gateway.planned.clone()));
        self.shared().go_through(gateway);
        self
    }

    /// Takes whatever certificate the target shows, for this run, and so the logon that goes there. Default: no.
    #[cfg(feature = "nla")]
    pub const fn accept_certificate(mut self, accept: bool) -> Self {
        self.probe.plan.target.accept_certificate = accept;
        self
    }

    /// A rule of your own beside the catalogue; it may supersede rows of it.
    pub fn rule(mut self, rule: &'static Rule) -> Self {
        self.shared().rules.push(rule);
        self
    }

    /// The same, where a rule needs to know more than a row can hold.
    pub fn judge(mut self, judge: Arc<dyn Judge>) -> Self {
        self.shared().judges.push(judge);
        self
    }

    /// The probe.
    ///
    /// # Errors
    /// [`ProbeError`] when it asks for what cannot be done. What is wrong with the target shows in the report instead.
    pub fn build(self) -> Result<Probe, ProbeError> {
        let probe = self.settled();
        let plan = &probe.plan;
        let of_gateway = plan.gateway.iter().flat_map(|gateway| &gateway.leg.pins);
        if let Some(pin) = of_gateway.chain(&plan.target.pins).find(|pin| !is_sha256(pin)) {
            return Err(ProbeError::Pin(pin.clone()));
        }
        if !plan.until.can_be_asked_for() {
            return Err(ProbeError::StageNotBuilt(plan.until));
        }
        let limits = plan.limits.stages.iter().map(|(_, limit)| limit).chain([&plan.limits.overall]);
        if limits.into_iter().any(Duration::is_zero) {
            return Err(ProbeError::NoTime);
        }
        if let Some(name) = plan.target.server_name.as_ref().filter(|name| !can_carry(name)) {
            return Err(ProbeError::ServerName(name.to_string()));
        }
        let fits = |routing| {
            let negotiation = Some(NegRequest { flags: Default::default(), protocols: plan.security.mask() });
            ConnectionRequest { routing, negotiation }.encode(&mut Vec::new())
        };
        match &plan.routing {
            Routing::Cookie(cookie) => fits(x224::Routing::Cookie(cookie)).map_err(ProbeError::Cookie)?,
            Routing::Token(token) => fits(x224::Routing::Token(token)).map_err(ProbeError::RoutingToken)?,
            Routing::None | _ => {}
        }
        if let Some(blob) = &plan.preconnection_blob {
            PreconnectionPdu::encode(blob, &mut Vec::new()).map_err(ProbeError::PreconnectionBlob)?;
        }
        Ok(probe)
    }

    /// The probe, whose parts fit each other, though what is asked may be more than can be done.
    pub(crate) fn settled(mut self) -> Probe {
        let plan = &mut self.probe.plan;
        // Nobody is asked for more than the question needs where a logon is at stake.
        plan.enumerate &= plan.account.is_none();
        plan.restricted_admin &= plan.account.is_some();
        if plan.gateway.is_some() {
            (plan.enumerate, plan.second_look, plan.all_addresses) = (false, false, false);
            let policy = self.probe.shared.gateway_policy();
            self.shared().tls.gateway = policy;
        }
        self.probe
    }
}

fn is_sha256(pin: &str) -> bool {
    pin.len() == 64 && pin.bytes().all(|b| b.is_ascii_hexdigit())
}

/// How long a run through this gateway may take, where nobody said otherwise: a logon there may wait for a person.
pub(crate) fn through_gateway(gateway: &Gateway, overall: Duration) -> Duration {
    let unsaid = overall == Limits::default().overall || overall == WITH_CREDENTIALS;
    let logs_on = !matches!(gateway.shows, Shows::Nothing);
    if unsaid && logs_on { THROUGH_GATEWAY } else { overall }
}

/// This computer's clock.
fn now_unix_ms() -> i64 {
    i64::try_from(since_1970().as_millis()).unwrap_or_default()
}

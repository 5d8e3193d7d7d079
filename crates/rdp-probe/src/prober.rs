//! Many probes that have something in common.
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "nla")]
use rdp_probe_core::Limits;
use rdp_probe_core::Stage;
use rdp_probe_diagnosis::{Judge, Rule};

#[cfg(feature = "nla")]
use crate::builder::WITH_CREDENTIALS;
use crate::builder::{ProbeBuilder, through_gateway};
#[cfg(feature = "nla")]
use crate::credentials::Credentials;
use crate::error::ProbeError;
use crate::gateway::Gateway;
use crate::network::Network;
use crate::shared::Shared;
use crate::sweep::Sweep;
use crate::target::Target;

/// What many probes have in common: network, roots, key log, rules and deadlines. Roots are read and files are opened once, however
/// many targets there are. A copy is as cheap as a pointer.
///
/// ```
/// use rdp_probe::{Prober, Target};
/// use std::time::Duration;
///
/// let prober = Prober::new().timeout(Duration::from_secs(5));
/// let probes: Result<Vec<_>, _> =
///     ["srv1", "srv2:3390"].into_iter().map(|name| Ok(prober.probe(name.parse()?).build()?)).collect();
/// # probes.map(drop).map_err(|error: Box<dyn std::error::Error>| error)
/// # .unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until a target is probed"]
pub struct Prober {
    shared: Arc<Shared>,
}

impl Default for Prober {
    fn default() -> Self {
        Self { shared: Arc::new(Shared::of_many()) }
    }
}

impl Prober {
    /// The operating system's network and roots, no key log, the catalogue's rules, the usual deadlines.
    pub fn new() -> Self {
        Self::default()
    }

    fn shared(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.shared)
    }

    /// Resolves and connects in another way than the operating system's.
    pub fn network(mut self, network: Arc<dyn Network>) -> Self {
        self.shared().network = Some(network);
        self
    }

    /// Every target's certificate has to lead to one of these roots, given in PEM, for the name that is asked.
    ///
    /// # Errors
    /// [`ProbeError::Roots`] when there is no certificate in `pem`.
    pub fn trust(mut self, pem: &[u8]) -> Result<Self, ProbeError> {
        self.shared().trust(pem)?;
        Ok(self)
    }

    /// Appends the TLS session keys to this file, in the format of SSLKEYLOGFILE.
    ///
    /// # Errors
    /// As the operating system says, when the file cannot be opened.
    pub fn key_log(mut self, path: &Path) -> io::Result<Self> {
        self.shared().key_log(path)?;
        Ok(self)
    }

    /// The same, where a file that cannot be opened or written is no reason not to probe: `failed` is told of the first error, and
    /// of no further one.
    pub fn key_log_or(mut self, path: &Path, failed: impl FnOnce(&io::Error) + Send + 'static) -> Self {
        self.shared().key_log_or(path, Box::new(failed));
        self
    }

    /// Credentials to prove to every target: see [`ProbeBuilder::credentials`]. All probes share what became of the account.
    #[cfg(feature = "nla")]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        let shared = self.shared();
        if shared.limits.overall == Limits::default().overall {
            shared.limits.overall = WITH_CREDENTIALS;
        }
        shared.log_on(credentials);
        self
    }

    /// Goes through this RD Gateway to every target: see [`ProbeBuilder::gateway`]. All probes share what became of the account.
    pub fn gateway(mut self, gateway: Gateway) -> Self {
        let shared = self.shared();
        shared.limits.overall = through_gateway(&gateway, shared.limits.overall);
        shared.go_through(gateway);
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

    /// Probes all of them, many at a time ([`Sweep::at_a_time`]), and gives each report as it ends: whatever is slow holds back nobody.
    /// Targets are taken when there is a place for them, so that there may be any number; memory does not grow with it. Dropping the stream
    /// ends what is under way. Where a probe is to be put together otherwise, [`Sweep::of`] takes probes.
    ///
    /// ```no_run
    /// use rdp_probe::{Host, Prober, Target};
    ///
    /// # async fn example() {
    /// let targets = (1..=254).map(|last| Target::new(Host::Ip([10, 0, 0, last].into()), 3389));
    /// let mut reports = Prober::new().sweep(targets).at_a_time(64);
    /// while let Some(report) = reports.next().await {
    ///     print!("{}", report.line());
    /// }
    /// # }
    /// ```
    pub fn sweep<I>(&self, targets: I) -> Sweep
    where
        I: IntoIterator<Item = Target>,
        I::IntoIter: Send + 'static,
    {
        let prober = self.clone();
        // Nothing that is set here cannot be done; what leaves no time or nothing to be trusted shows in the reports.
        Sweep::of(targets.into_iter().map(move |target| prober.probe(target).settled()))
    }

    /// How long each run may take. Default: 20 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.shared().limits.overall = limit;
        self
    }

    /// How long one stage may take. Default: 5 s for most stages of this version, 10 s for CredSSP and its alternatives.
    pub fn stage_timeout(mut self, stage: Stage, limit: Duration) -> Self {
        self.shared().limits.set(stage, limit);
        self
    }

    /// A probe of this target with all of that. What is set on it holds for it alone.
    pub fn probe(&self, target: Target) -> ProbeBuilder {
        ProbeBuilder::new(target, Arc::clone(&self.shared))
    }
}

//! Credentials, in a build that can prove them; in another one there are none.
pub(crate) use here::{Credentials, check, made, of_builder, of_prober};

#[cfg(feature = "nla")]
mod here {
    pub(crate) use rdp_probe::Credentials;
    use rdp_probe::{Account, ProbeBuilder, Prober, Secret};

    use crate::options::Options;

    /// Whether there can be such an account.
    pub(crate) fn check(user: &str, domain: Option<&str>) -> Result<(), String> {
        Account::parse(user, domain).map(|_| ()).map_err(|error| error.to_string())
    }

    /// An account and its password.
    pub(crate) fn made(
        user: &str,
        domain: Option<&str>,
        password: Secret<String>,
    ) -> Result<Credentials, String> {
        Credentials::new(user, domain, password).map_err(|error| error.to_string())
    }

    /// With these credentials for every target.
    pub(crate) fn of_prober(options: &Options, prober: Prober, credentials: Credentials) -> Prober {
        let prober = prober.credentials(credentials);
        // They have a limit of their own for the run, and what was typed wins.
        match options.timeout {
            Some(limit) => prober.timeout(limit),
            None => prober,
        }
    }

    /// With these credentials for one target, and with what of certificates is for a logon only.
    pub(crate) fn of_builder(
        options: &Options,
        builder: ProbeBuilder,
        credentials: Option<Credentials>,
    ) -> ProbeBuilder {
        let accept = options.accept_certificate || options.pasted.accept_certificate;
        let builder = builder.accept_certificate(accept);
        let Some(credentials) = credentials else { return builder };
        let builder = builder.credentials(credentials);
        match options.timeout {
            Some(limit) => builder.timeout(limit),
            None => builder,
        }
    }
}

#[cfg(not(feature = "nla"))]
mod here {
    use rdp_probe::{ProbeBuilder, Prober, Secret};

    use crate::options::Options;

    /// Nobody's.
    #[derive(Debug)]
    pub(crate) enum Credentials {}

    const NONE: &str = "this build proves no credentials: it was made without feature nla";

    pub(crate) fn check(_: &str, _: Option<&str>) -> Result<(), String> {
        Err(NONE.to_owned())
    }

    pub(crate) fn made(_: &str, _: Option<&str>, _: Secret<String>) -> Result<Credentials, String> {
        Err(NONE.to_owned())
    }

    pub(crate) fn of_prober(_: &Options, _: Prober, credentials: Credentials) -> Prober {
        match credentials {}
    }

    pub(crate) fn of_builder(
        _: &Options,
        builder: ProbeBuilder,
        credentials: Option<Credentials>,
    ) -> ProbeBuilder {
        credentials.map_or(builder, |credentials| match credentials {})
    }
}

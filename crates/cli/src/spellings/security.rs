//! Which security protocols another client's options leave on: `/sec` and those beside it.

/// Which are on; a client has these on where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Protocols {
    rdp: bool,
    tls: bool,
    nla: bool,
    ext: bool,
    aad: bool,
    /// Whether anything was said.
    said: bool,
}

impl Default for Protocols {
    fn default() -> Self {
        Self { rdp: true, tls: true, nla: true, ext: false, aad: false, said: false }
    }
}

/// What is taken.
const EXPECTED: &str = "expected rdp, tls, nla, ext or aad, each with :on or :off behind it or not";

impl Protocols {
    const NONE: Self = Self { rdp: false, tls: false, nla: false, ext: false, aad: false, said: true };

    /// The value of `/sec`: one name alone leaves nothing else on; several, or with `:on` and `:off`, switch their own.
    ///
    /// # Errors
    /// What was expected.
    pub(super) fn value(&mut self, value: &str) -> Result<(), &'static str> {
        let alone = !value.contains([',', ':']);
        if alone {
            *self = Self::NONE;
        }
        for part in value.split(',') {
            let (name, state) = part.split_once(':').unwrap_or((part, "on"));
            let on = match state.to_ascii_lowercase().as_str() {
                "on" => true,
                "off" => false,
                _ => return Err(EXPECTED),
            };
            self.switch(name, on)?;
        }
        // Early User Authorization is Network Level Authentication, too.
        if alone && self.ext {
            self.nla = true;
        }
        Ok(())
    }

    /// Switches one.
    ///
    /// # Errors
    /// What was expected.
    pub(super) fn switch(&mut self, name: &str, on: bool) -> Result<(), &'static str> {
        let place = match name.to_ascii_lowercase().as_str() {
            "rdp" => &mut self.rdp,
            "tls" => &mut self.tls,
            "nla" => &mut self.nla,
            "ext" => &mut self.ext,
            "aad" => &mut self.aad,
            _ => return Err(EXPECTED),
        };
        *place = on;
        self.said = true;
        Ok(())
    }

    /// The value of `--security`; `None` where nothing was said, or nothing is left out that is asked for by itself.
    ///
    /// # Errors
    /// Where nothing is left on.
    pub(super) fn asked(self) -> Result<Option<&'static str>, &'static str> {
        let Self { rdp, tls, nla, ext, aad, said } = self;
        Ok(match (said, aad, nla || ext, tls, rdp) {
            (false, ..) => None,
            (true, true, ..) => Some("aad"),
            (true, false, true, true, _) => None,
            (true, false, true, false, _) => Some(if ext { "nla-ext" } else { "nla" }),
            (true, false, false, true, _) => Some("tls"),
            (true, false, false, false, true) => Some("rdp"),
            (true, false, false, false, false) => return Err("no security protocol is left on"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_on_decides() {
        for (value, asked) in [
            ("rdp", Some("rdp")),
            ("TLS", Some("tls")),
            ("nla", Some("nla")),
            ("ext", Some("nla-ext")),
            ("aad", Some("aad")),
            ("nla:off", Some("tls")),
            ("nla:off,tls:on", Some("tls")),
            ("NLA:OFF,tls:off", Some("rdp")),
            ("nla,tls:off", Some("nla")),
            ("tls:off", Some("nla")),
            ("tls:off,ext:on", Some("nla-ext")),
            ("tls:on", None),
            ("tls,nla", None),
            ("rdp:off", None),
            ("aad,tls,nla", Some("aad")),
        ] {
            let mut protocols = Protocols::default();
            protocols.value(value).unwrap();
            assert_eq!(protocols.asked(), Ok(asked), "{value}");
        }
        assert_eq!(Protocols::default().asked(), Ok(None));
    }

    #[test]
    fn what_is_none_is_refused() {
        for value in ["", "strong", "nla:maybe", "nla,", "nla:off,tls:off,rdp:off"] {
            let mut protocols = Protocols::default();
            assert!(protocols.value(value).and_then(|()| protocols.asked()).is_err(), "{value}");
        }
    }

    #[test]
    fn switches_of_their_own_are_the_same() {
        let mut protocols = Protocols::default();
        protocols.switch("nla", false).unwrap();
        protocols.switch("tls", true).unwrap();
        assert_eq!(protocols.asked(), Ok(Some("tls")));
    }
}

//! What holds for .rdp files, whoever wrote them.
use rdp_probe::{GatewayLogon, Probe, RdpFile, Target, is_harmful};

/// As much as is said of a file that cannot be read, and of one warning, in octets: eight names of forty characters, each spelt
/// out when it is harmful.
const MOST_SAID: usize = 4096;

/// Whatever is behind a key for a secret, as octets that nothing else in a file is.
const SECRET: &str = "zq9SECRET9qz";

/// A file is refused in a few words, or names a target; it is the same file in UTF-16; and it changes of a probe what it may
/// change: where to and by which gateway, which protocols, and what goes before them. Neither pins nor roots nor depth are in its power, nor
/// limits but that of a logon at its gateway; nobody logs on there but by its token. And a secret in it is said nowhere.
///
/// # Panics
/// When that does not hold.
pub fn rdp_file(octets: &[u8]) {
    says_no_secret(octets);
    let read = RdpFile::parse(octets);
    same_in_utf16(octets, &read);
    let file = match read {
        Ok(file) => file,
        Err(error) => {
            let said = error.to_string();
            assert!((1..MOST_SAID).contains(&said.len()) && !said.contains(['\n', '\r']), "{said}");
            return;
        }
    };
    for warning in &file.warnings {
        let said = warning.to_string();
        assert!((1..MOST_SAID).contains(&said.len()) && !said.contains(['\n', '\r']), "{said}");
    }
    let target = file.target();
    let typed = target.input.parse::<Target>();
    assert_eq!(typed.map(|typed| (typed.host, typed.port)), Ok((target.host.clone(), target.port)), "{file:?}");
    let probe = Probe::builder(target.clone()).rdp_file(&file).build();
    let Ok(probe) = probe else { panic_of(&file, &probe.err()) };
    let plain = Probe::builder(target).build();
    let mut plan = probe.plan().clone();
    if let Ok(plain) = plain {
        let plain = plain.plan();
        plan.target.server_name.clone_from(&plain.target.server_name);
        plan.security = plain.security;
        plan.routing.clone_from(&plain.routing);
        plan.preconnection_blob.clone_from(&plain.preconnection_blob);
        plan.not_followed.clone_from(&plain.not_followed);
        plan.target.refuses_untrusted = plain.target.refuses_untrusted;
        plan.limits.clone_from(&plain.limits);
        let gateway = plan.gateway.take();
        assert_eq!(gateway.is_some(), file.gateway.is_some(), "{file:?}");
        if let (Some(gateway), Some(named)) = (gateway, &file.gateway) {
            let shows = if named.token.is_some() { GatewayLogon::Token } else { GatewayLogon::None };
            assert!(gateway.leg.require_trust && gateway.leg.pins.is_empty(), "{gateway:?}");
            assert_eq!((&gateway.leg.host, gateway.leg.port, gateway.logon), (&named.host, named.port, shows));
        }
        assert_eq!(&plan, plain, "more than it may change: {file:?}");
    }
}

/// What stands behind a key for a secret, in good form or not, is said nowhere.
fn says_no_secret(octets: &[u8]) {
    let secrets = format!(
        "\ngatewayaccesstoken:s:{SECRET}\npassword:s:{SECRET}\npassword={SECRET}\npassword 51 {SECRET}\ngatewayaccesstoken:{SECRET}\n{SECRET}\n\
         gatewayaccesstoken:s:{SECRET}"
    );
    // Behind UTF-16 they would be other characters.
    if str::from_utf8(octets).is_err() || octets.contains(&0) {
        return;
    }
    for all in [[octets, secrets.as_bytes()].concat(), [secrets.as_bytes(), b"\n", octets].concat()] {
        let read = RdpFile::parse(&all);
        let said = match &read {
            Ok(file) => {
                let warned = file.warnings.iter().map(ToString::to_string);
                let more = file.not_followed.iter().map(ToString::to_string);
                warned.chain(more).chain([format!("{file:?}")]).collect::<Vec<_>>().join(" ")
            }
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!said.contains(SECRET), "{said}");
        assert!(!read.is_err_and(|error| error.to_string().contains(is_harmful)), "{said}");
    }
}

#[expect(clippy::panic, reason = "how an oracle says that its property does not hold")]
fn panic_of(file: &RdpFile, error: &dyn std::fmt::Debug) -> ! {
    panic!("a file that is read cannot be probed: {error:?}: {file:?}")
}

/// Clients save in UTF-16, people write UTF-8.
fn same_in_utf16(octets: &[u8], read: &Result<RdpFile, rdp_probe::RdpFileError>) {
    // Where every other octet of what is looked at is NUL, as far as half of it goes, it is UTF-16 already.
    let begins = octets.get(..1024).unwrap_or(octets);
    let wide = begins.iter().filter(|octet| **octet == 0).count() >= (begins.len() / 4).max(1);
    let (Ok(text), false) = (str::from_utf8(octets), wide) else {
        return;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let marked = "\u{feff}".encode_utf16().chain(text.encode_utf16());
    let (mut little, mut big) = (Vec::new(), Vec::new());
    for unit in marked {
        little.extend(unit.to_le_bytes());
        big.extend(unit.to_be_bytes());
    }
    if little.len() <= RdpFile::MAX_LEN {
        assert_eq!(&RdpFile::parse(&little), read, "UTF-16LE");
        assert_eq!(&RdpFile::parse(&big), read, "UTF-16BE");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn every_file_is_refused_or_names_a_target(
            host in "[a-z0-9.:\\[\\]-]{0,20}",
            rest in "(\r?\n?(server port|pcb|loadbalanceinfo|enablecredsspsupport|gatewayhostname|gatewayusagemethod|username|kdcproxyname|[a-z# ]{0,12})\
                    :[sib]?:.{0,20}|\r?\n?.{0,20}){0,8}",
        ) {
            rdp_file(format!("full address:s:{host}{rest}").as_bytes());
        }

        #[test]
        fn all_octets_are_refused_or_name_a_target(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            rdp_file(&octets);
        }
    }
}

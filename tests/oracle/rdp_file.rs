//! What holds for .rdp files, whoever wrote them.
use rdp_probe::{Probe, RdpFile, Target};

/// As much as is said of a file that cannot be read, and of one warning, in octets: eight names of forty characters, each spelt
/// out when it is harmful.
const MOST_SAID: usize = 4096;

/// A file is refused in a few words, or names a target; it is the same file in UTF-16; and it changes of a probe what it may
/// change: where to, which protocols, and what goes before them. Neither pins nor roots, limits nor depth are in its power.
///
/// # Panics
/// When that does not hold.
pub fn rdp_file(octets: &[u8]) {
    let read = RdpFile::parse(octets);
    same_in_utf16(octets, &read);
    let file = match read {
        Ok(file) => file,
        Err(error) => {
            let said = error.to_string();
            assert!((1..MOST_SAID).contains(&said.len()), "{said}");
            return;
        }
    };
    for warning in &file.warnings {
        let said = warning.to_string();
        assert!((1..MOST_SAID).contains(&said.len()), "{said}");
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
        assert_eq!(&plan, plain, "more than it may change: {file:?}");
    }
}

#[expect(clippy::panic, reason = "how an oracle says that its property does not hold")]
fn panic_of(file: &RdpFile, error: &dyn std::fmt::Debug) -> ! {
    panic!("a file that is read cannot be probed: {error:?}: {file:?}")
}

/// Clients save in UTF-16, people write UTF-8.
fn same_in_utf16(octets: &[u8], read: &Result<RdpFile, rdp_probe::RdpFileError>) {
    // What begins as UTF-16 is that already.
    let (Ok(text), false) = (str::from_utf8(octets), octets.iter().take(2).any(|octet| *octet == 0)) else {
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
            rest in "(\r?\n?(server port|pcb|loadbalanceinfo|enablecredsspsupport|[a-z ]{0,12}):[sib]:.{0,20}){0,6}",
        ) {
            rdp_file(format!("full address:s:{host}{rest}").as_bytes());
        }

        #[test]
        fn all_octets_are_refused_or_name_a_target(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            rdp_file(&octets);
        }
    }
}

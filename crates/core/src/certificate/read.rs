//! From DER to the facts of a certificate. wire takes it apart, x509-parser reads the fields, each alone, so that one that is spoilt
//! costs none of the others.
use rdp_probe_wire::x509::{Certificate, Extension};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_parser::extensions::{GeneralName, SubjectAlternativeName};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::algorithm::{Signature, key_of};
use super::name::{self, Name};
use super::text::{hex, number, serial, text};
use super::{ANY_USAGE, CertificateFacts, KeyKind};

/// So many usages are kept.
const MAX_USAGES: usize = 64;
/// subjectAltName.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1D, 0x11];
/// extKeyUsage.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x25];

/// The first thing that could not be read.
#[derive(Debug, Default)]
struct Unreadable(Option<String>);

impl Unreadable {
    fn note(&mut self, field: &str) {
        self.0.get_or_insert_with(|| field.to_owned());
    }

    /// What was read, noted where it is nothing though the field is there.
    fn unless<T>(
        &mut self,
        field: &str,
        octets: Option<&[u8]>,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let value = read(octets?);
        if value.is_none() {
            self.note(field);
        }
        value
    }
}

impl CertificateFacts {
    /// Reads a certificate in DER, as far as it can be read: what it is known by stands in its octets, whatever they are.
    #[must_use]
    pub fn read(der: &[u8]) -> Self {
        let outer = Certificate::read(der);
        let mut unreadable = Unreadable(outer.fault.map(|fault| fault.field.to_owned()));
        let self_signed = outer.subject.is_some() && outer.subject == outer.issuer;
        let mut named = |field, octets| {
            let name = unreadable.unless(field, octets, name::read);
            if name.as_ref().is_some_and(|name| !name.is_whole) {
                unreadable.note(field);
            }
            name
        };
        let subject = named("subject", outer.subject);
        let issuer = match &subject {
            Some(name) if self_signed => Some(text(&name.text)),
            Some(_) | None => named("issuer", outer.issuer).map(|name| text(&name.text)),
        };
        let mut common = Vec::new();
        let subject = subject.map(|Name { text: whole, common: names, .. }| {
            common.extend(names.iter().map(|name| text(name)));
            text(&whole)
        });
        let not_before = unreadable.unless("notBefore", outer.not_before, seconds);
        let not_after = unreadable.unless("notAfter", outer.not_after, seconds);
        let key = unreadable.unless("subjectPublicKeyInfo", outer.subject_public_key_info, |info| {
            parsed::<SubjectPublicKeyInfo<'_>>(info).map(|info| key_of(&info))
        });
        if let Some((KeyKind::Rsa, None)) = key {
            unreadable.note("subjectPublicKey");
        }
        let signature = unreadable.unless("signatureAlgorithm", outer.signature_algorithm, |algorithm| {
            parsed::<AlgorithmIdentifier<'_>>(algorithm).map(|algorithm| Signature::of(&algorithm))
        });
        let (mut names, mut extended_key_usage) = (Vec::new(), None);
        for extension in outer.extensions {
            let Ok(Extension { id, value, .. }) = extension else {
                unreadable.note("extensions");
                break;
            };
            if id == ALTERNATIVE_NAMES {
                unreadable.unless("subjectAltName", Some(value), |value| alternatives(value, &mut names));
            } else if id == EXTENDED_KEY_USAGE {
                extended_key_usage = unreadable.unless("extKeyUsage", Some(value), usages);
            }
        }
        let mut common = common.into_iter();
        let (key, key_bits) = key.unzip();
        Self {
            subject,
            common_name: common.next(),
            other_common_names: common.collect(),
            issuer,
            serial: outer.serial_number.map(serial),
            names,
            not_before,
            not_after,
            self_signed,
            key,
            key_bits: key_bits.flatten(),
            weak_signature: signature.as_ref().is_some_and(Signature::is_weak),
            signature: signature.map(|signature| signature.name),
            version: outer.version,
            extended_key_usage,
            sha1: hex(&Sha1::digest(der)).to_ascii_uppercase(),
            sha256: hex(&Sha256::digest(der)),
            length: der.len(),
            unreadable: unreadable.0,
        }
    }

    /// Whether subject and issuer of a certificate in DER are the same; `None` when they cannot be found. Cheaper than all facts.
    #[must_use]
    pub fn is_self_issued(der: &[u8]) -> Option<bool> {
        let outer = Certificate::read(der);
        Some(outer.subject? == outer.issuer?)
    }

    /// subjectPublicKey of a certificate in DER: the contents of the BIT STRING, which a logon by CredSSP is bound to. `None` when it
    /// cannot be found.
    #[must_use]
    pub fn subject_public_key(der: &[u8]) -> Option<Vec<u8>> {
        let info = parsed::<SubjectPublicKeyInfo<'_>>(Certificate::read(der).subject_public_key_info?)?;
        Some(info.subject_public_key.data.to_vec())
    }
}

fn parsed<'a, T: FromDer<'a, x509_parser::error::X509Error>>(der: &'a [u8]) -> Option<T> {
    T::from_der(der).ok().map(|(_, value)| value)
}

/// Seconds since 1970.
fn seconds(time: &[u8]) -> Option<i64> {
    parsed::<ASN1Time>(time).map(|time| time.timestamp())
}

/// Adds the names of subjectAltName that a host can have. `None` when one of them cannot be read, or none.
fn alternatives(value: &[u8], names: &mut Vec<String>) -> Option<()> {
    let read = parsed::<SubjectAlternativeName<'_>>(value)?;
    let mut whole = true;
    for name in &read.general_names {
        let name = match name {
            GeneralName::DNSName(name) => Some(text(name)),
            // One that is not UTF-8, in what should be ASCII.
            GeneralName::Invalid(tag, octets) if tag.0 == 2 => Some(text(&name::lenient(octets))),
            GeneralName::IPAddress(octets) => address(octets),
            GeneralName::Invalid(..) => None,
            GeneralName::OtherName(..)
            | GeneralName::RFC822Name(_)
            | GeneralName::X400Address(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::URI(_)
            | GeneralName::RegisteredID(_) => continue,
        };
        whole &= name.is_some();
        names.extend(name);
    }
    whole.then_some(())
}

fn address(octets: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(octets).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

fn usages(value: &[u8]) -> Option<Vec<String>> {
    let usage = parsed::<x509_parser::extensions::ExtendedKeyUsage<'_>>(value)?;
    let mut oids: Vec<String> = usage.other.iter().take(MAX_USAGES).map(number).collect();
    oids.extend(usage.any.then(|| ANY_USAGE.to_owned()));
    oids.extend(usage.server_auth.then(|| super::SERVER_AUTH.to_owned()));
    oids.extend(usage.client_auth.then(|| "1.3.6.1.5.5.7.3.2".to_owned()));
    oids.sort();
    Some(oids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let [.., a, b, c] = contents.len().to_be_bytes();
        let header = match contents.len() {
            0..=0x7F => vec![tag, c],
            _ => vec![tag, 0x83, a, b, c],
        };
        [header, contents.to_vec()].concat()
    }

    fn name(tag: u8, text: &[u8]) -> Vec<u8> {
        let attribute = tlv(0x30, &[tlv(6, &[0x55, 4, 3]), tlv(tag, text)].concat());
        tlv(0x30, &tlv(0x31, &attribute))
    }

    fn extension(id: &[u8], value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(6, id), tlv(4, value)].concat())
    }

    /// What a certificate is made of, one field each.
    struct Made {
        subject: Vec<u8>,
        validity: [Vec<u8>; 2],
        modulus: Vec<u8>,
        extensions: Vec<Vec<u8>>,
    }

    impl Made {
        fn usual() -> Self {
            Self {
                subject: name(12, b"srv1.lab.test"),
                validity: [tlv(23, b"260101000000Z"), tlv(24, b"20500101000000Z")],
                modulus: [&[0, 0x80][..], &[0x5A; 255]].concat(),
                extensions: vec![extension(ALTERNATIVE_NAMES, &tlv(0x30, &tlv(0x82, b"srv1.lab.test")))],
            }
        }

        fn read(&self) -> CertificateFacts {
            let algorithm = |last| {
                tlv(0x30, &[tlv(6, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, last]), vec![5, 0]].concat())
            };
            let key = tlv(0x30, &[tlv(2, &self.modulus), tlv(2, &[1, 0, 1])].concat());
            let fields = [
                tlv(0xA0, &tlv(2, &[2])),
                tlv(2, &[0x0B, 0xAD]),
                algorithm(11),
                name(12, b"issuer"),
                tlv(0x30, &self.validity.concat()),
                self.subject.clone(),
                tlv(0x30, &[algorithm(1), tlv(3, &[&[0][..], &key].concat())].concat()),
                tlv(0xA3, &tlv(0x30, &self.extensions.concat())),
            ];
            CertificateFacts::read(&tlv(
                0x30,
                &[tlv(0x30, &fields.concat()), algorithm(11), tlv(3, &[0, 1])].concat(),
            ))
        }
    }

    #[test]
    fn whole_certificate_has_nothing_unreadable() {
        let facts = Made::usual().read();
        assert_eq!((facts.unreadable.as_deref(), facts.key_bits), (None, Some(2048)), "{facts:?}");
        assert_eq!(
            (facts.subject.as_deref(), facts.issuer.as_deref()),
            (Some("CN=srv1.lab.test"), Some("CN=issuer"))
        );
        assert_eq!(
            (facts.serial.as_deref(), facts.names.as_slice()),
            (Some("0b:ad"), &["srv1.lab.test".to_owned()][..])
        );
        assert_eq!(facts.name_matches("SRV1"), Some(true));
    }

    #[test]
    fn dates_of_any_year_are_read_and_those_that_are_none_are_said() {
        let ends = |time: Vec<u8>| {
            let facts = Made { validity: [tlv(23, b"260101000000Z"), time], ..Made::usual() }.read();
            (facts.not_after, facts.unreadable)
        };
        let year = |text: &[u8]| ends(tlv(24, text));
        assert_eq!(year(b"00000101000000Z"), (Some(-62_167_219_200), None));
        assert_eq!(year(b"99991231235959Z"), (Some(253_402_300_799), None));
        let not_after = || Some("notAfter".to_owned());
        for text in [&b"20501301000000Z"[..], b"20500001000000Z", b"20500132000000Z", b"2050", b"", b"\0\0\0\0"]
        {
            assert_eq!(year(text), (None, not_after()), "{text:02X?}");
        }
        assert_eq!(ends(tlv(12, b"20500101000000Z")), (None, not_after()), "a text is no time");
    }

    #[test]
    fn modulus_of_any_size_is_measured_and_none_is_said() {
        let sized = |modulus: Vec<u8>| {
            let facts = Made { modulus, ..Made::usual() }.read();
            (facts.key, facts.key_bits, facts.unreadable)
        };
        assert_eq!(sized([&[0, 0x80][..], &[1; 2047]].concat()), (Some(KeyKind::Rsa), Some(16_384), None));
        for none in [vec![], vec![0]] {
            assert_eq!(sized(none), (Some(KeyKind::Rsa), None, Some("subjectPublicKey".to_owned())));
        }
    }

    #[test]
    fn what_cannot_be_read_costs_nothing_else() {
        let with = |extensions: Vec<Vec<u8>>| Made { extensions, ..Made::usual() }.read();
        let of_names =
            |names: &[Vec<u8>]| with(vec![extension(ALTERNATIVE_NAMES, &tlv(0x30, &names.concat()))]);
        let odd = Made { subject: name(30, b"odd"), ..Made::usual() }.read();
        assert_eq!(
            (odd.subject.as_deref(), odd.unreadable.as_deref()),
            (Some("CN=#1e036f6464"), Some("subject"))
        );
        // An address of five octets; the names before and behind it are there.
        let address = of_names(&[tlv(0x82, b"a"), tlv(0x87, &[1, 2, 3, 4, 5]), tlv(0x87, &[192, 0, 2, 7])]);
        assert_eq!(
            (address.names.join(" ").as_str(), address.unreadable.as_deref()),
            ("a 192.0.2.7", Some("subjectAltName"))
        );
        assert_eq!(address.name_matches("b"), None, "it may be the one that cannot be read");
        assert_eq!(address.name_matches("a"), Some(true));
        let latin =
            of_names(&[tlv(0x82, b"s\xE9rv"), tlv(0x81, b"me@lab.test"), tlv(0x86, b"http://lab.test")]);
        assert_eq!(
            (latin.names.join(" ").as_str(), latin.unreadable),
            ("s\u{e9}rv", None),
            "only what a host can be called"
        );
        let hostile = of_names(&[tlv(0x82, b"srv1\0.lab.test"), tlv(0x82, "\u{202e}tset.bal".as_bytes())]);
        assert_eq!(hostile.names, ["srv1\0.lab.test", "\u{202e}tset.bal"]);
        assert_eq!(
            Made { subject: name(12, b"x"), extensions: Vec::new(), ..Made::usual() }
                .read()
                .name_matches("srv1"),
            Some(false)
        );
        let cut = with(vec![extension(ALTERNATIVE_NAMES, &[0x30, 9])]);
        assert_eq!((cut.unreadable.as_deref(), cut.key_bits), (Some("subjectAltName"), Some(2048)));
        let usage = with(vec![extension(EXTENDED_KEY_USAGE, b"no list")]);
        assert_eq!((usage.unreadable.as_deref(), usage.extended_key_usage), (Some("extKeyUsage"), None));
        let spoilt = with(vec![vec![5, 0]]);
        assert_eq!(spoilt.unreadable.as_deref(), Some("extensions"));
    }
}

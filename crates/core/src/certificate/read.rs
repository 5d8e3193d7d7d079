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
        let subject = unreadable.unless("subject", outer.subject, name::read);
        if subject.as_ref().is_some_and(|name| !name.is_whole) {
            unreadable.note("subject");
        }
        let issuer = match &subject {
            Some(name) if self_signed => Some(text(&name.text)),
            Some(_) | None => {
                unreadable.unless("issuer", outer.issuer, name::read).map(|name| text(&name.text))
            }
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

//! The outer structure of an X.509 certificate, taken apart as far as it goes.
//!
//! RFC 5280 section 4.1; DER. A certificate that is spoilt in one place is still known by its other fields, which is why the first
//! fault stands beside what was read and not in its place. What the fields say is for others to read.
use nom::IResult;

use crate::der;
use crate::fault::{Fault, Layer, Problem, WireError, bad, inside, locate, read};

/// Certificate with its TBSCertificate. What could not be taken apart, and all that follows it, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate<'a> {
    /// `version`, as people count it: 1 where the field is not there.
    pub version: Option<u32>,
    /// The octets of `serialNumber`.
    pub serial_number: Option<&'a [u8]>,
    /// `issuer`, header included.
    pub issuer: Option<&'a [u8]>,
    /// `notBefore` of `validity`, header included.
    pub not_before: Option<&'a [u8]>,
    /// `notAfter` of `validity`, header included.
    pub not_after: Option<&'a [u8]>,
    /// `subject`, header included.
    pub subject: Option<&'a [u8]>,
    /// `subjectPublicKeyInfo`, header included.
    pub subject_public_key_info: Option<&'a [u8]>,
    /// `extensions`.
    pub extensions: Extensions<'a>,
    /// `signatureAlgorithm`, header included.
    pub signature_algorithm: Option<&'a [u8]>,
    /// What could not be taken apart, of several the first.
    pub fault: Option<WireError>,
}

/// An Extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension<'a> {
    /// The octets of `extnID`.
    pub id: &'a [u8],
    /// The octets of `extnValue`.
    pub value: &'a [u8],
}

/// The extensions of a certificate, each read when it is asked for. The first that cannot be read is the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a>(&'a [u8]);

/// An AttributeTypeAndValue of a Name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attribute<'a> {
    /// The octets of `type`.
    pub id: &'a [u8],
    /// The tag of `value`.
    pub tag: u8,
    /// The octets of `value`.
    pub value: &'a [u8],
    /// `value`, header included.
    pub encoded: &'a [u8],
    /// Whether it is the first one of its RelativeDistinguishedName.
    pub is_first: bool,
}

/// The attributes of a Name, each read when it is asked for. The first that cannot be read is the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// What is left of the set that is under way.
    set: &'a [u8],
    /// The sets behind it.
    sets: &'a [u8],
}

/// `version`, `issuerUniqueID`, `subjectUniqueID` and `extensions` have tags of their own.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;
/// Both are strings of bits, which a careless issuer writes in pieces.
const UNIQUE_IDS: [u8; 4] = [0x81, 0x82, 0xA1, 0xA2];
const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const SET: u8 = 0x31;

impl<'a> Certificate<'a> {
    /// Takes apart the certificate at the start of `der`; octets after it are left alone.
    #[must_use]
    pub fn read(der: &'a [u8]) -> Self {
        let mut certificate = Self::default();
        if let Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) = certificate.take(der) {
            certificate.fault = Some(locate(Layer::X509, der, fault));
        }
        certificate
    }

    fn take(&mut self, i: &'a [u8]) -> Result<(), nom::Err<Fault>> {
        let (after, certificate) = der::tagged(i, der::SEQUENCE, "Certificate")?;
        let (rest, tbs) = inside(certificate, after, |i| der::tagged(i, der::SEQUENCE, "tbsCertificate"))?;
        let follow = after.len().saturating_add(rest.len());
        let counted = |error: nom::Err<Fault>, more: usize| error.map(|fault| fault.followed_by(more));
        let fields = self.fields(tbs).map_err(|error| counted(error, follow));
        // What stands behind the fields does not hang on them.
        let signed = self.signature(rest).map_err(|error| counted(error, after.len()));
        fields.and(signed)
    }

    fn fields(&mut self, tbs: &'a [u8]) -> Result<(), nom::Err<Fault>> {
        let i = self.take_version(tbs)?;
        let (i, serial) = der::tagged(i, der::INTEGER, "serialNumber")?;
        self.serial_number = Some(serial);
        let (i, _) = der::tagged(i, der::SEQUENCE, "signature")?;
        let (i, issuer) = whole(i, der::SEQUENCE, "issuer")?;
        self.issuer = Some(issuer);
        let (i, validity) = der::tagged(i, der::SEQUENCE, "validity")?;
        let times = self.validity(validity).map_err(|error| error.map(|fault| fault.followed_by(i.len())));
        let (i, subject) = whole(i, der::SEQUENCE, "subject")?;
        self.subject = Some(subject);
        let (i, key) = whole(i, der::SEQUENCE, "subjectPublicKeyInfo")?;
        self.subject_public_key_info = Some(key);
        times?;
        let mut i = i;
        while !i.is_empty() {
            let (rest, (tag, contents)) = der::element(i, "extensions")?;
            if tag == EXTENSIONS {
                let (_, all) = inside(contents, rest, |i| der::tagged(i, der::SEQUENCE, "extensions"))?;
                self.extensions = Extensions(all);
            } else if !UNIQUE_IDS.contains(&tag) {
                return bad(i, "extensions", Problem::Value(u32::from(tag)));
            }
            i = rest;
        }
        Ok(())
    }

    fn take_version(&mut self, i: &'a [u8]) -> Result<&'a [u8], nom::Err<Fault>> {
        if i.first() != Some(&VERSION) {
            self.version = Some(1);
            return Ok(i);
        }
        let (rest, explicit) = der::tagged(i, VERSION, "version")?;
        let version = inside(explicit, rest, |i| der::unsigned(i, "version"))?;
        // A version that nobody knows is no reason to stop.
        self.version = version.checked_add(1);
        Ok(rest)
    }

    fn validity(&mut self, i: &'a [u8]) -> Result<(), nom::Err<Fault>> {
        let (i, not_before) = any(i, "notBefore")?;
        self.not_before = Some(not_before);
        let (_, not_after) = any(i, "notAfter")?;
        self.not_after = Some(not_after);
        Ok(())
    }

    fn signature(&mut self, i: &'a [u8]) -> Result<(), nom::Err<Fault>> {
        let (i, algorithm) = whole(i, der::SEQUENCE, "signatureAlgorithm")?;
        self.signature_algorithm = Some(algorithm);
        der::tagged(i, BIT_STRING, "signatureValue").map(|_| ())
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Result<Extension<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let here = core::mem::take(&mut self.0);
        Some(read(Layer::X509, here, |i| {
            let (rest, extension) = extension(i)?;
            self.0 = rest;
            Ok((rest, extension))
        }))
    }
}

impl<'a> Name<'a> {
    /// The attributes of the Name that is all there is, header included.
    ///
    /// # Errors
    /// [`WireError`] when it is no SEQUENCE.
    pub fn parse(name: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::X509, name, |i| {
            let sets = der::only(i, der::SEQUENCE, "Name")?;
            Ok((&[][..], Self { set: &[], sets }))
        })
    }
}

impl<'a> Iterator for Name<'a> {
    type Item = Result<Attribute<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_first = self.set.is_empty();
        if is_first && self.sets.is_empty() {
            return None;
        }
        let (set, sets) = (core::mem::take(&mut self.set), core::mem::take(&mut self.sets));
        let here = if is_first { sets } else { set };
        Some(read(Layer::X509, here, |i| {
            let (sets, set) = match is_first {
                true => der::tagged(i, SET, "RelativeDistinguishedName")?,
                false => (sets, i),
            };
            let (set, attribute) = der::tagged(set, der::SEQUENCE, "AttributeTypeAndValue")?;
            let (value, id) = der::tagged(attribute, der::OID, "type")?;
            let (behind, (tag, contents)) = der::element(value, "value")?;
            if !behind.is_empty() {
                return bad(behind, "value", Problem::Length(u32::try_from(behind.len()).unwrap_or(u32::MAX)));
            }
            (self.set, self.sets) = (set, sets);
            Ok((&[][..], Attribute { id, tag, value: contents, encoded: value, is_first }))
        }))
    }
}

fn extension(i: &[u8]) -> IResult<&[u8], Extension<'_>, Fault> {
    let (rest, contents) = der::tagged(i, der::SEQUENCE, "Extension")?;
    let extension = inside(contents, rest, |i| {
        let (i, id) = der::tagged(i, der::OID, "extnID")?;
        let i = if i.first() == Some(&BOOLEAN) { der::tagged(i, BOOLEAN, "critical")?.0 } else { i };
        let (_, value) = der::tagged(i, der::OCTET_STRING, "extnValue")?;
        Ok(Extension { id, value })
    })?;
    Ok((rest, extension))
}

/// Takes one element with its header.
fn any<'a>(i: &'a [u8], field: &'static str) -> IResult<&'a [u8], &'a [u8], Fault> {
    let (rest, _) = der::element(i, field)?;
    let len = i.len().saturating_sub(rest.len());
    Ok((rest, i.get(..len).unwrap_or_default()))
}

/// Takes one element that must have this tag, with its header.
fn whole<'a>(i: &'a [u8], tag: u8, field: &'static str) -> IResult<&'a [u8], &'a [u8], Fault> {
    if let Some(found) = i.first().filter(|found| **found != tag) {
        return bad(i, field, Problem::Value(u32::from(*found)));
    }
    any(i, field)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        der::put_header(tag, contents.len(), &mut out);
        out.extend(contents);
        out
    }

    const FIELDS: [&str; 8] = [
        "version",
        "serialNumber",
        "signature",
        "issuer",
        "validity",
        "subject",
        "subjectPublicKeyInfo",
        "extensions",
    ];

    /// The fields of TBSCertificate, in the order of [`FIELDS`].
    fn fields() -> [Vec<u8>; 8] {
        let name = |text: &[u8]| tlv(0x30, &tlv(0x31, text));
        let extension = |id: &[u8], rest: &[Vec<u8>]| tlv(0x30, &[&[tlv(6, id)][..], rest].concat().concat());
        let critical = extension(&[0x55, 0x1D, 0x25], &[tlv(1, &[0xFF]), tlv(4, b"eku")]);
        let other = extension(&[0x55, 0x1D, 0x11], &[tlv(4, b"san")]);
        [
            tlv(0xA0, &tlv(2, &[2])),
            tlv(2, &[0x0B, 0xAD]),
            tlv(0x30, &[]),
            name(b"issuer"),
            tlv(0x30, &[tlv(23, b"260101000000Z"), tlv(24, b"99991231235959Z")].concat()),
            name(b"subject"),
            tlv(0x30, b"key"),
            tlv(0xA3, &tlv(0x30, &[critical, other].concat())),
        ]
    }

    fn certificate(fields: &[Vec<u8>]) -> Vec<u8> {
        tlv(0x30, &[tlv(0x30, &fields.concat()), tlv(0x30, b"alg"), tlv(3, &[0, 1])].concat())
    }

    #[test]
    fn each_field_is_given_out_as_it_stands_there() {
        let (fields, trailing) = (fields(), [0_u8; 3]);
        let der = [&certificate(&fields)[..], &trailing].concat();
        let read = Certificate::read(&der);
        assert_eq!((read.fault, read.version, read.serial_number), (None, Some(3), Some(&[0x0B, 0xAD][..])));
        assert_eq!((read.issuer, read.subject), (Some(&fields[3][..]), Some(&fields[5][..])));
        assert_eq!(read.not_before.map(<[u8]>::len), Some(15));
        assert_eq!(read.not_after.map(<[u8]>::len), Some(17));
        assert_eq!(read.subject_public_key_info, Some(&fields[6][..]));
        assert_eq!(read.signature_algorithm, Some(&[0x30, 3, b'a', b'l', b'g'][..]));
        let extensions: Vec<_> = read.extensions.map(Result::unwrap).map(|e| (e.id[2], e.value)).collect();
        assert_eq!(extensions, [(0x25, &b"eku"[..]), (0x11, b"san")]);
        let old = Certificate::read(&certificate(&fields[1..7])).version;
        assert_eq!(old, Some(1), "the field is not there");
    }

    #[test]
    fn field_of_another_kind_is_named_and_what_stands_before_it_and_behind_the_fields_is_kept() {
        for (at, field) in FIELDS.into_iter().enumerate() {
            let mut spoilt = fields();
            let before: usize = spoilt[..at].iter().map(Vec::len).sum();
            // What is no version is no field of its own.
            spoilt[at][0] = 0x05;
            let der = certificate(&spoilt);
            let read = Certificate::read(&der);
            let fault = read.fault.unwrap();
            let named = if at == 0 { "serialNumber" } else { field };
            let head = der.len() - before - spoilt[at..].concat().len() - 9;
            assert_eq!(
                (fault.layer, fault.field, fault.offset),
                (Layer::X509, named, before + head),
                "{field}"
            );
            assert_eq!(read.subject.is_some(), at > 5, "{field}");
            assert!(read.signature_algorithm.is_some(), "{field}");
        }
    }

    #[test]
    fn attributes_of_a_name_are_given_out_and_nothing_in_it_is_passed_over() {
        let attribute = |id: &[u8], value: &[u8]| tlv(0x30, &[tlv(6, id), tlv(12, value)].concat());
        let (a, b, c) = (attribute(&[1], b"a"), attribute(&[2], b"b"), attribute(&[3], b"c"));
        let name = tlv(0x30, &[tlv(0x31, &[a.clone(), b].concat()), tlv(0x31, &c)].concat());
        let all: Vec<_> = Name::parse(&name).unwrap().map(Result::unwrap).collect();
        let seen: Vec<_> = all.iter().map(|one| (one.id[0], one.tag, one.value[0], one.is_first)).collect();
        assert_eq!(seen, [(1, 12, b'a', true), (2, 12, b'b', false), (3, 12, b'c', true)]);
        assert_eq!(all[0].encoded, tlv(12, b"a"));
        assert_eq!(Name::parse(&tlv(0x30, &[])).unwrap().count(), 0);
        assert_eq!(Name::parse(&[&name[..], &[0]].concat()).unwrap_err().field, "Name");
        let spoilt = |sets: Vec<u8>| {
            let name = tlv(0x30, &sets);
            let mut attributes = Name::parse(&name).unwrap();
            let field = attributes.by_ref().find_map(Result::err).unwrap().field;
            assert_eq!(attributes.next(), None, "{field}");
            field
        };
        assert_eq!(spoilt(vec![0x32, 0]), "RelativeDistinguishedName");
        assert_eq!(spoilt(tlv(0x31, &[])), "AttributeTypeAndValue", "a set of nothing");
        assert_eq!(spoilt(tlv(0x31, &[a, vec![5, 0]].concat())), "AttributeTypeAndValue");
        assert_eq!(spoilt(tlv(0x31, &tlv(0x30, &tlv(6, &[1])))), "value");
        assert_eq!(spoilt(tlv(0x31, &tlv(0x30, &[tlv(6, &[1]), tlv(12, b"a"), vec![5, 0]].concat()))), "value");
    }

    #[test]
    fn spoilt_extension_ends_them_and_a_cut_certificate_gives_nothing() {
        let mut spoilt = fields();
        let at = spoilt[7].len() - 10;
        spoilt[7][at] = 5;
        let der = certificate(&spoilt);
        let mut extensions = Certificate::read(&der).extensions;
        assert!(extensions.next().unwrap().is_ok());
        let fault = extensions.next().unwrap().unwrap_err();
        assert_eq!((fault.layer, fault.field), (Layer::X509, "extnID"));
        assert_eq!(extensions.next(), None);
        for len in 0..der.len() {
            let cut = Certificate::read(&der[..len]);
            assert_eq!(cut, Certificate { fault: cut.fault, ..Certificate::default() });
            assert_eq!(cut.fault.map(|fault| fault.field), Some("Certificate"), "{len}");
        }
    }
}

//! Distinguished names and the strings in them, as text.
use std::borrow::Cow;

use rdp_probe_wire::x509::{self, Attribute};
use x509_parser::asn1_rs::{Oid, Tag};

use super::text::{hex, number};

/// A distinguished name that could be read.
#[derive(Debug)]
pub(super) struct Name {
    /// As RFC 4514 writes it, in the order of the certificate, with a space behind each comma.
    pub(super) text: String,
    /// Its common names.
    pub(super) common: Vec<String>,
    /// Whether a value of it is no string that could be read: it stands there in hexadecimal.
    pub(super) is_whole: bool,
}

/// commonName.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// Reads a Name, header included; `None` when it is none. What of it cannot be taken apart is left out, and so is what stands behind it.
pub(super) fn read(der: &[u8]) -> Option<Name> {
    let mut name = Name { text: String::new(), common: Vec::new(), is_whole: true };
    for attribute in x509::Name::parse(der).ok()? {
        match attribute {
            Ok(attribute) => name.put(&attribute),
            Err(_) => name.is_whole = false,
        }
    }
    Some(name)
}

impl Name {
    fn put(&mut self, attribute: &Attribute<'_>) {
        self.text.push_str(match (self.text.is_empty(), attribute.is_first) {
            (true, _) => "",
            (false, true) => ", ",
            (false, false) => "+",
        });
        let value = string(attribute.tag, attribute.value);
        self.is_whole &= value.is_some();
        let key = key(attribute.id);
        let number = || Cow::Owned(number(&Oid::new(attribute.id.into())));
        self.text.push_str(key.map_or_else(number, Cow::Borrowed).as_ref());
        self.text.push('=');
        match (&value, key) {
            (Some(value), Some(_)) => escape(value, &mut self.text),
            // What a type of no name means is not known, so its value stands there as it came (RFC 4514 section 2.4).
            (Some(_) | None, None) | (None, Some(_)) => {
                self.text.push('#');
                self.text.push_str(&hex(attribute.encoded));
            }
        }
        if attribute.id == COMMON_NAME {
            self.common.extend(value.map(Cow::into_owned));
        }
    }
}

/// The text of a string of any type that names have; `None` when it is none, or is not what its type says.
fn string(tag: u8, octets: &[u8]) -> Option<Cow<'_, str>> {
    match Tag(u32::from(tag)) {
        Tag::BmpString => utf_16(octets).map(Cow::Owned),
        Tag::UniversalString => utf_32(octets).map(Cow::Owned),
        Tag::T61String | Tag::VideotexString | Tag::GraphicString | Tag::GeneralString => {
            Some(Cow::Owned(latin(octets)))
        }
        Tag::Utf8String => std::str::from_utf8(octets).ok().map(Cow::Borrowed),
        Tag::PrintableString | Tag::Ia5String | Tag::VisibleString | Tag::NumericString => {
            Some(lenient(octets))
        }
        _ => None,
    }
}

/// What should be ASCII and often is not: UTF-8 where it can be that.
pub(super) fn lenient(octets: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(octets).map_or_else(|_| Cow::Owned(latin(octets)), Cow::Borrowed)
}

/// Teletex as everybody writes it: Latin-1.
fn latin(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

fn utf_16(octets: &[u8]) -> Option<String> {
    let (pairs, rest) = octets.as_chunks::<2>();
    let units = pairs.iter().copied().map(u16::from_be_bytes);
    rest.is_empty().then_some(())?;
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

fn utf_32(octets: &[u8]) -> Option<String> {
    let (chunks, rest) = octets.as_chunks::<4>();
    rest.is_empty().then_some(())?;
    chunks.iter().copied().map(u32::from_be_bytes).map(char::from_u32).collect()
}

/// Writes a value so that no comma or plus sign in it can be taken for the name's own (RFC 4514 section 2.4).
fn escape(value: &str, out: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (at, character) in value.chars().enumerate() {
        let escaped = match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => true,
            ' ' => at == 0 || at == last,
            '#' => at == 0,
            '\0' => {
                out.push_str("\\00");
                continue;
            }
            _ => false,
        };
        if escaped {
            out.push('\\');
        }
        out.push(character);
    }
}

/// The short name of an attribute's type, by the octets of its object identifier (RFC 4519 section 2, RFC 2985, and what certificates of
/// companies have beside).
fn key(id: &[u8]) -> Option<&'static str> {
    Some(match id {
        [0x55, 4, rest] => match rest {
            3 => "CN",
            4 => "SN",
            5 => "serialNumber",
            6 => "C",
            7 => "L",
            8 => "ST",
            9 => "STREET",
            10 => "O",
            11 => "OU",
            12 => "title",
            13 => "description",
            15 => "businessCategory",
            17 => "postalCode",
            20 => "telephoneNumber",
            41 => "name",
            42 => "GN",
            43 => "initials",
            44 => "generationQualifier",
            46 => "dnQualifier",
            65 => "pseudonym",
            97 => "organizationIdentifier",
            _ => return None,
        },
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 1] => "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25] => "DC",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1] => "emailAddress",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 2] => "unstructuredName",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 8] => "unstructuredAddress",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(contents.len()).unwrap()][..], contents].concat()
    }

    fn attribute(id: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(6, id), tlv(tag, value)].concat())
    }

    /// A Name of sets of attributes.
    fn name(sets: &[&[Vec<u8>]]) -> Vec<u8> {
        let sets: Vec<Vec<u8>> = sets.iter().map(|set| tlv(0x31, &set.concat())).collect();
        tlv(0x30, &sets.concat())
    }

    #[test]
    fn string_of_each_type_is_text() {
        let bmp: Vec<u8> = "srv1.lab.test".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let universal: Vec<u8> = "srv1.lab.test".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        let plain = b"srv1.lab.test".as_slice();
        let types = [(12, plain), (18, plain), (19, plain), (20, plain), (22, plain), (26, plain), (27, plain)];
        for (tag, octets) in types.into_iter().chain([(30, &bmp[..]), (28, &universal)]) {
            let read = read(&name(&[&[attribute(COMMON_NAME, tag, octets)]])).unwrap();
            assert_eq!((read.text.as_str(), read.is_whole), ("CN=srv1.lab.test", true), "{tag}");
            assert_eq!(read.common, ["srv1.lab.test"], "{tag}");
        }
        for (tag, octets) in
            [(12, "s\u{e9}rveur".as_bytes()), (20, b"s\xE9rveur"), (19, b"s\xE9rveur"), (22, b"s\xE9rveur")]
        {
            assert_eq!(
                read(&name(&[&[attribute(COMMON_NAME, tag, octets)]])).unwrap().common,
                ["s\u{e9}rveur"],
                "{tag}"
            );
        }
        let emoji = [0xD8, 0x3D, 0xDD, 0x12];
        assert_eq!(utf_16(&emoji).as_deref(), Some("\u{1F512}"));
    }

    #[test]
    fn value_that_is_not_what_its_type_says_stands_there_in_hexadecimal() {
        let cases: [(u8, &[u8], &str); 5] = [
            (12, b"\xFF", "CN=#0c01ff"),
            (30, b"odd", "CN=#1e036f6464"),
            (30, &[0xD8, 0], "CN=#1e02d800"),
            (28, &[0, 0x11, 0, 0], "CN=#1c0400110000"),
            (2, &[5], "CN=#020105"),
        ];
        for (tag, octets, expected) in cases {
            match read(&name(&[&[attribute(COMMON_NAME, tag, octets)]])) {
                Some(read) => {
                    assert_eq!((read.text.as_str(), read.is_whole), (expected, false));
                    assert_eq!(read.common, [""; 0]);
                }
                None => panic!("{expected}"),
            }
        }
        let unknown = read(&name(&[&[attribute(&[0x2A, 3], 12, b"a")]])).unwrap();
        assert_eq!((unknown.text.as_str(), unknown.is_whole), ("1.2.3=#0c0161", true));
    }

    #[test]
    fn no_value_forges_an_attribute() {
        let organization = [0x55, 4, 10];
        let cases = [
            ("a, CN=srv1", "O=a\\, CN=srv1"),
            ("a+CN=srv1", "O=a\\+CN=srv1"),
            (" #a ", "O=\\ #a\\ "),
            ("#a", "O=\\#a"),
            (" ", "O=\\ "),
            ("a\\,b", "O=a\\\\\\,b"),
            ("\"<a>;", "O=\\\"\\<a\\>\\;"),
            ("a\0b", "O=a\\00b"),
            ("", "O="),
        ];
        for (value, expected) in cases {
            assert_eq!(
                read(&name(&[&[attribute(&organization, 12, value.as_bytes())]])).unwrap().text,
                expected
            );
        }
        let common = attribute(COMMON_NAME, 12, b"srv1");
        let of = attribute(&organization, 19, b"Lab");
        assert_eq!(
            read(&name(&[std::slice::from_ref(&common), std::slice::from_ref(&of)])).unwrap().text,
            "CN=srv1, O=Lab"
        );
        let both = read(&name(&[&[common.clone(), of], &[common]])).unwrap();
        assert_eq!((both.text.as_str(), both.common.len()), ("CN=srv1+O=Lab, CN=srv1", 2));
        assert_eq!(read(&name(&[])).unwrap().text, "", "a name of nothing");
        assert!(read(b"\x30\x05").is_none());
        let spoilt =
            read(&tlv(0x30, &[tlv(0x31, &attribute(COMMON_NAME, 12, b"srv1")), vec![5, 0]].concat())).unwrap();
        assert_eq!((spoilt.text.as_str(), spoilt.is_whole), ("CN=srv1", false), "and something behind it");
    }
}

//! What the first octets of a stream belong to, when they are not RDP: asked before TPKT is read, since the `H` of "HTTP"
//! looks like the header of a fast-path PDU.

/// A protocol that is not RDP, told by its first octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Foreign {
    /// SSH: "SSH-", unsolicited (RFC 4253 section 4.2).
    Ssh,
    /// HTTP: "HTTP/", or a bare page.
    Http,
    /// TLS: an alert or a handshake record in answer to the request (RFC 8446 section 5.1).
    Tls,
    /// VNC: "RFB ", unsolicited (RFC 6143 section 7.1.1).
    Vnc,
    /// Telnet: an option negotiation, unsolicited (RFC 854).
    Telnet,
    /// SOCKS 4 or 5: a reply to what it took for a request (RFC 1928 sections 3 and 6).
    Socks,
    /// MySQL: protocol version 10, or an error packet, unsolicited.
    MySql,
    /// A TPKT service that is not RDP: ISO-TSAP parameters in the Connection Confirm (RFC 1006; for one, a PLC).
    IsoTsap,
    /// None of these.
    Unknown,
}

impl Foreign {
    /// A name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ssh => "SSH",
            Self::Http => "HTTP",
            Self::Tls => "TLS",
            Self::Vnc => "VNC",
            Self::Telnet => "Telnet",
            Self::Socks => "SOCKS",
            Self::MySql => "MySQL",
            Self::IsoTsap => "ISO-TSAP",
            Self::Unknown => "an unknown protocol",
        }
    }
}

/// What the octets so far can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth answer")]
pub enum FirstOctets {
    /// They may begin a TPKT.
    Tpkt,
    /// They are another protocol's.
    Foreign(Foreign),
    /// They are the beginning of more than one thing: ask again with more.
    Undecided,
}

/// As many octets as [`classify`] ever looks at.
pub const ENOUGH: usize = 16;

/// Says what `head`, the first octets of a stream, belongs to. Allocates nothing, and looks at [`ENOUGH`] octets at the most.
#[must_use]
pub fn classify(head: &[u8]) -> FirstOctets {
    // Texts and fixed beginnings; an octet 0x03 is TPKT and stands in none of them.
    const TEXTS: &[(&[u8], Foreign)] = &[
        (b"SSH-", Foreign::Ssh),
        (b"HTTP/", Foreign::Http),
        (b"<!", Foreign::Http),
        (b"<h", Foreign::Http),
        (b"<H", Foreign::Http),
        (b"RFB ", Foreign::Vnc),
        (&[0xFF, 0xFB], Foreign::Telnet),
        (&[0xFF, 0xFC], Foreign::Telnet),
        (&[0xFF, 0xFD], Foreign::Telnet),
        (&[0xFF, 0xFE], Foreign::Telnet),
        (&[0x15, 0x03], Foreign::Tls),
        (&[0x16, 0x03], Foreign::Tls),
    ];
    let mut undecided = head.is_empty();
    for (text, foreign) in TEXTS {
        if head.starts_with(text) {
            return FirstOctets::Foreign(*foreign);
        }
        undecided |= text.starts_with(head);
    }
    match *head {
        [3, ..] => FirstOctets::Tpkt,
        // Two octets tell, so these come first: more octets must not change the answer. A MySQL packet of such a length
        // would be no greeting.
        [5, 0x00..=0x08 | 0xFF, ..] | [0, 0x5A..=0x5D, ..] => FirstOctets::Foreign(Foreign::Socks),
        // MySQL: a length of 24 bits, sequence number 0, protocol version 10 or the header of an error.
        [_, _, 0, 0, 0x0A | 0xFF, ..] => FirstOctets::Foreign(Foreign::MySql),
        [_] | [_, _] | [_, _, 0] | [_, _, 0, 0] => FirstOctets::Undecided,
        _ if undecided => FirstOctets::Undecided,
        _ => FirstOctets::Foreign(Foreign::Unknown),
    }
}

/// The same, when nothing more will come: what is undecided then is unknown.
#[must_use]
pub fn classify_last(head: &[u8]) -> FirstOctets {
    match classify(head) {
        FirstOctets::Undecided if !head.is_empty() => FirstOctets::Foreign(Foreign::Unknown),
        decided @ (FirstOctets::Tpkt | FirstOctets::Foreign(_) | FirstOctets::Undecided) => decided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_is_told_by_its_beginning() {
        let cases: &[(&[u8], Foreign)] = &[
            (b"SSH-2.0-OpenSSH_9.2p1\r\n", Foreign::Ssh),
            (b"HTTP/1.1 400 Bad Request\r\n", Foreign::Http),
            (b"<!DOCTYPE html>", Foreign::Http),
            (b"<html>", Foreign::Http),
            (&[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0A], Foreign::Tls),
            (&[0x16, 0x03, 0x03, 0x00, 0x50], Foreign::Tls),
            (b"RFB 003.008\n", Foreign::Vnc),
            (&[0xFF, 0xFD, 0x18, 0xFF, 0xFB], Foreign::Telnet),
            (&[0x05, 0xFF], Foreign::Socks),
            (&[0x00, 0x5B, 0, 0, 0, 0, 0, 0], Foreign::Socks),
            (&[0x4A, 0x00, 0x00, 0x00, 0x0A, b'8', b'.'], Foreign::MySql),
            (&[0x45, 0x00, 0x00, 0x00, 0xFF, 0x6A, 0x04], Foreign::MySql),
            (b"220 mail ESMTP\r\n", Foreign::Unknown),
            (b"-ERR unknown command\r\n", Foreign::Unknown),
        ];
        for (head, foreign) in cases {
            assert_eq!(classify(head), FirstOctets::Foreign(*foreign), "{head:02X?}");
        }
    }

    #[test]
    fn a_tpkt_is_a_tpkt_from_its_first_octet() {
        for len in 1..=9 {
            assert_eq!(classify(&[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80][..len]), FirstOctets::Tpkt);
        }
    }

    #[test]
    fn half_a_banner_is_undecided_until_nothing_more_will_come() {
        assert_eq!(classify(b"SS"), FirstOctets::Undecided);
        assert_eq!(classify(b"HTTP"), FirstOctets::Undecided);
        assert_eq!(classify(&[0x4A, 0, 0, 0]), FirstOctets::Undecided);
        assert_eq!(classify_last(b"SS"), FirstOctets::Foreign(Foreign::Unknown));
        assert_eq!(classify_last(b""), FirstOctets::Undecided);
    }

    #[test]
    fn every_head_is_decided_once_there_is_enough() {
        for first in 0..=u8::MAX {
            for second in [0, 1, 3, 0x5A, 0xFB, 0xFF, b'S'] {
                let mut head = [0_u8; ENOUGH];
                head[0] = first;
                head[1] = second;
                assert_ne!(classify(&head), FirstOctets::Undecided, "{head:02X?}");
            }
        }
    }
}

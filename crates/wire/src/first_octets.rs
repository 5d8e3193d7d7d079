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
    /// H.323: a Q.931 message in TPKT, as its gateways, telephones and NetMeeting send it (ITU-T H.225.0, RFC 1006).
    H323,
    /// RTMP: S0 and S1, whose version is 3 as TPKT's is (Adobe RTMP 1.0 section 5.2).
    Rtmp,
    /// `OpenFlow` 1.2, whose version is 3 as TPKT's is.
    OpenFlow,
    /// What was sent comes back.
    Echo,
    /// Kerberos over TCP: a KRB-ERROR (RFC 4120 sections 5.9.1 and 7.2.2).
    Kerberos,
    /// LDAP: an LDAPMessage with a response (RFC 4511 section 4.1.1).
    Ldap,
    /// SMB, or the NetBIOS session service below it (\[MS-SMB2\] 2.1, RFC 1002 section 4.3).
    Smb,
    /// PostgreSQL: an ErrorResponse.
    PostgreSql,
    /// Redis: an error (RESP).
    Redis,
    /// Oracle TNS: a packet of type accept, refuse, resend or marker.
    OracleTns,
    /// AMQP: the protocol header that a server answers another one with.
    Amqp,
    /// MQTT: a CONNACK.
    Mqtt,
    /// X11: a connection setup that failed, or one that wants more.
    X11,
    /// Android Debug Bridge.
    Adb,
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
            Self::H323 => "H.323",
            Self::Rtmp => "RTMP",
            Self::OpenFlow => "OpenFlow",
            Self::Echo => "echo",
            Self::Kerberos => "Kerberos",
            Self::Ldap => "LDAP",
            Self::Smb => "SMB",
            Self::PostgreSql => "PostgreSQL",
            Self::Redis => "Redis",
            Self::OracleTns => "Oracle TNS",
            Self::Amqp => "AMQP",
            Self::Mqtt => "MQTT",
            Self::X11 => "X11",
            Self::Adb => "ADB",
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
        (b"AMQP", Foreign::Amqp),
        (b"CNXN", Foreign::Adb),
        (b"STLS", Foreign::Adb),
        (b"-ERR ", Foreign::Redis),
        (b"-NOAUTH ", Foreign::Redis),
        (b"-DENIED ", Foreign::Redis),
        (&[0x83, 0, 0, 1], Foreign::Smb),
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
        _ if undecided => FirstOctets::Undecided,
        _ => by_layout(head),
    }
}

/// Protocols of binary layouts: what stands first in the list is asked first, and no octet that is still to come changes the answer.
fn by_layout(head: &[u8]) -> FirstOctets {
    let foreign = match *head {
        // SOCKS 5: a method that is none, or a reply that is no success.
        [5, 0x01..=0x08 | 0xFF, ..] => Foreign::Socks,
        // An ErrorResponse: a length of 32 bits, and the field "S" (severity).
        [b'E', 0, 0, _, _, b'S', ..] => Foreign::PostgreSql,
        [b'E', 0, 0] | [b'E', 0, 0, _] | [b'E', 0, 0, _, _] => return FirstOctets::Undecided,
        // MySQL's classic protocol: a length of 24 bits, sequence number 0, protocol version 10 or the header of an error. Its X protocol: a
        // length of 32 bits, and a notice or an error, whose first field follows.
        [_, _, 0, 0, 0x0A | 0xFF, ..] | [_, _, 0, 0, 0x0B | 0x01, 0x08, ..] => Foreign::MySql,
        [_, _, 0, 0, 0x0B | 0x01] => return FirstOctets::Undecided,
        // A length of 16 bits, no checksum; accept, refuse, resend or marker, and no flags.
        [_, _, 0, 0, 2 | 4 | 11 | 12, 0, ..] => Foreign::OracleTns,
        [_, _, 0, 0, 2 | 4 | 12] => return FirstOctets::Undecided,
        // A message of the session service: SMB 1, 2 or 3.
        [0, _, _, _, 0xFE | 0xFF, b'S', b'M', ..] => Foreign::Smb,
        [0, _, _, _, 0xFE | 0xFF] | [0, _, _, _, 0xFE | 0xFF, b'S'] => return FirstOctets::Undecided,
        // A length of 32 bits, and [APPLICATION 30].
        [0, 0, _, _, 0x7E, ..] => Foreign::Kerberos,
        // Failed or authenticate, and version 11.0 in either order of octets.
        [0 | 2, _, 11, 0, 0, 0, ..] | [0 | 2, _, 0, 11, 0, 0, ..] => Foreign::X11,
        [0 | 2, _, 11] | [0 | 2, _, 11, 0] | [0 | 2, _, 11, 0, 0] => return FirstOctets::Undecided,
        [0 | 2, _, 0, 11] | [0 | 2, _, 0, 11, 0] => return FirstOctets::Undecided,
        // SOCKS 4: a reply. SOCKS 5: no authentication, which nobody asked for.
        [0, 0x5A..=0x5D, _, _, _, ..] | [5, 0, _, _, _, ..] => Foreign::Socks,
        // A SEQUENCE with a message id of one octet, and a response.
        [0x30, 0..=0x7F, 2, 1, _, 0x61 | 0x64 | 0x65 | 0x78, ..]
        | [0x30, 0x84, _, _, _, _, 2, 1, _, 0x61 | 0x64 | 0x65 | 0x78, ..] => Foreign::Ldap,
        [0x30]
        | [0x30, 0..=0x7F]
        | [0x30, 0..=0x7F, 2]
        | [0x30, 0..=0x7F, 2, 1]
        | [0x30, 0..=0x7F, 2, 1, _] => {
            return FirstOctets::Undecided;
        }
        [0x30, 0x84, ref rest @ ..] if rest.len() < 8 => return FirstOctets::Undecided,
        [_] | [_, _] | [_, _, _] | [_, _, _, _] => return FirstOctets::Undecided,
        _ => Foreign::Unknown,
    };
    FirstOctets::Foreign(foreign)
}

/// What octets with TPKT's first one belong to that are no TPDU which RDP has: asked once they were read, and are none.
#[must_use]
pub const fn over_tpkt(octets: &[u8]) -> Option<Foreign> {
    Some(match *octets {
        // A hello has its own length, and an error has its type where TPKT has nothing.
        [3, 0, 0, 8 | 16, 0, ..] | [3, 1, 0, _, ..] => Foreign::OpenFlow,
        // What stands behind the time is zero (section 5.2.3). With a time that is no TPKT's beginning it is told before so much has come.
        [3, 0, _, _, _, 0, 0, 0, 0, ..] => Foreign::Rtmp,
        // Protocol discriminator, and the length of the call reference.
        [3, 0, _, _, 8, 1 | 2, ..] => Foreign::H323,
        // A Connection Request, which only a client sends.
        [3, 0, _, _, _, 0xE0..=0xEF, ..] => Foreign::Echo,
        [3, 1..=u8::MAX, ..] => Foreign::Unknown,
        _ => return None,
    })
}

/// Whether these octets have TPKT's first one and are another protocol's all the same: TPKT has nothing in its second octet (RFC 1006 section
/// 6), and where there is something no TPDU of RDP follows.
#[must_use]
pub const fn is_no_tpkt(octets: &[u8]) -> bool {
    match *octets {
        // No packet is as short.
        [3, 1..=u8::MAX, 0, 0..=6, ..] => true,
        [3, 1..=u8::MAX, _, _, _, code, ..] => !matches!(code >> 4, 0x7 | 0x8 | 0xD | 0xF),
        _ => false,
    }
}

/// The same, when nothing more will come: what is undecided then is unknown.
#[must_use]
pub fn classify_last(head: &[u8]) -> FirstOctets {
    if let [5, 0, ..] | [0, 0x5A..=0x5D, ..] = *head
        && head.len() < 5
    {
        return FirstOctets::Foreign(Foreign::Socks);
    }
    // A CONNACK has four octets: its length, whether there is a session, and a return code.
    if let [0x20, 2, 0 | 1, 0..=5] = *head {
        return FirstOctets::Foreign(Foreign::Mqtt);
    }
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
            (&[0x05, 0x00, 0x00, 0x00, 0x0B, 0x08, 0x05, 0x1A, 0x00], Foreign::MySql),
            (&[0x60, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02], Foreign::MySql),
            (b"E\0\0\0\x8CSFATAL\0", Foreign::PostgreSql),
            (b"E\0\0\0\xFFSFATAL\0", Foreign::PostgreSql),
            (&[0x00, 0x0B, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00], Foreign::OracleTns),
            (&[0x00, 0x5A, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00], Foreign::OracleTns),
            (&[0x00, 0x08, 0x00, 0x00, 0x0B, 0x00, 0x00, 0x00], Foreign::OracleTns),
            (b"\0\0\0\x54\xFESMB\x40\0", Foreign::Smb),
            (b"\0\0\0\x23\xFFSMB\x72", Foreign::Smb),
            (&[0x83, 0x00, 0x00, 0x01, 0x8F], Foreign::Smb),
            (&[0x00, 0x00, 0x00, 0x5C, 0x7E, 0x5A, 0x30, 0x58], Foreign::Kerberos),
            (&[0x30, 0x0C, 0x02, 0x01, 0x00, 0x78, 0x07], Foreign::Ldap),
            (&[0x30, 0x84, 0x00, 0x00, 0x00, 0x10, 0x02, 0x01, 0x01, 0x61, 0x84], Foreign::Ldap),
            (b"AMQP\0\0\x09\x01", Foreign::Amqp),
            (&[0x20, 0x02, 0x00, 0x01], Foreign::Mqtt),
            (&[0x00, 0x16, 0x0B, 0x00, 0x00, 0x00, 0x06, 0x00], Foreign::X11),
            (&[0x00, 0x5A, 0x00, 0x0B, 0x00, 0x00, 0x00, 0x06], Foreign::X11),
            (b"CNXN\0\0\0\x01", Foreign::Adb),
            (b"STLS\0\0\0\x01", Foreign::Adb),
            (b"RFB 003.889\n", Foreign::Vnc),
            (b"220 mail ESMTP\r\n", Foreign::Unknown),
            (b"-ERR unknown command\r\n", Foreign::Redis),
            (b"-NOAUTH Authentication required.\r\n", Foreign::Redis),
        ];
        for (head, foreign) in cases {
            assert_eq!(classify_last(head), FirstOctets::Foreign(*foreign), "{head:02X?}");
        }
    }

    #[test]
    fn what_begins_as_tpkt_and_is_none_is_told_once_it_was_read() {
        let cases: &[(&[u8], Option<Foreign>)] = &[
            (&[3, 0, 0, 16, 8, 2, 0x80, 0, 0x7D, 8], Some(Foreign::H323)),
            (&[3, 0, 0, 8, 0, 0, 0, 1], Some(Foreign::OpenFlow)),
            (&[3, 1, 0, 12, 0, 0, 0, 1], Some(Foreign::OpenFlow)),
            (&[3, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0, 0x5A], Some(Foreign::Rtmp)),
            (&[3, 0x23, 0x6A, 0x4D, 0x70, 0, 0, 0, 0], Some(Foreign::Unknown)),
            (&[3, 0x23, 0x6A, 0x4D, 0x70, 0x5A, 0x5A, 0x5A, 0x5A], Some(Foreign::Unknown)),
            (&[3, 0, 0, 19, 14, 0xE0, 0, 0, 0, 0, 0], Some(Foreign::Echo)),
            (&[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80], None),
            (&[3, 0, 0, 11, 6, 0xD0, 0, 0], None),
        ];
        for (octets, foreign) in cases {
            assert_eq!(over_tpkt(octets), *foreign, "{octets:02X?}");
        }
        assert!(is_no_tpkt(&[3, 0x23, 0x6A, 0x4D, 0x70, 0x5A]));
        assert!(!is_no_tpkt(&[3, 0x23, 0x6A, 0x4D, 0x70]), "not told yet");
        assert!(is_no_tpkt(&[3, 1, 0, 6]) && !is_no_tpkt(&[3, 0, 0, 6]));
        assert!(!is_no_tpkt(&[3, 1, 0, 19, 14, 0xD0]), "a careless server");
    }

    #[test]
    fn a_tpkt_is_a_tpkt_from_its_first_octet() {
        for len in 1..=9 {
            assert_eq!(classify(&[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80][..len]), FirstOctets::Tpkt);
        }
    }

    #[test]
    fn what_is_decided_stays_decided_whatever_follows() {
        // The octets that stand in a layout above, and one that stands in none.
        const TELLING: [u8; 24] = [
            0, 1, 2, 3, 4, 5, 8, 10, 11, 12, 0x20, 0x30, b'E', b'S', b'M', 0x5A, 0x61, 0x78, 0x7E, 0x83, 0x84,
            0xFE, 0xFF, 0x99,
        ];
        let mut seed = 1_u32;
        for _ in 0..400_000 {
            let head: [u8; 12] = core::array::from_fn(|_| {
                // A generator of numbers that is good enough to choose by (Knuth's).
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                TELLING[usize::try_from((seed >> 16) % 24).unwrap()]
            });
            let mut decided = None;
            for len in 0..=head.len() {
                let now = classify(&head[..len]);
                assert!(
                    decided.is_none_or(|before| before == now),
                    "{:02X?}: {decided:?}, then {now:?}",
                    &head[..len]
                );
                decided = Some(now).filter(|now| *now != FirstOctets::Undecided);
            }
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

//! What a server says behind the Connect Response, ready made.
use serde::Deserialize;

use super::connect_response::packet;

/// A message of a server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// Attach User Confirm: the user is 1007.
    Attached,
    /// Channel Join Confirm of the user's channel.
    JoinedUser,
    /// Channel Join Confirm of the I/O channel.
    JoinedIo,
    /// Server License Request with the key of xrdp's.
    LicenseRequest,
    /// The same with no certificate in it.
    LicenseRequestWithoutKey,
    /// The same with a modulus of zero.
    LicenseRequestWithKeyOfZero,
    /// STATUS_VALID_CLIENT.
    ValidClient,
    /// The same as xrdp sends it: what no reader needs is not what the specification has.
    ValidClientOfXrdp,
    /// Platform Challenge.
    PlatformChallenge,
    /// New License.
    NewLicense,
    /// Upgrade License.
    UpgradeLicense,
    /// A share PDU of type 0, which is 4090 octets of padding.
    Padding,
    /// Demand Active of Windows: 1280 by 720, 32 bits a pixel.
    DemandActive,
    /// The same with a capability set that is shorter than its header.
    DemandActiveWithAnEmptySet,
    /// The same with more sets declared than there are.
    DemandActiveWithTooManySets,
    /// Synchronize.
    Synchronize,
    /// Control, Cooperate.
    Cooperate,
    /// Control, Granted Control.
    Granted,
    /// Font Map.
    FontMap,
    /// Monitor Layout.
    MonitorLayout,
    /// Deactivate All.
    DeactivateAll,
    /// A fast-path update.
    FastPath,
    /// Data on a channel that nobody joined.
    OtherChannel,
}

/// All of them, one after the other, for who goes through them at random.
#[cfg(feature = "dev")]
pub(crate) fn all() -> Vec<Vec<u8>> {
    let said = [
        Said::Attached,
        Said::JoinedUser,
        Said::JoinedIo,
        Said::LicenseRequest,
        Said::LicenseRequestWithoutKey,
        Said::LicenseRequestWithKeyOfZero,
        Said::ValidClient,
        Said::ValidClientOfXrdp,
        Said::PlatformChallenge,
        Said::NewLicense,
        Said::UpgradeLicense,
        Said::Padding,
        Said::DemandActive,
        Said::DemandActiveWithAnEmptySet,
        Said::DemandActiveWithTooManySets,
        Said::Synchronize,
        Said::Cooperate,
        Said::Granted,
        Said::FontMap,
        Said::MonitorLayout,
        Said::DeactivateAll,
        Said::FastPath,
        Said::OtherChannel,
    ];
    said.map(Said::octets).to_vec()
}

/// `shareId`.
const SHARE: [u8; 4] = [0xEA, 3, 1, 0];
/// The server's channel, and the source of what it says.
const SERVER: [u8; 2] = [0xEA, 3];
/// The I/O channel.
const IO: u16 = 1003;
/// The modulus in xrdp's request: 512 bits.
const MODULUS: [u8; 64] = [0xC7; 64];

impl Said {
    /// Its octets.
    pub(crate) fn octets(self) -> Vec<u8> {
        match self {
            Self::Attached => packet(&[0x2E, 0, 0, 6]),
            Self::JoinedUser => packet(&[0x3E, 0, 0, 6, 3, 0xEF, 3, 0xEF]),
            Self::JoinedIo => packet(&[0x3E, 0, 0, 6, 3, 0xEB, 3, 0xEB]),
            Self::LicenseRequest => license(1, 2, &request(&certificate(&MODULUS))),
            Self::LicenseRequestWithoutKey => license(1, 2, &request(&[])),
            Self::LicenseRequestWithKeyOfZero => license(1, 2, &request(&certificate(&[0; 64]))),
            Self::ValidClient => license_error(7, 2),
            Self::ValidClientOfXrdp => on_io(&[
                0x80, 0, 0x10, 0, // flagsHi has what was there
                0xFF, 2, 0x14, 0, // wMsgSize is of another message
                7, 0, 0, 0, 2, 0, 0, 0, 0x28, 0x14, 0, 0, // a type of blob that nobody has
            ]),
            Self::PlatformChallenge => {
                let blob = [&[0xFF; 4][..], &[9, 0, 10, 0], &[0x5A; 10], &[0xC3; 16]].concat();
                license(2, 3, &blob)
            }
            Self::NewLicense => license(3, 3, &[&[9, 0, 4, 0, 1, 2, 3, 4][..], &[0xC3; 16]].concat()),
            Self::UpgradeLicense => license(4, 3, &[&[9, 0, 4, 0, 1, 2, 3, 4][..], &[0xC3; 16]].concat()),
            Self::Padding => on_io(&[&4090_u16.to_le_bytes()[..], &[0; 4088]].concat()),
            Self::DemandActive => demand_active(3, &sets()),
            Self::DemandActiveWithAnEmptySet => demand_active(4, &[&sets()[..], &[9, 0, 0, 0]].concat()),
            Self::DemandActiveWithTooManySets => demand_active(u16::MAX, &sets()),
            Self::Synchronize => data(0x1F, &[1, 0, 0xEF, 3]),
            Self::Cooperate => data(0x14, &[4, 0, 0, 0, 0, 0, 0, 0]),
            Self::Granted => data(0x14, &[2, 0, 0xEF, 3, 0xEA, 3, 0, 0]),
            Self::FontMap => data(0x28, &[0, 0, 0, 0, 3, 0, 4, 0]),
            Self::MonitorLayout => {
                let monitor = [0_u32, 0, 1279, 719, 1].map(u32::to_le_bytes).concat();
                data(0x37, &[&[1, 0, 0, 0][..], &monitor].concat())
            }
            Self::DeactivateAll => share(0x16, &[&SHARE[..], &[1, 0, 0]].concat()),
            Self::FastPath => vec![0, 0x80, 7, 0x83, 0, 0, 0],
            Self::OtherChannel => on(1009, &[4, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4]),
        }
    }
}

/// Licensing Error Message.
pub(super) fn license_error(code: u32, transition: u32) -> Vec<u8> {
    let body = [&code.to_le_bytes()[..], &transition.to_le_bytes(), &[4, 0, 0, 0]].concat();
    license(0xFF, 3, &body)
}

/// Attach User Confirm that refuses.
pub(super) fn attach_refused(result: u8) -> Vec<u8> {
    // A result has four bits, of which the first is in the octet of the choice; without an initiator.
    packet(&[0x2C | result >> 3 & 1, result << 5])
}

/// Channel Join Confirm that refuses the channel of the user 1007.
pub(super) fn join_refused(result: u8) -> Vec<u8> {
    let [i0, i1, c0, c1] = [0, 6, 3, 0xEF];
    // The four bits of the result, and what follows from the fifth bit of the second octet on.
    packet(&[0x3C | result >> 3 & 1, result << 5, i0, i1, c0, c1])
}

/// A message of licensing.
fn license(kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let size = length(body.len().saturating_add(4));
    on_io(&[&[0x80, 0, 0, 0, kind, flags][..], &size.to_le_bytes(), body].concat())
}

fn length(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// What stands in a Server License Request behind the preamble ([MS-RDPELE] 2.2.2.1).
fn request(certificate: &[u8]) -> Vec<u8> {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect() };
    let counted = |octets: Vec<u8>| [u32::from(length(octets.len())).to_le_bytes().to_vec(), octets].concat();
    let blob = |kind: u16, octets: &[u8]| {
        [&kind.to_le_bytes()[..], &length(octets.len()).to_le_bytes(), octets].concat()
    };
    [
        &[0x5A; 32][..],                // ServerRandom
        &0x0004_0000_u32.to_le_bytes(), // dwVersion
        &counted(wide("Microsoft Corporation")),
        &counted(wide("236")),
        &blob(0x000D, &1_u32.to_le_bytes()), // KeyExchangeList
        &blob(0x0003, certificate),
        &1_u32.to_le_bytes(), // ScopeCount
        &blob(0x000E, b"microsoft.com\0"),
    ]
    .concat()
}

/// PROPRIETARYSERVERCERTIFICATE with this modulus ([MS-RDPBCGR] 2.2.1.4.3.1.1).
fn certificate(modulus: &[u8]) -> Vec<u8> {
    let octets = length(modulus.len());
    let key = octets.saturating_add(8);
    let mut certificate = vec![1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6, 0];
    certificate.extend(key.saturating_add(20).to_le_bytes());
    certificate.extend(b"RSA1");
    for value in [key, octets.saturating_mul(8), octets.saturating_sub(1)] {
        certificate.extend(u32::from(value).to_le_bytes());
    }
    certificate.extend([1, 0, 1, 0]);
    certificate.extend(modulus);
    certificate.extend([0; 8]);
    certificate.extend([8, 0, 72, 0]);
    certificate.extend([0xC3; 72]);
    certificate
}

/// General, Bitmap and Share.
fn sets() -> Vec<u8> {
    [
        &[1, 0, 24, 0, 1, 0, 3, 0, 0, 2, 0, 0, 0, 0, 0x1D, 4, 0, 0, 0, 0, 0, 0, 1, 1][..],
        &[2, 0, 28, 0, 32, 0, 1, 0, 1, 0, 1, 0],
        &[0, 5, 0xD0, 2, 0, 0, 1, 0, 1, 0, 0, 8, 1, 0, 0, 0],
        &[9, 0, 8, 0, 0xEA, 3, 0, 0],
    ]
    .concat()
}

fn demand_active(count: u16, sets: &[u8]) -> Vec<u8> {
    let combined = length(sets.len().saturating_add(4));
    let body = [
        &SHARE[..],
        &[4, 0],
        &combined.to_le_bytes(),
        b"RDP\0",
        &count.to_le_bytes(),
        &[0, 0],
        sets,
        &[0; 4], // sessionId
    ]
    .concat();
    share(0x11, &body)
}

/// A share data PDU.
fn data(kind: u8, body: &[u8]) -> Vec<u8> {
    let size = length(body.len().saturating_add(4));
    share(0x17, &[&SHARE[..], &[0, 1], &size.to_le_bytes(), &[kind, 0, 0, 0], body].concat())
}

/// A share control PDU.
fn share(kind: u16, body: &[u8]) -> Vec<u8> {
    let total = length(body.len().saturating_add(6));
    on_io(&[&total.to_le_bytes()[..], &kind.to_le_bytes(), &SERVER, body].concat())
}

fn on_io(data: &[u8]) -> Vec<u8> {
    on(IO, data)
}

/// Send Data Indication.
fn on(channel: u16, data: &[u8]) -> Vec<u8> {
    let size = length(data.len()) | 0x8000;
    packet(&[&[0x68, 0, 1][..], &channel.to_be_bytes(), &[0x70], &size.to_be_bytes(), data].concat())
}

#[cfg(test)]
mod tests {
    use rdp_probe_core::wire::license::{LicenseErrorCode, LicenseMessage};
    use rdp_probe_core::wire::mcs::{AttachUserConfirm, ChannelJoinConfirm, McsResult, SendDataIndication};
    use rdp_probe_core::wire::server_certificate::ServerCertificate;
    use rdp_probe_core::wire::share::{ServerMessage, SharePdu};

    use super::*;

    #[test]
    fn confirms_are_read_as_they_are_meant_whatever_the_result() {
        let attached = Said::Attached.octets();
        assert_eq!(AttachUserConfirm::parse(&attached).unwrap().initiator, Some(1007));
        for (said, channel) in [(Said::JoinedUser, 1007), (Said::JoinedIo, 1003)] {
            let octets = said.octets();
            let confirm = ChannelJoinConfirm::parse(&octets).unwrap();
            assert_eq!((confirm.initiator, confirm.requested, confirm.channel), (1007, channel, Some(channel)));
        }
        for result in 1..=15 {
            let expected = McsResult(result);
            assert_eq!(AttachUserConfirm::parse(&attach_refused(result)).unwrap().result, expected);
            let octets = join_refused(result);
            let confirm = ChannelJoinConfirm::parse(&octets).unwrap();
            assert_eq!((confirm.result, confirm.initiator, confirm.requested), (expected, 1007, 1007));
        }
    }

    #[test]
    fn messages_of_licensing_are_read_as_they_are_meant() {
        let read = |said: Said| {
            let octets = said.octets();
            let data = SendDataIndication::parse(&octets).unwrap().data.to_vec();
            format!("{:?}", LicenseMessage::parse(&data).unwrap())
        };
        let octets = Said::LicenseRequest.octets();
        let data = SendDataIndication::parse(&octets).unwrap().data;
        let Ok(LicenseMessage::LicenseRequest(request)) = LicenseMessage::parse(data) else {
            panic!("{data:?}")
        };
        let certificate = ServerCertificate::parse(request.certificate).unwrap();
        let key = certificate.key.unwrap();
        assert_eq!((key.exponent, key.bits, request.scopes.count()), (Some(65_537), 512, 1));
        assert!(key.modulus_le().eq(MODULUS));
        assert_eq!(read(Said::PlatformChallenge), "PlatformChallenge");
        assert_eq!(read(Said::NewLicense), "NewLicense");
        assert_eq!(read(Said::UpgradeLicense), "UpgradeLicense");
        assert_eq!(read(Said::ValidClient), read(Said::ValidClientOfXrdp));
        let octets = license_error(8, 1);
        let data = SendDataIndication::parse(&octets).unwrap().data;
        let Ok(LicenseMessage::ErrorAlert(alert)) = LicenseMessage::parse(data) else { panic!("{data:?}") };
        assert_eq!(alert.code, LicenseErrorCode::INVALID_CLIENT);
    }

    #[test]
    fn share_pdus_are_read_as_they_are_meant() {
        for (said, expected) in [
            (Said::Padding, "Other(0)"),
            (Said::DemandActive, "DemandActive"),
            (Said::Synchronize, "Synchronize { target: 1007 }"),
            (Said::Cooperate, "Control { action: ControlAction(4)"),
            (Said::Granted, "Control { action: ControlAction(2)"),
            (Said::FontMap, "FontMap"),
            (Said::MonitorLayout, "Data(DataType(55)"),
            (Said::DeactivateAll, "DeactivateAll"),
        ] {
            let octets = said.octets();
            let read = SharePdu::parse(&octets).unwrap();
            assert!(format!("{:?}", read.message).starts_with(expected), "{said:?}: {read:?}");
        }
        let octets = Said::DemandActive.octets();
        let Ok(ServerMessage::DemandActive(demand)) = ServerMessage::parse(&octets) else {
            panic!("{octets:?}")
        };
        assert_eq!((demand.capabilities.count(), demand.session_id), (3, Some(0)));
        let bitmap = demand.capabilities.bitmap().unwrap();
        assert_eq!((bitmap.width, bitmap.height, bitmap.bits_per_pixel), (1280, 720, 32));
    }
}

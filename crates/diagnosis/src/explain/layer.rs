//! What a number says by its form alone, where no row has it.

/// The part of a Windows client that gives a disconnect reason: the low octet of a code from 0x100 to 0xFFFF. Inferred from the
/// published codes; no document says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layer {
    /// 04.
    Network,
    /// 06.
    StandardSecurity,
    /// 07.
    TlsCredssp,
    /// 08.
    Core,
    /// 09.
    Policy,
    /// 0A.
    SmartCard,
    /// 0x2000000 and up.
    RemoteApp,
    /// 0x3000000 and up.
    Gateway,
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Network,
        Self::StandardSecurity,
        Self::TlsCredssp,
        Self::Core,
        Self::Policy,
        Self::SmartCard,
        Self::RemoteApp,
        Self::Gateway,
    ];

    /// The layer that a code belongs to, whether the code is known or not.
    #[must_use]
    pub const fn of(code: u32) -> Option<Self> {
        match (code, code & 0xFF) {
            (0x200_0000..=0x200_FFFF, _) => Some(Self::RemoteApp),
            (0x300_0000..=0x300_FFFF, _) => Some(Self::Gateway),
            (0x100..=0xFFFF, 0x04) => Some(Self::Network),
            (0x100..=0xFFFF, 0x06) => Some(Self::StandardSecurity),
            (0x100..=0xFFFF, 0x07) => Some(Self::TlsCredssp),
            (0x100..=0xFFFF, 0x08) => Some(Self::Core),
            (0x100..=0xFFFF, 0x09) => Some(Self::Policy),
            (0x100..=0xFFFF, 0x0A) => Some(Self::SmartCard),
            _ => None,
        }
    }

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::StandardSecurity => "standard_security",
            Self::TlsCredssp => "tls_credssp",
            Self::Core => "core",
            Self::Policy => "policy",
            Self::SmartCard => "smart_card",
            Self::RemoteApp => "remote_app",
            Self::Gateway => "gateway",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Network => "network and transport",
            Self::StandardSecurity => "Standard RDP Security and memory",
            Self::TlsCredssp => "TLS/CredSSP",
            Self::Core => "the client's core and licensing",
            Self::Policy => "security policy",
            Self::SmartCard => "smart card",
            Self::RemoteApp => "RemoteApp",
            Self::Gateway => "RD Gateway, on the client's side",
        }
    }
}

/// What an unknown number looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A disconnect reason of a Windows client: 0x100 to 0xFFFF with the low octet of a [`Layer`], or one of the RemoteApp and
    /// gateway ranges.
    DisconnectReason,
    /// From 0x1000 to 0x7FFF: the documented range of protocol errors among the extended codes.
    ProtocolError,
    /// 0x0001xxxx and 0x0002xxxx.
    Freerdp,
    /// 0x8xxxxxxx.
    Hresult,
    /// 0xCxxxxxxx.
    NtStatus,
    /// 0xDxxxxxxx.
    NtStatusInHresult,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::DisconnectReason,
        Self::ProtocolError,
        Self::Freerdp,
        Self::Hresult,
        Self::NtStatus,
        Self::NtStatusInHresult,
    ];

    /// What a number looks like.
    #[must_use]
    pub const fn of(code: u32) -> Option<Self> {
        match (code, Layer::of(code)) {
            (_, Some(_)) => Some(Self::DisconnectReason),
            (0x1000..=0x7FFF, None) => Some(Self::ProtocolError),
            (0x1_0000..=0x2_FFFF, None) => Some(Self::Freerdp),
            (0x8000_0000..=0x8FFF_FFFF, None) => Some(Self::Hresult),
            (0xC000_0000..=0xCFFF_FFFF, None) => Some(Self::NtStatus),
            (0xD000_0000..=0xDFFF_FFFF, None) => Some(Self::NtStatusInHresult),
            _ => None,
        }
    }

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::DisconnectReason => "disconnect_reason",
            Self::ProtocolError => "protocol_error",
            Self::Freerdp => "freerdp",
            Self::Hresult => "hresult",
            Self::NtStatus => "ntstatus",
            Self::NtStatusInHresult => "ntstatus_in_hresult",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::DisconnectReason => "a disconnect reason of a Windows client",
            Self::ProtocolError => "a protocol error among the extended codes (0x1000 to 0x7FFF)",
            Self::Freerdp => "an error of FreeRDP",
            Self::Hresult => "an HRESULT",
            Self::NtStatus => "an NTSTATUS",
            Self::NtStatusInHresult => "an NTSTATUS written as HRESULT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{self, Family};

    #[test]
    fn every_published_disconnect_reason_of_that_range_has_a_layer() {
        for row in codes::all().iter().filter(|row| row.family == Family::MstscDisc) {
            let code = row.code.unwrap();
            if code >= 0x100 {
                assert!(Layer::of(code).is_some(), "{row:?}");
            }
        }
    }

    #[test]
    fn low_octet_names_the_layer_of_a_code_without_a_meaning() {
        assert_eq!(Layer::of(0x1907), Some(Layer::TlsCredssp));
        assert_eq!(Layer::of(0x516), None);
        assert_eq!(Layer::of(0x203), None);
        assert_eq!((Layer::of(7), Layer::of(0x1_0007)), (None, None));
        assert_eq!(Shape::of(0x1907), Some(Shape::DisconnectReason));
        assert_eq!(Shape::of(0x1195), Some(Shape::ProtocolError));
        assert_eq!(Shape::of(0xC000_9999), Some(Shape::NtStatus));
    }
}

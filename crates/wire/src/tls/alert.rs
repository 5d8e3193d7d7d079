//! Alerts: why a peer ends a handshake, when it says so.
//!
//! RFC 8446 section 6, RFC 5246 section 7.2; both ways, two octets in a record of their own.

/// `level` of an [`Alert`]; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct AlertLevel(pub u8);

impl AlertLevel {
    /// warning: the handshake may go on.
    pub const WARNING: Self = Self(1);
    /// fatal: it does not.
    pub const FATAL: Self = Self(2);

    /// The name in RFC 8446, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::WARNING => Some("warning"),
            Self::FATAL => Some("fatal"),
            Self(_) => None,
        }
    }
}

/// `description` of an [`Alert`]; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct AlertDescription(pub u8);

macro_rules! descriptions {
    ($($(#[$doc:meta])* $constant:ident = $value:literal, $name:literal;)*) => {
        impl AlertDescription {
            $($(#[$doc])* pub const $constant: Self = Self($value);)*

            /// The name in IANA's registry of alerts, or what one had that is reserved now; `None` when it is not known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($name),)*
                    Self(_) => None,
                }
            }
        }
    };
}

descriptions! {
    /// An orderly end.
    CLOSE_NOTIFY = 0, "close_notify";
    /// A message out of turn.
    UNEXPECTED_MESSAGE = 10, "unexpected_message";
    /// A record that cannot be authenticated.
    BAD_RECORD_MAC = 20, "bad_record_mac";
    /// RFC 2246; reserved since RFC 4346.
    DECRYPTION_FAILED = 21, "decryption_failed";
    /// A record that is too long.
    RECORD_OVERFLOW = 22, "record_overflow";
    /// RFC 5246; reserved in RFC 8446.
    DECOMPRESSION_FAILURE = 30, "decompression_failure";
    /// No version, cipher suite or parameter in common.
    HANDSHAKE_FAILURE = 40, "handshake_failure";
    /// SSL 3.0 only.
    NO_CERTIFICATE = 41, "no_certificate";
    /// A certificate that is corrupt or cannot be verified.
    BAD_CERTIFICATE = 42, "bad_certificate";
    /// A certificate of a type that is not supported.
    UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
    /// A certificate that was revoked.
    CERTIFICATE_REVOKED = 44, "certificate_revoked";
    /// A certificate that is not valid at this time.
    CERTIFICATE_EXPIRED = 45, "certificate_expired";
    /// Another reason not to accept a certificate.
    CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
    /// A field out of range.
    ILLEGAL_PARAMETER = 47, "illegal_parameter";
    /// A chain that ends at no known authority.
    UNKNOWN_CA = 48, "unknown_ca";
    /// The peer decided not to go on; \[MS-RDPBCGR\] 5.4.5.2.2 gives it for a failed logon.
    ACCESS_DENIED = 49, "access_denied";
    /// A message that cannot be read.
    DECODE_ERROR = 50, "decode_error";
    /// A signature or a Finished that is wrong.
    DECRYPT_ERROR = 51, "decrypt_error";
    /// More connection ids asked for than the peer gives (RFC 9147; DTLS only).
    TOO_MANY_CIDS_REQUESTED = 52, "too_many_cids_requested";
    /// RFC 2246; reserved since RFC 4346.
    EXPORT_RESTRICTION = 60, "export_restriction";
    /// The version offered is known and not supported.
    PROTOCOL_VERSION = 70, "protocol_version";
    /// The server wants ciphers that are more secure.
    INSUFFICIENT_SECURITY = 71, "insufficient_security";
    /// A fault that has nothing to do with the peer; the catch-all of \[MS-RDPBCGR\] 5.4.5.2.2.
    INTERNAL_ERROR = 80, "internal_error";
    /// A fallback that should not have been needed (RFC 7507).
    INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
    /// The user gave up.
    USER_CANCELED = 90, "user_canceled";
    /// RFC 5246; reserved in RFC 8446.
    NO_RENEGOTIATION = 100, "no_renegotiation";
    /// An extension that must be there is not.
    MISSING_EXTENSION = 109, "missing_extension";
    /// An extension that was not asked for.
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
    /// RFC 6066; reserved in RFC 8446.
    CERTIFICATE_UNOBTAINABLE = 111, "certificate_unobtainable";
    /// The server knows no such name (RFC 6066 section 3).
    UNRECOGNIZED_NAME = 112, "unrecognized_name";
    /// An OCSP response that is not valid.
    BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
    /// RFC 6066; reserved in RFC 8446.
    BAD_CERTIFICATE_HASH_VALUE = 114, "bad_certificate_hash_value";
    /// No such pre-shared key.
    UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
    /// The server wants a client certificate.
    CERTIFICATE_REQUIRED = 116, "certificate_required";
    /// A fault that no other alert is for (IANA's registry of alerts).
    GENERAL_ERROR = 117, "general_error";
    /// No application protocol in common (RFC 7301).
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
    /// The client's hello had to be an encrypted one (IANA's registry of alerts).
    ECH_REQUIRED = 121, "ech_required";
}

/// Alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Alert {
    /// `level`.
    pub level: AlertLevel,
    /// `description`.
    pub description: AlertDescription,
}

impl Alert {
    /// Size on the wire, in octets, without the record's header.
    pub const LEN: usize = 1 /* level */ + 1 /* description */;

    pub(crate) const fn new(level: u8, description: u8) -> Self {
        Self { level: AlertLevel(level), description: AlertDescription(description) }
    }

    /// Whether nothing can follow: every level but a warning, and close_notify at any level.
    #[must_use]
    pub const fn ends(self) -> bool {
        self.level.0 != AlertLevel::WARNING.0 || self.description.0 == AlertDescription::CLOSE_NOTIFY.0
    }
}

//! Cipher suites, by the names of the IANA registry "TLS Cipher Suites".
//!
//! RFC 8446 appendix B.4, RFC 5246 appendix A.5, RFC 5289, RFC 8422 and others; two octets.

/// `cipher_suite`; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct CipherSuite(pub u16);

macro_rules! names {
    ($($value:literal => $name:literal,)*) => {
        impl CipherSuite {
            /// The registry's name: of every suite that a scout offers, and of those that old servers choose.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($name),)*
                    _ => None,
                }
            }
        }

        /// Every suite that has a name here, in ascending order.
        #[cfg(test)]
        const NAMED: &[CipherSuite] = &[$(CipherSuite($value)),*];
    };
}

names! {
    0x0000 => "TLS_NULL_WITH_NULL_NULL",
    0x0001 => "TLS_RSA_WITH_NULL_MD5",
    0x0002 => "TLS_RSA_WITH_NULL_SHA",
    0x0003 => "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
    0x0004 => "TLS_RSA_WITH_RC4_128_MD5",
    0x0005 => "TLS_RSA_WITH_RC4_128_SHA",
    0x0006 => "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    0x0007 => "TLS_RSA_WITH_IDEA_CBC_SHA",
    0x0008 => "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0009 => "TLS_RSA_WITH_DES_CBC_SHA",
    0x000A => "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    0x0011 => "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA",
    0x0012 => "TLS_DHE_DSS_WITH_DES_CBC_SHA",
    0x0013 => "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA",
    0x0014 => "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0015 => "TLS_DHE_RSA_WITH_DES_CBC_SHA",
    0x0016 => "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
    0x002F => "TLS_RSA_WITH_AES_128_CBC_SHA",
    0x0032 => "TLS_DHE_DSS_WITH_AES_128_CBC_SHA",
    0x0033 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    0x0035 => "TLS_RSA_WITH_AES_256_CBC_SHA",
    0x0038 => "TLS_DHE_DSS_WITH_AES_256_CBC_SHA",
    0x0039 => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    0x003B => "TLS_RSA_WITH_NULL_SHA256",
    0x003C => "TLS_RSA_WITH_AES_128_CBC_SHA256",
    0x003D => "TLS_RSA_WITH_AES_256_CBC_SHA256",
    0x0040 => "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256",
    0x0041 => "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA",
    0x0045 => "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA",
    0x0067 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
    0x006A => "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256",
    0x006B => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
    0x0084 => "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA",
    0x0088 => "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA",
    0x0096 => "TLS_RSA_WITH_SEED_CBC_SHA",
    0x009C => "TLS_RSA_WITH_AES_128_GCM_SHA256",
    0x009D => "TLS_RSA_WITH_AES_256_GCM_SHA384",
    0x009E => "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    0x009F => "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0x00A2 => "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256",
    0x00A3 => "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384",
    0x1301 => "TLS_AES_128_GCM_SHA256",
    0x1302 => "TLS_AES_256_GCM_SHA384",
    0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
    0x1304 => "TLS_AES_128_CCM_SHA256",
    0x1305 => "TLS_AES_128_CCM_8_SHA256",
    0xC007 => "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    0xC008 => "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
    0xC009 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    0xC00A => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC011 => "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    0xC012 => "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    0xC013 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    0xC014 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC023 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    0xC024 => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    0xC027 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    0xC028 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0xC02B => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    0xC02C => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xC02F => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xC09C => "TLS_RSA_WITH_AES_128_CCM",
    0xC09D => "TLS_RSA_WITH_AES_256_CCM",
    0xC09E => "TLS_DHE_RSA_WITH_AES_128_CCM",
    0xC09F => "TLS_DHE_RSA_WITH_AES_256_CCM",
    0xC0AC => "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
    0xC0AD => "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
    0xC0AE => "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
    0xC0AF => "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
    0xCCA8 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCA9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCAA => "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once_and_in_order() {
        assert!(NAMED.is_sorted_by(|a, b| a < b));
        for (at, suite) in NAMED.iter().enumerate() {
            assert!(NAMED[at + 1..].iter().all(|other| other.name() != suite.name()), "{suite:?}");
        }
    }

    #[test]
    fn unknown_suite_survives_without_a_name() {
        assert_eq!(CipherSuite(0xFAFA).name(), None);
    }
}

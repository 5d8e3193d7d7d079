//! The request that asks a gateway for a tunnel ([MS-TSGU] 2.2.3), and what its answer has to prove (RFC 6455 section 4.1).
use base64::Engine as _;
use base64::alphabet::STANDARD as STANDARD_ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest as _, Sha1};

use super::plan::Gateway;
use crate::entropy::Entropy;
use crate::target::Host;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The OUT channel, or a WebSocket in its place.
    Upgrade,
    /// The OUT channel: from the gateway to its client.
    Out,
    /// The IN channel, without a body: who logs on has to do it first.
    In,
    /// The same, once that is let in: its body are the packets, in chunks.
    InBody,
}

impl Ask {
    /// The method, and what else is for it alone.
    const fn lines(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Upgrade => (
                "RDG_OUT_DATA",
                &[
                    "Connection: Upgrade",
                    "Upgrade: websocket",
                    "Sec-WebSocket-Version: 13",
                    "Content-Length: 0",
                ],
            ),
            Self::Out => ("RDG_OUT_DATA", &["Connection: Keep-Alive", "Content-Length: 0"]),
            Self::In => ("RDG_IN_DATA", &["Connection: Keep-Alive", "Content-Length: 0"]),
            Self::InBody => ("RDG_IN_DATA", &["Connection: Keep-Alive", "Transfer-Encoding: chunked"]),
        }
    }
}

/// One request: to be sent again as it is, with what proves an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// `RDG-Connection-Id`: new for each tunnel.
    pub(crate) connection_id: String,
    /// `RDG-Correlation-Id`: the same for all of a run.
    pub(crate) correlation_id: String,
    /// `Sec-WebSocket-Key`.
    key: String,
}

impl Request {
    /// The request of the connection that is for `purpose`.
    pub(crate) fn new(entropy: &Entropy, purpose: &str) -> Self {
        let half = |label: &str| entropy.draw(label).first_chunk::<16>().copied().unwrap_or_default();
        Self {
            connection_id: guid(half(&format!("gateway: connection, {purpose}"))),
            correlation_id: guid(half("gateway: correlation")),
            key: base64(&half(&format!("gateway: key, {purpose}"))),
        }
    }

    /// Its octets. `proof` is the value of `Authorization`; `token` says that a token follows in the tunnel; `cookies` were set before,
    /// and tell a load balancer which gateway it was.
    pub(crate) fn write(
        &self,
        ask: Ask,
        gateway: &Gateway,
        proof: Option<&[u8]>,
        token: bool,
        cookies: &str,
        out: &mut Vec<u8>,
    ) {
        let host = match (&gateway.leg.host, gateway.leg.port) {
            (Host::Ip(std::net::IpAddr::V6(ip)), Gateway::PORT) => format!("[{ip}]"),
            (Host::Ip(std::net::IpAddr::V6(ip)), port) => format!("[{ip}]:{port}"),
            (host, Gateway::PORT) => host.to_string(),
            (host, port) => format!("{host}:{port}"),
        };
        let (method, own) = ask.lines();
        let lines = [
            &format!("{method} /remoteDesktopGateway/ HTTP/1.1"),
            &format!("Host: {host}"),
            "User-Agent: MS-RDGateway/1.0",
            "Accept: */*",
            "Cache-Control: no-cache",
            "Pragma: no-cache",
            &format!("RDG-Connection-Id: {}", self.connection_id),
            &format!("RDG-Correlation-Id: {}", self.correlation_id),
        ];
        let key = (ask == Ask::Upgrade).then(|| format!("Sec-WebSocket-Key: {}", self.key));
        // At once, so that no copy stays behind where it grows: what proves an identity is in here.
        out.reserve(1024_usize.saturating_add(proof.map_or(0, <[u8]>::len)).saturating_add(cookies.len()));
        for line in lines.into_iter().chain(own.iter().copied()).chain(key.as_deref()) {
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if token {
            out.extend_from_slice(b"RDG-Auth-Scheme: PAA\r\n");
        }
        if !cookies.is_empty() {
            out.extend_from_slice(b"Cookie: ");
            out.extend_from_slice(cookies.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if let Some(proof) = proof {
            out.extend_from_slice(b"Authorization: ");
            out.extend_from_slice(proof);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// What `Sec-WebSocket-Accept` has to be.
    pub(crate) fn accept(&self) -> String {
        accepted_key(&self.key)
    }
}

/// What a server answers to this `Sec-WebSocket-Key`.
pub(crate) fn accepted_key(key: &str) -> String {
    const SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    base64(&Sha1::new().chain_update(key).chain_update(SUFFIX).finalize())
}

/// A random GUID (RFC 9562 section 5.4) in braces.
fn guid(random: [u8; 16]) -> String {
    const VERSION: u128 = 0xF << 76;
    const VARIANT: u128 = 0x3 << 62;
    let guid = u128::from_be_bytes(random) & !(VERSION | VARIANT) | 0x4 << 76 | 0x2 << 62;
    let group = |last: u32, mask: u64| guid.wrapping_shr(last) & u128::from(mask);
    format!(
        "{{{:08X}-{:04X}-{:04X}-{:04X}-{:012X}}}",
        group(96, 0xFFFF_FFFF),
        group(80, 0xFFFF),
        group(64, 0xFFFF),
        group(48, 0xFFFF),
        group(0, 0xFFFF_FFFF_FFFF)
    )
}

/// Standard Base64 with padding (RFC 4648 section 4).
#[must_use]
pub fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// What stands in Base64, with padding or without; `None` when it is none.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    const LIBERAL: GeneralPurpose = GeneralPurpose::new(
        &STANDARD_ALPHABET,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    LIBERAL.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (octets, text) in cases {
            assert_eq!(base64(octets.as_bytes()), text);
        }
        assert_eq!(base64(&[0xFF, 0xFE, 0xFD]), "//79");
    }

    #[test]
    fn answer_to_a_key_is_that_of_rfc_6455() {
        assert_eq!(accepted_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn ids_are_guids_and_each_connection_has_its_own_under_one_correlation() {
        let entropy = Entropy::new([7; 32]);
        let (main, fallback) = (Request::new(&entropy, "main"), Request::new(&entropy, "fallback"));
        assert_ne!(main.connection_id, fallback.connection_id);
        assert_ne!(main.key, fallback.key);
        assert_eq!(main.correlation_id, fallback.correlation_id);
        let id = main.connection_id;
        assert_eq!((id.len(), &id[..1], &id[37..]), (38, "{", "}"), "{id}");
        assert_eq!(&id[15..16], "4", "{id}");
    }

    #[test]
    fn request_is_one_that_a_gateway_takes() {
        let gateway = Gateway::new(Host::Name("gw.lab.test".into()), 443);
        let mut octets = Vec::new();
        let request = Request::new(&Entropy::new([7; 32]), "main");
        request.write(Ask::Upgrade, &gateway, Some(b"Basic eDp5"), false, "LB=1; B=2", &mut octets);
        let text = String::from_utf8(octets).unwrap();
        assert!(
            text.starts_with("RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\nHost: gw.lab.test\r\n"),
            "{text}"
        );
        assert!(text.contains("\r\nCookie: LB=1; B=2\r\nAuthorization: Basic eDp5\r\n\r\n"), "{text}");
        assert!(!text.contains("RDG-Auth-Scheme"), "{text}");
        let mut octets = Vec::new();
        for (ask, method, upgrades, body) in [
            (Ask::Upgrade, "RDG_OUT_DATA ", true, "Content-Length: 0"),
            (Ask::Out, "RDG_OUT_DATA ", false, "Content-Length: 0"),
            (Ask::In, "RDG_IN_DATA ", false, "Content-Length: 0"),
            (Ask::InBody, "RDG_IN_DATA ", false, "Transfer-Encoding: chunked"),
        ] {
            octets.clear();
            request.write(ask, &gateway, None, false, "", &mut octets);
            let text = String::from_utf8_lossy(&octets);
            assert!(text.starts_with(method), "{text}");
            assert_eq!(text.contains("Upgrade") || text.contains("Sec-WebSocket"), upgrades, "{text}");
            assert_eq!(text.lines().filter(|line| *line == body).count(), 1, "{text}");
            assert_eq!(text.contains("Content-Length"), body.starts_with("Content"), "{text}");
            assert!(text.contains(&request.connection_id) && text.contains(&request.correlation_id), "{text}");
        }
        octets.clear();
        let gateway = Gateway::new(Host::Ip("2001:db8::1".parse().unwrap()), 8443);
        request.write(Ask::Upgrade, &gateway, None, true, "", &mut octets);
        let text = String::from_utf8(octets).unwrap();
        assert!(text.contains("\r\nHost: [2001:db8::1]:8443\r\n"), "{text}");
        assert!(text.ends_with("\r\nRDG-Auth-Scheme: PAA\r\n\r\n"), "{text}");
    }
}

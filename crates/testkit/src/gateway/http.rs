//! HTTP as an RD Gateway speaks it until the upgrade: the request, and what is wrong with it; the answers.
//!
//! \[MS-TSGU\] 2.2.3 and 3.3.5.1; RFC 9110; RFC 6455 section 4.2.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdp_probe_core::wire::credssp::ntlm_in;
use sha1::{Digest as _, Sha1};

use crate::scenario::{HttpChannel, Personality};

/// One request without its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
}

/// What octets are.
pub(super) enum Read {
    /// The beginning of a request.
    Partial,
    /// A request whose head is so long.
    Whole(Request, usize),
    /// None, and why.
    Wrong(String),
}

/// The method that opens the channel from server to client, and the upgraded one.
const OUT: &str = "RDG_OUT_DATA";
/// The method that opens the channel from client to server.
const IN: &str = "RDG_IN_DATA";
/// Where the gateway lives; a query may follow.
pub(super) const PATH: &str = "/remoteDesktopGateway/";

/// More than any request has, in octets.
const MOST: usize = 128 * 1024;

/// Headers that every request has, with the value where only one is right.
const REQUIRED: [(&str, Option<&str>); 6] = [
    ("Host", None),
    ("User-Agent", None),
    ("Accept", Some("*/*")),
    ("Cache-Control", Some("no-cache")),
    ("Pragma", Some("no-cache")),
    ("RDG-Connection-Id", None),
];

impl Request {
    pub(super) fn read(held: &[u8]) -> Read {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(held) {
            Ok(httparse::Status::Complete(length)) => {
                let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
                let read = Self {
                    method: request.method.unwrap_or_default().to_owned(),
                    path: request.path.unwrap_or_default().to_owned(),
                    headers: request.headers.iter().map(|h| (h.name.to_owned(), text(h.value))).collect(),
                };
                if request.version == Some(1) {
                    Read::Whole(read, length)
                } else {
                    Read::Wrong("a request that is not of HTTP/1.1".to_owned())
                }
            }
            Ok(httparse::Status::Partial) if held.len() < MOST => Read::Partial,
            Ok(httparse::Status::Partial) => Read::Wrong(format!("a request of more than {MOST} octets")),
            Err(error) => Read::Wrong(format!("no request ({error})")),
        }
    }

    /// The value of the first header with this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }

    /// Whether it is what a gateway answers to.
    pub(super) fn is_for_a_gateway(&self) -> bool {
        let path = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        (self.method == OUT || self.is_in()) && path.eq_ignore_ascii_case(PATH)
    }

    /// Whether it is for the channel from client to server.
    pub(super) fn is_in(&self) -> bool {
        self.method == IN
    }

    pub(super) fn channel(&self) -> HttpChannel {
        if self.is_in() { HttpChannel::In } else { HttpChannel::Out }
    }

    pub(super) fn connection_id(&self) -> Option<&str> {
        self.header("RDG-Connection-Id")
    }

    /// Whether a body without a length follows, of which the end is told by itself.
    pub(super) fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding").is_some()
    }

    /// Whether any header asks for the upgrade.
    pub(super) fn asks_for_upgrade(&self) -> bool {
        self.upgrade_headers().next().is_some()
    }

    fn upgrade_headers(&self) -> impl Iterator<Item = &str> {
        let asks = |(name, value): &&(String, String)| {
            let name = name.to_ascii_lowercase();
            let is_connection = name == "connection" && has_token(value, "upgrade");
            is_connection || name == "upgrade" || name.starts_with("sec-websocket-")
        };
        self.headers.iter().filter(asks).map(|(name, _)| name.as_str())
    }

    /// The key of the upgrade. Those of some clients are shorter than they should be, and gateways take them.
    pub(super) fn key(&self) -> Option<&str> {
        self.header("Sec-WebSocket-Key").filter(|key| !key.is_empty())
    }

    /// Scheme and the rest of `Authorization`.
    pub(super) fn authorization(&self) -> Option<(&str, &str)> {
        let value = self.header("Authorization")?;
        Some(value.split_once(' ').unwrap_or((value, "")))
    }

    /// What is wrong with it, in words.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.is_for_a_gateway() {
            faults.push(format!("a request with {} {}", self.method, self.path));
        }
        for (name, right) in REQUIRED {
            match (self.header(name), right) {
                (None | Some(""), _) => faults.push(format!("a request without {name}")),
                (Some(value), Some(right)) if value != right => {
                    faults.push(format!("a request with {name}: {value}"));
                }
                (Some(_), _) => {}
            }
        }
        for (index, (name, _)) in self.headers.iter().enumerate() {
            if self
                .headers
                .iter()
                .skip(index.saturating_add(1))
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
            {
                faults.push(format!("a request with {name} twice"));
            }
        }
        if self.is_in() {
            faults.extend(self.upgrade_headers().map(|name| format!("{IN} with {name}")));
        } else if self.asks_for_upgrade() {
            faults.extend(self.faults_of_upgrade());
        }
        faults.extend(self.faults_of_body());
        for name in ["RDG-Connection-Id", "RDG-Correlation-Id"] {
            if let Some(value) = self.header(name).filter(|value| !is_guid(value)) {
                faults.push(format!("a request with {name}: {value}"));
            }
        }
        if let Some(value) = self.header("RDG-User-Id")
            && !STANDARD.decode(value).is_ok_and(|octets| octets.len().is_multiple_of(2))
        {
            faults.push(format!("a request with RDG-User-Id: {value}"));
        }
        // The open-source gateway's library takes nobody from elsewhere.
        if self.header("Origin").is_some() {
            faults.push("a request with Origin".to_owned());
        }
        faults
    }

    /// Who asks for the upgrade has all of its headers.
    fn faults_of_upgrade(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, token) in [("Connection", "upgrade"), ("Upgrade", "websocket")] {
            if !self.header(name).is_some_and(|value| has_token(value, token)) {
                faults.push(format!("a request without {name}: {token}"));
            }
        }
        if self.header("Sec-WebSocket-Version") != Some("13") {
            faults.push("a request without Sec-WebSocket-Version: 13".to_owned());
        }
        let is_whole = |key| STANDARD.decode(key).is_ok_and(|octets| octets.len() == 16);
        if !self.key().is_some_and(is_whole) {
            faults.push("a request without a Sec-WebSocket-Key of 16 octets".to_owned());
        }
        faults
    }

    /// There is none, or it is the packets of an IN channel, which has logged on by then.
    fn faults_of_body(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let length = self.header("Content-Length");
        match (self.header("Transfer-Encoding"), length) {
            (None, Some("0")) => {}
            (None, None) => faults.push("a request without Content-Length".to_owned()),
            (None, Some(length)) => faults.push(format!("a request with Content-Length: {length}")),
            (Some(coding), length) => {
                if !self.is_in() || !coding.eq_ignore_ascii_case("chunked") {
                    faults.push(format!("a request with Transfer-Encoding: {coding}"));
                }
                if length.is_some() {
                    faults.push("a request with Transfer-Encoding and Content-Length".to_owned());
                }
                if self.header("Authorization").is_some() {
                    faults.push("a request with Transfer-Encoding and Authorization".to_owned());
                }
            }
        }
        faults
    }
}

fn has_token(value: &str, token: &str) -> bool {
    value.split(',').any(|own| own.trim().eq_ignore_ascii_case(token))
}

/// In braces.
fn is_guid(value: &str) -> bool {
    let Some(inner) = value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) else { return false };
    let groups: Vec<&str> = inner.split('-').collect();
    let hex = |group: &&str| group.bytes().all(|octet| octet.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(hex)
}

/// User and password of Basic (RFC 7617 section 2).
pub(super) fn basic(token: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Whether an NTLM AUTHENTICATE is in it, which proves a password.
pub(super) fn is_ntlm_authenticate(token: &str) -> bool {
    let octets = STANDARD.decode(token).unwrap_or_default();
    ntlm_in(&octets).is_some_and(|message| message.starts_with(b"NTLMSSP\0\x03\0\0\0"))
}

/// `Sec-WebSocket-Accept` for a key (RFC 6455 section 4.2.2).
#[must_use]
pub fn accepted(key: &str) -> String {
    STANDARD.encode(Sha1::new_with_prefix(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize())
}

/// 101, with this `Sec-WebSocket-Accept`, and this proof where there is one.
pub(super) fn upgraded(personality: Personality, accept: &str, proof: Option<&str>) -> Vec<u8> {
    let server = match personality {
        Personality::Windows => "Server: Microsoft-HTTPAPI/2.0\r\n",
        Personality::OpenSource => "",
    };
    let proof = proof.map(|proof| format!("WWW-Authenticate: Negotiate {proof}\r\n")).unwrap_or_default();
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{server}\
         Sec-WebSocket-Accept: {accept}\r\n{proof}\r\n"
    )
    .into_bytes()
}

/// 200 before the body of an OUT channel.
pub(super) fn out_channel(personality: Personality, chunked: bool, proof: Option<&str>) -> Vec<u8> {
    let coding = chunked.then(|| "Transfer-Encoding: chunked".to_owned());
    answer(200, coding.into_iter().chain(lines_of_a_channel(personality, proof)), None)
}

/// 200 for an IN channel, which has nothing more to say.
pub(super) fn in_channel(personality: Personality, proof: Option<&str>) -> Vec<u8> {
    answer(200, lines_of_a_channel(personality, proof), Some(""))
}

fn lines_of_a_channel(personality: Personality, proof: Option<&str>) -> impl Iterator<Item = String> {
    let server = match personality {
        Personality::Windows => Some("Server: Microsoft-HTTPAPI/2.0".to_owned()),
        Personality::OpenSource => None,
    };
    let proof = proof.map(|proof| format!("WWW-Authenticate: Negotiate {proof}"));
    server.into_iter().chain(proof).chain([DATE.to_owned()])
}

/// What both personalities say of the time.
const DATE: &str = "Date: Sat, 21 Nov 2026 00:00:00 GMT";

/// 401 with these values of `WWW-Authenticate`.
pub(super) fn unauthorized(personality: Personality, schemes: &[String]) -> Vec<u8> {
    let (before, name, after, body) = match personality {
        Personality::Windows => (
            vec!["Content-Type: text/html; charset=us-ascii", "Server: Microsoft-HTTPAPI/2.0"],
            "WWW-Authenticate",
            vec![DATE],
            page(),
        ),
        Personality::OpenSource => (
            vec!["Content-Type: text/plain; charset=utf-8"],
            "Www-Authenticate",
            vec!["X-Content-Type-Options: nosniff", DATE],
            "Unauthorized\n".to_owned(),
        ),
    };
    let schemes = schemes.iter().map(|scheme| format!("{name}: {scheme}"));
    let lines =
        before.into_iter().map(str::to_owned).chain(schemes).chain(after.into_iter().map(str::to_owned));
    answer(401, lines, Some(&body))
}

/// Any status with these lines. `Content-Length` is added where there is a body, or where the status is not 200: a body without a length is
/// what makes a channel of that one.
pub(super) fn answer(status: u16, lines: impl IntoIterator<Item = String>, body: Option<&str>) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for line in lines {
        out.push_str(&line);
        out.push_str("\r\n");
    }
    if body.is_some() || status != 200 {
        out.push_str(&format!("Content-Length: {}\r\n", body.unwrap_or_default().len()));
    }
    out.push_str("\r\n");
    out.push_str(body.unwrap_or_default());
    out.into_bytes()
}

/// As long as the page that such a server sends, in octets.
const PAGE: usize = 341;

fn page() -> String {
    let (before, after) = (
        "<!DOCTYPE HTML>\r\n<html><head><title>Not Authorized</title></head>\r\n<body><h2>401</h2>\r\n<p>",
        "</p></body></html>\r\n",
    );
    let words = "This request needs the name of an account that may use the gateway. ".repeat(PAGE);
    let room = PAGE.saturating_sub(before.len()).saturating_sub(after.len());
    [before, words.get(..room).unwrap_or_default(), after].concat()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        410 => "Gone",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unnamed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\nHost: gw.lab.test\r\nUser-Agent: MS-RDGateway/1.0\r\n\
        Accept: */*\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        RDG-Connection-Id: {958F92D8-DA20-467A-BBE3-65E7E9B4EDCF}\r\nContent-Length: 0\r\n\r\n";

    /// Without what asks for the upgrade.
    fn plain() -> String {
        let upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        GOOD.replace("Connection: Upgrade", "Connection: Keep-Alive").replace(upgrade, "")
    }

    fn faults(request: &str) -> Vec<String> {
        let Read::Whole(request, _) = Request::read(request.as_bytes()) else { panic!("{request}") };
        request.faults()
    }

    #[test]
    fn a_request_is_read_when_it_is_whole() {
        for at in 0..GOOD.len() {
            assert!(matches!(Request::read(&GOOD.as_bytes()[..at]), Read::Partial), "{at}");
        }
        assert!(matches!(Request::read(GOOD.as_bytes()), Read::Whole(_, length) if length == GOOD.len()));
        assert_eq!(faults(GOOD), [""; 0]);
        assert!(matches!(Request::read(b"\x16\x03\x01"), Read::Wrong(_)));
        assert!(matches!(Request::read(GOOD.replace("/1.1", "/1.0").as_bytes()), Read::Wrong(_)));
    }

    #[test]
    fn what_is_wrong_with_a_request_is_told() {
        for (from, to, told) in [
            ("RDG_OUT_DATA", "GET", "a request with GET /remoteDesktopGateway/"),
            ("Accept: */*\r\n", "", "a request without Accept"),
            ("Content-Length: 0", "Content-Length: 1", "a request with Content-Length: 1"),
            ("Connection: Upgrade", "Connection: Keep-Alive", "a request without Connection: upgrade"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhl", "a request without a Sec-WebSocket-Key of 16 octets"),
            (
                "{958F92D8",
                "{958F92D",
                "a request with RDG-Connection-Id: {958F92D-DA20-467A-BBE3-65E7E9B4EDCF}",
            ),
            ("Pragma", "Origin: x\r\nPragma", "a request with Origin"),
            ("Pragma", "Accept: */*\r\nPragma", "a request with Accept twice"),
            ("Pragma", "RDG-User-Id: x\r\nPragma", "a request with RDG-User-Id: x"),
        ] {
            assert_eq!(faults(&GOOD.replace(from, to)), [told]);
        }
    }

    #[test]
    fn who_asks_for_the_upgrade_has_all_of_its_headers_and_who_does_not_has_none() {
        assert_eq!(faults(&plain()), [""; 0]);
        for (header, told) in [
            ("Connection: Upgrade\r\n", "a request without Connection: upgrade"),
            ("Upgrade: websocket\r\n", "a request without Upgrade: websocket"),
            ("Sec-WebSocket-Version: 13\r\n", "a request without Sec-WebSocket-Version: 13"),
            (
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                "a request without a Sec-WebSocket-Key of 16 octets",
            ),
        ] {
            assert_eq!(faults(&GOOD.replacen(header, "", 1)), [told]);
            // It alone.
            let alone =
                plain().replace("Connection: Keep-Alive\r\n", "").replace("Pragma", &format!("{header}Pragma"));
            assert_eq!(faults(&alone).len(), 3, "{header}");
        }
    }

    #[test]
    fn in_channel_asks_for_no_upgrade_and_has_one_body() {
        let good = plain().replace("RDG_OUT_DATA", "RDG_IN_DATA");
        assert_eq!(faults(&good), [""; 0]);
        let chunked = good.replace("Content-Length: 0", "Transfer-Encoding: chunked");
        assert_eq!(faults(&chunked), [""; 0]);
        let upgraded = GOOD.replace("RDG_OUT_DATA", "RDG_IN_DATA");
        let told = ["Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"];
        assert_eq!(faults(&upgraded), told.map(|name| format!("RDG_IN_DATA with {name}")));
        for (from, to, told) in [
            ("Pragma", "Content-Length: 0\r\nPragma", "a request with Transfer-Encoding and Content-Length"),
            (
                "Pragma",
                "Authorization: Basic YTpi\r\nPragma",
                "a request with Transfer-Encoding and Authorization",
            ),
            ("chunked", "gzip", "a request with Transfer-Encoding: gzip"),
            ("RDG_IN_DATA", "RDG_OUT_DATA", "a request with Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked\r\n", "", "a request without Content-Length"),
        ] {
            assert_eq!(faults(&chunked.replacen(from, to, 1)), [told]);
        }
    }

    #[test]
    fn accept_is_as_the_specification_computes_it() {
        assert_eq!(accepted("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_page_is_as_long_as_it_is_said_to_be() {
        let answer = String::from_utf8(unauthorized(Personality::Windows, &["NTLM".to_owned()])).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains("\r\nWWW-Authenticate: NTLM\r\n") && head.ends_with("Content-Length: 341"),
            "{head}"
        );
        assert_eq!(body.len(), PAGE);
    }

    #[test]
    fn credentials_are_read() {
        assert_eq!(basic("YTpiOmM="), Some(("a".to_owned(), "b:c".to_owned())));
        assert_eq!(basic("!"), None);
        assert!(is_ntlm_authenticate("TlRMTVNTUAADAAAAAA=="));
        assert!(!is_ntlm_authenticate("TlRMTVNTUAABAAAAt4II4gAAAAAoAAAAAAAAACgAAAAKAGNFAAAADw=="));
    }
}

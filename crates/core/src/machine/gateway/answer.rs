//! What an answer of HTTP says of a logon, and of the connection that it came on.
use rdp_probe_wire::credssp::ntlm_in;
use rdp_probe_wire::http::{BodyLength, Chunks, MAX_BODY, Response, challenges};
use rdp_probe_wire::ntlm::Challenge;

use crate::auth::AuthMethod;
use crate::gateway::unbase64;

/// What the peer says to this scheme beside its name, where that is an exchange: a token, or `Some(None)` for what is none.
pub(super) fn challenge_of<'a>(response: &Response<'a>, method: AuthMethod) -> Option<Option<&'a str>> {
    // Another scheme names a realm with every question.
    let scheme = method.scheme().filter(|_| method.is_exchange())?;
    let mut all = response.headers("www-authenticate").flat_map(challenges);
    let said = all.find(|challenge| {
        let is_more = challenge.token68.is_some() || !challenge.params.is_empty();
        is_more && challenge.scheme.eq_ignore_ascii_case(scheme)
    });
    said.map(|challenge| challenge.token68)
}

/// Whether a server begins an exchange once more: with a challenge, and not with word that it refuses.
pub(super) fn begins_anew(response: &Response<'_>, method: AuthMethod) -> bool {
    let token = challenge_of(response, method).flatten().and_then(unbase64);
    token.is_some_and(|token| ntlm_in(&token).is_some_and(|message| Challenge::parse(message).is_ok()))
}

/// Whether all of a body in chunks has come: of a long one no more is waited for than of any other.
fn is_whole(body: &[u8]) -> bool {
    let (mut chunks, mut rest) = (Chunks::new(), body);
    while !rest.is_empty() && !chunks.is_over() && !chunks.is_broken() {
        let heard = chunks.hear(rest);
        rest = rest.get(heard.used..).unwrap_or_default();
    }
    chunks.is_over()
}

/// Whether another request can follow on the same connection.
pub(super) fn persists(response: &Response<'_>) -> bool {
    let ends = match response.body_length() {
        BodyLength::None => false,
        BodyLength::Chunked => !is_whole(response.body()),
        BodyLength::Octets(octets) => usize::try_from(octets).map_or(true, |octets| octets > MAX_BODY),
        BodyLength::UntilClose | _ => true,
    };
    !closes(response) && !ends
}

/// Whether the server says that it ends the connection with this answer (RFC 9112 section 9.3).
pub(super) fn closes(response: &Response<'_>) -> bool {
    let says = |word: &str| {
        response.headers("connection").any(|value| {
            value
                .split(|octet| *octet == b',')
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    // Before HTTP/1.1 a connection that is kept says so.
    says("close") || (response.minor_version == 0 && !says("keep-alive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_stays_where_nothing_of_the_answer_is_left_in_it() {
        let chunks = |octets: usize| {
            format!("Transfer-Encoding: chunked\r\n\r\n{octets:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(octets))
        };
        for (more, stays) in [
            ("Content-Length: 3\r\n\r\nno!".to_owned(), true),
            ("Content-Length: 3\r\nConnection: x, Close\r\n\r\nno!".to_owned(), false),
            (format!("Content-Length: {}\r\n\r\n", MAX_BODY + 1), false),
            ("\r\n".to_owned(), false),
            (chunks(9), true),
            (chunks(MAX_BODY - 20), true),
            (chunks(MAX_BODY), false),
        ] {
            let answer = format!("HTTP/1.1 401 No\r\n{more}");
            let response = Response::parse(answer.as_bytes()).unwrap();
            assert_eq!(persists(&response), stays, "{} octets", answer.len());
        }
    }
}

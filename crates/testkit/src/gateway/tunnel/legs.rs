//! HTTP until there is a channel: what each request says of who it is from, and its answer.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdp_probe_core::base64;
use rdp_probe_core::wire::credssp::ntlm_in;

use super::super::does::Does;
use super::super::habits;
use super::super::http::{self, Read, Request};
use super::super::judge::{Bound, Judged};
use super::super::spnego;
use super::{Gateway, State};
use crate::certificate::Kind;
use crate::scenario::{Accepts, Binding, Departs, Ending, GatewayPoint, Personality};

/// The scheme of who logs on inside of the tunnel.
const EXTENDED: &str = "SSPI_NTLM";

/// More requests than a logon of any client has on one connection, whatever the gateway answers.
const MOST_REQUESTS: usize = 8;

/// What comes of an answer.
enum Opens {
    Nothing,
    WebSocket,
    Out,
    In,
}

/// What a request says of who it is from.
pub(super) enum Said {
    Nothing,
    Password {
        right: bool,
    },
    /// The first message of NTLM, with the scheme and the answer to it.
    Begun(String),
    /// That it follows in the tunnel.
    ToFollow,
    /// Its last one, with SPNEGO around it or without.
    Proof {
        right: bool,
        wrapped: bool,
    },
}

impl Gateway {
    pub(super) fn request(&mut self) -> Option<Vec<Does>> {
        if self.held.is_empty() {
            return None;
        }
        let (request, length) = match Request::read(&self.held) {
            Read::Partial => return None,
            Read::Whole(request, length) => (request, length),
            Read::Wrong(why) => {
                self.violation(why);
                return Some(self.end(Ending::CloseNotify));
            }
        };
        self.held = self.held.split_off(length.min(self.held.len()));
        self.is_of(&request);
        if request.is_in() && request.is_chunked() {
            return Some(self.last_request(&request));
        }
        if !self.held.is_empty() {
            self.violation(format!("{} octets before the answer to a request", self.held.len()));
        }
        self.held.clear();
        Some(self.answer(&request))
    }

    /// The faults of a request, as one of those on its connection.
    pub(super) fn faults(&mut self, request: &Request) -> Vec<String> {
        let mut faults = request.faults();
        let id = request.connection_id().unwrap_or_default();
        match &self.connection_id {
            Some(own) if own != id => {
                faults.push("another RDG-Connection-Id on the same connection".to_owned())
            }
            Some(_) => {}
            None => self.connection_id = Some(id.to_owned()),
        }
        if self.channel != Some(request.channel()) {
            faults.push("the other channel's method on the same connection".to_owned());
        }
        faults
    }

    fn answer(&mut self, request: &Request) -> Vec<Does> {
        let mut faults = self.faults(request);
        let authorization = request.authorization();
        if self.table.accepts == Accepts::Token && authorization.is_some_and(|(_, token)| !token.is_empty()) {
            faults.push("credentials in HTTP beside a token".to_owned());
        }
        let said = self.note(request, faults);
        let at = match (&said, authorization) {
            (Said::Begun(_), _) => GatewayPoint::Challenge,
            (Said::ToFollow, _) => GatewayPoint::Http,
            (Said::Nothing | Said::Password { .. } | Said::Proof { .. }, Some(_)) => GatewayPoint::Auth,
            (Said::Nothing | Said::Password { .. } | Said::Proof { .. }, None) => GatewayPoint::Http,
        };
        let lets_in = match (self.table.accepts, self.table.personality) {
            (Accepts::Anyone, _) | (Accepts::Token, Personality::OpenSource) => true,
            (Accepts::Token, Personality::Windows) => {
                let scheme = request.header("RDG-Auth-Scheme").or_else(|| Some(authorization?.0));
                scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("PAA"))
            }
            (Accepts::Basic, _) => matches!(said, Said::Password { right: true }),
            (Accepts::Ntlm, _) => matches!(said, Said::Proof { right: true, .. } | Said::ToFollow),
        };
        let personality = self.table.personality;
        let upgrades = self.table.websocket && request.asks_for_upgrade();
        let (octets, opens) = match request.key() {
            _ if !request.is_for_a_gateway() || !self.has_place_for(request) => {
                (http::answer(404, [], None), Opens::Nothing)
            }
            _ if !lets_in => {
                let schemes = match said {
                    Said::Begun(challenge) => vec![challenge],
                    // RFC 4559 section 5: who refuses may say so in the mechanism's own words, too.
                    Said::Proof { wrapped: true, .. } => {
                        vec![format!("Negotiate {}", base64(&spnego::reject()))]
                    }
                    Said::Nothing | Said::ToFollow | Said::Password { .. } | Said::Proof { .. } => {
                        habits::schemes(&self.table)
                    }
                };
                (http::unauthorized(personality, &schemes), Opens::Nothing)
            }
            _ if request.is_in() => (http::in_channel(personality, self.proof(&said).as_deref()), Opens::In),
            _ if !upgrades => {
                let proof = self.proof(&said);
                (http::out_channel(personality, self.table.chunked, proof.as_deref()), Opens::Out)
            }
            None => (http::answer(400, [], None), Opens::Nothing),
            Some(key) => {
                let wrong =
                    matches!(&self.table.departs, Some(departure) if departure.how == Departs::WrongAccept);
                let accept = if wrong { http::accepted("") } else { http::accepted(key) };
                let proof = self.proof(&said);
                (http::upgraded(personality, &accept, proof.as_deref()), Opens::WebSocket)
            }
        };
        let octets = self.by_way(octets);
        if let Some(does) = self.instead(at, &octets) {
            return does;
        }
        let mut does = vec![Does::Send(octets)];
        match opens {
            Opens::Nothing => {}
            Opens::WebSocket => {
                self.state = State::Handshake;
                self.upgraded = true;
                does.push(Does::Upgraded);
            }
            Opens::Out => does.push(self.opens_out()),
            Opens::In => self.joins(),
        }
        does
    }

    /// What proves the gateway, to whom it has let in.
    fn proof(&mut self, said: &Said) -> Option<String> {
        let proof = match said {
            Said::Proof { wrapped: true, .. } if self.table.proves => self.judge.proof(),
            Said::Nothing | Said::ToFollow | Said::Password { .. } | Said::Begun(_) | Said::Proof { .. } => {
                None
            }
        };
        proof.map(|proof| base64(&proof))
    }

    /// An answer as it comes: with the cookie of a balancer, and by way of the proxy that there is.
    fn by_way(&self, answer: Vec<u8>) -> Vec<u8> {
        let via = self.table.via.as_ref().map(|via| format!("Via: {via}\r\n"));
        let number = self.notes.lock().requests;
        let cookie =
            self.table.cookies.then(|| format!("Set-Cookie: leg{number}=of-{number}; Path=/; HttpOnly\r\n"));
        let line = answer.iter().position(|octet| *octet == b'\n').map_or(0, |at| at + 1);
        let (status, rest) = answer.split_at_checked(line).unwrap_or((&answer, &[]));
        let lines = [via, cookie].into_iter().flatten().collect::<String>();
        [status, lines.as_bytes(), rest].concat()
    }

    /// Notes what a request has, and gives out what it says of who it is from.
    pub(super) fn note(&mut self, request: &Request, faults: Vec<String>) -> Said {
        let notes = self.notes.clone();
        let mut seen = notes.lock();
        seen.requests += 1;
        self.requests += 1;
        // Said once.
        if self.requests == MOST_REQUESTS.saturating_add(1) {
            seen.violations.push(format!("more than {MOST_REQUESTS} requests on one connection"));
        }
        seen.violations.extend(faults);
        seen.asked.push((request.method.clone(), request.connection_id().unwrap_or_default().to_owned()));
        seen.cookies.push(request.header("Cookie").unwrap_or_default().to_owned());
        seen.correlation_ids.extend(request.header("RDG-Correlation-Id").map(str::to_owned));
        let Some((scheme, token)) = request.authorization() else { return Said::Nothing };
        seen.authorizations.push(scheme.to_owned());
        seen.authorization_values.push(token.to_owned());
        if !scheme.eq_ignore_ascii_case("Basic") {
            let proves = http::is_ntlm_authenticate(token);
            seen.logons += usize::from(proves);
            let octets = STANDARD.decode(token).unwrap_or_default();
            let offers = |scheme: &str| habits::schemes(&self.table).iter().any(|own| own == scheme);
            if scheme == EXTENDED && self.table.accepts == Accepts::Ntlm && offers(scheme) {
                self.extended = true;
                return Said::ToFollow;
            }
            let own = ["NTLM", "Negotiate"].into_iter().find(|own| scheme.eq_ignore_ascii_case(own));
            let (Some(scheme), Some(message), Accepts::Ntlm) = (own, ntlm_in(&octets), self.table.accepts)
            else {
                return Said::Nothing;
            };
            // As it was asked: with SPNEGO around it, or without.
            let wrapped = message.len() < octets.len();
            if !proves {
                let Some(challenge) = self.judge.challenge(message) else { return Said::Nothing };
                let token = if wrapped { spnego::challenge(&challenge) } else { challenge };
                return Said::Begun(format!("{scheme} {}", base64(&token)));
            }
            let judged = self.judged(message);
            seen.bound.push(judged.bound);
            return Said::Proof { right: self.admits(judged), wrapped };
        }
        let Some((user, password)) = http::basic(token) else {
            seen.violations.push("credentials of Basic that are none".to_owned());
            return Said::Nothing;
        };
        seen.logons += 1;
        let right = user == self.table.user && password == self.table.password;
        seen.users.push(user);
        seen.secrets_seen.push(password);
        Said::Password { right }
    }

    /// What an AUTHENTICATE proves on a connection with the certificate that it has to be bound to.
    pub(super) fn judged(&mut self, authenticate: &[u8]) -> Judged {
        let certificate = match self.table.binding {
            Binding::Off | Binding::Required => self.table.certificate,
            Binding::Other => Kind::Good,
        };
        self.judge.judge(authenticate, &certificate.end_point())
    }

    /// Whether that is enough.
    pub(super) fn admits(&self, judged: Judged) -> bool {
        judged.knows && (judged.bound == Bound::Own || self.table.binding == Binding::Off)
    }
}

//! The gateway of another client's command line, where none is typed.
use crate::gateway_options::Method;
use crate::options::Options;
use crate::pasted::{PastedGateway, Through};

/// Goes through it as if it had been typed, or notes that nobody does. What is typed wins.
pub(crate) fn settle(options: &mut Options) {
    let typed = options.gateway.gateway.is_some() || options.no_gateway;
    match options.pasted.gateway.take() {
        Some(_) if typed => {}
        Some(PastedGateway::Not(not)) => options.pasted.not_followed.push(not),
        Some(PastedGateway::Through(through)) => go_through(options, *through),
        None => {}
    }
}

fn go_through(options: &mut Options, through: Through) {
    let Through { place, detect, transport, method, user, domain, password, token } = through;
    // Who is typed for the target is not who the line has for the gateway.
    let same = options.pasted.user.clone().filter(|_| options.user.is_none());
    let same_domain = options.pasted.domain.clone();
    let given = &mut options.gateway;
    (given.gateway, given.detect) = (Some(place), detect);
    given.gateway_transport = given.gateway_transport.or(transport);
    if given.logs_on() {
        return;
    }
    given.pasted = true;
    let has_password =
        password.is_some() || given.gateway_password_file.is_some() || given.gateway_password_stdin;
    match (token, user, same) {
        (Some(token), ..) => given.pasted_token = Some(token),
        (None, Some(user), _) => {
            (given.gateway_domain, given.gateway_user) = (beside(&user, domain), Some(user))
        }
        // FreeRDP logs on at the gateway as at the target, where nothing is said of it.
        (None, None, Some(user)) if has_password => {
            (given.gateway_domain, given.gateway_user) = (beside(&user, domain.or(same_domain)), Some(user));
        }
        (None, None, Some(_)) => given.same_credentials = true,
        (None, None, None) => {}
    }
    if given.gateway_user.is_some() {
        given.pasted_password = password;
    }
    if given.gateway_auth.is_none() && (given.gateway_user.is_some() || given.same_credentials) {
        given.gateway_auth = method.map(Method::By);
    }
}

/// A domain that stands beside a user without one.
fn beside(user: &str, domain: Option<String>) -> Option<String> {
    domain.filter(|_| !user.contains(['\\', '@']))
}

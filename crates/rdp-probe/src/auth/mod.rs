//! Security contexts: who makes tokens of a secret, seals and opens. The only place that knows a library for them.
mod context;
#[cfg(feature = "nla")]
mod negotiate;
#[cfg(feature = "nla")]
mod ntlm;
mod plain;

use context::{Asked, SecurityContext};
use plain::Plain;
use rdp_probe_core::{AuthAsk, AuthFault, AuthOutput};
use tokio::sync::{mpsc, oneshot};

use crate::credentials::Credentials;
use crate::secret::Secret;

type Question = (Asked, oneshot::Sender<Result<AuthOutput, AuthFault>>);

/// A context under way, on a task that owns it: a panic in there ends it, and nothing else.
pub(crate) struct Exchange(mpsc::UnboundedSender<Question>);

impl Exchange {
    /// Begins one with this service, bound to the connection by this, where it is. Without a library for it, whatever is asked is a fault of
    /// this computer's.
    pub(crate) fn begin(credentials: &Credentials, service: &str, binding: Option<&[u8]>) -> Self {
        Self::with(context(credentials, service, binding))
    }

    /// The same inside of SPNEGO.
    pub(crate) fn negotiate(credentials: &Credentials, service: &str, binding: Option<&[u8]>) -> Self {
        Self::with(negotiated(credentials, service, binding))
    }

    /// Begins one that shows user and password, once.
    pub(crate) fn basic(credentials: &Credentials) -> Self {
        Self::with(Some(Box::new(Plain::basic(credentials))))
    }

    /// Begins one that shows a token, once.
    pub(crate) fn token(token: &Secret<String>) -> Self {
        Self::with(Some(Box::new(Plain::token(token))))
    }

    fn with(context: Option<Box<dyn SecurityContext>>) -> Self {
        let (ask, mut asked) = mpsc::unbounded_channel::<Question>();
        if let Some(mut context) = context {
            tokio::spawn(async move {
                while let Some((ask, tell)) = asked.recv().await {
                    // Nobody may be waiting any more, which is no error.
                    _ = tell.send(context.ask(&ask));
                }
            });
        }
        Self(ask)
    }

    /// Asks it.
    pub(crate) async fn ask(&self, asked: AuthAsk<'_>) -> Result<AuthOutput, AuthFault> {
        let asked = match asked {
            AuthAsk::Token(token) => Asked::Token(token.map(<[u8]>::to_vec)),
            AuthAsk::Wrap(octets) => Asked::Wrap(octets.to_vec()),
            AuthAsk::Unwrap(octets) => Asked::Unwrap(octets.to_vec()),
            AuthAsk::WrapCredentials(what) => Asked::WrapCredentials(what),
            _ => return Err(AuthFault::Local),
        };
        let (tell, told) = oneshot::channel();
        // Either fails when the task is gone.
        self.0.send((asked, tell)).map_err(|_| AuthFault::Local)?;
        told.await.unwrap_or(Err(AuthFault::Local))
    }
}

#[cfg(feature = "nla")]
fn context(
    credentials: &Credentials,
    service: &str,
    binding: Option<&[u8]>,
) -> Option<Box<dyn SecurityContext>> {
    Some(Box::new(ntlm::Ntlm::new(credentials, service, binding)?))
}

#[cfg(feature = "nla")]
fn negotiated(
    credentials: &Credentials,
    service: &str,
    binding: Option<&[u8]>,
) -> Option<Box<dyn SecurityContext>> {
    Some(Box::new(negotiate::Negotiate::new(credentials, service, binding)?))
}

#[cfg(not(feature = "nla"))]
fn negotiated(_: &Credentials, _: &str, _: Option<&[u8]>) -> Option<Box<dyn SecurityContext>> {
    None
}

#[cfg(not(feature = "nla"))]
fn context(_: &Credentials, _: &str, _: Option<&[u8]>) -> Option<Box<dyn SecurityContext>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Breaks;

    impl SecurityContext for Breaks {
        fn ask(&mut self, ask: &Asked) -> Result<AuthOutput, AuthFault> {
            match ask {
                Asked::Token(_) => Err(AuthFault::Token),
                Asked::Wrap(_) | Asked::Unwrap(_) | Asked::WrapCredentials(_) => {
                    panic!("a defect in a library")
                }
            }
        }
    }

    /// The first message is everybody's: nothing of the account, the service or the computer is in it.
    #[cfg(feature = "nla")]
    #[tokio::test]
    async fn first_message_is_as_the_reference_has_it_and_the_same_for_everybody() {
        const NTLM: &str = "TlRMTVNTUAABAAAAt4II4gAAAAAoAAAAAAAAACgAAAAKAGNFAAAADw==";
        const HEAD: [u8; 34] = [
            0x60, 0x48, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, 0xA0, 0x3E, 0x30, 0x3C, 0xA0, 0x0E,
            0x30, 0x0C, 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A, 0xA2, 0x2A,
            0x04, 0x28,
        ];
        for (user, service, binding) in
            [("alice", "HTTP/gw", None), ("LAB\\bob", "HTTP/other", Some(b"x".as_slice()))]
        {
            let credentials = Credentials::new(user, None, "secret".to_owned()).unwrap();
            let first = |exchange: Exchange| async move {
                let Ok(AuthOutput::Token { token, done: false }) = exchange.ask(AuthAsk::Token(None)).await
                else {
                    panic!("no token")
                };
                token
            };
            let bare = first(Exchange::begin(&credentials, service, binding)).await;
            assert_eq!(rdp_probe_core::base64(&bare), NTLM);
            let wrapped = first(Exchange::negotiate(&credentials, service, binding)).await;
            assert_eq!(wrapped, [&HEAD[..], &bare].concat());
        }
    }

    #[tokio::test]
    async fn a_context_that_breaks_is_a_fault_of_this_computer_s_and_takes_nothing_with_it() {
        let exchange = Exchange::with(Some(Box::new(Breaks)));
        assert_eq!(exchange.ask(AuthAsk::Token(None)).await, Err(AuthFault::Token));
        assert_eq!(exchange.ask(AuthAsk::Wrap(b"x")).await, Err(AuthFault::Local));
        assert_eq!(exchange.ask(AuthAsk::Token(None)).await, Err(AuthFault::Local), "it is gone");
        let none = Exchange::with(None);
        assert_eq!(none.ask(AuthAsk::Token(None)).await, Err(AuthFault::Local));
    }
}

//! Security contexts: who makes tokens of a secret, seals and opens. With `ntlm.rs` the only place that knows a library for them.
mod context;
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
                Asked::Wrap(_) | Asked::Unwrap(_) => panic!("a defect in a library"),
            }
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

//! The security context's answer to a question for a token.
use crate::auth::{AuthFault, AuthOutput};
use crate::failure::FailureKind;

/// The token, and whether it is the last one.
pub(super) fn token_of(answer: Result<AuthOutput, AuthFault>) -> Result<(Vec<u8>, bool), FailureKind> {
    match answer {
        Ok(AuthOutput::Token { token, done }) => Ok((token, done)),
        other => Err(no_such_answer(other)),
    }
}

/// A fault, or an answer to another question: a defect of the context, and so is a seal that is broken where none was to be opened.
pub(super) fn no_such_answer(answer: Result<AuthOutput, AuthFault>) -> FailureKind {
    FailureKind::Auth(answer.err().filter(|fault| *fault != AuthFault::Altered).unwrap_or(AuthFault::Local))
}

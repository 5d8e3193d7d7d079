//! Who judges a logon by NTLM.
use std::fmt;

use crate::scenario::Challenge;
use crate::toy::Toy;

/// The server's end of one exchange.
pub(crate) trait Judge: fmt::Debug + Send + Sync {
    /// The CHALLENGE for a NEGOTIATE; `None` for what is none.
    fn challenge(&mut self, negotiate: &[u8]) -> Option<Vec<u8>>;

    /// What an AUTHENTICATE proves, on a connection that is bound to by `own`.
    fn judge(&mut self, authenticate: &[u8], own: &[u8]) -> Judged;

    /// What proves the server in SPNEGO, once it has let somebody in; `None` for whom nothing does.
    fn proof(&mut self) -> Option<Vec<u8>>;
}

/// What an AUTHENTICATE proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// That its client knows the password, and that nobody has changed a message of the exchange.
    pub(crate) knows: bool,
    /// What it is bound to.
    pub(crate) bound: Bound,
}

/// What a logon is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "nothing, this or something else")]
pub enum Bound {
    /// Nothing.
    Nothing,
    /// The certificate that was asked for.
    Own,
    /// Something else.
    Other,
}

impl Bound {
    /// From the value that is there, and the right one.
    pub(super) fn of(value: Option<&[u8]>, own: &[u8]) -> Self {
        match value {
            None => Self::Nothing,
            Some(value) if value == own => Self::Own,
            Some(_) => Self::Other,
        }
    }
}

/// What stands behind the last token of the toy, for what binds it.
const BOUND: &[u8] = b"bound:";

/// The toy's last token, with what it is bound to.
pub(crate) fn bound(token: &[u8], binding: Option<&[u8]>) -> Vec<u8> {
    match binding {
        Some(binding) => [token, BOUND, binding].concat(),
        None => token.to_vec(),
    }
}

/// A judge of toys.
impl Judge for Toy {
    fn challenge(&mut self, negotiate: &[u8]) -> Option<Vec<u8>> {
        negotiate.starts_with(b"NTLMSSP\0\x01").then(|| Challenge::default().token())
    }

    fn judge(&mut self, authenticate: &[u8], own: &[u8]) -> Judged {
        let at = authenticate.windows(BOUND.len()).position(|part| part == BOUND);
        let (token, binding) = authenticate.split_at(at.unwrap_or(authenticate.len()));
        Judged { knows: self.admits(token), bound: Bound::of(binding.strip_prefix(BOUND), own) }
    }

    fn proof(&mut self) -> Option<Vec<u8>> {
        None
    }
}

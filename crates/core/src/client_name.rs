//! What the client calls itself ([MS-RDPBCGR] 2.2.1.3.2, `clientName`): a server's log then tells who came by.
use serde::{Deserialize, Serialize};

/// A name of 1 to 15 UTF-16 code units without control characters: the field has room for 16, of which the last is a zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientName(String);

/// A name that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientNameError {
    /// None, or too long.
    #[error("the name of a client has 1 to {} characters", ClientName::MOST)]
    Length,
    /// A character that no name has.
    #[error("the name of a client has no control character")]
    Character,
}

impl ClientName {
    /// The most UTF-16 code units.
    pub const MOST: usize = 15;
    /// What the client is called where nobody says.
    pub const USUAL: &'static str = "rdp-probe";

    /// Reads one.
    ///
    /// # Errors
    /// [`ClientNameError`] when it is none.
    pub fn parse(name: &str) -> Result<Self, ClientNameError> {
        if !(1..=Self::MOST).contains(&name.encode_utf16().count()) {
            return Err(ClientNameError::Length);
        }
        if name.contains(char::is_control) {
            return Err(ClientNameError::Character);
        }
        Ok(Self(name.to_owned()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientName {
    type Error = ClientNameError;

    fn try_from(name: String) -> Result<Self, ClientNameError> {
        Self::parse(&name)
    }
}

impl From<ClientName> for String {
    fn from(name: ClientName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_its_field() {
        for name in ["a", "rdp-probe", "\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}x"] {
            assert_eq!(ClientName::parse(name).unwrap().as_str(), name);
        }
        assert!(ClientName::parse(ClientName::USUAL).is_ok());
        for name in
            ["", "sixteen-letters!", "\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}\u{1f5a5}"]
        {
            assert_eq!(ClientName::parse(name), Err(ClientNameError::Length), "{name}");
        }
        assert_eq!(ClientName::parse("a\0b"), Err(ClientNameError::Character));
    }
}

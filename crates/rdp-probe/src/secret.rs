//! What nobody else is to see.
use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// A secret: it prints as `<redacted>`, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Keeps it.
    pub fn new(secret: T) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// What it is, for who makes something of it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(secret: T) -> Self {
        Self::new(secret)
    }
}

/// Whether both are the same, in a time that tells of them: for whoever has both already.
impl<T: Zeroize + PartialEq> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl<T: Zeroize + Eq> Eq for Secret<T> {}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {:#?}", Some(&secret)), "<redacted> Some(\n    <redacted>,\n)");
        assert_eq!(secret.expose(), "hunter2");
    }
}

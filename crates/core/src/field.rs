//! Values by their names, as reports have them.

/// The values of a fact or of a failure, each with its name in reports. Names are API, and a value has one form wherever it is shown:
/// codes in hexadecimal with a capital (`0x1F`), numbers in decimal, texts as they are. What a peer sent is not escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Fields(Vec<(&'static str, String)>);

impl Fields {
    /// None.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// With a text, a number or an address.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    /// With a raw code.
    pub fn code(self, name: &'static str, code: impl Into<u32>) -> Self {
        self.with(name, hex(code))
    }

    /// With a text, a number or an address, where there is one.
    pub fn maybe(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a raw code, where there is one.
    pub fn maybe_code(self, name: &'static str, code: Option<impl Into<u32>>) -> Self {
        self.maybe(name, code.map(hex))
    }

    /// With those of something else.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Fields {
    type Item = (&'static str, String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A raw code, as every code in a report.
#[must_use]
pub fn hex(code: impl Into<u32>) -> String {
    format!("0x{:X}", code.into())
}

//! Optional fields, one after the other.
use crate::fault::{Fault, Problem, bad};

/// What is left of a packet behind its fixed part.
pub(super) struct Optional<'a> {
    rest: &'a [u8],
    /// Whether a field that is told of may be missing: of a packet that refuses something, what is there is read.
    lenient: bool,
}

impl<'a> Optional<'a> {
    pub(super) const fn new(rest: &'a [u8], lenient: bool) -> Self {
        Self { rest, lenient }
    }

    /// Octets that no field has taken.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes so many octets, where the field is there.
    pub(super) fn fixed<const N: usize>(
        &mut self,
        there: bool,
        field: &'static str,
    ) -> Result<Option<[u8; N]>, nom::Err<Fault>> {
        if !there {
            return Ok(None);
        }
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(Some(*taken))
            }
            None => self.missing(field, Problem::Cut),
        }
    }

    /// Takes what has its length before it, where the field is there.
    pub(super) fn counted(
        &mut self,
        there: bool,
        field: &'static str,
    ) -> Result<Option<&'a [u8]>, nom::Err<Fault>> {
        if !there {
            return Ok(None);
        }
        let Some((&[low, high], after)) = self.rest.split_first_chunk::<2>() else {
            return self.missing(field, Problem::Cut);
        };
        let length = u16::from_le_bytes([low, high]);
        match after.split_at_checked(usize::from(length)) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(Some(taken))
            }
            None => self.missing(field, Problem::Length(u32::from(length))),
        }
    }

    /// Passes over so many octets; `None` when there are fewer.
    pub(super) fn without(&self, octets: usize) -> Option<Self> {
        Some(Self { rest: self.rest.get(octets..)?, lenient: false })
    }

    /// What follows cannot be told apart any more.
    fn missing<T>(&mut self, field: &'static str, problem: Problem) -> Result<Option<T>, nom::Err<Fault>> {
        if self.lenient { Ok(None) } else { bad(self.rest, field, problem) }
    }
}

//! Which two numbers are an error code and its extended one.
use crate::codes::{Code, Family, lookup};
use crate::explain::number::Number;

/// A disconnect reason, and an extended code that is no disconnect reason unless it is published as extended too.
pub(super) fn is_pair(code: Number, extended: Number) -> bool {
    let published = extended
        .value
        .is_some_and(|extended| lookup(Family::MstscExt, extended).is_some() || disconnect(extended).is_none());
    published && is_pair_with_slash(code, extended)
}

/// A disconnect reason, and an extended code: a published one, or a Set Error Info, which a client shows as it is.
pub(super) fn is_pair_with_slash(code: Number, extended: Number) -> bool {
    let (Some(code), Some(extended)) = (code.value, extended.value) else { return false };
    let second = lookup(Family::MstscExt, extended).or_else(|| lookup(Family::SetErrorInfo, extended));
    disconnect(code).is_some() && second.is_some()
}

pub(super) fn disconnect(code: u32) -> Option<&'static Code> {
    lookup(Family::MstscDisc, code).or_else(|| lookup(Family::MstscGateway, code))
}

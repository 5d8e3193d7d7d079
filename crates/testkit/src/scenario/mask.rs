//! A mask of protocols, as scenarios spell it.
use rdp_probe_core::wire::nego::Protocols;
use serde::Deserialize as _;

/// A mask in hexadecimal.
pub(super) fn mask<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Protocols>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let value = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match value {
        Some(value) => Ok(Some(Protocols(value))),
        None => Err(serde::de::Error::custom(format_args!("a mask is like 0x0B, not {text:?}"))),
    }
}

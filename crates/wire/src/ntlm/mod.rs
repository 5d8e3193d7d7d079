//! NTLM, as far as a server speaks before anybody logs on.
//!
//! \[MS-NLMP\] 2.2; little-endian.
mod av_pair;
mod challenge;
mod utf16;

pub use av_pair::{AvFlags, AvId, AvPair, AvPairs};
pub use challenge::{Challenge, NegotiateFlags, Version};
pub use utf16::utf16;

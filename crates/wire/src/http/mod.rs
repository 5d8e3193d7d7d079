//! HTTP/1.x responses: what an RD Gateway or a proxy says before the octets behind it are somebody else's.
//!
//! RFC 9112 for messages, RFC 9110 section 11 for challenges. Of what a client says there are chunks of a body alone. A line may end in LF alone, a field may be folded, and
//! spaces may stand before its colon: those that have to be told apart here are old and many.
mod body_length;
mod challenge;
mod chunked;
mod frame;
mod head;
mod list;
mod response;
mod status;

pub use body_length::{BodyLength, MAX_BODY};
pub use challenge::{Challenge, challenges};
pub use chunked::{Chunks, ChunksHeard, LAST_CHUNK, chunk};
pub use frame::{frame, frame_head};
pub use head::{MAX_FIELDS, MAX_HEAD};
pub use response::Response;
pub use status::Status;

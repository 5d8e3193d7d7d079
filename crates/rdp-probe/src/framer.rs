//! From a byte stream to whole PDUs, and to how the stream ended. Each layer of a connection has its own.
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use rdp_probe_core::{self as core, Framing};
use tokio::io::{AsyncRead, ReadBuf};

/// What the framer found.
#[derive(Debug)]
pub(crate) enum Found {
    /// So many octets at the start of the buffer are one PDU.
    Pdu(usize),
    /// What is in the buffer is another protocol's.
    Stray,
    /// The stream ended, orderly or by an error; the buffer holds what had come.
    Ended(io::Result<()>),
}

/// A buffer that PDUs are cut from. It never grows beyond one PDU and one read.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    held: BytesMut,
    taken: usize,
}

impl Framer {
    /// What is held, from the PDU found last.
    pub(crate) fn held(&self) -> &[u8] {
        &self.held
    }

    /// What is held behind the PDU found last.
    pub(crate) fn rest(&self) -> &[u8] {
        self.held.get(self.taken..).unwrap_or_default()
    }

    /// The same, for good: the beginning of what the next layer reads.
    pub(crate) fn into_rest(mut self) -> BytesMut {
        self.held.advance(self.taken.min(self.held.len()));
        self.held
    }

    /// Waits for one whole PDU. Cancelling it loses nothing: what was read stays held.
    pub(crate) async fn next(&mut self, stream: &mut (impl AsyncRead + Unpin), framing: Framing) -> Found {
        self.held.advance(self.taken.min(self.held.len()));
        self.taken = 0;
        loop {
            match framing.find(&self.held) {
                core::Found::Pdu(len) => {
                    self.taken = len;
                    return Found::Pdu(len);
                }
                core::Found::Stray => return Found::Stray,
                core::Found::More => {}
            }
            match poll_fn(|cx| poll_read(Pin::new(stream), cx, &mut self.held)).await {
                Ok(0) => return Found::Ended(Ok(())),
                Ok(_) => {}
                Err(error) => return Found::Ended(Err(error)),
            }
        }
    }
}

/// Octets read at a time.
const READ: usize = 4096;

/// Reads what there is, by way of the stack: whoever waits has no buffer, and what came takes no more room than it needs.
fn poll_read(
    stream: Pin<&mut impl AsyncRead>,
    cx: &mut Context<'_>,
    held: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let mut room = [MaybeUninit::uninit(); READ];
    let mut read = ReadBuf::uninit(&mut room);
    std::task::ready!(stream.poll_read(cx, &mut read))?;
    held.extend_from_slice(read.filled());
    Poll::Ready(Ok(read.filled().len()))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// What the framer finds in these pieces, each in a read of its own, before the stream ends.
    async fn found(pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
        let (mut near, mut far) = tokio::io::duplex(65536);
        let mut framer = Framer::default();
        for piece in pieces {
            far.write_all(piece).await.unwrap();
        }
        drop(far);
        let mut all = Vec::new();
        loop {
            let next = framer.next(&mut near, Framing::Tpkt).await;
            let last = !matches!(next, Found::Pdu(_));
            all.push(format!("{next:?}"));
            if last {
                return (all, framer.held().to_vec());
            }
        }
    }

    #[tokio::test]
    async fn two_pdus_in_one_segment_are_two() {
        let ultimatum = [3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80];
        let (all, held) = found(&[&[&ultimatum[..], &ultimatum[..]].concat()]).await;
        assert_eq!(all, ["Pdu(9)", "Pdu(9)", "Ended(Ok(()))"]);
        assert!(held.is_empty());
    }

    #[tokio::test]
    async fn a_cut_pdu_is_held_when_the_stream_ends() {
        let (all, held) = found(&[&[3, 0], &[0, 19, 14]]).await;
        assert_eq!(all, ["Ended(Ok(()))"]);
        assert_eq!(held, [3, 0, 0, 19, 14]);
    }

    #[tokio::test]
    async fn a_banner_is_stray_once_it_is_told() {
        let (all, held) = found(&[b"SS", b"H-2.0-x\r\n"]).await;
        assert_eq!(all, ["Stray"]);
        assert_eq!(held, b"SSH-2.0-x\r\n");
    }

    #[tokio::test]
    async fn half_a_banner_is_what_was_held_at_the_end() {
        let (all, held) = found(&[b"SS"]).await;
        assert_eq!((all, held), (vec!["Ended(Ok(()))".to_owned()], b"SS".to_vec()));
    }
}

//! A reset is a reset, whoever of read and write meets it first, and what the peer said before it is read.
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rdp_probe::{BoxFuture, Close, DialFault, FailureKind, Io, Network, Probe, Report, Target};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose peer has left.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// What a write comes to; none when it is taken.
    write: Option<ErrorKind>,
    /// What had arrived, and is read first.
    said: &'static [u8],
    /// What a read comes to then; none when it is the end.
    read: Option<ErrorKind>,
}

impl AsyncRead for Left {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let said = std::mem::take(&mut self.said);
        buffer.put_slice(said);
        Poll::Ready(match self.read {
            Some(error) if said.is_empty() => Err(error.into()),
            Some(_) | None => Ok(()),
        })
    }
}

impl AsyncWrite for Left {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write.map_or(Ok(octets.len()), |error| Err(error.into())))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Network for Left {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        Box::pin(std::future::ready(Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))])))
    }

    fn dial(&self, _: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        let stream: Box<dyn Io> = Box::new(*self);
        Box::pin(std::future::ready(Ok(stream)))
    }
}

async fn probed(left: Left) -> Report {
    let target: Target = "srv1.lab.test".parse().unwrap();
    Probe::builder(target).network(Arc::new(left)).build().unwrap().run().await
}

#[tokio::test]
async fn reset_that_the_write_sees_and_one_that_the_read_sees_are_the_same() {
    // What systems call a connection that the peer has reset, at the first call that sees it and at later ones.
    let resets = [
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionAborted,
        ErrorKind::BrokenPipe,
        ErrorKind::NotConnected,
    ];
    for error in resets.map(Some) {
        for (write, read) in [(error, None), (None, error), (error, error)] {
            let report = probed(Left { write, said: &[], read }).await;
            let kind = &report.evidence.failure().unwrap().kind;
            let reset =
                matches!(kind, FailureKind::Closed { how: Close::Reset, partial } if partial.is_empty());
            assert!(reset, "{write:?}, {read:?}: {kind:?}");
            let rule = report.diagnosis.verdict.rule.map(|rule| rule.id);
            assert_eq!((rule, report.exit_code()), (Some("reset-after-request"), 30), "{write:?}, {read:?}");
        }
    }
    let report = probed(Left { write: None, said: &[], read: None }).await;
    let kind = &report.evidence.failure().unwrap().kind;
    assert!(matches!(kind, FailureKind::Closed { how: Close::Fin, .. }), "{kind:?}");
}

#[tokio::test]
async fn what_the_peer_said_before_its_reset_is_what_counts() {
    let write = Some(ErrorKind::BrokenPipe);
    for read in [None, Some(ErrorKind::ConnectionReset)] {
        let report = probed(Left { write, said: b"SSH-2.0-OpenSSH_9.6\r\n", read }).await;
        assert_eq!(report.diagnosis.verdict.rule.map(|rule| rule.id), Some("port-speaks-ssh"), "{read:?}");
        // Selects CredSSP.
        let confirm = &[3, 0, 0, 0x13, 0x0E, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 2, 0, 0, 0];
        let report = probed(Left { write, said: confirm, read }).await;
        assert_eq!(report.evidence.failure().unwrap().stage.id(), "tls", "{read:?}");
        let report = probed(Left { write, said: &[3, 0], read }).await;
        let kind = &report.evidence.failure().unwrap().kind;
        let FailureKind::Closed { partial, .. } = kind else { panic!("{kind:?}") };
        assert_eq!(partial.as_slice(), [3, 0], "{read:?}");
    }
}

//! A target in memory. With the clock paused, time moves only when everybody waits: what takes seconds takes none, and the
//! milliseconds are exact.
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use rdp_probe::{BoxFuture, DialFault, Io, Network};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::sleep;

/// What the target answers to each message, and after how long; then it says nothing until the probe leaves.
pub(crate) type Answers = &'static [(Duration, &'static [u8])];

/// A name with four addresses, one target behind all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InMemory {
    /// How long name resolution takes; none when it never ends.
    pub(crate) resolve: Option<Duration>,
    /// How long each connection takes; none when it never comes.
    pub(crate) dial: Option<Duration>,
    pub(crate) answers: Answers,
}

/// Its addresses.
pub(crate) fn addresses(port: u16) -> Vec<SocketAddr> {
    (1..=4).map(|last| SocketAddr::from(([192, 0, 2, last], port))).collect()
}

/// A Connection Confirm that selects this protocol ([MS-RDPBCGR] 2.2.1.2.1).
pub(crate) const fn confirm(protocol: u8) -> [u8; 19] {
    [3, 0, 0, 0x13, 0x0E, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, protocol, 0, 0, 0]
}

async fn after(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => pending().await,
    }
}

impl Network for InMemory {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        Box::pin(async move {
            after(self.resolve).await;
            Ok(addresses(port))
        })
    }

    fn dial(&self, _: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move {
            after(self.dial).await;
            let (near, far) = tokio::io::duplex(4096);
            tokio::spawn(serve(far, self.answers));
            let near: Box<dyn Io> = Box::new(near);
            Ok(near)
        })
    }
}

async fn serve(mut far: DuplexStream, answers: Answers) {
    let mut message = [0; 4096];
    let mut answers = answers.iter();
    while far.read(&mut message).await.is_ok_and(|length| length > 0) {
        if let Some((after, octets)) = answers.next() {
            sleep(*after).await;
            // The probe may have left.
            _ = far.write_all(octets).await;
        }
    }
}

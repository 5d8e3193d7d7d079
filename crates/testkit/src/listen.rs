//! Listening for clients until they are done.
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a client that says it is done may keep a connection open.
const PATIENCE: Duration = Duration::from_secs(10);

/// Accepts until the client is done, and then what is left in the backlog.
pub(crate) async fn accept<S: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    mut done: watch::Receiver<bool>,
    mut serve: impl FnMut(TcpStream) -> Option<S>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let mut serve = |stream: TcpStream| {
        if let Some(served) = serve(stream) {
            connections.spawn(served);
        }
    };
    let accepting = async {
        // An error of `accept` belongs to one connection, or passes.
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                serve(stream);
            }
        }
    };
    let finished = async {
        // An error says that whoever listens was dropped, which ends this task as well.
        let _ = done.wait_for(|done| *done).await;
    };
    first(accepting, finished).await;
    // The operating system knows what has been connected; the runtime may not have heard of it.
    if let Ok(listener) = listener.into_std() {
        while let Ok((stream, _)) = listener.accept() {
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                serve(stream);
            }
        }
    }
    connections
}

/// Waits for the connections of clients that say they are done; how many were open after all.
pub(crate) async fn still_open(mut acceptors: JoinSet<JoinSet<()>>) -> usize {
    let mut open = 0;
    while let Some(connections) = acceptors.join_next().await {
        let Ok(mut connections) = connections else { continue };
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(PATIENCE, all).await.is_err() {
            open += connections.len();
        }
    }
    open
}

/// Waits for either: the one that is first in line, when both are there.
pub(crate) async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    std::future::poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(done),
        Poll::Pending => other.as_mut().poll(context),
    })
    .await
}

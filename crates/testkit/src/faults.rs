//! A layer of faults under a driver: one operation of a run fails, is short, or is slow, and all others are as they are.
//!
//! Whoever resolves and dials asks [`Faults::befalls`] before each, and puts a [`Faulty`] around each stream. A run without a
//! fault tells how many operations there are; then each of them gets its turn.
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What a run asks of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "what a network can be asked for")]
pub enum Operation {
    /// The addresses of a name.
    Resolve,
    /// A stream.
    Dial,
    /// Octets.
    Read,
    /// That octets are sent.
    Write,
    /// That they have been sent.
    Flush,
    /// That the end is sent.
    Shutdown,
}

/// What befalls an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "what a test decides")]
pub enum Fault {
    /// It fails, with this number of the operating system.
    Fails(i32),
    /// It takes or gives one octet, where it is one that takes or gives octets.
    Short,
    /// It begins later.
    Slow(Duration),
}

/// An operation, and the connection that it belongs to, counted from 1. Before the first there is none.
pub type Done = (usize, Operation);

/// At which operation of a run there is a fault, and what has been asked so far.
#[derive(Debug)]
pub struct Faults {
    fault: Option<(usize, Fault)>,
    done: Mutex<Vec<Done>>,
}

impl Faults {
    /// No fault; the operations are counted.
    #[must_use]
    pub const fn none() -> Self {
        Self { fault: None, done: Mutex::new(Vec::new()) }
    }

    /// One fault, at the operation of this place, counted from 0.
    #[must_use]
    pub const fn at(place: usize, fault: Fault) -> Self {
        Self { fault: Some((place, fault)), done: Mutex::new(Vec::new()) }
    }

    /// Every operation so far, in its order.
    #[must_use]
    pub fn done(&self) -> Vec<Done> {
        self.lock().clone()
    }

    /// The operation that the fault has met, and its place.
    #[must_use]
    pub fn struck(&self) -> Option<(usize, Done)> {
        let (place, _) = self.fault?;
        self.lock().get(place).map(|done| (place, *done))
    }

    /// Counts an operation that belongs to no stream yet, and says what befalls it.
    #[must_use]
    pub fn befalls(&self, operation: Operation) -> Option<Fault> {
        let dialed = self.lock().iter().filter(|(_, done)| *done == Operation::Dial).count();
        self.next(dialed + usize::from(operation == Operation::Dial), operation)
    }

    fn next(&self, connection: usize, operation: Operation) -> Option<Fault> {
        let mut done = self.lock();
        let place = done.len();
        done.push((connection, operation));
        self.fault.filter(|(at, _)| *at == place).map(|(_, fault)| fault)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Done>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream under which the fault may come.
#[derive(Debug)]
pub struct Faulty<S> {
    below: S,
    faults: Arc<Faults>,
    connection: usize,
    /// What has begun and is not yet done, and what befalls it: one each way.
    reads: Option<Under>,
    writes: Option<Under>,
}

/// An operation that is under way.
#[derive(Debug)]
struct Under {
    operation: Operation,
    fault: Option<Fault>,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// What an operation under way comes to.
enum Turn {
    Whole,
    Short,
}

impl<S> Faulty<S> {
    /// The stream that was dialled last.
    pub fn new(below: S, faults: Arc<Faults>) -> Self {
        let connection = faults.lock().iter().filter(|(_, done)| *done == Operation::Dial).count();
        Self { below, faults, connection, reads: None, writes: None }
    }

    /// Begins an operation, or goes on with it, until the stream below is to be asked.
    fn turn(&mut self, operation: Operation, cx: &mut Context<'_>) -> Poll<io::Result<Turn>> {
        let slot = if operation == Operation::Read { &mut self.reads } else { &mut self.writes };
        let under = match slot {
            Some(under) if under.operation == operation => under,
            Some(_) | None => {
                let fault = self.faults.next(self.connection, operation);
                let sleep = match fault {
                    Some(Fault::Slow(time)) => Some(Box::pin(sleep(time))),
                    Some(Fault::Fails(_) | Fault::Short) | None => None,
                };
                slot.insert(Under { operation, fault, sleep })
            }
        };
        if let Some(sleep) = &mut under.sleep {
            std::task::ready!(sleep.as_mut().poll(cx));
            under.sleep = None;
        }
        match under.fault {
            Some(Fault::Fails(os)) => {
                *slot = None;
                Poll::Ready(Err(io::Error::from_raw_os_error(os)))
            }
            Some(Fault::Short) => Poll::Ready(Ok(Turn::Short)),
            Some(Fault::Slow(_)) | None => Poll::Ready(Ok(Turn::Whole)),
        }
    }

    /// The stream below has answered, or has not yet.
    fn over<T>(&mut self, operation: Operation, answer: Poll<T>) -> Poll<T> {
        if answer.is_ready() {
            *(if operation == Operation::Read { &mut self.reads } else { &mut self.writes }) = None;
        }
        answer
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Faulty<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let answer = match std::task::ready!(this.turn(Operation::Read, cx))? {
            Turn::Whole => Pin::new(&mut this.below).poll_read(cx, buf),
            Turn::Short => {
                let mut octet = [0];
                let mut one = ReadBuf::new(&mut octet);
                let answer = Pin::new(&mut this.below).poll_read(cx, &mut one);
                buf.put_slice(one.filled());
                answer
            }
        };
        this.over(Operation::Read, answer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Faulty<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let octets = match std::task::ready!(this.turn(Operation::Write, cx))? {
            Turn::Whole => buf,
            Turn::Short => buf.get(..1).unwrap_or(buf),
        };
        let answer = Pin::new(&mut this.below).poll_write(cx, octets);
        this.over(Operation::Write, answer)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        std::task::ready!(this.turn(Operation::Flush, cx))?;
        let answer = Pin::new(&mut this.below).poll_flush(cx);
        this.over(Operation::Flush, answer)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        std::task::ready!(this.turn(Operation::Shutdown, cx))?;
        let answer = Pin::new(&mut this.below).poll_shutdown(cx);
        this.over(Operation::Shutdown, answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// What is read through the layer of "abc", read by read, with this fault at the second read.
    async fn read_with(fault: Fault) -> Vec<Result<String, Option<i32>>> {
        let faults = Arc::new(Faults::at(1, fault));
        let mut stream = Faulty::new(&b"abc"[..], Arc::clone(&faults));
        let mut all = Vec::new();
        for most in [1, 8, 8, 8] {
            let mut octets = vec![0; most];
            let read = stream.read(&mut octets).await;
            let text = |len: usize| String::from_utf8_lossy(&octets[..len]).into_owned();
            all.push(read.map(text).map_err(|error| error.raw_os_error()));
        }
        assert_eq!(faults.struck(), Some((1, (0, Operation::Read))));
        all
    }

    #[test]
    fn one_operation_fails_or_is_short_or_slow_and_no_other() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let ok = |texts: [&str; 4]| texts.map(|text| Ok(text.to_owned()));
            assert_eq!(read_with(Fault::Slow(Duration::from_millis(1))).await, ok(["a", "bc", "", ""]));
            assert_eq!(read_with(Fault::Short).await, ok(["a", "b", "c", ""]));
            let [a, failed, bc, end] = &read_with(Fault::Fails(105)).await[..] else { panic!("four reads") };
            assert_eq!(
                (a, failed, bc, end),
                (&Ok("a".into()), &Err(Some(105)), &Ok("bc".into()), &Ok("".into()))
            );
        });
    }

    #[test]
    fn what_is_written_is_counted_by_connection() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let faults = Arc::new(Faults::at(3, Fault::Short));
            assert_eq!(faults.befalls(Operation::Resolve), None);
            assert_eq!(faults.befalls(Operation::Dial), None);
            let mut written = Vec::new();
            let mut stream = Faulty::new(&mut written, Arc::clone(&faults));
            stream.write_all(b"abc").await.unwrap();
            stream.write_all(b"def").await.unwrap();
            assert_eq!(written, b"abcdef");
            let asked = [(0, Operation::Resolve), (1, Operation::Dial)];
            assert_eq!(faults.done(), [&asked[..], &[(1, Operation::Write); 3]].concat());
        });
    }
}

//! A gateway on loopback, for clients with real sockets.
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::chunks::{self, chunk};
use super::does::Does;
use super::frames::{self, ClientFrames, Heard};
use super::notes::{Notes, Seen};
use super::pairs::{FromIn, Pairs, Said, ToOut};
use super::tunnel::Gateway;
use crate::listen::{accept, first, still_open};

use crate::port;
use crate::scenario::{Ending, Fragments, GatewayTable};
use crate::script::segment;
use crate::stream::Stream;

/// A gateway that does what its table says. It ends when it is dropped.
#[derive(Debug)]
pub struct ScriptedGateway {
    address: SocketAddr,
    notes: Notes,
    done: watch::Sender<bool>,
    acceptors: JoinSet<JoinSet<()>>,
}

/// Which address stands behind the name and the port that a client asks for. Those that have none refuse.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    named: BTreeMap<(String, u16), SocketAddr>,
    all_others: Option<SocketAddr>,
}

impl Routes {
    /// None: every target refuses.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::default()
    }

    /// This one, whatever a client asks for.
    #[must_use]
    pub fn all_to(address: SocketAddr) -> Self {
        Self { named: BTreeMap::new(), all_others: Some(address) }
    }

    /// This one for that name and port, too.
    #[must_use]
    pub fn with(mut self, name: &str, port: u16, address: SocketAddr) -> Self {
        self.named.insert((name.to_ascii_lowercase(), port), address);
        self
    }

    fn of(&self, name: String, port: u16) -> Option<SocketAddr> {
        self.named.get(&(name.to_ascii_lowercase(), port)).copied().or(self.all_others)
    }
}

impl ScriptedGateway {
    /// Begins to serve, on a port of its own at 127.0.0.1.
    ///
    /// # Errors
    /// As the operating system says. Needs to be called within a tokio runtime.
    pub fn start(table: &GatewayTable, routes: Routes) -> io::Result<Self> {
        let ip = Ipv4Addr::LOCALHOST;
        let (port, listener) = port::listen(ip.into())?;
        let notes = Notes::default();
        let (done, _) = watch::channel(false);
        let mut acceptors = JoinSet::new();
        let (table, theirs, pairs) = (table.clone(), notes.clone(), Pairs::default());
        let serve = move |stream: TcpStream| {
            // What goes out at once is one segment.
            let _ = stream.set_nodelay(true);
            let gateway = Gateway::new(&table, &theirs);
            #[cfg(feature = "auth")]
            let gateway = gateway.with_real_ntlm();
            let connection = Connection {
                gateway,
                notes: theirs.clone(),
                routes: routes.clone(),
                fragments: table.fragments,
                stream: Stream::Plain(stream),
                carrier: Carrier::Http,
                pairs: pairs.clone(),
                from_in: None,
                to_out: None,
                target: None,
                closing: false,
            };
            Some(connection.serve())
        };
        acceptors.spawn(accept(listener, done.subscribe(), serve));
        Ok(Self { address: SocketAddr::from((ip, port)), notes, done, acceptors })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.notes.seen()
    }

    /// To be called when the client is done: serves what still waits in the backlog, and tells what was seen.
    pub async fn finish(self) -> Seen {
        self.done.send_replace(true);
        let open = still_open(self.acceptors).await;
        if open > 0 {
            self.notes
                .violation(format!("{open} connections were still open when the client was said to be done"));
        }
        self.notes.seen()
    }
}

/// One connection of a client's.
struct Connection {
    gateway: Gateway,
    notes: Notes,
    routes: Routes,
    fragments: Option<Fragments>,
    stream: Stream,
    carrier: Carrier,
    pairs: Pairs,
    /// Of an OUT channel.
    from_in: Option<FromIn>,
    /// Of an IN channel, until it is told that the OUT channel is over.
    to_out: Option<(ToOut, IsOut)>,
    target: Option<TcpStream>,
    /// Whether a WebSocket Close went out.
    closing: bool,
}

/// What the octets of a connection lie in.
enum Carrier {
    /// HTTP by itself, and an IN channel's body.
    Http,
    WebSocket(ClientFrames),
    Out {
        chunked: bool,
    },
}

/// What an IN channel's connection knows of the OUT channel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IsOut {
    Open,
    Over,
}

/// Why nothing more is to be done on a connection.
enum Over {
    /// The client is gone, or the connection is to be dropped.
    Gone,
    /// The gateway has ended it in its own way.
    Ended,
}

impl From<io::Error> for Over {
    /// A write fails when the client has closed: it has heard enough.
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Whom something came from; nothing when it was the end.
enum News {
    Client(Vec<u8>),
    Target(Vec<u8>),
    In(Said),
    OutIsOver,
}

impl Connection {
    async fn serve(mut self) {
        let ended = self.converse().await;
        if !matches!(ended, Err(Over::Ended)) {
            // The client hears of the end of it before it hears of what follows from that.
            self.stream = Stream::Gone;
        }
        for does in self.gateway.ended() {
            if let Does::InEnded { in_order } = does {
                self.tell_out(Said::Ended { in_order });
            }
        }
        self.to_out = None;
        if let Some(mut from_in) = self.from_in.take() {
            from_in.end();
            // Whoever takes its leave on one connection and closes both may be seen to have closed first.
            while let Some(said) = from_in.next().await {
                for does in self.hear_of_in(said) {
                    if let Does::ToTarget(octets) = does {
                        self.tell_target(&octets).await;
                    }
                }
            }
        }
        self.stream.closed().await;
    }

    async fn converse(&mut self) -> Result<(), Over> {
        let hello = read(&mut self.stream).await;
        if hello.is_empty() {
            return Ok(());
        }
        if let Some(does) = self.gateway.instead_of_tls() {
            self.perform(does).await?;
            return Err(Over::Ended);
        }
        let handshake = self.gateway.tls_handshake();
        if self.stream.shake_hands(&handshake, hello).await.is_err() {
            self.gateway.handshake_broken();
            return Ok(());
        }
        loop {
            match self.news().await {
                News::Client(octets) if octets.is_empty() => return Ok(()),
                News::Client(octets) => self.hear(&octets).await?,
                News::Target(octets) => {
                    let does = if octets.is_empty() {
                        self.target = None;
                        self.gateway.target_ended()
                    } else {
                        self.gateway.target_said(&octets)
                    };
                    self.perform(does).await?;
                }
                News::In(said) => {
                    let does = self.hear_of_in(said);
                    self.perform(does).await?;
                }
                News::OutIsOver => {
                    // What the client has still said is heard.
                    self.stream.close_notify().await?;
                }
            }
        }
    }

    fn hear_of_in(&mut self, said: Said) -> Vec<Does> {
        match said {
            Said::Octets(octets) => self.gateway.hear(&octets),
            Said::Ended { in_order } => self.gateway.in_ended(in_order),
        }
    }

    async fn tell_target(&mut self, octets: &[u8]) {
        if let Some(target) = &mut self.target {
            // One that has closed is seen to have closed by who reads from it.
            let _ = target.write_all(octets).await;
        }
    }

    /// Passes on what is the OUT channel's to know.
    fn tell_out(&self, said: Said) {
        if let Some((to_out, _)) = &self.to_out {
            to_out.say(said);
        }
    }

    async fn news(&mut self) -> News {
        let (stream, target) = (&mut self.stream, &mut self.target);
        let (from_in, to_out) = (&mut self.from_in, &mut self.to_out);
        let client = async { News::Client(read(stream).await) };
        let other = async {
            let Some(target) = target else { return std::future::pending().await };
            let mut buffer = vec![0; 16 * 1024];
            // However it ended, it has.
            let length = target.read(&mut buffer).await.unwrap_or_default();
            buffer.truncate(length);
            News::Target(buffer)
        };
        let inside = async {
            match from_in {
                Some(from_in) => match from_in.next().await {
                    Some(said) => News::In(said),
                    None => std::future::pending().await,
                },
                None => std::future::pending().await,
            }
        };
        let over = async {
            let Some((out, is @ IsOut::Open)) = to_out else { return std::future::pending().await };
            out.over().await;
            *is = IsOut::Over;
            News::OutIsOver
        };
        first(first(inside, over), first(client, other)).await
    }

    async fn hear(&mut self, octets: &[u8]) -> Result<(), Over> {
        let frames = match &mut self.carrier {
            Carrier::WebSocket(frames) => frames,
            Carrier::Http => {
                let does = self.gateway.hear(octets);
                return self.perform(does).await;
            }
            Carrier::Out { .. } => {
                self.gateway.framing_broken("octets of a client's on an OUT channel");
                return self.close(Ending::CloseNotify).await;
            }
        };
        for heard in frames.hear(octets) {
            match heard {
                Heard::Data(octets) => {
                    let does = self.gateway.hear(&octets);
                    self.perform(does).await?;
                }
                Heard::Ping(payload) => self.stream.write(&frames::pong(&payload)).await?,
                Heard::Pong => {}
                Heard::Close(code) => {
                    self.gateway.websocket_closed();
                    if !self.closing {
                        self.stream.write(&frames::close(code)).await?;
                    }
                    self.stream.close_notify().await?;
                    return Err(Over::Ended);
                }
                Heard::Wrong(what) => {
                    self.gateway.framing_broken(&what);
                    self.stream.close_notify().await?;
                    return Err(Over::Ended);
                }
            }
        }
        Ok(())
    }

    /// Does all of it, and what follows from it.
    async fn perform(&mut self, does: Vec<Does>) -> Result<(), Over> {
        let mut left = std::collections::VecDeque::from(does);
        let mut packets = Vec::new();
        let mut beside = false;
        while let Some(next) = left.pop_front() {
            if let Does::Send(octets) = next {
                packets.push(octets);
                continue;
            }
            if let Does::OutChannel { .. } = next {
                // Whoever reads the answer may come with the IN channel at once.
                let id = self.gateway.connection_id().unwrap_or_default();
                self.from_in = Some(self.pairs.open(id));
            }
            self.send(&std::mem::take(&mut packets)).await?;
            match next {
                // Gathered above.
                Does::Send(_) => {}
                Does::Raw(octets) => {
                    beside = true;
                    self.stream.write(&octets).await?;
                }
                Does::Upgraded => self.carrier = Carrier::WebSocket(ClientFrames::default()),
                Does::OutChannel { chunked, seed } => {
                    self.carrier = Carrier::Out { chunked };
                    self.send(&[seed]).await?;
                }
                Does::InChannel => {
                    let id = self.gateway.connection_id().unwrap_or_default();
                    let Some(out) = self.pairs.find(id) else { return self.close(Ending::CloseNotify).await };
                    self.to_out = Some((out, IsOut::Open));
                }
                Does::Inside(octets) => self.tell_out(Said::Octets(octets)),
                Does::InEnded { in_order } => self.tell_out(Said::Ended { in_order }),
                Does::Open { name, port } => {
                    let dialed = match self.routes.of(name, port) {
                        Some(address) => TcpStream::connect(address).await,
                        None => Err(io::ErrorKind::ConnectionRefused.into()),
                    };
                    // A reset that is faster than whoever connects ended a connection that was made.
                    let ended = dialed.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::ConnectionReset);
                    if let Ok(target) = &dialed {
                        let _ = target.set_nodelay(true);
                    }
                    self.target = dialed.ok();
                    left.extend(self.gateway.target_dialed(self.target.is_some() || ended));
                    if ended {
                        left.extend(self.gateway.target_ended());
                    }
                }
                Does::ToTarget(octets) => self.tell_target(&octets).await,
                Does::CloseTarget => self.target = None,
                Does::WebSocketClose(_) if matches!(self.carrier, Carrier::Out { .. }) => {
                    return self.close(Ending::CloseNotify).await;
                }
                Does::WebSocketClose(code) => {
                    self.closing = true;
                    self.stream.write(&frames::close(code)).await?;
                }
                Does::Close(ending) => return self.close(ending).await,
                Does::Drip { octets, every } => self.drip(&octets, every).await?,
                Does::Endless { octets, at_most } => self.endless(&octets, at_most, beside).await?,
            }
        }
        self.send(&packets).await
    }

    /// Sends HTTP or packets, all at once.
    async fn send(&mut self, packets: &[Vec<u8>]) -> Result<(), Over> {
        let octets = match &self.carrier {
            Carrier::Http | Carrier::Out { chunked: false } => packets.concat(),
            Carrier::Out { chunked: true } => packets.iter().flat_map(|packet| chunk(packet)).collect(),
            Carrier::WebSocket(_) => frames::messages(packets, self.fragments),
        };
        if !octets.is_empty() {
            self.stream.write(&octets).await?;
        }
        Ok(())
    }

    async fn close(&mut self, ending: Ending) -> Result<(), Over> {
        match ending {
            Ending::Fin => self.stream.fin().await?,
            Ending::CloseNotify => {
                if let Carrier::Out { chunked: true } = self.carrier {
                    self.stream.write(chunks::LAST).await?;
                }
                self.stream.close_notify().await?;
            }
            Ending::Reset => {
                // The connection is reset when it is dropped.
                self.stream.reset_on_drop();
                return Err(Over::Gone);
            }
            // It is the client's computer that would fail.
            Ending::Silent | Ending::FailsHere | Ending::BeforeTheNextWrite => return Ok(()),
        }
        Err(Over::Ended)
    }

    /// Sends octet by octet, for as long as the client listens.
    async fn drip(&mut self, octets: &[u8], every: Duration) -> Result<(), Over> {
        for (index, octet) in octets.iter().enumerate() {
            if index > 0 && timeout(every, self.stream.closed()).await.is_ok() {
                return Err(Over::Gone);
            }
            self.send(&[vec![*octet]]).await?;
        }
        Ok(())
    }

    /// Sends on and on, as packets are sent or beside what they lie in.
    async fn endless(&mut self, octets: &[u8], at_most: usize, beside: bool) -> Result<(), Over> {
        let segment = segment(octets);
        let mut taken = 0_usize;
        while taken < at_most {
            if beside {
                self.stream.write(&segment).await?;
            } else {
                self.send(std::slice::from_ref(&segment)).await?;
            }
            taken += segment.len();
            self.notes.lock().endless += segment.len();
        }
        self.notes.violation(format!("a client took {taken} octets and wanted more"));
        Err(Over::Ended)
    }
}

/// What there is; nothing when it has ended, however.
async fn read(stream: &mut Stream) -> Vec<u8> {
    let mut buffer = vec![0; 16 * 1024];
    let length = stream.read(&mut buffer).await.unwrap_or_default();
    buffer.truncate(length);
    buffer
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod two_channels;

//! `openssl s_server` behind a front that negotiates as an RDP server with TLS does: OpenSSL speaks what no RDP server of
//! today does any more.

use super::{Peer, process, scratch::Scratch};
use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// X.224 Connection Confirm with an RDP Negotiation Response ([MS-RDPBCGR] 2.2.1.2).
const CONFIRM: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: version 3, length 19
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // X.224: length 14, Connection Confirm, references, class 0
    0x02, 0x00, 0x08, 0x00, // TYPE_RDP_NEG_RSP, flags 0, length 8
    0x01, 0x00, 0x00, 0x00, // PROTOCOL_SSL
];

/// The same with an RDP Negotiation Failure: SSL_REQUIRED_BY_SERVER ([MS-RDPBCGR] 2.2.1.2.2).
const REFUSAL: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // X.224
    0x03, 0x00, 0x08, 0x00, // TYPE_RDP_NEG_FAILURE, flags 0, length 8
    0x01, 0x00, 0x00, 0x00, // SSL_REQUIRED_BY_SERVER
];

/// The front, and the server behind it.
#[derive(Debug)]
pub(crate) struct Front {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    server: Peer,
}

impl Front {
    /// Starts both. `key` is what `openssl req` is told of the key and the certificate's signature, `arguments` what the
    /// server is told of TLS.
    pub(crate) fn start(key: &[&str], arguments: &[&str]) -> Self {
        let scratch = Scratch::new();
        let (certificate, key) = scratch.certificate_with(key);
        let server = Peer::start("openssl", scratch, Vec::new(), |address| {
            let mut command = process::command("openssl");
            // With `-www` it does not read from its input, which is at its end.
            command.args(["s_server", "-www", "-accept"]).arg(address.to_string());
            command.arg("-cert").arg(&certificate).arg("-key").arg(&key).args(arguments);
            command
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, behind) = (listener.local_addr().unwrap(), server.address());
        let ended = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ended);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                thread::spawn(move || serve(stream, behind));
            }
        });
        Self { address, ended, server }
    }

    /// Where the front listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It looks when somebody comes.
        drop(TcpStream::connect(self.address));
        debug_assert!(self.server.address() != self.address, "they are two");
    }
}

/// Reads one Connection Request, confirms it, and leaves the rest to the server.
fn serve(mut stream: TcpStream, behind: SocketAddr) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let rest = usize::from(u16::from_be_bytes([head[2], head[3]])).checked_sub(head.len())?;
    let mut request = vec![0; rest];
    stream.read_exact(&mut request).ok()?;
    // The last four octets are the mask; a server takes nothing that it was not offered.
    let mask = request.last_chunk().map(|mask| u32::from_le_bytes(*mask))?;
    if mask & 1 == 0 {
        return stream.write_all(&REFUSAL).ok();
    }
    stream.write_all(&CONFIRM).ok()?;
    let server = TcpStream::connect(behind).ok()?;
    server.set_nodelay(true).ok()?;
    let (up, down) = ((stream.try_clone().ok()?, server.try_clone().ok()?), (server, stream));
    let forth = thread::spawn(move || pipe(up));
    pipe(down);
    drop(forth.join());
    Some(())
}

/// From one to the other, until one of them ends.
fn pipe((mut from, mut to): (TcpStream, TcpStream)) {
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}

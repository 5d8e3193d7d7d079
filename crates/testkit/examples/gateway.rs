//! A scripted RD Gateway that serves alone, in front of a real target: `gateway TABLE.toml 127.0.0.1:3389`. It says where it listens, and ends
//! when it is ended. The root that vouches for it is written beside: `--gateway-ca` takes that.
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;

use rdp_probe_testkit::certificate::{authority, root_file};
use rdp_probe_testkit::gateway::{Routes, ScriptedGateway};
use rdp_probe_testkit::scenario::GatewayTable;

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(table), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("expected a table in TOML and the address of a target".into());
    };
    let table = GatewayTable::parse(&table, &std::fs::read_to_string(&table)?)?;
    let target: SocketAddr = target.parse()?;
    let gateway = ScriptedGateway::start(&table, Routes::all_to(target))?;
    let mut out = std::io::stdout();
    writeln!(out, "{} at {}, root in {}", table.host, gateway.address(), root_file(&authority())?.display())?;
    std::future::pending().await
}

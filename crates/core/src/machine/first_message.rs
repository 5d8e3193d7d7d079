//! Stages `rdstls` and `rdsaad`: the server speaks first, and that is what is read.
use rdp_probe_wire::WireError;
use rdp_probe_wire::rdsaad::ServerNonce;
use rdp_probe_wire::rdstls::Capabilities;

use super::{Blamed, Output, Step, Summary, malformed, not_expected, stream_ended};
use crate::event::Event;
use crate::fact::Observed;
use crate::stage::Stage;

/// Waits for the RDSTLS Capabilities PDU ([MS-RDPBCGR] 2.2.17.1).
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "it waits, and knows nothing")]
pub struct ExpectRdstlsCapabilities;

impl ExpectRdstlsCapabilities {
    pub(super) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Blamed> {
        let read = |pdu: &[u8]| Capabilities::parse(pdu).map(|capabilities| capabilities.versions.0);
        on(event, out, Stage::Rdstls, read, Observed::RdstlsVersions)
    }
}

/// Waits for the RDS AAD Server Nonce PDU ([MS-RDPBCGR] 2.2.18.1).
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "it waits, and knows nothing")]
pub struct ExpectRdsaadNonce;

impl ExpectRdsaadNonce {
    pub(super) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Blamed> {
        let read = |pdu: &[u8]| ServerNonce::parse(pdu).map(|_| ());
        on(event, out, Stage::Rdsaad, read, |()| Observed::RdsaadNonce)
    }
}

fn on<T>(
    event: Event<'_>,
    out: &mut Output,
    reached: Stage,
    read: impl FnOnce(&[u8]) -> Result<T, WireError>,
    fact: impl FnOnce(T) -> Observed,
) -> Result<Step, Blamed> {
    match event {
        Event::Pdu(pdu) => {
            let value = read(pdu).map_err(|error| malformed(error, pdu))?;
            out.facts.push(fact(value));
            Ok(Step::Done(Summary { reached }))
        }
        Event::Stray(octets) => Err(Blamed::target(not_expected(octets))),
        Event::Closed { how, partial } => Err(stream_ended(how, partial)),
        Event::Resolved(_) | Event::Dialed(_) | Event::Tls(_) => Err(Blamed::out_of_turn()),
    }
}

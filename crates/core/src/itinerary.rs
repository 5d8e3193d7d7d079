//! The stops of one attempt: which stages it goes through, and whom each is for.
use rdp_probe_wire::nego::Protocols;

use crate::attempt::Purpose;
use crate::hop::Hop;
use crate::look::Look;
use crate::plan::Plan;
use crate::stage::Stage;

/// One stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) stage: Stage,
    /// Whom it is for.
    pub(crate) hop: Hop,
    /// Whether it lies beyond the asked depth.
    pub(crate) beyond: bool,
}

/// The stops of an attempt, in their order, and how many of them are behind it.
///
/// It is a forecast, drawn from the plan and the offer, and drawn anew when the server selects a protocol. A stage that is not on
/// it may come between two that are, and one that was passed may come again: then it stands once more in the records.
#[derive(Debug, Default)]
pub(crate) struct Itinerary {
    stops: Vec<Stop>,
    behind: usize,
}

impl Itinerary {
    /// The stops of an attempt that connects to `first_hop` and offers `protocols`.
    pub(crate) fn draw(plan: &Plan, first_hop: Hop, purpose: Purpose, protocols: Protocols) -> Self {
        Self { stops: stops(plan, first_hop, purpose, protocols), behind: 0 }
    }

    /// The same attempt, now that the server has selected `protocol`.
    pub(crate) fn redraw(&mut self, plan: &Plan, first_hop: Hop, purpose: Purpose, protocol: Protocols) {
        let here = self.behind.checked_sub(1).and_then(|index| self.stops.get(index)).copied();
        self.stops = stops(plan, first_hop, purpose, protocol);
        let again = self.stops.iter().position(|stop| Some(*stop) == here);
        self.behind = again.map_or(self.behind, |index| index.saturating_add(1));
    }

    /// How many stops there are.
    pub(crate) const fn len(&self) -> usize {
        self.stops.len()
    }

    /// How many of them are ahead.
    pub(crate) const fn left(&self) -> usize {
        self.stops.len().saturating_sub(self.behind)
    }

    /// The next stop with this stage and hop, when there is one ahead.
    pub(crate) fn ahead(&self, stage: Stage, hop: Hop) -> Option<Stop> {
        self.stops.iter().skip(self.behind).find(|stop| (stop.stage, stop.hop) == (stage, hop)).copied()
    }

    /// Leaves the next stop behind, unless it is this one.
    pub(crate) fn pass_by(&mut self, until: Stop) -> Option<Stop> {
        let next = self.stops.get(self.behind).copied().filter(|stop| *stop != until)?;
        self.behind = self.behind.saturating_add(1);
        Some(next)
    }

    /// Leaves the next stop behind.
    pub(crate) fn pass(&mut self) -> Option<Stop> {
        let next = self.stops.get(self.behind).copied()?;
        self.behind = self.behind.saturating_add(1);
        Some(next)
    }
}

/// The stages that this version goes through: to the gateway and through it, where there is one, and then the target's. Of those that take
/// each other's place the one that belongs to the protocol.
fn stops(plan: &Plan, first_hop: Hop, purpose: Purpose, protocol: Protocols) -> Vec<Stop> {
    let depth = purpose.depth(plan, first_hop).rank();
    // What begins a session is told of where somebody asks for it, and else not.
    let told = depth.max(Stage::BasicSettingsExchange.rank());
    let taken = match protocol {
        Protocols::RDSTLS => Stage::Rdstls,
        Protocols::RDSAAD => Stage::Rdsaad,
        _ => Stage::Credssp,
    };
    // Who is greeted in TLS is not asked for a connection first.
    let tls_first = purpose == Purpose::Look(Look::TlsFirst);
    // What encrypts by itself is told of where it would be done, or somebody asks for it.
    let commences = protocol.is_standard() || depth == Stage::RdpSecurityCommencement.rank();
    // One protocol alone has the result, and only who gives credentials away gets it.
    let delegates = plan.account.is_some() && plan.until_asked && depth > Stage::Credssp.rank();
    let authorizes = protocol == Protocols::HYBRID_EX && delegates || depth == Stage::EarlyUserAuth.rank();
    let is_told_of = |stage: Stage| match stage {
        Stage::ConnectionInitiation => !tls_first,
        Stage::RdpSecurityCommencement => commences,
        Stage::EarlyUserAuth => authorizes,
        Stage::Credssp | Stage::Rdstls | Stage::Rdsaad => stage == taken,
        Stage::Resolve
        | Stage::TcpConnect
        | Stage::Tls
        | Stage::BasicSettingsExchange
        | Stage::ChannelConnection
        | Stage::SecureSettingsExchange
        | Stage::Licensing
        | Stage::CapabilitiesExchange
        | Stage::ConnectionFinalization => true,
        // A gateway's stand before these, and the others are not in this version.
        Stage::GatewayTls
        | Stage::GatewayHttp
        | Stage::GatewayAuth
        | Stage::GatewayTunnel
        | Stage::GatewayAuthorization
        | Stage::GatewayChannel
        | Stage::Proxy
        | Stage::Kdc
        | Stage::Session => false,
    };
    // As many as are usually told of: it is kept while the attempt waits.
    let mut stops = Vec::with_capacity(8);
    let stop = |stage: Stage, hop| Stop { stage, hop, beyond: stage.rank() > depth };
    if first_hop == Hop::Gateway {
        let reaches = |stage| matches!(stage, Stage::Resolve | Stage::TcpConnect);
        let gateways = Stage::BUILT.into_iter().filter(|stage| reaches(*stage) || stage.is_gateways());
        stops.extend(gateways.map(|stage| stop(stage, Hop::Gateway)));
    }
    // They stand by rank.
    for stage in Stage::ALL.into_iter().take_while(|stage| stage.rank() <= told) {
        if is_told_of(stage) {
            stops.push(stop(stage, Hop::Target));
        }
    }
    stops
}

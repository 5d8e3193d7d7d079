//! The RDP connection sequence as a state machine without sockets, clock or runtime.
//!
//! [`Run`] holds one run: the [`Plan`], the state of the connection under way, and the [`Evidence`] so far. A driver asks
//! what the run [`Wants`], does it, and reports an [`Event`] with the time since the run began. Nothing else goes in, and
//! nothing but evidence comes out.
//!
//! ```
//! use rdp_probe_core::{Event, Host, Link, Plan, Run, Wants};
//! use std::time::Duration;
//!
//! let mut run = Run::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
//! let at = Duration::ZERO;
//! assert!(run.begin(at).is_some(), "the main path comes first");
//! let Some(Wants::Dial { address, .. }) = run.wants() else { panic!("an address needs no resolver") };
//! run.on(Event::Dialed(Ok(Link { peer: address, local: None })), at);
//! assert_eq!(run.take_octets().len(), 19, "the Connection Request");
//! // The server answers: RDP_NEG_RSP, CredSSP selected.
//! run.on(Event::Pdu(&[3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0x1F, 8, 0, 2, 0, 0, 0]), at);
//! assert!(run.evidence().failure().is_none());
//! ```

mod attempt;
mod auth;
mod awaited;
mod binding;
mod certificate;
mod channel_binding;
mod client_name;
mod close;
mod connect_initial;
mod differences;
mod entropy;
mod enumeration;
mod event;
mod evidence;
mod fact;
mod failure;
mod field;
mod framing;
mod gateway;
mod hop;
mod itinerary;
mod leg;
mod license_keys;
mod logon;
mod look;
mod machine;
mod not_followed;
mod ntlm;
mod octets;
mod plan;
mod product;
mod queries;
mod run;
mod second_look;
mod security;
mod shown;
mod stage;
mod strategy;
mod target;
mod through;
mod tls;
mod tunnel_end;
mod wants;

pub use attempt::{Answer, Attempt, AttemptRecord, NotTried, Outcome, Purpose, SMALL_SEGMENT, StageRecord};
pub use auth::{Account, AccountError, AuthAsk, AuthFault, AuthMethod, AuthOutput, Delegated};
pub use awaited::Awaited;
pub use certificate::{CertificateFacts, KeyKind};
pub use client_name::{ClientName, ClientNameError};
pub use close::{Close, Cut, DialFault, DialFaultKind, TlsBreak};
pub use connect_initial::connect_initial;
pub use differences::{Difference, Differs};
pub use entropy::Entropy;
pub use event::{Event, Link};
pub use evidence::Evidence;
pub use fact::{Fact, Licensed, Observed, Oddity, ServerKey};
pub use failure::{End, Failure, FailureKind, Malformed};
pub use field::{Fields, hex};
pub use framing::{Found, Framing, is_cut_disconnect};
pub use gateway::{
    BindingSent, Gateway, GatewayFact, GatewayFault, GatewayLogon, GatewayTransport, HttpFacts, Tunnel,
    TunnelHeard, TwoChannels, WebSocket, base64,
};
pub use hop::Hop;
pub use leg::Leg;
pub use logon::{LogonResult, Refusal, refusal_of, unfolded};
pub use look::Look;
pub use not_followed::{NotFollowed, Unfollowed};
pub use ntlm::NtlmFacts;
pub use octets::Octets;
pub use plan::{Family, Limits, Plan, Routing, Security};
pub use product::Product;
pub use run::{Limit, Run};
pub use security::{MethodSummary, Nla, Offered, SecuritySummary};
pub use shown::{PathStage, ShownLicensing, ShownServer, ShownSettings, ShownTls};
pub use stage::Stage;
pub use target::{Address, Host, TargetError};
pub use through::{LogonDoubt, ShownGateway};
pub use tls::{ScoutFacts, SignatureCheck, Spoken, TlsFacts, TlsFault, TlsFaultKind, TlsSession, Trust};
pub use tunnel_end::TunnelEnd;
pub use wants::{Carrier, Wants};

pub use rdp_probe_wire as wire;

//! Closed sets of ids, for the JSON Schema.
use rdp_probe_core::{Hop, Nla, Offered, Outcome, Stage, TunnelEnd, Unfollowed};
use rdp_probe_diagnosis::explain::{Form, Layer, OwnWord, Reading, Shape, Slip};
use rdp_probe_diagnosis::{Basis, Likelihood, Severity, VerdictOutcome};

use crate::expect::ExpectedOutcome;
use schemars::{Schema, SchemaGenerator, json_schema};

fn one_of(ids: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": ids })
}

fn one_of_or_null(ids: &[&str]) -> Schema {
    let ids: Vec<Option<&str>> = ids.iter().copied().map(Some).chain([None]).collect();
    json_schema!({ "enum": ids })
}

pub(super) fn stage(_: &mut SchemaGenerator) -> Schema {
    one_of(&Stage::ALL.map(Stage::id))
}

pub(super) fn stage_or_null(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&Stage::ALL.map(Stage::id))
}

pub(super) fn hop(_: &mut SchemaGenerator) -> Schema {
    one_of(&Hop::ALL.map(Hop::id))
}

pub(super) fn hop_or_null(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&Hop::ALL.map(Hop::id))
}

pub(super) fn outcome(_: &mut SchemaGenerator) -> Schema {
    one_of(&VerdictOutcome::ALL.map(VerdictOutcome::id))
}

pub(super) fn address_outcome(_: &mut SchemaGenerator) -> Schema {
    let mut ids = VerdictOutcome::ALL.map(VerdictOutcome::id).to_vec();
    ids.push("not_tried");
    one_of(&ids)
}

pub(super) fn expected_outcome(_: &mut SchemaGenerator) -> Schema {
    one_of(&ExpectedOutcome::ALL.map(ExpectedOutcome::id))
}

pub(super) fn stage_outcome(_: &mut SchemaGenerator) -> Schema {
    one_of(&Outcome::IDS)
}

pub(super) fn not_followed(_: &mut SchemaGenerator) -> Schema {
    one_of(&Unfollowed::ALL.map(Unfollowed::id))
}

pub(super) fn basis(_: &mut SchemaGenerator) -> Schema {
    one_of(&Basis::ALL.map(Basis::id))
}

pub(super) fn likelihood(_: &mut SchemaGenerator) -> Schema {
    one_of(&Likelihood::ALL.map(Likelihood::id))
}

pub(super) fn severity(_: &mut SchemaGenerator) -> Schema {
    one_of(&Severity::ALL.map(Severity::id))
}

pub(super) fn offered(_: &mut SchemaGenerator) -> Schema {
    one_of(&Offered::ALL.map(Offered::id))
}

pub(super) fn tls_source(_: &mut SchemaGenerator) -> Schema {
    one_of(&["handshake", "scout"])
}

pub(super) fn nla(_: &mut SchemaGenerator) -> Schema {
    one_of(&Nla::ALL.map(Nla::id))
}

pub(super) fn transport_or_null(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&["websocket", "http"])
}

pub(super) fn gateway_auth_or_null(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&["ntlm", "negotiate", "kerberos", "basic", "token", "sspi-ntlm"])
}

pub(super) fn channel_binding(_: &mut SchemaGenerator) -> Schema {
    one_of(&["sent", "not_sent", "uncertain"])
}

pub(super) fn tunnel_end(_: &mut SchemaGenerator) -> Schema {
    one_of(&TunnelEnd::IDS)
}

pub(super) fn evidence(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

pub(super) fn form(_: &mut SchemaGenerator) -> Schema {
    one_of(&Form::ALL.map(Form::id))
}

pub(super) fn reading(_: &mut SchemaGenerator) -> Schema {
    one_of(&Reading::ALL.map(Reading::id))
}

pub(super) fn layer_or_null(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&Layer::ALL.map(Layer::id))
}

pub(super) fn shape_or_null(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(&Shape::ALL.map(Shape::id))
}

pub(super) fn slip(_: &mut SchemaGenerator) -> Schema {
    one_of(&Slip::ALL.map(Slip::id))
}

pub(super) fn own_kind(_: &mut SchemaGenerator) -> Schema {
    one_of(&OwnWord::KINDS)
}

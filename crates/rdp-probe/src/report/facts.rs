//! Facts, failures and codes in their JSON form.
use std::collections::BTreeMap;
use std::time::Duration;

use rdp_probe_core::wire::Problem;
use rdp_probe_core::wire::server_certificate::CertificateKind;
use rdp_probe_core::{
    Close, DialFault, DialFaultKind, End, Failure, FailureKind, Observed, Oddity, ServerKey, TlsFaultKind,
};

use super::view::{CloseView, FailureView};

/// Microseconds, as every time in the report.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A raw code, as every code in the report.
pub(super) fn hex(code: impl Into<u32>) -> String {
    format!("0x{:X}", code.into())
}

type Detail = BTreeMap<&'static str, String>;

/// A fact's id and its details.
pub(super) fn fact(observed: &Observed) -> (&'static str, Detail) {
    match observed {
        Observed::Addresses(addresses) => {
            let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            ("addresses", Detail::from([("addresses", all.join(", "))]))
        }
        Observed::AddressFailed { address, fault } => {
            let mut detail = dial_detail(*fault);
            detail.insert("address", address.to_string());
            ("address_failed", detail)
        }
        Observed::Connected { peer, local } => {
            let mut detail = Detail::from([("peer", peer.to_string())]);
            detail.extend(local.map(|local| ("local", local.to_string())));
            ("connected", detail)
        }
        Observed::Offered(protocols) => ("offered", Detail::from([("protocols", hex(protocols.0))])),
        Observed::Selected { protocol, flags } => {
            ("selected", Detail::from([("protocol", hex(protocol.0)), ("flags", hex(flags.0))]))
        }
        Observed::NoNegotiation => ("no_negotiation", Detail::new()),
        Observed::Refused(code) => {
            let mut detail = Detail::from([("failure_code", hex(code.0))]);
            detail.extend(code.name().map(|name| ("name", name.to_owned())));
            ("refused", detail)
        }
        Observed::SourceReference(reference) => {
            ("source_reference", Detail::from([("value", hex(*reference))]))
        }
        Observed::Oddity { field, value } => {
            let field = match field {
                Oddity::BlockLength => "block_length",
                Oddity::Surplus => "surplus",
                _ => "unknown",
            };
            ("oddity", Detail::from([("field", field.to_owned()), ("value", value.to_string())]))
        }
        Observed::Tls(facts) => {
            let mut detail = Detail::from([
                ("version", hex(facts.version.0)),
                ("cipher", hex(facts.cipher.0)),
                ("chain_length", facts.chain_length.to_string()),
            ]);
            detail.extend(facts.certificate.as_ref().map(|certificate| ("sha256", certificate.sha256.clone())));
            ("tls", detail)
        }
        Observed::Scouted(facts) => {
            let mut detail = Detail::from([("version", hex(facts.version.0)), ("cipher", hex(facts.cipher.0))]);
            detail.extend(facts.certificate.as_ref().map(|certificate| ("sha256", certificate.sha256.clone())));
            ("server_hello", detail)
        }
        Observed::CredsspVersion(version) => {
            ("credssp_version", Detail::from([("value", version.to_string())]))
        }
        Observed::Challenge(facts) => {
            let mut detail = Detail::new();
            detail.extend(facts.netbios_computer.clone().map(|name| ("netbios_computer", name)));
            detail.extend(facts.dns_computer.clone().map(|name| ("dns_computer", name)));
            ("challenge", detail)
        }
        Observed::RdstlsVersions(versions) => ("rdstls_versions", Detail::from([("value", hex(*versions))])),
        Observed::RdsaadNonce => ("rdsaad_nonce", Detail::new()),
        Observed::ServerCore { version, requested, skips_joins } => {
            let mut detail =
                Detail::from([("version", hex(version.0)), ("skips_joins", skips_joins.to_string())]);
            detail.extend(version.name().map(|name| ("rdp", name.to_owned())));
            detail.extend(requested.map(|requested| ("requested", hex(requested.0))));
            ("server_core", detail)
        }
        Observed::Channels { io, message } => {
            let mut detail = Detail::from([("io", io.to_string())]);
            detail.extend(message.map(|message| ("message", message.to_string())));
            ("channels", detail)
        }
        Observed::Encryption { method, level, key } => {
            let mut detail = Detail::from([("method", hex(method.0)), ("level", level.0.to_string())]);
            detail.extend(key.as_ref().map(|key| ("key", key_text(key))));
            ("encryption", detail)
        }
        Observed::ErrorInfo(code) => ("error_info", Detail::from([("code", hex(code.0))])),
        Observed::Deactivated => ("deactivate_all", Detail::new()),
        _ => ("unknown", Detail::new()),
    }
}

/// The server's key of Standard RDP Security in words.
pub(super) fn key_text(key: &ServerKey) -> String {
    match key {
        ServerKey::Certificate { kind, temporary, bits, .. } => {
            let kind = match kind {
                CertificateKind::Proprietary => "proprietary",
                CertificateKind::X509 => "X.509",
                _ => "unknown",
            };
            let bits = bits.map_or_else(|| "of unknown size".to_owned(), |bits| format!("RSA {bits}"));
            let temporary = if *temporary { ", temporary" } else { "" };
            format!("{kind}, {bits}{temporary}")
        }
        ServerKey::Unreadable(error) => format!("unreadable: {error}"),
        _ => "unknown".to_owned(),
    }
}

fn dial_detail(fault: DialFault) -> Detail {
    let mut detail = Detail::from([("fault", dial_id(fault.kind).to_owned())]);
    detail.extend(fault.os.map(|os| ("os", os.to_string())));
    detail
}

/// The id of a dial fault.
pub(super) const fn dial_id(kind: DialFaultKind) -> &'static str {
    match kind {
        DialFaultKind::NotFound => "not_found",
        DialFaultKind::ResolverFailed => "resolver_failed",
        DialFaultKind::Refused => "refused",
        DialFaultKind::Reset => "reset",
        DialFaultKind::HostUnreachable => "host_unreachable",
        DialFaultKind::NetworkUnreachable => "network_unreachable",
        DialFaultKind::NotPermitted => "not_permitted",
        DialFaultKind::LocalResources => "local_resources",
        DialFaultKind::TimedOut { .. } => "timed_out",
        DialFaultKind::Cancelled => "cancelled",
        DialFaultKind::Other | _ => "other",
    }
}

const fn tls_id(kind: TlsFaultKind) -> &'static str {
    match kind {
        TlsFaultKind::Closed(_) => "closed",
        TlsFaultKind::Alert(_) => "alert",
        TlsFaultKind::NotTls => "not_tls",
        TlsFaultKind::Incompatible => "incompatible",
        TlsFaultKind::Misbehaved => "misbehaved",
        TlsFaultKind::BadCertificate => "bad_certificate",
        TlsFaultKind::Local => "local",
        _ => "unknown",
    }
}

fn close(how: Close) -> CloseView {
    let (id, alert, limit, os) = match how {
        Close::Fin => ("fin", None, None, None),
        Close::Reset => ("reset", None, None, None),
        Close::CloseNotify => ("close_notify", None, None, None),
        Close::Alert(alert) => ("alert", Some(alert), None, None),
        Close::TimedOut { limit, overall } => ("timed_out", None, Some((limit, overall)), None),
        Close::Broken { os } => ("broken", None, None, os),
        Close::Cancelled => ("cancelled", None, None, None),
        _ => ("unknown", None, None, None),
    };
    CloseView {
        how: id,
        alert,
        limit_us: limit.map(|(limit, _)| micros(limit)),
        overall: limit.map(|(_, overall)| overall),
        os,
    }
}

fn dial(view: &mut FailureView, fault: DialFault) {
    view.codes.extend(dial_detail(fault));
    if let DialFaultKind::TimedOut { limit, overall } = fault.kind {
        view.close = Some(close(Close::TimedOut { limit, overall }));
    }
}

/// A failure: what kind, how the stream ended, what had arrived, and every raw code.
pub(super) fn failure(failure: &Failure) -> FailureView {
    let mut view = FailureView {
        hop: failure.hop.id(),
        stage: failure.stage.id(),
        awaiting: failure.awaiting.name(),
        kind: "",
        close: None,
        partial: String::new(),
        partial_len: 0,
        codes: BTreeMap::new(),
    };
    let mut head = None;
    view.kind = match &failure.kind {
        FailureKind::Resolve(fault) => {
            dial(&mut view, *fault);
            "resolve"
        }
        FailureKind::Connect { address, fault } => {
            dial(&mut view, *fault);
            view.codes.insert("address", address.to_string());
            "connect"
        }
        FailureKind::NoAddressOfFamily => "no_address_of_family",
        FailureKind::Closed { how, partial } => {
            view.close = Some(close(*how));
            head = Some(partial);
            "closed"
        }
        FailureKind::NegotiationRefused(code) => {
            view.codes.insert("failure_code", hex(code.0));
            "negotiation_refused"
        }
        FailureKind::UnrequestedProtocol { offered, selected } => {
            view.codes.extend([("offered", hex(offered.0)), ("selected", hex(selected.0))]);
            "unrequested_protocol"
        }
        FailureKind::OtherProtocol { asked, selected } => {
            view.codes.extend([("asked", hex(asked.0)), ("selected", hex(selected.0))]);
            "other_protocol"
        }
        FailureKind::Ultimatum(reason) => {
            view.codes.insert("mcs_reason", hex(reason.0));
            "ultimatum"
        }
        FailureKind::DisconnectRequest { reason } => {
            view.codes.insert("reason", hex(*reason));
            "disconnect_request"
        }
        FailureKind::TpduError { cause } => {
            view.codes.insert("cause", hex(*cause));
            "tpdu_error"
        }
        FailureKind::OtherTpdu { code, head: octets } => {
            view.codes.insert("tpdu_code", hex(code.0));
            head = Some(octets);
            "other_tpdu"
        }
        FailureKind::Foreign { protocol, head: octets } => {
            view.codes.insert("protocol", protocol.name().to_owned());
            head = Some(octets);
            "foreign"
        }
        FailureKind::Malformed { error, head: octets } => {
            let (problem, value) = match error.problem {
                Problem::Cut => ("cut", None),
                Problem::Value(value) => ("value", Some(value)),
                Problem::Length(length) => ("length", Some(length)),
                _ => ("unknown", None),
            };
            view.codes.extend([
                ("field", error.field.clone().into_owned()),
                ("offset", error.offset.to_string()),
                ("len", error.len.to_string()),
                ("problem", problem.to_owned()),
            ]);
            view.codes.extend(value.map(|value| ("value", hex(value))));
            head = Some(octets);
            "malformed"
        }
        FailureKind::Tls(fault) => {
            head = Some(&fault.received);
            match fault.kind {
                TlsFaultKind::Closed(how) => view.close = Some(close(how)),
                TlsFaultKind::Alert(alert) => {
                    view.close = Some(close(Close::Alert(alert.0)));
                    view.codes.insert("alert", alert.0.to_string());
                    view.codes.extend(alert.name().map(|name| ("alert_name", name.to_owned())));
                }
                TlsFaultKind::NotTls
                | TlsFaultKind::Incompatible
                | TlsFaultKind::Misbehaved
                | TlsFaultKind::BadCertificate
                | TlsFaultKind::Local
                | _ => {}
            }
            view.codes.insert("fault", tls_id(fault.kind).to_owned());
            "tls"
        }
        FailureKind::NotPinned => "not_pinned",
        FailureKind::NotTrusted => "not_trusted",
        FailureKind::CredsspError(status) => {
            view.codes.insert("error_code", hex(status.0));
            "credssp_error"
        }
        FailureKind::NoChallenge { state, head: octets } => {
            view.codes.extend(state.map(|state| ("neg_state", state.to_string())));
            head = Some(octets);
            "no_challenge"
        }
        FailureKind::ConnectRefused { result, conference } => {
            view.codes.insert("mcs_result", hex(result.0));
            view.codes.extend(result.name().map(|name| ("mcs_result_name", name.to_owned())));
            view.codes.extend(conference.map(|conference| ("conference_result", hex(conference.0))));
            "connect_refused"
        }
        FailureKind::ErrorInfo { code, end } => {
            view.codes.insert("error_info", hex(code.0));
            match end {
                End::Ultimatum(reason) => _ = view.codes.insert("mcs_reason", hex(reason.0)),
                End::Closed(how) => view.close = Some(close(*how)),
                _ => {}
            }
            "error_info"
        }
        FailureKind::Redirected => "redirected",
        FailureKind::NotExpected { head: octets } => {
            head = Some(octets);
            "not_expected"
        }
        FailureKind::OutOfTurn => "out_of_turn",
        _ => "unknown",
    };
    if let Some(octets) = head {
        view.partial = octets.to_string();
        view.partial_len = octets.total();
    }
    view
}

//! One session a line in the names of Elastic Common Schema 8, for Elasticsearch, OpenSearch and whatever reads
//! them. What the schema has no word for is below `tlswhy.`.

use std::io::{self, Write};
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::render::json;
use crate::report::{
    Certificate, CodePoint, Endpoint, Generator, NO_CAUSE, Outcome, PerSide, Role, SCHEMA_VERSION, Session, Tls,
    Transport,
};

/// The version of the schema whose names are used.
const ECS: &str = "8.17.0";

/// Writes a session of the capture `path` as one line.
///
/// # Errors
/// Those of `out`.
pub fn session<W: Write>(out: &mut W, session: &Session, path: &str) -> io::Result<()> {
    json::compact(out, &document(session, path)?, false)?;
    out.write_all(b"\n")
}

fn document(session: &Session, path: &str) -> io::Result<Value> {
    let diagnosis = &session.diagnosis;
    let client = end(&session.client, session, |sides| sides.client);
    let server = end(&session.server, session, |sides| sides.server);
    let generator = Generator::default();
    let mut document = json!({
        "@timestamp": session.start,
        "ecs": {"version": ECS},
        "message": diagnosis.summary,
        "event": event(session),
        "network": network(session),
        // The initiator of a connection is its source, by the schema's own rule.
        "source": client,
        "destination": server,
        "client": client,
        "server": server,
        "tls": tls(session),
        "log": {"file": {"path": path}},
        "observer": {"type": "tlswhy", "product": generator.name, "version": generator.version},
        "tlswhy": own(session)?,
    });
    if diagnosis.cause != NO_CAUSE {
        put(&mut document, "error", json!({"code": diagnosis.cause, "message": diagnosis.summary, "type": "tls"}));
    }
    let related = related(session);
    if !related.is_empty() {
        put(&mut document, "related", Value::Object(related));
    }
    Ok(document)
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}

fn put_some<T: Into<Value>>(object: &mut Value, name: &str, value: Option<T>) {
    if let Some(value) = value {
        put(object, name, value.into());
    }
}

fn event(session: &Session) -> Value {
    let (outcome, kind) = match session.outcome {
        Outcome::Established => ("success", json!(["connection", "end"])),
        Outcome::Refused => ("failure", json!(["connection", "denied"])),
        Outcome::Failed => ("failure", json!(["connection", "error"])),
        Outcome::Incomplete => ("unknown", json!(["connection"])),
    };
    json!({
        "kind": "event",
        "category": ["network"],
        "type": kind,
        "module": "tlswhy",
        "dataset": "tlswhy.session",
        "action": "tls-handshake",
        "outcome": outcome,
        "reason": session.diagnosis.summary,
        "code": session.diagnosis.cause,
        "start": session.start,
        "end": session.end,
        // Nanoseconds, by the schema.
        "duration": session.duration_us.saturating_mul(1_000),
    })
}

fn network(session: &Session) -> Value {
    let (transport, protocol) = match session.transport {
        Transport::Tcp => (Some("tcp"), "tls"),
        Transport::Dtls => (Some("udp"), "dtls"),
        Transport::Quic => (Some("udp"), "quic"),
        Transport::Eap => (None, "eap"),
    };
    let mut network = json!({"protocol": protocol});
    put_some(&mut network, "transport", transport);
    put_some(&mut network, "application", session.preamble.clone());
    let family = match session.client.address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Some("ipv4"),
        Ok(IpAddr::V6(_)) => Some("ipv6"),
        Err(_) => None,
    };
    put_some(&mut network, "type", family);
    if let Some(tcp) = &session.tcp {
        let sum = |sides: PerSide| Some(sides.client?.saturating_add(sides.server?));
        put_some(&mut network, "bytes", sum(tcp.bytes));
        put_some(&mut network, "packets", sum(tcp.packets));
    }
    network
}

fn end(end: &Endpoint, session: &Session, side: impl Fn(PerSide) -> Option<u64>) -> Value {
    let mut fields = json!({"address": end.address});
    // `ip` is a typed field: another string in it makes the document unacceptable.
    if end.address.parse::<IpAddr>().is_ok() {
        put(&mut fields, "ip", end.address.clone().into());
    } else if end.address.len() == 17 && end.address.split(':').count() == 6 {
        put(&mut fields, "mac", end.address.to_uppercase().replace(':', "-").into());
    }
    put_some(&mut fields, "port", end.port);
    if let Some(tcp) = &session.tcp {
        put_some(&mut fields, "bytes", side(tcp.bytes));
        put_some(&mut fields, "packets", side(tcp.packets));
    }
    fields
}

fn tls(session: &Session) -> Value {
    let Tls { version, cipher_suite, group, alpn, resumed, .. } = &session.tls;
    let mut tls = json!({"established": matches!(session.outcome, Outcome::Established | Outcome::Refused)});
    if let Some(version) = version {
        let (protocol, number) = match version.split_once(' ') {
            Some((name, number)) => (name.to_ascii_lowercase(), number),
            None if session.transport == Transport::Dtls => ("dtls".to_owned(), version.as_ref()),
            None => ("tls".to_owned(), version.as_ref()),
        };
        put(&mut tls, "version", number.into());
        put(&mut tls, "version_protocol", protocol.into());
    }
    put_some(&mut tls, "cipher", cipher_suite.clone());
    put_some(&mut tls, "curve", group.clone());
    put_some(&mut tls, "next_protocol", alpn.clone());
    put_some(&mut tls, "resumed", *resumed);
    put(&mut tls, "client", tls_side(session, Role::Client));
    put(&mut tls, "server", tls_side(session, Role::Server));
    tls
}

fn tls_side(session: &Session, role: Role) -> Value {
    let mut side = json!({});
    let chain = match role {
        Role::Client => {
            put_some(&mut side, "ja3", session.tls.ja3.clone());
            put_some(&mut side, "server_name", session.tls.server_name.clone());
            if let Some(hello) = &session.client_hello {
                let suites: Vec<String> = hello.cipher_suites.iter().map(CodePoint::display).collect();
                put(&mut side, "supported_ciphers", suites.into());
            }
            &session.certificates.client
        }
        Role::Server => {
            put_some(&mut side, "ja3s", session.tls.ja3s.clone());
            &session.certificates.server
        }
    };
    if let Some(leaf) = chain.as_ref().and_then(|chain| chain.first()) {
        put_some(&mut side, "subject", leaf.subject.clone());
        put_some(&mut side, "issuer", leaf.issuer.clone());
        put_some(&mut side, "not_before", leaf.not_before.as_deref());
        put_some(&mut side, "not_after", leaf.not_after.as_deref());
        put(&mut side, "hash", json!({"sha256": leaf.fingerprint_sha256.to_uppercase()}));
        put(&mut side, "x509", x509(leaf));
    }
    side
}

fn x509(certificate: &Certificate) -> Value {
    let mut fields = json!({});
    put_some(&mut fields, "version_number", certificate.version.map(|version| version.to_string()));
    put_some(&mut fields, "serial_number", certificate.serial.as_ref().map(|serial| serial.to_uppercase()));
    put_some(&mut fields, "not_before", certificate.not_before.as_deref());
    put_some(&mut fields, "not_after", certificate.not_after.as_deref());
    put_some(&mut fields, "signature_algorithm", certificate.signature_algorithm.clone());
    put_some(&mut fields, "alternative_names", alternative_names(certificate));
    if let Some(subject) = &certificate.subject {
        put(&mut fields, "subject", json!({"distinguished_name": subject}));
    }
    if let Some(issuer) = &certificate.issuer {
        put(&mut fields, "issuer", json!({"distinguished_name": issuer}));
    }
    if let Some(key) = &certificate.key {
        put(&mut fields, "public_key_algorithm", key.algorithm.clone().into());
        put_some(&mut fields, "public_key_size", key.size);
        put_some(&mut fields, "public_key_curve", key.curve.clone());
    }
    fields
}

/// The names without their kinds, as the schema has them.
fn alternative_names(certificate: &Certificate) -> Option<Vec<String>> {
    let bare = |name: &String| name.split_once(':').map_or(name.as_str(), |(_, name)| name).to_owned();
    certificate.subject_alternative_names.as_ref().map(|names| names.iter().map(bare).collect())
}

fn related(session: &Session) -> Map<String, Value> {
    let mut related = Map::new();
    let ends = [Some(&session.client), Some(&session.server), session.announced_client.as_ref()];
    let mut addresses: Vec<&str> = ends
        .into_iter()
        .flatten()
        .map(|end| end.address.as_str())
        .filter(|address| address.parse::<IpAddr>().is_ok())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    if !addresses.is_empty() {
        related.insert("ip".to_owned(), json!(addresses));
    }
    if let Some(name) = &session.tls.server_name {
        related.insert("hosts".to_owned(), json!([name]));
    }
    let chains = [&session.certificates.client, &session.certificates.server];
    let hashes: Vec<&str> =
        chains.into_iter().flatten().flatten().map(|certificate| certificate.fingerprint_sha256.as_str()).collect();
    if !hashes.is_empty() {
        related.insert("hash".to_owned(), json!(hashes));
    }
    related
}

/// What the schema has no word for.
fn own(session: &Session) -> io::Result<Value> {
    let diagnosis = &session.diagnosis;
    let mut own = json!({
        "schema_version": SCHEMA_VERSION,
        "session": {
            "id": session.id,
            "first_packet": session.first_packet,
            "last_packet": session.last_packet,
            "transport": session.transport.name(),
            "encapsulation": session.encapsulation,
        },
        "outcome": session.outcome.name(),
        "cause": diagnosis.cause,
        "side": diagnosis.side.name(),
        "confidence": diagnosis.confidence.name(),
        "client_auth": session.tls.client_auth.name(),
        "decryption": session.tls.decryption.name(),
        "explanation": diagnosis.explanation,
        "evidence": json::value(&diagnosis.evidence)?,
        "remedies": json::value(&diagnosis.remedies)?,
        "alternatives": json::value(&diagnosis.alternatives)?,
        "needs": diagnosis.needs,
        "alerts": json::value(&session.alerts)?,
        "refusals": json::value(&session.refusals)?,
        "problems": json::value(&session.problems)?,
    });
    put_some(&mut own, "ja4", session.tls.ja4.clone());
    put_some(&mut own, "ja4s", session.tls.ja4s.clone());
    put_some(&mut own, "signature_algorithm", session.tls.signature_algorithm.clone());
    put_some(&mut own, "client_signature_algorithm", session.tls.client_signature_algorithm.clone());
    put_some(&mut own, "announced_client", session.announced_client.as_ref().map(ToString::to_string));
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn read(session: &Session) -> Value {
        let mut out = Vec::new();
        super::session(&mut out, session, "day/payments.pcapng").expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text.matches('\n').count(), 1);
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn the_schemas_names_hold_what_they_are_for() {
        let document = read(&sample::expired());
        assert_eq!(document["event"]["outcome"], "failure");
        assert_eq!(document["event"]["duration"], 1_406_900_000);
        assert_eq!(document["error"]["code"], "client-cert-expired");
        assert_eq!(document["source"]["ip"], "192.0.2.10");
        assert_eq!(document["server"]["port"], 8443);
        assert_eq!(document["tls"]["version"], "1.2");
        assert_eq!(document["tls"]["version_protocol"], "tls");
        assert_eq!(document["tls"]["established"], false);
        assert_eq!(document["tls"]["client"]["x509"]["serial_number"], "01A2B3");
        assert_eq!(document["tls"]["client"]["x509"]["alternative_names"][0], "spiffe://example/batch");
        assert_eq!(document["log"]["file"]["path"], "day/payments.pcapng");
        assert_eq!(document["tlswhy"]["alerts"][0]["description"], "certificate_expired");
    }

    #[test]
    fn a_success_has_no_error() {
        let document = read(&sample::established());
        assert_eq!(document["event"]["outcome"], "success");
        assert!(document.get("error").is_none());
    }

    #[test]
    fn only_an_address_is_an_ip() {
        let mut session = sample::expired();
        session.client = Endpoint { address: "02:00:00:00:00:0a".to_owned(), port: None };
        session.server = Endpoint { address: "radius.example".to_owned(), port: None };
        let document = read(&session);
        assert_eq!(document["client"]["mac"], "02-00-00-00-00-0A");
        assert!(document["client"].get("ip").is_none() && document["server"].get("ip").is_none());
        assert!(document["network"].get("type").is_none() && document["related"].get("ip").is_none());
    }
}

//! What was offered, chosen and asked.

use std::sync::Arc;

use crate::iana::Name;
use crate::report::diff::{Differences, Topic};
use crate::report::{ClientHello, CodePoint, Extension, Session};

/// Whether a client certificate was asked for and given, and by which conditions.
pub(super) fn client_auth(a: &Session, b: &Session, out: &mut Differences) {
    let word = |session: &Session| Some(session.tls.client_auth.to_string());
    out.value(Topic::ClientAuth, "client authentication", word(a), word(b));
    let (Some(one), Some(other)) = (&a.certificate_request, &b.certificate_request) else { return };
    if one.inferred || other.inferred {
        return;
    }
    let (signatures, authorities) = (Topic::SignatureAlgorithm, Topic::CertificateAuthorities);
    let types = (codes(&one.certificate_types), codes(&other.certificate_types));
    out.list(Topic::ClientAuth, "certificate types that the server accepts", types.0, types.1);
    let schemes = (codes(&one.signature_algorithms), codes(&other.signature_algorithms));
    out.list(signatures, "accepted by the server", schemes.0, schemes.1);
    let schemes = (codes(&one.signature_algorithms_cert), codes(&other.signature_algorithms_cert));
    out.list(signatures, "accepted by the server in certificates", schemes.0, schemes.1);
    let names = (one.certificate_authorities.clone(), other.certificate_authorities.clone());
    out.list(authorities, "named by the server", names.0, names.1);
    out.list(Topic::ClientAuth, "OID filters of the server", one.oid_filters.clone(), other.oid_filters.clone());
}

/// Both hellos.
pub(super) fn hellos(a: &Session, b: &Session, out: &mut Differences) {
    chosen(a, b, out);
    if let (Some(one), Some(other)) = (&a.client_hello, &b.client_hello) {
        offered(one, other, out);
    } else {
        let seen = |session: &Session| session.client_hello.as_ref().map(|_| "seen".to_owned());
        out.value(Topic::Extensions, "ClientHello", seen(a), seen(b));
    }
    let by_server = |session: &Session| session.server_hello.as_ref().map(|hello| extensions(&hello.extensions));
    if let (Some(one), Some(other)) = (by_server(a), by_server(b)) {
        out.list(Topic::Extensions, "in the ServerHello", Some(one), Some(other));
    }
}

fn chosen(a: &Session, b: &Session, out: &mut Differences) {
    let (one, other) = (&a.tls, &b.tls);
    let name = |name: &Option<Name>| name.as_deref().map(str::to_owned);
    let text = |value: Option<bool>| value.map(|value| if value { "yes" } else { "no" }.to_owned());
    out.value(Topic::Version, "chosen", name(&one.version), name(&other.version));
    out.value(Topic::CipherSuite, "chosen", name(&one.cipher_suite), name(&other.cipher_suite));
    out.value(Topic::Group, "chosen", name(&one.group), name(&other.group));
    let prime = |bits: Option<u64>| bits.map(|bits| format!("{bits} bits"));
    out.value(Topic::Group, "prime of the exchange", prime(one.dh_prime_bits), prime(other.dh_prime_bits));
    let signatures = Topic::SignatureAlgorithm;
    let by_server = [one, other].map(|tls| name(&tls.signature_algorithm));
    let by_client = [one, other].map(|tls| name(&tls.client_signature_algorithm));
    for (who, [one, other]) in [("used by the server", by_server), ("used by the client", by_client)] {
        out.value(signatures, who, one, other);
    }
    out.value(Topic::Alpn, "chosen", one.alpn.clone(), other.alpn.clone());
    out.value(Topic::ServerName, "asked for", one.server_name.clone(), other.server_name.clone());
    out.value(Topic::Extensions, "resumed", text(one.resumed), text(other.resumed));
    out.value(Topic::Extensions, "resumed by", name(&one.resumed_by), name(&other.resumed_by));
    out.value(Topic::Extensions, "HelloRetryRequest", text(one.hello_retry), text(other.hello_retry));
}

fn offered(a: &ClientHello, b: &ClientHello, out: &mut Differences) {
    let versions = |hello: &ClientHello| {
        codes(&hello.supported_versions).or_else(|| Some(vec![format!("up to {}", hello.version)]))
    };
    out.list(Topic::Version, "offered by the client", versions(a), versions(b));
    let suites = |hello: &ClientHello| Some(named(&hello.cipher_suites));
    out.list(Topic::CipherSuite, "offered by the client", suites(a), suites(b));
    out.list(Topic::Group, "offered by the client", codes(&a.supported_groups), codes(&b.supported_groups));
    let shares = |hello: &ClientHello| hello.key_shares.as_deref().map(extensions);
    out.list(Topic::Group, "key shares of the client", shares(a), shares(b));
    let schemes = (codes(&a.signature_algorithms), codes(&b.signature_algorithms));
    out.list(Topic::SignatureAlgorithm, "accepted by the client", schemes.0, schemes.1);
    let schemes = (codes(&a.signature_algorithms_cert), codes(&b.signature_algorithms_cert));
    out.list(Topic::SignatureAlgorithm, "accepted by the client in certificates", schemes.0, schemes.1);
    let names = (a.certificate_authorities.clone(), b.certificate_authorities.clone());
    out.list(Topic::CertificateAuthorities, "named by the client", names.0, names.1);
    out.list(Topic::Alpn, "offered by the client", a.alpn.clone(), b.alpn.clone());
    // Chrome and others shuffle them at every handshake, so that their order says nothing.
    let sorted = |hello: &ClientHello| {
        let mut names = extensions(&hello.extensions);
        names.sort();
        names.dedup();
        Some(names)
    };
    out.list(Topic::Extensions, "in the ClientHello", sorted(a), sorted(b));
    let psk = |hello: &ClientHello| hello.psk.as_ref().map(|psk| psk.identities.to_string());
    out.value(Topic::Extensions, "pre-shared keys offered", psk(a), psk(b));
}

fn codes(list: &Option<Arc<[CodePoint]>>) -> Option<Vec<String>> {
    list.as_deref().map(named)
}

/// Names without GREASE (RFC 8701), which is drawn by lot.
fn named(list: &[CodePoint]) -> Vec<String> {
    list.iter().map(CodePoint::display).filter(|name| name != "GREASE").collect()
}

fn extensions(list: &[Extension]) -> Vec<String> {
    list.iter().map(Extension::display).filter(|name| name != "GREASE").collect()
}

//! One line for a person about a handshake message.

use crate::iana::{cipher_suites, groups, signature_schemes, versions};
use crate::session::Plaintext;
use crate::tls::extension::Extensions;
use crate::tls::handshake::{CertificateMessage, CertificateRequest, ClientHello, HandshakeMessage, ServerHello};
use crate::x509;

/// The message's name in the RFCs.
pub fn name(message: &HandshakeMessage) -> &'static str {
    match message {
        HandshakeMessage::HelloRequest => "HelloRequest",
        HandshakeMessage::ClientHello(_) => "ClientHello",
        HandshakeMessage::ServerHello(_) => "ServerHello",
        HandshakeMessage::HelloRetryRequest(_) => "HelloRetryRequest",
        HandshakeMessage::HelloVerifyRequest { .. } => "HelloVerifyRequest",
        HandshakeMessage::NewSessionTicket(_) => "NewSessionTicket",
        HandshakeMessage::EndOfEarlyData => "EndOfEarlyData",
        HandshakeMessage::EncryptedExtensions(_) => "EncryptedExtensions",
        HandshakeMessage::Certificate(_) => "Certificate",
        HandshakeMessage::ServerKeyExchange(_) => "ServerKeyExchange",
        HandshakeMessage::CertificateRequest(_) => "CertificateRequest",
        HandshakeMessage::ServerHelloDone => "ServerHelloDone",
        HandshakeMessage::CertificateVerify(_) => "CertificateVerify",
        HandshakeMessage::ClientKeyExchange { .. } => "ClientKeyExchange",
        HandshakeMessage::Finished { .. } => "Finished",
        HandshakeMessage::CertificateStatus { .. } => "CertificateStatus",
        HandshakeMessage::KeyUpdate { .. } => "KeyUpdate",
        HandshakeMessage::CompressedCertificate { .. } => "CompressedCertificate",
        HandshakeMessage::Other { .. } => "Handshake",
    }
}

/// What a person wants to know of it at a glance. May hold strings from the wire, not escaped.
pub fn message(message: &HandshakeMessage, tls13: bool) -> String {
    match message {
        HandshakeMessage::ClientHello(hello) => client_hello(hello),
        HandshakeMessage::ServerHello(hello) => server_hello(hello),
        HandshakeMessage::HelloRetryRequest(hello) => match hello.extensions.selected_group() {
            Some(group) => format!("asks for a share of {}", groups::display(group)),
            None => "asks for another ClientHello".to_owned(),
        },
        HandshakeMessage::NewSessionTicket(ticket) => {
            format!("{} bytes, lifetime {} s", ticket.ticket_len, ticket.lifetime)
        }
        HandshakeMessage::EncryptedExtensions(extensions) => encrypted_extensions(extensions),
        HandshakeMessage::Certificate(certificate) => chain(certificate),
        HandshakeMessage::CompressedCertificate { certificate: Some(certificate), .. } => chain(certificate),
        HandshakeMessage::ServerKeyExchange(exchange) => {
            let group = exchange.group.map(groups::display);
            let scheme = exchange.scheme.map(signature_schemes::display);
            [group, scheme].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        HandshakeMessage::CertificateRequest(request) => certificate_request(request),
        HandshakeMessage::CertificateVerify(verify) => {
            verify.scheme.map(signature_schemes::display).unwrap_or_default()
        }
        HandshakeMessage::CertificateStatus { ocsp } => format!("OCSP response of {} bytes", ocsp.len()),
        HandshakeMessage::KeyUpdate { update_requested: true } => "asks the peer to do the same".to_owned(),
        HandshakeMessage::Other { kind, .. } => format!("type {kind}"),
        HandshakeMessage::HelloRequest => "the server asks for a renegotiation".to_owned(),
        HandshakeMessage::ClientKeyExchange { .. } if tls13 => "not expected in TLS 1.3".to_owned(),
        _ => String::new(),
    }
}

/// `1.2` becomes `TLS 1.2`; `DTLS 1.2` says so itself.
fn with_family(version: String) -> String {
    if version.starts_with(|c: char| c.is_ascii_digit()) { format!("TLS {version}") } else { version }
}

fn client_hello(hello: &ClientHello) -> String {
    let mut parts = Vec::new();
    let versions: Vec<String> = hello.offered_versions().iter().map(|v| versions::display(*v)).collect();
    parts.push(with_family(versions.join(", ")));
    if let Some(name) = hello.extensions.server_name_text() {
        parts.push(format!("SNI {name}"));
    }
    let alpn: Vec<String> = hello.extensions.alpn().iter().map(|p| String::from_utf8_lossy(p).into_owned()).collect();
    if !alpn.is_empty() {
        parts.push(format!("ALPN {}", alpn.join(", ")));
    }
    if hello.extensions.psk_identities().is_some_and(|list| !list.is_empty()) {
        parts.push("offers a PSK".to_owned());
    }
    if hello.extensions.has(42) {
        parts.push("0-RTT data follow".to_owned());
    }
    parts.join(", ")
}

fn server_hello(hello: &ServerHello) -> String {
    let mut parts =
        vec![with_family(versions::display(hello.selected_version())), cipher_suites::display(hello.cipher_suite)];
    if let Some(group) = hello.extensions.selected_group() {
        parts.push(groups::display(group));
    }
    if let Some(alpn) = hello.extensions.selected_alpn() {
        parts.push(format!("ALPN {}", String::from_utf8_lossy(alpn)));
    }
    if hello.extensions.selected_psk().is_some() {
        parts.push("resumes by PSK".to_owned());
    }
    parts.join(", ")
}

fn encrypted_extensions(extensions: &Extensions) -> String {
    extensions.selected_alpn().map(|alpn| format!("ALPN {}", String::from_utf8_lossy(alpn))).unwrap_or_default()
}

fn chain(message: &CertificateMessage) -> String {
    match message.entries.first() {
        None => "empty: no certificate".to_owned(),
        Some(leaf) => {
            let leaf = x509::parse_again(&leaf.der);
            let more = match message.entries.len() {
                1 => String::new(),
                2 => " and 1 more".to_owned(),
                n => format!(" and {} more", n - 1),
            };
            let subject = if leaf.subject.text.is_empty() { "(no subject)" } else { &leaf.subject.text };
            format!("{subject}{more}")
        }
    }
}

fn certificate_request(request: &CertificateRequest) -> String {
    match request.authorities.len() {
        0 => "any issuer".to_owned(),
        n => {
            let first = request.authorities.first().map(|der| x509::name_again(der).text.clone()).unwrap_or_default();
            if n == 1 { format!("issuer {first}") } else { format!("{n} issuers: {first}, …") }
        }
    }
}
/// What was said in plaintext.
pub fn plaintext(plaintext: &Plaintext) -> String {
    let words = plaintext.text.as_deref().unwrap_or_default();
    match plaintext.protocol {
        Some(protocol) => format!("{protocol}: {words}"),
        None => format!("{} bytes that are not TLS {words}", plaintext.bytes.len()),
    }
}

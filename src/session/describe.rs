//! One line for a person about a handshake message.

use std::borrow::Cow;

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
pub fn message(message: &HandshakeMessage, tls13: bool) -> Cow<'static, str> {
    let text = match message {
        HandshakeMessage::ClientHello(hello) => client_hello(hello),
        HandshakeMessage::ServerHello(hello) => server_hello(hello),
        HandshakeMessage::HelloRetryRequest(hello) => match hello.extensions.selected_group() {
            Some(group) => format!("asks for a share of {}", groups::display(group)),
            None => return "asks for another ClientHello".into(),
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
            return verify.scheme.map(signature_schemes::display).unwrap_or_default();
        }
        HandshakeMessage::CertificateStatus { ocsp } => format!("OCSP response of {} bytes", ocsp.len()),
        HandshakeMessage::KeyUpdate { update_requested: true } => return "asks the peer to do the same".into(),
        HandshakeMessage::Other { kind, .. } => format!("type {kind}"),
        HandshakeMessage::HelloRequest => return "the server asks for a renegotiation".into(),
        HandshakeMessage::ClientKeyExchange { .. } if tls13 => return "not expected in TLS 1.3".into(),
        _ => return Cow::default(),
    };
    text.into()
}

/// Parts of a line, with commas between them.
struct Parts(String);

impl Parts {
    fn new() -> Self {
        // Most lines are shorter.
        Self(String::with_capacity(96))
    }

    /// Begins the next part.
    fn next(&mut self) -> &mut String {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
        &mut self.0
    }

    fn add(&mut self, part: &str) {
        self.next().push_str(part);
    }

    /// `1.2` becomes `TLS 1.2`; `DTLS 1.2` says so itself.
    fn add_versions(&mut self, versions: &[u16]) {
        for (index, version) in versions.iter().enumerate() {
            let name = versions::display(*version);
            if index == 0 && name.starts_with(|c: char| c.is_ascii_digit()) {
                self.add("TLS ");
                self.0.push_str(&name);
            } else {
                self.add(&name);
            }
        }
    }

    fn add_alpn<'a>(&mut self, names: impl Iterator<Item = &'a [u8]>) {
        for (index, name) in names.enumerate() {
            let out = self.next();
            out.push_str(if index == 0 { "ALPN " } else { "" });
            out.push_str(&String::from_utf8_lossy(name));
        }
    }
}

fn client_hello(hello: &ClientHello) -> String {
    let mut parts = Parts::new();
    parts.add_versions(&hello.offered_versions());
    if let Some(name) = hello.extensions.server_name_text() {
        parts.add("SNI ");
        parts.0.push_str(&name);
    }
    parts.add_alpn(hello.extensions.alpn().iter().map(Vec::as_slice));
    if hello.extensions.psk_identities().is_some_and(|list| !list.is_empty()) {
        parts.add("offers a PSK");
    }
    if hello.extensions.has(42) {
        parts.add("0-RTT data follow");
    }
    parts.0
}

fn server_hello(hello: &ServerHello) -> String {
    let mut parts = Parts::new();
    parts.add_versions(&[hello.selected_version()]);
    parts.add(&cipher_suites::display(hello.cipher_suite));
    if let Some(group) = hello.extensions.selected_group() {
        parts.add(&groups::display(group));
    }
    parts.add_alpn(hello.extensions.selected_alpn().into_iter());
    if hello.extensions.selected_psk().is_some() {
        parts.add("resumes by PSK");
    }
    parts.0
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

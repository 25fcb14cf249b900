//! The hellos, the request and what was negotiated: from the inner model to the published one.

use std::borrow::Cow;

use crate::bytes::hex;
use crate::iana::{cipher_suites, groups, is_grease, signature_schemes, versions};
use crate::report::code_points::{Registry, extension_list, key_shares};
use crate::report::from_session::count;
use crate::report::{
    CertificateRequest, ClientAuth, ClientHello, CodePoint, Decryption, PreSharedKeys, ServerHello, Tls,
};
use crate::role::Role;
use crate::seen::{Basis, Seen};
use crate::session::{self as model, CertificateSent, InferredClientAuth, Resumption, Session, fingerprint};
use crate::tls::extension::{ExtensionBody, Extensions};
use crate::tls::handshake;
use crate::x509;

/// early_data (42), post_handshake_auth (49), encrypted_client_hello (0xfe0d).
const EARLY_DATA: u16 = 42;
const POST_HANDSHAKE_AUTH: u16 = 49;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

/// What was negotiated.
pub(super) fn tls(session: &Session) -> Tls {
    let client = session.client_hello.value();
    let server = session.server_hello.value();
    let exchange = session.server_key_exchange.value();
    let verify = |role| session.certificate_verify.of(role).value().and_then(|verify| verify.scheme);
    let group = server.and_then(|hello| find(&hello.extensions, selected_group)).or(exchange.and_then(|e| e.group));
    let scheme = verify(Role::Server).or(exchange.and_then(|e| e.scheme));
    let encrypted = session.encrypted_extensions.value();
    let alpn = encrypted.and_then(|e| find(e, alpn)).or_else(|| server.and_then(|hello| find(&hello.extensions, alpn)));
    let retried = session.hello_retry.is_some();
    let fingerprints = client.map(|hello| fingerprint::of_client(hello, transport_letter(session.transport)));
    let (ja3, ja4) = fingerprints.map(|of| (of.ja3, of.ja4)).unzip();
    Tls {
        version: session.version().map(versions::display),
        cipher_suite: server.map(|hello| cipher_suites::display(hello.cipher_suite)),
        group: group.map(groups::display),
        dh_prime_bits: exchange.and_then(|e| e.dh_prime_bits).map(count),
        signature_algorithm: scheme.map(signature_schemes::display),
        client_signature_algorithm: verify(Role::Client).map(signature_schemes::display),
        alpn: alpn.and_then(|list| list.into_iter().next()),
        server_name: client.and_then(|hello| find(&hello.extensions, server_name)),
        resumed: server.map(|_| session.resumed.is_some()),
        resumed_by: session.resumed.as_ref().map(|seen| resumption(seen.value).into()),
        hello_retry: (server.is_some() || retried).then_some(retried),
        client_auth: client_auth(session),
        decryption: decryption(session.decryption),
        ja3,
        ja3s: server.map(fingerprint::of_server),
        ja4,
        ja4s: None,
    }
}

const fn transport_letter(transport: model::Transport) -> char {
    match transport {
        model::Transport::Tcp | model::Transport::Eap => 't',
        model::Transport::Dtls => 'd',
        model::Transport::Quic => 'q',
    }
}

const fn resumption(how: Resumption) -> &'static str {
    match how {
        Resumption::Psk => "psk",
        Resumption::Ticket => "ticket",
        Resumption::SessionId => "session-id",
    }
}

const fn decryption(decryption: model::Decryption) -> Decryption {
    match decryption {
        model::Decryption::NoneNeeded => Decryption::NoneNeeded,
        model::Decryption::Full => Decryption::Full,
        model::Decryption::HandshakeOnly => Decryption::HandshakeOnly,
        model::Decryption::NoKeys => Decryption::NoKeys,
        model::Decryption::KeysDoNotFit => Decryption::KeysDoNotFit,
    }
}

/// What is known of client authentication; of a later request, where the handshake itself had none.
fn client_auth(session: &Session) -> ClientAuth {
    let main = main_client_auth(session);
    let told = |seen: &&Seen<model::Reauthentication>| seen.value.request.is_some() || seen.value.answer.is_seen();
    let list = &session.reauthentication;
    let later = list.iter().rev().find(told).or(list.last()).map(|seen| match seen.value.answer.value() {
        Some(CertificateSent::Empty) => ClientAuth::RequestedEmpty,
        Some(CertificateSent::Chain(_) | CertificateSent::Unread { .. }) => ClientAuth::RequestedPresented,
        // A renegotiation that cannot be read may have had no request at all.
        None if seen.value.request.is_none() => main,
        None => ClientAuth::RequestedUnknown,
    });
    match (main, later) {
        (ClientAuth::NotRequested | ClientAuth::Unknown, Some(later)) => later,
        (main, _) => main,
    }
}

fn main_client_auth(session: &Session) -> ClientAuth {
    match session.certificate.client.value() {
        Some(CertificateSent::Empty) => return ClientAuth::RequestedEmpty,
        Some(CertificateSent::Chain(_) | CertificateSent::Unread { .. }) => return ClientAuth::RequestedPresented,
        None => {}
    }
    match session.inferred_client_auth.as_ref().map(|seen| seen.value) {
        Some(InferredClientAuth::Empty) => return ClientAuth::RequestedEmpty,
        Some(InferredClientAuth::Presented) => return ClientAuth::RequestedPresented,
        Some(InferredClientAuth::Requested) => return ClientAuth::RequestedUnknown,
        Some(InferredClientAuth::NotRequested) => return ClientAuth::NotRequested,
        None => {}
    }
    if session.certificate_request.is_seen() {
        return ClientAuth::RequestedUnknown;
    }
    // A server that never finished its flight may still have meant to ask.
    let flight_ended =
        session.server_hello_done.is_seen() || session.finished.server.is_seen() || session.resumed.is_some();
    if session.certificate_request.is_not_sent() && flight_ended {
        ClientAuth::NotRequested
    } else {
        ClientAuth::Unknown
    }
}

/// The first extension that `read` has a value for.
fn find<T>(extensions: &Extensions, read: impl Fn(&ExtensionBody) -> Option<T>) -> Option<T> {
    extensions.0.iter().find_map(|extension| read(&extension.body))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn server_name(body: &ExtensionBody) -> Option<String> {
    match body {
        ExtensionBody::ServerName(names) => names.first().map(|name| text(name)),
        _ => None,
    }
}

fn alpn(body: &ExtensionBody) -> Option<Vec<String>> {
    match body {
        ExtensionBody::Alpn(protocols) => Some(protocols.iter().map(|protocol| text(protocol)).collect()),
        _ => None,
    }
}

fn selected_group(body: &ExtensionBody) -> Option<u16> {
    match body {
        ExtensionBody::SelectedGroup(group) => Some(*group),
        _ => None,
    }
}

fn authorities(names: &[Vec<u8>]) -> Vec<String> {
    names.iter().map(|der| x509::name_again(der).text.clone()).collect()
}

fn unless_empty(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| hex(bytes))
}

/// The client's offer.
pub(super) fn client_hello(seen: &Seen<handshake::ClientHello>) -> ClientHello {
    let hello = &seen.value;
    let mut out = ClientHello {
        packet: seen.packet.0,
        version: versions::display(hello.version),
        random: hex(&hello.random),
        session_id: unless_empty(&hello.session_id),
        cipher_suites: Registry::CipherSuites.points(&hello.cipher_suites),
        compression_methods: hello.compression_methods.clone(),
        extensions: extension_list(&hello.extensions),
        server_name: None,
        alpn: None,
        supported_versions: None,
        supported_groups: None,
        signature_algorithms: None,
        signature_algorithms_cert: None,
        certificate_authorities: None,
        key_shares: None,
        psk: None,
        session_ticket: None,
        early_data: hello.extensions.has(EARLY_DATA),
        ech: hello.extensions.has(ENCRYPTED_CLIENT_HELLO),
        grease: hello.cipher_suites.iter().copied().chain(hello.extensions.0.iter().map(|e| e.kind)).any(is_grease),
        post_handshake_auth: hello.extensions.has(POST_HANDSHAKE_AUTH),
    };
    // Of an extension sent twice the first counts, as everywhere else.
    for extension in hello.extensions.0.iter().rev() {
        offered(&mut out, &extension.body);
    }
    out
}

fn offered(out: &mut ClientHello, body: &ExtensionBody) {
    match body {
        ExtensionBody::ServerName(_) => out.server_name = server_name(body),
        ExtensionBody::Alpn(_) => out.alpn = alpn(body),
        ExtensionBody::SupportedVersions(list) => {
            out.supported_versions = Some(Registry::Versions.points(list));
        }
        ExtensionBody::SupportedGroups(list) => {
            out.supported_groups = Some(Registry::Groups.points(list));
        }
        ExtensionBody::SignatureAlgorithms(list) => {
            out.signature_algorithms = Some(Registry::SignatureSchemes.points(list));
        }
        ExtensionBody::SignatureAlgorithmsCert(list) => {
            out.signature_algorithms_cert = Some(Registry::SignatureSchemes.points(list));
        }
        ExtensionBody::CertificateAuthorities(names) => out.certificate_authorities = Some(authorities(names)),
        ExtensionBody::KeyShares(shares) => out.key_shares = Some(key_shares(shares)),
        ExtensionBody::PskIdentities(identities, binders) => {
            out.psk = Some(PreSharedKeys { identities: count(identities.len()), binders: count(*binders) });
        }
        ExtensionBody::SessionTicket(ticket) => out.session_ticket = Some(count(ticket.len())),
        _ => {}
    }
}

/// The server's choice, or its wish for another ClientHello.
pub(super) fn server_hello(seen: &Seen<handshake::ServerHello>) -> ServerHello {
    let hello = &seen.value;
    ServerHello {
        packet: seen.packet.0,
        version: versions::display(hello.version),
        selected_version: hello.extensions.selected_version().map(versions::display),
        random: hex(&hello.random),
        session_id: unless_empty(&hello.session_id),
        cipher_suite: Registry::CipherSuites.point(hello.cipher_suite),
        compression_method: hello.compression_method,
        extensions: extension_list(&hello.extensions),
        key_share: find(&hello.extensions, selected_group).map(|code| Registry::Groups.point(code)),
        psk: find(&hello.extensions, |body| match body {
            ExtensionBody::SelectedPsk(index) => Some(*index),
            _ => None,
        }),
        alpn: find(&hello.extensions, alpn).and_then(|list| list.into_iter().next()),
    }
}

/// ClientCertificateType (IANA "TLS ClientCertificateType Identifiers").
const fn certificate_type(code: u8) -> Option<&'static str> {
    match code {
        1 => Some("rsa_sign"),
        2 => Some("dss_sign"),
        3 => Some("rsa_fixed_dh"),
        4 => Some("dss_fixed_dh"),
        5 => Some("rsa_ephemeral_dh_RESERVED"),
        6 => Some("dss_ephemeral_dh_RESERVED"),
        20 => Some("fortezza_dms_RESERVED"),
        64 => Some("ecdsa_sign"),
        65 => Some("rsa_fixed_ecdh"),
        66 => Some("ecdsa_fixed_ecdh"),
        67 => Some("gost_sign256"),
        68 => Some("gost_sign512"),
        _ => None,
    }
}

/// The server's question for a client certificate.
pub(super) fn certificate_request(seen: &Seen<model::RequestSeen>) -> CertificateRequest {
    let reason = match &seen.basis {
        Basis::Inferred(why) => Some(why.clone().into_owned()),
        Basis::Read | Basis::Decrypted => None,
    };
    let message = seen.value.message.as_ref();
    let types = |request: &handshake::CertificateRequest| {
        let published =
            |code: &u8| CodePoint { code: u16::from(*code), name: certificate_type(*code).map(Cow::Borrowed) };
        (!request.certificate_types.is_empty()).then(|| request.certificate_types.iter().map(published).collect())
    };
    let filters = |request: &handshake::CertificateRequest| {
        (!request.oid_filters.is_empty()).then(|| request.oid_filters.iter().map(|(oid, _)| oid.clone()).collect())
    };
    CertificateRequest {
        packet: seen.packet.0,
        inferred: seen.is_inferred(),
        reason,
        certificate_types: message.and_then(types),
        signature_algorithms: message
            .filter(|request| !request.signature_algorithms.is_empty())
            .map(|request| Registry::SignatureSchemes.points(&request.signature_algorithms)),
        signature_algorithms_cert: message
            .and_then(|request| request.signature_algorithms_cert.as_deref())
            .map(|list| Registry::SignatureSchemes.points(list)),
        certificate_authorities: message.map(|request| authorities(&request.authorities)),
        oid_filters: message.and_then(filters),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Address, Endpoint};
    use crate::seen::{At, Hidden, Observed};
    use crate::session::{FinishedSeen, RequestSeen, Transport};

    fn session() -> Session {
        let end = Endpoint { address: Address::Ip([192, 0, 2, 1].into()), port: Some(1) };
        Session::begun(Transport::Tcp, end.clone(), end, At::default())
    }

    fn seen<T>(value: T) -> Observed<T> {
        Observed::Seen(Seen::read(value, At::default()))
    }

    #[test]
    fn not_requested_is_said_only_where_the_servers_flight_ended() {
        let mut session = session();
        session.certificate_request = Observed::NotSent;
        assert_eq!(client_auth(&session), ClientAuth::Unknown, "it may have failed before it could ask");
        session.finished.server = seen(FinishedSeen { verified: None });
        assert_eq!(client_auth(&session), ClientAuth::NotRequested);
        session.certificate_request = Observed::Hidden(Hidden::Encrypted);
        assert_eq!(client_auth(&session), ClientAuth::Unknown);
    }

    #[test]
    fn the_clients_answer_tells_more_than_the_request() {
        let mut session = session();
        session.certificate_request = seen(RequestSeen { message: None });
        assert_eq!(client_auth(&session), ClientAuth::RequestedUnknown);
        session.certificate.client = seen(CertificateSent::Empty);
        assert_eq!(client_auth(&session), ClientAuth::RequestedEmpty);
        session.certificate.client = seen(CertificateSent::Unread { approx_len: Some(900) });
        assert_eq!(client_auth(&session), ClientAuth::RequestedPresented);
    }

    #[test]
    fn an_inferred_request_has_no_content() {
        let value = RequestSeen { message: None };
        let request = certificate_request(&Seen::inferred(value, At::default(), "lengths"));
        assert!(request.inferred && request.certificate_authorities.is_none());
        let value = RequestSeen { message: Some(handshake::CertificateRequest::default()) };
        let request = certificate_request(&Seen::read(value, At::default()));
        assert_eq!(request.certificate_authorities, Some(Vec::new()), "an empty list means any issuer");
    }

    #[test]
    fn of_an_extension_sent_twice_the_first_counts() {
        let groups = |list: Vec<u16>| crate::tls::extension::Extension {
            kind: 10,
            len: 4,
            body: ExtensionBody::SupportedGroups(list),
        };
        let extensions = Extensions(vec![groups(vec![29]), groups(vec![23])]);
        let hello = handshake::ClientHello { extensions, ..handshake::ClientHello::default() };
        let published = client_hello(&Seen::read(hello, At::default()));
        assert_eq!(published.supported_groups.expect("groups")[0].code, 29);
        assert_eq!(published.extensions.len(), 2);
    }

    #[test]
    fn grease_is_told_by_both_bytes() {
        assert!(is_grease(0x0a0a) && is_grease(0xfafa));
        assert!(!is_grease(0x0a1a) && !is_grease(0x0a0b));
    }
}

//! From the body of a handshake message to its typed value.

use crate::bytes::{Parsed, Reader, Short};
use crate::iana::{handshake_types as kinds, versions};
use crate::problem::Problem;
use crate::tls::extension::Place;
use crate::tls::handshake::compressed::DECOMPRESSED_LIMIT;
use crate::tls::handshake::{
    HandshakeMessage, certificate, certificate_request, certificate_verify, client_hello, compressed, fields,
    key_exchange, new_session_ticket, server_hello,
};

/// How many problems of one message are told.
const PROBLEM_LIMIT: usize = 16;

/// What a reader has to know of the handshake around a message: the same type has another body in
/// each version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeContext {
    /// The version that the server chose; 0 where it is not known.
    pub version: u16,
    /// It is TLS 1.3 or DTLS 1.3.
    pub tls13: bool,
    /// It is DTLS, of any version.
    pub dtls: bool,
    /// The server sent the message.
    pub from_server: bool,
    /// The cipher suite that the server chose; 0 where it is not known.
    pub cipher_suite: u16,
    /// Bytes that a compressed certificate message may unpack to.
    pub decompressed: usize,
}

impl Default for DecodeContext {
    fn default() -> Self {
        let decompressed = DECOMPRESSED_LIMIT;
        Self { version: 0, tls13: false, dtls: false, from_server: false, cipher_suite: 0, decompressed }
    }
}

impl DecodeContext {
    /// Whether signatures name their scheme: since TLS 1.2. `None` where the version is not known.
    pub(super) fn has_schemes(self) -> Option<bool> {
        if self.tls13 {
            return Some(true);
        }
        match self.version {
            0 => None,
            versions::SSL20 | versions::SSL30 | versions::TLS10 | versions::TLS11 | versions::DTLS10 | 0x0100 => {
                Some(false)
            }
            _ => Some(true),
        }
    }
}

/// Reads one complete message; `body` is what follows its header. Reads as much as is there: what is
/// odd is told as a problem, and a body of which nothing can be read gives `Other`.
pub fn decode(kind: u8, body: &[u8], context: DecodeContext) -> Parsed<HandshakeMessage> {
    let mut reader = Reader::new(body);
    let mut problems = Vec::new();
    let message = match read(kind, &mut reader, &mut problems, context) {
        Ok(message) => message,
        Err(short) => {
            problems.push(fields::cut(&kinds::display(kind), short));
            reader.rest();
            HandshakeMessage::Other { kind, len: body.len() }
        }
    };
    if !reader.is_empty() {
        let name = kinds::display(kind);
        let text = format!("{name} has {} bytes more than its fields.", reader.len());
        problems.push(Problem::new("trailing-bytes", text));
    }
    problems.truncate(PROBLEM_LIMIT);
    Parsed { value: message, problems }
}

fn read(
    kind: u8,
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    context: DecodeContext,
) -> Result<HandshakeMessage, Short> {
    use HandshakeMessage as Message;
    Ok(match kind {
        kinds::HELLO_REQUEST => Message::HelloRequest,
        kinds::CLIENT_HELLO => Message::ClientHello(client_hello::read(reader, problems, context)?),
        kinds::SERVER_HELLO => server_hello::read(reader, problems)?,
        kinds::HELLO_VERIFY_REQUEST => {
            reader.u16()?;
            Message::HelloVerifyRequest { cookie_len: reader.vec8()?.len() }
        }
        kinds::NEW_SESSION_TICKET => {
            Message::NewSessionTicket(new_session_ticket::read(reader, problems, context.tls13)?)
        }
        kinds::END_OF_EARLY_DATA => Message::EndOfEarlyData,
        kinds::ENCRYPTED_EXTENSIONS => {
            Message::EncryptedExtensions(fields::extensions(reader, Place::EncryptedExtensions, problems)?)
        }
        kinds::CERTIFICATE => Message::Certificate(certificate::read(reader, problems, context.tls13)?),
        kinds::SERVER_KEY_EXCHANGE => Message::ServerKeyExchange(key_exchange::read(reader, context)?),
        kinds::CERTIFICATE_REQUEST => {
            Message::CertificateRequest(certificate_request::read(reader, problems, context)?)
        }
        kinds::SERVER_HELLO_DONE => Message::ServerHelloDone,
        kinds::CERTIFICATE_VERIFY => Message::CertificateVerify(certificate_verify::read(reader, context)?),
        kinds::CLIENT_KEY_EXCHANGE => Message::ClientKeyExchange { body: reader.rest().to_vec() },
        kinds::FINISHED => Message::Finished { verify_data: reader.rest().to_vec() },
        kinds::CERTIFICATE_STATUS => Message::CertificateStatus { ocsp: certificate::status(reader, problems)? },
        kinds::KEY_UPDATE => Message::KeyUpdate { update_requested: key_update(reader, problems)? },
        kinds::COMPRESSED_CERTIFICATE => compressed::read(reader, problems, context)?,
        _ => {
            let len = reader.rest().len();
            Message::Other { kind, len }
        }
    })
}

fn key_update(reader: &mut Reader<'_>, problems: &mut Vec<Problem>) -> Result<bool, Short> {
    let request = reader.u8()?;
    if request > 1 {
        let text = format!("KeyUpdate asks for {request}, which is neither 0 nor 1.");
        problems.push(Problem::new(fields::MALFORMED, text));
    }
    Ok(request == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tls::handshake::{ServerKeyExchange, decode_sslv2_hello};

    const TLS12: DecodeContext = DecodeContext {
        version: 0x0303,
        tls13: false,
        dtls: false,
        from_server: true,
        cipher_suite: 0xc02f,
        decompressed: DECOMPRESSED_LIMIT,
    };
    const TLS13: DecodeContext = DecodeContext {
        version: 0x0304,
        tls13: true,
        dtls: false,
        from_server: true,
        cipher_suite: 0x1301,
        decompressed: DECOMPRESSED_LIMIT,
    };

    fn codes(parsed: &Parsed<HandshakeMessage>) -> Vec<&'static str> {
        parsed.problems.iter().map(|problem| problem.code).collect()
    }

    fn hello() -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([1, 0xaa]);
        body.extend([0, 4, 0x13, 0x01, 0xc0, 0x2f, 1, 0]);
        body.extend([0, 15, 0, 43, 0, 5, 4, 0x2a, 0x2a, 3, 4, 0, 10, 0, 2, 0, 0]);
        body
    }

    #[test]
    fn a_client_hello_is_read_to_its_end() {
        let parsed = decode(1, &hello(), DecodeContext::default());
        assert_eq!(parsed.problems, []);
        let HandshakeMessage::ClientHello(hello) = parsed.value else { panic!("another message") };
        assert_eq!(hello.cipher_suites, [0x1301, 0xc02f]);
        assert_eq!(hello.offered_versions(), [0x0304]);
        assert_eq!(hello.session_id, [0xaa]);
    }

    #[test]
    fn a_client_hello_reads_as_another_parser_reads_it() {
        let mut raw = vec![1, 0, 0, hello().len() as u8];
        raw.extend(hello());
        let (_, theirs) = tls_parser::parse_tls_message_handshake(&raw).expect("valid");
        let tls_parser::TlsMessage::Handshake(tls_parser::TlsMessageHandshake::ClientHello(theirs)) = theirs else {
            panic!("another message")
        };
        let HandshakeMessage::ClientHello(ours) = decode(1, &hello(), DecodeContext::default()).value else {
            panic!("another message")
        };
        assert_eq!(ours.cipher_suites, theirs.ciphers.iter().map(|suite| suite.0).collect::<Vec<_>>());
        assert_eq!(ours.random.as_slice(), theirs.random);
        assert_eq!(Some(ours.session_id.as_slice()), theirs.session_id);
    }

    #[test]
    fn a_client_hello_cut_short_keeps_what_is_there() {
        let parsed = decode(1, &hello()[..40], DecodeContext::default());
        assert_eq!(codes(&parsed), [fields::MALFORMED]);
        let HandshakeMessage::ClientHello(hello) = parsed.value else { panic!("another message") };
        assert_eq!(hello.session_id, [0xaa]);
        let parsed = decode(1, &[3, 3, 0], DecodeContext::default());
        assert_eq!(parsed.value, HandshakeMessage::Other { kind: 1, len: 3 });
        assert!(parsed.problems[0].text.starts_with("ClientHello ends too early"), "{:?}", parsed.problems);
    }

    #[test]
    fn a_damaged_certificate_is_never_an_empty_one() {
        assert_eq!(decode(11, &[0, 0, 5, 0, 0, 9, 1, 2], TLS12).value, HandshakeMessage::Other { kind: 11, len: 8 });
        assert_eq!(
            decode(11, &[0, 0, 0, 7, 0, 0, 9, 1, 2, 0, 0], TLS13).value,
            HandshakeMessage::Other { kind: 11, len: 11 }
        );
        let empty = decode(11, &[0, 0, 0], TLS12);
        assert_eq!((empty.value, empty.problems), (HandshakeMessage::Certificate(Default::default()), vec![]));
        let empty = decode(11, &[0, 0, 0, 0], TLS13);
        assert_eq!((empty.value, empty.problems), (HandshakeMessage::Certificate(Default::default()), vec![]));
    }

    #[test]
    fn a_bare_public_key_is_one_entry() {
        let HandshakeMessage::Certificate(message) = decode(11, &[0, 0, 4, 0x30, 2, 5, 0], TLS12).value else {
            panic!("another message")
        };
        assert_eq!(message.entries[0].der, [0x30, 2, 5, 0]);
    }

    #[test]
    fn a_certificate_request_has_schemes_since_tls_1_2() {
        let old = [2, 1, 64, 0, 0];
        let new = [1, 1, 0, 2, 4, 3, 0, 6, 0, 4, 0x30, 2, 5, 0];
        let request = |body: &[u8], version: u16| {
            let parsed = decode(13, body, DecodeContext { version, ..TLS12 });
            let HandshakeMessage::CertificateRequest(request) = parsed.value else { panic!("another message") };
            (request.certificate_types, request.signature_algorithms, request.authorities.len(), parsed.problems.len())
        };
        for version in [0x0301, 0] {
            assert_eq!(request(&old, version), (vec![1, 64], vec![], 0, 0));
        }
        for version in [0x0303, 0] {
            assert_eq!(request(&new, version), (vec![1], vec![0x0403], 1, 0));
        }
    }

    #[test]
    fn a_certificate_request_of_tls_1_3_is_made_of_extensions() {
        let body = [1, 9, 0, 16, 0, 13, 0, 4, 0, 2, 8, 4, 0, 47, 0, 4, 0, 2, 0, 0];
        let parsed = decode(13, &body, TLS13);
        assert_eq!(parsed.problems, []);
        let HandshakeMessage::CertificateRequest(request) = parsed.value else { panic!("another message") };
        assert_eq!((request.context, request.signature_algorithms), (vec![9], vec![0x0804]));
        assert_eq!(request.authorities, [Vec::<u8>::new(); 1]);
    }

    fn exchange(body: &[u8], version: u16, cipher_suite: u16) -> (ServerKeyExchange, usize) {
        let parsed = decode(12, body, DecodeContext { version, cipher_suite, ..TLS12 });
        let HandshakeMessage::ServerKeyExchange(exchange) = parsed.value else { panic!("another message") };
        (exchange, parsed.problems.len())
    }

    #[test]
    fn the_suite_decides_how_a_key_exchange_reads() {
        let ecdhe = [3, 0, 29, 2, 9, 9, 4, 3, 0, 1, 7];
        for suite in [0xc02f, 0] {
            let (read, problems) = exchange(&ecdhe, 0x0303, suite);
            assert_eq!((read.group, read.scheme, problems), (Some(29), Some(0x0403), 0));
            assert_eq!((read.params, read.signature), (ecdhe[..6].to_vec(), vec![7]));
        }
        let (read, problems) = exchange(&[0, 2, 1, 0xff, 0, 1, 2, 0, 1, 5, 0, 1, 7], 0x0301, 0x0033);
        assert_eq!((read.dh_prime_bits, read.scheme, read.signature, problems), (Some(9), None, vec![7], 0));
        let (read, problems) = exchange(&[0, 1, b'h', 3, 0, 23, 1, 9], 0x0303, 0xc035);
        assert_eq!((read.psk_hint, read.group, read.signature, problems), (Some(b"h".to_vec()), Some(23), vec![], 0));
        let (read, problems) = exchange(&[0, 1, b'h'], 0x0303, 0x008c);
        assert_eq!((read.psk_hint, problems), (Some(b"h".to_vec()), 0));
        let (read, problems) = exchange(&[3, 0, 23, 1, 9], 0x0303, 0xc018);
        assert_eq!((read.group, read.scheme, problems), (Some(23), None, 0));
    }

    #[test]
    fn a_retry_is_told_by_its_random() {
        let mut body = vec![3, 3];
        body.extend(
            crate::bytes::unhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c").expect("hex"),
        );
        body.extend([0, 0x13, 0x01, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 23]);
        let parsed = decode(2, &body, DecodeContext::default());
        assert_eq!(parsed.problems, []);
        let HandshakeMessage::HelloRetryRequest(hello) = parsed.value else { panic!("another message") };
        assert_eq!((hello.selected_version(), hello.extensions.selected_group()), (0x0304, Some(23)));
    }

    #[test]
    fn tickets_differ_between_the_versions() {
        let HandshakeMessage::NewSessionTicket(old) = decode(4, &[0, 0, 0, 9, 0, 2, 5, 6], TLS12).value else {
            panic!("another message")
        };
        assert_eq!((old.lifetime, old.ticket), (9, vec![5, 6]));
        let new = [0, 0, 0, 9, 1, 1, 1, 1, 1, 0, 0, 2, 5, 6, 0, 8, 0, 42, 0, 4, 0, 0, 1, 0];
        let parsed = decode(4, &new, TLS13);
        assert_eq!(parsed.problems, []);
        let HandshakeMessage::NewSessionTicket(new) = parsed.value else { panic!("another message") };
        assert_eq!((new.ticket_len, new.extensions.has(42)), (2, true));
    }

    #[test]
    fn bytes_left_over_are_told() {
        assert_eq!(codes(&decode(14, &[0], TLS12)), ["trailing-bytes"]);
        assert_eq!(decode(14, &[0], TLS12).value, HandshakeMessage::ServerHelloDone);
        assert_eq!(codes(&decode(15, &[4, 3, 0, 1, 7, 7], TLS12)), ["trailing-bytes"]);
    }

    #[test]
    fn a_dtls_client_hello_has_a_cookie() {
        let mut body = hello();
        body.splice(36..36, [2, 8, 8]);
        let HandshakeMessage::ClientHello(hello) = decode(1, &body, DecodeContext { dtls: true, ..TLS12 }).value else {
            panic!("another message")
        };
        assert_eq!((hello.cookie_len, hello.cipher_suites.len()), (Some(2), 2));
        assert_eq!(decode(3, &[0xfe, 0xff, 1, 9], TLS12).value, HandshakeMessage::HelloVerifyRequest { cookie_len: 1 });
    }

    #[test]
    fn an_sslv2_hello_is_read_with_and_without_its_header() {
        let body = [1, 3, 1, 0, 6, 0, 0, 0, 4, 0, 0, 0x2f, 7, 0, 0xc0, 1, 2, 3, 4];
        let with_header = [&[0x80, body.len() as u8][..], &body].concat();
        for bytes in [body.as_slice(), &with_header] {
            let parsed = decode_sslv2_hello(bytes);
            assert_eq!(parsed.problems, []);
            let hello = parsed.value.expect("a ClientHello");
            assert_eq!((hello.version, hello.cipher_suites), (0x0301, vec![0x002f]));
            assert_eq!(hello.random[27..], [0, 1, 2, 3, 4]);
        }
        assert_eq!(decode_sslv2_hello(&[4, 0]).value, None);
    }

    fn context() -> impl Strategy<Value = DecodeContext> {
        let version = prop::sample::select(vec![0, 2, 0x0300, 0x0301, 0x0303, 0x0304, 0xfeff, 0xfefd, 0xfefc]);
        let suite =
            prop::sample::select(vec![0, 0x1301, 0xc02f, 0x0033, 0x008c, 0x00aa, 0xc035, 0xc01e, 0x0003, 0x0018]);
        (version, any::<bool>(), any::<bool>(), suite).prop_map(|(version, tls13, dtls, cipher_suite)| DecodeContext {
            version,
            tls13,
            dtls,
            from_server: true,
            cipher_suite,
            ..DecodeContext::default()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_give_a_message(
            kind in prop::sample::select(vec![0u8, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 25, 99]),
            body in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => 0..8u8, 1 => any::<u8>()], 0..300),
            context in context(),
        ) {
            let parsed = decode(kind, &body, context);
            prop_assert!(parsed.problems.len() <= PROBLEM_LIMIT);
            if let HandshakeMessage::Other { len, .. } = parsed.value {
                prop_assert_eq!(len, body.len());
            }
            decode_sslv2_hello(&body);
        }

        #[test]
        fn a_damaged_hello_is_still_a_hello(at in 34usize..60, byte in any::<u8>(), cut in 34usize..60) {
            let mut body = hello();
            if let Some(there) = body.get_mut(at) {
                *there = byte;
            }
            body.truncate(cut);
            let parsed = decode(1, &body, DecodeContext::default());
            prop_assert!(matches!(parsed.value, HandshakeMessage::ClientHello(_)));
        }

        #[test]
        fn damaged_compressed_bytes_do_no_harm(
            algorithm in 1..4u16,
            claimed in 0..2_000u32,
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            head in 0..3usize,
        ) {
            let magic: &[u8] = [&[0x78, 0x9c][..], &[0x28, 0xb5, 0x2f, 0xfd], &[]].get(head).copied().unwrap_or_default();
            let inner = [magic, &bytes].concat();
            let mut body = algorithm.to_be_bytes().to_vec();
            body.extend(&claimed.to_be_bytes()[1..]);
            body.extend(&(inner.len() as u32).to_be_bytes()[1..]);
            body.extend(inner);
            let is_compressed = matches!(decode(25, &body, TLS13).value, HandshakeMessage::CompressedCertificate { .. });
            prop_assert!(is_compressed);
        }
    }
}

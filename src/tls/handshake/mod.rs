//! Handshake messages as typed values (RFC 8446 section 4, RFC 5246 section 7.4).

mod certificate;
mod certificate_request;
mod certificate_verify;
mod client_hello;
mod compressed;
mod decode;
mod fields;
pub mod joiner;
mod key_exchange;
mod new_session_ticket;
mod server_hello;

pub use client_hello::decode_sslv2_hello;
pub use compressed::DECOMPRESSED_LIMIT;
pub use decode::{DecodeContext, decode};
pub use joiner::MESSAGE_LIMIT;

use crate::iana::{is_grease, versions};
use crate::tls::extension::Extensions;

/// One handshake message, decoded as far as its bytes allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeMessage {
    /// Asks the client to renegotiate (RFC 5246 section 7.4.1.1).
    HelloRequest,
    /// The client's offer.
    ClientHello(ClientHello),
    /// The server's choice.
    ServerHello(ServerHello),
    /// A ServerHello whose random says that it asks for another ClientHello (RFC 8446 section 4.1.3).
    HelloRetryRequest(ServerHello),
    /// DTLS cookie exchange (RFC 6347 section 4.2.1).
    HelloVerifyRequest {
        /// The cookie's length in bytes.
        cookie_len: usize,
    },
    /// A session ticket.
    NewSessionTicket(NewSessionTicket),
    /// End of 0-RTT data (RFC 8446 section 4.5).
    EndOfEarlyData,
    /// Extensions that need no hiding from the peer (RFC 8446 section 4.3.1).
    EncryptedExtensions(Extensions),
    /// A certificate chain.
    Certificate(CertificateMessage),
    /// Ephemeral key exchange parameters (TLS 1.2 and below).
    ServerKeyExchange(ServerKeyExchange),
    /// The server asks for the client's certificate.
    CertificateRequest(CertificateRequest),
    /// End of the server's first flight (TLS 1.2 and below).
    ServerHelloDone,
    /// Proof that the sender holds its certificate's key.
    CertificateVerify(CertificateVerify),
    /// The client's key exchange share (TLS 1.2 and below).
    ClientKeyExchange {
        /// The body, for RSA key transport and for lengths.
        body: Vec<u8>,
    },
    /// Proof that both sides saw the same handshake.
    Finished {
        /// The verify_data.
        verify_data: Vec<u8>,
    },
    /// A stapled OCSP response (RFC 6066 section 8).
    CertificateStatus {
        /// The OCSP response in DER, where the status type is 1.
        ocsp: Vec<u8>,
    },
    /// The sender will use the next traffic keys (RFC 8446 section 4.6.3).
    KeyUpdate {
        /// Whether the peer is asked to do the same.
        update_requested: bool,
    },
    /// A compressed Certificate (RFC 8879). The decompressed message follows it where that worked.
    CompressedCertificate {
        /// 1 zlib, 2 brotli, 3 zstd.
        algorithm: u16,
        /// The length it claims to have when decompressed.
        uncompressed_len: usize,
        /// What was inside, where it could be decompressed within the limit.
        certificate: Option<CertificateMessage>,
    },
    /// A type not decoded here, or one whose body could not be read at all.
    Other {
        /// The handshake type.
        kind: u8,
        /// The body's length in bytes.
        len: usize,
    },
}

/// ClientHello (RFC 8446 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientHello {
    /// `legacy_version`.
    pub version: u16,
    /// `random`.
    pub random: [u8; 32],
    /// `legacy_session_id`.
    pub session_id: Vec<u8>,
    /// Offered cipher suites, in order, GREASE included.
    pub cipher_suites: Vec<u16>,
    /// Compression methods.
    pub compression_methods: Vec<u8>,
    /// Extensions, in order.
    pub extensions: Extensions,
    /// It came in SSLv2 framing (RFC 5246 appendix E.2).
    pub sslv2: bool,
    /// DTLS cookie length, where it is a DTLS ClientHello.
    pub cookie_len: Option<usize>,
}

/// ServerHello (RFC 8446 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerHello {
    /// `legacy_version`.
    pub version: u16,
    /// `random`.
    pub random: [u8; 32],
    /// `legacy_session_id_echo`, or the session id of TLS 1.2.
    pub session_id: Vec<u8>,
    /// The chosen cipher suite.
    pub cipher_suite: u16,
    /// The chosen compression method.
    pub compression_method: u8,
    /// Extensions, in order.
    pub extensions: Extensions,
}

impl ClientHello {
    /// The versions offered, in the client's order and without GREASE. Without supported_versions a
    /// client names only the highest one that it speaks (RFC 5246 appendix E.1): then that one alone.
    pub fn offered_versions(&self) -> Vec<u16> {
        match self.extensions.supported_versions() {
            Some(list) => list.iter().copied().filter(|version| !is_grease(*version)).collect(),
            None => vec![self.version],
        }
    }

    /// Whether TLS 1.3 or DTLS 1.3 is among the versions offered.
    pub fn offers_tls13(&self) -> bool {
        self.offered_versions().iter().any(|version| matches!(*version, versions::TLS13 | versions::DTLS13))
    }
}

impl ServerHello {
    /// The version really chosen: supported_versions where present (RFC 8446 section 4.2.1), else `version`.
    pub fn selected_version(&self) -> u16 {
        self.extensions.selected_version().unwrap_or(self.version)
    }
}

/// Certificate: the chain as it was sent (RFC 8446 section 4.4.2, RFC 5246 section 7.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateMessage {
    /// `certificate_request_context`; empty in the main handshake and before TLS 1.3.
    pub context: Vec<u8>,
    /// Entries in the order sent; the first is the leaf.
    pub entries: Vec<CertificateEntry>,
}

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateEntry {
    /// The DER bytes.
    pub der: Vec<u8>,
    /// TLS 1.3 per-certificate extensions; empty before.
    pub extensions: Extensions,
}

/// CertificateRequest (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateRequest {
    /// `certificate_request_context`: not empty for post-handshake authentication.
    pub context: Vec<u8>,
    /// Certificate types (TLS 1.2 and below): 1 rsa_sign, 2 dss_sign, 64 ecdsa_sign, …
    pub certificate_types: Vec<u8>,
    /// `signature_algorithms`; empty before TLS 1.2.
    pub signature_algorithms: Vec<u16>,
    /// `signature_algorithms_cert` (TLS 1.3), where sent.
    pub signature_algorithms_cert: Option<Vec<u16>>,
    /// Distinguished names of acceptable authorities, each in DER; empty means any.
    pub authorities: Vec<Vec<u8>>,
    /// `oid_filters` (RFC 8446 section 4.2.5): OID in dotted form and the DER of its values.
    pub oid_filters: Vec<(String, Vec<u8>)>,
    /// All extensions (TLS 1.3), in order.
    pub extensions: Extensions,
}

/// CertificateVerify (RFC 8446 section 4.4.3, RFC 5246 section 7.4.8).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateVerify {
    /// The signature scheme; absent before TLS 1.2.
    pub scheme: Option<u16>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// ServerKeyExchange (RFC 5246 section 7.4.3, RFC 8422 section 5.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerKeyExchange {
    /// The named group of an ECDHE exchange.
    pub group: Option<u16>,
    /// Length of the DH prime in bits, for a DHE exchange.
    pub dh_prime_bits: Option<usize>,
    /// PSK identity hint, where one was sent.
    pub psk_hint: Option<Vec<u8>>,
    /// The bytes that the signature covers after the two randoms.
    pub params: Vec<u8>,
    /// The signature scheme; absent before TLS 1.2 or for anonymous exchanges.
    pub scheme: Option<u16>,
    /// The signature; empty for anonymous exchanges.
    pub signature: Vec<u8>,
}

/// NewSessionTicket (RFC 8446 section 4.6.1, RFC 5077 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewSessionTicket {
    /// Lifetime in seconds.
    pub lifetime: u32,
    /// Length of the ticket in bytes; 0 says "no ticket".
    pub ticket_len: usize,
    /// The ticket itself, to recognise a later resumption.
    pub ticket: Vec<u8>,
    /// TLS 1.3: extensions (early_data).
    pub extensions: Extensions,
}

//! Hello, certificate and ticket extensions: every one kept, in order, malformed ones included.

mod body;
mod walk;

pub use walk::{Place, decode};

use crate::iana::extensions as kinds;

/// The extensions of one message, in wire order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extensions(pub Vec<Extension>);

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// ExtensionType code point (IANA "TLS ExtensionType Values").
    pub kind: u16,
    /// Length of its body in bytes.
    pub len: usize,
    /// The body.
    pub body: ExtensionBody,
}

/// The body of an extension, typed where tlswhy has a use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionBody {
    /// server_name (0): host names asked for; empty in a server's acknowledgement.
    ServerName(Vec<Vec<u8>>),
    /// supported_groups (10).
    SupportedGroups(Vec<u16>),
    /// ec_point_formats (11).
    PointFormats(Vec<u8>),
    /// signature_algorithms (13).
    SignatureAlgorithms(Vec<u16>),
    /// signature_algorithms_cert (50).
    SignatureAlgorithmsCert(Vec<u16>),
    /// application_layer_protocol_negotiation (16).
    Alpn(Vec<Vec<u8>>),
    /// status_request (5); the response in a TLS 1.3 CertificateEntry.
    StatusRequest(Vec<u8>),
    /// supported_versions (43) in a ClientHello.
    SupportedVersions(Vec<u16>),
    /// supported_versions (43) in a ServerHello or HelloRetryRequest.
    SelectedVersion(u16),
    /// key_share (51) in a ClientHello: group and length of the share.
    KeyShares(Vec<(u16, usize)>),
    /// key_share (51) in a ServerHello or HelloRetryRequest: the group.
    SelectedGroup(u16),
    /// pre_shared_key (41) in a ClientHello: the identities, and how many binders follow.
    PskIdentities(Vec<Vec<u8>>, usize),
    /// pre_shared_key (41) in a ServerHello: the index chosen.
    SelectedPsk(u16),
    /// psk_key_exchange_modes (45).
    PskModes(Vec<u8>),
    /// certificate_authorities (47): DER names.
    CertificateAuthorities(Vec<Vec<u8>>),
    /// oid_filters (48): dotted OID and DER of values.
    OidFilters(Vec<(String, Vec<u8>)>),
    /// session_ticket (35): the ticket, empty when only support is signalled.
    SessionTicket(Vec<u8>),
    /// compress_certificate (27): algorithms.
    CompressCertificate(Vec<u16>),
    /// record_size_limit (28).
    RecordSizeLimit(u16),
    /// max_fragment_length (1).
    MaxFragmentLength(u8),
    /// early_data (42): max_early_data_size in a NewSessionTicket.
    EarlyData(Option<u32>),
    /// renegotiation_info (65281): length of the renegotiated connection value.
    RenegotiationInfo(Vec<u8>),
    /// client_certificate_type (19) or server_certificate_type (20).
    CertificateTypes(Vec<u8>),
    /// connection_id (54).
    ConnectionId(Vec<u8>),
    /// encrypted_client_hello (0xfe0d).
    EncryptedClientHello(Vec<u8>),
    /// Known, but with nothing to read in it (extended_master_secret, encrypt_then_mac,
    /// post_handshake_auth, …), or not typed here.
    Opaque(Vec<u8>),
    /// Its body breaks the grammar of its kind; the bytes as they were.
    Malformed(Vec<u8>),
}

impl Extensions {
    /// The first extension of that kind.
    pub fn get(&self, kind: u16) -> Option<&Extension> {
        self.0.iter().find(|extension| extension.kind == kind)
    }

    /// Whether an extension of that kind is there.
    pub fn has(&self, kind: u16) -> bool {
        self.get(kind).is_some()
    }

    /// The body of the first extension of `kind` that `read` can make something of.
    fn find<'a, T>(&'a self, kind: u16, read: impl Fn(&'a ExtensionBody) -> Option<T>) -> Option<T> {
        self.0.iter().filter(|extension| extension.kind == kind).find_map(|extension| read(&extension.body))
    }

    /// The version that a ServerHello chose by supported_versions.
    pub fn selected_version(&self) -> Option<u16> {
        self.find(kinds::SUPPORTED_VERSIONS, |body| match body {
            ExtensionBody::SelectedVersion(version) => Some(*version),
            _ => None,
        })
    }

    /// The versions that a ClientHello offers by supported_versions, GREASE included.
    pub fn supported_versions(&self) -> Option<&[u16]> {
        self.find(kinds::SUPPORTED_VERSIONS, |body| match body {
            ExtensionBody::SupportedVersions(list) => Some(list.as_slice()),
            _ => None,
        })
    }

    /// The first host name asked for by SNI; bytes that are no UTF-8 are replaced. Not escaped.
    pub fn server_name_text(&self) -> Option<String> {
        self.find(kinds::SERVER_NAME, |body| match body {
            ExtensionBody::ServerName(names) => names.first().map(|name| String::from_utf8_lossy(name).into_owned()),
            _ => None,
        })
    }

    /// The protocols in ALPN: offered by a client, or the one that a server chose.
    pub fn alpn(&self) -> &[Vec<u8>] {
        let list = self.find(kinds::ALPN, |body| match body {
            ExtensionBody::Alpn(list) => Some(list.as_slice()),
            _ => None,
        });
        list.unwrap_or(&[])
    }

    /// The protocol that a server chose by ALPN.
    pub fn selected_alpn(&self) -> Option<&[u8]> {
        self.alpn().first().map(Vec::as_slice)
    }

    /// The group that a ServerHello chose, or that a HelloRetryRequest asks for.
    pub fn selected_group(&self) -> Option<u16> {
        self.find(kinds::KEY_SHARE, |body| match body {
            ExtensionBody::SelectedGroup(group) => Some(*group),
            _ => None,
        })
    }

    /// The groups that a ClientHello sends shares for, GREASE included; empty without shares.
    pub fn key_share_groups(&self) -> Vec<u16> {
        let shares = self.find(kinds::KEY_SHARE, |body| match body {
            ExtensionBody::KeyShares(shares) => Some(shares.iter().map(|(group, _)| *group).collect()),
            _ => None,
        });
        shares.unwrap_or_default()
    }

    /// supported_groups, GREASE included.
    pub fn supported_groups(&self) -> Option<&[u16]> {
        self.find(kinds::SUPPORTED_GROUPS, |body| match body {
            ExtensionBody::SupportedGroups(list) => Some(list.as_slice()),
            _ => None,
        })
    }

    /// signature_algorithms, GREASE included.
    pub fn signature_algorithms(&self) -> Option<&[u16]> {
        self.find(kinds::SIGNATURE_ALGORITHMS, |body| match body {
            ExtensionBody::SignatureAlgorithms(list) => Some(list.as_slice()),
            _ => None,
        })
    }

    /// signature_algorithms_cert, GREASE included.
    pub fn signature_algorithms_cert(&self) -> Option<&[u16]> {
        self.find(kinds::SIGNATURE_ALGORITHMS_CERT, |body| match body {
            ExtensionBody::SignatureAlgorithmsCert(list) => Some(list.as_slice()),
            _ => None,
        })
    }

    /// The index of the pre-shared key that a ServerHello chose.
    pub fn selected_psk(&self) -> Option<u16> {
        self.find(kinds::PRE_SHARED_KEY, |body| match body {
            ExtensionBody::SelectedPsk(index) => Some(*index),
            _ => None,
        })
    }

    /// The identities of the pre-shared keys that a ClientHello offers.
    pub fn psk_identities(&self) -> Option<&[Vec<u8>]> {
        self.find(kinds::PRE_SHARED_KEY, |body| match body {
            ExtensionBody::PskIdentities(list, _) => Some(list.as_slice()),
            _ => None,
        })
    }

    /// The ticket in session_ticket; empty where only support is signalled.
    pub fn session_ticket(&self) -> Option<&[u8]> {
        self.find(kinds::SESSION_TICKET, |body| match body {
            ExtensionBody::SessionTicket(ticket) => Some(ticket.as_slice()),
            _ => None,
        })
    }
}

//! The record layer's header (RFC 8446 section 5.1, RFC 9147 section 4).

/// Content type of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentType(pub u8);

impl ContentType {
    /// change_cipher_spec (20).
    pub const CHANGE_CIPHER_SPEC: Self = Self(20);
    /// alert (21).
    pub const ALERT: Self = Self(21);
    /// handshake (22).
    pub const HANDSHAKE: Self = Self(22);
    /// application_data (23).
    pub const APPLICATION_DATA: Self = Self(23);
    /// heartbeat (24).
    pub const HEARTBEAT: Self = Self(24);
}

/// The header of a TLS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Content type.
    pub content_type: ContentType,
    /// `legacy_record_version`; not the negotiated version.
    pub version: u16,
    /// Length of the fragment in bytes.
    pub length: u16,
}

impl RecordHeader {
    /// Bytes in the header.
    pub const LEN: usize = 5;

    /// Reads a header. `None` when these five bytes cannot begin a TLS record: an unknown content
    /// type, a major version other than 3, or more than 2^14 + 2048 bytes (RFC 5246 section 6.2.3).
    pub fn decode(bytes: [u8; 5]) -> Option<Self> {
        let [content_type, major, minor, high, low] = bytes;
        let length = u16::from_be_bytes([high, low]);
        let plausible = (20..=24).contains(&content_type) && major == 3 && minor <= 4 && length <= 16_384 + 2_048;
        plausible.then_some(Self {
            content_type: ContentType(content_type),
            version: u16::from_be_bytes([major, minor]),
            length,
        })
    }
}

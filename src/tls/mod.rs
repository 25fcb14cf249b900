//! TLS decoding: bytes to typed values, with no memory of earlier packets (RFC 8446, RFC 5246,
//! RFC 9147 and their extensions).

pub mod alert;
pub mod extension;
pub mod handshake;
pub mod record;

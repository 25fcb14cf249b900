//! What brings handshake bytes in order: records over TCP, DTLS, EAP, QUIC.

pub mod dtls;
pub mod eap;
pub mod quic;
pub mod radius;
pub mod stream;

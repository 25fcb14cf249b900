//! What brings handshake bytes in order: records over TCP, DTLS, EAP, QUIC.

pub mod stream;

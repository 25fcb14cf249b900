//! How much of one session is held.

use crate::tls::handshake::{DECOMPRESSED_LIMIT, MESSAGE_LIMIT};

/// Bounds on what a session holds. Reaching one is a Problem of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries in the timeline.
    pub timeline: usize,
    /// Bytes of a handshake message; a longer one is passed over. No certificate is longer than its message.
    pub message: usize,
    /// Bytes of one certificate. A chain with a longer one is not read, since a verdict on part of it could be
    /// another one.
    pub certificate: usize,
    /// Bytes that a compressed certificate message may unpack to (RFC 8879).
    pub decompressed: usize,
    /// Certificates of a chain that are read.
    pub chain: usize,
    /// Bytes of plaintext ahead of TLS that are looked at. What follows is passed over until TLS begins.
    pub plaintext: usize,
    /// Problems that are listed; one more says that there were others.
    pub problems: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            timeline: 2_000,
            message: MESSAGE_LIMIT,
            certificate: 128 * 1024,
            decompressed: DECOMPRESSED_LIMIT,
            chain: 32,
            plaintext: 64 * 1024,
            problems: 64,
        }
    }
}

//! How much of one session is held.

use crate::tls::handshake::{DECOMPRESSED_LIMIT, MESSAGE_LIMIT};

/// Bounds on what a session holds. Reaching one is a Problem of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries in the timeline.
    pub timeline: usize,
    /// Bytes of a handshake message; a longer one is passed over. No certificate is longer than its message.
    pub message: usize,
    /// Bytes that a compressed certificate message may unpack to (RFC 8879).
    pub decompressed: usize,
    /// Certificates of a chain that are read.
    pub chain: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { timeline: 2_000, message: MESSAGE_LIMIT, decompressed: DECOMPRESSED_LIMIT, chain: 32 }
    }
}

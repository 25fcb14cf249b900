//! Bounds on memory and work.

use crate::time::Elapsed;

/// Bounds on what the engine holds. Reaching one is told as a Problem, never passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections followed at one time.
    pub flows: usize,
    /// Bytes held out of order, for each direction of a connection.
    pub out_of_order: usize,
    /// Bytes of each session that are kept to be read again when keys arrive late; 0 where no keys are
    /// expected behind the packets.
    pub replay: usize,
    /// A connection without packets for so long is closed.
    pub idle: Elapsed,
}

impl Default for Limits {
    fn default() -> Self {
        Self { flows: 100_000, out_of_order: 1 << 20, replay: 0, idle: Elapsed(600 * 1_000_000_000) }
    }
}

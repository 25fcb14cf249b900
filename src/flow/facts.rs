//! What a TCP connection did, kept for the judging. "Client" is who opened the connection.

use crate::role::{ByRole, Role};
use crate::seen::At;

/// Facts of the TCP connection (all empty for other transports).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TcpFacts {
    /// The client's SYNs, the first and its retransmissions.
    pub syn: Vec<At>,
    /// The server's SYN+ACK.
    pub syn_ack: Option<At>,
    /// Resets, in order.
    pub resets: Vec<Reset>,
    /// The first FIN of each side.
    pub fin: ByRole<Option<At>>,
    /// Holes in what was captured of each side's bytes.
    pub gaps: ByRole<Vec<Gap>>,
    /// Segments of each side that were sent more than once and never acknowledged. Empty where nothing
    /// of the peer was captured that could have acknowledged them.
    pub unacknowledged: ByRole<Vec<Unacknowledged>>,
    /// How many retransmitted segments each side sent (data, SYN or FIN).
    pub retransmissions: ByRole<u64>,
    /// The largest segment of each side that was acknowledged, in payload bytes.
    pub largest_acknowledged: ByRole<usize>,
    /// The largest segment of each side, in payload bytes.
    pub largest_segment: ByRole<usize>,
    /// Maximum segment size that each side announced.
    pub mss: ByRole<Option<u16>>,
    /// Payload bytes delivered in order, of each side.
    pub bytes: ByRole<u64>,
    /// The last acknowledgement by each side that covered new bytes of its peer.
    pub last_ack: ByRole<Option<At>>,
    /// Whether all bytes that this side's peer sent were acknowledged by it. `false` claims nothing
    /// where this side's packets were not captured.
    pub acknowledged_all: ByRole<bool>,
    /// Packets seen from each side.
    pub packets: ByRole<u64>,
    /// Keep-alive probes seen.
    pub keep_alives: u64,
    /// The capture began in the middle of the connection.
    pub mid_stream: bool,
    /// Packets were cut by the capture's snap length.
    pub snaplen_cut: bool,
    /// Holes were given up because too much was held behind them.
    pub out_of_order_limit: bool,
}

impl TcpFacts {
    /// The same facts with the roles exchanged, for a TLS client that is the TCP server. `syn` and
    /// `syn_ack` stay: they tell of who opened the connection.
    pub fn swap_roles(&mut self) {
        fn swap<T>(by_role: &mut ByRole<T>) {
            std::mem::swap(&mut by_role.client, &mut by_role.server);
        }
        for reset in &mut self.resets {
            reset.from = reset.from.peer();
        }
        swap(&mut self.fin);
        swap(&mut self.gaps);
        swap(&mut self.unacknowledged);
        swap(&mut self.retransmissions);
        swap(&mut self.largest_acknowledged);
        swap(&mut self.largest_segment);
        swap(&mut self.mss);
        swap(&mut self.bytes);
        swap(&mut self.last_ack);
        swap(&mut self.acknowledged_all);
        swap(&mut self.packets);
    }
}

/// A reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// Who sent it (or in whose name it was sent).
    pub from: Role,
    /// Where.
    pub at: At,
    /// It answered a SYN.
    pub in_answer_to_syn: bool,
    /// Bytes of the peer that the sender had not acknowledged before (the reset's own acknowledgement
    /// covers what was received and never read), or that arrived after its close: what it threw away.
    pub unread: u64,
    /// IP time-to-live (or hop limit) of the reset, and of the sender's other packets: a difference
    /// betrays a middlebox.
    pub ttl: Option<u8>,
    /// TTL seen on the sender's ordinary packets.
    pub usual_ttl: Option<u8>,
}

/// A hole in the captured bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How many bytes are missing; `None` where unknown.
    pub len: Option<u64>,
    /// The packet after the hole.
    pub at: At,
    /// The receiver acknowledged the missing bytes: they arrived, the capture lost them.
    pub acknowledged: bool,
    /// They are missing because the capture kept only the head of a packet.
    pub snaplen: bool,
}

/// A segment sent more than once and never acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unacknowledged {
    /// Payload bytes.
    pub len: usize,
    /// How often it was sent.
    pub times: u32,
    /// First time.
    pub first: At,
    /// Last time.
    pub last: At,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapping_roles_twice_changes_nothing_and_once_moves_everything() {
        let at = At::default();
        let reset = Reset { from: Role::Client, at, in_answer_to_syn: false, unread: 1, ttl: None, usual_ttl: None };
        let facts = TcpFacts {
            resets: vec![reset],
            fin: ByRole { client: Some(at), server: None },
            bytes: ByRole { client: 7, server: 0 },
            acknowledged_all: ByRole { client: true, server: false },
            packets: ByRole { client: 3, server: 4 },
            ..TcpFacts::default()
        };
        let mut swapped = facts.clone();
        swapped.swap_roles();
        assert_eq!(swapped.resets[0].from, Role::Server);
        assert_eq!((swapped.bytes.server, swapped.packets.client), (7, 4));
        assert!(swapped.fin.server.is_some() && swapped.acknowledged_all.server);
        swapped.swap_roles();
        assert_eq!(swapped, facts);
    }
}

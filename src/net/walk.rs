//! What a walk through the layers of one frame collects on its way in.

use std::borrow::Cow;

use super::cut::Cut;
use super::{Encapsulation, Frame, Layer};
use crate::capture::LinkType;
use crate::problem::Problem;

/// Collected on the way in. Nothing here allocates as long as nothing is odd.
#[derive(Debug)]
pub(super) struct Walk {
    /// So many layers may be passed.
    tunnels: usize,
    /// Layers passed.
    pub(super) encapsulation: Encapsulation,
    /// What was odd.
    pub(super) problems: Vec<Problem>,
    /// Hardware address of the sender, from the innermost link header.
    pub(super) source: [u8; 6],
    /// Hardware address of the receiver.
    pub(super) destination: [u8; 6],
}

impl Walk {
    /// Begins inside of these layers; so many may be passed in all.
    pub(super) fn new(encapsulation: Encapsulation, tunnels: usize) -> Self {
        Self { tunnels, encapsulation, problems: Vec::new(), source: [0; 6], destination: [0; 6] }
    }

    /// Passes a layer; `None`, with a Problem, where too many nest. Every recursion of the decoders
    /// goes through here, so that hostile nesting cannot exhaust the stack.
    #[must_use]
    pub(super) fn push(&mut self, layer: Layer) -> Option<()> {
        if self.encapsulation.len() < self.tunnels && self.encapsulation.push(layer) {
            return Some(());
        }
        let allowed = self.tunnels;
        let text = format!("More than {allowed} links and tunnels nest in this packet, so it was left alone.");
        self.problem("too-many-layers", text);
        None
    }

    #[cold]
    pub(super) fn problem(&mut self, code: &'static str, text: impl Into<Cow<'static, str>>) {
        self.problems.push(Problem::new(code, text));
    }

    /// A header needs more bytes than `part` has. Is always `None`, to be returned at once.
    #[cold]
    pub(super) fn short<'a>(&mut self, part: Cut<'_>) -> Option<Frame<'a>> {
        if part.bytes.len() < part.wire {
            self.problem("truncated-packet", "The capture cut this packet in the middle of its headers.");
        } else {
            self.problem("malformed-packet", "This packet ends in the middle of its headers.");
        }
        None
    }

    #[cold]
    pub(super) fn unknown_link(&mut self, link: LinkType) {
        let name = match link.0 {
            6 => " (Token Ring)",
            7 => " (ARCNET)",
            8 => " (SLIP)",
            10 => " (FDDI)",
            11 | 100 => " (ATM)",
            107 => " (Frame Relay)",
            117 => " (OpenBSD pflog)",
            122 => " (IP over Fibre Channel)",
            138 => " (IP over IEEE 1394)",
            143 => " (DOCSIS)",
            147..=162 => " (private use)",
            187 | 201 | 251 | 254 | 255 => " (Bluetooth)",
            189 | 220 | 249 => " (USB)",
            195 | 215 | 230 | 283 => " (IEEE 802.15.4)",
            197 => " (ERF)",
            227 => " (CAN)",
            242 => " (InfiniBand)",
            252 => " (Wireshark exported PDUs)",
            253 => " (netlink)",
            _ => "",
        };
        let text = format!("Link type {}{name} is not supported, so its packets were left out.", link.0);
        self.problem("unknown-link-type", text);
    }
}

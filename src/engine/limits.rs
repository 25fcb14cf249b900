//! Bounds on memory and work.

use crate::flow::fragments::FRAGMENTS_HELD;
use crate::net::MOST_TUNNELS;
use crate::session::Bounds;
use crate::time::Elapsed;
use crate::trust::chain::STEPS;

/// Bounds on what the engine holds. Reaching one is told as a Problem, never passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections followed at one time.
    pub flows: usize,
    /// Closed connections that wait for late packets at one time. Where more are closed, the first of them
    /// are judged sooner than usual; that is no Problem.
    pub lingering: usize,
    /// Bytes held of all connections together, about.
    pub memory: usize,
    /// Bytes held out of order, for each direction of a connection.
    pub out_of_order: usize,
    /// Bytes of each session that are kept to be read again when keys arrive late; 0 where no keys are
    /// expected behind the packets.
    pub replay: usize,
    /// Bytes of IP fragments that wait for the rest of their packet.
    pub fragments: usize,
    /// What is held of one session.
    pub session: Bounds,
    /// Steps in the search for a path of certificates; half as many signatures are checked.
    pub path: usize,
    /// Problems of the capture that are listed; one more says that there were others.
    pub problems: usize,
    /// Links and tunnels around a packet; at most eight.
    pub tunnels: usize,
    /// Sessions that the terminal timeline keeps to be looked at. The engine does not mind it.
    pub shown: usize,
    /// A connection without packets for so long is closed.
    pub idle: Elapsed,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flows: 100_000,
            lingering: 512,
            memory: 128 << 20,
            out_of_order: 1 << 20,
            replay: 0,
            fragments: FRAGMENTS_HELD,
            session: Bounds::default(),
            path: STEPS,
            problems: 1_000,
            tunnels: MOST_TUNNELS,
            shown: 50_000,
            idle: Elapsed(600 * NANOS),
        }
    }
}

/// Messages of ordinary chains are to be read, or a verdict would rest on what was not looked at.
const LEAST_MESSAGE: usize = 16 * 1024;
/// Likewise a certificate.
const LEAST_CERTIFICATE: usize = 8 * 1024;
/// Likewise the certificates of a chain.
const LEAST_CHAIN: usize = 10;
/// Likewise its paths.
const LEAST_PATH: usize = 64;
/// Likewise what is said ahead of TLS.
const LEAST_PLAINTEXT: usize = 8 * 1024;
/// Nanoseconds in a second.
const NANOS: i64 = 1_000_000_000;

impl Limits {
    /// The names that [`Limits::set`] knows, with what each is a number of.
    pub const NAMES: &[(&str, &str)] = &[
        ("flows", "connections followed at one time"),
        ("lingering", "closed connections that wait for late packets"),
        ("memory", "bytes held of all connections together"),
        ("out-of-order", "bytes held out of order, for each direction of a connection"),
        ("timeline", "entries in the timeline of a session"),
        ("message", "bytes of a handshake message, at least 16384"),
        ("certificate", "bytes of a certificate, at least 8192"),
        ("decompressed", "bytes that a compressed certificate message may unpack to"),
        ("chain", "certificates of a chain that are read, at least 10"),
        ("plaintext", "bytes of plaintext ahead of TLS that are looked at, at least 8192"),
        ("path", "steps in the search for a path of certificates, at least 64"),
        ("problems", "problems listed for a session"),
        ("capture-problems", "problems listed for a capture"),
        ("fragments", "bytes of IP fragments that wait for the rest of their packet"),
        ("tunnels", "links and tunnels around a packet, eight at most"),
        ("shown", "sessions that the terminal timeline keeps"),
        ("idle", "seconds without a packet after which a connection is closed"),
    ];

    /// Sets the limit of this name, as in `--limit NAME=N`. Whether there is one, and the number is one that it
    /// can have.
    pub fn set(&mut self, name: &str, value: u64) -> bool {
        let Ok(size) = usize::try_from(value) else { return false };
        match name {
            "flows" if size > 0 => self.flows = size,
            "lingering" => self.lingering = size,
            "memory" => self.memory = size,
            "out-of-order" => self.out_of_order = size,
            "timeline" => self.session.timeline = size,
            "message" if size >= LEAST_MESSAGE => self.session.message = size,
            "certificate" if size >= LEAST_CERTIFICATE => self.session.certificate = size,
            "decompressed" => self.session.decompressed = size,
            "chain" if size >= LEAST_CHAIN => self.session.chain = size,
            "plaintext" if size >= LEAST_PLAINTEXT => self.session.plaintext = size,
            "path" if size >= LEAST_PATH => self.path = size,
            "problems" => self.session.problems = size,
            "capture-problems" => self.problems = size,
            "fragments" => self.fragments = size,
            "tunnels" if size <= MOST_TUNNELS => self.tunnels = size,
            "shown" if size > 1 => self.shown = size,
            "idle" => match i64::try_from(value).ok().and_then(|seconds| seconds.checked_mul(NANOS)) {
                Some(idle) => self.idle = Elapsed(idle),
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_sets_a_limit_of_its_own() {
        for (name, _) in Limits::NAMES {
            let mut limits = Limits::default();
            // Some have a least value, some a greatest.
            assert!(limits.set(name, 7) || limits.set(name, 100_000), "{name}");
            assert_ne!(limits, Limits::default(), "{name}");
        }
        let mut limits = Limits::default();
        assert!(!limits.set("flow", 7) && !limits.set("flows", 0) && !limits.set("idle", u64::MAX));
        assert!(!limits.set("tunnels", 9) && !limits.set("shown", 1) && !limits.set("message", 1_000));
        assert!(!limits.set("chain", 9) && !limits.set("path", 63));
        assert_eq!(limits, Limits::default());
    }
}

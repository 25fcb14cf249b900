//! Names a conversation: two addresses and two ports, whichever end is speaking.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

/// One of the two ends of a flow. Which of them is the client is for others to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The end with the lower address, then the lower port.
    A,
    /// The other one.
    B,
}

impl End {
    /// The end opposite.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Addresses and ports of a flow, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowKey {
    /// Both addresses, end A first, in network order; both in the first word where the version is 4.
    addresses: [u64; 4],
    /// Both ports and the IP version.
    rest: u64,
}

impl FlowKey {
    /// The key of a datagram's flow, and the end that sent it.
    #[inline]
    pub fn new(source: IpAddr, source_port: u16, destination: IpAddr, destination_port: u16) -> (Self, End) {
        if let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) {
            return Self::v4(source, source_port, destination, destination_port);
        }
        let from = (halves(source), source_port);
        let to = (halves(destination), destination_port);
        let end = if from <= to { End::A } else { End::B };
        let (a, b) = if end == End::A { (from, to) } else { (to, from) };
        let rest = V6 | u64::from(a.1) << 16 | u64::from(b.1);
        let ((a0, a1), (b0, b1)) = (a.0, b.0);
        (Self { addresses: [a0, a1, b0, b1], rest }, end)
    }

    /// The same for IPv4 alone, where address and port fit into a word.
    #[inline]
    fn v4(source: Ipv4Addr, source_port: u16, destination: Ipv4Addr, destination_port: u16) -> (Self, End) {
        let from = u64::from(source.to_bits()) << 16 | u64::from(source_port);
        let to = u64::from(destination.to_bits()) << 16 | u64::from(destination_port);
        let end = if from <= to { End::A } else { End::B };
        let (a, b) = (from.min(to), from.max(to));
        let rest = V4 | (a & 0xffff) << 16 | b & 0xffff;
        (Self { addresses: [a >> 16 << 32 | b >> 16, 0, 0, 0], rest }, end)
    }

    /// The same for UDP: its ports are others than TCP's.
    #[inline]
    pub fn udp(source: IpAddr, source_port: u16, destination: IpAddr, destination_port: u16) -> (Self, End) {
        let (key, end) = Self::new(source, source_port, destination, destination_port);
        (Self { rest: key.rest | UDP, ..key }, end)
    }

    /// The key between two hardware addresses (EAPOL).
    pub fn link(source: [u8; 6], destination: [u8; 6]) -> Self {
        let word = |mac: [u8; 6]| mac.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let (one, two) = (word(source), word(destination));
        Self { addresses: [0, one.min(two), 0, one.max(two)], rest: LINK }
    }

    /// The key of a conversation that has a number of its own and no ports, of one of 256 kinds.
    pub const fn numbered(kind: u8, number: u64) -> Self {
        Self { addresses: [number, 0, 0, 0], rest: NUMBERED | kind as u64 }
    }
}

/// In `rest`, above the ports: the IP version. An IPv6 packet with IPv4-mapped addresses is not to be taken for an
/// IPv4 packet.
const V4: u64 = 4 << 32;
const V6: u64 = 6 << 32;

/// In `rest`, above the IP version: what kind of conversation it is. TCP has none of them.
const UDP: u64 = 1 << 40;
const LINK: u64 = 2 << 40;
const NUMBERED: u64 = 3 << 40;

fn halves(address: IpAddr) -> (u64, u64) {
    match address {
        IpAddr::V4(v4) => (0, u64::from(v4.to_bits())),
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            ((bits >> 64) as u64, bits as u64)
        }
    }
}

impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first, others @ ..] = self.addresses;
        state.write_u64(first);
        state.write_u64(self.rest);
        // All else is zero in IPv4.
        if others != [0; 3] {
            others.into_iter().for_each(|word| state.write_u64(word));
        }
    }
}

/// Mixes `a` and `b` so that each bit of the result depends on all of both.
#[inline]
pub(super) fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    wide as u64 ^ (wide >> 64) as u64
}

/// Hashes flow keys quickly, and differently in every run: whoever writes the packets chooses the
/// addresses, and could make all flows collide under a hash that is known. (A seed does not help with
/// rustc-hash: what collides there collides under every seed.)
#[derive(Debug, Clone)]
pub(super) struct KeyState {
    start: u64,
    factor: u64,
}

impl Default for KeyState {
    fn default() -> Self {
        let random = RandomState::new();
        Self { start: random.hash_one(0_u8), factor: random.hash_one(1_u8) | 1 }
    }
}

impl BuildHasher for KeyState {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { value: self.start, factor: self.factor }
    }
}

/// See [`KeyState`].
#[derive(Debug)]
pub(super) struct KeyHasher {
    value: u64,
    factor: u64,
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.value = fold(self.value ^ word, self.factor);
    }

    fn finish(&self) -> u64 {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn both_directions_share_a_key_and_tell_their_ends() {
        for (one, two) in [("10.0.0.2", "10.0.0.1"), ("2001:db8::1", "fe80::1"), ("127.0.0.1", "127.0.0.1")] {
            let (there, from) = FlowKey::new(ip(one), 40_000, ip(two), 443);
            let (back, to) = FlowKey::new(ip(two), 443, ip(one), 40_000);
            assert_eq!(there, back);
            assert_eq!(from, to.other());
        }
    }

    #[test]
    fn kinds_of_conversations_never_share_a_key() {
        let (a, b) = (ip("10.0.0.1"), ip("10.0.0.2"));
        let (udp, end) = FlowKey::udp(b, 2, a, 1);
        assert_eq!(udp, FlowKey::udp(a, 1, b, 2).0);
        assert_eq!(end, FlowKey::new(b, 2, a, 1).1);
        assert_ne!(udp, FlowKey::new(a, 1, b, 2).0);
        assert_eq!(FlowKey::link([1; 6], [2; 6]), FlowKey::link([2; 6], [1; 6]));
        assert_ne!(FlowKey::numbered(0, 7), FlowKey::numbered(1, 7));
    }

    #[test]
    fn what_differs_in_one_part_differs() {
        let key = |a, b, c, d| FlowKey::new(ip(a), b, ip(c), d).0;
        let base = key("10.0.0.1", 1, "10.0.0.2", 2);
        assert_ne!(base, key("10.0.0.1", 2, "10.0.0.2", 1), "ports belong to their addresses");
        assert_ne!(base, key("10.0.0.3", 1, "10.0.0.2", 2));
        assert_ne!(base, key("::10.0.0.1", 1, "::10.0.0.2", 2), "the version counts");
    }
}

//! RADIUS as far as it carries EAP (RFC 2865, RFC 3579): recognised by its own form on any port, and told
//! apart by conversation, since one access server asks for many clients from one port.

use std::collections::{HashMap, VecDeque};

use crate::bytes::{Reader, Short};
use crate::flow::key::FlowKey;

/// Conversations, and the states that name them, which are remembered.
const REMEMBERED: usize = 16_384;

/// A RADIUS packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What it is.
    pub code: Code,
    /// Pairs an answer with its request.
    pub identifier: u8,
    /// Random in a request: tells a repeated request from a new one.
    pub authenticator: [u8; 16],
    /// The EAP packet, its attributes joined (RFC 3579 section 3.1); empty where there is none.
    pub eap: Vec<u8>,
    /// The server's name for the conversation, which the next request repeats.
    pub state: Option<Vec<u8>>,
    /// Calling-Station-Id, as a rule the client's hardware address.
    pub calling_station: Option<String>,
    /// User-Name.
    pub user_name: Option<String>,
}

/// Kind of a RADIUS packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Access-Request.
    Request,
    /// Access-Accept.
    Accept,
    /// Access-Reject.
    Reject,
    /// Access-Challenge.
    Challenge,
}

/// Reads a packet of RADIUS authentication. `None` where it is none: the length and all attributes have to
/// fit. Cheap for everything else.
pub fn parse(datagram: &[u8]) -> Option<Packet> {
    let [code @ (1 | 2 | 3 | 11), identifier, high, low, rest @ ..] = datagram else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    // Octets behind the length are padding (RFC 2865 section 3).
    if !(20..=4_096).contains(&length) || length > datagram.len() || datagram.len() > length.saturating_add(64) {
        return None;
    }
    let code = match code {
        1 => Code::Request,
        2 => Code::Accept,
        3 => Code::Reject,
        _ => Code::Challenge,
    };
    let mut reader = Reader::new(rest.get(..length.saturating_sub(4))?);
    let mut packet = Packet {
        code,
        identifier: *identifier,
        authenticator: reader.array().ok()?,
        eap: Vec::new(),
        state: None,
        calling_station: None,
        user_name: None,
    };
    while !reader.is_empty() {
        attribute(&mut reader, &mut packet).ok()??;
    }
    Some(packet)
}

fn attribute(reader: &mut Reader<'_>, packet: &mut Packet) -> Result<Option<()>, Short> {
    let kind = reader.u8()?;
    let Some(length) = usize::from(reader.u8()?).checked_sub(2) else { return Ok(None) };
    let value = reader.take(length)?;
    let text = || Some(String::from_utf8_lossy(value).into_owned()).filter(|text| !text.is_empty());
    match kind {
        0 => return Ok(None),
        1 => packet.user_name = text(),
        24 => packet.state = Some(value.to_vec()),
        31 => packet.calling_station = text(),
        79 => packet.eap.extend_from_slice(value),
        _ => {}
    }
    Ok(Some(()))
}

/// Which conversation a packet belongs to. Bounded: the oldest are forgotten.
#[derive(Debug, Default)]
pub struct Conversations {
    requests: Remembered<(FlowKey, u8), ([u8; 16], u64)>,
    states: Remembered<(FlowKey, Vec<u8>), u64>,
    born: u64,
}

/// Where a packet belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the conversation.
    pub conversation: u64,
    /// It is the first packet of it.
    pub new: bool,
    /// It is a request that was sent before.
    pub repeated: bool,
}

impl Conversations {
    /// The conversation of `packet`. `ports` names the two ends with their ports, `hosts` without: the
    /// next request may come from another port. `None` for an answer without EAP to an unknown request.
    pub fn place(&mut self, packet: &Packet, ports: FlowKey, hosts: FlowKey) -> Option<Place> {
        let asked = self.requests.get(&(ports, packet.identifier)).copied();
        let known = match packet.code {
            Code::Request => {
                if let Some((authenticator, conversation)) = asked
                    && authenticator == packet.authenticator
                {
                    return Some(Place { conversation, new: false, repeated: true });
                }
                packet.state.as_ref().and_then(|state| self.states.get(&(hosts, state.clone())).copied())
            }
            Code::Accept | Code::Reject | Code::Challenge => asked.map(|(_, conversation)| conversation),
        };
        if known.is_none() && packet.eap.is_empty() {
            return None;
        }
        let conversation = known.unwrap_or_else(|| {
            self.born += 1;
            self.born
        });
        if packet.code == Code::Request {
            self.requests.put((ports, packet.identifier), (packet.authenticator, conversation));
        } else if let Some(state) = &packet.state {
            self.states.put((hosts, state.clone()), conversation);
        }
        Some(Place { conversation, new: known.is_none(), repeated: false })
    }

    /// Whether any conversation has been seen.
    pub fn is_empty(&self) -> bool {
        self.born == 0
    }
}

/// A map that forgets its oldest entries.
#[derive(Debug)]
struct Remembered<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { map: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + std::hash::Hash, V> Remembered<K, V> {
    fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    fn put(&mut self, key: K, value: V) {
        if self.map.insert(key.clone(), value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;

    fn packet(code: u8, identifier: u8, attributes: &[(u8, &[u8])]) -> Vec<u8> {
        let mut body = vec![identifier; 16];
        for (kind, value) in attributes {
            body.extend([*kind, u8::try_from(value.len() + 2).expect("short")]);
            body.extend_from_slice(value);
        }
        let length = u16::try_from(body.len() + 4).expect("short").to_be_bytes();
        [&[code, identifier, length[0], length[1]], &body[..]].concat()
    }

    fn keys(port: u16) -> (FlowKey, FlowKey) {
        let host = |n| IpAddr::V4(Ipv4Addr::new(192, 0, 2, n));
        (FlowKey::udp(host(1), port, host(2), 1812).0, FlowKey::udp(host(1), 0, host(2), 0).0)
    }

    #[test]
    fn eap_attributes_are_joined_and_other_bytes_are_no_radius() {
        let bytes = packet(1, 7, &[(1, b"bob"), (79, b"ab"), (31, b"02-00-00-00-00-01"), (79, b"cd")]);
        let parsed = parse(&bytes).expect("RADIUS");
        assert_eq!((parsed.eap.as_slice(), parsed.user_name.as_deref()), (&b"abcd"[..], Some("bob")));
        assert_eq!(parse(&bytes[..bytes.len() - 1]), None);
        assert_eq!(parse(&packet(4, 7, &[])), None, "accounting");
        assert_eq!(parse(&[1; 40]), None);
    }

    #[test]
    fn interleaved_conversations_are_kept_apart_by_state() {
        let mut conversations = Conversations::default();
        let mut place = |bytes: Vec<u8>, port| {
            let (ports, hosts) = keys(port);
            conversations.place(&parse(&bytes).expect("RADIUS"), ports, hosts)
        };
        let at = |conversation, new, repeated| Some(Place { conversation, new, repeated });
        assert_eq!(place(packet(1, 1, &[(79, b"a")]), 5_000), at(1, true, false));
        assert_eq!(place(packet(1, 2, &[(79, b"b")]), 5_000), at(2, true, false));
        assert_eq!(place(packet(1, 1, &[(79, b"a")]), 5_000), at(1, false, true));
        assert_eq!(place(packet(11, 2, &[(79, b"c"), (24, b"two")]), 5_000), at(2, false, false));
        assert_eq!(place(packet(11, 1, &[(79, b"c"), (24, b"one")]), 5_000), at(1, false, false));
        assert_eq!(place(packet(1, 3, &[(79, b"d"), (24, b"two")]), 5_001), at(2, false, false));
        assert_eq!(place(packet(3, 3, &[]), 5_001), at(2, false, false), "a rejection without EAP");
        assert_eq!(place(packet(3, 9, &[]), 5_001), None);
    }

    proptest! {
        #[test]
        fn random_datagrams_never_panic(bytes in prop::collection::vec(prop_oneof![Just(1_u8), Just(0), Just(79), any::<u8>()], 0..100)) {
            if let Some(packet) = parse(&bytes) {
                let (ports, hosts) = keys(9);
                Conversations::default().place(&packet, ports, hosts);
            }
        }
    }
}

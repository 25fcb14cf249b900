//! Which QUIC connection a datagram belongs to: by its destination connection id, else by its addresses and
//! ports (RFC 9000 section 5.2). Bounded: the oldest names are forgotten.

use std::collections::{HashMap, VecDeque};

use crate::flow::key::{End, FlowKey};
use crate::role::Role;

/// Names and paths that are remembered.
const REMEMBERED: usize = 65_536;
/// The longest connection id.
const LONGEST: usize = 20;
/// The shortest that is trusted to name a connection by itself.
const SHORTEST: usize = 4;

/// Names of connections.
#[derive(Debug, Default)]
pub(super) struct ConnectionIds {
    /// The connection, and who sends packets to that name.
    by_id: HashMap<Vec<u8>, (u64, Role)>,
    /// The connection, and which end is its client.
    by_path: HashMap<FlowKey, (u64, End)>,
    ids: VecDeque<Vec<u8>>,
    paths: VecDeque<FlowKey>,
    /// Bit n: there are names of n bytes.
    lengths: u32,
}

impl ConnectionIds {
    /// The connection of a datagram by its destination connection id, and who sent it.
    pub(super) fn by_id(&self, datagram: &[u8]) -> Option<(u64, Role)> {
        let (first, rest) = datagram.split_first()?;
        if first & 0x80 != 0 {
            let length = usize::from(*rest.get(4)?);
            return self.by_id.get(rest.get(5..)?.get(..length)?).copied();
        }
        // The length of the name is known to the connection only.
        (SHORTEST..=LONGEST)
            .rev()
            .filter(|length| self.lengths >> length & 1 == 1)
            .find_map(|length| self.by_id.get(rest.get(..length)?))
            .copied()
    }

    /// The connection that was last seen between these ends, and its client's end.
    pub(super) fn by_path(&self, path: &FlowKey) -> Option<(u64, End)> {
        self.by_path.get(path).copied()
    }

    /// Remembers a name of a connection.
    pub(super) fn name(&mut self, id: &[u8], connection: u64, sender: Role) {
        if !(SHORTEST..=LONGEST).contains(&id.len()) {
            return;
        }
        self.lengths |= 1 << id.len();
        if self.by_id.insert(id.to_vec(), (connection, sender)).is_none() {
            self.ids.push_back(id.to_vec());
            if self.ids.len() > REMEMBERED
                && let Some(oldest) = self.ids.pop_front()
            {
                self.by_id.remove(&oldest);
            }
        }
    }

    /// Remembers between which ends a connection is.
    pub(super) fn path(&mut self, path: FlowKey, connection: u64, client: End) {
        if self.by_path.insert(path, (connection, client)).is_none() {
            self.paths.push_back(path);
            if self.paths.len() > REMEMBERED
                && let Some(oldest) = self.paths.pop_front()
            {
                self.by_path.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_under_long_and_short_headers_and_short_names_are_not_trusted() {
        let mut ids = ConnectionIds::default();
        ids.name(b"server-1", 1, Role::Client);
        ids.name(b"cl-1", 1, Role::Server);
        ids.name(b"x", 2, Role::Client);
        assert_eq!(ids.by_id(b"\xc0\0\0\0\x01\x08server-1"), Some((1, Role::Client)));
        assert_eq!(ids.by_id(b"\x40server-1payload"), Some((1, Role::Client)));
        assert_eq!(ids.by_id(b"\x40cl-1payload"), Some((1, Role::Server)));
        assert_eq!(ids.by_id(b"\x40xpayload"), None);
        assert_eq!(ids.by_id(b"\xc0\0\0\0\x01\xff"), None);
    }
}

//! The flows followed at one time. Bounded, and never slower than constant time for a packet,
//! whatever the packets say.

use std::collections::HashMap;

use super::key::{FlowKey, KeyState};
use crate::time::{Elapsed, Timestamp};

/// No slot.
const NONE: u32 = u32::MAX;

/// `expire` asks about a flow when it has been idle for so long, once for each of these, and not
/// again before its next packet. So a sweep costs in proportion to the packets since the last one,
/// not to the flows.
const ASKED_AT: [Elapsed; 3] = [Elapsed(4_000_000_000), Elapsed(15_000_000_000), Elapsed(120_000_000_000)];

/// Flows by their key, and in the order of their last packet.
#[derive(Debug)]
pub struct FlowTable<T> {
    capacity: usize,
    index: HashMap<FlowKey, u32, KeyState>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    /// The flow that has been idle longest.
    oldest: u32,
    newest: u32,
    /// For each of `ASKED_AT`, the flow idle longest among those not yet asked about.
    unasked: [u32; ASKED_AT.len()],
    /// The newest time seen. Never moves back, so that the list is in order of `Slot::last`.
    now: Timestamp,
    /// How many flows there have been.
    born: u64,
}

/// Where a flow stands in its table, until one is added or taken out.
#[derive(Debug, Clone, Copy)]
pub struct Place(u32);

#[derive(Debug)]
struct Slot<T> {
    key: FlowKey,
    /// `None` in a free slot. Boxed, so that slots stay small and the table may grow cheaply.
    value: Option<Box<T>>,
    last: Timestamp,
    born: u64,
    older: u32,
    newer: u32,
}

impl<T> FlowTable<T> {
    /// Memory that the table takes for a flow beside the flow itself, in bytes: its slot and its row in the index, each of
    /// which has room for twice as many where it has just grown.
    pub const COST: usize = 2 * (size_of::<Slot<T>>() + size_of::<(FlowKey, u32)>());

    /// A table for at most `capacity` flows (at least one).
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.clamp(1, NONE as usize - 1),
            index: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            unasked: [NONE; ASKED_AT.len()],
            now: Timestamp::default(),
            born: 0,
        }
    }

    /// How many flows there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The flow, which had a packet at `time`.
    pub fn get_mut(&mut self, key: &FlowKey, time: Timestamp) -> Option<&mut T> {
        let place = self.find(key, time)?;
        self.at(place)
    }

    /// Where the flow stands, which had a packet at `time`.
    pub fn find(&mut self, key: &FlowKey, time: Timestamp) -> Option<Place> {
        self.advance(time);
        let now = self.now;
        // Packets of a flow often follow one another.
        let newest = self.newest;
        if let Some(slot) = self.slot(newest)
            && slot.key == *key
        {
            slot.last = now;
            // Its last packet may have been a while ago: it is to be asked about anew then.
            self.ask_about(newest);
            return Some(Place(newest));
        }
        let at = *self.index.get(key)?;
        self.unlink(at);
        self.link(at);
        self.slot(at)?.last = now;
        Some(Place(at))
    }

    /// The flow at a place.
    pub fn at(&mut self, Place(at): Place) -> Option<&mut T> {
        self.slot(at)?.value.as_deref_mut()
    }

    /// The flow, without a packet of it: its place in the order stays.
    pub fn peek_mut(&mut self, key: &FlowKey) -> Option<&mut T> {
        let at = *self.index.get(key)?;
        self.slot(at)?.value.as_deref_mut()
    }

    /// Adds a flow. Returns the flow that has been idle longest where the table was full, or the
    /// flow that had this key before.
    pub fn insert(&mut self, key: FlowKey, value: T, time: Timestamp) -> Option<Box<T>> {
        self.advance(time);
        let evicted = match self.remove(&key) {
            Some(same) => Some(same),
            None if self.index.len() >= self.capacity => self.take(self.oldest),
            None => None,
        };
        self.born += 1;
        let slot =
            Slot { key, value: Some(Box::new(value)), last: self.now, born: self.born, older: NONE, newer: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(place) = self.slot(at) {
                    *place = slot;
                }
                at
            }
            None => {
                self.slots.push(slot);
                // Never more slots than `capacity`, which is below `NONE`.
                (self.slots.len() - 1) as u32
            }
        };
        self.index.insert(key, at);
        self.link(at);
        evicted
    }

    /// Takes a flow out.
    pub fn remove(&mut self, key: &FlowKey) -> Option<Box<T>> {
        let at = *self.index.get(key)?;
        self.take(at)
    }

    /// The flow, without a packet for it.
    pub fn peek(&self, key: &FlowKey) -> Option<&T> {
        let at = *self.index.get(key)?;
        self.slots.get(at as usize)?.value.as_deref()
    }

    /// Takes out the flow that has been idle longest.
    pub fn take_oldest(&mut self) -> Option<Box<T>> {
        self.take(self.oldest)
    }

    /// Takes all flows out, in the order in which they were added.
    pub fn drain(&mut self) -> Vec<Box<T>> {
        let mut flows: Vec<_> =
            self.slots.drain(..).filter_map(|slot| slot.value.map(|value| (slot.born, value))).collect();
        flows.sort_by_key(|(born, _)| *born);
        let (capacity, now, born) = (self.capacity, self.now, self.born);
        *self = Self { now, born, ..Self::new(capacity) };
        flows.into_iter().map(|(_, value)| value).collect()
    }

    /// Visits all flows, in an order that depends on the packets only.
    pub fn for_each_mut(&mut self, visit: impl FnMut(&mut T)) {
        self.slots.iter_mut().filter_map(|slot| slot.value.as_deref_mut()).for_each(visit);
    }

    /// Takes out the flows that have been idle for longer than `idle`, and those idle for some
    /// seconds of which `is_over` says that they are. `is_over` is not asked at every call: its
    /// answer is to depend on the flow's packets and on how long ago the last of them was.
    pub fn expire(&mut self, now: Timestamp, idle: Elapsed, mut is_over: impl FnMut(&T) -> bool) -> Vec<Box<T>> {
        self.advance(now);
        let mut expired = Vec::new();
        while self.idle(self.oldest).is_some_and(|span| span > idle) {
            expired.extend(self.take(self.oldest));
        }
        for (mark, span) in ASKED_AT.into_iter().enumerate() {
            loop {
                let at = self.unasked.get(mark).copied().unwrap_or(NONE);
                if self.idle(at).is_none_or(|idle| idle < span) {
                    break;
                }
                let Some(slot) = self.slot(at) else { break };
                let newer = slot.newer;
                if slot.value.as_deref().is_some_and(&mut is_over) {
                    expired.extend(self.take(at));
                } else if let Some(unasked) = self.unasked.get_mut(mark) {
                    *unasked = newer;
                }
            }
        }
        expired
    }

    fn advance(&mut self, time: Timestamp) {
        self.now = self.now.max(time);
    }

    fn slot(&mut self, at: u32) -> Option<&mut Slot<T>> {
        self.slots.get_mut(at as usize)
    }

    fn idle(&self, at: u32) -> Option<Elapsed> {
        self.slots.get(at as usize).map(|slot| self.now.since(slot.last))
    }

    fn take(&mut self, at: u32) -> Option<Box<T>> {
        let slot = self.slot(at)?;
        let value = slot.value.take()?;
        let key = slot.key;
        self.index.remove(&key);
        self.unlink(at);
        self.free.push(at);
        Some(value)
    }

    /// Appends a slot to the list as the newest.
    fn link(&mut self, at: u32) {
        let newest = self.newest;
        if let Some(slot) = self.slot(at) {
            slot.older = newest;
            slot.newer = NONE;
        }
        match self.slot(newest) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
        self.ask_about(at);
    }

    /// The newest flow is to be asked about, if no older one is.
    fn ask_about(&mut self, newest: u32) {
        for unasked in &mut self.unasked {
            if *unasked == NONE {
                *unasked = newest;
            }
        }
    }

    fn unlink(&mut self, at: u32) {
        let Some(slot) = self.slot(at) else { return };
        let (older, newer) = (slot.older, slot.newer);
        match self.slot(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
        match self.slot(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        for unasked in &mut self.unasked {
            if *unasked == at {
                *unasked = newer;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const IDLE: Elapsed = Elapsed(600_000_000_000);

    fn key(n: u32) -> FlowKey {
        FlowKey::new(IpAddr::V4(Ipv4Addr::from_bits(n)), 1, IpAddr::V4(Ipv4Addr::LOCALHOST), 443).0
    }

    fn plain<T>(boxed: Vec<Box<T>>) -> Vec<T> {
        boxed.into_iter().map(|value| *value).collect()
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_full_table_lets_go_of_the_flow_idle_longest() {
        let mut table = FlowTable::new(2);
        assert_eq!(table.insert(key(1), "one", at(1)), None);
        assert_eq!(table.insert(key(2), "two", at(2)), None);
        assert_eq!(table.get_mut(&key(1), at(3)), Some(&mut "one"));
        assert_eq!(table.insert(key(3), "three", at(4)).as_deref(), Some(&"two"));
        assert_eq!(table.get_mut(&key(2), at(5)), None);
        assert_eq!(table.len(), 2);
        assert_eq!(
            [table.take_oldest(), table.take_oldest(), table.take_oldest()],
            [Some("one".into()), Some("three".into()), None]
        );
    }

    #[test]
    fn draining_keeps_the_order_of_insertion_though_slots_are_reused() {
        let mut table = FlowTable::new(10);
        for n in 0..4 {
            table.insert(key(n), n, at(0));
        }
        assert_eq!(table.remove(&key(0)).as_deref(), Some(&0));
        table.insert(key(9), 9, at(0));
        table.get_mut(&key(1), at(1));
        assert_eq!(table.peek(&key(2)), Some(&2));
        assert_eq!(plain(table.drain()), [1, 2, 3, 9]);
        assert!(table.is_empty());
        table.insert(key(1), 1, at(2));
        assert_eq!(plain(table.drain()), [1]);
    }

    #[test]
    fn idle_flows_expire_oldest_first_and_a_packet_keeps_a_flow() {
        let mut table = FlowTable::new(10);
        for n in 0..3 {
            table.insert(key(n), n, at(i64::from(n)));
        }
        table.get_mut(&key(0), at(500));
        assert_eq!(table.peek(&key(1)), Some(&1), "and that is no packet");
        assert_eq!(plain(table.expire(at(700), IDLE, |_| false)), [1, 2]);
        assert_eq!(plain(table.expire(at(1_101), IDLE, |_| false)), [0]);
    }

    #[test]
    fn flows_that_are_over_are_found_without_asking_all_of_them_each_time() {
        let mut table = FlowTable::new(1_000);
        for n in 0..1_000 {
            table.insert(key(n), n, at(0));
        }
        let mut asked = 0;
        let mut over = Vec::new();
        for second in 0..100 {
            over.extend(table.expire(at(second), IDLE, |n| {
                asked += 1;
                *n == 7
            }));
        }
        assert_eq!(plain(over), [7]);
        assert!(asked <= 2_000, "{asked} questions");
        // A packet makes a flow worth asking about again.
        table.get_mut(&key(999), at(100));
        assert_eq!(plain(table.expire(at(105), IDLE, |n| *n == 999)), [999]);
    }

    #[test]
    fn a_lone_flow_is_asked_about_again_after_its_next_packet() {
        let mut table = FlowTable::new(4);
        table.insert(key(1), 1, at(0));
        assert!(table.expire(at(5), IDLE, |_| false).is_empty());
        table.get_mut(&key(1), at(6));
        assert!(table.expire(at(7), IDLE, |_| true).is_empty(), "not idle long enough");
        assert_eq!(plain(table.expire(at(11), IDLE, |_| true)), [1]);
    }

    #[test]
    fn time_set_back_does_not_break_the_order() {
        let mut table = FlowTable::new(4);
        table.insert(key(1), 1, at(1_000));
        table.insert(key(2), 2, at(0));
        assert!(table.expire(at(1_500), IDLE, |_| false).is_empty());
        assert_eq!(plain(table.expire(at(1_601), IDLE, |_| false)), [1, 2]);
    }

    #[test]
    fn agrees_with_a_plain_map_under_random_use() {
        use std::collections::BTreeMap;
        let mut table = FlowTable::new(50);
        let mut plain: BTreeMap<u32, u32> = BTreeMap::new();
        let mut random = 1_u64;
        for step in 0..20_000_u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let n = (random >> 40) as u32 % 80;
            match (random >> 33) % 4 {
                0 | 1 => {
                    if let Some(old) = table.insert(key(n), n, at(i64::from(step))) {
                        plain.remove(&old);
                    }
                    plain.insert(n, n);
                }
                2 => assert_eq!(table.get_mut(&key(n), at(i64::from(step))).copied(), plain.get(&n).copied()),
                _ => assert_eq!(table.remove(&key(n)).map(|n| *n), plain.remove(&n)),
            }
            if step % 97 == 0 {
                for gone in table.expire(at(i64::from(step)), Elapsed(200_000_000_000), |n| n % 7 == 0) {
                    assert_eq!(plain.remove(&gone), Some(*gone));
                }
            }
            assert_eq!(table.len(), plain.len());
        }
        let mut seen = Vec::new();
        table.for_each_mut(|n| seen.push(*n));
        seen.sort_unstable();
        assert_eq!(seen, plain.into_keys().collect::<Vec<_>>());
    }
}

//! The pcapng format: blocks in sections, each section with its own byte order and interfaces.
//! Blocks that tell nothing about packets are passed over.

use std::io::{self, Read};

use super::clock::{Clock, ticks};
use super::notes::Notes;
use super::sniff::Order;
use super::window::Window;
use super::{LinkType, MAX_PACKET, Place, Step, USUAL_PACKET};
use crate::problem::Problem;
use crate::seen::PacketNo;

const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAMES: u32 = 4;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
const JOURNAL: u32 = 9;
const SECRETS: u32 = 10;
const CUSTOM: u32 = 0x0bad;
const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;
const SECTION: u32 = 0x0a0d_0d0a;

/// `TLSK`: a key log as TLS libraries write it.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Longer blocks of other kinds than packets are not believed: 64 MiB.
const MAX_BLOCK: usize = 64 << 20;
/// Interfaces of one section; more are hostile.
const MAX_INTERFACES: usize = 1 << 16;
/// Options looked at in one block.
const MAX_OPTIONS: usize = 256;

/// The state of a pcapng file.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    digits: usize,
    /// Packets that the capturing machine lost, of sections that are over.
    dropped: u64,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    /// 0: no limit.
    snaplen: u32,
    clock: Clock,
    /// The newest count of packets lost.
    dropped: u64,
}

impl Interface {
    /// Where a packet stands whose block is the first in the window. `ticks`: the upper half first.
    #[inline]
    fn place<R: Read>(&self, [high, low]: [u32; 2], captured: usize, wire: u32, window: &Window<R>) -> Place {
        Place {
            time: Some(self.clock.time(u64::from(high) << 32 | u64::from(low))),
            link: self.link,
            wire_len: wire.max(u32::try_from(captured).unwrap_or(u32::MAX)),
            bytes: window.place(28..captured.saturating_add(28)),
        }
    }
}

/// The kind of a block, its length, and whether that can be.
struct Header {
    kind: u32,
    length: usize,
}

/// Whether bytes begin with a section header block of this format: its byte-order magic is there.
pub(super) fn is_section_header(bytes: &[u8]) -> bool {
    section_order(bytes).is_some()
}

fn section_order(bytes: &[u8]) -> Option<Order> {
    match bytes.get(8..12)? {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(Order::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(Order::Little),
        _ => None,
    }
}

impl Pcapng {
    pub(super) fn new() -> Self {
        Self { order: Order::Little, interfaces: Vec::new(), digits: 0, dropped: 0 }
    }

    pub(super) fn digits(&self) -> usize {
        self.digits
    }

    /// The next packet, where its block stands in the window whole and nothing of it is odd, as nearly all do. Else see
    /// [`Pcapng::step`].
    #[inline]
    pub(super) fn plain<R: Read>(&self, window: &mut Window<R>) -> Option<Place> {
        let data = window.data();
        let [kind, length, id, high, low, captured, wire] = self.order.words(data)?;
        let (length, captured) = (length as usize, captured as usize);
        // Seven fields ahead of the packet, and the length once more behind it.
        if kind != PACKET || length > USUAL_PACKET || !length.is_multiple_of(4) || captured > length.checked_sub(32)? {
            return None;
        }
        let block = data.get(..length)?;
        if self.order.u32(block, length - 4) as usize != length {
            return None;
        }
        let interface = self.interfaces.get(id as usize)?;
        let place = interface.place([high, low], captured, wire, window);
        window.consume(length);
        Some(place)
    }

    /// The next block. `no` is the number that a packet in it would have.
    #[inline]
    pub(super) fn step<R: Read>(
        &mut self,
        window: &mut Window<R>,
        notes: &mut Notes,
        no: PacketNo,
    ) -> io::Result<Step> {
        if !window.want(12)? {
            return Ok(tail(window, notes, no));
        }
        let header = self.header(window.data(), 0);
        if !header.is_believable() {
            return self.damaged(window, notes, no);
        }
        if header.is_skipped() && header.length > USUAL_PACKET {
            return skip_long(window, notes, header.length);
        }
        if !window.want(header.length)? {
            // Only a length out of the ordinary is taken for the damage itself. What follows an
            // ordinary one is the packet's own bytes, and those may hold a capture file.
            if header.length > USUAL_PACKET {
                return self.damaged(window, notes, no);
            }
            return Ok(tail(window, notes, no));
        }
        let trailer = self.order_of(window.data(), 0).u32(window.data(), header.length.saturating_sub(4));
        if trailer as usize != header.length {
            return self.trailer_differs(window, notes, no, &header);
        }
        let step = self.block(window, notes, no, &header);
        window.consume(header.length);
        Ok(step)
    }

    /// The byte order of the block at `at`: a section header brings its own.
    #[inline]
    fn order_of(&self, bytes: &[u8], at: usize) -> Order {
        if self.order.u32(bytes, at) == SECTION {
            bytes.get(at..).and_then(section_order).unwrap_or(self.order)
        } else {
            self.order
        }
    }

    #[inline]
    fn header(&self, bytes: &[u8], at: usize) -> Header {
        let order = self.order_of(bytes, at);
        Header { kind: order.u32(bytes, at), length: order.u32(bytes, at.saturating_add(4)) as usize }
    }

    /// A whole block stands at the start of the window.
    #[inline]
    fn block<R: Read>(&mut self, window: &Window<R>, notes: &mut Notes, no: PacketNo, header: &Header) -> Step {
        let bytes = window.data().get(..header.length.saturating_sub(4)).unwrap_or_default();
        match header.kind {
            PACKET => self.packet(window, notes, no, bytes),
            SIMPLE_PACKET => self.simple_packet(window, notes, no, bytes),
            OBSOLETE_PACKET => self.obsolete_packet(window, notes, no, bytes),
            INTERFACE => self.interface(notes, bytes),
            SECTION => self.section(notes, bytes),
            SECRETS => self.secrets(window, notes, bytes),
            STATISTICS => self.statistics(bytes),
            _ => Step::Nothing,
        }
    }

    fn section(&mut self, notes: &mut Notes, bytes: &[u8]) -> Step {
        let Some(order) = section_order(bytes) else { return Step::Nothing };
        self.dropped = self.total_dropped();
        self.order = order;
        self.interfaces.clear();
        let major = order.u16(bytes, 12);
        if major != 1 {
            let text = format!(
                "A section is written in version {major} of pcapng, which is not known; it is read as version 1."
            );
            notes.add(Problem::new("pcapng-version", text));
        }
        Step::Nothing
    }

    fn interface(&mut self, notes: &mut Notes, bytes: &[u8]) -> Step {
        if self.interfaces.len() >= MAX_INTERFACES {
            notes.add(Problem::new("too-many-interfaces", "The capture has more than 65536 interfaces."));
            return Step::Nothing;
        }
        let order = self.order;
        let link = LinkType(u32::from(order.u16(bytes, 8)));
        let mut clock = Clock::MICROSECONDS;
        for (code, value) in options(order, bytes, 16) {
            match (code, value) {
                (9, [resolution, ..]) => clock.ticks = ticks(*resolution),
                (14, [_, _, _, _, _, _, _, _]) => {
                    let secs = order.u64(value, 0).cast_signed();
                    clock.offset = secs.saturating_mul(1_000_000_000);
                }
                _ => {}
            }
        }
        self.digits = self.digits.max(clock.digits());
        self.interfaces.push(Interface { link, snaplen: order.u32(bytes, 12), clock, dropped: 0 });
        Step::NewLink(link)
    }

    /// Enhanced Packet Block.
    #[inline]
    fn packet<R: Read>(&self, window: &Window<R>, notes: &mut Notes, no: PacketNo, bytes: &[u8]) -> Step {
        let Some(fields) = bytes.first_chunk::<28>() else { return too_small(notes, no) };
        let id = self.order.u32(fields, 8);
        self.stamped_packet(window, notes, no, bytes, id)
    }

    /// Packet Block, the form before the enhanced one: the interface has 16 bits, then 16 bits of a
    /// count of drops. All else stands in the same place.
    fn obsolete_packet<R: Read>(&self, window: &Window<R>, notes: &mut Notes, no: PacketNo, bytes: &[u8]) -> Step {
        let id = u32::from(self.order.u16(bytes, 8));
        self.stamped_packet(window, notes, no, bytes, id)
    }

    #[inline]
    fn stamped_packet<R: Read>(
        &self,
        window: &Window<R>,
        notes: &mut Notes,
        no: PacketNo,
        bytes: &[u8],
        id: u32,
    ) -> Step {
        let Some(fields) = bytes.first_chunk::<28>() else { return too_small(notes, no) };
        let order = self.order;
        let Some(interface) = self.interfaces.get(id as usize) else { return unknown_interface(notes, no, id) };
        let captured = fit(notes, no, order.u32(fields, 20), bytes.len().saturating_sub(28));
        let ticks = [order.u32(fields, 12), order.u32(fields, 16)];
        Step::Packet(interface.place(ticks, captured, order.u32(fields, 24), window))
    }

    /// Simple Packet Block: of the first interface, without a time, captured up to its snapshot length.
    fn simple_packet<R: Read>(&self, window: &Window<R>, notes: &mut Notes, no: PacketNo, bytes: &[u8]) -> Step {
        let Some(fields) = bytes.first_chunk::<12>() else { return too_small(notes, no) };
        let Some(interface) = self.interfaces.first() else { return unknown_interface(notes, no, 0) };
        let wire_len = self.order.u32(fields, 8);
        let expected = if interface.snaplen == 0 { wire_len } else { wire_len.min(interface.snaplen) };
        let captured = fit(notes, no, expected, bytes.len().saturating_sub(12));
        let place = window.place(12..captured.saturating_add(12));
        Step::Packet(Place { time: None, link: interface.link, wire_len, bytes: place })
    }

    fn secrets<R: Read>(&self, window: &Window<R>, notes: &mut Notes, bytes: &[u8]) -> Step {
        if self.order.u32(bytes, 8) != TLS_KEY_LOG {
            return Step::Nothing;
        }
        let room = bytes.len().saturating_sub(16);
        let length = self.order.u32(bytes, 12) as usize;
        if length > room {
            notes.add(Problem::new("damaged-secrets-block", "An embedded key log claims to be longer than its block."));
        }
        Step::Secrets(window.place(16..length.min(room).saturating_add(16)))
    }

    /// Interface Statistics Block: only what was lost matters.
    fn statistics(&mut self, bytes: &[u8]) -> Step {
        let order = self.order;
        let id = order.u32(bytes, 8) as usize;
        let mut dropped = 0_u64;
        for (code, value) in options(order, bytes, 20) {
            // isb_ifdrop, isb_osdrop
            if matches!(code, 5 | 7) && value.len() == 8 {
                dropped = dropped.saturating_add(order.u64(value, 0));
            }
        }
        if let Some(interface) = self.interfaces.get_mut(id) {
            interface.dropped = interface.dropped.max(dropped);
        }
        Step::Nothing
    }

    fn total_dropped(&self) -> u64 {
        self.interfaces.iter().fold(self.dropped, |sum, interface| sum.saturating_add(interface.dropped))
    }

    /// The file is over.
    pub(super) fn end(&mut self, notes: &mut Notes) {
        let dropped = self.total_dropped();
        if dropped > 0 {
            let text = format!("The capture itself says that {dropped} packets were lost while it was made.");
            notes.add(Problem::new("packets-dropped", text));
        }
        self.interfaces.clear();
    }

    /// The lengths at both ends of a block differ. Some writers get the second one wrong: where
    /// another block begins behind it, the first one is believed.
    #[cold]
    fn trailer_differs<R: Read>(
        &mut self,
        window: &mut Window<R>,
        notes: &mut Notes,
        no: PacketNo,
        header: &Header,
    ) -> io::Result<Step> {
        let more = window.want(header.length.saturating_add(12))?;
        let next = self.header(window.data(), header.length);
        let at_end = !more && window.data().len() == header.length;
        if !(at_end || (more && next.is_believable() && next.is_of_known_kind())) {
            return self.damaged(window, notes, no);
        }
        notes.add(Problem::new(
            "block-length-mismatch",
            format!("The block at byte {} of the capture gives its length twice, and differently.", window.position()),
        ));
        let step = self.block(window, notes, no, header);
        window.consume(header.length);
        Ok(step)
    }

    /// A block that cannot be true: goes on at the next one that can.
    #[cold]
    fn damaged<R: Read>(&self, window: &mut Window<R>, notes: &mut Notes, no: PacketNo) -> io::Result<Step> {
        let position = window.position();
        window.consume(1);
        let found = loop {
            // Enough for a block of ordinary length at each place looked at.
            let at_end = !window.want(2 * USUAL_PACKET)?;
            let data = window.data();
            let last = if at_end { data.len() } else { USUAL_PACKET };
            let found = (0..last).find(|at| self.is_plausible(data, *at));
            window.consume(found.unwrap_or(last));
            if found.is_some() || at_end {
                break found.is_some();
            }
        };
        let text = if found {
            let skipped = window.position().saturating_sub(position);
            format!("The block at byte {position} of the capture is damaged; {skipped} bytes were passed over.")
        } else {
            format!("The block at byte {position} of the capture is damaged, and nothing readable follows it.")
        };
        notes.add(Problem::new("damaged-block", text).at(no));
        Ok(if found { Step::Nothing } else { Step::End })
    }

    /// Whether a block seems to begin at `at`: of a known kind, of ordinary length, with the same
    /// length at its end.
    fn is_plausible(&self, bytes: &[u8], at: usize) -> bool {
        let header = self.header(bytes, at);
        let order = self.order_of(bytes, at);
        let end = at.saturating_add(header.length);
        header.is_of_known_kind()
            && header.is_believable()
            && header.length <= USUAL_PACKET
            && end <= bytes.len()
            && order.u32(bytes, end.saturating_sub(4)) as usize == header.length
    }
}

impl Header {
    #[inline]
    fn is_believable(&self) -> bool {
        let longest = match self.kind {
            PACKET | SIMPLE_PACKET | OBSOLETE_PACKET => MAX_PACKET,
            _ => MAX_BLOCK,
        };
        // SECTION needs its byte-order magic, which `length` was read with: a wrong one shows in it.
        (12..=longest).contains(&self.length) && self.length.is_multiple_of(4)
    }

    /// Whether nothing in it is of interest.
    #[inline]
    fn is_skipped(&self) -> bool {
        !matches!(self.kind, PACKET | SIMPLE_PACKET | OBSOLETE_PACKET | INTERFACE | SECTION | SECRETS | STATISTICS)
    }

    fn is_of_known_kind(&self) -> bool {
        matches!(self.kind, INTERFACE..=PACKET | JOURNAL | SECRETS | CUSTOM | CUSTOM_NOT_COPIED | SECTION)
            && (self.kind != NAMES || self.length >= 16)
    }
}

/// A long block that is of no interest: passed over without holding it.
#[cold]
fn skip_long<R: Read>(window: &mut Window<R>, notes: &mut Notes, length: usize) -> io::Result<Step> {
    if window.skip(length as u64)? {
        return Ok(Step::Nothing);
    }
    notes.add(Problem::new("cut-short", "The capture was cut short in the middle of a block."));
    Ok(Step::End)
}

/// The file ends inside of a block, or between two.
#[cold]
fn tail<R: Read>(window: &mut Window<R>, notes: &mut Notes, no: PacketNo) -> Step {
    let rest = window.data().len();
    if rest > 0 {
        let text = "The capture was cut short in the middle of this packet or block, which is left out.";
        notes.add(Problem::new("cut-short", text).at(no));
        window.consume(rest);
    }
    Step::End
}

#[cold]
fn too_small(notes: &mut Notes, no: PacketNo) -> Step {
    notes.add(Problem::new("damaged-block", "This packet's block is too small to hold its own header.").at(no));
    Step::Lost
}

#[cold]
fn unknown_interface(notes: &mut Notes, no: PacketNo, id: u32) -> Step {
    let text = format!("This packet is of interface {id}, which the capture does not describe; it cannot be read.");
    notes.add(Problem::new("unknown-interface", text).at(no));
    Step::Lost
}

/// How many bytes of a packet are there, where `claimed` ought to be.
#[inline]
fn fit(notes: &mut Notes, no: PacketNo, claimed: u32, room: usize) -> usize {
    let claimed = claimed as usize;
    if claimed > room {
        notes.add(Problem::new("packet-exceeds-block", "This packet claims to be longer than its block.").at(no));
    }
    claimed.min(room)
}

/// The options of a block, from `at`.
fn options(order: Order, bytes: &[u8], at: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes.get(at..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (header, after) = rest.split_at_checked(4)?;
        let code = order.u16(header, 0);
        let length = usize::from(order.u16(header, 2));
        let value = after.get(..length)?;
        rest = after.get(length.next_multiple_of(4)..).unwrap_or_default();
        (code != 0).then_some((code, value))
    })
    .take(MAX_OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Pcapng as Write, items, packets, problems};
    use super::super::{PacketSource, Reader};
    use super::*;

    #[test]
    fn interfaces_have_their_own_link_type_and_clock() {
        let mut file = Write::new(Order::Little);
        file.interface(1, &[])
            .interface(276, &[(9, &[9])])
            .interface(101, &[(9, &[0x8a]), (14, &100_i64.to_le_bytes())])
            .interface(0, &[(9, &[12])])
            .interface(0, &[(9, &[0])])
            .packet(0, 1_700_000_000_000_001, b"a", 1)
            .packet(1, 1_700_000_000_000_000_001, b"b", 1)
            .packet(2, 5 * 1024 + 512, b"c", 1)
            .packet(3, 1_500_000_000_000, b"d", 1)
            .packet(4, 7, b"e", 1);
        let found: Vec<(i64, u32)> = packets(&file.bytes).into_iter().map(|packet| (packet.1, packet.2)).collect();
        assert_eq!(
            found,
            [
                (1_700_000_000_000_001_000, 1),
                (1_700_000_000_000_000_001, 276),
                (105_500_000_000, 101),
                (1_500_000_000, 0),
                (7_000_000_000, 0)
            ]
        );
        let mut reader = Reader::new(&file.bytes[..]);
        while reader.next().expect("a capture").is_some() {}
        assert_eq!(reader.digits(), 9);
        assert_eq!(reader.link_types().iter().map(|link| link.0).collect::<Vec<_>>(), [1, 276, 101, 0]);
    }

    #[test]
    fn sections_have_their_own_order_and_interfaces_and_numbers_run_on() {
        let mut file = Write::new(Order::Big);
        file.interface(1, &[]).packet(0, 1, b"one", 3).section(Order::Little);
        file.packet(0, 1, b"no interface yet", 16).interface(113, &[]).packet(0, 2, b"two", 99);
        assert_eq!(items(&file.bytes), ["packet 1", "problem unknown-interface", "packet 3"]);
        let found = packets(&file.bytes);
        assert_eq!((found[1].0, found[1].1, found[1].2, found[1].4), (3, 2_000, 113, 99));
    }

    #[test]
    fn simple_packets_end_at_the_snapshot_length_and_borrow_a_time() {
        let mut file = Write::new(Order::Little);
        file.interface_with_snaplen(1, 4, &[]).packet(0, 9, b"abc", 3);
        // Original length 10, of which 4 were captured.
        file.block(3, &[10, 0, 0, 0, b'w', b'x', b'y', b'z']);
        let found = packets(&file.bytes);
        assert_eq!(found[1], (2, 9_000, 1, b"wxyz".to_vec(), 10));
        assert_eq!(problems(&file.bytes), Vec::<&str>::new());
    }

    #[test]
    fn obsolete_and_unknown_blocks_are_no_obstacle() {
        let mut file = Write::new(Order::Big);
        file.block(0x8000_0001, b"anything").interface(1, &[]).block(4, &[0; 8]).obsolete(0, 5, b"abc");
        file.block(CUSTOM, &[0; 400_000]).block(SECRETS, &[0; 8]).packet(0, 6, b"d", 1);
        assert_eq!(items(&file.bytes), ["packet 1", "packet 2"]);
        assert_eq!(packets(&file.bytes)[0], (1, 5_000, 1, b"abc".to_vec(), 3));
    }

    #[test]
    fn reading_goes_on_behind_a_damaged_block() {
        for order in [Order::Little, Order::Big] {
            let mut file = Write::new(order);
            file.interface(1, &[]).packet(0, 1, b"one", 3);
            let damaged = file.bytes.len();
            file.packet(0, 2, b"lost", 4).packet(0, 3, b"three", 5);
            for length in [[0xff; 4], [0; 4], [3, 0, 0, 3]] {
                let mut bytes = file.bytes.clone();
                bytes[damaged + 4..damaged + 8].copy_from_slice(&length);
                assert_eq!(items(&bytes), ["packet 1", "problem damaged-block", "packet 2"]);
                assert_eq!(packets(&bytes)[1].3, b"three");
            }
        }
    }

    #[test]
    fn a_wrong_second_length_costs_nothing() {
        let mut file = Write::new(Order::Little);
        file.interface(1, &[]).packet(0, 1, b"one", 3);
        let end = file.bytes.len();
        file.packet(0, 2, b"two", 3);
        file.bytes[end - 4..end].copy_from_slice(&[9, 9, 0, 0]);
        assert_eq!(items(&file.bytes), ["packet 1", "problem block-length-mismatch", "packet 2"]);
    }

    #[test]
    fn a_cut_last_block_is_not_searched_for_captures_in_it() {
        let mut inner = Write::new(Order::Little);
        inner.interface(1, &[]).packet(0, 1, b"fake", 4);
        let mut file = Write::new(Order::Little);
        file.interface(1, &[]).packet(0, 1, b"one", 3).packet(0, 1, &inner.bytes, 2_000);
        let cut = &file.bytes[..file.bytes.len() - 5];
        assert_eq!(items(cut), ["packet 1", "problem cut-short"]);
    }

    #[test]
    fn lengths_that_exceed_their_block_are_cut_to_it() {
        let mut file = Write::new(Order::Little);
        file.interface(1, &[]);
        let at = file.bytes.len();
        file.packet(0, 1, b"abcd", 4).block(PACKET, &[0; 4]);
        file.bytes[at + 20..at + 24].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
        assert_eq!(items(&file.bytes), ["packet 1", "problem packet-exceeds-block", "problem damaged-block"]);
        assert_eq!(packets(&file.bytes)[0].3, b"abcd");
    }

    #[test]
    fn packets_lost_by_the_capturing_machine_are_told_once() {
        let mut file = Write::new(Order::Little);
        file.interface(1, &[]);
        for count in [3_u64, 8] {
            file.statistics(0, &[(5, &count.to_le_bytes()), (7, &1_u64.to_le_bytes())]);
        }
        let mut reader = Reader::new(&file.bytes[..]);
        let Ok(Some(super::super::Item::Problem(problem))) = reader.next() else { panic!("a problem") };
        assert_eq!((problem.code, problem.text.contains(" 9 packets")), ("packets-dropped", true));
        assert!(matches!(reader.next(), Ok(None)));
    }
}

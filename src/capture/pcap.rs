//! The pcap format: a file header, then packets with a header each. Magic and byte order are known
//! when this begins; `0xa1b2cd34` is Kuznetzov's variant with eight more bytes a packet.

use std::io::{self, Read};

use super::notes::Notes;
use super::sniff::{Magic, Order, magic};
use super::window::Window;
use super::{LinkType, MAX_PACKET, Place, Step, USUAL_PACKET};
use crate::problem::Problem;
use crate::seen::PacketNo;
use crate::time::Timestamp;

const FILE_HEADER: usize = 24;
/// How far a next packet is looked for behind a damaged header.
const SEARCH: usize = 1 << 20;
/// A packet further from the last than this is not believed when one is looked for: a day.
const NEAR: u32 = 86_400;

/// The state of a pcap file.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    nanos: bool,
    /// Length of a packet header.
    header: usize,
    link: LinkType,
    /// A longer packet is not believed.
    longest: usize,
    swapped: Swapped,
    last_secs: Option<u32>,
}

/// Whether captured and original length stand the other way round, as they did before format 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swapped {
    No,
    Yes,
    /// Format 2.3 was written in both ways.
    Perhaps,
}

/// A packet header.
struct Header {
    secs: u32,
    fraction: u32,
    captured: u32,
    wire: u32,
}

impl Pcap {
    /// Reads the file header; `None` where the file ends in it.
    pub(super) fn open<R: Read>(
        order: Order,
        nanos: bool,
        modified: bool,
        window: &mut Window<R>,
    ) -> io::Result<Option<Self>> {
        if !window.want(FILE_HEADER)? {
            return Ok(None);
        }
        let pcap = Self::from_header(order, nanos, modified, window.data());
        window.consume(FILE_HEADER);
        Ok(Some(pcap))
    }

    fn from_header(order: Order, nanos: bool, modified: bool, bytes: &[u8]) -> Self {
        let swapped = match (order.u16(bytes, 4), order.u16(bytes, 6)) {
            (0 | 1, _) | (2, 0..=2) => Swapped::Yes,
            (2, 3) => Swapped::Perhaps,
            _ => Swapped::No,
        };
        let snaplen = order.u32(bytes, 16) as usize;
        Self {
            order,
            nanos,
            header: if modified { 24 } else { 16 },
            // The upper bits tell of a frame check sequence.
            link: LinkType(order.u32(bytes, 20) & 0x03ff_ffff),
            longest: snaplen.clamp(USUAL_PACKET, MAX_PACKET),
            swapped,
            last_secs: None,
        }
    }

    pub(super) fn link(&self) -> LinkType {
        self.link
    }

    pub(super) fn digits(&self) -> usize {
        if self.nanos { 9 } else { 6 }
    }

    #[inline]
    fn read_header(&self, bytes: &[u8], at: usize) -> Option<Header> {
        let [secs, fraction, mut captured, mut wire] = self.order.words(bytes.get(at..)?)?;
        if self.swapped == Swapped::Yes || (self.swapped == Swapped::Perhaps && captured > wire) {
            (captured, wire) = (wire, captured);
        }
        Some(Header { secs, fraction, captured, wire })
    }

    fn time(&self, header: &Header) -> Timestamp {
        let unit = if self.nanos { 1 } else { 1_000 };
        // At most 2^32 * 10^9 + 2^32 * 1000, which is below 2^63.
        Timestamp(i64::from(header.secs) * 1_000_000_000 + i64::from(header.fraction) * unit)
    }

    /// The next packet, where it stands in the window whole and nothing of it is odd, as nearly all do. Else see
    /// [`Pcap::step`].
    #[inline]
    pub(super) fn plain<R: Read>(&mut self, window: &mut Window<R>) -> Option<Place> {
        let data = window.data();
        let header = self.read_header(data, 0)?;
        let captured = header.captured as usize;
        let whole = self.header.saturating_add(captured);
        if captured == 0 || captured > self.longest || whole > data.len() {
            return None;
        }
        Some(self.place(&header, window))
    }

    /// Passes over a packet that stands in the window whole. Where that is.
    #[inline]
    fn place<R: Read>(&mut self, header: &Header, window: &mut Window<R>) -> Place {
        self.last_secs = Some(header.secs);
        let whole = self.header.saturating_add(header.captured as usize);
        let bytes = window.place(self.header..whole);
        window.consume(whole);
        let wire_len = header.wire.max(header.captured);
        Place { time: Some(self.time(header)), link: self.link, wire_len, bytes }
    }

    /// The next packet. `no` is the number it would have.
    pub(super) fn step<R: Read>(
        &mut self,
        window: &mut Window<R>,
        notes: &mut Notes,
        no: PacketNo,
    ) -> io::Result<Step> {
        if !window.want(self.header)? {
            return self.tail(window, notes, no);
        }
        let Some(header) = self.read_header(window.data(), 0) else { return Ok(Step::End) };
        let captured = header.captured as usize;
        if captured > self.longest {
            return self.resynchronise(window, notes, no);
        }
        if captured == 0 && is_file_header(window.data()) {
            return self.next_file(window, notes);
        }
        let whole = self.header.saturating_add(captured);
        if !window.want(whole)? {
            return self.tail(window, notes, no);
        }
        Ok(Step::Packet(self.place(&header, window)))
    }

    /// The file ends inside of a packet, or between two.
    #[cold]
    fn tail<R: Read>(&self, window: &mut Window<R>, notes: &mut Notes, no: PacketNo) -> io::Result<Step> {
        if !window.data().is_empty() {
            notes.add(
                Problem::new("cut-short", "The capture was cut short in the middle of this packet, which is left out.")
                    .at(no),
            );
            let rest = window.data().len();
            window.consume(rest);
        }
        Ok(Step::End)
    }

    #[cold]
    fn next_file<R: Read>(&mut self, window: &mut Window<R>, notes: &mut Notes) -> io::Result<Step> {
        notes.add(Problem::new(
            "appended-capture",
            format!("Another capture file was appended at byte {}; it is read as well.", window.position()),
        ));
        let Some(Magic::Pcap { order, nanos, modified }) = magic(window.data()) else { return Ok(Step::End) };
        match Self::open(order, nanos, modified, window)? {
            Some(next) => *self = next,
            None => {
                let rest = window.data().len();
                window.consume(rest);
                return Ok(Step::End);
            }
        }
        Ok(Step::NewLink(self.link))
    }

    /// A header that cannot be true: goes on where the next plausible packets are.
    #[cold]
    fn resynchronise<R: Read>(&mut self, window: &mut Window<R>, notes: &mut Notes, no: PacketNo) -> io::Result<Step> {
        let position = window.position();
        let reach = SEARCH.saturating_add(2 * (USUAL_PACKET + self.header));
        let at_end = !window.want(reach)?;
        let found = (1..SEARCH.min(window.data().len())).find(|at| self.is_plausible(window.data(), *at, at_end));
        let text = match found {
            Some(skipped) => {
                window.consume(skipped);
                format!(
                    "The packet header at byte {position} of the capture is damaged; {skipped} bytes were passed over."
                )
            }
            None => format!(
                "The packet header at byte {position} of the capture is damaged, and no packet was found after it: reading stopped."
            ),
        };
        notes.add(Problem::new("damaged-packet-header", text).at(no));
        Ok(if found.is_some() { Step::Nothing } else { Step::End })
    }

    /// Whether a packet seems to begin at `at`: it and the two after it have headers that could be
    /// true, or the file ends exactly behind them.
    fn is_plausible(&self, bytes: &[u8], mut at: usize, at_end: bool) -> bool {
        let mut last = self.last_secs;
        for followers in 0..3 {
            if followers > 0 && at_end && at == bytes.len() {
                return true;
            }
            let Some(header) = self.read_header(bytes, at) else { return false };
            let limit = if self.nanos { 1_000_000_000 } else { 1_000_000 };
            let near = last.is_none_or(|last| last.abs_diff(header.secs) <= NEAR);
            let captured = header.captured as usize;
            let sane = (1..=USUAL_PACKET).contains(&captured) && header.wire >= header.captured;
            if !near || !sane || header.fraction >= limit || header.wire as usize > MAX_PACKET {
                return false;
            }
            last = Some(header.secs);
            at = at.saturating_add(self.header).saturating_add(captured);
        }
        true
    }
}

/// Whether another file was appended (`cat a.pcap b.pcap`). As a packet it would be of 2055 and of no
/// length.
fn is_file_header(bytes: &[u8]) -> bool {
    matches!(magic(bytes), Some(Magic::Pcap { .. })) && matches!(bytes.get(4..8), Some([2, 0, 4, 0] | [0, 2, 0, 4]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Pcap as Write, items, packets, problems};
    use super::*;

    #[test]
    fn four_kinds_of_magic_say_the_same() {
        for (order, nanos) in [(Order::Little, false), (Order::Big, false), (Order::Little, true), (Order::Big, true)] {
            let mut file = Write::new(order, nanos, false);
            file.packet(1_700_000_000, 123_456, b"abc", 60).packet(1_700_000_001, 0, b"", 0);
            let found = packets(&file.bytes);
            let unit = if nanos { 1 } else { 1_000 };
            assert_eq!(found.len(), 2);
            assert_eq!(found[0], (1, 1_700_000_000_000_000_000 + 123_456 * unit, 1, b"abc".to_vec(), 60));
            assert_eq!(found[1].0, 2);
            assert_eq!(problems(&file.bytes), Vec::<&str>::new());
        }
    }

    #[test]
    fn the_modified_variant_has_a_longer_packet_header() {
        let mut file = Write::new(Order::Little, false, true);
        file.packet(5, 0, b"abc", 3).packet(6, 0, b"defg", 4);
        let found: Vec<Vec<u8>> = packets(&file.bytes).into_iter().map(|packet| packet.3).collect();
        assert_eq!(found, [b"abc".to_vec(), b"defg".to_vec()]);
    }

    #[test]
    fn a_cut_packet_is_a_problem_and_the_rest_is_read() {
        let mut file = Write::new(Order::Little, false, false);
        file.packet(5, 0, b"abc", 3).packet(6, 0, b"defg", 4);
        for cut in 1..20 {
            let bytes = &file.bytes[..file.bytes.len() - cut];
            assert_eq!(packets(bytes).len(), 1);
            assert_eq!(problems(bytes), if cut == 20 { vec![] } else { vec!["cut-short"] });
        }
        assert_eq!(problems(&file.bytes[..10]), ["cut-short"]);
    }

    #[test]
    fn a_damaged_header_is_passed_over_where_packets_follow() {
        let mut file = Write::new(Order::Little, false, false);
        file.packet(5, 0, b"first", 5);
        let damaged = file.bytes.len();
        file.packet(6, 0, b"lost", 4).packet(7, 0, b"next", 4).packet(8, 0, b"last", 4);
        file.bytes[damaged + 8..damaged + 12].copy_from_slice(&[0xff; 4]);
        let found: Vec<Vec<u8>> = packets(&file.bytes).into_iter().map(|packet| packet.3).collect();
        assert_eq!(found, [b"first".to_vec(), b"next".to_vec(), b"last".to_vec()]);
        assert_eq!(problems(&file.bytes), ["damaged-packet-header"]);
    }

    #[test]
    fn an_absurd_length_with_nothing_behind_it_stops() {
        let mut file = Write::new(Order::Little, false, false);
        file.packet(5, 0, b"first", 5);
        file.bytes.extend([1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]);
        assert_eq!(packets(&file.bytes).len(), 1);
        assert_eq!(problems(&file.bytes), ["damaged-packet-header"]);
    }

    #[test]
    fn files_joined_by_cat_are_all_read() {
        let mut first = Write::new(Order::Little, false, false);
        first.packet(5, 0, b"one", 3);
        let mut second = Write::new(Order::Big, true, false);
        second.packet(6, 7, b"two", 3);
        let both = [first.bytes, second.bytes].concat();
        let found = packets(&both);
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].0, found[1].1), (2, 6_000_000_007));
        assert_eq!(items(&both).last().map(String::as_str), Some("packet 2"));
    }
}

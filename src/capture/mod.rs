//! Capture files: pcap and pcapng as a stream of items, from any `Read`. Packets are slices of the
//! reader's own buffer: nothing is copied or allocated for one.

mod clock;
mod link;
mod notes;
mod pcap;
mod pcapng;
mod sniff;
#[cfg(test)]
mod testing;
mod unpack;
mod window;
pub mod write;

use std::io::{self, Read};
use std::ops::Range;

use thiserror::Error;

use crate::problem::Problem;
use crate::seen::{At, PacketNo};
use crate::time::Timestamp;
use notes::Notes;
use pcap::Pcap;
use pcapng::Pcapng;
use sniff::Magic;
use unpack::Unpack;
use window::Window;

/// Longer packets are not believed, and no memory is given to them: 16 MiB. (Wireshark's limit is
/// 256 KiB for the link types of networks.)
const MAX_PACKET: usize = 16 << 20;
/// Packets up to this length are believed whatever the file says of its snapshot length: 256 KiB.
const USUAL_PACKET: usize = 256 << 10;
/// How much of key logs embedded in one capture is kept by [`prescan_secrets`].
const MAX_SECRETS: usize = 64 << 20;
/// How many different link types are listed.
const MAX_LINK_TYPES: usize = 64;

/// Link-layer header type (the `LINKTYPE_` registry of tcpdump.org).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

/// A captured packet.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Its number.
    pub no: PacketNo,
    /// Its time; the previous packet's where the file gives none (Simple Packet Block).
    pub time: Timestamp,
    /// Link type of its interface.
    pub link: LinkType,
    /// The captured bytes.
    pub data: &'a [u8],
    /// How long it was on the wire; more than `data` where the capture cut it.
    pub wire_len: u32,
}

impl Packet<'_> {
    /// Number and time.
    pub fn at(&self) -> At {
        At { packet: self.no, time: self.time }
    }
}

/// What a capture yields.
#[derive(Debug)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// A TLS key log embedded in the capture (Decryption Secrets Block).
    Secrets(&'a str),
    /// Something odd about the file.
    Problem(Problem),
    /// Nothing came for a while: the time it is now by the clock of the packets (live sources only).
    Clock(Timestamp),
    /// So many packets were lost since this was last said (live sources only).
    Dropped(u64),
}

/// A source of items: a file, a pipe, a device.
pub trait PacketSource {
    /// Why the source itself stopped working (not: why its bytes are odd).
    type Error;

    /// The next item; `None` at the end.
    fn next(&mut self) -> Result<Option<Item<'_>>, Self::Error>;

    /// What is known of the source itself by now. A source that knows nothing need not say so.
    fn about(&self) -> About {
        About::default()
    }
}

/// What a source knows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `pcap`, `pcapng`, `live`; `unknown` otherwise.
    pub format: &'static str,
    /// Link types of its interfaces, in the order first met.
    pub link_types: Vec<LinkType>,
    /// Fractional digits of a second that its timestamps have: 0, 3, 6 or 9.
    pub digits: usize,
}

impl Default for About {
    fn default() -> Self {
        Self { format: "unknown", link_types: Vec::new(), digits: 9 }
    }
}

/// Why a capture could not be read (any further). What is odd about its bytes is a [`Problem`].
#[derive(Debug, Error)]
pub enum ReadError {
    /// The bytes are no capture.
    #[error("not a capture: {hint}")]
    NotACapture {
        /// What they look like, and what to do.
        hint: String,
    },
    /// Reading failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Reads a capture: pcap or pcapng, as it is or compressed with gzip or zstd.
///
/// Packets are numbered from 1 over all sections, as other analysers number them.
#[derive(Debug)]
pub struct Reader<R: Read> {
    window: Window<Unpack<R>>,
    state: State,
    notes: Notes,
    give_secrets: bool,
    /// Only for a secrets block that is not UTF-8.
    secrets: String,
    format: Option<&'static str>,
    link_types: Vec<LinkType>,
    digits: usize,
    packets: u64,
    bytes: u64,
    last_time: Timestamp,
    span: Option<(Timestamp, Timestamp)>,
}

#[derive(Debug)]
enum State {
    Start,
    Pcap(Pcap),
    Pcapng(Pcapng),
    Over,
}

/// One step of a format's reader.
#[derive(Debug)]
enum Step {
    Packet(Place),
    /// Where a secrets block stands in the window.
    Secrets(Range<usize>),
    /// An interface was declared.
    NewLink(LinkType),
    /// A packet that is counted and cannot be given.
    Lost,
    Nothing,
    End,
}

/// A packet that stands in the window.
#[derive(Debug)]
struct Place {
    time: Option<Timestamp>,
    link: LinkType,
    wire_len: u32,
    bytes: Range<usize>,
}

impl<R: Read> Reader<R> {
    /// A reader over `source`. Nothing is read before the first item is asked for.
    pub fn new(source: R) -> Self {
        Self {
            window: Window::new(Unpack::new(source)),
            state: State::Start,
            notes: Notes::default(),
            give_secrets: true,
            secrets: String::new(),
            format: None,
            link_types: Vec::new(),
            digits: 0,
            packets: 0,
            bytes: 0,
            last_time: Timestamp::default(),
            span: None,
        }
    }

    /// The same reader, passing over embedded key logs: [`prescan_secrets`] has given them already.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        self.give_secrets = false;
        self
    }

    /// `pcap` or `pcapng`; `unknown` before the first item, and for a capture of no bytes.
    pub fn format(&self) -> &'static str {
        self.format.unwrap_or("unknown")
    }

    /// Link types of the interfaces, in the order first met.
    pub fn link_types(&self) -> &[LinkType] {
        &self.link_types
    }

    /// How many packets there were so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// How many bytes of packets were captured so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The earliest time of a packet.
    pub fn first(&self) -> Option<Timestamp> {
        self.span.map(|(first, _)| first)
    }

    /// The latest time of a packet.
    pub fn last(&self) -> Option<Timestamp> {
        self.span.map(|(_, last)| last)
    }

    /// How many fractional digits of a second the timestamps have (the finest interface's): 0, 3, 6 or 9.
    pub fn digits(&self) -> usize {
        self.digits
    }

    /// The next packet, where nothing of it is odd. [`Reader::step`] would give the same.
    #[inline]
    fn plain(&mut self) -> Option<Place> {
        match &mut self.state {
            State::Pcap(pcap) => pcap.plain(&mut self.window),
            State::Pcapng(pcapng) => pcapng.plain(&mut self.window),
            State::Start | State::Over => None,
        }
    }

    fn step(&mut self) -> Result<Step, ReadError> {
        let no = PacketNo(self.packets.saturating_add(1));
        match &mut self.state {
            State::Pcap(pcap) => Ok(pcap.step(&mut self.window, &mut self.notes, no)?),
            State::Pcapng(pcapng) => Ok(pcapng.step(&mut self.window, &mut self.notes, no)?),
            State::Start => self.start(),
            State::Over => Ok(Step::End),
        }
    }

    fn start(&mut self) -> Result<Step, ReadError> {
        if self.window.is_over()? {
            return self.nothing();
        }
        if !self.window.want(4)? {
            return Err(self.not_a_capture());
        }
        match sniff::magic(self.window.data()) {
            Some(Magic::Pcap { order, nanos, modified }) => {
                self.format = Some("pcap");
                let Some(pcap) = Pcap::open(order, nanos, modified, &mut self.window)? else {
                    let text = "The capture was cut short inside its file header.";
                    self.notes.add(Problem::new("cut-short", text));
                    return Ok(Step::End);
                };
                let link = pcap.link();
                self.state = State::Pcap(pcap);
                Ok(Step::NewLink(link))
            }
            Some(Magic::Pcapng) => {
                if self.window.want(12)? && !pcapng::is_section_header(self.window.data()) {
                    return Err(self.not_a_capture());
                }
                self.format = Some("pcapng");
                self.state = State::Pcapng(Pcapng::new());
                Ok(Step::Nothing)
            }
            None => Err(self.not_a_capture()),
        }
    }

    /// The source has no bytes at all.
    fn nothing(&mut self) -> Result<Step, ReadError> {
        if self.window.source().damage().is_some() {
            return Err(self.not_a_capture());
        }
        self.notes.add(Problem::new("empty-capture", "The capture has no bytes at all: nothing was written to it."));
        Ok(Step::End)
    }

    #[cold]
    fn not_a_capture(&mut self) -> ReadError {
        // What is missing to 512 bytes does not matter.
        let _ = self.window.want(512);
        let head = self.window.data();
        let head = head.get(..512).unwrap_or(head);
        let seen = if head.is_empty() { None } else { Some(sniff::hint(head)) };
        let unpack = self.window.source();
        let packing = unpack.packing().map(sniff::Packing::name);
        let hint = match (packing, unpack.damage(), seen) {
            (Some(packing), Some(damage), _) => {
                format!("it begins like a {packing} file, but cannot be unpacked: {damage}")
            }
            (Some(packing), None, Some(hint)) => format!("unpacked from {packing}, {hint}"),
            (_, _, hint) => hint.unwrap_or("it has no bytes").to_owned(),
        };
        ReadError::NotACapture { hint }
    }

    fn new_link(&mut self, link: LinkType) {
        if self.link_types.len() < MAX_LINK_TYPES && !self.link_types.contains(&link) {
            self.link_types.push(link);
        }
        let digits = match &self.state {
            State::Pcap(pcap) => pcap.digits(),
            State::Pcapng(pcapng) => pcapng.digits(),
            State::Start | State::Over => 0,
        };
        self.digits = self.digits.max(digits);
    }

    /// The format's reader has come to an end: says what there is to say of the whole.
    #[cold]
    fn end(&mut self) {
        if let State::Pcapng(pcapng) = &mut self.state {
            pcapng.end(&mut self.notes);
        }
        if let Some(damage) = self.window.source().damage() {
            let text =
                format!("The compressed capture is damaged or was cut short ({damage}); what stands before was read.");
            self.notes.add(Problem::new("compressed-data-damaged", text));
        }
        self.notes.close();
        self.state = State::Over;
    }

    #[inline]
    fn count(&mut self, place: &Place) -> Timestamp {
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(place.bytes.len() as u64);
        let Some(time) = place.time else { return self.last_time };
        self.last_time = time;
        self.span = Some(match self.span {
            None => (time, time),
            Some((first, last)) => (first.min(time), last.max(time)),
        });
        time
    }

    #[inline]
    fn packet(&mut self, place: Place) -> Packet<'_> {
        let time = self.count(&place);
        let data = self.window.bytes(place.bytes);
        Packet { no: PacketNo(self.packets), time, link: place.link, wire_len: place.wire_len, data }
    }

    /// Makes `self.secrets` hold the block, where it is no valid UTF-8 and cannot be lent.
    fn mend_secrets(&mut self, place: &Range<usize>) {
        let bytes = self.window.bytes(place.clone());
        self.secrets.clear();
        if std::str::from_utf8(bytes).is_err() {
            self.secrets.push_str(&String::from_utf8_lossy(bytes));
        }
    }
}

impl<R: Read> PacketSource for Reader<R> {
    type Error = ReadError;

    fn about(&self) -> About {
        About { format: self.format(), link_types: self.link_types.clone(), digits: self.digits }
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        loop {
            if let Some(problem) = self.notes.next() {
                return Ok(Some(Item::Problem(problem)));
            }
            if let Some(place) = self.plain() {
                return Ok(Some(Item::Packet(self.packet(place))));
            }
            match self.step()? {
                Step::Packet(place) => return Ok(Some(Item::Packet(self.packet(place)))),
                Step::Secrets(place) if self.give_secrets => {
                    self.mend_secrets(&place);
                    let bytes = self.window.bytes(place);
                    return Ok(Some(Item::Secrets(std::str::from_utf8(bytes).unwrap_or(&self.secrets))));
                }
                Step::NewLink(link) => self.new_link(link),
                Step::Lost => self.packets = self.packets.saturating_add(1),
                Step::Secrets(_) | Step::Nothing => {}
                Step::End if matches!(self.state, State::Over) => return Ok(None),
                Step::End => self.end(),
            }
        }
    }
}

/// Whether a file that begins so is a capture, uncompressed. Four bytes suffice.
pub fn is_capture(head: &[u8]) -> bool {
    sniff::magic(head).is_some()
}

/// Walks a whole capture for the key logs embedded in it, so that one at the end opens the packets
/// before it. Costs little for a pcap, which has none; of at most 64 MiB of text, the rest is left out.
///
/// # Errors
/// As reading the capture would.
pub fn prescan_secrets(read: impl Read) -> Result<Vec<String>, ReadError> {
    let mut reader = Reader::new(read);
    let mut found = Vec::new();
    let mut room = MAX_SECRETS;
    while let Some(item) = reader.next()? {
        if let Item::Secrets(text) = item
            && text.len() <= room
        {
            room -= text.len();
            found.push(text.to_owned());
        }
        if reader.format != Some("pcapng") {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{self, items, packets, problems};
    use super::*;
    use crate::capture::sniff::Order;

    fn error(bytes: &[u8]) -> String {
        Reader::new(bytes).next().expect_err("no capture").to_string()
    }

    #[test]
    fn no_bytes_are_a_problem_and_not_an_error() {
        assert_eq!(items(b""), ["problem empty-capture"]);
    }

    #[test]
    fn what_is_no_capture_is_told_with_a_hint() {
        assert!(error(b"-----BEGIN CERTIFICATE-----").starts_with("not a capture: it is PEM"));
        assert!(error(b"x").starts_with("not a capture:"));
        assert!(error(b"\x0a\x0d\x0d\x0a0123456789abcdef").starts_with("not a capture:"));
        assert!(error(&[0x1f, 0x8b, 8, 0, 0, 0]).contains("cannot be unpacked"));
    }

    #[test]
    fn a_capture_cut_inside_its_compression_keeps_its_packets() {
        let mut file = testing::Pcap::new(Order::Little, false, false);
        for number in 0..6_000_u32 {
            file.packet(number, 0, &number.wrapping_mul(2_654_435_761).to_be_bytes().repeat(9), 36);
        }
        let packed = ruzstd::encoding::compress_to_vec(&file.bytes[..], ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(packets(&packed).len(), 6_000);
        let cut = &packed[..packed.len() - 10];
        assert!(packets(cut).len() > 4_000);
        assert!(problems(cut).contains(&"compressed-data-damaged"));
        let mut reader = Reader::new(&b"\x1f\x8b\x08"[..]);
        assert!(matches!(reader.next(), Err(ReadError::NotACapture { .. })));
    }

    #[test]
    fn totals_are_those_of_the_packets() {
        let mut file = testing::Pcap::new(Order::Little, false, false);
        file.packet(7, 5, b"abc", 60).packet(6, 0, b"de", 2);
        let mut reader = Reader::new(&file.bytes[..]);
        while reader.next().expect("a capture").is_some() {}
        assert_eq!((reader.format(), reader.packets(), reader.bytes(), reader.digits()), ("pcap", 2, 5, 6));
        assert_eq!(reader.first(), Some(Timestamp::from_secs(6)));
        assert_eq!(reader.last(), Some(Timestamp(7_000_005_000)));
        assert_eq!(reader.link_types(), [LinkType(1)]);
    }

    #[test]
    fn a_prescan_finds_key_logs_behind_the_packets() {
        let mut file = testing::Pcapng::new(Order::Little);
        file.interface(1, &[]).packet(0, 1, b"abc", 3).secrets(b"CLIENT_RANDOM a b\n").secrets(b"\xffx");
        assert_eq!(prescan_secrets(&file.bytes[..]).expect("a capture"), ["CLIENT_RANDOM a b\n", "\u{fffd}x"]);
        assert_eq!(items(&file.bytes), ["packet 1", "secrets 18", "secrets 4"]);
        let mut reader = Reader::new(&file.bytes[..]).without_secrets();
        assert!(matches!(reader.next(), Ok(Some(Item::Packet(_)))));
        assert!(matches!(reader.next(), Ok(None)));
    }

    fn sample(pcapng: bool, order: Order) -> Vec<u8> {
        if pcapng {
            let mut file = testing::Pcapng::new(order);
            file.interface(1, &[(9, &[9])]).packet(0, 1, b"abcdefgh", 9).simple(b"abc").interface(276, &[]);
            file.packet(1, 2, &[7; 100], 100).secrets(b"CLIENT_RANDOM a b\n").packet(0, 9, b"x", 1);
            file.bytes
        } else {
            let mut file = testing::Pcap::new(order, false, false);
            file.packet(1, 0, b"abcdefgh", 9).packet(2, 0, &[7; 100], 100).packet(3, 0, b"x", 1);
            file.bytes
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_run_for_ever(
            pcapng in any::<bool>(),
            big in any::<bool>(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut in any::<prop::sample::Index>(),
            insert in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let mut bytes = sample(pcapng, if big { Order::Big } else { Order::Little });
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let at = cut.index(bytes.len());
            bytes.splice(at..at, insert);
            let mut reader = Reader::new(&bytes[..]);
            let mut steps = 0;
            let mut expected = 1;
            while let Ok(Some(item)) = reader.next() {
                if let Item::Packet(packet) = item {
                    prop_assert!(packet.no.0 >= expected);
                    expected = packet.no.0 + 1;
                    prop_assert!(packet.wire_len as usize >= packet.data.len());
                }
                steps += 1;
                prop_assert!(steps < 1_000);
            }
        }

        #[test]
        fn an_ordinary_packet_is_read_as_any_other(
            pcapng in any::<bool>(),
            big in any::<bool>(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        ) {
            let mut bytes = sample(pcapng, if big { Order::Big } else { Order::Little });
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let (mut reader, mut other) = (Reader::new(&bytes[..]), Reader::new(&bytes[..]));
            for _ in 0..100 {
                let found = reader.plain().map_or_else(|| reader.step(), |place| Ok(Step::Packet(place)));
                let expected = other.step();
                prop_assert_eq!(format!("{found:?}"), format!("{expected:?}"));
                prop_assert_eq!(reader.window.position(), other.window.position());
                if matches!(expected, Err(_) | Ok(Step::End)) {
                    break;
                }
            }
        }

        #[test]
        fn arbitrary_bytes_behind_a_magic_are_survived(
            start in 0_usize..3,
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let heads = [&[0xd4, 0xc3, 0xb2, 0xa1][..], &[0x0a, 0x0d, 0x0d, 0x0a][..], &[0x28, 0xb5, 0x2f, 0xfd][..]];
            let all = [heads[start], &bytes[..]].concat();
            let mut reader = Reader::new(&all[..]);
            let mut steps = 0;
            while let Ok(Some(_)) = reader.next() {
                steps += 1;
                prop_assert!(steps < 1_000);
            }
        }
    }
}

//! A network interface as a source of packets, through libpcap.

use std::time::Duration;

use pcap::{Active, Capture, Error as PcapError};

use crate::capture::{About, Item, LinkType, Packet, PacketSource};
use crate::error::Error;
use crate::seen::PacketNo;
use crate::source::follow::{Pace, TICK, instant};
use crate::source::{Facts, Ongoing, interfaces};
use crate::time::Timestamp;

/// How often the counters of lost packets are asked for.
const COUNT_EVERY: Duration = Duration::from_millis(500);
/// How long the kernel may gather packets before it hands them on, in milliseconds.
const GATHER: i32 = 10;
/// Timestamps to the nanosecond where libpcap can be relied on to have them.
const NANOSECONDS: bool = cfg!(target_os = "linux");

/// What to capture, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the interface; `any` is all of them.
    pub interface: String,
    /// Capture filter in the language of pcap-filter(7).
    pub filter: Option<String>,
    /// How many bytes of each packet are kept.
    pub snaplen: u32,
    /// The kernel's buffer, in bytes.
    pub buffer: u32,
    /// Also take packets that are not for this host.
    pub promiscuous: bool,
}

/// An open interface.
pub struct Device {
    name: String,
    capture: Capture<Active>,
    link: LinkType,
    buffer: Vec<u8>,
    facts: Facts,
    pace: Pace,
    counted: std::time::Instant,
    losses: Losses,
}

/// How many packets were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// For want of room in the kernel's buffer.
    pub kernel: u64,
    /// By the interface or its driver.
    pub interface: u64,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("link", &self.link).field("losses", &self.losses).finish_non_exhaustive()
    }
}

impl Device {
    /// Opens an interface. From now on packets are captured.
    ///
    /// # Errors
    /// When there is no such interface, no right to capture, or the filter is wrong.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        let filter = settings.filter.as_deref().unwrap_or_default();
        check_filter(filter)?;
        let failed = |error: PcapError| failure(&settings.interface, &error);
        let inactive = Capture::from_device(settings.interface.as_str())
            .map_err(failed)?
            .snaplen(i32::try_from(settings.snaplen).unwrap_or(i32::MAX))
            .buffer_size(i32::try_from(settings.buffer).unwrap_or(i32::MAX))
            .promisc(settings.promiscuous)
            .timeout(GATHER);
        let inactive = if NANOSECONDS { inactive.precision(pcap::Precision::Nano) } else { inactive };
        let mut capture = inactive.open().map_err(failed)?.setnonblock().map_err(failed)?;
        if !filter.is_empty() {
            capture.filter(filter, true).map_err(|error| Error::Filter { hint: words(&error) })?;
        }
        let link = LinkType(u32::try_from(capture.get_datalink().0).unwrap_or_default());
        let digits = if NANOSECONDS { 9 } else { 6 };
        let facts = Facts { format: "live", link_types: vec![link], digits, ..Facts::default() };
        let (buffer, counted) = (Vec::new(), instant());
        let name = settings.interface.clone();
        Ok(Self { name, capture, link, buffer, facts, pace: Pace::default(), counted, losses: Losses::default() })
    }

    /// The interface's link type.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// What was lost so far, as of the last count.
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// Counts what was lost; returns how many packets more than before.
    pub fn count_losses(&mut self) -> u64 {
        self.counted = instant();
        let Ok(stats) = self.capture.stats() else { return 0 };
        let losses = Losses { kernel: u64::from(stats.dropped), interface: u64::from(stats.if_dropped) };
        let more =
            losses.kernel.saturating_sub(self.losses.kernel) + losses.interface.saturating_sub(self.losses.interface);
        self.losses = losses;
        more
    }

    /// Takes the next packet into the buffer; `None` where there is none now.
    fn fetch(&mut self) -> Result<Option<(Timestamp, u32)>, PcapError> {
        match self.capture.next_packet() {
            Ok(packet) => {
                let stamp = packet.header.ts;
                let time = nanoseconds(stamp.tv_sec, stamp.tv_usec);
                // Copied, because the kernel's place is free for the next packet after this.
                self.buffer.clear();
                self.buffer.extend_from_slice(packet.data);
                Ok(Some((time, packet.header.len)))
            }
            Err(PcapError::TimeoutExpired | PcapError::NoMorePackets) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits a little for packets.
    fn wait(&self) {
        wait_for(&self.capture);
    }

    fn count(&mut self, time: Timestamp) {
        self.pace.packet(time);
        self.facts.packets += 1;
        self.facts.bytes += self.buffer.len() as u64;
        let (first, last) = self.facts.span.unwrap_or((time, time));
        self.facts.span = Some((first.min(time), last.max(time)));
    }
}

/// The two halves of a timestamp as libpcap gives them; their types differ from system to system.
fn nanoseconds(seconds: impl TryInto<i64>, fraction: impl TryInto<i64>) -> Timestamp {
    let unit = if NANOSECONDS { 1 } else { 1_000 };
    let fraction = fraction.try_into().unwrap_or_default().saturating_mul(unit);
    Timestamp(seconds.try_into().unwrap_or_default().saturating_mul(1_000_000_000).saturating_add(fraction))
}

#[cfg(unix)]
fn wait_for(capture: &Capture<Active>) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let patience = Timespec { tv_sec: 0, tv_nsec: i64::try_from(TICK.as_nanos()).unwrap_or(20_000_000) };
    // A signal that interrupts it is seen by whoever asks next.
    if poll(&mut [PollFd::new(capture, PollFlags::IN)], Some(&patience)).is_err() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(not(unix))]
fn wait_for(_: &Capture<Active>) {
    std::thread::sleep(Duration::from_millis(5));
}

impl Ongoing for Device {
    fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl PacketSource for Device {
    type Error = Error;

    fn about(&self) -> About {
        self.facts.about()
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if instant().saturating_duration_since(self.counted) >= COUNT_EVERY {
            let lost = self.count_losses();
            if lost > 0 {
                return Ok(Some(Item::Dropped(lost)));
            }
        }
        let mut fetched = self.fetch();
        if matches!(fetched, Ok(None)) {
            self.wait();
            fetched = self.fetch();
        }
        match fetched {
            Ok(Some((time, wire_len))) => {
                self.count(time);
                let no = PacketNo(self.facts.packets);
                Ok(Some(Item::Packet(Packet { no, time, link: self.link, data: &self.buffer, wire_len })))
            }
            Ok(None) => Ok(Some(Item::Clock(self.pace.now(Duration::MAX)))),
            Err(error) => Err(Error::Device { name: self.name.clone(), hint: words(&error) }),
        }
    }
}

/// Why an interface could not be opened.
fn failure(interface: &str, error: &PcapError) -> Error {
    let text = words(error);
    let lower = text.to_ascii_lowercase();
    let name = interface.to_owned();
    if lower.contains("permission") || lower.contains("not permitted") {
        return not_permitted(interface);
    }
    if lower.contains("no such device") || lower.contains("not found") {
        let known = interfaces::list().unwrap_or_default();
        let names: Vec<String> = known.into_iter().map(|found| found.name).collect();
        let hint = format!("there is no such interface; there are {}", names.join(", "));
        return Error::Device { name, hint };
    }
    if lower.contains("is not up") || lower.contains("network is down") {
        return Error::Device { name, hint: "it is down; bring it up (`ip link set dev NAME up`)".to_owned() };
    }
    Error::Device { name, hint: text }
}

/// Says how to get the right to capture with this very program.
pub(super) fn not_permitted(interface: &str) -> Error {
    let program = std::env::current_exe().map_or_else(|_| "tlswhy".to_owned(), |path| path.display().to_string());
    let program = quoted(&program);
    let setcap = if cfg!(target_os = "linux") {
        format!("sudo setcap cap_net_raw+ep {program}")
    } else {
        "sudo chmod g+rw /dev/bpf*".to_owned()
    };
    let sudo = format!("sudo {program} live -i {}", quoted(interface));
    Error::NotPermitted { name: interface.to_owned(), setcap, sudo }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What libpcap says, as one line.
fn words(error: &PcapError) -> String {
    let text = match error {
        PcapError::PcapError(text) => text.clone(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks the grammar of a filter, without any interface.
///
/// # Errors
/// When it breaks, with the place.
pub fn check_filter(filter: &str) -> Result<(), Error> {
    if filter.trim().is_empty() {
        return Ok(());
    }
    let Err(why) = compiles(filter) else { return Ok(()) };
    // What libpcap says of meaning (an unknown host or protocol) names the word; what it says of grammar
    // does not.
    if !why.contains("syntax error") {
        // It may have a meaning for another link type than Ethernet; the interface decides.
        return if why.contains("link") { Ok(()) } else { Err(Error::Filter { hint: why }) };
    }
    Err(Error::Filter { hint: pointed(filter) })
}

fn compiles(filter: &str) -> Result<(), String> {
    let dead = Capture::dead(pcap::Linktype::ETHERNET).map_err(|error| words(&error))?;
    dead.compile(filter, true).map(drop).map_err(|error| words(&error))
}

/// Where the grammar of a filter breaks: the first word that no continuation can mend.
fn pointed(filter: &str) -> String {
    let tokens = tokens(filter);
    let broken = tokens.iter().find(|(_, end)| !can_go_on(filter.get(..*end).unwrap_or(filter)));
    match broken {
        Some((start, end)) => {
            let word = filter.get(*start..*end).unwrap_or_default();
            let place = filter.get(..*start).unwrap_or_default().chars().count() + 1;
            format!(
                "it breaks at character {place}, at `{word}`: {} >>> {word}",
                filter.get(..*start).unwrap_or_default().trim_end()
            )
        }
        None => format!("something is missing at its end: {filter} >>>"),
    }
}

/// Whether some continuation makes this the beginning of a filter.
fn can_go_on(head: &str) -> bool {
    const TAILS: [&str; 12] = [
        "",
        "tcp",
        "port 1",
        "1",
        "1.1.1.1",
        "host 1.1.1.1",
        "00:00:00:00:00:00",
        "= 1",
        "1 = 1",
        "0] = 1",
        "] = 1",
        "/8",
    ];
    let open = head.matches('(').count().saturating_sub(head.matches(')').count());
    TAILS.iter().any(|tail| compiles(&format!("{head} {tail}{}", ")".repeat(open.min(64)))).is_ok())
}

/// Words and signs, with their places.
fn tokens(filter: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut in_word = false;
    for (at, c) in filter.char_indices() {
        let is_word = c.is_alphanumeric() || "._-:/\\".contains(c);
        match found.last_mut() {
            Some(last) if is_word && in_word => last.1 = at + c.len_utf8(),
            _ if !c.is_whitespace() => found.push((at, at + c.len_utf8())),
            _ => {}
        }
        in_word = is_word;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(filter: &str) -> String {
        check_filter(filter).expect_err("a wrong filter").to_string()
    }

    #[test]
    fn a_filter_that_breaks_is_pointed_at() {
        assert!(check_filter("tcp port 443 and (host 10.0.0.1 or net 10.0.0.0/8)").is_ok());
        assert!(check_filter("tcp[tcpflags] & tcp-syn != 0").is_ok());
        assert!(check_filter(" ").is_ok());
        assert!(
            hint("tcp port 443 annd host 10.0.0.1").contains("at character 14, at `annd`"),
            "{}",
            hint("tcp port 443 annd host 10.0.0.1")
        );
        assert!(
            hint("(tcp port 443 or ) udp").contains("at character 18, at `)`"),
            "{}",
            hint("(tcp port 443 or ) udp")
        );
        assert!(hint("tcp port 443 and").contains("missing at its end"), "{}", hint("tcp port 443 and"));
    }

    #[test]
    fn the_way_to_permission_names_this_program() {
        let text = not_permitted("eth 0").to_string();
        assert!(text.contains("live -i 'eth 0'") && !text.contains('\n'), "{text}");
        assert!(text.contains(&std::env::current_exe().expect("a path").display().to_string()), "{text}");
    }
}

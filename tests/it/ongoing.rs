//! A source that has not ended against the same one that has: time passing between the packets, keys that come behind
//! them, and verdicts told early must not change what is said in the end.

use std::fs;
use std::path::{Path, PathBuf};

use tlswhy::capture::{Item, LinkType, Packet, PacketSource, Reader, prescan_secrets};
use tlswhy::cause::{Cause, Confidence};
use tlswhy::diagnosis::diagnosis::Diagnosis;
use tlswhy::engine::{Engine, Input, Limits, Options, SessionEvent};
use tlswhy::seen::PacketNo;
use tlswhy::time::Timestamp;

const TICK: i64 = 20_000_000;

#[derive(Debug)]
struct Verdict {
    early: bool,
    first_packet: u64,
    at: Timestamp,
    diagnosis: Diagnosis,
}

struct Capture {
    packets: Vec<(Timestamp, LinkType, Vec<u8>, u32)>,
    secrets: Vec<String>,
}

impl Capture {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).expect("a fixture");
        let mut secrets = prescan_secrets(&bytes[..]).expect("a capture");
        secrets.extend(fs::read_to_string(path.with_extension("keys")).ok());
        let mut reader = Reader::new(&bytes[..]).without_secrets();
        let mut packets = Vec::new();
        while let Some(item) = reader.next().expect("a capture") {
            if let Item::Packet(packet) = item {
                packets.push((packet.time, packet.link, packet.data.to_vec(), packet.wire_len));
            }
        }
        Self { packets, secrets }
    }

    fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        self.packets.iter().zip(1..).map(|((time, link, data, wire_len), no)| Packet {
            no: PacketNo(no),
            time: *time,
            link: *link,
            data,
            wire_len: *wire_len,
        })
    }
}

fn drain(engine: &mut Engine, at: Timestamp, verdicts: &mut Vec<Verdict>) {
    while let Some(event) = engine.poll() {
        let (early, judged) = match event {
            SessionEvent::Updated(judged) => (true, judged),
            SessionEvent::Closed(judged) => (false, judged),
        };
        let first_packet = judged.session.first.packet.0;
        verdicts.push(Verdict { early, first_packet, at, diagnosis: judged.diagnosis });
    }
}

fn ended(capture: &Capture) -> Vec<Verdict> {
    let mut engine = Engine::new(Options::default());
    capture.secrets.iter().for_each(|text| engine.handle(Input::Secrets(text)));
    capture.packets().for_each(|packet| engine.handle(Input::Packet(packet)));
    engine.finish();
    let mut verdicts = Vec::new();
    drain(&mut engine, Timestamp::default(), &mut verdicts);
    verdicts
}

fn ongoing(capture: &Capture, keys_first: bool, goes_on: bool) -> Vec<Verdict> {
    let limits = Limits { replay: 1 << 20, ..Limits::default() };
    let mut engine = Engine::new(Options { limits, live: true, ..Options::default() });
    let mut verdicts = Vec::new();
    let keys = |engine: &mut Engine| {
        // Line by line, as they are written.
        for line in capture.secrets.iter().flat_map(|text| text.lines()) {
            engine.handle(Input::Secrets(line));
        }
    };
    if keys_first {
        keys(&mut engine);
    }
    let mut now = Timestamp::default();
    for packet in capture.packets() {
        // In a long silence, its beginning.
        for _ in 0..1_000 {
            let next = Timestamp(now.0 + TICK);
            if now == Timestamp::default() || next >= packet.time {
                break;
            }
            now = next;
            engine.handle(Input::Clock(now));
            drain(&mut engine, now, &mut verdicts);
        }
        now = now.max(packet.time);
        engine.handle(Input::Packet(packet));
        drain(&mut engine, now, &mut verdicts);
    }
    if !keys_first {
        keys(&mut engine);
    }
    if goes_on {
        // What has ended is told.
        for _ in 0..10 {
            now = Timestamp(now.0 + TICK);
            engine.handle(Input::Clock(now));
            drain(&mut engine, now, &mut verdicts);
        }
    }
    engine.finish();
    drain(&mut engine, now, &mut verdicts);
    verdicts
}

pub(crate) fn fixtures() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "pcapng" || ending == "pcap") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// By the first packet: sessions are numbered as they are told.
fn finally(mut verdicts: Vec<Verdict>) -> Vec<String> {
    verdicts.retain(|verdict| !verdict.early);
    verdicts.sort_by_key(|verdict| verdict.first_packet);
    verdicts.iter().map(|verdict| format!("{:?}", verdict.diagnosis)).collect()
}

#[test]
fn time_that_passes_between_the_packets_changes_no_verdict() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 50);
    for path in fixtures {
        let capture = Capture::read(&path);
        assert_eq!(finally(ongoing(&capture, true, false)), finally(ended(&capture)), "{}", path.display());
    }
}

#[test]
fn keys_behind_the_packets_open_what_keys_ahead_of_them_open() {
    for path in fixtures() {
        let capture = Capture::read(&path);
        // Sessions that are over before the keys come have to be judged without them.
        let spans_little = capture
            .packets
            .last()
            .zip(capture.packets.first())
            .is_some_and(|(last, first)| last.0.since(first.0).0 < 2_000_000_000);
        if capture.secrets.is_empty() || !spans_little {
            continue;
        }
        assert_eq!(finally(ongoing(&capture, false, false)), finally(ended(&capture)), "{}", path.display());
    }
}

#[test]
fn a_verdict_told_early_is_the_one_that_is_told_in_the_end() {
    let mut told_early = 0;
    let mut wrong = Vec::new();
    for path in fixtures() {
        let verdicts = ongoing(&Capture::read(&path), true, true);
        for end in verdicts.iter().filter(|verdict| !verdict.early) {
            let mut before = verdicts.iter().filter(|v| v.early && v.first_packet == end.first_packet);
            let Some(last) = before.next_back() else { continue };
            told_early += 1;
            // Silence may be broken; what was certain stands.
            if last.diagnosis.cause != end.diagnosis.cause && last.diagnosis.confidence == Confidence::Certain {
                let (early, late) = (last.diagnosis.cause, end.diagnosis.cause);
                wrong.push(format!("{}: {early} at {:?}, then {late}", path.display(), last.at));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(told_early > 20, "{told_early}");
}

/// The same capture, then nothing but time.
fn silence_after(capture: &Capture, packets: usize, seconds: i64, dropped: bool) -> Vec<Verdict> {
    let mut engine = Engine::new(Options { live: true, ..Options::default() });
    let mut now = Timestamp::default();
    for packet in capture.packets().take(packets) {
        now = packet.time;
        engine.handle(Input::Packet(packet));
    }
    if dropped {
        engine.handle(Input::Dropped(7));
        assert_eq!(engine.poll_problem().expect("a problem").code, "packets-dropped");
    }
    let mut verdicts = Vec::new();
    for _ in 0..seconds * 1_000_000_000 / TICK {
        now = Timestamp(now.0 + TICK);
        engine.handle(Input::Clock(now));
        drain(&mut engine, now, &mut verdicts);
    }
    verdicts
}

/// A capture that begins with a SYN, and the place of its ClientHello.
fn some_handshake() -> (Capture, usize) {
    let name = "fixtures/client-cert-missing/openssl-openssl-tls12.pcapng";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let capture = Capture::read(&path);
    let hello = capture
        .packets
        .iter()
        .position(|(_, _, data, _)| data.windows(6).any(|w| w[0] == 22 && w[1] == 3 && w[5] == 1));
    (capture, hello.expect("a ClientHello"))
}

#[test]
fn silence_is_told_while_it_lasts_and_only_once() {
    let (capture, hello) = some_handshake();
    let asked = silence_after(&capture, 1, 5, false);
    assert_eq!(asked.iter().map(|v| v.diagnosis.cause).collect::<Vec<_>>(), [Cause::TcpNoAnswer]);
    let sent = silence_after(&capture, hello + 1, 20, false);
    assert_eq!(sent.iter().map(|v| v.diagnosis.cause).collect::<Vec<_>>(), [Cause::ServerSilent]);
    let waited = sent[0].at.since(capture.packets[hello].0).as_secs_f64();
    assert!((3.0..3.1).contains(&waited), "{waited}");
}

#[test]
fn lost_packets_lower_what_rests_on_absence() {
    let (capture, hello) = some_handshake();
    let sure = |dropped| {
        let mut engine = Engine::new(Options::default());
        capture.packets().take(hello + 1).for_each(|packet| engine.handle(Input::Packet(packet)));
        if dropped {
            engine.handle(Input::Dropped(1));
        }
        engine.handle(Input::Clock(Timestamp(capture.packets[hello].0.0 + 5_000_000_000)));
        engine.finish();
        let Some(SessionEvent::Closed(judged)) = engine.poll() else { panic!("no session") };
        (judged.session.may_miss_packets, judged.diagnosis.confidence)
    };
    assert!(!sure(false).0 && sure(true).0);
    assert!(sure(true).1 <= Confidence::Likely);
}

//! Metamorphic tests: what a capture looks like, apart from what happened, changes no diagnosis; and less
//! evidence may lower a confidence, but never makes another cause certain.

use tlswhy::capture::{LinkType, Packet};
use tlswhy::cause::{Cause, Confidence};
use tlswhy::decrypt::KeyRing;
use tlswhy::engine::{Engine, Input, Judged, Options, SessionEvent};
use tlswhy::role::Side;
use tlswhy::seen::PacketNo;
use tlswhy::time::Timestamp;

use crate::fixture::{self, Dice, Fixture};
use crate::frames::{self, Frame, Tunnel};

/// What must not differ: for each session that is no noise, its ports, cause, confidence and side.
type Verdicts = Vec<(Option<u16>, Cause, Confidence, Side)>;

/// Fixtures that a transformation makes into another story, and why.
const OTHER_STORIES: &[(&str, &str, &str)] = &[
    ("path-mtu-blackhole/", "recut", "small segments pass where large ones are lost: the sizes are the evidence"),
    ("path-mtu-blackhole/", "reorder", "it is cut anew before"),
    ("path-mtu-blackhole/", "overlap", "a retransmission that is longer is another one"),
];

fn verdicts(sessions: &[Judged]) -> Verdicts {
    let verdict = |judged: &Judged| {
        let diagnosis = &judged.diagnosis;
        (judged.session.client.port, diagnosis.cause, diagnosis.confidence, diagnosis.side)
    };
    sessions.iter().map(verdict).collect()
}

/// One packet at a time; with `ticks`, as a live source does: the clock goes on between packets.
fn judge(frames: &[Frame], keys: Option<&str>, ticks: bool) -> Vec<Judged> {
    let mut ring = KeyRing::default();
    ring.add_log(keys.unwrap_or_default());
    let mut engine = Engine::new(Options { keys: ring, ..Options::default() });
    let mut sessions = Vec::new();
    let mut drain = |engine: &mut Engine| {
        while let Some(SessionEvent::Closed(judged)) = engine.poll() {
            sessions.push(*judged);
        }
    };
    for (no, frame) in (1..).zip(frames) {
        let length = u32::try_from(frame.data.len()).expect("a length");
        if ticks {
            engine.handle(Input::Clock(Timestamp(frame.time - 1)));
            drain(&mut engine);
        }
        engine.handle(Input::Packet(Packet {
            no: PacketNo(no),
            time: Timestamp(frame.time),
            link: LinkType(1),
            data: &frame.data,
            wire_len: length + frame.missing,
        }));
        drain(&mut engine);
    }
    engine.finish();
    drain(&mut engine);
    sessions.sort_by_key(|judged| (judged.session.first.packet, judged.session.id));
    sessions
}

/// Applies `change` to every fixture, with and without keys, and insists on the same verdicts.
fn same_after(name: &str, change: impl Fn(&Fixture, &[Frame], &mut Dice) -> Option<Vec<Frame>>) {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (seed, fixture) in (1..).zip(fixture::all()) {
        let excused = |(prefix, what, _): &(&str, &str, &str)| fixture.name.starts_with(prefix) && *what == name;
        if OTHER_STORIES.iter().any(excused) {
            continue;
        }
        let before = frames::read(&fixture.capture);
        let Some(after) = change(&fixture, &before, &mut Dice::new(seed)) else { continue };
        for keys in fixture.views() {
            let expected = verdicts(&fixture.judged(keys));
            let found = verdicts(&judge(&after, keys, false));
            compared += 1;
            // There may be another session between.
            let differs = expected.iter().find(|verdict| !found.contains(verdict));
            if differs.is_some() || (name != "a second session" && expected.len() != found.len()) {
                let keys = if keys.is_some() { "keys" } else { "no keys" };
                wrong.push(format!("{} ({keys}):\n  before {expected:?}\n  after  {found:?}", fixture.name));
            }
        }
    }
    assert!(compared > 100, "{name}: nothing was compared");
    assert!(wrong.is_empty(), "{name}: {} verdicts differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn segments_cut_at_other_bytes() {
    same_after("recut", |_, frames, dice| Some(frames::recut(frames, dice)));
}

#[test]
fn segments_seen_twice() {
    same_after("duplicate", |_, frames, dice| Some(frames::duplicate(frames, dice)));
}

#[test]
fn segments_of_a_flight_in_another_order() {
    same_after("reorder", |_, frames, dice| Some(frames::reorder(frames, dice)));
}

#[test]
fn segments_that_overlap() {
    same_after("overlap", |_, frames, dice| Some(frames::overlap(frames, dice)));
}

#[test]
fn a_vlan() {
    same_after("vlan", |_, frames, _| Some(frames::wrap(frames, Tunnel::Vlan)));
}

#[test]
fn a_vxlan_tunnel() {
    same_after("vxlan", |_, frames, _| Some(frames::wrap(frames, Tunnel::Vxlan)));
}

#[test]
fn a_gre_tunnel() {
    // Without an IP header there is nothing that could travel in GRE as it is.
    let is_ip = |frame: &Frame| matches!(frame.data.get(12..14), Some([0x08, 0x00] | [0x86, 0xdd]));
    same_after("gre", |_, frames, _| frames.iter().all(is_ip).then(|| frames::wrap(frames, Tunnel::Gre)));
}

#[test]
fn a_second_session_between() {
    let other = fixture::all().into_iter().find(|fixture| fixture.name == "none/openssl-openssl-tls12-mtls");
    let other = frames::read(&other.expect("the other session").capture);
    same_after("a second session", |_, frames, _| Some(frames::interleave(frames, &other)));
}

#[test]
fn packet_by_packet_with_a_clock() {
    let mut wrong = Vec::new();
    for fixture in fixture::all() {
        let frames = frames::read(&fixture.capture);
        for keys in fixture.views() {
            let expected = verdicts(&fixture.judged(keys));
            let found = verdicts(&judge(&frames, keys, true));
            if expected != found {
                wrong.push(format!("{}:\n  before {expected:?}\n  after  {found:?}", fixture.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_other_file_format() {
    for fixture in fixture::all() {
        let frames = frames::read(&fixture.capture);
        let keys = fixture.keys.as_deref();
        let expected = verdicts(&fixture.judged(keys));
        for file in [frames::pcap(&frames), frames::pcapng(&frames)] {
            assert_eq!(verdicts(&fixture::judged(&file, keys)), expected, "{}", fixture.name);
        }
    }
}

/// The causes that are certain, by client's port.
fn certain(verdicts: &Verdicts) -> impl Iterator<Item = (Option<u16>, Cause)> {
    let certain = |(_, cause, confidence, _): &&(Option<u16>, Cause, Confidence, Side)| {
        // That the capture has holes is true of what was cut.
        *confidence == Confidence::Certain && *cause != Cause::CaptureIncomplete
    };
    verdicts.iter().filter(certain).map(|(port, cause, ..)| (*port, *cause))
}

/// Certainties of `found` that the whole capture does not share.
fn other_certainties(whole: &Verdicts, found: &Verdicts) -> Vec<String> {
    let mut wrong = Vec::new();
    for (port, cause) in certain(found) {
        // Several attempts may come from one port.
        let known: Vec<Cause> =
            whole.iter().filter(|(other, ..)| *other == port).map(|(_, cause, ..)| *cause).collect();
        if !known.contains(&cause) {
            wrong.push(format!("certain of {cause}, where the whole says {known:?}"));
        }
    }
    wrong
}

/// Fixtures whose captures tell another story, truly, when they begin later.
const OTHER_BEGINNINGS: &[(&str, &str)] = &[(
    "proxy-header-unexpected/",
    "what is left is a ClientHello that was answered in plaintext: the header that explains it is cut off",
)];

#[test]
fn without_keys_no_other_cause_is_certain() {
    for fixture in fixture::all().iter().filter(|fixture| fixture.keys.is_some()) {
        let whole = verdicts(&fixture.judged(fixture.keys.as_deref()));
        let wrong = other_certainties(&whole, &verdicts(&fixture.judged(None)));
        assert!(wrong.is_empty(), "{}: {}", fixture.name, wrong.join("; "));
    }
}

/// A part of each capture, for each of its packets.
fn parts_of_captures(part: impl Fn(&[Frame], usize) -> &[Frame], excused: impl Fn(&Fixture) -> bool) {
    let mut wrong = Vec::new();
    for fixture in fixture::all().iter().filter(|fixture| !excused(fixture)) {
        let frames = frames::read(&fixture.capture);
        let keys = fixture.keys.as_deref();
        let whole = verdicts(&fixture.judged(keys));
        for at in 1..frames.len() {
            let found = verdicts(&judge(part(&frames, at), keys, false));
            let place = format!("{} at packet {at} of {}", fixture.name, frames.len());
            wrong.extend(other_certainties(&whole, &found).iter().map(|what| format!("{place}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn cut_short_no_other_cause_is_certain() {
    parts_of_captures(|frames, at| &frames[..at], |_| false);
}

#[test]
fn begun_late_no_other_cause_is_certain() {
    let excused = |fixture: &Fixture| OTHER_BEGINNINGS.iter().any(|(prefix, _)| fixture.name.starts_with(prefix));
    parts_of_captures(|frames, at| &frames[at..], excused);
}

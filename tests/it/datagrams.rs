//! DTLS, QUIC and EAP through the whole engine: what is done to the packets on their way must not change what is
//! said of them, and what is none of these leaves nothing behind.

use std::fs;

use proptest::prelude::*;
use tlswhy::capture::{LinkType, Packet};
use tlswhy::carrier::radius;
use tlswhy::cause::Cause;
use tlswhy::engine::{Engine, Input, Judged, Limits, Options, SessionEvent};
use tlswhy::seen::PacketNo;
use tlswhy::session::{Address, Transport};
use tlswhy::time::Timestamp;

/// An Ethernet frame and its time in nanoseconds.
type Frame = (i64, Vec<u8>);

/// Where UDP's payload begins in an Ethernet frame with IPv4 without options.
const UDP: usize = 14 + 20 + 8;

fn fixture(name: &str) -> Vec<Frame> {
    let bytes = fs::read(format!("{}/fixtures/{name}.pcapng", env!("CARGO_MANIFEST_DIR"))).expect("the fixture");
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let mut frames = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if word(at) == 6 {
            let time = i64::from(word(at + 12)) << 32 | i64::from(word(at + 16));
            frames.push((time, bytes[at + 28..at + 28 + word(at + 20) as usize].to_vec()));
        }
        at += word(at + 4) as usize;
    }
    frames
}

fn keys(name: &str) -> String {
    fs::read_to_string(format!("{}/fixtures/{name}.keys", env!("CARGO_MANIFEST_DIR"))).unwrap_or_default()
}

fn run(frames: &[Frame], before: &str, after: &str) -> Vec<Judged> {
    let limits = Limits { replay: 1 << 20, ..Limits::default() };
    let mut engine = Engine::new(Options { limits, ..Options::default() });
    engine.handle(Input::Secrets(before));
    for (no, (time, data)) in (1..).zip(frames) {
        let wire_len = u32::try_from(data.len()).expect("short");
        let time = Timestamp(*time);
        engine.handle(Input::Packet(Packet { no: PacketNo(no), time, wire_len, link: LinkType(1), data }));
    }
    engine.handle(Input::Secrets(after));
    engine.finish();
    let closed = |event| match event {
        SessionEvent::Closed(judged) => *judged,
        SessionEvent::Updated(_) => panic!("the source has ended"),
    };
    std::iter::from_fn(|| engine.poll()).map(closed).collect()
}

fn only(judged: &[Judged]) -> &Judged {
    assert_eq!(judged.len(), 1, "one session");
    &judged[0]
}

/// What must not change.
fn gist(judged: &Judged) -> (Cause, String, usize, bool) {
    let session = &judged.session;
    let certificates = session.certificate.client.is_seen() && session.certificate.server.is_seen();
    (judged.diagnosis.cause, judged.diagnosis.summary.clone(), session.alerts.len(), certificates)
}

const WITH_KEYS: [&str; 8] = [
    "none/openssl-openssl-dtls12-mtls",
    "client-cert-expired/openssl-openssl-dtls12",
    "none/nss-nss-dtls13-mtls",
    "client-cert-missing/nss-nss-dtls13",
    "none/aioquic-aioquic-v1-mtls",
    "none/aioquic-aioquic-v2-retry",
    "client-cert-missing/aioquic-aioquic-v1",
    "client-cert-expired/aioquic-aioquic-v2",
];

const RADIUS: [&str; 4] = [
    "none/eapol_test-hostapd-eap-tls12",
    "client-cert-expired/eapol_test-hostapd-eap-tls12",
    "client-cert-untrusted-ca/eapol_test-hostapd-eap-tls12",
    "server-cert-untrusted-ca/eapol_test-hostapd-ttls-tls12",
];

#[test]
fn keys_that_come_last_tell_the_same() {
    for name in WITH_KEYS {
        let (frames, keys) = (fixture(name), keys(name));
        let first = run(&frames, &keys, "");
        let last = run(&frames, "", &keys);
        assert_eq!(gist(only(&first)), gist(only(&last)), "{name}");
        assert_eq!(first[0].session.timeline.entries.len(), last[0].session.timeline.entries.len(), "{name}");
    }
}

#[test]
fn what_was_signed_and_finished_fits_the_transcript() {
    use tlswhy::session::SignatureCheck;
    for name in ["none/openssl-openssl-dtls12-mtls", "none/nss-nss-dtls13-mtls", "none/aioquic-aioquic-v1-mtls"] {
        let judged = run(&fixture(name), &keys(name), "");
        let session = &only(&judged).session;
        for finished in [&session.finished.client, &session.finished.server] {
            assert_eq!(finished.value().and_then(|finished| finished.verified), Some(true), "{name}");
        }
    }
    // Signatures are checked where somebody refused.
    for name in ["client-cert-expired/openssl-openssl-dtls12", "client-cert-expired/aioquic-aioquic-v2"] {
        let judged = run(&fixture(name), &keys(name), "");
        let verify = &only(&judged).session.certificate_verify_signature;
        let check = verify.client.as_ref().map(|seen| seen.value.clone());
        assert_eq!(check, Some(SignatureCheck::Valid), "{name}");
    }
}

#[test]
fn datagrams_that_come_twice_or_out_of_order_tell_the_same() {
    for name in WITH_KEYS.into_iter().chain(RADIUS) {
        let (frames, keys) = (fixture(name), keys(name));
        let expected = run(&frames, &keys, "");
        // Far enough apart to be a repetition and not the same packet captured twice.
        let twice: Vec<Frame> =
            frames.iter().flat_map(|(time, data)| [(*time, data.clone()), (time + 30_000_000, data.clone())]).collect();
        assert_eq!(gist(only(&run(&twice, &keys, ""))), gist(only(&expected)), "{name} twice");
    }
    let name = "none/openssl-openssl-dtls12-mtls";
    let mut frames = fixture(name);
    let expected = run(&frames, &keys(name), "");
    // The fragments of the server's first flight.
    let flight = frames.iter().position(|(_, data)| data[UDP] == 22 && data[UDP + 13] == 2).expect("ServerHello");
    frames[flight..flight + 4].reverse();
    assert_eq!(gist(only(&run(&frames, &keys(name), ""))), gist(only(&expected)));
}

#[test]
fn a_fragment_missing_from_the_capture_does_not_stop_what_follows() {
    let name = "none/openssl-openssl-dtls12-mtls";
    let mut frames = fixture(name);
    let flight = frames.iter().position(|(_, data)| data[UDP] == 22 && data[UDP + 13] == 2).expect("ServerHello");
    frames.remove(flight + 1);
    let judged = run(&frames, &keys(name), "");
    let session = &only(&judged).session;
    assert!(session.certificate.client.is_seen() && !session.certificate.server.is_seen());
    assert!(session.timeline.entries.iter().any(|entry| entry.name == "Gap"));
    assert_eq!(judged[0].diagnosis.cause, Cause::None);
}

#[test]
fn a_client_that_moves_to_another_port_stays_the_same_connection() {
    for name in ["client-cert-missing/aioquic-aioquic-v1", "none/aioquic-aioquic-v1-mtls"] {
        let mut frames = fixture(name);
        let keys = keys(name);
        let expected = run(&frames, &keys, "");
        let client = frames[0].1[34..36].to_vec();
        let half = frames.len() / 2;
        for (_, data) in &mut frames[half..] {
            let port = if data[34..36] == client { 34 } else { 36 };
            data[port..port + 2].copy_from_slice(&[0x99, 0x99]);
        }
        assert_eq!(gist(only(&run(&frames, &keys, ""))), gist(only(&expected)), "{name}");
    }
}

/// The EAP packets of a RADIUS capture as EAPOL frames between a station and an access point.
fn over_lan(frames: &[Frame], station: [u8; 6], access_point: [u8; 6], group: Option<[u8; 6]>) -> Vec<Frame> {
    let eapol = |(time, data): &Frame| {
        let packet = radius::parse(&data[UDP..])?;
        let to_server = packet.code == radius::Code::Request;
        let (source, peer) = if to_server { (station, access_point) } else { (access_point, station) };
        let length = u16::try_from(packet.eap.len()).ok()?.to_be_bytes();
        let head = [&group.unwrap_or(peer)[..], &source, &[0x88, 0x8e, 2, 0], &length].concat();
        Some((*time, [head, packet.eap, vec![0; 20]].concat()))
    };
    frames.iter().filter_map(eapol).collect()
}

#[test]
fn eap_over_lan_tells_what_eap_in_radius_tells() {
    let (station, access_point) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 9]);
    for name in RADIUS {
        let frames = fixture(name);
        let inside = run(&frames, "", "");
        assert_eq!(only(&inside).session.client.address, Address::Text("02-00-00-00-00-01".to_owned()));
        for group in [None, Some([1, 0x80, 0xc2, 0, 0, 3]), Some([0; 6])] {
            let judged = run(&over_lan(&frames, station, access_point, group), "", "");
            assert_eq!(gist(only(&judged)), gist(&inside[0]), "{name}");
            let session = &judged[0].session;
            assert_eq!(session.transport, Transport::Eap);
            assert_eq!(session.client.address, Address::Mac(station));
            assert_eq!(session.server.address, Address::Mac(access_point));
        }
    }
}

#[test]
fn one_access_point_two_stations_and_the_second_attempt_of_one() {
    let name = "client-cert-expired/eapol_test-hostapd-eap-tls12";
    let one = over_lan(&fixture(name), [2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 9], None);
    let two = over_lan(&fixture("none/eapol_test-hostapd-eap-tls12"), [2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 9], None);
    let mut frames: Vec<Frame> = Vec::new();
    for index in 0..one.len().max(two.len()) {
        frames.extend(one.get(index).cloned());
        frames.extend(two.get(index).cloned());
    }
    frames.extend(one.iter().cloned());
    let mut causes: Vec<&str> = Vec::new();
    let judged = run(&frames, "", "");
    causes.extend(judged.iter().map(|judged| judged.diagnosis.cause.code()));
    causes.sort_unstable();
    assert_eq!(causes, ["client-cert-expired", "client-cert-expired", "none"]);
}

fn udp(payload: &[u8], port: u16) -> Vec<u8> {
    let length = |more: usize| u16::try_from(payload.len() + more).expect("short").to_be_bytes();
    let ip = [&[0x45, 0][..], &length(28), &[0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]].concat();
    let udp = [&port.to_be_bytes()[..], &443_u16.to_be_bytes(), &length(8), &[0, 0]].concat();
    [&[0; 12][..], &[8, 0], &ip, &udp, payload].concat()
}

#[test]
fn other_datagrams_leave_nothing_behind() {
    let dns = udp(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x04test\x00\x00\x01\x00\x01", 53);
    let rtp = udp(&[&[0x80, 0x60, 0, 1][..], &[7; 160]].concat(), 5_004);
    let not_quic = udp(&[&[0xc3, 0, 0, 0, 1, 8][..], &[9; 1_300]].concat(), 50_000);
    let frames: Vec<Frame> = [dns, rtp, not_quic].into_iter().map(|frame| (0, frame)).collect();
    assert!(run(&frames, "", "").is_empty());
}

/// An IPv4 packet around `payload`.
fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).expect("short").to_be_bytes();
    [&[0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 198, 51, 100, 1, 198, 51, 100, 2][..], payload]
        .concat()
}

fn inside_udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).expect("short").to_be_bytes();
    ipv4(17, &[&[0xc0, 0][..], &port.to_be_bytes(), &length, &[0, 0], payload].concat())
}

/// An Ethernet frame, put into a link or tunnel header.
fn wrapped(kind: &str, frame: &[u8]) -> Vec<u8> {
    let (macs, packet) = (&frame[..12], &frame[14..]);
    let length = |more: usize| u16::try_from(packet.len() + more).expect("short").to_be_bytes();
    let ethernet = |kind: [u8; 2], body: &[u8]| [macs, &kind, body].concat();
    match kind {
        "vlan 12" => ethernet([0x81, 0], &[&[0, 12, 8, 0], packet].concat()),
        "mpls 16" => ethernet([0x88, 0x47], &[&[0, 1, 1, 64], packet].concat()),
        "pppoe 7" => ethernet([0x88, 0x64], &[&[0x11, 0, 0, 7], &length(2)[..], &[0, 0x21], packet].concat()),
        "gre" => ethernet([8, 0], &ipv4(47, &[&[0, 0, 8, 0], packet].concat())),
        "ipip" => ethernet([8, 0], &ipv4(4, packet)),
        "vxlan 5" => ethernet([8, 0], &inside_udp(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0], frame].concat())),
        "geneve 6" => ethernet([8, 0], &inside_udp(6081, &[&[0, 0, 0x65, 0x58, 0, 0, 6, 0], frame].concat())),
        "gtp 9" => {
            let header = [&[0x30, 0xff][..], &length(0), &[0, 0, 0, 9]].concat();
            ethernet([8, 0], &inside_udp(2152, &[&header[..], packet].concat()))
        }
        _ => panic!("no such tunnel: {kind}"),
    }
}

#[test]
fn links_and_tunnels_around_a_capture_change_nothing_but_the_path() {
    let kinds = ["vlan 12", "mpls 16", "pppoe 7", "gre", "ipip", "vxlan 5", "geneve 6", "gtp 9"];
    let tcp = "client-cert-expired/openssl-openssl-tls12";
    for name in [tcp, "client-cert-expired/openssl-openssl-dtls12", "none/aioquic-aioquic-v1-mtls", RADIUS[1]] {
        let (frames, keys) = (fixture(name), keys(name));
        let expected = run(&frames, &keys, "");
        for kind in kinds {
            let inside: Vec<Frame> = frames.iter().map(|(time, frame)| (*time, wrapped(kind, frame))).collect();
            let judged = run(&inside, &keys, "");
            assert_eq!(gist(only(&judged)), gist(only(&expected)), "{name} in {kind}");
            let path = &judged[0].session.encapsulation;
            assert!(path.iter().any(|layer| layer == kind), "{name} in {kind}: {path:?}");
        }
    }
}

proptest! {
    #[test]
    fn spoiled_datagrams_never_panic(
        which in 0_usize..WITH_KEYS.len() + RADIUS.len(),
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of((any::<prop::sample::Index>(), 42_usize..300)),
    ) {
        let name = WITH_KEYS.into_iter().chain(RADIUS).nth(which).expect("in range");
        let mut frames = fixture(name);
        for (frame, byte, value) in spoils {
            let index = frame.index(frames.len());
            let data = &mut frames[index].1;
            let at = UDP + byte.index(data.len() - UDP);
            data[at] = value;
        }
        if let Some((frame, length)) = cut {
            let at = frame.index(frames.len());
            frames[at].1.truncate(length);
        }
        let judged = run(&frames, &keys(name), "");
        prop_assert!(judged.len() <= 4);
    }

    #[test]
    fn random_datagrams_never_panic(
        payloads in prop::collection::vec((prop::collection::vec(prop_oneof![Just(22_u8), Just(0xfe), Just(0xfd), Just(0), Just(1), any::<u8>()], 0..120), 0_u16..3), 0..20),
    ) {
        let frames: Vec<Frame> = payloads.iter().map(|(payload, port)| (0, udp(payload, 50_000 + port))).collect();
        run(&frames, "", "");
    }
}

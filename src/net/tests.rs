//! Frames of every kind, built by hand, down to the one segment inside of them.

use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use proptest::prelude::*;

use super::*;
use crate::problem::Problem;

/// Ethernet addresses and an EtherType.
fn ethernet(kind: u16, inner: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &kind.to_be_bytes(), inner])
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// An IPv4 packet 192.0.2.1 -> 192.0.2.2.
fn ipv4(protocol: u8, inner: &[u8]) -> Vec<u8> {
    let length = (20 + inner.len() as u16).to_be_bytes();
    join(&[&[0x45, 0], &length, &[0, 9, 0x40, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2], inner])
}

/// An IPv6 packet 2001:db8::1 -> 2001:db8::2.
fn ipv6(next: u8, inner: &[u8]) -> Vec<u8> {
    let length = (inner.len() as u16).to_be_bytes();
    let address = |last| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    join(&[&[0x60, 0, 0, 0], &length, &[next, 64], &address(1), &address(2), inner])
}

fn udp(port: u16, inner: &[u8]) -> Vec<u8> {
    let length = (8 + inner.len() as u16).to_be_bytes();
    join(&[&[0xc0, 0], &port.to_be_bytes(), &length, &[0, 0], inner])
}

/// The segment that all frames here carry.
fn tcp() -> Vec<u8> {
    join(&[&[0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 7, 0, 0, 0, 8, 0x50, 0x18, 0x01, 0xf4, 0, 0, 0, 0], b"hello"])
}

fn v4() -> Vec<u8> {
    ipv4(6, &tcp())
}

fn v6() -> Vec<u8> {
    ipv6(6, &tcp())
}

fn snap(kind: u16, inner: &[u8]) -> Vec<u8> {
    join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &kind.to_be_bytes(), inner])
}

fn codes(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code).collect()
}

/// Layers passed and the segment's payload, where the frame carries the one segment.
fn walk(link: u32, frame: &[u8]) -> (Vec<String>, Vec<u8>) {
    let parsed = decode(LinkType(link), frame, frame.len());
    match parsed.value {
        Some(Frame::Datagram(Datagram { payload: Payload::Tcp(segment), encapsulation, .. })) => {
            assert_eq!((segment.source_port, segment.destination_port), (40_000, 443));
            assert_eq!((segment.seq, segment.ack, segment.flags.0, segment.window), (7, 8, 0x18, 500));
            assert_eq!(segment.wire_len, segment.payload.len());
            (encapsulation.labels(), segment.payload.to_vec())
        }
        other => panic!("link type {link}: {other:?}, {:?}", parsed.problems),
    }
}

#[track_caller]
fn assert_walk(link: u32, frame: &[u8], layers: &[&str]) {
    let (labels, payload) = walk(link, frame);
    assert_eq!(labels, layers);
    assert_eq!(payload, b"hello");
}

#[test]
fn link_types_lead_to_the_segment() {
    assert_walk(1, &ethernet(0x0800, &v4()), &[]);
    assert_walk(1, &ethernet(0x86dd, &v6()), &[]);
    for link in [12, 14, 101] {
        assert_walk(link, &v4(), &[]);
        assert_walk(link, &v6(), &[]);
    }
    assert_walk(228, &v4(), &[]);
    assert_walk(229, &v6(), &[]);
    assert_walk(0, &join(&[&[2, 0, 0, 0], &v4()]), &[]);
    assert_walk(0, &join(&[&[0, 0, 0, 30], &v6()]), &[]);
    assert_walk(108, &join(&[&[0, 0, 0, 2], &v4()]), &[]);
    let sll = |protocol: u16, inner: &[u8]| {
        join(&[&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], &protocol.to_be_bytes(), inner])
    };
    assert_walk(113, &sll(0x0800, &v4()), &[]);
    assert_walk(113, &sll(4, &snap(0x86dd, &v6())), &[]);
    let sll2 = join(&[&[0x81, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0, 5, 0x86, 0xdd], &v6()]);
    assert_walk(276, &sll2, &["vlan 5"]);
    assert_walk(9, &join(&[&[0xff, 3, 0, 0x21], &v4()]), &["ppp"]);
    assert_walk(9, &join(&[&[0x57], &v6()]), &["ppp"]);
    assert_walk(50, &join(&[&[0xff, 3, 0x21], &v4()]), &["ppp"]);
    assert_walk(50, &join(&[&[0x0f, 0, 8, 0], &v4()]), &[]);
    assert_walk(104, &join(&[&[0x8f, 0, 0x86, 0xdd], &v6()]), &[]);
    assert_walk(204, &join(&[&[1, 0xff, 3, 0, 0x21], &v4()]), &["ppp"]);
    assert_walk(219, &join(&[&[0, 1, 1, 64], &v4()]), &["mpls 16"]);
    // Netfilter's attributes in both byte orders, with a prefix ahead of the packet.
    let length = (4 + v4().len() as u16).to_le_bytes();
    assert_walk(239, &join(&[&[2, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0, 0], &length, &[9, 0], &v4()]), &[]);
    let length = (4 + v4().len() as u16).to_be_bytes();
    assert_walk(239, &join(&[&[2, 0, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0], &length, &[0, 9], &v4(), &[0; 3]]), &[]);
}

#[test]
fn wireless_frames_lead_to_the_segment() {
    let mac = |control: [u8; 2], extra: &[u8], body: &[u8]| {
        join(&[&control, &[0, 0], &[1; 6], &[2; 6], &[3; 6], &[0x10, 0], extra, body])
    };
    let body = snap(0x0800, &v4());
    assert_walk(105, &mac([0x08, 0x01], &[], &body), &["802.11"]);
    assert_walk(105, &mac([0x88, 0x02], &[0, 0], &body), &["802.11"]);
    assert_walk(105, &mac([0x88, 0x83], &[4, 4, 4, 4, 4, 4, 0, 0, 9, 9, 9, 9], &body), &["802.11"]);
    let aggregate = join(&[&[1; 6], &[2; 6], &(body.len() as u16).to_be_bytes(), &body, &[0xee; 30]]);
    assert_walk(105, &mac([0x88, 0x02], &[0x80, 0], &aggregate), &["802.11"]);
    let frame = mac([0x88, 0x02], &[0, 0], &body);
    assert_walk(127, &join(&[&[0, 0, 8, 0, 0, 0, 0, 0], &frame, &[0xfc; 4]]), &["802.11"]);
    // Time stamp and flags behind two words of presence bits; the flags announce padding.
    let padded = mac([0x88, 0x02], &[0, 0, 0, 0], &body);
    let header = [0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_walk(127, &join(&[&header, &[0x20], &padded]), &["802.11"]);
    assert!(decode(LinkType(127), &join(&[&header, &[0x40], &padded]), 200).value.is_none(), "bad checksum");
    let prism = join(&[&[0x44, 0, 0, 0, 144, 0, 0, 0], &[0; 136]]);
    assert_walk(119, &join(&[&prism, &frame]), &["802.11"]);
    let avs = join(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56]]);
    assert_walk(119, &join(&[&avs, &frame]), &["802.11"]);
    assert_walk(163, &join(&[&avs, &frame]), &["802.11"]);
    assert_walk(192, &join(&[&[0, 0, 8, 0, 105, 0, 0, 0], &frame]), &["802.11"]);
    let frame = mac([0x08, 0x41], &[], &body);
    let encrypted = decode(LinkType(105), &frame, frame.len());
    assert!(encrypted.value.is_none() && encrypted.problems.is_empty(), "encrypted frames are nothing odd");
}

#[test]
fn tags_and_labels_are_passed() {
    let tagged = join(&[&[0, 1, 0x91, 0, 0, 2, 0x81, 0, 0, 3, 0x81, 0, 0, 4, 0x86, 0xdd], &v6()]);
    assert_walk(1, &ethernet(0x88a8, &tagged), &["vlan 1", "vlan 2", "vlan 3", "vlan 4"]);
    let frame = snap(0x0800, &v4());
    assert_walk(1, &ethernet(frame.len() as u16, &join(&[&frame, &[0; 9]])), &[]);
    let labels = [0, 1, 0, 64, 0, 2, 1, 64];
    assert_walk(1, &ethernet(0x8847, &join(&[&labels, &v6()])), &["mpls 16", "mpls 32"]);
    let inner = ethernet(0x0800, &v4());
    assert_walk(1, &ethernet(0x8847, &join(&[&labels, &[0; 4], &inner])), &["mpls 16", "mpls 32"]);
    assert_walk(1, &ethernet(0x8848, &join(&[&labels, &inner])), &["mpls 16", "mpls 32"]);
    let session = join(&[&[0x11, 0, 0, 3], &(v4().len() as u16 + 2).to_be_bytes(), &[0, 0x21], &v4(), &[0; 6]]);
    assert_walk(1, &ethernet(0x8864, &session), &["pppoe 3"]);
    assert_walk(51, &session, &["pppoe 3"]);
}

#[test]
fn tunnels_are_entered() {
    let inner = ethernet(0x0800, &v4());
    let over_ip = |inner: Vec<u8>, protocol| ethernet(0x0800, &ipv4(protocol, &inner));
    let over_udp = |port, header: &[u8], inner: &[u8]| over_ip(udp(port, &join(&[header, inner])), 17);
    assert_walk(1, &over_ip(v4(), 4), &["ipip"]);
    assert_walk(1, &over_ip(v6(), 41), &["6in4"]);
    assert_walk(1, &ethernet(0x86dd, &ipv6(4, &v4())), &["4in6"]);
    assert_walk(1, &over_ip(join(&[&[0, 0, 8, 0], &v4()]), 47), &["gre"]);
    let all = [0xb0, 0, 0x86, 0xdd, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1];
    assert_walk(1, &over_ip(join(&[&all, &v6()]), 47), &["gre 7"]);
    assert_walk(1, &over_ip(join(&[&[0x20, 0, 0x65, 0x58, 0, 0, 5, 1], &inner]), 47), &["gre 1281"]);
    let pptp = [0x30, 0x81, 0x88, 0x0b, 0, 70, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21];
    assert_walk(1, &over_ip(join(&[&pptp, &v4()]), 47), &["gre 4587529"]);
    assert_walk(1, &over_ip(join(&[&[0, 0, 0x88, 0xbe], &inner]), 47), &["erspan 0"]);
    let erspan = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 2, 0, 0, 0, 0];
    assert_walk(1, &over_ip(join(&[&erspan, &inner]), 47), &["erspan 2"]);
    let erspan = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9];
    assert_walk(1, &over_ip(join(&[&erspan, &inner]), 47), &["erspan 2"]);
    assert_walk(1, &over_udp(4789, &[8, 0, 0, 0, 0, 0, 5, 0], &inner), &["vxlan 5"]);
    assert_walk(1, &over_udp(8472, &[0x88, 0x08, 0, 1, 0, 0, 5, 0], &inner), &["vxlan 5"]);
    assert_walk(1, &over_udp(6081, &[1, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 4], &inner), &["geneve 9"]);
    assert_walk(1, &over_udp(6081, &[0, 0, 0x86, 0xdd, 0, 0, 9, 0], &v6()), &["geneve 9"]);
    let length = (v4().len() as u16).to_be_bytes();
    assert_walk(1, &over_udp(2152, &join(&[&[0x30, 255], &length, &[0, 0, 0, 7]]), &v4()), &["gtp 7"]);
    let length = (v4().len() as u16 + 8).to_be_bytes();
    let extended = join(&[&[0x34, 255], &length, &[0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0, 0, 0]]);
    assert_walk(1, &over_udp(2152, &extended, &v4()), &["gtp 7"]);
    assert_walk(1, &over_udp(6635, &[0, 1, 1, 64], &v4()), &["mpls 16"]);
    let stacked = join(&[
        &[0, 0, 8, 0],
        &ipv4(17, &udp(4789, &join(&[&[8, 0, 0, 0, 0, 0, 5, 0], &ethernet(0x8100, &join(&[&[0, 3, 8, 0], &v4()]))]))),
    ]);
    assert_walk(1, &over_ip(stacked, 47), &["gre", "vxlan 5", "vlan 3"]);
}

#[test]
fn a_tunnel_port_without_a_tunnel_stays_a_datagram() {
    for port in [4789, 8472, 6081, 2152, 6635] {
        for body in [&b"x"[..], &[0xc3; 40], &[8, 0, 0, 0, 0, 0, 5, 0, 1, 2, 3], &[0; 60]] {
            let frame = ethernet(0x0800, &ipv4(17, &udp(port, body)));
            let parsed = decode(LinkType(1), &frame, frame.len());
            let Some(Frame::Datagram(Datagram { payload: Payload::Udp(udp), .. })) = parsed.value else {
                panic!("port {port}: {:?}", parsed.value)
            };
            assert_eq!((udp.destination_port, udp.payload), (port, body));
            assert!(parsed.problems.is_empty());
        }
    }
}

#[test]
fn extension_headers_are_passed_and_routing_leads_to_the_last_address() {
    let options = |next: u8, inner: &[u8]| join(&[&[next, 0, 1, 4, 0, 0, 0, 0], inner]);
    assert_walk(1, &ethernet(0x86dd, &ipv6(0, &options(60, &options(135, &options(6, &tcp()))))), &[]);
    let atomic = join(&[&[6, 0, 0, 0, 0, 0, 0, 9], &tcp()]);
    assert_walk(1, &ethernet(0x86dd, &ipv6(44, &atomic)), &[]);
    let authentication = join(&[&[6, 4, 0, 0], &[0; 20], &tcp()]);
    assert_walk(1, &ethernet(0x0800, &ipv4(51, &authentication)), &[]);
    assert_walk(1, &ethernet(0x86dd, &ipv6(51, &authentication)), &[]);
    let last = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let frame = ipv6(43, &join(&[&[6, 2, 4, 1, 0, 0, 0, 0], &last, &tcp()]));
    let Some(Frame::Datagram(datagram)) = decode(LinkType(101), &frame, frame.len()).value else { panic!() };
    assert_eq!(datagram.destination.to_string(), "2001:db8::9");
}

#[test]
fn fragments_keep_what_joins_them() {
    let mut packet = v4();
    packet[6..8].copy_from_slice(&[0x20, 0x02]);
    let Some(Frame::Datagram(datagram)) = decode(LinkType(101), &packet, packet.len()).value else { panic!() };
    let Payload::Fragment(fragment) = datagram.payload else { panic!() };
    assert_eq!((fragment.id, fragment.offset, fragment.more, fragment.protocol), (9, 16, true, 6));
    assert_eq!((fragment.payload, fragment.wire_len), (&tcp()[..], 25));
    let packet = ipv6(44, &join(&[&[6, 0, 0, 0x08, 0, 0, 0, 9], &tcp()]));
    let Some(Frame::Datagram(datagram)) = decode(LinkType(101), &packet, packet.len()).value else { panic!() };
    let Payload::Fragment(fragment) = datagram.payload else { panic!() };
    assert_eq!((fragment.id, fragment.offset, fragment.more, fragment.protocol), (9, 8, false, 6));
}

#[test]
fn lengths_say_what_the_capture_cut_and_what_is_padding() {
    let segment = |frame: &[u8], wire| match decode(LinkType(1), frame, wire).value {
        Some(Frame::Datagram(Datagram { payload: Payload::Tcp(segment), .. })) => {
            (segment.payload.len(), segment.wire_len)
        }
        other => panic!("{other:?}"),
    };
    let frame = ethernet(0x0800, &v4());
    assert_eq!(segment(&join(&[&frame, &[0; 20]]), frame.len() + 20), (5, 5), "a trailer");
    assert_eq!(segment(&frame[..frame.len() - 3], frame.len()), (2, 5), "cut by the snap length");
    let mut offloaded = frame.clone();
    offloaded[16..18].fill(0);
    assert_eq!(segment(&offloaded[..frame.len() - 3], frame.len() + 5_000), (2, 5_005), "a length left to the card");
    let mut with_options = ethernet(0x0800, &v4());
    with_options[46] = 0x60;
    assert_eq!(segment(&with_options[..54], frame.len()), (0, 1), "options that were not captured");
}

#[test]
fn what_is_broken_is_told_and_what_is_ordinary_is_not() {
    let problems = |link, frame: &[u8], wire| {
        let parsed = decode(LinkType(link), frame, wire);
        assert!(parsed.value.is_none());
        codes(&parsed.problems)
    };
    let frame = ethernet(0x0800, &v4());
    assert_eq!(problems(1, &[], 0), ["malformed-packet"]);
    assert_eq!(problems(1, &frame[..40], frame.len()), ["truncated-packet"]);
    assert_eq!(problems(1, &ethernet(0x0806, &[0; 46]), 60), [""; 0]);
    let mut broken = frame.clone();
    broken[46] = 0x40;
    assert_eq!(problems(1, &broken, frame.len()), ["malformed-tcp-header"]);
    broken[46] = 0xf0;
    assert_eq!(problems(1, &broken, frame.len()), ["malformed-tcp-header"]);
    broken[14] = 0x44;
    assert_eq!(problems(1, &broken, frame.len()), ["malformed-ip-header"]);
    assert_eq!(problems(220, &frame, frame.len()), ["unknown-link-type"]);
    let mut nested = v4();
    for _ in 0..9 {
        nested = ipv4(4, &nested);
    }
    assert_eq!(problems(101, &nested, nested.len()), ["too-many-layers"]);
}

#[test]
fn eapol_keeps_its_hardware_addresses() {
    let frame = ethernet(0x888e, &[2, 0, 0, 0]);
    let Some(Frame::Eapol { source, destination, payload, .. }) = decode(LinkType(1), &frame, 18).value else {
        panic!()
    };
    assert_eq!((source[5], destination[5], payload), (2, 1, &[2, 0, 0, 0][..]));
    let wireless = join(&[&[0x08, 0x01, 0, 0], &[1; 6], &[2; 6], &[3; 6], &[0, 0], &snap(0x888e, &[2, 3])]);
    let Some(Frame::Eapol { source, destination, .. }) = decode(LinkType(105), &wireless, wireless.len()).value else {
        panic!()
    };
    assert_eq!((source, destination), ([2; 6], [3; 6]));
}

#[test]
fn only_a_syn_tells_the_segment_size() {
    let options = [2, 4, 5, 0xb4, 1, 1, 1, 0];
    let with_flags = |flags: u8| {
        let mut segment = tcp()[..20].to_vec();
        segment[12] = 0x70;
        segment[13] = flags;
        let packet = ipv4(6, &join(&[&segment, &options]));
        match decode(LinkType(101), &packet, packet.len()).value {
            Some(Frame::Datagram(Datagram { payload: Payload::Tcp(segment), .. })) => segment.mss,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((with_flags(0x02), with_flags(0x10)), (Some(1_460), None));
}

/// Addresses, ports, TCP numbers and payload of an Ethernet frame.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    addresses: (IpAddr, IpAddr),
    ports: (u16, u16),
    /// Sequence and acknowledgement number, flags, window; `None` for UDP.
    tcp: Option<(u32, u32, u8, u16)>,
    payload: Vec<u8>,
}

/// What etherparse makes of a frame.
fn oracle(frame: &[u8]) -> Option<Read> {
    let sliced = LaxSlicedPacket::from_ethernet(frame).ok()?;
    let addresses = match sliced.net? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    match sliced.transport? {
        TransportSlice::Tcp(tcp) => Some(Read {
            addresses,
            ports: (tcp.source_port(), tcp.destination_port()),
            tcp: Some((tcp.sequence_number(), tcp.acknowledgment_number(), tcp.slice()[13], tcp.window_size())),
            payload: tcp.payload().to_vec(),
        }),
        TransportSlice::Udp(udp) => Some(Read {
            addresses,
            ports: (udp.source_port(), udp.destination_port()),
            tcp: None,
            payload: udp.payload().to_vec(),
        }),
        _ => None,
    }
}

/// What we make of it.
fn ours(frame: &[u8]) -> Option<Read> {
    let Some(Frame::Datagram(datagram)) = decode(LinkType(1), frame, frame.len()).value else { return None };
    let addresses = (datagram.source, datagram.destination);
    match datagram.payload {
        Payload::Tcp(s) => Some(Read {
            addresses,
            ports: (s.source_port, s.destination_port),
            tcp: Some((s.seq, s.ack, s.flags.0, s.window)),
            payload: s.payload.to_vec(),
        }),
        Payload::Udp(u) => {
            Some(Read { addresses, ports: (u.source_port, u.destination_port), tcp: None, payload: u.payload.to_vec() })
        }
        Payload::Fragment(_) | Payload::Other { .. } => None,
    }
}

prop_compose! {
    /// Ethernet, up to three tags, either IP version with options or extension headers, TCP or UDP.
    fn ordinary_frame()(
        tags in prop::collection::vec(any::<u16>(), 0..4),
        is_v6 in any::<bool>(),
        is_tcp in any::<bool>(),
        extra in 0..3_usize,
        options in 0..11_u8,
        offloaded in any::<bool>(),
        numbers in any::<[u8; 12]>(),
        payload in prop::collection::vec(any::<u8>(), 0..100),
        trailer in 0..20_usize,
    ) -> Vec<u8> {
        let (protocol, upper) = if is_tcp {
            let header = [0x9c, 0x40, 1, 0xbb];
            let data_offset = (5 + options) << 4;
            let end = [data_offset, numbers[8], numbers[9], numbers[10], 0, 0, 0, 0];
            (6, join(&[&header, &numbers[..8], &end, &vec![1; usize::from(options) * 4], &payload]))
        } else {
            (17, udp(5_000, &payload))
        };
        let mut packet = if is_v6 {
            let mut next = protocol;
            let mut inner = upper;
            for kind in [60, 0].into_iter().take(extra) {
                inner = join(&[&[next, 0, 1, 4, 0, 0, 0, 0], &inner]);
                next = kind;
            }
            ipv6(next, &inner)
        } else {
            let mut packet = ipv4(protocol, &join(&[&vec![1; extra * 4], &upper]));
            packet[0] += extra as u8;
            packet
        };
        let trailer = if offloaded { 0 } else { trailer };
        if offloaded {
            packet[if is_v6 { 4..6 } else { 2..4 }].fill(0);
        }
        let mut kind: u16 = if is_v6 { 0x86dd } else { 0x0800 };
        for tag in tags {
            packet = join(&[&tag.to_be_bytes(), &kind.to_be_bytes(), &packet]);
            kind = if tag & 1 == 0 { 0x8100 } else { 0x88a8 };
        }
        join(&[&ethernet(kind, &packet), &vec![0; trailer]])
    }
}

proptest! {
    #[test]
    fn agrees_with_etherparse(frame in ordinary_frame()) {
        let read = ours(&frame);
        prop_assert!(read.is_some());
        prop_assert_eq!(read, oracle(&frame));
    }

    #[test]
    fn agrees_with_etherparse_on_broken_segments(
        frame in ordinary_frame(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in 0..30_usize,
    ) {
        let mut frame = frame;
        let at = at.index(frame.len());
        frame[at] = byte;
        frame.truncate(frame.len() - cut.min(frame.len()));
        // Neither length fields that lie nor tunnels and routing are etherparse's.
        if let (Some(read), Some(expected)) = (ours(&frame), oracle(&frame))
            && expected.tcp.is_some() && read.tcp.is_some()
        {
            prop_assert_eq!(read, expected);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        link in prop::sample::select(vec![0, 1, 9, 12, 50, 51, 101, 104, 105, 108, 113, 119, 127, 163, 192, 204, 219, 228, 229, 239, 276, 999]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        wire in any::<u32>(),
    ) {
        let _ = decode(LinkType(link), &bytes, wire as usize);
    }

    #[test]
    fn broken_tunnels_do_not_make_it_panic(
        depth in prop::collection::vec(0..9_usize, 0..10),
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        wire in 0..2_000_usize,
    ) {
        let mut packet = v4();
        for kind in depth {
            let frame = ethernet(0x0800, &packet);
            packet = match kind {
                0 => ipv4(4, &packet),
                1 => ipv6(4, &packet),
                2 => ipv4(47, &join(&[&[0xb0, 0, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1], &packet])),
                3 => ipv4(47, &join(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0], &frame])),
                4 => ipv4(17, &udp(4789, &join(&[&[8, 0, 0, 0, 0, 0, 5, 0], &frame]))),
                5 => ipv4(17, &udp(6081, &join(&[&[1, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 4], &frame]))),
                6 => ipv4(17, &udp(2152, &join(&[&[0x34, 255], &(packet.len() as u16 + 8).to_be_bytes(), &[0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0, 0, 0], &packet]))),
                7 => ipv6(43, &join(&[&[4, 2, 4, 1, 0, 0, 0, 0], &[0; 16], &packet])),
                _ => ipv4(137, &join(&[&[0, 1, 1, 64, 0, 0, 0, 0], &frame])),
            };
        }
        let mut frame = ethernet(0x0800, &packet);
        for (at, byte) in at {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        frame.truncate(cut.index(frame.len() + 1));
        let parsed = decode(LinkType(1), &frame, wire);
        prop_assert!(parsed.value.is_none() || parsed.problems.is_empty());
    }
}

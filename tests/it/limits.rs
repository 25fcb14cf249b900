//! Every bound of `Limits`, reached: what is over it goes, and it is said.

use tlswhy::capture::{LinkType, Packet, Reader};
use tlswhy::cause::{Cause, Confidence};
use tlswhy::engine::{Input, Limits, SessionEvent};
use tlswhy::seen::PacketNo;
use tlswhy::time::{Elapsed, Timestamp};
use tlswhy::{Engine, Options};

use crate::packets::{ACK, FIN, Feed, RST, SYN, client_hello, message, record, server_hello};

fn feed(change: impl FnOnce(&mut Limits)) -> Feed {
    let mut options = Options::default();
    change(&mut options.limits);
    Feed::new(Engine::new(options))
}

/// Codes of the problems of all sessions told so far, session by session.
fn sessions(feed: &mut Feed) -> Vec<Vec<&'static str>> {
    let mut told = Vec::new();
    while let Some(SessionEvent::Closed(judged)) = feed.engine.poll() {
        told.push(judged.session.problems.iter().map(|problem| problem.code).collect());
    }
    told
}

fn problems(feed: &mut Feed) -> Vec<&'static str> {
    std::iter::from_fn(|| feed.engine.poll_problem()).map(|problem| problem.code).collect()
}

#[test]
fn more_connections_than_allowed_end_the_oldest_and_that_is_said_once() {
    let mut feed = feed(|limits| limits.flows = 10);
    for flow in 0..100 {
        feed.segment(flow, true, SYN, 0, 0, &[]);
    }
    assert_eq!(sessions(&mut feed), vec![vec!["session-evicted"]; 90]);
    assert_eq!(problems(&mut feed), ["too-many-flows"]);
    feed.engine.finish();
    assert_eq!(sessions(&mut feed), vec![Vec::<&str>::new(); 10]);
}

#[test]
fn more_memory_than_allowed_ends_the_oldest_and_that_is_said_once() {
    let mut feed = feed(|limits| limits.memory = 1 << 20);
    for flow in 0..1_000 {
        feed.open(flow);
        feed.segment(flow, true, ACK, 1, 1, &client_hello());
    }
    let told = sessions(&mut feed);
    // Each of them holds about two KiB, its ClientHello and where the connection stands, and that is to be counted.
    assert!((400..700).contains(&told.len()), "{} were let go", told.len());
    assert!(told.iter().all(|codes| codes == &["session-evicted"]));
    assert_eq!(problems(&mut feed), ["too-much-memory"]);
    feed.engine.finish();
    assert_eq!(told.len() + sessions(&mut feed).len(), 1_000, "none is lost");
}

#[test]
fn connections_that_were_only_opened_count_as_memory_too() {
    let mut feed = feed(|limits| limits.memory = 1 << 20);
    for flow in 0..10_000 {
        feed.segment(flow, true, SYN, 0, 0, &[]);
    }
    let told = sessions(&mut feed).len();
    // Each takes about two KiB, with what the table keeps of it.
    assert!((9_300..9_700).contains(&told), "{told} were let go");
    assert_eq!(problems(&mut feed), ["too-much-memory"]);
}

#[test]
fn when_memory_is_short_holes_are_given_up_before_connections() {
    let mut feed = feed(|limits| limits.memory = 1 << 20);
    feed.open(0);
    feed.segment(0, true, ACK, 1, 1, &client_hello());
    feed.open(1);
    for n in 0..2_000_u32 {
        feed.segment(1, true, ACK, 10_000 + n * 1_000, 1, &[0x55; 1_000]);
    }
    assert_eq!(problems(&mut feed), ["too-much-held"]);
    assert!(sessions(&mut feed).is_empty());
}

#[test]
fn bytes_behind_a_hole_are_held_up_to_a_limit_and_that_is_said() {
    let mut feed = feed(|limits| limits.out_of_order = 10_000);
    feed.open(0);
    feed.segment(0, true, ACK, 1, 1, &client_hello());
    for n in 0..50_u32 {
        feed.segment(0, false, ACK, 5_000 + n * 1_000, 1, &[0x17; 1_000]);
    }
    feed.engine.finish();
    assert_eq!(sessions(&mut feed), [["too-much-out-of-order"]]);
}

#[test]
fn a_timeline_is_as_long_as_allowed_and_that_is_said() {
    let mut feed = feed(|limits| limits.session.timeline = 20);
    feed.open(0);
    feed.segment(0, true, ACK, 1, 1, &client_hello());
    let hello = server_hello();
    feed.segment(0, false, ACK, 1, 1, &hello);
    let mut seq = 1 + hello.len() as u32;
    for _ in 0..100 {
        let request = record(22, &message(0, &[]));
        feed.segment(0, false, ACK, seq, 1, &request);
        seq += request.len() as u32;
    }
    feed.engine.finish();
    assert_eq!(sessions(&mut feed), [["timeline-full"]]);
}

#[test]
fn closed_connections_wait_for_late_packets_and_not_for_long() {
    let mut feed = feed(|limits| limits.lingering = 3);
    for flow in 0..10 {
        feed.open(flow);
        feed.segment(flow, true, ACK | FIN, 1, 1, &[]);
        feed.segment(flow, false, ACK | FIN, 1, 2, &[]);
    }
    assert_eq!(sessions(&mut feed).len(), 7);
    assert!(problems(&mut feed).is_empty(), "nothing is lost by that");
    feed.segment(9, true, RST, 2, 0, &[]);
    feed.engine.finish();
    assert_eq!(sessions(&mut feed).len(), 3);
}

#[test]
fn an_idle_connection_ends_after_the_time_named() {
    let mut feed = feed(|limits| limits.idle = Elapsed(1_000_000_000));
    feed.segment(0, true, SYN, 0, 0, &[]);
    for n in 0..600_000_u32 {
        feed.segment(1, true, ACK, n, 0, &[]);
        if n % 1_000 == 0 && !sessions(&mut feed).is_empty() {
            return;
        }
    }
    panic!("it is still followed");
}

#[test]
fn a_chain_of_more_certificates_than_are_read_is_said() {
    let mut feed = feed(|limits| assert!(limits.set("chain", 12)));
    feed.open(0);
    feed.segment(0, true, ACK, 1, 1, &client_hello());
    let one = [&[0, 0, 3][..], &[0x30, 1, 0]].concat();
    let list = one.repeat(13);
    let body = [&(list.len() as u32).to_be_bytes()[1..], &list].concat();
    let flight = [server_hello(), record(22, &message(11, &body))].concat();
    feed.segment(0, false, ACK, 1, 1, &flight);
    feed.engine.finish();
    let told = sessions(&mut feed);
    assert!(told.iter().any(|codes| codes.contains(&"too-many-certificates")), "{told:?}");
}

/// A session whose server sends these handshake messages behind its hello.
fn answered(change: impl FnOnce(&mut Limits), messages: &[Vec<u8>]) -> Vec<Vec<&'static str>> {
    let mut feed = feed(change);
    feed.open(0);
    feed.segment(0, true, ACK, 1, 1, &client_hello());
    let mut seq = 1;
    for bytes in std::iter::once(server_hello()).chain(messages.iter().flat_map(|message| {
        // No record is longer than 16 KiB.
        message.chunks(16_384).map(|part| record(22, part)).collect::<Vec<_>>()
    })) {
        for part in bytes.chunks(1_400) {
            feed.segment(0, false, ACK, seq, 1, part);
            seq += part.len() as u32;
        }
    }
    feed.engine.finish();
    sessions(&mut feed)
}

/// What is so long that only a bound set by `set` is passed, not the default: `code` is told there only, of the
/// session whose server sends these messages.
fn is_told_where_set(set: (&str, u64), code: &str, messages: &[Vec<u8>]) {
    let codes = answered(|limits| assert!(limits.set(set.0, set.1)), messages);
    assert!(codes[0].contains(&code), "{codes:?}");
    let codes = answered(|_| {}, messages);
    assert!(!codes[0].contains(&code), "{codes:?}");
}

/// Takes a packet as it was captured.
fn raw(feed: &mut Feed, no: u64, link: u32, data: &[u8]) {
    let wire_len = data.len() as u32;
    let packet = Packet { no: PacketNo(no), time: Timestamp(1), link: LinkType(link), data, wire_len };
    feed.engine.handle(Input::Packet(packet));
}

#[test]
fn a_message_longer_than_allowed_is_passed_over_and_that_is_said() {
    // CertificateStatus, whose body may be anything.
    let long = message(22, &[1; 20_000]);
    is_told_where_set(("message", 17_000), "handshake-message-too-long", &[long]);
}

#[test]
fn a_chain_with_a_certificate_larger_than_allowed_is_not_read_and_that_is_said() {
    let chain = chain_of(&[der(0x30, &[0; 0x2324])]);
    is_told_where_set(("certificate", 8_500), "certificate-too-large", &[chain]);
}

/// An element of DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x82][..], &(content.len() as u16).to_be_bytes(), content].concat()
}

/// A Certificate message of TLS 1.2.
fn chain_of(certificates: &[Vec<u8>]) -> Vec<u8> {
    let with_length = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat();
    let entries: Vec<u8> = certificates.iter().flat_map(|der| with_length(der)).collect();
    message(11, &with_length(&entries))
}

/// A certificate that anybody of the name `CA` may have issued: of an algorithm that nobody knows, and without key
/// identifiers.
fn certificate(subject: &str, serial: u8) -> Vec<u8> {
    let name = |text: &str| {
        let attribute = [der(6, &[0x55, 4, 3]), der(12, text.as_bytes())].concat();
        der(0x30, &der(0x31, &der(0x30, &attribute)))
    };
    let algorithm = der(0x30, &der(6, &[0x2a, 3]));
    let dates = [der(23, b"200101000000Z"), der(23, b"400101000000Z")].concat();
    let key = [algorithm.clone(), der(3, &[0, 1])].concat();
    let body = [
        der(0xa0, &der(2, &[2])),
        der(2, &[serial]),
        algorithm.clone(),
        name("CA"),
        der(0x30, &dates),
        name(subject),
        der(0x30, &key),
    ];
    der(0x30, &[der(0x30, &body.concat()), algorithm, der(3, &[0, 1])].concat())
}

#[test]
fn the_search_for_a_path_ends_at_its_limit_and_that_is_said() {
    let chain = |length: u8| {
        let others = (1..length).map(|serial| certificate("CA", serial));
        chain_of(&std::iter::once(certificate("leaf", 0)).chain(others).collect::<Vec<_>>())
    };
    // Of a leaf and n others there are 1 + n + n (n - 1) + … paths.
    is_told_where_set(("path", 64), "path-search-cut", &[chain(6)]);
    assert!(answered(|_| {}, &[chain(20)])[0].contains(&"path-search-cut"));
}

#[test]
fn plaintext_ahead_of_tls_is_looked_at_up_to_a_limit_and_that_is_said() {
    for (limit, told) in [(8_192, &["too-much-plaintext"][..]), (65_536, &[])] {
        let mut feed = feed(|limits| assert!(limits.set("plaintext", limit)));
        feed.open(0);
        let offers = "250-X\r\n".repeat(200);
        let mut seqs = [1, 1];
        let mut say = |client: bool, bytes: &[u8]| {
            let own = seqs[usize::from(client)];
            feed.segment(0, client, ACK, own, seqs[usize::from(!client)], bytes);
            seqs[usize::from(client)] += bytes.len() as u32;
        };
        say(false, b"220 mail.example ESMTP\r\n");
        say(true, b"EHLO client.example\r\n");
        for _ in 0..10 {
            say(false, offers.as_bytes());
        }
        say(false, b"250 STARTTLS\r\n");
        say(true, b"STARTTLS\r\n");
        say(false, b"220 go on\r\n");
        say(true, &client_hello());
        feed.engine.finish();
        assert_eq!(sessions(&mut feed), [told]);
    }
}

#[test]
fn a_chain_that_is_too_large_to_be_read_is_not_taken_for_one_that_was_not_sent() {
    let chain = record(22, &chain_of(&[der(0x30, &[0; 9_000])]));
    let verdict = |limit: u64| {
        let mut feed = feed(|limits| assert!(limits.set("certificate", limit)));
        feed.open(0);
        let (hello, answer) = (client_hello(), [server_hello(), chain.clone()].concat());
        feed.segment(0, true, ACK, 1, 1, &hello);
        feed.segment(0, false, ACK, 1, 1 + hello.len() as u32, &answer);
        // unknown_ca
        feed.segment(0, true, ACK, 1 + hello.len() as u32, 1 + answer.len() as u32, &[21, 3, 3, 0, 2, 2, 48]);
        feed.engine.finish();
        let Some(SessionEvent::Closed(judged)) = feed.engine.poll() else { panic!("a session") };
        (judged.diagnosis.cause, judged.diagnosis.confidence, judged.session.problems)
    };
    let (cause, confidence, problems) = verdict(8_500);
    assert_eq!(problems[0].code, "certificate-too-large");
    assert_eq!((cause, confidence), (Cause::ServerCertUntrustedCa, Confidence::Likely));
    // Read, it is no certificate at all, which is another matter.
    assert!(verdict(100_000).2.iter().all(|problem| problem.code != "certificate-too-large"));
}

#[test]
fn more_problems_than_are_listed_are_said_in_one() {
    // Each a certificate request that ends too early.
    let broken = vec![message(13, &[9]); 40];
    let codes = answered(|limits| assert!(limits.set("problems", 5)), &broken);
    assert_eq!(codes[0].len(), 6, "{codes:?}");
    assert_eq!(codes[0].last(), Some(&"more-problems"));
    is_told_where_set(("problems", 5), "more-problems", &broken);
}

#[test]
fn more_problems_of_a_capture_than_are_listed_are_said_in_one() {
    // Frames of Ethernet that end too early, each a problem.
    let mut bytes = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x0004_0000, 1].map(u32::to_le_bytes).concat();
    for _ in 0..10 {
        bytes.extend([1_795_000_000_u32, 0, 4, 4].map(u32::to_le_bytes).concat());
        bytes.extend([2; 4]);
    }
    for (most, listed) in [(3, 4), (9, 10), (10, 10), (1_000, 10)] {
        let mut options = Options::default();
        assert!(options.limits.set("capture-problems", most));
        let report = tlswhy::analyze(Reader::new(&bytes[..]), &options).expect("read");
        let codes: Vec<&str> = report.captures[0].problems.iter().map(|problem| problem.code.as_str()).collect();
        let more = codes.iter().filter(|code| **code == "more-problems").count();
        assert_eq!((codes.len(), more), (listed, usize::from(most < 10)), "{codes:?}");
        // An engine that nobody asks keeps no more than that, either.
        let mut feed = feed(|limits| limits.problems = most as usize);
        for no in 1..=10 {
            raw(&mut feed, no, 1, &[2; 4]);
        }
        assert_eq!(problems(&mut feed).len(), listed);
    }
}

#[test]
fn fragments_are_held_up_to_a_limit_and_that_is_said() {
    for (most, given_up) in [(2_000, 9), (1 << 20, 0)] {
        let mut feed = feed(|limits| assert!(limits.set("fragments", most)));
        for id in 0..10_u8 {
            // The first fragment of a TCP segment, more of which would follow.
            let mut packet = vec![0x45, 0, 0x04, 0x14, 0, id, 0x20, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
            packet.resize(20 + 1_024, id);
            raw(&mut feed, u64::from(id) + 1, 101, &packet);
        }
        assert_eq!(problems(&mut feed), vec!["missing-fragment"; given_up]);
    }
}

#[test]
fn a_certificate_that_unpacks_to_more_than_allowed_is_left_packed_and_that_is_said() {
    // CompressedCertificate by zlib, which claims 5,000 bytes.
    let packed = message(25, &[0, 1, 0, 0x13, 0x88, 0, 0, 2, 0x78, 0x9c]);
    is_told_where_set(("decompressed", 4_000), "compressed-certificate-too-large", &[packed]);
}

#[test]
fn more_tunnels_than_allowed_leave_a_packet_alone_and_that_is_said() {
    // Ethernet, three VLAN tags, and nothing that could be followed.
    let mut frame = vec![2; 12];
    frame.extend([0x81, 0, 0, 1].repeat(3));
    frame.extend([0x08, 0x06, 0, 1]);
    for (tunnels, told) in [(2, &["too-many-layers"][..]), (3, &[])] {
        let mut feed = feed(|limits| assert!(limits.set("tunnels", tunnels)));
        raw(&mut feed, 1, 1, &frame);
        assert_eq!(problems(&mut feed), told);
    }
}

/// Where keys may come late, records are read as they come, even where nothing can be kept for those keys; else they are
/// read when the connection is over.
fn read_at_once(limits: &mut Limits) {
    limits.replay = 1;
}

#[test]
fn records_that_are_read_later_are_read_alike() {
    let mut at_once = Options::default();
    read_at_once(&mut at_once.limits);
    for path in crate::ongoing::fixtures() {
        let bytes = tlswhy::source::bytes(&path).expect("a file");
        let report = |options: &Options| tlswhy::analyze(Reader::new(&bytes[..]), options).expect("a capture");
        assert_eq!(report(&Options::default()).sessions, report(&at_once).sessions, "{}", path.display());
    }
}

#[test]
fn many_and_large_records_are_read_alike_with_what_comes_between() {
    let told = |change: fn(&mut Limits)| {
        let mut feed = feed(change);
        feed.open(0);
        feed.segment(0, true, ACK, 1, 1, &client_hello());
        let hello = server_hello();
        feed.segment(0, false, ACK, 1, 1, &hello);
        let mut seq = 1 + hello.len() as u32;
        for n in 0..400_usize {
            let bytes = match n % 50 {
                // A hole.
                7 => {
                    seq += 100;
                    record(22, &message(0, &[]))
                }
                // No record at all.
                9 => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
                11 => record(22, &message(11, &vec![0; n * 40])),
                12 => record(21, &[1, 90]),
                _ => record(23, &[0; 30]),
            };
            feed.segment(0, false, ACK, seq, 1, &bytes);
            seq += bytes.len() as u32;
        }
        feed.engine.finish();
        let Some(SessionEvent::Closed(judged)) = feed.engine.poll() else { panic!("a session") };
        assert!(judged.session.timeline.entries.len() > 20 && judged.session.alerts.len() > 3);
        format!("{judged:?}")
    };
    assert_eq!(told(|_| {}), told(read_at_once));
}

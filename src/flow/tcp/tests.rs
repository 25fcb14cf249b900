//! Scripts of segments, and random ways to cut, repeat and reorder a stream.

use proptest::prelude::*;

use super::*;
use crate::net::TcpFlags;
use crate::seen::PacketNo;
use crate::time::Timestamp;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// What a receiver was told.
#[derive(Debug, Default)]
struct Log {
    bytes: ByRole<Vec<u8>>,
    /// Packet and length of each piece of data.
    pieces: Vec<(Role, u64, usize)>,
    gaps: Vec<(Role, Gap)>,
    fins: Vec<(Role, u64)>,
    resets: Vec<Reset>,
}

impl Receive for Log {
    fn data(&mut self, from: Role, bytes: &[u8], at: At) {
        assert!(!bytes.is_empty());
        self.bytes.of_mut(from).extend_from_slice(bytes);
        self.pieces.push((from, at.packet.0, bytes.len()));
    }
    fn gap(&mut self, from: Role, gap: Gap) {
        assert_ne!(gap.len, Some(0));
        self.gaps.push((from, gap));
    }
    fn fin(&mut self, from: Role, at: At) {
        self.fins.push((from, at.packet.0));
    }
    fn reset(&mut self, reset: Reset) {
        self.resets.push(reset);
    }
}

/// A connection that is fed by hand. Sequence numbers count from the first data byte.
struct Script {
    connection: Connection,
    log: Log,
    isn: ByRole<u32>,
    packet: u64,
    millis: i64,
}

impl Script {
    fn new() -> Self {
        Self::with_isn(1_000, 77_000)
    }

    fn with_isn(client: u32, server: u32) -> Self {
        let connection = Connection::new(&TcpLimits::default());
        Self { connection, log: Log::default(), isn: ByRole { client, server }, packet: 0, millis: 0 }
    }

    /// A connection whose three packets of the opening were seen.
    fn opened() -> Self {
        Self::new().open()
    }

    fn open(mut self) -> Self {
        self.put(Role::Client, SYN, -1, 0, b"");
        self.put(Role::Server, SYN | ACK, -1, 0, b"");
        self.put(Role::Client, ACK, 0, 0, b"");
        self
    }

    fn segment<'a>(&self, role: Role, flags: u8, seq: i64, ack: i64, payload: &'a [u8]) -> Segment<'a> {
        let number = |isn: u32, offset: i64| isn.wrapping_add(1).wrapping_add(offset as u32);
        Segment {
            source_port: 1,
            destination_port: 2,
            seq: number(*self.isn.of(role), seq),
            ack: if flags & ACK == 0 { 0 } else { number(*self.isn.of(role.peer()), ack) },
            flags: TcpFlags(flags),
            window: 1_000,
            mss: (flags & SYN != 0).then_some(1_460),
            payload,
            wire_len: payload.len(),
        }
    }

    /// Returns the packet's number.
    fn put(&mut self, role: Role, flags: u8, seq: i64, ack: i64, payload: &[u8]) -> u64 {
        let segment = self.segment(role, flags, seq, ack, payload);
        self.put_segment(role, &segment, 64)
    }

    fn put_segment(&mut self, role: Role, segment: &Segment<'_>, ttl: u8) -> u64 {
        self.packet += 1;
        let at = At { packet: PacketNo(self.packet), time: Timestamp(self.millis * 1_000_000) };
        self.connection.segment(role, segment, ttl, at, &mut self.log);
        self.packet
    }

    fn client(&mut self, seq: i64, ack: i64, payload: &[u8]) -> u64 {
        self.put(Role::Client, ACK, seq, ack, payload)
    }

    fn server(&mut self, seq: i64, ack: i64, payload: &[u8]) -> u64 {
        self.put(Role::Server, ACK, seq, ack, payload)
    }

    fn finish(mut self) -> (Log, TcpFacts) {
        self.connection.finish(&mut self.log);
        (self.log, self.connection.take_facts())
    }
}

#[test]
fn an_ordinary_connection() {
    let mut s = Script::opened();
    s.client(0, 0, b"hello");
    s.server(0, 5, b"hi");
    s.put(Role::Client, ACK | FIN, 5, 2, b"bye");
    s.put(Role::Server, ACK | FIN, 2, 9, b"");
    s.client(9, 3, b"");
    assert!(s.connection.is_closed());
    let (log, facts) = s.finish();
    assert_eq!((&log.bytes.client[..], &log.bytes.server[..]), (&b"hellobye"[..], &b"hi"[..]));
    assert_eq!(log.fins, [(Role::Client, 6), (Role::Server, 7)]);
    assert!(log.gaps.is_empty() && !facts.mid_stream && facts.keep_alives == 0);
    assert_eq!(facts.syn.len(), 1);
    assert_eq!(facts.syn_ack.map(|at| at.packet.0), Some(2));
    assert_eq!(facts.bytes, ByRole { client: 8, server: 2 });
    assert_eq!(facts.packets, ByRole { client: 5, server: 3 });
    assert_eq!(facts.acknowledged_all, ByRole { client: true, server: true });
    assert_eq!(facts.largest_acknowledged, ByRole { client: 5, server: 2 });
    assert_eq!(facts.mss.client, Some(1_460));
    assert_eq!(facts.last_ack.server.map(|at| at.packet.0), Some(7));
    assert_eq!(facts.retransmissions, ByRole::default());
}

#[test]
fn held_data_is_told_of_the_packet_that_makes_it_due_and_the_first_bytes_win() {
    let mut s = Script::opened();
    s.client(3, 0, b"DEF");
    s.client(0, 0, b"abcd");
    s.client(0, 0, b"xxxxxxghi");
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.client, b"abcDEFghi");
    assert_eq!(log.pieces, [(Role::Client, 5, 3), (Role::Client, 5, 3), (Role::Client, 6, 3)]);
    assert_eq!(facts.retransmissions.client, 2);
}

#[test]
fn a_hole_that_was_acknowledged_is_given_up_after_some_packets() {
    let mut s = Script::opened();
    s.server(0, 0, b"aaa");
    s.server(6, 0, b"ccc");
    s.client(0, 9, b"");
    for packet in 3..7 {
        assert!(s.log.gaps.is_empty(), "patience");
        s.server(packet * 3, 0, b"ddd");
    }
    let (from, gap) = s.log.gaps[0];
    assert_eq!((from, gap.len, gap.acknowledged, gap.snaplen), (Role::Server, Some(3), true, false));
    assert_eq!(gap.at.packet.0, 5);
    assert_eq!(s.log.bytes.server.len(), 18);
    assert!(s.log.pieces.contains(&(Role::Server, 5, 3)), "with its own packet");
    let (_, facts) = s.finish();
    assert_eq!(facts.gaps.server.len(), 1);
}

#[test]
fn a_hole_that_was_acknowledged_is_given_up_after_some_time_or_when_the_peer_goes_on() {
    let mut s = Script::opened();
    s.server(3, 0, b"bbb");
    s.client(0, 6, b"");
    assert!(s.log.gaps.is_empty());
    s.millis = 30;
    s.client(0, 6, b"");
    assert_eq!(s.log.gaps.len(), 1);
    let mut s = Script::opened();
    s.server(3, 0, b"bbb");
    s.server(6, 0, b"ccc");
    s.client(0, 9, b"I have read it all");
    assert_eq!((s.log.gaps.len(), s.log.bytes.server.len()), (1, 6));
}

#[test]
fn an_ack_captured_before_its_data_makes_no_hole() {
    let mut s = Script::opened();
    s.server(3, 0, b"bbb");
    s.client(0, 6, b"");
    s.server(0, 0, b"aaa");
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.server, b"aaabbb");
    assert!(log.gaps.is_empty() && facts.acknowledged_all.client);
}

#[test]
fn a_hole_that_nobody_acknowledged_is_told_at_the_end_as_such() {
    let mut s = Script::opened();
    s.server(1_460, 0, &[1; 100]);
    s.client(0, 0, b"");
    s.millis = 10_000;
    s.client(0, 0, b"");
    assert!(s.log.gaps.is_empty());
    let (log, facts) = s.finish();
    assert_eq!(log.gaps.len(), 1);
    assert!(!log.gaps[0].1.acknowledged);
    assert_eq!(log.bytes.server.len(), 100);
    assert!(!facts.acknowledged_all.client);
}

#[test]
fn what_is_missing_at_the_very_end_is_a_hole_unless_it_is_the_fin() {
    let mut s = Script::opened();
    s.server(0, 0, b"aaa");
    s.client(0, 10, b"");
    let (log, _) = s.finish();
    assert_eq!(log.gaps.iter().map(|(_, gap)| (gap.len, gap.acknowledged)).collect::<Vec<_>>(), [(Some(7), true)]);
    let mut s = Script::opened();
    s.server(0, 0, b"aaa");
    s.client(0, 4, b"");
    assert!(s.finish().0.gaps.is_empty());
}

#[test]
fn out_of_order_data_is_bounded() {
    let mut s = Script::new();
    s.connection = Connection::new(&TcpLimits { out_of_order: 10_000 });
    let mut s = s.open();
    let mut sent = 0;
    for no in 0..200 {
        let payload: &[u8] = if no < 100 { b"x" } else { &[1; 900] };
        s.server(10 + 1_000 * no, 0, payload);
        sent += payload.len();
        assert!(sent - s.log.bytes.server.len() <= 10_000);
    }
    assert!(!s.log.gaps.is_empty());
    let (log, _) = s.finish();
    assert_eq!(log.bytes.server.len(), sent, "nothing that was captured is lost");
}

#[test]
fn a_connection_in_mid_stream_begins_with_its_first_segment() {
    let mut s = Script::new();
    // Keep-alive, without and then with data behind it.
    s.client(499, 0, b"");
    s.client(500, 0, b"abc");
    s.server(700, 503, b"def");
    s.client(503, 703, b"");
    let (log, facts) = s.finish();
    assert!(facts.mid_stream && log.gaps.is_empty());
    assert_eq!((&log.bytes.client[..], &log.bytes.server[..]), (&b"abc"[..], &b"def"[..]));
}

#[test]
fn a_syn_captured_late_still_opens_the_connection() {
    let mut s = Script::new();
    s.put(Role::Server, SYN | ACK, -1, 0, b"");
    assert!(!s.connection.is_reused_by(&s.segment(Role::Client, SYN, -1, 0, b""), Role::Client));
    s.put(Role::Client, SYN, -1, 0, b"");
    s.client(0, 0, b"abc");
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.client, b"abc");
    assert_eq!((facts.syn.len(), facts.mid_stream, facts.retransmissions.client), (1, false, 0));
    // Behind the first data.
    let mut s = Script::new();
    s.client(0, 0, b"abc");
    assert!(!s.connection.is_reused_by(&s.segment(Role::Client, SYN, -1, 0, b""), Role::Client));
    s.put(Role::Client, SYN, -1, 0, b"");
    assert!(!s.finish().1.mid_stream);
}

#[test]
fn of_one_captured_side_nothing_is_claimed_about_the_other() {
    let mut s = Script::new();
    s.put(Role::Client, SYN, -1, 0, b"");
    s.client(0, 0, b"");
    s.client(0, 0, b"hello");
    s.client(0, 0, b"hello");
    s.client(5, 90, b"more");
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.client, b"hellomore");
    assert_eq!(facts.retransmissions.client, 1);
    assert!(facts.unacknowledged.client.is_empty(), "the server may well have acknowledged it");
    // The client acknowledged 90 bytes that the capture does not have.
    assert_eq!(facts.gaps.server.iter().map(|gap| gap.len).collect::<Vec<_>>(), [Some(90)]);
}

#[test]
fn full_segments_sent_again_and_again_and_never_acknowledged() {
    let mut s = Script::opened();
    s.client(0, 0, &[1; 200]);
    s.server(0, 200, &[2; 1_448]);
    s.server(1_448, 200, &[2; 1_448]);
    s.server(2_896, 200, &[2; 100]);
    for _ in 0..3 {
        s.client(200, 0, b"");
        s.server(0, 200, &[2; 1_448]);
    }
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.server.len(), 2_996);
    let lost = &facts.unacknowledged.server;
    assert_eq!(lost.iter().map(|l| (l.len, l.times)).collect::<Vec<_>>(), [(1_448, 4)]);
    assert_eq!((lost[0].first.packet.0, lost[0].last.packet.0), (5, 13));
    assert_eq!(facts.largest_segment.server, 1_448);
    assert_eq!((facts.largest_acknowledged.server, facts.largest_acknowledged.client), (0, 200));
    assert_eq!(facts.retransmissions.server, 3);
    assert!(!facts.acknowledged_all.client && facts.acknowledged_all.server);
}

#[test]
fn keep_alives_and_window_probes_are_no_data() {
    let mut s = Script::opened();
    s.client(0, 0, b"hello");
    s.server(0, 5, b"");
    s.client(4, 0, b"");
    s.server(0, 5, b"");
    s.client(4, 0, &[0]);
    s.server(0, 5, b"");
    s.client(5, 0, b"!");
    s.server(0, 6, b"");
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.client, b"hello!");
    assert_eq!((facts.keep_alives, facts.retransmissions.client), (2, 0));
    // A probe with the next byte, refused at first.
    let mut s = Script::opened();
    s.client(0, 0, b"h");
    s.server(0, 0, b"");
    s.client(0, 0, b"hello");
    s.server(0, 5, b"");
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.client, b"hello");
    assert!(facts.unacknowledged.client.is_empty());
}

#[test]
fn data_on_the_syn_counts_once() {
    let mut s = Script::new();
    s.put(Role::Client, SYN, -1, 0, b"hello");
    s.put(Role::Server, SYN | ACK, -1, 0, b"");
    s.client(0, 0, b"hello");
    let (log, _) = s.finish();
    assert_eq!(log.bytes.client, b"hello");
}

#[test]
fn a_cut_packet_leaves_a_hole_of_its_size() {
    let mut s = Script::opened();
    let mut segment = s.segment(Role::Client, ACK, 0, 0, b"head");
    segment.wire_len = 1_000;
    s.put_segment(Role::Client, &segment, 64);
    s.put_segment(Role::Client, &segment, 64);
    s.client(1_000, 0, b"tail");
    let (log, facts) = s.finish();
    assert_eq!(log.bytes.client, b"headtail");
    let gaps: Vec<_> = log.gaps.iter().map(|(_, gap)| (gap.len, gap.snaplen, gap.at.packet.0)).collect();
    assert_eq!(gaps, [(Some(996), true, 4)]);
    assert!(facts.snaplen_cut);
    assert_eq!(facts.largest_segment.client, 1_000);
}

#[test]
fn a_refused_connection() {
    let mut s = Script::new();
    s.put(Role::Client, SYN, -1, 0, b"");
    s.put(Role::Server, RST | ACK, -1, 0, b"");
    assert!(s.connection.is_closed());
    // The same SYN again is the same attempt.
    let again = s.segment(Role::Client, SYN, -1, 0, b"");
    assert!(!s.connection.is_reused_by(&again, Role::Client));
    s.put_segment(Role::Client, &again, 64);
    let another = s.segment(Role::Client, SYN, 5_000, 0, b"");
    assert!(s.connection.is_reused_by(&another, Role::Client));
    let (log, facts) = s.finish();
    assert!(log.resets[0].in_answer_to_syn && facts.resets == log.resets);
    assert_eq!((facts.syn.len(), facts.mid_stream), (2, false));
}

#[test]
fn a_reset_tells_what_it_threw_away_and_whose_it_may_be() {
    let mut s = Script::opened();
    s.client(0, 0, &[1; 300]);
    let reset = s.segment(Role::Server, RST | ACK, 0, 300, b"");
    s.put_segment(Role::Server, &reset, 250);
    let (log, _) = s.finish();
    let reset = log.resets[0];
    assert_eq!((reset.unread, reset.ttl, reset.usual_ttl), (300, Some(250), Some(64)));
    assert!(!reset.in_answer_to_syn);
    // Data that arrives after the close.
    let mut s = Script::opened();
    s.client(0, 0, b"hello");
    s.put(Role::Server, ACK | FIN, 0, 5, b"");
    s.client(5, 1, &[1; 70]);
    s.put(Role::Server, RST, 1, 0, b"");
    assert_eq!(s.finish().0.resets[0].unread, 70);
    // Everything was read.
    let mut s = Script::opened();
    s.client(0, 0, b"hello");
    s.server(0, 5, b"");
    s.put(Role::Server, RST | ACK, 0, 5, b"");
    assert_eq!(s.finish().0.resets[0].unread, 0);
}

#[test]
fn a_port_is_used_again() {
    let mut s = Script::opened();
    let syn = |s: &Script, seq| s.segment(Role::Client, SYN, seq, 0, b"");
    assert!(!s.connection.is_reused_by(&syn(&s, -1), Role::Client), "a retransmission");
    assert!(s.connection.is_reused_by(&syn(&s, 70_000), Role::Client));
    let syn_ack = s.segment(Role::Server, SYN | ACK, -1, 0, b"");
    assert!(!s.connection.is_reused_by(&syn_ack, Role::Server));
    let other = s.segment(Role::Server, SYN | ACK, 9_000, 70_001, b"");
    assert!(s.connection.is_reused_by(&other, Role::Server));
    s.put(Role::Client, ACK | FIN, 0, 0, b"");
    s.put(Role::Server, ACK | FIN, 0, 1, b"");
    assert!(s.connection.is_reused_by(&s.segment(Role::Server, SYN, 400, 0, b""), Role::Server));
    assert!(!s.connection.is_reused_by(&s.segment(Role::Server, ACK, 400, 0, b"x"), Role::Server));
}

/// A packet of the client: where it stands in the stream, and how long it is.
type Piece = (usize, usize);

/// Cuts `len` bytes into pieces, repeats some of them cut anew, and moves them by a few places.
fn pieces(len: usize) -> impl Strategy<Value = Vec<Piece>> {
    let cuts = prop::collection::vec(1_usize..60, 1..40);
    let repeats =
        prop::collection::vec((any::<prop::sample::Index>(), 1_usize..100, any::<prop::sample::Index>()), 0..12);
    let moves = prop::collection::vec(0_usize..3, 120);
    (cuts, repeats, moves).prop_map(move |(cuts, repeats, moves)| {
        let mut all = Vec::new();
        let mut start = 0;
        for cut in cuts.iter().cycle() {
            if start == len {
                break;
            }
            let end = (start + cut).min(len);
            all.push((start, end - start));
            start = end;
        }
        for (from, length, place) in repeats {
            let place = place.index(all.len()) + 1;
            // Only what was sent before can be sent again.
            let sent = all.iter().take(place).map(|(start, len)| start + len).max().unwrap_or(0);
            let from = from.index(sent);
            all.insert(place, (from, length.min(sent - from)));
        }
        let mut order: Vec<(usize, Piece)> = all.iter().enumerate().map(|(i, p)| (i + moves[i % 120], *p)).collect();
        order.sort_by_key(|(place, _)| *place);
        order.into_iter().map(|(_, piece)| piece).collect()
    })
}

fn stream(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 256) as u8).collect()
}

proptest! {
    #[test]
    fn however_it_is_sent_the_stream_is_the_same(
        pieces in pieces(1_500),
        isn in prop_oneof![any::<u32>(), (u32::MAX - 1_600)..=u32::MAX],
        eager in any::<bool>(),
        opened in any::<bool>(),
    ) {
        // Without the SYN, one byte that comes late cannot be told from a keep-alive's.
        prop_assume!(opened || pieces[0].0 != 1);
        let bytes = stream(1_500);
        let mut s = Script::with_isn(isn, 5);
        if opened {
            s = s.open();
        } else {
            s.client(0, 0, b"");
        }
        let mut furthest = 0;
        for (start, len) in &pieces {
            s.client(*start as i64, 0, &bytes[*start..start + len]);
            furthest = furthest.max(start + len);
            // An eager receiver acknowledges what the capture shows only later.
            let ack = if eager { furthest } else { s.log.bytes.client.len() };
            s.server(0, ack as i64, b"");
        }
        let (log, facts) = s.finish();
        prop_assert!(log.gaps.is_empty(), "{:?}", log.gaps);
        prop_assert_eq!(log.bytes.client, bytes);
        prop_assert_eq!(facts.bytes.client, 1_500);
        prop_assert!(facts.acknowledged_all.server && facts.unacknowledged.client.is_empty());
        let cuts_only = pieces.iter().map(|(_, len)| len).sum::<usize>() == 1_500;
        prop_assert_eq!(facts.retransmissions.client + facts.keep_alives == 0, cuts_only);
    }

    #[test]
    fn one_lost_packet_is_one_hole(lost in 0_usize..30, isn in (u32::MAX - 3_000)..=u32::MAX) {
        let bytes = stream(3_000);
        let mut s = Script::with_isn(isn, 5).open();
        for (no, piece) in bytes.chunks(100).enumerate() {
            if no != lost {
                s.client(no as i64 * 100, 0, piece);
            }
            s.server(0, no as i64 * 100 + 100, b"");
        }
        let (log, facts) = s.finish();
        let expected = [&bytes[..lost * 100], &bytes[lost * 100 + 100..]].concat();
        prop_assert_eq!(log.bytes.client, expected);
        prop_assert_eq!(log.gaps.len(), 1);
        let (_, gap) = log.gaps[0];
        prop_assert_eq!((gap.len, gap.acknowledged), (Some(100), true));
        prop_assert_eq!(facts.gaps.client, vec![gap]);
    }

    #[test]
    fn a_segment_that_goes_on_is_taken_as_any_other(
        steps in prop::collection::vec((any::<bool>(), 0_u8..24, -3_i64..4, 0_i64..40, 0_usize..20), 0..60),
        opened in any::<bool>(),
    ) {
        let mut s = if opened { Script::opened() } else { Script::new() };
        let (mut other, mut other_log) = (s.connection.clone(), Log::default());
        let mut sent = ByRole { client: 0_i64, server: 0_i64 };
        let bytes = stream(20);
        for (client, kind, shift, behind, len) in steps {
            let role = if client { Role::Client } else { Role::Server };
            let flags = match kind {
                0 => ACK | FIN,
                1 => ACK | RST,
                2 => 0,
                _ => ACK,
            };
            let seq = *sent.of(role) + if kind == 3 { shift } else { 0 };
            let ack = *sent.of(role.peer()) - if kind % 2 == 0 { behind } else { 0 };
            let mut segment = s.segment(role, flags, seq, ack, &bytes[..len]);
            segment.wire_len += usize::from(kind == 4) * 5;
            *sent.of_mut(role) = seq + segment.wire_len as i64;
            let packet = s.put_segment(role, &segment, 60 + kind / 8);
            let at = At { packet: PacketNo(packet), time: Timestamp(s.millis * 1_000_000) };
            other.any_segment(role, &segment, 60 + kind / 8, at, &mut other_log);
            prop_assert_eq!(format!("{:?}", s.connection), format!("{other:?}"));
        }
        prop_assert_eq!(format!("{:?}", s.log), format!("{other_log:?}"));
    }

    #[test]
    fn nothing_panics(
        segments in prop::collection::vec((any::<bool>(), any::<u8>(), any::<u32>(), -40_i64..40, any::<u32>(), 0_usize..20, 0_usize..30, any::<bool>()), 0..60),
    ) {
        let mut s = Script::new();
        let bytes = stream(20);
        for (client, flags, wild, near, ack, len, wire_len, is_wild) in segments {
            let role = if client { Role::Client } else { Role::Server };
            let mut segment = s.segment(role, flags & !(RST >> u8::from(!is_wild)), near, near, &bytes[..len]);
            segment.wire_len = wire_len;
            if is_wild {
                segment.seq = wild;
                segment.ack = ack;
            }
            s.connection.is_reused_by(&segment, role);
            s.put_segment(role, &segment, 64);
        }
        let (log, facts) = s.finish();
        prop_assert_eq!(log.bytes.client.len() as u64, facts.bytes.client);
        prop_assert!(log.fins.len() <= 2);
    }
}

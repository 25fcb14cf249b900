//! The shape that nearly all frames have, read in one look: TCP in IPv4 in Ethernet, without tags, captured
//! whole, and nothing odd about any length. Everything else takes the walk through the layers, which would
//! come to the same here.

use std::net::{IpAddr, Ipv4Addr};

use super::{Datagram, Encapsulation, Payload, transport};

/// The segment in a frame of that shape. `None` says nothing about the frame but that it is another one.
#[inline]
pub(super) fn segment(frame: &[u8]) -> Option<Datagram<'_>> {
    let (ethernet, packet) = frame.split_first_chunk::<14>()?;
    let &[.., 0x08, 0x00] = ethernet else { return None };
    // Version 4 with a header of five words, which carries TCP.
    let &[0x45, _, l0, l1, i0, i1, f0, f1, ttl, 6, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = packet.first_chunk()? else {
        return None;
    };
    // Not a fragment; a frame may be longer than its packet, which is padding.
    let (_, body) = packet.get(..usize::from(u16::from_be_bytes([l0, l1])))?.split_first_chunk::<20>()?;
    if u16::from_be_bytes([f0, f1]) & 0x3fff != 0 {
        return None;
    }
    let header = body.first_chunk::<20>()?;
    let header_length = transport::header_length(header);
    let payload = body.get(header_length..)?;
    let segment = transport::segment(header, payload, payload.len());
    // A SYN has options that matter.
    if header_length < 20 || segment.flags.syn() {
        return None;
    }
    Some(Datagram {
        encapsulation: Encapsulation::default(),
        source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        ttl,
        ip_id: u32::from(u16::from_be_bytes([i0, i1])),
        payload: Payload::Tcp(segment),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::LinkType;
    use crate::net::{self, Frame, MOST_TUNNELS, TcpFlags};

    /// An acknowledgement with three bytes and its options, in a frame with two bytes of padding.
    const FRAME: [u8; 71] = *b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\
        \x45\x00\x00\x37\x12\x34\x40\x00\x40\x06\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02\
        \x9c\x40\x01\xbb\x00\x00\x03\xe8\x00\x00\x07\xd0\x80\x18\x01\xf5\x00\x00\x00\x00\
        \x01\x01\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x02\
        abc\x00\x00";

    #[test]
    fn an_ordinary_segment_is_read_in_one_look() {
        let datagram = segment(&FRAME).expect("of the shape");
        let Payload::Tcp(segment) = datagram.payload else { panic!("no segment") };
        assert_eq!((segment.source_port, segment.destination_port), (40_000, 443));
        assert_eq!((segment.seq, segment.ack, segment.flags, segment.window), (1_000, 2_000, TcpFlags(0x18), 501));
        assert_eq!((segment.payload, segment.wire_len, datagram.ip_id), (&b"abc"[..], 3, 0x1234));
    }

    proptest! {
        #[test]
        fn what_is_read_in_one_look_is_what_the_walk_finds(
            edits in prop::collection::vec((0_usize..FRAME.len(), any::<u8>()), 0..4),
            len in 0_usize..=FRAME.len(),
            whole in any::<bool>(),
            cut in 0_usize..100,
        ) {
            let mut frame = FRAME;
            for (at, value) in edits {
                frame[at] = value;
            }
            let frame = if whole { &frame[..] } else { &frame[..len] };
            if let Some(found) = segment(frame) {
                let walked = net::walk_through(MOST_TUNNELS, LinkType(1), frame, frame.len() + cut);
                prop_assert_eq!(walked.problems, []);
                let Some(Frame::Datagram(walked)) = walked.value else { panic!("the walk finds none") };
                prop_assert_eq!(format!("{found:?}"), format!("{walked:?}"));
            }
        }
    }
}

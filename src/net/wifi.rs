//! IEEE 802.11 data frames, bare or behind a radiotap, Prism, AVS or PPI header.

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, Layer, ethernet};

/// LINKTYPE_IEEE802_11_RADIOTAP: its own length is in the header, in little-endian order.
pub(super) fn radiotap<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[_, _, l0, l1], _)) = part.head::<4>() else { return walk.short(part) };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let (Some(rest), Some(header)) = (part.skip(length), part.bytes.get(..length)) else { return walk.short(part) };
    let flags = radiotap_flags(header).unwrap_or(0);
    if flags & 0x40 != 0 {
        // Received with a wrong checksum: none of its bytes can be trusted.
        return None;
    }
    mac(walk, rest, flags & 0x20 != 0)
}

/// The flags field, where there is one: the first field, or the second behind the eight bytes of the
/// time stamp.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let (words, _) = header.get(4..)?.as_chunks::<4>();
    let present = words.first().map(|word| u32::from_le_bytes(*word))?;
    if present & 2 == 0 {
        return None;
    }
    // Bit 31 says that another word of presence bits follows.
    let more = words.iter().take_while(|word| u32::from_le_bytes(**word) & 0x8000_0000 != 0).count();
    let fields = 4 + 4 * (more + 1);
    let at = if present & 1 == 0 { fields } else { fields.next_multiple_of(8) + 8 };
    header.get(at).copied()
}

/// LINKTYPE_IEEE802_11_PRISM, behind which some drivers write an AVS header instead.
pub(super) fn prism<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[c0, c1, c2, _, l0, l1, l2, l3], _)) = part.head::<8>() else { return walk.short(part) };
    if [c0, c1, c2] == [0x80, 0x21, 0x10] {
        return avs(walk, part);
    }
    let little = u32::from_le_bytes([l0, l1, l2, l3]);
    let length = if little < 0x1_0000 { little } else { u32::from_be_bytes([l0, l1, l2, l3]) };
    let Some(rest) = part.skip(length as usize) else { return walk.short(part) };
    mac(walk, rest, false)
}

/// LINKTYPE_IEEE802_11_AVS: magic and length, in network order.
pub(super) fn avs<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[_, _, _, _, l0, l1, l2, l3], _)) = part.head::<8>() else { return walk.short(part) };
    let Some(rest) = part.skip(u32::from_be_bytes([l0, l1, l2, l3]) as usize) else { return walk.short(part) };
    mac(walk, rest, false)
}

/// LINKTYPE_PPI: a header that names the link type behind it; only 802.11 and Ethernet are followed.
pub(super) fn ppi<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((&[_, _, l0, l1, d0, d1, d2, d3], _)) = part.head::<8>() else { return walk.short(part) };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let Some(rest) = part.skip(length) else { return walk.short(part) };
    match u32::from_le_bytes([d0, d1, d2, d3]) {
        105 => mac(walk, rest, false),
        1 => ethernet::frame(walk, rest),
        _ => None,
    }
}

/// LINKTYPE_IEEE802_11.
pub(super) fn frame<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    mac(walk, part, false)
}

/// A frame from its frame control on (IEEE 802.11 section 9.2). `padded`: the driver aligned what
/// follows the header to four bytes. Only data frames that are neither encrypted nor fragmented are
/// followed; a checksum at the end falls to the length that IP gives.
fn mac<'a>(walk: &mut Walk, part: Cut<'a>, padded: bool) -> Option<Frame<'a>> {
    let Some((&[control, flags], _)) = part.head::<2>() else { return walk.short(part) };
    let is_data = control & 0x0f == 0x08 && control & 0x40 == 0;
    if !is_data || flags & 0x40 != 0 {
        return None;
    }
    let Some((header, _)) = part.head::<24>() else { return walk.short(part) };
    let address = |at: usize| header.get(at..).and_then(|rest| rest.first_chunk::<6>()).copied().unwrap_or_default();
    let (first, second, third) = (address(4), address(10), address(16));
    if header.get(22).is_some_and(|sequence| sequence & 0x0f != 0) {
        return None;
    }
    let mut length = 24;
    (walk.destination, walk.source) = match flags & 3 {
        0 => (first, second),
        1 => (third, second),
        2 => (first, third),
        _ => {
            let Some((fourth, _)) = part.skip(length).and_then(Cut::head::<6>) else { return walk.short(part) };
            length += 6;
            (third, *fourth)
        }
    };
    let mut aggregate = false;
    if control & 0x80 != 0 {
        let Some((&[qos, _], _)) = part.skip(length).and_then(Cut::head::<2>) else { return walk.short(part) };
        aggregate = qos & 0x80 != 0;
        // The order bit of a QoS frame announces the HT control field.
        length += if flags & 0x80 != 0 { 6 } else { 2 };
    }
    if padded {
        length = length.next_multiple_of(4);
    }
    let Some(body) = part.skip(length) else { return walk.short(part) };
    walk.push(Layer::Wifi)?;
    if aggregate { first_of_aggregate(walk, body) } else { ethernet::llc(walk, body) }
}

/// The first subframe of an A-MSDU (IEEE 802.11 section 9.3.2.2).
///
/// Not done: the further subframes. Their bytes show as missing from the capture.
fn first_of_aggregate<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, rest)) = part.head::<14>() else { return walk.short(part) };
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, l0, l1] = *header;
    walk.destination = [d0, d1, d2, d3, d4, d5];
    walk.source = [s0, s1, s2, s3, s4, s5];
    ethernet::llc(walk, rest.at_most(usize::from(u16::from_be_bytes([l0, l1]))))
}

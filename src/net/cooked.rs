//! Linux cooked captures (`-i any`): LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2.

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, ethernet, wifi};

/// ARPHRD_IEEE80211 of Linux.
const ARPHRD_WIFI: u16 = 801;
/// ARPHRD_IEEE80211_RADIOTAP of Linux.
const ARPHRD_RADIOTAP: u16 = 803;
/// ETH_P_802_2 of Linux: an LLC header follows.
const LLC: u16 = 0x0004;
/// What lies below is no EtherType but a number of Linux's own.
const FIRST_ETHER_TYPE: u16 = 0x0600;

/// LINKTYPE_LINUX_SLL: sixteen bytes, the protocol last.
pub(super) fn v1<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, rest)) = part.head::<16>() else { return walk.short(part) };
    let [_, _, h0, h1, _, _, a0, a1, a2, a3, a4, a5, _, _, p0, p1] = *header;
    walk.source = [a0, a1, a2, a3, a4, a5];
    payload(walk, u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]), rest)
}

/// LINKTYPE_LINUX_SLL2: twenty bytes, the protocol first.
pub(super) fn v2<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((header, rest)) = part.head::<20>() else { return walk.short(part) };
    let [p0, p1, _, _, _, _, _, _, h0, h1, _, _, a0, a1, a2, a3, a4, a5, _, _] = *header;
    walk.source = [a0, a1, a2, a3, a4, a5];
    payload(walk, u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]), rest)
}

fn payload<'a>(walk: &mut Walk, hardware: u16, protocol: u16, part: Cut<'a>) -> Option<Frame<'a>> {
    match (hardware, protocol) {
        (ARPHRD_WIFI, _) => wifi::frame(walk, part),
        (ARPHRD_RADIOTAP, _) => wifi::radiotap(walk, part),
        (_, LLC) => ethernet::llc(walk, part),
        (_, FIRST_ETHER_TYPE..) => ethernet::payload(walk, protocol, part),
        _ => None,
    }
}

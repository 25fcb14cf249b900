//! BSD loopback: LINKTYPE_NULL (the host's byte order, which is not known) and LINKTYPE_LOOP.

use super::cut::Cut;
use super::walk::Walk;
use super::{Frame, ip};

/// A frame from its address family on.
pub(super) fn frame<'a>(walk: &mut Walk, part: Cut<'a>) -> Option<Frame<'a>> {
    let Some((family, rest)) = part.head::<4>() else { return walk.short(part) };
    // AF_INET is 2 everywhere; AF_INET6 is 24 (BSD), 28 (FreeBSD), 30 (macOS), 10 (Linux) or 23 (Windows).
    match *family {
        [0, 0, 0, 2 | 10 | 23 | 24 | 28 | 30] | [2 | 10 | 23 | 24 | 28 | 30, 0, 0, 0] => ip::packet(walk, rest),
        _ => None,
    }
}

//! The clocks of the interfaces of a pcapng section (`if_tsresol`, `if_tsoffset`).

use crate::time::Timestamp;

/// How an interface counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) ticks: Ticks,
    /// Nanoseconds to add.
    pub(super) offset: i64,
}

/// What a tick is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ticks {
    /// So many nanoseconds a tick.
    Longer(u64),
    /// So many ticks a nanosecond; 0: more than 64 bits can count.
    Shorter(u64),
    /// Two to the power of so many ticks a second.
    Binary(u32),
}

impl Clock {
    pub(super) const MICROSECONDS: Self = Self { ticks: Ticks::Longer(1_000), offset: 0 };

    #[inline]
    pub(super) fn time(self, ticks: u64) -> Timestamp {
        let nanos = match self.ticks {
            Ticks::Longer(unit) => i64::try_from(ticks.saturating_mul(unit)).unwrap_or(i64::MAX),
            Ticks::Shorter(unit) => i64::try_from(ticks.checked_div(unit).unwrap_or(0)).unwrap_or(i64::MAX),
            Ticks::Binary(power) => {
                let nanos = (u128::from(ticks) * 1_000_000_000).checked_shr(power).unwrap_or(0);
                i64::try_from(nanos).unwrap_or(i64::MAX)
            }
        };
        Timestamp(nanos.saturating_add(self.offset))
    }

    /// Fractional digits of a second that it can tell apart: 0, 3, 6 or 9.
    pub(super) fn digits(self) -> usize {
        match self.ticks {
            Ticks::Longer(1_000_000_000) | Ticks::Binary(0) => 0,
            Ticks::Longer(1_000_000..) | Ticks::Binary(1..=9) => 3,
            Ticks::Longer(1_000..) | Ticks::Binary(10..=19) => 6,
            _ => 9,
        }
    }
}

/// `if_tsresol`: a negative power of ten, or of two where the upper bit is set.
pub(super) fn ticks(resolution: u8) -> Ticks {
    let power = u32::from(resolution & 0x7f);
    if resolution & 0x80 != 0 {
        Ticks::Binary(power)
    } else if power <= 9 {
        Ticks::Longer(10_u64.pow(9 - power))
    } else {
        Ticks::Shorter(10_u64.checked_pow(power - 9).unwrap_or(0))
    }
}

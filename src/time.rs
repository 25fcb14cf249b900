//! Time as the capture tells it. Nothing here asks a clock.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use crate::bytes::two_digits;

/// A moment: nanoseconds since 1970-01-01T00:00:00Z, as written in the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

thread_local! {
    /// The second that was shown last, and how.
    static LAST: Cell<(i64, [u8; 19])> = const { Cell::new((0, *b"1970-01-01T00:00:00")) };
}

/// A second as `2026-11-24T14:23:46`. Years have four digits: 64 bits of nanoseconds reach from 1677 to 2262.
fn date_and_time(secs: i64) -> Option<[u8; 19]> {
    let moment = time::OffsetDateTime::from_unix_timestamp(secs).ok()?;
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.to_hms();
    let year = year.unsigned_abs();
    let two = |number: u32| two_digits((number % 100) as u8);
    let ([a, b], [c, d]) = (two(year / 100), two(year));
    let ([e, f], [g, h]) = (two_digits(u8::from(month)), two_digits(day));
    let ([i, j], [k, l], [m, n]) = (two_digits(hour), two_digits(minute), two_digits(second));
    Some([a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, b':', k, l, b':', m, n])
}

impl Timestamp {
    /// From whole seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Time from `earlier` to here; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Elapsed {
        Elapsed(self.0.saturating_sub(earlier.0))
    }

    /// RFC 3339 in UTC with `digits` (0, 3, 6 or 9) fractional digits.
    pub fn rfc3339(self, digits: usize) -> Rfc3339 {
        let nanos = self.0.rem_euclid(1_000_000_000) as u32;
        let two = |number: u32| two_digits((number % 100) as u8);
        let ([a, b], [c, d]) = (two(nanos / 10_000_000), two(nanos / 100_000));
        let ([e, f], [g, h], [_, i]) = (two(nanos / 1_000), two(nanos / 10), two(nanos % 10));
        let fraction = [b'.', a, b, c, d, e, f, g, h, i];
        let shown = fraction.get(..=digits.min(9)).filter(|_| digits > 0).unwrap_or_default();
        // By hand: a large report holds many of these, and most within a second of the one before.
        let (mut secs, mut known) = LAST.get();
        if secs != self.secs() {
            let Some(text) = date_and_time(self.secs()) else { return format!("@{}", self.secs()).into() };
            (secs, known) = (self.secs(), text);
            LAST.set((secs, known));
        }
        let mut bytes = [0; Rfc3339::SHORT];
        let len = known.len() + shown.len() + 1;
        if let Some((head, tail)) = bytes.split_first_chunk_mut() {
            *head = known;
            tail.iter_mut().zip(shown.iter().chain(b"Z")).for_each(|(place, byte)| *place = *byte);
        }
        Rfc3339(Text::Short { len: len as u8, bytes })
    }

    /// Date and time for a person: `2026-11-24 14:23:46 UTC`.
    pub fn human(self) -> String {
        let text = self.rfc3339(0);
        match (text.get(..10), text.get(11..19)) {
            (Some(date), Some(time)) => format!("{date} {time} UTC"),
            _ => text.to_string(),
        }
    }
}

/// A moment as text, in RFC 3339 and UTC. A report has one in each line of a timeline, so it stands where it is shown:
/// only what was read from elsewhere, and is longer, takes memory of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Rfc3339(Text);

#[derive(Clone, PartialEq, Eq)]
enum Text {
    Short { len: u8, bytes: [u8; Rfc3339::SHORT] },
    Long(Box<str>),
}

impl Rfc3339 {
    /// Length in bytes with nine fractional digits.
    const SHORT: usize = "2026-11-24T14:23:46.123456789Z".len();

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Short { len, bytes } => {
                bytes.get(..usize::from(*len)).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
            }
            Text::Long(text) => text,
        }
    }
}

impl From<String> for Rfc3339 {
    fn from(text: String) -> Self {
        let mut bytes = [0; Self::SHORT];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                Self(Text::Short { len: text.len() as u8, bytes })
            }
            None => Self(Text::Long(text.into())),
        }
    }
}

impl Deref for Rfc3339 {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A span of time in nanoseconds; may be negative, for captures whose clock was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Elapsed(pub i64);

impl Elapsed {
    /// Whole microseconds, rounded towards zero.
    pub const fn micros(self) -> i64 {
        self.0 / 1_000
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl fmt::Display for Elapsed {
    /// For a person: `0.4 ms`, `12 ms`, `3.2 s`, `4 min 10 s`, `3 days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let ns = self.0.unsigned_abs();
        let secs = ns / 1_000_000_000;
        match () {
            () if ns < 10_000_000 => write!(f, "{sign}{}.{} ms", ns / 1_000_000, ns % 1_000_000 / 100_000),
            () if ns < 1_000_000_000 => write!(f, "{sign}{} ms", ns / 1_000_000),
            () if secs < 60 => write!(f, "{sign}{secs}.{} s", ns % 1_000_000_000 / 100_000_000),
            () if secs < 3_600 => write!(f, "{sign}{} min {} s", secs / 60, secs % 60),
            () if secs < 86_400 => write!(f, "{sign}{} h {} min", secs / 3_600, secs % 3_600 / 60),
            () if secs < 2 * 86_400 => write!(f, "{sign}1 day"),
            () => write!(f, "{sign}{} days", secs / 86_400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_keeps_the_resolution_asked_for() {
        let t = Timestamp(1_795_528_800_123_456_789);
        assert_eq!(t.rfc3339(0).as_str(), "2026-11-24T14:00:00Z");
        assert_eq!(t.rfc3339(6).as_str(), "2026-11-24T14:00:00.123456Z");
        assert_eq!(t.rfc3339(3).as_str(), "2026-11-24T14:00:00.123Z");
        assert_eq!(t.rfc3339(9).as_str(), "2026-11-24T14:00:00.123456789Z");
        assert_eq!(Timestamp(i64::MIN).rfc3339(9).as_str(), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(Timestamp(i64::MAX).rfc3339(0).as_str(), "2262-04-11T23:47:16Z");
        assert_eq!(t.human(), "2026-11-24 14:00:00 UTC");
        assert_eq!(Timestamp(-1).rfc3339(9).as_str(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn moments_read_from_elsewhere_keep_their_text() {
        for text in ["", "2026-11-24T14:00:00Z", "2026-11-24T14:00:00.123456789Z", "at half past seven on a Wednesday"]
        {
            assert_eq!(Rfc3339::from(text.to_owned()).as_str(), text);
        }
        let t = Timestamp(1_795_528_800_123_456_789);
        assert_eq!(Rfc3339::from("2026-11-24T14:00:00.123Z".to_owned()), t.rfc3339(3), "however it was made");
    }

    #[test]
    fn spans_read_as_a_person_says_them() {
        assert_eq!(Elapsed(430_000).to_string(), "0.4 ms");
        assert_eq!(Elapsed(12_000_000).to_string(), "12 ms");
        assert_eq!(Elapsed(3_210_000_000).to_string(), "3.2 s");
        assert_eq!(Elapsed(-250_000_000_000).to_string(), "-4 min 10 s");
        assert_eq!(Elapsed(3 * 86_400 * 1_000_000_000).to_string(), "3 days");
    }
}

//! A forgiving walk over DER (X.690): one element at a time, never past the end, no recursion.

use crate::time::Timestamp;

/// Universal tags, as they stand in the identifier byte.
pub(super) mod tag {
    pub(in crate::x509) const BOOLEAN: u8 = 0x01;
    pub(in crate::x509) const INTEGER: u8 = 0x02;
    pub(in crate::x509) const BIT_STRING: u8 = 0x03;
    pub(in crate::x509) const OCTET_STRING: u8 = 0x04;
    pub(in crate::x509) const OID: u8 = 0x06;
    pub(in crate::x509) const ENUMERATED: u8 = 0x0a;
    pub(in crate::x509) const UTC_TIME: u8 = 0x17;
    pub(in crate::x509) const GENERALIZED_TIME: u8 = 0x18;
    pub(in crate::x509) const SEQUENCE: u8 = 0x30;
    pub(in crate::x509) const SET: u8 = 0x31;

    /// The identifier of a constructed context-specific element, `[n]`.
    pub(in crate::x509) const fn explicit(n: u8) -> u8 {
        0xa0 | n
    }

    /// The identifier of a primitive context-specific element, `[n] IMPLICIT`.
    pub(in crate::x509) const fn implicit(n: u8) -> u8 {
        0x80 | n
    }
}

/// One element: identifier byte (of the long form only the first), content, and all of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Its content as elements.
    pub(super) fn inside(&self) -> Der<'a> {
        Der::new(self.content)
    }
}

/// Identifier and length of an element, and how many bytes both took. `length` is `None` for BER's
/// indefinite form, which DER forbids.
struct Header {
    tag: u8,
    length: Option<usize>,
    size: usize,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let mut rest = bytes.iter().copied();
    let tag = rest.next()?;
    if tag & 0x1f == 0x1f {
        // Tag numbers above 30 go on while the top bit is set; three such bytes exceed all that exist.
        let mut more = true;
        for _ in 0..4 {
            more = rest.next()? & 0x80 != 0;
            if !more {
                break;
            }
        }
        if more {
            return None;
        }
    }
    let first = rest.next()?;
    let length = match first {
        0..=0x7f => Some(usize::from(first)),
        0x80 => None,
        // Leading zeros are not DER, but some encoders write them, and most readers take them.
        _ => {
            let mut length: usize = 0;
            for _ in 0..first & 0x7f {
                length = length.checked_mul(256)?.checked_add(usize::from(rest.next()?))?;
            }
            Some(length)
        }
    };
    Some(Header { tag, length, size: bytes.len() - rest.len() })
}

/// Elements in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'a> {
    rest: &'a [u8],
}

impl<'a> Der<'a> {
    /// The elements of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element; `None`, and nothing consumed, where the bytes are none.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let header = header(self.rest)?;
        let (whole, rest) = self.rest.split_at_checked(header.size.checked_add(header.length?)?)?;
        self.rest = rest;
        Some(Element { tag: header.tag, content: whole.get(header.size..)?, whole })
    }

    /// The next element, whose content ends with the bytes if it says that it goes on further (or is
    /// of indefinite length). The flag says whether it does.
    pub(super) fn next_clipped(&mut self) -> Option<(Element<'a>, bool)> {
        if let Some(element) = self.next() {
            return Some((element, false));
        }
        let whole = self.rest;
        let header = header(whole)?;
        self.rest = &[];
        Some((Element { tag: header.tag, content: whole.get(header.size..)?, whole }, true))
    }

    /// The next element if it has this tag; otherwise nothing is consumed.
    pub(super) fn next_if(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }
}

/// The bytes of a BIT STRING's content and how many bits of the last byte are unused.
pub(super) fn bit_string(content: &[u8]) -> Option<(&[u8], u8)> {
    let (unused, bytes) = content.split_first()?;
    let fits = *unused < 8 && (*unused == 0 || !bytes.is_empty());
    fits.then_some((bytes, *unused))
}

/// A small INTEGER or ENUMERATED that is not negative.
pub(super) fn small(content: &[u8]) -> Option<u32> {
    if content.is_empty() || content.first().is_some_and(|first| first & 0x80 != 0) {
        return None;
    }
    content.iter().try_fold(0u32, |value, byte| value.checked_mul(256)?.checked_add(u32::from(*byte)))
}

/// The bytes of an INTEGER's magnitude without leading zeros; `None` for a negative one.
pub(super) fn unsigned(content: &[u8]) -> Option<&[u8]> {
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        return None;
    }
    let zeros = content.iter().take_while(|byte| **byte == 0).count();
    content.get(zeros..)
}

/// How many bits a magnitude without leading zeros has.
pub(super) fn bit_length(magnitude: &[u8]) -> usize {
    magnitude.first().map_or(0, |first| magnitude.len() * 8 - first.leading_zeros() as usize)
}

/// A moment, and whether it is written as RFC 5280 section 4.1.2.5 wants it: with seconds, without
/// fractions, in UTC (`Z`). GeneralizedTime before 2050 counts as well written, since verifiers take
/// it. Moments beyond [`Timestamp`]'s range (about the years 1678 to 2262) become its nearest end.
pub(super) fn time(element: &Element<'_>) -> Option<(Timestamp, bool)> {
    let year_digits = match element.tag {
        tag::UTC_TIME => 2,
        tag::GENERALIZED_TIME => 4,
        _ => return None,
    };
    let mut text = Digits(element.content);
    let mut year = text.number(year_digits)?;
    if year_digits == 2 {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let (month, day, hour, minute) = (text.number(2)?, text.number(2)?, text.number(2)?, text.number(2)?);
    let mut strict = true;
    let second = text.number(2).unwrap_or_else(|| {
        strict = false;
        0
    });
    if text.fraction() {
        strict = false;
    }
    let offset = match text.0 {
        b"Z" => 0,
        b"" => {
            strict = false;
            0
        }
        _ => {
            strict = false;
            text.offset_minutes()?
        }
    };
    // A leap second is legal UTC, though no certificate should have one.
    strict &= second < 60;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day)?;
    let secs = days * 86_400 + hour * 3_600 + minute * 60 + second.min(59) - offset * 60;
    Some((Timestamp::from_secs(secs), strict))
}

struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// The number that the next `n` bytes are; nothing is consumed where they are none.
    fn number(&mut self, n: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(n)?;
        let value = head
            .iter()
            .try_fold(0i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))?;
        self.0 = rest;
        Some(value)
    }

    /// Skips `.` or `,` and the digits after it; whether there was such a fraction.
    fn fraction(&mut self) -> bool {
        let Some((b'.' | b',', rest)) = self.0.split_first() else { return false };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.0 = rest.get(digits..).unwrap_or_default();
        true
    }

    /// `+hhmm` or `-hhmm`, and no more.
    fn offset_minutes(&mut self) -> Option<i64> {
        let (sign, rest) = self.0.split_first()?;
        self.0 = rest;
        let minutes = self.number(2)? * 60 + self.number(2)?;
        match sign {
            _ if !self.0.is_empty() => None,
            b'+' => Some(minutes),
            b'-' => Some(-minutes),
            _ => None,
        }
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar; `None` for one that does not exist.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let month = u8::try_from(month).ok().and_then(|month| time::Month::try_from(month).ok())?;
    let date = time::Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    const EPOCH: i64 = time::OffsetDateTime::UNIX_EPOCH.date().to_julian_day() as i64;
    Some(i64::from(date.to_julian_day()) - EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &[u8]) -> Option<(String, bool)> {
        let element = Element { tag, content: text, whole: text };
        time(&element).map(|(at, strict)| (at.rfc3339(0).to_string(), strict))
    }

    #[test]
    fn times_in_every_spelling() {
        let utc = |text: &str| read(tag::UTC_TIME, text.as_bytes());
        let general = |text: &str| read(tag::GENERALIZED_TIME, text.as_bytes());
        let is = |text: &str, strict| Some((text.to_owned(), strict));
        assert_eq!(utc("491231235959Z"), is("2049-12-31T23:59:59Z", true));
        assert_eq!(utc("500101000000Z"), is("1950-01-01T00:00:00Z", true));
        assert_eq!(utc("2411241423Z"), is("2024-11-24T14:23:00Z", false));
        assert_eq!(utc("241124142300+0130"), is("2024-11-24T12:53:00Z", false));
        assert_eq!(utc("241124142300"), is("2024-11-24T14:23:00Z", false));
        assert_eq!(general("20241124142346Z"), is("2024-11-24T14:23:46Z", true));
        assert_eq!(general("20241124142346.25Z"), is("2024-11-24T14:23:46Z", false));
        assert_eq!(utc("240230000000Z"), None, "30 February");
        assert_eq!(utc("241301000000Z"), None, "month 13");
        assert_eq!(utc("24112414234xZ"), None);
        assert_eq!(utc("241124142300Zjunk"), None);
    }

    #[test]
    fn the_end_of_time_is_after_everything() {
        let text = b"99991231235959Z";
        let (at, strict) =
            time(&Element { tag: tag::GENERALIZED_TIME, content: text, whole: text }).expect("a legal time");
        assert!(strict);
        assert_eq!(at, Timestamp(i64::MAX));
    }

    #[test]
    fn elements_never_leave_their_parent() {
        let mut der = Der::new(&[0x30, 0x81, 0x05, 1, 2]);
        assert!(der.next().is_none());
        let (element, clipped) = der.next_clipped().expect("a header is there");
        assert!(clipped);
        assert_eq!(element.content, [1, 2]);
        assert!(Der::new(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff]).next().is_none());
        assert!(Der::new(&[0x04, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]).next().is_none(), "length beyond usize");
        assert!(Der::new(&[0x30, 0x80, 0, 0]).next().is_none(), "indefinite");
    }
}

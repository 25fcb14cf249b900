//! HTTP/2 frames (RFC 9113) and as much of HPACK (RFC 7541) as the first field of a response needs.

use crate::app::{Refusal, Step, words};
use crate::bytes::Reader;

/// Bytes in a frame header.
const HEADER: usize = 9;

/// Reads one frame of the server.
pub(super) fn read(bytes: &[u8]) -> Step {
    let mut reader = Reader::new(bytes);
    let (Ok(length), Ok(kind), Ok(flags), Ok(_stream)) = (reader.u24(), reader.u8(), reader.u8(), reader.u32()) else {
        return Step::More;
    };
    let length = length as usize;
    if length > 1 << 20 {
        return Step::Lost;
    }
    let whole = HEADER + length;
    const HEADERS: u8 = 1;
    const GOAWAY: u8 = 7;
    match kind {
        HEADERS => {
            let Some(payload) = bytes.get(HEADER..whole) else { return Step::More };
            let refusal = status(payload, flags).and_then(|status| {
                // The page usually follows at once, in a DATA frame; its words decide.
                let text = String::from_utf8_lossy(bytes.get(whole..).unwrap_or(&[])).into_owned();
                refusal(status, &text)
            });
            match refusal {
                Some(refusal) => Step::Refused(Box::new(refusal)),
                None => Step::Passed(whole),
            }
        }
        GOAWAY => {
            let Some(payload) = bytes.get(HEADER..whole) else { return Step::More };
            let mut reader = Reader::new(payload);
            let (Ok(_), Ok(code)) = (reader.u32(), reader.u32()) else { return Step::Passed(whole) };
            // HTTP_1_1_REQUIRED and INADEQUATE_SECURITY (RFC 9113 section 7) refuse the connection.
            match code {
                0xc | 0xd => Step::Refused(Box::new(Refusal {
                    protocol: "http/2",
                    code: format!("GOAWAY {code}"),
                    meaning: crate::app::RefusalMeaning::Unclear,
                    text: if code == 0xc { "INADEQUATE_SECURITY".to_owned() } else { "HTTP_1_1_REQUIRED".to_owned() },
                    server: None,
                    plaintext: false,
                })),
                _ => Step::Passed(whole),
            }
        }
        _ => Step::Passed(whole),
    }
}

fn refusal(status: u16, text: &str) -> Option<Refusal> {
    let meaning = words::http(status, text)?;
    let title = words::title(text);
    Some(Refusal {
        protocol: "http/2",
        code: status.to_string(),
        meaning,
        text: match title {
            Some(title) => format!("HTTP/2 {status} ({title})"),
            None => format!("HTTP/2 {status}"),
        },
        server: None,
        plaintext: false,
    })
}

/// `:status` of a HEADERS frame: it comes first (RFC 9113 section 8.3).
fn status(payload: &[u8], flags: u8) -> Option<u16> {
    let mut reader = Reader::new(payload);
    const PADDED: u8 = 0x8;
    const PRIORITY: u8 = 0x20;
    if flags & PADDED != 0 {
        reader.u8().ok()?;
    }
    if flags & PRIORITY != 0 {
        reader.take(5).ok()?;
    }
    loop {
        let first = reader.u8().ok()?;
        if first & 0x80 != 0 {
            // Indexed field: 8 to 14 are :status in the static table.
            return match first & 0x7f {
                8 => Some(200),
                9 => Some(204),
                10 => Some(206),
                11 => Some(304),
                12 => Some(400),
                13 => Some(404),
                14 => Some(500),
                _ => None,
            };
        }
        if first & 0xe0 == 0x20 {
            // Dynamic table size update; longer ones go on in further bytes.
            if first & 0x1f == 0x1f {
                while reader.u8().ok()? & 0x80 != 0 {}
            }
            continue;
        }
        let index = if first & 0x40 != 0 { first & 0x3f } else { first & 0x0f };
        if !(8..=14).contains(&index) {
            return None;
        }
        let length = reader.u8().ok()?;
        let value = reader.take(usize::from(length & 0x7f)).ok()?;
        return if length & 0x80 != 0 { huffman_digits(value) } else { std::str::from_utf8(value).ok()?.parse().ok() };
    }
}

/// Digits in HPACK's Huffman code: 0 to 2 take five bits, 3 to 9 six (RFC 7541 appendix B).
fn huffman_digits(bytes: &[u8]) -> Option<u16> {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| (byte >> shift) & 1)).collect();
    let number = |bits: &[u8]| bits.iter().fold(0_u16, |all, bit| all * 2 + u16::from(*bit));
    let mut rest = bits.as_slice();
    let mut value = 0_u16;
    while rest.len() >= 5 {
        let five = number(rest.get(..5)?);
        if five <= 2 {
            value = value.checked_mul(10)?.checked_add(five)?;
            rest = rest.get(5..)?;
            continue;
        }
        let Some(six) = rest.get(..6).map(number) else { break };
        if !(25..=31).contains(&six) {
            break;
        }
        value = value.checked_mul(10)?.checked_add(six - 22)?;
        rest = rest.get(6..)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_huffman_code() {
        // "403": 4 is 011010, 0 is 00000, 3 is 011001; padded with ones.
        assert_eq!(huffman_digits(&[0b0110_1000, 0b0000_1100, 0b1111_1111]), Some(403));
        assert_eq!(status(&[0x48, 0x82, 0x64, 0x02], 4), Some(302));
    }
}

//! MySQL and MariaDB packets.

use crate::app::{Refusal, Step, words};
use crate::bytes::Reader;

/// Whether these bytes are a login packet: after the TLS upgrade it has sequence number 2, and it
/// repeats the capabilities with CLIENT_SSL set.
pub(super) fn is_login(bytes: &[u8]) -> bool {
    match bytes {
        [_, _, 0, 2, _, capabilities, ..] => capabilities & 0x08 != 0 && bytes.len() >= 16,
        _ => false,
    }
}

/// Reads one packet of the server.
pub(super) fn read(bytes: &[u8]) -> Step {
    let Some(head) = bytes.first_chunk::<4>() else { return Step::More };
    let [a, b, c, _sequence] = *head;
    let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
    let Some(payload) = bytes.get(4..4 + length) else {
        return if length > 1 << 20 { Step::Lost } else { Step::More };
    };
    let mut reader = Reader::new(payload);
    if reader.u8() != Ok(0xff) {
        return Step::Passed(4 + length);
    }
    let Ok(code) = reader.array::<2>() else { return Step::Passed(4 + length) };
    let code = u16::from_le_bytes(code).to_string();
    let rest = String::from_utf8_lossy(reader.rest()).into_owned();
    let (state, text) = match rest.strip_prefix('#').and_then(|rest| rest.split_at_checked(5)) {
        Some((state, text)) => (state.to_owned(), text.to_owned()),
        None => (String::new(), rest),
    };
    match words::database(&code, &text) {
        Some(meaning) => Step::Refused(Box::new(Refusal {
            protocol: "mysql",
            text: format!("ERROR {code} ({state}): {text}"),
            code,
            meaning,
            server: None,
            plaintext: false,
        })),
        None => Step::Passed(4 + length),
    }
}

//! PostgreSQL's backend messages (PostgreSQL documentation, chapter "Frontend/Backend Protocol").

use crate::app::{Refusal, Step, words};
use crate::bytes::Reader;

/// Whether these bytes are a StartupMessage of protocol 3.
pub(super) fn is_startup(bytes: &[u8]) -> bool {
    bytes.get(4..8).is_some_and(|version| matches!(version, [0, 3, 0, 0..=9]))
}

/// Reads one message of the server.
pub(super) fn read(bytes: &[u8]) -> Step {
    let mut reader = Reader::new(bytes);
    let (Ok(kind), Ok(length)) = (reader.u8(), reader.u32()) else { return Step::More };
    let length = length as usize;
    if !(4..=1 << 20).contains(&length) {
        return Step::Lost;
    }
    if kind != b'E' {
        return Step::Passed(1 + length);
    }
    let Ok(fields) = reader.take(length - 4) else { return Step::More };
    let field = |code: u8| {
        fields.split(|byte| *byte == 0).find_map(|field| match field.split_first() {
            Some((first, text)) if *first == code => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        })
    };
    let severity = field(b'V').or_else(|| field(b'S')).unwrap_or_default();
    if severity != "FATAL" && severity != "PANIC" {
        return Step::Passed(1 + length);
    }
    let text = field(b'M').unwrap_or_default();
    let code = field(b'C').unwrap_or_default();
    match words::database(&code, &text) {
        Some(meaning) => Step::Refused(Box::new(Refusal {
            protocol: "postgresql",
            code,
            meaning,
            text: format!("{severity}: {text}"),
            server: None,
            plaintext: false,
        })),
        None => Step::Passed(1 + length),
    }
}

//! What the readers of single messages have in common.

use crate::bytes::{Reader, Short};
use crate::problem::Problem;
use crate::tls::extension::{self, Extensions, Place};

/// The code of a problem with a message that breaks its grammar.
pub(super) const MALFORMED: &str = "malformed-handshake-message";

/// A message whose bytes ended too early.
pub(super) fn cut(message: &str, short: Short) -> Problem {
    let Short { at, wanted, had } = short;
    Problem::new(
        MALFORMED,
        format!("{message} ends too early: {wanted} bytes are wanted at offset {at}, and {had} are there."),
    )
}

/// Reads an extension list with its length. A length that overshoots is told, and what is there is read.
pub(super) fn extensions(
    reader: &mut Reader<'_>,
    place: Place,
    problems: &mut Vec<Problem>,
) -> Result<Extensions, Short> {
    let len = usize::from(reader.u16()?);
    let list = match reader.take(len) {
        Ok(list) => list,
        Err(short) => {
            problems.push(cut(place.name(), short));
            reader.rest()
        }
    };
    let parsed = extension::decode(list, place);
    problems.extend(parsed.problems);
    Ok(parsed.value)
}

/// The same, where the message may end before it (RFC 5246 section 7.4.1.2).
pub(super) fn optional_extensions(
    reader: &mut Reader<'_>,
    place: Place,
    problems: &mut Vec<Problem>,
) -> Result<Extensions, Short> {
    if reader.is_empty() { Ok(Extensions::default()) } else { extensions(reader, place, problems) }
}

/// The rest as 16-bit numbers; a byte that is left over is told.
pub(super) fn list16(mut reader: Reader<'_>, what: &str, problems: &mut Vec<Problem>) -> Vec<u16> {
    let (pairs, odd) = reader.rest().as_chunks::<2>();
    if !odd.is_empty() {
        problems.push(Problem::new(MALFORMED, format!("The list of {what} has an odd number of bytes.")));
    }
    pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

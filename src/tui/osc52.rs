//! Copying through the terminal itself (OSC 52): it works over SSH, and needs no clipboard program.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What terminals take at most, in bytes of text: xterm's limit of 100,000 bytes for the whole sequence.
pub const LIMIT: usize = 74_994;

/// The sequence that asks the terminal to put `text` on the clipboard; none where it is too long for one.
pub fn sequence(text: &str) -> Option<String> {
    (text.len() <= LIMIT).then(|| format!("\x1b]52;c;{}\x07", base64(text.as_bytes())))
}

/// Base64 with padding (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let letter = ALPHABET.get((word >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn text_cannot_end_the_sequence_early_and_has_a_limit() {
        assert_eq!(sequence("\x07\x1b\\").as_deref(), Some("\x1b]52;c;Bxtc\x07"));
        assert!(sequence(&"x".repeat(LIMIT)).is_some_and(|sequence| sequence.len() < 100_100));
        assert_eq!(sequence(&"x".repeat(LIMIT + 1)), None);
    }
}

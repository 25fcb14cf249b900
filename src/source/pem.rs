//! PEM (RFC 7468), read leniently: several blocks, text around them, any line ends.

/// A PEM block.
pub(super) struct Block {
    /// What stands behind BEGIN, e.g. `CERTIFICATE`.
    pub(super) label: String,
    /// The decoded bytes.
    pub(super) der: Vec<u8>,
}

/// The blocks of a file. A block without an end, or whose base64 is broken, is left out.
pub(super) fn blocks(bytes: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.as_ref();
    let mut found = Vec::new();
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        rest = after;
        let Some((label, body)) = after.split_once("-----") else { break };
        let Some((body, _)) = body.split_once(&format!("-----END {label}-----")) else { continue };
        if let Some(der) = decode(body) {
            found.push(Block { label: label.to_owned(), der });
        }
    }
    found
}

/// Whether there is a PEM block in it at all.
pub(super) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(11).any(|window| window == b"-----BEGIN ")
}

/// Base64 with white space; headers (`Proc-Type: …`) end at an empty line and are passed over.
fn decode(body: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for line in body.lines().map(str::trim).filter(|line| !line.contains(':')) {
        for byte in line.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
            bits = bits << 6 | value(byte)?;
            count += 6;
            if count >= 8 {
                count -= 8;
                out.push(u8::try_from(bits >> count & 0xff).ok()?);
                bits &= (1 << count) - 1;
            }
        }
    }
    Some(out)
}

fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_text_and_with_any_line_end() {
        let text = "subject=CN = a\r\n-----BEGIN CERTIFICATE-----\r\nAAEC\r\nAwQ=\r\n-----END CERTIFICATE-----\r\n\
                    words\n-----BEGIN X509 CRL-----\nProc-Type: 4\n\n/+8\n-----END X509 CRL-----";
        let found: Vec<(String, Vec<u8>)> =
            blocks(text.as_bytes()).into_iter().map(|block| (block.label, block.der)).collect();
        assert_eq!(found, [("CERTIFICATE".into(), vec![0, 1, 2, 3, 4]), ("X509 CRL".into(), vec![0xff, 0xef])]);
    }

    #[test]
    fn broken_blocks_are_left_out() {
        assert!(blocks(b"-----BEGIN A-----\nA*==\n-----END A-----").is_empty());
        assert!(blocks(b"-----BEGIN A-----\nAAAA").is_empty());
        assert_eq!(blocks(b"-----BEGIN A-----\n-----BEGIN B-----\nAAAA\n-----END B-----").len(), 1);
    }
}

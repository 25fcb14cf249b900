//! CompressedCertificate (RFC 8879): decompressed within a limit, because a few bytes can claim to hold
//! gigabytes.

use std::io::Read;

use crate::bytes::{Reader, Short};
use crate::problem::Problem;
use crate::tls::handshake::{CertificateMessage, DecodeContext, HandshakeMessage, certificate, fields};

/// The longest Certificate that is decompressed, in bytes.
pub const DECOMPRESSED_LIMIT: usize = 256 * 1024;
/// The largest window that a zstd frame may ask for, in bytes (RFC 8878 section 3.1.1.1.2).
const ZSTD_WINDOW: u64 = 8 * 1024 * 1024;

const ZLIB: u16 = 1;
const BROTLI: u16 = 2;
const ZSTD: u16 = 3;

/// Reads the message and what is inside of it.
pub(super) fn read(
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    context: DecodeContext,
) -> Result<HandshakeMessage, Short> {
    let algorithm = reader.u16()?;
    let uncompressed_len = reader.u24()? as usize;
    let compressed = reader.vec24()?.rest();
    let certificate = match decompress(algorithm, compressed, uncompressed_len, context.decompressed) {
        Ok(bytes) => inside(&bytes, problems, context),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    Ok(HandshakeMessage::CompressedCertificate { algorithm, uncompressed_len, certificate })
}

fn inside(bytes: &[u8], problems: &mut Vec<Problem>, context: DecodeContext) -> Option<CertificateMessage> {
    let mut reader = Reader::new(bytes);
    // Only TLS 1.3 has this message, even where the version was not seen.
    let tls13 = context.tls13 || context.version == 0;
    match certificate::read(&mut reader, problems, tls13) {
        Ok(message) => {
            if !reader.is_empty() {
                let text = format!("The decompressed Certificate has {} bytes more than its fields.", reader.len());
                problems.push(Problem::new("trailing-bytes", text));
            }
            Some(message)
        }
        Err(short) => {
            problems.push(fields::cut("The decompressed Certificate", short));
            None
        }
    }
}

/// Decompresses to exactly `expected` bytes; anything else must be refused (RFC 8879 section 4).
fn decompress(algorithm: u16, compressed: &[u8], expected: usize, limit: usize) -> Result<Vec<u8>, Problem> {
    if expected > limit {
        let text = format!("The compressed Certificate claims {expected} bytes, more than the limit of {limit}.");
        return Err(Problem::new("compressed-certificate-too-large", text));
    }
    let read = match algorithm {
        ZLIB => bounded(flate2::read::ZlibDecoder::new(compressed), expected),
        BROTLI => bounded(brotli_decompressor::Decompressor::new(compressed, 4_096), expected),
        ZSTD => zstd(compressed, expected),
        _ => {
            let text = format!("The Certificate is compressed by the algorithm {algorithm}, which is not known.");
            return Err(Problem::new("unknown-certificate-compression", text));
        }
    };
    match read {
        Some(bytes) if bytes.len() == expected => Ok(bytes),
        Some(bytes) if bytes.len() > expected => {
            let text = format!("The compressed Certificate holds more than the {expected} bytes that it claims.");
            Err(Problem::new("malformed-compressed-certificate", text))
        }
        Some(bytes) => {
            let text = format!(
                "The compressed Certificate holds {} bytes, and not the {expected} that it claims.",
                bytes.len()
            );
            Err(Problem::new("malformed-compressed-certificate", text))
        }
        None => {
            let text = "The compressed Certificate cannot be decompressed.";
            Err(Problem::new("malformed-compressed-certificate", text))
        }
    }
}

/// At most one byte more than expected, so that too much can be told from enough.
fn bounded(decoder: impl Read, expected: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder.take(expected as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn zstd(compressed: &[u8], expected: usize) -> Option<Vec<u8>> {
    let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(compressed, ZSTD_WINDOW).ok()?;
    bounded(decoder, expected)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::tls::handshake::decode;

    fn message(algorithm: u16, claimed: usize, compressed: &[u8]) -> Vec<u8> {
        let mut body = algorithm.to_be_bytes().to_vec();
        body.extend(&(claimed as u32).to_be_bytes()[1..]);
        body.extend(&(compressed.len() as u32).to_be_bytes()[1..]);
        body.extend(compressed);
        body
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("to memory");
        encoder.finish().expect("to memory")
    }

    /// A Certificate message with one certificate of three bytes.
    const CERTIFICATE: [u8; 12] = [0, 0, 0, 8, 0, 0, 3, 1, 2, 3, 0, 0];

    fn certificate(body: &[u8]) -> (Option<CertificateMessage>, Vec<&'static str>) {
        let context = DecodeContext { version: 0x0304, tls13: true, from_server: true, ..DecodeContext::default() };
        let parsed = decode(25, body, context);
        let HandshakeMessage::CompressedCertificate { certificate, .. } = parsed.value else {
            panic!("another message")
        };
        (certificate, parsed.problems.iter().map(|problem| problem.code).collect())
    }

    #[test]
    fn the_certificate_inside_is_read() {
        let stored_brotli = [&[0x8b, 0x05, 0x80][..], &CERTIFICATE, &[0x03]].concat();
        let raw_zstd = [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, 12, 0x61, 0, 0][..], &CERTIFICATE].concat();
        for (algorithm, compressed) in [(1, zlib(&CERTIFICATE)), (2, stored_brotli), (3, raw_zstd)] {
            let (certificate, problems) = certificate(&message(algorithm, CERTIFICATE.len(), &compressed));
            assert_eq!(problems, [""; 0], "algorithm {algorithm}");
            assert_eq!(certificate.expect("decompressed").entries[0].der, [1, 2, 3]);
        }
    }

    #[test]
    fn a_bomb_is_a_problem_and_no_certificate() {
        let bomb = zlib(&vec![0; 10_000_000]);
        let (none, problems) = certificate(&message(1, 12, &bomb));
        assert_eq!((none, problems), (None, vec!["malformed-compressed-certificate"]));
        let (none, problems) = certificate(&message(1, 10_000_000, &bomb));
        assert_eq!((none, problems), (None, vec!["compressed-certificate-too-large"]));
    }

    #[test]
    fn another_length_than_claimed_is_refused() {
        let (none, problems) = certificate(&message(1, 13, &zlib(&CERTIFICATE)));
        assert_eq!((none, problems), (None, vec!["malformed-compressed-certificate"]));
        let (none, problems) = certificate(&message(9, 12, &CERTIFICATE));
        assert_eq!((none, problems), (None, vec!["unknown-certificate-compression"]));
    }
}

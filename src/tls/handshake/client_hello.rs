//! ClientHello, in the framing of TLS, DTLS and SSLv2.

use crate::bytes::{Parsed, Reader, Short};
use crate::problem::Problem;
use crate::tls::extension::Place;
use crate::tls::handshake::{ClientHello, DecodeContext, fields};

/// RFC 8446 section 4.1.2. Version and random must be there; whatever follows is read as far as it goes.
pub(super) fn read(
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    context: DecodeContext,
) -> Result<ClientHello, Short> {
    let mut hello = ClientHello { version: reader.u16()?, random: reader.array()?, ..ClientHello::default() };
    if let Err(short) = fill(&mut hello, reader, problems, context.dtls) {
        problems.push(fields::cut("ClientHello", short));
        reader.rest();
    }
    Ok(hello)
}

fn fill(
    hello: &mut ClientHello,
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    dtls: bool,
) -> Result<(), Short> {
    hello.session_id = reader.vec8()?.rest().to_vec();
    if dtls {
        hello.cookie_len = Some(reader.vec8()?.len());
    }
    hello.cipher_suites = fields::list16(reader.vec16()?, "cipher suites", problems);
    hello.compression_methods = reader.vec8()?.rest().to_vec();
    hello.extensions = fields::optional_extensions(reader, Place::ClientHello, problems)?;
    Ok(())
}

/// A ClientHello in SSLv2 framing (RFC 5246 appendix E.2), with or without its two-byte record header.
/// `None` when it is none.
///
/// Of its cipher specs of three bytes those that begin with 0 are cipher suites of SSL 3.0 and later; the
/// others are SSLv2's own and are left out. The challenge, filled up with zeros on the left, is the random.
pub fn decode_sslv2_hello(bytes: &[u8]) -> Parsed<Option<ClientHello>> {
    let body = match bytes {
        [high, low, rest @ ..] if high & 0x80 != 0 => {
            let len = usize::from(u16::from_be_bytes([high & 0x7f, *low]));
            rest.get(..len).unwrap_or(rest)
        }
        _ => bytes,
    };
    let mut problems = Vec::new();
    let mut reader = Reader::new(body);
    let value = match sslv2(&mut reader) {
        Ok(hello) => hello,
        Err(short) => {
            problems.push(fields::cut("ClientHello in SSLv2 framing", short));
            None
        }
    };
    if value.is_some() && !reader.is_empty() {
        let text = format!("ClientHello in SSLv2 framing has {} bytes more than its fields.", reader.len());
        problems.push(Problem::new("trailing-bytes", text));
    }
    Parsed { value, problems }
}

fn sslv2(reader: &mut Reader<'_>) -> Result<Option<ClientHello>, Short> {
    const CLIENT_HELLO: u8 = 1;
    if reader.u8()? != CLIENT_HELLO {
        return Ok(None);
    }
    let version = reader.u16()?;
    let specs = usize::from(reader.u16()?);
    let session_id = usize::from(reader.u16()?);
    let challenge = usize::from(reader.u16()?);
    let (specs, _) = reader.take(specs)?.as_chunks::<3>();
    let cipher_suites = specs
        .iter()
        .filter_map(|[kind, high, low]| (*kind == 0).then_some(u16::from_be_bytes([*high, *low])))
        .collect();
    let session_id = reader.take(session_id)?.to_vec();
    let challenge = reader.take(challenge)?;
    let mut random = [0; 32];
    for (to, from) in random.iter_mut().rev().zip(challenge.iter().rev()) {
        *to = *from;
    }
    Ok(Some(ClientHello {
        version,
        random,
        session_id,
        cipher_suites,
        compression_methods: vec![0],
        sslv2: true,
        ..ClientHello::default()
    }))
}

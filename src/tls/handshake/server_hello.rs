//! ServerHello and HelloRetryRequest.

use crate::bytes::{Reader, Short};
use crate::problem::Problem;
use crate::tls::extension::Place;
use crate::tls::handshake::{HandshakeMessage, ServerHello, fields};

/// The random that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446
/// section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Reads either. All up to the compression method must be there.
pub(super) fn read(reader: &mut Reader<'_>, problems: &mut Vec<Problem>) -> Result<HandshakeMessage, Short> {
    let mut hello = ServerHello {
        version: reader.u16()?,
        random: reader.array()?,
        session_id: reader.vec8()?.rest().to_vec(),
        cipher_suite: reader.u16()?,
        compression_method: reader.u8()?,
        ..ServerHello::default()
    };
    let retry = hello.random == RETRY;
    let place = if retry { Place::HelloRetryRequest } else { Place::ServerHello };
    match fields::optional_extensions(reader, place, problems) {
        Ok(extensions) => hello.extensions = extensions,
        Err(short) => {
            problems.push(fields::cut(place.name(), short));
            reader.rest();
        }
    }
    Ok(if retry { HandshakeMessage::HelloRetryRequest(hello) } else { HandshakeMessage::ServerHello(hello) })
}

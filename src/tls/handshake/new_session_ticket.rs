//! NewSessionTicket.

use crate::bytes::{Reader, Short};
use crate::problem::Problem;
use crate::tls::extension::Place;
use crate::tls::handshake::{NewSessionTicket, fields};

/// RFC 8446 section 4.6.1, RFC 5077 section 3.3.
pub(super) fn read(
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    tls13: bool,
) -> Result<NewSessionTicket, Short> {
    let lifetime = reader.u32()?;
    if tls13 {
        let _age_add = reader.u32()?;
        let _nonce = reader.vec8()?;
    }
    let ticket = reader.vec16()?.rest().to_vec();
    let mut message = NewSessionTicket { lifetime, ticket_len: ticket.len(), ticket, ..NewSessionTicket::default() };
    if tls13 {
        match fields::extensions(reader, Place::NewSessionTicket, problems) {
            Ok(extensions) => message.extensions = extensions,
            Err(short) => problems.push(fields::cut("NewSessionTicket", short)),
        }
    }
    Ok(message)
}

//! Certificate and CertificateStatus.

use crate::bytes::{Reader, Short};
use crate::problem::Problem;
use crate::tls::extension::Place;
use crate::tls::handshake::{CertificateEntry, CertificateMessage, fields};

/// How many certificates of a message are kept.
const LIMIT: usize = 256;

/// RFC 8446 section 4.4.2, RFC 5246 section 7.4.2.
///
/// An empty list says "I have no certificate", so a list that is cut before its first certificate ends
/// is an error and never an empty list.
pub(super) fn read(
    reader: &mut Reader<'_>,
    problems: &mut Vec<Problem>,
    tls13: bool,
) -> Result<CertificateMessage, Short> {
    let mut message = CertificateMessage::default();
    if tls13 {
        message.context = reader.vec8()?.rest().to_vec();
    }
    let mut list = reader.vec24()?;
    if let Some(key) = raw_public_key(list, tls13) {
        message.entries.push(CertificateEntry { der: key.to_vec(), ..CertificateEntry::default() });
        return Ok(message);
    }
    while !list.is_empty() {
        if message.entries.len() >= LIMIT {
            let text = format!("Certificate has more than {LIMIT} certificates.");
            problems.push(Problem::new("too-many-certificates", text));
            break;
        }
        match entry(&mut list, problems, tls13) {
            Ok(entry) => message.entries.push(entry),
            Err(short) if message.entries.is_empty() => return Err(short),
            Err(short) => {
                problems.push(fields::cut("Certificate", short));
                break;
            }
        }
    }
    Ok(message)
}

fn entry(list: &mut Reader<'_>, problems: &mut Vec<Problem>, tls13: bool) -> Result<CertificateEntry, Short> {
    let der = list.vec24()?.rest().to_vec();
    let extensions =
        if tls13 { fields::extensions(list, Place::CertificateEntry, problems)? } else { Default::default() };
    Ok(CertificateEntry { der, extensions })
}

/// Before TLS 1.3 a raw public key stands there bare (RFC 7250 section 3): a SEQUENCE where the length of
/// a first certificate would overshoot.
fn raw_public_key(list: Reader<'_>, tls13: bool) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    let bytes = list.peek();
    let mut trial = list;
    let overshoots = trial.vec24().is_err();
    (!tls13 && overshoots && bytes.first() == Some(&SEQUENCE)).then_some(bytes)
}

/// CertificateStatus (RFC 6066 section 8, RFC 6961 section 2.2): the response for the leaf; empty where
/// there is none.
pub(super) fn status(reader: &mut Reader<'_>, problems: &mut Vec<Problem>) -> Result<Vec<u8>, Short> {
    const OCSP: u8 = 1;
    const OCSP_MULTI: u8 = 2;
    match reader.u8()? {
        OCSP => Ok(reader.vec24()?.rest().to_vec()),
        OCSP_MULTI => {
            let mut list = reader.vec24()?;
            if list.is_empty() { Ok(Vec::new()) } else { Ok(list.vec24()?.rest().to_vec()) }
        }
        other => {
            reader.rest();
            let text = format!("CertificateStatus is of type {other}, which is not known.");
            problems.push(Problem::new(fields::MALFORMED, text));
            Ok(Vec::new())
        }
    }
}

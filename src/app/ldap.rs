//! LDAP messages (RFC 4511): the result of a bind.

use crate::app::{Refusal, RefusalMeaning, Step};
use crate::bytes::Reader;

/// Whether these bytes begin an LDAPMessage: a SEQUENCE whose first member is a message id.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    match header(bytes) {
        Some((body, _)) => bytes.first() == Some(&0x30) && bytes.get(body) == Some(&0x02),
        None => false,
    }
}

/// Offset of the content of a BER element, and its length.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 3 {
        return None;
    }
    let length = bytes.get(2..2 + count)?.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
    Some((2 + count, length))
}

fn element<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let tag = *reader.peek().first()?;
    let (at, length) = header(reader.peek())?;
    reader.take(at).ok()?;
    Some((tag, reader.take(length).ok()?))
}

/// Reads one message of the server.
pub(super) fn read(bytes: &[u8]) -> Step {
    if bytes.first() != Some(&0x30) {
        return Step::Lost;
    }
    let Some((at, length)) = header(bytes) else { return if bytes.len() < 5 { Step::More } else { Step::Lost } };
    let Some(body) = bytes.get(at..at + length) else {
        return if length > 1 << 20 { Step::Lost } else { Step::More };
    };
    match bind_result(body) {
        Some(refusal) => Step::Refused(Box::new(refusal)),
        None => Step::Passed(at + length),
    }
}

fn bind_result(body: &[u8]) -> Option<Refusal> {
    let mut reader = Reader::new(body);
    element(&mut reader)?;
    let (tag, operation) = element(&mut reader)?;
    const BIND_RESPONSE: u8 = 0x61;
    if tag != BIND_RESPONSE {
        return None;
    }
    let mut reader = Reader::new(operation);
    let (_, code) = element(&mut reader)?;
    let code = code.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
    element(&mut reader)?;
    let text = element(&mut reader).map(|(_, text)| String::from_utf8_lossy(text).into_owned()).unwrap_or_default();
    // RFC 4511 appendix A.2: the results that refuse somebody for who they are.
    let (name, meaning) = match code {
        7 => ("authMethodNotSupported", RefusalMeaning::Unclear),
        8 => ("strongerAuthRequired", RefusalMeaning::Unclear),
        13 => ("confidentialityRequired", RefusalMeaning::Unclear),
        48 => ("inappropriateAuthentication", RefusalMeaning::Unclear),
        49 => ("invalidCredentials", RefusalMeaning::NotAuthorized),
        50 => ("insufficientAccessRights", RefusalMeaning::NotAuthorized),
        _ => return None,
    };
    Some(Refusal {
        protocol: "ldap",
        code: code.to_string(),
        meaning,
        text: if text.is_empty() { name.to_owned() } else { format!("{name}: {text}") },
        server: None,
        plaintext: false,
    })
}

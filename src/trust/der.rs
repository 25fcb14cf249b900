//! As much DER as comparing names needs: elements, and distinguished names in a form that compares.

use crate::x509::{Certificate, Name};

/// Tags used below.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;

/// One element: its tag, its content, the whole of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// The first element of `bytes`, and what follows it. Definite lengths and one-byte tags only, as in
/// every certificate.
pub(super) fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0_usize, |value, digit| (value << 8) | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - after.len())?;
    Some((Element { tag, content, whole }, after))
}

/// The elements of a content, as far as they can be read.
pub(super) fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (first, rest) = element(bytes)?;
        bytes = rest;
        Some(first)
    })
}

/// A relative distinguished name: pairs of an attribute's OID and its comparable value.
pub(super) type Rdn = Vec<(Vec<u8>, String)>;

/// The RDNs of a name, each in a form that compares as RFC 5280 section 7.1 asks, roughly: letter case, the
/// kind of string and superfluous spaces do not count. `None` for what is no name.
pub(super) fn rdns(name: &[u8]) -> Option<Vec<Rdn>> {
    let (outer, _) = element(name)?;
    if outer.tag != SEQUENCE {
        return None;
    }
    elements(outer.content).map(|rdn| if rdn.tag == SET { attributes(rdn.content) } else { None }).collect()
}

fn attributes(set: &[u8]) -> Option<Rdn> {
    let mut pairs = Vec::new();
    for pair in elements(set) {
        let (oid, rest) = element(pair.content)?;
        let (value, _) = element(rest)?;
        if oid.tag != OID {
            return None;
        }
        pairs.push((oid.content.to_vec(), comparable(&string(value))));
    }
    pairs.sort();
    Some(pairs)
}

fn string(value: Element<'_>) -> String {
    match value.tag {
        // BMPString
        0x1e => {
            let units = value.content.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        // T61String, in practice Latin-1
        0x14 => value.content.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(value.content).into_owned(),
    }
}

fn comparable(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether two names are the same, whichever string types and letter cases they are written in.
pub(super) fn same_name(a: &Name, b: &Name) -> bool {
    if a.der == b.der && !a.der.is_empty() {
        return true;
    }
    match (rdns(&a.der), rdns(&b.der)) {
        (Some(a), Some(b)) => a == b,
        _ => !a.text.is_empty() && comparable(&a.text) == comparable(&b.text),
    }
}

/// The name of the issuer's own issuer, where authorityKeyIdentifier tells it (authorityCertIssuer, RFC 5280
/// section 4.2.1.1).
pub(super) fn authority_cert_issuer(certificate: &Certificate) -> Option<Vec<u8>> {
    let (tbs, _) = element(&certificate.tbs)?;
    let extensions = elements(tbs.content).find(|field| field.tag == 0xa3)?;
    let (list, _) = element(extensions.content)?;
    let value = elements(list.content).find_map(|extension| {
        let mut fields = elements(extension.content);
        let oid = fields.next()?;
        (oid.content == [0x55, 0x1d, 0x23]).then(|| fields.find(|field| field.tag == OCTET_STRING))?
    })?;
    let (identifier, _) = element(value.content)?;
    let names = elements(identifier.content).find(|field| field.tag == 0xa1)?;
    let directory = elements(names.content).find(|name| name.tag == 0xa4)?;
    let (name, _) = element(directory.content)?;
    Some(name.whole.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(der: &[u8]) -> Name {
        Name { der: der.to_vec(), ..Name::default() }
    }

    #[test]
    fn names_compare_over_string_types_and_letter_case() {
        let utf8 = name(b"\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Ab C");
        let printable = name(b"\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x13\x06ab  c ");
        let wide = name(b"\x30\x13\x31\x11\x30\x0f\x06\x03\x55\x04\x03\x1e\x08\0a\0b\0 \0c");
        let organisation = name(b"\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x0a\x0c\x04Ab C");
        assert!(same_name(&utf8, &printable));
        assert!(same_name(&utf8, &wide));
        assert!(!same_name(&utf8, &organisation));
    }

    #[test]
    fn broken_names_do_not_compare_as_equal() {
        assert!(!same_name(&name(b""), &name(b"")));
        assert!(!same_name(&name(b"\x30\x84\xff\xff\xff\xff"), &name(b"\x30\x85")));
        assert!(element(b"\x30").is_none());
        assert!(element(b"\x30\x82\x00").is_none());
    }
}

//! Distinguished names (RFC 5280 section 4.1.2.4) and their text.

use super::Name;
use super::der::{Der, Element, tag};
use super::oid;
use crate::bytes::hex;

const COMMON_NAME: &str = "2.5.4.3";

/// Most sets and attributes of a name that are read; real names have about ten of each.
const PARTS_LIMIT: usize = 512;

/// Reads a name. Never fails: what cannot be read is left out of the text, and `der` is always what
/// was given.
pub fn name_from_der(der: &[u8]) -> Name {
    read(der).0
}

/// Reads a name, and tells whether all of it could be read.
pub(super) fn read(der: &[u8]) -> (Name, bool) {
    let mut name = Name { der: der.to_vec(), ..Name::default() };
    let mut outer = Der::new(der);
    let Some(sequence) = outer.next_if(tag::SEQUENCE) else { return (name, false) };
    let mut complete = outer.is_empty();
    let mut left = PARTS_LIMIT;
    let mut sets = sequence.inside();
    while left > 0
        && let Some(set) = sets.next()
    {
        left -= 1;
        complete &= set.tag == tag::SET;
        let mut first_of_set = true;
        let mut attributes = set.inside();
        while left > 0
            && let Some(attribute) = attributes.next()
        {
            left -= 1;
            let mut parts = attribute.inside();
            let (Some(kind), Some(value)) = (parts.next_if(tag::OID), parts.next()) else {
                complete = false;
                continue;
            };
            let separator = if name.text.is_empty() {
                ""
            } else if first_of_set {
                ", "
            } else {
                " + "
            };
            first_of_set = false;
            name.text.push_str(separator);
            push(&mut name, &oid::dotted(kind.content), &value, &mut complete);
        }
        complete &= attributes.is_empty();
    }
    complete &= sets.is_empty();
    (name, complete)
}

fn push(name: &mut Name, kind: &str, value: &Element<'_>, complete: &mut bool) {
    name.text.push_str(oid::attribute(kind).unwrap_or(kind));
    name.text.push_str(" = ");
    match text(value) {
        Some((text, sound)) => {
            *complete &= sound;
            name.text.push_str(&quoted(&text));
            if kind == COMMON_NAME {
                name.common_names.push(text);
            }
        }
        // OpenSSL shows what is no string the same way.
        None => name.text.push_str(&format!("#{}", hex(value.whole).to_uppercase())),
    }
}

/// A value with the marks that OpenSSL sets where it could be mistaken for several attributes.
fn quoted(text: &str) -> String {
    let special = text.contains([',', '+', '<', '>', ';']) || text.starts_with([' ', '#']) || text.ends_with(' ');
    let escaped =
        if text.contains(['"', '\\']) { text.replace('\\', "\\\\").replace('"', "\\\"") } else { text.to_owned() };
    if special { format!("\"{escaped}\"") } else { escaped }
}

/// The text of any of ASN.1's string types, and whether its bytes were sound; `None` for what is no
/// string.
pub(super) fn text(value: &Element<'_>) -> Option<(String, bool)> {
    const UTF8: u8 = 0x0c;
    const NUMERIC: u8 = 0x12;
    const PRINTABLE: u8 = 0x13;
    const TELETEX: u8 = 0x14;
    const IA5: u8 = 0x16;
    const VISIBLE: u8 = 0x1a;
    const GENERAL: u8 = 0x1b;
    const UNIVERSAL: u8 = 0x1c;
    const BMP: u8 = 0x1e;
    match value.tag {
        UTF8 => Some(utf8_or_latin1(value.content, false)),
        // Meant to be ASCII, but UTF-8 and Latin-1 do occur in them.
        NUMERIC | PRINTABLE | IA5 | VISIBLE | GENERAL => Some(utf8_or_latin1(value.content, true)),
        // T.61 in theory, Latin-1 in practice.
        TELETEX => Some((value.content.iter().copied().map(char::from).collect(), true)),
        UNIVERSAL => {
            let (units, odd) = value.content.as_chunks::<4>();
            let text: String = units
                .iter()
                .map(|unit| char::from_u32(u32::from_be_bytes(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            Some((text, odd.is_empty()))
        }
        BMP => {
            let (units, odd) = value.content.as_chunks::<2>();
            let text = char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            Some((text, odd.is_empty()))
        }
        tag::UTC_TIME | tag::GENERALIZED_TIME => Some(utf8_or_latin1(value.content, true)),
        _ => None,
    }
}

fn utf8_or_latin1(content: &[u8], ascii: bool) -> (String, bool) {
    match std::str::from_utf8(content) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => (content.iter().copied().map(char::from).collect(), ascii),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::unhex;

    fn name(sets: &[&[(&str, u8, &[u8])]]) -> Vec<u8> {
        let wrap = |tag: u8, content: Vec<u8>| {
            let mut out = vec![tag, 0x81, u8::try_from(content.len()).expect("short")];
            out.extend(content);
            out
        };
        let sets = sets.iter().flat_map(|set| {
            let attributes = set.iter().flat_map(|(oid, tag, value)| {
                let mut content = wrap(0x06, unhex(oid).expect("hex"));
                content.extend(wrap(*tag, value.to_vec()));
                wrap(0x30, content)
            });
            wrap(0x31, attributes.collect())
        });
        wrap(0x30, sets.collect())
    }

    const CN: &str = "550403";
    const O: &str = "55040a";

    #[test]
    fn every_string_type_is_read() {
        let cases: [(u8, &[u8], &str); 6] = [
            (0x0c, "Zürich".as_bytes(), "Zürich"),
            (0x13, b"plain", "plain"),
            (0x14, b"Z\xfcrich", "Zürich"),
            (0x16, b"a@b", "a@b"),
            (0x1c, &[0, 1, 0xf5, 0x12], "\u{1f512}"),
            (0x1e, &[0, b'Z', 0, 0xfc, 0xd8, 0x3d, 0xdd, 0x12], "Zü\u{1f512}"),
        ];
        for (tag, bytes, expected) in cases {
            let (name, complete) = read(&name(&[&[(CN, tag, bytes)]]));
            assert!(complete, "{tag:#x}");
            assert_eq!(name.text, format!("CN = {expected}"));
            assert_eq!(name.common_names, [expected]);
        }
    }

    #[test]
    fn text_is_as_openssl_prints_it() {
        let der = name(&[
            &[(O, 0x0c, b"Foo, \"Bar\" Inc")],
            &[(CN, 0x0c, b"one"), ("2a0304", 0x0c, b"two")],
            &[(CN, 0x05, b"")],
        ]);
        let name = name_from_der(&der);
        assert_eq!(name.text, r#"O = "Foo, \"Bar\" Inc", CN = one + 1.2.3.4 = two, CN = #058100"#);
        assert_eq!(name.common_names, ["one"]);
        assert_eq!(name.der, der);
    }

    #[test]
    fn a_cut_name_yields_its_beginning_and_says_so() {
        let mut der = name(&[&[(O, 0x0c, b"Example")], &[(CN, 0x0c, b"client")]]);
        assert_eq!(name_from_der(&[0x30, 0]).text, "");
        // The last value claims one byte more than there is.
        let at = der.len() - 7;
        der[at] += 1;
        let (name, complete) = read(&der);
        assert!(!complete);
        assert_eq!(name.text, "O = Example");
    }
}

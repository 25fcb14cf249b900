//! What stands for what. Pseudonyms are numbered in the order of appearance, so that the same input gives the
//! same output, and are of the kind of what they stand for, so that other programs can still read them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::report::redact::as_address;

/// Attribute types that are kept in a distinguished name.
pub(super) const ATTRIBUTES: [&str; 19] = [
    "CN",
    "O",
    "OU",
    "C",
    "ST",
    "L",
    "DC",
    "UID",
    "emailAddress",
    "serialNumber",
    "GN",
    "SN",
    "street",
    "title",
    "postalCode",
    "organizationIdentifier",
    "businessCategory",
    "dnQualifier",
    "pseudonym",
];

/// Application protocols (IANA's registry and the usual), which tell nothing of who speaks them.
const PROTOCOLS: [&str; 34] = [
    "http/0.9",
    "http/1.0",
    "http/1.1",
    "h2",
    "h2c",
    "h3",
    "spdy/1",
    "spdy/2",
    "spdy/3",
    "spdy/3.1",
    "stun.turn",
    "stun.nat-discovery",
    "webrtc",
    "c-webrtc",
    "ftp",
    "imap",
    "pop3",
    "managesieve",
    "coap",
    "mqtt",
    "dot",
    "doq",
    "ntske/1",
    "sunrpc",
    "smb",
    "irc",
    "nntp",
    "sip/2",
    "tds/8.0",
    "dicom",
    "postgresql",
    "radius/1.1",
    "acme-tls/1",
    "xmpp-client",
];

/// Pseudonyms by kind and original.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

impl Names {
    fn number(&mut self, kind: &'static str, original: &str) -> u64 {
        let numbers = self.numbers.entry(kind).or_default();
        let next = numbers.len() as u64 + 1;
        *numbers.entry(original.to_owned()).or_insert(next)
    }

    /// `kind-1`, `kind-2`, …
    pub(super) fn other(&mut self, kind: &'static str, original: &str) -> String {
        format!("{kind}-{}", self.number(kind, original))
    }

    /// An address: of the block that was never given out (RFC 1112 section 4), or of that for documentation
    /// (RFC 3849). What is no IP address becomes a name.
    pub(super) fn address(&mut self, original: &str) -> String {
        match as_address(original) {
            Some(IpAddr::V4(_)) => {
                let number = u32::try_from(self.number("ipv4", original)).unwrap_or(u32::MAX);
                Ipv4Addr::from_bits(0xf000_0000 | number & 0x0fff_ffff).to_string()
            }
            Some(IpAddr::V6(_)) => {
                let number = u128::from(self.number("ipv6", original));
                Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | number).to_string()
            }
            None if is_mac(original) => {
                let [.., a, b, c] = self.number("mac", original).to_be_bytes();
                // Locally administered (IEEE 802).
                format!("02:00:00:{a:02x}:{b:02x}:{c:02x}")
            }
            None => self.host(original),
        }
    }

    /// A host name or mail address, label by label. A star stays one.
    pub(super) fn host(&mut self, original: &str) -> String {
        if as_address(original).is_some() {
            return self.address(original);
        }
        let mut out = String::new();
        for part in original.split_inclusive(['.', '@']) {
            let label = part.trim_end_matches(['.', '@']);
            match label {
                "" | "*" => out.push_str(label),
                label => {
                    let number = self.number("label", &label.to_lowercase());
                    out.push_str(&format!("n{number}"));
                }
            }
            out.push_str(part.strip_prefix(label).unwrap_or(""));
        }
        out
    }

    /// Lower-case hex of the same length, as long as the number fits.
    pub(super) fn hex(&mut self, original: &str) -> String {
        let number = self.number("hex", original);
        format!("{number:0width$x}", width = original.len().min(256))
    }

    /// A URI keeps its scheme where that tells nothing.
    pub(super) fn uri(&mut self, original: &str) -> String {
        let scheme = original.split("://").next().unwrap_or("");
        let scheme = if matches!(scheme, "http" | "https" | "ldap" | "ldaps") { scheme } else { "uri" };
        format!("{scheme}://uri-{}", self.number("uri", original))
    }

    /// A path keeps its ending where that is one of captures.
    pub(super) fn path(&mut self, original: &str) -> String {
        if original == "-" || self.is_pseudonym("path", "capture-", original) {
            return original.to_owned();
        }
        let endings = [".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz", ".pcap.zst", ".pcapng.zst"];
        let ending = endings.iter().filter(|ending| original.ends_with(**ending)).max_by_key(|ending| ending.len());
        format!("capture-{}{}", self.number("path", original), ending.copied().unwrap_or(""))
    }

    /// Whether `text` is what this gave out itself.
    fn is_pseudonym(&self, kind: &str, prefix: &str, text: &str) -> bool {
        let digits = text.strip_prefix(prefix).map(|rest| rest.split('.').next().unwrap_or(rest));
        let number = digits.and_then(|digits| digits.parse::<u64>().ok());
        let given = self.numbers.get(kind).map_or(0, |numbers| numbers.len() as u64);
        !self.numbers.get(kind).is_some_and(|numbers| numbers.contains_key(text))
            && number.is_some_and(|number| (1..=given).contains(&number))
    }

    /// A protocol that is not among those that everybody speaks.
    pub(super) fn alpn(&mut self, original: &str) -> Option<String> {
        (!PROTOCOLS.contains(&original)).then(|| self.other("protocol", original))
    }

    /// A distinguished name: types stay, values are replaced.
    pub(super) fn distinguished(&mut self, original: &str) -> String {
        let mut out = String::new();
        for part in parts(original) {
            match part {
                Part::Kind(text) => out.push_str(text),
                Part::Value(text) => out.push_str(&self.value(text)),
            }
        }
        out
    }

    /// The values of a distinguished name, and what stands for each.
    pub(super) fn values(&mut self, original: &str) -> Vec<(String, String)> {
        let mut values = Vec::new();
        for part in parts(original) {
            if let Part::Value(text) = part {
                values.push((unquoted(text), self.value(text)));
            }
        }
        values
    }

    /// One value of a distinguished name. What could be a host name is replaced as one, so that a common name
    /// still fits, or still does not fit, the name that was asked for.
    pub(super) fn value(&mut self, text: &str) -> String {
        let value = unquoted(text);
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*' | '@');
        if value.chars().all(is_host) || as_address(&value).is_some() {
            self.host(&value)
        } else {
            self.other("name", &value)
        }
    }
}

fn is_mac(text: &str) -> bool {
    text.len() == 17 && text.split(':').count() == 6 && text.chars().all(|c| c == ':' || c.is_ascii_hexdigit())
}

/// A piece of a distinguished name's text.
pub(super) enum Part<'a> {
    /// A type with its separators: kept.
    Kind(&'a str),
    /// A value.
    Value(&'a str),
}

/// A distinguished name as `x509` writes it: `C = DE, O = "Example, Inc", CN = api + UID = 7`. What does not read
/// so is a value.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(kind) = kind(rest) else {
            parts.push(Part::Value(rest));
            break;
        };
        let (head, tail) = rest.split_at_checked(kind).unwrap_or((rest, ""));
        parts.push(Part::Kind(head));
        let (value, tail) = tail.split_at_checked(value_len(tail)).unwrap_or((tail, ""));
        parts.push(Part::Value(value));
        rest = tail;
    }
    parts
}

/// Length of a separator, a known type and its equals sign at the start of `text`.
pub(super) fn kind(text: &str) -> Option<usize> {
    let bare = text.strip_prefix(", ").or_else(|| text.strip_prefix(" + ")).unwrap_or(text);
    let (name, _) = bare.split_once(" = ")?;
    let is_oid = name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c == '.' || c.is_ascii_digit());
    (is_oid || ATTRIBUTES.contains(&name)).then(|| text.len() - bare.len() + name.len() + 3)
}

/// Length of the value at the start of `text`: quoted, or up to the next attribute.
pub(super) fn value_len(text: &str) -> usize {
    if text.starts_with('"') {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return at + 1,
                _ => {}
            }
        }
        return text.len();
    }
    let ends = [", ", " + "].into_iter().filter_map(|separator| text.find(separator));
    ends.min().unwrap_or(text.len())
}

fn unquoted(text: &str) -> String {
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').unwrap_or(rest).replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_between_names_stay() {
        let mut names = Names::default();
        let wildcard = names.host("*.Shop.example");
        let host = names.host("api.shop.example");
        assert_eq!(wildcard.strip_prefix('*').expect("a star"), host.strip_prefix("n3").expect("a third label"));
        assert_eq!(names.distinguished("CN = api.shop.example"), format!("CN = {host}"));
    }

    #[test]
    fn a_distinguished_name_keeps_its_types_only() {
        let mut names = Names::default();
        let text =
            names.distinguished("C = DE, O = \"Secret, CN = x\", CN = A B + UID = 7, 1.2.3 = #0C01, what = ever");
        assert_eq!(text, "C = n1, O = name-1, CN = name-2 + UID = n2, 1.2.3 = name-3name-4");
        assert_eq!(names.distinguished("no name at all"), "name-5");
    }

    #[test]
    fn addresses_stay_addresses() {
        let mut names = Names::default();
        assert_eq!([names.address("10.0.0.1"), names.address("10.0.0.2")], ["240.0.0.1", "240.0.0.2"]);
        assert_eq!(names.address("fe80::1"), "2001:db8::1");
        assert_eq!(names.address("aa:bb:cc:dd:ee:ff"), "02:00:00:00:00:01");
        assert_eq!(names.address("10.0.0.1"), "240.0.0.1");
        assert_eq!(names.hex("deadbeef"), "00000001");
    }

    #[test]
    fn a_path_is_replaced_once() {
        let mut names = Names::default();
        let first = names.path("customers/acme.pcap.gz");
        assert_eq!(first, "capture-1.pcap.gz");
        assert_eq!(names.path(&first), first);
        assert_eq!(names.path("capture-7.pcap"), "capture-2.pcap", "not one of its own");
    }
}

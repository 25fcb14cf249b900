//! Certificate extensions (RFC 5280 section 4.2), each read on its own: a bad one spoils no other.

use std::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

use super::certificate::Defects;
use super::der::{Der, Element, bit_string, small, tag};
use super::{BasicConstraints, Certificate, ExtensionName, GeneralName, NameConstraints, name, oid};
use crate::bytes::hex;

/// Most extensions that are read.
const EXTENSION_LIMIT: usize = 256;

/// Most entries that are kept of one list, for example of subjectAltName.
const LIST_LIMIT: usize = 10_000;

/// The content of an extension is not what its type prescribes.
struct Malformed;

type Read<T> = Result<T, Malformed>;

/// Reads `Extensions`, the content of `[3]`.
pub(super) fn read_all(content: &[u8], certificate: &mut Certificate, defects: &mut Defects) {
    let mut outer = Der::new(content);
    let Some((list, clipped)) = outer.next_clipped().filter(|(list, _)| list.tag == tag::SEQUENCE) else {
        defects.add("The extensions cannot be read");
        return;
    };
    if clipped || !outer.is_empty() {
        defects.add("The extensions have a wrong length");
    }
    let mut extensions = list.inside();
    for _ in 0..EXTENSION_LIMIT {
        let Some(extension) = extensions.next() else {
            if !extensions.is_empty() {
                defects.add("The extensions break off in the middle");
            }
            return;
        };
        read_one(&extension, certificate, defects);
    }
    if !extensions.is_empty() {
        defects.add(format!("More than {EXTENSION_LIMIT} extensions: the rest was not read"));
    }
}

fn read_one(extension: &Element<'_>, certificate: &mut Certificate, defects: &mut Defects) {
    let mut fields = extension.inside();
    let Some(id) = fields.next_if(tag::OID).filter(|_| extension.tag == tag::SEQUENCE) else {
        defects.add("An extension without an identifier");
        return;
    };
    let oid = oid::dotted(id.content);
    let critical = fields.next_if(tag::BOOLEAN).is_some_and(|flag| flag.content.iter().any(|byte| *byte != 0));
    let value = fields.next_if(tag::OCTET_STRING);
    let (name, understood) = oid::extension(&oid).map_or((oid.as_str(), false), |(name, known)| (name, known));
    let name = name.to_owned();
    let twice = certificate.extensions.iter().any(|earlier| earlier.oid == oid);
    certificate.extensions.push(ExtensionName { oid: oid.clone(), name: name.clone(), critical, understood });
    if twice {
        // Which of the two counts is anybody's guess; the first, here.
        defects.add(format!("The extension {name} stands twice"));
        return;
    }
    let read = match value {
        Some(value) => take(&oid, value.content, certificate, defects),
        None => Err(Malformed),
    };
    match read {
        Err(Malformed) => defects.add(format!("The extension {name} is malformed")),
        Ok(false) if understood && !strictly_sound(extension.whole) => {
            defects.add(format!("The extension {name} is malformed"));
        }
        Ok(_) => {}
    }
}

/// What x509-parser says of an extension that is not read here, such as certificatePolicies.
fn strictly_sound(whole: &[u8]) -> bool {
    X509Extension::from_der(whole)
        .is_ok_and(|(_, extension)| !matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. }))
}

/// Puts an extension's value into its field; `false` where it has none.
fn take(oid: &str, value: &[u8], certificate: &mut Certificate, defects: &mut Defects) -> Read<bool> {
    match oid {
        "2.5.29.14" => certificate.subject_key_id = Some(only(value, tag::OCTET_STRING)?.content.to_vec()),
        "2.5.29.15" => certificate.key_usage = Some(key_usage(value)?),
        "2.5.29.17" => certificate.subject_alt_names = Some(subject_alt_names(value, defects)?),
        "2.5.29.19" => certificate.basic_constraints = Some(basic_constraints(value)?),
        "2.5.29.30" => certificate.name_constraints = Some(name_constraints(value)?),
        "2.5.29.31" => certificate.crl_urls = crl_urls(value)?,
        "2.5.29.35" => certificate.authority_key_id = authority_key_id(value)?,
        "2.5.29.37" => certificate.extended_key_usage = Some(extended_key_usage(value)?),
        "1.3.6.1.5.5.7.1.1" => information_access(value, certificate)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The one element that `bytes` are.
fn only(bytes: &[u8], tag: u8) -> Read<Element<'_>> {
    let mut der = Der::new(bytes);
    let element = der.next_if(tag).ok_or(Malformed)?;
    if der.is_empty() { Ok(element) } else { Err(Malformed) }
}

/// The elements of a list, all of which must be readable.
fn list<T>(content: &[u8], mut read: impl FnMut(Element<'_>) -> Read<T>) -> Read<Vec<T>> {
    let mut elements = Der::new(content);
    let mut out = Vec::new();
    while let Some(element) = elements.next() {
        if out.len() == LIST_LIMIT {
            return Ok(out);
        }
        out.push(read(element)?);
    }
    if elements.is_empty() { Ok(out) } else { Err(Malformed) }
}

fn key_usage(value: &[u8]) -> Read<u16> {
    let (bytes, _) = bit_string(only(value, tag::BIT_STRING)?.content).ok_or(Malformed)?;
    let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or(0).reverse_bits());
    Ok(byte(0) | byte(1) << 8)
}

fn extended_key_usage(value: &[u8]) -> Read<Vec<String>> {
    list(only(value, tag::SEQUENCE)?.content, |element| {
        if element.tag == tag::OID { Ok(oid::dotted(element.content)) } else { Err(Malformed) }
    })
}

fn basic_constraints(value: &[u8]) -> Read<BasicConstraints> {
    let mut fields = only(value, tag::SEQUENCE)?.inside();
    let ca = fields.next_if(tag::BOOLEAN).is_some_and(|flag| flag.content.iter().any(|byte| *byte != 0));
    let path_len = match fields.next_if(tag::INTEGER) {
        // A length beyond 32 bits is as good as none that could ever be reached.
        Some(length) if length.content.len() > 4 => Some(u32::MAX),
        Some(length) => Some(small(length.content).ok_or(Malformed)?),
        None => None,
    };
    if fields.is_empty() { Ok(BasicConstraints { ca, path_len }) } else { Err(Malformed) }
}

fn authority_key_id(value: &[u8]) -> Read<Option<Vec<u8>>> {
    let mut fields = only(value, tag::SEQUENCE)?.inside();
    Ok(fields.next_if(tag::implicit(0)).map(|id| id.content.to_vec()))
}

fn subject_alt_names(value: &[u8], defects: &mut Defects) -> Read<Vec<GeneralName>> {
    let names = list(only(value, tag::SEQUENCE)?.content, |element| Ok(general_name(&element, false)))?;
    if names.iter().any(|name| matches!(name, GeneralName::Dns(dns) if !dns.is_ascii())) {
        defects.add("A dNSName in subjectAltName is not ASCII");
    }
    if names.iter().any(|name| matches!(name, GeneralName::Other(what) if what.starts_with(BAD_IP))) {
        defects.add("An iPAddress in subjectAltName has neither 4 nor 16 bytes");
    }
    Ok(names)
}

const BAD_IP: &str = "malformed iPAddress";

/// Reads one GeneralName; in name constraints an address carries a mask.
fn general_name(element: &Element<'_>, constraint: bool) -> GeneralName {
    let content = element.content;
    let text = || String::from_utf8_lossy(content).into_owned();
    // The form (primitive or constructed) is not looked at: some encoders get it wrong.
    match element.tag & 0xdf {
        0x81 => GeneralName::Email(text()),
        0x82 => GeneralName::Dns(text()),
        0x84 => GeneralName::Directory(name::name_from_der(content)),
        0x86 => GeneralName::Uri(text()),
        0x87 if constraint => GeneralName::IpRange(content.to_vec()),
        0x87 => {
            if let Ok(v4) = <[u8; 4]>::try_from(content) {
                GeneralName::Ip(Ipv4Addr::from(v4).into())
            } else if let Ok(v6) = <[u8; 16]>::try_from(content) {
                GeneralName::Ip(Ipv6Addr::from(v6).into())
            } else {
                GeneralName::Other(format!("{BAD_IP} {}", hex(content.get(..32).unwrap_or(content))))
            }
        }
        0x88 => GeneralName::Other(format!("registeredID {}", oid::dotted(content))),
        0x80 => GeneralName::Other(other_name(content)),
        0x83 => GeneralName::Other("x400Address".to_owned()),
        0x85 => GeneralName::Other("ediPartyName".to_owned()),
        tag => GeneralName::Other(format!("unknown name, tag {tag:#04x}")),
    }
}

/// otherName: the user principal name of Microsoft's directory is the one that is common.
fn other_name(content: &[u8]) -> String {
    let mut fields = Der::new(content);
    let Some(id) = fields.next_if(tag::OID) else { return "malformed otherName".to_owned() };
    let id = oid::dotted(id.content);
    let value = fields.next_if(tag::explicit(0)).and_then(|wrapped| wrapped.inside().next());
    let kind = match id.as_str() {
        "1.3.6.1.4.1.311.20.2.3" => "UPN",
        "1.3.6.1.5.5.7.8.5" => "XmppAddr",
        "1.3.6.1.5.5.7.8.7" => "SRVName",
        "1.3.6.1.5.5.7.8.9" => "SmtpUTF8Mailbox",
        other => other,
    };
    match value.and_then(|value| name::text(&value)) {
        Some((text, _)) => format!("otherName {kind}:{text}"),
        None => format!("otherName {kind}"),
    }
}

fn name_constraints(value: &[u8]) -> Read<NameConstraints> {
    let mut fields = only(value, tag::SEQUENCE)?.inside();
    let mut subtrees = |n: u8| match fields.next_if(tag::explicit(n)) {
        Some(trees) => list(trees.content, |tree| {
            let base = tree.inside().next().filter(|_| tree.tag == tag::SEQUENCE).ok_or(Malformed)?;
            Ok(general_name(&base, true))
        }),
        None => Ok(Vec::new()),
    };
    let (permitted, excluded) = (subtrees(0)?, subtrees(1)?);
    if fields.is_empty() { Ok(NameConstraints { permitted, excluded }) } else { Err(Malformed) }
}

fn uri(element: &Element<'_>) -> Option<String> {
    match general_name(element, false) {
        GeneralName::Uri(uri) => Some(uri),
        _ => None,
    }
}

fn information_access(value: &[u8], certificate: &mut Certificate) -> Read<()> {
    let entries = list(only(value, tag::SEQUENCE)?.content, |entry| {
        let mut fields = entry.inside();
        let method = fields.next_if(tag::OID).ok_or(Malformed)?;
        let location = fields.next().ok_or(Malformed)?;
        Ok((oid::dotted(method.content), uri(&location)))
    })?;
    for (method, location) in entries {
        match (method.as_str(), location) {
            ("1.3.6.1.5.5.7.48.1", Some(url)) => certificate.ocsp_urls.push(url),
            ("1.3.6.1.5.5.7.48.2", Some(url)) => certificate.ca_issuers.push(url),
            _ => {}
        }
    }
    Ok(())
}

fn crl_urls(value: &[u8]) -> Read<Vec<String>> {
    let points = list(only(value, tag::SEQUENCE)?.content, |point| {
        // DistributionPoint { [0] DistributionPointName { [0] fullName: GeneralNames } }
        let full_name =
            point.inside().next_if(tag::explicit(0)).and_then(|name| name.inside().next_if(tag::explicit(0)));
        full_name.map_or(Ok(Vec::new()), |names| list(names.content, |name| Ok(uri(&name))))
    })?;
    Ok(points.into_iter().flatten().flatten().collect())
}

impl std::fmt::Display for GeneralName {
    /// For people: `DNS:example.org`, `IP:192.0.2.1`, `IP:10.0.0.0/255.0.0.0`, `email:…`, `URI:…`,
    /// `DirName:…`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::IpRange(bytes) => match ip_range(bytes) {
                Some(text) => write!(f, "IP:{text}"),
                None => write!(f, "IP:{}", hex(bytes)),
            },
            Self::Email(address) => write!(f, "email:{address}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::Directory(name) => write!(f, "DirName:{}", name.text),
            Self::Other(what) => f.write_str(what),
        }
    }
}

fn ip_range(bytes: &[u8]) -> Option<String> {
    if let Ok(both) = <[u8; 8]>::try_from(bytes) {
        let [a, b, c, d, mask @ ..] = both;
        return Some(format!("{}/{}", Ipv4Addr::from([a, b, c, d]), Ipv4Addr::from(mask)));
    }
    let (halves, rest) = bytes.as_chunks::<16>();
    match halves {
        [address, mask] if rest.is_empty() => Some(format!("{}/{}", Ipv6Addr::from(*address), Ipv6Addr::from(*mask))),
        _ => None,
    }
}

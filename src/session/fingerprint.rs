//! Fingerprints of hellos: JA3 and JA3S (Salesforce, BSD 3-Clause), and the TLS client fingerprint JA4
//! (FoxIO, BSD 3-Clause). JA4S and its kin are under a licence of their own and are left out.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread::LocalKey;

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::bytes::{hex, push_hex};
use crate::iana::{extensions as kinds, is_grease, versions};
use crate::memo::{Table, recall};
use crate::tls::extension::{ExtensionBody, Extensions};
use crate::tls::handshake::{ClientHello, ServerHello};

/// Fingerprints of a ClientHello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfClient {
    /// See [`ja3`].
    pub ja3: String,
    /// See [`ja4`].
    pub ja4: String,
}

/// Hellos of which the fingerprints are remembered, of either kind.
const ROWS: usize = 128;
/// Numbers that tell such a hello from others; a longer one is not remembered.
const LONGEST: usize = 1_024;

/// A hello without what the fingerprints do not look at, and the fingerprints.
type Known<T> = Arc<(Vec<u16>, T)>;

thread_local! {
    static CLIENTS: Table<Known<OfClient>> = const { RefCell::new(Vec::new()) };
    static SERVERS: Table<Known<String>> = const { RefCell::new(Vec::new()) };
}

/// [`ja3`] and [`ja4`] of a ClientHello, which are remembered.
pub fn of_client(hello: &ClientHello, transport: char) -> OfClient {
    known_client(hello, transport).1.clone()
}

fn known_client(hello: &ClientHello, transport: char) -> Known<OfClient> {
    let read = || OfClient { ja3: ja3(hello), ja4: ja4(hello, transport) };
    remembered(&CLIENTS, &shape(hello, transport), read)
}

/// [`ja3s`] of a ServerHello, which is remembered.
pub fn of_server(hello: &ServerHello) -> String {
    let mut shape = vec![hello.version, hello.cipher_suite];
    shape.extend(hello.extensions.0.iter().map(|extension| extension.kind));
    remembered(&SERVERS, &shape, || ja3s(hello)).1.clone()
}

fn remembered<T>(table: &'static LocalKey<Table<Known<T>>>, shape: &[u16], read: impl Fn() -> T) -> Known<T> {
    if shape.len() > LONGEST {
        return Arc::new((Vec::new(), read()));
    }
    let read = || Arc::new((shape.to_vec(), read()));
    recall(table, ROWS, shape, |known| known.0 == shape, read)
}

/// All that fingerprints look at, and a little more: lists behind their lengths, so that no two hellos that differ in
/// it have the same.
fn shape(hello: &ClientHello, transport: char) -> Vec<u16> {
    fn list(shape: &mut Vec<u16>, tag: u16, list: impl ExactSizeIterator<Item = u16>) {
        shape.extend([tag, u16::try_from(list.len()).unwrap_or(u16::MAX)]);
        shape.extend(list);
    }
    let mut shape = Vec::with_capacity(256);
    shape.extend([transport as u16, hello.version]);
    list(&mut shape, 0, hello.cipher_suites.iter().copied());
    for extension in &hello.extensions.0 {
        shape.push(extension.kind);
        match &extension.body {
            ExtensionBody::SupportedGroups(groups) => list(&mut shape, 1, groups.iter().copied()),
            ExtensionBody::PointFormats(formats) => list(&mut shape, 2, formats.iter().copied().map(u16::from)),
            ExtensionBody::SignatureAlgorithms(schemes) => list(&mut shape, 3, schemes.iter().copied()),
            ExtensionBody::SupportedVersions(versions) => list(&mut shape, 4, versions.iter().copied()),
            ExtensionBody::Alpn(protocols) => {
                let first = protocols.first().map_or(&[][..], Vec::as_slice);
                list(&mut shape, 5, first.iter().copied().map(u16::from));
            }
            _ => shape.push(6),
        }
    }
    shape
}

/// JA3 of a ClientHello: MD5 in hex over version, suites, extensions, groups and point formats.
pub fn ja3(hello: &ClientHello) -> String {
    md5(&ja3_text(hello))
}

/// JA3S of a ServerHello: MD5 in hex over version, suite and extensions.
pub fn ja3s(hello: &ServerHello) -> String {
    md5(&ja3s_text(hello))
}

/// JA4 of a ClientHello. `transport` is `t` for TCP, `q` for QUIC, `d` for DTLS.
pub fn ja4(hello: &ClientHello, transport: char) -> String {
    let suites = without_grease(&hello.cipher_suites);
    let extensions = extension_kinds(&hello.extensions);
    let version = ja4_version(hello);
    let sni = if hello.extensions.has(kinds::SERVER_NAME) { 'd' } else { 'i' };
    let alpn = ja4_alpn(hello.extensions.alpn());
    format!(
        "{transport}{version}{sni}{:02}{:02}{alpn}_{}_{}",
        suites.len().min(99),
        extensions.len().min(99),
        ja4_hash(&ja4_list(suites, true)),
        ja4_hash(&ja4_extensions(hello, extensions)),
    )
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn ja3_text(hello: &ClientHello) -> String {
    let formats = hello.extensions.0.iter().find_map(|extension| match &extension.body {
        ExtensionBody::PointFormats(formats) => Some(formats.iter().copied().map(u16::from).collect::<Vec<_>>()),
        _ => None,
    });
    format!(
        "{},{},{},{},{}",
        hello.version,
        decimal(&hello.cipher_suites),
        decimal(&extension_kinds(&hello.extensions)),
        decimal(hello.extensions.supported_groups().unwrap_or(&[])),
        decimal(&formats.unwrap_or_default()),
    )
}

fn ja3s_text(hello: &ServerHello) -> String {
    format!("{},{},{}", hello.version, hello.cipher_suite, decimal(&extension_kinds(&hello.extensions)))
}

fn without_grease(codes: &[u16]) -> Vec<u16> {
    codes.iter().copied().filter(|code| !is_grease(*code)).collect()
}

fn extension_kinds(extensions: &Extensions) -> Vec<u16> {
    extensions.0.iter().map(|extension| extension.kind).filter(|kind| !is_grease(*kind)).collect()
}

fn decimal(codes: &[u16]) -> String {
    joined(codes.iter().copied().filter(|code| !is_grease(*code)), '-', |text, code| text.push_str(&code.to_string()))
}

/// Code points as `push` writes them, with `between` between them.
fn joined(codes: impl Iterator<Item = u16>, between: char, push: impl Fn(&mut String, u16)) -> String {
    let mut text = String::with_capacity(256);
    for code in codes {
        if !text.is_empty() {
            text.push(between);
        }
        push(&mut text, code);
    }
    text
}

fn ja4_version(hello: &ClientHello) -> &'static str {
    // DTLS versions count downwards.
    let rank = |version: &u16| if *version >= 0xfe00 { u16::MAX - version } else { *version };
    match hello.offered_versions().into_iter().max_by_key(rank).unwrap_or(hello.version) {
        versions::TLS13 => "13",
        versions::TLS12 => "12",
        versions::TLS11 => "11",
        versions::TLS10 => "10",
        versions::SSL30 => "s3",
        versions::SSL20 => "s2",
        versions::DTLS10 => "d1",
        versions::DTLS12 => "d2",
        versions::DTLS13 => "d3",
        _ => "00",
    }
}

/// First and last character of the first protocol; of its hex where they are no letters or digits.
fn ja4_alpn(protocols: &[Vec<u8>]) -> String {
    let Some(protocol) = protocols.first() else { return "00".to_owned() };
    let ends = |bytes: &[u8]| Some((*bytes.first()?, *bytes.last()?));
    match ends(protocol) {
        Some((first, last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            [first, last].map(char::from).iter().collect()
        }
        _ => match ends(hex(protocol).as_bytes()) {
            Some((first, last)) => [first, last].map(char::from).iter().collect(),
            None => "00".to_owned(),
        },
    }
}

fn ja4_list(mut codes: Vec<u16>, sort: bool) -> String {
    if sort {
        codes.sort_unstable();
    }
    joined(codes.into_iter(), ',', push_hex)
}

/// The extensions sorted, without SNI and ALPN, and the signature algorithms in their order.
fn ja4_extensions(hello: &ClientHello, extensions: Vec<u16>) -> String {
    let hashed = extensions.into_iter().filter(|kind| !matches!(*kind, kinds::SERVER_NAME | kinds::ALPN)).collect();
    let list = ja4_list(hashed, true);
    match hello.extensions.signature_algorithms().map(without_grease) {
        Some(schemes) if !schemes.is_empty() => format!("{list}_{}", ja4_list(schemes, false)),
        _ => list,
    }
}

fn ja4_hash(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    hex(Sha256::digest(text.as_bytes()).get(..6).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::extension::Extension;

    fn extension(kind: u16, body: ExtensionBody) -> Extension {
        Extension { kind, len: 0, body }
    }

    fn opaque(kind: u16) -> Extension {
        extension(kind, ExtensionBody::Opaque(Vec::new()))
    }

    #[test]
    fn ja3_is_that_of_its_description() {
        // The example in Salesforce's description of JA3.
        let hello = ClientHello {
            version: 769,
            cipher_suites: vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
            extensions: Extensions(vec![
                opaque(0),
                extension(10, ExtensionBody::SupportedGroups(vec![23, 24, 25])),
                extension(11, ExtensionBody::PointFormats(vec![0])),
            ]),
            ..ClientHello::default()
        };
        assert_eq!(ja3(&hello), "ada70206e40642a3e4461f35503241d5");
        let bare = ClientHello {
            version: 769,
            cipher_suites: vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99],
            ..Default::default()
        };
        assert_eq!(ja3_text(&bare), "769,4-5-10-9-100-98-3-6-19-18-99,,,");
        assert_eq!(ja3(&bare), "de350869b8c85de67a350c8d186f11e6");
    }

    #[test]
    fn ja3s_is_the_one_that_is_known_of_a_common_server() {
        let hello = ServerHello {
            version: 0x0303,
            cipher_suite: 0x1301,
            extensions: Extensions(vec![opaque(51), opaque(43)]),
            ..ServerHello::default()
        };
        assert_eq!(ja3s(&hello), "eb1d94daa7e0344597e756a1fb6e7054");
        for suite in [0x1301, 0x1302, 0x1301] {
            let hello = ServerHello { cipher_suite: suite, ..hello.clone() };
            assert_eq!(of_server(&hello), ja3s(&hello));
        }
    }

    #[test]
    fn ja4_is_that_of_its_description() {
        // The example in FoxIO's description of JA4; GREASE added, which it leaves out.
        let hello = ClientHello {
            version: 0x0303,
            cipher_suites: vec![
                0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
                0x009d, 0x002f, 0x0035,
            ],
            extensions: Extensions(vec![
                opaque(0x3a3a),
                opaque(0x001b),
                opaque(0x0000),
                opaque(0x0033),
                extension(0x0010, ExtensionBody::Alpn(vec![b"h2".to_vec(), b"http/1.1".to_vec()])),
                opaque(0x4469),
                opaque(0x0017),
                opaque(0x002d),
                extension(
                    0x000d,
                    ExtensionBody::SignatureAlgorithms(vec![
                        0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
                    ]),
                ),
                opaque(0x0005),
                opaque(0x0023),
                opaque(0x0012),
                extension(0x002b, ExtensionBody::SupportedVersions(vec![0x9a9a, 0x0303, 0x0304])),
                opaque(0xff01),
                opaque(0x000b),
                extension(0x000a, ExtensionBody::SupportedGroups(vec![0x001d])),
                opaque(0x0015),
            ]),
            ..ClientHello::default()
        };
        assert_eq!(ja4(&hello, 't'), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn what_is_remembered_is_what_is_read() {
        let lists = [vec![], vec![0x1301], vec![0x1301, 0x1302], vec![0x0a0a, 0x1302]];
        let bodies = |list: &Vec<u16>| {
            [
                ExtensionBody::SupportedGroups(list.clone()),
                ExtensionBody::SignatureAlgorithms(list.clone()),
                ExtensionBody::SupportedVersions(list.clone()),
                ExtensionBody::PointFormats(list.iter().map(|code| *code as u8).collect()),
                ExtensionBody::Alpn(list.iter().map(|code| code.to_be_bytes().to_vec()).collect()),
                ExtensionBody::Opaque(Vec::new()),
            ]
        };
        for transport in ['t', 'd', 't'] {
            for (suites, list) in lists.iter().flat_map(|suites| lists.iter().map(move |list| (suites, list))) {
                for (kind, body) in [10, 13, 43, 11, 16, 0].into_iter().zip(bodies(list)) {
                    let extensions = Extensions(vec![extension(kind, body.clone()), extension(kind, body), opaque(51)]);
                    let hello = ClientHello { cipher_suites: suites.clone(), extensions, ..ClientHello::default() };
                    let read = OfClient { ja3: ja3(&hello), ja4: ja4(&hello, transport) };
                    assert_eq!(of_client(&hello, transport), read, "{hello:?}");
                    let other = ClientHello { random: [7; 32], session_id: vec![1; 32], ..hello.clone() };
                    assert!(Arc::ptr_eq(&known_client(&hello, transport), &known_client(&other, transport)));
                }
            }
        }
        let long = ClientHello { cipher_suites: (0..LONGEST as u16).collect(), ..ClientHello::default() };
        assert_eq!(of_client(&long, 't').ja3, ja3(&long));
    }

    #[test]
    fn ja4_of_a_bare_hello_has_zeros() {
        let hello = ClientHello { version: 0xfefd, ..ClientHello::default() };
        assert_eq!(ja4(&hello, 'd'), "dd2i000000_000000000000_000000000000");
    }

    #[test]
    fn odd_protocol_names_are_taken_in_hex() {
        assert_eq!(ja4_alpn(&[vec![0xab]]), "ab");
        assert_eq!(ja4_alpn(&[vec![0x30, 0xab]]), "3b");
        assert_eq!(ja4_alpn(&[b"http/1.1".to_vec()]), "h1");
        assert_eq!(ja4_alpn(&[]), "00");
    }
}

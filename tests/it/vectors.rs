//! Known answers for every cipher suite: `fixtures/vectors/records.txt`, sealed by other programs.

use std::collections::{BTreeMap, BTreeSet};

use tlswhy::bytes;
use tlswhy::decrypt::hash::Hash;
use tlswhy::decrypt::suite::{BlockCipher, Cipher, SuiteParameters};
use tlswhy::decrypt::{Protection, Secret};
use tlswhy::tls::record::{ContentType, RecordHeader};

const TEXT: &[u8] = b"tlswhy: a known answer\n";

/// Suites that no program of the recipe speaks, and why. What seals their records is what seals those of another suite
/// that has a vector: [`every_suite_has_a_vector_or_a_reason`] sees to it.
const NOT_SPOKEN: [(&str, &[u16]); 7] = [
    ("only JSSE has DES, which ended with TLS 1.1, and it has DSA from TLS 1.2 on", &[0x0012]),
    ("Kerberos (RFC 2712): OpenSSL gave it up with 1.1, the others never had it", &[0x001e, 0x001f, 0x0020, 0x0024]),
    (
        "Diffie-Hellman keys in certificates: OpenSSL gave them up with 1.1, the others never had them",
        &[
            0x000c, 0x000d, 0x000f, 0x0010, 0x0030, 0x0031, 0x0036, 0x0037, 0x003e, 0x003f, 0x0042, 0x0043, 0x0068,
            0x0069, 0x0085, 0x0086, 0x00a0, 0x00a1, 0x00a4, 0x00a5, 0x00bb, 0x00bc, 0x00c1, 0x00c2, 0xc054, 0xc055,
            0xc058, 0xc059, 0xc07e, 0xc07f, 0xc082, 0xc083,
        ],
    ),
    (
        "only GnuTLS has these ciphers with an ephemeral key and a PSK, and its own client leaves such a handshake",
        &[0x008e, 0x008f, 0xc033, 0xc034, 0xc090, 0xc091],
    ),
    (
        "only JSSE has elliptic-curve keys for key agreement in certificates, and it has neither ARIA nor Camellia",
        &[0xc05e, 0xc05f, 0xc062, 0xc063, 0xc074, 0xc075, 0xc078, 0xc079, 0xc088, 0xc089, 0xc08c, 0xc08d],
    ),
    ("anonymous key exchange with ARIA: nobody here has it", &[0xc05a, 0xc05b]),
    (
        "ECCPWD (RFC 8492), and AES-GCM and CCM with ECDHE and a PSK (RFC 8442): nobody here has them",
        &[0xc0b0, 0xc0b1, 0xc0b2, 0xd001, 0xd002, 0xd003, 0xd005],
    ),
];

/// Suites that no TLS stack of the recipe speaks, sealed from their RFCs: ARIA in CBC mode, and three whose ciphers and
/// hashes go together nowhere else.
fn is_computed(suite: u16) -> bool {
    let cipher = SuiteParameters::of(suite).map(|parameters| parameters.cipher);
    matches!(cipher, Some(Cipher::Cbc(BlockCipher::Aria128 | BlockCipher::Aria256, _)))
        || matches!(suite, 0x0022 | 0x0023 | 0xc0b3)
}

/// One row of the table.
struct Vector {
    row: String,
    suite: u16,
    version: u16,
    flags: Vec<String>,
    number: u64,
    secret: Secret,
    client_random: Option<[u8; 32]>,
    server_random: Option<[u8; 32]>,
    before: Vec<Vec<u8>>,
    records: Vec<Vec<u8>>,
    source: String,
}

fn unhex(text: &str) -> Vec<u8> {
    bytes::unhex(text).unwrap_or_else(|| panic!("no hex: {text}"))
}

fn list(text: &str) -> Vec<&str> {
    text.split(',').filter(|word| *word != "-").collect()
}

impl Vector {
    fn parse(row: &str) -> Self {
        let words: Vec<&str> = row.split(' ').collect();
        let [suite, version, flags, number, secret, client, server, before, records, source] = words[..] else {
            panic!("ten words: {row}")
        };
        let code = |text: &str| u16::from_str_radix(text, 16).expect("a code point");
        let random = |text: &str| (text != "-").then(|| unhex(text).try_into().expect("32 bytes"));
        let records_of = |text: &str| list(text).into_iter().map(unhex).collect();
        Self {
            row: format!("{suite} in {version} {flags} by {source}"),
            suite: code(suite),
            version: code(version),
            flags: list(flags).into_iter().map(str::to_owned).collect(),
            number: number.parse().expect("a number"),
            secret: Secret::copy_of(&unhex(secret)),
            client_random: random(client),
            server_random: random(server),
            before: records_of(before),
            records: records_of(records),
            source: source.to_owned(),
        }
    }

    fn encrypts_then_macs(&self) -> bool {
        self.flags.iter().any(|flag| flag == "etm")
    }

    fn parameters(&self) -> SuiteParameters {
        SuiteParameters::of(self.suite).unwrap_or_else(|| panic!("{}: no suite of the table", self.row))
    }

    /// The client's keys, at the first record of the row.
    fn protection(&self) -> Protection {
        let protection = match (&self.client_random, &self.server_random) {
            (Some(client), Some(server)) => {
                let etm = self.encrypts_then_macs();
                let pair = Protection::tls12_pair(self.suite, self.version, &self.secret, client, server, etm);
                pair.map(|pair| pair.client)
            }
            _ => Protection::tls13(self.suite, &self.secret),
        };
        let mut protection = protection.unwrap_or_else(|| panic!("{}: no keys", self.row));
        protection.set_sequence(self.number);
        protection
    }
}

fn header(record: &[u8]) -> RecordHeader {
    RecordHeader {
        content_type: ContentType(record[0]),
        version: u16::from_be_bytes([record[1], record[2]]),
        length: u16::from_be_bytes([record[3], record[4]]),
    }
}

fn vectors() -> Vec<Vector> {
    let table = include_str!("../../fixtures/vectors/records.txt");
    table.lines().filter(|line| !line.starts_with('#')).map(Vector::parse).collect()
}

#[test]
fn every_vector_opens() {
    for vector in vectors() {
        let mut protection = vector.protection();
        for record in &vector.before {
            let opened = protection.open(header(record), &record[5..]);
            assert!(opened.is_ok(), "{}: {opened:?} before", vector.row);
        }
        let mut plaintext = Vec::new();
        for record in &vector.records {
            let opened = protection.open(header(record), &record[5..]);
            let opened = opened.unwrap_or_else(|error| panic!("{}: {error}", vector.row));
            assert_eq!(opened.content_type, ContentType::APPLICATION_DATA, "{}", vector.row);
            plaintext.extend(opened.plaintext);
        }
        assert_eq!(plaintext, TEXT, "{}", vector.row);
    }
}

/// A bit of each byte in turn, those of the header included; and another number.
#[test]
fn no_vector_opens_with_a_bit_changed() {
    for vector in vectors() {
        let mut protection = vector.protection();
        for record in vector.before.iter().chain(&vector.records) {
            assert!(protection.would_open(header(record), &record[5..]), "{}", vector.row);
            for at in 0..record.len() {
                let mut changed = record.clone();
                changed[at] ^= 1 << (at % 8);
                let opens = protection.would_open(header(&changed), &changed[5..]);
                assert!(!opens, "{}: with byte {at} of a record changed", vector.row);
            }
            let mut later = protection.clone();
            later.set_sequence(protection.sequence() + 1);
            assert!(!later.would_open(header(record), &record[5..]), "{}: as another record", vector.row);
            protection.open(header(record), &record[5..]).expect("it would open");
        }
    }
}

#[test]
fn every_suite_has_a_vector_or_a_reason() {
    let vectors = vectors();
    let spoken: BTreeSet<u16> = vectors.iter().map(|vector| vector.suite).collect();
    let kinds: Vec<SuiteParameters> = vectors.iter().map(Vector::parameters).collect();
    let mut excused = BTreeSet::new();
    for (reason, suites) in NOT_SPOKEN {
        println!("no vector, {reason}: {suites:04x?}");
        for suite in suites {
            assert!(excused.insert(*suite), "{suite:04x} is listed twice");
            assert!(!spoken.contains(suite), "{suite:04x} has a vector by now: take it off the list");
            let kind = SuiteParameters::of(*suite).unwrap_or_else(|| panic!("{suite:04x} is no suite of the table"));
            assert!(kinds.contains(&kind), "{suite:04x}: no vector of any suite with {:?}", kind.cipher);
        }
    }
    let known = (0..=u16::MAX).filter(|suite| SuiteParameters::of(*suite).is_some());
    let left: Vec<String> = known
        .filter(|suite| !spoken.contains(suite) && !excused.contains(suite))
        .map(|suite| format!("{suite:04x}"))
        .collect();
    assert!(left.is_empty(), "suites without a vector: {}", left.join(" "));
}

/// Before AEAD the version and the order of MAC and encryption decide as well.
#[test]
fn each_cipher_with_a_mac_is_there_in_every_version_and_order() {
    let mut ways: BTreeMap<String, BTreeSet<(u16, bool)>> = BTreeMap::new();
    for vector in vectors() {
        let entry = ways.entry(format!("{:?}", vector.parameters().cipher)).or_default();
        let cbc = matches!(vector.parameters().cipher, Cipher::Cbc(..));
        // OpenSSL negotiates the extension with NULL suites too, where it means nothing.
        entry.insert((vector.version, cbc && vector.encrypts_then_macs()));
    }
    let all = |versions: &[u16], orders: &[bool]| -> BTreeSet<(u16, bool)> {
        versions.iter().flat_map(|version| orders.iter().map(|order| (*version, *order))).collect()
    };
    use BlockCipher::{Aes128, Aes256, Aria128, Aria256, Camellia128, Camellia256, Des, TripleDes};
    let both = [false, true];
    let mut expected = Vec::new();
    for block in [Aes128, Aes256, Camellia128, Camellia256, TripleDes] {
        expected.push((Cipher::Cbc(block, Hash::Sha1), all(&[0x0301, 0x0302, 0x0303], &both)));
    }
    for (block, hash) in [
        (Aes128, Hash::Sha256),
        (Aes256, Hash::Sha256),
        (Aes256, Hash::Sha384),
        (Camellia128, Hash::Sha256),
        (Camellia256, Hash::Sha256),
        (Camellia256, Hash::Sha384),
        (Aria128, Hash::Sha256),
        (Aria256, Hash::Sha384),
    ] {
        expected.push((Cipher::Cbc(block, hash), all(&[0x0303], &both)));
    }
    // TLS 1.2 took DES out (RFC 5246 section 1.2), and JSSE, which has it, has no encrypt-then-MAC.
    expected.push((Cipher::Cbc(Des, Hash::Sha1), all(&[0x0301, 0x0302], &[false])));
    for hash in [Hash::Md5, Hash::Sha1] {
        expected.push((Cipher::Rc4(hash), all(&[0x0301, 0x0302, 0x0303], &[false])));
        expected.push((Cipher::Null(hash), all(&[0x0301, 0x0302, 0x0303], &[false])));
    }
    for (cipher, expected) in expected {
        let found = ways.get(&format!("{cipher:?}")).cloned().unwrap_or_default();
        let missing: Vec<_> = expected.difference(&found).collect();
        assert!(missing.is_empty(), "{cipher:?} lacks {missing:04x?}");
    }
}

/// The table is as good as its sources are independent: nearly all rows were sealed by TLS stacks.
#[test]
fn the_vectors_come_from_several_programs() {
    let mut sources: BTreeMap<String, usize> = BTreeMap::new();
    for vector in vectors() {
        let program = vector.source.split('-').next().unwrap_or_default().to_owned();
        *sources.entry(program).or_default() += 1;
        assert_eq!(vector.source == "computed", is_computed(vector.suite), "{}", vector.row);
    }
    println!("{sources:?}");
    assert!(["openssl", "gnutls", "jsse"].iter().all(|program| sources.contains_key(*program)));
}

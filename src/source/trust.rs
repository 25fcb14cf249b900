//! Files of certificates and revocation lists: PEM or DER, one or many, or a folder of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::source::file::bytes;
use crate::source::pem::{self, Block};

/// How many files of a folder are looked at.
const FILES: usize = 100_000;

/// Where systems keep their trust anchors.
const SYSTEM: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
];

/// The certificates, in DER, of a file or of all files of a folder, each once.
///
/// # Errors
/// When nothing can be read, or no certificate is found.
pub fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let found = if path.is_dir() {
        // A folder of anchors may hold keys and notes as well.
        let mut found = Vec::new();
        for file in files(path)? {
            found.extend(bytes(&file).map(|bytes| certificates_of(&bytes)).unwrap_or_default());
        }
        found
    } else {
        certificates_of(&bytes(path)?)
    };
    if found.is_empty() {
        let hint = if path.is_dir() { NONE_IN_FOLDER.to_owned() } else { instead(&bytes(path)?).to_owned() };
        return Err(Error::Holds { path: path.to_owned(), wanted: "certificate", hint });
    }
    Ok(unique(found))
}

/// The revocation lists, in DER, of a file.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn revocation_lists(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let bytes = bytes(path)?;
    let found = if pem::is_pem(&bytes) {
        pem::blocks(&bytes).into_iter().filter(|block| block.label == "X509 CRL").map(|block| block.der).collect()
    } else {
        sequences(&bytes)
    };
    if found.is_empty() {
        let hint = "it ought to be a CRL in PEM (`BEGIN X509 CRL`) or DER".to_owned();
        return Err(Error::Holds { path: path.to_owned(), wanted: "revocation list", hint });
    }
    Ok(found)
}

/// The trust anchors of this system, and where they were found.
///
/// # Errors
/// When there is none of the usual files.
pub fn system_certificates() -> Result<(PathBuf, Vec<Vec<u8>>), Error> {
    let known = SYSTEM.iter().map(Path::new).find(|path| path.is_file());
    let Some(path) = known else {
        let text = "this system keeps its trust anchors in no usual place: give the file with --server-ca";
        return Err(Error::Usage(text.to_owned()));
    };
    Ok((path.to_owned(), certificates(path)?))
}

const NONE_IN_FOLDER: &str = "none of its files is a certificate in PEM or DER";

fn certificates_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    if pem::is_pem(bytes) {
        return pem::blocks(bytes).into_iter().filter_map(certificate_of_block).collect();
    }
    sequences(bytes).into_iter().filter(|der| is_certificate(der)).collect()
}

fn certificate_of_block(block: Block) -> Option<Vec<u8>> {
    match block.label.as_str() {
        "CERTIFICATE" | "X509 CERTIFICATE" => Some(block.der),
        // OpenSSL's own: trust settings follow the certificate.
        "TRUSTED CERTIFICATE" => Some(sequence(&block.der)?.0.to_vec()),
        _ => None,
    }
}

/// A certificate is a SEQUENCE that begins with a SEQUENCE. (A key or a PKCS#12 file begins with a number, a PKCS#7 file with an OID.)
fn is_certificate(der: &[u8]) -> bool {
    let content = der.get(1).map_or(2, |length| if length & 0x80 == 0 { 2 } else { 2 + usize::from(length & 0x7f) });
    der.get(content) == Some(&0x30)
}

/// DER SEQUENCEs one after another.
fn sequences(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while let Some((first, after)) = sequence(rest) {
        found.push(first.to_vec());
        rest = after;
    }
    found
}

/// The DER SEQUENCE at the start, and what follows it.
fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<2>()?;
    let [0x30, first] = *header else { return None };
    let (length_bytes, length) = if first & 0x80 == 0 {
        (0, usize::from(first))
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        (count, rest.get(..count)?.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)))
    };
    bytes.split_at_checked(length.checked_add(2 + length_bytes)?)
}

/// What a file without certificates holds instead.
fn instead(bytes: &[u8]) -> &'static str {
    let labels: Vec<String> = pem::blocks(bytes).into_iter().map(|block| block.label).collect();
    let has = |word: &str| labels.iter().any(|label| label.contains(word));
    match bytes {
        _ if has("PKCS7") => "it is PKCS#7; convert it with `openssl pkcs7 -print_certs`",
        _ if has("REQUEST") => "it is a certificate request; give the certificate that was issued for it",
        _ if has("KEY") => "it is a key; give the certificate file",
        _ if has("CRL") => "it is a revocation list; give it with --crl",
        [0xfe, 0xed, 0xfe, 0xed, ..] => {
            "it is a Java key store; export the certificates with `keytool -exportcert -rfc`"
        }
        [] => "it has no bytes",
        [0x30, ..] => "it is DER of another kind; a PKCS#12 file is converted with `openssl pkcs12 -nokeys`",
        _ => "it ought to hold certificates in PEM or DER",
    }
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)?.take(FILES) {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Each once, in the order first met: folders made by `c_rehash` hold every file twice.
fn unique(all: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut seen = std::collections::BTreeSet::new();
    all.into_iter().filter(|der| seen.insert(der.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: [u8; 7] = [0x30, 5, 0x30, 1, 0, 5, 0];

    #[test]
    fn der_certificates_may_follow_each_other_and_other_der_is_none() {
        let two = [CERTIFICATE, CERTIFICATE].concat();
        assert_eq!(certificates_of(&two).len(), 2);
        assert!(certificates_of(&[0x30, 3, 2, 1, 3]).is_empty());
        assert!(certificates_of(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]).is_empty());
        assert!(instead(&[0x30, 3, 2, 1, 3]).contains("pkcs12"));
    }

    #[test]
    fn trust_settings_behind_a_certificate_are_cut_off() {
        let block = Block { label: "TRUSTED CERTIFICATE".into(), der: [&CERTIFICATE[..], &[0x30, 0]].concat() };
        assert_eq!(certificate_of_block(block), Some(CERTIFICATE.to_vec()));
    }

    #[test]
    fn a_certificate_met_twice_is_given_once() {
        assert_eq!(unique(vec![vec![2], vec![1], vec![2]]), [vec![2], vec![1]]);
    }
}

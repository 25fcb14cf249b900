//! The bodies of extensions, by the message that they stand in.

use crate::bytes::{Reader, Short};
use crate::iana::extensions as kinds;
use crate::tls::extension::{ExtensionBody, Place};

/// Reads one body. `None` when it breaks the grammar of its kind in that message.
pub(super) fn decode(kind: u16, bytes: &[u8], place: Place) -> Option<ExtensionBody> {
    let mut reader = Reader::new(bytes);
    let body = typed(kind, &mut reader, place).ok()??;
    reader.is_empty().then_some(body)
}

/// `Ok(None)` and `Err` both say that the grammar is broken; the latter that the bytes ended.
fn typed(kind: u16, reader: &mut Reader<'_>, place: Place) -> Result<Option<ExtensionBody>, Short> {
    let from_client = place == Place::ClientHello;
    let body = match kind {
        kinds::SERVER_NAME if from_client => ExtensionBody::ServerName(server_names(reader)?),
        kinds::SERVER_NAME => ExtensionBody::ServerName(Vec::new()),
        kinds::MAX_FRAGMENT_LENGTH => ExtensionBody::MaxFragmentLength(reader.u8()?),
        kinds::STATUS_REQUEST => ExtensionBody::StatusRequest(reader.rest().to_vec()),
        kinds::SUPPORTED_GROUPS => return Ok(list16(reader.vec16()?).map(ExtensionBody::SupportedGroups)),
        kinds::EC_POINT_FORMATS => ExtensionBody::PointFormats(reader.vec8()?.rest().to_vec()),
        kinds::SIGNATURE_ALGORITHMS => return Ok(list16(reader.vec16()?).map(ExtensionBody::SignatureAlgorithms)),
        kinds::SIGNATURE_ALGORITHMS_CERT => {
            return Ok(list16(reader.vec16()?).map(ExtensionBody::SignatureAlgorithmsCert));
        }
        kinds::ALPN => return Ok(protocols(reader)?.map(ExtensionBody::Alpn)),
        kinds::CLIENT_CERTIFICATE_TYPE | kinds::SERVER_CERTIFICATE_TYPE if from_client => {
            ExtensionBody::CertificateTypes(reader.vec8()?.rest().to_vec())
        }
        kinds::CLIENT_CERTIFICATE_TYPE | kinds::SERVER_CERTIFICATE_TYPE => {
            ExtensionBody::CertificateTypes(vec![reader.u8()?])
        }
        kinds::COMPRESS_CERTIFICATE => return Ok(list16(reader.vec8()?).map(ExtensionBody::CompressCertificate)),
        kinds::RECORD_SIZE_LIMIT => ExtensionBody::RecordSizeLimit(reader.u16()?),
        kinds::SESSION_TICKET => ExtensionBody::SessionTicket(reader.rest().to_vec()),
        kinds::PRE_SHARED_KEY if from_client => psk_identities(reader)?,
        kinds::PRE_SHARED_KEY => ExtensionBody::SelectedPsk(reader.u16()?),
        kinds::EARLY_DATA if place == Place::NewSessionTicket => ExtensionBody::EarlyData(Some(reader.u32()?)),
        kinds::EARLY_DATA => ExtensionBody::EarlyData(None),
        kinds::SUPPORTED_VERSIONS if from_client => {
            return Ok(list16(reader.vec8()?).map(ExtensionBody::SupportedVersions));
        }
        kinds::SUPPORTED_VERSIONS => ExtensionBody::SelectedVersion(reader.u16()?),
        kinds::PSK_KEY_EXCHANGE_MODES => ExtensionBody::PskModes(reader.vec8()?.rest().to_vec()),
        kinds::CERTIFICATE_AUTHORITIES => ExtensionBody::CertificateAuthorities(blobs16(reader.vec16()?)?),
        kinds::OID_FILTERS => ExtensionBody::OidFilters(oid_filters(reader)?),
        kinds::KEY_SHARE => key_share(reader, place)?,
        kinds::CONNECTION_ID => ExtensionBody::ConnectionId(reader.vec8()?.rest().to_vec()),
        kinds::RENEGOTIATION_INFO => ExtensionBody::RenegotiationInfo(reader.vec8()?.rest().to_vec()),
        kinds::ENCRYPTED_CLIENT_HELLO => ExtensionBody::EncryptedClientHello(reader.rest().to_vec()),
        // Flags: they have no body, and bytes that are there are left over.
        kinds::ENCRYPT_THEN_MAC | kinds::EXTENDED_MASTER_SECRET | kinds::POST_HANDSHAKE_AUTH => {
            ExtensionBody::Opaque(Vec::new())
        }
        _ => ExtensionBody::Opaque(reader.rest().to_vec()),
    };
    Ok(Some(body))
}

/// All that is left as 16-bit numbers; `None` when a byte is left over.
pub(in crate::tls) fn list16(mut reader: Reader<'_>) -> Option<Vec<u16>> {
    let (pairs, odd) = reader.rest().as_chunks::<2>();
    odd.is_empty().then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
}

/// Byte strings with a 16-bit length each.
fn blobs16(mut reader: Reader<'_>) -> Result<Vec<Vec<u8>>, Short> {
    let mut blobs = Vec::new();
    while !reader.is_empty() {
        blobs.push(reader.vec16()?.rest().to_vec());
    }
    Ok(blobs)
}

/// The host names; names of another type, which nobody has ever defined, are passed over.
fn server_names(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Short> {
    const HOST_NAME: u8 = 0;
    let mut list = reader.vec16()?;
    let mut names = Vec::new();
    while !list.is_empty() {
        let kind = list.u8()?;
        let name = list.vec16()?.rest();
        if kind == HOST_NAME {
            names.push(name.to_vec());
        }
    }
    Ok(names)
}

/// ALPN: neither the list nor a name may be empty (RFC 7301 section 3.1).
fn protocols(reader: &mut Reader<'_>) -> Result<Option<Vec<Vec<u8>>>, Short> {
    let mut list = reader.vec16()?;
    let mut names = Vec::new();
    while !list.is_empty() {
        let name = list.vec8()?.rest();
        if name.is_empty() {
            return Ok(None);
        }
        names.push(name.to_vec());
    }
    Ok((!names.is_empty()).then_some(names))
}

fn psk_identities(reader: &mut Reader<'_>) -> Result<ExtensionBody, Short> {
    let mut list = reader.vec16()?;
    let mut identities = Vec::new();
    while !list.is_empty() {
        identities.push(list.vec16()?.rest().to_vec());
        list.u32()?;
    }
    let mut list = reader.vec16()?;
    let mut binders = 0;
    while !list.is_empty() {
        list.vec8()?;
        binders += 1;
    }
    Ok(ExtensionBody::PskIdentities(identities, binders))
}

fn key_share(reader: &mut Reader<'_>, place: Place) -> Result<ExtensionBody, Short> {
    match place {
        Place::ClientHello => {
            let mut list = reader.vec16()?;
            let mut shares = Vec::new();
            while !list.is_empty() {
                let group = list.u16()?;
                shares.push((group, list.vec16()?.len()));
            }
            Ok(ExtensionBody::KeyShares(shares))
        }
        Place::HelloRetryRequest => Ok(ExtensionBody::SelectedGroup(reader.u16()?)),
        _ => {
            let group = reader.u16()?;
            reader.vec16()?;
            Ok(ExtensionBody::SelectedGroup(group))
        }
    }
}

fn oid_filters(reader: &mut Reader<'_>) -> Result<Vec<(String, Vec<u8>)>, Short> {
    let mut list = reader.vec16()?;
    let mut filters = Vec::new();
    while !list.is_empty() {
        let oid = list.vec8()?.rest();
        let values = list.vec16()?.rest();
        filters.push((oid_text(oid), values.to_vec()));
    }
    Ok(filters)
}

/// A DER object identifier in dotted form, with or without its tag and length; hex where it is none.
fn oid_text(der: &[u8]) -> String {
    let content = match der {
        [6, len, content @ ..] if usize::from(*len) == content.len() => content,
        _ => der,
    };
    let mut arcs: Vec<u64> = Vec::new();
    let mut value: u64 = 0;
    for byte in content {
        if value >> 57 != 0 {
            return crate::bytes::hex(der);
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (value / 40).min(2);
                arcs.extend([first, value - first * 40]);
            } else {
                arcs.push(value);
            }
            value = 0;
        }
    }
    if arcs.is_empty() || content.last().is_some_and(|byte| byte & 0x80 != 0) {
        return crate::bytes::hex(der);
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oid_reads_dotted() {
        assert_eq!(oid_text(&[0x55, 0x1d, 0x25]), "2.5.29.37");
        assert_eq!(oid_text(&[6, 3, 0x55, 0x1d, 0x25]), "2.5.29.37");
        assert_eq!(oid_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]), "1.2.840.113549");
        assert_eq!(oid_text(&[0x81]), "81");
    }

    #[test]
    fn psk_identities_are_told_apart_from_binders() {
        let bytes = [0, 9, 0, 3, b'a', b'b', b'c', 0, 0, 0, 1, 0, 3, 2, 9, 9];
        let body = decode(kinds::PRE_SHARED_KEY, &bytes, Place::ClientHello);
        assert_eq!(body, Some(ExtensionBody::PskIdentities(vec![b"abc".to_vec()], 1)));
    }

    #[test]
    fn a_flag_with_a_body_is_malformed() {
        assert_eq!(decode(kinds::EXTENDED_MASTER_SECRET, &[], Place::ClientHello), Some(ExtensionBody::Opaque(vec![])));
        assert_eq!(decode(kinds::EXTENDED_MASTER_SECRET, &[0], Place::ClientHello), None);
    }

    #[test]
    fn an_empty_protocol_name_is_malformed() {
        assert_eq!(decode(kinds::ALPN, &[0, 1, 0], Place::ClientHello), None);
        assert_eq!(decode(kinds::ALPN, &[0, 0], Place::ClientHello), None);
    }
}

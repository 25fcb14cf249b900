//! Certificate revocation lists (RFC 5280 section 5).

use std::collections::BTreeMap;

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::signature::{Verification, verify_signed};
use super::{Name, PublicKey, name};
use crate::time::Timestamp;

/// A revocation list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crl {
    /// Who issued it.
    pub issuer: Name,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate; a list without one does not say when it is out of date.
    pub next_update: Option<Timestamp>,
    /// The revoked certificates, by serial number as [`normal_serial`] writes it.
    pub revoked: BTreeMap<Vec<u8>, Revoked>,
    /// authorityKeyIdentifier's key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Dotted OID of the signature algorithm.
    pub signature_oid: String,
    /// DER of its parameters.
    signature_parameters: Vec<u8>,
    /// What the signature covers.
    tbs: Vec<u8>,
    signature: Vec<u8>,
}

/// An entry of a revocation list, or the same in an OCSP response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Since when.
    pub at: Timestamp,
    /// CRLReason, where it is given (RFC 5280 section 5.3.1).
    pub reason: Option<u8>,
}

impl Revoked {
    /// The reason's name in RFC 5280 section 5.3.1.
    pub fn reason_name(&self) -> Option<&'static str> {
        Some(match self.reason? {
            0 => "unspecified",
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            6 => "certificateHold",
            8 => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            _ => return None,
        })
    }
}

/// A serial number's content bytes without the zeros in front that some encoders leave there.
pub fn normal_serial(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros.min(serial.len().saturating_sub(1))..).unwrap_or_default()
}

impl Crl {
    /// Reads a list in DER; `None` where it is none or is damaged: half a list would absolve the rest.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (_, list) = CertificateRevocationList::from_der(der).ok()?;
        let tbs = &list.tbs_cert_list;
        let revoked = tbs.revoked_certificates.iter().map(|entry| {
            let at = Timestamp::from_secs(entry.revocation_date.timestamp());
            let reason = entry.reason_code().map(|(_, reason)| reason.0);
            (normal_serial(entry.raw_serial()).to_vec(), Revoked { at, reason })
        });
        let authority_key_id = tbs.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => Some(id.key_identifier.as_ref()?.0.to_vec()),
            _ => None,
        });
        let parameters = list.signature_algorithm.parameters.as_ref();
        Some(Self {
            issuer: name::name_from_der(tbs.issuer.as_raw()),
            this_update: Timestamp::from_secs(tbs.this_update.timestamp()),
            next_update: tbs.next_update.map(|next| Timestamp::from_secs(next.timestamp())),
            revoked: revoked.collect(),
            authority_key_id,
            signature_oid: list.signature_algorithm.algorithm.to_id_string(),
            signature_parameters: parameters.map(parameter_der).unwrap_or_default(),
            tbs: tbs.as_ref().to_vec(),
            signature: list.signature_value.data.to_vec(),
        })
    }

    /// The entry of a certificate, by its serial number.
    pub fn entry(&self, serial: &[u8]) -> Option<&Revoked> {
        self.revoked.get(normal_serial(serial))
    }

    /// Whether the list had run out at this moment; never for one without nextUpdate.
    pub fn is_expired_at(&self, at: Timestamp) -> bool {
        self.next_update.is_some_and(|next| next < at)
    }

    /// Whether the holder of this key signed the list.
    pub fn verify(&self, issuer: &PublicKey) -> Verification {
        verify_signed(&self.signature_oid, &self.signature_parameters, &self.tbs, &self.signature, issuer)
    }
}

/// The DER of an element that x509-parser has taken apart; only RSASSA-PSS parameters, a SEQUENCE,
/// are ever looked at.
fn parameter_der(parameters: &x509_parser::asn1_rs::Any<'_>) -> Vec<u8> {
    use x509_parser::asn1_rs::ToDer;
    parameters.to_der_vec().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::parse;

    const LIST: &[u8] = include_bytes!("../../fixtures/wire/x509/list.crl");

    #[test]
    fn a_list_tells_whom_it_revokes() {
        let list = Crl::parse(LIST).expect("a sound list");
        let issuer = parse(include_bytes!("../../fixtures/wire/x509/list-ca.der"));
        assert_eq!(list.issuer, issuer.subject);
        assert_eq!(list.authority_key_id, issuer.subject_key_id);
        assert_eq!(list.revoked.len(), 2);
        let entry = list.entry(&[1]).expect("revoked");
        assert_eq!(
            (entry.at.human().as_str(), entry.reason_name()),
            ("2025-01-02 03:04:05 UTC", Some("keyCompromise"))
        );
        let entry = list.entry(&[0, 0x80]).expect("revoked, with the zero that DER puts in front");
        assert_eq!(entry.reason, None);
        assert_eq!(list.entry(&[0x7f]), None);
        let next = list.next_update.expect("nextUpdate");
        assert!(!list.is_expired_at(next) && list.is_expired_at(Timestamp(next.0 + 1)));
    }

    #[test]
    fn a_list_is_only_its_issuers() {
        let mut list = Crl::parse(LIST).expect("a sound list");
        let issuer = parse(include_bytes!("../../fixtures/wire/x509/list-ca.der")).key;
        assert_eq!(list.verify(&issuer), Verification::Valid);
        let other = parse(include_bytes!("../../fixtures/wire/x509/comp.der")).key;
        assert_eq!(list.verify(&other), Verification::Invalid);
        list.tbs[20] ^= 1;
        assert_eq!(list.verify(&issuer), Verification::Invalid);
    }

    #[test]
    fn a_damaged_list_is_none() {
        for cut in 0..LIST.len() {
            assert_eq!(Crl::parse(&LIST[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn serials_compare_without_leading_zeros() {
        assert_eq!(normal_serial(&[0, 0, 5]), [5]);
        assert_eq!(normal_serial(&[0]), [0]);
        assert_eq!(normal_serial(&[]), [0_u8; 0]);
    }

    proptest::proptest! {
        #[test]
        fn mutated_lists_never_panic(at in 0..LIST.len(), byte in proptest::num::u8::ANY) {
            let mut der = LIST.to_vec();
            der[at] = byte;
            proptest::prop_assert!(Crl::parse(&der).is_none_or(|list| list.revoked.len() <= 2));
        }
    }
}

//! OCSP responses (RFC 6960 section 4.2), as stapled in a handshake. The signature is not checked.

use super::crl::{Revoked, normal_serial};
use super::der::{self, Der, Element, small, tag};
use crate::time::Timestamp;

/// Most certificates that one response is read for; stapled ones speak of a single one.
const RESPONSE_LIMIT: usize = 1_000;

/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];

/// An OCSP response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OcspResponse {
    /// OCSPResponseStatus: 0 is successful; see [`OcspResponse::status_name`].
    pub status: u32,
    /// producedAt.
    pub produced_at: Option<Timestamp>,
    /// What it says of each certificate.
    pub responses: Vec<SingleResponse>,
}

/// What a response says of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleResponse {
    /// The certificate's serial number, content bytes of the INTEGER.
    pub serial: Vec<u8>,
    /// Hash of the issuer's public key (its BIT STRING's content), with the hash function of the request.
    pub issuer_key_hash: Vec<u8>,
    /// The certificate's status.
    pub cert_status: CertStatus,
    /// thisUpdate.
    pub this_update: Option<Timestamp>,
    /// nextUpdate; absent where newer information is always to be had.
    pub next_update: Option<Timestamp>,
}

/// The status of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertStatus {
    /// Not revoked, as far as the responder knows.
    Good,
    /// Revoked.
    Revoked(Revoked),
    /// The responder does not know the certificate.
    Unknown,
}

impl OcspResponse {
    /// Reads a response in DER; `None` where it is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let mut outer = Der::new(der).next_if(tag::SEQUENCE)?.inside();
        let status = small(outer.next_if(tag::ENUMERATED)?.content)?;
        let mut response = Self { status, ..Self::default() };
        let Some(bytes) = outer.next_if(tag::explicit(0)) else { return Some(response) };
        let mut bytes = bytes.inside().next_if(tag::SEQUENCE)?.inside();
        if bytes.next_if(tag::OID)?.content != BASIC {
            return Some(response);
        }
        let basic = bytes.next_if(tag::OCTET_STRING)?;
        let data = basic.inside().next_if(tag::SEQUENCE)?.inside().next_if(tag::SEQUENCE)?;
        let mut data = data.inside();
        data.next_if(tag::explicit(0));
        // ResponderID: [1] by name or [2] by key.
        data.next()?;
        response.produced_at = data.next().and_then(|at| der::time(&at)).map(|(at, _)| at);
        let mut singles = data.next_if(tag::SEQUENCE)?.inside();
        while response.responses.len() < RESPONSE_LIMIT
            && let Some(single) = singles.next()
        {
            response.responses.push(SingleResponse::read(&single)?);
        }
        Some(response)
    }

    /// The status's name in RFC 6960 section 4.2.1.
    pub fn status_name(&self) -> Option<&'static str> {
        Some(match self.status {
            0 => "successful",
            1 => "malformedRequest",
            2 => "internalError",
            3 => "tryLater",
            5 => "sigRequired",
            6 => "unauthorized",
            _ => return None,
        })
    }

    /// What it says of the certificate with this serial number.
    pub fn of(&self, serial: &[u8]) -> Option<&SingleResponse> {
        self.responses.iter().find(|single| normal_serial(&single.serial) == normal_serial(serial))
    }
}

impl SingleResponse {
    fn read(single: &Element<'_>) -> Option<Self> {
        let mut fields = single.inside();
        let mut id = fields.next_if(tag::SEQUENCE)?.inside();
        id.next_if(tag::SEQUENCE)?;
        id.next_if(tag::OCTET_STRING)?;
        let issuer_key_hash = id.next_if(tag::OCTET_STRING)?.content.to_vec();
        let serial = id.next_if(tag::INTEGER)?.content.to_vec();
        let cert_status = status(&fields.next()?)?;
        let time = |element: Element<'_>| der::time(&element).map(|(at, _)| at);
        let this_update = fields.next().and_then(time);
        let next_update = fields.next_if(tag::explicit(0)).and_then(|wrapped| wrapped.inside().next()).and_then(time);
        Some(Self { serial, issuer_key_hash, cert_status, this_update, next_update })
    }
}

fn status(element: &Element<'_>) -> Option<CertStatus> {
    match element.tag {
        0x80 => Some(CertStatus::Good),
        0xa1 => {
            let mut fields = element.inside();
            let (at, _) = der::time(&fields.next()?)?;
            let reason = fields.next_if(tag::explicit(0)).and_then(|wrapped| wrapped.inside().next_if(tag::ENUMERATED));
            let reason = reason.and_then(|reason| small(reason.content)).and_then(|reason| u8::try_from(reason).ok());
            Some(CertStatus::Revoked(Revoked { at, reason }))
        }
        0x82 => Some(CertStatus::Unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &[u8] = include_bytes!("../../fixtures/wire/x509/three.ocsp");

    #[test]
    fn a_response_tells_of_each_certificate() {
        let response = OcspResponse::parse(THREE).expect("a response");
        assert_eq!(response.status_name(), Some("successful"));
        assert_eq!(response.responses.len(), 3);
        let revoked = response.of(&[1]).expect("an answer");
        let CertStatus::Revoked(entry) = revoked.cert_status else { panic!("{revoked:?}") };
        assert_eq!((entry.at.human().as_str(), entry.reason), ("2025-01-02 03:04:05 UTC", Some(1)));
        let days =
            |single: &SingleResponse| single.next_update.zip(single.this_update).map(|(b, a)| b.since(a).to_string());
        assert_eq!(days(revoked).as_deref(), Some("7 days"));
        assert_eq!(response.of(&[0x7f]).map(|single| single.cert_status), Some(CertStatus::Good));
        assert_eq!(response.of(&[0x55]).map(|single| single.cert_status), Some(CertStatus::Unknown));
        assert_eq!(response.of(&[2]), None);
        assert_eq!(revoked.issuer_key_hash.len(), 20);
    }

    #[test]
    fn a_refusal_has_a_status_only() {
        let response = OcspResponse::parse(&[0x30, 3, 0x0a, 1, 3]).expect("a response");
        assert_eq!((response.status_name(), response.responses.len()), (Some("tryLater"), 0));
        assert_eq!(OcspResponse::parse(b"nothing"), None);
    }

    proptest::proptest! {
        #[test]
        fn mutated_responses_never_panic(at in 0..THREE.len(), byte in proptest::num::u8::ANY) {
            let mut der = THREE.to_vec();
            der[at] = byte;
            proptest::prop_assert!(OcspResponse::parse(&der).is_none_or(|response| response.responses.len() <= 3));
        }
    }
}

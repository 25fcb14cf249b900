//! Revocation: what lists named by the user and stapled responses say of a certificate.

use sha1::{Digest, Sha1};

use super::chain::identifiers_agree;
use super::{Flaw, der};
use crate::time::Timestamp;
use crate::x509::Certificate;
use crate::x509::crl::{Crl, Revoked};
use crate::x509::ocsp::{CertStatus, OcspResponse};
use crate::x509::signature::Verification;

/// CRLReason removeFromCRL: an entry that takes a hold back.
const REMOVED: u8 = 8;

/// What the lists say of `certificate`, which stands at `index` of the chain. `issuer` is the certificate above it
/// in the path, where there is one; without it, names and key identifiers have to do.
///
/// A list of another issuer says nothing, nor does one with a wrong signature. A list younger than the
/// handshake counts, but only its revocations that lie before the handshake do.
pub fn by_lists(
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    crls: &[Crl],
    index: usize,
    at: Timestamp,
) -> Vec<Flaw> {
    let covering: Vec<&Crl> = crls.iter().filter(|list| covers(list, certificate, issuer)).collect();
    let entries = covering.iter().filter_map(|list| Some((list.this_update, list.entry(&certificate.serial)?)));
    let effective = |entry: &Revoked| entry.at <= at && entry.reason != Some(REMOVED);
    // The newest list that speaks of it counts: a hold may have been taken back since.
    let newest = entries.max_by_key(|(update, _)| *update).map(|(_, entry)| entry);
    if let Some(entry) = newest.filter(|entry| effective(entry)) {
        return vec![Flaw::Revoked { index, since: Some(entry.at) }];
    }
    if covering.iter().any(|list| !list.is_expired_at(at)) {
        return Vec::new();
    }
    let last = covering.iter().filter_map(|list| list.next_update).max();
    last.map(|next_update| Flaw::CrlExpired { index, next_update }).into_iter().collect()
}

fn covers(list: &Crl, certificate: &Certificate, issuer: Option<&Certificate>) -> bool {
    if !der::same_name(&list.issuer, &certificate.issuer) {
        return false;
    }
    let by_identifiers = |wanted: Option<&Vec<u8>>| match (list.authority_key_id.as_ref(), wanted) {
        (Some(list), Some(wanted)) => list == wanted,
        _ => true,
    };
    match issuer {
        Some(issuer) => match list.verify(&issuer.key) {
            Verification::Valid => true,
            Verification::Unsupported(_) => by_identifiers(issuer.subject_key_id.as_ref()),
            _ => false,
        },
        None => by_identifiers(certificate.authority_key_id.as_ref()),
    }
}

/// What a stapled OCSP response says of `certificate`: revoked, or nothing. The response's own signature is not
/// checked; its sender is the one whom a forgery would have to favour, and `revoked` is no favour.
pub fn by_staple(
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    response: &OcspResponse,
    index: usize,
    at: Timestamp,
) -> Option<Flaw> {
    let single = response.of(&certificate.serial)?;
    let hash = issuer.filter(|issuer| identifiers_agree(certificate, issuer) != Some(false));
    let sha1 = hash.map(|issuer| Sha1::digest(&issuer.key.bits_content));
    if sha1.is_some_and(|sha1| single.issuer_key_hash.len() == sha1.len() && single.issuer_key_hash != sha1.as_slice())
    {
        return None;
    }
    match single.cert_status {
        CertStatus::Revoked(revoked) if revoked.at <= at && revoked.reason != Some(REMOVED) => {
            Some(Flaw::Revoked { index, since: Some(revoked.at) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::pki::AT;
    use super::super::{Anchors, examine};
    use super::*;
    use crate::role::Role;

    /// 2026-05-01.
    const SINCE: Timestamp = Timestamp::from_secs(1_777_593_600);

    fn flaws(chain: &[Certificate], lists: &[&[u8]], at: Timestamp) -> Vec<Flaw> {
        let anchors = Anchors { certificates: certificates!("root-a").to_vec() };
        let lists: Vec<Crl> = lists.iter().map(|der| Crl::parse(der).unwrap()).collect();
        examine(chain, Role::Client, Some(&anchors), &lists, at).flaws
    }

    #[test]
    fn a_list_of_the_issuer_revokes() {
        let list = fixture!("int-1.crl");
        let revoked = certificates!("client-revoked", "int-1");
        assert_eq!(flaws(&revoked, &[list], AT), [Flaw::Revoked { index: 0, since: Some(SINCE) }]);
        assert_eq!(flaws(&certificates!("client", "int-1"), &[list], AT), []);
        assert_eq!(flaws(&revoked, &[list], Timestamp(SINCE.0 - 1)), [], "not revoked yet at the handshake");
    }

    #[test]
    fn a_list_of_another_issuer_says_nothing() {
        assert_eq!(flaws(&certificates!("client-revoked", "int-1"), &[fixture!("root-b.crl")], AT), []);
        // Nor does one that names the issuer, and was signed with another key.
        let mut list = Crl::parse(fixture!("int-1.crl")).unwrap();
        list.authority_key_id = None;
        let [leaf, mut issuer, other] = certificates!("client-revoked", "int-1", "root-b");
        issuer.key = other.key;
        assert_eq!(by_lists(&leaf, Some(&issuer), std::slice::from_ref(&list), 0, AT), []);
        assert_eq!(by_lists(&leaf, None, &[list], 0, AT).len(), 1, "without the issuer, its name has to do");
    }

    #[test]
    fn an_expired_list_is_told_unless_a_fresh_one_is_there() {
        let chain = certificates!("client", "int-1");
        let (stale, fresh) = (fixture!("int-1-stale.crl"), fixture!("int-1.crl"));
        assert!(matches!(flaws(&chain, &[stale], AT)[..], [Flaw::CrlExpired { index: 0, .. }]));
        assert_eq!(flaws(&chain, &[stale, fresh], AT), []);
    }

    #[test]
    fn a_stapled_response_revokes() {
        let [leaf, revoked, issuer, other] = certificates!("client", "client-revoked", "int-1", "root-b");
        let bad = OcspResponse::parse(fixture!("client-revoked.ocsp")).unwrap();
        let good = OcspResponse::parse(fixture!("client.ocsp")).unwrap();
        let expected = Some(Flaw::Revoked { index: 0, since: Some(SINCE) });
        assert_eq!(by_staple(&revoked, Some(&issuer), &bad, 0, AT), expected);
        assert_eq!(by_staple(&revoked, None, &bad, 0, AT), expected);
        assert_eq!(by_staple(&leaf, Some(&issuer), &good, 0, AT), None);
        assert_eq!(by_staple(&leaf, Some(&issuer), &bad, 0, AT), None, "it speaks of another certificate");
        let twin = Certificate { authority_key_id: None, ..revoked };
        assert_eq!(by_staple(&twin, Some(&other), &bad, 0, AT), None, "another issuer's certificate of that number");
    }
}

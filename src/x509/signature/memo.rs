//! Remembers what came of checking a certificate's signature: the same certificates come again with every
//! handshake of a server, and a check costs more than all the rest that is done with a handshake.

use std::cell::RefCell;

use sha2::{Digest, Sha256};

use super::Verification;
use crate::memo::{Table, recall};
use crate::x509::{Certificate, PublicKey};

/// Answers remembered.
const ROWS: usize = 1_024;

type Name = [u8; 32];

thread_local! {
    static ANSWERS: Table<(Name, Verification)> = const { RefCell::new(Vec::new()) };
}

/// The answer of `check`, or what it answered to the same question before.
pub(super) fn remembered(
    subject: &Certificate,
    issuer: &PublicKey,
    check: impl FnOnce() -> Verification,
) -> Verification {
    let name = name(subject, issuer);
    recall(&ANSWERS, ROWS, name, |known| known.0 == name, || (name, check())).1
}

/// A hash over everything that the answer depends on. Nobody can make two questions share one.
fn name(subject: &Certificate, issuer: &PublicKey) -> Name {
    let mut hash = Sha256::new();
    let curve = issuer.curve_oid.as_deref().unwrap_or_default();
    let parts: [&[u8]; 8] = [
        subject.signature_oid.as_bytes(),
        &subject.signature_parameters,
        &subject.tbs,
        &subject.signature,
        issuer.oid.as_bytes(),
        curve.as_bytes(),
        &issuer.bits_content,
        &[issuer.kind as u8],
    ];
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(&issuer.spki);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_is_asked_once_and_another_one_again() {
        let subject = Certificate { tbs: vec![1, 2, 3], signature: vec![4], ..Certificate::default() };
        let key = PublicKey { bits_content: vec![5], ..PublicKey::default() };
        let asked = std::cell::Cell::new(0);
        let ask = |subject: &Certificate, key: &PublicKey, answer| {
            remembered(subject, key, || {
                asked.set(asked.get() + 1);
                answer
            })
        };
        assert_eq!(ask(&subject, &key, Verification::Valid), Verification::Valid);
        assert_eq!(ask(&subject, &key, Verification::Invalid), Verification::Valid, "remembered");
        let forged = Certificate { signature: vec![5], ..subject.clone() };
        assert_eq!(ask(&forged, &key, Verification::Invalid), Verification::Invalid);
        let other = PublicKey { spki: vec![9], ..key.clone() };
        assert_eq!(ask(&subject, &other, Verification::WrongKeyType), Verification::WrongKeyType);
        let moved = Certificate { tbs: vec![1, 2], signature: vec![3, 4], ..Certificate::default() };
        assert_eq!(ask(&moved, &key, Verification::Invalid), Verification::Invalid, "lengths are part of the question");
        assert_eq!(asked.get(), 4);
    }
}

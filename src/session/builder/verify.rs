//! Signatures and Finished values, checked against the transcript.

use crate::decrypt::hash::Hash;
use crate::decrypt::schedule::{self, LabelPrefix};
use crate::decrypt::suite::SuiteParameters;
use crate::role::Role;
use crate::seen::Seen;
use crate::session::builder::{Builder, transcript};
use crate::session::{AlertSeen, SignatureCheck, Transport};
use crate::tls::handshake::CertificateVerify;
use crate::x509::Certificate;
use crate::x509::signature::{Verification, verify_tls};

const CLOSE_NOTIFY: u8 = 0;

/// What the TLS 1.3 signature covers before the transcript hash (RFC 8446 section 4.4.3).
fn signed_content13(role: Role, hash: &[u8]) -> Vec<u8> {
    let context: &[u8] = match role {
        Role::Client => b"TLS 1.3, client CertificateVerify",
        Role::Server => b"TLS 1.3, server CertificateVerify",
    };
    let mut content = vec![0x20; 64];
    content.extend_from_slice(context);
    content.push(0);
    content.extend_from_slice(hash);
    content
}

fn as_check(verification: Verification) -> SignatureCheck {
    match verification {
        Verification::Valid => SignatureCheck::Valid,
        Verification::Invalid => SignatureCheck::Invalid,
        Verification::WrongKeyType => SignatureCheck::Unchecked("the signature algorithm does not fit the key's type"),
        Verification::Unsupported(why) => SignatureCheck::Unchecked(why),
    }
}

/// Whether a CertificateVerify over `message` fits the leaf.
pub(super) fn check(leaf: &Certificate, verify: &CertificateVerify, message: &[u8]) -> SignatureCheck {
    as_check(verify_tls(&leaf.key, verify.scheme, message, &verify.signature))
}

impl Builder {
    fn suite_hash(&self) -> impl Fn(&[u8]) -> Vec<u8> + use<> {
        let hash = self.suite().map_or(Hash::Sha256, |suite| suite.hash);
        move |bytes: &[u8]| hash.digest(bytes)
    }

    fn suite(&self) -> Option<SuiteParameters> {
        SuiteParameters::of(self.session.server_hello.value()?.cipher_suite)
    }

    /// Checks the signatures of the handshake, unless it is plain that the peers did and were content: that is so
    /// in nearly every session of a large capture, and a check costs more than everything else.
    pub(super) fn check_signatures(&mut self) {
        self.check_renegotiated_signature();
        if self.is_content() {
            return;
        }
        // Whoever goes on to the client's key exchange has checked the server's (RFC 5246 section 7.4.7).
        if !self.session.client_key_exchange.is_seen() {
            self.session.server_key_exchange_signature = self.check_server_key_exchange();
        }
        for from in [Role::Client, Role::Server] {
            let Some(verify) = self.session.certificate_verify.of(from).seen() else { continue };
            let check = verify.map(|verify| self.check_certificate_verify(from, verify));
            *self.session.certificate_verify_signature.of_mut(from) = Some(check);
        }
    }

    /// Whether both sides went on behind the signatures as only those do who found them right.
    fn is_content(&self) -> bool {
        let session = &self.session;
        let finished = session.finished.client.is_seen() && session.finished.server.is_seen();
        if !session.is_tls13() {
            // Each side's Finished comes behind all that it checks (RFC 5246 section 7.3).
            return finished;
        }
        // Nothing that the server must send follows the client's CertificateVerify (RFC 8446 section 2).
        let answered = !session.tickets.is_empty() || session.application_data.server.records > 0;
        let closing = |alert: &AlertSeen| alert.alert.is_some_and(|alert| alert.description == CLOSE_NOTIFY);
        finished
            && answered
            && session.alerts.iter().all(|seen| closing(&seen.value))
            && session.refusals.is_empty()
            && session.corrupted.is_empty()
            && session.signals.is_empty()
            && session.tcp.resets.is_empty()
    }

    /// Whether the CertificateVerify of `from` fits the transcript and the leaf that it sent.
    fn check_certificate_verify(&self, from: Role, verify: &CertificateVerify) -> SignatureCheck {
        let Some(leaf) = self.session.leaf(from) else {
            return SignatureCheck::Unchecked("the certificate was not seen");
        };
        let tls13 = self.session.is_tls13();
        let Some(bytes) = self.transcript.before(from, transcript::VERIFY, tls13, self.suite_hash()) else {
            return SignatureCheck::Unchecked(
                self.transcript.broken().unwrap_or("the handshake before the signature is not complete"),
            );
        };
        let message = if tls13 { signed_content13(from, &self.suite_hash()(&bytes)) } else { bytes };
        if self.session.version() == Some(0x0300) {
            return SignatureCheck::Unchecked("SSL 3.0 signs in a way of its own");
        }
        check(leaf, verify, &message)
    }

    /// Whether the signature over the ephemeral key fits the server's leaf (RFC 5246 section 7.4.3).
    fn check_server_key_exchange(&self) -> Option<Seen<SignatureCheck>> {
        let (client, server) = (self.session.client_hello.value()?, self.session.server_hello.value()?);
        let leaf = self.session.leaf(Role::Server)?;
        let seen = self.session.server_key_exchange.seen().filter(|seen| !seen.value.signature.is_empty())?;
        Some(seen.map(|exchange| {
            let message = [&client.random[..], &server.random[..], &exchange.params].concat();
            as_check(verify_tls(&leaf.key, exchange.scheme, &message, &exchange.signature))
        }))
    }

    /// Whether a Finished's verify_data fits; `None` where it cannot be checked.
    pub(super) fn check_finished(&self, from: Role, verify_data: &[u8]) -> Option<bool> {
        let tls13 = self.session.is_tls13();
        let expected = if tls13 {
            let bytes = self.transcript.before(from, transcript::FIN, tls13, self.suite_hash())?;
            let suite = self.suite()?;
            let random = self.session.client_hello.value()?.random;
            let secret = self.keys.handshake13(&random, from)?;
            let prefix =
                if self.session.transport == Transport::Dtls { LabelPrefix::Dtls13 } else { LabelPrefix::Tls13 };
            schedule::verify_data_tls13(suite.hash, secret, prefix, &suite.hash.digest(&bytes))?
        } else {
            self.exchange()?.verify_data(self.master.as_ref()?, from)?
        };
        Some(expected == verify_data)
    }
}

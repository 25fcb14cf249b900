//! Post-handshake authentication in TLS 1.3 (RFC 8446 section 4.6.2) by the lengths of its records: the client's
//! Certificate, CertificateVerify and Finished are as long as in the handshake, and stand behind it.

use crate::role::Role;
use crate::seen::{At, Hidden, Observed, Seen};
use crate::session::inference::{CERTIFICATE_OVERHEAD, Lengths, SMALLEST_CERTIFICATE};
use crate::session::{CertificateSent, ProtectedRecord, Reauthentication, ReauthenticationKind, Session};
use crate::tls::handshake::ClientHello;

/// The client says in its ClientHello that it can be asked later.
const POST_HANDSHAKE_AUTH: u16 = 49;
/// application_layer_protocol_negotiation's name of HTTP/2, which forbids such an authentication (RFC 8740).
const HTTP2: &[u8] = b"h2";
/// Bytes of OpenSSL's certificate_request_context. In the handshake itself it is empty.
const CONTEXT: usize = 32;
/// Records of the client before an empty answer. Later on, two records of common lengths say too little.
const EARLY: usize = 2;

/// The client's answer to a later CertificateRequest.
#[derive(Debug)]
pub(super) struct Again {
    /// Its records, as indices.
    records: Vec<usize>,
    /// Where it begins.
    at: At,
    answer: CertificateSent,
    lengths: Lengths,
}

impl Again {
    /// Looks for it in what follows the handshake, which ends before `start`.
    pub(super) fn find<'r>(
        records: impl Iterator<Item = &'r ProtectedRecord>,
        start: usize,
        lengths: Lengths,
        hello: &ClientHello,
    ) -> Option<Self> {
        if !hello.extensions.has(POST_HANDSHAKE_AUTH) {
            return None;
        }
        let records: Vec<&ProtectedRecord> = records.collect();
        let begin = records.iter().skip(start).position(|record| record.from == Role::Server)? + start;
        let own: Vec<(usize, &ProtectedRecord)> =
            records.iter().copied().enumerate().skip(begin).filter(|(_, record)| record.from == Role::Client).collect();
        let presented = own.windows(3).find_map(|window| {
            let [(first, certificate), (second, verify), (third, finished)] = window else { return None };
            let bytes = certificate.length.checked_sub(lengths.overhead + CERTIFICATE_OVERHEAD)?;
            let fits = bytes >= SMALLEST_CERTIFICATE
                && lengths.is_certificate_verify(verify.length)
                && finished.length == lengths.finished();
            fits.then(|| Self {
                records: vec![*first, *second, *third],
                at: certificate.at,
                answer: CertificateSent::Unread { approx_len: Some(bytes) },
                lengths,
            })
        });
        let http2 = hello.extensions.alpn().iter().any(|name| name.as_slice() == HTTP2);
        let empty = || {
            own.windows(2).take(EARLY).find_map(|window| {
                let [(first, certificate), (second, finished)] = window else { return None };
                let fits = certificate.length == lengths.empty_certificate() + CONTEXT
                    && finished.length == lengths.finished();
                fits.then(|| Self {
                    records: vec![*first, *second],
                    at: certificate.at,
                    answer: CertificateSent::Empty,
                    lengths,
                })
            })
        };
        presented.or_else(|| if http2 { None } else { empty() })
    }

    /// Whether the record with that index belongs to it.
    pub(super) fn holds(&self, index: usize) -> bool {
        self.records.contains(&index)
    }

    /// The message that the record with that index is.
    pub(super) fn name(&self, index: usize, record: &ProtectedRecord) -> Option<&'static str> {
        let position = self.records.iter().position(|one| *one == index)?;
        Some(match position {
            0 => "Certificate",
            _ if record.length == self.lengths.finished() => "Finished",
            _ => "CertificateVerify",
        })
    }

    /// Adds it to the session.
    pub(super) fn tell(&self, session: &mut Session) {
        let why = "the client offered post_handshake_auth, and records as long as its answer to a later request follow the handshake";
        let answer = Observed::Seen(Seen::inferred(self.answer.clone(), self.at, why));
        let kind = ReauthenticationKind::PostHandshake;
        let value = Reauthentication { answer, ..Reauthentication::begun(kind, Hidden::Encrypted) };
        session.reauthentication.push(Seen::inferred(value, self.at, why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::extension::{Extension, ExtensionBody, Extensions};
    use crate::tls::record::ContentType;

    const SHA384: u16 = 0x1302;

    fn hello(offered: bool) -> ClientHello {
        let extension = Extension { kind: POST_HANDSHAKE_AUTH, len: 0, body: ExtensionBody::Opaque(Vec::new()) };
        ClientHello {
            extensions: Extensions(if offered { vec![extension] } else { Vec::new() }),
            ..ClientHello::default()
        }
    }

    fn found(offered: bool, records: &[(Role, usize)]) -> Option<CertificateSent> {
        let records: Vec<ProtectedRecord> = records
            .iter()
            .map(|(from, length)| ProtectedRecord {
                from: *from,
                length: *length,
                outer: ContentType::APPLICATION_DATA,
                inner: None,
                at: At::default(),
            })
            .collect();
        Again::find(records.iter(), 0, Lengths::of(SHA384, 0), &hello(offered)).map(|again| again.answer)
    }

    #[test]
    fn a_certificate_behind_the_handshake_is_found() {
        use Role::{Client, Server};
        let records =
            [(Client, 52), (Server, 250), (Server, 94), (Client, 951), (Client, 281), (Client, 69), (Server, 19)];
        let answer = found(true, &records);
        assert!(matches!(answer, Some(CertificateSent::Unread { approx_len: Some(921) })), "{answer:?}");
        assert!(found(false, &records).is_none(), "nobody asks a client that did not offer it");
        assert!(found(true, &records[..5]).is_none(), "a large record proves nothing");
    }

    #[test]
    fn an_empty_answer_has_the_length_of_its_context() {
        use Role::{Client, Server};
        let answer = found(true, &[(Client, 80), (Server, 94), (Client, 57), (Client, 69)]);
        assert!(matches!(answer, Some(CertificateSent::Empty)), "{answer:?}");
        assert!(found(true, &[(Client, 57), (Client, 69), (Server, 94)]).is_none(), "the server asks first");
        assert!(found(true, &[(Server, 94), (Client, 25), (Client, 69)]).is_none());
    }
}

//! Walks a list of extensions. One that cannot be read is kept as bytes, and the rest is read on.

use crate::bytes::{Parsed, Reader};
use crate::iana::extensions as kinds;
use crate::problem::Problem;
use crate::tls::extension::{Extension, ExtensionBody, Extensions, body};

/// How many extensions of one message are kept.
const LIMIT: usize = 256;
/// How many malformed extensions of one message are told of.
const TOLD: usize = 8;

/// The message that a list of extensions stands in: the same type has another body in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// ClientHello.
    ClientHello,
    /// ServerHello, of any version.
    ServerHello,
    /// HelloRetryRequest.
    HelloRetryRequest,
    /// EncryptedExtensions.
    EncryptedExtensions,
    /// CertificateRequest (TLS 1.3).
    CertificateRequest,
    /// An entry of a Certificate (TLS 1.3).
    CertificateEntry,
    /// NewSessionTicket (TLS 1.3).
    NewSessionTicket,
}

impl Place {
    /// The message's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientHello => "ClientHello",
            Self::ServerHello => "ServerHello",
            Self::HelloRetryRequest => "HelloRetryRequest",
            Self::EncryptedExtensions => "EncryptedExtensions",
            Self::CertificateRequest => "CertificateRequest",
            Self::CertificateEntry => "Certificate",
            Self::NewSessionTicket => "NewSessionTicket",
        }
    }
}

/// Reads the content of an extension list, its length not included.
pub fn decode(list: &[u8], place: Place) -> Parsed<Extensions> {
    let mut walk = Walk { place, problems: Vec::new(), malformed: 0 };
    let mut reader = Reader::new(list);
    // As many as programs send; no more than there can be.
    let mut extensions = Vec::with_capacity((list.len() / 4).min(16));
    while !reader.is_empty() {
        if extensions.len() >= LIMIT {
            walk.problem("too-many-extensions", format!("{} has more than {LIMIT} extensions.", place.name()));
            break;
        }
        let Some(extension) = walk.one(&mut reader, &extensions) else { break };
        extensions.push(extension);
    }
    Parsed { value: Extensions(extensions), problems: walk.problems }
}

struct Walk {
    place: Place,
    problems: Vec<Problem>,
    malformed: usize,
}

impl Walk {
    fn problem(&mut self, code: &'static str, text: String) {
        self.problems.push(Problem::new(code, text));
    }

    fn malformed(&mut self, text: String) {
        self.malformed += 1;
        if self.malformed <= TOLD {
            self.problem("malformed-extension", text);
        }
    }

    /// The next extension behind `others`; `None` where not even its header is there.
    fn one(&mut self, reader: &mut Reader<'_>, others: &[Extension]) -> Option<Extension> {
        let message = self.place.name();
        let (Ok(kind), Ok(claimed)) = (reader.u16(), reader.u16()) else {
            self.malformed(format!("The extensions of {message} end within the header of one."));
            return None;
        };
        if others.iter().any(|other| other.kind == kind) {
            let name = kinds::display(kind);
            self.malformed += 1;
            if self.malformed <= TOLD {
                self.problem("duplicate-extension", format!("{message} has the extension {name} more than once."));
            }
        }
        let len = usize::from(claimed);
        let Ok(bytes) = reader.take(len) else {
            let rest = reader.rest();
            let name = kinds::display(kind);
            self.malformed(format!(
                "The extension {name} of {message} says {len} bytes, and only {} are left.",
                rest.len()
            ));
            return Some(Extension { kind, len: rest.len(), body: ExtensionBody::Malformed(rest.to_vec()) });
        };
        let body = body::decode(kind, bytes, self.place).unwrap_or_else(|| {
            let name = kinds::display(kind);
            self.malformed(format!("The extension {name} of {message} ({len} bytes) cannot be read."));
            ExtensionBody::Malformed(bytes.to_vec())
        });
        Some(Extension { kind, len, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_extension_hides_none_after_it() {
        // supported_groups with an odd length, then ALPN "h2", then an unknown one.
        let list = [0, 10, 0, 3, 0, 1, 29, 0, 16, 0, 5, 0, 3, 2, b'h', b'2', 0xab, 0xcd, 0, 1, 7];
        let parsed = decode(&list, Place::ClientHello);
        let extensions = parsed.value;
        assert_eq!(extensions.get(10).expect("kept").body, ExtensionBody::Malformed(vec![0, 1, 29]));
        assert_eq!(extensions.selected_alpn(), Some(b"h2".as_slice()));
        assert_eq!(extensions.get(0xabcd).expect("kept").body, ExtensionBody::Opaque(vec![7]));
        assert_eq!(parsed.problems.len(), 1);
        assert_eq!(parsed.problems[0].code, "malformed-extension");
    }

    #[test]
    fn an_extension_cut_short_keeps_its_bytes() {
        let parsed = decode(&[0, 35, 0, 9, 1, 2], Place::ClientHello);
        assert_eq!(parsed.value.0, [Extension { kind: 35, len: 2, body: ExtensionBody::Malformed(vec![1, 2]) }]);
        assert_eq!(parsed.problems.len(), 1);
    }

    #[test]
    fn the_body_depends_on_the_message() {
        let share = [0, 51, 0, 2, 0, 29];
        assert_eq!(decode(&share, Place::HelloRetryRequest).value.selected_group(), Some(29));
        assert_eq!(decode(&share, Place::ServerHello).value.selected_group(), None);
        let ticket = [0, 42, 0, 4, 0, 0, 0x40, 0];
        assert_eq!(
            decode(&ticket, Place::NewSessionTicket).value.get(42).expect("kept").body,
            ExtensionBody::EarlyData(Some(16_384))
        );
        assert_eq!(decode(&ticket, Place::ClientHello).problems.len(), 1);
    }

    #[test]
    fn extensions_and_problems_are_bounded() {
        let list = [0, 10, 0, 0].repeat(5_000);
        let parsed = decode(&list, Place::ClientHello);
        assert_eq!(parsed.value.0.len(), LIMIT);
        assert!(parsed.problems.len() <= TOLD + 1);
    }
}

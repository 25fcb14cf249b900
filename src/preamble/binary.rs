//! Binary protocols that agree on TLS before it: LDAP's StartTLS, RDP and TDS.

use crate::preamble::Tracker;
use crate::role::Role;
use crate::seen::{At, Seen};

/// LDAP's StartTLS by its object identifier (RFC 4511 section 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Bytes of a TDS packet's header ([MS-TDS] section 2.2.3.1).
const TDS_HEADER: usize = 8;
/// TDS packet types: pre-login, and the server's answer to anything.
const PRELOGIN: u8 = 0x12;
const TABULAR: u8 = 0x04;
/// A TDS packet that is not whole is kept up to this length.
const TDS_LIMIT: usize = 40_000;

impl Tracker {
    /// The binary protocols. Whether the bytes were one of them.
    pub(super) fn binary(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        self.ldap(from, bytes, at) || self.rdp(from, bytes, at) || self.tds(from, bytes, at)
    }

    fn asks(&mut self, protocol: &'static str, text: &str, at: At) {
        self.protocol = Some(protocol);
        self.asked = Some((at, protocol));
        self.line(Role::Client, text.to_owned(), at);
    }

    fn was_asked(&self, protocol: &str) -> bool {
        self.asked.is_some_and(|(_, asked)| asked == protocol)
    }

    fn refuses(&mut self, words: String, at: At) {
        self.line(Role::Server, words.clone(), at);
        self.refused.get_or_insert(Seen::read(words, at));
    }

    /// An ExtendedRequest, and the result code of its ExtendedResponse (RFC 4511 section 4.12).
    fn ldap(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        match (from, bytes) {
            (Role::Client, [0x30, ..]) if bytes.windows(START_TLS.len()).take(64).any(|part| part == START_TLS) => {
                self.asks("ldap", "StartTLS", at);
                true
            }
            (Role::Server, [0x30, ..]) if self.was_asked("ldap") => {
                // Inside ExtendedResponse (0x78) the first ENUMERATED of one byte.
                let response = bytes.iter().take(32).position(|byte| *byte == 0x78).and_then(|at| bytes.get(at..));
                let code = response
                    .and_then(|response| response.windows(3).take(8).find(|part| part.starts_with(&[0x0a, 1])))
                    .and_then(|part| part.last().copied());
                match code {
                    Some(0) => self.line(from, "StartTLS: success".to_owned(), at),
                    Some(code) => self.refuses(format!("StartTLS declined with result code {code}"), at),
                    None => {}
                }
                true
            }
            _ => false,
        }
    }

    /// The negotiation in X.224 connection request and confirm ([MS-RDPBCGR] section 2.2.1.1).
    fn rdp(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        match (from, bytes) {
            (Role::Client, [3, 0, _, _, _, 0xe0, .., 1, _, 8, 0, protocols, _, _, _]) => {
                if protocols & 0x0b == 0 {
                    return false;
                }
                self.asks("rdp", "connection request that offers TLS", at);
                true
            }
            (Role::Server, [3, 0, _, _, _, 0xd0, rest @ ..]) if self.was_asked("rdp") => {
                match rest {
                    [.., 2, _, 8, 0, 0, 0, 0, 0] => {
                        self.refuses("the server chose RDP's own encryption, without TLS".to_owned(), at);
                    }
                    [.., 2, _, 8, 0, _, _, _, _] => self.line(from, "the server chose TLS".to_owned(), at),
                    [.., 3, _, 8, 0, code, _, _, _] => {
                        let why = match code {
                            1 => "it demands TLS",
                            2 => "it does not allow TLS",
                            3 => "it has no certificate",
                            5 => "it demands CredSSP",
                            6 => "it demands TLS with client authentication",
                            _ => "unknown reason",
                        };
                        self.refuses(format!("negotiation failure {code}: {why}"), at);
                    }
                    // No negotiation data: a server that knows nothing of TLS.
                    _ => self.refuses("the server answered without negotiation".to_owned(), at),
                }
                true
            }
            _ => false,
        }
    }

    /// Pre-login: both say how far they want encryption ([MS-TDS] section 2.2.6.5).
    fn tds(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        match (from, bytes.first()) {
            (Role::Client, Some(&PRELOGIN)) if self.protocol.is_none() => {
                let Some(wanted) = tds_encryption(bytes) else { return false };
                let words = tds_words(wanted);
                if wanted == 2 {
                    self.protocol = Some("tds");
                    self.line(from, format!("pre-login: {words}"), at);
                } else {
                    self.asks("tds", &format!("pre-login: {words}"), at);
                }
                true
            }
            (Role::Server, Some(&TABULAR)) if self.was_asked("tds") => {
                match tds_encryption(bytes) {
                    Some(2) => self.refuses("pre-login: the server does not support encryption".to_owned(), at),
                    Some(answer) => self.line(from, format!("pre-login: {}", tds_words(answer)), at),
                    None => {}
                }
                true
            }
            _ => false,
        }
    }
}

const fn tds_words(encryption: u8) -> &'static str {
    match encryption {
        0 => "encryption for the login only",
        1 => "encryption is on",
        2 => "encryption is not supported",
        3 => "encryption is required",
        _ => "encryption by a client certificate",
    }
}

/// The ENCRYPTION option of a pre-login message.
fn tds_encryption(packet: &[u8]) -> Option<u8> {
    let length = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let body = packet.get(TDS_HEADER..length.min(packet.len()))?;
    // Token, offset and length, five bytes each; 0xff ends the list.
    let (options, _) = body.as_chunks::<5>();
    let [_, high, low, ..] =
        options.iter().take_while(|option| option.first() != Some(&0xff)).find(|option| option.first() == Some(&1))?;
    body.get(usize::from(u16::from_be_bytes([*high, *low]))).copied()
}

/// Takes TLS out of the TDS packets that carry it until the handshake is over ([MS-TDS] section 2.2.1).
#[derive(Debug, Clone, Default)]
pub struct TdsUnwrapper {
    pending: Vec<u8>,
    raw: bool,
}

impl TdsUnwrapper {
    /// Whether these bytes of `from` begin a TDS conversation.
    pub fn begins(bytes: &[u8]) -> bool {
        matches!(bytes, [PRELOGIN, 0 | 1, _, _, 0, 0, _, _, ..]) && tds_encryption(bytes).is_some()
    }

    /// Takes bytes and returns what they carry: whole pre-login packets as they are, TLS without the packets
    /// around it. Behind the first record outside of a packet all is handed through.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        if self.raw {
            return vec![bytes.to_vec()];
        }
        self.pending.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some([kind, _, high, low]) = self.pending.first_chunk::<4>().copied() {
            let length = usize::from(u16::from_be_bytes([high, low]));
            if !matches!(kind, PRELOGIN | TABULAR) || length < TDS_HEADER || self.pending.len() > TDS_LIMIT {
                self.raw = true;
                out.push(std::mem::take(&mut self.pending));
                break;
            }
            if self.pending.len() < length {
                break;
            }
            let rest = self.pending.split_off(length);
            let packet = std::mem::replace(&mut self.pending, rest);
            let body = packet.get(TDS_HEADER..).unwrap_or_default();
            out.push(if tds_encryption(&packet).is_some() && !matches!(body, [20..=23, 3, ..]) {
                packet
            } else {
                body.to_vec()
            });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::preamble::PreambleOutcome;

    fn told(client: &[u8], server: &[u8]) -> (&'static str, Option<String>) {
        let mut tracker = Tracker::default();
        tracker.feed(Role::Client, client, At::default());
        tracker.feed(Role::Server, server, At::default());
        let preamble = tracker.finish().expect("a preamble");
        let refused = match preamble.outcome {
            PreambleOutcome::Refused(seen) => Some(seen.value),
            _ => None,
        };
        (preamble.protocol, refused)
    }

    fn prelogin(kind: u8, encryption: u8) -> Vec<u8> {
        [&[kind, 1, 0, 20, 0, 0, 1, 0][..], &[1, 0, 11, 0, 1, 0, 0, 11, 0, 0, 0xff][..], &[encryption]].concat()
    }

    #[test]
    fn ldap_start_tls_and_its_refusal() {
        let request = [&[0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, 0x16], START_TLS].concat();
        assert_eq!(told(&request, &[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]), ("ldap", None));
        let refused = told(&request, &[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 52, 4, 0, 4, 0]);
        assert_eq!(refused, ("ldap", Some("StartTLS declined with result code 52".to_owned())));
    }

    #[test]
    fn rdp_negotiation_and_its_failure() {
        let request = [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0];
        let answer = |kind, value| [3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, kind, 0, 8, 0, value, 0, 0, 0];
        assert_eq!(told(&request, &answer(2, 1)), ("rdp", None));
        assert_eq!(
            told(&request, &answer(3, 2)),
            ("rdp", Some("negotiation failure 2: it does not allow TLS".to_owned()))
        );
        assert!(told(&request, &answer(2, 0)).1.is_some());
        assert!(told(&request, &[3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0]).1.is_some());
    }

    #[test]
    fn tds_pre_login_and_the_tls_inside_its_packets() {
        assert_eq!(told(&prelogin(PRELOGIN, 1), &prelogin(TABULAR, 1)), ("tds", None));
        assert!(told(&prelogin(PRELOGIN, 1), &prelogin(TABULAR, 2)).1.is_some());
        let mut unwrapper = TdsUnwrapper::default();
        assert!(TdsUnwrapper::begins(&prelogin(PRELOGIN, 1)));
        let wrapped = [&[PRELOGIN, 1, 0, 12, 0, 0, 2, 0][..], &[22, 3, 3, 0]].concat();
        let bytes = [prelogin(PRELOGIN, 1), wrapped].concat();
        let mut out = Vec::new();
        for byte in &bytes {
            out.extend(unwrapper.feed(&[*byte]));
        }
        assert_eq!(out, [prelogin(PRELOGIN, 1), vec![22, 3, 3, 0]]);
        assert_eq!(unwrapper.feed(&[23, 3, 3, 0, 1, 9]), [vec![23, 3, 3, 0, 1, 9]]);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic_and_none_are_lost(pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0x12_u8), Just(4), Just(0), Just(9), any::<u8>()], 0..30), 0..12)) {
            let mut unwrapper = TdsUnwrapper::default();
            let mut tracker = Tracker::default();
            for piece in &pieces {
                unwrapper.feed(piece);
                tracker.feed(Role::Client, piece, At::default());
                tracker.feed(Role::Server, piece, At::default());
            }
            prop_assert!(unwrapper.pending.len() <= TDS_LIMIT + 65_536);
        }
    }
}

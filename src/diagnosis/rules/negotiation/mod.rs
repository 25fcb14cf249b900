//! What client and server could not agree on.

pub mod alpn;
pub mod cipher;
pub mod ech;
pub mod fallback;
pub mod group;
pub mod misdirected_request;
pub mod missing_extension;
pub mod psk;
pub mod renegotiation;
pub mod server_certificate_missing;
pub mod signature_algorithm;
pub mod unrecognized_name;
pub mod version;

use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Ending, Stage};
use crate::diagnosis::finding::Evidence;
use crate::iana::alerts;
use crate::role::Role;
use crate::seen::Seen;
use crate::session::AlertSeen;
use crate::tls::handshake::ClientHello;

/// The server's answer to the ClientHello was an alert.
fn refused_hello<'a>(case: &Case<'a>) -> Option<(&'a Seen<AlertSeen>, u8)> {
    match case.ending {
        Ending::Alert { seen, alert, stage: Stage::Hello | Stage::Nothing } if seen.value.from == Role::Server => {
            Some((seen, alert.description))
        }
        _ => None,
    }
}

/// An alert with that number, by anybody, at any time.
fn alert<'a>(case: &Case<'a>, number: u8) -> Option<&'a Seen<AlertSeen>> {
    match case.ending {
        Ending::Alert { seen, alert, .. } if alert.description == number => Some(seen),
        _ => None,
    }
}

/// The server said goodbye to the ClientHello, without saying why (s2n-tls does).
fn dismissed_hello(case: &Case<'_>) -> Option<Evidence> {
    match case.ending {
        Ending::Closed { by: Role::Server, at, how: Close::CloseNotify, stage: Stage::Hello } => {
            Some(Evidence::at(at, "the server answered the ClientHello with close_notify"))
        }
        _ => None,
    }
}

fn said(seen: &Seen<AlertSeen>, number: u8) -> Evidence {
    Evidence::of(seen, format!("the {} refused with alert {} ({number})", seen.value.from, alerts::display(number)))
}

/// The hello that was judged: the second one where a retry was asked for.
fn hello<'a>(case: &Case<'a>) -> Option<&'a ClientHello> {
    case.session.second_client_hello.as_ref().map(|seen| &seen.value).or_else(|| case.session.client_hello.value())
}

fn hello_evidence(case: &Case<'_>, text: impl Into<String>) -> Option<Evidence> {
    case.session.client_hello.seen().map(|seen| Evidence::of(seen, text))
}

const fn is_grease(code: u16) -> bool {
    code & 0x0f0f == 0x0a0a && code >> 8 == code & 0xff
}

/// What the offer looks like, for guessing which part of it was not enough.
struct Offer {
    suites: Vec<u16>,
    groups: Vec<u16>,
    signatures: Vec<u16>,
    tls13: bool,
    tls12: bool,
}

impl Offer {
    fn of(hello: &ClientHello) -> Self {
        let real = |list: &[u16]| list.iter().copied().filter(|code| !is_grease(*code)).collect::<Vec<_>>();
        // Signalling values are no suites (RFC 5746, RFC 7507).
        let suites = real(&hello.cipher_suites).into_iter().filter(|code| !matches!(code, 0x00ff | 0x5600)).collect();
        let versions = hello.offered_versions();
        Self {
            suites,
            groups: real(hello.extensions.supported_groups().unwrap_or_default()),
            signatures: real(hello.extensions.signature_algorithms().unwrap_or_default()),
            tls13: versions.contains(&0x0304),
            tls12: versions.iter().any(|version| (0x0300..=0x0303).contains(version)),
        }
    }

    fn suites13(&self) -> usize {
        self.suites.iter().filter(|suite| *suite >> 8 == 0x13).count()
    }

    fn suites12(&self) -> usize {
        self.suites.len() - self.suites13()
    }

    /// Suites that the offered versions can use.
    fn usable_suites(&self) -> usize {
        let of13 = if self.tls13 { self.suites13() } else { 0 };
        let of12 = if self.tls12 { self.suites12() } else { 0 };
        of13 + of12
    }

    /// Only groups that few servers have by default.
    fn has_odd_groups(&self) -> bool {
        const COMMON: &[u16] = &[23, 29, 4587, 4588];
        !self.groups.is_empty() && !self.groups.iter().any(|group| COMMON.contains(group))
    }

    fn signs_with_rsa(&self) -> bool {
        self.signatures.iter().any(|s| matches!(s, 0x0804..=0x0806 | 0x0809..=0x080b) || s & 0xff == 1)
    }

    fn signs_with_ecdsa(&self) -> bool {
        self.signatures.iter().any(|s| s & 0xff == 3 && *s < 0x0700)
    }

    /// The signature algorithms leave out a whole family of keys.
    fn has_odd_signatures(&self) -> bool {
        !(self.signatures.is_empty() || self.signs_with_rsa() && self.signs_with_ecdsa())
    }

    /// All TLS 1.2 suites want one kind of server key.
    fn wants_one_key(&self) -> bool {
        let name = |suite: u16| crate::iana::cipher_suites::display(suite);
        let of12: Vec<_> = self.suites.iter().filter(|s| *s >> 8 != 0x13).map(|s| name(*s)).collect();
        let ecdsa = of12.iter().filter(|name| name.contains("_ECDSA_")).count();
        !of12.is_empty() && !self.tls13 && (ecdsa == 0 || ecdsa == of12.len())
    }

    fn is_narrow_suites(&self) -> bool {
        self.usable_suites() <= 2
    }
}

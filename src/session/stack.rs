//! Which TLS stack speaks, guessed from what it cannot help showing: the order of its extensions and
//! of its signature algorithms, and how it lays out records. A guess with its reasons, never a fact.

use std::borrow::Cow;

use crate::role::Role;
use crate::seen::Seen;
use crate::session::{Session, Stack, StackGuess};
use crate::tls::extension::{ExtensionBody, Extensions};
use crate::tls::handshake::NewSessionTicket;

/// The head of a signature_algorithms list, and who sends it. The longest match wins.
///
/// Sources: captures of the programs named in `docs/fixtures.md` (OpenSSL 3.0, GnuTLS 3.7, Go 1.19, JDK
/// 17 and 25, BoringSSL, rustls 0.23, NSS 3.87, wolfSSL 5.5, s2n-tls, Erlang/OTP 25).
const SIGNATURE_HEADS: &[(&[u16], &[Stack])] = &[
    (&[0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809], &[Stack::OpenSsl]),
    // OpenSSL 3.5 puts ML-DSA first.
    (&[0x0905, 0x0906, 0x0904, 0x0403, 0x0503, 0x0603], &[Stack::OpenSsl]),
    (&[0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804], &[Stack::Jsse]),
    (&[0x0403, 0x0503, 0x0603, 0x0804, 0x0805], &[Stack::Nss]),
    (&[0x0403, 0x0503, 0x0603, 0x0203, 0x0804], &[Stack::Nss]),
    (&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501], &[Stack::BoringSsl]),
    (&[0x0403, 0x0804, 0x0401, 0x0503, 0x0203], &[Stack::Apple]),
    (&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0805], &[Stack::Apple]),
    (&[0x0401, 0x0809, 0x0804, 0x0403, 0x0807], &[Stack::GnuTls]),
    (&[0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401], &[Stack::Go]),
    (&[0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0201], &[Stack::Schannel]),
    (&[0x0503, 0x0403, 0x0807, 0x0806, 0x0805], &[Stack::Rustls]),
    (&[0x0503, 0x0403, 0x0603, 0x0807, 0x0806, 0x0805], &[Stack::Rustls]),
    (&[0x0603, 0x0503, 0x0403, 0x0203, 0x0807], &[Stack::WolfSsl]),
    (&[0x0603, 0x0503, 0x0403, 0x0807], &[Stack::WolfSsl]),
    (&[0x0809, 0x080a, 0x080b, 0x0804], &[Stack::S2n]),
    (&[0x0202, 0x0201, 0x0203, 0x0301], &[Stack::Erlang]),
    (&[0x0501, 0x0503, 0x0401, 0x0403], &[Stack::MbedTls]),
    (&[0x0603, 0x0601, 0x0503, 0x0501], &[Stack::MbedTls]),
];

/// The order of a TLS 1.2 ServerHello's extensions. Only the order of two that are both there counts:
/// which are there depends on what the client offered.
const SERVER_HELLO_ORDERS: &[(&[u16], Stack)] = &[
    (&[65281, 0, 11, 35, 16, 22, 23], Stack::OpenSsl),
    (&[11, 23, 35, 65281], Stack::GnuTls),
    (&[35, 65281, 16, 11], Stack::Go),
    (&[23, 35, 65281], Stack::Jsse),
    (&[65281, 11], Stack::Erlang),
    (&[11, 23, 65281], Stack::Nss),
    (&[35, 11, 65281, 23], Stack::WolfSsl),
    (&[65281, 23, 11], Stack::MbedTls),
    (&[23, 65281, 11, 35], Stack::BoringSsl),
    (&[0, 65281, 23], Stack::Rustls),
];

/// TLS 1.3 stacks whose ServerHello has supported_versions before key_share, and the reverse.
const VERSIONS_FIRST: &[Stack] = &[Stack::OpenSsl, Stack::Go, Stack::S2n, Stack::Erlang, Stack::Jsse, Stack::MbedTls];
const SHARE_FIRST: &[Stack] = &[Stack::BoringSsl, Stack::Rustls, Stack::Nss, Stack::GnuTls, Stack::WolfSsl];

/// Guesses the stack of `role`.
pub fn guess(session: &Session, role: Role) -> StackGuess {
    let mut guess = StackGuess { program: session.stack.of(role).program.clone(), ..StackGuess::default() };
    match role {
        Role::Client => client(session, &mut guess),
        Role::Server => server(session, &mut guess),
    }
    guess
}

/// Keeps the candidates that are in `list` too; a list that fits none of them is disregarded.
fn narrow(guess: &mut StackGuess, list: impl Into<Cow<'static, [Stack]>>, reason: &'static str) {
    let list = list.into();
    if list.is_empty() {
        return;
    }
    if guess.candidates.is_empty() {
        guess.candidates = list;
        guess.reasons.push(reason.into());
        return;
    }
    let kept = guess.candidates.iter().filter(|stack| list.contains(stack)).count();
    if kept > 0 && kept < guess.candidates.len() {
        guess.candidates.to_mut().retain(|stack| list.contains(stack));
        guess.reasons.push(reason.into());
    }
}

fn by_signatures(list: &[u16]) -> &'static [Stack] {
    let without_grease = list.iter().filter(|code| *code & 0x0f0f != 0x0a0a);
    SIGNATURE_HEADS
        .iter()
        .filter(|(head, _)| without_grease.clone().take(head.len()).eq(*head))
        .max_by_key(|(head, _)| head.len())
        .map_or(&[], |(_, stacks)| stacks)
}

fn signature_algorithms(extensions: &Extensions) -> Option<&[u16]> {
    extensions.0.iter().find_map(|extension| match &extension.body {
        ExtensionBody::SignatureAlgorithms(list) => Some(list.as_slice()),
        _ => None,
    })
}

fn client(session: &Session, guess: &mut StackGuess) {
    let Some(hello) = session.client_hello.value() else { return };
    if let Some(list) = signature_algorithms(&hello.extensions) {
        narrow(guess, by_signatures(list), "the order of signature algorithms in its ClientHello");
    }
    const STATUS_REQUEST_V2: u16 = 17;
    if hello.extensions.has(STATUS_REQUEST_V2) {
        narrow(guess, &[Stack::Jsse], "status_request_v2 in its ClientHello");
    }
    if *guess.candidates == [Stack::OpenSsl] {
        // Node.js has OpenSSL with a cipher list of its own, and checks certificates by itself.
        const ECDHE_RSA_AES_128_GCM: u16 = 0xc02f;
        let first12 = hello.cipher_suites.iter().find(|suite| !(0x1301..=0x1305).contains(*suite));
        if first12 == Some(&ECDHE_RSA_AES_128_GCM) {
            guess.candidates = Cow::Borrowed(&[Stack::Node, Stack::OpenSsl]);
            guess.reasons.push("OpenSSL with Node.js's order of cipher suites".into());
        }
    }
}

/// Whether all that was seen is in the list, and in the same order.
fn same_order(seen: &[u16], order: &[u16]) -> bool {
    let positions = seen.iter().map(|code| order.iter().position(|known| known == code));
    positions.clone().all(|position| position.is_some()) && positions.is_sorted()
}

fn server(session: &Session, guess: &mut StackGuess) {
    let Some(hello) = session.server_hello.value() else { return };
    let kinds: Vec<u16> = hello.extensions.0.iter().map(|extension| extension.kind).collect();
    if session.is_tls13() {
        server13(session, &kinds, guess);
    } else if kinds.len() >= 2 {
        let known: Vec<u16> = kinds
            .iter()
            .copied()
            .filter(|kind| SERVER_HELLO_ORDERS.iter().any(|(order, _)| order.contains(kind)))
            .collect();
        let fitting: Vec<Stack> = SERVER_HELLO_ORDERS
            .iter()
            .filter(|(order, _)| known.len() >= 2 && same_order(&known, order))
            .map(|(_, stack)| *stack)
            .collect();
        narrow(guess, fitting, "the order of extensions in its ServerHello");
    }
    if let Some(request) = session.certificate_request.value().and_then(|request| request.message.as_ref()) {
        let stacks = by_signatures(&request.signature_algorithms);
        if !stacks.is_empty() && !stacks.iter().any(|stack| guess.candidates.contains(stack)) {
            // The list tells more than the order of two extensions.
            guess.candidates = Cow::default();
            guess.reasons.clear();
        }
        narrow(guess, stacks, "the order of signature algorithms in its CertificateRequest");
        match request.certificate_types.as_slice() {
            [1, 2, 64] => narrow(guess, &[Stack::OpenSsl, Stack::LibreSsl], "the certificate types that it asks for"),
            [64, 1, 2] => narrow(guess, &[Stack::Jsse, Stack::Erlang], "the certificate types that it asks for"),
            [1, 64, 2] => narrow(guess, &[Stack::Nss], "the certificate types that it asks for"),
            _ => {}
        }
    }
}

fn server13(session: &Session, kinds: &[u16], guess: &mut StackGuess) {
    const SUPPORTED_VERSIONS: u16 = 43;
    const KEY_SHARE: u16 = 51;
    let versions = kinds.iter().position(|kind| *kind == SUPPORTED_VERSIONS);
    let share = kinds.iter().position(|kind| *kind == KEY_SHARE);
    if let (Some(versions), Some(share)) = (versions, share) {
        let list = if versions < share { VERSIONS_FIRST } else { SHARE_FIRST };
        narrow(guess, list, "the order of extensions in its ServerHello");
    }
    // Lengths of closed records: how many make up the flight, and whether they are padded.
    let flight = session.protected.iter().take_while(|record| record.from == Role::Server).map(|record| record.length);
    let Some(last) = flight.clone().last() else { return };
    let records = flight.count();
    let finished: &[usize] = &[53, 69];
    if records == 1 && last > 200 {
        narrow(guess, &[Stack::BoringSsl, Stack::Rustls, Stack::Nss], "its encrypted flight came in a single record");
    } else if records >= 4 {
        if finished.iter().any(|length| length + 16 == last) && !finished.contains(&last) || last == 85 {
            narrow(guess, &[Stack::Jsse], "16 bytes of padding in each record");
        } else if finished.contains(&last) {
            let list: Vec<Stack> = guess.candidates.iter().copied().filter(|stack| *stack != Stack::Jsse).collect();
            narrow(guess, list, "records without padding");
        }
    }
    let length = |ticket: &Seen<NewSessionTicket>| ticket.value.ticket_len;
    match session.tickets.as_slice() {
        [first, second, ..] if length(first) == length(second) => {
            narrow(
                guess,
                &[Stack::OpenSsl, Stack::GnuTls, Stack::Node, Stack::BoringSsl, Stack::Rustls],
                "two session tickets of equal size",
            );
        }
        [_] => narrow(
            guess,
            &[Stack::Go, Stack::Jsse, Stack::WolfSsl, Stack::Nss, Stack::S2n, Stack::Erlang],
            "a single session ticket",
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_head_wins() {
        assert_eq!(by_signatures(&[0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a]), [Stack::OpenSsl]);
        assert_eq!(by_signatures(&[0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804]), [Stack::Jsse]);
        assert_eq!(by_signatures(&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0805]), [Stack::Apple]);
        assert!(by_signatures(&[0x0403]).is_empty());
    }

    #[test]
    fn order_counts_only_for_what_is_there() {
        assert!(same_order(&[65281, 35, 23], &[65281, 0, 11, 35, 16, 23]));
        assert!(!same_order(&[23, 65281], &[65281, 0, 11, 35, 16, 23]));
        assert!(!same_order(&[23, 9], &[65281, 23]));
    }

    #[test]
    fn a_list_that_contradicts_all_is_disregarded() {
        let mut guess = StackGuess { candidates: vec![Stack::Go].into(), ..StackGuess::default() };
        narrow(&mut guess, &[Stack::Nss], "x");
        assert_eq!(*guess.candidates, [Stack::Go]);
        assert!(guess.reasons.is_empty());
    }
}

//! Renegotiated handshakes, by real programs, opened with keys: the facts of each, and what is said where a key is missing.

use std::path::{Path, PathBuf};

use tlswhy::capture::{Item, PacketSource, Reader};
use tlswhy::cause::{Cause, Confidence};
use tlswhy::decrypt::KeyRing;
use tlswhy::diagnosis::diagnose;
use tlswhy::engine::{Engine, Input, Judged, Limits, Options, SessionEvent};
use tlswhy::role::Role;
use tlswhy::session::outcome::Outcome;
use tlswhy::session::{
    CertificateSent, Corruption, Decryption, Reauthentication, ReauthenticationKind, SignatureCheck,
};
use tlswhy::trust::Beliefs;

use crate::fixture::judged;

/// Every fixture that renegotiates, and how often.
const RENEGOTIATED: [(&str, usize); 12] = [
    ("client-cert-expired/curl-apache-tls12-per-path", 1),
    ("client-cert-expired/openssl-openssl-dtls12-renegotiation", 1),
    ("client-cert-expired/openssl-openssl-tls12-renegotiation", 1),
    ("client-cert-key-mismatch/openssl-openssl-tls12-renegotiation", 1),
    ("client-cert-missing/curl-apache-tls12-per-path", 1),
    ("none/curl-apache-tls12-per-path", 1),
    ("none/curl-apache-tls12-per-path-cbc", 1),
    ("none/openssl-openssl-dtls12-renegotiated", 2),
    ("none/openssl-openssl-tls10-renegotiated", 2),
    ("none/openssl-openssl-tls12-client-renegotiates", 1),
    ("none/openssl-openssl-tls12-renegotiated", 2),
    ("none/openssl-openssl-tls12-renegotiated-resumed", 2),
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn capture(name: &str) -> Vec<u8> {
    std::fs::read(path(&format!("{name}.pcapng"))).expect("a capture")
}

fn log(name: &str) -> String {
    std::fs::read_to_string(path(&format!("{name}.keys"))).expect("a key log")
}

fn only(sessions: Vec<Judged>) -> Judged {
    let [one] = <[Judged; 1]>::try_from(sessions).expect("one session");
    one
}

fn with_log(name: &str, keys: &str) -> Judged {
    only(judged(&capture(name), Some(keys)))
}

/// The log without the keys of the `n`th handshake, in the order of the capture.
fn without(name: &str, n: usize) -> String {
    let log = log(name);
    // RSA lines name the same master secrets once more.
    let lines = log.lines().filter(|line| line.starts_with("CLIENT_RANDOM"));
    lines.enumerate().filter(|(at, _)| *at != n).map(|(_, line)| format!("{line}\n")).collect()
}

fn again(judged: &Judged) -> Vec<&Reauthentication> {
    judged.session.reauthentication.iter().map(|seen| &seen.value).collect()
}

/// The first handshake, in words: what comes later must not touch it.
fn first_handshake(judged: &Judged) -> String {
    let session = &judged.session;
    let (hello, server) = (session.client_hello.value(), session.server_hello.value());
    format!("{hello:?} {server:?} {:?} {:?} {:?}", session.certificate_request, session.certificate, session.finished)
}

#[test]
fn with_keys_everything_is_read_and_each_finished_fits() {
    for (name, times) in RENEGOTIATED {
        let judged = with_log(name, &log(name));
        let session = &judged.session;
        assert_eq!(session.decryption, Decryption::Full, "{name}");
        assert!(session.corrupted.is_empty(), "{name}");
        assert!(session.finished.server.value().is_some_and(|finished| finished.verified == Some(true)), "{name}");
        let list = again(&judged);
        assert_eq!(list.len(), times, "{name}");
        for one in &list {
            let refused = !name.starts_with("none/");
            assert_eq!(one.completed, !refused, "{name}");
            for role in [Role::Client, Role::Server] {
                // Who was refused may have sent Finished with the rest of its flight.
                let missing = refused && (role == Role::Server || one.finished.client.is_none());
                let verified = one.finished.of(role).as_ref().map(|seen| seen.value.verified);
                assert_eq!(verified, if missing { None } else { Some(Some(true)) }, "{name} {role}");
            }
        }
        let by_client = name.ends_with("client-renegotiates");
        let kind = if by_client {
            ReauthenticationKind::RenegotiationByClient
        } else {
            ReauthenticationKind::RenegotiationByServer
        };
        assert!(list.iter().all(|one| one.kind == kind), "{name}");
    }
}

#[test]
fn what_was_asked_and_answered_again_is_told_apart_from_the_first_handshake() {
    let asked = |name: &str| with_log(name, &log(name));

    let missing = asked("client-cert-missing/curl-apache-tls12-per-path");
    assert!(missing.session.certificate_request.is_not_sent() && missing.session.certificate.client.is_not_sent());
    let [one] = again(&missing)[..] else { panic!("one renegotiation") };
    assert_eq!(one.request.as_ref().map(|seen| seen.value.authorities.len()), Some(1));
    assert_eq!(one.answer.value(), Some(&CertificateSent::Empty));

    let expired = asked("client-cert-expired/openssl-openssl-tls12-renegotiation");
    let [one] = again(&expired)[..] else { panic!("one renegotiation") };
    assert_eq!(one.answer.value().and_then(CertificateSent::chain).map(|chain| chain.len()), Some(1));

    let mismatch = asked("client-cert-key-mismatch/openssl-openssl-tls12-renegotiation");
    let [one] = again(&mismatch)[..] else { panic!("one renegotiation") };
    assert_eq!(one.signature.as_ref().map(|seen| &seen.value), Some(&SignatureCheck::Invalid));

    let resumed = asked("none/openssl-openssl-tls12-renegotiated-resumed");
    assert!(again(&resumed).iter().all(|one| one.request.is_none() && one.answer.is_not_sent()));
}

/// Some servers close without a word.
#[test]
fn a_server_that_leaves_behind_the_clients_answer_has_refused_the_second_handshake() {
    let name = "client-cert-missing/curl-apache-tls12-per-path";
    let Judged { mut session, .. } = with_log(name, &log(name));
    session.alerts.clear();
    let diagnosis = diagnose(&session, &Beliefs::default());
    assert_eq!((diagnosis.cause, diagnosis.confidence), (Cause::ClientCertMissing, Confidence::Likely));
    assert_eq!(diagnosis.outcome, Outcome::Failed);
}

/// In either direction: under the first keys, between two renegotiations, behind the last.
#[test]
fn application_data_is_read_under_all_keys() {
    for (name, bytes) in [
        ("none/openssl-openssl-tls12-renegotiated", "one\ntwo\nthree\n".len()),
        ("none/openssl-openssl-tls12-renegotiated-resumed", "one\ntwo\nthree\n".len()),
        ("none/openssl-openssl-tls10-renegotiated", "one\ntwo\nthree\n".len()),
        ("none/openssl-openssl-dtls12-renegotiated", "one\ntwo\nthree\n".len()),
    ] {
        let judged = with_log(name, &log(name));
        assert_eq!(judged.session.application_data.server.bytes, bytes as u64, "{name}");
    }
}

#[test]
fn without_the_keys_of_a_later_handshake_it_stays_closed_and_the_first_one_open() {
    for (name, times) in RENEGOTIATED {
        if name.ends_with("resumed") {
            continue;
        }
        let whole = with_log(name, &log(name));
        for n in 1..=times {
            let part = with_log(name, &without(name, n));
            assert_eq!(first_handshake(&part), first_handshake(&whole), "{name}");
            // What refuses the client comes before it has sent ChangeCipherSpec, or before the server has.
            let refused_before = !name.starts_with("none/");
            let expected = if refused_before { part.session.decryption } else { Decryption::HandshakeOnly };
            assert_eq!(part.session.decryption, expected, "{name}");
            assert!(part.session.corrupted.is_empty(), "{name}");
            let cause = part.diagnosis.cause;
            assert!(cause == whole.diagnosis.cause || part.diagnosis.confidence < whole.diagnosis.confidence, "{name}");
        }
    }
}

#[test]
fn a_session_that_is_resumed_on_its_own_connection_needs_no_line_of_its_own() {
    let name = "none/openssl-openssl-tls12-renegotiated-resumed";
    let first = log(name).lines().next().expect("a line").to_owned();
    let judged = with_log(name, &first);
    assert_eq!(judged.session.decryption, Decryption::Full);
    assert!(again(&judged).iter().all(|one| one.completed && one.finished.client.is_some()));
}

#[test]
fn the_key_of_a_server_opens_what_was_renegotiated_by_rsa() {
    let mut keys = KeyRing::default();
    let key = std::fs::read(path("pki-captures/server-rsa.key")).expect("a key");
    keys.add_server_key(&key).expect("an RSA key");
    let bytes = capture("none/openssl-openssl-tls10-renegotiated");
    let judged = only(read(&bytes, keys, |_| None));
    assert_eq!(judged.session.decryption, Decryption::Full);
    assert_eq!(judged.session.application_data.server.bytes, "one\ntwo\nthree\n".len() as u64);
}

#[test]
fn keys_that_come_late_open_every_handshake() {
    for name in ["none/openssl-openssl-tls12-renegotiated", "none/openssl-openssl-dtls12-renegotiated"] {
        let (log, bytes) = (log(name), capture(name));
        let lines: Vec<&str> = log.lines().collect();
        // One at a time, each long behind the records that it opens.
        let judged = only(read(&bytes, KeyRing::default(), |packet| match packet {
            26 => Some(lines[0]),
            27 => Some(lines[1]),
            28 => Some(lines[2]),
            _ => None,
        }));
        assert_eq!(judged.session.decryption, Decryption::Full, "{name}");
        assert!(again(&judged).iter().all(|one| one.completed), "{name}");
    }
}

/// Reads a capture, with more of a key log behind some packets.
fn read<'a>(bytes: &[u8], keys: KeyRing, late: impl Fn(u64) -> Option<&'a str>) -> Vec<Judged> {
    within(Limits { replay: 1 << 20, ..Limits::default() }, bytes, keys, late)
}

fn within<'a>(limits: Limits, bytes: &[u8], keys: KeyRing, late: impl Fn(u64) -> Option<&'a str>) -> Vec<Judged> {
    let mut engine = Engine::new(Options { keys, limits, ..Options::default() });
    let mut reader = Reader::new(bytes).without_secrets();
    while let Some(item) = reader.next().expect("a capture") {
        let Item::Packet(packet) = item else { continue };
        engine.handle(Input::Packet(packet));
        if let Some(lines) = late(packet.no.0) {
            engine.handle(Input::Secrets(lines));
        }
    }
    engine.finish();
    std::iter::from_fn(|| engine.poll())
        .filter_map(|event| match event {
            SessionEvent::Closed(judged) => Some(*judged),
            SessionEvent::Updated(_) => None,
        })
        .collect()
}

/// The ChangeCipherSpec of a renegotiation is itself protected: one that was altered switches nothing.
#[test]
fn an_altered_change_cipher_spec_is_not_believed() {
    let name = "none/curl-apache-tls12-per-path";
    let mut bytes = capture(name);
    // A protected ChangeCipherSpec of AES-GCM: 8 bytes of nonce, 1 of content, 16 of tag.
    let header = [20, 3, 3, 0, 25];
    let at = bytes.windows(header.len()).position(|window| window == header).expect("a protected ChangeCipherSpec");
    bytes[at + header.len() + 8] ^= 1;
    let judged = only(judged(&bytes, Some(&log(name))));
    assert!(judged.session.corrupted.iter().any(|seen| seen.value.what == Corruption::BadMac));
    assert!(!again(&judged).iter().any(|one| one.finished.client.is_some()));
}

/// A later handshake is held to the same bounds as the first.
#[test]
fn a_chain_in_a_renegotiation_is_bounded_like_any_other() {
    let name = "client-cert-expired/openssl-openssl-tls12-renegotiation";
    let read = |certificate: usize| {
        let mut limits = Limits::default();
        limits.session.certificate = certificate;
        let mut keys = KeyRing::default();
        assert_eq!(keys.add_log(&log(name)), []);
        let judged = only(within(limits, &capture(name), keys, |_| None));
        let answer = again(&judged).iter().find_map(|one| one.answer.seen().cloned()).expect("the client answered");
        let problems = judged.session.problems.iter().filter(|problem| problem.code == "certificate-too-large");
        let told = problems.filter(|problem| problem.packet == Some(answer.packet)).count();
        (answer.value.chain().map(|chain| chain.len()), told)
    };
    assert_eq!(read(100_000), (Some(1), 0));
    assert_eq!(read(100), (None, 1));
}

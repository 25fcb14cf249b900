//! Resumed sessions of TLS 1.2 that the key log does not name: the keys of the first connection open them.

use std::fs;
use std::path::Path;

use tlswhy::capture::Reader;
use tlswhy::report::Decryption;
use tlswhy::{Options, analyze};

fn fixture(ending: &str) -> Vec<u8> {
    let name = format!("fixtures/none/openssl-openssl-tls12-resumed.{ending}");
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a fixture")
}

/// How far both sessions of the capture are opened, and whether the second was resumed, with so many lines of the
/// key log, from line `from` on.
fn opened(from: usize, lines: usize) -> Vec<(Decryption, Option<bool>)> {
    let log = String::from_utf8(fixture("keys")).expect("text");
    let log: String = log.lines().skip(from).take(lines).map(|line| format!("{line}\n")).collect();
    let options = Options::default().with_key_log(&log);
    let report = analyze(Reader::new(fixture("pcapng").as_slice()), &options).expect("a capture");
    report.sessions.iter().map(|session| (session.tls.decryption, session.tls.resumed)).collect()
}

#[test]
fn the_keys_of_the_first_connection_open_the_one_that_resumes_it() {
    let both = [(Decryption::Full, Some(false)), (Decryption::Full, Some(true))];
    assert_eq!(opened(0, 2), both);
    assert_eq!(opened(0, 1), both);
}

#[test]
fn those_of_the_second_open_only_itself() {
    assert_eq!(opened(1, 1), [(Decryption::NoKeys, Some(false)), (Decryption::Full, Some(true))]);
}

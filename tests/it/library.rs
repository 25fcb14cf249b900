//! The library as other programs use it: what is documented in `docs/library.md`.

use std::fs;
use std::path::{Path, PathBuf};

use tlswhy::analyze::{Told, pump};
use tlswhy::capture::Reader;
use tlswhy::report::check::{Expectations, Keys};
use tlswhy::{Engine, Options, Report, analyze};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn report(name: &str, options: &Options) -> Report {
    let bytes = fs::read(fixture(name)).expect("a fixture");
    analyze(Reader::new(bytes.as_slice()), options).expect("a capture")
}

#[test]
fn the_report_of_the_library_is_that_of_the_program() {
    let name = "client-cert-missing/openssl-openssl-tls13";
    let log = fs::read_to_string(fixture(&format!("{name}.keys"))).expect("a key log");
    let capture = format!("{name}.pcapng");
    let mut library = report(&capture, &Options::default().with_key_log(&log));
    assert_eq!(library.sessions[0].diagnosis.cause, "client-cert-missing");
    library.captures[0].path = fixture(&capture).to_string_lossy().into_owned();

    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    let command = command.args(["report", "--format", "json", "--keylog"]).arg(fixture(&format!("{name}.keys")));
    let output = command.arg(fixture(&capture)).output().expect("the program runs");
    let program: Report = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(library, program);
}

#[test]
fn sessions_come_one_by_one() {
    let bytes = fs::read(fixture("none/openssl-openssl-tls12-resumed.pcapng")).expect("a fixture");
    let mut sessions = 0;
    let mut engine = Engine::new(Options::default());
    let mut reader = Reader::new(bytes.as_slice());
    pump(&mut reader, &mut engine, &mut |told| sessions += u32::from(matches!(told, Told::Session(_)))).expect("read");
    assert_eq!(sessions, 2);
}

#[test]
fn what_is_no_capture_is_the_only_error() {
    assert!(analyze(Reader::new(&b"GET / HTTP/1.1"[..]), &Options::default()).is_err());
    let nothing = analyze(Reader::new(&b""[..]), &Options::default()).expect("a report on nothing");
    assert_eq!(nothing.captures[0].problems[0].code, "empty-capture");
}

#[test]
fn an_expectation_works_without_the_program() {
    let report = report("none/openssl-openssl-tls12-mtls.pcapng", &Options::default());
    let met = Expectations::parse("outcome = \"established\"\nversion = \"1.2\"").expect("an expectation");
    assert!(met.captures[0].compare(Keys::AsGiven, &report.sessions).is_met());
    let other = Expectations::parse("version = \"1.3\"").expect("an expectation");
    let told = other.captures[0].compare(Keys::AsGiven, &report.sessions).to_string();
    assert!(told.ends_with("\n  version: expected 1.3, found 1.2\n"), "{told}");
}

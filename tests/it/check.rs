//! `tlswhy check` as it is used: on the project's own fixtures, and on captures in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn tlswhy(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    command.current_dir(folder).args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// An empty folder of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A folder with a good and a failing capture, the latter with its key log.
fn captures(name: &str) -> PathBuf {
    let folder = folder(name);
    let fixtures = root().join("fixtures");
    let copy = |from: &str, to: &str| fs::copy(fixtures.join(from), folder.join(to)).expect("copied");
    copy("none/openssl-openssl-tls12-mtls.pcapng", "good.pcapng");
    copy("client-cert-missing/openssl-openssl-tls13.pcapng", "bad.pcapng");
    copy("client-cert-missing/openssl-openssl-tls13.keys", "bad.keys");
    folder
}

/// The fixtures' facts are expectations, and `check` reads all of them: each with its key log and without.
#[test]
fn the_fixtures_are_expectations() {
    let output = tlswhy(&root(), &["check", "--format", "json", "fixtures"]);
    assert_ne!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let cases = found["cases"].as_array().expect("cases");
    assert!(cases.len() > 200, "{}", cases.len());
    assert!(cases.iter().any(|case| case["keys"] == "with") && cases.iter().any(|case| case["keys"] == "without"));
    let agree = cases.iter().filter(|case| case["met"] == true).count();
    assert_eq!(output.status.code() == Some(0), agree == cases.len());
}

#[test]
fn an_expectation_is_written_met_broken_and_updated() {
    let folder = captures("cycle");
    let written = tlswhy(&folder, &["check", "--new", "good.pcapng", "--new", "bad.pcapng"]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let again = tlswhy(&folder, &["check", "--new", "good.pcapng"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("good.toml exists"), "{}", text(&again.stderr));
    let bad = fs::read_to_string(folder.join("bad.toml")).expect("written");
    assert!(bad.contains("[keys]") && bad.contains("[nokeys]") && bad.contains("\nsessions = 1\n"), "{bad}");

    let met = tlswhy(&folder, &["check"]);
    assert_eq!((met.status.code(), text(&met.stdout)), (Some(0), "3 checks: 3 as expected, 0 not\n".to_owned()));

    let good = fs::read_to_string(folder.join("good.toml")).expect("written");
    let edited = good.replace("outcome = \"established\"", "outcome = \"failed\" # so it was");
    fs::write(folder.join("good.toml"), &edited).expect("edited");
    let differs = tlswhy(&folder, &["check", "good.pcapng"]);
    assert_eq!(differs.status.code(), Some(1));
    let said = text(&differs.stdout);
    assert!(said.contains("expected  failed\n") && said.contains("found     established\n"), "{said}");
    assert!(said.contains("of which tlswhy says:"), "{said}");

    let updated = tlswhy(&folder, &["check", "--update", "."]);
    let said = text(&updated.stdout);
    assert!(said.contains("-outcome = \"failed\" # so it was\n+outcome = \"established\" # so it was\n"), "{said}");
    assert_eq!(tlswhy(&folder, &["check"]).status.code(), Some(0));
}

#[test]
fn a_typo_is_an_error_and_no_pass() {
    let folder = captures("typo");
    fs::write(folder.join("good.toml"), "outcome = \"established\"\ncause = \"nonne\"\n").expect("written");
    fs::write(folder.join("bad.toml"), "outcome = \"failed\"\n").expect("written");
    for format in ["text", "json", "junit"] {
        let output = tlswhy(&folder, &["check", "--format", format]);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert_eq!(said, "error: good.toml:2: `nonne` is no cause; did you mean `none`?\n");
    }
    let junit = text(&tlswhy(&folder, &["check", "--format", "junit"]).stdout);
    assert!(junit.contains("tests=\"2\" failures=\"0\" errors=\"1\""), "{junit}");
}

#[test]
fn what_cannot_be_checked_is_said_and_the_rest_is_done() {
    let folder = captures("broken");
    let one_for_many = "\
[[capture]]
file = \"good.pcapng\"
outcome = \"established\"
[[capture]]
file = \"nothere.pcapng\"
outcome = \"established\"
[[capture]]
file = \"bad.keys\"
outcome = \"established\"
[[capture]]
file = \"bad.pcapng\"
[capture.trust]
client_ca = \"missing.pem\"
";
    fs::write(folder.join("all.toml"), one_for_many).expect("written");
    // A TOML file of another kind is none of check's business.
    fs::write(folder.join("Cargo.toml"), "[package]\nname = \"x\"\n").expect("written");
    let output = tlswhy(&folder, &["check"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].contains("all.toml:4:") && lines[0].contains("nothere.pcapng"), "{said}");
    assert!(lines[1].contains("all.toml:7:") && lines[1].contains("cannot read"), "{said}");
    assert!(lines[2].contains("all.toml:10:") && lines[2].contains("missing.pem"), "{said}");
    assert!(text(&output.stdout).contains("1 as expected, 0 not, 3 could not be made"));

    let none = tlswhy(&folder, &["check", "good.pcapng"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("`tlswhy check --new good.pcapng` writes good.toml"), "{}", text(&none.stderr));
    let missing = tlswhy(&folder, &["check", "missing.pcapng"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("missing.pcapng"), "{}", text(&missing.stderr));
}

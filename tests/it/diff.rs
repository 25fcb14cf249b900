//! `tlswhy diff` as it is used.

use std::process::{Command, Output};

use serde_json::Value;

const GOOD: &str = "fixtures/none/openssl-openssl-tls12-mtls.pcapng";
const BAD: &str = "fixtures/client-cert-expired/openssl-openssl-tls12.pcapng";
const TWO: &str = "fixtures/none/openssl-openssl-tls12-resumed.pcapng";

fn diff(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("diff").args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn a_good_and_a_failing_handshake_differ_in_the_certificate() {
    let output = diff(&[GOOD, BAD]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("  leaf: not after\n    A  2040-01-01T00:00:00Z\n    B  2021-01-01T00:00:00Z\n"), "{said}");
    let places: Vec<usize> = ["\nVerdict\n", "\nClient certificate\n", "\nAlerts and refusals\n"]
        .iter()
        .map(|heading| said.find(heading).unwrap_or_else(|| panic!("{heading} in {said}")))
        .collect();
    assert!(places.is_sorted(), "{said}");
    let json: Value = serde_json::from_slice(&diff(&["--format", "json", GOOD, BAD]).stdout).expect("JSON");
    assert_eq!((&json["same"], &json["b"]["cause"]), (&Value::from(false), &Value::from("client-cert-expired")));
    assert!(json["differences"].as_array().expect("a list").iter().any(|one| one["topic"] == "client-certificate"));
}

#[test]
fn a_handshake_is_like_itself() {
    let output = diff(&[GOOD, GOOD]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).ends_with("The two handshakes are alike.\n"));
}

#[test]
fn sessions_are_named_or_chosen_and_it_is_said_which() {
    let (first, second) = (format!("{TWO}:1"), format!("{TWO}:2"));
    let named = text(&diff(&[&first, &second]).stdout);
    assert!(named.contains("  resumed\n    A  no\n    B  yes\n"), "{named}");
    let chosen = text(&diff(&[TWO]).stdout);
    assert!(chosen.contains("Of several, session 1"), "{chosen}");
    let too_many = diff(&[&format!("{TWO}:3"), BAD]);
    assert_eq!(too_many.status.code(), Some(2));
    assert!(text(&too_many.stderr).contains("has no session 3: it has 2 of them"), "{}", text(&too_many.stderr));
    assert_eq!(diff(&[GOOD]).status.code(), Some(2));
    assert_eq!(diff(&[GOOD, "fixtures/README.md"]).status.code(), Some(2));
}

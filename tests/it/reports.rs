//! `tlswhy report` over many captures, in every format.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tlswhy::report::Report;

const FORMATS: [&str; 8] = ["text", "json", "jsonl", "ecs", "markdown", "html", "junit", "sarif"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    command.current_dir(root()).arg("report").args(arguments).env_remove("SSLKEYLOGFILE").env_remove("COLUMNS");
    command.output().expect("the program runs")
}

fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Whether each tag is closed, in order. What the renderers write has no comments, CDATA or tags in attributes.
fn is_well_formed(xml: &str) -> bool {
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1).filter_map(|piece| piece.split('>').next()) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or("").to_owned();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.starts_with('?') && !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty()
}

#[test]
fn limits_hold_for_files_and_for_standard_input() {
    let capture = "fixtures/client-cert-missing/openssl-openssl-tls12.pcapng";
    let arguments = ["--format", "json", "--limit", "timeline=3", capture];
    let piped = |limit: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
        command.current_dir(root()).args(["report", "--format", "json", "--limit", limit, "-"]);
        let input = fs::File::open(root().join(capture)).expect("a fixture");
        let output = command.env_remove("SSLKEYLOGFILE").stdin(input).output().expect("the program runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let told = |text: &str| -> (Vec<String>, usize) {
        let report: Report = serde_json::from_str(text).expect("a report");
        let session = &report.sessions[0];
        (session.problems.iter().map(|problem| problem.code.clone()).collect(), session.timeline.len())
    };
    let cut = told(&printed(&arguments));
    assert_eq!(cut.0, ["timeline-full"]);
    assert_eq!(told(&piped("timeline=3")), cut);
    assert!(told(&piped("timeline=300")).0.is_empty());
}

#[test]
fn every_fixtures_report_is_of_the_published_shape() {
    let text = printed(&["--format", "json", "fixtures"]);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let report: Report = serde_json::from_value(value.clone()).expect("a report");
    // The types are the closed schema: what they do not know would be missing now.
    let again = serde_json::to_value(&report).expect("serialised");
    assert_eq!(value, again);
    assert!(report.sessions.len() > 100 && report.captures.len() > 100);
    let ids: Vec<u64> = report.sessions.iter().map(|session| session.id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    assert!(report.sessions.is_sorted_by_key(|session| (session.capture, session.first_packet)));
    assert!(report.captures.is_sorted_by_key(|capture| Path::new(&capture.path).to_path_buf()));
    assert_eq!(report.summary.sessions, report.sessions.len() as u64);
    // Lines are written by other code, in the order in which sessions end.
    let mut lines: Vec<Value> = printed(&["--format", "jsonl", "fixtures"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let mut sessions = value["sessions"].as_array().expect("sessions").clone();
    for list in [&mut lines, &mut sessions] {
        list.iter_mut().for_each(|session| session["id"] = 0.into());
        list.sort_by_key(|session| (session["capture"].as_u64(), session["first_packet"].as_u64()));
    }
    assert_eq!(lines, sessions);
}

#[test]
fn all_formats_tell_of_the_same_sessions() {
    let folder = "fixtures/client-cert-expired";
    let report: Value = serde_json::from_str(&printed(&["--format", "json", folder])).expect("JSON");
    let sessions = report["sessions"].as_array().expect("sessions");
    let found = sessions.iter().filter(|session| session["diagnosis"]["cause"] != "none").count();
    let sessions = sessions.len();
    for format in FORMATS {
        let text = printed(&["--format", format, folder]);
        let count = match format {
            "jsonl" | "ecs" => text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(),
            "junit" => text.matches("<testcase ").count(),
            "html" => text.matches("<article id=").count(),
            "sarif" => {
                let log: Value = serde_json::from_str(&text).expect("JSON");
                log["runs"][0]["results"].as_array().expect("results").len()
            }
            _ => sessions,
        };
        // A result is a finding: what went well has none.
        let expected = if format == "sarif" { found } else { sessions };
        assert_eq!(count, expected, "{format}");
        assert!(text.contains("client-cert-expired"), "{format}");
        if format == "junit" {
            assert!(is_well_formed(&text));
        }
    }
}

#[test]
fn the_order_does_not_depend_on_how_many_are_read_at_a_time() {
    for format in ["jsonl", "sarif"] {
        assert_eq!(
            printed(&["-j", "1", "--format", format, "fixtures/none"]),
            printed(&["-j", "5", "--format", format, "fixtures/none"])
        );
    }
}

#[test]
fn markup_and_control_characters_of_a_certificate_reach_no_output() {
    let hostile = "fixtures/wire/hostile/names.pcapng";
    for format in FORMATS {
        let text = printed(&["--format", format, "--color", "always", hostile]);
        let own_colour = text.replace("\u{1b}[", "");
        let checked = if format == "text" { &own_colour } else { &text };
        for bad in ['\u{1b}', '\u{7}', '\u{202e}'] {
            assert!(!checked.contains(bad), "{format}: {bad:?}");
        }
        match format {
            "html" => assert_eq!(text.matches("<script").count(), 1, "its own"),
            "markdown" | "junit" => assert!(!text.contains("<script") && !text.contains("<img"), "{format}"),
            _ => assert!(text.contains("<script>alert(1)"), "{format} shows it"),
        }
        assert!(format != "junit" || is_well_formed(&text));
    }
}

#[test]
fn an_unreadable_file_among_many_is_said_and_the_others_are_done() {
    let good = "fixtures/none/openssl-openssl-tls13-mtls.pcapng";
    let output = run(&["--format", "jsonl", "Cargo.toml", good, "no-such-file.pcap", "no/such/*.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.lines().all(|line| line.starts_with("error: ")), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert_eq!(run(&["--format", "html", "src"]).status.code(), Some(2), "a folder without captures");
}

#[test]
fn the_status_is_one_where_it_was_asked_for() {
    let (good, bad) = ("fixtures/none/openssl-openssl-tls13-mtls.pcapng", "fixtures/client-cert-expired");
    let status = |arguments: &[&str]| run(arguments).status.code();
    assert_eq!(status(&[bad]), Some(0));
    assert_eq!(status(&["--fail-on", "failed,refused", good]), Some(0));
    assert_eq!(status(&["--fail-on", "failed,refused", good, bad]), Some(1));
    assert_eq!(status(&["--fail-on", "client-cert-expired", "--only", "established", good, bad]), Some(1));
    assert_eq!(status(&["--fail-on", "server-cert-expired", bad]), Some(0));
    assert_eq!(status(&["--fail-on", "faild", good]), Some(2), "a typo is no pass");
}

#[test]
fn only_leaves_out_and_numbers_stay() {
    let all: Report = serde_json::from_str(&printed(&["--format", "json", "fixtures"])).expect("a report");
    let only = printed(&["--format", "json", "--only", "cause:client-cert-expired", "fixtures"]);
    let only: Report = serde_json::from_str(&only).expect("a report");
    let wanted: Vec<_> =
        all.sessions.into_iter().filter(|session| session.diagnosis.cause == "client-cert-expired").collect();
    assert!(!wanted.is_empty());
    assert_eq!(only.sessions, wanted);
}

/// What must not be found again: whole names, addresses and hashes of all fixtures.
fn originals(report: &Report) -> BTreeSet<String> {
    let mut originals = BTreeSet::new();
    for capture in &report.captures {
        originals.insert(capture.path.clone());
    }
    for session in &report.sessions {
        originals.extend([session.client.address.clone(), session.server.address.clone()]);
        originals.extend(session.tls.server_name.clone());
        originals.extend(session.refusals.iter().map(|refusal| refusal.text.clone()));
        originals.extend(session.client_hello.iter().map(|hello| hello.random.clone()));
        originals.extend(
            session
                .stack
                .iter()
                .flat_map(|stacks| [&stacks.client, &stacks.server])
                .flatten()
                .filter_map(|stack| stack.program.clone()),
        );
        let chains = [&session.certificates.client, &session.certificates.server];
        for certificate in chains.into_iter().flatten().flatten() {
            originals.extend(certificate.subject.clone());
            originals.extend(certificate.issuer.clone());
            originals.extend(certificate.subject_key_id.clone());
            originals.insert(certificate.fingerprint_sha256.clone());
            let names = certificate.subject_alternative_names.iter().flatten();
            originals.extend(names.filter_map(|name| Some(name.split_once(':')?.1.to_owned())));
            originals.extend(certificate.ca_issuers.iter().chain(&certificate.ocsp).chain(&certificate.crl).cloned());
        }
    }
    originals.retain(|original| original.len() > 3);
    originals
}

#[test]
fn nothing_of_the_originals_is_left_in_any_redacted_format() {
    let report: Report = serde_json::from_str(&printed(&["--format", "json", "fixtures"])).expect("a report");
    let originals = originals(&report);
    assert!(originals.len() > 200);
    for format in FORMATS {
        let text = printed(&["--format", format, "--redact", "fixtures"]).to_lowercase();
        let left: Vec<&String> = originals.iter().filter(|original| text.contains(&original.to_lowercase())).collect();
        assert!(left.is_empty(), "{format}: {left:?}");
    }
    let redacted: Report =
        serde_json::from_str(&printed(&["--format", "json", "--redact", "fixtures"])).expect("a report");
    for (before, after) in report.sessions.iter().zip(&redacted.sessions) {
        assert_eq!(before.diagnosis.cause, after.diagnosis.cause);
        assert_eq!(before.outcome, after.outcome);
    }
}

#[test]
fn a_report_is_written_to_a_file_and_not_over_one() {
    let folder = std::env::temp_dir().join(format!("tlswhy-reports-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let page = folder.join("page.html");
    let page = page.to_str().expect("UTF-8");
    let good = "fixtures/none/openssl-openssl-tls13-mtls.pcapng";
    assert_eq!(printed(&["--format", "html", "-o", page, good]), "");
    assert!(fs::read_to_string(page).expect("written").starts_with("<!DOCTYPE html>"));
    let again = run(&["--format", "html", "-o", page, good]);
    assert_eq!(again.status.code(), Some(2));
    assert!(run(&["--format", "html", "--force", "-o", page, good]).status.success());
    fs::remove_dir_all(&folder).expect("removed");
}

//! The report as SARIF 2.1.0, which code-scanning services read: a rule for each cause that was found, a result
//! for each session that has one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bytes::hex;
use crate::cause::Cause;
use crate::render::{escape, json};
use crate::report::{Capture, Confidence, NO_CAUSE, Outcome, Problem, Report, Session};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render<W: Write>(out: &mut W, report: &Report) -> io::Result<()> {
    let found = || report.sessions.iter().filter(|session| session.diagnosis.cause != NO_CAUSE);
    let mut rules: BTreeMap<&str, usize> = found().map(|session| (session.diagnosis.cause.as_str(), 0)).collect();
    for (index, place) in rules.values_mut().enumerate() {
        *place = index;
    }
    let results: Vec<Value> = found().map(|session| result(report, session, &rules)).collect();
    let notes: Vec<Value> = report
        .captures
        .iter()
        .flat_map(|capture| capture.problems.iter().map(|problem| note(capture, problem)))
        .collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": report.generator.name,
                "version": report.generator.version,
                "semanticVersion": report.generator.version,
                "rules": rules.keys().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": report.captures.iter().map(artifact).collect::<Vec<_>>(),
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notes}],
            "results": results,
        }],
    });
    json::document(out, &document)
}

fn rule(code: &str) -> Value {
    let meaning = Cause::from_code(code).map_or("", Cause::meaning);
    json!({
        "id": code,
        "shortDescription": {"text": if meaning.is_empty() { code } else { meaning }},
        "help": {"text": format!("`tlswhy explain {code}` says more.")},
        "properties": {"tags": ["tls"]},
    })
}

fn artifact(capture: &Capture) -> Value {
    json!({"location": {"uri": uri(&capture.path)}, "mimeType": "application/vnd.tcpdump.pcap"})
}

fn note(capture: &Capture, problem: &Problem) -> Value {
    json!({
        "level": "warning",
        "descriptor": {"id": problem.code},
        "message": {"text": shown(&problem.text)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(&capture.path)}}}],
    })
}

fn result(report: &Report, session: &Session, rules: &BTreeMap<&str, usize>) -> Value {
    let diagnosis = &session.diagnosis;
    let capture = usize::try_from(session.capture).unwrap_or(usize::MAX);
    let path = report.captures.get(capture).map_or("", |capture| capture.path.as_str());
    let mut message = format!("{} → {}: {}", session.client, session.server, diagnosis.summary);
    for evidence in &diagnosis.evidence {
        let _ = write!(message, " Packet {}: {}.", evidence.packet, evidence.text.trim_end_matches('.'));
    }
    for remedy in diagnosis.remedies.iter().take(1) {
        let _ = write!(message, " To do ({}): {}", remedy.side, remedy.text);
    }
    let level = match (session.outcome, diagnosis.confidence) {
        (Outcome::Refused | Outcome::Failed, Confidence::Certain | Confidence::Likely) => "error",
        (Outcome::Refused | Outcome::Failed, Confidence::Possible) => "warning",
        (Outcome::Established | Outcome::Incomplete, _) => "note",
    };
    json!({
        "ruleId": diagnosis.cause,
        "ruleIndex": rules.get(diagnosis.cause.as_str()).copied().unwrap_or(0),
        "level": level,
        "message": {"text": shown(&message)},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": uri(path), "index": capture}},
            "logicalLocations": [{
                "kind": "session",
                "name": format!("session {}", session.id),
                "fullyQualifiedName": format!("{path}#session-{}", session.id),
            }],
        }],
        "partialFingerprints": {"tlswhySession/v1": fingerprint(session)},
        "properties": {
            "session": session.id,
            "outcome": session.outcome.name(),
            "side": diagnosis.side.name(),
            "confidence": diagnosis.confidence.name(),
            "first_packet": session.first_packet,
            "last_packet": session.last_packet,
        },
    })
}

/// The same cause between the same peers is the same finding, however often it is captured. The
/// client's port changes each time.
fn fingerprint(session: &Session) -> String {
    let name = session.tls.server_name.as_deref().unwrap_or("");
    let text = format!("{}\n{}\n{}\n{name}", session.diagnosis.cause, session.client.address, session.server);
    hex(&Sha256::digest(text))
}

/// Message text has a link syntax of its own (SARIF section 3.11.6): brackets are escaped.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape(text).chars() {
        if matches!(c, '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A path as a URI reference (RFC 3986); it stays relative where it is.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            b'\\' => out.push('/'),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    if path.starts_with('/') { format!("file://{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(sessions: Vec<Session>) -> Value {
        let mut out = Vec::new();
        render(&mut out, &sample::report(sessions)).expect("written");
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn a_result_for_each_session_with_a_cause_and_a_rule_for_each_cause() {
        let log =
            written(vec![sample::expired(), sample::established(), sample::expired(), sample::no_common_cipher()]);
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        let results = run["results"].as_array().expect("results");
        assert_eq!((rules.len(), results.len()), (2, 3));
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
        assert_eq!(results[0]["level"], "error");
        assert_eq!(results[0]["partialFingerprints"], results[1]["partialFingerprints"]);
        assert_eq!(run["artifacts"][0]["location"]["uri"], "payments.pcapng");
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["descriptor"]["id"], "truncated-file");
    }

    #[test]
    fn messages_hold_no_links_and_uris_no_spaces() {
        assert_eq!(shown("[a](http://x)\n"), "\\[a\\](http://x)\\\\n");
        assert_eq!(uri("a b/ü%.pcap"), "a%20b/%C3%BC%25.pcap");
        assert_eq!(uri("/tmp/x.pcap"), "file:///tmp/x.pcap");
        assert!(!written(vec![sample::hostile()]).to_string().chars().any(crate::render::escape::is_unsafe));
    }
}

//! What differs between two handshakes, for people and for programs.

use std::fmt::Write;
use std::io;

use serde::Serialize;

use crate::render::{escape, json as layout};
use crate::report::diff::{Difference, is_same};
use crate::report::{Outcome, Session};

/// Two handshakes and what differs between them.
#[derive(Debug, Clone)]
pub struct Compared<'a> {
    /// The capture of the first.
    pub a_path: String,
    /// The capture of the second.
    pub b_path: String,
    /// The first.
    pub a: &'a Session,
    /// The second.
    pub b: &'a Session,
    /// Why these two, where it was not said which.
    pub reason: Option<&'a str>,
    /// What differs.
    pub differences: &'a [Difference],
}

/// As text.
pub fn text(compared: &Compared<'_>) -> String {
    let mut out = String::new();
    for (letter, path, session) in [("A", &compared.a_path, compared.a), ("B", &compared.b_path, compared.b)] {
        let name = session.tls.server_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let ends = format!("{} → {}{name}", session.client, session.server);
        let _ = writeln!(out, "{letter}  {} session {}: {}", escape(path), session.id, escape(&ends));
        let verdict = match session.outcome {
            Outcome::Established => session.outcome.to_string(),
            _ => format!("{}, {}", session.outcome, session.diagnosis.cause),
        };
        let _ = writeln!(out, "   {}: {}", verdict, escape(&session.diagnosis.summary));
    }
    if let Some(reason) = compared.reason {
        let _ = writeln!(out, "\nOf several, {}.", escape(reason));
    }
    let mut topic = None;
    for difference in compared.differences {
        if topic != Some(difference.topic) {
            topic = Some(difference.topic);
            let name = difference.topic.name();
            let aside = if difference.topic.counts() { "" } else { " (no difference by itself)" };
            let _ =
                writeln!(out, "\n{}{}{aside}", name.get(..1).unwrap_or("").to_uppercase(), name.get(1..).unwrap_or(""));
        }
        self::difference(&mut out, difference);
    }
    if is_same(compared.differences) {
        out.push_str("\nThe two handshakes are alike.\n");
    }
    out
}

fn difference(out: &mut String, difference: &Difference) {
    let aside = if difference.reordered { " (in another order)" } else { "" };
    let _ = writeln!(out, "  {}{aside}", escape(&difference.what));
    if difference.only_a.is_empty() && difference.only_b.is_empty() {
        for (letter, value) in [("A", &difference.a), ("B", &difference.b)] {
            let _ = writeln!(out, "    {letter}  {}", escape(value.as_deref().unwrap_or("(none seen)")));
        }
        return;
    }
    for (letter, values) in [("A", &difference.only_a), ("B", &difference.only_b)] {
        if !values.is_empty() {
            let _ = writeln!(out, "    only {letter}  {}", escape(&values.join(", ")));
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    same: bool,
    a: End<'a>,
    b: End<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    differences: &'a [Difference],
}

#[derive(Serialize)]
struct End<'a> {
    capture: &'a str,
    session: u64,
    client: String,
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<&'a str>,
    outcome: Outcome,
    cause: &'a str,
    summary: &'a str,
}

/// As one JSON object.
///
/// # Errors
/// Only where a value cannot be serialised, which none of these is.
pub fn json(compared: &Compared<'_>) -> io::Result<String> {
    let document = Document {
        same: is_same(compared.differences),
        a: end(&compared.a_path, compared.a),
        b: end(&compared.b_path, compared.b),
        reason: compared.reason,
        differences: compared.differences,
    };
    let mut out = Vec::new();
    layout::document(&mut out, &document)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn end<'a>(capture: &'a str, session: &'a Session) -> End<'a> {
    End {
        capture,
        session: session.id,
        client: session.client.to_string(),
        server: session.server.to_string(),
        server_name: session.tls.server_name.as_deref(),
        outcome: session.outcome,
        cause: &session.diagnosis.cause,
        summary: &session.diagnosis.summary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::is_unsafe;
    use crate::report::diff::diff;
    use crate::report::sample;

    fn rendered(a: &Session, b: &Session) -> (String, String) {
        let differences = diff(a, b);
        let (a_path, b_path) = ("good.pcapng".to_owned(), "bad.pcapng".to_owned());
        let compared = Compared { a_path, b_path, a, b, reason: None, differences: &differences };
        (text(&compared), json(&compared).expect("JSON"))
    }

    #[test]
    fn a_failure_beside_a_success() {
        insta::assert_snapshot!(rendered(&sample::established(), &sample::expired()).0);
    }

    #[test]
    fn nothing_hostile_reaches_a_terminal() {
        let (text, json) = rendered(&sample::established(), &sample::hostile());
        assert!(!text.chars().chain(json.chars()).any(|c| c != '\n' && is_unsafe(c)));
        let same = rendered(&sample::hostile(), &sample::hostile());
        assert!(same.0.ends_with("\nThe two handshakes are alike.\n"));
        assert!(same.1.contains("\"same\": true"));
    }
}

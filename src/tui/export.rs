//! A session as a file: JSON for a program, Markdown for a ticket. The text only; somebody else writes it.

use std::fmt::Write as _;

use crate::render::{escape, json};
use crate::report::{NO_CAUSE, Session};
use crate::time::Elapsed;

/// A file that the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// A name that suggests itself: letters, digits, `-` and `.` only.
    pub name: String,
    /// What is in it.
    pub content: Content,
}

/// What is in an exported file.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// This text.
    Text(String),
    /// The packets of a session, as pcapng, out of the capture that they came from.
    Packets {
        /// Whose.
        session: Box<Session>,
        /// With the keys that open it. Never unless the user asked for just that.
        keys: bool,
    },
}

/// As JSON, in the report's form.
pub fn as_json(session: &Session) -> Option<Export> {
    let mut out = Vec::new();
    json::document(&mut out, session).ok()?;
    Some(Export { name: name(session, "json"), content: Content::Text(String::from_utf8(out).ok()?) })
}

/// As Markdown.
pub fn as_markdown(session: &Session) -> Export {
    Export { name: name(session, "md"), content: Content::Text(markdown(session)) }
}

/// Its packets, with the keys that open them where these are asked for.
pub fn as_packets(session: &Session, keys: bool) -> Export {
    Export { name: name(session, "pcapng"), content: Content::Packets { session: Box::new(session.clone()), keys } }
}

fn name(session: &Session, ending: &str) -> String {
    // The cause is one of ours unless the report was read from somewhere else.
    let cause: String =
        session.diagnosis.cause.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    format!("session-{}-{cause}.{ending}", session.id)
}

fn markdown(session: &Session) -> String {
    let mut out = String::new();
    let diagnosis = &session.diagnosis;
    let title = if diagnosis.cause == NO_CAUSE { session.outcome.name() } else { diagnosis.cause.as_str() };
    let _ = writeln!(out, "# TLS handshake {}: {}\n", session.id, plain(title));
    let _ = writeln!(out, "{}\n", plain(&diagnosis.summary));
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "- {name}: {}", plain(value));
        }
    };
    fact("client", &session.client.to_string());
    fact("server", &session.server.to_string());
    fact("server name", session.tls.server_name.as_deref().unwrap_or(""));
    fact("when", &session.start);
    fact("outcome", session.outcome.name());
    fact("version", session.tls.version.as_deref().unwrap_or(""));
    fact("cipher suite", session.tls.cipher_suite.as_deref().unwrap_or(""));
    fact("client authentication", session.tls.client_auth.name());
    if diagnosis.cause != NO_CAUSE {
        fact("confidence", diagnosis.confidence.name());
        fact("has to act", crate::render::text::session::who_acts(session));
    }
    verdict(&mut out, session);
    timeline(&mut out, session);
    out
}

fn verdict(out: &mut String, session: &Session) {
    let diagnosis = &session.diagnosis;
    if !diagnosis.evidence.is_empty() || !diagnosis.explanation.is_empty() {
        out.push_str("\n## Why\n\n");
    }
    for one in &diagnosis.evidence {
        let _ = writeln!(out, "- packet {}: {}", one.packet, plain(&one.text));
    }
    if !diagnosis.explanation.is_empty() {
        let _ = writeln!(out, "\n{}", plain(&diagnosis.explanation));
    }
    if !diagnosis.remedies.is_empty() {
        out.push_str("\n## What to do\n\n");
    }
    for (index, remedy) in diagnosis.remedies.iter().enumerate() {
        let _ = writeln!(out, "{}. ({}) {}", index + 1, remedy.side, plain(&remedy.text));
        if let Some(command) = &remedy.command {
            let fence = fence(command);
            let _ = writeln!(out, "\n   {fence}sh");
            for line in command.lines() {
                let _ = writeln!(out, "   {}", escape(line));
            }
            let _ = writeln!(out, "   {fence}\n");
        }
    }
    for (title, list) in [("What would decide it", &diagnosis.needs)] {
        if !list.is_empty() {
            let _ = writeln!(out, "\n## {title}\n");
        }
        for one in list {
            let _ = writeln!(out, "- {}", plain(one));
        }
    }
    if !diagnosis.alternatives.is_empty() {
        out.push_str("\n## Also considered\n\n");
    }
    for other in &diagnosis.alternatives {
        let why_not = if other.why_not.is_empty() { String::new() } else { format!(": {}", plain(&other.why_not)) };
        let _ = writeln!(out, "- {} ({}){why_not}", plain(&other.cause), other.confidence);
    }
}

fn timeline(out: &mut String, session: &Session) {
    if session.timeline.is_empty() {
        return;
    }
    out.push_str(
        "\n## Timeline\n\n| elapsed | packet | from | what | bytes | |\n| ---: | ---: | --- | --- | ---: | --- |\n",
    );
    for entry in &session.timeline {
        let protected = if entry.protected { " (encrypted)" } else { "" };
        let inferred = if entry.inferred { " (inferred)" } else { "" };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {}{protected}{inferred} | {} | {} |",
            Elapsed(entry.elapsed_us.saturating_mul(1_000)),
            entry.packet,
            entry.from,
            plain(&entry.name),
            entry.length.map(|length| length.to_string()).unwrap_or_default(),
            plain(&entry.text),
        );
    }
}

/// Text that Markdown shows as it is, on one line.
fn plain(text: &str) -> String {
    let text = escape(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '!' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A fence that nothing in `text` can close.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn json_is_the_reports() {
        let export = as_json(&sample::expired()).expect("JSON");
        let Content::Text(text) = export.content else { panic!("text") };
        assert_eq!(serde_json::from_str::<Session>(&text).expect("a session"), sample::expired());
        assert_eq!(export.name, "session-1-client-cert-expired.json");
    }

    #[test]
    fn markdown_for_a_ticket() {
        insta::assert_snapshot!(markdown(&sample::expired()));
    }

    #[test]
    fn a_hostile_peer_writes_no_markdown_and_no_file_elsewhere() {
        let mut session = sample::hostile();
        session.diagnosis.cause = "../../etc/passwd\0".to_owned();
        session.tls.server_name = Some("<img src=x>|`[a](b)".to_owned());
        let Export { name, content } = as_markdown(&session);
        assert_eq!(name, "session-666-etcpasswd.md");
        let Content::Text(text) = content else { panic!("text") };
        assert!(text.contains(r"\<img src=x\>\|\`\[a\](b)"), "{text}");
        assert!(!text.chars().any(|c| c != '\n' && crate::render::escape::is_unsafe(c)));
        assert_eq!(fence("a ```` b"), "`````");
    }
}

//! Today's result as an expectation to edit.

use std::fmt::Write;

use serde_json::Value;

use crate::report::check::words::{self, KEYS};
use crate::report::{NO_CAUSE, Session};

/// The sessions of a capture, read with the keys at hand, and also without any where there are some.
#[derive(Debug, Clone, Copy)]
pub struct Views<'a> {
    /// As the capture is read by default.
    pub with: &'a [Session],
    /// Without keys; `None` where there are none to leave out.
    pub without: Option<&'a [Session]>,
}

const HEAD: &str = "\
# What tlswhy said of this capture when this was written. `tlswhy check` compares it with what it says
# later. Keep what has to stay true, and delete the rest.
";

/// Sessions that get a table of their own; of the rest only the number is expected.
const SESSIONS: usize = 200;

/// What was found, as the text of an expectation.
pub fn expectation(found: Views<'_>) -> String {
    let mut text = format!("{HEAD}\nsessions = {}\n", found.with.len());
    if let [one] = found.with {
        let other = found.without.and_then(|without| without.first());
        session(&mut text, "", one, other, found.without.is_some());
        return text;
    }
    for (number, one) in (1..).zip(found.with).take(SESSIONS) {
        let _ =
            writeln!(text, "\n[[session]] # {} → {}", plain(&one.client.to_string()), plain(&one.server.to_string()));
        let _ = writeln!(text, "session = {number}");
        let other = found.without.and_then(|without| without.get(number - 1));
        session(&mut text, "session.", one, other, found.without.is_some());
    }
    if found.with.len() > SESSIONS {
        let _ = writeln!(text, "\n# There are more sessions: the first {SESSIONS} have their tables.");
    }
    text
}

/// Fit for a comment.
fn plain(text: &str) -> String {
    text.escape_debug().to_string()
}

fn session(text: &mut String, prefix: &str, with: &Session, without: Option<&Session>, two_views: bool) {
    let with = lines(with);
    if !two_views {
        for (key, value) in &with {
            let _ = writeln!(text, "{key} = {value}");
        }
        return;
    }
    let without = without.map(lines).unwrap_or_default();
    for (key, value) in with.iter().filter(|line| without.contains(line)) {
        let _ = writeln!(text, "{key} = {value}");
    }
    for (view, own, other) in [("keys", &with, &without), ("nokeys", &without, &with)] {
        let _ = writeln!(text, "\n[{prefix}{view}]");
        for (key, value) in own.iter().filter(|line| !other.contains(line)) {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
}

/// Keys with their values, as TOML.
fn lines(session: &Session) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for key in &KEYS {
        // `decryption` and `transport` are seldom what a test is about.
        if matches!(key.name, "confidence" | "decryption" | "transport") {
            continue;
        }
        let Some(value) = (key.found)(session) else { continue };
        lines.push((key.name, toml_value(&Value::from(value))));
        if key.name == "side" && session.diagnosis.cause != NO_CAUSE {
            lines.push(("confidence_at_least", toml_value(&Value::from(session.diagnosis.confidence.name()))));
        }
    }
    let told = session.alerts.iter().filter(|alert| alert.code != Some(0));
    lines.push(("alerts", list(&told.map(words::alert).collect::<Vec<_>>())));
    lines
}

/// A list of strings as TOML.
pub(super) fn list(items: &[String]) -> String {
    toml_value(&items.iter().map(String::as_str).collect())
}

/// A value as TOML. There is no null in a report.
pub(super) fn toml_value(value: &Value) -> String {
    toml::Value::try_from(value).map_or_else(|_| "\"\"".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::{Expectations, Keys};
    use crate::report::sample;

    fn met(text: &str, keys: Keys, sessions: &[Session]) -> bool {
        Expectations::parse(text).expect("an expectation").captures[0].compare(keys, sessions).is_met()
    }

    #[test]
    fn what_is_written_is_met_by_what_it_was_written_from() {
        let one = [sample::expired()];
        let text = expectation(Views { with: &one, without: None });
        assert!(text.contains("\ncause = \"client-cert-expired\"\n"), "{text}");
        assert!(met(&text, Keys::AsGiven, &one), "{text}");
        assert!(!met(&text, Keys::AsGiven, &[sample::established()]));
        let many = sample::many();
        let text = expectation(Views { with: &many, without: None });
        assert!(met(&text, Keys::AsGiven, &many), "{text}");
        assert!(!met(&text, Keys::AsGiven, &many[1..]));
    }

    #[test]
    fn two_views_share_what_is_the_same_in_both() {
        let (with, without) = ([sample::expired()], [sample::encrypted()]);
        let text = expectation(Views { with: &with, without: Some(&without) });
        let expected = Expectations::parse(&text).expect("an expectation");
        assert_eq!(expected.captures[0].views(), [Keys::With, Keys::Without]);
        assert!(met(&text, Keys::With, &with) && met(&text, Keys::Without, &without), "{text}");
        assert!(!met(&text, Keys::With, &without), "{text}");
    }

    #[test]
    fn hostile_names_stay_inside_their_strings() {
        let mut session = sample::expired();
        session.tls.server_name = sample::hostile().tls.server_name;
        session.tls.alpn = Some("\"\"\"\n[keys]\n'''\\".to_owned());
        session.client.address = "\n[nokeys]".to_owned();
        let text = expectation(Views { with: std::slice::from_ref(&session), without: None });
        assert!(met(&text, Keys::AsGiven, &[session]), "{text}");
    }
}

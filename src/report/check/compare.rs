//! Expectations against sessions.

use serde_json::Value;

use crate::report::check::table::Given;
use crate::report::check::write::{list, toml_value};
use crate::report::check::{
    CaptureExpectation, Checked, CheckedSession, Count, Difference, Edit, Expect, Keys, Select, SessionExpectation,
    pointer, words,
};
use crate::report::{Confidence, Endpoint, Session, Summary};

impl CaptureExpectation {
    /// Compares the sessions of the capture, read with these keys, with what is expected of them.
    pub fn compare(&self, keys: Keys, sessions: &[Session]) -> Checked {
        let mut checked = Checked { keys, differences: Vec::new(), sessions: Vec::new() };
        self.compare_counts(sessions, &mut checked.differences);
        for expected in &self.sessions {
            let fit: Vec<(u64, &Session)> =
                (1..).zip(sessions).filter(|(number, session)| expected.select.fits(*number, session)).collect();
            checked.differences.extend(self.number_of_fitting(expected, fit.len() as u64));
            let view = match keys {
                Keys::With => expected.keys.as_ref(),
                Keys::Without => expected.no_keys.as_ref(),
                Keys::AsGiven => None,
            };
            let expect = expected.base.overlaid(view);
            for (number, session) in fit {
                checked.sessions.push(CheckedSession {
                    line: expected.line,
                    session: number,
                    label: label(session),
                    verdict: session.diagnosis.summary.clone(),
                    differences: differences(&expect, session),
                });
            }
        }
        checked
    }

    fn compare_counts(&self, sessions: &[Session], out: &mut Vec<Difference>) {
        let mut summary = Summary::default();
        sessions.iter().for_each(|session| summary.add(session));
        for Count { what, number } in &self.counts {
            let found = match what.as_str() {
                "sessions" => summary.sessions,
                "established" => summary.established,
                "refused" => summary.refused,
                "failed" => summary.failed,
                "incomplete" => summary.incomplete,
                cause => sessions.iter().filter(|session| session.diagnosis.cause == cause).count() as u64,
            };
            out.extend(number_differs(what, number, found));
        }
    }

    fn number_of_fitting(&self, expected: &SessionExpectation, fit: u64) -> Option<Difference> {
        let counted = self.counts.iter().any(|count| count.what == "sessions");
        let everything = expected.select == Select::default();
        let plain = |what: String, expected: &str| {
            Some(Difference { what, expected: expected.to_owned(), found: fit.to_string(), edit: None })
        };
        match &expected.matches {
            Some(number) => number_differs(&format!("sessions that {}", expected.select.words()), number, fit),
            None if everything && !counted && fit > 1 => {
                plain("sessions".to_owned(), "1 (where there are more, say which is meant, or how many there are)")
            }
            None if everything && !counted && fit == 0 => plain("sessions".to_owned(), "1"),
            None if fit == 0 => plain(format!("sessions that {}", expected.select.words()), "at least 1"),
            None => None,
        }
    }
}

fn number_differs(what: &str, expected: &Given<u64>, found: u64) -> Option<Difference> {
    (expected.value != found).then(|| Difference {
        what: what.to_owned(),
        expected: expected.value.to_string(),
        found: found.to_string(),
        edit: Some(Edit { span: expected.span.clone(), text: found.to_string() }),
    })
}

impl Select {
    fn fits(&self, number: u64, session: &Session) -> bool {
        let ends = [&session.client, &session.server];
        let index = self.index.is_none_or(|index| index == number);
        let address = self.address.as_ref().is_none_or(|address| ends.iter().any(|end| same(&end.address, address)));
        let port = self.port.is_none_or(|port| ends.iter().any(|end| end.port == Some(port)));
        let client = self.client.as_deref().is_none_or(|end| is_end(&session.client, end));
        let server = self.server.as_deref().is_none_or(|end| is_end(&session.server, end));
        let sni = self.sni.as_ref().is_none_or(|name| session.tls.server_name.as_ref() == Some(name));
        index && address && port && client && server && sni
    }

    fn words(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.index.map(|index| format!("are number {index}")));
        parts.extend(self.address.as_ref().map(|address| format!("have an end at {address}")));
        parts.extend(self.port.map(|port| format!("have an end at port {port}")));
        parts.extend(self.client.as_ref().map(|end| format!("come from {end}")));
        parts.extend(self.server.as_ref().map(|end| format!("go to {end}")));
        parts.extend(self.sni.as_ref().map(|name| format!("ask for {name}")));
        if parts.is_empty() { "there are".to_owned() } else { parts.join(" and ") }
    }
}

/// The same address, also where an IPv6 address is written in another way.
fn same(address: &str, wanted: &str) -> bool {
    let parsed = |text: &str| text.parse::<std::net::IpAddr>().ok();
    address == wanted || parsed(address).is_some_and(|one| Some(one) == parsed(wanted))
}

/// Whether `text` (`192.0.2.1`, `192.0.2.1:443`, `[2001:db8::1]:443`, `:443`) means that end.
fn is_end(end: &Endpoint, text: &str) -> bool {
    if same(&end.address, text) {
        return true;
    }
    let Some((address, port)) = text.rsplit_once(':') else { return false };
    let address = address.trim_start_matches('[').trim_end_matches(']');
    end.port.is_some_and(|own| port.parse() == Ok(own)) && (address.is_empty() || same(&end.address, address))
}

/// The two ends of a session and the name asked for.
fn label(session: &Session) -> String {
    let name = session.tls.server_name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
    format!("{} → {}{name}", session.client, session.server)
}

fn differences(expect: &Expect, session: &Session) -> Vec<Difference> {
    let mut out = Vec::new();
    let (judged, mut of_cause) = cause(expect, session);
    for key in &words::KEYS {
        let Some(given) = expect.words.get(key.name) else { continue };
        if key.name == "cause" {
            out.extend(of_cause.take());
            continue;
        }
        if key.of_cause && !judged {
            continue;
        }
        let found = (key.found)(session);
        if found.as_ref().is_some_and(|found| given.value.contains(found)) {
            continue;
        }
        let edit = found.as_ref().map(|found| edit(given, found));
        out.push(difference(key.name, given.value.join(" or "), found.unwrap_or_else(|| "(absent)".to_owned()), edit));
    }
    if judged {
        confidence(expect, session, &mut out);
    }
    alerts(expect, session, &mut out);
    fields(expect, session, &mut out);
    out
}

fn difference(what: &str, expected: String, found: String, edit: Option<Edit>) -> Difference {
    Difference { what: what.to_owned(), expected, found, edit }
}

fn edit<T>(given: &Given<T>, found: &str) -> Edit {
    Edit { span: given.span.clone(), text: toml_value(&Value::from(found)) }
}

/// Whether side, confidence and evidence are those of the expected cause, and what is wrong with it.
fn cause(expect: &Expect, session: &Session) -> (bool, Option<Difference>) {
    let Some(given) = expect.words.get("cause") else { return (true, None) };
    let diagnosis = &session.diagnosis;
    if given.value.contains(&diagnosis.cause) {
        return (true, None);
    }
    let acceptable = expect.acceptable.as_deref().unwrap_or_default();
    if acceptable.contains(&diagnosis.cause) && diagnosis.confidence != Confidence::Certain {
        return (false, None);
    }
    let mut expected = given.value.join(" or ");
    if !acceptable.is_empty() {
        expected = format!("{expected} (or, not as certain, {})", acceptable.join(" or "));
    }
    let found = format!("{} ({})", diagnosis.cause, diagnosis.confidence);
    (false, Some(difference("cause", expected, found, Some(edit(given, &diagnosis.cause)))))
}

fn confidence(expect: &Expect, session: &Session, out: &mut Vec<Difference>) {
    let found = session.diagnosis.confidence;
    // The surest comes first.
    if let Some(given) = expect.at_least.as_ref().filter(|given| found > given.value) {
        let expected = format!("at least {}", given.value);
        out.push(difference("confidence_at_least", expected, found.to_string(), Some(edit(given, found.name()))));
    }
    let evidence = &session.diagnosis.evidence;
    for packet in expect.cites.iter().flatten() {
        if !evidence.iter().any(|one| one.packet == *packet) {
            let mut cited: Vec<u64> = evidence.iter().map(|one| one.packet).collect();
            cited.sort_unstable();
            cited.dedup();
            let cited: Vec<String> = cited.iter().map(ToString::to_string).collect();
            let found = if cited.is_empty() { "none".to_owned() } else { cited.join(", ") };
            out.push(difference("cites", format!("packet {packet}"), found, None));
        }
    }
}

/// The alerts that an expectation lists: a close_notify only where it speaks of one.
fn alerts(expect: &Expect, session: &Session, out: &mut Vec<Difference>) {
    const CLOSE_NOTIFY: Option<u8> = Some(0);
    let Some(given) = &expect.alerts else { return };
    let with_closing = given.value.iter().any(|pattern| pattern.code == CLOSE_NOTIFY);
    let found: Vec<_> = session.alerts.iter().filter(|alert| with_closing || alert.code != CLOSE_NOTIFY).collect();
    let fits = found.len() == given.value.len() && given.value.iter().zip(&found).all(|(one, alert)| one.fits(alert));
    if fits {
        return;
    }
    let found: Vec<String> = found.into_iter().map(words::alert).collect();
    let expected = given.value.iter().map(ToString::to_string).collect::<Vec<_>>();
    let edit = Edit { span: given.span.clone(), text: list(&found) };
    out.push(difference("alerts", all_of(&expected), all_of(&found), Some(edit)));
}

fn all_of(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn fields(expect: &Expect, session: &Session, out: &mut Vec<Difference>) {
    if expect.present.is_empty() && expect.absent.is_empty() && expect.fields.is_empty() {
        return;
    }
    let Ok(json) = serde_json::to_value(session) else { return };
    for path in expect.present.iter().filter(|path| json.pointer(path).is_none()) {
        out.push(difference(path, "to be present".to_owned(), "(absent)".to_owned(), None));
    }
    for path in &expect.absent {
        if let Some(value) = json.pointer(path) {
            out.push(difference(path, "to be absent".to_owned(), pointer::shown(Some(value)), None));
        }
    }
    for (path, given) in &expect.fields {
        let found = json.pointer(path);
        if found != Some(&given.value) {
            let edit = found
                .filter(|found| !found.is_object())
                .map(|found| Edit { span: given.span.clone(), text: toml_value(found) });
            out.push(difference(path, pointer::shown(Some(&given.value)), pointer::shown(found), edit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::Expectations;
    use crate::report::sample;

    fn told(text: &str, keys: Keys, sessions: &[Session]) -> Vec<String> {
        let expected = Expectations::parse(text).expect("an expectation");
        expected.captures[0].compare(keys, sessions).all().map(ToString::to_string).collect()
    }

    fn plain(text: &str) -> Vec<String> {
        told(text, Keys::AsGiven, &[sample::expired()])
    }

    #[test]
    fn what_is_true_is_met_and_what_is_not_is_told() {
        assert!(
            plain("outcome = [\"failed\", \"refused\"]\nversion = \"1.2\"\nclient_auth = \"requested-presented\"")
                .is_empty()
        );
        assert!(plain("alerts = [\"certificate_expired\"]\nsni = \"payments.internal.example\"").is_empty());
        assert_eq!(plain("alerts = []"), ["alerts: expected none, found server fatal certificate_expired"]);
        assert_eq!(
            plain("alpn = \"h2\"\nside = \"server\""),
            ["side: expected server, found client", "alpn: expected h2, found (absent)"]
        );
        assert_eq!(plain("cites = [9, 10]"), ["cites: expected packet 10, found 9, 11"]);
    }

    #[test]
    fn fields_are_reached_by_their_paths() {
        assert!(plain("present = [\"/certificates/client/0/subject\"]\nabsent = [\"/server_hello\"]").is_empty());
        assert_eq!(plain("absent = [\"/tls/group\"]"), ["/tls/group: expected to be absent, found x25519"]);
        assert_eq!(plain("present = [\"/server_hello\"]"), ["/server_hello: expected to be present, found (absent)"]);
        assert!(plain("[fields]\n\"/tls/resumed\" = false\n\"/server/port\" = 8443").is_empty());
        assert_eq!(plain("[fields]\n\"/tls/resumed\" = true"), ["/tls/resumed: expected true, found false"]);
    }

    #[test]
    fn another_acceptable_cause_may_not_be_certain_and_is_not_measured_by_the_first() {
        let text = "cause = \"none\"\nside = \"none\"\nacceptable = [\"client-cert-expired\"]";
        assert_eq!(
            plain(text),
            ["cause: expected none (or, not as certain, client-cert-expired), found client-cert-expired (certain)"]
        );
        let mut doubtful = sample::expired();
        doubtful.diagnosis.confidence = Confidence::Likely;
        assert!(told(text, Keys::AsGiven, &[doubtful.clone()]).is_empty());
        assert_eq!(
            told("confidence_at_least = \"certain\"", Keys::AsGiven, &[doubtful.clone()]),
            ["confidence_at_least: expected at least certain, found likely"]
        );
        assert!(told("confidence_at_least = \"possible\"", Keys::AsGiven, &[doubtful]).is_empty());
    }

    #[test]
    fn each_view_has_its_own_words_in_place_of_the_general_ones() {
        let text = "outcome = \"failed\"\ncause = \"none\"\n[keys]\ncause = \"client-cert-expired\"\n[nokeys]\nconfidence = \"likely\"";
        let session = [sample::expired()];
        assert!(told(text, Keys::With, &session).is_empty());
        assert_eq!(told(text, Keys::Without, &session), ["cause: expected none, found client-cert-expired (certain)"]);
    }

    #[test]
    fn sessions_are_selected_and_counted() {
        let many = sample::many();
        let told = |text: &str| told(text, Keys::AsGiven, &many);
        let server = many[0].server.to_string();
        assert!(told(&format!("sessions = {}", many.len())).is_empty());
        assert_eq!(
            told("outcome = \"failed\"")[0],
            format!(
                "sessions: expected 1 (where there are more, say which is meant, or how many there are), found {}",
                many.len()
            )
        );
        assert!(
            told(&format!("session = 1\nselect = {{ server = \"{server}\" }}\npresent = [\"/client\"]")).is_empty()
        );
        assert_eq!(
            told("select = { sni = \"nobody.example\" }"),
            ["sessions that ask for nobody.example: expected at least 1, found 0"]
        );
        assert!(told("matches = 0\nselect = { port = 1 }").is_empty());
        assert_eq!(told("[counts]\nestablished = 99").len(), 1);
    }

    #[test]
    fn ends_are_written_in_several_ways() {
        let end = |address: &str| Endpoint { address: address.to_owned(), port: Some(443) };
        for text in ["2001:db8::1", "2001:0db8:0::1", "[2001:db8::1]:443", ":443"] {
            assert!(is_end(&end("2001:db8::1"), text), "{text}");
        }
        for text in ["2001:db8::2", "[2001:db8::1]:444", ":", "2001:db8::"] {
            assert!(!is_end(&end("2001:db8::1"), text), "{text}");
        }
        assert!(is_end(&end("192.0.2.1"), "192.0.2.1:443") && !is_end(&end("192.0.2.1"), "192.0.2.1:44"));
    }
}

//! What became of expectations, for people, programs and build servers.

use std::fmt::Write;
use std::io;

use serde::Serialize;

use crate::render::escape::is_unsafe;
use crate::render::{escape, json as layout};
use crate::report::check::{Case, CaseResult, Checked, Difference, Keys, Tally};

/// As text: what is not as expected, with the verdict that was given, and the number of all. `verbose` names
/// what is as expected, too. Errors are counted and not told: they belong on standard error.
pub fn text(cases: &[Case], verbose: bool) -> String {
    let mut out = String::new();
    for case in cases {
        let CaseResult::Checked(checked) = &case.result else { continue };
        if case.met && !verbose {
            continue;
        }
        let mark = if case.met { "✓" } else { "✗" };
        let _ = writeln!(out, "{mark} {}", escape(&title(case)));
        not_met(&mut out, checked);
    }
    let Tally { met, not_met, errors } = Tally::of(cases);
    let noun = if cases.len() == 1 { "check" } else { "checks" };
    let _ = write!(out, "{} {noun}: {met} as expected, {not_met} not", cases.len());
    if errors > 0 {
        let _ = write!(out, ", {errors} could not be made");
    }
    out.push('\n');
    out
}

/// A case in a line: the file of expectations, the capture, and the keys.
pub fn title(case: &Case) -> String {
    let capture = case.capture.as_ref().map(|capture| format!(" for {capture}")).unwrap_or_default();
    let keys = match &case.result {
        CaseResult::Checked(checked) => match checked.keys {
            Keys::AsGiven => "",
            Keys::With => ", with keys",
            Keys::Without => ", without keys",
        },
        CaseResult::Error { .. } => "",
    };
    format!("{}:{}{capture}{keys}", case.file, case.line)
}

fn not_met(out: &mut String, checked: &Checked) {
    /// Sessions that are told in full.
    const SHOWN: usize = 5;
    differences(out, &checked.differences);
    let differ = || checked.sessions.iter().filter(|session| !session.differences.is_empty());
    for session in differ().take(SHOWN) {
        let _ = writeln!(out, "    session {} ({}), of which tlswhy says:", session.session, escape(&session.label));
        let _ = writeln!(out, "    {}", escape(&session.verdict));
        differences(out, &session.differences);
    }
    let more = differ().count().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "    and {more} more sessions that are not as expected");
    }
}

fn differences(out: &mut String, differences: &[Difference]) {
    let width = differences.iter().map(|one| one.what.chars().count()).max().unwrap_or(0);
    for one in differences {
        let _ = writeln!(out, "      {:width$}  expected  {}", escape(&one.what), escape(&one.expected));
        let _ = writeln!(out, "      {:width$}  found     {}", "", escape(&one.found));
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    tally: Tally,
    cases: &'a [Case],
}

/// As one JSON object.
///
/// # Errors
/// Only where a value cannot be serialised, which none of these is.
pub fn json(cases: &[Case]) -> io::Result<String> {
    let mut out = Vec::new();
    layout::document(&mut out, &Document { tally: Tally::of(cases), cases })?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// As JUnit XML: a test suite for each file of expectations, a test case for each capture and view.
pub fn junit(cases: &[Case]) -> String {
    let tally = Tally::of(cases);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"tlswhy check\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        cases.len(),
        tally.not_met,
        tally.errors
    );
    for suite in cases.chunk_by(|one, other| one.file == other.file) {
        let name = suite.first().map(|case| xml(&case.file)).unwrap_or_default();
        let Tally { not_met, errors, .. } = Tally::of(suite);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{not_met}\" errors=\"{errors}\">",
            suite.len()
        );
        suite.iter().for_each(|case| test_case(&mut out, case));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn test_case(out: &mut String, case: &Case) {
    let (class, name) = (xml(case.capture.as_deref().unwrap_or(&case.file)), xml(&title(case)));
    let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\"");
    match &case.result {
        CaseResult::Error { error } => {
            let _ = writeln!(out, ">\n      <error message=\"{}\"/>\n    </testcase>", xml(error));
        }
        CaseResult::Checked(_) if case.met => out.push_str("/>\n"),
        CaseResult::Checked(checked) => {
            let first = checked.all().next().map(ToString::to_string).unwrap_or_default();
            let mut all = String::new();
            not_met(&mut all, checked);
            let _ = writeln!(
                out,
                ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                xml(&first),
                all.lines().map(xml).collect::<Vec<_>>().join("\n")
            );
        }
    }
}

/// Fit for an attribute or for text of XML, which has no place at all for most control characters.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if is_unsafe(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::Expectations;
    use crate::report::{Session, sample};

    fn case(text: &str, sessions: &[Session]) -> Case {
        let expected = Expectations::parse(text).expect("an expectation");
        let checked = expected.captures[0].compare(Keys::AsGiven, sessions);
        let (file, capture) = ("payments.toml".to_owned(), Some("payments.pcapng".to_owned()));
        Case { file, line: 1, capture, met: checked.is_met(), result: CaseResult::Checked(checked) }
    }

    fn cases() -> Vec<Case> {
        let expected = "outcome = \"established\"\ncause = \"none\"\nsni = \"a.example\"\nalerts = []";
        let error = Case {
            file: "broken.toml".to_owned(),
            line: 3,
            capture: None,
            met: false,
            result: CaseResult::Error { error: "broken.toml:3: there is no key `<outcom>`".to_owned() },
        };
        vec![
            case(expected, &[sample::expired()]),
            case("outcome = \"failed\"", &[sample::expired()]),
            case("outcome = \"failed\"", &sample::many()),
            error,
        ]
    }

    #[test]
    fn what_is_not_met_is_told_with_the_verdict() {
        insta::assert_snapshot!(text(&cases()[..2], true));
    }

    #[test]
    fn build_servers_get_failures_and_errors() {
        insta::assert_snapshot!(junit(&cases()[..]));
    }

    #[test]
    fn programs_get_the_same() {
        let value: serde_json::Value = serde_json::from_str(&json(&cases()).expect("JSON")).expect("JSON");
        assert_eq!((&value["met"], &value["not_met"], &value["errors"]), (&1.into(), &2.into(), &1.into()));
        assert_eq!(value["cases"][0]["sessions"][0]["differences"][0]["what"], "outcome");
        assert_eq!(value["cases"][3]["error"], "broken.toml:3: there is no key `<outcom>`");
    }

    #[test]
    fn nothing_hostile_reaches_a_terminal_or_breaks_the_xml() {
        let cases = [case("outcome = \"established\"\nsni = \"x\"", &[sample::hostile()])];
        assert!(!cases[0].met);
        for text in [text(&cases, true), junit(&cases), json(&cases).expect("JSON")] {
            assert!(!text.chars().any(|c| c != '\n' && is_unsafe(c)), "{text}");
        }
        assert!(!junit(&cases).contains("<script"));
    }
}

//! From the text of an expectation to its meaning. A key that does not exist, a word that is none and a
//! value of another type are mistakes: an expectation that says less than its author believes is worse
//! than none.

use std::collections::BTreeMap;

use crate::report::Confidence;
use crate::report::check::table::{self, Given, Table};
use crate::report::check::words::{self, AlertPattern, KEYS};
use crate::report::check::{
    CaptureExpectation, Count, Expect, Expectations, Keys, Mistake, Select, SessionExpectation, Trust, pointer,
};

/// Free text for a person; not looked at.
const REMARKS: [&str; 6] = ["what", "note", "client", "server", "date", "recipe"];

pub(super) fn expectations(source: &str) -> Result<Expectations, Mistake> {
    let mut file = table::parse(source)?;
    let captures = file.tables("capture")?;
    if captures.is_empty() {
        let one = capture(file, false)?;
        return Ok(Expectations { captures: vec![one] });
    }
    for remark in REMARKS {
        file.remark(remark)?;
    }
    file.done()?;
    let captures = captures.into_iter().map(|table| capture(table, true)).collect::<Result<_, _>>()?;
    Ok(Expectations { captures })
}

fn capture(mut table: Table<'_>, one_of_many: bool) -> Result<CaptureExpectation, Mistake> {
    for remark in REMARKS {
        table.remark(remark)?;
    }
    let line = table.line();
    let file = table.text("file")?.map(|file| file.value);
    if one_of_many && file.is_none() {
        return Err(Mistake { line, text: "this [[capture]] has no `file`".to_owned() });
    }
    let key_log = strings(&mut table, "keylog")?;
    let server_key = strings(&mut table, "server_key")?;
    let trust = match table.table("trust")? {
        Some(trust) => self::trust(trust)?,
        None => Trust::default(),
    };
    let counts = counts(&mut table)?;
    // A number says which session is meant; a list says something of each.
    let tables = if table.has_list("session") { table.tables("session")? } else { Vec::new() };
    let whole = session(&mut table, line)?;
    table.done()?;
    let mut sessions = Vec::new();
    if tables.is_empty() {
        sessions.extend(whole.says_something().then_some(whole));
    } else if whole.says_something() {
        let text = "a file with [[session]] says everything about a session in such a table, and nothing outside";
        return Err(Mistake { line, text: text.to_owned() });
    } else {
        for mut table in tables {
            let line = table.line();
            let one = session(&mut table, line)?;
            table.done()?;
            sessions.push(one);
        }
    }
    Ok(CaptureExpectation { line, file, key_log, server_key, trust, counts, sessions })
}

fn session(table: &mut Table<'_>, line: usize) -> Result<SessionExpectation, Mistake> {
    let mut select = Select { index: table.number("session")?.map(|index| index.value), ..Select::default() };
    if select.index == Some(0) {
        return Err(Mistake { line, text: "sessions are numbered from 1".to_owned() });
    }
    if let Some(mut given) = table.table("select")? {
        for remark in [("client", &mut select.client), ("server", &mut select.server), ("sni", &mut select.sni)] {
            *remark.1 = given.text(remark.0)?.map(|text| text.value);
        }
        select.address = given.text("address")?.map(|text| text.value);
        if let Some(port) = given.number("port")? {
            let at = port.span.start;
            let number = u16::try_from(port.value).map_err(|_| given.mistake(at, "a port is at most 65535"))?;
            select.port = Some(number);
        }
        given.done()?;
    }
    let matches = table.number("matches")?;
    let base = expect(table)?;
    let mut view = |name| match table.table(name)? {
        Some(mut table) => {
            let found = expect(&mut table)?;
            table.done()?;
            Ok(Some(found))
        }
        None => Ok(None),
    };
    let (keys, no_keys) = (view(Keys::With.table())?, view(Keys::Without.table())?);
    Ok(SessionExpectation { line, select, matches, base, keys, no_keys })
}

fn expect(table: &mut Table<'_>) -> Result<Expect, Mistake> {
    let mut words = BTreeMap::new();
    for key in &KEYS {
        let Some(given) = table.words(key.name)? else { continue };
        known(table, key.name, &given.value, &(key.all)())?;
        let value = given.value.into_iter().map(|word| word.value).collect();
        words.insert(key.name, Given { value, span: given.span });
    }
    let at_least = match table.text("confidence_at_least")? {
        Some(given) => {
            let found = Confidence::ALL.iter().copied().find(|one| one.name() == given.value);
            let all: Vec<String> = Confidence::ALL.iter().map(ToString::to_string).collect();
            let value = found.ok_or_else(|| {
                table.mistake(given.span.start, words::unknown("confidence", &given.value, &all).unwrap_or_default())
            })?;
            Some(Given { value, span: given.span })
        }
        None => None,
    };
    let acceptable = table.words("acceptable")?;
    if let Some(given) = &acceptable {
        known(table, "cause", &given.value, &words::causes())?;
    }
    let acceptable = acceptable.map(|given| given.value.into_iter().map(|word| word.value).collect());
    let cites = table.numbers("cites")?;
    let alerts = alerts(table)?;
    let present = paths(table, "present")?;
    let absent = paths(table, "absent")?;
    let mut fields = BTreeMap::new();
    if let Some(mut given) = table.table("fields")? {
        for (path, value) in given.rest() {
            if let Some(flaw) = pointer::flaw(&path.value) {
                return Err(table.mistake(path.span.start, flaw));
            }
            fields.insert(path.value, value);
        }
    }
    Ok(Expect { words, at_least, acceptable, cites, alerts, present, absent, fields })
}

fn known(table: &Table<'_>, kind: &str, given: &[Given<String>], all: &[String]) -> Result<(), Mistake> {
    let wrong = given.iter().find_map(|word| Some((word.span.start, words::unknown(kind, &word.value, all)?)));
    wrong.map_or(Ok(()), |(at, text)| Err(table.mistake(at, text)))
}

fn alerts(table: &mut Table<'_>) -> Result<Option<Given<Vec<AlertPattern>>>, Mistake> {
    let Some(given) = table.words("alerts")? else { return Ok(None) };
    let one =
        |word: &Given<String>| AlertPattern::parse(&word.value).map_err(|text| table.mistake(word.span.start, text));
    let value = given.value.iter().map(one).collect::<Result<_, _>>()?;
    Ok(Some(Given { value, span: given.span }))
}

fn paths(table: &mut Table<'_>, key: &'static str) -> Result<Vec<String>, Mistake> {
    let Some(given) = table.words(key)? else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    for path in given.value {
        if let Some(flaw) = pointer::flaw(&path.value) {
            return Err(table.mistake(path.span.start, flaw));
        }
        paths.push(path.value);
    }
    Ok(paths)
}

fn strings(table: &mut Table<'_>, key: &'static str) -> Result<Vec<String>, Mistake> {
    Ok(table.words(key)?.map(|given| given.value.into_iter().map(|word| word.value).collect()).unwrap_or_default())
}

fn trust(mut table: Table<'_>) -> Result<Trust, Mistake> {
    let trust = Trust {
        client_ca: strings(&mut table, "client_ca")?,
        server_ca: strings(&mut table, "server_ca")?,
        crl: strings(&mut table, "crl")?,
        server_name: table.text("server_name")?.map(|name| name.value),
    };
    table.done()?;
    Ok(trust)
}

/// What is counted, by its name in the report's summary.
const COUNTED: [&str; 5] = ["sessions", "established", "refused", "failed", "incomplete"];

fn counts(table: &mut Table<'_>) -> Result<Vec<Count>, Mistake> {
    let mut counts = Vec::new();
    let count = |what: &str, number: Given<u64>| Count { what: what.to_owned(), number };
    counts.extend(table.number("sessions")?.map(|number| count("sessions", number)));
    let Some(mut given) = table.table("counts")? else { return Ok(counts) };
    for what in COUNTED {
        counts.extend(given.number(what)?.map(|number| count(what, number)));
    }
    if let Some(mut causes) = given.table("causes")? {
        for (cause, value) in causes.rest() {
            if let Some(text) = words::unknown("cause", &cause.value, &words::causes()) {
                return Err(given.mistake(cause.span.start, text));
            }
            let number = value.value.as_u64().ok_or_else(|| {
                given.mistake(value.span.start, format!("`{}` has to be a whole number from 0", cause.value))
            })?;
            counts.push(count(&cause.value, Given { value: number, span: value.span }));
        }
    }
    given.done()?;
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::report::check::{Edit, Expectations, Keys, apply};
    use crate::report::sample;

    proptest! {
        #[test]
        fn no_text_is_too_odd(parts in prop::collection::vec(prop::sample::select(vec![
            "outcome", "cause", "[keys]", "[[session]]", "[[capture]]", "[fields]", "[counts]", "session", "select",
            "sessions", "alerts", " = ", "\n", "\"failed\"", "\"ž\u{202e}\"", "-1", "99999999999999999999", "[", "]",
            "{ port = 1 }", "\"/tls/alpn\"", "\"/\"", "\"\"", "0x7f", "1e9", "inf", "2026-01-01", "'''", "#", ",",
        ]), 0..12)) {
            let text = parts.concat();
            if let Ok(expected) = Expectations::parse(&text) {
                for one in &expected.captures {
                    let checked = one.compare(Keys::Without, &[sample::expired()]);
                    let edits: Vec<Edit> = checked.all().filter_map(|one| one.edit.clone()).collect();
                    prop_assert!(Expectations::parse(&apply(&text, &edits)).is_ok(), "{}", text);
                }
            }
        }
    }

    fn mistake(text: &str) -> String {
        Expectations::parse(text).expect_err("a mistake").to_string()
    }

    #[test]
    fn a_typo_is_a_mistake_on_its_line() {
        for (text, expected) in [
            ("outcom = \"failed\"", "line 1: there is no key `outcom`; did you mean `outcome`?"),
            (
                "\ncause = \"client-cert-expird\"",
                "line 2: `client-cert-expird` is no cause; did you mean `client-cert-expired`?",
            ),
            ("cause = [\"none\",\n\"nonne\"]", "line 2: `nonne` is no cause; did you mean `none`?"),
            ("outcome = 1", "line 1: `outcome` has to be a string or a list of strings, and is of type integer"),
            (
                "confidence_at_least = \"sure\"",
                "line 1: `sure` is no confidence: it is one of certain, likely, possible",
            ),
            ("[keys]\ncites = 3", "line 2: `cites` has to be a list of whole numbers, and is of type integer"),
            ("[keys]\nwhat = \"x\"", "line 2: there is no key `what` in [keys]"),
            ("absent = [\"/tls/apln\"]", "line 1: there is no `apln` in /tls; did you mean `alpn`?"),
            ("[fields]\n\"/tls/alpnn\" = \"h2\"", "line 2: there is no `alpnn` in /tls; did you mean `alpn`?"),
            (
                "alerts = [\"server unknown_cca\"]",
                "line 1: `unknown_cca` is no alert; did you mean `unknown_ca`?; an alert is written like \"server fatal unknown_ca\", one that cannot be read \"hidden\"",
            ),
            ("[counts]\nsesions = 1", "line 2: there is no key `sesions` in [counts]; did you mean `sessions`?"),
            ("[counts.causes]\nnonne = 1", "line 2: `nonne` is no cause; did you mean `none`?"),
            (
                "[[session]]\nselect = { prt = 1 }",
                "line 2: there is no key `prt` in [session.select]; did you mean `port`?",
            ),
            ("[[session]]\nselect = { port = 70000 }", "line 2: a port is at most 65535"),
            ("session = 0", "line 1: sessions are numbered from 1"),
            ("[[capture]]\noutcome = \"failed\"", "line 1: this [[capture]] has no `file`"),
        ] {
            assert_eq!(mistake(text), expected, "{text}");
        }
        assert!(mistake("outcome = \"failed\"\n[[session]]\nsession = 1").contains("[[session]]"));
        assert!(mistake("outcome = \"failed\"\noutcome = \"failed\"").starts_with("line 2: not TOML: duplicate key"));
    }

    #[test]
    fn a_file_may_speak_of_many_captures() {
        let text = "what = \"all\"\n[[capture]]\nfile = \"a\"\nsessions = 1\n[[capture]]\nfile = \"b\"\n[capture.nokeys]\noutcome = \"failed\"\n";
        let captures = Expectations::parse(text).expect("expectations").captures;
        assert_eq!(
            captures.iter().map(|one| (one.line, one.file.as_deref())).collect::<Vec<_>>(),
            [(2, Some("a")), (5, Some("b"))]
        );
        assert_eq!(captures[0].views(), [Keys::AsGiven]);
        assert_eq!(captures[1].views(), [Keys::Without]);
    }
}

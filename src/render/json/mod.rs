//! The report as one JSON object, written as sessions come: what is known last, the captures and the
//! summary, stands last, so that a capture of any size needs no more memory than one session.

mod certificates;
mod compact;
mod session;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use self::compact::Compact;
use crate::render::escape::is_unsafe;
use crate::report::{Capture, Generator, SCHEMA_VERSION, Session, Summary};

/// What fits into so many columns is written on one line.
const LINE: usize = 120;

/// Writes a report session by session.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    sessions: u64,
}

impl<W: Write> Writer<W> {
    /// Begins the object.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"{\n \"schema_version\": ")?;
        write_value(&mut out, &value(SCHEMA_VERSION)?, 1)?;
        out.write_all(b",\n \"generator\": ")?;
        write_value(&mut out, &value(&Generator::default())?, 1)?;
        out.write_all(b",\n \"sessions\": [")?;
        Ok(Self { out, sessions: 0 })
    }

    /// Adds a session.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn session(&mut self, session: &Session) -> io::Result<()> {
        self.out.write_all(if self.sessions == 0 { b"\n  " } else { b",\n  " })?;
        self.sessions += 1;
        write_value(&mut self.out, &value(session)?, 2)
    }

    /// Ends the object, and hands the writer below back.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn finish(mut self, captures: &[Capture], summary: &Summary) -> io::Result<W> {
        self.out.write_all(if self.sessions == 0 { b"]" } else { b"\n ]" })?;
        self.out.write_all(b",\n \"captures\": ")?;
        write_value(&mut self.out, &value(captures)?, 1)?;
        self.out.write_all(b",\n \"summary\": ")?;
        write_value(&mut self.out, &value(summary)?, 1)?;
        self.out.write_all(b"\n}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes any value in the report's layout, and a line end: for the schema, and for what other commands
/// print.
///
/// # Errors
/// Those of `out`.
pub fn document<W: Write, T: Serialize + ?Sized>(out: &mut W, document: &T) -> io::Result<()> {
    write_value(out, &value(document)?, 0)?;
    out.write_all(b"\n")
}

pub(super) fn value<T: Serialize + ?Sized>(from: &T) -> io::Result<Value> {
    serde_json::to_value(from).map_err(io::Error::from)
}

fn write_value<W: Write>(out: &mut W, value: &Value, depth: usize) -> io::Result<()> {
    if fits(value, LINE.saturating_sub(depth)) {
        return compact(out, value, true);
    }
    let (open, close, len) = match value {
        Value::Array(items) => (b"[", b"]", items.len()),
        Value::Object(fields) => (b"{", b"}", fields.len()),
        _ => return compact(out, value, true),
    };
    out.write_all(open)?;
    for (index, (name, item)) in children(value).enumerate() {
        new_line(out, depth + 1)?;
        if let Some(name) = name {
            string(out, name)?;
            out.write_all(b": ")?;
        }
        write_value(out, item, depth + 1)?;
        if index + 1 < len {
            out.write_all(b",")?;
        }
    }
    new_line(out, depth)?;
    out.write_all(close)
}

fn children(value: &Value) -> Box<dyn Iterator<Item = (Option<&str>, &Value)> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter().map(|item| (None, item))),
        Value::Object(fields) => Box::new(fields.iter().map(|(name, item)| (Some(name.as_str()), item))),
        _ => Box::new(std::iter::empty()),
    }
}

fn new_line<W: Write>(out: &mut W, depth: usize) -> io::Result<()> {
    out.write_all(b"\n")?;
    (0..depth).try_for_each(|_| out.write_all(b" "))
}

/// Whether `value` takes at most `room` columns on one line.
fn fits(value: &Value, room: usize) -> bool {
    fn rest(value: &Value, room: usize) -> Option<usize> {
        let own = match value {
            Value::Null | Value::Bool(true) => 4,
            Value::Bool(false) => 5,
            Value::Number(number) => number.to_string().len(),
            Value::String(text) => text.len() + 2,
            Value::Array(_) | Value::Object(_) => 2,
        };
        children(value).try_fold(room.checked_sub(own)?, |room, (name, item)| {
            rest(item, room.checked_sub(2 + name.map_or(0, |name| name.len() + 4))?)
        })
    }
    rest(value, room).is_some()
}

/// Writes on one line whatever can be serialised, without building a tree of it first.
///
/// # Errors
/// Those of `out`.
pub(super) fn line<W: Write, T: Serialize + ?Sized>(out: &mut W, from: &T) -> io::Result<()> {
    let mut text = Vec::new();
    append(&mut text, from)?;
    out.write_all(&text)
}

/// Appends on one line whatever can be serialised.
///
/// # Errors
/// Where it has no form in JSON.
pub(super) fn append<T: Serialize + ?Sized>(out: &mut Vec<u8>, from: &T) -> io::Result<()> {
    from.serialize(Compact(out)).map_err(io::Error::other)
}

/// Appends a session on one line.
///
/// # Errors
/// Where it has no form in JSON.
pub(super) fn append_session(out: &mut Vec<u8>, session: &Session) -> io::Result<()> {
    session::session(out, session).map_err(io::Error::other)
}

/// Writes a value on one line; `airy` with a space after each comma and colon.
pub(super) fn compact<W: Write>(out: &mut W, value: &Value, airy: bool) -> io::Result<()> {
    let (open, close) = match value {
        Value::String(text) => return string(out, text),
        Value::Array(_) => (b"[", b"]"),
        Value::Object(_) => (b"{", b"}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => return write!(out, "{value}"),
    };
    out.write_all(open)?;
    for (index, (name, item)) in children(value).enumerate() {
        if index > 0 {
            out.write_all(if airy { b", " } else { b"," })?;
        }
        if let Some(name) = name {
            string(out, name)?;
            out.write_all(if airy { b": " } else { b":" })?;
        }
        compact(out, item, airy)?;
    }
    out.write_all(close)
}

/// A JSON string. What a terminal would obey is written as `\uXXXX`, which reads as the same string:
/// JSON is looked at on terminals, too.
fn string<W: Write>(out: &mut W, text: &str) -> io::Result<()> {
    line(out, text)
}

/// What stands between the quotes of a JSON string.
fn clean<W: Write + ?Sized>(out: &mut W, text: &str) -> io::Result<()> {
    let mut clean = text;
    while let Some((at, c)) = clean.char_indices().find(|(_, c)| is_unsafe(*c)) {
        let (before, after) = clean.split_at_checked(at).unwrap_or((clean, ""));
        out.write_all(before.as_bytes())?;
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        clean = after.get(c.len_utf8()..).unwrap_or("");
    }
    out.write_all(clean.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, sample};

    fn written(report: &Report) -> String {
        let mut writer = Writer::new(Vec::new()).expect("begun");
        for session in &report.sessions {
            writer.session(session).expect("written");
        }
        let bytes = writer.finish(&report.captures, &report.summary).expect("ended");
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn what_is_streamed_is_the_report() {
        for sessions in [vec![], vec![sample::expired()], vec![sample::expired(), sample::established()]] {
            let report = sample::report(sessions);
            let read: Report = serde_json::from_str(&written(&report)).expect("a report");
            assert_eq!(read, report);
        }
    }

    #[test]
    fn lines_are_short_enough_to_compare() {
        let text = written(&sample::report(vec![sample::expired()]));
        assert!(text.lines().count() > 60, "{text}");
        assert!(text.lines().all(|line| line.len() < 260), "{text}");
        assert!(text.contains("\n   \"outcome\": \"failed\",\n"), "{text}");
    }

    #[test]
    fn hostile_names_are_written_so_that_no_terminal_obeys_them() {
        let hostile = "a\u{9b}2J\u{202e}\u{7f}\u{1b}\"\\\n\u{e0041}";
        let mut session = sample::expired();
        session.tls.server_name = Some(hostile.to_owned());
        let report = sample::report(vec![session]);
        let text = written(&report);
        assert!(!text.chars().any(|c| c != '\n' && is_unsafe(c)));
        let read: Report = serde_json::from_str(&text).expect("a report");
        assert_eq!(read.sessions[0].tls.server_name.as_deref(), Some(hostile));
    }
}

//! Where a report goes: its format, and the file or standard output behind it.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::Format;
use crate::cli::options::ReportOptions;
use crate::error::Error;
use crate::render::text::Style;
use crate::render::{json, jsonl, text};
use crate::report::across::Across;
use crate::report::{Capture, Generator, Report, SCHEMA_VERSION, Session, Summary};

/// Takes sessions one by one and writes them in the format asked for.
pub(super) struct Output {
    /// For messages.
    name: PathBuf,
    state: State,
    summary: Summary,
    across: Across,
    style: Style,
    /// Each line is to be seen at once: an input may not have ended yet.
    live: bool,
}

type Target = Box<dyn Write>;

enum State {
    /// Text needs all sessions before the first line.
    Text {
        out: Target,
        sessions: Vec<Session>,
    },
    /// Nothing is written before a capture was found to be one.
    JsonToCome {
        out: Target,
    },
    Json {
        writer: json::Writer<Target>,
    },
    Jsonl {
        out: Target,
    },
    /// Writing failed: nothing more is tried.
    Broken,
}

impl Output {
    /// Opens the target.
    pub(super) fn open(options: &ReportOptions) -> Result<Self, Error> {
        let out = target(options)?;
        let state = match options.format {
            Format::Text => State::Text { out, sessions: Vec::new() },
            Format::Json => State::JsonToCome { out },
            Format::Jsonl => State::Jsonl { out },
        };
        let name = options.output.clone().unwrap_or_else(|| PathBuf::from("standard output"));
        Ok(Self {
            name,
            state,
            summary: Summary::default(),
            across: Across::default(),
            style: options.style.clone(),
            live: false,
        })
    }

    pub(super) fn set_live(&mut self, live: bool) {
        self.live = live;
    }

    /// Adds a session.
    ///
    /// # Errors
    /// When it cannot be written; nothing is written any more then.
    pub(super) fn session(&mut self, session: Session) -> io::Result<()> {
        self.summary.add(&session);
        self.across.add(&session);
        let written = self.try_session(session);
        if written.is_err() {
            self.state = State::Broken;
        }
        written
    }

    fn try_session(&mut self, session: Session) -> io::Result<()> {
        if matches!(self.state, State::JsonToCome { .. }) {
            self.begin_json()?;
        }
        match &mut self.state {
            State::Text { sessions, .. } => sessions.push(session),
            State::Json { writer } => writer.session(&session)?,
            State::Jsonl { out } => {
                jsonl::session(out, &session)?;
                if self.live {
                    out.flush()?;
                }
            }
            State::JsonToCome { .. } | State::Broken => {}
        }
        Ok(())
    }

    fn begin_json(&mut self) -> io::Result<()> {
        self.state = match std::mem::replace(&mut self.state, State::Broken) {
            State::JsonToCome { out } => State::Json { writer: json::Writer::new(out)? },
            other => other,
        };
        Ok(())
    }

    /// Everything is read: writes what is still to be written. Where no capture could be read at
    /// all, nothing is.
    pub(super) fn finish(mut self, captures: Vec<Capture>) -> io::Result<()> {
        if captures.is_empty() {
            return Ok(());
        }
        self.begin_json()?;
        match self.state {
            State::Text { mut out, sessions } => {
                let sessions = in_order(sessions);
                self.summary.notes = Across::notes_on(&sessions);
                let report = Report {
                    schema_version: SCHEMA_VERSION.to_owned(),
                    generator: Generator::default(),
                    captures,
                    summary: self.summary,
                    sessions,
                };
                text::render(&mut out, &report, &self.style)?;
                out.flush()
            }
            State::Json { writer } => {
                self.summary.notes = self.across.notes();
                writer.finish(&captures, &self.summary).map(drop)
            }
            State::Jsonl { mut out } => out.flush(),
            State::JsonToCome { .. } | State::Broken => Ok(()),
        }
    }

    /// Why writing failed, for a person; `None` where the reader went away, which is his right.
    pub(super) fn failure(name: PathBuf, source: io::Error) -> Option<Error> {
        (source.kind() != ErrorKind::BrokenPipe).then_some(Error::Write { path: name, source })
    }

    pub(super) fn name(&self) -> PathBuf {
        self.name.clone()
    }
}

/// Sessions in the order of their first packets, numbered from 1.
fn in_order(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_by_key(|session| (session.capture, session.first_packet, session.id));
    for (id, session) in (1..).zip(&mut sessions) {
        session.id = id;
    }
    sessions
}

fn target(options: &ReportOptions) -> Result<Target, Error> {
    let Some(path) = &options.output else { return Ok(Box::new(BufWriter::new(io::stdout()))) };
    if options.captures.iter().any(|capture| is_same(capture, path)) {
        return Err(Error::OutputIsInput { path: path.clone() });
    }
    let mut how = OpenOptions::new();
    how.write(true);
    if options.force {
        how.create(true).truncate(true);
    } else {
        how.create_new(true);
    }
    let file = how.open(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Error::Exists { path: path.clone() },
        _ => Error::Write { path: path.clone(), source },
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

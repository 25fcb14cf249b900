//! Where a report goes: its format, and the file or standard output behind it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::Format;
use crate::cli::options::ReportOptions;
use crate::error::Error;
use crate::render::text::Style;
use crate::render::{ecs, html, json, jsonl, junit, markdown, sarif, text};
use crate::report::across::Across;
use crate::report::{Capture, Generator, Outcome, Report, SCHEMA_VERSION, Session, Summary};

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
    /// There are no other captures: even text may be told session by session.
    alone: bool,
    /// Sessions told before their end, by number: cause and outcome as told.
    told: BTreeMap<u64, (String, Outcome)>,
}

type Target = Box<dyn Write>;

enum State {
    /// All sessions are needed before the first line.
    Whole {
        out: Target,
        face: Face,
        sessions: Vec<Session>,
    },
    /// Nothing is written before a capture was found to be one.
    JsonToCome {
        out: Target,
    },
    Json {
        writer: json::Writer<Target>,
    },
    /// A line for each session, as they come.
    Lines {
        out: Target,
        ecs: bool,
    },
    /// Writing failed: nothing more is tried.
    Broken,
}

/// What is written at the end, of everything.
#[derive(Clone, Copy)]
enum Face {
    Text,
    Markdown,
    Html,
    Junit,
    Sarif,
}

impl Output {
    /// Opens the target.
    pub(super) fn open(options: &ReportOptions) -> Result<Self, Error> {
        let out = target(options)?;
        let whole = |out, face| State::Whole { out, face, sessions: Vec::new() };
        let state = match options.format {
            Format::Json => State::JsonToCome { out },
            Format::Jsonl => State::Lines { out, ecs: false },
            Format::Ecs => State::Lines { out, ecs: true },
            Format::Text => whole(out, Face::Text),
            Format::Markdown => whole(out, Face::Markdown),
            Format::Html => whole(out, Face::Html),
            Format::Junit => whole(out, Face::Junit),
            Format::Sarif => whole(out, Face::Sarif),
        };
        let name = options.output.clone().unwrap_or_else(|| PathBuf::from("standard output"));
        Ok(Self {
            name,
            state,
            summary: Summary::default(),
            across: Across::default(),
            style: options.style.clone(),
            live: false,
            alone: options.captures.len() == 1,
            told: BTreeMap::new(),
        })
    }

    /// Sessions are written as they come, in the order in which they end. Else they have to come in
    /// the order of their first packets.
    pub(super) fn streams(&self) -> bool {
        matches!(self.state, State::Lines { .. }) || self.tells_text()
    }

    /// Text is written session by session, because its only source may never end.
    fn tells_text(&self) -> bool {
        self.live && self.alone && matches!(self.state, State::Whole { face: Face::Text, .. })
    }

    pub(super) fn set_live(&mut self, live: bool) {
        self.live = live;
    }

    /// Adds a session of the capture `path`.
    ///
    /// # Errors
    /// When it cannot be written; nothing is written any more then.
    pub(super) fn session(&mut self, session: Box<Session>, path: &str) -> io::Result<()> {
        // Formats of one line a session have no place for what sessions say together.
        if !matches!(self.state, State::Lines { .. }) {
            self.summary.add(&session);
            self.across.add(&session);
        }
        if self.told.remove(&session.id).is_some_and(|told| told == verdict(&session)) {
            return Ok(());
        }
        let written = self.try_session(session, path);
        if written.is_err() {
            self.state = State::Broken;
        }
        written
    }

    /// Tells a session whose connection is not over, in the formats that have a place for it. It is told
    /// again only with another cause or outcome, under the same number.
    ///
    /// # Errors
    /// As [`Output::session`].
    pub(super) fn early(&mut self, session: Box<Session>, path: &str) -> io::Result<()> {
        let verdict = verdict(&session);
        if !self.live || !self.streams() || self.told.get(&session.id) == Some(&verdict) {
            return Ok(());
        }
        self.told.insert(session.id, verdict);
        let written = self.try_session(session, path);
        if written.is_err() {
            self.state = State::Broken;
        }
        written
    }

    fn try_session(&mut self, session: Box<Session>, path: &str) -> io::Result<()> {
        if matches!(self.state, State::JsonToCome { .. }) {
            self.begin_json()?;
        }
        let tells_text = self.tells_text();
        match &mut self.state {
            State::Whole { out, .. } if tells_text => {
                text::one_by_one(out, &session, &self.style)?;
                out.flush()?;
            }
            State::Whole { sessions, .. } => sessions.push(*session),
            State::Json { writer } => writer.session(&session)?,
            State::Lines { out, ecs } => {
                if *ecs {
                    ecs::session(out, &session, path)?;
                } else {
                    jsonl::session(out, &session)?;
                }
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
        let tells_text = self.tells_text();
        self.summary.notes = self.across.notes();
        match self.state {
            State::Whole { mut out, face, sessions } => {
                let report = Report {
                    schema_version: SCHEMA_VERSION.to_owned(),
                    generator: Generator::default(),
                    captures,
                    summary: self.summary,
                    sessions,
                };
                match face {
                    Face::Text if tells_text => text::at_the_end(&mut out, &report, &self.style)?,
                    Face::Text => text::render(&mut out, &report, &self.style)?,
                    Face::Markdown => markdown::render(&mut out, &report)?,
                    Face::Html => html::render(&mut out, &report)?,
                    Face::Junit => junit::render(&mut out, &report)?,
                    Face::Sarif => sarif::render(&mut out, &report)?,
                }
                out.flush()
            }
            State::Json { writer } => writer.finish(&captures, &self.summary).map(drop),
            State::Lines { mut out, .. } => out.flush(),
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

/// What makes telling a session again worth it.
fn verdict(session: &Session) -> (String, Outcome) {
    (session.diagnosis.cause.clone(), session.outcome)
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

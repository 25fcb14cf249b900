//! `tlswhy report`: every capture through the engine, every session to the output.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::cli::args::ReportArgs;
use crate::cli::complain;
use crate::cli::exit::Exit;
use crate::cli::options::{self, ReportOptions};
use crate::cli::output::Output;
use crate::cli::phrases;
use crate::cli::progress::Progress;
use crate::cli::read::{self, Event, Reading};
use crate::cli::stream;
use crate::error::Error;
use crate::report::redact::Redactor;
use crate::report::{Capture, Session};

/// Does what the arguments say.
pub(super) fn run(args: &ReportArgs) -> Result<Exit, Error> {
    let options = options::report(args)?;
    for note in &options.notes {
        complain(note);
    }
    for error in &options.missing {
        complain(&format!("error: {error}"));
    }
    let mut run = Run::new(&options, Output::open(&options)?);
    let reading = Reading::of(&options, if options.is_ongoing() { stream::interruption() } else { Arc::default() });
    read::all(&options.captures, &reading, &mut |index, event| run.event(index, event));
    run.end()
}

/// The report while it is made.
pub(super) struct Run<'a> {
    options: &'a ReportOptions,
    progress: Progress,
    output: Output,
    redactor: Option<Redactor>,
    captures: Vec<Capture>,
    /// The capture that is being read, as the report calls it.
    path: String,
    /// Its sessions, where they are told in the order of their first packets.
    held: Vec<Session>,
    /// Numbers of sessions that are told and not over, by the engine's.
    open: BTreeMap<u64, u64>,
    /// Sessions numbered so far.
    sessions: u64,
    /// Sessions that `--fail-on` minds.
    minded: u64,
    unreadable: bool,
    /// Why writing failed.
    broken: Option<std::io::Error>,
}

impl<'a> Run<'a> {
    /// Nothing is told yet.
    pub(super) fn new(options: &'a ReportOptions, output: Output) -> Self {
        Self {
            options,
            progress: Progress::new(options.captures.len(), output.streams()),
            output,
            redactor: options.redact.then(Redactor::default),
            captures: Vec::new(),
            path: String::new(),
            held: Vec::new(),
            open: BTreeMap::new(),
            sessions: 0,
            minded: 0,
            unreadable: !options.missing.is_empty(),
            broken: None,
        }
    }

    /// Takes what becomes of the capture with that index.
    pub(super) fn event(&mut self, index: usize, event: Event) -> ControlFlow<()> {
        match event {
            Event::Opened { live } => {
                self.output.set_live(live);
                self.path =
                    self.options.captures.get(index).map(|path| path.to_string_lossy()).unwrap_or_default().into();
                if let Some(redactor) = &mut self.redactor {
                    self.path = redactor.path(&self.path);
                }
            }
            Event::Read(_) => {}
            Event::Early(session) if self.output.streams() => self.number(session, true),
            Event::Early(_) => {}
            Event::Session(session) if self.output.streams() => self.number(session, false),
            Event::Session(session) => self.held.push(*session),
            Event::Ended { capture, error } => {
                let mut held = std::mem::take(&mut self.held);
                held.sort_by_key(|session| (session.first_packet, session.id));
                held.into_iter().for_each(|session| self.number(Box::new(session), false));
                self.open.clear();
                self.captures.extend(capture.map(|capture| *capture));
                if let Some(error) = error {
                    self.progress.clear();
                    complain(&format!("error: {error}"));
                    self.unreadable = true;
                }
                self.progress.done(index + 1, self.sessions);
            }
        }
        if self.broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Numbers come before anything is left out, so that a session keeps its own in every selection.
    fn number(&mut self, mut session: Box<Session>, early: bool) {
        let known = if early { self.open.get(&session.id).copied() } else { self.open.remove(&session.id) };
        let number = known.unwrap_or(self.sessions + 1);
        self.sessions = self.sessions.max(number);
        if early {
            self.open.insert(session.id, number);
        }
        session.id = number;
        session.capture = self.captures.len() as u64;
        if !early && self.options.fail_on.as_ref().is_some_and(|selection| selection.has(&session)) {
            self.minded += 1;
        }
        if self.options.only.as_ref().is_some_and(|selection| !selection.has(&session)) || self.broken.is_some() {
            return;
        }
        if let Some(redactor) = &mut self.redactor {
            redactor.session(&mut session);
        }
        let told =
            if early { self.output.early(session, &self.path) } else { self.output.session(session, &self.path) };
        if let Err(error) = told {
            self.broken = Some(error);
        }
    }

    /// Everything is read: what is left is written.
    pub(super) fn end(mut self) -> Result<Exit, Error> {
        self.progress.clear();
        if let Some(redactor) = &mut self.redactor {
            self.captures.iter_mut().for_each(|capture| redactor.capture(capture));
        }
        let name = self.output.name();
        let written = match self.broken {
            Some(error) => Err(error),
            None => self.output.finish(self.captures),
        };
        if let Err(source) = written
            && let Some(error) = Output::failure(name, source)
        {
            return Err(error);
        }
        if self.minded > 0 {
            complain(&phrases::minded(self.minded, self.sessions));
        }
        Ok(match (self.unreadable, self.minded) {
            (true, _) => Exit::Failed,
            (false, 0) => Exit::Done,
            (false, _) => Exit::NotMet,
        })
    }
}

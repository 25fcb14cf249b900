//! A capture that is still being written (a pipe, or a file that is followed): its sessions are told as
//! soon as they are judged, and its key logs may grow.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::capture::ReadError;
use crate::cli::args::Format;
use crate::cli::complain;
use crate::cli::exit::Exit;
use crate::cli::options::ReportOptions;
use crate::cli::output::Output;
use crate::cli::phrases;
use crate::cli::stream::{self, Bounded, Fed};
use crate::engine::{Engine, Options};
use crate::error::Error;
use crate::report::redact::Redactor;
use crate::report::{self, Capture, Session};
use crate::source::follow::WithKeys;
use crate::source::{self, Facts, Ongoing};

/// Problems listed for one capture.
const PROBLEMS: usize = 1_000;

/// Reads the one capture of `options` in this way, where it may not have ended and the format has a place for
/// sessions one by one. `None` where it is to be read as a file.
pub(super) fn run(options: &ReportOptions) -> Result<Option<Exit>, Error> {
    let [path] = options.captures.as_slice() else { return Ok(None) };
    if !options.is_ongoing() || !matches!(options.format, Format::Text | Format::Jsonl | Format::Ecs) {
        return Ok(None);
    }
    let interrupted = stream::interruption();
    let Some(source) = source::stream(path, options.follow, &interrupted)? else { return Ok(None) };
    let output = Output::open(options)?;
    let engine = Options {
        beliefs: options.beliefs.clone(),
        keys: options.keys.clone(),
        limits: options.limits.clone(),
        ..Options::default()
    };
    let engine = Engine::new(stream::ongoing(engine, true));
    let key_logs = stream::key_logs(&options.key_logs)?;
    let mut source = Bounded::new(WithKeys::new(source, key_logs), Arc::clone(&interrupted)).with_grace();
    let mut run = Run {
        options,
        output,
        redactor: options.redact.then(Redactor::default),
        path: path.to_string_lossy().into_owned(),
        minded: 0,
    };
    run.output.set_live(true);
    if let Some(redactor) = &mut run.redactor {
        run.path = redactor.path(&run.path);
    }
    let mut problems = Vec::new();
    let mut broken = None;
    let (sessions, read) = stream::feed(&mut source, engine, 0, 0, &mut |fed| {
        let told = match fed {
            Fed::Early(session) => run.tell(*session, true),
            Fed::Session(session) => run.tell(*session, false),
            Fed::Problem(problem) => {
                if problems.len() < PROBLEMS {
                    problems.push(report::problem(&problem));
                }
                Ok(())
            }
        };
        if let Err(error) = told {
            broken.get_or_insert(error);
            interrupted.store(true, Ordering::Relaxed);
        }
    });
    let failed = failure(path, source.facts(), read)?;
    let capture = capture(&run.path, source.facts(), problems);
    run.end(broken, capture, sessions, failed).map(Some)
}

struct Run<'a> {
    options: &'a ReportOptions,
    output: Output,
    redactor: Option<Redactor>,
    path: String,
    /// Sessions that `--fail-on` minds.
    minded: u64,
}

impl Run<'_> {
    fn tell(&mut self, mut session: Session, early: bool) -> std::io::Result<()> {
        if !early && self.options.fail_on.as_ref().is_some_and(|selection| selection.has(&session)) {
            self.minded += 1;
        }
        if self.options.only.as_ref().is_some_and(|selection| !selection.has(&session)) {
            return Ok(());
        }
        if let Some(redactor) = &mut self.redactor {
            redactor.session(&mut session);
        }
        if early { self.output.early(session, &self.path) } else { self.output.session(session, &self.path) }
    }

    fn end(
        self,
        broken: Option<std::io::Error>,
        capture: Capture,
        sessions: u64,
        failed: Option<Error>,
    ) -> Result<Exit, Error> {
        let name = self.output.name();
        let written = match broken {
            Some(error) => Err(error),
            None => self.output.finish(vec![capture]),
        };
        if let Err(source) = written
            && let Some(error) = Output::failure(name, source)
        {
            return Err(error);
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if self.minded > 0 {
            complain(&phrases::minded(self.minded, sessions));
            return Ok(Exit::NotMet);
        }
        Ok(Exit::Done)
    }
}

/// Why it could not be read to its end; an error at once where nothing could be read.
fn failure(path: &Path, facts: &Facts, read: Result<(), ReadError>) -> Result<Option<Error>, Error> {
    let path = path.to_owned();
    match read {
        Ok(()) => Ok(None),
        Err(ReadError::NotACapture { hint }) => Err(Error::NotACapture { path, hint }),
        Err(ReadError::Io(source)) if facts.packets == 0 => Err(Error::Read { path, source }),
        Err(ReadError::Io(source)) => Ok(Some(Error::Read { path, source })),
    }
}

fn capture(path: &str, facts: &Facts, problems: Vec<report::Problem>) -> Capture {
    Capture {
        path: path.to_owned(),
        format: facts.format.to_owned(),
        link_types: facts.link_types.iter().map(|link| link.name().into_owned()).collect(),
        packets: facts.packets,
        bytes: facts.bytes,
        first: facts.span.map(|(first, _)| first.rfc3339(facts.digits)),
        last: facts.span.map(|(_, last)| last.rfc3339(facts.digits)),
        problems,
    }
}

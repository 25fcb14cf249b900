//! `tlswhy report`: every capture through the engine, every session to the output.

use std::cell::Cell;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analyze::{self, Told};
use crate::capture::{Item, PacketSource, ReadError, Reader};
use crate::cli::args::ReportArgs;
use crate::cli::complain;
use crate::cli::exit::Exit;
use crate::cli::options::{self, ReportOptions};
use crate::cli::output::Output;
use crate::cli::stream::{self, Bounded, Fed};
use crate::engine::{Engine, Judged, Options};
use crate::error::Error;
use crate::problem::Problem;
use crate::report::{self, Capture};
use crate::source::follow::{Stream, WithKeys};
use crate::source::{self, Facts, Ongoing, Opened};

/// Problems listed for one capture.
const PROBLEMS: usize = 1_000;

/// Does what the arguments say.
pub(super) fn run(args: &ReportArgs) -> Result<Exit, Error> {
    let options = options::report(args)?;
    for note in &options.notes {
        complain(note);
    }
    let output = Output::open(&options)?;
    let name = output.name();
    let interrupted = if options.is_ongoing() { stream::interruption() } else { Arc::default() };
    let mut run = Run { options: &options, output, captures: Vec::new(), ids: 0, broken: None, interrupted };
    let mut exit = Exit::Done;
    for path in &options.captures {
        if let Err(error) = run.capture(path) {
            complain(&format!("error: {error}"));
            exit = Exit::Failed;
        }
        if run.broken.is_some() || run.interrupted.load(Ordering::Relaxed) {
            break;
        }
    }
    let written = match run.broken {
        Some(error) => Err(error),
        None => run.output.finish(run.captures),
    };
    match written {
        Ok(()) => Ok(exit),
        Err(source) => Output::failure(name, source).map_or(Ok(exit), Err),
    }
}

struct Run<'a> {
    options: &'a ReportOptions,
    output: Output,
    captures: Vec<Capture>,
    /// Sessions of the captures before this one.
    ids: u64,
    /// Why writing failed.
    broken: Option<std::io::Error>,
    /// Set by Ctrl-C where a capture is still being written, and when nobody reads what is told.
    interrupted: Arc<AtomicBool>,
}

impl Run<'_> {
    fn capture(&mut self, path: &Path) -> Result<(), Error> {
        if let Some(stream) = source::stream(path, self.options.follow, &self.interrupted)? {
            return self.stream(path, stream);
        }
        let Opened { reader, secrets, .. } = source::open(path)?;
        let mut problems = Problems::default();
        let mut keys = self.options.keys.clone();
        for text in &secrets {
            keys.add_log(text).iter().for_each(|problem| problems.add(problem));
        }
        let mut engine = Engine::new(Options { beliefs: self.options.beliefs.clone(), keys, ..Options::default() });
        let (stop, digits) = (Cell::new(false), Cell::new(0));
        let mut source = Watched { reader, stop: &stop, digits: &digits };
        let mut sessions = 0;
        let read = analyze::pump(&mut source, &mut engine, &mut |told| match told {
            Told::Problem(problem) => problems.add(&problem),
            // Only for sources that have not ended.
            Told::Early(_) => {}
            Told::Session(judged) => {
                sessions += 1;
                self.session(&judged, digits.get(), &stop);
            }
        });
        self.ids += sessions;
        self.end(path, &Facts::of(&source.reader), problems, read)
    }

    /// Reads what is still being written: sessions are told as they end.
    fn stream(&mut self, path: &Path, source: Stream) -> Result<(), Error> {
        // As text, sessions are told one by one only where there is nothing to put them in order with.
        self.output.set_live(self.options.captures.len() == 1);
        let options =
            Options { beliefs: self.options.beliefs.clone(), keys: self.options.keys.clone(), ..Options::default() };
        let engine = Engine::new(stream::ongoing(options, true));
        let key_logs = stream::key_logs(&self.options.key_logs)?;
        let stop = Arc::clone(&self.interrupted);
        let mut source = Bounded::new(WithKeys::new(source, key_logs), Arc::clone(&stop)).with_grace();
        let mut problems = Problems::default();
        let (output, broken) = (&mut self.output, &mut self.broken);
        let (sessions, read) = stream::feed(&mut source, engine, self.captures.len(), self.ids, &mut |fed| {
            let told = match fed {
                Fed::Early(session) => output.early(*session),
                Fed::Session(session) => output.session(*session),
                Fed::Problem(problem) => {
                    problems.add(&problem);
                    Ok(())
                }
            };
            if let Err(error) = told {
                broken.get_or_insert(error);
                stop.store(true, Ordering::Relaxed);
            }
        });
        self.ids += sessions;
        self.end(path, source.facts(), problems, read)
    }

    fn session(&mut self, judged: &Judged, digits: usize, stop: &Cell<bool>) {
        if stop.get() {
            return;
        }
        let mut session = report::session(judged, self.captures.len(), digits);
        session.id += self.ids;
        if let Err(error) = self.output.session(session) {
            self.broken = Some(error);
            stop.set(true);
        }
    }

    /// The capture is over, or could not be read any further.
    fn end(
        &mut self,
        path: &Path,
        facts: &Facts,
        mut problems: Problems,
        read: Result<(), ReadError>,
    ) -> Result<(), Error> {
        let path = path.to_owned();
        let failed = match read {
            Ok(()) => None,
            Err(ReadError::NotACapture { hint }) => return Err(Error::NotACapture { path, hint }),
            Err(ReadError::Io(source)) if facts.packets == 0 => return Err(Error::Read { path, source }),
            Err(ReadError::Io(source)) => Some(source),
        };
        if failed.is_some() {
            problems.add(&Problem::new("read-failed", "The capture could not be read to its end."));
        }
        self.captures.push(Capture {
            path: path.to_string_lossy().into_owned(),
            format: facts.format.to_owned(),
            link_types: facts.link_types.iter().map(|link| link.name().into_owned()).collect(),
            packets: facts.packets,
            bytes: facts.bytes,
            first: facts.span.map(|(first, _)| first.rfc3339(facts.digits)),
            last: facts.span.map(|(_, last)| last.rfc3339(facts.digits)),
            problems: problems.listed,
        });
        failed.map_or(Ok(()), |source| Err(Error::Read { path, source }))
    }
}

/// What is odd about a capture, up to a number.
#[derive(Default)]
struct Problems {
    listed: Vec<report::Problem>,
}

impl Problems {
    fn add(&mut self, problem: &Problem) {
        if self.listed.len() < PROBLEMS {
            self.listed.push(report::problem(problem));
        }
    }
}

/// A reader that ends when nobody listens any more, and tells how fine its clock is while the
/// engine holds it.
struct Watched<'a, R: Read> {
    reader: Reader<R>,
    stop: &'a Cell<bool>,
    digits: &'a Cell<usize>,
}

impl<R: Read> PacketSource for Watched<'_, R> {
    type Error = ReadError;

    fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        if self.stop.get() {
            return Ok(None);
        }
        // As of the packet before: the finest interface is declared ahead of its packets.
        self.digits.set(self.reader.digits());
        self.reader.next()
    }
}

//! `tlswhy report`: every capture through the engine, every session to the output.

use std::cell::Cell;
use std::io::Read;
use std::path::Path;

use crate::analyze::{self, Told};
use crate::capture::{Item, PacketSource, ReadError, Reader};
use crate::cli::args::ReportArgs;
use crate::cli::complain;
use crate::cli::exit::Exit;
use crate::cli::options::{self, ReportOptions};
use crate::cli::output::Output;
use crate::engine::{Engine, Judged, Options};
use crate::error::Error;
use crate::problem::Problem;
use crate::report::{self, Capture};
use crate::source::{self, Opened};

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
    let mut run = Run { options: &options, output, captures: Vec::new(), ids: 0, broken: None };
    let mut exit = Exit::Done;
    for path in &options.captures {
        if let Err(error) = run.capture(path) {
            complain(&format!("error: {error}"));
            exit = Exit::Failed;
        }
        if run.broken.is_some() {
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
}

impl Run<'_> {
    fn capture(&mut self, path: &Path) -> Result<(), Error> {
        let Opened { reader, secrets, live } = source::open(path)?;
        self.output.set_live(live);
        let mut problems = Problems::default();
        let mut keys = self.options.keys.clone();
        for text in &secrets {
            keys.add_log(text).iter().for_each(|problem| problems.add(problem));
        }
        let mut engine =
            Engine::new(Options { beliefs: self.options.beliefs.clone(), keys, limits: self.options.limits.clone() });
        let (stop, digits) = (Cell::new(false), Cell::new(0));
        let mut source = Watched { reader, stop: &stop, digits: &digits };
        let mut sessions = 0;
        let read = analyze::pump(&mut source, &mut engine, &mut |told| match told {
            Told::Problem(problem) => problems.add(&problem),
            Told::Session(judged) => {
                sessions += 1;
                self.session(&judged, digits.get(), &stop);
            }
        });
        self.ids += sessions;
        self.end(path, &source.reader, problems, read)
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
    fn end<R: Read>(
        &mut self,
        path: &Path,
        reader: &Reader<R>,
        mut problems: Problems,
        read: Result<(), ReadError>,
    ) -> Result<(), Error> {
        let path = path.to_owned();
        let failed = match read {
            Ok(()) => None,
            Err(ReadError::NotACapture { hint }) => return Err(Error::NotACapture { path, hint }),
            Err(ReadError::Io(source)) if reader.packets() == 0 => return Err(Error::Read { path, source }),
            Err(ReadError::Io(source)) => Some(source),
        };
        if failed.is_some() {
            problems.add(&Problem::new("read-failed", "The capture could not be read to its end."));
        }
        let digits = reader.digits();
        self.captures.push(Capture {
            path: path.to_string_lossy().into_owned(),
            format: reader.format().to_owned(),
            link_types: reader.link_types().iter().map(|link| link.name().into_owned()).collect(),
            packets: reader.packets(),
            bytes: reader.bytes(),
            first: reader.first().map(|time| time.rfc3339(digits)),
            last: reader.last().map(|time| time.rfc3339(digits)),
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

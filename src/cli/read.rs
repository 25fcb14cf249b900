//! Captures through the engine, several at a time, told in the order in which they were named.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::analyze;
use crate::capture::{About, Item, PacketSource, ReadError, Reader};
use crate::cli::options::ReportOptions;
use crate::cli::stream::{self, Bounded, Fed};
use crate::decrypt::KeyRing;
use crate::engine::{Engine, Limits, Options, Unjudged};
use crate::error::Error;
use crate::problem::Problem;
use crate::report::{self, Capture, Session};
use crate::source::follow::{Stream, WithKeys};
use crate::source::{self, Facts, Ongoing, Opened};
use crate::trust::Beliefs;

/// Sessions of a capture that may wait for the captures named before it. Its reading rests then, so
/// that memory is bounded however much there is to read.
const WAITING: usize = 256;

/// So many bytes are read between two words on how far it has come.
const STEP: u64 = 4 << 20;

/// So many conversations are handed over at one time, so that threads seldom wait for each other.
const BATCH: usize = 128;

/// So many batches may wait, for the same reason.
const BATCHES: usize = 4;

/// What becomes of a capture.
#[derive(Debug)]
pub(super) enum Event {
    /// It was opened.
    Opened {
        /// It may not have ended yet: each session is to be seen at once.
        live: bool,
    },
    /// So many bytes of its file were read, compressed as they may be.
    Read(u64),
    /// A verdict on a session whose connection is not over; it comes again under the same number.
    Early(Box<Session>),
    /// A session of it is over. Its number is that of the engine, its capture 0.
    Session(Box<Session>),
    /// Nothing more comes of it.
    Ended {
        /// What it was; `None` where it is none.
        capture: Option<Box<Capture>>,
        /// Why it could not be read, or not to its end.
        error: Option<Error>,
    },
}

/// What all captures are read with.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) keys: &'a KeyRing,
    pub(super) beliefs: &'a Beliefs,
    pub(super) limits: &'a Limits,
    /// How many captures are read at the same time.
    pub(super) jobs: usize,
    /// Files are read on as they grow.
    pub(super) follow: bool,
    /// Key logs that may grow while a source that has not ended is read.
    pub(super) key_logs: &'a [PathBuf],
    /// Ends sources that have not ended.
    pub(super) stop: Arc<AtomicBool>,
}

impl<'a> Reading<'a> {
    /// What the options say; `stop` ends sources that have not ended.
    pub(super) fn of(options: &'a ReportOptions, stop: Arc<AtomicBool>) -> Self {
        let ReportOptions { keys, beliefs, limits, jobs, follow, key_logs, .. } = options;
        Self { keys, beliefs, limits, jobs: *jobs, follow: *follow, key_logs, stop }
    }
}

struct Job {
    path: PathBuf,
    tell: SyncSender<News>,
    /// Sessions are judged by who is told of them.
    follow_only: bool,
}

/// What a thread that reads says to the one that tells.
enum News {
    Event(Event),
    /// Conversations that are over, and how finely their capture tells time.
    Over(Vec<Unjudged>, usize),
}

/// Takes what there is to say; whether more of it is wanted.
type Tell<'a> = dyn Fn(News) -> bool + 'a;

/// Reads all captures; `sink` is told of each with its index, one capture after the other.
pub(super) fn all(paths: &[PathBuf], reading: &Reading<'_>, sink: &mut dyn FnMut(usize, Event) -> ControlFlow<()>) {
    if reading.jobs == 1 && paths.iter().all(|path| source::is_whole(path, reading.follow)) {
        return one_by_one(paths, reading, sink);
    }
    let workers = reading.jobs.clamp(1, paths.len().max(1));
    // A single file has no other files to share the work with.
    let follow_only = paths.len() == 1;
    let (give, take) = mpsc::channel();
    let take = Mutex::new(take);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(&take, reading));
        }
        // The queue moves into the loop's scope, so that workers end when it does.
        let give = give;
        let mut to_give = paths.iter();
        let mut ahead: VecDeque<Receiver<News>> = VecDeque::new();
        for index in 0..paths.len() {
            while ahead.len() < workers * 2
                && let Some(path) = to_give.next()
            {
                let (tell, told) = mpsc::sync_channel(if follow_only { BATCHES } else { WAITING });
                ahead.push_back(told);
                if give.send(Job { path: path.clone(), tell, follow_only }).is_err() {
                    return;
                }
            }
            for news in ahead.pop_front().into_iter().flatten() {
                if hand_on(news, reading, &mut |event| sink(index, event)).is_break() {
                    return;
                }
            }
        }
    });
}

/// Tells what another thread says, and judges what it left to be judged.
fn hand_on(news: News, reading: &Reading<'_>, sink: &mut dyn FnMut(Event) -> ControlFlow<()>) -> ControlFlow<()> {
    match news {
        News::Event(event) => sink(event),
        News::Over(conversations, digits) => {
            let judged = conversations.into_iter().filter_map(|unjudged| unjudged.judge(reading.beliefs));
            judged.map(|judged| Event::Session(Box::new(report::session(*judged, 0, digits)))).try_for_each(sink)
        }
    }
}

/// All of it in this thread: nothing is handed from one to another.
fn one_by_one(paths: &[PathBuf], reading: &Reading<'_>, sink: &mut dyn FnMut(usize, Event) -> ControlFlow<()>) {
    let sink = RefCell::new(sink);
    for (index, path) in paths.iter().enumerate() {
        let listens = Cell::new(true);
        let tell = |news| {
            let mut sink = sink.borrow_mut();
            let mut to_sink = |event| sink(index, event);
            listens.set(listens.get() && hand_on(news, reading, &mut to_sink).is_continue());
            listens.get()
        };
        whole(path, reading, false, &tell);
        if !listens.get() {
            return;
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, reading: &Reading<'_>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Where nobody listens any more, the next job will find that too.
        whole(&job.path, reading, job.follow_only, &|news| job.tell.send(news).is_ok());
    }
}

/// A capture, with what it ends in.
fn whole(path: &Path, reading: &Reading<'_>, follow_only: bool, tell: &Tell<'_>) {
    let ended = one(path, reading, follow_only, tell);
    tell(News::Event(ended.unwrap_or_else(|error| Event::Ended { capture: None, error: Some(error) })));
}

fn one(path: &Path, reading: &Reading<'_>, follow_only: bool, tell: &Tell<'_>) -> Result<Event, Error> {
    if let Some(stream) = source::stream(path, reading.follow, &reading.stop)? {
        return ongoing(path, stream, reading, tell);
    }
    let Opened { reader, secrets, read, .. } = source::open(path)?;
    let stop = Cell::new(!tell(News::Event(Event::Opened { live: false })));
    let mut problems = Problems::within(reading.limits);
    let mut keys = reading.keys.clone();
    for text in &secrets {
        keys.add_log(text).iter().for_each(|problem| problems.add(problem));
    }
    let mut engine = Engine::new(Options {
        beliefs: reading.beliefs.clone(),
        keys,
        limits: reading.limits.clone(),
        ..Options::default()
    });
    let digits = Cell::new(0);
    let far = &mut |bytes| stop.set(!tell(News::Event(Event::Read(bytes))));
    let mut source = Watched { reader, stop: &stop, digits: &digits, read: &read, told: 0, far };
    let say = |news| {
        if !stop.get() && !tell(news) {
            stop.set(true);
        }
    };
    let mut over = Vec::new();
    let read = analyze::feed(&mut source, &mut engine, &mut |engine, problem| {
        problem.iter().for_each(|problem| problems.add(problem));
        while let Some(unjudged) = engine.poll_unjudged() {
            if follow_only {
                over.push(unjudged);
                if over.len() >= BATCH {
                    say(News::Over(std::mem::take(&mut over), digits.get()));
                }
            } else if let Some(judged) = unjudged.judge(reading.beliefs) {
                say(News::Event(Event::Session(Box::new(report::session(*judged, 0, digits.get())))));
            }
        }
        while let Some(problem) = engine.poll_problem() {
            problems.add(&problem);
        }
    });
    if !over.is_empty() {
        say(News::Over(over, digits.get()));
    }
    end(path, &Facts::of(&source.reader), problems, read)
}

/// Reads what is still being written.
fn ongoing(path: &Path, stream: Stream, reading: &Reading<'_>, tell: &Tell<'_>) -> Result<Event, Error> {
    if !tell(News::Event(Event::Opened { live: true })) {
        reading.stop.store(true, Ordering::Relaxed);
    }
    let (beliefs, keys) = (reading.beliefs.clone(), reading.keys.clone());
    let options = Options { beliefs, keys, limits: reading.limits.clone(), ..Options::default() };
    let engine = Engine::new(stream::ongoing(options, true));
    let source = WithKeys::new(stream, stream::key_logs(reading.key_logs)?);
    let mut source = Bounded::new(source, Arc::clone(&reading.stop)).with_grace();
    let mut problems = Problems::within(reading.limits);
    let read = stream::feed(&mut source, engine, &mut |fed| {
        let listens = match fed {
            Fed::Early(session) => tell(News::Event(Event::Early(session))),
            Fed::Session(session) => tell(News::Event(Event::Session(session))),
            Fed::Problem(problem) => {
                problems.add(&problem);
                true
            }
        };
        if !listens {
            reading.stop.store(true, Ordering::Relaxed);
        }
    });
    end(path, source.facts(), problems, read)
}

/// The capture is over, or could not be read any further.
fn end(path: &Path, facts: &Facts, mut problems: Problems, read: Result<(), ReadError>) -> Result<Event, Error> {
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
    let capture = facts.published(&path.to_string_lossy(), problems.listed);
    Ok(Event::Ended { capture: Some(Box::new(capture)), error: failed.map(|source| Error::Read { path, source }) })
}

/// What is odd about a capture, up to a number.
struct Problems {
    listed: Vec<report::Problem>,
    most: usize,
}

impl Problems {
    fn within(limits: &Limits) -> Self {
        Self { listed: Vec::new(), most: limits.problems }
    }

    fn add(&mut self, problem: &Problem) {
        report::list_problem(&mut self.listed, self.most, report::problem(problem));
    }
}

/// A reader that ends when nobody listens any more, and tells how fine its clock is while the
/// engine holds it.
struct Watched<'a, R: Read> {
    reader: Reader<R>,
    stop: &'a Cell<bool>,
    digits: &'a Cell<usize>,
    /// Bytes of the file that were read.
    read: &'a AtomicU64,
    /// How many of them were told of.
    told: u64,
    /// Tells how far it has come.
    far: &'a mut dyn FnMut(u64),
}

impl<R: Read> PacketSource for Watched<'_, R> {
    type Error = ReadError;

    fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        if self.stop.get() {
            return Ok(None);
        }
        // As of the packet before: the finest interface is declared ahead of its packets.
        self.digits.set(self.reader.digits());
        let read = self.read.load(Ordering::Relaxed);
        if read - self.told >= STEP {
            self.told = read;
            (self.far)(read);
        }
        self.reader.next()
    }

    fn about(&self) -> About {
        self.reader.about()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading<'a>(keys: &'a KeyRing, beliefs: &'a Beliefs, jobs: usize) -> Reading<'a> {
        static LIMITS: std::sync::LazyLock<Limits> = std::sync::LazyLock::new(Limits::default);
        Reading { keys, beliefs, limits: &LIMITS, jobs, follow: false, key_logs: &[], stop: Arc::default() }
    }

    fn told(paths: &[PathBuf], jobs: usize) -> Vec<(usize, String)> {
        let (keys, beliefs) = (KeyRing::default(), Beliefs::default());
        let mut told = Vec::new();
        all(paths, &reading(&keys, &beliefs, jobs), &mut |index, event| {
            told.push((index, format!("{event:?}")));
            ControlFlow::Continue(())
        });
        told
    }

    #[test]
    fn what_is_told_does_not_depend_on_how_many_read() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/none");
        let (mut paths, _) = source::captures(&[folder]);
        paths.insert(2, "no-such-file.pcap".into());
        let alone = told(&paths, 1);
        assert_eq!(alone, told(&paths, 4));
        assert!(alone.is_sorted_by_key(|(index, _)| *index));
        assert!(alone.iter().any(|(index, event)| *index == 2 && event.contains("Ended { capture: None")));
    }

    #[test]
    fn a_single_file_is_told_alike_by_one_thread_and_by_two() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/none");
        let (paths, _) = source::captures(&[path]);
        for path in paths {
            let alone = told(std::slice::from_ref(&path), 1);
            assert!(alone.len() >= 2, "{path:?}");
            assert_eq!(alone, told(&[path], 2));
        }
    }

    #[test]
    fn who_stops_listening_ends_the_reading() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/none");
        let (paths, _) = source::captures(&[folder]);
        let (keys, beliefs) = (KeyRing::default(), Beliefs::default());
        let mut events = 0;
        all(&paths, &reading(&keys, &beliefs, 2), &mut |_, _| {
            events += 1;
            ControlFlow::Break(())
        });
        assert_eq!(events, 1);
    }
}

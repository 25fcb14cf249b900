//! The terminal timeline on captures, and on an interface: a thread reads, the interface shows.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
#[cfg(feature = "live")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
#[cfg(feature = "live")]
use std::sync::mpsc::{TrySendError, channel};
use std::sync::{Arc, Mutex, PoisonError};
#[cfg(feature = "live")]
use std::time::Duration;

use crate::cli::args::{Colour, Format, ReportArgs};
use crate::cli::exit::Exit;
#[cfg(feature = "live")]
use crate::cli::live::Live;
#[cfg(feature = "live")]
use crate::cli::phrases;
use crate::cli::read::{self, Event, Reading};
#[cfg(feature = "live")]
use crate::cli::stream::Fed;
use crate::cli::{complain, options, packets};
use crate::error::Error;
use crate::problem::Problem;
use crate::report::{self, Session};
use crate::source;
use crate::tui::{self, Config, Content, Export, Feed, Theme};

/// Messages that may wait for the interface.
const WAITING: usize = 4_096;
/// How long a capture under way waits for room among them.
#[cfg(feature = "live")]
const FULL: Duration = Duration::from_millis(5);

/// Whether the interface is to open: it was asked for, or sources were named without more and standard
/// output is a terminal.
pub(super) fn is_wanted(args: &ReportArgs, bare: bool) -> bool {
    if args.tui || args.no_tui {
        return args.tui;
    }
    // What only a report does.
    let reported = args.redact || args.verbose || !args.only.is_empty() || !args.fail_on.is_empty();
    bare && !reported && args.format == Format::Text && args.output.is_none() && io::stdout().is_terminal()
}

/// Opens the interface on what the arguments name.
pub(super) fn run(args: &ReportArgs) -> Result<Exit, Error> {
    let options = options::report(args)?;
    for error in &options.missing {
        complain(&format!("error: {error}"));
    }
    let (send, receive) = sync_channel(WAITING);
    let title = match options.captures.as_slice() {
        [one] => one.file_name().unwrap_or(one.as_os_str()).to_string_lossy().into_owned(),
        several => format!("{} captures", several.len()),
    };
    let saver = Saver::new(None, &options);
    let captures = Arc::clone(&saver.captures);
    let face = face(args, title, saver)?;
    std::thread::spawn(move || feed(&options, &captures, &send));
    tui::run(&receive, face).map_err(failed)?;
    Ok(Exit::Done)
}

/// How the interface is to be.
fn face(args: &ReportArgs, title: String, saver: Saver) -> Result<tui::Options, Error> {
    let config = config()?;
    let plain = args.color == Colour::Never || options::environment("NO_COLOR").is_some();
    let limits = options::limits(&args.limit)?;
    Ok(tui::Options {
        mouse: args.mouse || config.mouse.unwrap_or_default(),
        theme: if plain { Theme::Plain } else { config.theme.unwrap_or_default() },
        keymap: config.keymap,
        title,
        live: false,
        kept: Some(limits.shown),
        listed: Some(limits.problems),
        save: Some(Box::new(move |export| saver.save(export))),
        end: None,
    })
}

/// The interface failed.
fn failed(source: io::Error) -> Error {
    Error::Write { path: "the terminal".into(), source }
}

/// Opens the interface on a capture under way. Leaving it ends the capture.
#[cfg(feature = "live")]
pub(super) fn live(args: &ReportArgs, live: Live, stop: Arc<AtomicBool>, saver: Saver) -> Result<Exit, Error> {
    let (send, receive) = sync_channel(WAITING);
    let mut face = face(args, live.interface.clone(), saver)?;
    let stopped = Arc::clone(&stop);
    let capturing = std::thread::spawn(move || {
        let ended = live.run(&mut |fed| {
            let shown = match fed {
                Fed::Early(session) | Fed::Session(session) => Feed::Session(session),
                Fed::Problem(problem) => Feed::Problem(report::problem(&problem)),
            };
            offer(&send, shown, &stopped);
        });
        if let Err(error) = &ended.result {
            let problem = Problem::new("capture-failed", error.to_string());
            offer(&send, Feed::Problem(report::problem(&problem)), &stopped);
        }
        offer(&send, Feed::Capture(ended.capture.clone()), &stopped);
        offer(&send, Feed::Done, &stopped);
        ended
    });
    let (give, take) = channel();
    face.live = true;
    face.end = Some(Box::new(move || {
        stop.store(true, Ordering::Relaxed);
        // The files are whole then. A thread that panicked has been told of.
        if let Ok(ended) = capturing.join() {
            complain(&phrases::captured(ended.capture.packets, ended.losses.kernel, ended.losses.interface));
            let _ = give.send(ended.result);
        }
    }));
    tui::run(&receive, face).map_err(failed)?;
    take.try_recv().unwrap_or(Ok(())).map(|()| Exit::Done)
}

/// Waits for room, unless the end is wanted: nobody takes anything out any more then.
#[cfg(feature = "live")]
fn offer(send: &SyncSender<Feed>, mut feed: Feed, stop: &AtomicBool) {
    loop {
        match send.try_send(feed) {
            Err(TrySendError::Full(back)) if !stop.load(Ordering::Relaxed) => feed = back,
            Ok(()) | Err(_) => return,
        }
        std::thread::sleep(FULL);
    }
}

/// Reads all captures and tells the interface of them.
#[expect(clippy::result_large_err, reason = "what could not be sent is dropped at once")]
fn feed(options: &options::ReportOptions, files: &Captures, send: &SyncSender<Feed>) {
    let reading = Reading::of(options, Arc::default());
    let sizes: Vec<Option<u64>> = options.captures.iter().map(|path| source::size(path)).collect();
    let total = sizes.iter().copied().sum::<Option<u64>>();
    let before = |index: usize| sizes.iter().take(index).flatten().sum::<u64>();
    let (mut id, mut captures) = (0, 0);
    let mut open = BTreeMap::new();
    let _ = send.send(Feed::Progress { bytes: 0, total });
    read::all(&options.captures, &reading, &mut |index, event| {
        let told = match event {
            Event::Opened { live } => {
                // What came through a pipe cannot be read again.
                if let Some(path) = options.captures.get(index).filter(|_| !live) {
                    files.lock().unwrap_or_else(PoisonError::into_inner).insert(captures, path.clone());
                }
                Ok(())
            }
            Event::Read(bytes) => send.send(Feed::Progress { bytes: before(index) + bytes, total }),
            Event::Early(mut session) => {
                session.id = *open.entry(session.id).or_insert_with(|| {
                    id += 1;
                    id
                });
                session.capture = captures;
                send.send(Feed::Session(session))
            }
            Event::Session(mut session) => {
                session.id = open.remove(&session.id).unwrap_or_else(|| {
                    id += 1;
                    id
                });
                session.capture = captures;
                send.send(Feed::Session(session))
            }
            Event::Ended { capture, error } => {
                open.clear();
                let problem = error.map(|error| Problem::new("unreadable-capture", error.to_string()));
                let problem = problem.map(|problem| Feed::Problem(report::problem(&problem)));
                captures += u64::from(capture.is_some());
                let capture = capture.map(|capture| Feed::Capture(*capture));
                let far = Feed::Progress { bytes: before(index + 1), total };
                problem.into_iter().chain(capture).chain([far]).try_for_each(|feed| send.send(feed))
            }
        };
        if told.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let _ = send.send(Feed::Done);
}

/// `tlswhy/config.toml` below `$XDG_CONFIG_HOME` or `~/.config`, where there is one.
fn config() -> Result<Config, Error> {
    let folder = options::environment("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| options::environment("HOME").map(|home| PathBuf::from(home).join(".config")));
    let Some(path) = folder.map(|folder| folder.join("tlswhy/config.toml")).filter(|path| path.is_file()) else {
        return Ok(Config::default());
    };
    let bytes = source::bytes(&path)?;
    tui::config::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))
}

/// Where captures are, by their number in the report; those that can be read again.
type Captures = Mutex<BTreeMap<u64, PathBuf>>;

/// Writes exports into the current folder.
#[derive(Debug)]
pub(super) struct Saver {
    captures: Arc<Captures>,
    /// Where keys are that no capture holds.
    key_logs: Vec<PathBuf>,
}

impl Saver {
    /// A saver of what is read with `options`. `file` is the first capture, where that is known already.
    pub(super) fn new(file: Option<PathBuf>, options: &options::ReportOptions) -> Self {
        let captures = file.into_iter().map(|path| (0, path)).collect::<BTreeMap<_, _>>();
        Self { captures: Arc::new(Mutex::new(captures)), key_logs: options.key_logs.clone() }
    }

    fn save(&self, export: &Export) -> io::Result<String> {
        match &export.content {
            Content::Text(text) => create(&export.name, false, &mut |mut file| file.write_all(text.as_bytes())),
            Content::Packets { session, keys } => {
                let capture = self.capture_of(session)?;
                let keys = keys.then_some(self.key_logs.as_slice());
                create(&export.name, keys.is_some(), &mut |file| {
                    packets::write(session, &capture, keys, BufWriter::new(file)).map(|_| ())
                })
            }
        }
    }

    fn capture_of(&self, session: &Session) -> io::Result<PathBuf> {
        let captures = self.captures.lock().unwrap_or_else(PoisonError::into_inner);
        captures.get(&session.capture).cloned().ok_or_else(|| {
            io::Error::other("its packets are not in a file that could be read again (live capture keeps them with -w)")
        })
    }
}

/// Makes a file of that name, or of one with a number where it is taken, and says which. What cannot be written
/// to its end is taken away. `secret`: nobody else may read it.
fn create(name: &str, secret: bool, write: &mut dyn FnMut(&File) -> io::Result<()>) -> io::Result<String> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for number in 0..1_000 {
        let name = if number == 0 { name.to_owned() } else { format!("{stem}-{number}.{ending}") };
        let mut how = OpenOptions::new();
        how.write(true).create_new(true);
        #[cfg(unix)]
        if secret {
            std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
        }
        match how.open(&name) {
            Ok(file) => {
                return match write(&file) {
                    Ok(()) => Ok(name),
                    Err(error) => {
                        drop(file);
                        let _ = fs::remove_file(Path::new(&name));
                        Err(error)
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("there are a thousand files of that name already"))
}

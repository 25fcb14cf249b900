//! `tlswhy live`: captures on an interface and tells failures while they happen.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::args::{DeviceArgs, ReportArgs};
use crate::cli::exit::Exit;
use crate::cli::options::{self, ReportOptions, environment};
use crate::cli::output::Output;
use crate::cli::record::{Recorded, Recorder};
use crate::cli::stream::{self, Bounded, Fed};
#[cfg(feature = "tui")]
use crate::cli::tui;
use crate::cli::{complain, phrases};
use crate::engine::{Engine, Options};
use crate::error::Error;
use crate::report::{self, Outcome};
use crate::source::follow::WithKeys;
use crate::source::live::{Device, Losses, Settings};
use crate::source::privileges::{self, Wish};
use crate::source::{Facts, Ongoing};

/// Does what the arguments say.
pub(super) fn run(device: &DeviceArgs, report: &ReportArgs) -> Result<Exit, Error> {
    if !report.captures.is_empty() || report.follow {
        return Err(Error::Usage(phrases::LIVE_AND_FILES.to_owned()));
    }
    let options = options::live(report)?;
    for note in &options.notes {
        complain(note);
    }
    #[cfg(feature = "tui")]
    if tui::is_wanted(report, true) {
        return watched::run(device, report, &options);
    }
    let stop = stream::interruption();
    let ready = Ready::open(device, &options, report.verbose, None, Arc::clone(&stop))?;
    let mut output = ready.output;
    output.set_live(true);
    let name = output.name();
    complain(&phrases::listening(&ready.live.interface, &ready.live.link));
    let interface = ready.live.interface.clone();
    let mut broken = None;
    let ended = ready.live.run(&mut |fed| {
        let told = match fed {
            Fed::Early(session) => output.early(*session, &interface),
            Fed::Session(session) => output.session(*session, &interface),
            Fed::Problem(problem) => {
                complain(&format!("note: {}", problem.text));
                Ok(())
            }
        };
        if let Err(error) = told {
            broken.get_or_insert(error);
            stop.store(true, Ordering::Relaxed);
        }
    });
    complain(&phrases::captured(ended.capture.packets, ended.losses.kernel, ended.losses.interface));
    let written = match broken {
        Some(error) => Err(error),
        None => output.finish(vec![ended.capture]),
    };
    let written = written.or_else(|source| Output::failure(name, source).map_or(Ok(()), Err));
    ended.result.and(written).map(|()| Exit::Done)
}

/// A capture that is under way, and where its report goes.
struct Ready {
    live: Live,
    output: Output,
}

/// A capture under way, its privileges given up. May be sent to another thread and run there.
pub(crate) struct Live {
    source: Bounded<Recorded<WithKeys<Device>>>,
    engine: Engine,
    stop: Arc<AtomicBool>,
    until_failure: bool,
    /// Its name.
    pub(crate) interface: String,
    /// Name of its link type.
    pub(crate) link: String,
}

/// How a capture ended.
pub(crate) struct Ended {
    /// The capture, as published.
    pub(crate) capture: report::Capture,
    /// What was lost.
    pub(crate) losses: Losses,
    /// Whether it ended as it was meant to.
    pub(crate) result: Result<(), Error>,
}

impl Ready {
    /// Opens the interface, gives up privileges, opens the outputs, and confines the process to them: in this
    /// order, so that files belong to the user and not to root, and before any thread is started. `folder` is one
    /// in which files may be made later.
    fn open(
        device: &DeviceArgs,
        options: &ReportOptions,
        verbose: bool,
        folder: Option<PathBuf>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Error> {
        let settings = settings(device)?;
        let say = |step: &str| {
            if verbose {
                complain(&format!("privileges: {step}"));
            }
        };
        let key_logs = stream::key_logs(&options.key_logs)?;
        let late_keys = !key_logs.is_empty();
        let opened = Device::open(&settings)?;
        say(&format!("opened {}", settings.interface));
        privileges::give_up(&wish(device))?.iter().for_each(|step| say(step));
        let output = Output::open(options)?;
        let recorder = device
            .write
            .as_ref()
            .map(|path| Recorder::new(path, device.replace, device.rotate, device.keep))
            .transpose()?;
        let mut writable: Vec<PathBuf> = options.output.iter().cloned().collect();
        writable.extend(recorder.as_ref().map(Recorder::writes_to));
        writable.extend(folder);
        privileges::confine(&writable).iter().for_each(|step| say(step));
        let link = opened.link().name().into_owned();
        let source = Recorded::new(WithKeys::new(opened, key_logs), recorder);
        let source = Bounded::new(source, Arc::clone(&stop)).at_most(device.count, device.duration);
        let engine = Options { beliefs: options.beliefs.clone(), keys: options.keys.clone(), ..Options::default() };
        let live = Live {
            source,
            engine: Engine::new(stream::ongoing(engine, late_keys)),
            stop,
            until_failure: device.until_failure,
            interface: settings.interface,
            link,
        };
        Ok(Self { live, output })
    }
}

impl Live {
    /// Captures until the end, handing on what comes.
    pub(crate) fn run(mut self, tell: &mut dyn FnMut(Fed)) -> Ended {
        let mut problems = Vec::new();
        let (until_failure, stop) = (self.until_failure, Arc::clone(&self.stop));
        let (_, result) = stream::feed(&mut self.source, self.engine, 0, 0, &mut |fed| {
            match &fed {
                Fed::Early(session) | Fed::Session(session) if until_failure && is_explained(session) => {
                    stop.store(true, Ordering::Relaxed);
                }
                Fed::Problem(problem) if problems.len() < 1_000 => problems.push(report::problem(problem)),
                _ => {}
            }
            tell(fed);
        });
        let written = self.source.source.finish();
        let capture = capture(&self.interface, self.source.facts(), problems);
        let device = self.source.source.source.source_mut();
        device.count_losses();
        Ended { capture, losses: device.losses(), result: result.and(written) }
    }
}

fn is_explained(session: &report::Session) -> bool {
    matches!(session.outcome, Outcome::Failed | Outcome::Refused) && session.diagnosis.cause != "unknown"
}

/// What was read, as published.
fn capture(interface: &str, facts: &Facts, problems: Vec<report::Problem>) -> report::Capture {
    report::Capture {
        path: interface.to_owned(),
        format: facts.format.to_owned(),
        link_types: facts.link_types.iter().map(|link| link.name().into_owned()).collect(),
        packets: facts.packets,
        bytes: facts.bytes,
        first: facts.span.map(|(first, _)| first.rfc3339(facts.digits)),
        last: facts.span.map(|(_, last)| last.rfc3339(facts.digits)),
        problems,
    }
}

fn settings(device: &DeviceArgs) -> Result<Settings, Error> {
    let interface = device.interface.clone().ok_or_else(|| Error::Usage(phrases::NO_INTERFACE.to_owned()))?;
    Ok(Settings {
        interface,
        filter: device.filter.clone(),
        snaplen: device.snaplen,
        buffer: device.buffer.saturating_mul(1 << 20),
        promiscuous: device.promiscuous,
    })
}

fn wish(device: &DeviceArgs) -> Wish {
    let number = |name: &str| environment(name).and_then(|value| value.parse::<u32>().ok());
    Wish { user: device.user.clone(), sudo: number("SUDO_UID").zip(number("SUDO_GID")) }
}

/// `90`, `1.5`, `10s`, `5m`, `2h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = suffix(text, &[('s', 1.0), ('m', 60.0), ('h', 3_600.0)]);
    let seconds = number.parse::<f64>().map_err(|_| "a number of seconds is wanted, as `30`, `30s`, `5m` or `1h`")?;
    Duration::try_from_secs_f64(seconds * unit).map_err(|error| error.to_string())
}

/// `1000000`, `512K`, `100M`, `2G`, in powers of 1024.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = suffix(text, &[('K', 1 << 10), ('M', 1 << 20), ('G', 1_u64 << 30)]);
    let wanted = "a size of 64 KiB or more is wanted, as `512K`, `100M` or `2G`";
    let number: u64 = number.parse().map_err(|_| wanted)?;
    number.checked_mul(unit).filter(|size| *size >= 64 << 10).ok_or_else(|| wanted.to_owned())
}

fn suffix<T: Copy + From<u8>>(text: &str, units: &[(char, T)]) -> (String, T) {
    let unit =
        units.iter().find(|(letter, _)| text.chars().next_back().is_some_and(|last| last.eq_ignore_ascii_case(letter)));
    match unit {
        Some((_, unit)) => (text.get(..text.len() - 1).unwrap_or(text).to_owned(), *unit),
        None => (text.to_owned(), T::from(1)),
    }
}

/// In the terminal timeline.
#[cfg(feature = "tui")]
mod watched {
    use std::sync::PoisonError;
    use std::sync::mpsc::{SyncSender, TrySendError, channel, sync_channel};
    use std::thread;

    use super::*;
    use crate::cli::tui::{self as face, Saver, WAITING};
    use crate::problem::Problem;
    use crate::tui::{self, Feed};

    /// How long to wait for room.
    const FULL: Duration = Duration::from_millis(5);

    /// Captures in a thread of its own, and shows what comes.
    pub(super) fn run(device: &DeviceArgs, report: &ReportArgs, options: &ReportOptions) -> Result<Exit, Error> {
        // The interface minds the signals: the terminal is to be given back first.
        let stop = Arc::new(AtomicBool::new(false));
        let saver = Saver { captures: Arc::default(), key_logs: options.key_logs.clone() };
        // A series of files is not numbered as the packets are.
        if let (Some(path), None) = (&device.write, device.rotate) {
            saver.captures.lock().unwrap_or_else(PoisonError::into_inner).insert(0, path.clone());
        }
        let ready = Ready::open(device, options, report.verbose, Some(".".into()), Arc::clone(&stop))?;
        let live = ready.live;
        let mut face = face::face(report, format!("{} ({})", live.interface, live.link), saver)?;
        let (send, receive) = sync_channel(WAITING);
        let (over, ended) = channel();
        let stopped = Arc::clone(&stop);
        thread::spawn(move || {
            let ended = live.run(&mut |fed| offer(&send, shown(fed), &stopped));
            if let Err(error) = &ended.result {
                let problem = Problem::new("capture-failed", error.to_string());
                offer(&send, Feed::Problem(report::problem(&problem)), &stopped);
            }
            offer(&send, Feed::Capture(ended.capture.clone()), &stopped);
            offer(&send, Feed::Done, &stopped);
            let _ = over.send(ended);
        });
        let (give, take) = channel();
        face.live = true;
        face.end = Some(Box::new(move || {
            stop.store(true, Ordering::Relaxed);
            // The files are whole then. A thread that panicked has been told of.
            if let Ok(ended) = ended.recv() {
                complain(&phrases::captured(ended.capture.packets, ended.losses.kernel, ended.losses.interface));
                let _ = give.send(ended.result);
            }
        }));
        tui::run(&receive, face).map_err(face::failed)?;
        take.recv().unwrap_or(Ok(())).map(|()| Exit::Done)
    }

    fn shown(fed: Fed) -> Feed {
        match fed {
            Fed::Early(session) | Fed::Session(session) => Feed::Session(session),
            Fed::Problem(problem) => Feed::Problem(report::problem(&problem)),
        }
    }

    /// Waits for room, unless the end is wanted: nobody takes anything out any more then.
    fn offer(send: &SyncSender<Feed>, mut feed: Feed, stop: &AtomicBool) {
        loop {
            match send.try_send(feed) {
                Ok(()) => return,
                Err(TrySendError::Full(back)) if !stop.load(Ordering::Relaxed) => feed = back,
                Err(_) => return,
            }
            thread::sleep(FULL);
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    #[test]
    fn times_and_sizes_have_units() {
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1_500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("soon").is_err() && duration("-1").is_err() && duration("1e99h").is_err());
        assert_eq!(size("512K"), Ok(512 << 10));
        assert_eq!(size("2g"), Ok(2 << 30));
        assert!(size("1").is_err() && size("99999999999G").is_err() && size("M").is_err());
    }

    #[test]
    fn an_interface_may_be_named_with_and_without_the_command() {
        let cli = Cli::try_parse_from(["tlswhy", "-i", "lo", "-f", "port 443", "--format", "jsonl"]).expect("fits");
        assert_eq!((cli.command.is_none(), cli.device.interface.as_deref()), (true, Some("lo")));
        let cli = Cli::try_parse_from(["tlswhy", "live", "-i", "lo", "-w", "a", "--rotate", "1M"]).expect("fits");
        assert!(matches!(cli.command, Some(Command::Live(args)) if args.device.rotate == Some(1 << 20)));
        assert!(Cli::try_parse_from(["tlswhy", "-w", "a"]).is_err(), "-w is for live capture");
        assert!(Cli::try_parse_from(["tlswhy", "-i", "lo", "a.pcap"]).is_err());
    }

    #[test]
    fn a_capture_under_way_can_be_sent_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<Live>();
    }
}

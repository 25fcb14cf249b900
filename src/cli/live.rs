//! `tlswhy live`: captures on an interface and tells failures while they happen.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::args::{DeviceArgs, ReportArgs};
use crate::cli::exit::Exit;
use crate::cli::options::{self, ReportOptions, environment};
use crate::cli::output::Output;
use crate::cli::read::Event;
use crate::cli::record::{Recorded, Recorder};
use crate::cli::report::Run;
use crate::cli::stream::{self, Bounded, Fed};
#[cfg(feature = "tui")]
use crate::cli::tui;
use crate::cli::{complain, phrases};
use crate::engine::{Engine, Options};
use crate::error::Error;
use crate::report::{self, Outcome};
use crate::source::Ongoing;
use crate::source::follow::WithKeys;
use crate::source::live::{Device, Losses, Settings};
use crate::source::privileges::{self, Wish};

/// Does what the arguments say.
pub(super) fn run(device: &DeviceArgs, report: &ReportArgs) -> Result<Exit, Error> {
    if let Some(named) = report.captures.first() {
        return Err(Error::Usage(phrases::live_reads_no_files(&named.to_string_lossy())));
    }
    if report.follow {
        return Err(Error::Usage(phrases::LIVE_AND_FILES.to_owned()));
    }
    let settings = settings(device)?;
    let options = options::live(report, &settings.interface)?;
    for note in &options.notes {
        complain(note);
    }
    let opening = Opening { settings, device, options: &options, verbose: report.verbose };
    #[cfg(feature = "tui")]
    if tui::is_wanted(report, true) {
        // The interface minds the signals: the terminal is to be given back first.
        let stop = Arc::default();
        // What is saved goes into the current folder; the keys come from the terminal.
        let writable = vec![PathBuf::from("."), PathBuf::from("/dev/tty")];
        let (live, ()) = opening.open(&stop, writable, || Ok(()))?;
        // A series of files is not numbered as the packets are.
        let file = device.write.as_ref().filter(|_| device.rotate.is_none());
        return tui::live(report, live, stop, tui::Saver::new(file.cloned(), &options));
    }
    let stop = stream::interruption();
    let writable = options.output.iter().cloned().collect();
    let (live, output) = opening.open(&stop, writable, || Output::open(&options))?;
    print(live, Run::new(&options, output), &stop)
}

/// Captures until the end, and reports.
fn print(live: Live, mut run: Run<'_>, stop: &Arc<AtomicBool>) -> Result<Exit, Error> {
    complain(&phrases::listening(&live.interface, &live.link));
    let mut told = run.event(0, Event::Opened { live: true });
    let ended = live.run(&mut |fed| {
        told = match fed {
            Fed::Early(session) => run.event(0, Event::Early(session)),
            Fed::Session(session) => run.event(0, Event::Session(session)),
            Fed::Problem(problem) => {
                complain(&format!("note: {}", problem.text));
                return;
            }
        };
        if told.is_break() {
            stop.store(true, Ordering::Relaxed);
        }
    });
    complain(&phrases::captured(ended.capture.packets, ended.losses.kernel, ended.losses.interface));
    // That nobody reads any more is seen at the end.
    let _ = run.event(0, Event::Ended { capture: Some(Box::new(ended.capture)), error: ended.result.err() });
    run.end()
}

/// What is needed to begin.
struct Opening<'a> {
    settings: Settings,
    device: &'a DeviceArgs,
    options: &'a ReportOptions,
    verbose: bool,
}

impl Opening<'_> {
    /// Opens the interface, gives up privileges, opens the outputs, and confines the process to them: in this
    /// order, so that files belong to the user and not to root, and before any thread is started.
    fn open<T>(
        self,
        stop: &Arc<AtomicBool>,
        mut writable: Vec<PathBuf>,
        outputs: impl FnOnce() -> Result<T, Error>,
    ) -> Result<(Live, T), Error> {
        let Self { settings, device, options, verbose } = self;
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
        let outputs = outputs()?;
        let recorder = device
            .write
            .as_ref()
            .map(|path| Recorder::new(path, device.replace, device.rotate, device.keep))
            .transpose()?;
        writable.extend(recorder.as_ref().map(Recorder::writes_to));
        privileges::confine(&writable).iter().for_each(|step| say(step));
        let link = opened.link().name().into_owned();
        let source = Recorded::new(WithKeys::new(opened, key_logs), recorder);
        let source = Bounded::new(source, Arc::clone(stop)).at_most(device.count, device.duration);
        let engine = Options {
            beliefs: options.beliefs.clone(),
            keys: options.keys.clone(),
            limits: options.limits.clone(),
            ..Options::default()
        };
        let live = Live {
            source,
            engine: Engine::new(stream::ongoing(engine, late_keys)),
            stop: Arc::clone(stop),
            until_failure: device.until_failure,
            problems: options.limits.problems,
            interface: settings.interface,
            link,
        };
        Ok((live, outputs))
    }
}

/// A capture under way, its privileges given up. May be sent to another thread and run there.
pub(super) struct Live {
    source: Bounded<Recorded<WithKeys<Device>>>,
    engine: Engine,
    stop: Arc<AtomicBool>,
    until_failure: bool,
    /// How many problems are listed.
    problems: usize,
    /// Its name.
    pub(super) interface: String,
    /// Name of its link type.
    pub(super) link: String,
}

/// How a capture ended.
pub(super) struct Ended {
    /// The capture, as published.
    pub(super) capture: report::Capture,
    /// What was lost.
    pub(super) losses: Losses,
    /// Whether it ended as it was meant to.
    pub(super) result: Result<(), Error>,
}

impl Live {
    /// Captures until the end, handing on what comes.
    pub(super) fn run(mut self, tell: &mut dyn FnMut(Fed)) -> Ended {
        let (mut problems, most) = (Vec::new(), self.problems);
        let (until_failure, stop) = (self.until_failure, self.stop);
        let result = stream::feed(&mut self.source, self.engine, &mut |fed| {
            match &fed {
                Fed::Early(session) | Fed::Session(session) if until_failure && is_explained(session) => {
                    stop.store(true, Ordering::Relaxed);
                }
                Fed::Problem(problem) => report::list_problem(&mut problems, most, report::problem(problem)),
                _ => {}
            }
            tell(fed);
        });
        let written = self.source.source.finish();
        let capture = self.source.facts().published(&self.interface, problems);
        let device = self.source.source.source.source_mut();
        device.count_losses();
        Ended { capture, losses: device.losses(), result: result.and(written) }
    }
}

fn is_explained(session: &report::Session) -> bool {
    matches!(session.outcome, Outcome::Failed | Outcome::Refused) && session.diagnosis.cause != "unknown"
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

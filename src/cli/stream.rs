//! Sources that have not ended: interruption, bounds, and sessions told as soon as they are judged.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::analyze::{self, Told};
use crate::capture::{About, Item, PacketSource};
use crate::engine::{Engine, Judged, Limits, Options};
use crate::error::Error;
use crate::problem::Problem;
use crate::report::{self, Session};
use crate::source::follow::KeyLogFile;
use crate::source::{Facts, Ongoing};

/// Bytes of each session that are kept while its keys may still come. A handshake with its certificates, and
/// the first words after it, fit.
const REPLAY: usize = 32 << 10;
/// Connections followed at one time: with the bytes above, some hundreds of MiB at worst.
const FLOWS: usize = 20_000;

/// What a source that has not ended brings.
#[derive(Debug)]
pub(crate) enum Fed {
    /// A verdict on a session whose connection is not over. It comes again under the same number.
    Early(Box<Session>),
    /// A session is over.
    Session(Box<Session>),
    /// Something is odd about the capture.
    Problem(Problem),
}

/// Set by Ctrl-C and SIGTERM. A second one ends the program at once.
pub(crate) fn interruption() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Without it the signal ends the program, as it does by default.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop));
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    stop
}

/// Engine options for a source that has not ended. `late_keys` says that keys may come behind the packets.
pub(crate) fn ongoing(options: Options, late_keys: bool) -> Options {
    let replay = if late_keys { REPLAY } else { 0 };
    Options {
        limits: Limits { flows: options.limits.flows.min(FLOWS), replay, ..options.limits },
        live: true,
        ..options
    }
}

/// The key logs, to be followed.
pub(crate) fn key_logs(paths: &[PathBuf]) -> Result<Vec<KeyLogFile>, Error> {
    paths.iter().map(|path| KeyLogFile::new(path)).collect()
}

/// Reads `source` to its end and hands on what comes of it, as of the first capture of a report.
///
/// # Errors
/// The source's.
pub(crate) fn feed<S: Ongoing>(
    source: &mut Bounded<S>,
    mut engine: Engine,
    tell: &mut dyn FnMut(Fed),
) -> Result<(), S::Error> {
    let digits = Cell::new(0);
    let published = |judged: Box<Judged>| Box::new(report::session(*judged, 0, digits.get()));
    let mut watched = Watched { source, digits: &digits };
    analyze::pump(&mut watched, &mut engine, &mut |told| {
        tell(match told {
            Told::Problem(problem) => Fed::Problem(problem),
            Told::Early(judged) => Fed::Early(published(judged)),
            Told::Session(judged) => Fed::Session(published(judged)),
        });
    })
}

/// Tells how fine the source's clock is while the engine holds it.
struct Watched<'a, S> {
    source: &'a mut Bounded<S>,
    digits: &'a Cell<usize>,
}

impl<S: Ongoing> PacketSource for Watched<'_, S> {
    type Error = S::Error;

    fn about(&self) -> About {
        self.source.about()
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, S::Error> {
        self.digits.set(self.source.facts().digits.max(self.digits.get()));
        self.source.next()
    }
}

/// A source that ends when told to, after a number of packets, or after a time.
#[derive(Debug)]
pub(crate) struct Bounded<S> {
    pub(crate) source: S,
    stop: Arc<AtomicBool>,
    packets_left: Option<u64>,
    until: Option<Instant>,
    /// How long after `stop` the source may still end by itself.
    grace: Duration,
}

impl<S: Ongoing> Bounded<S> {
    /// A source that ends with `stop`.
    pub(crate) fn new(source: S, stop: Arc<AtomicBool>) -> Self {
        Self { source, stop, packets_left: None, until: None, grace: Duration::ZERO }
    }

    /// The same source, which is left some time to end by itself when it is told to: Ctrl-C reaches
    /// whoever writes into a pipe as well, and its last packets are still to come.
    pub(crate) fn with_grace(self) -> Self {
        Self { grace: Duration::from_millis(500), ..self }
    }

    /// The same source, which ends after so many packets, or so long from now.
    #[cfg(feature = "live")]
    #[expect(clippy::disallowed_methods, reason = "--duration is real time")]
    pub(crate) fn at_most(self, packets: Option<u64>, time: Option<Duration>) -> Self {
        let until = time.and_then(|time| Instant::now().checked_add(time));
        Self { packets_left: packets, until, ..self }
    }

    #[expect(clippy::disallowed_methods, reason = "--duration is real time")]
    fn is_over(&mut self) -> bool {
        if self.stop.load(Ordering::Relaxed) {
            if self.grace.is_zero() {
                return true;
            }
            let end = Instant::now().checked_add(std::mem::take(&mut self.grace));
            self.until = self.until.into_iter().chain(end).min();
            // From now on only `until` decides.
            self.stop = Arc::default();
        }
        self.packets_left == Some(0) || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

impl<S: Ongoing> Ongoing for Bounded<S> {
    fn facts(&self) -> &Facts {
        self.source.facts()
    }
}

impl<S: Ongoing> PacketSource for Bounded<S> {
    type Error = S::Error;

    fn about(&self) -> About {
        self.source.about()
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, S::Error> {
        if self.is_over() {
            return Ok(None);
        }
        let item = self.source.next()?;
        if let (Some(Item::Packet(_)), Some(left)) = (&item, &mut self.packets_left) {
            *left = left.saturating_sub(1);
        }
        Ok(item)
    }
}

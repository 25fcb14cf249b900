//! The terminal itself: raw mode, the other screen, and giving both back whatever happens. The only file
//! that touches it.
//!
//! A terminal that is left raw is worse than no program. So it is given back when the interface ends, on
//! a panic, and on SIGTERM, SIGHUP and SIGINT; of a panic in another thread the message is kept until then.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{cursor, execute};

use crate::tui::event::{Event, translate};
use crate::tui::export::Export;
use crate::tui::update::Effect;
use crate::tui::{Done, Outside, osc52};

/// What ratatui draws on. Buffered, so that a frame is one write.
pub(crate) type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Who writes files: it is given what to write, and says where it was written.
pub type Saver = Box<dyn FnMut(&Export) -> io::Result<String>>;

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

/// The terminal while it is ours. Dropping it gives it back.
pub(crate) struct Tty {
    mouse: bool,
    save: Option<Saver>,
    signals: Signals,
    hook: Hook,
    panicked: Arc<Mutex<Option<String>>>,
}

impl Tty {
    /// Takes the terminal.
    pub(crate) fn take(mouse: bool, save: Option<Saver>) -> io::Result<(Self, Screen)> {
        let signals = Signals::watch()?;
        let panicked = Arc::new(Mutex::new(None));
        let hook: Hook = Arc::from(std::panic::take_hook());
        let (ours, theirs, kept) = (std::thread::current().id(), Arc::clone(&hook), Arc::clone(&panicked));
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == ours {
                leave();
                theirs(info);
            } else {
                // Printing it now would tear the screen, and nobody could read it.
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
            }
        }));
        // From here on, whatever fails, dropping this gives the terminal back.
        let tty = Self { mouse, save, signals, hook, panicked };
        enter(mouse)?;
        let screen = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())))?;
        Ok((tty, screen))
    }

    /// Gives the terminal back, does what is to be done then, and ends as a signal wanted, if one did.
    pub(crate) fn give_back(self, end: Option<Box<dyn FnOnce()>>) -> io::Result<()> {
        let (signal, panicked) = (self.signals.caught(), Arc::clone(&self.panicked));
        drop(self);
        if let Some(end) = end {
            end();
        }
        Signals::obey(signal)?;
        match panicked.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(message) => Err(io::Error::other(format!("reading the capture failed: {message}"))),
            None => Ok(()),
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // A panic of ours has been through the hook; and hooks cannot be changed while one is under way.
        if std::thread::panicking() {
            return;
        }
        leave();
        drop(std::panic::take_hook());
        let theirs = Arc::clone(&self.hook);
        std::panic::set_hook(Box::new(move |info| theirs(info)));
    }
}

impl Outside for Tty {
    fn event(&mut self, wait: Duration) -> io::Result<Option<Event>> {
        match event::poll(wait) {
            Ok(true) => Ok(translate(&event::read()?)),
            Ok(false) => Ok(None),
            // A signal that only asks for attention.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_over(&self) -> bool {
        self.signals.caught() != 0
    }

    fn failure(&mut self) -> Option<String> {
        self.panicked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn perform(&mut self, effect: Effect) -> Done {
        match effect {
            Effect::Quit => Done::Leave,
            Effect::Suspend => {
                leave();
                let stopped = Signals::stop();
                match enter(self.mouse).and(stopped) {
                    Ok(()) => Done::Redraw,
                    Err(error) => Done::Failed(format!("cannot stop here: {error}")),
                }
            }
            Effect::Copy(text) => match osc52::sequence(&text) {
                Some(sequence) => match io::stdout().write_all(sequence.as_bytes()).and_then(|()| io::stdout().flush())
                {
                    Ok(()) => Done::Quietly,
                    Err(error) => Done::Failed(format!("the terminal did not take it: {error}")),
                },
                None => Done::Failed(format!("more than {} bytes: no terminal copies that", osc52::LIMIT)),
            },
            Effect::Save(export) => match self.save.as_mut().map(|save| save(&export)) {
                Some(Ok(path)) => Done::Said(format!("written to {path}")),
                Some(Err(error)) => Done::Failed(format!("{}: {error}", export.name)),
                None => Done::Failed("nothing can be saved here".to_owned()),
            },
        }
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back, as far as it is still there. Doing it twice does no harm.
fn leave() {
    let _ = execute!(io::stdout(), DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

#[cfg(unix)]
mod signals {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use signal_hook::{SigId, flag, low_level};

    /// Remembers that a signal came. Nothing else may be done while one is handled.
    pub(super) struct Signals {
        caught: Arc<AtomicUsize>,
        registered: Vec<SigId>,
    }

    impl Signals {
        pub(super) fn watch() -> io::Result<Self> {
            let caught = Arc::new(AtomicUsize::new(0));
            let mut signals = Self { caught: Arc::clone(&caught), registered: Vec::new() };
            for signal in [SIGTERM, SIGHUP, SIGINT] {
                let number = usize::try_from(signal).unwrap_or(0);
                signals.registered.push(flag::register_usize(signal, Arc::clone(&caught), number)?);
            }
            watch_over(&caught);
            Ok(signals)
        }

        /// The last signal; 0 where there was none.
        pub(super) fn caught(&self) -> usize {
            self.caught.load(Ordering::SeqCst)
        }

        /// Ends the program as the signal would have.
        pub(super) fn obey(signal: usize) -> io::Result<()> {
            match i32::try_from(signal) {
                Ok(signal) if signal != 0 => low_level::emulate_default_handler(signal),
                _ => Ok(()),
            }
        }

        /// Stops until the shell goes on.
        pub(super) fn stop() -> io::Result<()> {
            low_level::emulate_default_handler(SIGTSTP)
        }
    }

    /// How long the loop may take to see a signal.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// Obeys a signal that the loop does not get to see: reading from a terminal that is gone may never come
    /// back, and a program that nobody sees would then run for ever.
    fn watch_over(caught: &Arc<AtomicUsize>) {
        let caught = Arc::downgrade(caught);
        std::thread::spawn(move || {
            let mut seen = false;
            while let Some(now) = caught.upgrade().map(|caught| caught.load(Ordering::SeqCst)) {
                if now != 0 && seen {
                    super::leave();
                    let _ = Signals::obey(now);
                }
                seen = now != 0;
                std::thread::sleep(PATIENCE);
            }
        });
    }

    impl Drop for Signals {
        fn drop(&mut self) {
            self.registered.drain(..).for_each(|id| {
                low_level::unregister(id);
            });
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use std::io;

    /// There are none here.
    pub(super) struct Signals;

    impl Signals {
        pub(super) fn watch() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn caught(&self) -> usize {
            0
        }

        pub(super) fn obey(_: usize) -> io::Result<()> {
            Ok(())
        }

        pub(super) fn stop() -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}

use signals::Signals;

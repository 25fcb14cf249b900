//! The terminal interface: sessions, the timeline of one, its messages, certificates and verdict.
//!
//! State ([`App`]), changing it ([`update`]), and drawing it ([`view`]) are three places. Whoever reads
//! packets does so in a thread of its own, and sends [`Feed`]s; the interface is usable from the first one
//! on. It reads `report`, and nothing else.
//!
//! ```no_run
//! use std::sync::mpsc;
//! use tlswhy::tui::{self, Feed, Options};
//!
//! let (send, receive) = mpsc::sync_channel(1_024);
//! std::thread::spawn(move || {
//!     // For each session that is over: send.send(Feed::Session(Box::new(session)))
//!     let _ = send.send(Feed::Done);
//! });
//! tui::run(&receive, Options { title: "payments.pcapng".to_owned(), ..Options::default() })?;
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod action;
pub mod app;
pub mod compare;
pub mod config;
pub mod event;
pub mod export;
pub mod filter;
pub mod keymap;
pub mod line;
pub mod list;
mod moving;
pub mod osc52;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod script;
pub mod scroll;
pub mod terminal;
pub mod theme;
mod typing;
pub mod update;
pub mod view;

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::Backend;

pub use app::App;
pub use config::Config;
pub use event::Feed;
pub use export::{Content, Export};
pub use keymap::Keymap;
pub use terminal::Saver;
pub use theme::Theme;
pub use view::draw;

use app::Notice;
use event::Event;
use terminal::Tty;
use update::Effect;

/// Messages that are taken in before the screen is drawn again.
const AT_ONCE: usize = 2_000;
/// How long to wait for a key while packets are read: sessions are seen after that at the latest.
const WHILE_READING: Duration = Duration::from_millis(50);
/// How long to wait for a key otherwise: signals are seen after that at the latest.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// How the interface is to be.
#[derive(Default)]
pub struct Options {
    /// Take clicks and the wheel. Off, the terminal's own selecting and copying works.
    pub mouse: bool,
    /// The looks; [`Theme::Plain`] where `NO_COLOR` is set.
    pub theme: Theme,
    /// The keys.
    pub keymap: Keymap,
    /// What is being looked at.
    pub title: String,
    /// New sessions may come at any time.
    pub live: bool,
    /// How many sessions are kept to be looked at; `None` for as many as [`Limits`](crate::engine::Limits) says.
    pub kept: Option<usize>,
    /// How many problems of a capture are listed; `None` for as many as [`Limits`](crate::engine::Limits) says.
    pub listed: Option<usize>,
    /// Who writes files; without it, nothing can be saved.
    pub save: Option<Saver>,
    /// What is to be done once the terminal is given back, and before a signal ends the program.
    pub end: Option<Box<dyn FnOnce()>>,
}

/// What became of an effect.
pub(crate) enum Done {
    /// Done, and nothing is to be said.
    Quietly,
    /// Done, and this is to be said.
    Said(String),
    /// Not done.
    Failed(String),
    /// Done, and the screen has to be drawn from nothing.
    Redraw,
    /// The interface is to end.
    Leave,
}

/// The world as the loop sees it.
pub(crate) trait Outside {
    /// The next event, if one comes in that time.
    fn event(&mut self, wait: Duration) -> io::Result<Option<Event>>;
    /// Whether something from outside wants the end.
    fn is_over(&self) -> bool;
    /// What went wrong in another thread.
    fn failure(&mut self) -> Option<String>;
    /// Does what an action asked for.
    fn perform(&mut self, effect: Effect) -> Done;
}

/// Shows what `feed` brings until the user leaves. Needs a terminal on stdout.
///
/// # Errors
/// Where the terminal cannot be used, or the thread that feeds it panicked.
pub fn run(feed: &Receiver<Feed>, options: Options) -> io::Result<()> {
    let Options { mouse, theme, keymap, title, live, kept, listed, save, end } = options;
    let mut app = App::new(title, keymap, theme, live);
    app.kept = kept.unwrap_or(app.kept).max(2);
    app.listed = listed.unwrap_or(app.listed);
    let (mut tty, mut screen) = Tty::take(mouse, save)?;
    let result = drive(&mut screen, &mut tty, feed, &mut app);
    // Before anything else is printed.
    let given_back = tty.give_back(end);
    result.and(given_back)
}

/// The loop. It draws when something has changed, and only then.
pub(crate) fn drive<B, O>(
    screen: &mut Terminal<B>,
    outside: &mut O,
    feed: &Receiver<Feed>,
    app: &mut App,
) -> io::Result<()>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
    O: Outside,
{
    let mut changed = true;
    let mut open = true;
    while !outside.is_over() {
        let more = open && take_in(feed, app, &mut changed, &mut open);
        if !open
            && !app.reading.done
            && let Some(failure) = outside.failure()
        {
            app.notice = Some(Notice { text: format!("reading failed: {failure}"), failed: true });
        }
        if !open {
            app.reading.done = true;
        }
        if changed {
            let size = screen.size().map_err(io::Error::other)?;
            app.size = (size.width, size.height);
            screen.draw(|frame| draw(app, frame)).map_err(io::Error::other)?;
            changed = false;
        }
        let mut wait = match (more, open) {
            (true, _) => Duration::ZERO,
            (false, true) => WHILE_READING,
            (false, false) => AFTERWARDS,
        };
        // All keys that are there, before the next drawing: a held key does not lag behind.
        while let Some(event) = outside.event(wait)? {
            changed = true;
            wait = Duration::ZERO;
            let Some(effect) = update::event(app, event) else { continue };
            match outside.perform(effect) {
                Done::Quietly => {}
                Done::Said(text) => app.notice = Some(Notice { text, failed: false }),
                Done::Failed(text) => app.notice = Some(Notice { text, failed: true }),
                Done::Redraw => screen.clear().map_err(io::Error::other)?,
                Done::Leave => return Ok(()),
            }
        }
    }
    Ok(())
}

/// Takes in what has come, up to a limit; whether there may be more at once.
fn take_in(feed: &Receiver<Feed>, app: &mut App, changed: &mut bool, open: &mut bool) -> bool {
    for _ in 0..AT_ONCE {
        match feed.try_recv() {
            Ok(message) => {
                *changed = true;
                app.feed(message);
            }
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => {
                *changed = true;
                *open = false;
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::tui::keymap::Key;
    use ratatui::backend::TestBackend;
    use std::collections::VecDeque;
    use std::sync::mpsc;

    /// A world that presses these keys, each after a silence, and counts.
    struct Script {
        keys: VecDeque<Option<Key>>,
        effects: Vec<Effect>,
    }

    impl Script {
        fn new(keys: &str) -> Self {
            let keys = script::keys(keys).into_iter().flat_map(|key| [None, Some(key)]).collect();
            Self { keys, effects: Vec::new() }
        }
    }

    impl Outside for Script {
        fn event(&mut self, _: Duration) -> io::Result<Option<Event>> {
            Ok(self.keys.pop_front().flatten().map(Event::Key))
        }

        fn is_over(&self) -> bool {
            self.keys.is_empty()
        }

        fn failure(&mut self) -> Option<String> {
            Some("it broke".to_owned())
        }

        fn perform(&mut self, effect: Effect) -> Done {
            self.effects.push(effect.clone());
            match effect {
                Effect::Quit => Done::Leave,
                Effect::Suspend => Done::Redraw,
                Effect::Copy(_) => Done::Quietly,
                Effect::Save(export) => Done::Said(format!("written to {}", export.name)),
            }
        }
    }

    fn app() -> App {
        App::new("test", Keymap::default(), Theme::Dark, false)
    }

    fn screen(terminal: &Terminal<TestBackend>) -> String {
        terminal.backend().to_string()
    }

    #[test]
    fn sessions_are_seen_before_the_capture_has_been_read() {
        let (send, receive) = mpsc::channel();
        send.send(Feed::Session(Box::new(sample::expired()))).expect("open");
        send.send(Feed::Progress { bytes: 50, total: Some(100) }).expect("open");
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        drive(&mut terminal, &mut Script::new("j"), &receive, &mut app()).expect("driven");
        let shown = screen(&terminal);
        assert!(shown.contains("client-cert-expired") && shown.contains("reading ▪▪▪▪▪····· 50 %"), "{shown}");
    }

    #[test]
    fn nothing_is_drawn_without_a_change() {
        let (send, receive) = mpsc::channel::<Feed>();
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        let mut world = Script { keys: vec![None; 50].into(), effects: Vec::new() };
        drive(&mut terminal, &mut world, &receive, &mut app()).expect("driven");
        // The count of frames before a further one is drawn.
        let count = terminal.draw(|_| {}).expect("drawn").count;
        assert_eq!(count, 1);
        drop(send);
    }

    #[test]
    fn effects_are_done_outside_and_what_became_of_them_is_said() {
        let (send, receive) = mpsc::channel();
        send.send(Feed::Session(Box::new(sample::expired()))).expect("open");
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        let mut world = Script::new("y<ctrl-z>smjqjjjj");
        world.keys.retain(Option::is_some);
        let mut state = app();
        drive(&mut terminal, &mut world, &receive, &mut state).expect("driven");
        assert!(matches!(world.effects.as_slice(), [Effect::Copy(_), Effect::Suspend, Effect::Save(_), Effect::Quit]));
        assert_eq!(world.keys.len(), 4, "nothing is read after the end");
        drop(send);
    }

    #[test]
    fn a_reader_that_broke_is_told_of() {
        let (send, receive) = mpsc::channel::<Feed>();
        drop(send);
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        let mut world = Script { keys: vec![None; 3].into(), effects: Vec::new() };
        drive(&mut terminal, &mut world, &receive, &mut app()).expect("driven");
        assert!(screen(&terminal).contains("✗ reading failed: it broke"), "{}", screen(&terminal));
    }
}

//! The state of the terminal interface: plain data. `update` changes it, `view` draws it, and neither
//! knows a terminal.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::engine::Limits;
use crate::report::{self, Capture, Outcome, Problem, Session};
use crate::tui::event::Feed;
use crate::tui::keymap::{Keymap, Scope};
use crate::tui::list::List;
use crate::tui::scroll::Scroll;
use crate::tui::theme::Theme;

/// How many messages are held back while paused.
const HELD: usize = 10_000;

/// Everything that the interface knows.
#[derive(Debug, Clone)]
pub struct App {
    /// What is being looked at: a file name, an interface.
    pub title: String,
    /// The keys.
    pub keymap: Keymap,
    /// The looks.
    pub theme: Theme,
    /// New sessions may come at any time.
    pub live: bool,
    /// How many sessions are kept to be looked at, at least two. A capture may have more, and a live one has no
    /// end.
    pub kept: usize,
    /// How many problems of the capture are listed.
    pub listed: usize,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// What is shown.
    pub screen: Screen,
    /// What is being typed, where something is.
    pub prompt: Option<Prompt>,
    /// A remark on what was just done.
    pub notice: Option<Notice>,
    /// The list of sessions.
    pub list: List,
    /// How far reading has come.
    pub reading: Reading,
    /// The captures.
    pub captures: Vec<Capture>,
    /// What was odd about the input.
    pub problems: Vec<Problem>,
    /// How many sessions were let go, to keep memory bounded.
    pub let_go: u64,
    sessions: Vec<Session>,
    by_id: BTreeMap<u64, usize>,
    held: Option<VecDeque<Feed>>,
    held_lost: u64,
}

/// What the screen shows.
#[derive(Debug, Clone)]
pub enum Screen {
    /// The list of sessions.
    Sessions,
    /// One session.
    Session(SessionScreen),
    /// What differs between two.
    Compare(CompareScreen),
    /// What is known of the capture.
    Capture(Page),
    /// The keys.
    Help(HelpScreen),
}

/// A text that is scrolled and searched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Where in it.
    pub scroll: Scroll,
    /// What was searched for; empty where nothing was.
    pub search: String,
}

/// The regions of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    /// What was sent, in order.
    Timeline,
    /// The selected message.
    Message,
    /// The certificates of both sides.
    Certificates,
    /// The explanation.
    Why,
    /// What to do.
    Remedies,
}

impl Pane {
    /// All of them, from left to right.
    pub const ALL: [Self; 5] = [Self::Timeline, Self::Message, Self::Certificates, Self::Why, Self::Remedies];

    /// Its place among all.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name on the screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Timeline => "Timeline",
            Self::Message => "Message",
            Self::Certificates => "Certificates",
            Self::Why => "Why",
            Self::Remedies => "What to do",
        }
    }
}

/// One session on the screen.
#[derive(Debug, Clone)]
pub struct SessionScreen {
    /// Which.
    pub id: u64,
    /// The region that has the keys.
    pub pane: Pane,
    /// Where in each region.
    pub pages: BTreeMap<Pane, Page>,
    /// What is folded.
    pub folds: Folds,
    /// Whether the bytes of fields are shown.
    pub bytes: bool,
}

impl SessionScreen {
    /// The session from its beginning.
    pub fn new(id: u64) -> Self {
        let pages = Pane::ALL.iter().map(|pane| (*pane, Page::default())).collect();
        Self { id, pane: Pane::Timeline, pages, folds: Folds::default(), bytes: false }
    }

    /// Where in `pane`.
    pub fn page(&self, pane: Pane) -> Page {
        self.pages.get(&pane).cloned().unwrap_or_default()
    }
}

/// What of a tree is folded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folds {
    /// All open, all closed, or as each node suggests.
    pub all: Option<bool>,
    /// Nodes that are otherwise.
    pub toggled: BTreeSet<String>,
}

impl Folds {
    /// Whether the node is open that suggests `by_itself`.
    pub fn is_open(&self, node: &str, by_itself: bool) -> bool {
        self.all.unwrap_or(by_itself) != self.toggled.contains(node)
    }

    /// Turns a node over.
    pub fn toggle(&mut self, node: &str) {
        if !self.toggled.remove(node) {
            self.toggled.insert(node.to_owned());
        }
    }
}

/// A comparison on the screen.
#[derive(Debug, Clone)]
pub struct CompareScreen {
    /// The session on the left.
    pub left: u64,
    /// The one on the right.
    pub right: u64,
    /// Whether what is the same is shown, too.
    pub same: bool,
    /// Where in it.
    pub page: Page,
    /// Where one came from.
    pub under: Box<Screen>,
}

/// The help on the screen.
#[derive(Debug, Clone)]
pub struct HelpScreen {
    /// Where in it; what is searched for filters its lines.
    pub page: Page,
    /// Where one came from.
    pub under: Box<Screen>,
}

/// Something that is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub purpose: Purpose,
    /// What was typed.
    pub text: String,
    /// The cursor, in characters.
    pub cursor: usize,
    /// What it was before.
    pub before: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// What is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A filter for the list.
    Filter,
    /// A search in the text.
    Search,
    /// A format to save a session in: one key.
    Save(u64),
}

/// A remark on what was just done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// It did not work.
    pub failed: bool,
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes that there are, where known.
    pub total: Option<u64>,
    /// There will be no more.
    pub done: bool,
}

impl App {
    /// An interface that has seen nothing yet.
    pub fn new(title: impl Into<String>, keymap: Keymap, theme: Theme, live: bool) -> Self {
        Self {
            title: title.into(),
            keymap,
            theme,
            live,
            kept: Limits::default().shown,
            listed: Limits::default().problems,
            size: (80, 24),
            screen: Screen::Sessions,
            prompt: None,
            notice: None,
            list: List::default(),
            reading: Reading::default(),
            captures: Vec::new(),
            problems: Vec::new(),
            let_go: 0,
            sessions: Vec::new(),
            by_id: BTreeMap::new(),
            held: None,
            held_lost: 0,
        }
    }

    /// Where keys are pressed now.
    pub fn scope(&self) -> Scope {
        match (&self.prompt, &self.screen) {
            (Some(Prompt { purpose: Purpose::Save(_), .. }), _) => Scope::Save,
            (Some(_), _) => Scope::Prompt,
            (None, screen) => screen.scope(),
        }
    }

    /// The session with that id, as long as it is kept.
    pub fn session(&self, id: u64) -> Option<&Session> {
        self.sessions.get(*self.by_id.get(&id)?)
    }

    /// All sessions, in order of arrival.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// The sessions in these rows of the list.
    pub fn rows(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = &Session> {
        self.list.shown.get(rows).unwrap_or_default().iter().filter_map(|index| self.sessions.get(*index))
    }

    /// The session under the list's cursor.
    pub fn selected(&self) -> Option<&Session> {
        self.sessions.get(*self.list.shown.get(self.list.scroll.cursor)?)
    }

    /// How many messages are held back; none where it is not paused.
    pub fn held(&self) -> Option<usize> {
        self.held.as_ref().map(VecDeque::len)
    }

    /// Takes in what the reader of packets sent.
    pub fn feed(&mut self, feed: Feed) {
        let Some(held) = &mut self.held else { return self.take(feed) };
        if held.len() >= HELD {
            held.pop_front();
            self.held_lost += 1;
        }
        held.push_back(feed);
    }

    /// Stops taking in, or goes on.
    pub fn pause(&mut self) {
        match self.held.take() {
            None => self.held = Some(VecDeque::new()),
            Some(held) => {
                held.into_iter().for_each(|feed| self.take(feed));
                self.let_go += std::mem::take(&mut self.held_lost);
            }
        }
    }

    fn take(&mut self, feed: Feed) {
        match feed {
            Feed::Session(session) => self.take_session(*session),
            Feed::Capture(capture) => match self.captures.iter_mut().find(|known| known.path == capture.path) {
                Some(known) => *known = capture,
                None => self.captures.push(capture),
            },
            Feed::Progress { bytes, total } => (self.reading.bytes, self.reading.total) = (bytes, total),
            Feed::Problem(problem) => report::list_problem(&mut self.problems, self.listed, problem),
            Feed::Done => self.reading.done = true,
        }
    }

    fn take_session(&mut self, session: Session) {
        if let Some(index) = self.by_id.get(&session.id).copied() {
            let under_cursor = self.list.shown.get(self.list.scroll.cursor) == Some(&index);
            self.hide(index);
            if let Some(known) = self.sessions.get_mut(index) {
                *known = session;
            }
            self.show(index);
            // The cursor goes where its session goes.
            let place = self.list.shown.iter().position(|shown| under_cursor && *shown == index);
            self.list.scroll.cursor = place.unwrap_or(self.list.scroll.cursor);
            return;
        }
        if self.sessions.len() >= self.kept {
            self.make_room();
        }
        let index = self.sessions.len();
        self.by_id.insert(session.id, index);
        self.sessions.push(session);
        self.show(index);
    }

    /// Puts a session into the list, where it belongs there. The cursor stays on what it is on, except
    /// that it follows the end of a live list.
    fn show(&mut self, index: usize) {
        let Some(session) = self.sessions.get(index).filter(|session| self.list.lets_pass(session)) else { return };
        let list = &self.list;
        let before = |other: &usize| {
            self.sessions.get(*other).is_some_and(|other| list.compare(other, session) == Ordering::Less)
        };
        let at = self.list.shown.partition_point(before);
        let at_end = self.live && at > 0 && at == self.list.len() && self.list.scroll.cursor + 1 == at;
        self.list.shown.insert(at, index);
        if at_end || at <= self.list.scroll.cursor && self.list.len() > 1 {
            self.list.scroll.cursor += 1;
            // A window that stays on the same rows is one that does not jump.
            self.list.scroll.top += usize::from(!at_end && at <= self.list.scroll.top && self.list.scroll.top > 0);
        }
    }

    fn hide(&mut self, index: usize) {
        let Some(session) = self.sessions.get(index) else { return };
        let list = &self.list;
        let before = |other: &usize| {
            self.sessions.get(*other).is_some_and(|other| list.compare(other, session) == Ordering::Less)
        };
        let at = self.list.shown.partition_point(before);
        if self.list.shown.get(at) == Some(&index) {
            self.list.shown.remove(at);
            if at < self.list.scroll.cursor {
                self.list.scroll.cursor -= 1;
            }
        }
    }

    /// Lets a twentieth of all sessions go: the oldest that worked, failing that the oldest. What is
    /// marked or open stays.
    fn make_room(&mut self) {
        let open = match &self.screen {
            Screen::Session(screen) => Some(screen.id),
            _ => None,
        };
        let wanted = (self.kept / 20).max(1);
        let mut go = BTreeSet::new();
        for only_good in [true, false] {
            for session in &self.sessions {
                let stays = Some(session.id) == open
                    || self.list.marked.contains(&session.id)
                    || only_good && session.outcome != Outcome::Established;
                if !stays && go.len() < wanted {
                    go.insert(session.id);
                }
            }
        }
        self.let_go += go.len() as u64;
        self.sessions.retain(|session| !go.contains(&session.id));
        self.by_id = self.sessions.iter().enumerate().map(|(index, session)| (session.id, index)).collect();
        self.relist();
    }

    /// Makes the list anew, after what it shows or how it is sorted has changed. The cursor stays on its
    /// session, where that is still shown.
    pub fn relist(&mut self) {
        let under_cursor = self.selected().map(|session| session.id);
        let sessions = &self.sessions;
        let list = &self.list;
        let mut shown: Vec<usize> =
            (0..sessions.len()).filter(|index| sessions.get(*index).is_some_and(|one| list.lets_pass(one))).collect();
        shown.sort_by(|a, b| match (sessions.get(*a), sessions.get(*b)) {
            (Some(a), Some(b)) => list.compare(a, b),
            _ => Ordering::Equal,
        });
        let at = |id: u64| shown.iter().position(|index| sessions.get(*index).is_some_and(|one| one.id == id));
        let cursor = under_cursor.and_then(at).unwrap_or(0);
        self.list.shown = shown;
        self.list.scroll.cursor = cursor;
    }
}

impl Screen {
    /// Where keys are pressed on it.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Sessions => Scope::Sessions,
            Self::Session(_) => Scope::Session,
            Self::Compare(_) => Scope::Compare,
            Self::Capture(_) | Self::Help(_) => Scope::Everywhere,
        }
    }

    /// The text that has the keys; none in the list.
    pub fn page_mut(&mut self) -> Option<&mut Page> {
        match self {
            Self::Sessions => None,
            Self::Session(screen) => Some(screen.pages.entry(screen.pane).or_default()),
            Self::Compare(screen) => Some(&mut screen.page),
            Self::Capture(page) => Some(page),
            Self::Help(screen) => Some(&mut screen.page),
        }
    }

    /// The same, to look at.
    pub fn page(&self) -> Option<Page> {
        match self {
            Self::Sessions => None,
            Self::Session(screen) => Some(screen.page(screen.pane)),
            Self::Compare(screen) => Some(screen.page.clone()),
            Self::Capture(page) => Some(page.clone()),
            Self::Help(screen) => Some(screen.page.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::tui::list::Sort;

    fn app(sessions: Vec<Session>) -> App {
        let mut app = App::new("test", Keymap::default(), Theme::Dark, false);
        sessions.into_iter().for_each(|session| app.feed(Feed::Session(Box::new(session))));
        app
    }

    fn ids(app: &App) -> Vec<u64> {
        app.rows(0..app.list.len()).map(|session| session.id).collect()
    }

    #[test]
    fn a_newer_state_replaces_the_older_one() {
        let mut app = app(vec![sample::expired(), sample::established()]);
        let mut newer = sample::expired();
        newer.outcome = Outcome::Refused;
        app.feed(Feed::Session(Box::new(newer)));
        assert_eq!(ids(&app), [1, 2]);
        assert_eq!(app.session(1).map(|session| session.outcome), Some(Outcome::Refused));
        assert_eq!(app.selected().map(|session| session.id), Some(1), "the cursor stays on it");
    }

    #[test]
    fn sessions_are_put_where_sorting_and_filter_want_them() {
        let sorted_later = {
            let mut app = app(sample::many());
            app.list.sort = Sort::Cause;
            app.list.failures_only = true;
            app.relist();
            ids(&app)
        };
        let mut app = app(vec![]);
        app.list.sort = Sort::Cause;
        app.list.failures_only = true;
        sample::many().into_iter().for_each(|session| app.feed(Feed::Session(Box::new(session))));
        assert_eq!(ids(&app), sorted_later);
        assert_eq!(app.list.len(), 16);
    }

    #[test]
    fn the_cursor_stays_on_its_session() {
        let mut app = app(sample::many());
        app.list.scroll.cursor = 9;
        let under = app.selected().map(|session| session.id);
        app.list.sort = Sort::Duration;
        app.relist();
        assert_eq!(app.selected().map(|session| session.id), under);
        app.list.reverse = true;
        app.relist();
        assert_eq!(app.selected().map(|session| session.id), under);
        let mut slower = sample::expired();
        (slower.id, slower.duration_us) = (900, i64::MAX);
        app.feed(Feed::Session(Box::new(slower)));
        assert_eq!(app.selected().map(|session| session.id), under);
    }

    #[test]
    fn a_paused_view_holds_back_and_catches_up() {
        let mut app = app(vec![sample::expired()]);
        app.pause();
        app.feed(Feed::Session(Box::new(sample::established())));
        app.feed(Feed::Done);
        assert_eq!((ids(&app), app.held(), app.reading.done), (vec![1], Some(2), false));
        app.pause();
        assert_eq!((ids(&app), app.held(), app.reading.done), (vec![1, 2], None, true));
    }

    #[test]
    fn memory_is_bounded_and_failures_are_kept_longest() {
        let mut small = sample::established();
        (small.timeline, small.client_hello, small.certificate_request) = (Vec::new(), None, None);
        small.certificates = crate::report::Certificates::default();
        let mut app = app(vec![sample::expired()]);
        app.kept = 40;
        for id in 2..=45 {
            app.feed(Feed::Session(Box::new(Session { id, ..small.clone() })));
        }
        assert!(app.sessions().len() <= 40);
        assert_eq!(app.let_go as usize + app.sessions().len(), 45);
        assert!(app.session(1).is_some() && app.session(2).is_none());
        assert_eq!(app.list.len(), app.sessions().len());
    }
}

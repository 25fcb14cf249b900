//! Whole screens, reached by scripts of keys: what a user sees, kept under snapshot.

use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use crate::report::{Session, sample};
use crate::tui::app::App;
use crate::tui::event::{Event, Feed};
use crate::tui::keymap::Keymap;
use crate::tui::theme::Theme;
use crate::tui::view::sessions::MADE;
use crate::tui::{draw, script, update};

/// An interface at the end of a capture with these sessions.
fn app(sessions: Vec<Session>, size: (u16, u16)) -> App {
    let mut app = App::new("payments.pcapng", Keymap::default(), Theme::Dark, false);
    app.size = size;
    app.feed(Feed::Capture(sample::report(vec![]).captures[0].clone()));
    sessions.into_iter().for_each(|session| app.feed(Feed::Session(Box::new(session))));
    app.feed(Feed::Done);
    app
}

fn press(app: &mut App, keys: &str) {
    script::keys(keys).into_iter().for_each(|key| {
        update::event(app, Event::Key(key));
    });
}

fn drawn(app: &App, size: (u16, u16)) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a terminal");
    terminal.draw(|frame| draw(app, frame)).expect("drawn");
    terminal
}

/// The symbols of the screen, line by line.
fn symbols(app: &App, size: (u16, u16)) -> String {
    let terminal = drawn(app, size);
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..size.1 {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..size.0 {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
            }
            skip = if skip > 0 { skip - 1 } else { unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1) };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// One letter a cell: `s` selected, `e` error, `g` good, `w` warning, `p` proof, `h` heading or key,
/// `d` dim, `b` bold.
fn styles(app: &App, size: (u16, u16)) -> String {
    let terminal = drawn(app, size);
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..size.1 {
        let mut line = String::new();
        for x in 0..size.0 {
            let cell = &buffer[(x, y)];
            line.push(match (cell.fg, cell.modifier) {
                (_, modifier) if modifier.contains(Modifier::REVERSED) => 's',
                (Color::Red, _) => 'e',
                (Color::Green, _) => 'g',
                (Color::Yellow, _) => 'w',
                (Color::Magenta, _) => 'p',
                (Color::Cyan, _) => 'h',
                (_, modifier) if modifier.contains(Modifier::DIM) => 'd',
                (_, modifier) if modifier.contains(Modifier::BOLD) => 'b',
                _ => ' ',
            });
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn screen(sessions: Vec<Session>, size: (u16, u16), keys: &str) -> String {
    let mut app = app(sessions, size);
    press(&mut app, keys);
    symbols(&app, size)
}

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);
const TINY: (u16, u16) = (39, 9);

macro_rules! snapshots {
    ($($name:ident: $sessions:expr, $size:expr, $keys:literal;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(screen($sessions, $size, $keys));
        }
    )*};
}

snapshots! {
    the_list_at_80_columns: sample::many(), SMALL, "jj";
    the_list_at_120_columns: sample::many(), LARGE, "jj<space>j<space>";
    the_list_at_39_columns: sample::many(), TINY, "G";
    the_list_filtered_and_sorted: sample::many(), SMALL, "ooooooof/no-common<enter>";
    a_filter_being_typed: sample::many(), SMALL, "/cause:client-cert-*";
    a_filter_that_means_nothing: sample::many(), SMALL, "/colour:red";
    a_filter_that_nothing_passes: sample::many(), SMALL, "/sni:nowhere<enter>";
    a_capture_without_tls: vec![], SMALL, "";
    a_timeline_at_80_columns: sample::many(), SMALL, "<enter>";
    a_timeline_and_its_message_at_120_columns: sample::many(), LARGE, "<enter>";
    a_timeline_at_39_columns: sample::many(), TINY, "<enter>";
    a_silence_in_a_timeline: vec![sample::no_common_cipher()], SMALL, "<enter>";
    a_timeline_that_could_not_be_read: vec![sample::encrypted()], LARGE, "<enter>";
    a_message_at_80_columns: sample::many(), SMALL, "<enter>g/ClientHello<enter><enter>";
    a_message_beside_its_timeline: sample::many(), LARGE, "<enter>g/CertificateReq<enter><enter>jjjjjj";
    bytes_on_demand: sample::many(), LARGE, "<enter>g/ClientHello<enter>b";
    certificates_at_80_columns: sample::many(), SMALL, "<enter>3";
    why_at_80_columns: sample::many(), SMALL, "<enter>4";
    why_at_39_columns: sample::many(), TINY, "<enter>4";
    what_to_do_at_80_columns: sample::many(), SMALL, "<enter>5jy";
    a_comparison_at_80_columns: sample::many(), SMALL, "<space>G<up><space>d";
    a_comparison_at_120_columns: sample::many(), LARGE, "<space>G<up><space>da";
    the_capture: sample::many(), SMALL, "i";
    the_help: sample::many(), SMALL, "?";
    the_help_searched: sample::many(), SMALL, "<enter>?/packet";
    saving: sample::many(), SMALL, "s";
    a_hostile_peer: vec![sample::hostile(), sample::established()], SMALL, "<enter>";
    a_hostile_peer_in_the_list: vec![sample::hostile(), sample::established()], LARGE, "";
}

#[test]
fn styles_carry_what_words_say_too() {
    for (name, keys) in [("list", "jj"), ("timeline", "<enter>"), ("certificates", "<enter>3")] {
        let mut app = app(sample::many(), SMALL);
        press(&mut app, keys);
        insta::assert_snapshot!(
            format!("styles_{name}"),
            format!("{}----\n{}", symbols(&app, SMALL), styles(&app, SMALL))
        );
    }
}

#[test]
fn without_colours_the_screens_say_the_same() {
    for keys in ["jj", "<enter>", "<enter>3", "<enter>4", "?", "i"] {
        let mut coloured = app(sample::many(), SMALL);
        press(&mut coloured, keys);
        let mut plain = coloured.clone();
        plain.theme = Theme::Plain;
        assert_eq!(symbols(&plain, SMALL), symbols(&coloured, SMALL));
        let terminal = drawn(&plain, SMALL);
        assert!(
            terminal.backend().buffer().content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
        );
    }
}

/// Every screen there is.
const SCRIPTS: &[&str] = &[
    "",
    "/sni:x",
    "f<space>jj<space>d",
    "i",
    "?",
    "<enter>",
    "<enter>2b+",
    "<enter>3+",
    "<enter>4G",
    "<enter>5",
    "s",
    "<enter>/cert",
];

#[test]
fn no_size_is_too_small_or_too_odd() {
    let mut sessions = sample::many();
    sessions.push(sample::hostile());
    for keys in SCRIPTS {
        let mut app = app(sessions.clone(), SMALL);
        press(&mut app, keys);
        for size in [(0, 0), (1, 1), (2, 1), (10, 3), (20, 5), (21, 6), (39, 9), (60, 8), (117, 7), (200, 5), (300, 90)]
        {
            // Both before the interface knows of the new size, and after.
            drawn(&app, size);
            update::event(&mut app, Event::Resize(size.0, size.1));
            drawn(&app, size);
            press(&mut app, "jk<ctrl-d>");
            drawn(&app, size);
        }
    }
}

#[test]
fn nothing_that_a_peer_sends_reaches_the_terminal_as_it_is() {
    for keys in SCRIPTS {
        let mut app = app(vec![sample::hostile(), sample::hostile()], LARGE);
        press(&mut app, keys);
        for size in [SMALL, LARGE, TINY] {
            let terminal = drawn(&app, size);
            for cell in terminal.backend().buffer().content() {
                assert!(!cell.symbol().chars().any(crate::render::escape::is_unsafe), "{keys} {:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn wide_names_keep_the_columns_in_line() {
    let mut session = sample::expired();
    session.tls.server_name = Some("株式会社.例え.テスト.株式会社.例え.テスト".to_owned());
    session.timeline[3].text = "株式会社".repeat(30).into();
    let shown = screen(vec![session.clone(), sample::established()], SMALL, "");
    assert!(shown.contains("株式"), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    let column = |line: &str| {
        let at = line.find("1.2").or_else(|| line.find("1.3")).expect("a version");
        unicode_width::UnicodeWidthStr::width(&line[..at])
    };
    assert_eq!(column(lines[2]), column(lines[3]), "{shown}");
    let shown = screen(vec![session], SMALL, "<enter>");
    let ladder = shown.lines().find(|line| line.contains("株式")).expect("a row");
    assert_eq!(unicode_width::UnicodeWidthStr::width(ladder), 80, "{shown}");
}

#[test]
fn of_twenty_thousand_sessions_only_what_is_seen_is_made() {
    let mut small = sample::expired();
    (small.timeline, small.client_hello) = (Vec::new(), None);
    let sessions = (1..=20_000).map(|id| Session { id, ..small.clone() }).collect();
    let mut app = app(sessions, SMALL);
    for keys in ["G", "<ctrl-u>", "kkkk", "g", "f", "oo"] {
        press(&mut app, keys);
        MADE.with(|made| made.set(0));
        drawn(&app, SMALL);
        assert_eq!(MADE.with(std::cell::Cell::get), 18, "{keys}");
    }
}

/// The guide, with its screens and its table of keys as they are.
fn guide() -> String {
    let mut keys = String::new();
    for scope in crate::tui::keymap::Scope::ALL {
        let _ = writeln!(keys, "\n### {}\n\n| keys | action | |\n| --- | --- | --- |", scope.title());
        for row in Keymap::default().bindings().iter().filter(|row| row.scope == *scope) {
            let names: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
            let _ = writeln!(keys, "| {} | `{}` | {} |", names.join(" "), row.action.name(), row.help);
        }
    }
    let mut fields = String::from("| field | |\n| --- | --- |\n");
    for (field, help) in crate::tui::filter::FIELDS {
        let _ = writeln!(fields, "| `{field}:` | {help} |");
    }
    let shot = |size, keys| format!("```text\n{}```", screen(sample::many(), size, keys));
    include_str!("testdata/guide.md")
        .replace("{{list}}", &shot(SMALL, "jj"))
        .replace("{{timeline}}", &shot((100, 24), "<enter>"))
        .replace("{{message}}", &shot((120, 26), "<enter>g/CertificateReq<enter>"))
        .replace("{{certificates}}", &shot(SMALL, "<enter>3"))
        .replace("{{why}}", &shot(SMALL, "<enter>4"))
        .replace("{{remedies}}", &shot(SMALL, "<enter>5j"))
        .replace("{{compare}}", &shot((100, 30), "<space>G<up><space>d"))
        .replace("{{keys}}", keys.trim())
        .replace("{{fields}}", fields.trim())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of a document, which it rewrites on request")]
fn the_guide_shows_the_screens_as_they_are() {
    let published = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tui.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&published, guide()).expect("written");
    }
    let text = std::fs::read_to_string(&published).unwrap_or_default();
    assert_eq!(text, guide(), "docs/tui.md is not up to date: run the tests with UPDATE_DOCS=1");
}

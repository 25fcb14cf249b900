//! The list of sessions. Only the rows that are seen are made, so that a list of any length scrolls alike.

use unicode_width::UnicodeWidthStr;

use crate::report::{Endpoint, NO_CAUSE, Outcome, Session};
use crate::time::Elapsed;
use crate::tui::app::App;
use crate::tui::line::{Line, Tone, wrap};
use crate::tui::list::Sort;
use crate::tui::view::{capture, outcome_mark};

/// From this many columns on, outcome and ports have room.
const WIDE: usize = 110;
/// Below this many, only the cause and one address have.
const NARROW: usize = 56;

#[cfg(test)]
thread_local! {
    /// Rows that were made, for the test that no more are than are seen.
    pub(crate) static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The columns and how wide they are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    width: usize,
    client: usize,
    server: usize,
    name: usize,
    cause: usize,
}

const OUTCOME: usize = 11;
const VERSION: usize = 4;
const TIME: usize = 8;
const NUMBER: usize = 6;

impl Columns {
    /// As wide as what is seen needs, and no wider than there is room.
    fn of(sessions: &[&Session], width: usize) -> Self {
        let widest = |text: &dyn Fn(&Session) -> usize| sessions.iter().map(|one| text(one)).max().unwrap_or(0);
        let cause = widest(&|one| cause(one).width()).clamp(5, 34);
        if width < NARROW {
            let cause = cause.min(width.saturating_sub(14));
            return Self { width, client: 0, server: width.saturating_sub(cause + 6), name: 0, cause };
        }
        let wide = width >= WIDE;
        let client = widest(&|one| client(&one.client, wide).width()).max("client".len());
        let server = widest(&|one| one.server.to_string().width()).max("server".len());
        let name = widest(&|one| one.tls.server_name.as_deref().map_or(0, UnicodeWidthStr::width)).max("name".len());
        // The marks, the fixed columns, and a blank behind each.
        let fixed = if wide { 4 + OUTCOME + 1 + VERSION + 1 + TIME + NUMBER + 1 } else { 4 + VERSION + 1 + TIME } + 4;
        let all_of_it = cause;
        let cause = cause.min(if wide { 34 } else { 24 });
        let mut room = width.saturating_sub(fixed + cause);
        let mut take = |wanted: usize, least_for_the_rest: usize| {
            let taken = wanted.min(room.saturating_sub(least_for_the_rest));
            room -= taken;
            taken
        };
        let server = take(server, 20);
        let client = take(client, 10);
        let name = take(name, 0);
        let cause = cause + take(all_of_it - cause, 0);
        Self { width, client, server, name, cause }
    }
}

/// The line above the rows.
pub fn header(app: &App, rows: &[&Session], width: usize) -> Line {
    let columns = Columns::of(rows, width);
    let cell = |sort: Sort, title: &str, width: usize| {
        let arrow = match (app.list.sort == sort, app.list.reverse) {
            (false, _) => "",
            (true, false) => "▾",
            (true, true) => "▴",
        };
        let tone = if app.list.sort == sort { Tone::Heading } else { Tone::Dim };
        Line::of(tone, format!("{title}{arrow}")).fit(width)
    };
    let gap = |line: Line| line.add(Tone::Plain, " ");
    let start = Line::of(Tone::Plain, "    ");
    if width < NARROW {
        return gap(start.append(cell(Sort::Cause, "cause", columns.cause)))
            .append(cell(Sort::Server, "server", columns.server))
            .cut(width);
    }
    let wide = width >= WIDE;
    let mut line = start;
    if wide {
        line = gap(line.append(cell(Sort::Number, "#", NUMBER)));
        line = gap(line.append(cell(Sort::Outcome, "outcome", OUTCOME)));
    }
    line = gap(line.append(cell(Sort::Client, "client", columns.client)));
    line = gap(line.append(cell(Sort::Server, "server", columns.server)));
    line = gap(line.append(cell(Sort::Name, "name", columns.name)));
    line = gap(line.append(cell(Sort::Version, "ver", VERSION)));
    line = gap(line.append(cell(Sort::Cause, "cause", columns.cause)));
    line.append(cell(Sort::Duration, "time", TIME)).cut(width)
}

/// The rows that are seen.
pub fn rows(app: &App, sessions: &[&Session], width: usize) -> Vec<Line> {
    let columns = Columns::of(sessions, width);
    sessions.iter().map(|session| row(app, session, columns)).collect()
}

fn row(app: &App, session: &Session, columns: Columns) -> Line {
    #[cfg(test)]
    MADE.with(|made| made.set(made.get() + 1));
    let (glyph, tone) = outcome_mark(session.outcome);
    let marked = if app.list.marked.contains(&session.id) { "●" } else { " " };
    let start = Line::of(Tone::Evidence, marked).add(Tone::Plain, " ").add(tone, glyph).add(Tone::Plain, " ");
    let cell = |tone: Tone, text: &str, width: usize| Line::of(tone, text).fit(width).add(Tone::Plain, " ");
    let cause_tone = if session.outcome == Outcome::Established { Tone::Dim } else { tone };
    let cause = cell(cause_tone, cause(session), columns.cause);
    if columns.width < NARROW {
        return start.append(cause).append(cell(Tone::Plain, &session.server.to_string(), columns.server));
    }
    let wide = columns.width >= WIDE;
    let mut line = start;
    if wide {
        line = line.append(cell(Tone::Dim, &session.id.to_string(), NUMBER)).append(cell(
            tone,
            session.outcome.name(),
            OUTCOME,
        ));
    }
    let name = session.tls.server_name.as_deref().unwrap_or("");
    let version = session.tls.version.as_deref().unwrap_or("");
    let time = Elapsed(session.duration_us.saturating_mul(1_000)).to_string();
    line.append(cell(Tone::Plain, &client(&session.client, wide), columns.client))
        .append(cell(Tone::Plain, &session.server.to_string(), columns.server))
        .append(cell(Tone::Plain, name, columns.name))
        .append(cell(Tone::Plain, version, VERSION))
        .append(cause)
        .append(Line::of(Tone::Dim, time).fit(TIME))
        .cut(columns.width)
}

/// A client's port is drawn by lot, and the first thing to leave out.
fn client(client: &Endpoint, with_port: bool) -> String {
    if with_port { client.to_string() } else { client.address.clone() }
}

fn cause(session: &Session) -> &str {
    if session.diagnosis.cause == NO_CAUSE { session.outcome.name() } else { &session.diagnosis.cause }
}

/// What is said of the session under the cursor, in `height` lines.
pub fn preview(session: &Session, width: usize, height: usize) -> Vec<Line> {
    let (glyph, tone) = outcome_mark(session.outcome);
    let lead = Line::of(tone, format!("{glyph} {}  ", session.outcome.name().to_uppercase()));
    let mut lines = wrap(lead, &Line::of(Tone::Plain, &session.diagnosis.summary), width);
    lines.truncate(height);
    lines.into_iter().map(|line| line.cut(width)).collect()
}

/// What stands where no session is shown.
pub fn nothing(app: &App, width: usize) -> Vec<Line> {
    let text = if !app.sessions().is_empty() {
        "No session passes the filter."
    } else if !app.reading.done {
        "No handshake yet."
    } else {
        "No TLS handshake was found."
    };
    let mut lines = wrap(Line::default(), &Line::of(Tone::Strong, text), width);
    if app.sessions().is_empty() && app.reading.done {
        lines.push(Line::blank());
        lines.extend(capture::captures(app, width));
    }
    lines
}

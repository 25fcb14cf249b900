//! What is known of the captures themselves: what they are, how much of them was read, what is odd, and
//! how often each cause occurs.

use std::collections::BTreeMap;

use crate::render::text::{human, plural};
use crate::report::{NO_CAUSE, Outcome};
use crate::tui::app::App;
use crate::tui::line::{Line, Link, Tone, wrap};
use crate::tui::view::outcome_mark;

/// What the captures are, and what is odd about them.
pub fn captures(app: &App, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let row = |label: &str, value: String| {
        wrap(Line::of(Tone::Dim, format!("{label:<9}")), &Line::of(Tone::Plain, value), width)
    };
    if app.captures.is_empty() {
        lines.extend(row("reading", app.title.clone()));
    }
    for capture in &app.captures {
        lines.extend(wrap(Line::default(), &Line::of(Tone::Heading, &capture.path), width));
        lines.extend(row("format", [vec![capture.format.clone()], capture.link_types.clone()].concat().join(", ")));
        lines.extend(row("size", format!("{}, {}", plural(capture.packets, "packet"), plural(capture.bytes, "byte"))));
        if let (Some(first), Some(last)) = (&capture.first, &capture.last) {
            lines.extend(row("time", format!("{} to {}", human(first), human(last))));
        }
        lines.extend(capture.problems.iter().flat_map(|problem| super::problem(problem, width)));
    }
    lines.extend(app.problems.iter().flat_map(|problem| super::problem(problem, width)));
    lines
}

/// All of it.
pub fn lines(app: &App, width: usize) -> Vec<Line> {
    let mut lines = captures(app, width);
    lines.push(Line::blank());
    lines
        .push(Line::heading(plural(app.sessions().len() as u64, "session")).add(Tone::Dim, "  enter shows only these"));
    for outcome in Outcome::ALL {
        let count = app.sessions().iter().filter(|session| session.outcome == *outcome).count();
        if count > 0 {
            let (glyph, tone) = outcome_mark(*outcome);
            let line = Line::of(Tone::Plain, format!("{count:>7}  ")).add(tone, format!("{glyph} {outcome}"));
            lines.push(line.link(Link::Filter(format!("outcome:{outcome}"))));
        }
    }
    if app.let_go > 0 {
        let text = format!("{:>7}  more were let go to keep memory bounded, those that worked first", app.let_go);
        lines.extend(wrap(Line::default(), &Line::of(Tone::Warn, text), width));
    }
    causes(app, &mut lines, width);
    lines
}

fn causes(app: &App, lines: &mut Vec<Line>, width: usize) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for session in app.sessions().iter().filter(|session| session.diagnosis.cause != NO_CAUSE) {
        *counts.entry(session.diagnosis.cause.as_str()).or_default() += 1;
    }
    if counts.is_empty() {
        return;
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(cause, count)| (std::cmp::Reverse(*count), *cause));
    let most = counts.first().map_or(1, |(_, count)| *count);
    lines.push(Line::blank());
    lines.push(Line::heading("Causes"));
    for (cause, count) in counts {
        let bar = usize::try_from(count * 20 / most).unwrap_or(20).max(1);
        let line = Line::of(Tone::Plain, format!("{count:>7}  "))
            .add(Tone::Strong, format!("{cause:<32}  "))
            .add(Tone::Dim, "▪".repeat(bar));
        lines.push(line.cut(width).link(Link::Filter(format!("cause:{cause}"))));
    }
}

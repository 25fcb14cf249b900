//! What differs between two sessions, side by side.

use crate::report::{NO_CAUSE, Session};
use crate::tui::compare::{Difference, compare};
use crate::tui::line::{Line, Link, Tone, wrap};
use crate::tui::view::outcome_mark;

/// Below this many columns the sides stand one above the other.
const NARROW: usize = 70;
/// Values of a side that are shown.
const SHOWN: usize = 12;

/// Both verdicts, what differs, and, on request, what does not.
pub fn lines(left: &Session, right: &Session, same: bool, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (mark, session) in [("A", left), ("B", right)] {
        let (glyph, tone) = outcome_mark(session.outcome);
        let cause = if session.diagnosis.cause == NO_CAUSE { session.outcome.name() } else { &session.diagnosis.cause };
        let body = Line::of(tone, format!("{glyph} {cause}"))
            .add(Tone::Plain, format!("  {} → {}", session.client, session.server))
            .add(Tone::Dim, format!("  session {}", session.id));
        lines.extend(wrap(Line::of(Tone::Strong, format!("{mark}  ")), &body, width));
    }
    let found = compare(left, right);
    let (equal, differs): (Vec<&Difference>, Vec<&Difference>) = found.iter().partition(|one| one.is_same());
    if differs.is_empty() {
        lines.push(Line::blank());
        lines.extend(wrap(Line::default(), &Line::of(Tone::Plain, "Nothing that was seen differs."), width));
    }
    for one in differs {
        lines.push(Line::blank());
        difference(&mut lines, one, width);
    }
    if !equal.is_empty() {
        lines.push(Line::blank());
        let names: Vec<&str> = equal.iter().map(|one| one.topic).collect();
        lines.extend(wrap(Line::of(Tone::Heading, "The same  "), &Line::of(Tone::Dim, names.join(", ")), width));
    }
    if same {
        for one in equal {
            let body = Line::of(Tone::Plain, one.both.join(", "));
            lines.extend(wrap(Line::of(Tone::Dim, format!("  {}  ", one.topic)), &body, width));
        }
    }
    lines
}

fn difference(lines: &mut Vec<Line>, one: &Difference, width: usize) {
    let mut heading = Line::of(Tone::Heading, one.topic);
    if one.reordered && one.left.as_ref().is_some_and(Vec::is_empty) && one.right.as_ref().is_some_and(Vec::is_empty) {
        heading = heading.add(Tone::Warn, "  the same, in another order");
    } else if one.reordered {
        heading = heading.add(Tone::Warn, "  and in another order");
    }
    if !one.both.is_empty() && !one.is_same() {
        heading = heading.add(Tone::Dim, format!("  {} in common", one.both.len()));
    }
    lines.push(heading.cut(width));
    let (left, right) = (values(one.left.as_ref()), values(one.right.as_ref()));
    if width < NARROW {
        for (mark, values) in [("A ", left), ("B ", right)] {
            for (tone, value) in values {
                let lead = Line::of(Tone::Strong, format!("  {mark}")).link(Link::Copy(value.clone()));
                lines.extend(wrap(lead, &Line::of(tone, value), width));
            }
        }
        return;
    }
    let half = width / 2;
    let column = |mark: &str, values: Vec<(Tone, String)>, width: usize| -> Vec<Line> {
        let wrapped = values.into_iter().map(|(tone, value)| {
            wrap(Line::of(Tone::Strong, format!("  {mark} ")), &Line::of(tone, value), width.saturating_sub(1))
        });
        wrapped.flatten().collect()
    };
    let (left, right) = (column("A", left, half), column("B", right, width - half));
    for row in 0..left.len().max(right.len()) {
        let cell = |side: &[Line]| side.get(row).cloned().unwrap_or_default();
        lines.push(cell(&left).fit(half).append(cell(&right)).link(Link::None));
    }
}

fn values(side: Option<&Vec<String>>) -> Vec<(Tone, String)> {
    match side {
        None => vec![(Tone::Dim, "not seen".to_owned())],
        Some(values) if values.is_empty() => vec![(Tone::Dim, "nothing of its own".to_owned())],
        Some(values) => {
            let mut shown: Vec<_> = values.iter().take(SHOWN).map(|value| (Tone::Plain, value.clone())).collect();
            if values.len() > SHOWN {
                shown.push((Tone::Dim, format!("and {} more", values.len() - SHOWN)));
            }
            shown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_differs_side_by_side_and_one_above_the_other() {
        let text = |width: usize, same| -> String {
            lines(&sample::expired(), &sample::established(), same, width)
                .iter()
                .map(|line| line.text() + "\n")
                .collect()
        };
        insta::assert_snapshot!(format!("{}\n----\n{}", text(100, false), text(50, true)));
    }
}

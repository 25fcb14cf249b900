//! The help: made of the table of keys, searched as it is typed.

use crate::tui::action::Action;
use crate::tui::filter::{FIELDS, Pattern};
use crate::tui::keymap::{Binding, Keymap, Scope};
use crate::tui::line::{Line, Tone, wrap};

/// Width of the column of keys.
const KEYS: usize = 18;

/// The help, the part about `here` first. With a search, only lines that have it.
pub fn lines(keymap: &Keymap, here: Scope, search: &str, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let scopes = std::iter::once(here).chain(Scope::ALL.iter().copied().filter(|scope| *scope != here));
    for scope in scopes {
        let rows =
            keymap.bindings().iter().filter(|row| row.scope == scope).map(|row| (keys(row), row.help.to_owned()));
        section(&mut lines, scope.title(), rows, search, width);
    }
    let fields = FIELDS.iter().map(|(field, help)| (format!("{field}:"), (*help).to_owned()));
    let more = [
        ("!word", "not this"),
        ("a:x,y", "either of them"),
        ("failed", "also refused, established, incomplete: how it ended"),
        ("anything else", "a part of any name, cause, address, alert or subject; * and ? stand for letters"),
    ];
    let more = more.into_iter().map(|(key, help)| (key.to_owned(), help.to_owned()));
    section(&mut lines, "What a filter can ask for", fields.chain(more), search, width);
    let marks = [
        ("✓", "established"),
        ("✗", "failed, or refused after the handshake"),
        ("?", "incomplete: the capture does not show the end"),
        ("●", "marked for comparison"),
        ("◆", "a packet that proves the verdict"),
        ("■", "was sent encrypted"),
        ("~", "inferred from length and order, not read"),
        ("▸ ▾", "folded, unfolded"),
        ("┆", "a silence, drawn as long as it was felt"),
    ];
    let marks = marks.into_iter().map(|(mark, help)| (mark.to_owned(), help.to_owned()));
    section(&mut lines, "Marks", marks, search, width);
    if lines.is_empty() {
        lines.push(Line::of(Tone::Warn, "Nothing in the help has that."));
    }
    lines
}

fn section(
    lines: &mut Vec<Line>,
    title: &str,
    rows: impl Iterator<Item = (String, String)>,
    search: &str,
    width: usize,
) {
    let pattern = Pattern::new(search);
    let mut rows = rows.filter(|(key, help)| pattern.fits(&format!("{key} {help} {title}"))).peekable();
    if rows.peek().is_none() {
        return;
    }
    if !lines.is_empty() {
        lines.push(Line::blank());
    }
    lines.push(Line::heading(title));
    for (key, help) in rows {
        let lead = Line::of(Tone::Key, format!("  {key}")).pad(KEYS).add(Tone::Plain, " ");
        lines.extend(wrap(lead, &Line::of(Tone::Plain, help), width));
    }
}

fn keys(row: &Binding) -> String {
    row.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The hints at the foot of a screen.
pub fn hints(keymap: &Keymap, scope: Scope, width: usize) -> Line {
    let of = |scope: Scope| keymap.bindings().iter().filter(move |row| row.scope == scope && !row.hint.is_empty());
    let alone = matches!(scope, Scope::Everywhere | Scope::Prompt | Scope::Save);
    let everywhere = if alone { None } else { Some(of(Scope::Everywhere)) };
    let mut line = Line::default();
    let rows: Vec<&Binding> = of(scope).chain(everywhere.into_iter().flatten()).collect();
    // Whoever knows two keys finds the others.
    let (ways_out, others): (Vec<&Binding>, Vec<&Binding>) =
        rows.into_iter().partition(|row| matches!(row.action, Action::Help | Action::Quit));
    for row in ways_out.into_iter().chain(others) {
        let Some(key) = row.keys.first() else { continue };
        let lead = if line.width() == 0 { "" } else { "  " };
        let next = Line::of(Tone::Plain, lead).add(Tone::Key, key.to_string()).add(Tone::Dim, format!(" {}", row.hint));
        if line.width() + next.width() > width {
            break;
        }
        line = line.append(next);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_the_help() {
        let keymap = Keymap::default();
        let text: String = lines(&keymap, Scope::Session, "", 100).iter().map(|line| line.text() + "\n").collect();
        for row in keymap.bindings() {
            assert!(text.contains(row.help), "{}", row.help);
        }
        assert!(text.starts_with(Scope::Session.title()));
    }

    #[test]
    fn a_search_leaves_what_has_it() {
        let found = lines(&Keymap::default(), Scope::Sessions, "copy", 100);
        let texts: Vec<String> = found.iter().map(Line::text).collect();
        assert_eq!(texts, ["Everywhere", "  y                copy the command or value under the cursor"]);
        assert_eq!(lines(&Keymap::default(), Scope::Sessions, "zzz", 100).len(), 1);
    }
}

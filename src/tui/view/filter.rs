//! What is being typed, and what is wrong with it.

use crate::tui::app::{Prompt, Purpose};
use crate::tui::keymap::{Keymap, Scope};
use crate::tui::line::{Line, Tone};
use crate::tui::view::help::hints;

/// The prompt, and the column of its cursor, where it has one.
pub fn line(prompt: &Prompt, keymap: &Keymap, width: usize) -> (Line, Option<usize>) {
    let label = match prompt.purpose {
        Purpose::Filter => "filter: ",
        Purpose::Search => "search: ",
        Purpose::Save(_) => {
            let label = Line::of(Tone::Strong, "save as  ");
            let hints = hints(keymap, Scope::Save, width.saturating_sub(label.width()));
            return (label.append(hints).cut(width), None);
        }
    };
    let lead = Line::of(Tone::Strong, label);
    // What stands before the cursor has to be seen; of a long text, its end.
    let room = width.saturating_sub(lead.width() + 1);
    let before: String = prompt.text.chars().take(prompt.cursor).collect();
    let after: String = prompt.text.chars().skip(prompt.cursor).collect();
    let mut skipped = 0;
    let mut seen = Line::of(Tone::Plain, &before);
    while seen.width() > room {
        skipped += 1;
        seen = Line::of(Tone::Plain, before.chars().skip(skipped).collect::<String>());
        if skipped > before.chars().count() {
            break;
        }
    }
    let tone = if prompt.error.is_some() { Tone::Bad } else { Tone::Plain };
    let shown = lead.add(tone, seen.text());
    let column = shown.width();
    let shown = shown.add(tone, after);
    let shown = match &prompt.error {
        Some(error) => shown.add(Tone::Bad, format!("  ✗ {error}")),
        None if prompt.text.is_empty() => {
            let example = match prompt.purpose {
                Purpose::Filter => "  failed  cause:client-cert-*  sni:api  ip:10.0.0.0/8  port:443  !word",
                _ => "",
            };
            shown.add(Tone::Dim, example)
        }
        None => shown.add(Tone::Good, "  ✓"),
    };
    (shown.cut(width), (column < width).then_some(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(text: &str, cursor: usize) -> Prompt {
        Prompt { purpose: Purpose::Filter, text: text.to_owned(), cursor, before: String::new(), error: None }
    }

    #[test]
    fn the_cursor_stands_behind_what_was_typed_and_is_always_seen() {
        let (line, column) = line(&prompt("sni:株", 5), &Keymap::default(), 40);
        assert_eq!((line.text().as_str(), column), ("filter: sni:株  ✓", Some(14)));
        let long = "x".repeat(200);
        for cursor in [0, 100, 200] {
            for width in 10..60 {
                let (line, column) = super::line(&prompt(&long, cursor), &Keymap::default(), width);
                assert!(line.width() <= width && column.is_some_and(|column| column < width), "{width} {cursor}");
            }
        }
    }
}

//! Values of an expectation replaced in its text, with everything else as its author wrote it.

use std::fmt::Write;

use crate::report::check::Edit;

/// Lines around a change that are shown with it.
const CONTEXT: usize = 3;

/// The text with all edits made. Where two of them would write different things into the same place,
/// none of the two is made.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by(|a, b| (a.span.start, a.span.end, &a.text).cmp(&(b.span.start, b.span.end, &b.text)));
    sorted.dedup();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in &sorted {
        let contested = sorted
            .iter()
            .any(|other| *other != *edit && other.span.start < edit.span.end && edit.span.start < other.span.end);
        let before = text.get(done..edit.span.start);
        if let (false, Some(before), true) = (contested, before, edit.span.end <= text.len()) {
            out.push_str(before);
            out.push_str(&edit.text);
            done = edit.span.end;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The difference of two texts in the unified format; empty where there is none.
pub fn unified_diff(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let steps = steps(&old, &new);
    let mut out = format!("--- {name}\n+++ {name}\n");
    let changed: Vec<usize> = steps.iter().enumerate().filter(|(_, s)| s.mark != ' ').map(|(index, _)| index).collect();
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for index in changed {
        let (from, to) = (index.saturating_sub(CONTEXT), (index + CONTEXT + 1).min(steps.len()));
        match hunks.last_mut() {
            Some((_, end)) if from <= *end => *end = to,
            _ => hunks.push((from, to)),
        }
    }
    for (from, to) in hunks {
        let hunk = steps.get(from..to).unwrap_or_default();
        let Some(first) = hunk.first() else { continue };
        let lines = |without: char| hunk.iter().filter(|step| step.mark != without).count();
        let _ = writeln!(out, "@@ -{},{} +{},{} @@", first.old + 1, lines('+'), first.new + 1, lines('-'));
        for step in hunk {
            let _ = writeln!(out, "{}{}", step.mark, step.line);
        }
    }
    out
}

struct Step<'a> {
    mark: char,
    line: &'a str,
    /// Lines of each text before it.
    old: usize,
    new: usize,
}

/// A way from `old` to `new`: what is alike at both ends is kept, and what is between them is compared
/// line by line. (Values are replaced in place, so that lines keep their order.)
fn steps<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    while at_old < old.len() || at_new < new.len() {
        if let (Some(one), Some(other)) = (old.get(at_old), new.get(at_new))
            && one == other
        {
            steps.push(Step { mark: ' ', line: one, old: at_old, new: at_new });
            (at_old, at_new) = (at_old + 1, at_new + 1);
            continue;
        }
        let (skip_old, skip_new) = next_alike(old, new, at_old, at_new);
        for line in old.iter().skip(at_old).take(skip_old) {
            steps.push(Step { mark: '-', line, old: at_old, new: at_new });
            at_old += 1;
        }
        for line in new.iter().skip(at_new).take(skip_new) {
            steps.push(Step { mark: '+', line, old: at_old, new: at_new });
            at_new += 1;
        }
    }
    steps
}

/// How many lines to pass over in each text until they are alike again.
fn next_alike(old: &[&str], new: &[&str], at_old: usize, at_new: usize) -> (usize, usize) {
    const FAR: usize = 200;
    for far in 1..=FAR {
        for skip_old in 0..=far {
            let skip_new = far - skip_old;
            let pair = (old.get(at_old + skip_old), new.get(at_new + skip_new));
            if let (Some(one), Some(other)) = pair
                && one == other
            {
                return (skip_old, skip_new);
            }
        }
    }
    (old.len() - at_old, new.len() - at_new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::{Expectations, Keys};
    use crate::report::sample;

    #[test]
    fn an_update_changes_values_and_nothing_else() {
        let text = "# why\noutcome = \"established\" # once\n\ncause=[\"none\"]\nside = \"client\"\n";
        let expected = Expectations::parse(text).expect("an expectation");
        let checked = expected.captures[0].compare(Keys::AsGiven, &[sample::expired()]);
        let edits: Vec<Edit> = checked.all().filter_map(|difference| difference.edit.clone()).collect();
        let new = apply(text, &edits);
        assert_eq!(new, "# why\noutcome = \"failed\" # once\n\ncause=\"client-cert-expired\"\nside = \"client\"\n");
        let diff = unified_diff("a.toml", text, &new);
        assert_eq!(
            diff,
            "--- a.toml\n+++ a.toml\n@@ -1,5 +1,5 @@\n # why\n-outcome = \"established\" # once\n+outcome = \"failed\" # once\n \n-cause=[\"none\"]\n+cause=\"client-cert-expired\"\n side = \"client\"\n"
        );
    }

    #[test]
    fn contradicting_edits_are_not_made() {
        let edit = |text: &str| Edit { span: 4..5, text: text.to_owned() };
        assert_eq!(apply("a = 1", &[edit("2"), edit("3")]), "a = 1");
        assert_eq!(apply("a = 1", &[edit("2"), edit("2")]), "a = 2");
    }

    #[test]
    fn distant_changes_are_apart() {
        let old: Vec<String> = (0..30).map(|n| format!("line {n}")).collect();
        let mut new = old.clone();
        new[2] = "two".to_owned();
        new[25] = "twenty-five".to_owned();
        let diff = unified_diff("x", &old.join("\n"), &new.join("\n"));
        assert_eq!(diff.matches("\n@@ ").count(), 2, "{diff}");
        assert!(diff.contains("@@ -23,7 +23,7 @@\n line 22\n"), "{diff}");
        assert_eq!(unified_diff("x", "same", "same"), "");
    }
}

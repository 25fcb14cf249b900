//! `tlswhy explain`: what a cause or an alert means.

use std::io;

use crate::cause::Cause;
use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::cli::{options, phrases, print};
use crate::error::Error;
use crate::iana::alerts;
use crate::render::text::{Style, explain};

/// Names that are suggested for one that is none.
const SUGGESTIONS: usize = 4;

/// Does what the arguments say.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Error> {
    let topic: Vec<&str> = args.what.iter().map(String::as_str).collect();
    print(&text(&topic, &options::automatic_style())?)
}

fn text(topic: &[&str], style: &Style) -> Result<String, Error> {
    match topic {
        [] => written(|out| explain::list(out, style)),
        ["alert", alert] => match code_of(alert) {
            Some(code) => written(|out| explain::alert(out, code, style).map(drop)),
            None => Err(unknown(alert, Names::Alerts)),
        },
        [topic] => match (cause_of(topic), code_of(topic)) {
            (Some(cause), _) => written(|out| explain::cause(out, cause, style)),
            (None, Some(code)) => written(|out| explain::alert(out, code, style).map(drop)),
            (None, None) => Err(unknown(topic, Names::All)),
        },
        [first, ..] => Err(unknown(first, Names::All)),
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<String, Error> {
    let mut out = Vec::new();
    write(&mut out).map_err(|source| Error::Write { path: "standard output".into(), source })?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// By its code, in any case, with `_` or blanks for `-`.
fn cause_of(topic: &str) -> Option<Cause> {
    Cause::from_code(&topic.trim().to_ascii_lowercase().replace(['_', ' '], "-"))
}

/// By number, or by name in any of the usual spellings; only alerts that have a name.
fn code_of(alert: &str) -> Option<u8> {
    match alert.parse::<u8>() {
        Ok(code) => alerts::name(code).map(|_| code),
        Err(_) => alerts::from_name(alert),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    All,
    Alerts,
}

/// What was meant, perhaps: names that hold the word or are held by it, or that a few slips away from it.
fn unknown(topic: &str, names: Names) -> Error {
    let wanted: String = topic.to_ascii_lowercase().replace(['_', ' '], "-").chars().take(64).collect();
    let causes = Cause::ALL.iter().map(|cause| cause.code().to_owned()).filter(|_| names == Names::All);
    let mut near: Vec<(usize, String)> = causes
        .chain(alerts::all().filter_map(alerts::name).map(str::to_owned))
        .filter_map(|name| Some((distance_to(&wanted, &name.replace('_', "-"))?, name)))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let best = near.first().map_or(0, |(distance, _)| *distance);
    let near: Vec<&str> = near
        .iter()
        .take_while(|(distance, _)| *distance <= best + 1)
        .take(SUGGESTIONS)
        .map(|(_, name)| name.as_str())
        .collect();
    Error::Usage(phrases::unknown_topic(topic, &near))
}

/// How far a name is from what was typed; `None` where it is too far.
fn distance_to(typed: &str, name: &str) -> Option<usize> {
    if typed.len() >= 3 && (name.contains(typed) || typed.contains(name)) {
        return Some(0);
    }
    let distance = slips(typed, name);
    (distance * 3 <= name.len()).then_some(distance)
}

/// Letters to be put in, taken out or changed (Levenshtein).
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(index + 1);
        for ((other, above), diagonal) in to.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(letter != *other)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(topic: &[&str], width: usize) -> Result<String, String> {
        text(topic, &Style { colour: false, width, verbose: false }).map_err(|error| error.to_string())
    }

    #[test]
    fn causes_and_alerts_are_found_by_their_names() {
        assert!(said(&["client-cert-expired"], 80).expect("a cause").starts_with("client-cert-expired\n"));
        assert!(said(&["Client_Cert_Expired"], 80).expect("a cause").starts_with("client-cert-expired\n"));
        assert!(said(&["alert", "48"], 80).expect("an alert").starts_with("alert 48: unknown_ca\n"));
        assert!(said(&["unknown_ca"], 80).expect("an alert").starts_with("alert 48:"));
        assert_eq!(said(&[], 160).expect("a list").lines().count(), Cause::ALL.len());
    }

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        let near = said(&["expired"], 80).expect_err("no code");
        assert!(near.contains("client-cert-expired or server-cert-expired"), "{near}");
        let typo = said(&["cleint-cert-mising"], 80).expect_err("no code");
        assert!(typo.contains("did you mean client-cert-missing?"), "{typo}");
        let alert = said(&["alert", "unknow_ca"], 80).expect_err("no alert");
        assert!(alert.contains("did you mean unknown_ca?"), "{alert}");
        assert!(said(&["alert", "199"], 80).expect_err("no alert").contains("lists"));
        assert!(said(&["zzzzzzzz"], 80).expect_err("nothing").contains("lists the causes"));
    }

    #[test]
    fn a_page_reads_well() {
        insta::assert_snapshot!(said(&["client-cert-missing"], 80).expect("a cause"));
    }

    #[test]
    fn an_alert_reads_well() {
        insta::assert_snapshot!(said(&["alert", "116"], 80).expect("an alert"));
    }

    #[test]
    fn every_page_fits_the_width_but_for_its_commands() {
        use unicode_width::UnicodeWidthStr;
        let all = Cause::ALL.iter().map(|cause| cause.code().to_owned());
        for topic in all.chain(alerts::all().map(|code| code.to_string())) {
            let text = said(&[&topic], 80).expect("a page");
            for line in text.lines().filter(|line| !line.starts_with("        ") || line.contains("  • ")) {
                assert!(line.width() <= 80, "{topic}: {line}");
            }
        }
    }
}

//! `tlswhy explain`: what a cause or an alert means.

use std::fmt::Write;

use crate::cause::Cause;
use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::cli::{phrases, print};
use crate::error::Error;
use crate::iana::alerts;

/// Does what the arguments say.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Error> {
    let topic: Vec<&str> = args.what.iter().map(String::as_str).collect();
    print(&text(&topic)?)
}

fn text(topic: &[&str]) -> Result<String, Error> {
    match topic {
        [] => Ok(list()),
        ["alert", alert] => explain_alert(alert).ok_or_else(|| unknown(alert)),
        [topic] => {
            Cause::from_code(topic).map(explain_cause).or_else(|| explain_alert(topic)).ok_or_else(|| unknown(topic))
        }
        [first, ..] => Err(unknown(first)),
    }
}

fn list() -> String {
    let width = Cause::ALL.iter().map(|cause| cause.code().len()).max().unwrap_or(0);
    let mut text = String::new();
    for cause in Cause::ALL {
        let _ = writeln!(text, "{:width$}  {}", cause.code(), cause.meaning());
    }
    text
}

fn explain_cause(cause: Cause) -> String {
    format!("{}\nside: {}\n{}\n", cause.code(), cause.side().name(), cause.meaning())
}

/// By number, or by name in any of the usual spellings.
fn explain_alert(alert: &str) -> Option<String> {
    let code = match alert.parse::<u8>() {
        Ok(code) => code,
        Err(_) => alerts::from_name(alert)?,
    };
    let name = alerts::name(code)?;
    let meaning = alerts::meaning(code).map(|meaning| format!("{meaning}\n")).unwrap_or_default();
    Some(format!("alert {code}: {name}\n{meaning}"))
}

fn unknown(topic: &str) -> Error {
    let wanted = topic.to_ascii_lowercase().replace(['_', ' '], "-");
    let near: Vec<&str> = Cause::ALL
        .iter()
        .map(|cause| cause.code())
        .filter(|code| wanted.len() >= 3 && (code.contains(&wanted) || wanted.contains(code)))
        .take(4)
        .collect();
    Error::Usage(phrases::unknown_topic(topic, &near))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_and_alerts_are_found_by_their_names() {
        let text = |topic: &[&str]| text(topic).map_err(|error| error.to_string());
        assert!(text(&["client-cert-expired"]).expect("a cause").contains("side: client"));
        assert!(text(&["alert", "48"]).expect("an alert").starts_with("alert 48: unknown_ca\n"));
        assert!(text(&["unknown_ca"]).expect("an alert").starts_with("alert 48:"));
        assert_eq!(text(&[]).expect("a list").lines().count(), Cause::ALL.len());
        let near = text(&["expired"]).expect_err("no code");
        assert!(near.contains("client-cert-expired or server-cert-expired"), "{near}");
        assert!(text(&["alert", "999"]).is_err());
    }
}

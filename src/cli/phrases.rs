//! What is said when the command line cannot be understood: one line, with the next step.

use crate::engine::Limits;

/// A complaint of the argument parser as one line.
pub(super) fn misuse(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    let first: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let mut message = first.join(" ");
    if !message.starts_with("error:") {
        message.insert_str(0, "error: ");
    }
    if let Some(tip) = lines.find_map(|line| line.strip_prefix("tip: ")) {
        message.push_str(" (");
        message.push_str(tip);
        message.push(')');
    }
    message.push_str("; try `tlswhy --help`");
    message
}

/// Nothing to read was named.
pub(super) const NO_CAPTURE: &str = "no capture is named: name a file, or - for standard input; try `tlswhy --help`";

/// Standard input can be read once.
pub(super) const STDIN_TWICE: &str = "standard input (-) is named more than once";

/// `--limit` names no limit, or no number.
pub(super) fn unknown_limit(arg: &str) -> String {
    let arg: String = arg.escape_debug().take(80).collect();
    let names: Vec<String> = Limits::NAMES.iter().map(|(name, what)| format!("{name} ({what})")).collect();
    format!("--limit {arg} is none: write NAME=N, where NAME is {}", names.join(", "))
}

/// `explain` knows no such thing.
pub(super) fn unknown_topic(topic: &str, near: &[&str]) -> String {
    let topic: String = topic.escape_debug().take(80).collect();
    if near.is_empty() {
        format!("`{topic}` is no cause and no alert: `tlswhy explain` lists the causes")
    } else {
        format!("`{topic}` is no cause and no alert; did you mean {}?", near.join(" or "))
    }
}

/// `--only` and `--fail-on` know no such thing.
pub(super) fn unknown_selection(word: &str) -> String {
    let shown: String = word.escape_debug().take(80).collect();
    let wanted = word.rsplit(':').next().unwrap_or(word);
    let codes = crate::cause::Cause::ALL.iter().map(|cause| cause.code());
    let near: Vec<&str> = codes.filter(|code| wanted.len() >= 3 && code.contains(wanted)).take(4).collect();
    let hint = if near.is_empty() {
        "give an outcome (established, refused, failed, incomplete), a cause (`tlswhy explain` lists them), or \
         side:client, side:server, side:network"
            .to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    format!("`{shown}` is no outcome, no cause and no side; {hint}")
}

/// `--fail-on` has found something.
pub(super) fn minded(found: u64, of: u64) -> String {
    let verb = if found == 1 { "is" } else { "are" };
    format!("{found} of {of} sessions {verb} what --fail-on names")
}

/// There is no manual page of that name.
pub(super) fn unknown_page(name: &str, names: &[&str]) -> String {
    let shown: String = name.escape_debug().take(80).collect();
    format!("there is no command `{shown}`; there are {}", names.join(", "))
}

/// The environment names a key log, and it is read.
pub(super) fn key_log_of_environment(path: &str) -> String {
    format!("note: reading the key log {path}, which SSLKEYLOGFILE names")
}

/// The environment names a key log, and it cannot be read.
pub(super) fn key_log_of_environment_unreadable(why: &str) -> String {
    format!("note: going on without the key log that SSLKEYLOGFILE names: {why}")
}

/// `live` without an interface.
#[cfg(feature = "live")]
pub(super) const NO_INTERFACE: &str = "no interface is named: give -i IFACE; `tlswhy interfaces` lists them";

/// `live` with files, one of which may be meant for an interface.
#[cfg(feature = "live")]
pub(super) fn live_reads_no_files(named: &str) -> String {
    format!("`live` reads no files: name an interface with -i {named}, or read a capture with `tlswhy {named}`")
}

/// `live` with what is for files only.
#[cfg(feature = "live")]
pub(super) const LIVE_AND_FILES: &str = "an interface and a file cannot be read at once: name one of them";

/// The capture has begun.
#[cfg(feature = "live")]
pub(super) fn listening(interface: &str, link: &str) -> String {
    format!("note: capturing on {interface} ({link}); Ctrl-C ends it")
}

/// The capture has ended.
#[cfg(feature = "live")]
pub(super) fn captured(packets: u64, kernel: u64, interface: u64) -> String {
    let advice = if kernel > 0 { "; a larger buffer (-B) or a filter (-f) helps" } else { "" };
    format!("note: {packets} packets captured, {kernel} lost by the kernel, {interface} by the interface{advice}")
}

/// A key log that is not there yet, beside a source that has not ended.
pub(super) fn key_log_to_come(path: &str) -> String {
    format!("note: there is no {path} yet; it is read as soon as it appears")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::Cli;
    use super::*;

    fn said(arguments: &[&str]) -> String {
        misuse(&Cli::try_parse_from([&["tlswhy"], arguments].concat()).expect_err("does not fit"))
    }

    #[test]
    fn misuse_is_one_line_that_says_what_to_do() {
        assert_eq!(
            said(&["report", "--format", "yaml", "a"]),
            "error: invalid value 'yaml' for '--format <FORMAT>' [possible values: text, json, jsonl, ecs, markdown, html, junit, sarif]; try `tlswhy --help`"
        );
        let typo = said(&["report", "--keylg", "k", "a"]);
        assert!(typo.contains("--keylg") && typo.contains("--keylog") && !typo.contains('\n'), "{typo}");
        assert!(said(&["report", "--force", "a"]).contains("--output"));
    }
}

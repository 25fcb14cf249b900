//! What the arguments mean: files read, names resolved, contradictions refused.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::cli::args::{Colour, Format, ReportArgs};
use crate::cli::phrases;
use crate::cli::select::Selection;
use crate::decrypt::KeyRing;
use crate::engine::Limits;
use crate::error::Error;
use crate::problem::Problem;
use crate::render::text::Style;
use crate::source;
use crate::trust::Beliefs;

/// Columns of text where nothing tells of the terminal's width.
const WIDTH: usize = 100;

/// What `report` has to do.
#[derive(Debug)]
pub(super) struct ReportOptions {
    pub(super) captures: Vec<PathBuf>,
    pub(super) follow: bool,
    /// Key logs that may grow while a source that has not ended is read.
    pub(super) key_logs: Vec<PathBuf>,
    /// Names on the command line that mean no capture.
    pub(super) missing: Vec<Error>,
    /// Captures read at the same time.
    pub(super) jobs: usize,
    pub(super) only: Option<Selection>,
    pub(super) fail_on: Option<Selection>,
    pub(super) redact: bool,
    pub(super) format: Format,
    pub(super) keys: KeyRing,
    pub(super) beliefs: Beliefs,
    pub(super) limits: Limits,
    pub(super) output: Option<PathBuf>,
    pub(super) force: bool,
    pub(super) style: Style,
    /// To be said on standard error.
    pub(super) notes: Vec<String>,
}

impl ReportOptions {
    /// Whether a capture may still be being written.
    pub(super) fn is_ongoing(&self) -> bool {
        self.follow || self.captures.iter().any(|path| path.as_os_str() == "-")
    }
}

/// The meaning of `args`.
pub(super) fn report(args: &ReportArgs) -> Result<ReportOptions, Error> {
    if args.captures.is_empty() {
        return Err(Error::Usage(phrases::NO_CAPTURE.to_owned()));
    }
    if args.captures.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Error::Usage(phrases::STDIN_TWICE.to_owned()));
    }
    let is_ongoing = args.follow || args.captures.iter().any(|path| path.as_os_str() == "-");
    meaning(args, is_ongoing)
}

/// The meaning of what `live` shares with `report`.
#[cfg(feature = "live")]
pub(super) fn live(args: &ReportArgs, interface: &str) -> Result<ReportOptions, Error> {
    meaning(args, true).map(|options| ReportOptions { captures: vec![interface.into()], ..options })
}

fn meaning(args: &ReportArgs, is_ongoing: bool) -> Result<ReportOptions, Error> {
    let mut notes = Vec::new();
    let mut key_logs = args.keylog.clone();
    key_logs.extend(key_log_of_environment().filter(|path| !args.keylog.contains(path)));
    let (only, fail_on) = (Selection::of(&args.only)?, Selection::of(&args.fail_on)?);
    let (captures, missing) = source::captures(&args.captures);
    Ok(ReportOptions {
        captures,
        follow: args.follow,
        key_logs,
        missing,
        jobs: args.jobs.map_or_else(cores, |jobs| usize::from(jobs.get())),
        only,
        fail_on,
        redact: args.redact,
        format: args.format,
        keys: keys(args, is_ongoing, &mut notes)?,
        beliefs: beliefs(args, &mut notes)?,
        limits: limits(&args.limit)?,
        output: args.output.clone(),
        force: args.force,
        style: style(args),
        notes,
    })
}

/// The bounds that `--limit NAME=N` sets.
pub(super) fn limits(args: &[String]) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    for arg in args {
        let parts = arg.split_once('=').and_then(|(name, value)| Some((name, value.parse().ok()?)));
        if !parts.is_some_and(|(name, value)| limits.set(name, value)) {
            return Err(Error::Usage(phrases::unknown_limit(arg)));
        }
    }
    Ok(limits)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn keys(args: &ReportArgs, is_ongoing: bool, notes: &mut Vec<String>) -> Result<KeyRing, Error> {
    let mut keys = KeyRing::default();
    for path in &args.keylog {
        let text = match source::key_log(path) {
            Err(Error::Read { source, .. }) if is_ongoing && source.kind() == io::ErrorKind::NotFound => {
                notes.push(phrases::key_log_to_come(&path.to_string_lossy()));
                continue;
            }
            text => text?,
        };
        let problems = keys.add_log(&text);
        notes.extend(problems.iter().map(|problem| about(path, problem)));
    }
    for path in &args.server_key {
        keys.add_server_key(&source::bytes(path)?).map_err(|problem| Error::Holds {
            path: path.clone(),
            wanted: "usable private key",
            hint: problem.text.into_owned(),
        })?;
    }
    if let Some(path) = key_log_of_environment()
        && !args.keylog.contains(&path)
    {
        match source::key_log(&path) {
            Ok(text) => {
                notes.push(phrases::key_log_of_environment(&path.to_string_lossy()));
                let problems = keys.add_log(&text);
                notes.extend(problems.iter().map(|problem| about(&path, problem)));
            }
            Err(error) => notes.push(phrases::key_log_of_environment_unreadable(&error.to_string())),
        }
    }
    Ok(keys)
}

fn beliefs(args: &ReportArgs, notes: &mut Vec<String>) -> Result<Beliefs, Error> {
    let client_ca = anchors(&args.client_ca)?;
    let mut server_ca = anchors(&args.server_ca)?;
    if args.system_ca {
        let (path, certificates) = source::system_certificates()?;
        notes.push(format!("note: the client is taken to trust {}", path.display()));
        server_ca.get_or_insert_default().extend(certificates);
    }
    let mut crls = Vec::new();
    for path in &args.crl {
        crls.extend(source::revocation_lists(path)?);
    }
    Ok(Beliefs::from_der(client_ca.as_deref(), server_ca.as_deref(), crls, args.server_name.clone()))
}

/// The certificates of all files, in DER; `None` where no file is named, which is not the same as
/// trusting nobody.
fn anchors(paths: &[PathBuf]) -> Result<Option<Vec<Vec<u8>>>, Error> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut anchors = Vec::new();
    for path in paths {
        anchors.extend(source::certificates(path)?);
    }
    Ok(Some(anchors))
}

fn style(args: &ReportArgs) -> Style {
    let to_terminal = args.output.is_none() && io::stdout().is_terminal();
    let colour = match args.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => wants_colour(to_terminal),
    };
    Style { colour, width: width(to_terminal), verbose: args.verbose }
}

/// For what is printed to standard output, where no argument says how.
pub(super) fn automatic_style() -> Style {
    let to_terminal = io::stdout().is_terminal();
    Style { colour: wants_colour(to_terminal), width: width(to_terminal), verbose: false }
}

fn wants_colour(to_terminal: bool) -> bool {
    to_terminal && environment("NO_COLOR").is_none() && environment("TERM").as_deref() != Some("dumb")
}

fn width(to_terminal: bool) -> usize {
    let columns = environment("COLUMNS").and_then(|columns| columns.parse::<usize>().ok());
    let width = if to_terminal { columns.or_else(terminal_width) } else { columns };
    width.unwrap_or(WIDTH).clamp(40, 160)
}

#[cfg(feature = "tui")]
fn terminal_width() -> Option<usize> {
    ratatui::crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns))
}

#[cfg(not(feature = "tui"))]
fn terminal_width() -> Option<usize> {
    None
}

fn key_log_of_environment() -> Option<PathBuf> {
    environment("SSLKEYLOGFILE").map(PathBuf::from)
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn about(path: &Path, problem: &Problem) -> String {
    format!("note: {}: {}", path.display(), problem.text)
}

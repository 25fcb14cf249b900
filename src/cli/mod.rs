//! The command line.

mod args;
mod check;
mod diff;
mod exit;
mod explain;
#[cfg(feature = "live")]
mod interfaces;
#[cfg(feature = "live")]
mod live;
mod options;
mod output;
#[cfg(feature = "tui")]
mod packets;
mod pages;
mod phrases;
mod progress;
mod read;
#[cfg(feature = "live")]
mod record;
mod report;
mod select;
mod stream;
#[cfg(feature = "tui")]
mod tui;
mod whole;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::error::Error;
use args::{Cli, Command};
use exit::Exit;

/// The program: reads its arguments, does its work, and says how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_a_command(&error).into(),
    };
    let done = match &cli.command {
        Some(Command::Report(args)) => captures(args, false),
        Some(Command::Check(args)) => check::run(args),
        Some(Command::Diff(args)) => diff::run(args),
        Some(Command::Explain(args)) => explain::run(args),
        #[cfg(feature = "live")]
        Some(Command::Live(args)) => live::run(&args.device, &args.report),
        #[cfg(feature = "live")]
        Some(Command::Interfaces(args)) => interfaces::run(args),
        #[cfg(feature = "live")]
        None if cli.device.interface.is_some() => live::run(&cli.device, &cli.report),
        Some(Command::Completions(args)) => pages::completions(args),
        Some(Command::Man(args)) => pages::man(args),
        None => captures(&cli.report, true),
    };
    done.unwrap_or_else(|error| {
        complain(&format!("error: {error}"));
        Exit::Failed
    })
    .into()
}

/// Captures: in the terminal timeline, or as a report. `bare`: no command was named.
fn captures(args: &args::ReportArgs, bare: bool) -> Result<Exit, Error> {
    #[cfg(feature = "tui")]
    if tui::is_wanted(args, bare) {
        return tui::run(args);
    }
    let _ = bare;
    report::run(args)
}

/// Help and version are no errors; anything else is one line.
fn not_a_command(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        complain(&phrases::misuse(error));
        return Exit::Failed;
    }
    match error.print() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Exit::Failed,
        _ => Exit::Done,
    }
}

/// Says a line on standard error. That it cannot be said is no reason to stop.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes to standard output. A reader that went away has seen enough.
fn print(text: &str) -> Result<Exit, Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Write { path: "standard output".into(), source })
        }
        _ => Ok(Exit::Done),
    }
}

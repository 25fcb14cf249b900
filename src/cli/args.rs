//! The arguments as they are typed. What they mean is in `options`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Explains why a TLS or mutual-TLS handshake failed: who refused whom, for which reason, proved by
/// which packets, and what to change.
#[derive(Debug, Parser)]
#[command(name = "tlswhy", version, args_conflicts_with_subcommands = true, after_help = AFTER)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

const AFTER: &str = "\
Without a command, `tlswhy CAPTURE...` is `tlswhy report CAPTURE...`.

Exit status: 0 it did its work, whatever the handshakes did; 2 bad usage or unreadable input.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what became of every handshake in a capture, and why
    Report(ReportArgs),
    /// Compare captures with what is expected of them
    #[command(after_help = CHECK_AFTER)]
    Check(CheckArgs),
    /// Say what differs between two handshakes
    #[command(after_help = DIFF_AFTER)]
    Diff(DiffArgs),
    /// Say what a code of a report, or a TLS alert, means
    Explain(ExplainArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One object for everything
    Json,
    /// One object a line, as soon as its session is over
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Captures to read: pcap or pcapng, also compressed with gzip or zstd; `-` is standard input
    #[arg(value_name = "CAPTURE")]
    pub(super) captures: Vec<PathBuf>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(super) format: Format,
    /// Key log to decrypt with (besides $SSLKEYLOGFILE and key logs embedded in the capture)
    #[arg(long, value_name = "FILE", help_heading = "Keys and trust")]
    pub(super) keylog: Vec<PathBuf>,
    /// RSA private key of a server, which opens sessions with RSA key transport
    #[arg(long, value_name = "FILE", help_heading = "Keys and trust")]
    pub(super) server_key: Vec<PathBuf>,
    /// Certificates that the server trusts: judges clients by them
    #[arg(long, value_name = "FILE|DIR", help_heading = "Keys and trust")]
    pub(super) client_ca: Vec<PathBuf>,
    /// Certificates that the client trusts: judges servers by them
    #[arg(long, value_name = "FILE|DIR", help_heading = "Keys and trust")]
    pub(super) server_ca: Vec<PathBuf>,
    /// The client trusts what this system trusts
    #[arg(long, help_heading = "Keys and trust")]
    pub(super) system_ca: bool,
    /// Certificate revocation list, PEM or DER
    #[arg(long, value_name = "FILE", help_heading = "Keys and trust")]
    pub(super) crl: Vec<PathBuf>,
    /// Name that the client meant, where the handshake does not say it
    #[arg(long, value_name = "NAME", help_heading = "Keys and trust")]
    pub(super) server_name: Option<String>,
    /// Colour the text
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(super) color: Colour,
    /// Set a bound on what is held: `flows`, `memory` (bytes), `out-of-order` (bytes), `lingering`, `timeline`
    /// or `idle` (seconds); docs/security.md explains them
    #[arg(long, value_name = "NAME=N")]
    pub(super) limit: Vec<String>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Overwrite the file named by -o
    #[arg(long, requires = "output")]
    pub(super) force: bool,
    /// Leave nothing out of the text
    #[arg(short, long)]
    pub(super) verbose: bool,
}

const CHECK_AFTER: &str = "\
An expectation is a TOML file beside the capture and named like it (docs/check.md says what it can say):
  outcome = \"failed\"
  cause = \"client-cert-expired\"
  confidence_at_least = \"likely\"

Exit status: 0 all is as expected; 1 something is not; 2 a mistake in an expectation, or a capture that cannot be read.

Examples:
  tlswhy check --new login.pcapng          write today's result to login.toml, to be edited
  tlswhy check captures/                   check every capture with an expectation, in all folders below
  tlswhy check --format junit captures/    the same for a build server
  tlswhy check --update captures/          rewrite the values that are not so any more, and show them";

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Expectations (`*.toml`), captures with an expectation beside them, or folders of them; this folder
    /// where nothing is named
    #[arg(value_name = "EXPECTATION|CAPTURE|FOLDER")]
    pub(super) what: Vec<PathBuf>,
    /// Write what is said of a capture today as an expectation beside it; nothing is overwritten
    #[arg(long, value_name = "CAPTURE", conflicts_with_all = ["what", "update", "format"])]
    pub(super) new: Vec<PathBuf>,
    /// Rewrite the values of expectations that are not met, and show the difference
    #[arg(long, conflicts_with = "format")]
    pub(super) update: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = CheckFormat::Text, value_name = "FORMAT")]
    pub(super) format: CheckFormat,
    /// Name what is as expected, too
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people
    Text,
    /// One object for everything
    Json,
    /// For build servers
    Junit,
}

const DIFF_AFTER: &str = "\
`FILE:2` is the second session of a file. Where a file has several and none is named, one that failed is compared with
one that did not, of the same server name or address where there is such a pair; it is said which.

Exit status: 0 the handshakes are alike; 1 they differ; 2 a capture cannot be read, or has no such session.
Times and guesses at the software are shown, and do not make a difference by themselves.

Examples:
  tlswhy diff good.pcapng bad.pcapng
  tlswhy diff trace.pcapng:1 trace.pcapng:4
  tlswhy diff --keylog keys.log trace.pcapng     the first that failed with one that did not";

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The first handshake: a capture, or `CAPTURE:N` for its session N
    #[arg(value_name = "A")]
    pub(super) a: PathBuf,
    /// The second; another session of the same capture where it is not named
    #[arg(value_name = "B")]
    pub(super) b: Option<PathBuf>,
    /// How to print what differs
    #[arg(long, value_enum, default_value_t = DiffFormat::Text, value_name = "FORMAT")]
    pub(super) format: DiffFormat,
    /// Key log to decrypt both with (besides those embedded in the captures)
    #[arg(long, value_name = "FILE")]
    pub(super) keylog: Vec<PathBuf>,
    /// RSA private key of a server, which opens sessions with RSA key transport
    #[arg(long, value_name = "FILE")]
    pub(super) server_key: Vec<PathBuf>,
    /// Certificates that the server trusts
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) client_ca: Vec<PathBuf>,
    /// Certificates that the client trusts
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) server_ca: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// For people
    Text,
    /// One object
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A cause (`client-cert-expired`), an alert (`unknown_ca`, `48`), or `alert` and its name or
    /// number; nothing lists the causes
    #[arg(value_name = "CODE|ALERT", num_args = 0..=2)]
    pub(super) what: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn files_without_a_command_are_a_report() {
        let cli = Cli::try_parse_from(["tlswhy", "--format", "json", "a.pcap", "-"]).expect("fits");
        assert!(cli.command.is_none());
        assert_eq!(cli.report.captures, [PathBuf::from("a.pcap"), PathBuf::from("-")]);
        let cli = Cli::try_parse_from(["tlswhy", "report", "--keylog", "k", "a.pcap"]).expect("fits");
        assert!(matches!(cli.command, Some(Command::Report(args)) if args.keylog.len() == 1));
    }
}

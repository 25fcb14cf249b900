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
    #[cfg(feature = "live")]
    #[command(flatten)]
    pub(super) device: DeviceArgs,
}

const AFTER: &str = "\
Without a command, `tlswhy CAPTURE...` is `tlswhy report CAPTURE...`.

Exit status: 0 it did its work, whatever the handshakes did; 1 an expectation (as of --fail-on) was \
not met; 2 bad usage or unreadable input.

Examples:
  tlswhy incident.pcapng                     what failed, why, and what to do
  tlswhy report --keylog keys.log a.pcap     the same, with everything decrypted
  tlswhy -i eth0                             what fails, while it does
  ssh host tcpdump -U -w - | tlswhy -        the same on another host
  tlswhy explain unknown_ca                  what an alert or a cause means

`tlswhy report --help` has more.";

const REPORT_AFTER: &str = "\
Words of --only and --fail-on: an outcome (established, refused, failed, incomplete), a cause \
(`tlswhy explain` lists them), side:client, side:server. Several are separated by commas, and any of \
them suffices. --fail-on minds all sessions, also those that --only leaves out.

A folder stands for the captures in it and below it (*.pcap, *.pcapng, *.cap, also .gz and .zst, and \
whatever begins like one). A capture that cannot be read is named on standard error, the others are \
done, and the status is 2.

Examples:
  tlswhy report incident.pcapng
      One session is told in full, several as an overview
  tlswhy report --client-ca clients-ca.pem --server-ca public-ca.pem incident.pcapng
      Also says whom those CAs would have refused
  tlswhy report --format html -o report.html --redact captures/
      One page for a ticket: filter, timelines, certificates; names and addresses replaced
  tlswhy report --format junit -o tls.xml --fail-on failed,refused captures/
      For a build server: status 1 where a handshake went wrong
  tlswhy report --only server-cert-expired --format markdown 'day-*/**/*.pcap.gz'
      Where expired certificates are still served
  zcat huge.pcap.gz | tlswhy report --format jsonl - | jq 'select(.outcome != \"established\")'
      Each session as soon as it is over, in bounded memory";

#[cfg(feature = "live")]
const LIVE_AFTER: &str = "\
A session is told once its verdict stands, at most 200 ms after the packet that proves it; where it turns out \
to be another one it is told again under the same id. Key logs are followed while they grow. Once the interface \
is open, privileges are given up (-v says which). docs/live.md has more, docs/remote.md is about other hosts.

Examples:
  tlswhy live -i eth0
      The terminal timeline on a terminal, else each failure in full
  tlswhy live -i any -f 'tcp port 443' --format jsonl
      One object a line, for programs
  tlswhy live -i lo --keylog keys.log -w kept.pcapng --until-failure
      Until something fails; the packets and their keys are kept in one file
  sudo setcap cap_net_raw+ep \"$(command -v tlswhy)\"
      Once, so that no root is needed";

const COMPLETIONS_AFTER: &str = "\
Examples:
  tlswhy completions bash > /etc/bash_completion.d/tlswhy
  tlswhy completions zsh > ~/.zfunc/_tlswhy
  tlswhy completions fish > ~/.config/fish/completions/tlswhy.fish";

const MAN_AFTER: &str = "\
Examples:
  tlswhy man > /usr/local/share/man/man1/tlswhy.1
  tlswhy man report > /usr/local/share/man/man1/tlswhy-report.1
  tlswhy man report | man -l -";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what became of every handshake in captures, and why
    #[command(after_help = REPORT_AFTER)]
    Report(ReportArgs),
    /// Capture on an interface, and say why handshakes fail while they do
    #[cfg(feature = "live")]
    #[command(after_help = LIVE_AFTER)]
    Live(LiveArgs),
    /// List the interfaces that can be captured on
    #[cfg(feature = "live")]
    Interfaces(InterfacesArgs),
    /// Compare captures with what is expected of them
    #[command(after_help = CHECK_AFTER)]
    Check(CheckArgs),
    /// Say what differs between two handshakes
    #[command(after_help = DIFF_AFTER)]
    Diff(DiffArgs),
    /// Say what a code of a report, or a TLS alert, means
    Explain(ExplainArgs),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS_AFTER)]
    Completions(CompletionsArgs),
    /// Print the manual page of tlswhy, or of one of its commands
    #[command(after_help = MAN_AFTER)]
    Man(ManArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One object for everything
    Json,
    /// One object a line, as soon as its session is over
    Jsonl,
    /// One object a line in the names of Elastic Common Schema
    Ecs,
    /// For tickets and pull requests
    Markdown,
    /// One page with everything, for a browser
    Html,
    /// For build servers: a test case per session
    Junit,
    /// For code scanning (SARIF 2.1.0): a result per cause found
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ReportArgs {
    /// Captures to read: pcap or pcapng, also compressed with gzip or zstd; folders and patterns; `-` is standard input
    #[arg(value_name = "CAPTURE")]
    pub(super) captures: Vec<PathBuf>,
    /// The capture is still being written: read on as it grows, until interrupted
    #[arg(long)]
    pub(super) follow: bool,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(super) format: Format,
    /// Show only sessions that are so: an outcome, a cause, side:client, …
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Exit with status 1 where a session is so: an outcome, a cause, side:client, …
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) fail_on: Vec<String>,
    /// Replace addresses, names and all else that tells whose packets these are; the same by the same
    #[arg(long)]
    pub(super) redact: bool,
    /// How many captures to read at the same time; as many as there are cores where not given
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroU16>,
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
    /// Open the terminal timeline, whatever standard output is
    #[cfg(feature = "tui")]
    #[arg(long, conflicts_with = "no_tui", help_heading = "Terminal timeline")]
    pub(super) tui: bool,
    /// Print the report, even on a terminal
    #[arg(long, help_heading = "Terminal timeline")]
    pub(super) no_tui: bool,
    /// Take clicks and the wheel in the terminal timeline
    #[cfg(feature = "tui")]
    #[arg(long, help_heading = "Terminal timeline")]
    pub(super) mouse: bool,
}

#[cfg(feature = "live")]
#[derive(Debug, Args)]
pub(super) struct LiveArgs {
    #[command(flatten)]
    pub(super) device: DeviceArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[cfg(feature = "live")]
#[derive(Debug, Args)]
#[command(next_help_heading = "Live capture")]
pub(super) struct DeviceArgs {
    /// Interface to capture on; `any` is all of them
    #[arg(short, long, value_name = "IFACE", conflicts_with_all = ["captures", "follow"])]
    pub(super) interface: Option<String>,
    /// Capture filter (pcap-filter(7)), such as `tcp port 443`
    #[arg(short, long, value_name = "BPF", requires = "interface")]
    pub(super) filter: Option<String>,
    /// Bytes to keep of each packet
    #[arg(short, long, value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(64..=262_144))]
    pub(super) snaplen: u32,
    /// The kernel's buffer for packets, in MiB
    #[arg(short = 'B', long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(super) buffer: u32,
    /// Also capture what is not for this host
    #[arg(short, long, requires = "interface")]
    pub(super) promiscuous: bool,
    /// End after so many packets
    #[arg(short, long, value_name = "PACKETS", requires = "interface")]
    pub(super) count: Option<u64>,
    /// End after so long: seconds, or with `m` or `h`
    #[arg(long, value_name = "TIME", requires = "interface", value_parser = super::live::duration)]
    pub(super) duration: Option<std::time::Duration>,
    /// End when the first failure is explained
    #[arg(long, requires = "interface")]
    pub(super) until_failure: bool,
    /// Keep the packets as pcapng, with the key log embedded
    #[arg(short, long, value_name = "FILE", requires = "interface")]
    pub(super) write: Option<PathBuf>,
    /// Begin another file (FILE_00002, ...) at this size: bytes, or with `K`, `M` or `G`
    #[arg(long, value_name = "SIZE", requires = "write", value_parser = super::live::size)]
    pub(super) rotate: Option<u64>,
    /// Of these files keep only the newest
    #[arg(long, value_name = "FILES", requires = "rotate", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) keep: Option<u32>,
    /// Overwrite the file named by -w
    #[arg(long, requires = "write")]
    pub(super) replace: bool,
    /// Go on as this user once the interface is open (run by sudo: who ran it)
    #[arg(long, value_name = "USER", requires = "interface")]
    pub(super) user: Option<String>,
}

#[cfg(feature = "live")]
#[derive(Debug, Args)]
pub(super) struct InterfacesArgs {
    /// As one JSON array
    #[arg(long)]
    pub(super) json: bool,
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
pub(super) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// A command; nothing for tlswhy itself
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
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

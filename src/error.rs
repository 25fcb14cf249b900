//! Why tlswhy itself could not work. (What is odd about a capture is a `Problem`; why a handshake
//! failed is a `Cause`.) Each message is one line: what, where, and what to do next.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why tlswhy could not do what it was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// A file or folder cannot be opened or read.
    #[error("cannot read {}: {}", shown(path), reason(source))]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A capture is none.
    #[error("cannot read {}: {hint}", shown(path))]
    NotACapture {
        /// Which.
        path: PathBuf,
        /// What it looks like, and what to do.
        hint: String,
    },
    /// A folder is named, and there is no capture in it.
    #[error(
        "there is no capture in {} or below it (*.pcap, *.pcapng, *.cap, also .gz and .zst): name the file itself",
        shown(folder)
    )]
    NoCaptures {
        /// Which.
        folder: PathBuf,
    },
    /// A pattern is named, and there is nothing that fits it.
    #[error("no file fits {}: check the folder, and what the shell made of the pattern", shown(pattern))]
    NothingFits {
        /// Which.
        pattern: PathBuf,
    },
    /// Standard input is named, and a person would have to type the capture.
    #[error("standard input is a terminal: pipe a capture into it (`tcpdump -w - | tlswhy -`), or name a file")]
    StdinIsATerminal,
    /// A file of certificates, keys or revocation lists holds none.
    #[error("{} holds no {wanted}: {hint}", shown(path))]
    Holds {
        /// Which.
        path: PathBuf,
        /// What was looked for, e.g. `certificate`.
        wanted: &'static str,
        /// What it holds instead, or what to do.
        hint: String,
    },
    /// The file to write to exists.
    #[error("{} exists: give --force to overwrite it, or another name to -o", shown(path))]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// The file to write to is an input.
    #[error("{} is one of the captures to read: give another name to -o", shown(path))]
    OutputIsInput {
        /// Which.
        path: PathBuf,
    },
    /// The output cannot be written.
    #[error("cannot write {}: {}", shown(path), reason(source))]
    Write {
        /// Which; `standard output`, where no file was named.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An interface cannot be captured on.
    #[error("cannot capture on {}: {hint}", shown(Path::new(name)))]
    Device {
        /// Its name.
        name: String,
        /// Why, and what to do.
        hint: String,
    },
    /// The user has not the right to capture.
    #[error("capturing on {} is not permitted: run `{}` once, or `{}`", shown(Path::new(name)), setcap, sudo)]
    NotPermitted {
        /// Its name.
        name: String,
        /// The command that gives this program the right.
        setcap: String,
        /// The command that runs it as root.
        sudo: String,
    },
    /// A capture filter is wrong.
    #[error("the filter cannot be used: {hint}")]
    Filter {
        /// Where it breaks, and why.
        hint: String,
    },
    /// What was asked for to protect the rest of the system cannot be done.
    #[error("cannot give up privileges: {hint}")]
    Privileges {
        /// Which, and why.
        hint: String,
    },
    /// The command line asks for something that does not exist or does not fit together.
    #[error("{0}")]
    Usage(String),
}

/// A path as one line of text.
fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" {
        return "standard input".to_owned();
    }
    let text = path.to_string_lossy();
    if text.chars().any(char::is_control) { text.escape_debug().to_string() } else { text.into_owned() }
}

/// The reason with the next step, where there is a usual one.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file; check the name and the folder".to_owned(),
        ErrorKind::PermissionDenied => "permission denied; ask for the right to it, or work on a copy".to_owned(),
        ErrorKind::IsADirectory => "it is a folder; name the files in it".to_owned(),
        ErrorKind::StorageFull => "the disk is full; free some space, or write elsewhere".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).replace(char::is_control, " ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_line_and_name_the_place() {
        let missing = Error::Read { path: "a\nb.pcap".into(), source: ErrorKind::NotFound.into() };
        assert_eq!(missing.to_string(), "cannot read a\\nb.pcap: there is no such file; check the name and the folder");
        let other = Error::Read { path: "-".into(), source: io::Error::from_raw_os_error(5) };
        assert_eq!(other.to_string(), "cannot read standard input: Input/output error");
    }
}

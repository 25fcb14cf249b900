//! How far a long run has got: one line on standard error, where a person may look at it.

use std::io::{self, IsTerminal, Write};

/// The line, or nothing where nobody would see it.
#[derive(Debug)]
pub(super) struct Progress {
    files: usize,
    seen: bool,
    shown: bool,
}

impl Progress {
    /// For so many files. `streams`: the report itself appears on the terminal meanwhile.
    pub(super) fn new(files: usize, streams: bool) -> Self {
        let seen = files > 1 && io::stderr().is_terminal() && !(streams && io::stdout().is_terminal());
        Self { files, seen, shown: false }
    }

    /// So many files are done.
    pub(super) fn done(&mut self, files: usize, sessions: u64) {
        if self.seen {
            let noun = if sessions == 1 { "session" } else { "sessions" };
            let _ = write!(io::stderr(), "\r\x1b[K{files} of {} captures, {sessions} {noun}", self.files);
            let _ = io::stderr().flush();
            self.shown = true;
        }
    }

    /// Takes the line away, for something else or at the end.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
            let _ = io::stderr().flush();
        }
    }
}

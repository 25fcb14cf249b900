//! The exit status, which scripts rely on.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It did its work, whatever the handshakes did: 0.
    Done,
    /// What was expected is not so: 1.
    NotMet,
    /// Bad usage or unreadable input: 2.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::NotMet => Self::FAILURE,
            Exit::Failed => Self::from(2),
        }
    }
}

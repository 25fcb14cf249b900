//! How an attempt ended.

/// How an attempt ended, apart from why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The handshake was completed, and nothing refused it.
    Established,
    /// The handshake was completed (for the side that was refused, at least), and then a peer or its
    /// application refused the other for its certificate.
    Refused,
    /// The handshake was not completed.
    Failed,
    /// The capture ends, or has a hole, before anybody can know.
    Incomplete,
}

impl Outcome {
    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Incomplete => "incomplete",
        }
    }
}

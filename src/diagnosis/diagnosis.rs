//! The verdict on one session.

use crate::cause::{Cause, Confidence};
use crate::diagnosis::finding::Evidence;
use crate::role::Side;
use crate::session::outcome::Outcome;

/// The verdict on one session: what happened, who has to change what, and what it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// Why; [`Cause::None`] where nothing failed.
    pub cause: Cause,
    /// Who has to change something.
    pub side: Side,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence, past tense, whose subject is a role. Strings from the wire in it are not escaped.
    pub summary: String,
    /// A paragraph.
    pub explanation: String,
    /// The packets it stands on.
    pub evidence: Vec<Evidence>,
    /// What to do, best first.
    pub remedies: Vec<Remedy>,
    /// Other causes that came into question, best first.
    pub alternatives: Vec<Alternative>,
    /// What would decide it.
    pub needs: Vec<String>,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Who has to do it.
    pub side: Side,
    /// Imperative: `Send the intermediate certificate along with the leaf.`
    pub text: String,
    /// A command that does it, or shows that it is needed; works as printed but for file names.
    pub command: Option<String>,
}

/// A cause that came into question and did not win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The cause.
    pub cause: Cause,
    /// How sure it would be.
    pub confidence: Confidence,
    /// Why it is less likely, or what rules it out.
    pub why_not: String,
}

//! What a rule looks at.

use crate::session::Session;
use crate::trust::Beliefs;

/// What was on the wire, and what the user believes about trust.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The facts.
    pub session: &'a Session,
    /// Trust stores and names given by the user.
    pub beliefs: &'a Beliefs,
}

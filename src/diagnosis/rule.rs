//! What a rule is.

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};

/// Looks for one cause.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What it looks for.
    pub cause: Cause,
    /// Causes that this one explains away at equal confidence (self-signed explains untrusted-ca).
    pub shadows: &'static [Cause],
    /// Looks. A pure function of the case.
    pub examine: fn(&Case<'_>) -> Assessment,
}

/// What a rule says.
#[derive(Debug, Clone)]
pub enum Assessment {
    /// Nothing to say.
    Silent,
    /// Its cause came into question, and a packet rules it out.
    RuledOut(Evidence),
    /// Its cause fits.
    Supported(Finding),
}

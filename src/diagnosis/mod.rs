//! From a session to a verdict. Rules look, each for one cause; `verdict` ranks what they found.

pub mod case;
pub mod finding;
pub mod rule;

//! From a session to a verdict. Rules look, each for one cause; `verdict` ranks what they found.

pub mod case;
#[expect(clippy::module_inception, reason = "the verdict is called a diagnosis, as in the report")]
pub mod diagnosis;
pub mod ending;
pub mod fault;
pub mod finding;
pub mod refused;
pub mod rule;
pub mod rules;
pub mod verdict;

pub use verdict::{diagnose, judge};

//! Faces that write: a report as text for a person, as JSON for a program. They read `report`, and
//! nothing else, so that they cannot disagree.

pub mod check;
pub mod diff;
pub mod ecs;
pub mod escape;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod text;

pub use escape::escape;

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
pub mod tone;

pub use escape::escape;

/// What a face writes of a report with these sessions.
#[cfg(test)]
fn written(
    sessions: Vec<crate::report::Session>,
    face: impl FnOnce(&mut Vec<u8>, &crate::report::Report) -> std::io::Result<()>,
) -> String {
    let mut out = Vec::new();
    face(&mut out, &crate::report::sample::report(sessions)).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

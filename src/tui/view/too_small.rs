//! A screen on which nothing can be laid out.

use crate::tui::line::{Line, Tone};

/// Columns and rows that the other regions need.
pub const LEAST: (u16, u16) = (20, 5);

/// What is said instead.
pub fn lines(size: (u16, u16)) -> Vec<Line> {
    let (columns, rows) = size;
    vec![
        Line::of(Tone::Strong, "too small"),
        Line::of(Tone::Plain, format!("{columns}x{rows}, needs {}x{}", LEAST.0, LEAST.1)),
    ]
}

//! Tests of the whole: one binary, a module per topic.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests read files, and fail by panicking, in their helpers too"
)]

#[cfg(feature = "cli")]
mod causes;
#[cfg(feature = "cli")]
mod check;
#[cfg(feature = "cli")]
mod diff;
#[cfg(feature = "cli")]
mod library;
mod limits;
mod mutation;
mod packets;
#[cfg(all(unix, feature = "tui"))]
mod terminal;
mod tidy;
mod trust;

//! Tests of the whole: one binary, a module per topic.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests read files, say what they do not run, and fail by panicking, in their helpers too"
)]

#[cfg(feature = "cli")]
mod causes;
#[cfg(feature = "cli")]
mod check;
mod datagrams;
#[cfg(feature = "cli")]
mod diff;
mod fixture;
mod frames;
mod fuzz;
mod hidden;
mod invariance;
#[cfg(feature = "cli")]
mod library;
mod limits;
#[cfg(feature = "live")]
mod live;
mod mutation;
mod ongoing;
mod packets;
#[cfg(all(feature = "tui", feature = "live"))]
mod pages;
mod registry;
#[cfg(unix)]
mod remedies;
mod renegotiation;
#[cfg(feature = "cli")]
mod reports;
mod resumption;
mod rfc8448;
#[cfg(all(unix, feature = "tui"))]
mod terminal;
mod tidy;
mod trust;
mod vectors;
#[cfg(all(unix, feature = "tui"))]
mod walk;

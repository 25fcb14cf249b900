//! Explains why a TLS (or mutual-TLS) handshake failed: who refused whom, for which reason, proved by
//! which packets, and what to change.

// words
pub mod bytes;
pub mod cause;
pub mod endpoint;
pub mod iana;
pub mod problem;
pub mod role;
pub mod seen;
pub mod time;

// decode
pub mod capture;
pub mod net;
pub mod tls;
pub mod x509;

// follow
pub mod app;
pub mod carrier;
pub mod decrypt;
pub mod flow;
pub mod preamble;

// model
pub mod session;

// judge
pub mod diagnosis;
pub mod knowledge;
pub mod trust;

// run and tell
pub mod analyze;
pub mod engine;
pub mod report;

// faces
pub mod render;
#[cfg(feature = "tui")]
pub mod tui;

// world
#[cfg(feature = "cli")]
pub mod cli;
pub mod error;
#[cfg(feature = "cli")]
pub mod source;

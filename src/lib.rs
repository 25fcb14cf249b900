//! Explains why a TLS (or mutual-TLS) handshake failed: who refused whom, for which reason, proved by
//! which packets, and what to change.
//!
//! ```
//! use tlswhy::{Options, analyze, capture::Reader};
//! # let bytes: &[u8] = include_bytes!("../fixtures/client-cert-expired/openssl-openssl-tls12.pcapng");
//! let report = analyze(Reader::new(bytes), &Options::default())?; // bytes, a file, a pipe: any `Read`
//! for session in &report.sessions {
//!     println!("{}: {}", session.diagnosis.cause, session.diagnosis.summary);
//! }
//! # assert_eq!(report.sessions[0].diagnosis.cause, "client-cert-expired");
//! # Ok::<(), tlswhy::capture::ReadError>(())
//! ```
//!
//! [`analyze()`] reads a capture to its end. [`Engine`] takes packets one by one and tells of each session
//! as soon as it is over. [`Report`] is what both speak in (`docs/report.md`). The other modules are
//! public for those who want to look deeper, and may change with any minor version.
//!
//! Nothing but the features does I/O: `cli` (the command line), `tui` (the terminal timeline) and `live`
//! (capture through libpcap) are on by default; `default-features = false` leaves all of them out.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::unreachable,
        reason = "unit tests make and read files, and fail by panicking"
    )
)]

// words
pub mod bytes;
pub mod cause;
pub mod endpoint;
pub mod iana;
mod memo;
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

pub use analyze::analyze;
pub use engine::{Engine, Options};
pub use report::Report;

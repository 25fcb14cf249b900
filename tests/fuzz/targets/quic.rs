//! Fuzz target: see `surfaces::quic`.
#![no_main]

#[allow(dead_code, reason = "each target calls one of them")]
#[path = "../surfaces.rs"]
mod surfaces;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| surfaces::quic(bytes));

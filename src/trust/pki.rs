//! The certificates of `fixtures/pki`, for unit tests.

use crate::time::Timestamp;

/// The moment that `fixtures/pki/make.sh` is written for: 2026-06-15 12:00:00 UTC.
pub(crate) const AT: Timestamp = Timestamp::from_secs(1_781_524_800);

/// The bytes of a fixture.
macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pki/", $name, ".der"))[..]
    };
}

/// Certificates by name.
macro_rules! certificates {
    ($($name:literal),*) => {
        [$($crate::x509::parse(fixture!($name))),*]
    };
}

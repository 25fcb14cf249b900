//! What mTLS adds to TLS: a certificate that was asked for and not sent, or sent and not enough.

pub mod missing;
pub mod not_authorized;
pub mod not_requested;
pub mod unsupported_algorithm;

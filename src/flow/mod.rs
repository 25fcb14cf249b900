//! State across packets below TLS: which packets belong together, and their bytes in order.

pub mod facts;
pub mod tcp;

//! State across packets below TLS: which packets belong together, and their bytes in order.

pub mod duplicates;
pub mod facts;
pub mod fragments;
pub mod key;
pub mod table;
pub mod tcp;

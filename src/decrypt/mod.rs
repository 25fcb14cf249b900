//! Keys and record protection.

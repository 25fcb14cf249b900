//! Protocols spoken ahead of TLS on the same connection.

//! The only readers of files and devices.

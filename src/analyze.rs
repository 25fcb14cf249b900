//! The paved path: a source in, a report out.

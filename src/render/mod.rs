//! Faces of the report that are text.

//! Tests of the whole: one binary, a module per topic.

mod tidy;
mod trust;

//! The published model: what programs and faces read.

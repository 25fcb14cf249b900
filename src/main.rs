//! The tlswhy program.

fn main() {}

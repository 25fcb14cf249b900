//! What is known of the world: tables only. Which stack says what, and what to do about a cause.

pub mod dialects;
pub mod keys;
pub mod remedies;
pub mod stacks;

//! Why tlswhy itself could not work.

//! Code points and names, a file per IANA registry.

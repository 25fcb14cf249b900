//! The program under test would be here.

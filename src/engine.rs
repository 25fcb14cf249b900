//! The engine: packets in, judged sessions out. No I/O, no clock.

//! Feeds the engine with what an attacker would: floods of connections, tiny records, overlaps and holes.
//! Prints what each took: on Linux time of the processor and the most memory that was ever resident, elsewhere
//! the time by the clock.
//!
//! `cargo run --release --example flood [NAME]`

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example prints, and measures time")]

use std::time::Instant;

use tlswhy::engine::SessionEvent;
use tlswhy::{Engine, Options};

#[path = "../tests/it/packets.rs"]
mod packets;

use packets::{ACK, FIN, Feed, SYN, client_hello, record, server_hello};

/// As in the program itself: memory depends on it.
#[cfg(feature = "cli")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Name, what it is, how many steps, one step.
type Flood = (&'static str, &'static str, u32, fn(&mut Feed, u32));

const FLOODS: &[Flood] = &[
    ("syn", "SYNs that nobody answers, each of another connection", 5_000_000, |feed, n| {
        feed.segment(n, true, SYN, 0, 0, &[]);
    }),
    ("half-open", "connections with a ClientHello and nothing more", 1_000_000, |feed, n| {
        feed.open(n);
        feed.segment(n, true, ACK, 1, 1, &client_hello());
    }),
    ("short", "connections with two hellos and an end", 500_000, |feed, n| {
        feed.open(n);
        feed.segment(n, true, ACK, 1, 1, &client_hello());
        feed.segment(n, false, ACK | FIN, 1, 1, &server_hello());
        feed.segment(n, true, ACK | FIN, 1, 1, &[]);
    }),
    ("tiny-records", "records of one byte, eight a segment, in one connection", 2_000_000, |feed, n| {
        if n == 0 {
            feed.open(0);
            feed.segment(0, true, ACK, 1, 1, &client_hello());
            return;
        }
        let eight = record(22, &[0]).repeat(8);
        feed.segment(0, false, ACK, 1 + (n - 1) * eight.len() as u32, 1, &eight);
    }),
    ("tiny-alerts", "warnings in plaintext, eight a segment, in one connection", 2_000_000, |feed, n| {
        if n == 0 {
            feed.open(0);
            feed.segment(0, true, ACK, 1, 1, &client_hello());
            return;
        }
        let eight = record(21, &[1, 90]).repeat(8);
        feed.segment(0, false, ACK, 1 + (n - 1) * eight.len() as u32, 1, &eight);
    }),
    ("holes", "every second segment missing, in one connection", 2_000_000, |feed, n| {
        feed.segment(0, true, ACK, n * 2_000, 1, &[0x17; 1_000]);
    }),
    ("many-holes", "a hole and half a megabyte behind it, in each of many connections", 2_000_000, |feed, n| {
        feed.segment(n % 4_000, true, ACK, 1 + n / 4_000 * 1_010, 1, &[0x17; 1_000]);
    }),
    ("overlaps", "segments in reverse that overlap, in one connection", 2_000_000, |feed, n| {
        let at = 100_000 + (n / 64) * 6_400 + 6_400 - (n % 64) * 100;
        feed.segment(0, true, ACK, at, 1, &[0x17; 1_000]);
    }),
];

fn main() {
    let wanted = std::env::args().nth(1);
    for (name, what, steps, step) in FLOODS.iter().filter(|flood| wanted.as_deref().is_none_or(|name| name == flood.0))
    {
        println!("{name}: {what}");
        for part in [steps / 4, *steps] {
            let begun = (Instant::now(), processor());
            let mut feed = Feed::new(Engine::new(Options::default()));
            let mut sessions = 0_u64;
            for n in 0..part {
                step(&mut feed, n);
                sessions += drain(&mut feed);
            }
            feed.engine.finish();
            sessions += drain(&mut feed);
            let took = match (begun.1, processor()) {
                (Some(before), Some(now)) => now - before,
                _ => begun.0.elapsed().as_secs_f64(),
            };
            let packets = feed.packets;
            let each = took / packets as f64 * 1e9;
            println!(
                "  {packets:>8} packets, {sessions:>7} sessions: {took:.2} s, {each:.0} ns a packet{}",
                resident()
            );
        }
    }
}

fn drain(feed: &mut Feed) -> u64 {
    while feed.engine.poll_problem().is_some() {}
    std::iter::from_fn(|| feed.engine.poll()).map(|event| u64::from(matches!(event, SessionEvent::Closed(_)))).sum()
}

/// Time of the processor that this program took so far, in seconds.
fn processor() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = status.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// The most memory that was resident so far.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(String::new, |line| format!(", at most {} resident", line.trim()))
}

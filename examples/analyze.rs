//! Says why each handshake of a capture ended as it did: `cargo run --example analyze -- CAPTURE [KEYLOG]`.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "an example is a program: it reads and prints")]

use std::error::Error;
use std::fs::{self, File};

use tlswhy::capture::Reader;
use tlswhy::{Options, analyze};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let capture = arguments.next().ok_or("name a capture")?;
    let mut options = Options::default().with_embedded_keys(File::open(&capture)?)?;
    if let Some(log) = arguments.next() {
        options = options.with_key_log(&fs::read_to_string(log)?);
    }
    let report = analyze(Reader::new(File::open(&capture)?), &options)?;
    for session in &report.sessions {
        let diagnosis = &session.diagnosis;
        println!("{} → {}: {} ({})", session.client, session.server, session.outcome, diagnosis.cause);
        println!("  {}", diagnosis.summary);
        for evidence in &diagnosis.evidence {
            println!("  packet {}: {}", evidence.packet, evidence.text);
        }
    }
    println!("{} sessions, {} failed", report.summary.sessions, report.summary.failed);
    Ok(())
}

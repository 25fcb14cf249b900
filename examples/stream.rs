//! Tells of each handshake as soon as it is over, in bounded memory, however long the capture goes on:
//! `tcpdump -U -w - | cargo run --example stream`.
#![allow(clippy::print_stdout, reason = "an example is a program: it prints")]

use std::io;

use tlswhy::capture::{Item, PacketSource, ReadError, Reader};
use tlswhy::engine::{Input, SessionEvent};
use tlswhy::{Engine, Options, report};

fn main() -> Result<(), ReadError> {
    let mut reader = Reader::new(io::stdin().lock());
    let mut engine = Engine::new(Options::default());
    loop {
        match reader.next()? {
            Some(Item::Packet(packet)) => engine.handle(Input::Packet(packet)),
            Some(Item::Secrets(text)) => engine.handle(Input::Secrets(text)),
            Some(Item::Problem(problem)) => println!("odd about the capture: {}", problem.text),
            // Of live sources only.
            Some(Item::Clock(now)) => engine.handle(Input::Clock(now)),
            Some(Item::Dropped(packets)) => engine.handle(Input::Dropped(packets)),
            None => break,
        }
        tell(&mut engine, reader.digits());
    }
    engine.finish();
    tell(&mut engine, reader.digits());
    Ok(())
}

fn tell(engine: &mut Engine, digits: usize) {
    while let Some(SessionEvent::Closed(judged)) = engine.poll() {
        // The published form, with the names of `docs/report.md`.
        let session = report::session(*judged, 0, digits);
        println!("{} {}: {}", session.end, session.outcome, session.diagnosis.summary);
    }
}

//! The paved path: a source in, judged sessions out. A file and a live interface go through the same
//! `pump`.

use crate::capture::{Item, PacketSource};
use crate::engine::{Engine, Input, Judged, SessionEvent};
use crate::problem::Problem;

/// What `pump` hands on.
#[derive(Debug)]
pub enum Told {
    /// A session is over.
    Session(Box<Judged>),
    /// A session's connection is not over, but its verdict stands as far as can be known (live sources
    /// only). It is told again, with the same id, when the verdict changes and when it is over.
    Early(Box<Judged>),
    /// Something is odd about the capture as a whole.
    Problem(Problem),
}

/// Feeds everything from `source` into `engine` and hands on what it tells, until the source ends.
///
/// # Errors
/// The source's, since nothing else can fail. What was told before stands.
pub fn pump<S: PacketSource>(source: &mut S, engine: &mut Engine, sink: &mut dyn FnMut(Told)) -> Result<(), S::Error> {
    let result = loop {
        match source.next() {
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
            Ok(Some(Item::Packet(packet))) => engine.handle(Input::Packet(packet)),
            Ok(Some(Item::Secrets(text))) => engine.handle(Input::Secrets(text)),
            Ok(Some(Item::Problem(problem))) => sink(Told::Problem(problem)),
            Ok(Some(Item::Clock(now))) => engine.handle(Input::Clock(now)),
            Ok(Some(Item::Dropped(packets))) => engine.handle(Input::Dropped(packets)),
        }
        drain(engine, sink);
    };
    engine.finish();
    drain(engine, sink);
    result
}

fn drain(engine: &mut Engine, sink: &mut dyn FnMut(Told)) {
    while let Some(event) = engine.poll() {
        sink(match event {
            SessionEvent::Updated(judged) => Told::Early(judged),
            SessionEvent::Closed(judged) => Told::Session(judged),
        });
    }
    while let Some(problem) = engine.poll_problem() {
        sink(Told::Problem(problem));
    }
}

//! The paved path: a source in, a report (or judged sessions, one by one) out. A file and a live
//! interface go through the same `pump`.

use std::cell::Cell;

use crate::capture::{About, Item, PacketSource};
use crate::engine::{Engine, Input, Judged, Options, SessionEvent};
use crate::problem::Problem;
use crate::report::across::Across;
use crate::report::{self, Capture, Generator, Report, SCHEMA_VERSION, Summary};
use crate::time::Timestamp;

/// Reads `source` to its end and reports on every session in it. The report names the capture `-`, as the
/// source has no name. All sessions are held in memory: for captures without an end there is [`Engine`].
///
/// ```
/// use tlswhy::capture::Reader;
/// use tlswhy::{Options, analyze};
///
/// # let bytes: &[u8] =
/// #     include_bytes!("../fixtures/client-cert-missing/openssl-openssl-tls12.pcapng");
/// let report = analyze(Reader::new(bytes), &Options::default())?;
/// assert_eq!(report.sessions[0].diagnosis.cause, "client-cert-missing");
/// # Ok::<(), tlswhy::capture::ReadError>(())
/// ```
///
/// # Errors
/// The source's, since nothing else can fail: what is odd about a capture stands in the report.
pub fn analyze<S: PacketSource>(source: S, options: &Options) -> Result<Report, S::Error> {
    let mut engine = Engine::new(options.clone());
    let (digits, most) = (Cell::new(0), options.limits.problems);
    let mut source = Counted { source, digits: &digits, packets: 0, bytes: 0, span: None };
    let (mut sessions, mut problems) = (Vec::new(), Vec::new());
    pump(&mut source, &mut engine, &mut |told| match told {
        // Comes again when it is over.
        Told::Early(_) => {}
        Told::Session(judged) => sessions.push(report::session(*judged, 0, digits.get())),
        Told::Problem(problem) => report::list_problem(&mut problems, most, report::problem(&problem)),
    })?;
    let sessions = report::in_order(sessions);
    let mut summary = Summary::default();
    sessions.iter().for_each(|session| summary.add(session));
    summary.notes = Across::notes_on(&sessions);
    let About { format, link_types, digits } = source.about();
    let capture = Capture {
        path: "-".to_owned(),
        format: format.to_owned(),
        link_types: link_types.iter().map(|link| link.name().into_owned()).collect(),
        packets: source.packets,
        bytes: source.bytes,
        first: source.span.map(|(first, _)| first.rfc3339(digits)),
        last: source.span.map(|(_, last)| last.rfc3339(digits)),
        problems,
    };
    Ok(Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        generator: Generator::default(),
        captures: vec![capture],
        summary,
        sessions,
    })
}

/// A source whose packets are counted, and that tells how fine its clock is while it is borrowed.
struct Counted<'a, S> {
    source: S,
    digits: &'a Cell<usize>,
    packets: u64,
    bytes: u64,
    span: Option<(Timestamp, Timestamp)>,
}

impl<S: PacketSource> PacketSource for Counted<'_, S> {
    type Error = S::Error;

    fn next(&mut self) -> Result<Option<Item<'_>>, S::Error> {
        // As of the packet before: the finest interface is declared ahead of its packets.
        self.digits.set(self.source.about().digits);
        let item = self.source.next()?;
        if let Some(Item::Packet(packet)) = &item {
            self.packets += 1;
            self.bytes += packet.data.len() as u64;
            let (first, last) = self.span.unwrap_or((packet.time, packet.time));
            self.span = Some((first.min(packet.time), last.max(packet.time)));
        }
        Ok(item)
    }

    fn about(&self) -> About {
        self.source.about()
    }
}

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
    feed(source, engine, &mut |engine, problem| {
        problem.into_iter().for_each(|problem| sink(Told::Problem(problem)));
        drain(engine, sink);
    })
}

/// Feeds everything from `source` into `engine`; `drain` asks it for news where there are any, and is told
/// what the source finds odd.
///
/// # Errors
/// The source's, since nothing else can fail.
pub(crate) fn feed<S: PacketSource>(
    source: &mut S,
    engine: &mut Engine,
    drain: &mut dyn FnMut(&mut Engine, Option<Problem>),
) -> Result<(), S::Error> {
    let result = loop {
        match source.next() {
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
            Ok(Some(Item::Packet(packet))) => engine.handle(Input::Packet(packet)),
            Ok(Some(Item::Secrets(text))) => engine.handle(Input::Secrets(text)),
            Ok(Some(Item::Problem(problem))) => {
                drain(engine, Some(problem));
                continue;
            }
            Ok(Some(Item::Clock(now))) => engine.handle(Input::Clock(now)),
            Ok(Some(Item::Dropped(packets))) => engine.handle(Input::Dropped(packets)),
        }
        if engine.has_news() {
            drain(engine, None);
        }
    };
    engine.finish();
    drain(engine, None);
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

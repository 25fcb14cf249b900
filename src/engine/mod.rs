//! The engine: packets in, judged sessions out. No I/O, no clock: the newest time it knows is that of
//! the newest packet, or of a tick that a live source adds.

mod limits;
mod live;
mod tcp_session;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::capture::Packet;
use crate::decrypt::KeyRing;
use crate::diagnosis::diagnosis::Diagnosis;
use crate::diagnosis::{self};
use crate::flow::duplicates::Duplicates;
use crate::flow::fragments::Fragments;
use crate::flow::key::{End, FlowKey};
use crate::flow::table::FlowTable;
use crate::net::{self, Datagram, Payload, Segment};
use crate::problem::Problem;
use crate::seen::At;
use crate::session::Session;
use crate::time::Timestamp;
use crate::trust::Beliefs;

pub use limits::Limits;
use live::Agenda;
use tcp_session::TcpSession;

/// What the engine is fed with.
#[derive(Debug)]
pub enum Input<'a> {
    /// A captured packet.
    Packet(Packet<'a>),
    /// Lines of a key log; they may come before, between or after the packets.
    Secrets(&'a str),
    /// Time passed without a packet (live sources only).
    Clock(Timestamp),
    /// The source lost so many packets since it last said so: whatever session is open now may miss
    /// some.
    Dropped(u64),
}

/// What became of a session.
#[derive(Debug)]
pub enum SessionEvent {
    /// A session's connection is not over, but there is a verdict that will stand as far as can be
    /// known, or that says why nothing happens. Only where [`Options::live`] is set; the same session
    /// (by its id) is told again when its verdict changes, and when it is over.
    Updated(Box<Judged>),
    /// A session is over, or was let go.
    Closed(Box<Judged>),
}

/// A session and the verdict on it.
#[derive(Debug)]
pub struct Judged {
    /// The facts.
    pub session: Session,
    /// The verdict.
    pub diagnosis: Diagnosis,
}

/// What the engine may assume, and how much it may hold.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Bounds on memory and work.
    pub limits: Limits,
    /// Trust stores and names given by the user.
    pub beliefs: Beliefs,
    /// Keys known from the start.
    pub keys: KeyRing,
    /// The source has not ended: verdicts are told as soon as they stand, and not only when
    /// connections are over.
    pub live: bool,
}

/// Follows sessions and judges them when they are over.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    beliefs: Beliefs,
    keys: Arc<KeyRing>,
    flows: FlowTable<TcpSession>,
    /// `None` where the source is a finished one.
    agenda: Option<Agenda>,
    fragments: Fragments,
    duplicates: Duplicates,
    now: Timestamp,
    swept: Timestamp,
    events: VecDeque<SessionEvent>,
    problems: VecDeque<Problem>,
    sessions: u64,
    /// Packets that the source lost.
    lost: u64,
}

/// How often idle sessions are looked for, in packet time.
const SWEEP: i64 = 1_000_000_000;

impl Engine {
    /// An engine that has seen nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            flows: FlowTable::new(options.limits.flows),
            agenda: options.live.then(|| Agenda::new(options.limits.flows)),
            fragments: Fragments::default(),
            duplicates: Duplicates::default(),
            limits: options.limits,
            beliefs: options.beliefs,
            keys: Arc::new(options.keys),
            now: Timestamp::default(),
            swept: Timestamp::default(),
            events: VecDeque::new(),
            problems: VecDeque::new(),
            sessions: 0,
            lost: 0,
        }
    }

    /// Takes one input. Poll for events until `None` afterwards.
    pub fn handle(&mut self, input: Input<'_>) {
        match input {
            Input::Packet(packet) => self.packet(&packet),
            Input::Secrets(text) => self.secrets(text),
            Input::Clock(now) => self.clock(now),
            Input::Dropped(packets) => self.dropped(packets),
        }
    }

    /// The next event; `None` when there is nothing to tell now. Calling it more often is harmless.
    pub fn poll(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// The next problem of the capture as a whole (those of a session stand in the session).
    pub fn poll_problem(&mut self) -> Option<Problem> {
        self.problems.pop_front()
    }

    /// The input is over: every session still open is closed.
    pub fn finish(&mut self) {
        for flow in self.flows.drain() {
            self.close(flow, true);
        }
        if self.lost > 0 {
            let text = format!("{} packets were lost before they could be captured.", self.lost);
            self.problem(Problem::new("packets-dropped", text));
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        let at = packet.at();
        if packet.time > self.now {
            self.now = packet.time;
        }
        let parsed = net::decode(packet.link, packet.data, packet.wire_len as usize);
        for problem in parsed.problems {
            self.problem(problem.at(packet.no));
        }
        if let Some(net::Frame::Datagram(datagram)) = parsed.value {
            self.datagram(&datagram, at);
        }
        self.look_around();
        if self.now.since(self.swept).0 >= SWEEP {
            self.sweep();
        }
    }

    fn datagram(&mut self, datagram: &Datagram<'_>, at: At) {
        match datagram.payload {
            Payload::Tcp(segment) => {
                if !self.duplicates.is_repeat(datagram, at.time) {
                    self.segment(datagram, &segment, at);
                }
            }
            Payload::Fragment(_) => {
                let mut problems = Vec::new();
                let whole = self.fragments.add(datagram, at, &mut problems);
                for problem in problems {
                    self.problem(problem.at(at.packet));
                }
                if let Some(whole) = whole {
                    let datagram = whole.datagram();
                    if !matches!(datagram.payload, Payload::Fragment(_)) {
                        self.datagram(&datagram, at);
                    }
                }
            }
            Payload::Udp(_) | Payload::Other { .. } => {}
        }
    }

    fn segment(&mut self, datagram: &Datagram<'_>, segment: &Segment<'_>, at: At) {
        let (key, end) =
            FlowKey::new(datagram.source, segment.source_port, datagram.destination, segment.destination_port);
        if self.flows.get_mut(&key, at.time).is_some_and(|flow| flow.is_reused_by(end, segment))
            && let Some(old) = self.flows.remove(&key)
        {
            self.close(old, false);
        }
        if self.flows.get_mut(&key, at.time).is_none() {
            let opener = TcpSession::opener(end, segment);
            let session = TcpSession::new(opener, datagram, segment, end, at, &self.limits, Arc::clone(&self.keys));
            if let Some(evicted) = self.flows.insert(key, session, at.time) {
                self.evict(evicted);
            }
        }
        let Some(flow) = self.flows.get_mut(&key, at.time) else { return };
        flow.segment(end, segment, datagram.ttl, at);
        if let Some(agenda) = &mut self.agenda
            && let Some(when) = flow.next_look(self.now)
        {
            agenda.add(when, key, &mut flow.watch);
        }
        if flow.is_over(self.now)
            && let Some(flow) = self.flows.remove(&key)
        {
            self.close(flow, false);
        }
    }

    fn secrets(&mut self, text: &str) {
        // While sessions hold the keys too, a growing key log would be copied with every line.
        let none = Arc::default();
        self.flows.for_each_mut(|flow| flow.give_back_keys(&none));
        let problems = Arc::make_mut(&mut self.keys).add_log(text);
        for problem in problems {
            self.problem(problem);
        }
        let keys = &self.keys;
        self.flows.for_each_mut(|flow| flow.new_keys(keys));
    }

    fn clock(&mut self, now: Timestamp) {
        if now > self.now {
            self.now = now;
        }
        self.look_around();
        self.sweep();
    }

    fn dropped(&mut self, packets: u64) {
        self.flows.for_each_mut(TcpSession::may_miss_packets);
        if self.lost == 0 {
            // Once now, so that it is seen, and once in the end with the number.
            let text = "The capture loses packets: what rests on something not having been sent is less sure.";
            self.problem(Problem::new("packets-dropped", text));
        }
        self.lost = self.lost.saturating_add(packets);
    }

    /// Judges the connections whose moment has come (live sources only).
    fn look_around(&mut self) {
        let now = self.now;
        while let Some((when, key)) = self.agenda.as_mut().and_then(|agenda| agenda.take(now)) {
            let Some(flow) = self.flows.peek_mut(&key) else { continue };
            if flow.watch.due != Some(when) {
                continue;
            }
            if let Some(look) = flow.watch.look(now) {
                self.sessions += u64::from(flow.watch.id.is_none());
                let id = *flow.watch.id.get_or_insert(self.sessions);
                if let Some(judged) = flow.judge(look, now, id, &self.beliefs) {
                    self.events.push_back(SessionEvent::Updated(judged));
                }
            }
            if let Some(flow) = self.flows.peek_mut(&key)
                && let Some(when) = flow.next_look_after()
                && let Some(agenda) = &mut self.agenda
            {
                agenda.add(when, key, &mut flow.watch);
            }
        }
    }

    /// Closes sessions that are over or have been idle for too long.
    fn sweep(&mut self) {
        self.swept = self.now;
        let idle = self.limits.idle;
        let now = self.now;
        for flow in self.flows.expire(now, idle, |flow| flow.is_over(now)) {
            self.close(flow, false);
        }
    }

    fn evict(&mut self, mut flow: TcpSession) {
        flow.let_go();
        self.problem(Problem::new(
            "too-many-flows",
            "There are more connections at one time than the limit allows: the one that was idle longest was closed unfinished.",
        ));
        self.close(flow, true);
    }

    fn close(&mut self, flow: TcpSession, at_end: bool) {
        let told = flow.watch.id;
        let Some(mut session) = flow.finish(self.now, at_end) else { return };
        self.sessions += u64::from(told.is_none());
        session.id = told.unwrap_or(self.sessions);
        let diagnosis = diagnosis::diagnose(&session, &self.beliefs);
        self.events.push_back(SessionEvent::Closed(Box::new(Judged { session, diagnosis })));
    }

    fn problem(&mut self, problem: Problem) {
        /// Problems of one capture; what comes after is as good as said.
        const KEPT: usize = 1_000;
        if self.problems.len() < KEPT {
            self.problems.push_back(problem);
        }
    }
}

/// Which end of a flow is which role.
pub(crate) fn role_of(end: End, opener: End) -> crate::role::Role {
    if end == opener { crate::role::Role::Client } else { crate::role::Role::Server }
}

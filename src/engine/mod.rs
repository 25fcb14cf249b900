//! The engine: packets in, judged sessions out. No I/O, no clock: the newest time it knows is that of
//! the newest packet, or of a tick that a live source adds.

mod connection_ids;
mod conversation;
mod datagram_session;
mod datagrams;
mod eap_session;
mod limits;
mod live;
mod tcp_session;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::capture::{self, Packet, ReadError};
use crate::decrypt::KeyRing;
use crate::diagnosis::diagnosis::Diagnosis;
use crate::diagnosis::{self};
use crate::flow::duplicates::Duplicates;
use crate::flow::fragments::Fragments;
use crate::flow::key::{End, FlowKey};
use crate::flow::table::FlowTable;
use crate::net::{self, Datagram, Payload, Segment};
use crate::problem::{MORE_PROBLEMS, Problem};
use crate::seen::{At, PacketNo};
use crate::session::Session;
use crate::time::Timestamp;
use crate::trust::{Anchors, Beliefs};

use conversation::Conversation;
pub use limits::Limits;
use live::Agenda;
use tcp_session::TcpSession;

/// What the engine is fed with.
#[derive(Debug, Clone, Copy)]
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
    pub session: Box<Session>,
    /// The verdict.
    pub diagnosis: Diagnosis,
}

/// A conversation that is over, and on which there is no verdict yet: see [`Engine::poll_unjudged`].
#[derive(Debug)]
pub struct Unjudged {
    conversation: Box<Conversation>,
    /// When it was found to be over.
    now: Timestamp,
    /// The capture ended with it.
    at_end: bool,
    /// See [`Limits::path`].
    steps: usize,
}

impl Unjudged {
    /// The session and the verdict on it; `None` where the conversation was no handshake attempt. Its id is 0,
    /// as sessions are numbered in the order of the engine's telling.
    pub fn judge(self, beliefs: &Beliefs) -> Option<Box<Judged>> {
        let told = self.conversation.watch().id;
        let mut session = self.conversation.finish(self.now, self.at_end)?;
        session.id = told.unwrap_or(0);
        let diagnosis = diagnosis::judge(&mut session, beliefs, self.steps);
        Some(Box::new(Judged { session, diagnosis }))
    }
}

/// What the engine may assume, and how much it may hold. A plain struct: its fields may be set as well.
///
/// ```
/// use tlswhy::Options;
///
/// let options = Options::default().with_server_name("api.example").with_key_log("# no keys yet\n");
/// assert_eq!(options.beliefs.server_name.as_deref(), Some("api.example"));
/// assert!(options.keys.is_empty());
/// ```
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

impl Options {
    /// Decrypts with a key log (what `SSLKEYLOGFILE` names), too. Lines that are none are passed over;
    /// [`KeyRing::add_log`] on `keys` tells of them.
    #[must_use]
    pub fn with_key_log(mut self, text: &str) -> Self {
        self.keys.add_log(text);
        self
    }

    /// Decrypts with the key logs embedded in a pcapng capture, too. They are handed to the engine in any
    /// case when it meets them; this is for those that stand behind the packets that they open.
    ///
    /// # Errors
    /// As reading the capture would.
    pub fn with_embedded_keys(mut self, capture: impl std::io::Read) -> Result<Self, ReadError> {
        for text in capture::prescan_secrets(capture)? {
            self.keys.add_log(&text);
        }
        Ok(self)
    }

    /// Decrypts with a server's RSA private key (PEM or DER), too, where RSA key transport was used.
    ///
    /// # Errors
    /// A problem that says what is wrong with the key.
    pub fn with_server_key(mut self, key: &[u8]) -> Result<Self, Problem> {
        self.keys.add_server_key(key)?;
        Ok(self)
    }

    /// Judges clients by these certificates, in DER, which the server trusts.
    #[must_use]
    pub fn with_client_ca(mut self, certificates: &[Vec<u8>]) -> Self {
        self.beliefs.client_ca = Some(Anchors::from_der(certificates));
        self
    }

    /// Judges servers by these certificates, in DER, which the client trusts.
    #[must_use]
    pub fn with_server_ca(mut self, certificates: &[Vec<u8>]) -> Self {
        self.beliefs.server_ca = Some(Anchors::from_der(certificates));
        self
    }

    /// The name that the client meant, where the handshake does not say it.
    #[must_use]
    pub fn with_server_name(mut self, name: impl Into<String>) -> Self {
        self.beliefs.server_name = Some(name.into());
        self
    }
}

/// Follows sessions and judges them when they are over. It does no I/O of its own and knows no clock, so
/// that packets may come from anywhere: from a [`Reader`](crate::capture::Reader), or by hand as here.
///
/// ```
/// use tlswhy::capture::{Item, PacketSource, Reader};
/// use tlswhy::engine::{Input, SessionEvent};
/// use tlswhy::{Engine, Options};
///
/// # let bytes: &[u8] =
/// #     include_bytes!("../../fixtures/client-cert-missing/openssl-openssl-tls12.pcapng");
/// let mut reader = Reader::new(bytes); // any `Read`
/// let mut engine = Engine::new(Options::default());
/// let mut causes = Vec::new();
/// loop {
///     match reader.next()? {
///         Some(Item::Packet(packet)) => engine.handle(Input::Packet(packet)),
///         Some(Item::Secrets(text)) => engine.handle(Input::Secrets(text)),
///         Some(Item::Problem(problem)) => eprintln!("{}", problem.text),
///         // Of live sources only.
///         Some(Item::Clock(now)) => engine.handle(Input::Clock(now)),
///         Some(Item::Dropped(packets)) => engine.handle(Input::Dropped(packets)),
///         None => break,
///     }
///     // A session is told as soon as it is over, and forgotten.
///     while let Some(SessionEvent::Closed(judged)) = engine.poll() {
///         causes.push(judged.diagnosis.cause.code());
///     }
/// }
/// engine.finish();
/// while let Some(SessionEvent::Closed(judged)) = engine.poll() {
///     causes.push(judged.diagnosis.cause.code());
/// }
/// assert_eq!(causes, ["client-cert-missing"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    beliefs: Beliefs,
    keys: Arc<KeyRing>,
    flows: FlowTable<Conversation>,
    index: datagrams::Index,
    /// `None` where the source is a finished one.
    agenda: Option<Agenda>,
    fragments: Fragments,
    duplicates: Duplicates,
    now: Timestamp,
    swept: Timestamp,
    /// What is to be told, in order.
    news: VecDeque<News>,
    problems: VecDeque<Problem>,
    /// Limits that were reached: each is told once.
    reached: BTreeSet<&'static str>,
    /// Closed connections that wait for late packets, by key and first packet; some may be gone.
    lingering: VecDeque<(FlowKey, PacketNo)>,
    /// Bytes held of all conversations, about.
    held: usize,
    sessions: u64,
    /// Packets that the source lost.
    lost: u64,
}

/// What is to be told.
#[derive(Debug)]
enum News {
    /// A verdict on a conversation that is not over.
    Early(Box<Judged>),
    /// A conversation that is over. It is judged when it is asked for: there may be very many at one time, and
    /// a verdict takes more memory than the little that is held of most of them.
    Over(Unjudged),
}

/// How often idle sessions are looked for, in packet time.
const SWEEP: i64 = 1_000_000_000;

impl Engine {
    /// An engine that has seen nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            flows: FlowTable::new(options.limits.flows),
            agenda: options.live.then(|| Agenda::new(options.limits.flows)),
            index: datagrams::Index::default(),
            fragments: Fragments::within(options.limits.fragments),
            duplicates: Duplicates::default(),
            limits: options.limits,
            beliefs: options.beliefs,
            keys: Arc::new(options.keys.afresh()),
            now: Timestamp::default(),
            swept: Timestamp::default(),
            news: VecDeque::new(),
            problems: VecDeque::new(),
            reached: BTreeSet::new(),
            lingering: VecDeque::new(),
            held: 0,
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

    /// Whether there is anything to poll for.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        !self.news.is_empty() || !self.problems.is_empty()
    }

    /// The next event; `None` when there is nothing to tell now. Calling it more often is harmless.
    pub fn poll(&mut self) -> Option<SessionEvent> {
        loop {
            let unjudged = match self.news.pop_front()? {
                News::Early(judged) => return Some(SessionEvent::Updated(judged)),
                News::Over(unjudged) => unjudged,
            };
            if let Some(mut judged) = unjudged.judge(&self.beliefs) {
                if judged.session.id == 0 {
                    self.sessions += 1;
                    judged.session.id = self.sessions;
                }
                return Some(SessionEvent::Closed(judged));
            }
        }
    }

    /// The next conversation that is over, in place of [`Engine::poll`], for another thread to judge: judging
    /// takes as long as following. Not for live engines, whose early verdicts are passed over.
    pub fn poll_unjudged(&mut self) -> Option<Unjudged> {
        loop {
            match self.news.pop_front()? {
                News::Over(unjudged) => return Some(unjudged),
                News::Early(_) => {}
            }
        }
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
        let parsed = net::decode_through(self.limits.tunnels, packet.link, packet.data, packet.wire_len as usize);
        if !parsed.problems.is_empty() {
            self.odd(parsed.problems, packet.no);
        }
        match &parsed.value {
            Some(net::Frame::Datagram(datagram)) => self.datagram(datagram, at),
            Some(net::Frame::Eapol { source, destination, payload, encapsulation }) => {
                self.eapol(*source, *destination, payload, *encapsulation, at);
            }
            None => {}
        }
        if self.agenda.is_some() {
            self.look_around();
        }
        if self.now.since(self.swept).0 >= SWEEP {
            self.sweep();
        }
    }

    #[cold]
    fn odd(&mut self, problems: Vec<Problem>, packet: PacketNo) {
        for problem in problems {
            self.problem(problem.at(packet));
        }
    }

    #[inline]
    fn datagram(&mut self, datagram: &Datagram<'_>, at: At) {
        match &datagram.payload {
            Payload::Tcp(segment) => {
                if !self.duplicates.is_repeat(datagram, at.time) {
                    self.segment(datagram, segment, at);
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
            Payload::Udp(udp) => self.udp(datagram, udp, at),
            Payload::Other { .. } => {}
        }
    }

    #[inline]
    fn segment(&mut self, datagram: &Datagram<'_>, segment: &Segment<'_>, at: At) {
        let (key, end) =
            FlowKey::new(datagram.source, segment.source_port, datagram.destination, segment.destination_port);
        // Only a SYN can open another connection between the same ports.
        let reused = segment.flags.syn()
            && matches!(self.flows.get_mut(&key, at.time), Some(Conversation::Tcp(flow)) if flow.is_reused_by(end, segment));
        if reused && let Some(old) = self.flows.remove(&key) {
            self.close(old, false);
        }
        let found = self.flows.find(&key, at.time).or_else(|| {
            let opener = TcpSession::opener(end, segment);
            let session = TcpSession::new(opener, datagram, segment, end, at, &self.limits, Arc::clone(&self.keys));
            let session = if self.agenda.is_none() { session.at_leisure() } else { session };
            if let Some(evicted) = self.flows.insert(key, Conversation::Tcp(session), at.time) {
                self.evict(evicted);
            }
            self.flows.find(&key, at.time)
        });
        let Some(conversation) = found.and_then(|place| self.flows.at(place)) else { return };
        let Conversation::Tcp(flow) = conversation else { return };
        let weighs_anew = flow.segment(end, segment, datagram.ttl, at);
        if flow.is_over(self.now) {
            if let Some(flow) = self.flows.remove(&key) {
                self.close(flow, false);
            }
            return;
        }
        if flow.is_closed() && !flow.lingers {
            flow.lingers = true;
            self.lingering.push_back((key, flow.first()));
        }
        if weighs_anew {
            conversation.count(&mut self.held);
        }
        let gave_up = match conversation {
            Conversation::Tcp(flow) => self.held > self.limits.memory && flow.give_up_holes(),
            _ => false,
        };
        if gave_up {
            conversation.count(&mut self.held);
            self.reach(
                "too-much-held",
                "More bytes are held than the limit allows: holes in connections are taken for lost sooner than usual.",
            );
        }
        self.watch(&key);
        self.let_linger();
        self.keep_within_memory();
    }

    /// A packet of this conversation was taken: when is it to be looked at (live sources only)?
    fn watch(&mut self, key: &FlowKey) {
        let Some(agenda) = &mut self.agenda else { return };
        let Some(flow) = self.flows.peek_mut(key) else { return };
        let signs = flow.signs();
        if let Some(when) = flow.watch_mut().packet(signs, self.now) {
            agenda.add(when, *key, flow.watch_mut());
        }
    }

    /// Judges the connections that have been closed longest, where too many wait for late packets.
    fn let_linger(&mut self) {
        while self.lingering.len() > self.limits.lingering {
            let Some((key, first)) = self.lingering.pop_front() else { break };
            let waits = matches!(self.flows.peek(&key), Some(Conversation::Tcp(flow)) if flow.first() == first);
            if waits && let Some(flow) = self.flows.remove(&key) {
                self.close(flow, false);
            }
        }
    }

    /// Lets go of the conversations that have been idle longest, where all hold too much.
    #[inline]
    fn keep_within_memory(&mut self) {
        if self.held > self.limits.memory {
            self.let_go_of_the_idle();
        }
    }

    #[cold]
    fn let_go_of_the_idle(&mut self) {
        while self.held > self.limits.memory {
            let Some(oldest) = self.flows.take_oldest() else { break };
            self.reach(
                "too-much-memory",
                "More memory is held than the limit allows: connections that were idle longest were closed unfinished.",
            );
            self.let_go(oldest);
        }
    }

    /// Tells, once, that a limit was reached.
    fn reach(&mut self, code: &'static str, text: &'static str) {
        if self.reached.insert(code) {
            self.problem(Problem::new(code, text));
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
        self.flows.for_each_mut(Conversation::may_miss_packets);
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
            let Some(flow) = self.flows.peek_mut(&key).filter(|flow| flow.watch().due == Some(when)) else { continue };
            if let Some(look) = flow.watch_mut().look(now)
                && let Some((mut session, diagnosis)) = flow.news(look, now, &self.beliefs, self.limits.path)
            {
                self.sessions += u64::from(flow.watch().id.is_none());
                session.id = *flow.watch_mut().id.get_or_insert(self.sessions);
                self.news.push_back(News::Early(Box::new(Judged { session, diagnosis })));
            }
            let signs = flow.signs();
            if let Some(when) = flow.watch_mut().next(signs)
                && let Some(agenda) = &mut self.agenda
            {
                agenda.add(when, key, flow.watch_mut());
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

    fn evict(&mut self, flow: Box<Conversation>) {
        self.reach(
            "too-many-flows",
            "There are more connections at one time than the limit allows: those that were idle longest were closed unfinished.",
        );
        self.let_go(flow);
    }

    fn let_go(&mut self, mut flow: Box<Conversation>) {
        flow.let_go();
        self.close(flow, true);
    }

    fn close(&mut self, mut flow: Box<Conversation>, at_end: bool) {
        flow.discount(&mut self.held);
        if !matches!(*flow, Conversation::Tcp(_)) {
            self.index.open = self.index.open.saturating_sub(1);
        }
        self.news.push_back(News::Over(Unjudged {
            conversation: flow,
            now: self.now,
            at_end,
            steps: self.limits.path,
        }));
    }

    fn problem(&mut self, problem: Problem) {
        // They wait for whoever asks for them; who never does shall not need memory for all.
        if self.problems.len() < self.limits.problems {
            self.problems.push_back(problem);
        } else if self.problems.back().is_none_or(|last| last.code != MORE_PROBLEMS) {
            self.problems.push_back(Problem::more("capture"));
        }
    }
}

/// Which end of a flow is which role.
pub(crate) fn role_of(end: End, opener: End) -> crate::role::Role {
    if end == opener { crate::role::Role::Client } else { crate::role::Role::Server }
}

//! Key logs: the SSLKEYLOGFILE format (RFC 9850) and what older tools add to it.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::mem;

use super::secret::{Secret, byte_of};
use crate::problem::Problem;
use crate::role::Role;

/// A client's random, by which key logs name a session.
pub type ClientRandom = [u8; 32];

/// How many sessions a key log remembers, if not told otherwise; the oldest are forgotten first.
pub const SESSIONS_KEPT: usize = 1 << 18;

/// How many secrets one session may have. Real ones have seven, and one more per key update.
const SECRETS_PER_SESSION: usize = 64;

/// How many traffic secrets of key updates are numbered.
const GENERATIONS: u32 = 1 << 16;

/// A line longer than this is not read.
const LINE_MAX: usize = 4096;

/// What a secret is for: the label in the key log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretLabel {
    /// `CLIENT_RANDOM`: the master secret of TLS 1.2 and below.
    Master,
    /// `PMS_CLIENT_RANDOM`: the premaster secret of TLS 1.2 and below.
    Premaster,
    /// `CLIENT_EARLY_TRAFFIC_SECRET`.
    ClientEarlyTraffic,
    /// `EARLY_EXPORTER_SECRET` (also `EARLY_EXPORTER_MASTER_SECRET`).
    EarlyExporter,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`.
    ClientHandshakeTraffic,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`.
    ServerHandshakeTraffic,
    /// `CLIENT_TRAFFIC_SECRET_N`: N counts the key updates.
    ClientTraffic(u32),
    /// `SERVER_TRAFFIC_SECRET_N`.
    ServerTraffic(u32),
    /// `EXPORTER_SECRET`.
    Exporter,
    /// `ECH_SECRET`: the HPKE shared secret of Encrypted ClientHello.
    EchSecret,
    /// `ECH_CONFIG`: the configuration it was made with; no secret, but kept with them.
    EchConfig,
}

impl SecretLabel {
    /// The handshake traffic secret of `role`.
    pub const fn handshake_traffic(role: Role) -> Self {
        match role {
            Role::Client => Self::ClientHandshakeTraffic,
            Role::Server => Self::ServerHandshakeTraffic,
        }
    }

    /// The application traffic secret of `role` after `generation` key updates.
    pub const fn traffic(role: Role, generation: u32) -> Self {
        match role {
            Role::Client => Self::ClientTraffic(generation),
            Role::Server => Self::ServerTraffic(generation),
        }
    }

    fn parse(label: &str) -> Option<Self> {
        let numbered = |prefix: &str| {
            let number = label.strip_prefix(prefix)?;
            let number: u32 = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())??;
            (number < GENERATIONS).then_some(number)
        };
        Some(match label {
            "CLIENT_RANDOM" => Self::Master,
            "PMS_CLIENT_RANDOM" => Self::Premaster,
            "CLIENT_EARLY_TRAFFIC_SECRET" => Self::ClientEarlyTraffic,
            "EARLY_EXPORTER_SECRET" | "EARLY_EXPORTER_MASTER_SECRET" => Self::EarlyExporter,
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::ClientHandshakeTraffic,
            "SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::ServerHandshakeTraffic,
            "EXPORTER_SECRET" => Self::Exporter,
            "ECH_SECRET" => Self::EchSecret,
            "ECH_CONFIG" => Self::EchConfig,
            _ => match numbered("CLIENT_TRAFFIC_SECRET_") {
                Some(n) => Self::ClientTraffic(n),
                None => Self::ServerTraffic(numbered("SERVER_TRAFFIC_SECRET_")?),
            },
        })
    }

    /// Whether a secret of this length can be one. A master secret has 48 bytes; those of TLS 1.3
    /// are as long as the suite's hash; the others have no fixed length.
    const fn accepts(self, length: usize) -> bool {
        match self {
            Self::Master => length == 48,
            Self::Premaster | Self::EchSecret | Self::EchConfig => length > 0,
            _ => matches!(length, 32 | 48 | 64),
        }
    }
}

/// The secrets of one session.
#[derive(Debug, Clone, Default)]
pub struct SessionSecrets {
    /// In order of arrival.
    entries: Vec<(SecretLabel, Secret)>,
}

impl SessionSecrets {
    /// The newest secret with this label.
    pub fn get(&self, label: SecretLabel) -> Option<&Secret> {
        self.entries.iter().rev().find(|(l, _)| *l == label).map(|(_, secret)| secret)
    }

    /// All different secrets with this label, newest first. There is more than one only when key
    /// logs contradict each other, as when a client reuses its random.
    pub fn all(&self, label: SecretLabel) -> impl Iterator<Item = &Secret> {
        self.entries.iter().rev().filter(move |(l, _)| *l == label).map(|(_, secret)| secret)
    }

    /// Which labels are there, in order of arrival.
    pub fn labels(&self) -> impl Iterator<Item = SecretLabel> {
        self.entries.iter().map(|(label, _)| *label)
    }

    /// Whether this was new.
    fn add(&mut self, label: SecretLabel, secret: Secret) -> bool {
        if self.all(label).any(|known| known.expose().starts_with(secret.expose())) {
            return false;
        }
        // A line that was still being written may have been read short.
        let short = |(l, s): &&mut (SecretLabel, Secret)| *l == label && secret.expose().starts_with(s.expose());
        if let Some((_, known)) = self.entries.iter_mut().find(short) {
            *known = secret;
            return true;
        }
        if self.entries.len() >= SECRETS_PER_SESSION {
            return false;
        }
        self.entries.push((label, secret));
        true
    }
}

/// All secrets that key logs have told so far.
#[derive(Debug, Clone)]
pub struct KeyLog {
    sessions: Bounded<ClientRandom, SessionSecrets>,
    by_session_id: Bounded<Vec<u8>, Secret>,
    by_encrypted_premaster: Bounded<[u8; 8], Secret>,
    generation: u64,
    /// The unfinished last line of a growing key log.
    pending: String,
    /// Lines that [`KeyLog::append`] has finished.
    appended_lines: usize,
}

impl Default for KeyLog {
    fn default() -> Self {
        Self::with_limit(SESSIONS_KEPT)
    }
}

impl KeyLog {
    /// An empty key log that remembers [`SESSIONS_KEPT`] sessions.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty key log that remembers `sessions` sessions.
    pub fn with_limit(sessions: usize) -> Self {
        Self {
            sessions: Bounded::new(sessions),
            by_session_id: Bounded::new(sessions),
            by_encrypted_premaster: Bounded::new(sessions),
            generation: 0,
            pending: String::new(),
            appended_lines: 0,
        }
    }

    /// Adds whole lines, e.g. a file or a secrets block of a capture. Reports each kind of odd line
    /// once, with a count and the first line's number, and never quotes one.
    pub fn add(&mut self, text: &str) -> Vec<Problem> {
        self.add_lines(text, 0)
    }

    /// Adds what was written to a growing key log since the last call. A last line without its end
    /// waits for the next call.
    pub fn append(&mut self, text: &str) -> Vec<Problem> {
        let (whole, unfinished) = match text.rfind('\n') {
            Some(at) => text.split_at(at.saturating_add(1)),
            None => ("", text),
        };
        let mut problems = Vec::new();
        if !whole.is_empty() {
            let mut lines = mem::take(&mut self.pending);
            lines.push_str(whole);
            problems = self.add_lines(&lines, self.appended_lines);
            self.appended_lines = self.appended_lines.saturating_add(lines.lines().count());
            zeroize::Zeroize::zeroize(&mut lines);
        }
        if self.pending.len().saturating_add(unfinished.len()) <= LINE_MAX {
            self.pending.push_str(unfinished);
        }
        problems
    }

    /// The secrets of the session whose ClientHello had this random.
    pub fn lookup(&self, client_random: &ClientRandom) -> Option<&SessionSecrets> {
        self.sessions.map.get(client_random)
    }

    /// The master secret of the session with this id (`RSA Session-ID:… Master-Key:…`).
    pub fn lookup_session_id(&self, session_id: &[u8]) -> Option<&Secret> {
        self.by_session_id.map.get(session_id)
    }

    /// The premaster secret that was sent as this RSA ciphertext, without its length (`RSA …`).
    pub fn lookup_encrypted_premaster(&self, ciphertext: &[u8]) -> Option<&Secret> {
        self.by_encrypted_premaster.map.get(ciphertext.first_chunk::<8>()?)
    }

    /// Grows whenever something new was learnt: a session that lacks keys may ask again then.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How many sessions have secrets.
    pub fn len(&self) -> usize {
        [self.sessions.map.len(), self.by_session_id.map.len(), self.by_encrypted_premaster.map.len()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add_lines(&mut self, text: &str, lines_before: usize) -> Vec<Problem> {
        let mut unknown = OddLines::default();
        let mut malformed = OddLines::default();
        let mut news = false;
        let mut number = lines_before;
        let mut forgotten = 0_usize;
        for line in text.lines() {
            number = number.saturating_add(1);
            match parse(line) {
                Line::Nothing => {}
                Line::UnknownLabel => unknown.meet(number),
                Line::Malformed => malformed.meet(number),
                Line::Entry(entry) => {
                    let kept = self.insert(entry);
                    news |= kept.new;
                    forgotten = forgotten.saturating_add(usize::from(kept.forgot_another));
                }
            }
        }
        if news {
            self.generation = self.generation.saturating_add(1);
        }
        let mut problems = Vec::new();
        problems.extend(unknown.problem("keylog-unknown-label", "an unknown label"));
        problems.extend(malformed.problem("keylog-malformed-line", "no label, client random and secret"));
        if forgotten > 0 {
            let text = format!("The key log has too many sessions: {forgotten} were forgotten, oldest first.");
            problems.push(Problem::new("keylog-sessions-forgotten", text));
        }
        problems
    }

    fn insert(&mut self, entry: Entry) -> Kept {
        match entry {
            Entry::Session(random, label, secret) => {
                let (secrets, forgot_another) = self.sessions.entry(random, SessionSecrets::default);
                Kept { new: secrets.is_some_and(|secrets| secrets.add(label, secret)), forgot_another }
            }
            Entry::SessionId(id, master) => self.by_session_id.replace(id, master),
            Entry::EncryptedPremaster(start, premaster) => self.by_encrypted_premaster.replace(start, premaster),
        }
    }
}

/// What became of an entry.
struct Kept {
    new: bool,
    forgot_another: bool,
}

/// A map that forgets its oldest key when full.
#[derive(Debug, Clone)]
struct Bounded<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
    limit: usize,
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    fn new(limit: usize) -> Self {
        Self { map: HashMap::new(), order: VecDeque::new(), limit: limit.max(1) }
    }

    /// The value of `key`, made if need be, and whether another one had to go.
    #[expect(clippy::needless_pass_by_value, reason = "keys are a few bytes")]
    fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> (Option<&mut V>, bool) {
        let mut forgot_another = false;
        if !self.map.contains_key(&key) {
            if self.map.len() >= self.limit {
                forgot_another = self.order.pop_front().is_some_and(|oldest| self.map.remove(&oldest).is_some());
            }
            self.order.push_back(key.clone());
            self.map.insert(key.clone(), make());
        }
        (self.map.get_mut(&key), forgot_another)
    }
}

impl<K: Hash + Eq + Clone> Bounded<K, Secret> {
    fn replace(&mut self, key: K, secret: Secret) -> Kept {
        let new = self.map.get(&key) != Some(&secret);
        let (slot, forgot_another) = self.entry(key, || Secret::copy_of(&[]));
        if let Some(slot) = slot {
            *slot = secret;
        }
        Kept { new, forgot_another }
    }
}

/// Odd lines of one kind.
#[derive(Default)]
struct OddLines {
    count: usize,
    first: usize,
}

impl OddLines {
    fn meet(&mut self, line: usize) {
        if self.count == 0 {
            self.first = line;
        }
        self.count = self.count.saturating_add(1);
    }

    fn problem(&self, code: &'static str, what: &str) -> Option<Problem> {
        let text = match self.count {
            0 => return None,
            1 => format!("Line {} of the key log has {what}.", self.first),
            n => format!("{n} lines of the key log have {what}; the first is line {}.", self.first),
        };
        Some(Problem::new(code, text))
    }
}

enum Line {
    /// Empty or a comment.
    Nothing,
    UnknownLabel,
    Malformed,
    Entry(Entry),
}

enum Entry {
    Session(ClientRandom, SecretLabel, Secret),
    SessionId(Vec<u8>, Secret),
    EncryptedPremaster([u8; 8], Secret),
}

fn parse(line: &str) -> Line {
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::Nothing;
    }
    if line.len() > LINE_MAX {
        return Line::Malformed;
    }
    let mut words = line.split_ascii_whitespace();
    let (Some(label), Some(name), Some(secret), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Line::Malformed;
    };
    let entry = if label == "RSA" {
        rsa_entry(name, secret)
    } else {
        match SecretLabel::parse(label) {
            Some(label) => session_entry(label, name, secret),
            // A label has only these; anything else is a line of another kind.
            None if label.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') => {
                return Line::UnknownLabel;
            }
            None => None,
        }
    };
    entry.map_or(Line::Malformed, Line::Entry)
}

fn session_entry(label: SecretLabel, random: &str, secret: &str) -> Option<Entry> {
    let secret = Secret::from_hex(secret).filter(|secret| label.accepts(secret.len()))?;
    Some(Entry::Session(array_from_hex(random)?, label, secret))
}

fn rsa_entry(name: &str, secret: &str) -> Option<Entry> {
    if let Some(id) = name.strip_prefix("Session-ID:") {
        let id = Secret::from_hex(id).filter(|id| (1..=32).contains(&id.len()))?;
        let master = Secret::from_hex(secret.strip_prefix("Master-Key:")?).filter(|master| master.len() == 48)?;
        return Some(Entry::SessionId(id.expose().to_vec(), master));
    }
    let premaster = Secret::from_hex(secret).filter(|premaster| premaster.len() == 48)?;
    Some(Entry::EncryptedPremaster(array_from_hex(name)?, premaster))
}

fn array_from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !odd.is_empty() {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(pairs) {
        *byte = byte_of(*pair)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(label: &str, random: u8, secret: u8, length: usize) -> String {
        format!("{label} {} {}\n", format!("{random:02x}").repeat(32), format!("{secret:02x}").repeat(length))
    }

    #[test]
    fn every_label_finds_its_place() {
        let mut log = KeyLog::new();
        let labels = [
            ("CLIENT_RANDOM", SecretLabel::Master, 48),
            ("PMS_CLIENT_RANDOM", SecretLabel::Premaster, 48),
            ("CLIENT_EARLY_TRAFFIC_SECRET", SecretLabel::ClientEarlyTraffic, 32),
            ("EARLY_EXPORTER_SECRET", SecretLabel::EarlyExporter, 32),
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", SecretLabel::ClientHandshakeTraffic, 48),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", SecretLabel::ServerHandshakeTraffic, 48),
            ("CLIENT_TRAFFIC_SECRET_0", SecretLabel::ClientTraffic(0), 32),
            ("SERVER_TRAFFIC_SECRET_12", SecretLabel::ServerTraffic(12), 32),
            ("EXPORTER_SECRET", SecretLabel::Exporter, 32),
            ("ECH_SECRET", SecretLabel::EchSecret, 40),
            ("ECH_CONFIG", SecretLabel::EchConfig, 71),
        ];
        for (i, (word, _, length)) in (0..).zip(&labels) {
            assert_eq!(log.add(&line(word, 1, i, *length)), []);
        }
        assert_eq!(log.len(), 1);
        let secrets = log.lookup(&[1; 32]).expect("the session is known");
        for (i, (_, label, length)) in (0..).zip(&labels) {
            assert_eq!(secrets.get(*label), Some(&Secret::new(vec![i; *length])));
        }
        assert_eq!(secrets.labels().count(), labels.len());
        assert!(log.lookup(&[2; 32]).is_none());
    }

    #[test]
    fn rsa_lines_are_found_by_session_id_and_by_ciphertext() {
        let mut log = KeyLog::new();
        let master = "ab".repeat(48);
        let text = format!("RSA Session-ID:0102 Master-Key:{master}\r\nRSA 0001020304050607 {master}\r\n");
        assert_eq!(log.add(&text), []);
        assert_eq!(log.lookup_session_id(&[1, 2]), Some(&Secret::new(vec![0xab; 48])));
        assert_eq!(log.lookup_encrypted_premaster(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), Some(&Secret::new(vec![0xab; 48])));
        assert_eq!(log.lookup_encrypted_premaster(&[0, 1, 2]), None);
    }

    #[test]
    fn odd_lines_are_counted_by_kind_and_never_quoted() {
        let mut log = KeyLog::new();
        let good = line("CLIENT_RANDOM", 1, 2, 48);
        let text = format!(
            "# comment\r\n\r\n{good}{}{}{}CLIENT_RANDOM deadbeef\ncafe babe f00d\n",
            line("NEW_SECRET", 1, 0xdd, 32),
            line("OTHER_SECRET", 1, 0xdd, 32),
            line("CLIENT_RANDOM", 3, 0xee, 40),
        );
        let problems = log.add(&text);
        let said: Vec<_> = problems.iter().map(|p| (p.code, p.text.as_ref())).collect();
        assert_eq!(
            said,
            [
                ("keylog-unknown-label", "2 lines of the key log have an unknown label; the first is line 4."),
                (
                    "keylog-malformed-line",
                    "3 lines of the key log have no label, client random and secret; the first is line 6."
                ),
            ]
        );
        assert_eq!(log.len(), 1);
    }

    #[test]
    fn the_generation_tells_news_from_repetition() {
        let mut log = KeyLog::new();
        log.add(&line("CLIENT_RANDOM", 1, 2, 48));
        assert_eq!(log.generation(), 1);
        log.add(&line("CLIENT_RANDOM", 1, 2, 48));
        assert_eq!(log.generation(), 1);
        log.add(&line("CLIENT_RANDOM", 1, 3, 48));
        assert_eq!(log.generation(), 2);
        let secrets = log.lookup(&[1; 32]).expect("known");
        assert_eq!(secrets.all(SecretLabel::Master).count(), 2, "contradicting key logs keep both");
        assert_eq!(secrets.get(SecretLabel::Master), Some(&Secret::new(vec![3; 48])));
    }

    #[test]
    fn a_growing_key_log_may_be_cut_anywhere() {
        let text = line("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 1, 2, 48) + &line("CLIENT_RANDOM", 3, 4, 48);
        for cut in 0..text.len() {
            let mut log = KeyLog::new();
            assert_eq!(log.append(&text[..cut]), []);
            assert_eq!(log.append(&text[cut..]), []);
            assert_eq!(log.len(), 2);
            let secrets = log.lookup(&[1; 32]).expect("known");
            assert_eq!(secrets.get(SecretLabel::ClientHandshakeTraffic).map(Secret::len), Some(48));
        }
    }

    #[test]
    fn a_line_that_was_read_short_is_completed_later() {
        let mut log = KeyLog::new();
        log.add(&line("EXPORTER_SECRET", 1, 2, 32));
        log.add(&line("EXPORTER_SECRET", 1, 2, 48));
        let secrets = log.lookup(&[1; 32]).expect("known");
        assert_eq!(secrets.all(SecretLabel::Exporter).map(Secret::len).collect::<Vec<_>>(), [48]);
    }

    #[test]
    fn the_oldest_session_is_forgotten_when_there_are_too_many() {
        let mut log = KeyLog::with_limit(2);
        let problems = log.add(&(1..=3).map(|n| line("CLIENT_RANDOM", n, 9, 48)).collect::<String>());
        assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["keylog-sessions-forgotten"]);
        assert!(log.lookup(&[1; 32]).is_none());
        assert!(log.lookup(&[2; 32]).is_some() && log.lookup(&[3; 32]).is_some());
        assert_eq!(log.len(), 2);
    }

    #[test]
    fn printing_a_key_log_shows_no_secret() {
        let mut log = KeyLog::new();
        log.add(&line("CLIENT_RANDOM", 1, 0xab, 48));
        assert!(!format!("{log:?}").contains("171, 171"));
    }
}

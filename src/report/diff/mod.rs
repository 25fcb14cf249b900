//! What differs between two handshakes, the most telling first. It compares what two peers decided and
//! could have decided otherwise: nothing that is never the same twice, such as randoms, session ids,
//! ports or packet numbers.

mod certificates;
mod offers;
mod pairing;

use serde::Serialize;

use crate::report::{Alert, Outcome, Session};

pub use pairing::{Pairing, pair};

/// What a difference is about, in the order of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Outcome and cause.
    Verdict,
    /// Whether the server asked for a client certificate, and what came.
    ClientAuth,
    /// The client's certificates.
    ClientCertificate,
    /// Protocol versions.
    Version,
    /// Cipher suites.
    CipherSuite,
    /// Groups of the key exchange.
    Group,
    /// Signature algorithms.
    SignatureAlgorithm,
    /// Authorities that the server names.
    CertificateAuthorities,
    /// The server's certificates.
    ServerCertificate,
    /// Application protocols.
    Alpn,
    /// The name asked for.
    ServerName,
    /// Alerts, and refusals in the application's protocol.
    Alerts,
    /// Extensions, resumption and what else the hellos say.
    Extensions,
    /// What carried the handshake.
    Transport,
    /// How much of each could be read. Where one shows less, less of it can differ.
    Decryption,
    /// Programs and TLS stacks.
    Stack,
    /// How long it took. Never the same twice: told where it is far apart, and no difference by itself.
    Timing,
}

impl Topic {
    /// The topic for a person.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::ClientAuth => "client authentication",
            Self::ClientCertificate => "client certificate",
            Self::Version => "version",
            Self::CipherSuite => "cipher suites",
            Self::Group => "groups",
            Self::SignatureAlgorithm => "signature algorithms",
            Self::CertificateAuthorities => "accepted authorities",
            Self::ServerCertificate => "server certificate",
            Self::Alpn => "ALPN",
            Self::ServerName => "server name",
            Self::Alerts => "alerts and refusals",
            Self::Extensions => "extensions",
            Self::Transport => "transport",
            Self::Decryption => "decryption",
            Self::Stack => "software",
            Self::Timing => "timing",
        }
    }

    /// Whether it makes two handshakes different. Keys are no part of them, software is a guess, and time is
    /// never the same.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Decryption | Self::Stack | Self::Timing)
    }
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub topic: Topic,
    /// What differs, in words: `chosen`, `offered by the client`, `leaf: not after`.
    pub what: String,
    /// In the first handshake; absent where it has none or it was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    /// In the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
    /// Of two lists: what only the first has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only_a: Vec<String>,
    /// What only the second has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only_b: Vec<String>,
    /// Both lists have the same members in another order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reordered: bool,
}

/// Collects what differs.
#[derive(Debug, Default)]
struct Differences {
    found: Vec<Difference>,
}

impl Differences {
    fn value(&mut self, topic: Topic, what: &str, a: Option<String>, b: Option<String>) {
        if a != b {
            let (only_a, only_b) = (Vec::new(), Vec::new());
            self.found.push(Difference { topic, what: what.to_owned(), a, b, only_a, only_b, reordered: false });
        }
    }

    /// Two lists, absent where they were not seen.
    fn list(&mut self, topic: Topic, what: &str, a: Option<Vec<String>>, b: Option<Vec<String>>) {
        let (a, b) = match (a, b) {
            (Some(a), Some(b)) => (a, b),
            (a, b) => return self.value(topic, what, a.as_deref().map(joined), b.as_deref().map(joined)),
        };
        if a == b {
            return;
        }
        let without = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|one| !those.contains(one)).cloned().collect()
        };
        let (only_a, only_b) = (without(&a, &b), without(&b, &a));
        let reordered = only_a.is_empty() && only_b.is_empty();
        let (a, b) = if reordered { (Some(joined(&a)), Some(joined(&b))) } else { (None, None) };
        self.found.push(Difference { topic, what: what.to_owned(), a, b, only_a, only_b, reordered });
    }
}

fn joined(list: &[String]) -> String {
    if list.is_empty() { "(empty)".to_owned() } else { list.join(", ") }
}

/// What differs between two handshakes, the most telling first; empty where nothing does.
pub fn diff(a: &Session, b: &Session) -> Vec<Difference> {
    let mut out = Differences::default();
    verdict(a, b, &mut out);
    offers::client_auth(a, b, &mut out);
    certificates::certificates(a, b, &mut out);
    offers::hellos(a, b, &mut out);
    alerts(a, b, &mut out);
    surroundings(a, b, &mut out);
    timing(a, b, &mut out);
    out.found.sort_by_key(|difference| difference.topic);
    out.found
}

/// Whether two handshakes are the same but for guesses and time.
pub fn is_same(differences: &[Difference]) -> bool {
    !differences.iter().any(|difference| difference.topic.counts())
}

fn verdict(a: &Session, b: &Session, out: &mut Differences) {
    let outcome = |session: &Session| Some(session.outcome.to_string());
    out.value(Topic::Verdict, "outcome", outcome(a), outcome(b));
    let cause = |session: &Session| Some(session.diagnosis.cause.clone());
    out.value(Topic::Verdict, "cause", cause(a), cause(b));
}

fn alerts(a: &Session, b: &Session, out: &mut Differences) {
    let alert = |alert: &Alert| {
        let level = alert.level.as_ref().map(|level| format!(" {level}")).unwrap_or_default();
        let code = alert.code.map_or_else(|| "not readable".to_owned(), |code| format!("alert {code}"));
        format!("{}:{level} {}", alert.from, alert.description.clone().unwrap_or(code))
    };
    let alerts = |session: &Session| Some(session.alerts.iter().map(alert).collect());
    out.list(Topic::Alerts, "alerts", alerts(a), alerts(b));
    let refusals = |session: &Session| {
        let told = session.refusals.iter().map(|one| format!("{} {} {}", one.protocol, one.code, one.text));
        Some(told.collect())
    };
    out.list(Topic::Alerts, "refusals by the application", refusals(a), refusals(b));
}

fn surroundings(a: &Session, b: &Session, out: &mut Differences) {
    let transport = |session: &Session| Some(session.transport.to_string());
    out.value(Topic::Transport, "transport", transport(a), transport(b));
    out.value(Topic::Transport, "spoken ahead of TLS", a.preamble.clone(), b.preamble.clone());
    let resets = |session: &Session| {
        let resets = session.tcp.as_ref().map(|tcp| tcp.resets.as_slice()).unwrap_or_default();
        Some(resets.iter().map(|reset| format!("by the {}", reset.from)).collect())
    };
    out.list(Topic::Transport, "TCP resets", resets(a), resets(b));
    let read = |session: &Session| Some(session.tls.decryption.to_string());
    out.value(Topic::Decryption, "how far it could be read", read(a), read(b));
    let stack = |session: &Session, client: bool| {
        let stacks = session.stack.as_ref()?;
        let stack = if client { stacks.client.as_ref() } else { stacks.server.as_ref() }?;
        let guess = (!stack.guess.is_empty()).then(|| stack.guess.join(" or "));
        stack.program.clone().or(guess)
    };
    out.value(Topic::Stack, "client looks like", stack(a, true), stack(b, true));
    out.value(Topic::Stack, "server looks like", stack(a, false), stack(b, false));
}

/// Times that are at least three times and 20 ms apart.
fn timing(a: &Session, b: &Session, out: &mut Differences) {
    const LEAST_US: i64 = 20_000;
    let far = |one: i64, other: i64| {
        let (less, more) = (one.min(other), one.max(other));
        more.saturating_sub(less) >= LEAST_US && more >= less.saturating_mul(3)
    };
    let first = |session: &Session, name: &str| {
        session.timeline.iter().find(|entry| entry.name == name).map(|entry| entry.elapsed_us)
    };
    let between =
        |session: &Session, from: &str, to: &str| Some(first(session, to)?.saturating_sub(first(session, from)?));
    let connect = |session: &Session| session.tcp.as_ref().and_then(|tcp| tcp.connect_us);
    let measures = [
        ("TCP handshake", connect(a), connect(b)),
        (
            "from ClientHello to ServerHello",
            between(a, "ClientHello", "ServerHello"),
            between(b, "ClientHello", "ServerHello"),
        ),
        ("from first to last packet", Some(a.duration_us), Some(b.duration_us)),
    ];
    for (what, one, other) in measures {
        if let (Some(one), Some(other)) = (one, other)
            && far(one, other)
        {
            out.value(Topic::Timing, what, Some(milliseconds(one)), Some(milliseconds(other)));
        }
    }
}

fn milliseconds(us: i64) -> String {
    format!("{}.{:03} ms", us / 1_000, (us % 1_000).abs())
}

/// Whether it went wrong, or nobody knows.
pub(crate) fn is_good(session: &Session) -> bool {
    session.outcome == Outcome::Established
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Role, sample};

    fn topics(differences: &[Difference]) -> Vec<Topic> {
        let mut topics: Vec<Topic> = differences.iter().map(|difference| difference.topic).collect();
        topics.dedup();
        topics
    }

    #[test]
    fn a_session_is_the_same_as_itself_at_another_time_and_port() {
        let mut later = sample::expired();
        later.client.port = Some(1);
        later.start = "2030-01-01T00:00:00Z".to_owned().into();
        later.first_packet += 100;
        later.client_hello.as_mut().expect("a hello").random = "ff".repeat(32);
        later.duration_us += 10;
        assert_eq!(diff(&sample::expired(), &later), []);
    }

    #[test]
    fn the_most_telling_comes_first_and_both_ways_agree() {
        let (a, b) = (sample::expired(), sample::established());
        let there = diff(&a, &b);
        assert_eq!(there[0].topic, Topic::Verdict);
        assert!(topics(&there).is_sorted());
        assert!(topics(&there).contains(&Topic::Alerts));
        let back = diff(&b, &a);
        assert_eq!(there.len(), back.len());
        assert!(there.iter().zip(&back).all(|(one, other)| one.a == other.b && one.only_a == other.only_b));
    }

    #[test]
    fn lists_are_compared_by_member_and_then_by_order() {
        let mut b = sample::expired();
        let hello = b.client_hello.as_mut().expect("a hello");
        hello.cipher_suites = [0, 2, 3].map(|index| hello.cipher_suites[index].clone()).into();
        hello.supported_groups = hello.supported_groups.as_ref().map(|list| list.iter().rev().cloned().collect());
        let found = diff(&sample::expired(), &b);
        let suites = found.iter().find(|one| one.topic == Topic::CipherSuite).expect("suites");
        assert_eq!(suites.only_a, ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
        assert!(suites.only_b.is_empty() && !suites.reordered);
        let groups = found.iter().find(|one| one.topic == Topic::Group).expect("groups");
        assert!(groups.reordered);
        assert_eq!((groups.a.as_deref(), groups.b.as_deref()), (Some("x25519, secp256r1"), Some("secp256r1, x25519")));
    }

    #[test]
    fn time_is_told_and_does_not_count() {
        let mut slow = sample::established();
        slow.duration_us = slow.duration_us * 10 + 1_000_000;
        let found = diff(&sample::established(), &slow);
        assert_eq!(topics(&found), [Topic::Timing]);
        assert!(is_same(&found));
        slow.alerts.push(Alert {
            packet: 1,
            time: String::new().into(),
            from: Role::Client,
            level: None,
            description: None,
            code: None,
            protected: true,
            inferred: true,
            after_finished: true,
        });
        assert!(!is_same(&diff(&sample::established(), &slow)));
    }
}

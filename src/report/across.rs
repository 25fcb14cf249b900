//! What several sessions of one capture say together: the same client good here and failing there, a
//! certificate that one of several servers refuses, since when, retries, an intermediate that another session
//! shows. Each is a line for a person; the verdicts on the sessions do not change by it.
//!
//! Sessions are taken one by one, and only a digest of each is kept, up to a number: so it works on streams.

use std::collections::BTreeMap;

use crate::report::{Certificate, ClientAuth, Endpoint, NO_CAUSE, Note, Outcome, Role, Session};

/// Sessions of which a digest is kept; those after them are not compared.
const SESSIONS: usize = 4_096;
/// Notes that are told.
const NOTES: usize = 20;
/// Certificates of each side that are kept.
const CHAIN: usize = 8;
/// Sessions that a note names.
const NAMED: usize = 6;
/// A try so long after a failed one, in microseconds, is the next one of the same program.
const RETRY_US: i128 = 10_000_000;
/// A connection without a word is a health check, and no try.
const NEVER_SPOKE: &str = "client-silent";
/// Another address of a name is tried so soon.
const OTHER_ADDRESS_US: i128 = 3_000_000;

/// Collects sessions.
#[derive(Debug, Default)]
pub struct Across {
    digests: Vec<Digest>,
}

#[derive(Debug)]
struct Digest {
    id: u64,
    capture: u64,
    packet: u64,
    /// The last packet that its verdict rests on.
    decided: u64,
    /// Microseconds since 1970; `None` where the time could not be told.
    start: Option<i128>,
    end: Option<i128>,
    start_text: String,
    client: String,
    server: Endpoint,
    name: Option<String>,
    end_state: EndState,
    cause: String,
    /// A full handshake showed whether the server asks for certificates.
    asked: Option<bool>,
    client_chain: Vec<Link>,
    server_chain: Vec<Link>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndState {
    Good,
    Bad,
    Unknown,
}

/// A certificate of a chain.
#[derive(Debug)]
struct Link {
    subject: String,
    issuer: String,
    fingerprint: String,
    packet: u64,
}

impl Across {
    /// Takes one more session.
    pub fn add(&mut self, session: &Session) {
        if self.digests.len() < SESSIONS {
            self.digests.push(Digest::of(session));
        }
    }

    /// What `sessions` say together.
    pub fn notes_on(sessions: &[Session]) -> Vec<Note> {
        let mut across = Self::default();
        sessions.iter().for_each(|session| across.add(session));
        across.notes()
    }

    /// What the sessions taken so far say together, what explains most first.
    pub fn notes(&self) -> Vec<Note> {
        let mut captures: BTreeMap<u64, Vec<&Digest>> = BTreeMap::new();
        for digest in &self.digests {
            captures.entry(digest.capture).or_default().push(digest);
        }
        let mut notes = Vec::new();
        for digests in captures.values_mut() {
            digests.sort_by_key(|digest| (digest.packet, digest.id));
            intermediates(digests, &mut notes);
            certificates(digests, Role::Client, &mut notes);
            certificates(digests, Role::Server, &mut notes);
            asked_elsewhere(digests, &mut notes);
            since_when(digests, &mut notes);
            here_and_there(digests, &mut notes);
            retries(digests, &mut notes);
            other_causes(digests, &mut notes);
            other_addresses(digests, &mut notes);
        }
        notes.truncate(NOTES);
        notes
    }
}

impl Digest {
    fn of(session: &Session) -> Self {
        let cause = session.diagnosis.cause.clone();
        let end_state = match session.outcome {
            Outcome::Established if cause == NO_CAUSE => EndState::Good,
            Outcome::Incomplete => EndState::Unknown,
            _ => EndState::Bad,
        };
        let chain = |chain: &Option<Vec<Certificate>>| -> Vec<Link> {
            let links = chain.iter().flatten().take(CHAIN);
            links
                .map(|one| Link {
                    subject: one.subject.clone().unwrap_or_default(),
                    issuer: one.issuer.clone().unwrap_or_default(),
                    fingerprint: one.fingerprint_sha256.clone(),
                    packet: one.packet,
                })
                .collect()
        };
        let asked = match session.tls.client_auth {
            _ if session.tls.resumed == Some(true) => None,
            ClientAuth::NotRequested => Some(false),
            ClientAuth::RequestedEmpty | ClientAuth::RequestedPresented | ClientAuth::RequestedUnknown => Some(true),
            ClientAuth::Unknown => None,
        };
        Self {
            id: session.id,
            capture: session.capture,
            packet: session.first_packet,
            decided: session.diagnosis.evidence.iter().map(|one| one.packet).max().unwrap_or(session.last_packet),
            start: micros(&session.start),
            end: micros(&session.end),
            start_text: session.start.to_string(),
            client: session.client.address.clone(),
            server: session.server.clone(),
            name: session.tls.server_name.clone(),
            end_state,
            cause,
            asked,
            client_chain: chain(&session.certificates.client),
            server_chain: chain(&session.certificates.server),
        }
    }

    fn chain(&self, role: Role) -> &[Link] {
        match role {
            Role::Client => &self.client_chain,
            Role::Server => &self.server_chain,
        }
    }

    fn is(&self, state: EndState) -> bool {
        self.end_state == state
    }
}

fn micros(time: &str) -> Option<i128> {
    let time = ::time::OffsetDateTime::parse(time, &::time::format_description::well_known::Rfc3339).ok()?;
    Some(time.unix_timestamp_nanos() / 1_000)
}

fn note(text: String, digests: &[&Digest], packets: Vec<u64>) -> Note {
    let mut sessions: Vec<u64> = digests.iter().map(|digest| digest.id).collect();
    sessions.sort_unstable();
    sessions.dedup();
    Note { text, sessions, packets }
}

fn firsts(digests: &[&Digest]) -> Vec<u64> {
    digests.iter().map(|digest| digest.packet).collect()
}

/// `session 3`, `sessions 3, 4 and 5`.
fn named(digests: &[&Digest]) -> String {
    let mut ids: Vec<u64> = digests.iter().map(|digest| digest.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let shown: Vec<String> = ids.iter().take(NAMED).map(u64::to_string).collect();
    match (shown.as_slice(), ids.len() > NAMED) {
        ([one], _) => format!("session {one}"),
        (all, true) => format!("sessions {} and {} more", all.join(", "), ids.len() - NAMED),
        ([head @ .., last], false) => format!("sessions {} and {last}", head.join(", ")),
        ([], false) => String::new(),
    }
}

/// The causes of failures, each once.
fn causes(digests: &[&Digest]) -> String {
    let mut causes: Vec<&str> = digests.iter().map(|digest| digest.cause.as_str()).collect();
    causes.sort_unstable();
    causes.dedup();
    causes.join(", ")
}

fn group_by<'d, K: Ord>(digests: &[&'d Digest], key: impl Fn(&Digest) -> Option<K>) -> BTreeMap<K, Vec<&'d Digest>> {
    let mut groups: BTreeMap<K, Vec<&Digest>> = BTreeMap::new();
    for digest in digests {
        if let Some(key) = key(digest) {
            groups.entry(key).or_default().push(digest);
        }
    }
    groups
}

fn split<'d>(group: &[&'d Digest]) -> (Vec<&'d Digest>, Vec<&'d Digest>) {
    let all = |state| group.iter().copied().filter(move |digest| digest.is(state)).collect();
    (all(EndState::Good), all(EndState::Bad))
}

fn places(digests: &[&Digest], place: impl Fn(&Digest) -> String) -> Vec<String> {
    let mut places: Vec<String> = digests.iter().map(|digest| place(digest)).collect();
    places.sort();
    places.dedup();
    places
}

/// The issuer that a failed chain lacks was sent in another session.
fn intermediates(digests: &[&Digest], notes: &mut Vec<Note>) {
    let mut known: BTreeMap<&str, (&Digest, u64)> = BTreeMap::new();
    for digest in digests {
        for link in digest.client_chain.iter().chain(&digest.server_chain) {
            if !link.subject.is_empty() && link.subject != link.issuer {
                known.entry(&link.subject).or_insert((digest, link.packet));
            }
        }
    }
    let mut told: Vec<(&str, Role)> = Vec::new();
    for digest in digests.iter().filter(|digest| digest.is(EndState::Bad)) {
        for role in [Role::Client, Role::Server] {
            let about_it = digest.cause.starts_with(&format!("{}-cert-", role.name()));
            let Some(last) = digest.chain(role).last().filter(|last| about_it && last.subject != last.issuer) else {
                continue;
            };
            let Some((other, packet)) = known.get(last.issuer.as_str()).filter(|(other, _)| other.id != digest.id)
            else {
                continue;
            };
            if told.contains(&(last.issuer.as_str(), role)) {
                continue;
            }
            told.push((&last.issuer, role));
            let text = format!(
                "The {role}'s chain in session {} ends at a certificate issued by {}, which was not sent; session {} \
                 shows that certificate, which is an intermediate.",
                digest.id, last.issuer, other.id
            );
            notes.push(note(text, &[digest, other], vec![last.packet, *packet]));
        }
    }
}

/// A certificate that was taken by one peer and refused by another.
fn certificates(digests: &[&Digest], role: Role, notes: &mut Vec<Note>) {
    let leaf = |digest: &Digest| Some(digest.chain(role).first()?.fingerprint.clone());
    let about_it = format!("{}-cert-", role.name());
    let peer = |digest: &Digest| match role {
        Role::Client => digest.server.to_string(),
        Role::Server => digest.client.clone(),
    };
    for group in group_by(digests, leaf).values() {
        let (good, mut bad) = split(group);
        bad.retain(|digest| digest.cause.starts_with(&about_it));
        let (taken, refused) = (places(&good, peer), places(&bad, peer));
        if taken.is_empty() || refused.is_empty() || taken.iter().any(|place| refused.contains(place)) {
            continue;
        }
        let Some(link) = good.first().and_then(|digest| digest.chain(role).first()) else { continue };
        let text = format!(
            "The {role}'s certificate {} was accepted by {} ({}) and refused by {} ({}: {}).",
            link.subject,
            taken.join(", "),
            named(&good),
            refused.join(", "),
            named(&bad),
            causes(&bad)
        );
        let packet = |digest: &&Digest| digest.chain(role).first().map(|link| link.packet);
        let packets = good.iter().chain(&bad).filter_map(packet).collect();
        notes.push(note(text, &[good.as_slice(), &bad].concat(), packets));
    }
}

/// A server that asks for a certificate under one name, and not under another.
fn asked_elsewhere(digests: &[&Digest], notes: &mut Vec<Note>) {
    let server = |digest: &Digest| digest.asked.is_some().then(|| digest.server.clone());
    for (server, group) in group_by(digests, server) {
        let by = |asked| group.iter().copied().filter(move |digest| digest.asked == Some(asked)).collect::<Vec<_>>();
        let (asked, not) = (by(true), by(false));
        let name = |digest: &Digest| digest.name.clone().unwrap_or_else(|| "no server name".to_owned());
        let (names, others) = (places(&asked, name), places(&not, name));
        let differ = !names.iter().any(|name| others.contains(name));
        if asked.is_empty() || not.is_empty() || !differ {
            continue;
        }
        let text = format!(
            "{server} asked for a client certificate in {} ({}), and did not in {} ({}): it depends on the server name.",
            named(&asked),
            names.join(", "),
            named(&not),
            others.join(", ")
        );
        notes.push(note(text, &group, firsts(&group)));
    }
}

/// It went well, and from some session on it did not.
fn since_when(digests: &[&Digest], notes: &mut Vec<Note>) {
    let pair = |digest: &Digest| Some((digest.client.clone(), digest.server.clone(), digest.name.clone()));
    for ((client, server, _), group) in group_by(digests, pair) {
        let (good, bad) = split(&group);
        let (Some(last_good), Some(first_bad)) = (good.last(), bad.first()) else { continue };
        if last_good.packet > first_bad.packet {
            continue;
        }
        let text = format!(
            "{client} succeeded with {server} up to {} ({}), and has failed since {} ({}): {}.",
            named(&[last_good]),
            last_good.start_text,
            named(&[first_bad]),
            first_bad.start_text,
            causes(&bad)
        );
        notes.push(note(text, &[good.as_slice(), &bad].concat(), firsts(&[last_good, first_bad])));
    }
}

/// A client that succeeds with one server and fails with another.
fn here_and_there(digests: &[&Digest], notes: &mut Vec<Note>) {
    for (client, group) in group_by(digests, |digest| Some(digest.client.clone())) {
        let (good, bad) = split(&group);
        let server = |digest: &Digest| digest.server.to_string();
        let good_servers = places(&good, server);
        let bad: Vec<&Digest> =
            bad.into_iter().filter(|digest| !good_servers.contains(&digest.server.to_string())).collect();
        let told = |digest: &&Digest| notes.iter().any(|note| note.sessions.contains(&digest.id));
        if good.is_empty() || bad.is_empty() || bad.iter().all(told) {
            continue;
        }
        let text = format!(
            "{client} succeeded with {} ({}) and failed with {} ({}: {}).",
            good_servers.join(", "),
            named(&good),
            places(&bad, server).join(", "),
            named(&bad),
            causes(&bad)
        );
        let packets = firsts(&[good.as_slice(), &bad].concat());
        notes.push(note(text, &[good.as_slice(), &bad].concat(), packets));
    }
}

/// Whether `next` is what the client did about the failure of `one`. It may begin before the last packets of `one` have
/// come, but not before its end was decided.
fn is_next_try(one: &Digest, next: &Digest) -> bool {
    let soon = matches!((one.end, next.start), (Some(end), Some(start)) if start - end <= RETRY_US);
    one.is(EndState::Bad) && one.cause != NEVER_SPOKE && next.packet > one.decided && soon
}

/// A failed try that was followed by one that failed for another cause: something was changed in between, or the two
/// were made with different settings.
fn other_causes(digests: &[&Digest], notes: &mut Vec<Note>) {
    let pair = |digest: &Digest| Some((digest.client.clone(), digest.server.clone()));
    for ((client, server), group) in group_by(digests, pair) {
        let other = |pair: &&[&Digest]| {
            let [one, next] = pair else { return false };
            is_next_try(one, next) && next.is(EndState::Bad) && next.cause != NEVER_SPOKE && one.cause != next.cause
        };
        let Some([one, next]) = group.windows(2).find(other) else { continue };
        let text = format!(
            "{client} tried again with {server} right after session {} ({}), and failed for another cause (session {}: {}).",
            one.id, one.cause, next.id, next.cause
        );
        notes.push(note(text, &[one, next], firsts(&[one, next])));
    }
}

/// A failed try that was followed by a good one.
fn retries(digests: &[&Digest], notes: &mut Vec<Note>) {
    let pair = |digest: &Digest| Some((digest.client.clone(), digest.server.clone()));
    for ((client, server), group) in group_by(digests, pair) {
        let follows = |pair: &&[&Digest]| {
            let [one, next] = pair else { return false };
            is_next_try(one, next) && next.is(EndState::Good)
        };
        let pairs: Vec<&[&Digest]> = group.windows(2).filter(follows).collect();
        let failed: Vec<&Digest> = pairs.iter().filter_map(|pair| pair.first().copied()).collect();
        let then: Vec<&Digest> = pairs.iter().filter_map(|pair| pair.last().copied()).collect();
        if failed.is_empty() {
            continue;
        }
        let text = format!(
            "{client} tried again with {server} right after {} ({}), and succeeded ({}).",
            named(&failed),
            causes(&failed),
            named(&then)
        );
        let both = [failed.as_slice(), &then].concat();
        notes.push(note(text, &both, firsts(&both)));
    }
}

/// An address that did not answer, and the next one of the same name (RFC 8305, Happy Eyeballs).
fn other_addresses(digests: &[&Digest], notes: &mut Vec<Note>) {
    for (index, one) in digests.iter().enumerate() {
        if !matches!(one.cause.as_str(), "tcp-refused" | "tcp-no-answer") {
            continue;
        }
        let elsewhere = |next: &Digest| {
            one.server.port == next.server.port
                && one.server.address != next.server.address
                && is_soon(one.start, next.start, OTHER_ADDRESS_US)
        };
        // Over the other version of IP the client has another address; only the very next try can be taken for its own.
        let same = |next: &Digest| one.client == next.client || is_version6(&one.client) != is_version6(&next.client);
        let rest = digests.get(index + 1..).unwrap_or_default();
        let next = rest.iter().find(|next| one.client == next.client && elsewhere(next));
        let Some(next) = next.or_else(|| rest.first().filter(|next| same(next) && elsewhere(next))) else { continue };
        let text = format!(
            "The client turned to {} (session {}) as {} could not be reached (session {}: {}): clients try the \
             addresses of a name one after the other.",
            next.server, next.id, one.server, one.id, one.cause
        );
        let pair = [*one, *next];
        notes.push(note(text, &pair, firsts(&pair)));
    }
}

fn is_version6(address: &str) -> bool {
    address.contains(':')
}

fn is_soon(before: Option<i128>, after: Option<i128>, limit: i128) -> bool {
    matches!((before, after), (Some(before), Some(after)) if (0..=limit).contains(&(after - before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn at(mut session: Session, id: u64, second: u64, server: &str) -> Session {
        session.id = id;
        session.first_packet = id * 10;
        session.start = format!("2026-11-24T14:00:{second:02}.000Z").into();
        session.end = format!("2026-11-24T14:00:{second:02}.500Z").into();
        server.clone_into(&mut session.server.address);
        "192.0.2.10".clone_into(&mut session.client.address);
        session
    }

    fn texts(sessions: &[Session]) -> Vec<String> {
        Across::notes_on(sessions).into_iter().map(|note| note.text).collect()
    }

    #[test]
    fn a_single_session_says_nothing_of_others() {
        assert!(texts(&[sample::expired()]).is_empty());
    }

    #[test]
    fn since_when_it_fails() {
        let sessions = [at(sample::established(), 1, 1, "192.0.2.1"), at(sample::expired(), 2, 30, "192.0.2.1")];
        let mut sessions = sessions.to_vec();
        sessions[1].tls.server_name = sessions[0].tls.server_name.clone();
        sessions[1].server.port = sessions[0].server.port;
        let texts = texts(&sessions);
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].contains("up to session 1") && texts[0].contains("since session 2"), "{texts:?}");
    }

    #[test]
    fn a_retry_that_succeeds() {
        let mut sessions = vec![at(sample::expired(), 1, 1, "192.0.2.1"), at(sample::established(), 2, 2, "192.0.2.1")];
        sessions[0].server.port = sessions[1].server.port;
        let notes = Across::notes_on(&sessions);
        let retry = notes.iter().find(|note| note.text.contains("tried again")).expect("a note");
        assert_eq!(retry.sessions, [1, 2]);
        assert_eq!(retry.packets, [10, 20]);
    }

    #[test]
    fn a_retry_may_begin_before_the_failed_try_is_closed() {
        let mut sessions = [at(sample::expired(), 1, 1, "192.0.2.1"), at(sample::established(), 2, 1, "192.0.2.1")];
        sessions[0].server.port = sessions[1].server.port;
        let decided = sessions[0].diagnosis.evidence.iter().map(|one| one.packet).max().expect("evidence");
        sessions[1].first_packet = decided + 1;
        sessions[0].last_packet = decided + 5;
        assert!(texts(&sessions).iter().any(|text| text.contains("tried again")));
        sessions[1].first_packet = decided - 1;
        assert!(!texts(&sessions).iter().any(|text| text.contains("tried again")), "side by side is no retry");
    }

    #[test]
    fn a_retry_that_fails_otherwise() {
        let mut sessions = [at(sample::expired(), 1, 1, "192.0.2.1"), at(sample::expired(), 2, 2, "192.0.2.1")];
        sessions[0].first_packet = 1;
        sessions[1].first_packet = 100;
        assert!(!texts(&sessions).iter().any(|text| text.contains("another cause")));
        "client-cert-missing".clone_into(&mut sessions[1].diagnosis.cause);
        let expected = "session 1 (client-cert-expired), and failed for another cause (session 2: client-cert-missing)";
        assert!(texts(&sessions).iter().any(|text| text.contains(expected)), "{:?}", texts(&sessions));
    }

    #[test]
    fn another_address_of_another_client_is_no_retry() {
        let mut sessions = [at(sample::expired(), 1, 1, "192.0.2.1"), at(sample::expired(), 2, 2, "192.0.2.2")];
        sessions[1].server.port = sessions[0].server.port;
        "tcp-refused".clone_into(&mut sessions[0].diagnosis.cause);
        let turned = |sessions: &[Session]| texts(sessions).iter().any(|text| text.starts_with("The client turned to"));
        assert!(turned(&sessions));
        "192.0.2.11".clone_into(&mut sessions[1].client.address);
        assert!(!turned(&sessions));
        "2001:db8::1".clone_into(&mut sessions[1].client.address);
        assert!(turned(&sessions), "the other version of IP");
    }

    #[test]
    fn good_here_and_failing_there() {
        let mut sessions = [at(sample::established(), 1, 1, "192.0.2.1"), at(sample::expired(), 2, 40, "192.0.2.2")];
        // Its certificate is the same, and says more than its address.
        let with_certificate = texts(&sessions);
        assert_eq!(with_certificate.len(), 1, "{with_certificate:?}");
        assert!(with_certificate[0].contains("was accepted by 192.0.2.1:8443 (session 1)"), "{with_certificate:?}");
        sessions[1].certificates.client = None;
        let without = texts(&sessions);
        assert!(without.len() == 1 && without[0].contains("failed with 192.0.2.2"), "{without:?}");
    }

    #[test]
    fn the_missing_intermediate_is_in_another_session() {
        let mut sessions = [at(sample::expired(), 1, 1, "192.0.2.1"), at(sample::established(), 2, 40, "192.0.2.2")];
        "client-cert-chain-incomplete".clone_into(&mut sessions[0].diagnosis.cause);
        let chain = sessions[0].certificates.client.as_mut().expect("a chain");
        chain.truncate(1);
        chain[0].issuer = Some("CN = Between".to_owned());
        let mut other = chain[0].clone();
        (other.subject, other.issuer, other.packet) =
            (Some("CN = Between".to_owned()), Some("CN = Root".to_owned()), 23);
        sessions[1].certificates.client = Some(vec![other]);
        let notes = Across::notes_on(&sessions);
        assert!(notes[0].text.contains("issued by CN = Between, which was not sent; session 2 shows"), "{notes:?}");
        assert!(notes[0].packets.contains(&23), "{notes:?}");
    }

    #[test]
    fn a_server_asks_under_one_name_only() {
        let mut sessions = [at(sample::established(), 1, 1, "192.0.2.1"), at(sample::established(), 2, 2, "192.0.2.1")];
        sessions[1].tls.client_auth = ClientAuth::NotRequested;
        sessions[1].tls.server_name = None;
        sessions[1].tls.resumed = None;
        let texts = texts(&sessions);
        assert!(texts.iter().any(|text| text.contains("and did not in session 2 (no server name)")), "{texts:?}");
        sessions[1].tls.resumed = Some(true);
        assert!(Across::notes_on(&sessions).is_empty(), "a resumed session asks nobody");
    }

    #[test]
    fn it_is_bounded_and_the_same_each_time() {
        let mut across = Across::default();
        let one = sample::expired();
        let two = sample::established();
        for id in 0..10_000_u64 {
            let session = if id % 2 == 0 { &one } else { &two };
            let mut session = at(session.clone(), id + 1, id % 60, "192.0.2.1");
            session.server.address = format!("192.0.2.{}", id % 200);
            across.add(&session);
        }
        assert_eq!(across.digests.len(), SESSIONS);
        let notes = across.notes();
        assert!(!notes.is_empty() && notes.len() <= NOTES);
        assert_eq!(notes, across.notes());
    }
}

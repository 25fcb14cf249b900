//! From the inner model to the published one. Nothing is judged here, and nothing escaped: faces escape.

use std::net::{IpAddr, Ipv4Addr};

use crate::bytes::two_digits;
use crate::cause;
use crate::diagnosis::diagnosis as inner;
use crate::endpoint;
use crate::engine::Judged;
use crate::iana::alerts;
use crate::report::{
    Alert, Alternative, Confidence, Diagnosis, Endpoint, Entry, EntryKind, Evidence, Gap, Outcome, PerSide, Refusal,
    Remedy, Reset, Role, Session, Side, Stack, Stacks, Tcp, Transport, from_certificate, from_tls, problem,
};
use crate::role::{self, ByRole};
use crate::seen::{At, Seen};
use crate::session::{self as model, outcome, timeline};
use crate::time::Rfc3339;

/// The published form of a session and the verdict on it. `capture_index` says which of the report's
/// captures it came from, and `digits` (0, 3, 6 or 9) how finely that capture tells time.
pub fn session(judged: Judged, capture_index: usize, digits: usize) -> Session {
    let Judged { mut session, diagnosis: verdict } = judged;
    // What has the same form there is handed on, and not copied.
    let timeline = std::mem::take(&mut session.timeline);
    let encapsulation = std::mem::take(&mut session.encapsulation);
    let stack = stacks(std::mem::take(&mut session.stack));
    let session = &*session;
    Session {
        id: session.id,
        capture: count(capture_index),
        transport: transport(session.transport),
        encapsulation,
        preamble: session.preamble.as_ref().map(|preamble| preamble.protocol.to_owned()),
        client: endpoint(&session.client),
        server: endpoint(&session.server),
        announced_client: session.preamble.as_ref().and_then(|p| p.announced_client.as_ref()).map(endpoint),
        start: session.first.time.rfc3339(digits),
        end: session.last.time.rfc3339(digits),
        duration_us: session.last.time.since(session.first.time).micros(),
        first_packet: session.first.packet.0,
        last_packet: session.last.packet.0,
        outcome: outcome(verdict.outcome),
        tls: from_tls::tls(session),
        client_hello: session.client_hello.seen().map(from_tls::client_hello),
        hello_retry_request: session.hello_retry.as_ref().map(from_tls::server_hello),
        server_hello: session.server_hello.seen().map(from_tls::server_hello),
        certificate_request: session.certificate_request.seen().map(from_tls::certificate_request),
        certificates: from_certificate::certificates(session),
        alerts: session.alerts.iter().map(|seen| alert(seen, digits)).collect(),
        refusals: session.refusals.iter().map(|seen| refusal(seen, digits)).collect(),
        timeline: lines(timeline.entries, session.first, digits),
        timeline_dropped: (timeline.dropped > 0).then_some(timeline.dropped),
        tcp: (session.transport == model::Transport::Tcp).then(|| tcp(session)),
        stack,
        problems: session.problems.iter().map(problem).collect(),
        diagnosis: diagnosis(verdict),
    }
}

/// A length or a number of things. No target has a `usize` of more than 64 bits.
pub(super) fn count(n: usize) -> u64 {
    n as u64
}

pub(super) fn role(role: role::Role) -> Role {
    match role {
        role::Role::Client => Role::Client,
        role::Role::Server => Role::Server,
    }
}

fn endpoint(end: &endpoint::Endpoint) -> Endpoint {
    let address = match &end.address {
        endpoint::Address::Ip(IpAddr::V4(ip)) => dotted(*ip),
        endpoint::Address::Ip(ip) => ip.to_string(),
        endpoint::Address::Mac(bytes) => bytes.map(|byte| format!("{byte:02x}")).join(":"),
        endpoint::Address::Text(text) => text.clone(),
    };
    Endpoint { address, port: end.port }
}

/// An IPv4 address as it is shown. By hand, since every session has two of them.
fn dotted(ip: Ipv4Addr) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    for (index, byte) in ip.octets().into_iter().enumerate() {
        if index > 0 {
            text.push('.');
        }
        let [tens, ones] = two_digits(byte % 100);
        if byte >= 100 {
            text.push(char::from(b'0' + byte / 100));
        }
        if byte >= 10 {
            text.push(char::from(tens));
        }
        text.push(char::from(ones));
    }
    text
}

fn transport(transport: model::Transport) -> Transport {
    match transport {
        model::Transport::Tcp => Transport::Tcp,
        model::Transport::Dtls => Transport::Dtls,
        model::Transport::Eap => Transport::Eap,
        model::Transport::Quic => Transport::Quic,
    }
}

fn outcome(outcome: outcome::Outcome) -> Outcome {
    match outcome {
        outcome::Outcome::Established => Outcome::Established,
        outcome::Outcome::Refused => Outcome::Refused,
        outcome::Outcome::Failed => Outcome::Failed,
        outcome::Outcome::Incomplete => Outcome::Incomplete,
    }
}

fn side(side: role::Side) -> Side {
    match side {
        role::Side::Client => Side::Client,
        role::Side::Server => Side::Server,
        role::Side::Network => Side::Network,
        role::Side::Either => Side::Either,
        role::Side::Capture => Side::Capture,
        role::Side::None => Side::None,
        role::Side::Unknown => Side::Unknown,
    }
}

fn confidence(confidence: cause::Confidence) -> Confidence {
    match confidence {
        cause::Confidence::Certain => Confidence::Certain,
        cause::Confidence::Likely => Confidence::Likely,
        cause::Confidence::Possible => Confidence::Possible,
    }
}

fn kind(kind: timeline::EntryKind) -> EntryKind {
    match kind {
        timeline::EntryKind::Tcp => EntryKind::Tcp,
        timeline::EntryKind::Preamble => EntryKind::Preamble,
        timeline::EntryKind::Handshake => EntryKind::Handshake,
        timeline::EntryKind::Alert => EntryKind::Alert,
        timeline::EntryKind::ChangeCipherSpec => EntryKind::ChangeCipherSpec,
        timeline::EntryKind::ApplicationData => EntryKind::ApplicationData,
        timeline::EntryKind::Note => EntryKind::Note,
    }
}

fn alert(seen: &Seen<model::AlertSeen>, digits: usize) -> Alert {
    let read = seen.value.alert;
    let level = |level| match level {
        1 => "warning".to_owned(),
        2 => "fatal".to_owned(),
        other => other.to_string(),
    };
    Alert {
        packet: seen.packet.0,
        time: seen.time.rfc3339(digits),
        from: role(seen.value.from),
        level: read.map(|alert| level(alert.level)),
        description: read.and_then(|alert| alerts::name(alert.description)).map(str::to_owned),
        code: read.map(|alert| alert.description),
        protected: seen.value.protected,
        inferred: seen.is_inferred(),
        after_finished: seen.value.after_finished,
    }
}

fn refusal(seen: &Seen<model::Refusal>, digits: usize) -> Refusal {
    Refusal {
        packet: seen.packet.0,
        time: seen.time.rfc3339(digits),
        protocol: seen.value.protocol.to_owned(),
        code: seen.value.code.clone(),
        text: seen.value.text.clone(),
        plaintext: seen.value.plaintext,
    }
}

fn lines(entries: Vec<timeline::Entry>, first: At, digits: usize) -> Vec<Entry> {
    // Messages often share a packet.
    let mut last = (first.time, first.time.rfc3339(digits));
    let line = |entry: timeline::Entry| {
        if last.0 != entry.time {
            last = (entry.time, entry.time.rfc3339(digits));
        }
        line(entry, last.1.clone(), first)
    };
    entries.into_iter().map(line).collect()
}

fn line(entry: timeline::Entry, time: Rfc3339, first: At) -> Entry {
    Entry {
        time,
        elapsed_us: entry.time.since(first.time).micros(),
        packet: entry.packet.0,
        from: role(entry.from),
        kind: kind(entry.kind),
        name: entry.name,
        length: entry.length.map(count),
        protected: entry.protected,
        inferred: entry.inferred,
        text: entry.text,
    }
}

fn per_side<T>(values: &ByRole<T>, value: impl Fn(&T) -> Option<u64>) -> PerSide {
    PerSide { client: value(&values.client), server: value(&values.server) }
}

fn tcp(session: &model::Session) -> Tcp {
    let facts = &session.tcp;
    let connect = facts.syn.last().zip(facts.syn_ack).map(|(syn, answer)| answer.time.since(syn.time).micros());
    let gaps = [role::Role::Client, role::Role::Server].into_iter().flat_map(|from| {
        facts.gaps.of(from).iter().map(move |gap| Gap {
            packet: gap.at.packet.0,
            from: role(from),
            length: gap.len,
            acknowledged: gap.acknowledged,
        })
    });
    Tcp {
        connect_us: connect,
        syns: count(facts.syn.len()),
        resets: facts.resets.iter().map(reset).collect(),
        fin: per_side(&facts.fin, |fin| fin.map(|at| at.packet.0)),
        bytes: per_side(&facts.bytes, |n| Some(*n)),
        packets: per_side(&facts.packets, |n| Some(*n)),
        retransmissions: per_side(&facts.retransmissions, |n| Some(*n)),
        mss: per_side(&facts.mss, |mss| mss.map(u64::from)),
        gaps: gaps.collect(),
        mid_stream: facts.mid_stream,
        snaplen_cut: facts.snaplen_cut,
    }
}

fn reset(reset: &crate::flow::facts::Reset) -> Reset {
    Reset {
        packet: reset.at.packet.0,
        from: role(reset.from),
        in_answer_to_syn: reset.in_answer_to_syn,
        unread: reset.unread,
        ttl: reset.ttl,
        usual_ttl: reset.usual_ttl,
    }
}

fn stacks(guesses: ByRole<model::StackGuess>) -> Option<Stacks> {
    let stacks = Stacks { client: stack(guesses.client), server: stack(guesses.server) };
    (stacks != Stacks::default()).then_some(stacks)
}

fn stack(guess: model::StackGuess) -> Option<Stack> {
    let known = !guess.candidates.is_empty() || guess.program.is_some();
    known.then(|| Stack {
        guess: guess.candidates.iter().map(|stack| stack_name(*stack).into()).collect(),
        reasons: guess.reasons,
        program: guess.program,
    })
}

const fn stack_name(stack: model::Stack) -> &'static str {
    match stack {
        model::Stack::OpenSsl => "OpenSSL",
        model::Stack::Node => "Node.js",
        model::Stack::LibreSsl => "LibreSSL",
        model::Stack::BoringSsl => "BoringSSL",
        model::Stack::S2n => "s2n-tls",
        model::Stack::Go => "Go",
        model::Stack::Jsse => "JSSE",
        model::Stack::GnuTls => "GnuTLS",
        model::Stack::Nss => "NSS",
        model::Stack::Rustls => "rustls",
        model::Stack::MbedTls => "Mbed TLS",
        model::Stack::WolfSsl => "wolfSSL",
        model::Stack::Erlang => "Erlang",
        model::Stack::Schannel => "Schannel",
        model::Stack::Apple => "Apple",
    }
}

fn diagnosis(verdict: inner::Diagnosis) -> Diagnosis {
    let evidence = verdict.evidence.into_iter().map(|evidence| {
        let packet = evidence.packet().0;
        Evidence { packet, text: evidence.into_text() }
    });
    let remedies = verdict.remedies.into_iter().map(|remedy| Remedy {
        side: side(remedy.side),
        text: remedy.text,
        command: remedy.command,
    });
    let alternatives = verdict.alternatives.into_iter().map(|other| Alternative {
        cause: other.cause.code().to_owned(),
        confidence: confidence(other.confidence),
        why_not: other.why_not,
    });
    Diagnosis {
        cause: verdict.cause.code().to_owned(),
        side: side(verdict.side),
        confidence: confidence(verdict.confidence),
        summary: verdict.summary,
        explanation: verdict.explanation,
        evidence: evidence.collect(),
        remedies: remedies.collect(),
        alternatives: alternatives.collect(),
        needs: verdict.needs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::finding;
    use crate::seen::PacketNo;
    use crate::time::Timestamp;

    fn at(packet: u64, ms: i64) -> At {
        At { packet: PacketNo(packet), time: Timestamp(1_795_528_800_000_000_000 + ms * 1_000_000) }
    }

    fn end(port: u16) -> endpoint::Endpoint {
        endpoint::Endpoint { address: endpoint::Address::Ip([192, 0, 2, 1].into()), port: Some(port) }
    }

    fn judged() -> Judged {
        let mut session = model::Session::begun(model::Transport::Tcp, end(50_000), end(443), at(1, 0));
        session.id = 7;
        session.last = at(5, 1_250);
        session.tcp.syn = vec![at(1, 0)];
        session.tcp.syn_ack = Some(at(2, 3));
        let value = model::AlertSeen { from: role::Role::Server, alert: None, protected: true, after_finished: false };
        session.alerts.push(Seen::inferred(value, at(5, 1_250), "length"));
        let diagnosis = inner::Diagnosis {
            outcome: outcome::Outcome::Failed,
            cause: cause::Cause::ClientCertRejected,
            side: role::Side::Either,
            confidence: cause::Confidence::Likely,
            summary: "The server refused.".to_owned(),
            explanation: String::new(),
            evidence: vec![finding::Evidence::at(at(5, 1_250), "the server sent an alert")],
            remedies: Vec::new(),
            alternatives: Vec::new(),
            needs: Vec::new(),
        };
        Judged { session: Box::new(session), diagnosis }
    }

    #[test]
    fn what_was_not_seen_is_absent() {
        let json = serde_json::to_value(session(judged(), 0, 6)).expect("serialised");
        for absent in ["preamble", "client_hello", "server_hello", "certificate_request", "stack", "problems"] {
            assert!(json.get(absent).is_none(), "{absent}");
        }
        assert_eq!(json["tls"], serde_json::json!({"client_auth": "unknown", "decryption": "none-needed"}));
        assert_eq!(json["certificates"], serde_json::json!({}));
        assert!(json["alerts"][0].get("code").is_none());
    }

    #[test]
    fn addresses_are_shown_as_the_standard_library_shows_them() {
        for bits in (0..=0xffff).chain((0..=0xff_ffff).map(|bits| bits << 8 | 0x63)).step_by(7) {
            let ip = Ipv4Addr::from_bits(bits);
            assert_eq!(dotted(ip), ip.to_string());
        }
    }

    #[test]
    fn times_have_the_resolution_asked_for() {
        let report = session(judged(), 0, 3);
        assert_eq!(report.end.as_str(), "2026-11-24T14:00:01.250Z");
        assert_eq!(report.duration_us, 1_250_000);
        assert_eq!(report.tcp.expect("tcp").connect_us, Some(3_000));
    }

    #[test]
    fn the_verdict_is_carried_over_in_the_codes_of_the_documentation() {
        let report = session(judged(), 2, 6);
        assert_eq!((report.id, report.capture, report.outcome), (7, 2, Outcome::Failed));
        assert_eq!(report.diagnosis.cause, "client-cert-rejected");
        assert_eq!((report.diagnosis.side, report.diagnosis.confidence), (Side::Either, Confidence::Likely));
        assert_eq!(report.diagnosis.evidence[0].packet, 5);
    }
}

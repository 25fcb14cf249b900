//! What closed records of TLS 1.3 tell by their length, their order and their time.

use tlswhy::cause::{Cause, Confidence};
use tlswhy::engine::{Judged, SessionEvent};
use tlswhy::{Engine, Options};

use crate::packets::{ACK, FIN, Feed, message, record};

/// Who sends.
const CLIENT: bool = true;
const SERVER: bool = false;

/// Lengths of records under TLS_AES_256_GCM_SHA384.
const ALERT: usize = 19;
const EMPTY_CERTIFICATE: usize = 25;
const FINISHED: usize = 69;
const CERTIFICATE_REQUEST: usize = 94;
const CERTIFICATE: usize = 820;
const CERTIFICATE_VERIFY: usize = 281;
const TICKET: usize = 250;
const DATA: usize = 60;

struct Connection {
    feed: Feed,
    sent: [u32; 2],
}

impl Connection {
    /// With the hellos, and the flight of a server that asks for a client certificate.
    fn begun() -> Self {
        Self::begun_with(&[49, CERTIFICATE_REQUEST, 1_660, CERTIFICATE_VERIFY, FINISHED])
    }

    /// With the hellos, and a flight of the server of these lengths.
    fn begun_with(flight: &[usize]) -> Self {
        Self::of_client(&[], flight)
    }

    /// The same, with these extensions in the client's hello.
    fn of_client(extensions: &[u8], flight: &[usize]) -> Self {
        let mut feed = Feed::new(Engine::new(Options::default()));
        feed.open(0);
        let mut connection = Self { feed, sent: [1, 1] };
        // supported_versions, of TLS 1.3 only.
        let length = u8::try_from(7 + extensions.len()).expect("a short hello");
        let versions = [0, 0, 2, 0x13, 0x02, 1, 0, 0, length, 0, 43, 0, 3, 2, 3, 4];
        let offered = [&[3, 3][..], &[7; 32], &versions, extensions].concat();
        connection.send(CLIENT, 0, &record(22, &message(1, &offered)));
        let chosen = [&[3, 3][..], &[9; 32], &[0, 0x13, 0x02, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
        connection.send(SERVER, 0, &record(22, &message(2, &chosen)));
        for length in flight {
            connection.closed(SERVER, *length);
        }
        connection
    }

    /// And with the answer of a client that has none.
    fn without_certificate() -> Self {
        let mut connection = Self::begun();
        connection.closed(CLIENT, EMPTY_CERTIFICATE);
        connection.closed(CLIENT, FINISHED);
        connection
    }

    fn send(&mut self, up: bool, flags: u8, bytes: &[u8]) {
        let [client, server] = &mut self.sent;
        let (own, other) = if up { (client, server) } else { (server, client) };
        self.feed.segment(0, up, ACK | flags, *own, *other, bytes);
        *own += bytes.len() as u32 + u32::from(flags & FIN);
    }

    fn closed(&mut self, up: bool, length: usize) {
        self.send(up, 0, &record(23, &vec![0x5a; length]));
    }

    fn wait(&mut self, ms: i64) {
        self.feed.idle += ms * 1_000_000;
    }

    fn judged(mut self) -> Box<Judged> {
        self.feed.engine.finish();
        let Some(SessionEvent::Closed(judged)) = self.feed.engine.poll() else { panic!("a session") };
        judged
    }
}

fn verdict(connection: Connection) -> (Cause, Confidence) {
    let judged = connection.judged();
    (judged.diagnosis.cause, judged.diagnosis.confidence)
}

#[test]
fn a_server_may_refuse_a_certificate_before_the_client_has_sent_the_rest() {
    let mut connection = Connection::begun();
    connection.closed(CLIENT, CERTIFICATE);
    connection.closed(SERVER, ALERT);
    connection.send(SERVER, FIN, &[]);
    connection.closed(CLIENT, CERTIFICATE_VERIFY);
    connection.closed(CLIENT, FINISHED);
    let judged = connection.judged();
    assert_eq!((judged.diagnosis.cause, judged.diagnosis.confidence), (Cause::ClientCertRejected, Confidence::Likely));
    assert!(judged.session.timeline.entries.iter().any(|entry| entry.name == "Alert"));
}

#[test]
fn a_server_that_answers_the_goodbye_of_a_client_that_has_waited_refuses_nobody() {
    let ended = |waits: i64| {
        let mut connection = Connection::without_certificate();
        connection.closed(CLIENT, DATA);
        connection.wait(waits);
        connection.closed(CLIENT, ALERT);
        connection.closed(SERVER, ALERT);
        connection.send(CLIENT, FIN, &[]);
        verdict(connection)
    };
    assert_eq!(ended(1_500), (Cause::None, Confidence::Likely));
    assert_eq!(ended(5), (Cause::ClientCertMissing, Confidence::Likely), "it may have refused meanwhile");
}

#[test]
fn a_refusal_may_cross_with_the_goodbye_of_a_client_that_has_nothing_to_say() {
    let ended = |tickets: usize, waits: i64| {
        let mut connection = Connection::without_certificate();
        (0..tickets).for_each(|_| connection.closed(SERVER, TICKET));
        connection.wait(waits);
        connection.closed(CLIENT, ALERT);
        connection.send(CLIENT, FIN, &[]);
        connection.closed(SERVER, ALERT);
        connection.send(SERVER, FIN, &[]);
        verdict(connection).0
    };
    assert_eq!(ended(0, 1), Cause::ClientCertMissing);
    assert_ne!(ended(2, 1), Cause::ClientCertMissing, "it was let in");
    assert_ne!(ended(0, 1_500), Cause::ClientCertMissing, "a refusal would have come by then");
}

#[test]
fn a_request_as_long_as_a_padded_finished_is_no_padding() {
    // With the issuers that a server names, its request may have any length.
    let mut connection = Connection::begun_with(&[]);
    let flight = [23, FINISHED + 16, 1_660, CERTIFICATE_VERIFY, FINISHED];
    let records: Vec<u8> = flight.iter().flat_map(|length| record(23, &vec![0x5a; *length])).collect();
    connection.send(SERVER, 0, &records);
    connection.closed(CLIENT, EMPTY_CERTIFICATE);
    connection.closed(CLIENT, FINISHED);
    connection.closed(SERVER, ALERT);
    connection.send(SERVER, FIN, &[]);
    let judged = connection.judged();
    assert_eq!((judged.diagnosis.cause, judged.diagnosis.confidence), (Cause::ClientCertMissing, Confidence::Likely));
    assert!(judged.session.alerts.iter().any(tlswhy::seen::Seen::is_inferred), "the server's alert is seen");
}

#[test]
fn a_client_that_names_no_protocol_and_leaves_at_once_may_only_have_looked() {
    // Their signature_algorithms, and application_layer_protocol_negotiation of "h2".
    let openssl = [0, 13, 0, 14, 0, 12, 4, 3, 5, 3, 6, 3, 8, 7, 8, 8, 8, 9];
    let go = [0, 13, 0, 14, 0, 12, 8, 4, 4, 3, 8, 7, 8, 5, 8, 6, 4, 1];
    let http = [0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
    let ended = |extensions: &[u8]| {
        let mut connection = Connection::of_client(extensions, &[23, 1_660, CERTIFICATE_VERIFY, FINISHED]);
        connection.closed(CLIENT, FINISHED);
        connection.closed(CLIENT, ALERT);
        connection.send(CLIENT, FIN, &[]);
        verdict(connection)
    };
    assert_eq!(ended(&openssl), (Cause::None, Confidence::Likely));
    assert_eq!(ended(&go), (Cause::None, Confidence::Likely));
    assert_eq!(ended(&[&openssl[..], &http].concat()), (Cause::ServerCertRejected, Confidence::Likely));
}

#[test]
fn a_server_that_closes_a_connection_that_was_idle_refuses_nobody() {
    let ended = |waits: i64| {
        let mut connection = Connection::without_certificate();
        connection.closed(SERVER, TICKET);
        connection.closed(SERVER, TICKET);
        connection.closed(CLIENT, DATA);
        connection.wait(waits);
        connection.send(SERVER, FIN, &[]);
        connection.send(CLIENT, FIN, &[]);
        verdict(connection)
    };
    assert_eq!(ended(1_500), (Cause::None, Confidence::Likely));
    assert_eq!(ended(5), (Cause::ClientCertMissing, Confidence::Likely));
}

/// With the answer of a client that has a certificate.
fn with_certificate() -> Connection {
    let mut connection = Connection::begun();
    for length in [CERTIFICATE, CERTIFICATE_VERIFY, FINISHED] {
        connection.closed(CLIENT, length);
    }
    connection
}

#[test]
fn an_alert_that_answers_the_clients_fin_refuses_nobody_unless_it_may_have_been_under_way() {
    for (silent, reaction, refused) in [(500, 1, false), (500, 150, true), (100, 1, true)] {
        let mut connection = with_certificate();
        connection.closed(CLIENT, DATA);
        connection.wait(silent);
        connection.send(CLIENT, FIN, &[]);
        connection.wait(reaction);
        connection.closed(SERVER, ALERT);
        let (cause, confidence) = verdict(connection);
        let told = if refused { Cause::ClientCertRejected } else { Cause::None };
        assert_eq!((cause, confidence), (told, Confidence::Likely), "{silent} ms, {reaction} ms");
    }
}

#[test]
fn an_alert_behind_the_fin_of_a_client_that_was_asked_for_nothing_is_no_refusal() {
    let mut connection = Connection::begun_with(&[49, 1_660, CERTIFICATE_VERIFY, FINISHED]);
    connection.closed(CLIENT, FINISHED);
    connection.wait(20);
    connection.send(CLIENT, FIN, &[]);
    connection.closed(SERVER, ALERT);
    assert_eq!(verdict(connection), (Cause::ServerCertRejected, Confidence::Likely));
}

#[test]
fn a_server_that_closes_when_it_has_heard_the_client_refuses_nobody() {
    for (accepts_first, refused) in [(true, false), (false, true)] {
        let mut connection = with_certificate();
        let tickets = |connection: &mut Connection| [TICKET; 2].map(|length| connection.closed(SERVER, length));
        if accepts_first {
            tickets(&mut connection);
        }
        connection.closed(CLIENT, DATA);
        if !accepts_first {
            tickets(&mut connection);
        }
        connection.wait(5);
        connection.closed(SERVER, ALERT);
        connection.send(SERVER, FIN, &[]);
        let judged = connection.judged();
        let told = if refused { Cause::ClientCertRejected } else { Cause::None };
        assert_eq!((judged.diagnosis.cause, judged.diagnosis.confidence), (told, Confidence::Likely));
        assert_eq!(judged.diagnosis.summary.contains("without an answer"), !refused, "{}", judged.diagnosis.summary);
    }
}

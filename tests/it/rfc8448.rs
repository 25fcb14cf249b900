//! The traces of RFC 8448, whole: each record opens, each Finished and each signature fits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tlswhy::bytes::unhex;
use tlswhy::carrier::stream::Record;
use tlswhy::decrypt::{KeyRing, Protection, SecretLabel};
use tlswhy::endpoint::{Address, Endpoint};
use tlswhy::flow::facts::TcpFacts;
use tlswhy::role::Role;
use tlswhy::seen::{At, PacketNo};
use tlswhy::session::builder::Builder;
use tlswhy::session::{Decryption, Resumption, Session, SignatureCheck, Transport};
use tlswhy::time::Timestamp;
use tlswhy::tls::record::{ContentType, RecordHeader};

struct Trace {
    name: String,
    keys: String,
    records: Vec<(Role, Vec<u8>)>,
}

fn traces() -> Vec<Trace> {
    let mut traces: Vec<Trace> = Vec::new();
    for line in include_str!("../../fixtures/vectors/rfc8448.txt").lines() {
        let Some((word, rest)) = line.split_once(' ') else { continue };
        let record = || unhex(rest).expect("hex");
        match word {
            "trace" => traces.push(Trace { name: rest.to_owned(), keys: String::new(), records: Vec::new() }),
            "key" => traces.last_mut().expect("a trace").keys += &format!("{rest}\n"),
            "c" => traces.last_mut().expect("a trace").records.push((Role::Client, record())),
            "s" => traces.last_mut().expect("a trace").records.push((Role::Server, record())),
            _ => {}
        }
    }
    traces
}

fn trace(section: &str) -> Trace {
    traces().into_iter().find(|trace| trace.name.starts_with(section)).expect("a section of the RFC")
}

fn header(record: &[u8]) -> RecordHeader {
    RecordHeader::decode(record[..5].try_into().expect("five bytes")).expect("a header")
}

impl Trace {
    fn ring(&self) -> KeyRing {
        let mut ring = KeyRing::default();
        let problems = ring.add_log(&self.keys);
        assert!(problems.is_empty(), "{}: {problems:?}", self.name);
        ring
    }

    /// What is made of its records, each in a packet of its own.
    fn session(&self) -> Box<Session> {
        let end = |port| Endpoint { address: Address::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)), port: Some(port) };
        let at = |packet| At { packet: PacketNo(packet), time: Timestamp::default() };
        let mut builder = Builder::new(Transport::Tcp, end(50_000), end(443), at(1), Arc::new(self.ring()));
        let mut last = 0;
        for (from, record) in &self.records {
            last += 1;
            let (first, last) = (at(last), at(last));
            let record = Record { header: header(record), fragment: &record[5..], first, last, skipped: false };
            builder.record(*from, record);
        }
        builder.finish(TcpFacts::default(), Timestamp::default(), false)
    }

    /// The records of type application_data that `from` sent.
    fn protected(&self, from: Role) -> Vec<&[u8]> {
        let all = self.records.iter().filter(|(role, record)| *role == from && record[0] == 23);
        all.map(|(_, record)| record.as_slice()).collect()
    }

    fn protection(&self, label: SecretLabel) -> Protection {
        let ring = self.ring();
        let random = self.records[0].1[11..43].try_into().expect("32 bytes");
        let secret = ring.secrets(&random).and_then(|secrets| secrets.get(label)).expect("a secret");
        Protection::tls13(0x1301, secret).expect("keys")
    }
}

#[test]
fn every_record_of_every_trace_opens_and_both_finished_fit() {
    let traces = traces();
    assert_eq!(traces.len(), 5);
    for trace in traces {
        let (session, name) = (trace.session(), &trace.name);
        assert_eq!(session.decryption, Decryption::Full, "{name}");
        assert!(session.corrupted.is_empty() && session.problems.is_empty(), "{name}: {:?}", session.problems);
        for role in [Role::Client, Role::Server] {
            let finished = session.finished.of(role).value().unwrap_or_else(|| panic!("{name}: no Finished"));
            assert_eq!(finished.verified, Some(true), "{name}: {role}");
            let goodbye: Vec<_> = session.alerts_of(role).map(|seen| seen.value.alert).collect();
            assert!(matches!(goodbye[..], [Some(alert)] if alert.description == 0), "{name}: {role}");
        }
    }
}

#[test]
fn each_trace_is_what_its_heading_says() {
    let simple = trace("3").session();
    assert_eq!(simple.tickets.len(), 1);
    assert!(simple.certificate_request.is_not_sent());

    let resumed = trace("4").session();
    assert_eq!(resumed.resumed.as_ref().map(|seen| seen.value), Some(Resumption::Psk));
    // "ABCDEF" as 0-RTT data, and 50 bytes behind it.
    assert_eq!((resumed.application_data.client.bytes, resumed.application_data.server.bytes), (56, 50));

    let retried = trace("5").session();
    assert!(retried.hello_retry.is_some() && retried.second_client_hello.is_some());

    let mutual = trace("6").session();
    assert!(mutual.certificate_request.is_seen());
    assert_eq!(mutual.chain(Role::Client).len(), 1);

    let compatible = trace("7").session();
    assert!(compatible.change_cipher_spec.client.is_some() && compatible.change_cipher_spec.server.is_some());
}

/// Where nothing behind the handshake shows that the peers were content, their signatures are checked.
#[test]
fn the_signatures_fit() {
    for (section, roles) in [("5", &[Role::Server][..]), ("6", &[Role::Server, Role::Client]), ("7", &[Role::Server])] {
        let session = trace(section).session();
        for role in roles {
            let check = session.certificate_verify_signature.of(*role).as_ref().map(|seen| &seen.value);
            assert_eq!(check, Some(&SignatureCheck::Valid), "section {section}: {role}");
        }
    }
}

#[test]
fn application_data_is_what_the_rfc_says_and_nothing_that_was_changed_opens() {
    let data: Vec<u8> = (0..=0x31).collect();
    let (simple, resumed) = (trace("3"), trace("4"));
    let of = Role::Client;
    // Number of the record among those of its keys, and its place among those of its sender.
    for (trace, from, label, number, place, expected) in [
        (&simple, of, SecretLabel::traffic(of, 0), 0, 1, data.as_slice()),
        (&simple, Role::Server, SecretLabel::traffic(Role::Server, 0), 1, 2, &data),
        (&resumed, of, SecretLabel::ClientEarlyTraffic, 0, 0, b"ABCDEF"),
        (&resumed, of, SecretLabel::traffic(of, 0), 0, 3, &data),
        (&resumed, Role::Server, SecretLabel::traffic(Role::Server, 0), 0, 1, &data),
    ] {
        let name = &trace.name;
        let mut protection = trace.protection(label);
        protection.set_sequence(number);
        let record = trace.protected(from)[place];
        for at in 5..record.len() {
            let mut changed = record.to_vec();
            changed[at] ^= 1 << (at % 8);
            assert!(!protection.would_open(header(record), &changed[5..]), "{name}: with byte {at} changed");
        }
        let opened = protection.open(header(record), &record[5..]).expect("it opens");
        assert_eq!(
            (opened.content_type, opened.plaintext.as_slice()),
            (ContentType::APPLICATION_DATA, expected),
            "{name}"
        );
    }
}

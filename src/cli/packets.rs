//! The packets of one session, out of the capture that it was found in, as a capture of their own.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::capture::write::Writer;
use crate::capture::{Item, LinkType, Packet, PacketSource, ReadError};
use crate::error::Error;
use crate::net::{Frame, Payload, decode};
use crate::report::Session;
use crate::source::{self, Opened};

/// Bytes of keys that one session may have. Real ones have less than two KiB.
const KEYS: usize = 1 << 20;

/// Writes the packets of `session`, which are in `capture`, and how many they were. Ahead of them stand the
/// lines of the key logs, embedded or not, that open it, where `key_logs` are given.
pub(super) fn write(
    session: &Session,
    capture: &Path,
    key_logs: Option<&[PathBuf]>,
    out: impl Write,
) -> io::Result<u64> {
    let mut conversation = Conversation::of(session);
    if conversation.ends.is_empty() {
        // Whose packets they are is known once one of them was seen that is shown.
        each(session, capture, &mut |packet| {
            conversation.has(packet);
            Ok(())
        })?;
    }
    let mut writer = Writer::new(out)?;
    if let Some(paths) = key_logs {
        let Opened { secrets, .. } = source::open(capture).map_err(plain)?;
        writer.secrets(&keys(session, &secrets, paths)?)?;
    }
    let mut written = 0;
    each(session, capture, &mut |packet| {
        if !conversation.has(packet) {
            return Ok(());
        }
        written += 1;
        writer.packet(packet)
    })?;
    writer.flush()?;
    if written == 0 { Err(incomplete()) } else { Ok(written) }
}

fn incomplete() -> io::Error {
    io::Error::other("the capture does not hold all its packets")
}

/// Hands on the packets from the first of the session to its last.
fn each(session: &Session, capture: &Path, take: &mut dyn FnMut(&Packet<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut reader = source::open(capture).map_err(plain)?.reader.without_secrets();
    while let Some(item) = reader.next().map_err(|error| match error {
        ReadError::Io(error) => error,
        ReadError::NotACapture { hint } => io::Error::other(hint),
    })? {
        let Item::Packet(packet) = item else { continue };
        if packet.no.0 >= session.first_packet {
            take(&packet)?;
        }
        if packet.no.0 >= session.last_packet {
            return Ok(());
        }
    }
    Err(incomplete())
}

/// The lines that name the session by its client's random.
fn keys(session: &Session, embedded: &[String], paths: &[PathBuf]) -> io::Result<Zeroizing<String>> {
    let random = session.client_hello.as_ref().map(|hello| hello.random.as_str()).unwrap_or_default();
    let mut found = Zeroizing::new(String::new());
    let mut add = |text: &str| {
        for line in text.lines().map(str::trim_end) {
            let is_of_it = line.split(' ').nth(1).is_some_and(|of| !of.is_empty() && of.eq_ignore_ascii_case(random));
            if is_of_it && found.len() + line.len() < KEYS && !found.lines().any(|other| other == line) {
                found.push_str(line);
                found.push('\n');
            }
        }
    };
    embedded.iter().for_each(|text| add(text));
    for path in paths {
        add(&source::key_log(path).map_err(plain)?);
    }
    if found.is_empty() {
        return Err(io::Error::other("there are no keys of this session"));
    }
    Ok(found)
}

fn plain(error: Error) -> io::Error {
    match error {
        Error::Read { source, .. } => source,
        error => io::Error::other(error.to_string()),
    }
}

/// An end of a conversation: an address with its port, or a hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Ip(IpAddr, u16),
    Mac([u8; 6]),
}

/// Who talks to whom in a session. Ends may move (QUIC), and need not be addresses (a RADIUS user): the packets
/// of the timeline show whose they are.
#[derive(Debug, Default)]
struct Conversation {
    shown: BTreeSet<u64>,
    ends: BTreeSet<(End, End)>,
}

impl Conversation {
    fn of(session: &Session) -> Self {
        let mut conversation =
            Self { shown: session.timeline.iter().map(|entry| entry.packet).collect(), ends: BTreeSet::new() };
        let end = |end: &crate::report::Endpoint| Some(End::Ip(end.address.parse().ok()?, end.port?));
        if let (Some(client), Some(server)) = (end(&session.client), end(&session.server)) {
            conversation.ends.insert(ordered(client, server));
        }
        conversation
    }

    /// Whether a packet is part of it.
    fn has(&mut self, packet: &Packet<'_>) -> bool {
        let shown = self.shown.contains(&packet.no.0);
        match ends(packet.link, packet.data, packet.wire_len) {
            Some(Ends::Both(pair)) => {
                if shown {
                    self.ends.insert(pair);
                }
                self.ends.contains(&pair)
            }
            // Which ports they belong to is in the first of them only.
            Some(Ends::Fragment(from, to)) => shown || self.ends.iter().any(|pair| is_between(*pair, from, to)),
            None => shown,
        }
    }
}

enum Ends {
    Both((End, End)),
    Fragment(IpAddr, IpAddr),
}

fn ends(link: LinkType, data: &[u8], wire_len: u32) -> Option<Ends> {
    let datagram = match decode(link, data, wire_len as usize).value? {
        // What a station sends goes to a group address.
        Frame::Eapol { source, destination, .. } => {
            let of = |mac: [u8; 6]| if mac.first().is_some_and(|first| first & 1 == 1) { [0; 6] } else { mac };
            return Some(Ends::Both(ordered(End::Mac(of(source)), End::Mac(of(destination)))));
        }
        Frame::Datagram(datagram) => datagram,
    };
    let ports = match datagram.payload {
        Payload::Tcp(segment) => (segment.source_port, segment.destination_port),
        Payload::Udp(udp) => (udp.source_port, udp.destination_port),
        Payload::Fragment(_) => return Some(Ends::Fragment(datagram.source, datagram.destination)),
        Payload::Other { .. } => return None,
    };
    let (from, to) = (End::Ip(datagram.source, ports.0), End::Ip(datagram.destination, ports.1));
    Some(Ends::Both(ordered(from, to)))
}

fn ordered(one: End, other: End) -> (End, End) {
    if one <= other { (one, other) } else { (other, one) }
}

fn is_between((one, other): (End, End), from: IpAddr, to: IpAddr) -> bool {
    let (End::Ip(one, _), End::Ip(other, _)) = (one, other) else { return false };
    (one, other) == (from, to) || (other, one) == (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::analyze;
    use crate::capture::Reader;
    use crate::engine::Options;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
    }

    fn sessions(capture: &[u8]) -> Vec<Session> {
        analyze(Reader::new(capture), &Options::default()).expect("a capture").sessions
    }

    #[test]
    fn a_session_alone_is_the_same_session() {
        for name in [
            "client-cert-expired/openssl-openssl-tls12.pcapng",
            "client-cert-expired/aioquic-aioquic-v2.pcapng",
            "client-cert-expired/openssl-openssl-dtls12.pcapng",
            "client-cert-expired/eapol_test-hostapd-eap-tls12.pcapng",
            "none/openssl-openssl-tls13-resumed.pcapng",
        ] {
            let path = fixture(name);
            let all = sessions(&source::bytes(&path).expect("a file"));
            for session in &all {
                let mut out = Vec::new();
                let packets = write(session, &path, None, &mut out).expect("written");
                let alone = sessions(&out);
                let [alone] = alone.as_slice() else { panic!("{name}: {} sessions", alone.len()) };
                assert_eq!(alone.diagnosis.cause, session.diagnosis.cause, "{name}");
                assert_eq!(alone.timeline.len(), session.timeline.len(), "{name}");
                assert_eq!((&alone.client, &alone.start), (&session.client, &session.start), "{name}");
                assert_eq!(packets, alone.last_packet, "{name}");
            }
        }
    }

    #[test]
    fn keys_are_written_where_they_are_asked_for_and_no_others() {
        let path = fixture("none/curl-nginx-tls13-hrr.pcapng");
        let all = sessions(&source::bytes(&path).expect("a file"));
        let logs = [fixture("none/curl-nginx-tls13-hrr.keys"), fixture("none/curl-apache-tls12-mtls.keys")];
        let session = all.first().expect("a session");
        let mut out = Vec::new();
        write(session, &path, Some(&logs), &mut out).expect("written");
        let found = crate::capture::prescan_secrets(&out[..]).expect("a capture").concat();
        let random = &session.client_hello.as_ref().expect("a ClientHello").random;
        assert!(found.lines().count() >= 4 && found.lines().all(|line| line.contains(random.as_str())), "{found}");
        out.clear();
        write(session, &path, None, &mut out).expect("written");
        assert!(crate::capture::prescan_secrets(&out[..]).expect("a capture").is_empty());
        assert!(write(session, &path, Some(&[]), &mut Vec::new()).is_err(), "there are none");
        assert!(write(session, &fixture("client-cert-expired/openssl-openssl-tls12.pcapng"), None, &mut out).is_err());
    }
}

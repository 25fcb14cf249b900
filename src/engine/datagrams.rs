//! UDP datagrams and EAPOL frames: whose conversation they belong to. What is none of DTLS, QUIC and EAP
//! leaves nothing behind.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::carrier::{dtls, eap, quic, radius};
use crate::engine::Engine;
use crate::engine::connection_ids::ConnectionIds;
use crate::engine::conversation::Conversation;
use crate::engine::datagram_session::DatagramSession;
use crate::engine::eap_session::EapSession;
use crate::flow::key::{End, FlowKey};
use crate::net::{Datagram, Encapsulation, UdpDatagram};
use crate::role::Role;
use crate::seen::At;
use crate::session::{Address, Endpoint, Transport};

/// Kinds of numbered flow keys.
const RADIUS: u8 = 1;
const QUIC: u8 = 2;
/// Stations whose partner is remembered (EAPOL).
const PARTNERS: usize = 4_096;
/// The group address that 802.1X speaks to on wired links.
const GROUP: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0x03];

/// What is remembered to find conversations by.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Conversations in the table that are not TCP's.
    pub(super) open: usize,
    radius: radius::Conversations,
    quic: ConnectionIds,
    connections: u64,
    partners: BTreeMap<[u8; 6], [u8; 6]>,
    partner_order: VecDeque<[u8; 6]>,
}

impl Index {
    /// The key of an EAPOL frame. Frames to the group address belong to the partner known, if any.
    fn eapol(&mut self, source: [u8; 6], destination: [u8; 6]) -> FlowKey {
        let is_group = |mac: [u8; 6]| mac == [0; 6] || mac.first().is_some_and(|first| first & 1 == 1);
        if !is_group(destination) {
            for (one, other) in [(source, destination), (destination, source)] {
                if self.partners.insert(one, other).is_none() {
                    self.partner_order.push_back(one);
                }
            }
            while self.partner_order.len() > PARTNERS {
                if let Some(oldest) = self.partner_order.pop_front() {
                    self.partners.remove(&oldest);
                }
            }
            return FlowKey::link(source, destination);
        }
        let partner = self.partners.get(&source).copied();
        partner.map_or_else(|| FlowKey::link(GROUP, GROUP), |partner| FlowKey::link(source, partner))
    }
}

impl Engine {
    /// A UDP datagram.
    pub(super) fn udp(&mut self, datagram: &Datagram<'_>, udp: &UdpDatagram<'_>, at: At) {
        if let Some(packet) = radius::parse(udp.payload) {
            self.radius(datagram, udp, &packet, at);
            return;
        }
        let ends = || FlowKey::udp(datagram.source, udp.source_port, datagram.destination, udp.destination_port);
        if self.index.open > 0 {
            let (path, end) = ends();
            if self.known_dtls(path, end, udp, at) || self.known_quic(path, end, udp, at) {
                return;
            }
        }
        if let Some(opening) = dtls::opening(udp.payload, udp.wire_len) {
            let (path, end) = ends();
            let role = if opening.from_server { Role::Server } else { Role::Client };
            let mut session = self.begin(Transport::Dtls, (role, end), datagram, udp, at);
            session.is_reused_by(&opening);
            session.datagram(end, udp, at);
            self.add(path, Conversation::Datagrams(Box::new(session)), at);
        } else if quic::opening(udp.payload).is_some() {
            let (path, end) = ends();
            let mut session = self.begin(Transport::Quic, (Role::Client, end), datagram, udp, at);
            session.datagram(end, udp, at);
            self.index.connections += 1;
            let connection = self.index.connections;
            for (sender, id) in session.connection_ids() {
                self.index.quic.name(id, connection, *sender);
            }
            self.index.quic.path(path, connection, end);
            self.add(FlowKey::numbered(QUIC, connection), Conversation::Datagrams(Box::new(session)), at);
        }
    }

    fn begin(
        &self,
        transport: Transport,
        from: (Role, End),
        datagram: &Datagram<'_>,
        udp: &UdpDatagram<'_>,
        at: At,
    ) -> DatagramSession {
        DatagramSession::new(transport, from, datagram, udp, at, &self.limits, Arc::clone(&self.keys))
    }

    fn add(&mut self, key: FlowKey, mut conversation: Conversation, at: At) {
        self.index.open += 1;
        conversation.count(&mut self.held);
        if let Some(evicted) = self.flows.insert(key, conversation, at.time) {
            self.evict(evicted);
        }
        self.keep_within_memory();
        self.watch(&key);
    }

    /// The conversation has taken a packet and may hold more.
    fn recount(&mut self, key: &FlowKey, at: At) {
        if let Some(conversation) = self.flows.get_mut(key, at.time) {
            conversation.count(&mut self.held);
        }
        self.keep_within_memory();
    }

    /// Whether the datagram belongs to a DTLS conversation in hand; then it was taken.
    fn known_dtls(&mut self, path: FlowKey, end: End, udp: &UdpDatagram<'_>, at: At) -> bool {
        let Some(Conversation::Datagrams(session)) = self.flows.get_mut(&path, at.time) else { return false };
        let reused = dtls::opening(udp.payload, udp.wire_len).is_some_and(|opening| session.is_reused_by(&opening));
        if reused {
            if let Some(old) = self.flows.remove(&path) {
                self.close(old, false);
            }
            return false;
        }
        session.datagram(end, udp, at);
        self.recount(&path, at);
        self.watch(&path);
        true
    }

    /// Whether the datagram belongs to a QUIC connection in hand; then it was taken.
    fn known_quic(&mut self, path: FlowKey, end: End, udp: &UdpDatagram<'_>, at: At) -> bool {
        let by_id = self.index.quic.by_id(udp.payload);
        let (connection, from) = match by_id {
            Some(found) => found,
            None => {
                let Some((connection, client)) = self.index.quic.by_path(&path) else { return false };
                // Another connection from the same port.
                if quic::opening(udp.payload).is_some() {
                    return false;
                }
                (connection, if end == client { Role::Client } else { Role::Server })
            }
        };
        let key = FlowKey::numbered(QUIC, connection);
        let Some(Conversation::Datagrams(session)) = self.flows.get_mut(&key, at.time) else { return false };
        let known = session.connection_ids().len();
        session.datagram_of(from, udp, at);
        for (sender, id) in session.connection_ids().iter().skip(known) {
            self.index.quic.name(id, connection, *sender);
        }
        if by_id.is_some() {
            // The client may have moved.
            let client = if from == Role::Client { end } else { end.other() };
            self.index.quic.path(path, connection, client);
        }
        self.recount(&key, at);
        self.watch(&key);
        true
    }

    fn radius(&mut self, datagram: &Datagram<'_>, udp: &UdpDatagram<'_>, packet: &radius::Packet, at: At) {
        let (source, destination) = (datagram.source, datagram.destination);
        let (ports, _) = FlowKey::udp(source, udp.source_port, destination, udp.destination_port);
        let (hosts, _) = FlowKey::udp(source, 0, destination, 0);
        let Some(place) = self.index.radius.place(packet, ports, hosts) else { return };
        let key = FlowKey::numbered(RADIUS, place.conversation);
        if place.new {
            let source = Endpoint { address: Address::Ip(source), port: Some(udp.source_port) };
            let destination = Endpoint { address: Address::Ip(destination), port: Some(udp.destination_port) };
            let ends = match packet.code {
                radius::Code::Request => (source, destination),
                _ => (destination, source),
            };
            let labels = datagram.encapsulation.labels();
            let session = EapSession::new(ends, labels, at, &self.limits, Arc::clone(&self.keys));
            self.add(key, Conversation::Eap(Box::new(session)), at);
        }
        let Some(Conversation::Eap(session)) = self.flows.get_mut(&key, at.time) else { return };
        if !place.repeated {
            session.radius(packet, at);
        }
        self.recount(&key, at);
        self.watch(&key);
    }

    /// An EAPOL frame.
    pub(super) fn eapol(
        &mut self,
        source: [u8; 6],
        destination: [u8; 6],
        payload: &[u8],
        encapsulation: Encapsulation,
        at: At,
    ) {
        let Ok(packet) = eap::eapol(payload) else { return };
        let Some(from) = eap::sender(packet) else { return };
        let key = self.index.eapol(source, destination);
        let reused =
            matches!(self.flows.get_mut(&key, at.time), Some(Conversation::Eap(old)) if old.is_reused_by(packet));
        if reused && let Some(old) = self.flows.remove(&key) {
            self.close(old, false);
        }
        if self.flows.get_mut(&key, at.time).is_none() {
            let end = |mac| Endpoint { address: Address::Mac(mac), port: None };
            let ends = match from {
                Role::Client => (end(source), end(destination)),
                Role::Server => (end(destination), end(source)),
            };
            let session = EapSession::new(ends, encapsulation.labels(), at, &self.limits, Arc::clone(&self.keys));
            self.add(key, Conversation::Eap(Box::new(session)), at);
        }
        if let Some(Conversation::Eap(session)) = self.flows.get_mut(&key, at.time) {
            session.sent_by(from, source);
            session.packet(packet, at);
        }
        self.recount(&key, at);
        self.watch(&key);
    }
}

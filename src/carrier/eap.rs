//! TLS inside EAP (RFC 3748): EAP-TLS (RFC 5216, RFC 9190), EAP-TTLS (RFC 5281), PEAP, EAP-FAST (RFC 4851)
//! and TEAP (RFC 7170) share one framing. The TLS client is the EAP peer (the supplicant), which answers
//! with Responses; the TLS server is the EAP server behind the authenticator, which sends Requests.

use crate::bytes::{Reader, Short};
use crate::role::{ByRole, Role};

/// How much of an identity is kept.
const IDENTITY_LIMIT: usize = 253;

/// An EAP method that carries TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// EAP-TLS: the client shows a certificate.
    Tls,
    /// EAP-TTLS: as a rule only the server shows one.
    Ttls,
    /// PEAP: as a rule only the server shows one.
    Peap,
    /// EAP-FAST.
    Fast,
    /// TEAP.
    Teap,
}

impl Method {
    const fn of(kind: u8) -> Option<Self> {
        match kind {
            13 => Some(Self::Tls),
            21 => Some(Self::Ttls),
            25 => Some(Self::Peap),
            43 => Some(Self::Fast),
            55 => Some(Self::Teap),
            _ => None,
        }
    }

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "eap-tls",
            Self::Ttls => "eap-ttls",
            Self::Peap => "peap",
            Self::Fast => "eap-fast",
            Self::Teap => "teap",
        }
    }
}

/// What an EAP packet means for the TLS inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// The peer names itself. Not escaped.
    Identity(&'a [u8]),
    /// The server asks who is there: a new conversation may begin.
    AsksIdentity,
    /// The server starts a method with TLS.
    Start(Method),
    /// Bytes of the TLS record stream of `from`.
    Data {
        /// Who sent them.
        from: Role,
        /// The method.
        method: Method,
        /// The bytes.
        bytes: &'a [u8],
        /// Bytes before these are missing from the capture.
        hole: bool,
    },
    /// The peer does not want the method and names another, by number.
    Nak(u8),
    /// The server lets the peer in.
    Success,
    /// The server does not let the peer in.
    Failure,
    /// Nothing: an acknowledgement, a repeated packet, another method.
    Nothing,
}

/// One EAP conversation.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// Identifier of the last packet with content, of each side.
    last: ByRole<Option<(u8, usize)>>,
    /// Bytes of the message in hand that are still to come, of each side.
    left: ByRole<Option<usize>>,
}

impl Exchange {
    /// Takes an EAP packet, from its code on.
    pub fn take<'a>(&mut self, packet: &'a [u8]) -> Event<'a> {
        self.read(packet).unwrap_or(Event::Nothing)
    }

    fn read<'a>(&mut self, packet: &'a [u8]) -> Result<Event<'a>, Short> {
        let mut reader = Reader::new(packet);
        let code = reader.u8()?;
        let identifier = reader.u8()?;
        let length = usize::from(reader.u16()?);
        // What follows the packet is padding of the link.
        let mut body = Reader::new(reader.peek().get(..length.saturating_sub(4)).unwrap_or(reader.peek()));
        let from = match code {
            1 => Role::Server,
            2 => Role::Client,
            3 => return Ok(Event::Success),
            4 => return Ok(Event::Failure),
            _ => return Ok(Event::Nothing),
        };
        let kind = body.u8()?;
        match (from, kind) {
            (Role::Server, 1) => return Ok(Event::AsksIdentity),
            (Role::Client, 1) => {
                let identity = body.rest();
                return Ok(Event::Identity(identity.get(..IDENTITY_LIMIT).unwrap_or(identity)));
            }
            (Role::Client, 3) => return Ok(body.u8().map_or(Event::Nothing, Event::Nak)),
            _ => {}
        }
        let Some(method) = Method::of(kind) else { return Ok(Event::Nothing) };
        self.tls(from, method, (identifier, length), body)
    }

    /// Flags, perhaps a length, then TLS (RFC 5216 section 3.1).
    fn tls<'a>(
        &mut self,
        from: Role,
        method: Method,
        identity: (u8, usize),
        mut body: Reader<'a>,
    ) -> Result<Event<'a>, Short> {
        let flags = body.u8()?;
        let (has_length, more, start) = (flags & 0x80 != 0, flags & 0x40 != 0, flags & 0x20 != 0);
        if start && from == Role::Server {
            *self = Self::default();
            self.last.server = Some(identity);
            return Ok(Event::Start(method));
        }
        let total = if has_length { Some(body.u32()? as usize) } else { None };
        // TEAP: a length of TLVs behind the TLS data (RFC 7170 section 4.1).
        let outer = if method == Method::Teap && flags & 0x10 != 0 { body.u32()? as usize } else { 0 };
        let bytes = body.rest();
        let bytes = bytes.get(..bytes.len().saturating_sub(outer)).unwrap_or(bytes);
        if bytes.is_empty() || self.last.of(from).is_some_and(|last| last == identity) {
            return Ok(Event::Nothing);
        }
        *self.last.of_mut(from) = Some(identity);
        let hole = self.count(from, total, bytes.len(), more);
        Ok(Event::Data { from, method, bytes, hole })
    }

    /// Follows how much of a message is still to come. Whether bytes are missing before these.
    fn count(&mut self, from: Role, total: Option<usize>, here: usize, more: bool) -> bool {
        let left = self.left.of_mut(from);
        // The first fragment names the total; some repeat it in each.
        let expected = match (*left, total) {
            (Some(left), _) => Some(left),
            (None, total) => total,
        };
        let after = expected.and_then(|expected| expected.checked_sub(here));
        let short = !more && after.is_some_and(|after| after > 0);
        let fresh = left.is_none();
        *left = if more { after } else { None };
        // A last fragment that leaves something open: one before it was not captured.
        short && !fresh
    }
}

/// The EAP packet in an EAPOL frame (IEEE 802.1X): `Ok` with the packet, `Err` with whether the frame is
/// the peer's EAPOL-Start.
pub fn eapol(payload: &[u8]) -> Result<&[u8], bool> {
    let [_version, kind, high, low, body @ ..] = payload else { return Err(false) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    match kind {
        0 => Ok(body.get(..length).unwrap_or(body)),
        1 => Err(true),
        _ => Err(false),
    }
}

/// Who sent an EAP packet, by its code.
pub fn sender(packet: &[u8]) -> Option<Role> {
    match packet.first()? {
        1 | 3 | 4 => Some(Role::Server),
        2 => Some(Role::Client),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(code: u8, id: u8, body: &[u8]) -> Vec<u8> {
        [&[code, id, 0, u8::try_from(body.len() + 4).expect("short")], body].concat()
    }

    #[test]
    fn fragments_acknowledgements_and_repeats() {
        let mut exchange = Exchange::default();
        assert_eq!(exchange.take(&packet(1, 1, &[13, 0x20])), Event::Start(Method::Tls));
        let first = packet(2, 1, &[13, 0xc0, 0, 0, 0, 5, b'a', b'b']);
        let data = |bytes| Event::Data { from: Role::Client, method: Method::Tls, bytes, hole: false };
        assert_eq!(exchange.take(&first), data(&b"ab"[..]));
        assert_eq!(exchange.take(&first), Event::Nothing, "sent again");
        assert_eq!(exchange.take(&packet(1, 2, &[13, 0])), Event::Nothing, "acknowledgement");
        assert_eq!(exchange.take(&packet(2, 2, &[13, 0, b'c', b'd', b'e'])), data(&b"cde"[..]));
        assert_eq!(exchange.take(&packet(4, 2, &[])), Event::Failure);
    }

    #[test]
    fn a_fragment_that_was_not_captured_is_a_hole() {
        let mut exchange = Exchange::default();
        exchange.take(&packet(1, 1, &[25, 0xc0, 0, 0, 0, 9, 1, 2]));
        let bytes = packet(1, 3, &[25, 0, 7, 8]);
        let last = exchange.take(&bytes);
        assert!(matches!(last, Event::Data { hole: true, method: Method::Peap, from: Role::Server, .. }), "{last:?}");
    }

    #[test]
    fn padding_of_short_frames_is_left_out() {
        let frame = [&[2, 0, 0, 6][..], &packet(2, 9, &[3, 25]), &[0; 30]].concat();
        let inner = eapol(&frame).expect("an EAP packet");
        assert_eq!(Exchange::default().take(inner), Event::Nak(25));
        assert_eq!(eapol(&[1, 1, 0, 0]), Err(true));
    }

    proptest! {
        #[test]
        fn random_packets_never_panic(packets in prop::collection::vec(prop::collection::vec(prop_oneof![Just(13_u8), Just(0xc0), Just(1), Just(2), Just(0), any::<u8>()], 0..40), 0..20)) {
            let mut exchange = Exchange::default();
            for packet in &packets {
                exchange.take(packet);
                let _ = eapol(packet);
            }
        }
    }
}

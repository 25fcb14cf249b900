//! Writes pcapng (draft-ietf-opsawg-pcapng): packets of any link types, with the key log that opens
//! them, so that a capture and its secrets are one file.

use std::io::{self, Write};

use crate::capture::{LinkType, Packet};
use crate::time::Timestamp;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
/// The byte-order magic.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// `TLSK`: the secrets are a TLS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Options: end, the user's application, and the resolution of timestamps.
const END: u16 = 0;
const USER_APPLICATION: u16 = 4;
const TIME_RESOLUTION: u16 = 9;

/// Writes one capture. Nothing is buffered here: give it a `BufWriter` where writes are dear.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    links: Vec<LinkType>,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// Those of `out`, as for all that follow.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out, links: Vec::new(), written: 0 };
        let mut body = Vec::with_capacity(64);
        body.extend(BYTE_ORDER.to_le_bytes());
        body.extend(1_u16.to_le_bytes());
        body.extend(0_u16.to_le_bytes());
        // The section's length is not known.
        body.extend(u64::MAX.to_le_bytes());
        option(&mut body, USER_APPLICATION, concat!("tlswhy ", env!("CARGO_PKG_VERSION")).as_bytes());
        option(&mut body, END, &[]);
        writer.block(SECTION_HEADER, &[&body])?;
        Ok(writer)
    }

    /// Adds a packet; its number is given by its place in the file.
    ///
    /// # Errors
    /// Those of the writer behind.
    pub fn packet(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let interface = match self.links.iter().position(|link| *link == packet.link) {
            Some(index) => index,
            None => self.interface(packet.link)?,
        };
        let Timestamp(nanos) = packet.time;
        let nanos = u64::try_from(nanos).unwrap_or_default();
        let captured = u32::try_from(packet.data.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut head = [0_u8; 20];
        let fields = [
            u32::try_from(interface).map_err(|_| io::ErrorKind::InvalidInput)?,
            // Truncation is meant: the two halves.
            (nanos >> 32) as u32,
            nanos as u32,
            captured,
            packet.wire_len.max(captured),
        ];
        for (place, field) in head.chunks_exact_mut(4).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        self.block(ENHANCED_PACKET, &[&head, packet.data])
    }

    /// Adds lines of a TLS key log (SSLKEYLOGFILE). Readers that read once want them ahead of the packets
    /// that they open.
    ///
    /// # Errors
    /// Those of the writer behind.
    pub fn secrets(&mut self, key_log: &str) -> io::Result<()> {
        if key_log.is_empty() {
            return Ok(());
        }
        let length = u32::try_from(key_log.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut head = [0_u8; 8];
        for (place, field) in head.chunks_exact_mut(4).zip([TLS_KEY_LOG, length]) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        self.block(DECRYPTION_SECRETS, &[&head, key_log.as_bytes()])
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Makes what is written so far a whole capture for whoever reads it now.
    ///
    /// # Errors
    /// Those of the writer behind.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// The writer behind.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn interface(&mut self, link: LinkType) -> io::Result<usize> {
        let mut body = Vec::with_capacity(20);
        // What libpcap calls DLT_RAW is 101 in files.
        let number = if matches!(link.0, 12 | 14) { 101 } else { link.0 };
        let number = u16::try_from(number).map_err(|_| io::ErrorKind::InvalidInput)?;
        body.extend(number.to_le_bytes());
        body.extend(0_u16.to_le_bytes());
        // No snapshot length.
        body.extend(0_u32.to_le_bytes());
        option(&mut body, TIME_RESOLUTION, &[9]);
        option(&mut body, END, &[]);
        self.block(INTERFACE, &[&body])?;
        self.links.push(link);
        Ok(self.links.len() - 1)
    }

    fn block(&mut self, kind: u32, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let padding = length.wrapping_neg() % 4;
        let total = u32::try_from(length + padding + 12).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&total.to_le_bytes())?;
        for part in parts {
            self.out.write_all(part)?;
        }
        self.out.write_all([0; 3].get(..padding).unwrap_or_default())?;
        self.out.write_all(&total.to_le_bytes())?;
        self.written = self.written.saturating_add(u64::from(total));
        Ok(())
    }
}

/// A capture of these packets, with the key log that opens them ahead of them.
///
/// # Errors
/// Where a packet does not fit into the format: a link type above 65535, or a length above 4 GiB.
pub fn capture<'a>(packets: impl IntoIterator<Item = Packet<'a>>, key_log: Option<&str>) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new())?;
    writer.secrets(key_log.unwrap_or_default())?;
    for packet in packets {
        writer.packet(&packet)?;
    }
    Ok(writer.into_inner())
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Item, PacketSource, Reader};
    use crate::seen::PacketNo;

    fn packet(no: u64, link: u32, data: &[u8]) -> Packet<'_> {
        let time = Timestamp(1_700_000_000_123_456_789 + no as i64);
        Packet { no: PacketNo(no), time, link: LinkType(link), data, wire_len: data.len() as u32 + 3 }
    }

    #[test]
    fn what_is_written_is_read_again_to_the_nanosecond() {
        let packets = [packet(1, 1, b"abc"), packet(2, 113, b""), packet(3, 1, b"abcd")];
        let bytes = capture(packets, Some("CLIENT_RANDOM 00 11\n")).expect("written");
        let mut reader = Reader::new(&bytes[..]);
        let mut found = Vec::new();
        let mut secrets = String::new();
        while let Some(item) = reader.next().expect("read") {
            match item {
                Item::Packet(p) => found.push((p.no, p.time, p.link, p.data.to_vec(), p.wire_len)),
                Item::Secrets(text) => secrets.push_str(text),
                other => panic!("{other:?}"),
            }
        }
        let expected: Vec<_> = packets.iter().map(|p| (p.no, p.time, p.link, p.data.to_vec(), p.wire_len)).collect();
        assert_eq!(found, expected);
        assert_eq!(secrets, "CLIENT_RANDOM 00 11\n");
        assert_eq!(reader.digits(), 9);
    }

    #[test]
    fn bytes_are_counted_and_raw_ip_has_its_number_in_files() {
        let mut writer = Writer::new(Vec::new()).expect("written");
        writer.packet(&packet(1, 12, b"E")).expect("written");
        let written = writer.written();
        let bytes = writer.into_inner();
        assert_eq!(written, bytes.len() as u64);
        let mut reader = Reader::new(&bytes[..]);
        while reader.next().expect("read").is_some() {}
        assert_eq!(reader.link_types(), [LinkType(101)]);
    }
}

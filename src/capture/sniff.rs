//! What a file is, by its first bytes; and what to tell its owner when it is no capture.

/// A compression that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// The compression of bytes that begin so.
pub(super) fn packing(head: &[u8]) -> Option<Packing> {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Some(Packing::Gzip),
        // A frame, or a skippable frame ahead of it (RFC 8878 section 3.1).
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
        _ => None,
    }
}

/// Byte order of numbers in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The first `N` numbers of 32 bits; `None` where there are not so many.
    #[inline]
    pub(super) fn words<const N: usize>(self, bytes: &[u8]) -> Option<[u32; N]> {
        let (words, _) = bytes.as_chunks::<4>();
        let words = words.first_chunk::<N>()?;
        Some(match self {
            Self::Little => words.map(u32::from_le_bytes),
            Self::Big => words.map(u32::from_be_bytes),
        })
    }

    #[inline]
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()).copied().unwrap_or_default();
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> u64 {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()).copied().unwrap_or_default();
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// A capture format by its magic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Magic {
    Pcap { order: Order, nanos: bool, modified: bool },
    Pcapng,
}

/// The capture format of bytes that begin so.
pub(super) fn magic(head: &[u8]) -> Option<Magic> {
    let head = head.first_chunk::<4>()?;
    if *head == [0x0a, 0x0d, 0x0d, 0x0a] {
        return Some(Magic::Pcapng);
    }
    let of = |order, number: u32| match number {
        0xa1b2_c3d4 => Some(Magic::Pcap { order, nanos: false, modified: false }),
        0xa1b2_3c4d => Some(Magic::Pcap { order, nanos: true, modified: false }),
        0xa1b2_cd34 => Some(Magic::Pcap { order, nanos: false, modified: true }),
        _ => None,
    };
    of(Order::Little, u32::from_le_bytes(*head)).or_else(|| of(Order::Big, u32::from_be_bytes(*head)))
}

/// For a person whose file is no capture: what it looks like, and what to do.
pub(super) fn hint(head: &[u8]) -> &'static str {
    let text_start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    for (prefix, hint) in BINARY {
        if head.starts_with(prefix) {
            return hint;
        }
    }
    for (prefix, hint) in TEXT {
        if text_start.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            return hint;
        }
    }
    if head.get(257..262) == Some(b"ustar") {
        return "it looks like a tar archive: unpack it first";
    }
    if is_erf(head) {
        return "it may be an ERF file (Endace): convert it with `editcap -F pcapng`";
    }
    if head.iter().all(|byte| *byte == 0) {
        return "it begins with zero bytes: it was perhaps never written, or its copy was cut short";
    }
    if head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)) {
        return "it is text; where it is a packet listing or a hex dump, save the capture itself instead (`tcpdump -w FILE`)";
    }
    "its first bytes are none of a capture format; `file` may say what it is"
}

/// ERF has no magic: a record type, and lengths that agree.
fn is_erf(head: &[u8]) -> bool {
    let Some(record) = head.first_chunk::<16>() else { return false };
    let kind = record.get(8).map_or(0, |kind| kind & 0x7f);
    let record_len = Order::Big.u16(record, 10);
    let wire_len = Order::Big.u16(record, 14);
    (1..=30).contains(&kind) && record_len >= 16 && wire_len > 0 && record_len <= wire_len.saturating_add(64)
}

const EDITCAP: &str = "it is a capture of another format: convert it with `editcap -F pcapng`";
const PACKED: &str = "it is compressed in a way that is not opened here (gzip and zstd are): unpack it first";
const ARCHIVE: &str = "it is an archive: unpack it first";

const BINARY: &[(&[u8], &str)] = &[
    (b"snoop\0\0\0", "it is a snoop file (Solaris): convert it with `editcap -F pcapng`"),
    (b"btsnoop\0", "it is a Bluetooth capture (btsnoop), which carries no TLS"),
    (b"GMBU", "it is a Microsoft Network Monitor 2 file: convert it with `editcap -F pcapng`"),
    (b"RTSS", "it is a Microsoft Network Monitor 1 file: convert it with `editcap -F pcapng`"),
    (b"TRSNIFF data", EDITCAP),
    (b"XCP\0", EDITCAP),
    (b"iptrace ", EDITCAP),
    (b"\x7fver", EDITCAP),
    (b"i4btrace", EDITCAP),
    (
        b"\xa1\xb2\xc3",
        "it begins like an old or patched variant of pcap that is not known here: try `editcap -F pcapng`",
    ),
    (b"\xa1\xe2\xcb\x12", "it is a pcap of a changed kind (Navtel): convert it with `editcap -F pcapng`"),
    (b"\x12\xcb\xe2\xa1", "it is a pcap of a changed kind (Navtel): convert it with `editcap -F pcapng`"),
    (b"\xfd7zXZ\0", PACKED),
    (b"BZh", PACKED),
    (b"\x04\x22\x4d\x18", PACKED),
    (b"PK\x03\x04", ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!", ARCHIVE),
    (b"\x7fELF", "it is a program"),
    (b"%PDF", "it is a PDF document"),
    (b"\x89PNG", "it is a picture"),
    (b"\x30\x82", "it looks like a certificate or key in DER: give it with --client-ca, --server-ca or --server-key"),
];

const TEXT: &[(&[u8], &str)] = &[
    (b"-----BEGIN", "it is PEM (certificates or keys): give it with --client-ca, --server-ca or --server-key"),
    (b"CLIENT_", "it looks like a key log: give it with --keylog, beside a capture"),
    (b"SERVER_", "it looks like a key log: give it with --keylog, beside a capture"),
    (b"EXPORTER_SECRET", "it looks like a key log: give it with --keylog, beside a capture"),
    (b"# SSL/TLS secrets", "it looks like a key log: give it with --keylog, beside a capture"),
    (b"RSA Session-ID:", "it looks like a key log: give it with --keylog, beside a capture"),
    (b"{", "it looks like JSON; save the capture itself as pcapng instead of exporting it"),
    (b"[", "it looks like JSON; save the capture itself as pcapng instead of exporting it"),
    (b"<!doctype html", "it is a web page, perhaps in place of a download that needs a login"),
    (b"<html", "it is a web page, perhaps in place of a download that needs a login"),
    (b"<?xml", "it is XML; save the capture itself as pcapng instead of exporting it (PDML, PSML)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magic_is_known_in_both_orders() {
        let pcap = |order, nanos, modified| Some(Magic::Pcap { order, nanos, modified });
        assert_eq!(magic(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0]), pcap(Order::Little, false, false));
        assert_eq!(magic(&[0xa1, 0xb2, 0xc3, 0xd4]), pcap(Order::Big, false, false));
        assert_eq!(magic(&[0x4d, 0x3c, 0xb2, 0xa1]), pcap(Order::Little, true, false));
        assert_eq!(magic(&[0xa1, 0xb2, 0x3c, 0x4d]), pcap(Order::Big, true, false));
        assert_eq!(magic(&[0x34, 0xcd, 0xb2, 0xa1]), pcap(Order::Little, false, true));
        assert_eq!(magic(&[0x0a, 0x0d, 0x0d, 0x0a]), Some(Magic::Pcapng));
        assert_eq!(magic(&[0xa1, 0xb2, 0xc3]), None);
    }

    #[test]
    fn hints_name_what_the_file_is() {
        assert!(hint(b"-----BEGIN CERTIFICATE-----\n").contains("PEM"));
        assert!(hint(b"%PDF-1.7").contains("PDF"));
        assert!(hint(b"\n  [{\"_index\"").contains("JSON"));
        assert!(hint(b"snoop\0\0\0\0\0\0\x02").contains("snoop"));
        assert!(hint(b"CLIENT_RANDOM 00 00").contains("--keylog"));
        assert!(hint(b"<!DOCTYPE HTML>").contains("web page"));
        assert!(hint(b"12:00:01.5 IP a > b").contains("tcpdump -w"));
        assert!(hint(b"\xff\xfe\x00\x01").contains("file"));
        let erf = [0, 0, 0, 0, 0x10, 0x20, 0x30, 0x66, 2, 4, 0, 80, 0, 0, 0, 60, 1, 2, 3];
        assert!(hint(&erf).contains("ERF"));
    }
}

//! The selected message as a tree, down to its fields; bytes on demand.

use serde_json::Value;

use crate::report::{Entry, EntryKind, Role, Session};
use crate::time::Elapsed;
use crate::tui::app::Folds;
use crate::tui::line::{Line, Link, Tone, wrap};

/// Lists of up to this many items are open by themselves.
const OPEN: usize = 8;
/// Bytes in a row of a dump, where there is room.
const DUMP: usize = 16;
/// Rows of a dump that are shown at most.
const DUMPED: usize = 64;
/// Lines that a tree has at most: a message may have tens of thousands of fields.
const LINES: usize = 20_000;

/// How a message is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// What is folded.
    pub folds: &'a Folds,
    /// With bytes.
    pub bytes: bool,
    /// Columns.
    pub width: usize,
}

/// What is known of `entry`.
pub fn lines(session: &Session, entry: &Entry, look: Look<'_>) -> Vec<Line> {
    let mut lines = facts(entry, look.width);
    for one in session.diagnosis.evidence.iter().filter(|one| one.packet == entry.packet) {
        let lead = Line::of(Tone::Evidence, "◆ ");
        lines.extend(wrap(lead, &Line::of(Tone::Strong, &one.text), look.width));
    }
    let found = contents(session, entry);
    if found.is_empty() {
        let text = match entry.kind {
            _ if entry.protected => "Its content is encrypted: the key log of this session would show it.",
            EntryKind::Handshake => "Nothing more of it is kept.",
            _ => return lines,
        };
        lines.push(Line::blank());
        lines.extend(wrap(Line::default(), &Line::of(Tone::Dim, text), look.width));
        return lines;
    }
    for (name, value) in found {
        lines.push(Line::blank());
        let mut tree = Tree { look, lines: &mut lines };
        tree.node(&name, &value, &name, 0, true);
    }
    lines
}

fn facts(entry: &Entry, width: usize) -> Vec<Line> {
    let mut lines = vec![Line::of(Tone::Heading, &entry.name).link(Link::Copy(entry.name.to_string()))];
    let (from, to) = match entry.from {
        Role::Client => ("client", "server"),
        Role::Server => ("server", "client"),
    };
    let mut parts = vec![format!("packet {}", entry.packet)];
    if entry.kind != EntryKind::Note {
        parts.push(format!("{from} to {to}"));
    }
    parts.extend(entry.length.map(|length| format!("{length} bytes")));
    parts.push(format!("{} after the start", Elapsed(entry.elapsed_us.saturating_mul(1_000))));
    lines.extend(wrap(Line::default(), &Line::of(Tone::Plain, parts.join(", ")), width));
    lines.extend(wrap(Line::default(), &Line::of(Tone::Dim, entry.time.as_str()), width));
    if entry.protected {
        lines.push(Line::of(Tone::Plain, "■ sent encrypted"));
    }
    if entry.inferred {
        let text = "inferred from length and order only: the name may be a guess";
        lines.extend(wrap(Line::of(Tone::Warn, "~ "), &Line::of(Tone::Warn, text), width));
    }
    if !entry.text.is_empty() {
        lines.extend(wrap(Line::default(), &Line::of(Tone::Plain, &entry.text), width));
    }
    lines
}

/// What the report has of the message, each with a name.
fn contents(session: &Session, entry: &Entry) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut add = |name: &str, value: serde_json::Result<Value>| {
        if let Ok(value @ (Value::Object(_) | Value::Array(_))) = value {
            found.push((name.to_owned(), value));
        }
    };
    let packet = entry.packet;
    match (entry.kind, entry.name.as_ref()) {
        (EntryKind::Handshake, "ClientHello") => {
            if let Some(hello) = session.client_hello.as_ref().filter(|hello| hello.packet == packet) {
                add("client_hello", serde_json::to_value(hello));
            }
        }
        (EntryKind::Handshake, "ServerHello" | "HelloRetryRequest") => {
            let hellos =
                [("server_hello", &session.server_hello), ("hello_retry_request", &session.hello_retry_request)];
            for (name, hello) in hellos {
                // Both may lie in one packet only if one of them was made up.
                let wanted = (entry.name == "ServerHello") == (name == "server_hello");
                if let Some(hello) = hello.as_ref().filter(|hello| wanted && hello.packet == packet) {
                    add(name, serde_json::to_value(hello));
                }
            }
        }
        (EntryKind::Handshake, "CertificateRequest") => {
            if let Some(request) = session.certificate_request.as_ref().filter(|request| request.packet == packet) {
                add("certificate_request", serde_json::to_value(request));
            }
        }
        (EntryKind::Handshake, "Certificate") => {
            let chain = match entry.from {
                Role::Client => &session.certificates.client,
                Role::Server => &session.certificates.server,
            };
            for certificate in chain.iter().flatten() {
                add(&format!("certificate {}", certificate.position), serde_json::to_value(certificate));
            }
        }
        (EntryKind::Alert, _) => {
            for alert in session.alerts.iter().filter(|alert| alert.packet == packet && alert.from == entry.from) {
                add("alert", serde_json::to_value(alert));
            }
        }
        (EntryKind::ApplicationData | EntryKind::Preamble, _) => {
            for refusal in session.refusals.iter().filter(|refusal| refusal.packet == packet) {
                add("refusal", serde_json::to_value(refusal));
            }
        }
        (EntryKind::Tcp | EntryKind::Note, _) => {
            let tcp = session.tcp.as_ref();
            for reset in tcp.iter().flat_map(|tcp| &tcp.resets).filter(|reset| reset.packet == packet) {
                add("reset", serde_json::to_value(reset));
            }
            for gap in tcp.iter().flat_map(|tcp| &tcp.gaps).filter(|gap| gap.packet == packet) {
                add("gap", serde_json::to_value(gap));
            }
            if entry.kind == EntryKind::Tcp {
                add("tcp", serde_json::to_value(tcp));
            }
        }
        _ => {}
    }
    found
}

/// A tree that is being written.
struct Tree<'a, 'b> {
    look: Look<'a>,
    lines: &'b mut Vec<Line>,
}

impl Tree<'_, '_> {
    /// A node and what is below it. `path` is its name among all, `open` whether it is so by itself.
    fn node(&mut self, name: &str, value: &Value, path: &str, depth: usize, open: bool) {
        if self.lines.len() >= LINES {
            return;
        }
        let indent = "  ".repeat(depth);
        if let Some(text) = leaf(value) {
            let lead = Line::of(Tone::Plain, format!("{indent}  "))
                .add(Tone::Dim, if name.is_empty() { String::new() } else { format!("{name}  ") })
                .link(Link::Copy(text.clone()));
            self.lines.extend(wrap(lead, &Line::of(Tone::Plain, &text), self.look.width));
            if self.look.bytes
                && let Some(bytes) = hex(value)
            {
                self.dump(&bytes, &format!("{indent}    "));
            }
            return;
        }
        let items: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, item)| (name.clone(), item)).collect(),
            _ => Vec::new(),
        };
        let is_open = self.look.folds.is_open(path, open);
        let fold = if items.is_empty() {
            " "
        } else if is_open {
            "▾"
        } else {
            "▸"
        };
        let count = match value {
            Value::Array(items) if items.is_empty() => "  none".to_owned(),
            Value::Array(items) => format!("  {}", items.len()),
            _ => String::new(),
        };
        let mut line = Line::of(Tone::Strong, format!("{indent}{fold} {name}")).add(Tone::Dim, count);
        if !is_open {
            line = line.add(Tone::Dim, format!("  {}", preview(&items)));
        }
        self.lines.push(line.cut(self.look.width).link(Link::Fold(path.to_owned())));
        if !is_open {
            return;
        }
        for (index, (name, item)) in items.iter().enumerate() {
            let size = item.as_array().map_or(0, Vec::len).max(item.as_object().map_or(0, serde_json::Map::len));
            let path = format!("{path}/{}", if name.is_empty() { index.to_string() } else { name.clone() });
            self.node(name, item, &path, depth + 1, size <= OPEN);
        }
    }

    /// Sixteen bytes a row, as hex and as characters.
    fn dump(&mut self, bytes: &[u8], indent: &str) {
        let room = self.look.width.saturating_sub(indent.len() + 6);
        let per_row = [DUMP, DUMP / 2].into_iter().find(|bytes| bytes * 4 < room).unwrap_or(DUMP / 4);
        for (index, row) in bytes.chunks(per_row).take(DUMPED).enumerate() {
            let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
            let shown: String =
                row.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }).collect();
            let line = Line::of(Tone::Dim, format!("{indent}{:04x}  ", index * per_row))
                .add(Tone::Plain, format!("{:<1$}", hex.join(" "), per_row * 3))
                .add(Tone::Dim, format!(" {shown}"));
            self.lines.push(line.cut(self.look.width).link(Link::Copy(hex.concat())));
        }
    }
}

/// What a folded node has in it, as far as it fits.
fn preview(items: &[(String, &Value)]) -> String {
    let shown = items.iter().take(6).map(|(name, value)| leaf(value).unwrap_or_else(|| name.clone()));
    shown.collect::<Vec<_>>().join(", ")
}

/// The text of a value that has nothing below it. A code point of a registry is one: its name and number.
fn leaf(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null => Some("absent".to_owned()),
        Value::Array(_) => None,
        Value::Object(fields) => {
            let code = fields.get("code")?.as_u64()?;
            if !fields.keys().all(|key| matches!(key.as_str(), "code" | "name" | "length")) {
                return None;
            }
            let name = fields.get("name").and_then(Value::as_str).unwrap_or("(no name)");
            let length = fields.get("length").map(|length| format!(", {length} bytes")).unwrap_or_default();
            Some(format!("0x{code:04x} {name}{length}"))
        }
    }
}

/// The bytes of a value that the report gives as hex.
fn hex(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?.as_bytes();
    if text.len() < 8 || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |c: u8| char::from(c).to_digit(16).filter(|_| !c.is_ascii_uppercase());
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn text(session: &Session, name: &str, folds: &Folds, bytes: bool, width: usize) -> String {
        let entry = session.timeline.iter().find(|entry| entry.name == name).expect("an entry");
        lines(session, entry, Look { folds, bytes, width }).iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn a_client_hello_with_its_bytes() {
        insta::assert_snapshot!(text(&sample::expired(), "ClientHello", &Folds::default(), true, 78));
    }

    #[test]
    fn nodes_fold_one_by_one_and_all_at_once() {
        let session = sample::expired();
        let mut folds = Folds::default();
        let open = text(&session, "CertificateRequest", &folds, false, 78);
        assert!(open.contains("▾ signature_algorithms  2\n") && open.contains("0x0804 rsa_pss_rsae_sha256"));
        folds.toggle("certificate_request/signature_algorithms");
        let folded = text(&session, "CertificateRequest", &folds, false, 78);
        assert!(folded.contains("▸ signature_algorithms  2  0x0403 ecdsa_secp256r1_sha256, 0x0804"), "{folded}");
        folds = Folds { all: Some(false), ..Folds::default() };
        assert!(text(&session, "CertificateRequest", &folds, false, 78).lines().count() < open.lines().count() / 2);
    }

    #[test]
    fn what_is_encrypted_says_what_would_show_it() {
        let shown = text(&sample::encrypted(), "Finished", &Folds::default(), false, 78);
        assert!(shown.contains("■ sent encrypted") && shown.contains("key log"), "{shown}");
    }

    #[test]
    fn only_hex_is_taken_for_bytes() {
        assert_eq!(hex(&Value::from("00ff10ab")), Some(vec![0, 255, 16, 171]));
        for text in ["00ff10a", "00FF10AB", "payments", "00ff", ""] {
            assert_eq!(hex(&Value::from(text)), None, "{text}");
        }
    }

    #[test]
    fn a_tree_has_an_end() {
        let mut session = sample::expired();
        let name = || "x".repeat(30);
        session.certificate_request.as_mut().expect("asked").certificate_authorities = Some(vec![name(); 60_000]);
        let folds = Folds { all: Some(true), ..Folds::default() };
        assert!(text(&session, "CertificateRequest", &folds, false, 78).lines().count() < LINES + 100);
    }
}

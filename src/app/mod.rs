//! Application protocols that can refuse a peer inside the tunnel (or in plaintext, ahead of it).
//!
//! Only the start of what each side says is read: enough to know a refusal and its words.

mod http1;
mod http2;
mod ldap;
mod mqtt;
mod mysql;
mod postgresql;
pub mod words;

use crate::role::{ByRole, Role};
use crate::seen::{At, Seen};

/// A refusal in the application's own protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `http/1.1`, `http/2`, `postgresql`, `mysql`, `ldap`, `mqtt`.
    pub protocol: &'static str,
    /// The protocol's own number or code: `400`, `28000`, `1045`, `5`.
    pub code: String,
    /// What it means for client authentication.
    pub meaning: RefusalMeaning,
    /// The words (status line, page title, error text). Not escaped.
    pub text: String,
    /// The server program, where the answer names it (`Server:` header).
    pub server: Option<String>,
    /// It was sent in plaintext, outside TLS.
    pub plaintext: bool,
}

/// What a refusal says about the client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalMeaning {
    /// No certificate was sent, and one is needed.
    CertificateMissing,
    /// A certificate was sent, and it did not verify.
    CertificateInvalid,
    /// The words say that it has expired.
    CertificateExpired,
    /// The words say that its issuer is not trusted.
    CertificateUntrusted,
    /// The words say that it was revoked.
    CertificateRevoked,
    /// Identity known, access refused.
    NotAuthorized,
    /// Refused in general terms (403, 401) that may or may not be about the certificate.
    Unclear,
    /// The request went to the wrong virtual host (421), or SNI and Host differ.
    Misdirected,
    /// HTTP was spoken to a TLS port (nginx 497 and its kin).
    PlainHttpToTls,
}

/// How many bytes of each side are kept to read a message from.
const BUFFER: usize = 16 * 1024;
/// How many bytes of each side are looked at in all.
const LOOKED_AT: usize = 256 * 1024;

/// Reads application data for refusals, whatever the protocol.
#[derive(Debug, Clone, Default)]
pub struct Watcher {
    protocol: Option<Protocol>,
    alpn: Option<Protocol>,
    buffers: ByRole<Buffer>,
    refused: bool,
}

/// Bytes of one side that are not understood yet.
#[derive(Debug, Clone, Default)]
struct Buffer {
    bytes: Vec<u8>,
    first: Option<At>,
    total: usize,
    /// Bytes to pass over: the rest of a body whose length is known.
    skip: usize,
}

/// A protocol that is read for refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
    Postgresql,
    Mysql,
    Ldap,
    Mqtt,
    Other,
}

/// What a reader made of a server's bytes.
enum Step {
    /// More bytes are needed.
    More,
    /// So many bytes are done with, and nothing in them refuses.
    Passed(usize),
    /// A refusal.
    Refused(Box<Refusal>),
    /// This protocol is not spoken here after all.
    Lost,
}

impl Watcher {
    /// The application protocol that was agreed on by ALPN.
    pub fn set_alpn(&mut self, alpn: Option<&[u8]>) {
        self.alpn = match alpn {
            Some(b"h2") => Some(Protocol::Http2),
            Some(b"http/1.1" | b"http/1.0") => Some(Protocol::Http1),
            Some(b"postgresql") => Some(Protocol::Postgresql),
            Some(b"mqtt") => Some(Protocol::Mqtt),
            _ => None,
        };
    }

    /// Whether nothing more is wanted of this session's application data.
    pub fn is_satisfied(&self) -> bool {
        let looked = |buffer: &Buffer| buffer.total >= LOOKED_AT;
        self.refused || self.protocol == Some(Protocol::Other) || looked(&self.buffers.server)
    }

    /// Takes decrypted bytes of `from`, in order.
    pub fn feed(&mut self, from: Role, bytes: &[u8], at: At, out: &mut Vec<Seen<Refusal>>) {
        if self.is_satisfied() {
            return;
        }
        let buffer = self.buffers.of_mut(from);
        buffer.add(bytes, at);
        if self.protocol.is_none() {
            self.protocol = self.alpn.or_else(|| recognise(&self.buffers));
        }
        if from == Role::Server
            && let Some(protocol) = self.protocol
        {
            self.read(protocol, out);
        }
    }

    /// The connection is over: what stands in the buffer is all there will be.
    pub fn finish(&mut self, out: &mut Vec<Seen<Refusal>>) {
        if self.refused || self.buffers.server.bytes.is_empty() {
            return;
        }
        if let Some(Protocol::Http1) = self.protocol
            && let Some(refusal) = http1::unfinished(&self.buffers.server.bytes)
        {
            self.refuse(refusal, out);
        }
    }

    fn read(&mut self, protocol: Protocol, out: &mut Vec<Seen<Refusal>>) {
        // Each step consumes at least a byte, so this ends.
        while !self.refused && !self.buffers.server.bytes.is_empty() {
            let bytes = &self.buffers.server.bytes;
            let step = match protocol {
                Protocol::Http1 => http1::read(bytes),
                Protocol::Http2 => http2::read(bytes),
                Protocol::Postgresql => postgresql::read(bytes),
                Protocol::Mysql => mysql::read(bytes),
                Protocol::Ldap => ldap::read(bytes),
                Protocol::Mqtt => mqtt::read(bytes),
                Protocol::Other => Step::Lost,
            };
            match step {
                Step::More => return,
                Step::Passed(n) => self.buffers.server.drop_front(n.max(1)),
                Step::Refused(refusal) => self.refuse(*refusal, out),
                Step::Lost => {
                    self.protocol = Some(Protocol::Other);
                    return;
                }
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal, out: &mut Vec<Seen<Refusal>>) {
        self.refused = true;
        let at = self.buffers.server.first.unwrap_or_default();
        out.push(Seen::read(refusal, at));
    }
}

impl Buffer {
    fn add(&mut self, bytes: &[u8], at: At) {
        self.total = self.total.saturating_add(bytes.len());
        let passed = self.skip.min(bytes.len());
        self.skip -= passed;
        let bytes = bytes.get(passed..).unwrap_or(&[]);
        if self.bytes.is_empty() && !bytes.is_empty() {
            self.first = Some(at);
        }
        let room = BUFFER.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
    }

    fn drop_front(&mut self, n: usize) {
        let there = n.min(self.bytes.len());
        self.bytes.drain(..there);
        self.skip = self.skip.saturating_add(n - there);
    }
}

/// Which protocol is spoken, by the first bytes of either side.
fn recognise(buffers: &ByRole<Buffer>) -> Option<Protocol> {
    let client = &buffers.client.bytes;
    let server = &buffers.server.bytes;
    if client.starts_with(b"PRI * HTTP/2.0") {
        return Some(Protocol::Http2);
    }
    if http1::is_request(client) || server.starts_with(b"HTTP/1.") {
        return Some(Protocol::Http1);
    }
    if postgresql::is_startup(client) {
        return Some(Protocol::Postgresql);
    }
    if mqtt::is_connect(client) {
        return Some(Protocol::Mqtt);
    }
    if ldap::is_request(client) {
        return Some(Protocol::Ldap);
    }
    if mysql::is_login(client) {
        return Some(Protocol::Mysql);
    }
    (client.len() >= 64 || server.len() >= 64).then_some(Protocol::Other)
}

/// Refusals in plaintext, outside TLS: an HTTP server that says "speak TLS", or a TLS client's peer
/// that answers in HTTP.
pub fn plaintext_refusals(from: Role, bytes: &[u8], at: At) -> Vec<Seen<Refusal>> {
    if from != Role::Server || !bytes.starts_with(b"HTTP/1.") {
        return Vec::new();
    }
    let step = http1::read(bytes);
    let refusal = match step {
        Step::Refused(refusal) => Some(*refusal),
        Step::More => http1::unfinished(bytes),
        Step::Passed(_) | Step::Lost => None,
    };
    refusal.map(|refusal| Seen::read(Refusal { plaintext: true, ..refusal }, at)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(parts: &[(Role, &[u8])]) -> Vec<Refusal> {
        let mut watcher = Watcher::default();
        let mut out = Vec::new();
        for (from, bytes) in parts {
            watcher.feed(*from, bytes, At::default(), &mut out);
        }
        watcher.finish(&mut out);
        out.into_iter().map(|seen| seen.value).collect()
    }

    #[test]
    fn nginx_says_that_no_certificate_was_sent() {
        let page = b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: 98\r\n\r\n<html><head><title>400 No required SSL certificate was sent</title></head><body>400</body></html>\n\n";
        let refusals = watch(&[(Role::Client, b"GET / HTTP/1.1\r\n\r\n"), (Role::Server, page)]);
        let refusal = refusals.first().expect("a refusal");
        assert_eq!(refusal.meaning, RefusalMeaning::CertificateMissing);
        assert_eq!(refusal.code, "400");
        assert_eq!(refusal.server.as_deref(), Some("nginx/1.22.1"));
    }

    #[test]
    fn a_page_in_pieces_is_read_whole() {
        let head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 60\r\n\r\n";
        let body = b"<title>400 The SSL certificate error</title>................";
        let refusals = watch(&[(Role::Client, b"GET / HTTP/1.1\r\n\r\n"), (Role::Server, head), (Role::Server, body)]);
        assert_eq!(refusals.first().map(|r| r.meaning), Some(RefusalMeaning::CertificateInvalid));
    }

    #[test]
    fn success_before_a_refusal_is_passed_over() {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
        let no = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
        let refusals = watch(&[(Role::Client, b"GET / HTTP/1.1\r\n\r\n"), (Role::Server, ok), (Role::Server, no)]);
        assert_eq!(refusals.first().map(|r| r.code.as_str()), Some("403"));
        assert!(watch(&[(Role::Client, b"GET / HTTP/1.1\r\n\r\n"), (Role::Server, ok)]).is_empty());
    }

    #[test]
    fn http2_status_is_read_from_hpack() {
        // SETTINGS, then HEADERS on stream 1 with an indexed :status 400.
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let headers = [0, 0, 1, 1, 5, 0, 0, 0, 1, 0x8c];
        let refusals = watch(&[
            (Role::Client, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            (Role::Server, &settings),
            (Role::Server, &headers),
        ]);
        assert_eq!(refusals.first().map(|r| (r.protocol, r.code.as_str())), Some(("http/2", "400")));
    }

    #[test]
    fn postgresql_says_why() {
        let startup = [0, 0, 0, 9, 0, 3, 0, 0, 0];
        let fields = b"SFATAL\0VFATAL\0C28000\0Mconnection requires a valid client certificate\0\0";
        let mut error = vec![b'E', 0, 0, 0, u8::try_from(fields.len() + 4).expect("short")];
        error.extend_from_slice(fields);
        let refusals = watch(&[(Role::Client, &startup), (Role::Server, &error)]);
        let refusal = refusals.first().expect("a refusal");
        assert_eq!((refusal.code.as_str(), refusal.meaning), ("28000", RefusalMeaning::CertificateMissing));
    }

    #[test]
    fn a_broker_that_allows_no_anonymous_user() {
        let connect = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test";
        let refusals = watch(&[(Role::Client, connect), (Role::Server, &[0x20, 2, 0, 5])]);
        assert_eq!(refusals.first().map(|r| (r.protocol, r.code.as_str())), Some(("mqtt", "5")));
    }

    #[test]
    fn mysql_says_access_denied() {
        let login = [0x20, 0, 0, 2, 0x85, 0xae, 0xff, 0x19, 0, 0, 0, 1, 0x2d, 0, 0, 0];
        let text = b"\xff\x15\x04#28000Access denied for user 'x'@'localhost'";
        let mut error = vec![u8::try_from(text.len()).expect("short"), 0, 0, 3];
        error.extend_from_slice(text);
        let refusals = watch(&[(Role::Client, &login), (Role::Server, &error)]);
        assert_eq!(refusals.first().map(|r| r.code.as_str()), Some("1045"));
    }
}

//! What is said ahead of TLS, protocol by protocol: who asks for the upgrade, and who declines it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::endpoint::{Address, Endpoint};
use crate::preamble::{Tracker, first_line, recognise};
use crate::role::Role;
use crate::seen::{At, Seen};

/// How PROXY headers begin.
const PROXY1: &[u8] = b"PROXY ";
const PROXY2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Whether these bytes begin as a PROXY header does.
pub(super) fn may_be_header(bytes: &[u8]) -> bool {
    matches!(bytes, [b'P' | b'\r', ..])
}

/// Whether these bytes may be the beginning of a PROXY header whose rest is still to come.
pub(super) fn is_partial_header(bytes: &[u8]) -> bool {
    let begun = PROXY1.starts_with(bytes) || PROXY2.starts_with(bytes);
    let whole = || header_len(bytes).is_some_and(|length| length <= bytes.len());
    let long = bytes.len() > 108 && bytes.starts_with(PROXY1);
    !bytes.is_empty() && !long && (begun || (bytes.starts_with(PROXY1) || bytes.starts_with(PROXY2)) && !whole())
}

/// Length of a header that may share its segment with the first TLS record: PROXY v1 or v2, or the
/// head of an HTTP response.
pub(super) fn header_len(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(PROXY1) {
        return bytes.windows(2).take(108).position(|window| window == b"\r\n").map(|at| at + 2);
    }
    if bytes.starts_with(PROXY2) {
        let length = bytes.get(14..16)?;
        return Some(16 + length.iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte)));
    }
    None
}

/// The client that a PROXY header announces.
fn announced(bytes: &[u8]) -> Option<Endpoint> {
    if bytes.starts_with(b"PROXY ") {
        let line = first_line(bytes)?;
        let mut words = line.split(' ').skip(2);
        let address: IpAddr = words.next()?.parse().ok()?;
        let port = words.nth(1)?.parse().ok();
        return Some(Endpoint { address: Address::Ip(address), port });
    }
    let family = bytes.get(13)? >> 4;
    let (address, port_at): (IpAddr, usize) = match family {
        1 => (Ipv4Addr::from(*bytes.get(16..20)?.first_chunk::<4>()?).into(), 24),
        2 => (Ipv6Addr::from(*bytes.get(16..32)?.first_chunk::<16>()?).into(), 48),
        _ => return None,
    };
    let port = bytes.get(port_at..port_at + 2)?.first_chunk::<2>().map(|port| u16::from_be_bytes(*port));
    Some(Endpoint { address: Address::Ip(address), port })
}

impl Tracker {
    /// Reads what `from` said. How many of the bytes are left for when more of them have come.
    pub(super) fn read_messages(&mut self, from: Role, bytes: &[u8], at: At) -> usize {
        let mut rest = bytes;
        if from == Role::Client && self.protocol.is_none() && is_partial_header(rest) {
            return rest.len();
        }
        if from == Role::Client
            && let Some(length) = header_len(rest)
        {
            self.protocol = Some(if rest.starts_with(b"PROXY ") { "proxy-v1" } else { "proxy-v2" });
            self.announced = announced(rest);
            let text = first_line(rest).unwrap_or_else(|| "PROXY protocol header, version 2".to_owned());
            self.line(from, text, at);
            self.asked.get_or_insert((at, "a PROXY header"));
            rest = rest.get(length..).unwrap_or(&[]);
        }
        if from == Role::Server && self.asked.is_none() && self.sides.server.text.starts_with(b"HTTP/") {
            // Until it was asked it offers nothing, and its pages may be long.
            return 0;
        }
        if self.postgresql(from, rest, at) || self.mysql(from, rest, at) || self.socks(from, rest, at) {
            return 0;
        }
        if self.binary(from, rest, at) || self.xmpp(from, rest, at) {
            return 0;
        }
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(end + 1).unwrap_or((rest, &[]));
            rest = after;
            // Most connections without TLS are none of these, and may be binary.
            if self.may_matter(from, line) {
                let text = String::from_utf8_lossy(line).trim_end().to_owned();
                self.text_line(from, &text, at);
            }
        }
        rest.len()
    }

    /// Whether a line may ask for TLS, or answer to that.
    fn may_matter(&self, from: Role, line: &[u8]) -> bool {
        match from {
            Role::Client => line.is_ascii(),
            // Until it was asked, only what it offers to EHLO matters.
            Role::Server => self.asked.is_some() || line.starts_with(b"250"),
        }
    }

    /// One line of a text protocol.
    fn text_line(&mut self, from: Role, text: &str, at: At) {
        if text.is_empty() {
            return;
        }
        let upper = text.to_ascii_uppercase();
        match from {
            Role::Client => self.client_line(text, &upper, at),
            Role::Server => self.server_line(text, &upper, at),
        }
    }

    fn client_line(&mut self, text: &str, upper: &str, at: At) {
        let words: Vec<&str> = upper.split_whitespace().collect();
        let asks = match words.as_slice() {
            ["CONNECT", _, version] if version.starts_with("HTTP/") => Some("http-connect"),
            // ircd's STARTTLS comes ahead of the registration, without a banner.
            ["STARTTLS"] if self.sides.server.text.is_empty() => Some("irc"),
            ["STARTTLS"] => Some(self.named_by_banner("smtp")),
            [_, "STARTTLS"] => Some("imap"),
            ["STLS"] => Some("pop3"),
            ["AUTH", "TLS" | "SSL" | "TLS-C"] => Some("ftp"),
            _ if upper.contains("<STARTTLS") => Some("xmpp"),
            _ => None,
        };
        if let Some(protocol) = asks {
            self.protocol = Some(protocol);
            self.asked = Some((at, protocol));
            self.line(Role::Client, text.to_owned(), at);
        } else if self.protocol.is_none() && matches!(words.first(), Some(&("EHLO" | "LHLO"))) {
            self.line(Role::Client, text.to_owned(), at);
        } else if self.asked.is_none() && self.protocol == Some("smtp") && words.as_slice() != ["QUIT"] {
            // It goes on without TLS.
            self.protocol = None;
            self.not_offered = None;
        }
    }

    /// SMTP: the answer to EHLO is over, and lists no STARTTLS. A client that says no more but QUIT came for it.
    fn offers_no_starttls(&mut self, upper: &str, at: At) {
        let said = |role: Role| String::from_utf8_lossy(&self.sides.of(role).text).to_ascii_uppercase();
        let (client, server) = (said(Role::Client), said(Role::Server));
        let greeted =
            client.trim_end().lines().last().is_some_and(|line| line.starts_with("EHLO ") || line.starts_with("LHLO "));
        if upper.starts_with("250 ") && greeted && self.protocol.is_none() && !server.contains("STARTTLS") {
            self.protocol = Some("smtp");
            self.not_offered.get_or_insert(Seen::read("the answer to EHLO lists no STARTTLS".to_owned(), at));
        }
    }

    /// The text protocol whose banner the server showed.
    fn named_by_banner(&self, otherwise: &'static str) -> &'static str {
        match recognise(&self.sides.server.text).map(|recognised| recognised.protocol) {
            Some(protocol @ ("ftp" | "nntp" | "smtp" | "imap" | "pop3" | "sieve")) => protocol,
            _ if self.sides.server.text.starts_with(b":") => "irc",
            _ => otherwise,
        }
    }

    fn server_line(&mut self, text: &str, upper: &str, at: At) {
        let Some((_, protocol)) = self.asked else {
            self.offers_no_starttls(upper, at);
            return;
        };
        if self.refused.is_some() || self.upgraded.is_some() {
            return;
        }
        let code = upper.split([' ', '-']).next().unwrap_or_default();
        let declined = match protocol {
            "http-connect" => {
                upper.starts_with("HTTP/") && !upper.split(' ').nth(1).is_some_and(|s| s.starts_with('2'))
            }
            "smtp" | "ftp" | "nntp" => matches!(code.as_bytes(), [b'4' | b'5', _, _]),
            "imap" => upper.split_whitespace().nth(1).is_some_and(|word| word == "NO" || word == "BAD"),
            "pop3" => upper.starts_with("-ERR"),
            "sieve" => upper.starts_with("NO") || upper.starts_with("BYE"),
            // ERR_STARTTLS, ERR_UNKNOWNCOMMAND, ERR_NOTREGISTERED.
            "irc" => matches!(upper.split_whitespace().nth(1), Some("691" | "421" | "451")),
            "xmpp" => upper.contains("<FAILURE"),
            _ => false,
        };
        let headers_over = protocol == "http-connect" && !upper.starts_with("HTTP/");
        if !headers_over {
            self.line(Role::Server, text.to_owned(), at);
        }
        if declined {
            self.refused = Some(Seen::read(text.to_owned(), at));
        }
    }

    /// XMPP: elements without line ends (RFC 6120 section 5.4).
    fn xmpp(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        let speaks = |bytes: &[u8]| bytes.starts_with(b"<?xml") || bytes.starts_with(b"<stream:stream");
        if !speaks(&self.sides.client.text) && !self.was_asked_xmpp() {
            return false;
        }
        let text = String::from_utf8_lossy(bytes);
        let head: String = text.chars().take(400).collect();
        let upper = head.to_ascii_uppercase();
        if from == Role::Server && upper.contains("<STREAM:FEATURES") && !upper.contains("XMPP-TLS") {
            self.protocol = Some("xmpp");
            self.not_offered.get_or_insert(Seen::read("the stream's features hold no starttls".to_owned(), at));
        }
        self.text_line(from, head.trim(), at);
        true
    }

    fn was_asked_xmpp(&self) -> bool {
        matches!(self.asked, Some((_, "xmpp")))
    }

    /// PostgreSQL's SSLRequest and its one-byte answer.
    fn postgresql(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        match (from, bytes) {
            (Role::Client, [0, 0, 0, 8, 4, 210, 22, 47]) => {
                self.protocol = Some("postgresql");
                self.asked = Some((at, "postgresql"));
                self.line(from, "SSLRequest".to_owned(), at);
                true
            }
            (Role::Server, [answer, ..]) if matches!(self.asked, Some((_, "postgresql"))) => {
                match answer {
                    b'S' => self.line(from, "S: TLS may begin".to_owned(), at),
                    b'N' => {
                        self.line(from, "N: no TLS here".to_owned(), at);
                        self.refused.get_or_insert(Seen::read("N: the server does not do TLS".to_owned(), at));
                    }
                    _ => {
                        let words = first_line(bytes.get(5..).unwrap_or(&[])).unwrap_or_default();
                        self.refused.get_or_insert(Seen::read(words, at));
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// MySQL: the greeting tells whether TLS is offered, the client's SSLRequest asks for it.
    fn mysql(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        const CLIENT_SSL: u16 = 0x0800;
        match (from, bytes) {
            (Role::Server, [_, _, 0, 0, 10, rest @ ..]) if self.protocol.is_none() => {
                let Some(end) = rest.iter().position(|byte| *byte == 0) else { return false };
                // Version string, thread id (4), salt (8), filler (1), then the capabilities.
                let Some(capabilities) = rest.get(end + 14..end + 16).and_then(<[u8]>::first_chunk::<2>) else {
                    return false;
                };
                self.protocol = Some("mysql");
                let version = String::from_utf8_lossy(rest.get(..end).unwrap_or(&[])).into_owned();
                self.line(from, format!("greeting of {version}"), at);
                if u16::from_le_bytes(*capabilities) & CLIENT_SSL == 0 {
                    let words = format!("the greeting of {version} offers no TLS");
                    self.not_offered = Some(Seen::read(words, at));
                }
                true
            }
            (Role::Client, [32, 0, 0, 1, _, high, ..]) if self.protocol == Some("mysql") && high & 0x08 != 0 => {
                self.asked = Some((at, "mysql"));
                self.line(from, "SSLRequest".to_owned(), at);
                true
            }
            _ => false,
        }
    }

    /// SOCKS5 and SOCKS4: the proxy's refusal.
    fn socks(&mut self, from: Role, bytes: &[u8], at: At) -> bool {
        match (from, bytes) {
            (Role::Client, [5, count, methods @ ..])
                if self.asked.is_none() && methods.len() == usize::from(*count) && (1..=8).contains(count) =>
            {
                self.protocol = Some("socks5");
                self.asked = Some((at, "socks5"));
                self.line(from, "greeting".to_owned(), at);
                true
            }
            (Role::Client, [4, 1, ..]) if self.asked.is_none() && bytes.len() >= 9 && bytes.last() == Some(&0) => {
                self.protocol = Some("socks4");
                self.asked = Some((at, "socks4"));
                self.line(from, "CONNECT".to_owned(), at);
                true
            }
            (Role::Client, [5, 1, 0, ..]) if matches!(self.asked, Some((_, "socks5"))) => {
                self.line(from, "CONNECT".to_owned(), at);
                true
            }
            (Role::Server, [5, 0xff]) if matches!(self.asked, Some((_, "socks5"))) => {
                self.refused = Some(Seen::read("no acceptable authentication method".to_owned(), at));
                true
            }
            (Role::Server, [5, code, 0, ..]) if matches!(self.asked, Some((_, "socks5"))) && bytes.len() >= 4 => {
                // RFC 1928 section 6.
                let words = match code {
                    0 => "succeeded",
                    1 => "general SOCKS server failure",
                    2 => "connection not allowed by ruleset",
                    3 => "network unreachable",
                    4 => "host unreachable",
                    5 => "connection refused",
                    6 => "TTL expired",
                    7 => "command not supported",
                    _ => "address type not supported",
                };
                self.line(from, words.to_owned(), at);
                if *code != 0 {
                    self.refused = Some(Seen::read(format!("SOCKS5 reply {code}: {words}"), at));
                }
                true
            }
            (Role::Server, [1, status]) if matches!(self.asked, Some((_, "socks5"))) && *status != 0 => {
                self.refused = Some(Seen::read("user name or password refused".to_owned(), at));
                true
            }
            (Role::Server, [0, code @ 91..=93, ..]) if matches!(self.asked, Some((_, "socks4"))) => {
                self.refused = Some(Seen::read(format!("SOCKS4 reply {code}: request rejected"), at));
                true
            }
            _ => matches!(self.asked, Some((_, "socks5" | "socks4"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preamble::PreambleOutcome;

    fn told(lines: &[(Role, &str)]) -> Option<(&'static str, Option<String>)> {
        let mut tracker = Tracker::default();
        for (from, text) in lines {
            tracker.feed(*from, text.as_bytes(), At::default());
        }
        let preamble = tracker.finish()?;
        let refused = match preamble.outcome {
            PreambleOutcome::Refused(seen) | PreambleOutcome::NotOffered(seen) => Some(seen.value),
            _ => None,
        };
        Some((preamble.protocol, refused))
    }

    #[test]
    fn upgrades_of_text_protocols_are_named_and_their_refusals_kept() {
        use Role::{Client, Server};
        let sieve = [(Server, "\"IMPLEMENTATION\" \"x\"\r\nOK \"ready\"\r\n"), (Client, "STARTTLS\r\n")];
        assert_eq!(told(&sieve), Some(("sieve", None)));
        let refused = [sieve[0], sieve[1], (Server, "NO \"not here\"\r\n")];
        assert_eq!(told(&refused), Some(("sieve", Some("NO \"not here\"".to_owned()))));
        let nntp = [(Server, "200 news\r\n"), (Client, "STARTTLS\r\n"), (Server, "580 Can not initiate TLS\r\n")];
        assert_eq!(told(&nntp), Some(("nntp", Some("580 Can not initiate TLS".to_owned()))));
        let irc = [(Client, "STARTTLS\r\n"), (Server, ":irc.example 691 * :STARTTLS failed\r\n")];
        assert_eq!(told(&irc), Some(("irc", Some(":irc.example 691 * :STARTTLS failed".to_owned()))));
    }

    #[test]
    fn mail_and_file_transfer_ask_and_are_refused_in_their_own_words() {
        use Role::{Client, Server};
        let refused = |protocol: &'static str, lines: &[(Role, &str)], words: &str| {
            assert_eq!(told(lines), Some((protocol, Some(words.to_owned()))));
        };
        let smtp = [(Server, "220 mail ESMTP\r\n"), (Client, "STARTTLS\r\n"), (Server, "454 TLS not available\r\n")];
        refused("smtp", &smtp, "454 TLS not available");
        let imap = [(Server, "* OK ready\r\n"), (Client, "a1 STARTTLS\r\n"), (Server, "a1 NO not here\r\n")];
        refused("imap", &imap, "a1 NO not here");
        let pop3 = [(Server, "+OK ready\r\n"), (Client, "STLS\r\n"), (Server, "-ERR no\r\n")];
        refused("pop3", &pop3, "-ERR no");
        let ftp = [(Server, "220 (ftp)\r\n"), (Client, "AUTH TLS\r\n"), (Server, "530 Please login\r\n")];
        refused("ftp", &ftp, "530 Please login");
    }

    #[test]
    fn who_leaves_smtp_for_want_of_starttls_came_for_tls() {
        use Role::{Client, Server};
        let greeting = (Server, "220 mail ESMTP\r\n");
        let plain = [greeting, (Client, "EHLO me\r\n"), (Server, "250-mail\r\n250 SIZE\r\n"), (Client, "QUIT\r\n")];
        assert_eq!(told(&plain), Some(("smtp", Some("the answer to EHLO lists no STARTTLS".to_owned()))));
        let mail = [plain[0], plain[1], plain[2], (Client, "MAIL FROM:<a@example.test>\r\n"), plain[3]];
        assert_eq!(told(&mail), None);
    }

    #[test]
    fn a_proxy_that_served_a_page_is_still_heard_when_it_is_asked_to_connect() {
        use Role::{Client, Server};
        let page = format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2_000));
        let get = (Client, "GET http://a.example.test/ HTTP/1.1\r\n\r\n");
        let mut tracker = Tracker::default();
        for (from, text) in [get, (Server, &page)] {
            tracker.feed(from, text.as_bytes(), At::default());
        }
        assert!(tracker.sides.server.pending.is_empty(), "nothing of the page waits for its line's end");
        let connect = (Client, "CONNECT a.example.test:443 HTTP/1.1\r\n\r\n");
        // However it is cut.
        let refused = [get, (Server, &page), connect, (Server, "HTTP/1.1 403 Forb"), (Server, "idden\r\n\r\n")];
        assert_eq!(told(&refused), Some(("http-connect", Some("HTTP/1.1 403 Forbidden".to_owned()))));
    }

    #[test]
    fn a_greeting_without_tls_and_a_proxy_that_says_no() {
        let mut mysql = Tracker::default();
        let greeting = [&[40, 0, 0, 0, 10][..], b"8.0\0", &[0; 13], &[0xff, 0xf7]].concat();
        mysql.feed(Role::Server, &greeting, At::default());
        let told = mysql.finish().expect("a preamble");
        assert!(matches!(told.outcome, PreambleOutcome::NotOffered(_)) && told.protocol == "mysql");
        let mut socks = Tracker::default();
        socks.feed(Role::Client, &[5, 1, 0], At::default());
        socks.feed(Role::Server, &[5, 0xff], At::default());
        let told = socks.finish().expect("a preamble");
        assert!(matches!(told.outcome, PreambleOutcome::Refused(_)) && told.protocol == "socks5");
    }

    #[test]
    fn a_proxy_header_may_be_cut_anywhere() {
        use crate::preamble::{Start, find_tls};
        let hello = [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3];
        let version2 = [PROXY2, &[0x21, 0x11, 0, 12, 192, 0, 2, 1, 192, 0, 2, 2, 0, 80, 1, 187]].concat();
        let version1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 80 443\r\n".to_vec();
        for (header, protocol) in [(version1, "proxy-v1"), (version2, "proxy-v2")] {
            for cut in 1..header.len() {
                let (first, second) = header.split_at(cut);
                let mut tracker = Tracker::default();
                assert_eq!(find_tls(Role::Client, &[], first, &tracker), Start::NotYet);
                tracker.feed(Role::Client, first, At::default());
                let rest = [second, &hello].concat();
                let start = find_tls(Role::Client, tracker.held(Role::Client), &rest, &tracker);
                assert_eq!(start, Start::Tls { skip: second.len() }, "{protocol} cut at {cut}");
                tracker.feed(Role::Client, second, At::default());
                let told = tracker.finish().expect("a preamble");
                assert_eq!(told.protocol, protocol, "cut at {cut}");
                assert!(told.announced_client.is_some(), "{protocol} cut at {cut}");
            }
        }
    }

    #[test]
    fn xmpp_needs_no_line_ends() {
        use Role::{Client, Server};
        let open = (Client, "<?xml version='1.0'?><stream:stream to='example.test'>");
        let ask = (Client, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        let features =
            (Server, "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>");
        assert_eq!(told(&[open, features, ask, (Server, "<proceed/>")]), Some(("xmpp", None)));
        assert_eq!(told(&[open, features, ask, (Server, "<failure/>")]), Some(("xmpp", Some("<failure/>".to_owned()))));
        assert!(told(&[open, (Server, "<stream:features></stream:features>")]).is_some_and(|(_, why)| why.is_some()));
    }
}

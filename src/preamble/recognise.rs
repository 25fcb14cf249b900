//! Which protocol speaks, by its first bytes.

/// A protocol recognised by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognised {
    /// Its word in the report.
    pub protocol: &'static str,
    /// In this protocol the client speaks first.
    pub client_speaks_first: bool,
}

const fn first(protocol: &'static str) -> Option<Recognised> {
    Some(Recognised { protocol, client_speaks_first: true })
}

const fn banner(protocol: &'static str) -> Option<Recognised> {
    Some(Recognised { protocol, client_speaks_first: false })
}

/// Recognises a protocol by its first bytes.
pub fn recognise(bytes: &[u8]) -> Option<Recognised> {
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"TRACE "];
    if METHODS.iter().any(|method| bytes.starts_with(method)) || bytes.starts_with(b"PRI * HTTP/2.0") {
        return first("http");
    }
    if bytes.starts_with(b"HTTP/1.") || bytes.starts_with(b"HTTP/0.") {
        return banner("http");
    }
    if bytes.starts_with(b"SSH-") {
        return banner("ssh");
    }
    if bytes.starts_with(b"PROXY ") {
        return first("proxy-v1");
    }
    if bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n") {
        return first("proxy-v2");
    }
    if bytes.starts_with(b"AMQP") {
        return first("amqp");
    }
    if bytes.first() == Some(&0x10) && bytes.windows(4).take(12).any(|window| window == b"MQTT") {
        return first("mqtt");
    }
    if bytes.starts_with(b"* OK") || bytes.starts_with(b"* PREAUTH") {
        return banner("imap");
    }
    if bytes.starts_with(b"+OK") {
        return banner("pop3");
    }
    if bytes.starts_with(b"EHLO ") || bytes.starts_with(b"HELO ") || bytes.starts_with(b"LHLO ") {
        return first("smtp");
    }
    if bytes.starts_with(b"220 ")
        || bytes.starts_with(b"220-")
        || bytes.starts_with(b"554 ")
        || bytes.starts_with(b"421 ")
    {
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        return banner(if text.contains("ftp") { "ftp" } else { "smtp" });
    }
    if bytes.starts_with(b"200 ") || bytes.starts_with(b"201 ") {
        return banner("nntp");
    }
    if bytes.starts_with(b"\"IMPLEMENTATION\"") {
        return banner("sieve");
    }
    if bytes.starts_with(b"CAP LS") || bytes.starts_with(b"NICK ") {
        return first("irc");
    }
    if matches!(bytes, [3, 0, _, _, _, 0xe0, ..]) {
        return first("rdp");
    }
    if super::TdsUnwrapper::begins(bytes) {
        return first("tds");
    }
    if bytes.starts_with(b"<?xml") || bytes.starts_with(b"<stream:stream") {
        return first("xmpp");
    }
    if matches!(bytes, [0, 0, 0, 8, 4, 210, 22, 47, ..] | [0, 0, 0, _, 0, 3, 0, 0..=2, ..]) {
        return first("postgresql");
    }
    if matches!(bytes, [_, _, 0, 0, 10, b'3'..=b'9' | b'1', ..]) {
        return banner("mysql");
    }
    if bytes.starts_with(b"*1\r\n$") || bytes.starts_with(b"*2\r\n$") || bytes.starts_with(b"*3\r\n$") {
        return first("redis");
    }
    if matches!(bytes, [5, 1..=8, ..]) && bytes.len() <= 10 {
        return first("socks5");
    }
    if matches!(bytes, [4, 1 | 2, _, _, _, _, _, _, ..]) {
        return first("socks4");
    }
    None
}

/// The first line of text, where these bytes are text.
pub fn first_line(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n' || *byte == b'\r').find(|line| !line.is_empty())?;
    let line = line.get(..200).unwrap_or(line);
    let text = line.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte >= 0x80);
    text.then(|| String::from_utf8_lossy(line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_by_their_first_bytes() {
        let protocol = |bytes: &[u8]| recognise(bytes).map(|r| r.protocol);
        assert_eq!(protocol(b"GET / HTTP/1.1\r\n"), Some("http"));
        assert_eq!(protocol(b"220 mail.example ESMTP\r\n"), Some("smtp"));
        assert_eq!(protocol(b"220 (vsFTPd 3.0.3)\r\n"), Some("ftp"));
        assert_eq!(protocol(b"SSH-2.0-OpenSSH_9.2\r\n"), Some("ssh"));
        assert_eq!(protocol(&[0, 0, 0, 8, 4, 210, 22, 47]), Some("postgresql"));
        assert_eq!(protocol(&[0x16, 3, 1]), None);
    }

    #[test]
    fn only_text_is_shown_as_text() {
        assert_eq!(first_line(b"\r\nhello\r\nx"), Some("hello".to_owned()));
        assert_eq!(first_line(&[1, 2, 3]), None);
    }
}

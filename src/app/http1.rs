//! HTTP/1 responses (RFC 9112).

use crate::app::{Refusal, RefusalMeaning, Step, words};

/// How much of a body is waited for.
const BODY: usize = 8 * 1024;

/// Whether these bytes begin a request.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"TRACE "];
    METHODS.iter().any(|method| bytes.starts_with(method))
}

struct Head {
    status: u16,
    line: String,
    server: Option<String>,
    length: Option<usize>,
    body_at: usize,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let mut lines = text.split("\r\n");
    let line = lines.next()?.to_owned();
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let field = |name: &str| {
        text.split("\r\n").skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let no_body = matches!(status, 100..=199 | 204 | 304);
    let length = if no_body { Some(0) } else { field("content-length").and_then(|v| v.parse().ok()) };
    Some(Head { status, line, server: field("server"), length, body_at: end + 4 })
}

fn judge(head: Head, body: &[u8]) -> Option<Refusal> {
    let text = String::from_utf8_lossy(body.get(..BODY.min(body.len())).unwrap_or(body)).into_owned();
    let meaning = words::http(head.status, &text)?;
    let title = words::title(&text);
    let words = match title {
        Some(title) if !title.is_empty() => format!("{} ({title})", head.line),
        _ => head.line,
    };
    Some(Refusal {
        protocol: "http/1.1",
        code: head.status.to_string(),
        meaning,
        text: words,
        server: head.server,
        plaintext: false,
    })
}

/// Reads one response.
pub(super) fn read(bytes: &[u8]) -> Step {
    if !bytes.starts_with(b"HTTP/1.") {
        return if bytes.len() < 7 && b"HTTP/1.".starts_with(bytes) { Step::More } else { resync(bytes) };
    }
    let Some(head) = head(bytes) else {
        return if bytes.len() >= BODY { Step::Lost } else { Step::More };
    };
    let body = bytes.get(head.body_at..).unwrap_or(&[]);
    let refuses = words::http(head.status, "").is_some();
    if !refuses {
        let length = head.length.unwrap_or(body.len());
        return Step::Passed(head.body_at.saturating_add(length));
    }
    if body.len() < head.length.unwrap_or(BODY).min(BODY) {
        return Step::More;
    }
    match judge(head, body) {
        Some(refusal) => Step::Refused(Box::new(refusal)),
        None => Step::Passed(bytes.len()),
    }
}

/// A response of unknown length was passed over: the next one begins somewhere.
fn resync(bytes: &[u8]) -> Step {
    match bytes.windows(7).position(|window| window == b"HTTP/1.") {
        Some(at) => Step::Passed(at),
        None => Step::Passed(bytes.len()),
    }
}

/// The connection ended before the body did.
pub(super) fn unfinished(bytes: &[u8]) -> Option<Refusal> {
    if let Some(head) = head(bytes) {
        let body_at = head.body_at;
        return judge(head, bytes.get(body_at..).unwrap_or(&[]));
    }
    // A server that writes only a status line (Go does, to a client that speaks plaintext).
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next()?.to_owned();
    let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
    let meaning = words::http(status, &text).unwrap_or(RefusalMeaning::Unclear);
    Some(Refusal {
        protocol: "http/1.1",
        code: status.to_string(),
        meaning,
        text: line,
        server: None,
        plaintext: false,
    })
}

//! What the one answer of an application betrays that could not be read: its length, and that the server closed
//! behind it.

use crate::role::Role;
use crate::seen::At;
use crate::session::Session;
use crate::session::inference::overhead12_or_13;

/// What a server's one answer betrays that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenAnswer {
    /// As long as the page by which nginx says that no certificate was sent, or that it did not verify;
    /// and the server closed behind it.
    NginxPage,
    /// As long as the page by which HAProxy or nginx says 403, whatever the reason.
    ForbiddenPage,
    /// A database's first answer, behind which the connection was closed.
    DatabaseError,
    /// An answer of the size of an error page, behind which the server closed.
    ShortAnswer,
    /// Four bytes, behind which the server closed: so an MQTT broker refuses (MQTT 3.1.1 section 3.2.2.3).
    Connack,
    /// A short answer behind which the server closed. Nothing else tells what it says.
    Brief,
}

/// A database's refusal takes at least a code and a sentence, and the record's own overhead.
const SMALLEST_ERROR: usize = 80;
/// Lengths of the names by which nginx and its kin sign their pages: `nginx`, `nginx/1.26.2`,
/// `openresty`, `openresty/1.25.3.1`.
const NGINX_NAMES: &[usize] = &[5, 9, 10, 11, 12, 18, 19, 20];
/// nginx's answer 400 "No required SSL certificate was sent" without its two signatures.
const NGINX_MISSING: usize = 365;
/// nginx's answer 400 "The SSL certificate error" without its two signatures.
const NGINX_INVALID: usize = 343;
/// nginx's answer 403 with `Connection: close`, without its two signatures.
const NGINX_FORBIDDEN: usize = 279;
/// The names of it that most servers have: `nginx`, `nginx/1.26.2`, and openresty's.
const COMMON_NAMES: &[usize] = &[5, 9, 12, 18];
/// The same with `Connection: keep-alive`, for the names that most servers have: `nginx` and `nginx/1.26.2`. Here the
/// client may close first, so that the length alone has to tell.
const NGINX_FORBIDDEN_KEPT: [usize; 2] = [294, 308];
/// HAProxy's answer 403 (2.2 and later), without `connection: close` and with it.
const HAPROXY_FORBIDDEN: [usize; 2] = [189, 208];
/// MQTT 3.1.1: the shortest CONNECT, and CONNACK.
const CONNECT: usize = 14;
const CONNACK: usize = 4;
/// The shortest answer of HTTP that has a header or two.
const SMALLEST_ANSWER: usize = 60;
/// The size of error pages.
const ERROR_PAGE: std::ops::RangeInclusive<usize> = 300..=600;

/// What the server's one encrypted answer looks like, where there was one and the connection was closed
/// right behind it. `empty`: the client had shown no certificate.
pub fn hidden_answer(session: &Session, empty: bool) -> Option<(At, HiddenAnswer)> {
    let (client, server) = (&session.application_data.client, &session.application_data.server);
    let asked_at = client.first?;
    let at = server.first?;
    let [length] = server.closed_lengths.as_slice() else { return None };
    if server.records != 1 || asked_at.packet > at.packet {
        return None;
    }
    let database =
        session.preamble.as_ref().is_some_and(|preamble| matches!(preamble.protocol, "postgresql" | "mysql"));
    let spoke = *length >= SMALLEST_ERROR;
    if database && client.records == 1 && spoke {
        return Some((at, HiddenAnswer::DatabaseError));
    }
    let closed = |role: Role| {
        let goodbye = session.alerts_of(role).map(|seen| seen.packet).find(|packet| *packet >= at.packet);
        let fin = session.tcp.fin.of(role).map(|at| at.packet);
        [goodbye, fin].into_iter().flatten().min()
    };
    let (by_client, by_server) = (closed(Role::Client), closed(Role::Server));
    let overhead = overhead12_or_13(session)?;
    let plain = length.checked_sub(overhead)?;
    let forbidden = HAPROXY_FORBIDDEN.contains(&plain) || NGINX_FORBIDDEN_KEPT.contains(&plain);
    if client.records == 1 && forbidden && (by_client.is_some() || by_server.is_some()) {
        return Some((at, HiddenAnswer::ForbiddenPage));
    }
    let by_server = by_server?;
    if by_client.is_some_and(|by_client| by_client < by_server) {
        return None;
    }
    let nginx = |base: usize, names: &[usize]| names.iter().any(|name| base + 2 * name == plain);
    let asked = client.closed_lengths.first().and_then(|asked| asked.checked_sub(overhead));
    let what = match () {
        () if nginx(if empty { NGINX_MISSING } else { NGINX_INVALID }, NGINX_NAMES) => HiddenAnswer::NginxPage,
        () if nginx(NGINX_FORBIDDEN, COMMON_NAMES) => HiddenAnswer::ForbiddenPage,
        () if plain == CONNACK && client.records == 1 && asked >= Some(CONNECT) => HiddenAnswer::Connack,
        () if ERROR_PAGE.contains(&plain) => HiddenAnswer::ShortAnswer,
        () if (SMALLEST_ANSWER..*ERROR_PAGE.start()).contains(&plain) => HiddenAnswer::Brief,
        () => return None,
    };
    Some((at, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nginx(status: &str, title: &str, connection: &str, name: &str) -> usize {
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>{name}</center>\r\n</body>\r\n</html>\r\n"
        );
        let head = format!(
            "HTTP/1.1 {status}\r\nServer: {name}\r\nDate: Thu, 26 Nov 2026 02:26:11 GMT\r\nContent-Type: text/html\r\n\
             Content-Length: {}\r\nConnection: {connection}\r\n\r\n",
            page.len()
        );
        head.len() + page.len()
    }

    #[test]
    fn the_lengths_are_those_of_nginx_pages() {
        for name in ["nginx", "nginx/1.26.2"] {
            let page = |connection| nginx("403 Forbidden", "403 Forbidden", connection, name);
            assert_eq!(page("close"), NGINX_FORBIDDEN + 2 * name.len());
            assert!(NGINX_FORBIDDEN_KEPT.contains(&page("keep-alive")), "{}", page("keep-alive"));
        }
    }

    #[test]
    fn the_lengths_are_those_of_haproxy_pages() {
        let page = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n";
        let head = |close: &str| {
            format!(
                "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n{close}\r\n",
                page.len()
            )
        };
        assert_eq!(["", "connection: close\r\n"].map(|close| head(close).len() + page.len()), HAPROXY_FORBIDDEN);
    }
}

//! What to do about a cause, by program where one was recognised. `HOST`, `PORT` and the names of files are
//! placeholders; [`filled`] puts in what a session knows of them.

mod clients;
mod general;
mod servers;

use crate::cause::Cause;
use crate::knowledge::stacks;
use crate::role::{Role, Side};
use crate::session::{Stack, StackGuess};

/// Something to do.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// For which cause.
    pub cause: Cause,
    /// Who has to do it.
    pub side: Side,
    /// For whom it is said.
    pub whom: Whom,
    /// Imperative.
    pub text: &'static str,
    /// A command, or lines of the program's configuration.
    pub command: Option<&'static str>,
    /// What is said to the program of that side says the same and more: where there is such a row, this one is left
    /// out.
    pub general: bool,
}

impl Row {
    /// Text and command as they stand in the tables; an empty command is none.
    const fn new(side: Side, whom: Whom, cause: Cause, text: &'static str, command: &'static str) -> Self {
        let command = if command.is_empty() { None } else { Some(command) };
        Self { cause, side, whom, text, command, general: false }
    }

    /// For everybody to whom nothing more precise can be said.
    const fn general(self) -> Self {
        Self { general: true, ..self }
    }
}

const OPENSSL: Whom = Whom::Stack(Stack::OpenSsl);
const JAVA: Whom = Whom::Stack(Stack::Jsse);
const GO: Whom = Whom::Stack(Stack::Go);
const NODE: Whom = Whom::Stack(Stack::Node);

/// For whom something is said.
#[derive(Debug, Clone, Copy)]
pub enum Whom {
    /// Whatever the program.
    Everybody,
    /// For one program.
    Program(&'static Program),
    /// For what is built on a TLS stack, where the program is not known.
    Stack(Stack),
}

impl Whom {
    /// The program's or the stack's name; `None` for everybody.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Self::Everybody => None,
            Self::Program(program) => Some(program.name),
            Self::Stack(stack) => Some(stacks::name(stack)),
        }
    }
}

/// A program, and how it names itself.
#[derive(Debug)]
pub struct Program {
    /// For people.
    pub name: &'static str,
    /// Words that its own name (an HTTP `Server` header, the protocol that it speaks) begins with, in lower case.
    pub words: &'static [&'static str],
}

/// What is known of one side.
#[derive(Debug, Clone, Copy)]
pub struct Speaker<'a> {
    /// What its packets betray.
    pub stack: &'a StackGuess,
    /// The application protocol, where only one kind of program speaks it (`postgresql`, `mqtt`).
    pub protocol: Option<&'a str>,
}

impl Speaker<'_> {
    fn is(&self, program: &Program) -> bool {
        let named = |name: &str| {
            let name = name.to_ascii_lowercase();
            program.words.iter().any(|word| name.starts_with(word))
        };
        self.stack.program.as_deref().is_some_and(named) || self.protocol.is_some_and(named)
    }

    /// The only stack that it can be. Node.js is OpenSSL as well, so the two together are OpenSSL.
    fn stack(&self) -> Option<Stack> {
        match self.stack.candidates.as_ref() {
            [one] => Some(*one),
            [Stack::Node, Stack::OpenSsl] => Some(Stack::OpenSsl),
            _ => None,
        }
    }
}

/// Every remedy there is: for everybody, for servers, for clients.
pub fn all() -> impl Iterator<Item = &'static Row> {
    general::ROWS.iter().chain(servers::ROWS).chain(clients::ROWS)
}

/// What helps against `cause`: first what is said for the programs that take part, as far as they are known;
/// where only the stack is, what is said for that; then what holds for everybody.
pub fn of(cause: Cause, client: Speaker<'_>, server: Speaker<'_>) -> Vec<&'static Row> {
    let mut own: Vec<&Row> = Vec::new();
    for (role, speaker) in [(Role::Client, client), (Role::Server, server)] {
        let rows = || all().filter(|row| row.cause == cause && said_to(row, role));
        let by_program: Vec<&Row> =
            rows().filter(|row| matches!(row.whom, Whom::Program(program) if speaker.is(program))).collect();
        if by_program.is_empty() {
            own.extend(rows().filter(|row| matches!(row.whom, Whom::Stack(stack) if speaker.stack() == Some(stack))));
        } else {
            own.extend(by_program);
        }
    }
    let said_to = |side: Side| own.iter().any(|row| row.side == side);
    let (client, server) = (said_to(Side::Client), said_to(Side::Server));
    let said = |side: Side| match side {
        Side::Client => client,
        Side::Server => server,
        _ => false,
    };
    own.extend(general::ROWS.iter().filter(|row| row.cause == cause && !(row.general && said(row.side))));
    own
}

/// Rows for programs are in the table of the side that the program is.
fn said_to(row: &Row, role: Role) -> bool {
    match row.side {
        Side::Client => role == Role::Client,
        Side::Server => role == Role::Server,
        _ => false,
    }
}

/// `command` with the server's name (or address) and port in the places of `HOST` and `PORT`. What could be
/// anything but a name to a shell is not put in: it came from the network.
pub fn filled(command: &str, host: Option<&str>, port: Option<u16>) -> String {
    let mut filled = command.to_owned();
    if let Some(address) = host.and_then(|host| host.parse::<std::net::IpAddr>().ok()) {
        // An address is no server name (RFC 6066 section 3).
        filled = filled.replace("-servername HOST", "-noservername").replace("DNS:HOST", &format!("IP:{address}"));
        if address.is_ipv6() {
            filled = replaced(&filled, "HOST:PORT", &format!("[{address}]:PORT"));
        }
    }
    if let Some(host) = host.filter(|host| is_plain(host)) {
        filled = replaced(&filled, "HOST", host);
    }
    match port {
        Some(port) => replaced(&filled, "PORT", &port.to_string()),
        None => filled,
    }
}

/// A host name or an IPv4 address. (An IPv6 address needs brackets in some places, and none in others.)
fn is_plain(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (1..=253).contains(&host.len()) && host.bytes().all(plain) && !host.starts_with('-')
}

/// Replaces whole words only: `PROXY:PORT` is the proxy's.
fn replaced(text: &str, word: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let part_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let whole = !before.ends_with(part_of_name) && !after.starts_with(part_of_name) && !before.ends_with("PROXY:");
        out.push_str(before);
        out.push_str(if whole { by } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[&Row]) -> Vec<Option<&'static str>> {
        rows.iter().map(|row| row.whom.label()).collect()
    }

    #[test]
    fn every_cause_has_a_remedy() {
        for cause in Cause::ALL {
            if !matches!(cause, Cause::None | Cause::Unknown) {
                assert!(general::ROWS.iter().any(|row| row.cause == *cause), "{cause} has no remedy");
            }
        }
    }

    #[test]
    fn texts_are_sentences() {
        for row in all() {
            assert!(row.text.ends_with('.') && !row.text.contains("  "), "{}", row.text);
            assert!(row.text.starts_with(|c: char| c.is_ascii_uppercase()), "{}", row.text);
        }
    }

    #[test]
    fn rows_for_programs_say_whose_side_the_program_is_on() {
        for row in servers::ROWS {
            assert!(row.side == Side::Server && row.whom.label().is_some(), "{}", row.text);
        }
        for row in clients::ROWS {
            assert!(row.side == Side::Client && row.whom.label().is_some(), "{}", row.text);
        }
    }

    #[test]
    fn the_program_counts_before_the_stack_and_the_stack_before_everybody() {
        let nobody = StackGuess::default();
        let of = |client: &StackGuess, server: &StackGuess| {
            let [client, server] = [client, server].map(|stack| Speaker { stack, protocol: None });
            texts(&super::of(Cause::ClientCertUntrustedCa, client, server))
        };
        assert!(of(&nobody, &nobody).iter().all(Option::is_none));
        let openssl = StackGuess { candidates: vec![Stack::OpenSsl].into(), ..StackGuess::default() };
        assert_eq!(of(&nobody, &openssl)[..2], [Some("OpenSSL"), None]);
        let nginx = StackGuess { program: Some("nginx/1.22.1".to_owned()), ..openssl.clone() };
        assert_eq!(of(&nobody, &nginx)[..2], [Some("nginx"), None]);
        let either = StackGuess { candidates: vec![Stack::Go, Stack::Nss].into(), ..StackGuess::default() };
        assert!(of(&nobody, &either).iter().all(Option::is_none));
    }

    #[test]
    fn what_a_program_is_told_is_not_told_to_everybody_as_well() {
        let nobody = StackGuess::default();
        let openssl = StackGuess { candidates: vec![Stack::OpenSsl].into(), ..StackGuess::default() };
        let sides = |client: &StackGuess| {
            let [client, server] = [client, &nobody].map(|stack| Speaker { stack, protocol: None });
            let rows = super::of(Cause::ClientCertMissing, client, server);
            rows.iter().filter(|row| row.general).map(|row| row.side).collect::<Vec<_>>()
        };
        assert_eq!(sides(&nobody), [Side::Client, Side::Server]);
        assert_eq!(sides(&openssl), [Side::Server]);
        // A general row has rows of programs that take its place.
        for row in general::ROWS.iter().filter(|row| row.general) {
            assert!(
                all().any(|other| other.cause == row.cause && other.side == row.side && other.whom.label().is_some())
            );
        }
    }

    #[test]
    fn only_what_a_shell_takes_for_a_name_is_put_in() {
        let command = "openssl s_client -connect HOST:PORT -servername HOST; curl -x PROXY:PORT https://HOST:PORT/";
        assert_eq!(
            filled(command, Some("api.example"), Some(8443)),
            "openssl s_client -connect api.example:8443 -servername api.example; curl -x PROXY:PORT https://api.example:8443/"
        );
        assert_eq!(
            filled("-connect HOST:PORT -servername HOST", Some("192.0.2.7"), None),
            "-connect 192.0.2.7:PORT -noservername"
        );
        assert_eq!(
            filled("-connect HOST:PORT -servername HOST; subjectAltName=DNS:HOST", Some("2001:db8::1"), Some(443)),
            "-connect [2001:db8::1]:443 -noservername; subjectAltName=IP:2001:db8::1"
        );
        for hostile in ["a;reboot", "$(id)", "a b", "`x`", "", "-x", "a'b", "2001:db8::1"] {
            assert_eq!(filled("HOST", Some(hostile), None), "HOST", "{hostile}");
        }
        assert_eq!(filled("MYHOST HOSTS PORT1 HOST", Some("a"), Some(1)), "MYHOST HOSTS PORT1 a");
    }
}

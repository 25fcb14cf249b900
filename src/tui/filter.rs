//! The language of `/`: words that all have to be true of a session.
//!
//! `cause:client-cert-*`, `sni:api`, `ip:192.0.2.0/24`, `port:8443`, `version:1.2`, `failed`, free words;
//! `!` before a word turns it round, a comma separates alternatives, quotes keep blanks.

use std::net::IpAddr;

use crate::cause::Cause;
use crate::report::{ClientAuth, Confidence, Decryption, Endpoint, Outcome, Session, Side, Transport};

/// The fields, and what the help says of each.
pub const FIELDS: &[(&str, &str)] = &[
    ("cause", "code of the cause, `*` for any letters"),
    ("sni", "name that the client asked for"),
    ("ip", "address of either side, part of one at a dot, or a network as 10.0.0.0/8"),
    ("client", "address of the client"),
    ("server", "address of the server"),
    ("port", "port of either side, or a range as 8000-8999"),
    ("version", "version chosen or, failing that, offered: 1.2, 1.3"),
    ("outcome", "established, refused, failed, incomplete"),
    ("side", "who has to act: client, server, network, either, capture"),
    ("confidence", "certain, likely, possible"),
    ("auth", "client authentication: not-requested, requested-empty, requested-presented, …"),
    ("decryption", "none-needed, full, handshake-only, no-keys, keys-do-not-fit"),
    ("transport", "tcp, dtls, eap, quic"),
    ("cipher", "cipher suite chosen"),
    ("alpn", "application protocol chosen or offered"),
    ("alert", "name of an alert that was sent"),
    ("subject", "subject of a certificate that was presented"),
    ("stack", "TLS stack or program that a side looks like"),
    ("packet", "number of a packet of the session"),
    ("id", "number of the session"),
];

/// What a session has to be to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    negated: bool,
    any_of: Vec<Test>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Outcome(Vec<&'static str>),
    Text(Field, Pattern),
    Word(Field, Vec<&'static str>),
    Address(Ends, Address),
    Port(u16, u16),
    Number(Field, u64),
    Anywhere(Pattern),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Cause,
    Sni,
    Version,
    Side,
    Confidence,
    Auth,
    Decryption,
    Transport,
    Cipher,
    Alpn,
    Alert,
    Subject,
    Stack,
    Packet,
    Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Client,
    Server,
    Both,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    /// An address, or its first parts.
    Start(String),
    Network(IpAddr, u8),
    Glob(Pattern),
}

/// Why a filter means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// A field that does not exist.
    #[error("there is no field `{0}:` ({known})", known = field_names())]
    NoSuchField(String),
    /// A field without a value.
    #[error("`{0}:` needs a value")]
    NoValue(String),
    /// A value that the field cannot have.
    #[error("`{value}` is not {wanted}")]
    Value {
        /// What was written.
        value: String,
        /// What would be right.
        wanted: String,
    },
    /// A quotation mark without its pair.
    #[error("a quotation mark is not closed")]
    Unclosed,
}

fn field_names() -> String {
    FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl Filter {
    /// Reads a filter. An empty text is the filter that lets all pass.
    ///
    /// # Errors
    /// Where it means nothing.
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        let terms = split(text)?.into_iter().map(|word| term(&word)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { terms })
    }

    /// Whether it lets all pass.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it lets `session` pass.
    pub fn matches(&self, session: &Session) -> bool {
        self.terms.iter().all(|term| term.any_of.iter().any(|test| test.holds(session)) != term.negated)
    }
}

/// Words at blanks, but for those in quotes.
fn split(text: &str) -> Result<Vec<String>, BadFilter> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if quoted {
        return Err(BadFilter::Unclosed);
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn term(word: &str) -> Result<Term, BadFilter> {
    let (negated, word) = match word.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    if let Some((field, value)) = word.split_once(':')
        && !field.is_empty()
        && field.chars().all(|c| c.is_ascii_alphabetic())
    {
        let field = field.to_ascii_lowercase();
        let values: Vec<&str> = value.split(',').filter(|value| !value.is_empty()).collect();
        if !FIELDS.iter().any(|(name, _)| *name == field) {
            return Err(BadFilter::NoSuchField(field));
        }
        if values.is_empty() {
            return Err(BadFilter::NoValue(field));
        }
        let any_of = values.into_iter().map(|value| test(&field, value)).collect::<Result<_, _>>()?;
        return Ok(Term { negated, any_of });
    }
    let lower = word.to_lowercase();
    let outcome = Outcome::ALL.iter().find(|outcome| outcome.name() == lower);
    let test = match outcome {
        Some(outcome) => Test::Outcome(vec![outcome.name()]),
        None => Test::Anywhere(Pattern::new(word)),
    };
    Ok(Term { negated, any_of: vec![test] })
}

fn test(field: &str, value: &str) -> Result<Test, BadFilter> {
    let text = |field| Ok(Test::Text(field, Pattern::new(value)));
    let number = |field| {
        let wrong = |_| BadFilter::Value { value: value.to_owned(), wanted: "a number".to_owned() };
        value.parse().map(|n| Test::Number(field, n)).map_err(wrong)
    };
    match field {
        "cause" => cause(value),
        "sni" => text(Field::Sni),
        "ip" => address(Ends::Both, value),
        "client" => address(Ends::Client, value),
        "server" => address(Ends::Server, value),
        "port" => port(value),
        "version" => text(Field::Version),
        "outcome" => words(value, Outcome::ALL.iter().map(|word| word.name())).map(Test::Outcome),
        "side" => words(value, Side::ALL.iter().map(|word| word.name())).map(|w| Test::Word(Field::Side, w)),
        "confidence" => {
            words(value, Confidence::ALL.iter().map(|word| word.name())).map(|w| Test::Word(Field::Confidence, w))
        }
        "auth" => words(value, ClientAuth::ALL.iter().map(|word| word.name())).map(|w| Test::Word(Field::Auth, w)),
        "decryption" => {
            words(value, Decryption::ALL.iter().map(|word| word.name())).map(|w| Test::Word(Field::Decryption, w))
        }
        "transport" => {
            words(value, Transport::ALL.iter().map(|word| word.name())).map(|w| Test::Word(Field::Transport, w))
        }
        "cipher" => text(Field::Cipher),
        "alpn" => text(Field::Alpn),
        "alert" => text(Field::Alert),
        "subject" => text(Field::Subject),
        "stack" => text(Field::Stack),
        "packet" => number(Field::Packet),
        "id" => number(Field::Id),
        _ => Err(BadFilter::NoSuchField(field.to_owned())),
    }
}

/// A pattern that no code fits can only be a mistake.
fn cause(value: &str) -> Result<Test, BadFilter> {
    let pattern = Pattern::new(value);
    if Cause::ALL.iter().any(|cause| pattern.fits(cause.code())) {
        Ok(Test::Text(Field::Cause, pattern))
    } else {
        Err(BadFilter::Value { value: value.to_owned(), wanted: "a cause".to_owned() })
    }
}

/// The words of a closed set that begin with `value`, or the one that it is.
fn words(value: &str, all: impl Iterator<Item = &'static str>) -> Result<Vec<&'static str>, BadFilter> {
    let value = value.to_lowercase();
    let all: Vec<&'static str> = all.collect();
    let found: Vec<&'static str> = match all.iter().find(|word| **word == value) {
        Some(word) => vec![*word],
        None => all.iter().copied().filter(|word| word.starts_with(&value)).collect(),
    };
    if found.is_empty() {
        return Err(BadFilter::Value { value, wanted: format!("one of {}", all.join(", ")) });
    }
    Ok(found)
}

fn port(value: &str) -> Result<Test, BadFilter> {
    let (low, high) = value.split_once('-').unwrap_or((value, value));
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) if low <= high => Ok(Test::Port(low, high)),
        _ => Err(BadFilter::Value { value: value.to_owned(), wanted: "a port or a range of ports".to_owned() }),
    }
}

fn address(ends: Ends, value: &str) -> Result<Test, BadFilter> {
    let wrong = || BadFilter::Value { value: value.to_owned(), wanted: "an address or a network".to_owned() };
    let value = value.trim_start_matches('[').trim_end_matches(']');
    if let Some((network, bits)) = value.split_once('/') {
        let network: IpAddr = network.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        return if bits <= most { Ok(Test::Address(ends, Address::Network(network, bits))) } else { Err(wrong()) };
    }
    if value.contains(['*', '?']) {
        return Ok(Test::Address(ends, Address::Glob(Pattern::new(value))));
    }
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':')) {
        return Err(wrong());
    }
    // `2001:DB8::0` and `2001:db8::` are the same address.
    let start = value.parse::<IpAddr>().map_or_else(|_| value.to_lowercase(), |address| address.to_string());
    Ok(Test::Address(ends, Address::Start(start)))
}

impl Test {
    fn holds(&self, session: &Session) -> bool {
        match self {
            Self::Outcome(words) => words.contains(&session.outcome.name()),
            Self::Text(field, pattern) => texts(*field, session, &mut |text| pattern.fits(text)),
            Self::Word(field, words) => words.contains(&word_of(*field, session)),
            Self::Address(ends, address) => {
                let client = *ends != Ends::Server && address.fits(&session.client);
                client || *ends != Ends::Client && address.fits(&session.server)
            }
            Self::Port(low, high) => [&session.client, &session.server]
                .iter()
                .any(|end| end.port.is_some_and(|port| (*low..=*high).contains(&port))),
            Self::Number(Field::Id, id) => session.id == *id,
            Self::Number(_, packet) => {
                (session.first_packet..=session.last_packet).contains(packet)
                    && session.timeline.iter().any(|entry| entry.packet == *packet)
            }
            Self::Anywhere(pattern) => {
                const EVERY: &[Field] = &[
                    Field::Cause,
                    Field::Sni,
                    Field::Version,
                    Field::Cipher,
                    Field::Alpn,
                    Field::Alert,
                    Field::Subject,
                    Field::Stack,
                ];
                EVERY.iter().any(|field| texts(*field, session, &mut |text| pattern.fits(text)))
                    || pattern.fits(&session.client.to_string())
                    || pattern.fits(&session.server.to_string())
                    || pattern.fits(&session.diagnosis.summary)
                    || session.preamble.as_deref().is_some_and(|text| pattern.fits(text))
            }
        }
    }
}

fn word_of(field: Field, session: &Session) -> &'static str {
    match field {
        Field::Side => session.diagnosis.side.name(),
        Field::Confidence => session.diagnosis.confidence.name(),
        Field::Auth => session.tls.client_auth.name(),
        Field::Decryption => session.tls.decryption.name(),
        Field::Transport => session.transport.name(),
        _ => "",
    }
}

/// Whether `fits` says yes to any text of that field.
fn texts(field: Field, session: &Session, fits: &mut dyn FnMut(&str) -> bool) -> bool {
    let tls = &session.tls;
    let hello = session.client_hello.as_ref();
    match field {
        Field::Cause => fits(&session.diagnosis.cause),
        Field::Sni => tls.server_name.as_deref().is_some_and(fits),
        Field::Version => match &tls.version {
            Some(version) => fits(version),
            None => hello.is_some_and(|hello| match &hello.supported_versions {
                Some(list) => list.iter().filter_map(|code| code.name.as_deref()).any(fits),
                None => fits(&hello.version),
            }),
        },
        Field::Cipher => tls.cipher_suite.as_deref().is_some_and(fits),
        Field::Alpn => match &tls.alpn {
            Some(alpn) => fits(alpn),
            None => hello.and_then(|hello| hello.alpn.as_ref()).is_some_and(|list| list.iter().any(|one| fits(one))),
        },
        Field::Alert => session.alerts.iter().filter_map(|alert| alert.description.as_deref()).any(fits),
        Field::Subject => {
            [&session.certificates.client, &session.certificates.server].into_iter().flatten().flatten().any(
                |certificate| {
                    let names = certificate.subject_alternative_names.iter().flatten().map(String::as_str);
                    certificate.subject.as_deref().into_iter().chain(names).any(&mut *fits)
                },
            )
        }
        Field::Stack => session
            .stack
            .iter()
            .flat_map(|stacks| [&stacks.client, &stacks.server])
            .flatten()
            .any(|stack| stack.guess.iter().map(AsRef::as_ref).chain(stack.program.as_deref()).any(&mut *fits)),
        Field::Side
        | Field::Confidence
        | Field::Auth
        | Field::Decryption
        | Field::Transport
        | Field::Packet
        | Field::Id => false,
    }
}

impl Address {
    fn fits(&self, end: &Endpoint) -> bool {
        match self {
            Self::Glob(pattern) => pattern.fits(&end.address),
            Self::Network(network, bits) => {
                end.address.parse().is_ok_and(|address: IpAddr| in_network(address, *network, *bits))
            }
            // `10.1` is 10.1.0.0/16, and not 10.10.
            Self::Start(start) => end
                .address
                .strip_prefix(start.as_str())
                .is_some_and(|rest| rest.is_empty() || start.ends_with(['.', ':']) || rest.starts_with(['.', ':'])),
        }
    }
}

fn in_network(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0);
            u32::from(address) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0);
            u128::from(address) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

/// Letters, with `*` for any number of any, and `?` for one. Without them, a part of the text suffices.
/// Upper and lower case are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    lower: Vec<char>,
    glob: bool,
}

impl Pattern {
    /// The pattern as it was typed.
    pub fn new(text: &str) -> Self {
        Self { lower: text.chars().flat_map(char::to_lowercase).collect(), glob: text.contains(['*', '?']) }
    }

    /// Whether `text` fits.
    pub fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        if self.glob {
            return glob(&self.lower, &text);
        }
        self.lower.is_empty() || text.windows(self.lower.len()).any(|part| part == self.lower)
    }
}

/// Greedy with one step back, so that no pattern takes more than the product of both lengths.
fn glob(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(here) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(wanted) if wanted == c || *wanted == '?' => {
                at += 1;
                here += 1;
            }
            _ => match star {
                Some((star_at, star_here)) => {
                    star = Some((star_at, star_here + 1));
                    at = star_at + 1;
                    here = star_here + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn fits(filter: &str, session: &Session) -> bool {
        Filter::parse(filter).expect("a filter").matches(session)
    }

    #[test]
    fn fields_and_words_are_all_to_be_true() {
        let expired = sample::expired();
        for filter in [
            "",
            "cause:client-cert-*",
            "cause:expired",
            "sni:payments",
            "sni:PAYMENTS.*.example",
            "ip:192.0.2.10",
            "ip:192.0.2",
            "ip:198.51.100.0/24",
            "client:192.* server:198.*",
            "port:8443",
            "port:8000-9000",
            "version:1.2",
            "outcome:failed",
            "outcome:fail,refused",
            "failed expired",
            "!established !refused",
            "!cause:no-common-*",
            "alert:certificate_expired",
            "subject:\"O = Example\"",
            "auth:requested-presented",
            "packet:9 id:1",
            "side:client confidence:certain decryption:no-keys transport:tcp",
            "stack:openssl",
            "batch-worker",
        ] {
            assert!(fits(filter, &expired), "{filter}");
        }
        for filter in [
            "refused",
            "cause:server-cert-*",
            "ip:192.0.2.1",
            "ip:192.0.20",
            "client:198.51.100.7",
            "ip:10.0.0.0/8",
            "port:443",
            "version:1.3",
            "failed nonsense",
            "!failed",
            "packet:3",
            "sni:payments?",
        ] {
            assert!(!fits(filter, &expired), "{filter}");
        }
    }

    #[test]
    fn addresses_of_version_6_are_compared_as_addresses() {
        let session = sample::encrypted();
        for filter in ["ip:2001:db8::10", "ip:2001:DB8:0::10", "ip:2001:db8::/32", "ip:2001:db8:", "ip:[2001:db8::10]"]
        {
            assert!(fits(filter, &session), "{filter}");
        }
        assert!(!fits("ip:2001:db8::1", &session));
        assert!(fits("ip:::/0", &session) && fits("ip:0.0.0.0/0", &sample::expired()));
    }

    #[test]
    fn a_filter_that_means_nothing_says_why() {
        let said = |filter: &str| Filter::parse(filter).expect_err("refused").to_string();
        assert!(said("colour:red").starts_with("there is no field `colour:` (cause, sni, ip"));
        assert_eq!(said("cause:"), "`cause:` needs a value");
        assert_eq!(said("cause:client-cert-vanished"), "`client-cert-vanished` is not a cause");
        assert_eq!(said("outcome:happy"), "`happy` is not one of established, refused, failed, incomplete");
        assert_eq!(said("port:https"), "`https` is not a port or a range of ports");
        assert_eq!(said("ip:localhost"), "`localhost` is not an address or a network");
        assert_eq!(said("ip:10.0.0.0/40"), "`10.0.0.0/40` is not an address or a network");
        assert_eq!(said("sni:\"a b"), "a quotation mark is not closed");
    }

    #[test]
    fn every_field_of_the_help_is_known() {
        for (field, _) in FIELDS {
            let value = match *field {
                "cause" => "unknown",
                "ip" | "client" | "server" => "10.0.0.1",
                "port" | "packet" | "id" => "1",
                "outcome" => "failed",
                "side" => "client",
                "confidence" => "likely",
                "auth" => "unknown",
                "decryption" => "full",
                "transport" => "quic",
                _ => "x",
            };
            assert!(Filter::parse(&format!("{field}:{value}")).is_ok(), "{field}");
        }
    }

    #[test]
    fn patterns_take_no_longer_than_they_must() {
        assert!(Pattern::new("a*b*c").fits("aXXbYYc") && !Pattern::new("a*b").fits("aXXbYY"));
        assert!(Pattern::new("ÄPFEL").fits("zwei äpfel"));
        let hostile = "a*".repeat(30);
        assert!(!Pattern::new(&format!("{hostile}b")).fits(&"a".repeat(5_000)));
    }
}

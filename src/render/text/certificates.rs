//! The certificates that a verdict speaks of, with what is wrong marked where it stands.

use std::io::{self, Write};

use crate::render::text::page::{Page, Spans, Tone};
use crate::render::text::{human, some_of};
use crate::report::{Certificate, Certificates, PublicKey, Role, Session, UnreadCertificate, Validity};
use crate::time::Elapsed;

/// Width of the column of labels.
const LABELS: usize = 9;

/// The certificates of the side that the verdict speaks of.
pub(super) fn that_matter<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    match accused(session) {
        Some(role) => chain(page, session, role),
        None => Ok(()),
    }
}

/// The certificates of both sides.
pub(super) fn all<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    chain(page, session, Role::Server)?;
    chain(page, session, Role::Client)
}

/// Whose certificate the cause is about, or else the likeliest of its alternatives.
fn accused(session: &Session) -> Option<Role> {
    let about = |code: &str| match code {
        _ if code.starts_with("client-cert-") => Some(Role::Client),
        _ if code.starts_with("server-cert-") => Some(Role::Server),
        _ => None,
    };
    let alternatives = session.diagnosis.alternatives.iter().map(|other| other.cause.as_str());
    std::iter::once(session.diagnosis.cause.as_str()).chain(alternatives).find_map(about)
}

fn of(certificates: &Certificates, role: Role) -> (Option<&[Certificate]>, Option<&UnreadCertificate>) {
    match role {
        Role::Client => (certificates.client.as_deref(), certificates.client_unread.as_ref()),
        Role::Server => (certificates.server.as_deref(), certificates.server_unread.as_ref()),
    }
}

fn chain<W: Write>(page: &mut Page<'_, W>, session: &Session, role: Role) -> io::Result<()> {
    let (chain, unread) = of(&session.certificates, role);
    let title = match role {
        Role::Client => "Client certificate",
        Role::Server => "Server certificate",
    };
    if let Some(unread) = unread {
        page.heading(title, &format!("packet {}", unread.packet))?;
        let size = unread.approximate_length.map(|n| format!(", about {n} bytes")).unwrap_or_default();
        let text = format!("Encrypted{size}: the key log of this session would show it.");
        return page.flow(Spans::of(Tone::Plain, "    "), Spans::of(Tone::Plain, text));
    }
    let Some((leaf, rest)) = chain.and_then(<[Certificate]>::split_first) else { return Ok(()) };
    page.heading(title, &format!("packet {}", leaf.packet))?;
    let flaws = Flaws { session, role };
    whole(page, leaf, &flaws)?;
    for issuer in rest {
        if page.style.verbose {
            page.blank()?;
            whole(page, issuer, &Flaws { session, role })?;
        } else {
            short(page, issuer)?;
        }
    }
    Ok(())
}

/// What is wrong with which part of a leaf, by the verdict's code.
pub(crate) struct Flaws<'a> {
    pub(crate) session: &'a Session,
    pub(crate) role: Role,
}

impl Flaws<'_> {
    /// The part of the code after `client-cert-` or `server-cert-`, where it is about this side's leaf.
    fn kind(&self, certificate: &Certificate) -> Option<&str> {
        let prefix = match self.role {
            Role::Client => "client-cert-",
            Role::Server => "server-cert-",
        };
        self.session.diagnosis.cause.strip_prefix(prefix).filter(|_| certificate.position == 0)
    }

    fn is(&self, certificate: &Certificate, kinds: &[&str]) -> bool {
        self.kind(certificate).is_some_and(|kind| kinds.contains(&kind))
    }

    pub(crate) fn issuer(&self, certificate: &Certificate) -> Option<&'static str> {
        if certificate.self_signed && self.kind(certificate).is_some() {
            return Some("self-signed");
        }
        match self.kind(certificate)? {
            "untrusted-ca" => Some("not trusted by the peer"),
            "chain-incomplete" => Some("its certificate was not sent along"),
            "self-signed" => Some("self-signed"),
            _ => None,
        }
    }

    pub(crate) fn key(&self, certificate: &Certificate) -> Option<&'static str> {
        match self.kind(certificate)? {
            "weak" => Some("too weak for the peer, the key or the digest"),
            "key-mismatch" => Some("the signature was made with another key"),
            "unsupported-algorithm" => Some("not allowed by the peer"),
            _ => None,
        }
    }

    pub(crate) fn name(&self, certificate: &Certificate) -> Option<String> {
        let asked = self.session.tls.server_name.as_deref();
        self.is(certificate, &["name-mismatch"])
            .then(|| asked.map_or_else(|| "not the name asked for".to_owned(), |name| format!("none is {name}")))
    }

    pub(crate) fn usage(&self, certificate: &Certificate) -> Option<&'static str> {
        self.is(certificate, &["wrong-usage"]).then_some(match self.role {
            Role::Client => "not for client authentication",
            Role::Server => "not for server authentication",
        })
    }
}

fn flawed(value: Spans, flaw: Option<impl AsRef<str>>) -> Spans {
    match flaw {
        Some(flaw) => value.add(Tone::Plain, "  ").add(Tone::Bad, format!("✗ {}", flaw.as_ref())),
        None => value,
    }
}

fn whole<W: Write>(page: &mut Page<'_, W>, certificate: &Certificate, flaws: &Flaws<'_>) -> io::Result<()> {
    let plain = |text: &str| Spans::of(Tone::Plain, text);
    let mut row = |label: &str, value: Spans| {
        if value.is_empty() { Ok(()) } else { page.row(4, label, LABELS, value) }
    };
    row("subject", Spans::of(Tone::Strong, certificate.subject.as_deref().unwrap_or("(empty)")))?;
    row("issuer", flawed(plain(certificate.issuer.as_deref().unwrap_or("(empty)")), flaws.issuer(certificate)))?;
    row("valid", validity(certificate))?;
    let name_flaw = flaws.name(certificate);
    match &certificate.subject_alternative_names {
        Some(names) => row("names", flawed(plain(&some_of(names, 8)), name_flaw))?,
        None if name_flaw.is_some() || flaws.role == Role::Server && certificate.position == 0 => {
            row("names", flawed(plain("no subjectAltName"), name_flaw))?;
        }
        None => {}
    }
    row("usage", flawed(plain(&usage(certificate)), flaws.usage(certificate)))?;
    row("key", flawed(plain(&key(certificate)), flaws.key(certificate)))?;
    for problem in &certificate.problems {
        row("damaged", Spans::of(Tone::Bad, "✗ ").add(Tone::Plain, problem))?;
    }
    if page.style.verbose {
        verbose(page, certificate)?;
    }
    Ok(())
}

fn verbose<W: Write>(page: &mut Page<'_, W>, certificate: &Certificate) -> io::Result<()> {
    let mut row = |label: &str, value: &str| {
        if value.is_empty() { Ok(()) } else { page.row(4, label, LABELS, Spans::of(Tone::Dim, value)) }
    };
    row("serial", certificate.serial.as_deref().unwrap_or(""))?;
    row("sha256", &certificate.fingerprint_sha256)?;
    row("key id", certificate.subject_key_id.as_deref().unwrap_or(""))?;
    row("by key", certificate.authority_key_id.as_deref().unwrap_or(""))?;
    row("issuers", &certificate.ca_issuers.join(" "))?;
    row("ocsp", &certificate.ocsp.join(" "))?;
    row("crl", &certificate.crl.join(" "))?;
    row("has", &certificate.extensions.join(", "))
}

/// A further certificate of the chain, on a line or two.
fn short<W: Write>(page: &mut Page<'_, W>, certificate: &Certificate) -> io::Result<()> {
    let subject = certificate.subject.as_deref().unwrap_or("(empty)");
    let by = if certificate.self_signed {
        ", self-signed".to_owned()
    } else {
        format!(", issued by {}", certificate.issuer.as_deref().unwrap_or("(empty)"))
    };
    let mut value = Spans::of(Tone::Plain, subject).add(Tone::Dim, by);
    if certificate.validity.is_some_and(|validity| validity != Validity::Valid) {
        value = flawed(value, lapse(certificate));
    }
    page.row(4, "then", LABELS, value)
}

fn validity(certificate: &Certificate) -> Spans {
    let (Some(start), Some(end)) = (&certificate.not_before, &certificate.not_after) else { return Spans::new() };
    let value = Spans::of(Tone::Plain, format!("{} to {}", human(start), human(end)));
    match certificate.validity {
        Some(Validity::Expired | Validity::NotYetValid) => flawed(value, lapse(certificate)),
        Some(Validity::Valid) => {
            let left = certificate.expires_in_s.map(span).unwrap_or_default();
            value.add(Tone::Plain, "  ").add(Tone::Good, format!("✓ {left} left"))
        }
        None => value,
    }
}

/// By how much the moment of the handshake lies outside of the validity.
pub(crate) fn lapse(certificate: &Certificate) -> Option<String> {
    match certificate.validity? {
        Validity::Expired => Some(format!("expired {} before the handshake", span(certificate.expires_in_s?))),
        Validity::NotYetValid => {
            Some(format!("not valid until {} after the handshake", span(certificate.valid_since_s?)))
        }
        Validity::Valid => None,
    }
}

/// A span of seconds, without its sign.
pub(crate) fn span(seconds: i64) -> String {
    Elapsed(seconds.saturating_abs().saturating_mul(1_000_000_000)).to_string()
}

/// What a certificate may be used for.
pub(crate) fn usage(certificate: &Certificate) -> String {
    let mut parts = Vec::new();
    if let Some(basic) = certificate.basic_constraints.as_ref().filter(|basic| basic.ca) {
        parts.push(match basic.path_length {
            Some(length) => format!("CA (path length {length})"),
            None => "CA".to_owned(),
        });
    }
    match &certificate.extended_key_usage {
        Some(list) => parts.push(list.join(", ")),
        None => parts.push("any extended usage".to_owned()),
    }
    if let Some(list) = &certificate.key_usage {
        parts.push(list.join(", "));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// Its key, and how it was signed.
pub(crate) fn key(certificate: &Certificate) -> String {
    let key = certificate.key.as_ref().map(|PublicKey { algorithm, size, curve }| match (curve, size) {
        (Some(curve), _) => format!("{algorithm} {curve}"),
        (None, Some(size)) => format!("{algorithm} {size} bits"),
        (None, None) => algorithm.clone(),
    });
    let signed = certificate.signature_algorithm.as_ref().map(|name| format!("signed with {name}"));
    [key, signed].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

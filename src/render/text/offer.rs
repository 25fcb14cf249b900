//! What one side offered or asked for, where the verdict is about that.

use std::io::{self, Write};

use crate::render::text::page::{Page, Spans, Tone};
use crate::render::text::some_of;
use crate::report::{CertificateRequest, ClientHello, CodePoint, Session};

/// Width of the column of labels.
const LABELS: usize = 12;

/// The ClientHello's lists, where nothing in common was found; the CertificateRequest, where the
/// client's certificate is in question.
pub(super) fn that_matters<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    let cause = session.diagnosis.cause.as_str();
    if cause.starts_with("client-cert-")
        && let Some(request) = session.certificate_request.as_ref().filter(|request| !request.inferred)
    {
        return asked(page, request);
    }
    match &session.client_hello {
        Some(hello) if shows_offer(cause) => offered(page, hello, cause),
        _ => Ok(()),
    }
}

fn shows_offer(cause: &str) -> bool {
    cause.starts_with("no-common-")
        || matches!(cause, "inappropriate-fallback" | "unrecognized-name" | "server-cert-missing" | "missing-extension")
}

fn asked<W: Write>(page: &mut Page<'_, W>, request: &CertificateRequest) -> io::Result<()> {
    page.heading("What the server asked for", &format!("packet {}", request.packet))?;
    let shown = if page.style.verbose { usize::MAX } else { 4 };
    let issuers = match request.certificate_authorities.as_deref() {
        Some([]) => Some("any (it names none)".to_owned()),
        Some([one]) => Some(one.clone()),
        Some(many) => Some(several(many, shown)),
        None => None,
    };
    row(page, "issuers", issuers)?;
    row(page, "types", request.certificate_types.as_deref().map(|list| names(list, shown)))?;
    row(page, "signatures", request.signature_algorithms.as_deref().map(|list| names(list, shown)))?;
    row(page, "in certs", request.signature_algorithms_cert.as_deref().map(|list| names(list, shown)))?;
    row(page, "OID filters", request.oid_filters.as_deref().map(|list| some_of(list, shown)))
}

/// Names have commas of their own.
fn several(names: &[String], shown: usize) -> String {
    let head: Vec<&str> = names.iter().take(shown).map(String::as_str).collect();
    match names.len().saturating_sub(shown) {
        0 => head.join("; "),
        more => format!("{}; and {more} more", head.join("; ")),
    }
}

fn offered<W: Write>(page: &mut Page<'_, W>, hello: &ClientHello, cause: &str) -> io::Result<()> {
    page.heading("What the client offered", &format!("packet {}", hello.packet))?;
    // The list that nothing fitted in whole, the others by their heads.
    let shown = |about: &str| if page.style.verbose || cause.contains(about) { usize::MAX } else { 4 };
    let (versions, suites, groups) = (shown("version"), shown("cipher"), shown("group"));
    let (schemes, alpn) = (shown("signature"), shown("alpn"));
    row(page, "name", hello.server_name.clone())?;
    let listed = hello.supported_versions.as_deref().map(|list| names(list, versions));
    row(page, "versions", Some(listed.unwrap_or_else(|| format!("up to {}", hello.version))))?;
    row(page, "suites", Some(names(&hello.cipher_suites, suites)))?;
    row(page, "groups", hello.supported_groups.as_deref().map(|list| names(list, groups)))?;
    row(page, "signatures", hello.signature_algorithms.as_deref().map(|list| names(list, schemes)))?;
    row(page, "ALPN", hello.alpn.as_deref().map(|list| some_of(list, alpn)))
}

fn row<W: Write>(page: &mut Page<'_, W>, label: &str, value: Option<String>) -> io::Result<()> {
    match value.filter(|value| !value.is_empty()) {
        Some(value) => page.row(4, label, LABELS, Spans::of(Tone::Plain, value)),
        None => Ok(()),
    }
}

/// Names of code points, without those of RFC 8701, which mean nothing.
fn names(list: &[CodePoint], shown: usize) -> String {
    let names: Vec<String> =
        list.iter().filter(|code| code.name.as_deref() != Some("GREASE")).map(CodePoint::display).collect();
    some_of(&names, shown)
}

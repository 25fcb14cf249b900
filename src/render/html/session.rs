//! One session of the page: its verdict, what it stands on, what to do, timeline and certificates.

use std::fmt::Write as _;

use crate::render::html::{class, ladder, text};
use crate::render::text::{decryption, human, negotiated, who_acts};
use crate::report::{
    Certificate, CodePoint, Confidence, NO_CAUSE, Outcome, Report, Role, Session, Side, UnreadCertificate, Validity,
};
use crate::time::{Elapsed, Rfc3339};

/// Everything about one session.
pub(super) fn article(page: &mut String, report: &Report, session: &Session, open: bool) {
    let (glyph, class) = class(session.outcome);
    let _ = write!(
        page,
        "<article id=\"s{id}\"><details{open}><summary><span class=\"{class}\">{glyph} {outcome}</span> {id}: {client} → {server}\
         {cause}</summary>\n<p class=\"verdict\">{summary}</p>\n",
        id = session.id,
        open = if open { " open" } else { "" },
        outcome = session.outcome,
        client = text(&session.client.to_string()),
        server = text(&session.server.to_string()),
        cause = match session.diagnosis.cause.as_str() {
            NO_CAUSE => String::new(),
            cause => format!(" <code>{}</code>", text(cause)),
        },
        summary = text(&session.diagnosis.summary),
    );
    facts(page, report, session);
    why(page, session);
    remedies(page, session);
    if !session.timeline.is_empty() {
        page.push_str("<h3>Timeline</h3>\n");
        ladder::svg(page, session);
    }
    certificates(page, session);
    offer(page, session);
    doubts(page, session);
    page.push_str("</details></article>\n");
}

fn facts(page: &mut String, report: &Report, session: &Session) {
    let capture = usize::try_from(session.capture).ok().and_then(|index| report.captures.get(index));
    let sure = match session.diagnosis.confidence {
        Confidence::Certain => "certain: the packets prove it",
        Confidence::Likely => "likely: it fits the packets best",
        Confidence::Possible => "possible: one of several that fit",
    };
    let failed = session.diagnosis.cause != NO_CAUSE;
    let stack = |role: Role| {
        let stacks = session.stack.as_ref()?;
        let stack = match role {
            Role::Client => stacks.client.as_ref(),
            Role::Server => stacks.server.as_ref(),
        }?;
        let names: Vec<&str> =
            stack.program.iter().map(String::as_str).chain(stack.guess.iter().map(AsRef::as_ref)).collect();
        Some(names.join(" · "))
    };
    let rows = [
        ("confidence", failed.then(|| sure.to_owned())),
        ("has to act", failed.then(|| who_acts(session).to_owned())),
        ("negotiated", Some(negotiated(session).join(" · "))),
        ("client auth", Some(session.tls.client_auth.to_string())),
        ("decryption", decryption(session.tls.decryption).map(str::to_owned)),
        ("client looks like", stack(Role::Client)),
        ("server looks like", stack(Role::Server)),
        (
            "when",
            Some(format!("{}, for {}", human(&session.start), Elapsed(session.duration_us.saturating_mul(1_000)))),
        ),
        (
            "packets",
            Some(format!(
                "{} to {} of {}",
                session.first_packet,
                session.last_packet,
                capture.map_or("", |capture| capture.path.as_str())
            )),
        ),
        ("announced client", session.announced_client.as_ref().map(ToString::to_string)),
        ("JA4", session.tls.ja4.clone()),
    ];
    page.push_str("<dl class=\"facts\">");
    for (name, value) in rows {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = write!(page, "<dt>{name}<dd>{}", text(&value));
        }
    }
    page.push_str("</dl>\n");
}

fn why(page: &mut String, session: &Session) {
    let diagnosis = &session.diagnosis;
    if !diagnosis.evidence.is_empty() {
        page.push_str("<h3>Why</h3>\n<ul>");
        for evidence in &diagnosis.evidence {
            let _ = write!(page, "<li><b>packet {}</b>: {}", evidence.packet, text(&evidence.text));
        }
        page.push_str("</ul>\n");
    }
    if !diagnosis.explanation.is_empty() {
        let _ = writeln!(page, "<p>{}</p>", text(&diagnosis.explanation));
    }
}

fn remedies(page: &mut String, session: &Session) {
    if session.diagnosis.remedies.is_empty() {
        return;
    }
    page.push_str("<h3>What to do</h3>\n<ol>");
    for remedy in &session.diagnosis.remedies {
        let whom = match remedy.side {
            Side::Either | Side::None | Side::Unknown => String::new(),
            side => format!("<b>{side}</b>: "),
        };
        let _ = write!(page, "<li>{whom}{}", text(&remedy.text));
        if let Some(command) = &remedy.command {
            let lines: Vec<String> = command.lines().map(text).collect();
            let _ = write!(page, "<pre>{}</pre>", lines.join("\n"));
        }
    }
    page.push_str("</ol>\n");
}

fn certificates(page: &mut String, session: &Session) {
    let sent = &session.certificates;
    chain(page, Role::Client, sent.client.as_deref(), sent.client_unread.as_ref());
    chain(page, Role::Server, sent.server.as_deref(), sent.server_unread.as_ref());
}

fn chain(page: &mut String, role: Role, chain: Option<&[Certificate]>, unread: Option<&UnreadCertificate>) {
    if chain.is_none() && unread.is_none() {
        return;
    }
    let _ = writeln!(page, "<h3>Certificates of the {role}</h3>");
    if let Some(unread) = unread {
        let _ = writeln!(page, "<p>Sent in packet {}, and not to be read.</p>", unread.packet);
    }
    match chain {
        None => {}
        Some([]) => page.push_str("<p>None: it answered with an empty Certificate.</p>\n"),
        Some(chain) => {
            page.push_str(
                "<div class=\"scroll\"><table><tr><th>#<th>subject, issuer<th>valid<th>key<th>names, usage</tr>\n",
            );
            chain.iter().for_each(|certificate| row(page, certificate));
            page.push_str("</table></div>\n");
        }
    }
}

fn row(page: &mut String, certificate: &Certificate) {
    let name = |name: &Option<String>| name.as_deref().map_or_else(|| "(empty)".to_owned(), text);
    let date = |time: &Option<Rfc3339>| text(time.as_deref().and_then(|time| time.get(..10)).unwrap_or("?"));
    let (mark, class) = match certificate.validity {
        Some(Validity::Expired) => ("expired", "bad"),
        Some(Validity::NotYetValid) => ("not yet valid", "bad"),
        Some(Validity::Valid) => ("valid", "good"),
        None => ("", ""),
    };
    let key = certificate.key.as_ref().map_or_else(String::new, |key| {
        let size = key.size.map(|size| format!(" {size}")).unwrap_or_default();
        let curve = key.curve.as_ref().map(|curve| format!(" {curve}")).unwrap_or_default();
        format!("{}{size}{curve}", key.algorithm)
    });
    let _ = write!(
        page,
        "<tr><td class=\"n\">{}<td class=\"mono\">{}<div class=\"dim\">by {}{}</div><div class=\"dim\">sha256 {}</div>\
         <td>{} to {}<div class=\"{class}\">{mark}</div><td>{}<div class=\"dim\">{}</div><td>",
        certificate.position,
        name(&certificate.subject),
        name(&certificate.issuer),
        if certificate.self_signed { " (itself)" } else { "" },
        text(&certificate.fingerprint_sha256),
        date(&certificate.not_before),
        date(&certificate.not_after),
        text(&key),
        text(certificate.signature_algorithm.as_deref().unwrap_or_default())
    );
    let mut usage: Vec<String> = certificate.subject_alternative_names.clone().unwrap_or_default();
    if let Some(basic) = &certificate.basic_constraints {
        usage.push(if basic.ca { "CA".to_owned() } else { "no CA".to_owned() });
    }
    usage.extend(certificate.key_usage.iter().flatten().cloned());
    usage.extend(certificate.extended_key_usage.iter().flatten().cloned());
    let _ = write!(page, "<span class=\"mono\">{}</span>", text(&usage.join(", ")));
    for problem in &certificate.problems {
        let _ = write!(page, "<div class=\"warn\">{}</div>", text(problem));
    }
    page.push_str("</tr>\n");
}

/// What was offered and asked: of use where the two could not agree.
fn offer(page: &mut String, session: &Session) {
    if session.outcome == Outcome::Established {
        return;
    }
    let mut rows: Vec<(&str, String)> = Vec::new();
    let codes = |codes: &[CodePoint]| codes.iter().map(CodePoint::display).collect::<Vec<_>>().join(", ");
    if let Some(hello) = &session.client_hello {
        rows.push(("cipher suites", codes(&hello.cipher_suites)));
        rows.push(("versions", codes(hello.supported_versions.as_deref().unwrap_or_default())));
        rows.push(("groups", codes(hello.supported_groups.as_deref().unwrap_or_default())));
        rows.push(("signature algorithms", codes(hello.signature_algorithms.as_deref().unwrap_or_default())));
        rows.push(("ALPN", hello.alpn.clone().unwrap_or_default().join(", ")));
    }
    if let Some(request) = &session.certificate_request {
        let issuers = request.certificate_authorities.clone();
        rows.push(("asked for: types", codes(request.certificate_types.as_deref().unwrap_or_default())));
        rows.push(("asked for: signatures", codes(request.signature_algorithms.as_deref().unwrap_or_default())));
        rows.push((
            "asked for: issuers",
            issuers.map_or_else(
                String::new,
                |names| {
                    if names.is_empty() { "any".to_owned() } else { names.join("; ") }
                },
            ),
        ));
    }
    rows.retain(|(_, value)| !value.is_empty());
    if rows.is_empty() {
        return;
    }
    page.push_str("<details><summary>Offered and asked</summary><dl class=\"facts\">");
    for (name, value) in rows {
        let _ = write!(page, "<dt>{name}<dd class=\"mono\">{}", text(&value));
    }
    page.push_str("</dl></details>\n");
}

fn doubts(page: &mut String, session: &Session) {
    let diagnosis = &session.diagnosis;
    if !diagnosis.needs.is_empty() {
        page.push_str("<h3>What would tell more</h3>\n<ul>");
        for need in &diagnosis.needs {
            let _ = write!(page, "<li>{}", text(need));
        }
        page.push_str("</ul>\n");
    }
    if !diagnosis.alternatives.is_empty() {
        page.push_str("<h3>Also considered</h3>\n<ul>");
        for other in &diagnosis.alternatives {
            let why = if other.why_not.is_empty() { String::new() } else { format!(": {}", text(&other.why_not)) };
            let _ = write!(page, "<li><code>{}</code> ({}){why}", text(&other.cause), other.confidence);
        }
        page.push_str("</ul>\n");
    }
    if !session.problems.is_empty() {
        page.push_str("<h3>Odd about its packets</h3>\n<ul>");
        for problem in &session.problems {
            let place = problem.packet.map(|packet| format!("packet {packet}: ")).unwrap_or_default();
            let _ = write!(page, "<li class=\"warn\">{place}{}", text(&problem.text));
        }
        page.push_str("</ul>\n");
    }
}

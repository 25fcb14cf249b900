//! The certificates of both sides, as chains, with what is wrong marked where it stands.

use crate::render::text::certificates::{Flaws, key, lapse, span, usage};
use crate::render::text::human;
use crate::report::{Certificate, Role, Session, UnreadCertificate, Validity};
use crate::tui::app::Folds;
use crate::tui::line::{Line, Link, Tone, wrap, wrap_under};

/// Width of the column of labels.
const LABELS: usize = 9;

/// Both chains.
pub fn lines(session: &Session, folds: &Folds, width: usize) -> Vec<Line> {
    let certificates = &session.certificates;
    let mut lines = Vec::new();
    for role in [Role::Client, Role::Server] {
        let (chain, unread) = match role {
            Role::Client => (certificates.client.as_deref(), certificates.client_unread.as_ref()),
            Role::Server => (certificates.server.as_deref(), certificates.server_unread.as_ref()),
        };
        if !lines.is_empty() {
            lines.push(Line::blank());
        }
        side(&mut lines, session, role, chain, unread, folds, width);
    }
    lines
}

fn side(
    lines: &mut Vec<Line>,
    session: &Session,
    role: Role,
    chain: Option<&[Certificate]>,
    unread: Option<&UnreadCertificate>,
    folds: &Folds,
    width: usize,
) {
    let packet = chain.and_then(<[Certificate]>::first).map(|leaf| leaf.packet).or(unread.map(|unread| unread.packet));
    let heading = Line::of(Tone::Heading, format!("The {role}'s chain"));
    lines.push(match packet {
        Some(packet) => heading.add(Tone::Dim, format!("  packet {packet}")).link(Link::Packet(packet)),
        None => heading.link(Link::Skip),
    });
    let mut say =
        |tone: Tone, text: &str| lines.extend(wrap(Line::of(Tone::Plain, "  "), &Line::of(tone, text), width));
    match (chain, unread) {
        (_, Some(unread)) => {
            let size = unread.approximate_length.map(|n| format!(", about {n} bytes")).unwrap_or_default();
            let inferred = if unread.inferred { "~ " } else { "" };
            say(Tone::Warn, &format!("{inferred}Encrypted{size}: the key log of this session would show it."));
        }
        (None, None) => say(Tone::Dim, "None was seen."),
        (Some([]), None) => say(Tone::Bad, "✗ An empty Certificate: it said that it has none."),
        (Some(chain), None) => {
            let last = chain.len().saturating_sub(1);
            for (index, certificate) in chain.iter().enumerate() {
                one(lines, certificate, &Flaws { session, role }, index == last, folds, width);
            }
        }
    }
}

fn one(lines: &mut Vec<Line>, certificate: &Certificate, flaws: &Flaws<'_>, last: bool, folds: &Folds, width: usize) {
    let node = format!("{}/{}", flaws.role, certificate.position);
    let open = folds.is_open(&node, certificate.position == 0);
    let rows = rows(certificate, flaws, folds.is_open(&format!("{node}/more"), false));
    let branch = if last { "└" } else { "├" };
    let wrong = rows.iter().find_map(|row| row.flaw.clone());
    let subject = certificate.subject.as_deref().unwrap_or("(empty subject)");
    let role = match certificate.position {
        0 => "leaf",
        _ if certificate.self_signed => "root",
        _ => "issuer",
    };
    let mut title = Line::of(Tone::Dim, format!("  {branch}"))
        .add(Tone::Strong, if open { "▾ " } else { "▸ " })
        .add(Tone::Dim, format!("{role}  "))
        .add(Tone::Strong, subject);
    if let Some(flaw) = wrong.filter(|_| !open) {
        title = title.add(Tone::Bad, format!("  ✗ {flaw}"));
    }
    lines.push(title.cut(width).link(Link::Fold(node.clone())));
    if !open {
        return;
    }
    let rail = if last { "     " } else { "  │  " };
    for row in rows {
        let lead = Line::of(Tone::Dim, format!("{rail}{:<LABELS$}", row.label)).link(Link::Copy(row.value.clone()));
        let mut body = Line::of(if row.strong { Tone::Strong } else { Tone::Plain }, &row.value);
        if let Some(flaw) = &row.flaw {
            body = body.add(Tone::Bad, format!("  ✗ {flaw}"));
        }
        if let Some(good) = &row.good {
            body = body.add(Tone::Good, format!("  ✓ {good}"));
        }
        lines.extend(wrap_under(lead, &Line::of(Tone::Dim, rail), &body, width));
    }
    let more = folds.is_open(&format!("{node}/more"), false);
    let text = format!("{rail}{} everything else", if more { "▾" } else { "▸" });
    lines.push(Line::of(Tone::Dim, text).cut(width).link(Link::Fold(format!("{node}/more"))));
}

/// A labelled value.
#[derive(Default)]
struct Row {
    label: &'static str,
    value: String,
    strong: bool,
    flaw: Option<String>,
    good: Option<String>,
}

fn rows(certificate: &Certificate, flaws: &Flaws<'_>, more: bool) -> Vec<Row> {
    let named = |name: &Option<String>| name.clone().unwrap_or_else(|| "(empty)".to_owned());
    let row = |label, value: String, flaw: Option<String>| Row { label, value, flaw, ..Row::default() };
    let mut rows = vec![
        Row { strong: true, ..row("subject", named(&certificate.subject), None) },
        row("issuer", named(&certificate.issuer), flaws.issuer(certificate).map(str::to_owned)),
    ];
    if let (Some(start), Some(end)) = (&certificate.not_before, &certificate.not_after) {
        let left = certificate.expires_in_s.filter(|_| certificate.validity == Some(Validity::Valid));
        rows.push(Row {
            good: left.map(|seconds| format!("{} left", span(seconds))),
            ..row("valid", format!("{} to {}", human(start), human(end)), lapse(certificate))
        });
    }
    let name_flaw = flaws.name(certificate);
    match &certificate.subject_alternative_names {
        Some(names) => rows.push(row("names", names.join(", "), name_flaw)),
        None if name_flaw.is_some() || flaws.role == Role::Server && certificate.position == 0 => {
            rows.push(row("names", "no subjectAltName".to_owned(), name_flaw));
        }
        None => {}
    }
    rows.push(row("usage", usage(certificate), flaws.usage(certificate).map(str::to_owned)));
    rows.push(row("key", key(certificate), flaws.key(certificate).map(str::to_owned)));
    for problem in &certificate.problems {
        rows.push(row("damaged", String::new(), Some(problem.clone())));
    }
    if more {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        rows.extend([
            row("serial", text(&certificate.serial), None),
            row("sha256", certificate.fingerprint_sha256.clone(), None),
            row("key id", text(&certificate.subject_key_id), None),
            row("by key", text(&certificate.authority_key_id), None),
            row("issuers", certificate.ca_issuers.join(" "), None),
            row("ocsp", certificate.ocsp.join(" "), None),
            row("crl", certificate.crl.join(" "), None),
            row("has", certificate.extensions.join(", "), None),
        ]);
    }
    rows.retain(|row| !row.value.is_empty() || row.flaw.is_some());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Certificates, sample};

    fn text(session: &Session, folds: &Folds) -> String {
        lines(session, folds, 78).iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn what_is_wrong_is_marked_where_it_stands() {
        insta::assert_snapshot!(text(&sample::expired(), &Folds::default()));
    }

    #[test]
    fn folded_certificates_still_show_what_is_wrong() {
        let folds = Folds { all: Some(false), ..Folds::default() };
        let text = text(&sample::expired(), &folds);
        assert!(text.lines().any(|line| line.contains("▸ leaf") && line.contains("✗ expired 3 days")), "{text}");
    }

    #[test]
    fn absent_empty_and_unreadable_are_three_things() {
        assert!(text(&sample::encrypted(), &Folds::default()).contains("~ Encrypted, about 1450 bytes"));
        let mut session = sample::expired();
        session.certificates = Certificates { client: Some(Vec::new()), ..Certificates::default() };
        let text = text(&session, &Folds::default());
        assert!(text.contains("✗ An empty Certificate") && text.contains("None was seen."), "{text}");
    }
}

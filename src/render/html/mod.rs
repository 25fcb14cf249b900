//! The report as one page for a browser: nothing is loaded from elsewhere, and the page's own policy (Content
//! Security Policy, level 3) lets run only the one script that is written here, by its hash. Every string goes
//! through `text`.

mod ladder;
mod session;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::render::escape;
use crate::render::text::{human, negotiated, plural};
use crate::report::{Capture, NO_CAUSE, Outcome, Report, Session};
use crate::time::Rfc3339;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render<W: Write>(out: &mut W, report: &Report) -> io::Result<()> {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(STYLE)),
        base64(&Sha256::digest(SCRIPT))
    );
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>TLS handshakes: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        text(&headline(report))
    )?;
    let mut page = String::new();
    head(&mut page, report);
    captures(&mut page, report);
    table(&mut page, report);
    out.write_all(page.as_bytes())?;
    // One that is there alone needs no click to be read.
    let open = report.sessions.len() <= 3;
    for one in &report.sessions {
        let mut page = String::new();
        session::article(&mut page, report, one, open);
        out.write_all(page.as_bytes())?;
    }
    let generator = &report.generator;
    write!(
        out,
        "<footer>{} {}, report schema {}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        text(&generator.name),
        text(&generator.version),
        text(&report.schema_version)
    )
}

/// `content` for an element or a quoted attribute, with everything shown that would be obeyed, swallowed or
/// reordered.
fn text(content: &str) -> String {
    let shown = escape(content);
    let mut out = String::with_capacity(shown.len() + 16);
    for c in shown.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
    out
}

/// Base64 with padding (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * index) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if index <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

const fn class(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Established => ("✓", "good"),
        Outcome::Refused | Outcome::Failed => ("✗", "bad"),
        Outcome::Incomplete => ("?", "warn"),
    }
}

fn headline(report: &Report) -> String {
    let bad = report.summary.failed + report.summary.refused;
    format!("{bad} of {} failed or refused", plural(report.summary.sessions, "session"))
}

fn head(page: &mut String, report: &Report) {
    let summary = &report.summary;
    let _ = writeln!(page, "<h1>TLS handshakes</h1>\n<p class=\"dim\">{}</p>", text(&headline(report)));
    page.push_str("<div class=\"tiles\">");
    let _ = write!(page, "<div class=\"tile\"><b>{}</b>sessions</div>", summary.sessions);
    let counts = [
        (Outcome::Failed, summary.failed),
        (Outcome::Refused, summary.refused),
        (Outcome::Incomplete, summary.incomplete),
        (Outcome::Established, summary.established),
    ];
    for (outcome, n) in counts {
        let (glyph, class) = class(outcome);
        let _ = write!(page, "<div class=\"tile\"><b class=\"{class}\">{n}</b>{glyph} {outcome}</div>");
    }
    page.push_str("</div>\n");
    if summary.causes.is_empty() {
        return;
    }
    let mut causes: Vec<(&String, &u64)> = summary.causes.iter().collect();
    causes.sort_by_key(|(cause, n)| (std::cmp::Reverse(**n), (*cause).clone()));
    page.push_str("<h2>Causes</h2>\n<table><tr><th>sessions<th>cause</tr>\n");
    for (cause, n) in causes {
        let meaning = crate::cause::Cause::from_code(cause).map_or("", crate::cause::Cause::meaning);
        let _ = writeln!(
            page,
            "<tr><td class=\"n\">{n}<td><code>{}</code> <span class=\"dim\">{}</span></tr>",
            text(cause),
            text(meaning)
        );
    }
    page.push_str("</table>\n");
}

fn captures(page: &mut String, report: &Report) {
    let odd: usize = report.captures.iter().map(|capture| capture.problems.len()).sum();
    let packets = report.captures.iter().map(|capture| capture.packets).sum();
    let open = if report.captures.len() <= 4 { " open" } else { "" };
    let _ = writeln!(
        page,
        "<h2>Captures</h2>\n<details{open}><summary>{}, {}{}</summary>\n<div class=\"scroll\"><table>\
         <tr><th>capture<th>format<th>packets<th>first<th>last<th>odd about it</tr>",
        plural(report.captures.len() as u64, "capture"),
        plural(packets, "packet"),
        if odd == 0 { String::new() } else { format!(", {}", plural(odd as u64, "oddity").replace("ys", "ies")) }
    );
    report.captures.iter().for_each(|capture| capture_row(page, capture));
    page.push_str("</table></div></details>\n");
}

fn capture_row(page: &mut String, capture: &Capture) {
    let time = |time: &Option<Rfc3339>| time.as_deref().map(human).unwrap_or_default();
    let _ = write!(
        page,
        "<tr><td class=\"mono\">{}<td>{}<td class=\"n\">{}<td>{}<td>{}<td>",
        text(&capture.path),
        text(&capture.format),
        capture.packets,
        text(&time(&capture.first)),
        text(&time(&capture.last))
    );
    for problem in &capture.problems {
        let place = problem.packet.map(|packet| format!("packet {packet}: ")).unwrap_or_default();
        let _ = write!(page, "<div class=\"warn\">{place}{}</div>", text(&problem.text));
    }
    page.push_str("</tr>\n");
}

fn table(page: &mut String, report: &Report) {
    page.push_str("<h2>Sessions</h2>\n");
    if report.sessions.is_empty() {
        page.push_str("<p>No TLS handshake, and no attempt at one, was found.</p>\n");
        return;
    }
    page.push_str(
        "<div class=\"tools nojs\"><input id=\"filter\" type=\"search\" placeholder=\"filter: address, name, cause …\" \
         aria-label=\"filter\"><select id=\"outcome\" aria-label=\"outcome\"><option value=\"\">every outcome</option>",
    );
    for outcome in Outcome::ALL {
        let _ = write!(page, "<option>{outcome}</option>");
    }
    page.push_str("</select><select id=\"cause\" aria-label=\"cause\"><option value=\"\">every cause</option>");
    let causes: BTreeSet<&str> = report.sessions.iter().map(|session| session.diagnosis.cause.as_str()).collect();
    for cause in causes {
        let _ = write!(page, "<option>{}</option>", text(cause));
    }
    page.push_str(
        "</select><span id=\"count\" class=\"dim\"></span></div>\n<div class=\"scroll\"><table>\
         <tr><th>#<th>outcome<th>client → server<th>negotiated<th>cause<th>summary</tr>\n",
    );
    report.sessions.iter().for_each(|session| row(page, session));
    page.push_str("</table></div>\n<h2>Verdicts</h2>\n");
}

fn row(page: &mut String, session: &Session) {
    let (glyph, class) = class(session.outcome);
    let (outcome, id, cause) = (session.outcome, session.id, text(&session.diagnosis.cause));
    let shown_cause = if session.diagnosis.cause == NO_CAUSE { "" } else { cause.as_str() };
    let _ = writeln!(
        page,
        "<tr data-id=\"{id}\" data-outcome=\"{outcome}\" data-cause=\"{cause}\"><td class=\"n\"><a href=\"#s{id}\">{id}</a>\
         <td class=\"{class} keep\">{glyph} {outcome}<td class=\"mono\">{} → {}<td>{}<td class=\"keep\"><code>{shown_cause}</code><td>{}</tr>",
        text(&session.client.to_string()),
        text(&session.server.to_string()),
        text(&negotiated(session).join(" · ")),
        text(&session.diagnosis.summary)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(sessions: Vec<Session>) -> String {
        crate::render::written(sessions, render)
    }

    #[test]
    fn a_page_has_everything() {
        insta::assert_snapshot!(written(vec![sample::expired()]).replace(STYLE, "STYLE").replace(SCRIPT, "SCRIPT"));
    }

    #[test]
    fn hashes_are_those_that_a_browser_computes() {
        assert_eq!(base64(b""), "");
        assert_eq!(
            ["f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes())),
            ["Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
        let page = written(vec![]);
        assert!(page.contains(&format!("script-src 'sha256-{}'", base64(&Sha256::digest(SCRIPT)))));
        assert!(page.contains(&format!("<script>{SCRIPT}</script>")) && !SCRIPT.contains("</script"));
    }

    #[test]
    fn a_hostile_peer_cannot_reach_the_page() {
        assert_eq!(text("<script>'\"&`\u{202e}\0"), "&lt;script&gt;&#39;&quot;&amp;&#96;\\u{202e}\\x00");
        let mut hostile = sample::hostile();
        let attack = "\"><script>alert(1)</script><svg onload=alert(1)>";
        hostile.tls.server_name = Some(attack.to_owned());
        hostile.diagnosis.summary = attack.to_owned();
        for entry in &mut hostile.timeline {
            entry.name = attack.to_owned().into();
            entry.text = attack.to_owned().into();
        }
        let page = written(vec![hostile]);
        assert_eq!(page.matches("<script").count(), 1, "only its own");
        assert!(!page.contains("onload=alert(1)>"));
        assert!(!page.chars().any(|c| c != '\n' && crate::render::escape::is_unsafe(c)));
    }

    #[test]
    fn nothing_is_loaded_and_no_style_is_inline() {
        let page = written(vec![sample::expired(), sample::encrypted(), sample::established()]);
        for bad in [" src=", "url(", "@import", " style=", "<link", "javascript:", " onclick"] {
            assert!(!page.contains(bad), "{bad}");
        }
    }
}

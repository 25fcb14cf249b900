//! The verdict: at the top of a session in short, and in two regions of its own why, and what to do.

use crate::cause::Cause;
use crate::render::text::human;
use crate::render::text::session::{client_auth, decryption, negotiated, stacks, who_acts};
use crate::report::{Confidence, NO_CAUSE, Session, Side};
use crate::time::Elapsed;
use crate::tui::line::{Line, Link, Tone, wrap};
use crate::tui::view::outcome_mark;

/// The verdict in at most `height` lines.
pub fn head(session: &Session, width: usize, height: usize) -> Vec<Line> {
    let (glyph, tone) = outcome_mark(session.outcome);
    let word = session.outcome.name().to_uppercase();
    let first = Line::of(tone, format!("{glyph} {word}"))
        .add(Tone::Strong, format!("  {} → {}", session.client, session.server));
    let verdict = verdict(session);
    let summary = wrap(Line::of(Tone::Plain, ""), &Line::of(Tone::Strong, &session.diagnosis.summary), width);
    let mut facts = negotiated(session);
    facts.push(Elapsed(session.duration_us.saturating_mul(1_000)).to_string());
    facts.push(human(&session.start));
    let facts = Line::of(Tone::Dim, facts.join(" · "));
    // By importance, as far as there is room; then in the order of reading.
    let mut lines = vec![(0, first)];
    let room = height.saturating_sub(1);
    let shown = if room >= 4 { summary.len().min(room - 2) } else { summary.len().min(room.saturating_sub(1).max(1)) };
    let cut_off = summary.len() > shown;
    lines.extend(summary.into_iter().take(shown).enumerate().map(|(index, line)| {
        let last = cut_off && index + 1 == shown;
        (3, if last { line.add(Tone::Strong, " …") } else { line })
    }));
    if room > shown {
        lines.push((2, verdict));
    }
    if room > shown + 1 {
        lines.push((1, facts));
    }
    lines.sort_by_key(|(place, _)| *place);
    lines.into_iter().map(|(_, line)| line.cut(width)).take(height).collect()
}

fn verdict(session: &Session) -> Line {
    let diagnosis = &session.diagnosis;
    if diagnosis.cause == NO_CAUSE {
        return Line::of(Tone::Good, "nothing failed");
    }
    Line::of(Tone::Bad, &diagnosis.cause)
        .add(Tone::Dim, " · ")
        .add(sure_tone(diagnosis.confidence), diagnosis.confidence.name())
        .add(Tone::Dim, " · has to act: ")
        .add(Tone::Strong, who_acts(session))
}

const fn sure_tone(confidence: Confidence) -> Tone {
    match confidence {
        Confidence::Certain => Tone::Good,
        Confidence::Likely | Confidence::Possible => Tone::Warn,
    }
}

/// Evidence, explanation, other causes, and what would decide it.
pub fn why(session: &Session, width: usize) -> Vec<Line> {
    let diagnosis = &session.diagnosis;
    let mut lines = Vec::new();
    let flow = |lead: Line, body: Line| wrap(lead, &body, width);
    if !diagnosis.evidence.is_empty() {
        lines.push(Line::heading("Evidence").add(Tone::Dim, "  enter jumps to the packet"));
        for one in &diagnosis.evidence {
            let lead = Line::of(Tone::Evidence, format!("◆ packet {}", one.packet))
                .add(Tone::Plain, "  ")
                .link(Link::Packet(one.packet));
            lines.extend(flow(lead, Line::of(Tone::Plain, &one.text)));
        }
    }
    section(&mut lines, "Explanation");
    if let Some(cause) = Cause::from_code(&diagnosis.cause).filter(|cause| *cause != Cause::None) {
        let lead = Line::of(Tone::Bad, cause.code()).add(Tone::Plain, "  ");
        lines.extend(flow(lead, Line::of(Tone::Plain, cause.meaning())));
    }
    if diagnosis.explanation.is_empty() {
        lines.extend(flow(Line::default(), Line::of(Tone::Plain, &diagnosis.summary)));
    } else {
        lines.extend(flow(Line::default(), Line::of(Tone::Plain, &diagnosis.explanation)));
    }
    let facts = [
        ("client auth  ", client_auth(session)),
        ("looks like   ", stacks(session)),
        ("decryption   ", decryption(session.tls.decryption).map(str::to_owned)),
    ];
    for (label, text) in facts {
        if let Some(text) = text {
            lines.extend(flow(Line::of(Tone::Dim, label), Line::of(Tone::Plain, text)));
        }
    }
    if !diagnosis.alternatives.is_empty() {
        section(&mut lines, "Also considered");
    }
    for other in &diagnosis.alternatives {
        let body = Line::of(Tone::Strong, &other.cause)
            .add(Tone::Dim, format!(" ({})", other.confidence))
            .add(Tone::Plain, if other.why_not.is_empty() { String::new() } else { format!(": {}", other.why_not) });
        lines.extend(flow(Line::of(Tone::Plain, "• "), body));
    }
    if !diagnosis.needs.is_empty() {
        let certain = diagnosis.confidence == Confidence::Certain;
        section(&mut lines, if certain { "What would tell more" } else { "What would make it certain" });
    }
    for need in &diagnosis.needs {
        lines.extend(flow(Line::of(Tone::Plain, "• "), Line::of(Tone::Plain, need)));
    }
    if !session.problems.is_empty() {
        section(&mut lines, "Odd about its packets");
    }
    for problem in &session.problems {
        lines.extend(super::problem(problem, width));
    }
    lines
}

fn section(lines: &mut Vec<Line>, title: &str) {
    if !lines.is_empty() {
        lines.push(Line::blank());
    }
    lines.push(Line::heading(title));
}

/// What to do. Every line of a remedy that has a command leads to copying that, by the key `copy`.
pub fn remedies(session: &Session, copy: &str, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if session.diagnosis.remedies.is_empty() {
        let text = if session.diagnosis.cause == NO_CAUSE {
            "Nothing has to be done."
        } else {
            "What to do depends on what is not known yet: see what would decide it, under Why."
        };
        return wrap(Line::default(), &Line::of(Tone::Plain, text), width);
    }
    for (index, remedy) in session.diagnosis.remedies.iter().enumerate() {
        if index > 0 {
            lines.push(Line::blank());
        }
        let link = remedy.command.clone().map_or(Link::None, Link::Copy);
        let whom = match remedy.side {
            Side::Client => "Client: ",
            Side::Server => "Server: ",
            Side::Network => "Network: ",
            Side::Capture => "Capture: ",
            Side::Either | Side::None | Side::Unknown => "",
        };
        let lead = Line::of(Tone::Strong, format!("{}. ", index + 1)).link(link.clone());
        lines.extend(wrap(lead, &Line::of(Tone::Strong, whom).add(Tone::Plain, &remedy.text), width));
        for line in remedy.command.iter().flat_map(|command| command.lines()) {
            let lead = Line::of(Tone::Dim, "   $ ").link(link.clone());
            lines.extend(wrap(lead, &Line::of(Tone::Key, line), width));
        }
        if remedy.command.is_some() {
            lines.push(Line::of(Tone::Dim, format!("   {copy} copies it")).link(Link::Skip));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_head_fits_any_height_and_keeps_the_verdict() {
        for height in 0..8 {
            for width in [10, 39, 80, 200] {
                let lines = head(&sample::expired(), width, height);
                assert!(lines.len() <= height && lines.iter().all(|line| line.width() <= width));
                assert!(height == 0 || lines[0].text().starts_with("✗ FAILED"));
            }
        }
        assert!(head(&sample::expired(), 200, 4).iter().any(|line| line.text().contains("client-cert-expired")));
    }

    #[test]
    fn evidence_leads_to_its_packet_and_remedies_to_their_command() {
        let session = sample::expired();
        let links: Vec<Link> = why(&session, 60).into_iter().map(|line| line.link).collect();
        assert!(links.contains(&Link::Packet(9)) && links.contains(&Link::Packet(11)));
        let command = session.diagnosis.remedies[0].command.clone().expect("a command");
        let lines = remedies(&session, "y", 60);
        assert!(lines.iter().filter(|line| line.link == Link::Copy(command.clone())).count() > 2);
    }
}

//! One session, told in full.

use std::io::{self, Write};

use crate::render::text::page::{Page, Spans, Tone};
use crate::render::text::{certificates, human, mark, offer, timeline};
use crate::report::{
    ClientAuth, Confidence, Decryption, NO_CAUSE, Outcome, Problem, Report, Role, Session, Side, Stack,
};
use crate::time::Elapsed;

/// Width of the column of labels.
const LABELS: usize = 13;

/// Everything about one session.
pub(super) fn whole<W: Write>(page: &mut Page<'_, W>, report: &Report, session: &Session) -> io::Result<()> {
    headline(page, report, session)?;
    verdict(page, session)?;
    if session.outcome == Outcome::Established && session.diagnosis.cause == NO_CAUSE {
        return success(page, session);
    }
    why(page, session)?;
    remedies(page, session)?;
    timeline::timeline(page, session)?;
    certificates::that_matter(page, session)?;
    offer::that_matters(page, session)?;
    certainty(page, session)?;
    problems(page, session)
}

/// A session on a line.
pub(super) fn line<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    let (glyph, _, tone) = mark(session.outcome);
    let ends = Spans::of(Tone::Strong, format!("{} → {}", session.client, session.server));
    let facts = std::iter::once(human(&session.start)).chain(negotiated(session)).collect::<Vec<_>>().join(" · ");
    page.flow(Spans::of(tone, glyph).add(Tone::Plain, " "), ends.add(Tone::Plain, "  ").add(Tone::Dim, facts))
}

fn success<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    let diagnosis = &session.diagnosis;
    // A success that may be none is to be known as such.
    let doubtful =
        !(diagnosis.explanation.is_empty() && diagnosis.needs.is_empty() && diagnosis.alternatives.is_empty());
    if doubtful || page.style.verbose {
        why(page, session)?;
    }
    if page.style.verbose {
        timeline::timeline(page, session)?;
        certificates::all(page, session)?;
    }
    certainty(page, session)?;
    problems(page, session)
}

fn headline<W: Write>(page: &mut Page<'_, W>, report: &Report, session: &Session) -> io::Result<()> {
    let (glyph, word, tone) = mark(session.outcome);
    let lead = Spans::of(tone, format!("{glyph} {word}")).add(Tone::Plain, "  ");
    let indent = lead.width();
    let ends = Spans::of(Tone::Strong, format!("{} → {}", session.client, session.server));
    page.flow(lead, ends)?;
    let blank = || Spans::of(Tone::Plain, " ".repeat(indent));
    let negotiated = negotiated(session).join(" · ");
    if !negotiated.is_empty() {
        page.flow(blank(), Spans::of(Tone::Plain, negotiated))?;
    }
    let mut place = Vec::new();
    if report.sessions.len() > 1 {
        place.push(format!("session {}", session.id));
    }
    if let Some(capture) = usize::try_from(session.capture).ok().and_then(|index| report.captures.get(index))
        && report.captures.len() > 1
    {
        place.push(capture.path.clone());
    }
    place.push(human(&session.start));
    place.push(Elapsed(session.duration_us.saturating_mul(1_000)).to_string());
    place.push(if session.first_packet == session.last_packet {
        format!("packet {}", session.first_packet)
    } else {
        format!("packets {} to {}", session.first_packet, session.last_packet)
    });
    page.flow(blank(), Spans::of(Tone::Dim, place.join(" · ")))
}

/// Name asked for, version, suite and the like, as far as known.
pub(crate) fn negotiated(session: &Session) -> Vec<String> {
    let tls = &session.tls;
    let protocol = match session.transport {
        crate::report::Transport::Dtls => "DTLS",
        _ => "TLS",
    };
    let mut parts = Vec::new();
    parts.extend(tls.server_name.clone());
    parts.extend(tls.version.as_ref().map(|version| {
        let named = version.starts_with(|c: char| !c.is_ascii_digit());
        if named { version.to_string() } else { format!("{protocol} {version}") }
    }));
    parts.extend(tls.cipher_suite.as_deref().map(str::to_owned));
    parts.extend(tls.alpn.clone());
    match session.transport {
        crate::report::Transport::Eap => parts.push("EAP".to_owned()),
        crate::report::Transport::Quic => parts.push("QUIC".to_owned()),
        crate::report::Transport::Tcp | crate::report::Transport::Dtls => {}
    }
    parts.extend(session.preamble.as_ref().map(|protocol| format!("after {protocol}")));
    parts.extend(session.encapsulation.iter().cloned());
    if tls.resumed == Some(true) {
        parts.push("resumed".to_owned());
    }
    parts
}

fn verdict<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    let diagnosis = &session.diagnosis;
    page.blank()?;
    page.flow(Spans::of(Tone::Plain, "  "), Spans::of(Tone::Strong, &diagnosis.summary))?;
    page.blank()?;
    if diagnosis.cause != NO_CAUSE {
        let tone = match diagnosis.confidence {
            Confidence::Certain => Tone::Good,
            Confidence::Likely | Confidence::Possible => Tone::Warn,
        };
        let sure = match diagnosis.confidence {
            Confidence::Certain => "certain: the packets prove it",
            Confidence::Likely => "likely: it fits the packets best",
            Confidence::Possible => "possible: one of several that fit",
        };
        page.row(2, "cause", LABELS, Spans::of(Tone::Bad, &diagnosis.cause))?;
        page.row(2, "confidence", LABELS, Spans::of(tone, sure))?;
        page.row(2, "has to act", LABELS, Spans::of(Tone::Strong, who_acts(session)))?;
    }
    if let Some(text) = client_auth(session) {
        page.row(2, "client auth", LABELS, Spans::of(Tone::Plain, text))?;
    }
    if let Some(text) = stacks(session) {
        page.row(2, "looks like", LABELS, Spans::of(Tone::Plain, text))?;
    }
    match decryption(session.tls.decryption) {
        Some(text) if session.diagnosis.cause != NO_CAUSE => {
            page.row(2, "decryption", LABELS, Spans::of(Tone::Plain, text))
        }
        _ => Ok(()),
    }
}

/// Who has to change something, in words.
pub(crate) fn who_acts(session: &Session) -> &'static str {
    match session.diagnosis.side {
        Side::Client => "the client",
        Side::Server => "the server",
        Side::Network => "the network between them",
        Side::Either => "client or server: a change on one of them suffices",
        Side::Capture => "whoever captures: this capture does not show enough",
        Side::None => "nobody",
        Side::Unknown => "not known",
    }
}

/// What is known of client authentication, in words.
pub(crate) fn client_auth(session: &Session) -> Option<String> {
    let leaf = session.certificates.client.as_ref().and_then(|chain| chain.first());
    let inferred = session.certificate_request.as_ref().is_some_and(|request| request.inferred);
    let answer = match session.tls.client_auth {
        ClientAuth::NotRequested => return Some("not requested by the server".to_owned()),
        ClientAuth::Unknown => return None,
        ClientAuth::RequestedEmpty => "the client sent no certificate".to_owned(),
        ClientAuth::RequestedPresented => match leaf.and_then(|leaf| leaf.subject.as_ref()) {
            Some(subject) => format!("the client sent {subject}"),
            None => "the client sent a certificate".to_owned(),
        },
        ClientAuth::RequestedUnknown => "what the client answered was not seen".to_owned(),
    };
    let asked = if inferred { "requested (inferred from record lengths)" } else { "requested" };
    Some(format!("{asked}; {answer}"))
}

/// What the sides look like.
pub(crate) fn stacks(session: &Session) -> Option<String> {
    let stacks = session.stack.as_ref()?;
    let named = |role: Role, stack: &Option<Stack>| {
        let stack = stack.as_ref()?;
        let guess = stack.guess.join(" or ");
        Some(match (&stack.program, guess.as_str()) {
            (Some(program), "") => format!("{program} ({role})"),
            (Some(program), guess) => format!("{program} with {guess} ({role})"),
            (None, guess) => format!("{guess} ({role})"),
        })
    };
    let parts: Vec<String> =
        [named(Role::Client, &stacks.client), named(Role::Server, &stacks.server)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What could not be decrypted, and why.
pub(crate) const fn decryption(how: Decryption) -> Option<&'static str> {
    match how {
        Decryption::NoneNeeded | Decryption::Full => None,
        Decryption::HandshakeOnly => Some("the handshake was read, what came after it was not"),
        Decryption::NoKeys => Some("no keys: what is encrypted is judged by length and order only"),
        Decryption::KeysDoNotFit => Some("the keys given for this session do not open its records"),
    }
}

fn why<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    evidence(page, session)?;
    if session.diagnosis.explanation.is_empty() {
        return Ok(());
    }
    if session.diagnosis.evidence.is_empty() {
        page.heading("Why", "")?;
    } else {
        page.blank()?;
    }
    page.flow(Spans::of(Tone::Plain, "    "), Spans::of(Tone::Plain, &session.diagnosis.explanation))
}

fn evidence<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    let evidence = &session.diagnosis.evidence;
    let Some(widest) = evidence.iter().map(|evidence| evidence.packet.to_string().len()).max() else { return Ok(()) };
    page.heading("Why", "")?;
    for one in evidence {
        let lead = Spans::of(Tone::Plain, "    ")
            .add(Tone::Evidence, format!("packet {:<widest$}", one.packet))
            .add(Tone::Plain, "  ");
        page.flow(lead, Spans::of(Tone::Plain, &one.text))?;
    }
    Ok(())
}

fn remedies<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    if session.diagnosis.remedies.is_empty() {
        return Ok(());
    }
    page.heading("What to do", "")?;
    for (index, remedy) in session.diagnosis.remedies.iter().enumerate() {
        let lead = Spans::of(Tone::Plain, "    ").add(Tone::Strong, format!("{}.", index + 1)).add(Tone::Plain, " ");
        let whom = match remedy.side {
            Side::Client => "Client: ",
            Side::Server => "Server: ",
            Side::Network => "Network: ",
            Side::Capture => "Capture: ",
            Side::Either | Side::None | Side::Unknown => "",
        };
        page.flow(lead, Spans::of(Tone::Dim, whom).add(Tone::Plain, &remedy.text))?;
        for line in remedy.command.iter().flat_map(|command| command.lines()) {
            page.line(&Spans::of(Tone::Plain, "         ").add(Tone::Heading, line))?;
        }
    }
    Ok(())
}

fn certainty<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    const ALTERNATIVES: usize = 4;
    let diagnosis = &session.diagnosis;
    if !diagnosis.needs.is_empty() {
        let certain = diagnosis.confidence == Confidence::Certain;
        page.heading(if certain { "What would tell more" } else { "What would make it certain" }, "")?;
        for need in &diagnosis.needs {
            page.flow(Spans::of(Tone::Plain, "    • "), Spans::of(Tone::Plain, need))?;
        }
    }
    if diagnosis.alternatives.is_empty() {
        return Ok(());
    }
    page.heading("Also considered", "")?;
    let shown = if page.style.verbose { diagnosis.alternatives.len() } else { ALTERNATIVES };
    for other in diagnosis.alternatives.iter().take(shown) {
        let body = Spans::of(Tone::Strong, &other.cause)
            .add(Tone::Dim, format!(" ({})", other.confidence))
            .add(Tone::Plain, if other.why_not.is_empty() { String::new() } else { format!(": {}", other.why_not) });
        page.flow(Spans::of(Tone::Plain, "    • "), body)?;
    }
    match diagnosis.alternatives.len().saturating_sub(shown) {
        0 => Ok(()),
        more => page.line(&Spans::of(Tone::Dim, format!("      and {more} more"))),
    }
}

fn problems<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    const SHOWN: usize = 4;
    if session.problems.is_empty() {
        return Ok(());
    }
    page.heading("Odd about its packets", "")?;
    let shown = if page.style.verbose { session.problems.len() } else { SHOWN };
    for one in session.problems.iter().take(shown) {
        problem(page, one)?;
    }
    match session.problems.len().saturating_sub(shown) {
        0 => Ok(()),
        more => page.line(&Spans::of(Tone::Dim, format!("    and {more} more"))),
    }
}

/// A problem on a line.
pub(super) fn problem<W: Write>(page: &mut Page<'_, W>, problem: &Problem) -> io::Result<()> {
    let lead = Spans::of(Tone::Plain, "    ").add(Tone::Warn, "! ");
    let place = problem.packet.map(|packet| format!("packet {packet}: ")).unwrap_or_default();
    page.flow(lead, Spans::of(Tone::Dim, place).add(Tone::Plain, &problem.text))
}

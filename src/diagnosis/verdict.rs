//! From findings to one verdict. The same for all causes: sure before unsure; at equal confidence what
//! explains another away goes before it; then the order of the table.
//!
//! Invariant: nothing here knows what a rule looked at, and the order of the rules decides only between
//! findings that neither confidence nor `shadows` tells apart.

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::diagnosis::{Alternative, Diagnosis, Remedy};
use crate::diagnosis::ending::{Close, Ending, Stage, first_close};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::RULES;
use crate::endpoint::Address;
use crate::knowledge::{keys, remedies};
use crate::problem::Problem;
use crate::role::{Role, Side};
use crate::seen::PacketNo;
use crate::session::inference::HiddenAnswer;
use crate::session::outcome::Outcome;
use crate::session::{Decryption, Session, Transport};
use crate::trust::Beliefs;

/// How many alternatives are told.
const ALTERNATIVES: usize = 5;

/// Causes that rest on something not having been sent: with holes in the capture they are not certain.
const FROM_ABSENCE: &[Cause] = &[
    Cause::ClientCertNotRequested,
    Cause::ServerSilent,
    Cause::ClientSilent,
    Cause::ResetAfterClientHello,
    Cause::ClosedWithoutAlert,
    Cause::ResetMidHandshake,
    Cause::PathMtuBlackhole,
    Cause::ProtocolViolation,
    Cause::CorruptedRecord,
];

/// The verdict on `session`, for what the user believes about trust.
pub fn diagnose(session: &Session, beliefs: &Beliefs) -> Diagnosis {
    diagnose_with(RULES, session, beliefs)
}

/// The verdict on `session`, where the search for a path of certificates takes so many steps at most. That it would have
/// taken more becomes a problem of the session, and no fault is certain then.
pub fn judge(session: &mut Session, beliefs: &Beliefs, steps: usize) -> Diagnosis {
    let case = Case::within(steps, session, beliefs);
    let (diagnosis, cut) = (verdict(RULES, &case), case.is_cut());
    if cut {
        let text = format!(
            "The certificates allow for more paths than could be walked in {steps} steps: there may be a better one than the one that was judged."
        );
        session.problems.push(Problem::new("path-search-cut", text));
    }
    diagnosis
}

/// The verdict by these rules.
pub fn diagnose_with(rules: &[Rule], session: &Session, beliefs: &Beliefs) -> Diagnosis {
    verdict(rules, &Case::new(session, beliefs))
}

fn verdict(rules: &[Rule], case: &Case<'_>) -> Diagnosis {
    let mut found: Vec<(&Rule, Finding)> = Vec::new();
    let mut ruled_out: Vec<(Cause, Evidence)> = Vec::new();
    for rule in rules {
        match (rule.examine)(case) {
            Assessment::Silent => {}
            Assessment::RuledOut(evidence) => ruled_out.push((rule.cause, evidence)),
            Assessment::Supported(finding) => found.push((rule, finding)),
        }
    }
    let holes = holes(case);
    let mut ranked = rank(found, holes, case.is_cut());
    let completed = matches!(case.ending, Ending::Completed | Ending::LeftAtOnce { .. } | Ending::HiddenAnswer { .. });
    let wins = ranked.first().is_some_and(|(_, confidence, _)| !completed || *confidence >= Confidence::Likely);
    if !wins {
        return if completed { established(case, &ranked) } else { unexplained(case) };
    }
    let (rule, confidence, finding) = ranked.remove(0);
    let Finding { side, summary, explanation, evidence, needs, .. } = finding;
    let mut alternatives = alternatives(&ranked, &ruled_out, rule.cause, &needs);
    alternatives.truncate(ALTERNATIVES);
    Diagnosis {
        outcome: outcome(case, rule.cause),
        cause: rule.cause,
        side: side.unwrap_or_else(|| rule.cause.side()),
        confidence,
        summary,
        explanation,
        evidence: in_order(evidence),
        remedies: what_to_do(case, rule.cause),
        alternatives,
        needs,
    }
}

/// The remedies, with the server's name and port in their commands.
fn what_to_do(case: &Case<'_>, cause: Cause) -> Vec<Remedy> {
    let session = case.session;
    let spoken = session.refusals.first().map(|refusal| refusal.value.protocol);
    let protocol = spoken.or_else(|| session.preamble.as_ref().map(|preamble| preamble.protocol));
    let [client, server] =
        [&session.stack.client, &session.stack.server].map(|stack| remedies::Speaker { stack, protocol });
    let address = match &session.server.address {
        Address::Ip(address) => Some(address.to_string()),
        _ => None,
    };
    let host = case.server_name().or(address);
    let filled = |command: &str| remedies::filled(command, host.as_deref(), session.server.port);
    remedies::of(cause, client, server)
        .into_iter()
        .map(|row| Remedy { side: row.side, text: row.text.to_owned(), command: row.command.map(filled) })
        .collect()
}

/// Where the capture has holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holes {
    None,
    /// It began late.
    Beginning,
    /// Bytes that arrived are not in it, or a whole direction.
    Inside,
}

fn holes(case: &Case<'_>) -> Holes {
    let gaps = &case.session.tcp.gaps;
    let lost = |role: Role| gaps.of(role).iter().any(|gap| gap.acknowledged || gap.snaplen);
    match () {
        () if lost(Role::Client) || lost(Role::Server) || case.is_one_sided() => Holes::Inside,
        () if case.has_holes() => Holes::Beginning,
        () => Holes::None,
    }
}

type Ranked<'r> = (&'r Rule, Confidence, Finding);

/// Best first.
fn rank(found: Vec<(&Rule, Finding)>, holes: Holes, cut: bool) -> Vec<Ranked<'_>> {
    let mut rest: Vec<Ranked<'_>> = found
        .into_iter()
        .map(|(rule, finding)| {
            let cap = match holes {
                Holes::None => Confidence::Certain,
                Holes::Beginning => Confidence::Likely,
                Holes::Inside => Confidence::Possible,
            };
            let from_absence = FROM_ABSENCE.contains(&rule.cause);
            let confidence = if from_absence { finding.confidence().min(cap) } else { finding.confidence() };
            // Whichever fault shows in a chain, a better path may not have it.
            let confidence = if cut { confidence.min(Confidence::Likely) } else { confidence };
            (rule, confidence, finding)
        })
        .collect();
    rest.sort_by_key(|(rule, confidence, _)| (std::cmp::Reverse(*confidence), position(rule.cause)));
    let mut ranked = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let best = rest.first().map(|(_, confidence, _)| *confidence);
        let explained_away = |candidate: &Rule| {
            rest.iter().any(|(other, confidence, _)| {
                Some(*confidence) == best && other.cause != candidate.cause && other.shadows.contains(&candidate.cause)
            })
        };
        let next = rest
            .iter()
            .position(|(rule, confidence, _)| Some(*confidence) == best && !explained_away(rule))
            .unwrap_or(0);
        ranked.push(rest.remove(next));
    }
    ranked
}

/// The place of a cause in the documentation: the last tie-breaker, so that the order in which rules
/// stand in a list decides nothing.
fn position(cause: Cause) -> usize {
    Cause::ALL.iter().position(|other| *other == cause).unwrap_or(usize::MAX)
}

/// In the order of the packets, and each once.
fn in_order(evidence: Vec<Evidence>) -> Vec<Evidence> {
    let mut list: Vec<Evidence> = Vec::with_capacity(evidence.len());
    for item in evidence {
        if !list.contains(&item) {
            list.push(item);
        }
    }
    list.sort_by_key(Evidence::packet);
    list
}

fn alternatives(
    ranked: &[Ranked<'_>],
    ruled_out: &[(Cause, Evidence)],
    winner: Cause,
    needs: &[String],
) -> Vec<Alternative> {
    let mut list: Vec<Alternative> = ranked
        .iter()
        .filter(|(rule, _, _)| !matches!(rule.cause, Cause::Unknown | Cause::CaptureIncomplete))
        .map(|(rule, confidence, finding)| Alternative {
            cause: rule.cause,
            confidence: (*confidence).min(Confidence::Likely),
            why_not: why_not(winner, finding, needs),
        })
        .collect();
    list.extend(ruled_out.iter().map(|(cause, evidence)| Alternative {
        cause: *cause,
        confidence: Confidence::Possible,
        why_not: format!("ruled out by packet {}: {}", evidence.packet(), evidence.text()),
    }));
    list
}

/// `needs`: what would make the winner certain, which need not be said again.
fn why_not(winner: Cause, finding: &Finding, needs: &[String]) -> String {
    match finding.needs.first() {
        Some(need) if needs.contains(need) => format!("{winner} fits better; the same would decide between them"),
        Some(need) => format!("{winner} fits better; to decide: {need}"),
        None => format!("{winner} fits better"),
    }
}

/// Whether the client said something in a completed handshake, and the server closed without a word of its own.
fn unanswered(session: &Session) -> bool {
    let data = &session.application_data;
    data.client.records > 0
        && data.server.records == 0
        && session.transport == Transport::Tcp
        && matches!(first_close(session, PacketNo(0)), Some((Role::Server, ..)))
}

/// Nothing refused it.
fn established(case: &Case<'_>, ranked: &[Ranked<'_>]) -> Diagnosis {
    let session = case.session;
    let proved =
        |role: Role| session.finished.of(role).seen().is_some_and(|seen| !seen.is_inferred() || !session.is_tls13());
    // A refusal may hide in application data that could not be read, or follow where there was none yet.
    let answered = session.application_data.server.records > 0 && session.decryption == Decryption::Full;
    let certain = proved(Role::Client)
        && proved(Role::Server)
        && ranked.is_empty()
        && answered
        && !case.has_holes()
        // As long as nobody has closed, the server may still ask for a certificate, and refuse it.
        && !session.open_at_end
        && matches!(case.ending, Ending::Completed);
    let mutual = match (case.asked(), case.answered_empty()) {
        (true, false) if session.certificate.client.is_seen() => ", with a client certificate",
        (true, true) => "; the server asked for a client certificate, the client sent none, and was let in",
        _ => "",
    };
    let resumed = if session.resumed.is_some() { " by resuming an earlier session" } else { "" };
    let mut evidence = Vec::new();
    for role in [Role::Client, Role::Server] {
        if let Some(seen) = session.finished.of(role).seen() {
            evidence.push(Evidence::of(seen, format!("the {role} sent Finished")));
        }
    }
    let app = if session.decryption == Decryption::Full || session.refusals.is_empty() {
        ""
    } else {
        " as far as can be read"
    };
    let (behind, explanation) = match case.ending {
        Ending::LeftAtOnce { by, at, how } => {
            evidence
                .push(Evidence::at(at, format!("the {by} closed{}, and had sent no data of its own", words_of(how))));
            match by {
                Role::Client => (
                    ", and the client closed at once, without sending anything",
                    "So does a client that checks the server's certificate after the handshake and says nothing of what it found (Node, NSS, curl for a name), and one that only looked whether the server is there (health checks).",
                ),
                Role::Server => (", and the server closed at once, without sending anything", ""),
            }
        }
        Ending::HiddenAnswer { at, .. } => {
            evidence.push(Evidence::at(
                at,
                "the server's one answer, which could not be read; the connection was closed behind it",
            ));
            (
                "",
                "The server's one answer cannot be read, and the connection was closed behind it. It may be a refusal by the application (HTTP 400 or 403, say), or any short answer.",
            )
        }
        _ if unanswered(session) => (
            ", and the server closed without an answer to what the client said",
            "So ends an application that fails or has nothing to say. A program that looks at the client's certificate only when it is asked something would do the same: its log of that moment tells.",
        ),
        _ => ("", ""),
    };
    let (confidence, needs) = match case.ending {
        _ if certain => (Confidence::Certain, Vec::new()),
        Ending::LeftAtOnce { by: Role::Client, .. } => {
            (Confidence::Likely, vec!["the client's error message of that moment, if it had one".to_owned()])
        }
        // It has the mark of a refusal, and may be one that has nothing to do with certificates.
        Ending::HiddenAnswer { what: HiddenAnswer::ForbiddenPage | HiddenAnswer::Connack, .. } => {
            (Confidence::Possible, vec![keys::key_log(&session.stack)])
        }
        Ending::HiddenAnswer { .. } => (Confidence::Likely, vec![keys::key_log(&session.stack)]),
        _ => (Confidence::Likely, Vec::new()),
    };
    Diagnosis {
        outcome: Outcome::Established,
        cause: Cause::None,
        side: Side::None,
        confidence,
        summary: format!("The handshake was completed{resumed}{mutual}{behind}{app}."),
        explanation: explanation.to_owned(),
        evidence: in_order(evidence),
        remedies: Vec::new(),
        alternatives: alternatives(ranked, &[], Cause::None, &needs),
        needs,
    }
}

/// How a close was made, where that is worth a word.
fn words_of(how: Close) -> &'static str {
    match how {
        Close::CloseNotify => " with close_notify",
        Close::Reset => " with a reset",
        Close::Fin | Close::EapFailure | Close::Quic | Close::Plaintext => "",
    }
}

/// No rule found anything, and yet it was not completed.
fn unexplained(case: &Case<'_>) -> Diagnosis {
    let evidence = Evidence::at(case.session.last, "the last packet of the connection");
    Diagnosis {
        outcome: outcome(case, Cause::Unknown),
        cause: Cause::Unknown,
        side: Side::Unknown,
        confidence: Confidence::Possible,
        summary: "The handshake was not completed, and these packets do not say why.".to_owned(),
        explanation: String::new(),
        evidence: vec![evidence],
        remedies: Vec::new(),
        alternatives: Vec::new(),
        needs: vec!["the logs of both sides of that moment".to_owned()],
    }
}

fn outcome(case: &Case<'_>, cause: Cause) -> Outcome {
    if cause == Cause::CaptureIncomplete {
        return Outcome::Incomplete;
    }
    match case.ending {
        Ending::Refusal { .. } if case.session.finished.client.is_seen() || case.session.server_hello.is_seen() => {
            Outcome::Refused
        }
        Ending::HiddenAnswer { .. } | Ending::LeftAtOnce { .. } | Ending::Completed => Outcome::Refused,
        Ending::Alert { stage: Stage::Finished, .. } | Ending::HiddenAlert { stage: Stage::Finished, .. } => {
            Outcome::Refused
        }
        Ending::Open { .. } if matches!(cause, Cause::Unknown) => Outcome::Incomplete,
        _ => Outcome::Failed,
    }
}

//! The server asked for a certificate, the client had none to send, and was refused for it.
#![doc = include_str!("missing.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Ending, Stage};
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::answer_words;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::iana::alerts;
use crate::knowledge::{dialects, keys};
use crate::role::Role;
use crate::seen::{At, Observed, Seen};
use crate::session::inference::HiddenAnswer;
use crate::session::{CertificateSent, RefusalMeaning};

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientCertMissing,
    shadows: &[
        Cause::ClientCertRejected,
        Cause::ClientCertNotAuthorized,
        Cause::ClientCertUnsupportedAlgorithm,
        Cause::NoCommonCipher,
        Cause::ClosedWithoutAlert,
        Cause::ResetMidHandshake,
        Cause::ProtocolViolation,
    ],
    examine,
};

/// certificate_required (RFC 8446 section 6.2).
const CERTIFICATE_REQUIRED: u8 = 116;
/// Alerts that stacks send for a missing certificate, see the dialects.
const SENT_FOR_IT: &[u8] = &[40, 41, 42, 46, 49, 50, 80, 116];

/// Where and how the client answered that it has no certificate; `None` where it sent one, or was not
/// asked.
struct Empty {
    at: At,
    inferred: bool,
    text: &'static str,
}

fn empty(case: &Case<'_>) -> Option<Empty> {
    let session = case.session;
    let later = session.reauthentication.iter().rev().find_map(|seen| seen.value.answer.seen());
    let seen: &Seen<CertificateSent> = later.or_else(|| session.certificate.client.seen())?;
    matches!(seen.value, CertificateSent::Empty).then(|| Empty {
        at: seen.at(),
        inferred: seen.is_inferred(),
        text: if seen.is_inferred() {
            "the client's answer is exactly as long as an empty Certificate message"
        } else {
            "the client answered with an empty Certificate message"
        },
    })
}

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    if let Some(finding) = said_so(case) {
        return Assessment::Supported(finding);
    }
    if let Observed::Seen(seen) = &session.certificate.client
        && !matches!(seen.value, CertificateSent::Empty)
        && !case.answered_empty()
    {
        return if case.asked() && !seen.is_inferred() && case.ending.packet().is_some() {
            Assessment::RuledOut(Evidence::of(seen, "the client sent a certificate"))
        } else {
            Assessment::Silent
        };
    }
    if let Ending::HiddenAnswer { at, what: HiddenAnswer::NginxPage } = case.ending
        && session.resumed.is_some()
    {
        let summary = "The server's answer looks like its page for a missing client certificate; the resumed session was made without one.";
        let finding = Finding::likely(summary, Evidence::at(at, answer_words(HiddenAnswer::NginxPage)));
        return Assessment::Supported(finding.needs(keys::key_log(&session.stack)));
    }
    let Some(empty) = empty(case) else { return without_certificate(case) };
    let Some((confidence, evidence)) = refusal(case, &empty) else { return Assessment::Silent };
    Assessment::Supported(finding(case, confidence, evidence, &empty))
}

/// certificate_required, or an application's words, say it whatever else can be seen.
fn said_so(case: &Case<'_>) -> Option<Finding> {
    let summary = "The server required a client certificate, and the client sent none.";
    match case.ending {
        Ending::Alert { seen, alert, .. }
            if alert.description == CERTIFICATE_REQUIRED && seen.value.from == Role::Server =>
        {
            let text = format!("the server refused with alert {} (116)", alerts::display(CERTIFICATE_REQUIRED));
            Some(with_answer(case, Finding::with(sure(case), summary, Evidence::of(seen, text))))
        }
        Ending::Refusal { seen } if seen.value.meaning == RefusalMeaning::CertificateMissing => {
            if session_did_not_ask(case) || case.presented_at(Role::Client).is_some() && !case.answered_empty() {
                return None;
            }
            let text = format!("the server answered \"{}\"", seen.value.text);
            Some(with_answer(case, Finding::with(sure(case), summary, Evidence::of(seen, text))))
        }
        _ => None,
    }
}

/// Certain, unless the server's request leaves out a common kind of key: then the client may well have a
/// certificate, and could not use it.
fn sure(case: &Case<'_>) -> Confidence {
    let narrow = case.request().is_some_and(|request| {
        let list = &request.signature_algorithms;
        let rsa = list.iter().any(|scheme| matches!(scheme, 0x0804..=0x0806) || scheme & 0xff == 1);
        let ecdsa = list.iter().any(|scheme| scheme & 0xff == 3 && *scheme < 0x0700);
        !(list.is_empty() || rsa && ecdsa)
    });
    if narrow { Confidence::Likely } else { Confidence::Certain }
}

fn session_did_not_ask(case: &Case<'_>) -> bool {
    case.session.certificate_request.is_not_sent() && case.session.reauthentication.is_empty()
        || case.session.certificate_request.is_not_sent() && case.session.resumed.is_some()
}

fn with_answer(case: &Case<'_>, finding: Finding) -> Finding {
    let request = case.request_evidence("the server asked for a certificate");
    let answer = empty(case).map(|empty| Evidence::at(empty.at, empty.text));
    issuers(case, finding.and_maybe(request).and_maybe(answer))
}

/// The server's refusal of an empty answer.
fn refusal(case: &Case<'_>, empty: &Empty) -> Option<(Confidence, Evidence)> {
    let proved = if empty.inferred { Confidence::Likely } else { sure(case) };
    match case.ending {
        Ending::Alert { seen, alert, stage } if seen.value.from == Role::Server && stage >= Stage::ClientFlight => {
            let text =
                format!("the server refused with alert {} ({})", alerts::display(alert.description), alert.description);
            let confidence = if SENT_FOR_IT.contains(&alert.description) { proved } else { Confidence::Possible };
            Some((confidence, Evidence::of(seen, text)))
        }
        Ending::HiddenAlert { seen, stage } if seen.value.from == Role::Server && stage >= Stage::ClientFlight => {
            Some((
                Confidence::Likely,
                Evidence::of(seen, "the server answered with an encrypted alert, and ended the handshake"),
            ))
        }
        Ending::Refusal { seen } => {
            let text = format!("the server answered \"{}\"", seen.value.text);
            let confidence = match seen.value.meaning {
                RefusalMeaning::CertificateInvalid => Confidence::Possible,
                RefusalMeaning::Misdirected | RefusalMeaning::PlainHttpToTls => return None,
                _ => Confidence::Likely,
            };
            Some((confidence, Evidence::of(seen, text)))
        }
        Ending::HiddenAnswer { at, what } => {
            let confidence = match what {
                HiddenAnswer::Brief | HiddenAnswer::Connack => Confidence::Possible,
                _ => Confidence::Likely,
            };
            Some((confidence, Evidence::at(at, answer_words(what))))
        }
        Ending::LeftAtOnce { by: Role::Server, at, how } => Some((
            Confidence::Likely,
            Evidence::at(at, format!("the server {} without having sent anything", how.words())),
        )),
        Ending::Closed { by: Role::Server, at, how, stage } if stage >= Stage::ClientFlight => {
            // Mbed TLS, wolfSSL, s2n-tls and GnuTLS applications close without a word.
            Some((Confidence::Likely, Evidence::at(at, format!("the server {} without a fatal alert", how.words()))))
        }
        _ => None,
    }
}

fn finding(case: &Case<'_>, confidence: Confidence, refusal: Evidence, empty: &Empty) -> Finding {
    let summary = "The server asked for a client certificate, the client sent none, and the server gave up for it.";
    let request = case.request_evidence("the server asked for a certificate");
    let mut finding =
        Finding::with(confidence, summary, Evidence::at(empty.at, empty.text)).and_maybe(request).and(refusal);
    let unread = matches!(case.ending, Ending::HiddenAnswer { .. });
    if confidence < Confidence::Certain && (empty.inferred || unread) {
        finding = finding.needs(keys::key_log(&case.session.stack));
    }
    issuers(case, finding)
}

/// Why a client that has a certificate may send none: the server's list of issuers.
fn issuers(case: &Case<'_>, finding: Finding) -> Finding {
    let named = case.request().map_or(0, |request| request.authorities.len());
    let candidates = &case.session.stack.client.candidates;
    let filters = !candidates.is_empty() && candidates.iter().all(|stack| dialects::FILTER_BY_ISSUER.contains(stack));
    if named > 0 && filters {
        return finding
            .explain("Either the client has no certificate configured, or it has one whose issuer is not in the server's list: this kind of client then sends none, without saying so.")
            .needs("whether the client has a certificate configured, and the name of its issuer");
    }
    if named > 0 {
        return finding.explain("The client has no certificate configured for this connection, or its key type is none that the server allows; clients that choose by issuer also send none where the server's list does not name theirs.");
    }
    finding.explain(
        "The client has no certificate configured for this connection, or its key type is none that the server allows.",
    )
}

/// Nothing of a certificate was seen from the client: it may have closed instead of answering.
fn without_certificate(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let Some(request) = session.certificate_request.seen() else { return Assessment::Silent };
    if session.certificate.client.is_not_sent()
        && let Ending::Alert { seen, alert, stage: Stage::ClientFlight } = case.ending
        && seen.value.from == Role::Server
        && SENT_FOR_IT.contains(&alert.description)
        && !request.is_inferred()
    {
        let text =
            format!("the server refused with alert {} ({})", alerts::display(alert.description), alert.description);
        let summary = "The server asked for a client certificate, and the client sent no Certificate message at all.";
        let finding = Finding::likely(summary, Evidence::of(seen, text))
            .and(Evidence::of(request, "the server asked for a certificate"));
        return Assessment::Supported(finding);
    }
    Assessment::Silent
}

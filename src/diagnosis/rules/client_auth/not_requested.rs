//! The server never asked for a certificate, and the client was refused for the lack of one.
#![doc = include_str!("not_requested.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::answer_words;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::role::Role;
use crate::session::RefusalMeaning;
use crate::session::inference::HiddenAnswer;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientCertNotRequested,
    shadows: &[Cause::ClientCertNotAuthorized, Cause::ClientCertMissing],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let seen = match case.ending {
        Ending::Refusal { seen } => seen,
        Ending::HiddenAnswer { at, what: what @ (HiddenAnswer::ForbiddenPage | HiddenAnswer::Connack) }
            if session.certificate_request.is_not_sent() && session.reauthentication.is_empty() =>
        {
            let summary = "The server never asked the client for a certificate, and may then have refused the client.";
            let finding = Finding::possible(summary, Evidence::at(at, answer_words(what)))
                .needs(crate::knowledge::keys::key_log(&session.stack));
            return Assessment::Supported(finding);
        }
        _ => return Assessment::Silent,
    };
    if let Some(request) = session.certificate_request.seen() {
        return match seen.value.meaning {
            RefusalMeaning::CertificateMissing => {
                Assessment::RuledOut(Evidence::of(request, "the server did ask for a certificate"))
            }
            _ => Assessment::Silent,
        };
    }
    if !session.certificate_request.is_not_sent() || !session.reauthentication.is_empty() {
        return Assessment::Silent;
    }
    let confidence = match seen.value.meaning {
        RefusalMeaning::CertificateMissing if session.resumed.is_none() => Confidence::Certain,
        RefusalMeaning::CertificateMissing => Confidence::Possible,
        RefusalMeaning::NotAuthorized | RefusalMeaning::Unclear => Confidence::Likely,
        RefusalMeaning::CertificateInvalid => Confidence::Likely,
        _ => return Assessment::Silent,
    };
    let inferred = session.inferred_client_auth.is_some();
    let confidence = if inferred { confidence.min(Confidence::Likely) } else { confidence };
    let done = session.finished.of(Role::Client).seen().map(|finished| {
        Evidence::of(finished, "the handshake was completed without the server having asked for a certificate")
    });
    let summary = "The server never asked the client for a certificate, and then refused the client.";
    let finding = Finding::with(confidence, summary, Evidence::of(seen, format!("the server answered \"{}\"", seen.value.text)))
        .and_maybe(done)
        .explain(
            "Whether a server asks depends on the listener and, with many servers, on the name in SNI: a client that sends no SNI, or another name, reaches a virtual host that does not ask. A client cannot send what it is not asked for.",
        );
    let finding = match (confidence, case.server_name()) {
        (Confidence::Certain, _) => finding,
        (_, None) => finding.needs("whether the server would ask if the client sent SNI"),
        (_, Some(_)) => finding.needs(
            "whether the application's refusal is about the missing certificate at all: its log, or its access rules",
        ),
    };
    Assessment::Supported(finding)
}

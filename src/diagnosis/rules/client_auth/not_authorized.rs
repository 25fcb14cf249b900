//! The client's certificate verified, and its identity was refused.
#![doc = include_str!("not_authorized.md")]

use crate::cause::{Cause, Confidence};
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::refused::answer_words;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::iana::alerts;
use crate::role::Role;
use crate::session::inference::HiddenAnswer;
use crate::session::{CertificateSent, RefusalMeaning};

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientCertNotAuthorized,
    shadows: &[Cause::ClientCertRejected, Cause::ClientCertUntrustedCa, Cause::ClientCertChainIncomplete],
    examine,
};

/// access_denied (RFC 8446 section 6.2).
const ACCESS_DENIED: u8 = 49;

fn examine(case: &Case<'_>) -> Assessment {
    let session = case.session;
    let presented = session.certificate.client.value().is_some_and(|sent| !matches!(sent, CertificateSent::Empty))
        || case.reauthenticated_with_certificate();
    let resumed = session.resumed.is_some();
    match case.ending {
        Ending::Refusal { seen } if presented || resumed => {
            let explained = case.is_explained(Role::Client) || case.flaw(Role::Client, Fault::SelfSigned).is_some();
            let confidence = match seen.value.meaning {
                RefusalMeaning::NotAuthorized if !explained => Confidence::Likely,
                RefusalMeaning::Unclear | RefusalMeaning::CertificateMissing if !explained => Confidence::Likely,
                RefusalMeaning::NotAuthorized | RefusalMeaning::Unclear | RefusalMeaning::CertificateMissing => {
                    Confidence::Possible
                }
                _ => return Assessment::Silent,
            };
            let summary = "The server took the client's certificate, and its application refused the identity in it.";
            let who = case.presented(Role::Client).first().map(|leaf| leaf.subject.text.clone()).unwrap_or_default();
            let certificate = case.presented_at(Role::Client).map(|at| {
                let text = if who.is_empty() {
                    "the client sent a certificate".to_owned()
                } else {
                    format!("the client's certificate names {who}")
                };
                Evidence::at(at, text)
            });
            let finding = Finding::with(confidence, summary, Evidence::of(seen, format!("the server answered \"{}\"", seen.value.text)))
                .and_maybe(certificate)
                .explain("The TLS handshake was completed, so the certificate was accepted there, or the server left its judgement to the application.")
                .needs("the rule by which the application lets identities in, and its log of that moment");
            Assessment::Supported(finding)
        }
        Ending::HiddenAnswer { at, what: what @ HiddenAnswer::DatabaseError } if presented => {
            let confidence = if case.is_explained(Role::Client) { Confidence::Possible } else { Confidence::Likely };
            let summary = "The database took the client's certificate, and then turned the client away.";
            let finding = Finding::with(confidence, summary, Evidence::at(at, answer_words(what)))
                .needs(crate::knowledge::keys::key_log(&session.stack));
            Assessment::Supported(finding)
        }
        Ending::HiddenAnswer {
            at,
            what: what @ (HiddenAnswer::ForbiddenPage | HiddenAnswer::Connack | HiddenAnswer::Brief),
        } if presented => {
            let summary = "The server may have taken the client's certificate, and then have turned the client away.";
            let finding = Finding::possible(summary, Evidence::at(at, answer_words(what)))
                .needs(crate::knowledge::keys::key_log(&session.stack));
            Assessment::Supported(finding)
        }
        Ending::Alert { seen, alert, .. }
            if alert.description == ACCESS_DENIED && seen.value.from == Role::Server && presented =>
        {
            let gnutls = session.stack.server.candidates.contains(&crate::session::Stack::GnuTls);
            let confidence =
                if gnutls || case.is_explained(Role::Client) { Confidence::Possible } else { Confidence::Likely };
            let text = format!("the server refused with alert {} ({ACCESS_DENIED})", alerts::display(ACCESS_DENIED));
            let finding = Finding::with(confidence, "The server refused the client's identity.", Evidence::of(seen, text))
                .explain("access_denied is for a certificate that verified and whose holder is not let in (RFC 8446 section 6.2); GnuTLS applications say it of any fault.");
            Assessment::Supported(finding)
        }
        _ => Assessment::Silent,
    }
}

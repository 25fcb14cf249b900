//! The request is for another host than the handshake was.
#![doc = include_str!("misdirected_request.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::hello_evidence;
use crate::session::RefusalMeaning;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::MisdirectedRequest,
    shadows: &[Cause::ClientCertNotAuthorized, Cause::ClientCertRejected],
    examine,
};

fn examine(case: &Case<'_>) -> Assessment {
    let Ending::Refusal { seen } = case.ending else { return Assessment::Silent };
    if seen.value.meaning != RefusalMeaning::Misdirected {
        return Assessment::Silent;
    }
    let name = case.session.client_hello.value().and_then(|hello| hello.extensions.server_name_text());
    let (summary, opened) = match name {
        Some(name) => (
            format!("The handshake was for {name}, and the server says that the request was not."),
            format!("the client opened the connection for {name}"),
        ),
        None => (
            "The handshake named no host, and the server does not answer for the one in the request.".to_owned(),
            "the client sent no server_name".to_owned(),
        ),
    };
    let finding = Finding::certain(summary, Evidence::of(seen, format!("the server answered \"{}\"", seen.value.text)))
        .and_maybe(hello_evidence(case, opened))
        .explain("A server that asks for certificates name by name answers so, since the certificate was asked for, or not, under the rules of the first name.");
    Assessment::Supported(finding)
}

//! The server knows no host by the name that the client asked for.
#![doc = include_str!("unrecognized_name.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::rule::{Assessment, Rule};
use crate::diagnosis::rules::negotiation::{alert, hello_evidence, said};
use crate::role::Role;

/// Its rule.
pub const RULE: Rule =
    Rule { cause: Cause::UnrecognizedName, shadows: &[Cause::ServerCertMissing, Cause::NoCommonCipher], examine };

/// unrecognized_name (RFC 6066 section 3).
const UNRECOGNIZED_NAME: u8 = 112;

fn examine(case: &Case<'_>) -> Assessment {
    let Some(seen) = alert(case, UNRECOGNIZED_NAME).filter(|seen| seen.value.from == Role::Server) else {
        return Assessment::Silent;
    };
    let name = case.session.client_hello.value().and_then(|hello| hello.extensions.server_name_text());
    let (summary, asked) = match name {
        Some(name) => (
            format!("The server knows no host by the name that the client asked for ({name})."),
            format!("the client asked for {name}"),
        ),
        None => (
            "The server wants the client to name a host, and the client named none.".to_owned(),
            "the client sent no server_name".to_owned(),
        ),
    };
    Assessment::Supported(
        Finding::certain(summary, said(seen, UNRECOGNIZED_NAME)).and_maybe(hello_evidence(case, asked)),
    )
}

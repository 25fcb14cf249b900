//! A proxy refused to open the tunnel.
#![doc = include_str!("proxy_refused.md")]

use crate::cause::Cause;
use crate::diagnosis::case::Case;
use crate::diagnosis::finding::{Evidence, Finding};
use crate::diagnosis::rule::{Assessment, Rule};
use crate::session::PreambleOutcome;

/// Its rule.
pub const RULE: Rule = Rule {
    cause: Cause::ProxyRefused,
    shadows: &[
        Cause::ClosedWithoutAlert,
        Cause::PlaintextClient,
        Cause::PlaintextServer,
        Cause::ClientAborted,
        Cause::ClientSilent,
        Cause::UpgradeRefused,
        Cause::Unknown,
    ],
    examine,
};

/// Protocols by which a proxy is asked for a tunnel.
const PROXIES: &[&str] = &["http-connect", "socks4", "socks5"];

fn examine(case: &Case<'_>) -> Assessment {
    let Some(preamble) = case.session.preamble.as_ref().filter(|preamble| PROXIES.contains(&preamble.protocol)) else {
        return Assessment::Silent;
    };
    let PreambleOutcome::Refused(seen) = &preamble.outcome else { return Assessment::Silent };
    let finding = Finding::certain(
        format!("The proxy refused to open the tunnel: {}.", seen.value),
        Evidence::of(seen, format!("the proxy answered \"{}\"", seen.value)),
    )
    .explain("No byte of TLS was sent: the handshake never began, and neither the server nor any certificate has to do with it.");
    Assessment::Supported(finding)
}

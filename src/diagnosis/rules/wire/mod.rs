//! What happens below TLS, or instead of it.

pub mod capture_incomplete;
pub mod client_aborted;
pub mod client_silent;
pub mod closed_without_alert;
pub mod corrupted_record;
pub mod path_mtu_blackhole;
pub mod plaintext_client;
pub mod plaintext_server;
pub mod protocol_violation;
pub mod proxy_header_unexpected;
pub mod proxy_refused;
pub mod reset_after_client_hello;
pub mod reset_mid_handshake;
pub mod server_silent;
pub mod tcp_no_answer;
pub mod tcp_refused;
pub mod upgrade_refused;

use crate::diagnosis::case::Case;
use crate::diagnosis::finding::Evidence;
use crate::role::Role;

/// The client's first words, as evidence.
fn client_hello(case: &Case<'_>) -> Option<Evidence> {
    case.session.client_hello.seen().map(|seen| Evidence::of(seen, "the client sent its ClientHello"))
}

/// Whether anything of TLS was said by `role`.
fn spoke_tls(case: &Case<'_>, role: Role) -> bool {
    let session = case.session;
    match role {
        Role::Client => session.client_hello.is_seen(),
        Role::Server => session.server_hello.is_seen() || session.alerts_of(Role::Server).next().is_some(),
    }
}

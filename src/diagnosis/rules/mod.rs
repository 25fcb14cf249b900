//! The rules, one cause each, and the register of all of them.

pub mod certificate;
pub mod client_auth;
pub mod negotiation;
pub mod pages;
pub mod unknown;
pub mod wire;

use crate::diagnosis::rule::Rule;

/// Every rule, in the order of the causes.
pub const RULES: &[Rule] = &[
    client_auth::missing::RULE,
    certificate::untrusted_ca::CLIENT,
    certificate::chain_incomplete::CLIENT,
    certificate::self_signed::CLIENT,
    certificate::expired::CLIENT,
    certificate::not_yet_valid::CLIENT,
    certificate::wrong_usage::CLIENT,
    certificate::revoked::CLIENT,
    certificate::weak::CLIENT,
    certificate::key_mismatch::CLIENT,
    client_auth::unsupported_algorithm::RULE,
    certificate::chain_too_long::CLIENT,
    certificate::malformed::CLIENT,
    client_auth::not_authorized::RULE,
    client_auth::not_requested::RULE,
    certificate::rejected::CLIENT,
    certificate::untrusted_ca::SERVER,
    certificate::chain_incomplete::SERVER,
    certificate::self_signed::SERVER,
    certificate::expired::SERVER,
    certificate::not_yet_valid::SERVER,
    certificate::wrong_usage::SERVER,
    certificate::revoked::SERVER,
    certificate::weak::SERVER,
    certificate::key_mismatch::SERVER,
    certificate::malformed::SERVER,
    certificate::chain_too_long::SERVER,
    certificate::rejected::SERVER,
    certificate::name_mismatch::SERVER,
    negotiation::server_certificate_missing::RULE,
    negotiation::version::RULE,
    negotiation::cipher::RULE,
    negotiation::group::RULE,
    negotiation::signature_algorithm::RULE,
    negotiation::alpn::RULE,
    negotiation::unrecognized_name::RULE,
    negotiation::misdirected_request::RULE,
    negotiation::fallback::RULE,
    negotiation::psk::RULE,
    negotiation::renegotiation::RULE,
    negotiation::ech::RULE,
    negotiation::missing_extension::RULE,
    wire::plaintext_client::RULE,
    wire::plaintext_server::RULE,
    wire::proxy_refused::RULE,
    wire::upgrade_refused::RULE,
    wire::proxy_header_unexpected::RULE,
    wire::tcp_refused::RULE,
    wire::tcp_no_answer::RULE,
    wire::reset_after_client_hello::RULE,
    wire::server_silent::RULE,
    wire::client_silent::RULE,
    wire::path_mtu_blackhole::RULE,
    wire::reset_mid_handshake::RULE,
    wire::closed_without_alert::RULE,
    wire::client_aborted::RULE,
    wire::corrupted_record::RULE,
    wire::protocol_violation::RULE,
    wire::capture_incomplete::RULE,
    unknown::RULE,
];

/// Causes without a rule, and why.
pub const WITHOUT_RULE: &[(crate::cause::Cause, &str)] =
    &[(crate::cause::Cause::None, "it is what remains where no rule finds anything, see `verdict`")];

//! Which TLS stack refuses a certificate by which alert, for which cause. A table and its look-ups; no
//! judgement.
//!
//! An alert number means different things from different stacks: 42 from OpenSSL is a weak or a not yet
//! valid certificate, from Go 1.19 any fault at all. The rows say what was seen when the real programs
//! were run against faulty peers ([`Basis::Run`]) or read in their sources ([`Basis::Source`]).

use crate::cause::Cause;
use crate::session::Stack;

/// How a row is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The program was run.
    Run,
    /// Its source was read.
    Source,
}

/// What one stack does for one cause.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The stack that refuses.
    pub stack: Stack,
    /// Why.
    pub cause: Cause,
    /// The alerts that it sends for it, in any version of TLS; empty where it sends none.
    pub alerts: &'static [u8],
    /// It (or a program on top of it) may close without an alert instead.
    pub closes: bool,
    /// How that is known.
    pub basis: Basis,
}

const fn row(stack: Stack, cause: Cause, alerts: &'static [u8], closes: bool, basis: Basis) -> Row {
    Row { stack, cause, alerts, closes, basis }
}

/// Whether a stack of `candidates` says `alert` for `cause`. `None` where the table has no row for it.
pub fn says(candidates: &[Stack], cause: Cause, alert: u8) -> Option<bool> {
    let mut known = false;
    for row in ROWS.iter().filter(|row| row.cause == cause && candidates.contains(&row.stack)) {
        known = true;
        if row.alerts.contains(&alert) {
            return Some(true);
        }
    }
    known.then_some(false)
}

/// Whether any stack in the table says `alert` for `cause`.
pub fn anybody_says(cause: Cause, alert: u8) -> bool {
    ROWS.iter().any(|row| row.cause == cause && row.alerts.contains(&alert))
}

/// Whether a stack of `candidates` refuses for `cause` by closing without an alert.
pub fn closes_for(candidates: &[Stack], cause: Cause) -> bool {
    ROWS.iter().any(|row| row.cause == cause && row.closes && candidates.contains(&row.stack))
}

/// Stacks whose clients choose their certificate by the issuers that the server names, and answer with
/// none where none fits.
pub const FILTER_BY_ISSUER: &[Stack] =
    &[Stack::Go, Stack::Jsse, Stack::Nss, Stack::GnuTls, Stack::Erlang, Stack::Schannel, Stack::Apple];

/// The table, by stack.
pub const ROWS: &[Row] = &[
    row(Stack::OpenSsl, Cause::ClientCertMissing, &[40, 116], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertUntrustedCa, &[48, 51], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertExpired, &[45], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertNotYetValid, &[42], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertWrongUsage, &[43], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertRevoked, &[44, 48], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertWeak, &[42], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertKeyMismatch, &[51], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ClientCertChainTooLong, &[48], false, Basis::Source),
    row(Stack::OpenSsl, Cause::ClientCertMalformed, &[46, 50], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertUntrustedCa, &[48, 51], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertNotYetValid, &[42], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertWrongUsage, &[43], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::OpenSsl, Cause::ServerCertWeak, &[42], false, Basis::Run),
    row(Stack::OpenSsl, Cause::ServerCertKeyMismatch, &[51], false, Basis::Source),
    row(Stack::OpenSsl, Cause::ServerCertMalformed, &[46, 50], false, Basis::Source),
    row(Stack::OpenSsl, Cause::ServerCertChainTooLong, &[48], false, Basis::Source),
    row(Stack::OpenSsl, Cause::ServerCertNameMismatch, &[40, 42, 80], false, Basis::Run),
    row(Stack::Node, Cause::ClientCertMissing, &[40, 116], false, Basis::Run),
    row(Stack::Node, Cause::ClientCertUntrustedCa, &[], true, Basis::Run),
    row(Stack::Node, Cause::ClientCertExpired, &[], true, Basis::Run),
    row(Stack::Node, Cause::ClientCertWrongUsage, &[], true, Basis::Run),
    row(Stack::Node, Cause::ServerCertUntrustedCa, &[], true, Basis::Run),
    row(Stack::Node, Cause::ServerCertChainIncomplete, &[], true, Basis::Run),
    row(Stack::Node, Cause::ServerCertSelfSigned, &[], true, Basis::Run),
    row(Stack::Node, Cause::ServerCertExpired, &[], true, Basis::Run),
    row(Stack::Node, Cause::ServerCertNotYetValid, &[], true, Basis::Run),
    row(Stack::Node, Cause::ServerCertWrongUsage, &[], true, Basis::Run),
    row(Stack::Node, Cause::ServerCertNameMismatch, &[], true, Basis::Run),
    row(Stack::LibreSsl, Cause::ClientCertMissing, &[40, 116], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertUntrustedCa, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertChainIncomplete, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertSelfSigned, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertExpired, &[45], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertNotYetValid, &[42], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertWrongUsage, &[43], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertRevoked, &[44], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertChainTooLong, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ClientCertMalformed, &[50], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertUntrustedCa, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertChainIncomplete, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertSelfSigned, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertExpired, &[45], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertNotYetValid, &[42], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertWrongUsage, &[43], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertMalformed, &[50], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertChainTooLong, &[48], false, Basis::Source),
    row(Stack::LibreSsl, Cause::ServerCertNameMismatch, &[46], false, Basis::Source),
    row(Stack::BoringSsl, Cause::ClientCertMissing, &[40, 116], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertExpired, &[45], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertWrongUsage, &[43, 47], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertRevoked, &[44], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertKeyMismatch, &[51], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertChainTooLong, &[48], false, Basis::Source),
    row(Stack::BoringSsl, Cause::ClientCertMalformed, &[46], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ClientCertNotAuthorized, &[46, 114], false, Basis::Source),
    row(Stack::BoringSsl, Cause::ServerCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ServerCertChainIncomplete, &[48], false, Basis::Source),
    row(Stack::BoringSsl, Cause::ServerCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ServerCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ServerCertWrongUsage, &[43], false, Basis::Run),
    row(Stack::BoringSsl, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::BoringSsl, Cause::ServerCertMalformed, &[46], false, Basis::Source),
    row(Stack::BoringSsl, Cause::ServerCertChainTooLong, &[48], false, Basis::Source),
    row(Stack::BoringSsl, Cause::ServerCertNameMismatch, &[42, 46], false, Basis::Run),
    row(Stack::S2n, Cause::ClientCertMissing, &[0], false, Basis::Run),
    row(Stack::S2n, Cause::ClientCertUntrustedCa, &[0], true, Basis::Run),
    row(Stack::S2n, Cause::ClientCertChainIncomplete, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ClientCertSelfSigned, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ClientCertExpired, &[0], true, Basis::Run),
    row(Stack::S2n, Cause::ClientCertNotYetValid, &[0], true, Basis::Run),
    row(Stack::S2n, Cause::ClientCertWrongUsage, &[0], true, Basis::Run),
    row(Stack::S2n, Cause::ClientCertRevoked, &[0], false, Basis::Source),
    row(Stack::S2n, Cause::ClientCertKeyMismatch, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ClientCertChainTooLong, &[0], false, Basis::Source),
    row(Stack::S2n, Cause::ClientCertMalformed, &[0], true, Basis::Run),
    row(Stack::S2n, Cause::ServerCertUntrustedCa, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ServerCertSelfSigned, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ServerCertExpired, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ServerCertNotYetValid, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ServerCertWrongUsage, &[], true, Basis::Run),
    row(Stack::S2n, Cause::ServerCertNameMismatch, &[], true, Basis::Run),
    row(Stack::Go, Cause::ClientCertMissing, &[40, 42, 116], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertUntrustedCa, &[42, 48], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertChainIncomplete, &[42, 48], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertSelfSigned, &[42, 48], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertExpired, &[42, 45], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertNotYetValid, &[42, 45], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertWrongUsage, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertWeak, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertKeyMismatch, &[51], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertUnsupportedAlgorithm, &[43], false, Basis::Source),
    row(Stack::Go, Cause::ClientCertChainTooLong, &[42], false, Basis::Source),
    row(Stack::Go, Cause::ClientCertMalformed, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ClientCertNotAuthorized, &[42], false, Basis::Source),
    row(Stack::Go, Cause::ServerCertUntrustedCa, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ServerCertChainIncomplete, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ServerCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ServerCertExpired, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ServerCertNotYetValid, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ServerCertWrongUsage, &[42], false, Basis::Run),
    row(Stack::Go, Cause::ServerCertNameMismatch, &[42], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertMissing, &[40, 42, 116], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertUntrustedCa, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertChainIncomplete, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertSelfSigned, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertExpired, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertNotYetValid, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertWrongUsage, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertRevoked, &[46], false, Basis::Source),
    row(Stack::Jsse, Cause::ClientCertWeak, &[46], false, Basis::Source),
    row(Stack::Jsse, Cause::ClientCertKeyMismatch, &[40], false, Basis::Run),
    row(Stack::Jsse, Cause::ClientCertChainTooLong, &[46], false, Basis::Source),
    row(Stack::Jsse, Cause::ClientCertMalformed, &[42, 46], false, Basis::Run),
    row(Stack::Jsse, Cause::ServerCertUntrustedCa, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ServerCertChainIncomplete, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ServerCertSelfSigned, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::Jsse, Cause::ServerCertNotYetValid, &[42], false, Basis::Run),
    row(Stack::Jsse, Cause::ServerCertWrongUsage, &[46], false, Basis::Run),
    row(Stack::Jsse, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::Jsse, Cause::ServerCertWeak, &[43], false, Basis::Source),
    row(Stack::Jsse, Cause::ServerCertNameMismatch, &[46], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertMissing, &[50, 116], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertUntrustedCa, &[42, 49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertChainIncomplete, &[42, 49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertSelfSigned, &[42, 49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertExpired, &[42, 49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertNotYetValid, &[42, 49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertWrongUsage, &[80], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertRevoked, &[42, 49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertWeak, &[42, 49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertKeyMismatch, &[51], false, Basis::Run),
    row(Stack::GnuTls, Cause::ClientCertMalformed, &[49], false, Basis::Run),
    row(Stack::GnuTls, Cause::ServerCertUntrustedCa, &[42], false, Basis::Run),
    row(Stack::GnuTls, Cause::ServerCertChainIncomplete, &[42], false, Basis::Run),
    row(Stack::GnuTls, Cause::ServerCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::GnuTls, Cause::ServerCertExpired, &[42], false, Basis::Run),
    row(Stack::GnuTls, Cause::ServerCertNotYetValid, &[42], false, Basis::Run),
    row(Stack::GnuTls, Cause::ServerCertWrongUsage, &[42], false, Basis::Run),
    row(Stack::GnuTls, Cause::ServerCertRevoked, &[42], false, Basis::Source),
    row(Stack::GnuTls, Cause::ServerCertWeak, &[42], false, Basis::Source),
    row(Stack::GnuTls, Cause::ServerCertNameMismatch, &[42], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertMissing, &[42, 116], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertExpired, &[45], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertWrongUsage, &[46], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertRevoked, &[44], false, Basis::Source),
    row(Stack::Nss, Cause::ClientCertKeyMismatch, &[51], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertMalformed, &[42], false, Basis::Run),
    row(Stack::Nss, Cause::ClientCertNotAuthorized, &[49], false, Basis::Source),
    row(Stack::Nss, Cause::ServerCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::Nss, Cause::ServerCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::Nss, Cause::ServerCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::Nss, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::Nss, Cause::ServerCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::Nss, Cause::ServerCertWrongUsage, &[46], false, Basis::Run),
    row(Stack::Nss, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::Nss, Cause::ServerCertMalformed, &[42], false, Basis::Source),
    row(Stack::Nss, Cause::ServerCertNameMismatch, &[42], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertMissing, &[116], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertExpired, &[45], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertWrongUsage, &[43, 46], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertRevoked, &[44], false, Basis::Source),
    row(Stack::Rustls, Cause::ClientCertWeak, &[51], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertKeyMismatch, &[51], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertMalformed, &[42, 46], false, Basis::Run),
    row(Stack::Rustls, Cause::ClientCertNotAuthorized, &[49], false, Basis::Source),
    row(Stack::Rustls, Cause::ServerCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::Rustls, Cause::ServerCertChainIncomplete, &[48], false, Basis::Source),
    row(Stack::Rustls, Cause::ServerCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::Rustls, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::Rustls, Cause::ServerCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::Rustls, Cause::ServerCertWrongUsage, &[43], false, Basis::Run),
    row(Stack::Rustls, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::Rustls, Cause::ServerCertWeak, &[51], false, Basis::Source),
    row(Stack::Rustls, Cause::ServerCertMalformed, &[42], false, Basis::Source),
    row(Stack::Rustls, Cause::ServerCertNameMismatch, &[42], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertMissing, &[41], true, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertExpired, &[45], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertNotYetValid, &[46], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertWrongUsage, &[43], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertRevoked, &[44], false, Basis::Source),
    row(Stack::MbedTls, Cause::ClientCertWeak, &[43, 46], false, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertKeyMismatch, &[], true, Basis::Run),
    row(Stack::MbedTls, Cause::ClientCertMalformed, &[42], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertSelfSigned, &[48], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertNotYetValid, &[46], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertWrongUsage, &[43], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::MbedTls, Cause::ServerCertWeak, &[43], false, Basis::Run),
    row(Stack::MbedTls, Cause::ServerCertNameMismatch, &[42], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertMissing, &[116], true, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertExpired, &[45], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertWrongUsage, &[42], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertKeyMismatch, &[51], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertUnsupportedAlgorithm, &[], true, Basis::Run),
    row(Stack::WolfSsl, Cause::ClientCertMalformed, &[], true, Basis::Run),
    row(Stack::WolfSsl, Cause::ServerCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ServerCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ServerCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ServerCertWrongUsage, &[42], false, Basis::Run),
    row(Stack::WolfSsl, Cause::ServerCertNameMismatch, &[42], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertMissing, &[40, 116], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertExpired, &[45], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertWrongUsage, &[40], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertKeyMismatch, &[40, 42], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertMalformed, &[43], false, Basis::Run),
    row(Stack::Erlang, Cause::ClientCertNotAuthorized, &[40], false, Basis::Source),
    row(Stack::Erlang, Cause::ServerCertUntrustedCa, &[48], false, Basis::Run),
    row(Stack::Erlang, Cause::ServerCertChainIncomplete, &[48], false, Basis::Run),
    row(Stack::Erlang, Cause::ServerCertSelfSigned, &[42], false, Basis::Run),
    row(Stack::Erlang, Cause::ServerCertExpired, &[45], false, Basis::Run),
    row(Stack::Erlang, Cause::ServerCertNotYetValid, &[45], false, Basis::Run),
    row(Stack::Erlang, Cause::ServerCertWrongUsage, &[40], false, Basis::Run),
    row(Stack::Erlang, Cause::ServerCertMalformed, &[43], false, Basis::Source),
    row(Stack::Erlang, Cause::ServerCertNameMismatch, &[40], false, Basis::Run),
    row(Stack::Schannel, Cause::ClientCertMissing, &[46], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertUntrustedCa, &[48], true, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertChainIncomplete, &[48], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertSelfSigned, &[48], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertExpired, &[45], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertNotYetValid, &[45], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertWrongUsage, &[42], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertRevoked, &[44], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertWeak, &[42], false, Basis::Source),
    row(Stack::Schannel, Cause::ClientCertMalformed, &[42], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertUntrustedCa, &[48], true, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertChainIncomplete, &[48], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertSelfSigned, &[48], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertExpired, &[45], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertNotYetValid, &[45], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertWrongUsage, &[42], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertRevoked, &[44], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertWeak, &[42], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertMalformed, &[42], false, Basis::Source),
    row(Stack::Schannel, Cause::ServerCertNameMismatch, &[42], false, Basis::Source),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_stands_twice() {
        for (index, row) in ROWS.iter().enumerate() {
            let again = ROWS.iter().skip(index + 1).any(|other| other.stack == row.stack && other.cause == row.cause);
            assert!(!again, "{:?} {} stands twice", row.stack, row.cause);
        }
    }

    #[test]
    fn the_same_alert_means_different_things() {
        assert_eq!(says(&[Stack::OpenSsl], Cause::ClientCertExpired, 42), Some(false));
        assert_eq!(says(&[Stack::Go], Cause::ClientCertExpired, 42), Some(true));
        assert_eq!(says(&[], Cause::ClientCertExpired, 42), None);
    }
}

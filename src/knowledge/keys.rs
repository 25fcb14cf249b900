//! How to get the TLS key log of a program.

use crate::role::ByRole;
use crate::session::{Stack, StackGuess};

/// A row: a stack and what makes it write a key log.
const ROWS: &[(Stack, &str)] = &[
    (
        Stack::OpenSsl,
        "curl and Python 3.8+: set SSLKEYLOGFILE=keys.log (Python: in ssl.create_default_context); openssl s_client and s_server: -keylogfile keys.log",
    ),
    (Stack::Node, "Node.js: node --tls-keylog=keys.log"),
    (Stack::Go, "Go: set tls.Config.KeyLogWriter"),
    (Stack::Jsse, "Java: run with the agent jSSLKeyLog or extract-tls-secrets"),
    (Stack::GnuTls, "GnuTLS programs: set SSLKEYLOGFILE=keys.log"),
    (Stack::Nss, "Firefox and NSS programs: set SSLKEYLOGFILE=keys.log"),
    (Stack::BoringSsl, "Envoy: common_tls_context.key_log.path; Chromium: SSLKEYLOGFILE=keys.log"),
    (Stack::Rustls, "rustls: ClientConfig::key_log = Arc::new(KeyLogFile::new()), then SSLKEYLOGFILE=keys.log"),
    (Stack::WolfSsl, "wolfSSL: build with --enable-keylog-export and set the secret callback"),
    (Stack::S2n, "s2n-tls: s2n_config_set_key_log_cb"),
    (Stack::Erlang, "Erlang/OTP: the option {keep_secrets, true}, then ssl:connection_information(Socket, [keylog])"),
];

/// What is asked for where keys would decide: the key log of one side, and how to get it for the
/// programs that seem to speak.
pub fn key_log(stacks: &ByRole<StackGuess>) -> String {
    let mut hints: Vec<&str> = Vec::new();
    for guess in [&stacks.client, &stacks.server] {
        if let Some(first) = guess.candidates.first()
            && guess.candidates.len() <= 2
            && let Some((_, hint)) = ROWS.iter().find(|(stack, _)| stack == first)
            && !hints.contains(hint)
        {
            hints.push(hint);
        }
    }
    let how = if hints.is_empty() {
        "most programs write it where SSLKEYLOGFILE=keys.log is set".to_owned()
    } else {
        hints.join("; ")
    };
    format!("the TLS key log of this connection, of either side, given by --keylog ({how})")
}

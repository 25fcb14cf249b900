//! The names of TLS stacks, for people.

use crate::session::{Stack, StackGuess};

/// The name of a stack.
pub const fn name(stack: Stack) -> &'static str {
    match stack {
        Stack::OpenSsl => "OpenSSL",
        Stack::Node => "Node.js",
        Stack::LibreSsl => "LibreSSL",
        Stack::BoringSsl => "BoringSSL",
        Stack::S2n => "s2n-tls",
        Stack::Go => "Go crypto/tls",
        Stack::Jsse => "Java JSSE",
        Stack::GnuTls => "GnuTLS",
        Stack::Nss => "NSS",
        Stack::Rustls => "rustls",
        Stack::MbedTls => "Mbed TLS",
        Stack::WolfSsl => "wolfSSL",
        Stack::Erlang => "Erlang/OTP",
        Stack::Schannel => "Schannel",
        Stack::Apple => "Apple",
    }
}

/// The name of a guessed stack: one, or `OpenSSL or BoringSSL`; `None` where nothing is known or too
/// many fit.
pub fn describe(guess: &StackGuess) -> Option<String> {
    match guess.candidates.as_slice() {
        [] => None,
        [one] => Some(name(*one).to_owned()),
        [one, two] => Some(format!("{} or {}", name(*one), name(*two))),
        _ => None,
    }
}

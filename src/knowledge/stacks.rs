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

/// What a client that sent no server_name may have asked for, by the habits of its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// An IP address: RFC 6066 section 3 has no place for one in server_name, and the stack names every host.
    Address,
    /// An IP address, or a host name without a dot.
    AddressOrDotless,
    /// An IP address, or anything: the library leaves it to the program whether a host is named.
    Anything,
}

/// Stacks whose clients name by themselves every host that they verify. JSSE names those alone that have a dot (openjdk
/// `Utilities.rawToSNIHostName`); Go, rustls, Erlang/OTP, Node.js, Schannel and Apple's leave out addresses only.
const NAMES_HOSTS: &[Stack] =
    &[Stack::Jsse, Stack::Go, Stack::Rustls, Stack::Erlang, Stack::Node, Stack::Schannel, Stack::Apple];

/// What a client of a stack among `candidates` asked for, where it sent no server_name; `None` where the stack is not
/// known.
pub fn unnamed(candidates: &[Stack]) -> Option<Unnamed> {
    match candidates {
        [] => None,
        all if !all.iter().all(|stack| NAMES_HOSTS.contains(stack)) => Some(Unnamed::Anything),
        all if all.contains(&Stack::Jsse) => Some(Unnamed::AddressOrDotless),
        _ => Some(Unnamed::Address),
    }
}

/// The name of a guessed stack: one, or `OpenSSL or BoringSSL`; `None` where nothing is known or too
/// many fit.
pub fn describe(guess: &StackGuess) -> Option<String> {
    match guess.candidates.as_ref() {
        [] => None,
        [one] => Some(name(*one).to_owned()),
        [one, two] => Some(format!("{} or {}", name(*one), name(*two))),
        _ => None,
    }
}

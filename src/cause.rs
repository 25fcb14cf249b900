//! The vocabulary of verdicts: a stable code for each answer to "why did this handshake fail?", and
//! how sure the answer is. No logic here: rules look for causes, `diagnosis` ranks them.

use std::fmt;

use crate::role::{Role, Side};

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $side:ident, $meaning:literal;)*) => {
        /// The root cause of a failed handshake (or [`Cause::None`]). Codes are stable: never renamed,
        /// only added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cause {
            $(#[doc = $meaning] $name,)*
        }

        impl Cause {
            /// Every cause, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable kebab-case code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Who has to change something, unless a rule knows better.
            pub const fn side(self) -> Side {
                match self { $(Self::$name => Side::$side,)* }
            }

            /// One sentence: what the code means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

causes! {
    ClientCertMissing = "client-cert-missing", Client, "The server asked for a certificate, the client had none to send, and was refused for it.";
    ClientCertUntrustedCa = "client-cert-untrusted-ca", Either, "The client's chain ends at an issuer that the server does not trust.";
    ClientCertChainIncomplete = "client-cert-chain-incomplete", Client, "The client's leaf was issued by an intermediate that the client did not send.";
    ClientCertSelfSigned = "client-cert-self-signed", Client, "The client's certificate is its own issuer.";
    ClientCertExpired = "client-cert-expired", Client, "The client's certificate had expired at the time of the handshake.";
    ClientCertNotYetValid = "client-cert-not-yet-valid", Client, "The client's certificate was not valid yet at the time of the handshake.";
    ClientCertWrongUsage = "client-cert-wrong-usage", Client, "The client's certificate may not be used for client authentication.";
    ClientCertRevoked = "client-cert-revoked", Client, "The client's certificate was revoked.";
    ClientCertWeak = "client-cert-weak", Client, "The client's certificate has a key too small or a digest too weak for the server.";
    ClientCertKeyMismatch = "client-cert-key-mismatch", Client, "The client signed with a key that does not belong to its certificate.";
    ClientCertUnsupportedAlgorithm = "client-cert-unsupported-algorithm", Either, "The client's key type or signature algorithm is none that the server allows.";
    ClientCertChainTooLong = "client-cert-chain-too-long", Either, "The client's chain is longer than the server's verification depth.";
    ClientCertMalformed = "client-cert-malformed", Client, "The client's certificate does not parse, or breaks a rule that the server checks.";
    ClientCertNotAuthorized = "client-cert-not-authorized", Either, "The client's certificate verified, but its identity was refused.";
    ClientCertNotRequested = "client-cert-not-requested", Server, "The server never asked for a certificate, and the client was refused for the lack of one.";
    ClientCertRejected = "client-cert-rejected", Either, "The server refused the client's certificate, and the reason is hidden.";
    ServerCertUntrustedCa = "server-cert-untrusted-ca", Either, "The server's chain ends at an issuer that the client does not trust.";
    ServerCertChainIncomplete = "server-cert-chain-incomplete", Server, "The server's leaf was issued by an intermediate that the server did not send.";
    ServerCertSelfSigned = "server-cert-self-signed", Server, "The server's certificate is its own issuer.";
    ServerCertExpired = "server-cert-expired", Server, "The server's certificate had expired at the time of the handshake.";
    ServerCertNotYetValid = "server-cert-not-yet-valid", Server, "The server's certificate was not valid yet at the time of the handshake.";
    ServerCertWrongUsage = "server-cert-wrong-usage", Server, "The server's certificate may not be used for server authentication.";
    ServerCertRevoked = "server-cert-revoked", Server, "The server's certificate was revoked.";
    ServerCertWeak = "server-cert-weak", Server, "The server's certificate has a key too small or a digest too weak for the client.";
    ServerCertKeyMismatch = "server-cert-key-mismatch", Server, "The server signed with a key that does not belong to its certificate.";
    ServerCertMalformed = "server-cert-malformed", Server, "The server's certificate does not parse, or breaks a rule that the client checks.";
    ServerCertChainTooLong = "server-cert-chain-too-long", Either, "The server's chain is longer than the client's verification depth.";
    ServerCertRejected = "server-cert-rejected", Either, "The client refused the server's certificate, and the reason is hidden.";
    ServerCertNameMismatch = "server-cert-name-mismatch", Either, "No subject alternative name of the server's certificate fits the name that the client asked for.";
    ServerCertMissing = "server-cert-missing", Server, "The server has no certificate for this name or this cipher suite.";
    NoCommonVersion = "no-common-version", Either, "Client and server have no protocol version in common.";
    NoCommonCipher = "no-common-cipher", Either, "Client and server have no cipher suite in common.";
    NoCommonGroup = "no-common-group", Either, "Client and server have no key-exchange group in common.";
    NoCommonSignatureAlgorithm = "no-common-signature-algorithm", Either, "No signature algorithm that the client offers fits the server's key.";
    NoCommonAlpn = "no-common-alpn", Either, "Client and server have no application protocol (ALPN) in common.";
    UnrecognizedName = "unrecognized-name", Either, "The server knows no host by the name that the client asked for.";
    MisdirectedRequest = "misdirected-request", Either, "The request was for another host than the one that the connection was opened for.";
    InappropriateFallback = "inappropriate-fallback", Client, "The client retried with a lower version than the server supports, and was refused for it.";
    PskRefused = "psk-refused", Either, "The pre-shared key is unknown to the server, or its binder did not verify.";
    RenegotiationRefused = "renegotiation-refused", Either, "A renegotiation or a post-handshake authentication was refused.";
    EchRejected = "ech-rejected", Either, "Encrypted Client Hello was rejected.";
    MissingExtension = "missing-extension", Either, "An extension was required and absent, or present and not allowed.";
    PlaintextClient = "plaintext-client", Client, "The client spoke plaintext to a TLS port.";
    PlaintextServer = "plaintext-server", Server, "The server answered the ClientHello in plaintext.";
    ProxyRefused = "proxy-refused", Network, "A proxy refused to open the tunnel.";
    UpgradeRefused = "upgrade-refused", Server, "The server declined, or did not offer, the upgrade to TLS.";
    ProxyHeaderUnexpected = "proxy-header-unexpected", Either, "A PROXY protocol header was sent to a listener that expects none, or was expected and absent.";
    TcpRefused = "tcp-refused", Server, "The connection was refused: a reset answered the SYN.";
    TcpNoAnswer = "tcp-no-answer", Network, "Nothing answered the SYN.";
    ResetAfterClientHello = "reset-after-client-hello", Network, "The connection was reset or closed straight after the ClientHello.";
    ServerSilent = "server-silent", Either, "The ClientHello was acknowledged, and nothing came back.";
    ClientSilent = "client-silent", Either, "The server's flight was acknowledged, and the client never went on.";
    PathMtuBlackhole = "path-mtu-blackhole", Network, "Full-size packets are lost on the way, while small ones pass.";
    ResetMidHandshake = "reset-mid-handshake", Either, "The connection was reset in mid-handshake, without an alert.";
    ClosedWithoutAlert = "closed-without-alert", Either, "The connection was closed in mid-handshake, without an alert.";
    ClientAborted = "client-aborted", Client, "The client ended the handshake by its own decision.";
    CorruptedRecord = "corrupted-record", Either, "A record was altered on the way, or protected with other keys.";
    ProtocolViolation = "protocol-violation", Either, "One side broke the protocol.";
    CaptureIncomplete = "capture-incomplete", Capture, "Packets are missing from the capture, so that nothing certain can be said.";
    Unknown = "unknown", Unknown, "The handshake failed, and the evidence does not say why.";
    None = "none", None, "Nothing failed.";
}

impl Cause {
    /// The cause of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.code() == code)
    }

    /// Whose certificate it speaks of, where it speaks of one.
    pub fn about_certificate_of(self) -> Option<Role> {
        let code = self.code();
        if code.starts_with("client-cert-") {
            Some(Role::Client)
        } else if code.starts_with("server-cert-") {
            Some(Role::Server)
        } else {
            None
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// One of several that fit.
    Possible,
    /// It fits the packets best.
    Likely,
    /// The packets prove it.
    Certain,
}

impl Confidence {
    /// `certain`, `likely` or `possible`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_again() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_code(cause.code()), Some(*cause));
        }
        assert_eq!(Cause::from_code("client-cert"), None);
    }
}

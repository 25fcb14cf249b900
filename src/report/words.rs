//! The report's closed sets of words. Each has one spelling, here, for JSON, text and screen.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$word_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as JSON spells it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    )*};
}

words! {
    /// Who speaks.
    Role {
        /// Sends the ClientHello.
        Client = "client",
        /// Answers it.
        Server = "server",
    }

    /// Who has to change something so that the handshake succeeds.
    Side {
        /// The client.
        Client = "client",
        /// The server.
        Server = "server",
        /// Something between them.
        Network = "network",
        /// Client or server: a change on one of them suffices.
        Either = "either",
        /// The capture has to be made again: it does not show enough.
        Capture = "capture",
        /// Nobody: nothing failed.
        None = "none",
        /// Not known.
        Unknown = "unknown",
    }

    /// How an attempt ended, apart from why.
    Outcome {
        /// The handshake was completed, and nothing refused it.
        Established = "established",
        /// Completed, then refused for its certificate, by an alert or by the application.
        Refused = "refused",
        /// Not completed.
        Failed = "failed",
        /// The capture ends, or has a hole, before anybody can know.
        Incomplete = "incomplete",
    }

    /// How sure a verdict is.
    Confidence {
        /// The packets prove it.
        Certain = "certain",
        /// It fits the packets best.
        Likely = "likely",
        /// One of several that fit.
        Possible = "possible",
    }

    /// What carried the handshake.
    Transport {
        /// TLS over TCP.
        Tcp = "tcp",
        /// DTLS over UDP.
        Dtls = "dtls",
        /// EAP-TLS, EAP-TTLS or PEAP.
        Eap = "eap",
        /// QUIC.
        Quic = "quic",
    }

    /// What is known of client authentication.
    ClientAuth {
        /// The server did not ask for a certificate.
        NotRequested = "not-requested",
        /// It asked, and the client answered that it has none.
        RequestedEmpty = "requested-empty",
        /// It asked, and the client presented one.
        RequestedPresented = "requested-presented",
        /// It asked, and the answer was not given or cannot be seen.
        RequestedUnknown = "requested-unknown",
        /// Whether it asked cannot be seen, or it did not get that far.
        Unknown = "unknown",
    }

    /// How far decryption went.
    Decryption {
        /// Nothing was protected.
        NoneNeeded = "none-needed",
        /// Every protected record could be read.
        Full = "full",
        /// Handshake records could be read, others not.
        HandshakeOnly = "handshake-only",
        /// There are no keys for this session.
        NoKeys = "no-keys",
        /// There are keys for this session, and they do not open its records.
        KeysDoNotFit = "keys-do-not-fit",
    }

    /// Kind of a timeline entry.
    EntryKind {
        /// SYN, FIN, RST, a retransmission.
        Tcp = "tcp",
        /// Spoken ahead of TLS.
        Preamble = "preamble",
        /// A handshake message.
        Handshake = "handshake",
        /// An alert.
        Alert = "alert",
        /// ChangeCipherSpec.
        ChangeCipherSpec = "change_cipher_spec",
        /// Application data; a run of records is one entry.
        ApplicationData = "application_data",
        /// A remark of tlswhy's own, such as a gap in the capture.
        Note = "note",
    }

    /// Whether a certificate was within its validity at the moment of the handshake.
    Validity {
        /// Between notBefore and notAfter.
        Valid = "valid",
        /// After notAfter.
        Expired = "expired",
        /// Before notBefore.
        NotYetValid = "not-yet-valid",
    }
}

//! Keys and record protection: what a key log or a private key gives, and ciphertext to plaintext
//! with it.
//!
//! Everything here works on a captured handshake, so nothing runs in constant time and nothing
//! encrypts. A wrong key is found by the record's own authentication tag: what is returned as
//! plaintext was authenticated (the NULL suites by their MAC).
//!
//! Not done: SSL 3.0, the export suites, IDEA, SEED, SM4, GOST, and truncated_hmac (RFC 6066
//! section 7). `SuiteParameters::of` is `None` for such suites and their records stay closed.
//! Compressed records (RFC 3749) are opened, but not inflated.
//!
//! Known answers for every suite are in `fixtures/vectors/`, sealed by other programs.

mod aead;
mod block;
pub mod dtls13;
pub mod hash;
pub mod keylog;
mod keyring;
mod mac;
mod mask;
pub mod quic;
mod rc4;
pub mod record;
mod resumable;
pub mod schedule;
pub mod secret;
pub mod server_key;
pub mod suite;
pub mod transcript;

pub use keylog::{KeyLog, SecretLabel, SessionSecrets};
pub use keyring::KeyRing;
pub use record::{OpenError, Opened, Protection};
pub use secret::Secret;
pub use server_key::ServerKeys;

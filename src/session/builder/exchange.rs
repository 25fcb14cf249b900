//! What the keys of TLS 1.2 and below follow from. One view of it serves the first handshake of a connection and
//! those that renegotiate, so that they cannot be keyed in two ways.

use crate::decrypt::schedule;
use crate::decrypt::suite::SuiteParameters;
use crate::decrypt::{KeyRing, Protection, Secret};
use crate::iana::extensions;
use crate::role::{ByRole, Role};
use crate::session::builder::transcript::{self, Transcript};
use crate::tls::handshake::{ClientHello, ServerHello};

/// ClientKeyExchange.
const CLIENT_KEY_EXCHANGE: u8 = 16;

/// One handshake of TLS 1.2 or below.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a ClientHello,
    pub(super) server: &'a ServerHello,
    /// Body of the ClientKeyExchange, for RSA key transport.
    pub(super) key_exchange: Option<&'a [u8]>,
    pub(super) transcript: &'a Transcript,
}

impl Exchange<'_> {
    /// The master secret, from the key log or from the server's RSA key.
    pub(super) fn master(&self, keys: &KeyRing) -> Option<Secret> {
        let Self { client, server, .. } = self;
        if let Some(master) = keys.master(&client.random, &server.session_id) {
            return Some(master);
        }
        let premaster = keys.premaster(&client.random, self.key_exchange?, client.version)?;
        let suite = SuiteParameters::of(server.cipher_suite)?;
        let version = server.selected_version();
        if server.extensions.has(extensions::EXTENDED_MASTER_SECRET) {
            let through = self.transcript.through(Role::Client, CLIENT_KEY_EXCHANGE, false, |_| Vec::new())?;
            let session_hash = schedule::finished_hash(version, &suite).digest(&through);
            Some(schedule::extended_master_secret(version, suite.hash, &premaster, &session_hash))
        } else {
            Some(schedule::master_secret(version, suite.hash, &premaster, &client.random, &server.random))
        }
    }

    /// Both directions' keys, each at record 0.
    pub(super) fn protection(&self, master: &Secret) -> Option<ByRole<Protection>> {
        let Self { client, server, .. } = self;
        let encrypt_then_mac = server.extensions.has(extensions::ENCRYPT_THEN_MAC);
        let version = server.selected_version();
        Protection::tls12_pair(server.cipher_suite, version, master, &client.random, &server.random, encrypt_then_mac)
    }

    /// What has to stand in the Finished of `from`; `None` where the messages before it are not all known.
    pub(super) fn verify_data(&self, master: &Secret, from: Role) -> Option<Vec<u8>> {
        let before = self.transcript.before(from, transcript::FIN, false, |_| Vec::new())?;
        let suite = SuiteParameters::of(self.server.cipher_suite)?;
        let version = self.server.selected_version();
        let hash = schedule::finished_hash(version, &suite).digest(&before);
        Some(schedule::verify_data(version, suite.hash, master, from, &hash))
    }
}

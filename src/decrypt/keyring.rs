//! All keys that the user gave, in one hand.

use std::sync::Arc;

use crate::decrypt::resumable::Resumable;
use crate::decrypt::{KeyLog, Secret, SecretLabel, ServerKeys, SessionSecrets};
use crate::problem::Problem;
use crate::role::Role;

/// Key logs and private keys.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    log: KeyLog,
    server: ServerKeys,
    /// What sessions seen so far left to be resumed by.
    resumable: Arc<Resumable>,
}

impl KeyRing {
    /// Adds lines of a key log; a later part of the same log may follow.
    pub fn add_log(&mut self, text: &str) -> Vec<Problem> {
        self.log.add(text)
    }

    /// Adds a server's RSA private key, PEM or DER.
    ///
    /// # Errors
    /// A problem that says what is wrong with the file.
    pub fn add_server_key(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.server.add(bytes)
    }

    /// The same keys, with nothing known of sessions seen so far: of another capture, say.
    #[must_use]
    pub fn afresh(mut self) -> Self {
        self.resumable = Arc::default();
        self
    }

    /// A session was set up with `master`: a later connection that names this session id or ticket resumes it.
    pub fn remember(&self, id_or_ticket: &[u8], master: &Secret) {
        if !id_or_ticket.is_empty() {
            self.resumable.remember(id_or_ticket, master);
        }
    }

    /// The master secret of the session that this session id or ticket resumes, where it was seen to be set up.
    pub fn resumed_master(&self, id_or_ticket: &[u8]) -> Option<Secret> {
        if id_or_ticket.is_empty() { None } else { self.resumable.master(id_or_ticket) }
    }

    /// Whether there are no keys at all.
    pub fn is_empty(&self) -> bool {
        self.log.is_empty() && self.server.is_empty()
    }

    /// The secrets logged for a client random.
    pub fn secrets(&self, client_random: &[u8; 32]) -> Option<&SessionSecrets> {
        self.log.lookup(client_random)
    }

    /// A TLS 1.3 handshake traffic secret.
    pub fn handshake13(&self, client_random: &[u8; 32], role: Role) -> Option<&Secret> {
        self.secrets(client_random)?.get(SecretLabel::handshake_traffic(role))
    }

    /// A TLS 1.3 application traffic secret.
    pub fn application13(&self, client_random: &[u8; 32], role: Role) -> Option<&Secret> {
        self.secrets(client_random)?.get(SecretLabel::traffic(role, 0))
    }

    /// The secret of 0-RTT data.
    pub fn early13(&self, client_random: &[u8; 32]) -> Option<&Secret> {
        self.secrets(client_random)?.get(SecretLabel::ClientEarlyTraffic)
    }

    /// The master secret of TLS 1.2 and below, by client random or by session id.
    pub fn master(&self, client_random: &[u8; 32], session_id: &[u8]) -> Option<Secret> {
        let logged = self.secrets(client_random).and_then(|secrets| secrets.get(SecretLabel::Master));
        let by_id = || if session_id.is_empty() { None } else { self.log.lookup_session_id(session_id) };
        logged.or_else(by_id).cloned()
    }

    /// The premaster secret: logged, or decrypted from an RSA ClientKeyExchange.
    pub fn premaster(&self, client_random: &[u8; 32], client_key_exchange: &[u8], offered: u16) -> Option<Secret> {
        let logged = self.secrets(client_random).and_then(|secrets| secrets.get(SecretLabel::Premaster)).cloned();
        let by_ciphertext = || {
            let ciphertext = client_key_exchange.get(2..).unwrap_or(client_key_exchange);
            self.log.lookup_encrypted_premaster(ciphertext).cloned()
        };
        logged.or_else(by_ciphertext).or_else(|| self.server.decrypt_premaster(client_key_exchange, offered))
    }
}

//! RSA private keys of servers. They open sessions that used RSA key transport (RFC 5246 section
//! 7.4.7.1), and no others: with (EC)DHE the key only signs.

use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::pkcs8::der::pem;
use zeroize::Zeroizing;

use super::secret::Secret;
use crate::problem::Problem;

/// Length of a premaster secret that was sent under RSA.
const PREMASTER_LEN: usize = 48;

/// How many keys are kept: each of them is tried on each session.
const KEYS_KEPT: usize = 64;

/// Private keys of servers.
#[derive(Clone, Default)]
pub struct ServerKeys {
    keys: Vec<PrivateKey>,
}

/// Only the number of keys is printed.
impl std::fmt::Debug for ServerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerKeys({})", self.keys.len())
    }
}

impl ServerKeys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Adds the RSA keys in a file: PEM, where other blocks such as certificates are passed over,
    /// or DER; PKCS#1 or PKCS#8 without encryption. The problem says why there was no key in it.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let blocks = pem_blocks(bytes);
        if blocks.is_empty() {
            return self.add_der(bytes);
        }
        let mut outcome = Err(Problem::new("server-key-missing", "The file holds PEM blocks, but no private key."));
        for block in blocks {
            let added = self.add_pem(block);
            // One good key is what was asked for; a bad one beside it is not worth a word.
            if let Some(added) = added
                && outcome.is_err()
            {
                outcome = added;
            }
        }
        outcome
    }

    /// `None` when the block is no private key.
    fn add_pem(&mut self, block: &str) -> Option<Result<(), Problem>> {
        let label = pem::decode_label(block.as_bytes()).ok();
        let encrypted = label == Some("ENCRYPTED PRIVATE KEY") || block.contains("Proc-Type: 4,ENCRYPTED");
        if encrypted {
            let text = "The private key is encrypted: give it without a passphrase.";
            return Some(Err(Problem::new("server-key-encrypted", text)));
        }
        if !block.contains("PRIVATE KEY-----") {
            return None;
        }
        let Some(der) = decode_pem(block) else {
            return Some(Err(Problem::new("server-key-malformed", "The private key is not readable as PEM.")));
        };
        Some(self.add_der(&der))
    }

    fn add_der(&mut self, der: &[u8]) -> Result<(), Problem> {
        let key = PrivateKey::from_pkcs8_der(der).or_else(|_| PrivateKey::from_pkcs1_der(der).map_err(drop));
        match key {
            Ok(_) if self.keys.len() >= KEYS_KEPT => {
                Err(Problem::new("server-key-limit", "There are too many private keys; this one is not used."))
            }
            Ok(key) => {
                if !self.keys.contains(&key) {
                    self.keys.push(key);
                }
                Ok(())
            }
            Err(()) => Err(Problem::new("server-key-not-rsa", "The file holds no readable RSA private key.")),
        }
    }

    /// The premaster secret in the body of a ClientKeyExchange of RSA key transport, with or without
    /// the two bytes of length that SSL 3.0 lacks. `version` is the one the ClientHello offered, and
    /// is what the premaster secret starts with; a client that puts another version there is
    /// believed too (RFC 5246 section 7.4.7.1 knows such clients).
    ///
    /// A wrong key yields `None` but for one case in some millions; whether the secret is right is
    /// settled when a record opens.
    pub fn decrypt_premaster(&self, client_key_exchange: &[u8], version: u16) -> Option<Secret> {
        let candidates: Vec<Secret> = self.keys.iter().filter_map(|key| decrypt(key, client_key_exchange)).collect();
        let starts_with = |secret: &Secret, version: u16| secret.expose().starts_with(&version.to_be_bytes());
        let exact = candidates.iter().find(|secret| starts_with(secret, version));
        let known = [0x0300, 0x0301, 0x0302, 0x0303, 0xfeff, 0xfefd];
        exact.or_else(|| candidates.iter().find(|secret| known.iter().any(|v| starts_with(secret, *v)))).cloned()
    }
}

fn decrypt(key: &PrivateKey, client_key_exchange: &[u8]) -> Option<Secret> {
    let prefixed = client_key_exchange
        .split_first_chunk::<2>()
        .filter(|(length, rest)| usize::from(u16::from_be_bytes(**length)) == rest.len())
        .map(|(_, rest)| rest);
    // The padding of a wrong key decrypts to noise instead of an error, by the library's design, so
    // the length and the version are what tells.
    let plaintext = key.pkcs1v15_decrypt(prefixed.unwrap_or(client_key_exchange)).ok()?;
    let secret = Secret::new(plaintext);
    (secret.len() == PREMASTER_LEN).then_some(secret)
}

/// The PEM blocks of a file, each from `-----BEGIN` to the end of its last line.
fn pem_blocks(bytes: &[u8]) -> Vec<&str> {
    let mut blocks = Vec::new();
    let Ok(mut text) = std::str::from_utf8(bytes) else { return blocks };
    while let Some((_, from_begin)) = text.find("-----BEGIN ").and_then(|at| text.split_at_checked(at)) {
        let end = from_begin.find("-----END ").and_then(|at| {
            let line = from_begin.get(at..)?;
            at.checked_add(line.find('\n').unwrap_or(line.len()))
        });
        let Some((block, rest)) = end.and_then(|end| from_begin.split_at_checked(end)) else { break };
        blocks.push(block.trim_end());
        text = rest;
    }
    blocks
}

fn decode_pem(block: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut decoder = pem::Decoder::new_detect_wrap(block.as_bytes()).ok()?;
    let mut der = Zeroizing::new(Vec::new());
    decoder.decode_to_end(&mut der).ok()?;
    Some(der)
}

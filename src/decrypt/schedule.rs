//! Key schedules: the PRF of TLS 1.0 to 1.2 (RFC 2246 section 5, RFC 5246 section 5) and the part of
//! TLS 1.3 that follows a traffic secret (RFC 8446 section 7), with the labels of DTLS 1.3 and QUIC.

use hkdf::Hkdf;
use sha2::{Sha256, Sha384, Sha512};

use super::hash::Hash;
use super::secret::Secret;
use super::suite::SuiteParameters;
use crate::role::Role;

/// Length of a master secret in bytes.
pub const MASTER_SECRET_LEN: usize = 48;

/// Length of `verify_data` in TLS 1.0 to 1.2, in bytes.
pub const VERIFY_DATA_LEN: usize = 12;

/// Whether a negotiated version (also of DTLS) has the PRF of TLS 1.2, that the suite chooses the
/// hash of. TLS 1.0, TLS 1.1 and DTLS 1.0 have the one of MD5 and SHA-1.
pub const fn has_tls12_prf(version: u16) -> bool {
    matches!(version, 0x0303 | 0xfefd)
}

/// The hash over handshake messages that Finished is computed from, in TLS 1.0 to 1.2.
pub const fn finished_hash(version: u16, suite: &SuiteParameters) -> Hash {
    if has_tls12_prf(version) { suite.hash } else { Hash::Md5Sha1 }
}

/// The PRF of a version up to TLS 1.2. `hash` is the suite's and counts from TLS 1.2 on.
pub fn prf(version: u16, hash: Hash, secret: &Secret, label: &str, seed: &[&[u8]], length: usize) -> Secret {
    let label_and_seed: Vec<&[u8]> = std::iter::once(label.as_bytes()).chain(seed.iter().copied()).collect();
    let secret = secret.expose();
    if has_tls12_prf(version) {
        return Secret::new(p_hash(hash, secret, &label_and_seed, length));
    }
    // The halves share the middle byte when the length is odd.
    let half = secret.len().div_ceil(2);
    let (first, second) = (secret.get(..half), secret.get(secret.len().saturating_sub(half)..));
    let md5 = p_hash(Hash::Md5, first.unwrap_or_default(), &label_and_seed, length);
    let sha1 = p_hash(Hash::Sha1, second.unwrap_or_default(), &label_and_seed, length);
    Secret::new(md5.iter().zip(&sha1).map(|(a, b)| a ^ b).collect())
}

/// `P_hash` of RFC 5246 section 5.
fn p_hash(hash: Hash, secret: &[u8], seed: &[&[u8]], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length.saturating_add(hash.len()));
    let mut a = hash.hmac(secret, seed);
    while out.len() < length {
        let parts: Vec<&[u8]> = std::iter::once(a.as_slice()).chain(seed.iter().copied()).collect();
        out.extend_from_slice(&hash.hmac(secret, &parts));
        a = hash.hmac(secret, &[&a]);
    }
    out.truncate(length);
    out
}

/// The master secret without extended_master_secret (RFC 5246 section 8.1).
pub fn master_secret(
    version: u16,
    hash: Hash,
    premaster: &Secret,
    client_random: &[u8; 32],
    server_random: &[u8; 32],
) -> Secret {
    prf(version, hash, premaster, "master secret", &[client_random, server_random], MASTER_SECRET_LEN)
}

/// The master secret with extended_master_secret: `session_hash` is the transcript hash up to and
/// with ClientKeyExchange (RFC 7627 section 4).
pub fn extended_master_secret(version: u16, hash: Hash, premaster: &Secret, session_hash: &[u8]) -> Secret {
    prf(version, hash, premaster, "extended master secret", &[session_hash], MASTER_SECRET_LEN)
}

/// The key block (RFC 5246 section 6.3).
pub fn key_block(
    version: u16,
    hash: Hash,
    master: &Secret,
    client_random: &[u8; 32],
    server_random: &[u8; 32],
    length: usize,
) -> Secret {
    prf(version, hash, master, "key expansion", &[server_random, client_random], length)
}

/// What Finished of `role` must contain in TLS 1.0 to 1.2; `transcript` is the hash
/// ([`finished_hash`]) over all messages before it.
pub fn verify_data(version: u16, hash: Hash, master: &Secret, role: Role, transcript: &[u8]) -> Vec<u8> {
    let label = match role {
        Role::Client => "client finished",
        Role::Server => "server finished",
    };
    prf(version, hash, master, label, &[transcript], VERIFY_DATA_LEN).expose().to_vec()
}

/// What stands before each label of HKDF-Expand-Label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelPrefix {
    /// `tls13 `: TLS 1.3 and QUIC (RFC 8446 section 7.1).
    Tls13,
    /// `dtls13`, without a space: DTLS 1.3 (RFC 9147 section 5.9).
    Dtls13,
}

impl LabelPrefix {
    const fn text(self) -> &'static str {
        match self {
            Self::Tls13 => "tls13 ",
            Self::Dtls13 => "dtls13",
        }
    }
}

/// HKDF-Expand-Label (RFC 8446 section 7.1). `None` when a length is out of range or `hash` is none
/// of SHA-256, SHA-384, SHA-512.
pub fn expand_label(
    hash: Hash,
    secret: &Secret,
    prefix: LabelPrefix,
    label: &str,
    context: &[u8],
    length: usize,
) -> Option<Secret> {
    let label_len = prefix.text().len().checked_add(label.len())?;
    let mut info = Vec::with_capacity(64);
    info.extend_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
    info.push(u8::try_from(label_len).ok()?);
    info.extend_from_slice(prefix.text().as_bytes());
    info.extend_from_slice(label.as_bytes());
    info.push(u8::try_from(context.len()).ok()?);
    info.extend_from_slice(context);
    let mut out = vec![0; length];
    match hash {
        Hash::Sha256 => Hkdf::<Sha256>::from_prk(secret.expose()).ok()?.expand(&info, &mut out).ok()?,
        Hash::Sha384 => Hkdf::<Sha384>::from_prk(secret.expose()).ok()?.expand(&info, &mut out).ok()?,
        Hash::Sha512 => Hkdf::<Sha512>::from_prk(secret.expose()).ok()?.expand(&info, &mut out).ok()?,
        Hash::Md5 | Hash::Sha1 | Hash::Md5Sha1 => return None,
    }
    Some(Secret::new(out))
}

/// A record key and IV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficKeys {
    /// The AEAD key.
    pub key: Secret,
    /// The IV that the record number is laid over.
    pub iv: [u8; 12],
}

/// Key and IV of a traffic secret, under the given labels.
pub(super) fn labelled_keys(
    suite: &SuiteParameters,
    secret: &Secret,
    prefix: LabelPrefix,
    key_label: &str,
    iv_label: &str,
) -> Option<TrafficKeys> {
    let key = expand_label(suite.hash, secret, prefix, key_label, &[], suite.key_len())?;
    let iv = expand_label(suite.hash, secret, prefix, iv_label, &[], 12)?;
    Some(TrafficKeys { key, iv: iv.expose().try_into().ok()? })
}

/// Key and IV of a traffic secret (RFC 8446 section 7.3). `None` when the secret is not as long as
/// the suite's hash.
pub fn traffic_keys(suite: &SuiteParameters, secret: &Secret, prefix: LabelPrefix) -> Option<TrafficKeys> {
    fits(suite, secret).then(|| labelled_keys(suite, secret, prefix, "key", "iv"))?
}

/// Whether a traffic secret is as long as the suite's hash. A secret of another length belongs to another suite.
pub(super) fn fits(suite: &SuiteParameters, secret: &Secret) -> bool {
    suite.tls13 && secret.len() == suite.hash.len()
}

/// The traffic secret after a KeyUpdate (RFC 8446 section 7.2).
pub fn next_traffic_secret(hash: Hash, secret: &Secret, prefix: LabelPrefix) -> Option<Secret> {
    expand_label(hash, secret, prefix, "traffic upd", &[], hash.len())
}

/// What Finished must contain in TLS 1.3: `secret` is the sender's handshake traffic secret (its
/// application traffic secret after the handshake), `transcript` the hash over all messages before
/// it (RFC 8446 section 4.4.4).
pub fn verify_data_tls13(hash: Hash, secret: &Secret, prefix: LabelPrefix, transcript: &[u8]) -> Option<Vec<u8>> {
    let key = expand_label(hash, secret, prefix, "finished", &[], hash.len())?;
    Some(hash.hmac(key.expose(), &[transcript]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{hex, unhex};

    fn secret(text: &str) -> Secret {
        Secret::new(unhex(text).expect("hex"))
    }

    fn keys_and_iv(text: &str) -> (String, String) {
        let suite = SuiteParameters::of(0x1301).expect("a suite of TLS 1.3");
        let keys = traffic_keys(&suite, &secret(text), LabelPrefix::Tls13).expect("a secret that fits");
        (hex(keys.key.expose()), hex(&keys.iv))
    }

    #[test]
    fn keys_of_the_simple_handshake_of_rfc_8448() {
        let server = keys_and_iv("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        assert_eq!(server, ("3fce516009c21727d0f2e4e86ee403bc".to_owned(), "5d313eb2671276ee13000b30".to_owned()));
        let client = keys_and_iv("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
        assert_eq!(client, ("dbfaa693d1762c5b666af5d950258d01".to_owned(), "5bd3c71b836e0b76bb73265f".to_owned()));
    }

    #[test]
    fn the_prf_of_tls12_gives_the_published_answer() {
        let key = secret("9bbe436ba940f017b17652849a71db35");
        let seed = unhex("a0ba9f936cda311827a6f796ffd5198c").expect("hex");
        let out = prf(0x0303, Hash::Sha256, &key, "test label", &[&seed], 32);
        assert_eq!(hex(out.expose()), "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a");
    }
}

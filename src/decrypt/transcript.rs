//! The running hash over handshake messages (RFC 8446 section 4.4.1, RFC 5246 section 7.4.9).

use super::hash::{Hash, Running};

/// How many bytes of handshake messages are kept as they were.
pub const RAW_KEPT: usize = 256 * 1024;

/// Type of the synthetic message that stands for the first ClientHello after a HelloRetryRequest.
const MESSAGE_HASH: u8 = 254;

/// All handshake messages so far.
///
/// Messages are added whole, header included. In DTLS 1.2 each goes in as if sent in one fragment,
/// with its 12-byte header, and the first ClientHello and HelloVerifyRequest stay out (RFC 6347
/// section 4.2.6); in DTLS 1.3 with the 4-byte header of TLS (RFC 9147 section 5.2).
///
/// The messages themselves are kept, up to [`RAW_KEPT`]: which hash is wanted becomes known late,
/// and CertificateVerify of TLS 1.2 may use another one than Finished. Past that limit only the hash
/// fixed by [`Transcript::fix_hash`] goes on.
#[derive(Clone, Default)]
pub struct Transcript {
    raw: Vec<u8>,
    /// Bytes were left out of `raw`.
    overflowed: bool,
    running: Option<Running>,
}

impl Transcript {
    /// A transcript without messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handshake message.
    pub fn add(&mut self, message: &[u8]) {
        if let Some(running) = &mut self.running {
            running.update(message);
        }
        if self.overflowed {
            return;
        }
        if self.raw.len().saturating_add(message.len()) > RAW_KEPT {
            // What is incomplete is of no use for a signature.
            self.overflowed = true;
            self.raw = Vec::new();
        } else {
            self.raw.extend_from_slice(message);
        }
    }

    /// Makes known which hash Finished uses, so that it survives the limit. `false` when it is too
    /// late for that.
    pub fn fix_hash(&mut self, hash: Hash) -> bool {
        if self.running.as_ref().is_some_and(|running| running.hash() == hash) {
            return true;
        }
        if self.overflowed {
            return false;
        }
        let mut running = Running::new(hash);
        running.update(&self.raw);
        self.running = Some(running);
        true
    }

    /// The hash over all messages so far. `None` when more than [`RAW_KEPT`] bytes have passed and
    /// the hash is not the fixed one.
    pub fn hash(&self, hash: Hash) -> Option<Vec<u8>> {
        match &self.running {
            Some(running) if running.hash() == hash => Some(running.clone().finish()),
            _ => self.raw().map(|raw| hash.digest(raw)),
        }
    }

    /// The messages as they were; signatures that hash for themselves need them (Ed25519 in
    /// TLS 1.2). `None` when there were more than [`RAW_KEPT`] bytes.
    pub fn raw(&self) -> Option<&[u8]> {
        (!self.overflowed).then_some(self.raw.as_slice())
    }

    /// A HelloRetryRequest follows: replaces all so far, which is the first ClientHello, by the
    /// synthetic message_hash, and fixes the hash. `false` when the ClientHello is no longer known.
    pub fn hello_retry(&mut self, hash: Hash) -> bool {
        let Some(digest) = self.hash(hash) else { return false };
        let Ok(length) = u8::try_from(digest.len()) else { return false };
        *self = Self::new();
        self.add(&[MESSAGE_HASH, 0, 0, length]);
        self.add(&digest);
        self.fix_hash(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_may_be_asked_before_and_after_it_is_fixed() {
        let mut transcript = Transcript::new();
        transcript.add(b"ab");
        assert_eq!(transcript.hash(Hash::Sha384), Some(Hash::Sha384.digest(b"ab")));
        assert!(transcript.fix_hash(Hash::Sha256));
        transcript.add(b"c");
        assert_eq!(transcript.hash(Hash::Sha256), Some(Hash::Sha256.digest(b"abc")));
        assert_eq!(transcript.hash(Hash::Md5Sha1), Some(Hash::Md5Sha1.digest(b"abc")));
        assert_eq!(transcript.raw(), Some(b"abc".as_slice()));
    }

    #[test]
    fn past_the_limit_only_the_fixed_hash_goes_on() {
        let long = vec![7; RAW_KEPT];
        let mut transcript = Transcript::new();
        transcript.add(b"a");
        assert!(transcript.fix_hash(Hash::Sha256));
        transcript.add(&long);
        assert_eq!(transcript.raw(), None);
        assert_eq!(transcript.hash(Hash::Sha384), None);
        assert_eq!(transcript.hash(Hash::Sha256), Some(Hash::Sha256.digest(&[b"a", long.as_slice()].concat())));
        assert!(!transcript.fix_hash(Hash::Sha384));
    }

    #[test]
    fn a_retry_replaces_the_first_hello_by_its_hash() {
        let mut transcript = Transcript::new();
        transcript.add(b"hello");
        assert!(transcript.hello_retry(Hash::Sha256));
        transcript.add(b"retry");
        let expected = [[254, 0, 0, 32].as_slice(), &Hash::Sha256.digest(b"hello"), b"retry"].concat();
        assert_eq!(transcript.hash(Hash::Sha256), Some(Hash::Sha256.digest(&expected)));
    }
}

//! Record protection of DTLS 1.3 (RFC 9147 section 4).

use std::fmt;

use super::aead::{AeadKey, nonce};
use super::mask::MaskKey;
use super::record::{OpenError, Opened, inner_plaintext};
use super::schedule::{LabelPrefix, expand_label, next_traffic_secret, traffic_keys};
use super::secret::Secret;
use super::suite::{Cipher, SuiteParameters};

/// In the first byte of the unified header: the sequence number has 16 bits, not 8.
const LONG_SEQUENCE: u8 = 0b0000_1000;
/// In the first byte of the unified header: a length field is there.
const HAS_LENGTH: u8 = 0b0000_0100;

/// Keys of one direction and one epoch.
#[derive(Clone)]
pub struct Dtls13Protection {
    suite: SuiteParameters,
    secret: Secret,
    aead: AeadKey,
    iv: [u8; 12],
    number: MaskKey,
    /// The drafts before 44 put the epoch over the sequence number in the nonce, as DTLS 1.2 does.
    draft_epoch: u16,
    /// One more than the highest record number opened: what the next truncated number is near to.
    expected: u64,
}

impl fmt::Debug for Dtls13Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dtls13Protection(expects {})", self.expected)
    }
}

impl Dtls13Protection {
    /// The keys of an epoch from its traffic secret. `None` for a suite that is none of TLS 1.3, or
    /// a secret that is not as long as the suite's hash.
    pub fn new(suite: u16, secret: &Secret) -> Option<Self> {
        Self::from_traffic_secret(SuiteParameters::of(suite)?, secret)
    }

    fn from_traffic_secret(suite: SuiteParameters, secret: &Secret) -> Option<Self> {
        let Cipher::Aead(cipher) = suite.cipher else { return None };
        let keys = traffic_keys(&suite, secret, LabelPrefix::Dtls13)?;
        let number = expand_label(suite.hash, secret, LabelPrefix::Dtls13, "sn", &[], suite.key_len())?;
        Some(Self {
            aead: AeadKey::new(cipher, keys.key.expose())?,
            iv: keys.iv,
            number: MaskKey::new(&suite, number)?,
            suite,
            secret: secret.clone(),
            draft_epoch: 0,
            expected: 0,
        })
    }

    /// The same for a draft before 44, which NSS spoke for long: `epoch` goes into the nonce.
    #[must_use]
    pub fn of_draft(self, epoch: u16) -> Self {
        Self { draft_epoch: epoch, ..self }
    }

    /// Opens a record. `header` is the whole unified header as it was on the wire (with connection
    /// id and length, where they are), `ciphertext` what follows it. The second value is the number
    /// of the record within its epoch. Nothing changes when the record cannot be opened.
    pub fn open(&mut self, header: &[u8], ciphertext: &[u8]) -> Result<(Opened, u64), OpenError> {
        let sample = ciphertext.first_chunk::<16>().ok_or(OpenError::TooShort)?;
        let mut header = header.to_vec();
        let truncated = unmask(&mut header, self.number.mask(sample)).ok_or(OpenError::NotProtected)?;
        let sequence = truncated.nearest(self.expected);
        let number = u64::from(self.draft_epoch) << 48 | sequence;
        let nonce = nonce(&self.iv, number.to_be_bytes());
        let plaintext = self.aead.open(&nonce, &header, ciphertext).ok_or(OpenError::BadMac)?;
        self.expected = self.expected.max(sequence.saturating_add(1));
        Ok((inner_plaintext(plaintext)?, sequence))
    }

    /// The keys of the next epoch after a KeyUpdate of this direction (RFC 9147 section 6.1).
    pub fn next_generation(&self) -> Option<Self> {
        let secret = next_traffic_secret(self.suite.hash, &self.secret, LabelPrefix::Dtls13)?;
        let next = if self.draft_epoch == 0 { 0 } else { self.draft_epoch.saturating_add(1) };
        Self::from_traffic_secret(self.suite, &secret).map(|keys| keys.of_draft(next))
    }
}

/// The low bits of a record number.
struct Truncated {
    low: u64,
    bits: u32,
}

impl Truncated {
    /// The number with these low bits that is nearest to `expected` (RFC 9147 section 4.2.2).
    fn nearest(&self, expected: u64) -> u64 {
        let span = 1_u64 << self.bits;
        let candidate = expected & !span.saturating_sub(1) | self.low;
        if candidate.saturating_add(span / 2) < expected {
            candidate.saturating_add(span)
        } else if candidate > expected.saturating_add(span / 2) && candidate >= span {
            candidate.saturating_sub(span)
        } else {
            candidate
        }
    }
}

/// Takes the mask off the sequence number in a unified header.
fn unmask(header: &mut [u8], mask: [u8; 5]) -> Option<Truncated> {
    let first = *header.first()?;
    let length_len = if first & HAS_LENGTH != 0 { 2 } else { 0 };
    let sequence_len = if first & LONG_SEQUENCE != 0 { 2 } else { 1 };
    let at = header.len().checked_sub(length_len)?.checked_sub(sequence_len)?;
    if first >> 5 != 1 || at == 0 {
        return None;
    }
    let mut truncated = Truncated { low: 0, bits: 0 };
    for (byte, m) in header.iter_mut().skip(at).take(sequence_len).zip(mask) {
        *byte ^= m;
        truncated.low = truncated.low << 8 | u64::from(*byte);
        truncated.bits = truncated.bits.saturating_add(8);
    }
    Some(truncated)
}

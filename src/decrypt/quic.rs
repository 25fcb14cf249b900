//! QUIC packet protection (RFC 9001 section 5, RFC 9369 for version 2).

use hkdf::Hkdf;
use sha2::Sha256;

use super::aead::{AeadKey, nonce};
use super::mask::MaskKey;
use super::schedule::{LabelPrefix, expand_label, fits, labelled_keys};
use super::secret::Secret;
use super::suite::{Cipher, SuiteParameters};
use crate::role::ByRole;

/// TLS_AES_128_GCM_SHA256, that Initial packets always use.
const INITIAL_SUITE: u16 = 0x1301;

/// A QUIC version as far as keys depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuicVersion {
    /// Version 1 (RFC 9000); drafts 33 and 34 have the same keys.
    V1,
    /// Version 2 (RFC 9369).
    V2,
    /// Drafts 29 to 32, which have the labels of version 1 and another salt.
    Draft29,
}

struct Labels {
    key: &'static str,
    iv: &'static str,
    header: &'static str,
    update: &'static str,
}

impl QuicVersion {
    /// The version of a long header.
    pub const fn of(version: u32) -> Option<Self> {
        match version {
            1 | 0xff00_0021..=0xff00_0022 => Some(Self::V1),
            0x6b33_43cf => Some(Self::V2),
            0xff00_001d..=0xff00_0020 => Some(Self::Draft29),
            _ => None,
        }
    }

    /// RFC 9001 section 5.2, RFC 9369 section 3.3.1.
    const fn initial_salt(self) -> [u8; 20] {
        match self {
            Self::V1 => [
                0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
                0xbb, 0x7f, 0x0a,
            ],
            Self::V2 => [
                0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9,
                0xbd, 0x2e, 0xd9,
            ],
            Self::Draft29 => [
                0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43,
                0x90, 0xa8, 0x99,
            ],
        }
    }

    const fn labels(self) -> Labels {
        match self {
            Self::V1 | Self::Draft29 => Labels { key: "quic key", iv: "quic iv", header: "quic hp", update: "quic ku" },
            Self::V2 => Labels { key: "quicv2 key", iv: "quicv2 iv", header: "quicv2 hp", update: "quicv2 ku" },
        }
    }
}

/// Keys of one direction and one encryption level.
#[derive(Clone)]
pub struct QuicKeys {
    version: QuicVersion,
    suite: SuiteParameters,
    secret: Secret,
    aead: AeadKey,
    iv: [u8; 12],
    header: MaskKey,
}

impl std::fmt::Debug for QuicKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QuicKeys({:?})", self.version)
    }
}

/// The secrets that protect Initial packets, which anyone can compute: `dcid` is the Destination
/// Connection ID of the client's first Initial packet (RFC 9001 section 5.2).
pub fn initial_secrets(version: QuicVersion, dcid: &[u8]) -> Option<ByRole<Secret>> {
    let (initial, _) = Hkdf::<Sha256>::extract(Some(&version.initial_salt()), dcid);
    let initial = Secret::copy_of(&initial);
    let suite = SuiteParameters::of(INITIAL_SUITE)?;
    let derive = |label| expand_label(suite.hash, &initial, LabelPrefix::Tls13, label, &[], suite.hash.len());
    Some(ByRole { client: derive("client in")?, server: derive("server in")? })
}

impl QuicKeys {
    /// The keys of Initial packets; see [`initial_secrets`].
    pub fn initial(version: QuicVersion, dcid: &[u8]) -> Option<ByRole<Self>> {
        let secrets = initial_secrets(version, dcid)?;
        Some(ByRole {
            client: Self::from_secret(version, INITIAL_SUITE, &secrets.client)?,
            server: Self::from_secret(version, INITIAL_SUITE, &secrets.server)?,
        })
    }

    /// The keys that follow a traffic secret, of 0-RTT, Handshake or 1-RTT packets. `None` for a
    /// suite that is none of TLS 1.3, or a secret that is not as long as the suite's hash.
    pub fn from_secret(version: QuicVersion, suite: u16, secret: &Secret) -> Option<Self> {
        let suite = SuiteParameters::of(suite)?;
        let length = suite.key_len();
        let header = fits(&suite, secret)
            .then(|| expand_label(suite.hash, secret, LabelPrefix::Tls13, version.labels().header, &[], length))??;
        Self::with_header_key(version, suite, secret.clone(), MaskKey::new(&suite, header)?)
    }

    fn with_header_key(version: QuicVersion, suite: SuiteParameters, secret: Secret, header: MaskKey) -> Option<Self> {
        let Cipher::Aead(cipher) = suite.cipher else { return None };
        let labels = version.labels();
        let keys = labelled_keys(&suite, &secret, LabelPrefix::Tls13, labels.key, labels.iv)?;
        let aead = AeadKey::new(cipher, keys.key.expose())?;
        Some(Self { version, suite, secret, aead, iv: keys.iv, header })
    }

    /// The mask over the first byte and the packet number, from the 16 bytes of ciphertext that
    /// start 4 bytes after the start of the packet number field (RFC 9001 section 5.4).
    pub fn header_mask(&self, sample: &[u8; 16]) -> [u8; 5] {
        self.header.mask(sample)
    }

    /// Opens a packet: `packet_number` in full, `header` with the mask taken off, `payload` with
    /// its tag. `None` when it is not authentic.
    pub fn open(&self, packet_number: u64, header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
        self.aead.open(&nonce(&self.iv, packet_number.to_be_bytes()), header, payload)
    }

    /// The keys after a key update, i.e. of the other key phase. The header key stays
    /// (RFC 9001 section 6.1).
    pub fn next_generation(&self) -> Option<Self> {
        let hash = self.suite.hash;
        let label = self.version.labels().update;
        let secret = expand_label(hash, &self.secret, LabelPrefix::Tls13, label, &[], hash.len())?;
        Self::with_header_key(self.version, self.suite, secret, self.header.clone())
    }
}

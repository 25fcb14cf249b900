//! Record protection of one direction: ciphertext to plaintext (RFC 8446 section 5.2, RFC 5246
//! section 6.2.3, RFC 6347 section 4.1.2).

use std::fmt;

use super::aead::{AeadKey, nonce};
use super::mac::{After, MacProtection};
use super::schedule::{self, LabelPrefix, key_block, next_traffic_secret, traffic_keys};
use super::secret::Secret;
use super::suite::{Cipher, SuiteParameters};
use crate::bytes::Reader;
use crate::role::ByRole;
use crate::tls::record::{ContentType, RecordHeader};

/// A record that was decrypted and is authentic.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// What the record carries; the inner type in TLS 1.3.
    pub content_type: ContentType,
    /// The content, without padding.
    pub plaintext: Vec<u8>,
    /// Bytes of padding: zeros in TLS 1.3; in CBC all padding with its length byte.
    pub padding: usize,
}

/// The plaintext may hold passwords: only its length is printed.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content_type, plaintext, padding } = self;
        write!(f, "Opened({content_type:?}, {} bytes, {padding} of padding)", plaintext.len())
    }
}

/// Why a record was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The capture holds less of the fragment than the header announces.
    #[error("the capture holds only a part of the record")]
    Cut,
    /// No protected record: in TLS 1.3 these have the type application_data.
    #[error("the record is not a protected one")]
    NotProtected,
    /// Too short for what the suite adds to each record.
    #[error("the record is shorter than its nonce, tag and padding")]
    TooShort,
    /// The ciphertext is no whole number of blocks.
    #[error("the ciphertext is no whole number of cipher blocks")]
    NotWholeBlocks,
    /// Tag, MAC or padding do not fit: another key, another record number, or altered bytes.
    #[error("the record does not authenticate")]
    BadMac,
    /// Authentic, but nothing except padding is inside (RFC 8446 section 5.4).
    #[error("the record is authentic and has no content type inside")]
    NoContentType,
}

/// What a record's number is, and whether a connection id goes with it.
pub(super) struct Scope<'a> {
    /// `seq_num` of TLS, epoch and sequence number of DTLS.
    number: [u8; 8],
    connection_id: Option<&'a [u8]>,
}

impl<'a> Scope<'a> {
    fn tls(sequence: u64) -> Self {
        Self { number: sequence.to_be_bytes(), connection_id: None }
    }

    fn dtls(epoch: u16, sequence: u64, connection_id: Option<&'a [u8]>) -> Self {
        // The sequence number has 48 bits.
        let number = u64::from(epoch) << 48 | sequence & 0xffff_ffff_ffff;
        Self { number: number.to_be_bytes(), connection_id }
    }

    /// What is authenticated ahead of `length` bytes of content (RFC 5246 section 6.2.3.3; with a
    /// connection id RFC 9146 section 5).
    pub(super) fn additional_data(&self, header: RecordHeader, length: usize) -> Vec<u8> {
        let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let version = header.version.to_be_bytes();
        let content_type = header.content_type.0;
        match self.connection_id {
            None => [self.number.as_slice(), &[content_type], &version, &length].concat(),
            Some(id) => {
                let id_len = u8::try_from(id.len()).unwrap_or(u8::MAX);
                let placeholder = [0xff; 8];
                let fixed = [content_type, id_len, content_type];
                [placeholder.as_slice(), &fixed, &version, &self.number, id, &length].concat()
            }
        }
    }
}

/// Keys and state of one direction.
#[derive(Clone)]
pub struct Protection {
    /// Number of the next record. Advances only when a record was opened or skipped.
    sequence: u64,
    keys: Keys,
}

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "two a session, and never moved about")]
enum Keys {
    Tls13 { aead: AeadKey, iv: [u8; 12], suite: SuiteParameters, secret: Secret },
    Tls12 { aead: AeadKey, iv: FixedIv, tag_len: usize },
    Mac(MacProtection),
}

/// Where the nonce of a TLS 1.2 AEAD comes from.
#[derive(Clone)]
enum FixedIv {
    /// Four bytes, then eight from the record (RFC 5288 section 3).
    Salt([u8; 4]),
    /// The record number over twelve bytes (RFC 7905 section 2).
    Whole([u8; 12]),
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protection(sequence {})", self.sequence)
    }
}

impl Protection {
    /// TLS 1.3 under a traffic secret of any kind: early, handshake or application. `None` for a
    /// suite that is none of TLS 1.3, or a secret that is not as long as the suite's hash.
    pub fn tls13(suite: u16, secret: &Secret) -> Option<Self> {
        Self::from_traffic_secret(SuiteParameters::of(suite)?, secret)
    }

    fn from_traffic_secret(suite: SuiteParameters, secret: &Secret) -> Option<Self> {
        let Cipher::Aead(cipher) = suite.cipher else { return None };
        let keys = traffic_keys(&suite, secret, LabelPrefix::Tls13)?;
        let aead = AeadKey::new(cipher, keys.key.expose())?;
        Some(Self { sequence: 0, keys: Keys::Tls13 { aead, iv: keys.iv, suite, secret: secret.clone() } })
    }

    /// Both directions of TLS 1.0 to 1.2 or DTLS 1.0 and 1.2, from the master secret. `version` is
    /// the negotiated one; `encrypt_then_mac` says that the extension was negotiated, and is ignored
    /// by suites that are not CBC (RFC 7366 section 3). `None` for a suite or a version without
    /// support, and for a suite that the version cannot have.
    pub fn tls12_pair(
        suite: u16,
        version: u16,
        master: &Secret,
        client_random: &[u8; 32],
        server_random: &[u8; 32],
        encrypt_then_mac: bool,
    ) -> Option<ByRole<Self>> {
        let suite = SuiteParameters::of(suite)?;
        let old = matches!(version, 0x0301 | 0x0302 | 0xfeff);
        let aead = matches!(suite.cipher, Cipher::Aead(_));
        if suite.tls13 || !(old && !aead || schedule::has_tls12_prf(version)) {
            return None;
        }
        let each = suite.mac_len().checked_add(suite.key_len())?.checked_add(suite.fixed_iv_len())?;
        let block = key_block(version, suite.hash, master, client_random, server_random, each.checked_mul(2)?);
        let mut block = Reader::new(block.expose());
        let mut two = |n: usize| Some([block.take(n).ok()?, block.take(n).ok()?]);
        let [client_mac, server_mac] = two(suite.mac_len())?;
        let [client_key, server_key] = two(suite.key_len())?;
        let [client_iv, server_iv] = two(suite.fixed_iv_len())?;
        let protect = |mac_key: &[u8], key: &[u8], iv: &[u8]| {
            let keys = match suite.cipher {
                Cipher::Aead(cipher) => {
                    Keys::Tls12 { aead: AeadKey::new(cipher, key)?, iv: FixedIv::new(iv)?, tag_len: suite.tag_len() }
                }
                _ => Keys::Mac(MacProtection::new(&suite, mac_key, key, iv, version == 0x0301, encrypt_then_mac)?),
            };
            Some(Self { sequence: 0, keys })
        };
        Some(ByRole {
            client: protect(client_mac, client_key, client_iv)?,
            server: protect(server_mac, server_key, server_iv)?,
        })
    }

    /// Number of the next record.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Sets the number of the next record. The chains of RC4 and of CBC in TLS 1.0 stay where they are.
    pub fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    /// Opens the next record. Nothing changes when it cannot be opened.
    pub fn open(&mut self, header: RecordHeader, fragment: &[u8]) -> Result<Opened, OpenError> {
        self.open_near(header, fragment, 0).map(|(opened, _)| opened)
    }

    /// Opens a record whose number may be up to `window` ahead of the expected one, as after a hole
    /// in the capture; the second value says by how much it was. Nothing changes when no number
    /// fits. RC4 cannot be found again after a hole, and CBC in TLS 1.0 needs the record before it
    /// (see [`Protection::skip`]).
    pub fn open_near(
        &mut self,
        header: RecordHeader,
        fragment: &[u8],
        window: u64,
    ) -> Result<(Opened, u64), OpenError> {
        for ahead in 0..=window {
            let Some(sequence) = self.sequence.checked_add(ahead) else { break };
            match self.open_at(&Scope::tls(sequence), header, fragment) {
                Ok((opened, after)) => {
                    if let Keys::Mac(mac) = &mut self.keys {
                        mac.advance(after);
                    }
                    self.sequence = sequence.saturating_add(1);
                    return Ok((opened, ahead));
                }
                Err(OpenError::BadMac) => {}
                Err(other) => return Err(other),
            }
        }
        Err(OpenError::BadMac)
    }

    /// Whether the next record could be opened. Changes nothing.
    pub fn would_open(&self, header: RecordHeader, fragment: &[u8]) -> bool {
        self.open_at(&Scope::tls(self.sequence), header, fragment).is_ok()
    }

    /// Moves past the next record without decrypting it. The ciphertext is needed for the chains of
    /// RC4 and of CBC in TLS 1.0.
    pub fn skip(&mut self, fragment: &[u8]) {
        self.sequence = self.sequence.saturating_add(1);
        if let Keys::Mac(mac) = &mut self.keys {
            mac.skip(fragment);
        }
    }

    /// Whether the cipher's state runs through every record (RC4, CBC in TLS 1.0), so that none may be
    /// left out.
    pub fn is_chained(&self) -> bool {
        matches!(&self.keys, Keys::Mac(mac) if mac.is_chained())
    }

    /// Opens a record of DTLS 1.0 or 1.2, that says its own epoch and number.
    pub fn open_dtls12(
        &self,
        epoch: u16,
        sequence: u64,
        header: RecordHeader,
        fragment: &[u8],
    ) -> Result<Opened, OpenError> {
        self.open_at(&Scope::dtls(epoch, sequence, None), header, fragment).map(|(opened, _)| opened)
    }

    /// Opens a record of DTLS 1.2 with a connection id: type tls12_cid, the real type inside
    /// (RFC 9146).
    pub fn open_dtls12_cid(
        &self,
        epoch: u16,
        sequence: u64,
        connection_id: &[u8],
        header: RecordHeader,
        fragment: &[u8],
    ) -> Result<Opened, OpenError> {
        let scope = Scope::dtls(epoch, sequence, Some(connection_id));
        let (opened, _) = self.open_at(&scope, header, fragment)?;
        inner_plaintext(opened.plaintext)
    }

    /// The keys after a KeyUpdate of this direction, at record 0. `None` before TLS 1.3.
    pub fn next_generation(&self) -> Option<Self> {
        let Keys::Tls13 { suite, secret, .. } = &self.keys else { return None };
        Self::from_traffic_secret(*suite, &next_traffic_secret(suite.hash, secret, LabelPrefix::Tls13)?)
    }

    fn open_at(&self, scope: &Scope<'_>, header: RecordHeader, fragment: &[u8]) -> Result<(Opened, After), OpenError> {
        if fragment.len() != usize::from(header.length) {
            return Err(OpenError::Cut);
        }
        let content_type = header.content_type;
        match &self.keys {
            Keys::Tls13 { aead, iv, suite, .. } => {
                if content_type != ContentType::APPLICATION_DATA {
                    return Err(OpenError::NotProtected);
                }
                let [major, minor] = header.version.to_be_bytes();
                let [high, low] = header.length.to_be_bytes();
                let additional = [content_type.0, major, minor, high, low];
                // The content type takes a byte too.
                if fragment.len() <= suite.tag_len() {
                    return Err(OpenError::TooShort);
                }
                let nonce = nonce(iv, scope.number);
                let plaintext = aead.open(&nonce, &additional, fragment).ok_or(OpenError::BadMac)?;
                Ok((inner_plaintext(plaintext)?, After::Same))
            }
            Keys::Tls12 { aead, iv, tag_len } => {
                let (nonce, ciphertext) = iv.nonce(scope.number, fragment).ok_or(OpenError::TooShort)?;
                let length = ciphertext.len().checked_sub(*tag_len).ok_or(OpenError::TooShort)?;
                let additional = scope.additional_data(header, length);
                let plaintext = aead.open(&nonce, &additional, ciphertext).ok_or(OpenError::BadMac)?;
                Ok((Opened { content_type, plaintext, padding: 0 }, After::Same))
            }
            Keys::Mac(mac) => {
                let opened = mac.open(scope, header, fragment)?;
                Ok((Opened { content_type, plaintext: opened.plaintext, padding: opened.padding }, opened.after))
            }
        }
    }
}

impl FixedIv {
    fn new(iv: &[u8]) -> Option<Self> {
        iv.try_into().map(Self::Salt).or_else(|_| iv.try_into().map(Self::Whole)).ok()
    }

    /// The nonce of a record, and its ciphertext.
    fn nonce<'a>(&self, number: [u8; 8], fragment: &'a [u8]) -> Option<([u8; 12], &'a [u8])> {
        match self {
            Self::Whole(iv) => Some((nonce(iv, number), fragment)),
            Self::Salt([a, b, c, d]) => {
                let (explicit, ciphertext) = fragment.split_first_chunk::<8>()?;
                // Laying the explicit part over zeros puts it behind the salt.
                Some((nonce(&[*a, *b, *c, *d, 0, 0, 0, 0, 0, 0, 0, 0], *explicit), ciphertext))
            }
        }
    }
}

/// Takes type and padding off a TLSInnerPlaintext (RFC 8446 section 5.4) or DTLSInnerPlaintext.
pub(super) fn inner_plaintext(mut plaintext: Vec<u8>) -> Result<Opened, OpenError> {
    let whole = plaintext.len();
    let content_type_at = plaintext.iter().rposition(|b| *b != 0).ok_or(OpenError::NoContentType)?;
    let content_type = plaintext.get(content_type_at).copied().map(ContentType).ok_or(OpenError::NoContentType)?;
    plaintext.truncate(content_type_at);
    let padding = whole.saturating_sub(content_type_at).saturating_sub(1);
    Ok(Opened { content_type, plaintext, padding })
}

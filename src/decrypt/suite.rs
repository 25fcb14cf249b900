//! What a cipher suite means for the key schedule and the record layer.

use super::hash::Hash;

/// An AEAD cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AeadCipher {
    /// AES-128-GCM (RFC 5288).
    Aes128Gcm,
    /// AES-256-GCM (RFC 5288).
    Aes256Gcm,
    /// AES-128-CCM (RFC 6655).
    Aes128Ccm,
    /// AES-256-CCM (RFC 6655).
    Aes256Ccm,
    /// AES-128-CCM with an 8-byte tag (RFC 6655).
    Aes128Ccm8,
    /// AES-256-CCM with an 8-byte tag (RFC 6655).
    Aes256Ccm8,
    /// ChaCha20-Poly1305 (RFC 7905).
    ChaCha20Poly1305,
    /// Camellia-128-GCM (RFC 6367).
    Camellia128Gcm,
    /// Camellia-256-GCM (RFC 6367).
    Camellia256Gcm,
    /// ARIA-128-GCM (RFC 6209).
    Aria128Gcm,
    /// ARIA-256-GCM (RFC 6209).
    Aria256Gcm,
}

/// A block cipher in CBC mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockCipher {
    /// AES-128.
    Aes128,
    /// AES-256.
    Aes256,
    /// Triple DES with three keys.
    TripleDes,
    /// Single DES (RFC 5469).
    Des,
    /// Camellia-128 (RFC 5932).
    Camellia128,
    /// Camellia-256 (RFC 5932).
    Camellia256,
    /// ARIA-128 (RFC 6209).
    Aria128,
    /// ARIA-256 (RFC 6209).
    Aria256,
}

impl BlockCipher {
    /// Block length in bytes; also the length of an IV.
    pub const fn block_len(self) -> usize {
        match self {
            Self::TripleDes | Self::Des => 8,
            _ => 16,
        }
    }
}

/// How records are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// Authenticated encryption.
    Aead(AeadCipher),
    /// A block cipher in CBC mode, with a MAC.
    Cbc(BlockCipher, Hash),
    /// RC4 with a 128-bit key, with a MAC.
    Rc4(Hash),
    /// No encryption, with a MAC.
    Null(Hash),
}

/// What a cipher suite means for the key schedule and the record layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuiteParameters {
    /// How records are protected.
    pub cipher: Cipher,
    /// The hash of HKDF in TLS 1.3 and of the PRF in TLS 1.2. Earlier versions do not ask the suite.
    pub hash: Hash,
    /// A suite of TLS 1.3, that says nothing about key exchange.
    pub tls13: bool,
}

impl SuiteParameters {
    /// The parameters of a suite by its code point in the IANA registry; `None` for a suite whose
    /// records are not opened here.
    pub fn of(suite: u16) -> Option<Self> {
        let cipher = cipher_of(suite)?;
        let hash = if is_sha384(suite, cipher) { Hash::Sha384 } else { Hash::Sha256 };
        Some(Self { cipher, hash, tls13: (0x1301..=0x1305).contains(&suite) })
    }

    /// Length of the encryption key in bytes.
    pub const fn key_len(&self) -> usize {
        match self.cipher {
            Cipher::Aead(aead) => match aead {
                AeadCipher::Aes128Gcm
                | AeadCipher::Aes128Ccm
                | AeadCipher::Aes128Ccm8
                | AeadCipher::Camellia128Gcm
                | AeadCipher::Aria128Gcm => 16,
                AeadCipher::Aes256Gcm
                | AeadCipher::Aes256Ccm
                | AeadCipher::Aes256Ccm8
                | AeadCipher::ChaCha20Poly1305
                | AeadCipher::Camellia256Gcm
                | AeadCipher::Aria256Gcm => 32,
            },
            Cipher::Cbc(block, _) => match block {
                BlockCipher::Des => 8,
                BlockCipher::TripleDes => 24,
                BlockCipher::Aes128 | BlockCipher::Camellia128 | BlockCipher::Aria128 => 16,
                BlockCipher::Aes256 | BlockCipher::Camellia256 | BlockCipher::Aria256 => 32,
            },
            Cipher::Rc4(_) => 16,
            Cipher::Null(_) => 0,
        }
    }

    /// Length of the MAC key, and of the MAC, in bytes. 0 for AEAD.
    pub const fn mac_len(&self) -> usize {
        match self.cipher {
            Cipher::Aead(_) => 0,
            Cipher::Cbc(_, hash) | Cipher::Rc4(hash) | Cipher::Null(hash) => hash.len(),
        }
    }

    /// Length of the authentication tag in bytes. 0 without AEAD.
    pub const fn tag_len(&self) -> usize {
        match self.cipher {
            Cipher::Aead(AeadCipher::Aes128Ccm8 | AeadCipher::Aes256Ccm8) => 8,
            Cipher::Aead(_) => 16,
            _ => 0,
        }
    }

    /// Length of the IV that the key block yields, in bytes: the implicit part of an AEAD nonce
    /// (`fixed_iv_length`), or a block in TLS 1.0 CBC (later versions leave it unused).
    pub const fn fixed_iv_len(&self) -> usize {
        match self.cipher {
            Cipher::Aead(AeadCipher::ChaCha20Poly1305) => 12,
            Cipher::Aead(_) if self.tls13 => 12,
            Cipher::Aead(_) => 4,
            Cipher::Cbc(block, _) => block.block_len(),
            Cipher::Rc4(_) | Cipher::Null(_) => 0,
        }
    }

    /// Bytes of the nonce that each record carries in TLS 1.2 (`record_iv_length`, AEAD only).
    pub const fn explicit_nonce_len(&self) -> usize {
        match self.cipher {
            Cipher::Aead(AeadCipher::ChaCha20Poly1305) => 0,
            Cipher::Aead(_) if !self.tls13 => 8,
            _ => 0,
        }
    }
}

/// SHA-384 is used by the suites that have it at the end of their name; all others use SHA-256,
/// also those named before TLS 1.2 that end in `_SHA` or `_MD5` (RFC 5246 section 5).
fn is_sha384(suite: u16, cipher: Cipher) -> bool {
    match cipher {
        Cipher::Aead(aead) => {
            suite == 0xc0b3
                || matches!(aead, AeadCipher::Aes256Gcm | AeadCipher::Camellia256Gcm | AeadCipher::Aria256Gcm)
        }
        Cipher::Cbc(_, mac) | Cipher::Rc4(mac) | Cipher::Null(mac) => mac == Hash::Sha384,
    }
}

/// The record protection of each suite in the IANA registry, grouped by the part of the name that
/// follows `WITH`.
#[rustfmt::skip]
fn cipher_of(suite: u16) -> Option<Cipher> {
    use Hash::{Md5, Sha1, Sha256, Sha384};
    Some(match suite {
        0x1304 | 0xc09c | 0xc09e | 0xc0a4 | 0xc0a6 | 0xc0ac | 0xc0b2 | 0xd005 => Cipher::Aead(AeadCipher::Aes128Ccm),
        0x1305 | 0xc0a0 | 0xc0a2 | 0xc0a8 | 0xc0aa | 0xc0ae | 0xd003 => Cipher::Aead(AeadCipher::Aes128Ccm8),
        0x009c | 0x009e | 0x00a0 | 0x00a2 | 0x00a4 | 0x00a6 | 0x00a8 | 0x00aa | 0x00ac | 0x1301 | 0xc02b | 0xc02d
        | 0xc02f | 0xc031 | 0xc0b0 | 0xd001 => Cipher::Aead(AeadCipher::Aes128Gcm),
        0xc09d | 0xc09f | 0xc0a5 | 0xc0a7 | 0xc0ad | 0xc0b3 => Cipher::Aead(AeadCipher::Aes256Ccm),
        0xc0a1 | 0xc0a3 | 0xc0a9 | 0xc0ab | 0xc0af => Cipher::Aead(AeadCipher::Aes256Ccm8),
        0x009d | 0x009f | 0x00a1 | 0x00a3 | 0x00a5 | 0x00a7 | 0x00a9 | 0x00ab | 0x00ad | 0x1302 | 0xc02c | 0xc02e
        | 0xc030 | 0xc032 | 0xc0b1 | 0xd002 => Cipher::Aead(AeadCipher::Aes256Gcm),
        0xc050 | 0xc052 | 0xc054 | 0xc056 | 0xc058 | 0xc05a | 0xc05c | 0xc05e | 0xc060 | 0xc062 | 0xc06a | 0xc06c
        | 0xc06e => Cipher::Aead(AeadCipher::Aria128Gcm),
        0xc051 | 0xc053 | 0xc055 | 0xc057 | 0xc059 | 0xc05b | 0xc05d | 0xc05f | 0xc061 | 0xc063 | 0xc06b | 0xc06d
        | 0xc06f => Cipher::Aead(AeadCipher::Aria256Gcm),
        0xc07a | 0xc07c | 0xc07e | 0xc080 | 0xc082 | 0xc084 | 0xc086 | 0xc088 | 0xc08a | 0xc08c | 0xc08e | 0xc090
        | 0xc092 => Cipher::Aead(AeadCipher::Camellia128Gcm),
        0xc07b | 0xc07d | 0xc07f | 0xc081 | 0xc083 | 0xc085 | 0xc087 | 0xc089 | 0xc08b | 0xc08d | 0xc08f | 0xc091
        | 0xc093 => Cipher::Aead(AeadCipher::Camellia256Gcm),
        0x1303 | 0xcca8 | 0xcca9 | 0xccaa | 0xccab | 0xccac | 0xccad | 0xccae => Cipher::Aead(AeadCipher::ChaCha20Poly1305),
        0x002f | 0x0030 | 0x0031 | 0x0032 | 0x0033 | 0x0034 | 0x008c | 0x0090 | 0x0094 | 0xc004 | 0xc009 | 0xc00e
        | 0xc013 | 0xc018 | 0xc01d | 0xc01e | 0xc01f | 0xc035 => Cipher::Cbc(BlockCipher::Aes128, Sha1),
        0x003c | 0x003e | 0x003f | 0x0040 | 0x0067 | 0x006c | 0x00ae | 0x00b2 | 0x00b6 | 0xc023 | 0xc025 | 0xc027
        | 0xc029 | 0xc037 => Cipher::Cbc(BlockCipher::Aes128, Sha256),
        0x0035 | 0x0036 | 0x0037 | 0x0038 | 0x0039 | 0x003a | 0x008d | 0x0091 | 0x0095 | 0xc005 | 0xc00a | 0xc00f
        | 0xc014 | 0xc019 | 0xc020 | 0xc021 | 0xc022 | 0xc036 => Cipher::Cbc(BlockCipher::Aes256, Sha1),
        0x003d | 0x0068 | 0x0069 | 0x006a | 0x006b | 0x006d => Cipher::Cbc(BlockCipher::Aes256, Sha256),
        0x00af | 0x00b3 | 0x00b7 | 0xc024 | 0xc026 | 0xc028 | 0xc02a | 0xc038 => Cipher::Cbc(BlockCipher::Aes256, Sha384),
        0xc03c | 0xc03e | 0xc040 | 0xc042 | 0xc044 | 0xc046 | 0xc048 | 0xc04a | 0xc04c | 0xc04e | 0xc064 | 0xc066
        | 0xc068 | 0xc070 => Cipher::Cbc(BlockCipher::Aria128, Sha256),
        0xc03d | 0xc03f | 0xc041 | 0xc043 | 0xc045 | 0xc047 | 0xc049 | 0xc04b | 0xc04d | 0xc04f | 0xc065 | 0xc067
        | 0xc069 | 0xc071 => Cipher::Cbc(BlockCipher::Aria256, Sha384),
        0x0041..=0x0046 => Cipher::Cbc(BlockCipher::Camellia128, Sha1),
        0x00ba | 0x00bb | 0x00bc | 0x00bd | 0x00be | 0x00bf | 0xc072 | 0xc074 | 0xc076 | 0xc078 | 0xc094 | 0xc096
        | 0xc098 | 0xc09a => Cipher::Cbc(BlockCipher::Camellia128, Sha256),
        0x0084..=0x0089 => Cipher::Cbc(BlockCipher::Camellia256, Sha1),
        0x00c0..=0x00c5 => Cipher::Cbc(BlockCipher::Camellia256, Sha256),
        0xc073 | 0xc075 | 0xc077 | 0xc079 | 0xc095 | 0xc097 | 0xc099 | 0xc09b => Cipher::Cbc(BlockCipher::Camellia256, Sha384),
        0x0022 => Cipher::Cbc(BlockCipher::Des, Md5),
        0x0009 | 0x000c | 0x000f | 0x0012 | 0x0015 | 0x001a | 0x001e => Cipher::Cbc(BlockCipher::Des, Sha1),
        0x0023 => Cipher::Cbc(BlockCipher::TripleDes, Md5),
        0x000a | 0x000d | 0x0010 | 0x0013 | 0x0016 | 0x001b | 0x001f | 0x008b | 0x008f | 0x0093 | 0xc003 | 0xc008
        | 0xc00d | 0xc012 | 0xc017 | 0xc01a | 0xc01b | 0xc01c | 0xc034 => Cipher::Cbc(BlockCipher::TripleDes, Sha1),
        0x0001 => Cipher::Null(Md5),
        0x0002 | 0x002c | 0x002d | 0x002e | 0xc001 | 0xc006 | 0xc00b | 0xc010 | 0xc015 | 0xc039
            => Cipher::Null(Sha1),
        0x003b | 0x00b0 | 0x00b4 | 0x00b8 | 0xc03a => Cipher::Null(Sha256),
        0x00b1 | 0x00b5 | 0x00b9 | 0xc03b => Cipher::Null(Sha384),
        0x0004 | 0x0018 | 0x0024 => Cipher::Rc4(Md5),
        0x0005 | 0x0020 | 0x0066 | 0x008a | 0x008e | 0x0092 | 0xc002 | 0xc007 | 0xc00c | 0xc011 | 0xc016 | 0xc033
            => Cipher::Rc4(Sha1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_the_rfcs() {
        // RFC 5288, RFC 7905, RFC 6655, RFC 5246 appendix C.
        let lengths = |suite| {
            let p = SuiteParameters::of(suite).expect("a known suite");
            (p.key_len(), p.mac_len(), p.fixed_iv_len(), p.explicit_nonce_len(), p.tag_len(), p.hash)
        };
        assert_eq!(lengths(0xc02f), (16, 0, 4, 8, 16, Hash::Sha256));
        assert_eq!(lengths(0xc030), (32, 0, 4, 8, 16, Hash::Sha384));
        assert_eq!(lengths(0xcca8), (32, 0, 12, 0, 16, Hash::Sha256));
        assert_eq!(lengths(0xc0a0), (16, 0, 4, 8, 8, Hash::Sha256));
        assert_eq!(lengths(0xc09d), (32, 0, 4, 8, 16, Hash::Sha256));
        assert_eq!(lengths(0x000a), (24, 20, 8, 0, 0, Hash::Sha256));
        assert_eq!(lengths(0xc028), (32, 48, 16, 0, 0, Hash::Sha384));
        assert_eq!(lengths(0x0005), (16, 20, 0, 0, 0, Hash::Sha256));
        assert_eq!(lengths(0x0002), (0, 20, 0, 0, 0, Hash::Sha256));
        assert_eq!(lengths(0x1302), (32, 0, 12, 0, 16, Hash::Sha384));
        assert_eq!(lengths(0x1305), (16, 0, 12, 0, 8, Hash::Sha256));
    }

    #[test]
    fn a_suite_that_is_not_a_cipher_has_no_parameters() {
        for suite in [0x0000, 0x0003, 0x00ff, 0x5600, 0x0a0a] {
            assert_eq!(SuiteParameters::of(suite), None);
        }
    }

    #[test]
    fn the_table_agrees_with_the_suite_names() {
        for suite in 0..=u16::MAX {
            let (Some(p), Some(named)) = (SuiteParameters::of(suite), tls_parser::TlsCipherSuite::from_id(suite))
            else {
                continue;
            };
            let aead = matches!(p.cipher, Cipher::Aead(_));
            assert_eq!(named.name.ends_with("SHA384"), p.hash == Hash::Sha384, "{}", named.name);
            assert_eq!(["GCM", "CCM", "POLY"].iter().any(|mode| named.name.contains(mode)), aead, "{}", named.name);
            assert_eq!(
                named.name.contains("_256_") || named.name.contains("CHACHA"),
                p.key_len() == 32,
                "{}",
                named.name
            );
            assert_eq!(named.name.contains("CCM_8"), p.tag_len() == 8, "{}", named.name);
        }
    }
}

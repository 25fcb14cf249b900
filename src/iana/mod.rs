//! Code points and names, a file per IANA registry.

use std::borrow::Cow;

pub mod alerts;
pub mod cipher_suites;
pub mod client_certificate_types;
pub mod extensions;
pub mod groups;
pub mod handshake_types;
pub mod signature_schemes;
pub mod versions;

/// What a code point is called, or its number where it has no name.
pub type Name = Cow<'static, str>;

/// Whether the code point is one of those that mean nothing and keep peers tolerant (RFC 8701):
/// 0x0a0a, 0x1a1a, … 0xfafa.
pub const fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// The name of `code` in a table sorted by code point.
fn find<T: Ord + Copy>(table: &[(T, &'static str)], code: T) -> Option<&'static str> {
    let index = table.binary_search_by_key(&code, |(known, _)| *known).ok()?;
    table.get(index).map(|(_, name)| *name)
}

/// The name of `code` in a table of 16-bit code points, whose registry reserves GREASE.
fn name_or_grease(table: &[(u16, &'static str)], code: u16) -> Option<&'static str> {
    if is_grease(code) { Some("GREASE") } else { find(table, code) }
}

/// [`name_or_grease`], or the number as `0x1234` where it has no name.
fn name_or_hex(table: &[(u16, &'static str)], code: u16) -> Name {
    name_or_grease(table, code).map_or_else(|| format!("0x{code:04x}").into(), Name::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_codes_are_grease() {
        let all: Vec<u16> = (0..=u16::MAX).filter(|code| is_grease(*code)).collect();
        assert_eq!(all.len(), 16);
        assert_eq!(all.first(), Some(&0x0a0a));
        assert_eq!(all.last(), Some(&0xfafa));
    }
}

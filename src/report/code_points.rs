//! Lists of code points with their names. Programs offer the same lists in every handshake, so that a list is made once
//! and then shared by the sessions that have it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use crate::iana::{cipher_suites, extensions, groups, signature_schemes, versions};
use crate::memo::{Table, recall};
use crate::report::from_session::count;
use crate::report::{CodePoint, Extension};
use crate::tls::extension::Extensions;

/// Lists remembered of either kind.
const ROWS: usize = 128;
/// Longer lists are not remembered; those of real programs are shorter.
const LONGEST: usize = 256;

thread_local! {
    static LISTS: Table<(Registry, Arc<[CodePoint]>)> = const { RefCell::new(Vec::new()) };
    static LENGTHS: Table<(Registry, Arc<[Extension]>)> = const { RefCell::new(Vec::new()) };
}

/// Whose names they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Registry {
    CipherSuites,
    Versions,
    Groups,
    SignatureSchemes,
    Extensions,
}

impl Registry {
    fn name(self, code: u16) -> Option<Cow<'static, str>> {
        let name = match self {
            Self::CipherSuites => cipher_suites::name(code),
            Self::Groups => groups::name(code),
            Self::SignatureSchemes => signature_schemes::name(code),
            Self::Extensions => extensions::name(code),
            Self::Versions => {
                let shown = versions::display(code);
                return (!shown.starts_with("0x")).then_some(shown);
            }
        };
        name.map(Cow::Borrowed)
    }

    /// A code point and its name.
    pub(super) fn point(self, code: u16) -> CodePoint {
        CodePoint { code, name: self.name(code) }
    }

    /// A list of code points and their names.
    pub(super) fn points(self, codes: &[u16]) -> Arc<[CodePoint]> {
        let read = || (self, codes.iter().map(|code| self.point(*code)).collect());
        if codes.len() > LONGEST {
            return read().1;
        }
        let is_it = |(registry, list): &(Self, Arc<[CodePoint]>)| {
            *registry == self && list.iter().map(|point| point.code).eq(codes.iter().copied())
        };
        recall(&LISTS, ROWS, (self, codes), is_it, read).1
    }

    /// The same of things that have a length, in bytes.
    fn lengths(self, things: &(impl ExactSizeIterator<Item = (u16, usize)> + Clone)) -> Arc<[Extension]> {
        let thing = |(code, length)| Extension { code, name: self.name(code), length: count(length) };
        let read = || (self, things.clone().map(thing).collect());
        if things.len() > LONGEST {
            return read().1;
        }
        let is_it = |(registry, list): &(Self, Arc<[Extension]>)| {
            let known = list.iter().map(|extension| (extension.code, extension.length));
            *registry == self && known.eq(things.clone().map(|(code, length)| (code, count(length))))
        };
        let sum = things.clone().fold(0_u64, |sum, (code, length)| {
            (sum.rotate_left(5) ^ u64::from(code)).wrapping_add(count(length) << 16)
        });
        recall(&LENGTHS, ROWS, (self, sum), is_it, read).1
    }
}

/// Extensions by name, with the lengths of their bodies.
pub(super) fn extension_list(list: &Extensions) -> Arc<[Extension]> {
    Registry::Extensions.lengths(&list.0.iter().map(|extension| (extension.kind, extension.len)))
}

/// Key shares by group, with their lengths.
pub(super) fn key_shares(shares: &[(u16, usize)]) -> Arc<[Extension]> {
    Registry::Groups.lengths(&shares.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lists_are_shared_and_others_are_not_taken_for_them() {
        let suites = Registry::CipherSuites.points(&[0x1301, 0x00ff]);
        assert!(Arc::ptr_eq(&suites, &Registry::CipherSuites.points(&[0x1301, 0x00ff])));
        assert_eq!(
            suites.iter().map(CodePoint::display).collect::<Vec<_>>(),
            ["TLS_AES_128_GCM_SHA256", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"]
        );
        // The same numbers of another registry, and every list of two numbers up to 300, which share rows.
        assert_eq!(
            &*Registry::Groups.points(&[0x1301, 0x00ff]),
            [0x1301, 0x00ff].map(|code| Registry::Groups.point(code))
        );
        for code in 0..300 {
            let shares = key_shares(&[(code, 32), (29, usize::from(code))]);
            assert_eq!((shares[0].code, shares[0].length, shares[1].length), (code, 32, u64::from(code)));
            assert_eq!(Registry::Versions.points(&[code, 0x0303])[0].code, code);
        }
    }

    #[test]
    fn a_long_list_is_whole_and_not_remembered() {
        let codes: Vec<u16> = (0..1_000).collect();
        let list = Registry::CipherSuites.points(&codes);
        assert_eq!(list.iter().map(|point| point.code).collect::<Vec<_>>(), codes);
        assert!(!Arc::ptr_eq(&list, &Registry::CipherSuites.points(&codes)));
    }
}

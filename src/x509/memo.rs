//! Certificates read before: a server sends the same chain in every handshake.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Certificate, Name, name_from_der, parse};
use crate::memo::{Table, recall};

/// Certificates remembered.
const ROWS: usize = 128;
/// A longer one is not remembered, in bytes.
const LONGEST: usize = 4_096;
/// Chains remembered.
const CHAINS: usize = 64;
/// Bytes of a chain's certificates; a longer one is not remembered.
const LONGEST_CHAIN: usize = 16_384;

/// Names remembered.
const NAMES: usize = 256;
/// A longer one is not remembered, in bytes.
const LONGEST_NAME: usize = 1_024;

thread_local! {
    static KNOWN: Table<Arc<Certificate>> = const { RefCell::new(Vec::new()) };
    static KNOWN_NAMES: Table<Arc<Name>> = const { RefCell::new(Vec::new()) };
    static KNOWN_CHAINS: Table<Arc<[Certificate]>> = const { RefCell::new(Vec::new()) };
}

/// What [`parse`] says of these bytes.
pub fn parse_again(der: &[u8]) -> Arc<Certificate> {
    if der.len() > LONGEST {
        return Arc::new(parse(der));
    }
    recall(&KNOWN, ROWS, der, |known| known.der == der, || Arc::new(parse(der)))
}

/// What [`name_from_der`] says of these bytes: a server asks for the same authorities in every handshake.
pub fn name_again(der: &[u8]) -> Arc<Name> {
    let read = || Arc::new(name_from_der(der));
    if der.len() > LONGEST_NAME { read() } else { recall(&KNOWN_NAMES, NAMES, der, |known| known.der == der, read) }
}

/// What [`parse`] says of the certificates of a chain. The same chain is often the same value, too, and not
/// only an equal one.
pub fn chain_again(chain: &[&[u8]]) -> Arc<[Certificate]> {
    let read = || chain.iter().map(|der| Certificate::clone(&parse_again(der))).collect();
    if chain.iter().map(|der| der.len()).sum::<usize>() > LONGEST_CHAIN {
        return read();
    }
    let is_it = |known: &Arc<[Certificate]>| known.iter().map(|one| one.der.as_slice()).eq(chain.iter().copied());
    recall(&KNOWN_CHAINS, CHAINS, chain, is_it, read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(n: u8) -> Vec<u8> {
        let mut der = vec![0x30, 0x03, 0x02, 0x01, 0x05];
        der.extend(std::iter::repeat_n(n, usize::from(n)));
        der
    }

    #[test]
    fn what_is_remembered_is_what_is_read() {
        for round in 0..3 {
            for n in 0..=255_u8 {
                let der = certificate(n);
                assert_eq!(*parse_again(&der), parse(&der), "{round} {n}");
            }
        }
        let long = vec![0x30; LONGEST + 1];
        assert_eq!(*parse_again(&long), parse(&long));
    }

    #[test]
    fn a_name_is_that_of_its_bytes() {
        for _ in 0..2 {
            for n in 0..=255_u8 {
                let der = [0x30, 0x0e, 0x31, 0x0c, 0x30, 0x0a, 6, 3, 0x55, 4, 3, 12, 3, n, b'c', b'a'];
                assert_eq!(*name_again(&der), name_from_der(&der), "{n}");
            }
        }
        let long = vec![0x30; LONGEST_NAME + 1];
        assert_eq!(*name_again(&long), name_from_der(&long));
    }

    #[test]
    fn a_chain_is_that_of_its_certificates_in_their_order() {
        for round in 0..3 {
            for n in 0..=254_u8 {
                let (one, other) = (certificate(n), certificate(n + 1));
                for chain in [vec![&one, &other], vec![&other, &one], vec![&one], Vec::new()] {
                    let read: Vec<Certificate> = chain.iter().map(|der| parse(der)).collect();
                    assert_eq!(
                        chain_again(&chain.iter().map(|der| der.as_slice()).collect::<Vec<_>>())[..],
                        read,
                        "{round} {n}"
                    );
                }
            }
        }
        let long = vec![0x30; LONGEST_CHAIN];
        let chain = [&long[..], &[0x30]];
        assert_eq!(chain_again(&chain)[..], chain.map(parse));
        let short = certificate(7);
        let again = || chain_again(&[&short[..]]);
        assert!(Arc::ptr_eq(&again(), &again()));
    }
}

//! Certificates read before: a server sends the same chain in every handshake.
//!
//! Reading is a pure function, so nobody can see whether its value was remembered, except by the time it
//! took. A thread has a memory of its own; it is bounded, and a newer value takes the place of an older one.

use std::cell::RefCell;
use std::hash::Hasher;
use std::sync::Arc;

use super::{Certificate, parse};

/// Certificates remembered.
const ROWS: usize = 128;
/// A longer one is not remembered, in bytes.
const LONGEST: usize = 4_096;
/// Chains remembered.
const CHAINS: usize = 64;
/// Bytes of a chain's certificates; a longer one is not remembered.
const LONGEST_CHAIN: usize = 16_384;

thread_local! {
    static KNOWN: RefCell<Vec<Option<Arc<Certificate>>>> = const { RefCell::new(Vec::new()) };
    static KNOWN_CHAINS: RefCell<Vec<Option<Arc<[Certificate]>>>> = const { RefCell::new(Vec::new()) };
}

/// What [`parse`] says of these bytes.
pub fn parse_again(der: &[u8]) -> Arc<Certificate> {
    if der.len() > LONGEST {
        return Arc::new(parse(der));
    }
    let row = row(std::iter::once(der), ROWS);
    let known = KNOWN.with_borrow(|known| known.get(row)?.as_ref().filter(|known| known.der == der).map(Arc::clone));
    known.unwrap_or_else(|| {
        let certificate = Arc::new(parse(der));
        KNOWN.with_borrow_mut(|known| put(known, ROWS, row, Arc::clone(&certificate)));
        certificate
    })
}

/// What [`parse`] says of the certificates of a chain. The same chain is often the same value, too, and not
/// only an equal one.
pub fn chain_again<'a>(chain: impl Iterator<Item = &'a [u8]> + Clone) -> Arc<[Certificate]> {
    let read = || chain.clone().map(|der| Certificate::clone(&parse_again(der))).collect();
    if chain.clone().map(<[u8]>::len).sum::<usize>() > LONGEST_CHAIN {
        return read();
    }
    let row = row(chain.clone(), CHAINS);
    let is_it = |known: &&Arc<[Certificate]>| known.iter().map(|one| one.der.as_slice()).eq(chain.clone());
    let known = KNOWN_CHAINS.with_borrow(|known| known.get(row)?.as_ref().filter(is_it).map(Arc::clone));
    known.unwrap_or_else(|| {
        let read: Arc<[Certificate]> = read();
        KNOWN_CHAINS.with_borrow_mut(|known| put(known, CHAINS, row, Arc::clone(&read)));
        read
    })
}

/// The row of a table with so many.
fn row<'a>(parts: impl Iterator<Item = &'a [u8]>, rows: usize) -> usize {
    let mut hasher = rustc_hash::FxHasher::default();
    parts.for_each(|part| hasher.write(part));
    hasher.finish() as usize % rows
}

fn put<T: Clone>(table: &mut Vec<Option<T>>, rows: usize, row: usize, value: T) {
    table.resize(rows, None);
    if let Some(place) = table.get_mut(row) {
        *place = Some(value);
    }
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
    fn a_chain_is_that_of_its_certificates_in_their_order() {
        for round in 0..3 {
            for n in 0..=254_u8 {
                let (one, other) = (certificate(n), certificate(n + 1));
                for chain in [vec![&one, &other], vec![&other, &one], vec![&one], Vec::new()] {
                    let read: Vec<Certificate> = chain.iter().map(|der| parse(der)).collect();
                    assert_eq!(chain_again(chain.iter().map(|der| der.as_slice()))[..], read, "{round} {n}");
                }
            }
        }
        let long = vec![0x30; LONGEST_CHAIN];
        let chain = [&long[..], &[0x30]];
        assert_eq!(chain_again(chain.into_iter())[..], chain.map(parse));
        let short = certificate(7);
        let again = || chain_again(std::iter::once(&short[..]));
        assert!(Arc::ptr_eq(&again(), &again()));
    }
}

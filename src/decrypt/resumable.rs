//! Sessions of TLS 1.2 and below that a later connection may resume: a key log need not name such a connection
//! again, and with a server's RSA key its master secret can be had from the first one only (RFC 5246 section 7.3,
//! RFC 5077 section 3.1).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::decrypt::Secret;

/// Names remembered; the oldest are forgotten first.
const NAMES: usize = 4_096;

/// A session id or a ticket, which may be long.
type Name = [u8; 32];

/// Master secrets by the session ids and tickets that stand for them.
#[derive(Debug, Default)]
pub(super) struct Resumable(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    masters: HashMap<Name, Secret>,
    /// Names in the order in which they came.
    order: VecDeque<Name>,
}

fn name(bytes: &[u8]) -> Name {
    Sha256::digest(bytes).into()
}

impl Resumable {
    /// Who names this session id or ticket later on goes on with `master`.
    pub(super) fn remember(&self, id_or_ticket: &[u8], master: &Secret) {
        let name = name(id_or_ticket);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.masters.insert(name, master.clone()).is_none() {
            known.order.push_back(name);
        }
        while known.order.len() > NAMES {
            if let Some(oldest) = known.order.pop_front() {
                known.masters.remove(&oldest);
            }
        }
    }

    /// The master secret that this session id or ticket stands for.
    pub(super) fn master(&self, id_or_ticket: &[u8]) -> Option<Secret> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.masters.get(&name(id_or_ticket)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let known = Resumable::default();
        for number in 0..NAMES as u32 + 2 {
            known.remember(&number.to_be_bytes(), &Secret::new(number.to_be_bytes().to_vec()));
            known.remember(&number.to_be_bytes(), &Secret::new(number.to_be_bytes().to_vec()));
        }
        let master = |number: u32| known.master(&number.to_be_bytes()).map(|secret| secret.expose().to_vec());
        assert_eq!(master(1), None);
        assert_eq!(master(2), Some(vec![0, 0, 0, 2]));
        assert_eq!(known.0.lock().expect("not poisoned").masters.len(), NAMES);
    }
}

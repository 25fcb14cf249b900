//! Chains examined before: a server sends the same chain in every handshake, and nothing changes in it between two
//! moments at which the validity of one of its certificates begins or ends.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Beliefs, ChainReport, chain};
use crate::memo::{Table, recall};
use crate::role::Role;
use crate::time::Timestamp;
use crate::x509::Certificate;

/// Chains remembered.
const ROWS: usize = 64;
/// Certificates of a chain, and their bytes; a longer one is not remembered.
const LONGEST: (usize, usize) = (32, 16_384);

#[derive(Clone)]
struct Known {
    chain: Arc<[Certificate]>,
    role: Role,
    moment: u64,
    most: usize,
    report: Arc<ChainReport>,
}

thread_local! {
    static KNOWN: Table<Known> = const { RefCell::new(Vec::new()) };
}

/// What [`chain::examine_within`] says of this chain. It is remembered where it rests on the chain alone: without
/// trust anchors and revocation lists.
pub fn examine_again(
    most: usize,
    chain: &Arc<[Certificate]>,
    role: Role,
    beliefs: &Beliefs,
    at: Timestamp,
) -> Arc<ChainReport> {
    let (anchors, lists) = (beliefs.anchors_for(role), &beliefs.revocation_lists);
    let examine = || Arc::new(chain::examine_within(most, chain, role, anchors, lists, at));
    let bytes = || chain.iter().map(|certificate| certificate.der.len()).sum::<usize>();
    if anchors.is_some() || !lists.is_empty() || chain.len() > LONGEST.0 || bytes() > LONGEST.1 {
        return examine();
    }
    let moment = moment(chain, at);
    // By its place in memory: whoever reads certificates remembers chains.
    let key = (chain.as_ptr().addr(), role == Role::Client, moment);
    let is_it = |known: &Known| {
        Arc::ptr_eq(&known.chain, chain) && (known.role, known.moment, known.most) == (role, moment, most)
    };
    let read = || Known { chain: Arc::clone(chain), role, moment, most, report: examine() };
    recall(&KNOWN, ROWS, key, is_it, read).report
}

/// Which certificates are past and which are to come, two bits for each.
fn moment(chain: &[Certificate], at: Timestamp) -> u64 {
    chain.iter().fold(0, |bits, certificate| {
        let (ended, begins) = chain::outside(certificate, at);
        bits << 2 | u64::from(ended.is_some()) << 1 | u64::from(begins.is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::super::pki::AT;
    use super::super::{Anchors, ChainEnd};
    use super::*;

    #[test]
    fn what_is_remembered_is_what_is_found() {
        let chains = [
            certificates!("client", "int-1").to_vec(),
            certificates!("client-expired", "int-1").to_vec(),
            certificates!("client", "root-a", "int-1", "int-1").to_vec(),
            certificates!("client-self").to_vec(),
        ];
        let chains = chains.map(Arc::<[Certificate]>::from);
        let trusting = Beliefs {
            client_ca: Some(Anchors { certificates: certificates!("root-a").to_vec() }),
            ..Beliefs::default()
        };
        for _ in 0..3 {
            for chain in &chains {
                let end = chain[0].not_after.unwrap();
                for (role, beliefs) in [
                    (Role::Client, &Beliefs::default()),
                    (Role::Server, &Beliefs::default()),
                    (Role::Client, &trusting),
                ] {
                    for at in [AT, end, Timestamp(end.0 + 1_000_000_000), Timestamp(0), AT] {
                        let found = chain::examine(chain, role, beliefs.anchors_for(role), &[], at);
                        assert_eq!(*examine_again(chain::STEPS, chain, role, beliefs, at), found);
                    }
                }
            }
        }
        let again = || examine_again(chain::STEPS, &chains[0], Role::Client, &Beliefs::default(), AT);
        assert!(Arc::ptr_eq(&again(), &again()));
        assert_eq!(examine_again(chain::STEPS, &chains[0], Role::Client, &trusting, AT).end, ChainEnd::Anchored);
    }
}

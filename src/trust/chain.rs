//! Path building (RFC 5280 section 6, RFC 4158): from the leaf over what was sent and what is trusted.
//!
//! A verifier stops at the first path that pleases it, and at the first flaw. Here all paths are walked
//! (within limits), the best one is kept, and everything that is wrong with it is told.

use std::collections::BTreeMap;

use super::{Anchor, AnchorPlace, Anchors, ChainEnd, ChainReport, Flaw, constraints, der, revocation, usage};
use crate::role::Role;
use crate::time::Timestamp;
use crate::x509::Certificate;
use crate::x509::crl::Crl;
use crate::x509::signature::{Verification, verify_certificate};

/// Certificates in a path at most; every known verifier has a lower limit or none that matters.
const DEPTH_LIMIT: usize = 24;
/// Steps of the search, where nothing else is said; hostile sets of cross-signed certificates have exponentially many
/// paths. Half as many signatures are checked.
pub const STEPS: usize = 512;

/// Examines the chain that `role` presented, as its peer would at the time `at`.
///
/// The first certificate is the leaf, the others may stand in any order. Without `anchors` nothing is
/// said about trust: see [`ChainEnd`].
pub fn examine(
    chain: &[Certificate],
    role: Role,
    anchors: Option<&Anchors>,
    crls: &[Crl],
    at: Timestamp,
) -> ChainReport {
    examine_within(STEPS, chain, role, anchors, crls, at)
}

/// As [`examine`], in so many steps at most; [`ChainReport::cut`] says where that was too few.
pub fn examine_within(
    most: usize,
    chain: &[Certificate],
    role: Role,
    anchors: Option<&Anchors>,
    crls: &[Crl],
    at: Timestamp,
) -> ChainReport {
    if chain.is_empty() {
        return ChainReport::default();
    }
    let mut search = Search::new(most, chain, role, anchors, at);
    search.walk(&mut vec![0], &mut Vec::new());
    search.report(crls)
}

/// A certificate that may be part of the path.
#[derive(Clone, Copy)]
struct Node<'a> {
    certificate: &'a Certificate,
    /// Its index, where it was sent.
    sent: Option<usize>,
    /// It is one of the anchors.
    anchor: bool,
}

/// What a candidate is to the certificate below it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// Its key made the signature.
    Issuer,
    /// It looks like the issuer, and the signature's algorithm is not known here.
    Unchecked,
    /// Name and key identifier agree, and the signature is wrong.
    Damaged,
    /// The name agrees, the key does not.
    OtherKey,
}

/// A path that was walked to its end.
struct Path {
    /// Indexes into the nodes, leaf first.
    nodes: Vec<usize>,
    end: ChainEnd,
    flaws: Vec<Flaw>,
    score: (u8, usize, usize, usize),
}

struct Search<'a> {
    nodes: Vec<Node<'a>>,
    sent: usize,
    anchors_named: bool,
    role: Role,
    at: Timestamp,
    relations: BTreeMap<(usize, usize), Relation>,
    /// How many steps may be taken.
    most: usize,
    steps: usize,
    /// A path was not followed, or a signature not checked, because of a limit.
    cut: bool,
    best: Option<Path>,
}

impl<'a> Search<'a> {
    fn new(most: usize, chain: &'a [Certificate], role: Role, anchors: Option<&'a Anchors>, at: Timestamp) -> Self {
        let trusted = anchors.map_or(&[][..], |anchors| &anchors.certificates);
        let mut nodes: Vec<Node<'a>> = chain
            .iter()
            .enumerate()
            .map(|(index, certificate)| Node {
                certificate,
                sent: Some(index),
                anchor: trusted.iter().any(|anchor| same_certificate(anchor, certificate)),
            })
            .collect();
        let unsent = trusted.iter().filter(|anchor| !chain.iter().any(|sent| same_certificate(anchor, sent)));
        nodes.extend(unsent.map(|certificate| Node { certificate, sent: None, anchor: true }));
        Self {
            nodes,
            sent: chain.len(),
            anchors_named: anchors.is_some(),
            role,
            at,
            relations: BTreeMap::new(),
            most,
            steps: 0,
            cut: false,
            best: None,
        }
    }

    /// Goes on from the last certificate of `path`; `damaged` holds the nodes whose signature is wrong.
    fn walk(&mut self, path: &mut Vec<usize>, damaged: &mut Vec<usize>) {
        let Some((&current, node)) = path.last().and_then(|last| Some((last, *self.nodes.get(*last)?))) else {
            return;
        };
        self.steps += 1;
        let self_signed = self.is_self_signed(current);
        if node.anchor {
            self.offer(path, ChainEnd::Anchored, damaged, &[]);
        }
        if self_signed {
            if !node.anchor {
                let namesake = self.anchors_named && self.namesakes(current).any(|other| self.is_anchor(other));
                let other_key = if namesake { &[current][..] } else { &[] };
                self.offer(path, ChainEnd::SelfSignedRoot { untrusted: self.anchors_named }, damaged, other_key);
            }
            // Another certificate of the same CA (renewed, or cross-signed) may lead on; not for a leaf.
            if path.len() == 1 {
                return;
            }
        }
        let namesakes: Vec<usize> = self.namesakes(current).filter(|candidate| !path.contains(candidate)).collect();
        let candidates: Vec<(usize, Relation)> =
            namesakes.into_iter().map(|candidate| (candidate, self.relation(current, candidate))).collect();
        let good = |relation: Relation| matches!(relation, Relation::Issuer | Relation::Unchecked);
        let any_good = candidates.iter().any(|(_, relation)| good(*relation));
        let mut extended = false;
        for (candidate, relation) in &candidates {
            let take = good(*relation) || (!any_good && *relation == Relation::Damaged);
            if !take {
                continue;
            }
            if self.steps >= self.most || path.len() >= DEPTH_LIMIT {
                self.cut = true;
                continue;
            }
            extended = true;
            let marked = *relation == Relation::Damaged;
            if marked {
                damaged.push(current);
            }
            path.push(*candidate);
            self.walk(path, damaged);
            path.pop();
            if marked {
                damaged.pop();
            }
        }
        if !extended && !node.anchor && !self_signed {
            let issuer = node.certificate.issuer.clone();
            let other_key = candidates.iter().any(|(_, relation)| *relation == Relation::OtherKey);
            let other_key = if other_key { &[current][..] } else { &[] };
            self.offer(path, ChainEnd::IssuerNotSent { issuer, untrusted: self.anchors_named }, damaged, other_key);
        }
    }

    fn is_anchor(&self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|node| node.anchor)
    }

    /// Nodes whose subject is the issuer of `index`; neither itself nor the repetition of another.
    fn namesakes(&self, index: usize) -> impl Iterator<Item = usize> {
        let child = self.nodes.get(index).copied();
        self.nodes.iter().enumerate().filter_map(move |(candidate, node)| {
            let child = child?;
            let repeated = node.sent.is_some() && self.is_duplicate(candidate);
            (candidate != index && !repeated && der::same_name(&node.certificate.subject, &child.certificate.issuer))
                .then_some(candidate)
        })
    }

    fn is_duplicate(&self, index: usize) -> bool {
        let mut earlier = self.nodes.iter().take(index);
        self.nodes
            .get(index)
            .is_some_and(|node| earlier.any(|other| same_certificate(other.certificate, node.certificate)))
    }

    fn is_self_signed(&mut self, index: usize) -> bool {
        let Some(certificate) = self.nodes.get(index).map(|node| node.certificate) else {
            return false;
        };
        if !der::same_name(&certificate.subject, &certificate.issuer) {
            return false;
        }
        // A damaged signature of its own is nobody's business, except that of a leaf.
        !matches!(self.relation(index, index), Relation::OtherKey)
    }

    fn relation(&mut self, child: usize, issuer: usize) -> Relation {
        if let Some(known) = self.relations.get(&(child, issuer)) {
            return *known;
        }
        let (Some(below), Some(above)) = (self.nodes.get(child), self.nodes.get(issuer)) else {
            return Relation::OtherKey;
        };
        if self.relations.len() >= self.most / 2 {
            self.cut = true;
            return Relation::OtherKey;
        }
        let relation = relation(below.certificate, above.certificate);
        self.relations.insert((child, issuer), relation);
        relation
    }

    /// A complete path; kept if it is better than the best so far.
    fn offer(&mut self, path: &[usize], end: ChainEnd, damaged: &[usize], other_key: &[usize]) {
        let mut flaws = self.flaws(path, &end, damaged);
        flaws.extend(other_key.iter().map(|index| Flaw::SameNameOtherKey { index: self.place(*index) }));
        let last = path.last().and_then(|last| self.nodes.get(*last));
        let rank = match end {
            ChainEnd::Anchored if last.is_some_and(|node| is_self_issued(node.certificate)) => 3,
            ChainEnd::Anchored => 2,
            ChainEnd::SelfSignedRoot { .. } => 1,
            _ => 0,
        };
        let universal = flaws.iter().filter(|flaw| flaw.is_universal()).count();
        let score = (rank, usize::MAX - universal, usize::MAX - flaws.len(), usize::MAX - path.len());
        if self.best.as_ref().is_none_or(|best| score > best.score) {
            self.best = Some(Path { nodes: path.to_vec(), end, flaws, score });
        }
    }

    /// The index in a flaw: where it was sent, or one past the end.
    fn place(&self, node: usize) -> usize {
        self.nodes.get(node).and_then(|node| node.sent).unwrap_or(self.sent)
    }

    fn flaws(&self, path: &[usize], end: &ChainEnd, damaged: &[usize]) -> Vec<Flaw> {
        let nodes: Vec<(usize, Node<'a>)> =
            path.iter().filter_map(|index| Some((*index, *self.nodes.get(*index)?))).collect();
        let mut flaws = Vec::new();
        let mut cas_below = 0_usize;
        for (position, (number, node)) in nodes.iter().enumerate() {
            let certificate = node.certificate;
            let index = self.place(*number);
            let is_last = position + 1 == nodes.len();
            let anchors = is_last && position > 0 && *end == ChainEnd::Anchored;
            let is_root = is_last && position > 0 && is_self_issued(certificate);
            flaws.extend(validity(certificate, index, anchors, self.at));
            if anchors {
                flaws.extend(usage::weak_key(certificate, index).filter(|_| node.sent.is_some()));
            } else {
                let own = position == 0 && is_last && *end == ChainEnd::Anchored;
                flaws.extend(usage::of_any(certificate, index, !is_root && !own));
            }
            if position == 0 {
                if matches!(end, ChainEnd::SelfSignedRoot { .. }) && is_last {
                    flaws.push(Flaw::SelfSignedLeaf);
                }
                flaws.extend(usage::of_leaf(certificate, self.role));
            } else if anchors || is_root {
                if !usage::may_anchor(certificate) {
                    flaws.push(Flaw::NotACa { index });
                }
            } else {
                flaws.extend(usage::of_intermediate(certificate, index, self.role));
            }
            if damaged.contains(number) || (position == 0 && is_last && self.own_signature_is_wrong(*number)) {
                flaws.push(Flaw::BadSignature { index });
            }
            let limit = certificate.basic_constraints.and_then(|constraints| constraints.path_len);
            if position > 0 && limit.is_some_and(|limit| cas_below > limit as usize) {
                flaws.push(Flaw::PathTooLong { index });
            }
            if position > 0 && !is_self_issued(certificate) {
                cas_below += 1;
            }
            if let Some(constraints) = certificate.name_constraints.as_ref().filter(|_| position > 0) {
                flaws.extend(self.constrained(nodes.get(..position).unwrap_or(&[]), constraints));
            }
        }
        flaws
    }

    fn own_signature_is_wrong(&self, node: usize) -> bool {
        self.relations.get(&(node, node)) == Some(&Relation::Damaged)
    }

    fn constrained(&self, below: &[(usize, Node<'a>)], constraints: &crate::x509::NameConstraints) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        for (position, (number, node)) in below.iter().enumerate() {
            // Self-issued certificates are exempt, unless they are the leaf (RFC 5280 section 6.1.3 step b).
            if position > 0 && is_self_issued(node.certificate) {
                continue;
            }
            let index = self.place(*number);
            let names = constraints::violations(node.certificate, constraints, position == 0);
            flaws.extend(names.into_iter().map(|name| Flaw::NameConstraint { index, name }));
        }
        flaws
    }

    fn report(mut self, crls: &[Crl]) -> ChainReport {
        let Some(best) = self.best.take() else {
            return ChainReport::default();
        };
        let nodes: Vec<Node<'a>> = best.nodes.iter().filter_map(|index| self.nodes.get(*index).copied()).collect();
        let path: Vec<usize> = nodes.iter().filter_map(|node| node.sent).collect();
        let mut flaws = best.flaws;
        for (position, node) in nodes.iter().enumerate() {
            let anchors = position + 1 == nodes.len() && best.end == ChainEnd::Anchored;
            let Some(index) = node.sent.filter(|_| !anchors) else {
                continue;
            };
            let issuer = nodes.get(position + 1).map(|issuer| issuer.certificate);
            flaws.extend(revocation::by_lists(node.certificate, issuer, crls, index, self.at));
        }
        // Leaf first; what is wrong with one certificate stays in the order in which it was found.
        flaws.sort_by_key(|flaw| flaw.place().unwrap_or(usize::MAX));
        let unchecked = best.nodes.windows(2).filter_map(|pair| {
            let pair = (*pair.first()?, *pair.get(1)?);
            (self.relations.get(&pair) == Some(&Relation::Unchecked)).then(|| self.place(pair.0))
        });
        let unchecked = unchecked.collect();
        let anchor = nodes.last().filter(|_| best.end == ChainEnd::Anchored).map(|node| anchor(node, nodes.len()));
        let topped = nodes.len() > 1 && (anchor.is_some() || matches!(best.end, ChainEnd::SelfSignedRoot { .. }));
        ChainReport {
            unused: (0..self.sent).filter(|index| !path.contains(index)).collect(),
            duplicates: (0..self.sent).filter(|index| self.is_duplicate(*index)).collect(),
            superfluous_root: (1..self.sent).find(|index| self.is_self_signed(*index)),
            out_of_order: !path.is_sorted(),
            intermediates: nodes.len() - 1 - usize::from(topped),
            path,
            end: best.end,
            cut: self.cut,
            flaws,
            anchor,
            unchecked,
        }
    }
}

fn anchor(node: &Node<'_>, length: usize) -> Anchor {
    let place = match () {
        () if length == 1 => AnchorPlace::Leaf,
        () if is_self_issued(node.certificate) => AnchorPlace::Root,
        () => AnchorPlace::Intermediate,
    };
    Anchor { subject: node.certificate.subject.clone(), place, sent: node.sent }
}

fn same_certificate(a: &Certificate, b: &Certificate) -> bool {
    a.sha256 == b.sha256 && a.der == b.der
}

fn is_self_issued(certificate: &Certificate) -> bool {
    der::same_name(&certificate.subject, &certificate.issuer)
}

/// Whether key identifiers speak for or against: `None` where one of them is absent.
pub(super) fn identifiers_agree(child: &Certificate, issuer: &Certificate) -> Option<bool> {
    Some(child.authority_key_id.as_ref()? == issuer.subject_key_id.as_ref()?)
}

fn relation(child: &Certificate, issuer: &Certificate) -> Relation {
    let agree = identifiers_agree(child, issuer);
    match verify_certificate(child, &issuer.key) {
        Verification::Valid => Relation::Issuer,
        Verification::Unsupported(_) if agree != Some(false) => Relation::Unchecked,
        Verification::Invalid | Verification::WrongKeyType if agree == Some(true) => Relation::Damaged,
        _ => Relation::OtherKey,
    }
}

/// When its validity ended, and when it begins, where it is so at the time `at`. All that a certificate has to do
/// with time.
pub(super) fn outside(certificate: &Certificate, at: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    // notAfter is the last second of the validity (RFC 5280 section 4.1.2.5).
    let ended = certificate.not_after.filter(|end| at.secs() > end.secs());
    (ended, certificate.not_before.filter(|begin| at < *begin))
}

fn validity(certificate: &Certificate, index: usize, anchors: bool, at: Timestamp) -> Option<Flaw> {
    match outside(certificate, at) {
        (Some(not_after), _) if anchors => Some(Flaw::AnchorExpired { not_after }),
        (Some(not_after), _) => Some(Flaw::Expired { index, not_after }),
        (_, Some(not_before)) if anchors => Some(Flaw::AnchorNotYetValid { not_before }),
        (_, Some(not_before)) => Some(Flaw::NotYetValid { index, not_before }),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::pki::AT;
    use super::*;

    fn anchors(certificates: &[Certificate]) -> Anchors {
        Anchors { certificates: certificates.to_vec() }
    }

    fn client(chain: &[Certificate], anchors: Option<&Anchors>) -> ChainReport {
        examine(chain, Role::Client, anchors, &[], AT)
    }

    #[test]
    fn every_flaw_is_told_and_not_the_first_only() {
        let chain = certificates!("server", "int-1");
        let mut late = chain.clone();
        late[0].not_after = Some(Timestamp::from_secs(AT.secs() - 1));
        late[0].signature[20] ^= 1;
        let report = client(&late, Some(&anchors(&certificates!("root-a"))));
        assert!(matches!(
            &report.flaws[..],
            [Flaw::Expired { index: 0, .. }, Flaw::WrongUsage { index: 0, .. }, Flaw::BadSignature { index: 0 }]
        ));
        assert_eq!(report.end, ChainEnd::Anchored, "a wrong signature does not hide how the path ends");
    }

    #[test]
    fn without_anchors_nothing_is_said_about_trust() {
        let report = client(&certificates!("client", "int-1", "root-a"), None);
        assert_eq!(report.end, ChainEnd::SelfSignedRoot { untrusted: false });
        assert_eq!((report.trusted(), report.superfluous_root, report.intermediates), (None, Some(2), 1));
        let report = client(&certificates!("client", "int-1"), None);
        assert_eq!(report.missing_issuer().unwrap().common_names, ["Test Root A"]);
        assert_eq!(report.trusted(), None);
    }

    #[test]
    fn order_repetition_and_strangers_are_told() {
        let report = client(
            &certificates!("client", "root-a", "int-1", "int-1", "root-b"),
            Some(&anchors(&certificates!("root-a"))),
        );
        assert_eq!(report.path, [0, 2, 1]);
        assert!(report.out_of_order && report.is_sound());
        assert_eq!((report.unused, report.duplicates), (vec![3, 4], vec![3]));
    }

    #[test]
    fn of_cross_signed_paths_the_trusted_one_is_taken() {
        let chain = certificates!("client", "int-1", "int-1-cross");
        assert_eq!(client(&chain, Some(&anchors(&certificates!("root-b")))).path, [0, 2]);
        assert_eq!(client(&chain, Some(&anchors(&certificates!("root-a")))).path, [0, 1]);
    }

    #[test]
    fn a_ca_of_the_same_name_with_another_key_is_told() {
        for other in [certificates!("root-a-imposter"), certificates!("root-a-plain-imposter")] {
            let report = client(&certificates!("client-direct"), Some(&anchors(&other)));
            assert_eq!(report.flaws, [Flaw::SameNameOtherKey { index: 0 }]);
            assert_eq!(report.trusted(), Some(false));
            let report = client(&certificates!("client", "int-1", "root-a"), Some(&anchors(&other)));
            assert_eq!(report.flaws, [Flaw::SameNameOtherKey { index: 2 }]);
        }
        let plain = client(&certificates!("client-plain-ids"), Some(&anchors(&certificates!("root-a-plain-imposter"))));
        assert_eq!(plain.flaws, [Flaw::SameNameOtherKey { index: 0 }], "signatures tell it without identifiers");
    }

    #[test]
    fn self_signed_is_not_self_issued() {
        let report = client(&certificates!("client-self"), Some(&Anchors::default()));
        assert_eq!(report.flaws, [Flaw::SelfSignedLeaf]);
        let report = client(&certificates!("client-self-issued"), Some(&anchors(&certificates!("root-a"))));
        assert!(report.is_sound() && report.trusted() == Some(true));
        let report = client(&certificates!("client-self"), Some(&anchors(&certificates!("client-self"))));
        assert_eq!(report.anchor.unwrap().place, AnchorPlace::Leaf);
        assert!(report.flaws.is_empty());
    }

    #[test]
    fn a_partial_chain_is_told_apart() {
        let report = client(&certificates!("client"), Some(&anchors(&certificates!("int-1"))));
        assert_eq!(report.anchor.unwrap().place, AnchorPlace::Intermediate);
        let report = client(&certificates!("client"), Some(&anchors(&certificates!("int-1", "root-a"))));
        assert_eq!(report.anchor.unwrap().place, AnchorPlace::Root);
        assert_eq!(report.intermediates, 1);
    }

    #[test]
    fn validity_counts_at_the_time_of_the_handshake_and_to_its_last_second() {
        let chain = certificates!("client-expired", "int-1");
        let at = |at| examine(&chain, Role::Client, None, &[], at).flaws;
        let end = chain[0].not_after.unwrap();
        assert_eq!(at(Timestamp(end.0 + 999_999_999)), []);
        assert_eq!(at(Timestamp(end.0 + 1_000_000_000)), [Flaw::Expired { index: 0, not_after: end }]);
        assert!(matches!(
            at(Timestamp(0))[..],
            [Flaw::NotYetValid { index: 0, .. }, Flaw::NotYetValid { index: 1, .. }]
        ));
    }

    #[test]
    fn an_unreadable_leaf_is_a_flaw_and_no_panic() {
        let report = client(&[crate::x509::parse(b"\x30\x03no!")], None);
        assert!(matches!(report.flaws[..], [Flaw::Malformed { index: 0, fatal: true, .. }]), "{report:?}");
        assert!(!report.is_sound());
        assert_eq!(client(&[], None), ChainReport::default());
    }

    #[test]
    fn a_hostile_heap_of_namesakes_ends_soon() {
        // Unknown algorithms and no key identifiers: each may have issued each, and the leaf.
        let unknown = |mut certificate: Certificate, number: u8| {
            certificate.sha256[0] = number;
            certificate.der.push(number);
            certificate.signature_oid = "1.2.3".to_owned();
            certificate
        };
        let [leaf, root] = certificates!("client-plain-ids", "root-a-plain-imposter");
        let mut chain = vec![unknown(leaf, 0)];
        chain.extend((1..200).map(|number| unknown(root.clone(), number)));
        let report = client(&chain, Some(&Anchors::default()));
        assert_eq!(report.path, [0, 1], "the shortest of the many");
        assert_eq!(report.unchecked, [0]);
        assert!(report.cut);
        for (most, cut) in [(64, true), (1_000_000, false)] {
            // Fewer, so that all paths can be walked.
            let few = chain.get(..6).expect("six");
            let report = examine_within(most, few, Role::Client, None, &[], AT);
            assert_eq!((report.path, report.cut), (vec![0, 1], cut), "{most}");
        }
        assert!(!client(&certificates!("client", "int-1", "root-a"), None).cut);
    }
}

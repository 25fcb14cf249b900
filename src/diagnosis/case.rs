//! What a rule looks at: the facts, the user's beliefs, and what follows from both and is needed by
//! many rules (how the attempt ended, what is wrong with each chain).

use std::sync::Arc;

use crate::diagnosis::ending::{Ending, spoke_once_accepted};
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::Evidence;
use crate::diagnosis::refused::{Fit, Refused};
use crate::role::{ByRole, Role};
use crate::seen::{At, Observed, Seen};
use crate::session::inference::{HiddenAnswer, hidden_answer};
use crate::session::{CertificateSent, Session, SignatureCheck};
use crate::tls::handshake::{CertificateRequest, CertificateVerify};
use crate::trust::{self, Anchors, Beliefs, ChainReport, Flaw, KnownIssuers, name_match};
use crate::x509::Certificate;

/// What was on the wire, what the user believes about trust, and what follows from both.
#[derive(Debug)]
pub struct Case<'a> {
    /// The facts.
    pub session: &'a Session,
    /// Trust stores and names given by the user.
    pub beliefs: &'a Beliefs,
    /// How it ended.
    pub ending: Ending<'a>,
    /// What a verifier would say of each side's chain; `None` where there is no chain to read.
    pub chain: ByRole<Option<Arc<ChainReport>>>,
}

impl<'a> Case<'a> {
    /// The case of one session.
    pub fn new(session: &'a Session, beliefs: &'a Beliefs) -> Self {
        Self::within(trust::chain::STEPS, session, beliefs)
    }

    /// The case of one session; the search for a path of certificates takes so many steps at most.
    pub fn within(steps: usize, session: &'a Session, beliefs: &'a Beliefs) -> Self {
        let report = |role: Role| {
            let chain = chain_of(session, role).filter(|chain| !chain.is_empty())?;
            Some(trust::examine_again(steps, chain, role, beliefs, session.judged_at(role)))
        };
        let mut case = Self {
            session,
            beliefs,
            ending: Ending::of(session),
            chain: ByRole { client: report(Role::Client), server: report(Role::Server) },
        };
        if let Some(ending) = case.hidden_refusal() {
            case.ending = ending;
        } else if case.left_for_another_reason() {
            case.ending = Ending::Completed;
        }
        case
    }

    /// Whether the server that left without a word did so when it had heard the client, and has nothing to say against
    /// the client's certificate: who refuses a certificate does so before that.
    fn left_for_another_reason(&self) -> bool {
        matches!(self.ending, Ending::LeftAtOnce { by: Role::Server, at, .. } if spoke_once_accepted(self.session, at))
            && !self.answered_empty()
            && self.flaws(Role::Client).is_empty()
    }

    /// The one answer of an application that could not be read, where what is known of the client's
    /// certificate makes it look like a refusal.
    fn hidden_refusal(&self) -> Option<Ending<'a>> {
        if !matches!(self.ending, Ending::Completed) {
            return None;
        }
        let resumed = self.session.resumed.is_some();
        let empty = self.answered_empty();
        let (at, seen) = hidden_answer(self.session, empty || resumed)?;
        let flawed = || self.asked() && self.flaws(Role::Client).iter().any(Flaw::is_universal);
        let what = match seen {
            HiddenAnswer::ShortAnswer if self.asked() && empty => seen,
            // Whoever looks at such a certificate refuses it.
            HiddenAnswer::ShortAnswer | HiddenAnswer::Brief | HiddenAnswer::Connack if flawed() => {
                HiddenAnswer::ShortAnswer
            }
            HiddenAnswer::ShortAnswer => HiddenAnswer::Brief,
            _ => seen,
        };
        let told = match what {
            HiddenAnswer::NginxPage => self.asked() || resumed,
            HiddenAnswer::DatabaseError | HiddenAnswer::ShortAnswer => true,
            HiddenAnswer::ForbiddenPage | HiddenAnswer::Connack => !resumed,
            HiddenAnswer::Brief => self.asked() && !resumed,
        };
        told.then_some(Ending::HiddenAnswer { at, what })
    }

    /// The chain of `role`: of the main handshake, or of a later authentication.
    pub fn presented(&self, role: Role) -> &'a [Certificate] {
        presented(self.session, role)
    }

    /// Where the chain of `role` was seen.
    pub fn presented_at(&self, role: Role) -> Option<At> {
        let later = self.session.reauthentication.iter().rev().find_map(|seen| {
            let answer = seen.value.answer.seen()?;
            (!matches!(answer.value, CertificateSent::Empty)).then(|| answer.at())
        });
        later.filter(|_| role == Role::Client).or_else(|| self.session.certificate.of(role).seen().map(Seen::at))
    }

    /// What the user says that the verifier of `role`'s certificate trusts.
    pub fn anchors(&self, role: Role) -> Option<&'a Anchors> {
        self.beliefs.anchors_for(role)
    }

    /// What is known of issuers besides the chain of `role`.
    pub fn known_issuers(&self, role: Role) -> KnownIssuers<'_> {
        let request = self.request().filter(|_| role == Role::Client);
        let requested = request.map_or(&[][..], |request| &request.authorities);
        KnownIssuers { requested, anchors: self.anchors(role), seen: presented(self.session, role.peer()) }
    }

    /// The server's question for a certificate that was answered last: where it was asked again after the handshake,
    /// that one. `None` where it cannot be read.
    pub fn request(&self) -> Option<&'a CertificateRequest> {
        let later = self.session.reauthentication.iter().rev().find_map(|seen| seen.value.request.as_ref());
        let main = || self.session.certificate_request.value()?.message.as_ref();
        later.map(|seen| &seen.value).or_else(main)
    }

    /// Where it was asked, and how that is known.
    pub fn request_evidence(&self, text: impl Into<String>) -> Option<Evidence> {
        let later = self.session.reauthentication.iter().rev().find_map(|seen| seen.value.request.as_ref());
        match later {
            Some(seen) => Some(Evidence::of(seen, text)),
            None => self.session.certificate_request.seen().map(|seen| Evidence::of(seen, text)),
        }
    }

    /// The client's CertificateVerify that went with its last answer.
    pub fn client_verify(&self) -> Option<&'a CertificateVerify> {
        let answered = self.session.reauthentication.iter().rev().find(|seen| seen.value.answer.is_seen());
        match answered {
            Some(seen) => seen.value.verify.as_ref().map(|verify| &verify.value),
            None => self.session.certificate_verify.client.value(),
        }
    }

    /// Whether a certificate was sent when it was asked for again after the handshake.
    pub fn reauthenticated_with_certificate(&self) -> bool {
        self.session
            .reauthentication
            .iter()
            .any(|seen| seen.value.answer.value().is_some_and(|sent| !matches!(sent, CertificateSent::Empty)))
    }

    /// Whether the search for a path of certificates ended at its limit, so that what is said of a chain may be wrong.
    pub fn is_cut(&self) -> bool {
        [Role::Client, Role::Server]
            .into_iter()
            .any(|role| self.chain.of(role).as_ref().is_some_and(|report| report.cut))
    }

    /// How the peer refused the certificate of `role`, where it did.
    pub fn refused(&self, role: Role) -> Option<Refused<'a>> {
        Refused::of(self, role)
    }

    /// The flaws of `role`'s chain.
    pub fn flaws(&self, role: Role) -> &[Flaw] {
        self.chain.of(role).as_ref().map_or(&[], |report| &report.flaws)
    }

    /// The first flaw that is `fault`.
    pub fn flaw(&self, role: Role, fault: Fault) -> Option<&Flaw> {
        self.flaws(role).iter().find(|flaw| fault_of(flaw) == Some(fault))
    }

    /// Whether another fault than `fault` can be seen in the certificate of `role` that fits the
    /// refusal at least as well as `fit`.
    pub fn has_rival(&self, role: Role, fault: Fault, fit: Fit) -> bool {
        let Some(refused) = self.refused(role) else { return false };
        let by_flaw = self
            .flaws(role)
            .iter()
            .filter_map(fault_of)
            .any(|other| other != fault && other != Fault::Malformed && refused.fit(self, other) >= fit);
        by_flaw
            || (fault != Fault::KeyMismatch
                && self.signature_is_wrong(role)
                && refused.fit(self, Fault::KeyMismatch) >= fit)
    }

    /// Whether the certificate of `role` shows a fault that explains the refusal well, other than one
    /// of trust.
    pub fn is_explained(&self, role: Role) -> bool {
        let Some(refused) = self.refused(role) else { return false };
        self.flaws(role)
            .iter()
            .filter_map(fault_of)
            .filter(|fault| !matches!(fault, Fault::UntrustedCa | Fault::Malformed | Fault::Weak))
            .any(|fault| {
                let everybody_minds = matches!(fault, Fault::Expired | Fault::NotYetValid | Fault::Revoked);
                let least = if everybody_minds { Fit::Unusual } else { Fit::Silent };
                refused.fit(self, fault) >= least
            })
    }

    /// Whether a fault beside `fault` that is not one of trust can be seen, and fits as well as `fit`.
    pub fn is_explained_beside(&self, role: Role, fault: Fault, fit: Fit) -> bool {
        let Some(refused) = self.refused(role) else { return false };
        self.flaws(role)
            .iter()
            .filter_map(fault_of)
            .filter(|other| *other != fault && !matches!(other, Fault::UntrustedCa | Fault::Malformed | Fault::Weak))
            .any(|other| refused.fit(self, other) >= fit)
    }

    /// Whether the CertificateVerify (or the signature over the key exchange) of `role` does not fit
    /// its certificate.
    pub fn signature_is_wrong(&self, role: Role) -> bool {
        self.signature_checks(role).any(|seen| seen.value == SignatureCheck::Invalid)
    }

    /// What became of each signature of `role` that was checked, those of a renegotiation included.
    pub fn signature_checks(&self, role: Role) -> impl Iterator<Item = &'a Seen<SignatureCheck>> {
        let session = self.session;
        let exchange = session.server_key_exchange_signature.as_ref().filter(|_| role == Role::Server);
        let verify = session.certificate_verify_signature.of(role).as_ref();
        let again = session.reauthentication.iter().filter(move |_| role == Role::Client);
        let later = again.filter_map(|seen| seen.value.signature.as_ref());
        [exchange, verify].into_iter().flatten().chain(later)
    }

    /// The name that the client meant to reach, where it is known.
    pub fn server_name(&self) -> Option<String> {
        self.beliefs.server_name.clone().or_else(|| self.session.client_hello.value()?.extensions.server_name_text())
    }

    /// How the server's leaf fits the name that the client meant; `None` where one of both is not
    /// known.
    pub fn name_match(&self) -> Option<name_match::NameMatch> {
        let leaf = self.session.leaf(Role::Server)?;
        Some(name_match::matches(leaf, &self.server_name()?))
    }

    /// Whether packets are missing from the capture where they would matter: before the handshake was
    /// over.
    pub fn has_holes(&self) -> bool {
        let tcp = &self.session.tcp;
        let lossy = self.session.may_miss_packets || tcp.mid_stream;
        lossy || !tcp.gaps.client.is_empty() || !tcp.gaps.server.is_empty() || self.is_one_sided()
    }

    /// Only one direction was captured.
    pub fn is_one_sided(&self) -> bool {
        let packets = &self.session.tcp.packets;
        packets.client + packets.server > 0 && (packets.client == 0 || packets.server == 0)
    }

    /// Whether the server asked for a certificate, in the main handshake or later.
    pub fn asked(&self) -> bool {
        self.session.certificate_request.is_seen() || !self.session.reauthentication.is_empty()
    }

    /// Whether the server named an issuer of the client's chain as one that it accepts.
    pub fn issuer_is_named(&self) -> bool {
        let named = self.request().map_or(&[][..], |request| &request.authorities);
        self.presented(Role::Client).iter().any(|certificate| named.contains(&certificate.issuer.der))
    }

    /// Whether the client's own answer to that was empty.
    pub fn answered_empty(&self) -> bool {
        let last = self.session.reauthentication.iter().rev().find_map(|seen| seen.value.answer.value());
        let main = self.session.certificate.client.value();
        matches!(last.or(main), Some(CertificateSent::Empty))
    }

    /// Whether the certificate of `role` is there and cannot be read.
    pub fn is_unread(&self, role: Role) -> bool {
        match self.session.certificate.of(role) {
            Observed::Seen(seen) => matches!(seen.value, CertificateSent::Unread { .. }),
            Observed::Hidden(_) => true,
            Observed::NotSent => false,
        }
    }
}

fn presented(session: &Session, role: Role) -> &[Certificate] {
    chain_of(session, role).map_or(&[], |chain| &chain[..])
}

fn chain_of(session: &Session, role: Role) -> Option<&Arc<[Certificate]>> {
    let later = session.reauthentication.iter().rev().find_map(|seen| seen.value.answer.value()?.chain());
    let main = || session.certificate.of(role).value()?.chain();
    later.filter(|_| role == Role::Client).or_else(main)
}

/// Which fault a flaw is.
pub fn fault_of(flaw: &Flaw) -> Option<Fault> {
    Some(match flaw {
        Flaw::Expired { .. } => Fault::Expired,
        Flaw::NotYetValid { .. } => Fault::NotYetValid,
        Flaw::SelfSignedLeaf => Fault::SelfSigned,
        Flaw::WrongUsage { .. } | Flaw::NotACa { .. } => Fault::WrongUsage,
        Flaw::SameNameOtherKey { .. } => Fault::UntrustedCa,
        Flaw::PathTooLong { .. } => Fault::ChainTooLong,
        Flaw::WeakKey { .. } | Flaw::WeakDigest { .. } => Fault::Weak,
        Flaw::BadSignature { .. }
        | Flaw::NameConstraint { .. }
        | Flaw::UnknownCritical { .. }
        | Flaw::OldVersion { .. }
        | Flaw::Malformed { .. } => Fault::Malformed,
        Flaw::Revoked { .. } => Fault::Revoked,
        // Few verifiers refuse for these; where they do, it shows as another fault.
        Flaw::CrlExpired { .. } | Flaw::CaAsLeaf | Flaw::AnchorExpired { .. } | Flaw::AnchorNotYetValid { .. } => {
            return None;
        }
    })
}

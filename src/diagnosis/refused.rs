//! That a certificate was refused, how that is known, and which faults would fit it.

use crate::cause::Confidence;
use crate::diagnosis::case::Case;
use crate::diagnosis::ending::{Close, Ending, Stage};
use crate::diagnosis::fault::Fault;
use crate::diagnosis::finding::Evidence;
use crate::iana::alerts;
use crate::knowledge::dialects;
use crate::role::Role;
use crate::seen::{At, Seen};
use crate::session::inference::HiddenAnswer;
use crate::session::{AlertSeen, CertificateSent, Refusal, RefusalMeaning, Stack};

/// That the certificate of `of` was refused by its peer.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// Whose certificate.
    pub of: Role,
    /// How it shows.
    pub how: How<'a>,
    /// How far the handshake had come.
    pub stage: Stage,
}

/// How a refusal shows.
#[derive(Debug, Clone, Copy)]
pub enum How<'a> {
    /// By an alert with this number.
    Alert(&'a Seen<AlertSeen>, u8),
    /// By an alert whose number is encrypted.
    Hidden(&'a Seen<AlertSeen>),
    /// By the words of an application.
    Page(&'a Seen<Refusal>),
    /// By an answer of the application that could not be read.
    Answer(At, HiddenAnswer),
    /// By a close without an alert.
    Closed(At, Close),
}

/// How well a fault fits a refusal, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Nobody refuses that fault in this way.
    Excludes,
    /// Some stack does, but not the one that speaks here.
    Unusual,
    /// The refusal does not tell.
    Silent,
    /// The stack that speaks here refuses that fault in this way, and others too.
    Allows,
    /// The refusal names that fault.
    Names,
}

/// Alerts that speak of a certificate, of the proof for it, or are used for either.
const CERTIFICATE_ALERTS: &[u8] = &[40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 80, 111, 113, 114];

/// bad_certificate and certificate_unknown: by their definition they may be said of any fault.
const GENERIC: &[u8] = &[42, 46];

/// Faults that an alert names by its definition (RFC 8446 section 6.2).
const fn named(alert: u8) -> &'static [Fault] {
    match alert {
        43 => &[Fault::WrongUsage],
        44 | 113 => &[Fault::Revoked],
        45 => &[Fault::Expired],
        48 => &[Fault::UntrustedCa, Fault::ChainIncomplete, Fault::SelfSigned, Fault::ChainTooLong],
        51 => &[Fault::KeyMismatch],
        _ => &[],
    }
}

impl<'a> Refused<'a> {
    /// Whether and how the peer refused the certificate of `of`.
    pub fn of(case: &Case<'a>, of: Role) -> Option<Self> {
        let session = case.session;
        if of == Role::Client {
            let sent = session.certificate.client.value();
            if session.certificate.client.is_not_sent() || matches!(sent, Some(CertificateSent::Empty)) {
                if !case.reauthenticated_with_certificate() {
                    return None;
                }
            } else if sent.is_none() && !session.certificate_request.is_seen() && !session.tcp.mid_stream {
                return None;
            }
        } else if session.certificate.server.is_not_sent() {
            return None;
        }
        let verifier = of.peer();
        let due = match of {
            Role::Client => Stage::ClientFlight,
            Role::Server => Stage::ServerFlight,
        };
        let (how, stage) = match case.ending {
            Ending::Alert { seen, alert, stage }
                if seen.value.from == verifier && CERTIFICATE_ALERTS.contains(&alert.description) =>
            {
                (How::Alert(seen, alert.description), stage)
            }
            Ending::HiddenAlert { seen, stage } if seen.value.from == verifier => (How::Hidden(seen), stage),
            Ending::Refusal { seen } if of == Role::Client => (How::Page(seen), Stage::Finished),
            Ending::HiddenAnswer { at, what } if of == Role::Client => (How::Answer(at, what), Stage::Finished),
            Ending::Closed { by, at, how, stage } if by == verifier => (How::Closed(at, how), stage),
            Ending::LeftAtOnce { by, at, how } if by == verifier => (How::Closed(at, how), Stage::Finished),
            _ => return None,
        };
        // A client that has answered with a Certificate and not yet with Finished is past the server's.
        let past = of == Role::Server
            && stage == Stage::ClientFlight
            && session.certificate.client.is_seen()
            && !session.finished.client.is_seen();
        let begun_late = session.tcp.mid_stream && matches!(how, How::Alert(_, 41..=46 | 48 | 113 | 114));
        ((stage >= due || begun_late) && !past).then_some(Self { of, how, stage })
    }

    /// How well `fault` fits, for what is known of the verifier's stack.
    pub fn fit(&self, case: &Case<'_>, fault: Fault) -> Fit {
        let Some(cause) = fault.cause(self.of) else { return Fit::Excludes };
        let candidates: &[Stack] = &case.session.stack.of(self.of.peer()).candidates;
        match self.how {
            How::Alert(_, alert) if named(alert).contains(&fault) => Fit::Names,
            How::Alert(_, alert) => match dialects::says(candidates, cause, alert) {
                Some(true) => Fit::Allows,
                Some(false) if dialects::anybody_says(cause, alert) || GENERIC.contains(&alert) => Fit::Unusual,
                Some(false) => Fit::Excludes,
                None if dialects::anybody_says(cause, alert) => Fit::Allows,
                None if GENERIC.contains(&alert) => Fit::Unusual,
                None => Fit::Excludes,
            },
            // What tells nothing speaks for none of many faults.
            How::Answer(_, HiddenAnswer::Brief | HiddenAnswer::Connack) if fault != Fault::NotAuthorized => {
                Fit::Excludes
            }
            How::Hidden(_) | How::Answer(..) => Fit::Silent,
            How::Page(seen) => page_fit(seen.value.meaning, fault),
            // Nobody leaves TLS for plaintext who trusts his peer.
            How::Closed(_, Close::Plaintext) if fault != Fault::NotAuthorized => Fit::Allows,
            How::Closed(..) if dialects::closes_for(candidates, cause) => Fit::Allows,
            How::Closed(..) if fault == Fault::NotAuthorized => Fit::Unusual,
            How::Closed(..) => Fit::Silent,
        }
    }

    /// The verifier's stack says so many faults with this alert that it names none of them.
    pub fn is_generic(&self, case: &Case<'_>) -> bool {
        Fault::ALL.iter().filter(|fault| self.fit(case, **fault) >= Fit::Allows).count() > 3
    }

    /// The refusal as evidence.
    pub fn evidence(&self) -> Evidence {
        let verifier = self.of.peer();
        match self.how {
            How::Alert(seen, alert) => {
                Evidence::of(seen, format!("the {verifier} refused with alert {} ({alert})", alerts::display(alert)))
            }
            How::Hidden(seen) => {
                Evidence::of(seen, format!("the {verifier} answered with an encrypted alert, and ended the handshake"))
            }
            How::Page(seen) => Evidence::of(seen, format!("the {verifier} answered \"{}\"", seen.value.text)),
            How::Answer(at, what) => Evidence::at(at, answer_words(what)),
            How::Closed(at, how) if self.stage == Stage::Finished => Evidence::at(
                at,
                format!(
                    "the {verifier} {} straight after the handshake, without a byte of application data",
                    how.words()
                ),
            ),
            How::Closed(at, how) => {
                Evidence::at(at, format!("the {verifier} {}, and said nothing of why", how.words()))
            }
        }
    }

    /// Whether the refusal itself was inferred from ciphertext.
    pub fn is_hidden(&self) -> bool {
        matches!(self.how, How::Hidden(_) | How::Answer(..))
    }

    /// Whether the verifier said anything at all.
    pub fn is_silent(&self) -> bool {
        matches!(self.how, How::Closed(..))
    }
}

/// What an answer that could not be read looks like.
pub const fn answer_words(what: HiddenAnswer) -> &'static str {
    match what {
        HiddenAnswer::NginxPage => {
            "the server's one encrypted answer is exactly as long as nginx's page about client certificates, and it closed after it"
        }
        HiddenAnswer::ForbiddenPage => {
            "the server's one encrypted answer is exactly as long as the page 403 of HAProxy or nginx"
        }
        HiddenAnswer::Connack => {
            "the server gave an encrypted answer of four bytes and closed, as an MQTT broker does that refuses a client"
        }
        HiddenAnswer::Brief => "the server gave one short encrypted answer, and closed after it",
        HiddenAnswer::DatabaseError => {
            "the database gave one short encrypted answer, and the connection was closed after it"
        }
        HiddenAnswer::ShortAnswer => {
            "the server gave one encrypted answer of the size of an error page, and closed after it"
        }
    }
}

const fn page_fit(meaning: RefusalMeaning, fault: Fault) -> Fit {
    match (meaning, fault) {
        (RefusalMeaning::CertificateExpired, Fault::Expired)
        | (RefusalMeaning::CertificateUntrusted, Fault::UntrustedCa | Fault::SelfSigned | Fault::ChainIncomplete)
        | (RefusalMeaning::CertificateRevoked, Fault::Revoked) => Fit::Names,
        (RefusalMeaning::CertificateInvalid, Fault::NotAuthorized) => Fit::Unusual,
        (RefusalMeaning::CertificateInvalid, _) => Fit::Allows,
        (RefusalMeaning::NotAuthorized, Fault::NotAuthorized) => Fit::Allows,
        // "A certificate is required", said to a client that sent one, means: none that verified.
        (RefusalMeaning::CertificateMissing, Fault::NotAuthorized) => Fit::Unusual,
        (RefusalMeaning::NotAuthorized | RefusalMeaning::Unclear | RefusalMeaning::CertificateMissing, _) => {
            Fit::Silent
        }
        _ => Fit::Excludes,
    }
}

/// How sure a fault is that can be seen in the certificate itself.
///
/// `universal`: every verifier that was met refuses for it. A fault is proved where the refusal names
/// it, or where everybody refuses for it and no other fault can be seen that fits as well.
pub fn confidence_of_visible(fit: Fit, universal: bool, rivals: bool, refused: &Refused<'_>) -> Option<Confidence> {
    match fit {
        Fit::Excludes => None,
        Fit::Names => Some(Confidence::Certain),
        Fit::Allows if universal && !rivals && !refused.is_silent() => Some(Confidence::Certain),
        Fit::Allows | Fit::Silent => Some(Confidence::Likely),
        Fit::Unusual if universal && !rivals => Some(Confidence::Likely),
        Fit::Unusual => Some(Confidence::Possible),
    }
}

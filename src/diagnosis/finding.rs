//! What a rule found. A finding that cites no packet cannot be built.

use crate::cause::Confidence;
use crate::role::Side;
use crate::seen::{At, PacketNo, Seen};

/// A claim and the packet it stands on. The text reads after "packet N: ".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    packet: PacketNo,
    text: String,
}

impl Evidence {
    /// Evidence that stands on a fact.
    pub fn of<T>(seen: &Seen<T>, text: impl Into<String>) -> Self {
        Self { packet: seen.packet, text: text.into() }
    }

    /// Evidence that stands on a packet which is itself the fact (a SYN, a reset, a FIN).
    pub fn at(at: At, text: impl Into<String>) -> Self {
        Self { packet: at.packet, text: text.into() }
    }

    /// The packet.
    pub fn packet(&self) -> PacketNo {
        self.packet
    }

    /// The claim.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says, to be kept.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// What a rule found, and how sure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    confidence: Confidence,
    /// Who has to change something, where the rule says so.
    pub(super) side: Option<Side>,
    /// One sentence, past tense, whose subject is a role.
    pub(super) summary: String,
    /// A paragraph.
    pub(super) explanation: String,
    /// The packets it stands on; never empty.
    pub(super) evidence: Vec<Evidence>,
    /// What would decide it.
    pub(super) needs: Vec<String>,
}

impl Finding {
    /// The packets prove it. `first` is the evidence that the summary stands on.
    pub fn certain(summary: impl Into<String>, first: Evidence) -> Self {
        Self::with(Confidence::Certain, summary, first)
    }

    /// It fits the packets best.
    pub fn likely(summary: impl Into<String>, first: Evidence) -> Self {
        Self::with(Confidence::Likely, summary, first)
    }

    /// One of several that fit.
    pub fn possible(summary: impl Into<String>, first: Evidence) -> Self {
        Self::with(Confidence::Possible, summary, first)
    }

    /// With a confidence computed elsewhere.
    pub fn with(confidence: Confidence, summary: impl Into<String>, first: Evidence) -> Self {
        Self {
            confidence,
            side: None,
            summary: summary.into(),
            explanation: String::new(),
            evidence: vec![first],
            needs: Vec::new(),
        }
    }

    /// Adds evidence.
    #[must_use]
    pub fn and(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Adds evidence where there is some.
    #[must_use]
    pub fn and_maybe(mut self, evidence: Option<Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// A paragraph that explains it.
    #[must_use]
    pub fn explain(mut self, explanation: impl Into<String>) -> Self {
        self.explanation = explanation.into();
        self
    }

    /// What would make it certain, or decide between it and its alternatives.
    #[must_use]
    pub fn needs(mut self, need: impl Into<String>) -> Self {
        self.needs.push(need.into());
        self
    }

    /// Who has to change something, where the rule knows better than the cause's own side.
    #[must_use]
    pub fn side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// How sure it is.
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }
}

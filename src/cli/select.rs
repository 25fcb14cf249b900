//! Which sessions are meant by a list of words: what `--only` shows and `--fail-on` minds.

use crate::cause::Cause;
use crate::cli::phrases;
use crate::error::Error;
use crate::report::{Outcome, Session, Side};

/// Sessions that are meant: those to which any of the words applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selection {
    outcomes: Vec<Outcome>,
    causes: Vec<Cause>,
    sides: Vec<Side>,
}

impl Selection {
    /// The meaning of `words`: outcomes, causes (also as `cause:CODE`) and `side:SIDE`. `None` where there
    /// are none.
    ///
    /// # Errors
    /// At the first word that is none of them: a typo must not pass for "there is none".
    pub(super) fn of(words: &[String]) -> Result<Option<Self>, Error> {
        let mut selection = Self::default();
        for word in words.iter().map(|word| word.trim()) {
            selection.add(word)?;
        }
        Ok((!words.is_empty()).then_some(selection))
    }

    fn add(&mut self, word: &str) -> Result<(), Error> {
        let unknown = || Error::Usage(phrases::unknown_selection(word));
        if let Some(side) = word.strip_prefix("side:") {
            let side = Side::ALL.iter().find(|known| known.name() == side).ok_or_else(unknown)?;
            self.sides.push(*side);
        } else if let Some(code) = word.strip_prefix("cause:") {
            self.causes.push(Cause::from_code(code).ok_or_else(unknown)?);
        } else if let Some(outcome) = Outcome::ALL.iter().find(|known| known.name() == word) {
            self.outcomes.push(*outcome);
        } else {
            self.causes.push(Cause::from_code(word).ok_or_else(unknown)?);
        }
        Ok(())
    }

    /// Whether `session` is meant.
    pub(super) fn has(&self, session: &Session) -> bool {
        self.outcomes.contains(&session.outcome)
            || self.sides.contains(&session.diagnosis.side)
            || self.causes.iter().any(|cause| cause.code() == session.diagnosis.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn of(words: &[&str]) -> Result<Option<Selection>, Error> {
        Selection::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn any_of_the_words_suffices() {
        let has = |words: &[&str]| of(words).expect("known").expect("some").has(&sample::expired());
        assert!(has(&["failed"]) && has(&["refused", "failed"]) && has(&["side:client"]));
        assert!(has(&["client-cert-expired"]) && has(&["cause:client-cert-expired"]));
        assert!(!has(&["refused"]) && !has(&["client-cert-missing"]) && !has(&["side:server"]));
        assert_eq!(of(&[]).expect("fine"), None);
    }

    #[test]
    fn a_typo_is_an_error_that_helps() {
        for typo in ["faild", "cause:expired", "side:left", ""] {
            assert!(of(&["failed", typo]).is_err(), "{typo}");
        }
        let message = of(&["cert-expired"]).expect_err("no code").to_string();
        assert!(message.contains("client-cert-expired") && !message.contains('\n'), "{message}");
    }
}

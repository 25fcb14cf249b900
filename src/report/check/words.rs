//! The keys of an expectation whose values are words: what they may be, and where the report has them.

use crate::cause::Cause;
use crate::iana::{Name, alerts, cipher_suites, groups, versions};
use crate::report::check::table::nearest;
use crate::report::{ClientAuth, Confidence, Decryption, Outcome, Session, Side, Transport};

/// A key whose value is a word, or a list of words of which one has to be found.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Every word there is; empty where any is allowed.
    pub(super) all: fn() -> Vec<String>,
    pub(super) found: fn(&Session) -> Option<String>,
    /// It speaks of the expected cause, and is not compared where another acceptable one was found.
    pub(super) of_cause: bool,
}

/// In the order in which differences are told.
pub(super) const KEYS: [Key; 12] = [
    Key { name: "outcome", all: || names(Outcome::ALL), found: |s| Some(s.outcome.to_string()), of_cause: false },
    Key { name: "cause", all: causes, found: |s| Some(s.diagnosis.cause.clone()), of_cause: false },
    Key { name: "side", all: || names(Side::ALL), found: |s| Some(s.diagnosis.side.to_string()), of_cause: true },
    Key {
        name: "confidence",
        all: || names(Confidence::ALL),
        found: |s| Some(s.diagnosis.confidence.to_string()),
        of_cause: true,
    },
    Key {
        name: "version",
        all: every_version,
        found: |s| s.tls.version.as_deref().map(str::to_owned),
        of_cause: false,
    },
    Key { name: "suite", all: suites, found: |s| s.tls.cipher_suite.as_deref().map(str::to_owned), of_cause: false },
    Key { name: "group", all: every_group, found: |s| s.tls.group.as_deref().map(str::to_owned), of_cause: false },
    Key { name: "alpn", all: Vec::new, found: |s| s.tls.alpn.clone(), of_cause: false },
    Key { name: "sni", all: Vec::new, found: |s| s.tls.server_name.clone(), of_cause: false },
    Key {
        name: "client_auth",
        all: || names(ClientAuth::ALL),
        found: |s| Some(s.tls.client_auth.to_string()),
        of_cause: false,
    },
    Key {
        name: "decryption",
        all: || names(Decryption::ALL),
        found: |s| Some(s.tls.decryption.to_string()),
        of_cause: false,
    },
    Key { name: "transport", all: || names(Transport::ALL), found: |s| Some(s.transport.to_string()), of_cause: false },
];

fn names<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

pub(super) fn causes() -> Vec<String> {
    Cause::ALL.iter().map(|cause| cause.code().to_owned()).collect()
}

fn every_version() -> Vec<String> {
    let names = (0..=u16::MAX).map(versions::display).filter(|name| !name.starts_with("0x"));
    let mut all: Vec<String> = names.map(Name::into_owned).collect();
    all.sort();
    all.dedup();
    all
}

fn suites() -> Vec<String> {
    (0..=u16::MAX).filter_map(cipher_suites::name).map(str::to_owned).collect()
}

fn every_group() -> Vec<String> {
    (0..=u16::MAX).filter_map(groups::name).map(str::to_owned).collect()
}

/// What is wrong with `word` as one of `all`.
pub(super) fn unknown(kind: &str, word: &str, all: &[String]) -> Option<String> {
    // A code point without a name stands in the report as a number.
    let is_number = word.strip_prefix("0x").is_some_and(|hex| u16::from_str_radix(hex, 16).is_ok());
    let numbered = matches!(kind, "version" | "suite" | "group") && is_number;
    if all.is_empty() || numbered || all.iter().any(|known| known == word) {
        return None;
    }
    let hint = match nearest(word, all.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if all.len() <= 9 => format!(": it is one of {}", all.join(", ")),
        None => String::new(),
    };
    Some(format!("`{}` is no {kind}{hint}", word.escape_debug()))
}

/// An alert as an expectation writes it: `[client|server] [warning|fatal] NAME`, where NAME is an
/// alert's, its number, or `hidden` for one that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AlertPattern {
    from: Option<String>,
    level: Option<String>,
    /// `None` is `hidden`.
    pub(super) code: Option<u8>,
}

impl AlertPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace().peekable();
        let from = words.next_if(|word| matches!(*word, "client" | "server")).map(str::to_owned);
        let level = words.next_if(|word| matches!(*word, "warning" | "fatal")).map(str::to_owned);
        let name = words.collect::<Vec<_>>().join(" ");
        if name == "hidden" {
            return Ok(Self { from, level, code: None });
        }
        if let Some(code) = alerts::from_name(&name).or_else(|| name.parse().ok()) {
            return Ok(Self { from, level, code: Some(code) });
        }
        let all: Vec<String> = alerts::all().filter_map(alerts::name).map(str::to_owned).collect();
        let hint = unknown("alert", &name, &all).unwrap_or_default();
        Err(format!("{hint}; an alert is written like \"server fatal unknown_ca\", one that cannot be read \"hidden\""))
    }

    pub(super) fn fits(&self, alert: &crate::report::Alert) -> bool {
        let from = self.from.as_deref().is_none_or(|from| from == alert.from.name());
        let level = self.level.as_deref().is_none_or(|level| alert.level.as_deref() == Some(level));
        from && level && self.code == alert.code
    }
}

impl std::fmt::Display for AlertPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for word in [&self.from, &self.level].into_iter().flatten() {
            write!(f, "{word} ")?;
        }
        f.write_str(&self.code.map_or(Name::Borrowed("hidden"), alerts::display))
    }
}

/// An alert of a session as an expectation would write it.
pub(super) fn alert(alert: &crate::report::Alert) -> String {
    let name = match (&alert.description, alert.code) {
        (_, None) => "hidden".to_owned(),
        (Some(name), Some(_)) => name.clone(),
        (None, Some(code)) => code.to_string(),
    };
    let level = alert.level.as_ref().map(|level| format!("{level} ")).unwrap_or_default();
    format!("{} {level}{name}", alert.from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn unknown_words_are_told_with_the_word_that_was_meant() {
        assert_eq!(unknown("cause", "client-cert-expired", &causes()), None);
        let text = unknown("cause", "client-cert-expird", &causes()).expect("a typo");
        assert_eq!(text, "`client-cert-expird` is no cause; did you mean `client-cert-expired`?");
        assert!(unknown("suite", "0xff85", &suites()).is_none());
        assert!(unknown("suite", "TLS_AES_128_GCM_SHA265", &suites()).expect("a typo").contains("SHA256"));
    }

    #[test]
    fn alerts_are_written_in_three_words_of_which_two_may_be_left_out() {
        let session = sample::expired();
        let one = &session.alerts[0];
        let text = alert(one);
        for pattern in [text.as_str(), text.rsplit(' ').next().expect("a name")] {
            assert!(AlertPattern::parse(pattern).expect("an alert").fits(one), "{pattern}");
        }
        assert!(!AlertPattern::parse("client hidden").expect("an alert").fits(one));
        assert!(AlertPattern::parse("server fatal unknown_cb").expect_err("a typo").contains("unknown_ca"));
    }
}

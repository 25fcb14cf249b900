//! Expectations: what has to be true of the sessions of a capture, and what of it is not. A regression
//! test of a TLS set-up is a capture and such a text beside it; `docs/check.md` explains the format.
//!
//! Pure: texts and sessions in, differences out.
//!
//! ```
//! use tlswhy::report::check::{Expectations, Keys};
//!
//! let text = "outcome = \"failed\"\ncause = \"client-cert-expired\"\n";
//! let expected = Expectations::parse(text)?;
//! let checked = expected.captures[0].compare(Keys::AsGiven, &[]);
//! assert!(!checked.is_met());
//! assert_eq!(checked.differences[0].to_string(), "sessions: expected 1, found 0");
//! assert_eq!(Expectations::parse("outcom = \"failed\"").unwrap_err().line, 1);
//! # Ok::<(), tlswhy::report::check::Mistake>(())
//! ```

mod compare;
mod edit;
mod parse;
mod pointer;
mod table;
mod words;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::report::Confidence;
use table::Given;
use words::AlertPattern;

pub use edit::{apply, unified_diff};
pub use write::{Views, expectation};

/// What is wrong with the text of an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {text}")]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, for a person.
    pub text: String,
}

/// With which keys a capture is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// With those that are there.
    AsGiven,
    /// With the key log: what `[keys]` says holds.
    With,
    /// Without any: what `[nokeys]` says holds.
    Without,
}

impl Keys {
    /// The table of an expectation that speaks of it.
    const fn table(self) -> &'static str {
        match self {
            Self::Without => "nokeys",
            Self::AsGiven | Self::With => "keys",
        }
    }
}

/// The expectations of one file.
#[derive(Debug, Clone)]
pub struct Expectations {
    /// One for each capture.
    pub captures: Vec<CaptureExpectation>,
}

impl Expectations {
    /// Reads the text of a file of expectations.
    ///
    /// # Errors
    /// When it is not TOML, or has a key, a cause, a path or another word that does not exist.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        parse::expectations(text)
    }
}

/// Whether a TOML text has keys of an expectation; to tell one from other files of a folder.
pub fn looks_like_one(text: &str) -> bool {
    const KEYS: [&str; 13] = [
        "outcome", "cause", "side", "capture", "session", "sessions", "select", "counts", "keys", "nokeys", "present",
        "absent", "fields",
    ];
    text.parse::<toml::Table>().is_ok_and(|table| KEYS.iter().any(|key| table.contains_key(*key)))
}

/// What is expected of one capture.
#[derive(Debug, Clone)]
pub struct CaptureExpectation {
    /// Where it begins in its file, from 1.
    pub line: usize,
    /// The capture; where absent, it is named like the file of expectations and lies beside it.
    pub file: Option<String>,
    /// Key logs to read it with.
    pub key_log: Vec<String>,
    /// Private keys of servers to read it with.
    pub server_key: Vec<String>,
    /// What the two sides trust.
    pub trust: Trust,
    counts: Vec<Count>,
    sessions: Vec<SessionExpectation>,
}

impl CaptureExpectation {
    /// The ways to read the capture that the expectation speaks of.
    pub fn views(&self) -> Vec<Keys> {
        let with = self.sessions.iter().any(|session| session.keys.is_some());
        let without = self.sessions.iter().any(|session| session.no_keys.is_some());
        match (with, without) {
            (false, false) => vec![Keys::AsGiven],
            (true, false) => vec![Keys::With],
            (false, true) => vec![Keys::Without],
            (true, true) => vec![Keys::With, Keys::Without],
        }
    }
}

/// Files of certificates and names: what the two sides trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// What the server trusts.
    pub client_ca: Vec<String>,
    /// What the client trusts.
    pub server_ca: Vec<String>,
    /// Revocation lists.
    pub crl: Vec<String>,
    /// The name that the client meant.
    pub server_name: Option<String>,
}

/// How many of something there have to be: `sessions`, an outcome, or a cause.
#[derive(Debug, Clone)]
struct Count {
    what: String,
    number: Given<u64>,
}

/// What is expected of one session, or of all that fit `select`.
#[derive(Debug, Clone)]
struct SessionExpectation {
    line: usize,
    select: Select,
    /// How many sessions have to fit; at least one where absent.
    matches: Option<Given<u64>>,
    base: Expect,
    /// Stands in for `base` key by key where the capture is read with the key log.
    keys: Option<Expect>,
    no_keys: Option<Expect>,
}

impl SessionExpectation {
    fn says_something(&self) -> bool {
        let selects = self.select != Select::default() || self.matches.is_some();
        selects || self.keys.is_some() || self.no_keys.is_some() || !self.base.is_empty()
    }
}

/// Which sessions are meant. What is absent excludes none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Select {
    /// From 1.
    index: Option<u64>,
    /// Address of either end.
    address: Option<String>,
    /// Port of either end.
    port: Option<u16>,
    /// Address, or address and port.
    client: Option<String>,
    server: Option<String>,
    sni: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Expect {
    /// By the names of [`words::KEYS`]; one of the words has to be found.
    words: BTreeMap<&'static str, Given<Vec<String>>>,
    at_least: Option<Given<Confidence>>,
    /// Other causes that are all right where they are not `certain`.
    acceptable: Option<Vec<String>>,
    /// Packets that the evidence has to name.
    cites: Option<Vec<u64>>,
    alerts: Option<Given<Vec<AlertPattern>>>,
    present: Vec<String>,
    absent: Vec<String>,
    fields: BTreeMap<String, Given<Value>>,
}

impl Expect {
    fn is_empty(&self) -> bool {
        let one = self.at_least.is_none() && self.acceptable.is_none() && self.cites.is_none() && self.alerts.is_none();
        one && self.words.is_empty() && self.present.is_empty() && self.absent.is_empty() && self.fields.is_empty()
    }

    /// This, with everything that `other` says in its place.
    fn overlaid(&self, other: Option<&Self>) -> Self {
        let mut whole = self.clone();
        let Some(other) = other else { return whole };
        // Two ways to speak of the confidence: the later word counts.
        if other.words.contains_key("confidence") {
            whole.at_least = None;
        }
        if other.at_least.is_some() {
            whole.words.remove("confidence");
        }
        whole.words.extend(other.words.clone());
        whole.fields.extend(other.fields.clone());
        whole.present.extend(other.present.iter().cloned());
        whole.absent.extend(other.absent.iter().cloned());
        whole.at_least = other.at_least.clone().or(whole.at_least);
        whole.acceptable = other.acceptable.clone().or(whole.acceptable);
        whole.cites = other.cites.clone().or(whole.cites);
        whole.alerts = other.alerts.clone().or(whole.alerts);
        whole
    }
}

/// What became of the expectations of one capture, read in one way.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// With which keys the capture was read.
    pub keys: Keys,
    /// What is wrong with the capture as a whole.
    pub differences: Vec<Difference>,
    /// Each session that something was expected of.
    pub sessions: Vec<CheckedSession>,
}

impl Checked {
    /// Whether nothing differs.
    pub fn is_met(&self) -> bool {
        self.all().next().is_none()
    }

    /// All that differs.
    pub fn all(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().chain(self.sessions.iter().flat_map(|session| &session.differences))
    }
}

/// What differs, a line for each; for the message of a failed test.
impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        for session in self.sessions.iter().filter(|session| !session.differences.is_empty()) {
            writeln!(f, "session {} ({}): {}", session.session, session.label, session.verdict)?;
            for difference in &session.differences {
                writeln!(f, "  {difference}")?;
            }
        }
        Ok(())
    }
}

/// One line of the result of a run: a capture read in one way, or what could not be checked at all.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// The file of expectations.
    pub file: String,
    /// The line in it.
    pub line: usize,
    /// The capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// Whether everything is as expected.
    pub met: bool,
    /// What became of it.
    #[serde(flatten)]
    pub result: CaseResult,
}

/// What became of a [`Case`].
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum CaseResult {
    /// It was compared.
    Checked(Checked),
    /// It could not be.
    Error {
        /// Why, in a line.
        error: String,
    },
}

/// How many cases came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// As expected.
    pub met: usize,
    /// Not so.
    pub not_met: usize,
    /// Not to be checked: a mistake in the expectation, or a capture that cannot be read.
    pub errors: usize,
}

impl Tally {
    /// Counts.
    pub fn of(cases: &[Case]) -> Self {
        let errors = cases.iter().filter(|case| matches!(case.result, CaseResult::Error { .. })).count();
        let met = cases.iter().filter(|case| case.met).count();
        Self { met, errors, not_met: cases.len().saturating_sub(errors + met) }
    }
}

/// A session that something was expected of.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedSession {
    /// The line of the expectation.
    pub line: usize,
    /// The number of the session.
    pub session: u64,
    /// Its two ends, and the name asked for.
    pub label: String,
    /// The verdict on it, in a sentence.
    pub verdict: String,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The key of the expectation, or the path.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// What the text of the expectation would have to say, where a value in it can be replaced.
    #[serde(skip)]
    pub edit: Option<Edit>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.what, self.expected, self.found)
    }
}

/// A replacement in the text of an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace.
    pub span: Range<usize>,
    /// What stands there afterwards.
    pub text: String,
}

//! The published model: what a program that reads tlswhy's output may rely on, and what every face
//! shows. Its types are its own, so that the inner model may change freely. A field that was not seen
//! is absent, never empty or zero. `docs/report.md` explains the fields and the versioning rule.

pub mod across;
mod certificate;
pub mod check;
mod code_points;
pub mod diff;
mod from_certificate;
mod from_session;
mod from_tls;
mod hello;
mod moment;
pub mod redact;
#[cfg(test)]
pub(crate) mod sample;
mod session;
mod words;

use std::collections::BTreeMap;

use crate::problem::{self, MORE_PROBLEMS};
use crate::time::Rfc3339;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

pub use certificate::{BasicConstraints, Certificate, Certificates, PublicKey, UnreadCertificate};
pub use from_session::session;
pub use hello::{CertificateRequest, ClientHello, CodePoint, Extension, PreSharedKeys, ServerHello, Tls};
pub use session::{
    Alert, Alternative, Diagnosis, Endpoint, Entry, Evidence, Gap, PerSide, Refusal, Remedy, Reset, Session, Stack,
    Stacks, Tcp,
};
pub use words::{ClientAuth, Confidence, Decryption, EntryKind, Outcome, Role, Side, Transport, Validity};

/// Version of the report's shape: `major.minor`. The minor number grows when fields or words are
/// added, the major number when one is removed, renamed or changes its meaning.
pub const SCHEMA_VERSION: &str = "1.0";

/// Everything that tlswhy has to say about one or more captures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Report {
    /// Version of the report's shape.
    pub schema_version: String,
    /// What wrote it.
    pub generator: Generator,
    /// The captures that were read.
    pub captures: Vec<Capture>,
    /// Counts over all sessions.
    pub summary: Summary,
    /// The sessions.
    pub sessions: Vec<Session>,
}

/// What wrote a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Generator {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for Generator {
    fn default() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// One capture that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Capture {
    /// The file as it was named, `-` for standard input, or the interface.
    pub path: String,
    /// `pcap`, `pcapng` or `live`.
    pub format: String,
    /// Names of the link types met (`LINKTYPE_…` of tcpdump.org without the prefix).
    pub link_types: Vec<String>,
    /// Packets read.
    pub packets: u64,
    /// Captured bytes read.
    pub bytes: u64,
    /// Time of the first packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Rfc3339>,
    /// Time of the last packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Rfc3339>,
    /// What was odd about it.
    pub problems: Vec<Problem>,
}

/// Something odd about the input. The rest was still read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Problem {
    /// A stable kebab-case code.
    pub code: String,
    /// The packet it was met in, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet: Option<u64>,
    /// One sentence for a person.
    pub text: String,
}

/// Counts over all sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Summary {
    /// All of them.
    pub sessions: u64,
    /// Completed, and nothing refused them.
    pub established: u64,
    /// Completed, then refused.
    pub refused: u64,
    /// Not completed.
    pub failed: u64,
    /// Not to be known from this capture.
    pub incomplete: u64,
    /// How often each cause was found; `none` is not counted.
    pub causes: BTreeMap<String, u64>,
    /// What sessions say together that none of them says alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// What several sessions of one capture say together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Note {
    /// One sentence for a person.
    pub text: String,
    /// The sessions that it speaks of, by their ids.
    pub sessions: Vec<u64>,
    /// The packets that it stands on.
    pub packets: Vec<u64>,
}

impl Summary {
    /// Counts one more session.
    pub fn add(&mut self, session: &Session) {
        self.sessions += 1;
        match session.outcome {
            Outcome::Established => self.established += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Incomplete => self.incomplete += 1,
        }
        if session.diagnosis.cause != NO_CAUSE {
            *self.causes.entry(session.diagnosis.cause.clone()).or_default() += 1;
        }
    }
}

/// Sessions in the order of their first packets, numbered from 1, as every face shows them.
pub fn in_order(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_by_key(|session| (session.capture, session.first_packet, session.id));
    for (id, session) in (1..).zip(&mut sessions) {
        session.id = id;
    }
    sessions
}

/// The cause's code where nothing failed.
pub const NO_CAUSE: &str = "none";

/// The published form of an inner problem.
pub fn problem(problem: &crate::problem::Problem) -> Problem {
    Problem {
        code: problem.code.to_owned(),
        packet: problem.packet.map(|packet| packet.0),
        text: problem.text.clone().into_owned(),
    }
}

/// Adds to the problems of a capture, of which `most` are listed; behind them stands that there were more.
pub fn list_problem(list: &mut Vec<Problem>, most: usize, problem: Problem) {
    if list.len() < most {
        list.push(problem);
    } else if list.last().is_none_or(|last| last.code != MORE_PROBLEMS) {
        list.push(self::problem(&problem::Problem::more("capture")));
    }
}

/// JSON Schema (draft 2020-12) of a [`Report`], closed: it allows no field that it does not name.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), format!("tlswhy report {SCHEMA_VERSION}").into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_closed_everywhere() {
        let schema = schema();
        let definitions = schema["$defs"].as_object().expect("definitions");
        assert!(definitions.len() > 20);
        assert_eq!(schema["additionalProperties"], false);
        for (name, definition) in definitions {
            if definition["type"] == "object" {
                assert_eq!(definition["additionalProperties"], false, "{name} is open");
            }
            assert!(definition["description"].is_string(), "{name} is not described");
        }
    }

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let text = serde_json::to_string_pretty(&schema()).expect("serialised");
        let published = include_str!("../../docs/report.schema.json");
        assert_eq!(published.trim_end(), text, "docs/report.schema.json has to become:\n{text}");
    }

    /// SHA-256 of each version's schema without its descriptions. A schema that has changed needs a new version and
    /// a new row; the rows of released versions stay as they are.
    const SCHEMAS: [(&str, &str); 1] = [("1.0", "e3a91cdba6ac5d9abcef1a43032f8c087d842fe0abc7261aacb8c215ae286900")];

    fn without_words(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                // `description` is a keyword where it is text, and a field of an alert where it is a schema.
                fields.retain(|name, value| !(matches!(name.as_str(), "description" | "title") && value.is_string()));
                fields.sort_keys();
                fields.values_mut().for_each(without_words);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(without_words),
            _ => {}
        }
    }

    #[test]
    fn another_schema_is_another_version() {
        use sha2::Digest;
        let mut schema = schema();
        without_words(&mut schema);
        let hash = crate::bytes::hex(&sha2::Sha256::digest(schema.to_string()));
        let row = SCHEMAS.iter().find(|(version, _)| *version == SCHEMA_VERSION);
        assert_eq!(
            row.map(|(_, hash)| *hash),
            Some(hash.as_str()),
            "the schema has changed: raise SCHEMA_VERSION, say so in docs/report.md, and add a row"
        );
    }

    #[test]
    fn absent_fields_are_optional_and_the_rest_is_required() {
        let schema = schema();
        let required = schema["$defs"]["Session"]["required"].as_array().expect("required");
        assert!(required.iter().any(|name| name == "outcome") && required.iter().any(|name| name == "encapsulation"));
        assert!(!required.iter().any(|name| name == "preamble"));
    }

    #[test]
    fn the_summary_counts_outcomes_and_causes() {
        let mut summary = Summary::default();
        summary.add(&sample::expired());
        summary.add(&sample::expired());
        summary.add(&sample::established());
        assert_eq!((summary.sessions, summary.failed, summary.established), (3, 2, 1));
        assert_eq!(summary.causes, BTreeMap::from([("client-cert-expired".to_owned(), 2)]));
    }

    #[test]
    fn a_report_survives_json() {
        let report = sample::report(vec![sample::expired(), sample::established()]);
        let text = serde_json::to_string(&report).expect("serialised");
        assert_eq!(serde_json::from_str::<Report>(&text).expect("read again"), report);
        assert!(!text.contains("null"), "an absent field was written as null");
    }
}

//! Every capture of `fixtures/` against the truth of its set-up, with and without its key log.
//!
//! The folder is the expected cause; the `.toml` says what else is true (see `docs/fixtures.md`). A verdict that names
//! the cause has to have its side, a confidence that the evidence allows, and the packets that must be cited. A verdict
//! that names another acceptable cause must not be `certain` of it. All that is wrong is shown in one table.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use tlswhy::cause::Cause;

/// Causes without a folder of their own, and why.
const WITHOUT_FIXTURE: [(&str, &str); 2] = [
    ("ech-rejected", "no server among the recipes' programs speaks ECH"),
    ("unknown", "every capture here was made on purpose, so its cause is known"),
];

const LARGEST: u64 = 64 * 1024;

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOf {
    One(String),
    Many(Vec<String>),
}

impl OneOf {
    fn has(&self, word: &str) -> bool {
        match self {
            Self::One(one) => one == word,
            Self::Many(many) => many.iter().any(|each| each == word),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::One(one) => one.clone(),
            Self::Many(many) => many.join(" or "),
        }
    }
}

/// What is right with the keys, or without them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct View {
    confidence: OneOf,
    #[serde(default)]
    acceptable: Vec<String>,
    outcome: Option<OneOf>,
    #[serde(default)]
    cites: Vec<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    client_ca: Option<String>,
    server_ca: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    what: String,
    client: String,
    server: String,
    date: toml::value::Datetime,
    recipe: String,
    note: Option<String>,
    outcome: OneOf,
    cause: String,
    side: OneOf,
    /// 1-based; which session is meant, where there are several.
    #[serde(default = "one")]
    session: usize,
    #[serde(default = "one")]
    sessions: usize,
    keys: Option<View>,
    nokeys: View,
    #[serde(default)]
    trust: Trust,
}

const fn one() -> usize {
    1
}

struct Fixture {
    /// `client-cert-expired/openssl-nginx-tls13`.
    name: String,
    facts: Facts,
}

impl Fixture {
    fn path(&self, ending: &str) -> PathBuf {
        fixtures().join(format!("{}.{ending}", self.name))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> PathBuf {
    root().join("fixtures")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Folders of `fixtures/` that are named by a cause, each with its files.
fn cause_folders() -> Vec<(String, Vec<String>)> {
    names(&fixtures())
        .into_iter()
        .filter(|folder| Cause::from_code(folder).is_some())
        .map(|folder| {
            let files = names(&fixtures().join(&folder));
            (folder, files)
        })
        .collect()
}

fn all() -> Vec<Fixture> {
    let mut all = Vec::new();
    for (folder, files) in cause_folders() {
        for stem in files.iter().filter_map(|file| file.strip_suffix(".toml")) {
            let name = format!("{folder}/{stem}");
            let text = fs::read_to_string(fixtures().join(format!("{name}.toml"))).expect("a fixture's facts");
            let facts: Facts = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}.toml: {error}"));
            all.push(Fixture { name, facts });
        }
    }
    all
}

/// The report of a capture, or what the program said instead of one.
fn report(fixture: &Fixture, keys: bool) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    command.current_dir(root()).args(["report", "--format", "json"]);
    if keys {
        command.arg("--keylog").arg(fixture.path("keys"));
    }
    for (option, file) in
        [("--client-ca", &fixture.facts.trust.client_ca), ("--server-ca", &fixture.facts.trust.server_ca)]
    {
        if let Some(file) = file {
            command.arg(option).arg(root().join(file));
        }
    }
    let output = command.arg(fixture.path("pcapng")).output().expect("the program runs");
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("not JSON: {error}"))
}

/// One line of the table of what is wrong.
struct Wrong {
    fixture: String,
    view: &'static str,
    what: &'static str,
    expected: String,
    got: String,
}

/// Compares one report with the facts.
struct Check<'a> {
    fixture: &'a Fixture,
    view_name: &'static str,
    view: &'a View,
    wrong: &'a mut Vec<Wrong>,
}

impl Check<'_> {
    fn note(&mut self, what: &'static str, expected: impl Into<String>, got: impl Into<String>) {
        self.wrong.push(Wrong {
            fixture: self.fixture.name.clone(),
            view: self.view_name,
            what,
            expected: expected.into(),
            got: got.into(),
        });
    }

    fn run(&mut self, keys: bool) {
        match report(self.fixture, keys) {
            Ok(report) => self.report(&report),
            Err(error) => self.note("report", "one", error),
        }
    }

    fn report(&mut self, report: &Value) {
        let facts = &self.fixture.facts;
        let sessions = report["sessions"].as_array().map_or(&[][..], Vec::as_slice);
        if sessions.len() != facts.sessions {
            self.note("sessions", facts.sessions.to_string(), sessions.len().to_string());
        }
        let Some(session) = sessions.get(facts.session - 1) else {
            return;
        };
        let outcome = text(&session["outcome"]);
        let allowed = self.view.outcome.as_ref().unwrap_or(&facts.outcome);
        if !allowed.has(outcome) {
            self.note("outcome", allowed.text(), outcome);
        }
        self.diagnosis(&session["diagnosis"]);
    }

    fn diagnosis(&mut self, diagnosis: &Value) {
        let facts = &self.fixture.facts;
        let (cause, confidence) = (text(&diagnosis["cause"]), text(&diagnosis["confidence"]));
        let got = format!("{cause} ({confidence}): {}", text(&diagnosis["summary"]));
        if cause != facts.cause {
            if confidence == "certain" {
                self.note("cause", format!("{}, or doubt", facts.cause), got);
            } else if !self.view.acceptable.iter().any(|other| other == cause) {
                let others: Vec<&str> = std::iter::once(facts.cause.as_str())
                    .chain(self.view.acceptable.iter().map(String::as_str))
                    .collect();
                self.note("cause", others.join(" or "), got);
            }
            return;
        }
        if !self.view.confidence.has(confidence) {
            self.note("confidence", self.view.confidence.text(), got);
        }
        let side = text(&diagnosis["side"]);
        if !facts.side.has(side) {
            self.note("side", facts.side.text(), side);
        }
        let evidence = diagnosis["evidence"].as_array().map_or(&[][..], Vec::as_slice);
        let cited: BTreeSet<u64> = evidence.iter().filter_map(|each| each["packet"].as_u64()).collect();
        for packet in self.view.cites.iter().filter(|packet| !cited.contains(packet)) {
            self.note("evidence", format!("packet {packet}"), format!("{cited:?}"));
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("(absent)")
}

fn table(wrong: &[Wrong]) -> String {
    let width = wrong.iter().map(|line| line.fixture.len()).max().unwrap_or(0);
    wrong
        .iter()
        .map(|line| {
            let Wrong { fixture, view, what, expected, got } = line;
            format!(
                "{fixture:width$}  {view:7}  {what:10}  expected {expected}\n{:width$}  {:19}  got      {got}\n",
                "", ""
            )
        })
        .collect()
}

#[test]
fn every_fixture_has_the_cause_of_its_set_up() {
    let mut wrong = Vec::new();
    let all = all();
    for fixture in &all {
        let views = [("keys", fixture.facts.keys.as_ref()), ("no keys", Some(&fixture.facts.nokeys))];
        for (view_name, view) in views {
            if let Some(view) = view {
                Check { fixture, view_name, view, wrong: &mut wrong }.run(view_name == "keys");
            }
        }
    }
    let bad: BTreeSet<&str> = wrong.iter().map(|line| line.fixture.as_str()).collect();
    assert!(wrong.is_empty(), "{} of {} fixtures:\n{}", bad.len(), all.len(), table(&wrong));
}

#[test]
fn fixtures_are_whole() {
    let readme = fs::read_to_string(fixtures().join("README.md")).expect("fixtures/README.md");
    let mut wrong = Vec::new();
    for (folder, files) in cause_folders() {
        for file in &files {
            let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
            let known = matches!(ending, "pcapng" | "keys" | "toml");
            if !known || !files.contains(&format!("{stem}.toml")) || !files.contains(&format!("{stem}.pcapng")) {
                wrong.push(format!("{folder}/{file}: not part of a .pcapng, .toml (and .keys) of one stem"));
            }
            let size = fs::metadata(fixtures().join(&folder).join(file)).expect("a file").len();
            if size > LARGEST {
                wrong.push(format!("{folder}/{file}: {size} bytes are too many"));
            }
        }
    }
    for fixture in all() {
        let Fixture { name, facts } = &fixture;
        let (folder, stem) = name.split_once('/').expect("a folder and a stem");
        if facts.cause != folder {
            wrong.push(format!("{name}: its cause is {}, its folder another's", facts.cause));
        }
        if facts.keys.is_some() != fixture.path("keys").exists() {
            wrong.push(format!("{name}: [keys] without a key log, or a key log without [keys]"));
        }
        let said = [&facts.what, &facts.client, &facts.server, &facts.recipe];
        if said.iter().any(|line| line.is_empty()) || facts.note.as_deref() == Some("") || facts.date.date.is_none() {
            wrong.push(format!("{name}: its origin is not told"));
        }
        let views = facts.keys.iter().chain(std::iter::once(&facts.nokeys));
        for code in views.flat_map(|view| &view.acceptable) {
            if Cause::from_code(code).is_none() {
                wrong.push(format!("{name}: `{code}` is no cause"));
            }
        }
        for file in [&facts.trust.client_ca, &facts.trust.server_ca].into_iter().flatten() {
            if !root().join(file).exists() {
                wrong.push(format!("{name}: {file} is missing"));
            }
        }
        if !readme.contains(&format!("`{stem}`")) {
            wrong.push(format!("{name}: not in fixtures/README.md; run `fixtures/recipes/run --index`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_cause_has_a_fixture_or_a_reason() {
    let folders: BTreeSet<String> = cause_folders().into_iter().map(|(folder, _)| folder).collect();
    for cause in Cause::ALL {
        let excused = WITHOUT_FIXTURE.iter().any(|(code, _)| *code == cause.code());
        assert!(
            folders.contains(cause.code()) != excused,
            "{}: give it a fixture, or a reason to have none",
            cause.code()
        );
    }
}

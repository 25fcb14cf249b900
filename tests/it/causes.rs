//! Every capture of `fixtures/` against the truth of its set-up, with and without its key log.
//!
//! The folder is the expected cause; the `.toml` says what else is true, and is an expectation of `tlswhy check` (see
//! `docs/fixtures.md`). A verdict that names the cause has to have its side, a confidence that the evidence allows, and
//! the packets that must be cited. A verdict that names another acceptable cause must not be `certain` of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use tlswhy::cause::Cause;

/// Causes without a folder of their own, and why.
const WITHOUT_FIXTURE: [(&str, &str); 2] = [
    ("ech-rejected", "no server among the recipes' programs speaks ECH"),
    ("unknown", "every capture here was made on purpose, so its cause is known"),
];

const LARGEST: u64 = 64 * 1024;

/// What is right with the keys, or without them. (What it may say, and whether it is so, is `check`'s business.)
#[derive(Debug, Deserialize)]
struct View {
    confidence: Option<toml::Value>,
    #[serde(default)]
    acceptable: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Trust {
    client_ca: Option<String>,
    server_ca: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Facts {
    what: String,
    client: String,
    server: String,
    date: toml::value::Datetime,
    recipe: String,
    note: Option<String>,
    outcome: Option<toml::Value>,
    cause: String,
    side: Option<toml::Value>,
    keys: Option<View>,
    nokeys: View,
    #[serde(default)]
    trust: Trust,
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

/// The facts are expectations of `tlswhy check`, which says what is not as it was set up.
#[test]
fn every_fixture_has_the_cause_of_its_set_up() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlswhy"));
    let output = command.current_dir(root()).args(["check", "fixtures"]).output().expect("the program runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stderr), said(&output.stdout));
    // Each once as it is, and once more with its key log.
    let views: usize = all().iter().map(|fixture| 1 + usize::from(fixture.facts.keys.is_some())).sum();
    let expected = format!("{views} checks: {views} as expected, 0 not\n");
    assert_eq!(said(&output.stdout), expected, "not every fixture was checked");
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
        let views = || facts.keys.iter().chain(std::iter::once(&facts.nokeys));
        let measured = facts.outcome.is_some() && facts.side.is_some() && views().all(|view| view.confidence.is_some());
        if !measured {
            wrong.push(format!("{name}: it has to say outcome, side, and each view's confidence"));
        }
        for code in views().flat_map(|view| &view.acceptable) {
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

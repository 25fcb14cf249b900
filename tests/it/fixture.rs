//! The fixtures as other tests go through them: captures with their truth, judged with and without keys.

use std::fs;
use std::path::{Path, PathBuf};

use tlswhy::analyze::{Told, pump};
use tlswhy::capture::Reader;
use tlswhy::cause::Cause;
use tlswhy::decrypt::KeyRing;
use tlswhy::engine::{Engine, Judged, Options};

/// A capture with its truth.
pub(crate) struct Fixture {
    /// `client-cert-expired/openssl-nginx-tls13`.
    pub(crate) name: String,
    pub(crate) cause: Cause,
    pub(crate) capture: Vec<u8>,
    /// Its key log, where it has one.
    pub(crate) keys: Option<String>,
    /// What it may be called as well: without keys, and with them.
    acceptable: [Vec<String>; 2],
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every fixture, in order of its name.
pub(crate) fn all() -> Vec<Fixture> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut all = Vec::new();
    for folder in names(&root) {
        let Some(cause) = Cause::from_code(&folder) else { continue };
        for stem in names(&root.join(&folder)).iter().filter_map(|file| file.strip_suffix(".pcapng")) {
            let path = |ending: &str| root.join(&folder).join(format!("{stem}.{ending}"));
            all.push(Fixture {
                name: format!("{folder}/{stem}"),
                cause,
                capture: fs::read(path("pcapng")).expect("a capture"),
                keys: fs::read_to_string(path("keys")).ok(),
                acceptable: acceptable(&path("toml")),
            });
        }
    }
    assert!(all.len() > 100, "the fixtures were not found");
    all
}

fn acceptable(facts: &Path) -> [Vec<String>; 2] {
    let facts: toml::Table = fs::read_to_string(facts).expect("its facts").parse().expect("TOML");
    ["nokeys", "keys"].map(|view| {
        let list = facts.get(view).and_then(|view| view.get("acceptable")).and_then(toml::Value::as_array);
        list.into_iter().flatten().filter_map(|code| Some(code.as_str()?.to_owned())).collect()
    })
}

impl Fixture {
    /// Whether an expert who sees the same packets could say this as well.
    pub(crate) fn accepts(&self, cause: Cause, with_keys: bool) -> bool {
        self.acceptable[usize::from(with_keys)].iter().any(|code| code == cause.code())
    }

    /// Without keys, and with them where there are some.
    pub(crate) fn views(&self) -> impl Iterator<Item = Option<&str>> {
        std::iter::once(None).chain(self.keys.as_deref().map(Some))
    }

    /// The verdicts on its sessions.
    pub(crate) fn judged(&self, keys: Option<&str>) -> Vec<Judged> {
        judged(&self.capture, keys)
    }
}

/// The verdicts on the sessions of a capture, by these keys only, in the order of their first packets.
pub(crate) fn judged(capture: &[u8], keys: Option<&str>) -> Vec<Judged> {
    let mut ring = KeyRing::default();
    ring.add_log(keys.unwrap_or_default());
    let mut engine = Engine::new(Options { keys: ring, ..Options::default() });
    let mut sessions = Vec::new();
    pump(&mut Reader::new(capture).without_secrets(), &mut engine, &mut |told| {
        if let Told::Session(judged) = told {
            sessions.push(*judged);
        }
    })
    .expect("a capture");
    sessions.sort_by_key(|judged| (judged.session.first.packet, judged.session.id));
    sessions
}

/// Random numbers that are the same each time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `limit`.
    pub(crate) fn roll(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        if limit == 0 { 0 } else { usize::try_from(self.0 % limit as u64).expect("below a usize") }
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.roll(last + 1);
            list.swap(last, other);
        }
    }
}

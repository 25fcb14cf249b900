//! Fixtures with bytes changed, cut, repeated and taken out, many thousands of them: whatever a capture
//! holds, reading it ends, and what is said of it keeps the promises of `docs/security.md`.
//!
//! A seed names a mutant: fixture and changes follow from it. `TLSWHY_MUTATIONS` says how many there are,
//! `TLSWHY_MUTATION_SEED` names a single one, to look at it again.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tlswhy::capture::Reader;
use tlswhy::render::{json, jsonl, text};
use tlswhy::report::Session;
use tlswhy::{Options, Report, analyze};

/// Mutants of a plain `cargo test`, which is not optimised.
const FEW: u64 = 3_000;
/// No mutant of a small fixture may take so long, whatever else the machine does.
const LONG: Duration = Duration::from_secs(20);

struct Fixture {
    name: String,
    capture: Vec<u8>,
    key_log: Option<String>,
    /// Secrets of the key log, in the digits of which no output may hold any.
    secrets: BTreeSet<String>,
}

fn fixtures() -> Vec<Fixture> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("fixtures are readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "pcapng" || ending == "pcap") {
                found.push(path);
            }
        }
    }
    found.sort();
    found.iter().map(fixture).collect()
}

fn fixture(path: &PathBuf) -> Fixture {
    let key_log = fs::read_to_string(path.with_extension("keys")).ok();
    let secrets = key_log.iter().flat_map(|log| log.lines()).filter_map(|line| line.split(' ').nth(2));
    let secrets = secrets.filter(|secret| secret.len() >= 32).map(str::to_ascii_lowercase).collect();
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    Fixture { name, capture: fs::read(path).expect("a capture"), key_log, secrets }
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// A mutant: one to eight changes, most of them small, so that much of the capture is still understood.
fn mutant(original: &[u8], random: &mut Random) -> Vec<u8> {
    const TELLING: [u8; 12] = [0, 1, 2, 11, 16, 20, 22, 0x30, 0x7f, 0x80, 0xfe, 0xff];
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(8) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let len = 1 + random.below(40).min(bytes.len() - at - 1);
        match random.below(10) {
            0..=2 => bytes[at] ^= 1 << random.below(8),
            3..=4 => bytes[at] = TELLING[random.below(TELLING.len())],
            5 => bytes[at] = random.next() as u8,
            6 => {
                for byte in &mut bytes[at..at + len] {
                    *byte = random.next() as u8;
                }
            }
            7 => drop(bytes.drain(at..at + len)),
            8 => {
                let piece = bytes[at..at + len].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ if random.below(6) == 0 => bytes.truncate(at),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

/// What would move a terminal, or turn its text around.
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\n')
}

fn report(capture: &[u8], options: &Options) -> Option<Report> {
    analyze(Reader::new(capture), options).ok()
}

/// All outputs of a report.
fn outputs(report: &Report) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (mut lines, mut page) = (Vec::new(), Vec::new());
    let mut writer = json::Writer::new(Vec::new()).expect("begun");
    for session in &report.sessions {
        writer.session(session).expect("written");
        jsonl::session(&mut lines, session).expect("written");
    }
    let object = writer.finish(&report.captures, &report.summary).expect("ended");
    let style = text::Style { colour: false, width: 100, verbose: true };
    text::render(&mut page, report, &style).expect("written");
    (object, lines, page)
}

/// What came of the checks, for the counts.
#[derive(Default)]
struct Counts {
    captures: AtomicU64,
    sessions: AtomicU64,
    unreadable: AtomicU64,
}

fn check(fixture: &Fixture, capture: &[u8], counts: &Counts) {
    let options = fixture.key_log.as_ref().map_or_else(Options::default, |log| Options::default().with_key_log(log));
    counts.captures.fetch_add(1, Ordering::Relaxed);
    let begun = Instant::now();
    let Some(first) = report(capture, &options) else {
        counts.unreadable.fetch_add(1, Ordering::Relaxed);
        return;
    };
    assert!(begun.elapsed() < LONG, "it took {:?}", begun.elapsed());
    counts.sessions.fetch_add(first.sessions.len() as u64, Ordering::Relaxed);
    let (object, lines, page) = outputs(&first);
    let read: Report = serde_json::from_slice(&object).expect("a report");
    assert_eq!(read, first, "JSON says something else");
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let _: Session = serde_json::from_slice(line).expect("a session");
    }
    for output in [&object, &lines, &page] {
        let said = std::str::from_utf8(output).expect("UTF-8");
        if let Some(c) = said.chars().find(|c| is_obeyed(*c)) {
            panic!("{c:?} is in an output");
        }
        let said = said.to_ascii_lowercase();
        assert!(!fixture.secrets.iter().any(|secret| said.contains(secret.as_str())), "a secret is in an output");
    }
    let again = report(capture, &options).expect("as before");
    assert_eq!(outputs(&again), (object, lines, page), "another time it says something else");
}

fn one(fixtures: &[Fixture], seed: u64, counts: &Counts) -> Result<(), String> {
    let mut random = Random(seed);
    let fixture = &fixtures[random.below(fixtures.len())];
    let capture = mutant(&fixture.capture, &mut random);
    catch_unwind(AssertUnwindSafe(|| check(fixture, &capture, counts))).map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        format!("seed {seed}, {}: {said}", fixture.name)
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn mutation_of_any_fixture_breaks_no_promise() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 100, "fixtures are missing");
    let counts = Counts::default();
    if let Some(seed) = number("TLSWHY_MUTATION_SEED") {
        one(&fixtures, seed, &counts).expect("no promise broken");
        return;
    }
    let wanted = number("TLSWHY_MUTATIONS").unwrap_or(FEW);
    let (next, broken) = (AtomicU64::new(0), std::sync::Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= wanted {
                        break;
                    }
                    if let Err(what) = one(&fixtures, seed, &counts) {
                        broken.lock().expect("not poisoned").push(what);
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().expect("not poisoned");
    broken.sort();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{} mutants of {} fixtures: {} sessions read, {} no captures any more, {} broke a promise",
        count(&counts.captures),
        fixtures.len(),
        count(&counts.sessions),
        count(&counts.unreadable),
        broken.len()
    );
    assert_eq!(count(&counts.captures), wanted);
    assert!(count(&counts.sessions) > wanted / 2, "most mutants are still understood");
    assert!(broken.is_empty(), "{} of them:\n{}", broken.len(), broken.join("\n"));
}

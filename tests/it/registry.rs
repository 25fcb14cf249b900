//! The registers as wholes: causes, rules, pages, remedies; how sure verdicts are and how often rightly; and
//! all that is said to users, in one place to be read from top to bottom.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use tlswhy::cause::{Cause, Confidence};
use tlswhy::diagnosis::rules::{RULES, WITHOUT_RULE, pages};
use tlswhy::diagnosis::verdict::{diagnose, diagnose_with};
use tlswhy::knowledge::remedies;
use tlswhy::trust::Beliefs;

use crate::fixture::{self, Dice};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_cause_has_one_rule_or_a_reason() {
    for cause in Cause::ALL {
        let rules = RULES.iter().filter(|rule| rule.cause == *cause).count();
        let excused = WITHOUT_RULE.iter().any(|(other, reason)| other == cause && !reason.is_empty());
        assert_eq!(rules, usize::from(!excused), "{cause}: give it one rule, or a reason to have none");
    }
    let order: Vec<usize> =
        RULES.iter().map(|rule| Cause::ALL.iter().position(|cause| *cause == rule.cause).expect("a cause")).collect();
    assert!(order.is_sorted(), "the rules stand in the order of the causes");
}

/// Files of rules as modules: `wire::tcp_refused`.
fn rule_files() -> Vec<(String, PathBuf)> {
    let folder = root().join("src/diagnosis/rules");
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), folder)];
    while let Some((prefix, folder)) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the rules") {
            let path = entry.expect("an entry").path();
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push((format!("{prefix}{stem}::"), path));
            } else if path.extension().is_some_and(|ending| ending == "rs") && !matches!(&*stem, "mod" | "pages") {
                files.push((format!("{prefix}{stem}"), path));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_file_of_rules_is_registered_and_has_its_page_beside_it() {
    let register = fs::read_to_string(root().join("src/diagnosis/rules/mod.rs")).expect("the register");
    let files = rule_files();
    assert!(files.len() > 40);
    for (module, path) in files {
        let text = fs::read_to_string(&path).expect("a rule");
        let consts = text.split_whitespace().collect::<String>().matches(":Rule=Rule{").count();
        let listed = register.matches(&format!("    {module}::")).count();
        assert!(consts > 0 && consts == listed, "{module}: {consts} rules, {listed} of them in RULES");
        let page = fs::read_to_string(path.with_extension("md")).unwrap_or_default();
        let name = path.with_extension("md").file_name().expect("a name").to_string_lossy().into_owned();
        assert!(text.contains(&format!("#![doc = include_str!(\"{name}\")]")), "{module}: its page is not its doc");
        assert!(Cause::ALL.iter().any(|cause| pages::of(*cause) == page), "{module}: no cause has its page");
    }
}

#[test]
fn nothing_explains_itself_away() {
    let shadows =
        |cause: Cause| -> &[Cause] { RULES.iter().find(|rule| rule.cause == cause).map_or(&[], |rule| rule.shadows) };
    for cause in Cause::ALL {
        let mut reached = BTreeSet::new();
        let mut open: Vec<Cause> = shadows(*cause).to_vec();
        while let Some(next) = open.pop() {
            assert_ne!(next, *cause, "{cause} is in a cycle of shadows");
            if reached.insert(next) {
                open.extend(shadows(next));
            }
        }
    }
}

#[test]
fn the_order_of_the_rules_changes_no_verdict() {
    let beliefs = Beliefs::default();
    let mut dice = Dice::new(1);
    let mut wrong = Vec::new();
    for fixture in fixture::all() {
        for keys in fixture.views() {
            for judged in fixture.judged(keys) {
                let as_listed = diagnose(&judged.session, &beliefs);
                for _ in 0..3 {
                    let mut shuffled = RULES.to_vec();
                    dice.shuffle(&mut shuffled);
                    let other = diagnose_with(&shuffled, &judged.session, &beliefs);
                    let same = |field: bool, what: &str| if field { None } else { Some(what.to_owned()) };
                    let differs = same(
                        (other.cause, other.confidence, other.side)
                            == (as_listed.cause, as_listed.confidence, as_listed.side),
                        "the verdict",
                    )
                    .or(same(other.summary == as_listed.summary, "the summary"))
                    .or(same(
                        other.alternatives.iter().map(|a| a.cause).collect::<Vec<_>>()
                            == as_listed.alternatives.iter().map(|a| a.cause).collect::<Vec<_>>(),
                        "the alternatives",
                    ));
                    if let Some(what) = differs {
                        wrong.push(format!("{}, keys: {}: {what}", fixture.name, keys.is_some()));
                        break;
                    }
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "the order of RULES decides:\n{}", wrong.join("\n"));
}

/// Directives in lines of configuration: their first words, with the rest.
fn directives(command: &str) -> impl Iterator<Item = (&str, &str)> {
    command.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.trim().split_once(['=', ' ', ':']))
}

#[test]
fn no_two_remedies_of_a_cause_contradict() {
    for cause in Cause::ALL {
        let rows: Vec<_> = remedies::all().filter(|row| row.cause == *cause).collect();
        let mut texts = BTreeSet::new();
        for row in &rows {
            let key = (row.whom.label(), row.side as u8, row.text);
            assert!(texts.insert(key), "{cause}: said twice: {}", row.text);
        }
        // One setting is not set in two ways for one program.
        let mut set: BTreeMap<(Option<&str>, u8, &str), &str> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.whom.label().is_some()) {
            for (name, value) in directives(row.command.unwrap_or_default()) {
                let shell = ["curl", "openssl", "java", "keytool", "psql", "python3", "hostssl"].contains(&name);
                let before = set.insert((row.whom.label(), row.side as u8, name), value);
                assert!(
                    shell || before.is_none_or(|before| before == value),
                    "{cause}: {name} is to be {value} and {}",
                    before.unwrap_or_default()
                );
            }
        }
    }
}

/// A sentence without what differs from capture to capture.
fn general(text: &str) -> String {
    let mut out = String::new();
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let address = core.parse::<std::net::IpAddr>().is_ok()
            || core.rsplit_once(':').is_some_and(|(ip, port)| {
                ip.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() && port.parse::<u16>().is_ok()
            });
        let digits = core.bytes().filter(u8::is_ascii_digit).count();
        let only = |more: &str| !core.is_empty() && core.chars().all(|c| c.is_ascii_digit() || more.contains(c));
        let hex = core.len() >= 16 && core.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
        let put = match () {
            () if address => "ADDRESS",
            () if hex => "HEX",
            () if digits >= 8 && only("-T:.Z+") => "TIME",
            () if core.contains(':') && digits >= 4 && only(":.") => "TIME",
            // Numbers of alerts and of HTTP answers.
            () if word.starts_with('(') && digits <= 3 => core,
            () if only(".,") => "N",
            () => core,
        };
        let (before, after) = word.split_once(core).unwrap_or((word, ""));
        let _ = write!(out, "{before}{}{after}", if core.is_empty() { "" } else { put });
    }
    out
}

/// Every sentence that the fixtures bring forth, by cause, and every remedy.
fn wording() -> String {
    let mut said: BTreeMap<usize, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for fixture in fixture::all() {
        for keys in fixture.views() {
            for judged in fixture.judged(keys) {
                let diagnosis = judged.diagnosis;
                let place = Cause::ALL.iter().position(|cause| *cause == diagnosis.cause).expect("a cause");
                let kinds = said.entry(place).or_default();
                let mut add = |kind: &'static str, text: &str| {
                    if !text.is_empty() {
                        kinds.entry(kind).or_default().insert(general(text));
                    }
                };
                add("1 summary", &diagnosis.summary);
                add("2 explanation", &diagnosis.explanation);
                diagnosis.evidence.iter().for_each(|evidence| add("3 packet N:", evidence.text()));
                diagnosis.needs.iter().for_each(|need| add("4 needs", need));
                diagnosis.alternatives.iter().for_each(|other| {
                    add("5 also considered", &format!("{}: {}", other.cause, other.why_not));
                });
            }
        }
    }
    let mut text = String::new();
    for (place, cause) in Cause::ALL.iter().enumerate() {
        let _ = writeln!(text, "# {cause} ({})\n{}", cause.side().name(), cause.meaning());
        for (kind, lines) in said.get(&place).into_iter().flatten() {
            let _ = writeln!(text, "{}", &kind[2..]);
            for line in lines {
                let _ = writeln!(text, "  {line}");
            }
        }
        let mut heading = "remedies\n";
        for row in remedies::all().filter(|row| row.cause == *cause) {
            let whom = row.whom.label().map(|label| format!(", {label}")).unwrap_or_default();
            let _ = writeln!(text, "{heading}  {}{whom}: {}", row.side.name(), row.text);
            for line in row.command.unwrap_or_default().lines() {
                let _ = writeln!(text, "    {line}");
            }
            heading = "";
        }
        text.push('\n');
    }
    text
}

#[test]
fn all_that_is_said() {
    insta::assert_snapshot!(wording());
}

#[test]
fn summaries_are_one_sentence_about_a_role() {
    const BEGIN: [&str; 7] = ["The ", "No ", "Nothing ", "Neither ", "A ", "Client and server ", "Packets "];
    let mut wrong = BTreeSet::new();
    for fixture in fixture::all() {
        for keys in fixture.views() {
            for judged in fixture.judged(keys) {
                let diagnosis = judged.diagnosis;
                let summary = general(&diagnosis.summary);
                let sentences = summary.matches(". ").count();
                if !summary.ends_with('.') || sentences > 0 || !BEGIN.iter().any(|begin| summary.starts_with(begin)) {
                    wrong.insert(format!("{}: summary: {summary}", diagnosis.cause));
                }
                let explanation = &diagnosis.explanation;
                if !explanation.is_empty() && !explanation.ends_with(['.', ')', '"']) {
                    wrong.insert(format!("{}: explanation: {explanation}", diagnosis.cause));
                }
                for evidence in &diagnosis.evidence {
                    let text = evidence.text();
                    if text.ends_with('.') || text.is_empty() {
                        wrong.insert(format!("{}: evidence: {text}", diagnosis.cause));
                    }
                }
                for need in &diagnosis.needs {
                    if need.ends_with('.') {
                        wrong.insert(format!("{}: needs: {need}", diagnosis.cause));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

/// How often a confidence was deserved. Printed; `certain` has to be right always.
#[test]
fn confidence_is_earned() {
    let mut wrong = Vec::new();
    for with_keys in [false, true] {
        let mut counts: BTreeMap<Confidence, [u32; 3]> = BTreeMap::new();
        for fixture in fixture::all() {
            let keys = if with_keys { fixture.keys.as_deref() } else { None };
            if with_keys && keys.is_none() {
                continue;
            }
            let sessions = fixture.judged(keys);
            // The one that the fixture is about: there may be others beside it that went well.
            let failed = sessions.iter().find(|judged| judged.diagnosis.cause != Cause::None);
            let Some(judged) = failed.or(sessions.first()) else { continue };
            let [right, fair, all] = counts.entry(judged.diagnosis.confidence).or_default();
            *all += 1;
            if judged.diagnosis.cause == fixture.cause {
                *right += 1;
            } else if fixture.accepts(judged.diagnosis.cause, with_keys) {
                *fair += 1;
            } else if judged.diagnosis.confidence == Confidence::Certain {
                wrong.push(format!("{}: {}", fixture.name, judged.diagnosis.cause));
            }
        }
        for (confidence, [right, fair, all]) in counts.iter().rev() {
            let percent = f64::from(right + fair) * 100.0 / f64::from(*all);
            let view = if with_keys { "with keys" } else { "without keys" };
            let confidence = confidence.name();
            println!("{view:12}  {confidence:8}  {all:3}: exact {right:3}, acceptable {fair:3} ({percent:.1} %)");
        }
    }
    assert!(wrong.is_empty(), "certain, and wrong:\n{}", wrong.join("\n"));
}

#[test]
fn the_pages_name_no_cause_that_does_not_exist() {
    for cause in Cause::ALL {
        for word in pages::of(*cause).split('`').skip(1).step_by(2) {
            let like_one = word.starts_with("client-cert-") || word.starts_with("server-cert-");
            assert!(!like_one || Cause::from_code(word).is_some(), "{cause}: its page names `{word}`");
        }
    }
    assert!(Path::new(&root().join("docs/causes.md")).exists());
}

//! Which captures are meant: files as they are named, patterns, and folders with all that lies below.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::capture;
use crate::error::Error;
use crate::source::file;

/// Endings of files that are taken for captures by their name.
const ENDINGS: [&str; 3] = [".pcap", ".pcapng", ".cap"];
/// Endings that a compression adds to them.
const PACKED: [&str; 3] = [".gz", ".zst", ".zstd"];
/// How deep folders are followed: deeper is a loop or an attack.
const DEEPEST: usize = 64;

/// The captures that the names of a command line mean. A file is itself, whatever it is called; a folder
/// stands for the captures in it and below it, by name or by their first bytes, sorted by name; a name
/// with `*`, `?`, `[…]` or `**` that is no file stands for what fits it. A file that is meant twice is
/// listed once, at its first place.
///
/// # Errors
/// For each name that means nothing, beside what the others mean.
pub fn captures(names: &[PathBuf]) -> (Vec<PathBuf>, Vec<Error>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for name in names {
        match expand(name) {
            Ok(paths) => found.extend(paths),
            Err(error) => errors.push(error),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|path: &PathBuf| seen.insert(path.clone()));
    (found, errors)
}

fn expand(name: &Path) -> Result<Vec<PathBuf>, Error> {
    if name.is_dir() {
        return below(name);
    }
    if name.as_os_str() == "-" || name.exists() || !is_pattern(name) {
        return Ok(vec![name.to_owned()]);
    }
    let mut paths = Vec::new();
    for path in fitting(name) {
        if path.is_dir() {
            paths.extend(below(&path)?);
        } else {
            paths.push(path);
        }
    }
    if paths.is_empty() { Err(Error::NothingFits { pattern: name.to_owned() }) } else { Ok(paths) }
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    walk(folder, 0, &mut found).map_err(|source| Error::Read { path: folder.to_owned(), source })?;
    if found.is_empty() { Err(Error::NoCaptures { folder: folder.to_owned() }) } else { Ok(found) }
}

/// Collects the captures below `folder`. A folder inside of it that cannot be listed is an error too:
/// a report that silently leaves captures out would be read as one that found nothing in them.
fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for path in entries(folder)? {
        let kind = fs::symlink_metadata(&path)?.file_type();
        // A link to a folder may lead back up; a link to a file is a file.
        if kind.is_dir() {
            if depth < DEEPEST {
                walk(&path, depth + 1, found)?;
            }
        } else if path.is_file() && (is_named_as_one(&path) || begins_as_one(&path)) {
            found.push(path);
        }
    }
    Ok(())
}

/// What is in a folder and not hidden, sorted by name.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_named_as_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Rotated captures end in a number: they are known by their first bytes.
fn begins_as_one(path: &Path) -> bool {
    let mut head = [0; 4];
    file::open_file(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && capture::is_capture(&head)
}

fn is_pattern(name: &Path) -> bool {
    name.to_string_lossy().contains(['*', '?', '['])
}

/// The paths that fit a pattern, sorted within each folder.
fn fitting(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for component in pattern.components() {
        let Component::Normal(name) = component else {
            paths.iter_mut().for_each(|path| path.push(component));
            continue;
        };
        let name = name.to_string_lossy();
        paths = paths.into_iter().flat_map(|base| step(&base, &name)).collect();
    }
    paths
}

/// What `name`, one part of a pattern, stands for in `base`.
fn step(base: &Path, name: &str) -> Vec<PathBuf> {
    let here = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    if name == "**" {
        let mut folders = vec![base.to_owned()];
        every_folder(here, base, 0, &mut folders);
        return folders;
    }
    if !name.contains(['*', '?', '[']) {
        let path = base.join(name);
        return if path.exists() { vec![path] } else { Vec::new() };
    }
    let pattern: Vec<char> = name.chars().collect();
    let fits = |path: &PathBuf| {
        let text: Vec<char> = path.file_name().unwrap_or_default().to_string_lossy().chars().collect();
        matches(&pattern, &text)
    };
    let names = entries(here).unwrap_or_default().into_iter().filter(fits);
    names.filter_map(|path| Some(base.join(path.file_name()?))).collect()
}

fn every_folder(here: &Path, base: &Path, depth: usize, folders: &mut Vec<PathBuf>) {
    for path in entries(here).unwrap_or_default() {
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|about| about.is_dir());
        if let Some(name) = path.file_name()
            && is_folder
            && depth < DEEPEST
        {
            let shown = base.join(name);
            folders.push(shown.clone());
            every_folder(&path, &shown, depth + 1, folders);
        }
    }
}

/// Whether `text` fits a pattern of `*`, `?`, `[a-z]`, `[!a-z]` and plain characters. Runs in the product of
/// both lengths: only the last `*` is ever tried again.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(_) => {
                if let Some(next) = fits_one(pattern, p, c) {
                    (p, t) = (next, t + 1);
                    continue;
                }
            }
            None => {}
        }
        let Some((back, from)) = star else { return false };
        star = Some((back, from + 1));
        (p, t) = (back + 1, from + 1);
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// Where the pattern goes on behind what takes `c`, if it does.
fn fits_one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => {
            let rest = pattern.get(at + 1..)?;
            // A bracket that stands first is one of the set.
            let Some(end) = rest.iter().skip(1).position(|c| *c == ']').map(|index| index + 1) else {
                return (c == '[').then_some(at + 1);
            };
            let set = rest.get(..end)?;
            let (negated, set) = match set {
                ['!' | '^', set @ ..] if !set.is_empty() => (true, set),
                set => (false, set),
            };
            (in_set(set, c) != negated).then_some(at + 1 + end + 1)
        }
        plain => (plain == c).then_some(at + 1),
    }
}

fn in_set(set: &[char], c: char) -> bool {
    match set {
        [first, '-', last, rest @ ..] => (*first..=*last).contains(&c) || in_set(rest, c),
        [one, rest @ ..] => *one == c || in_set(rest, c),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(pattern: &str, text: &str) -> bool {
        let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        matches(&pattern, &text)
    }

    #[test]
    fn patterns_fit_as_in_a_shell() {
        assert!(fit("*.pcap", "a.pcap") && fit("*", "") && fit("a*b*c", "aXbYbZc") && fit("??", "äö"));
        assert!(!fit("*.pcap", "a.pcapng") && !fit("a?", "a") && !fit("", "a"));
        assert!(fit("day[0-9].cap", "day7.cap") && !fit("day[!0-9].cap", "day7.cap") && fit("[]x]", "]"));
        assert!(fit("a[", "a[") && !fit("[z-a]", "m"));
        assert!(!fit(&"*a".repeat(40), &"b".repeat(4_000)), "and in time");
    }

    #[test]
    fn captures_are_known_by_name() {
        for name in ["a.pcap", "A.PCAPNG", "x.cap.gz", "b.pcap.zst"] {
            assert!(is_named_as_one(Path::new(name)), "{name}");
        }
        for name in ["a.keys", "log.gz", "pcap", "a.pcap.txt"] {
            assert!(!is_named_as_one(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_folder_stands_for_the_captures_below_it_sorted() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let (found, errors) = captures(&[root.join("none"), root.join("none/curl-apache-tls12-mtls.pcapng")]);
        assert!(errors.is_empty() && found.len() > 5, "{found:?}");
        assert!(found.is_sorted() && found.iter().all(|path| path.extension().is_some_and(|end| end == "pcapng")));
        let (same, _) = captures(&[root.join("n[o]ne/*.pcapng")]);
        assert_eq!(same, found);
        let (deep, _) = captures(&[root.join("**/openssl-openssl-tls13-*.pcapng")]);
        assert!(deep.contains(&root.join("none/openssl-openssl-tls13-mtls.pcapng")), "{deep:?}");
    }

    #[test]
    fn what_means_nothing_is_said_and_the_rest_is_done() {
        let (found, errors) = captures(&["src".into(), "no-such-*.pcap".into(), "-".into(), "plain.pcap".into()]);
        assert_eq!(found, [PathBuf::from("-"), PathBuf::from("plain.pcap")]);
        assert_eq!(errors.len(), 2);
    }
}

//! Where expectations, captures and key logs lie: beside each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::report::check::looks_like_one;

/// What a capture's name ends in.
const CAPTURES: [&str; 3] = ["pcapng", "pcap", "cap"];
const PACKED: [&str; 3] = ["", ".gz", ".zst"];

/// Folders below folders that are looked into.
const DEPTH: usize = 64;

/// The files of expectations that the command line names, each once, in order.
pub(super) fn expectations(named: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            let mut found = BTreeSet::new();
            folder(path, 0, &mut found)?;
            if found.is_empty() {
                return Err(Error::Usage(format!(
                    "{} holds no expectation: `tlswhy check --new CAPTURE` writes one",
                    path.display()
                )));
            }
            files.extend(found);
        } else if is_toml(path) {
            files.push(path.clone());
        } else {
            let file = expectation_of(path);
            // A capture that is not there is told by its own name.
            if !file.exists() && path.exists() {
                return Err(Error::Usage(format!(
                    "{} has no expectation beside it: `tlswhy check --new {0}` writes {}",
                    path.display(),
                    file.display()
                )));
            }
            files.push(if file.exists() { file } else { path.clone() });
        }
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml")
}

/// Adds the expectations in a folder and below it: what lies beside a capture of its name, and what reads
/// like one. (A folder of source code has TOML files of other kinds.)
fn folder(path: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if kind.is_dir() && depth < DEPTH {
            folder(&path, depth + 1, found)?;
        } else if is_toml(&path) && path.is_file() && (!captures_beside(&path).is_empty() || reads_like_one(&path)) {
            found.insert(path.strip_prefix("./").map_or(path.clone(), Path::to_owned));
        }
    }
    Ok(())
}

fn reads_like_one(path: &Path) -> bool {
    crate::source::bytes(path).is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok_and(looks_like_one))
}

/// The name without what tells the format of a capture: `a.pcapng.gz` is `a`.
fn stem(capture: &Path) -> Option<String> {
    let name = capture.file_name()?.to_str()?;
    let whole = CAPTURES.iter().flat_map(|ending| PACKED.iter().map(move |packed| format!(".{ending}{packed}")));
    whole.filter_map(|ending| name.strip_suffix(&ending).map(str::to_owned)).next()
}

/// The file of expectations of a capture.
pub(super) fn expectation_of(capture: &Path) -> PathBuf {
    named_like(capture, "toml")
}

/// The key log that lies beside a capture.
pub(super) fn key_log_of(capture: &Path) -> Option<PathBuf> {
    Some(named_like(capture, "keys")).filter(|path| path.exists())
}

fn named_like(capture: &Path, ending: &str) -> PathBuf {
    match stem(capture) {
        Some(stem) => capture.with_file_name(format!("{stem}.{ending}")),
        None => capture.with_extension(ending),
    }
}

fn captures_beside(file: &Path) -> Vec<PathBuf> {
    let Some(stem) = file.file_stem().and_then(|stem| stem.to_str()) else { return Vec::new() };
    let names = CAPTURES.iter().flat_map(|ending| PACKED.iter().map(move |packed| format!("{stem}.{ending}{packed}")));
    names.map(|name| file.with_file_name(name)).filter(|path| path.exists()).collect()
}

/// The capture that an expectation is about.
pub(super) fn capture_of(file: &Path, named: Option<&str>) -> Result<PathBuf, Error> {
    if let Some(named) = named {
        return beside(file, named);
    }
    let mut captures = captures_beside(file);
    match (captures.pop(), captures.first()) {
        (Some(only), None) => Ok(only),
        (Some(one), Some(other)) => Err(Error::Usage(format!(
            "{} and {} lie beside it: say which is meant with `file`",
            other.display(),
            one.display()
        ))),
        (None, _) => Err(Error::Usage("no capture of the same name lies beside it: name one with `file`".to_owned())),
    }
}

/// A file that an expectation names: in the folder of the expectation, or in one of those around it, so that
/// certificates of a whole tree of captures may lie at its top.
pub(super) fn beside(file: &Path, named: &str) -> Result<PathBuf, Error> {
    let given = Path::new(named);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let near = folder.join(given);
    if given.is_absolute() || near.exists() {
        return Ok(near);
    }
    let around = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let found = around.ancestors().skip(1).map(|folder| folder.join(given)).find(|path| path.exists());
    found.ok_or_else(|| {
        Error::Usage(format!("there is no {named} beside it, nor in a folder around it", named = given.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lie_beside_each_other() {
        for capture in ["a/b.pcapng", "a/b.pcap", "a/b.cap", "a/b.pcapng.gz", "a/b.pcap.zst"] {
            assert_eq!(expectation_of(Path::new(capture)), Path::new("a/b.toml"));
        }
        assert_eq!(expectation_of(Path::new("a/b.c.dump")), Path::new("a/b.c.toml"));
        assert_eq!(stem(Path::new("toml")), None);
    }
}

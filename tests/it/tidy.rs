//! The sources against the rules of `docs/architecture.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root().join("src")).expect("below src").to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path).expect("a source file")));
            }
        }
    }
    files.sort();
    files
}

/// Module -> rank of its layer, from the table.
fn layers() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
    let mut ranks = BTreeMap::new();
    let mut rank = 0;
    let mut in_table = false;
    for line in text.lines() {
        if line.starts_with("| layer |") {
            in_table = true;
        } else if in_table && !line.starts_with('|') {
            break;
        } else if in_table && !line.starts_with("| ---") {
            let modules = line.split('|').nth(2).expect("a second column");
            for module in modules.split('`').skip(1).step_by(2) {
                ranks.insert(module.to_owned(), rank);
            }
            rank += 1;
        }
    }
    assert!(rank >= 8, "the layer table was not found");
    ranks
}

fn module_of(file: &str) -> &str {
    file.split('/').next().expect("a first part").trim_end_matches(".rs")
}

/// The source without its comments and its unit tests, which may use what they like.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn imports(text: &str) -> Vec<String> {
    code(text)
        .match_indices("crate::")
        .map(|(at, _)| text_after(&code(text), at + "crate::".len()))
        .filter(|name| !name.is_empty())
        .collect()
}

fn text_after(text: &str, at: usize) -> String {
    text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_follow_the_layer_table() {
    let ranks = layers();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        if module == "lib" || module == "main" {
            continue;
        }
        let Some(own) = ranks.get(module) else {
            wrong.push(format!("{file}: `{module}` is not in the layer table"));
            continue;
        };
        for import in imports(&text) {
            match ranks.get(&import) {
                Some(rank) if rank <= own => {}
                Some(_) => wrong.push(format!("{file}: uses `{import}`, which lies above it")),
                None => wrong.push(format!("{file}: uses `{import}`, which is not in the layer table")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_report_is_serialised() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|(file, text)| {
            let outside = !matches!(module_of(file), "report" | "render" | "cli");
            outside && code(text).contains("Serialize")
        })
        .map(|(file, _)| file)
        .collect();
    assert!(wrong.is_empty(), "these derive Serialize outside of `report`: {wrong:?}");
}

#[test]
fn faces_read_the_report_and_not_the_session() {
    for (file, text) in sources() {
        if matches!(module_of(&file), "render" | "tui") {
            assert!(!imports(&text).iter().any(|import| import == "session"), "{file} uses `session`");
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{file} has no module documentation");
    }
}

#[test]
fn every_source_file_is_part_of_the_crate() {
    let files = sources();
    for (file, _) in &files {
        let path = Path::new(file);
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if matches!(stem.as_str(), "lib" | "main") {
            continue;
        }
        let (parent, name) = if stem == "mod" {
            let folder = path.parent().expect("a folder");
            (folder.parent().map(Path::to_path_buf), folder.file_name().expect("a name").to_string_lossy().into_owned())
        } else {
            (path.parent().map(Path::to_path_buf), stem)
        };
        let parent = parent.unwrap_or_default();
        let declared_in = if parent.as_os_str().is_empty() {
            "lib.rs".to_owned()
        } else {
            let as_mod = parent.join("mod.rs").to_string_lossy().into_owned();
            let as_file = format!("{}.rs", parent.to_string_lossy());
            if files.iter().any(|(name, _)| *name == as_mod) { as_mod } else { as_file }
        };
        let (_, text) = files.iter().find(|(name, _)| *name == declared_in).unwrap_or_else(|| panic!("{declared_in}"));
        assert!(text.contains(&format!("mod {name};")), "{file} is not declared in {declared_in}");
    }
}

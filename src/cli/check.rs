//! `tlswhy check`: captures against the expectations beside them.

mod find;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::{CheckArgs, CheckFormat};
use crate::cli::exit::Exit;
use crate::cli::whole::{self, Embedded, Material};
use crate::cli::{complain, print};
use crate::error::Error;
use crate::render::check as render;
use crate::report::check::{
    CaptureExpectation, Case, CaseResult, Checked, Edit, Expectations, Keys, Tally, Views, apply, expectation,
    unified_diff,
};

/// Does what the arguments say.
pub(super) fn run(args: &CheckArgs) -> Result<Exit, Error> {
    if !args.new.is_empty() {
        return write_new(&args.new);
    }
    let here = [PathBuf::from(".")];
    let files = find::expectations(if args.what.is_empty() { &here } else { &args.what })?;
    let mut cases = Vec::new();
    for file in &files {
        let checked = check_file(file);
        if args.update {
            update(file, &checked)?;
        }
        cases.extend(checked);
    }
    for case in &cases {
        if let CaseResult::Error { error } = &case.result {
            complain(&format!("error: {error}"));
        }
    }
    let text = match args.format {
        CheckFormat::Text => render::text(&cases, args.verbose),
        CheckFormat::Json => render::json(&cases).map_err(|source| Error::Write { path: "-".into(), source })?,
        CheckFormat::Junit => render::junit(&cases),
    };
    print(&text)?;
    let tally = Tally::of(&cases);
    Ok(match (tally.errors, tally.not_met) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::NotMet,
        _ => Exit::Failed,
    })
}

/// All that a file of expectations says, compared.
fn check_file(file: &Path) -> Vec<Case> {
    let name = file.to_string_lossy().into_owned();
    let failed = |line: usize, capture: Option<String>, error: String| Case {
        file: name.clone(),
        line,
        capture,
        met: false,
        result: CaseResult::Error { error },
    };
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => return vec![failed(1, None, error.to_string())],
    };
    let expected = match Expectations::parse(&text) {
        Ok(expected) => expected,
        Err(mistake) => return vec![failed(mistake.line, None, format!("{name}:{}: {}", mistake.line, mistake.text))],
    };
    let mut cases = Vec::new();
    for one in &expected.captures {
        let at = |error: &dyn std::fmt::Display| format!("{name}:{}: {error}", one.line);
        let capture = match find::capture_of(file, one.file.as_deref()) {
            Ok(capture) => capture,
            Err(error) => {
                cases.push(failed(one.line, None, at(&error)));
                continue;
            }
        };
        for keys in one.views() {
            let shown = Some(capture.to_string_lossy().into_owned());
            cases.push(match check_capture(file, &capture, one, keys) {
                Ok(checked) => Case {
                    file: name.clone(),
                    line: one.line,
                    capture: shown,
                    met: checked.is_met(),
                    result: CaseResult::Checked(checked),
                },
                Err(error) => failed(one.line, shown, at(&error)),
            });
        }
    }
    cases
}

fn check_capture(file: &Path, capture: &Path, one: &CaptureExpectation, keys: Keys) -> Result<Checked, Error> {
    let resolve = |given: &[String]| given.iter().map(|path| find::beside(file, path)).collect::<Result<Vec<_>, _>>();
    let mut material = Material {
        client_ca: resolve(&one.trust.client_ca)?,
        server_ca: resolve(&one.trust.server_ca)?,
        crls: resolve(&one.trust.crl)?,
        server_name: one.trust.server_name.clone(),
        ..Material::default()
    };
    let embedded = match keys {
        Keys::Without => Embedded::Ignored,
        Keys::AsGiven | Keys::With => {
            material.key_logs = resolve(&one.key_log)?;
            material.server_keys = resolve(&one.server_key)?;
            if one.key_log.is_empty() {
                material.key_logs.extend(find::key_log_of(capture));
            }
            Embedded::Used
        }
    };
    let report = whole::report(capture, material.read()?, embedded)?;
    Ok(one.compare(keys, &report.sessions))
}

/// Rewrites the values that are not so any more, and shows what it did.
fn update(file: &Path, cases: &[Case]) -> Result<(), Error> {
    let checked: Vec<&Checked> = cases
        .iter()
        .filter_map(|case| match &case.result {
            CaseResult::Checked(checked) => Some(checked),
            CaseResult::Error { .. } => None,
        })
        .collect();
    let edits: Vec<Edit> = checked.iter().flat_map(|one| one.all()).filter_map(|one| one.edit.clone()).collect();
    if edits.is_empty() {
        return Ok(());
    }
    let old = read(file)?;
    let new = apply(&old, &edits);
    let diff = unified_diff(&file.to_string_lossy(), &old, &new);
    // Never a text that could not be read again.
    if diff.is_empty() || Expectations::parse(&new).is_err() {
        return Ok(());
    }
    replace(file, &new)?;
    print(&diff).map(drop)
}

/// Replaces a file as a whole or not at all.
fn replace(file: &Path, text: &str) -> Result<(), Error> {
    let failed = |source| Error::Write { path: file.to_owned(), source };
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let beside = file.with_file_name(name);
    let mut out = OpenOptions::new().write(true).create_new(true).open(&beside).map_err(failed)?;
    let written = out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).and_then(|()| fs::rename(&beside, file));
    written.map_err(|source| {
        let _ = fs::remove_file(&beside);
        failed(source)
    })
}

/// Writes expectations of captures that have none.
fn write_new(captures: &[PathBuf]) -> Result<Exit, Error> {
    for capture in captures {
        let file = find::expectation_of(capture);
        let log = find::key_log_of(capture);
        let material = Material { key_logs: log.iter().cloned().collect(), ..Material::default() };
        let with = whole::report(capture, material.read()?, Embedded::Used)?;
        let without = match log {
            Some(_) => Some(whole::report(capture, Material::default().read()?, Embedded::Ignored)?),
            None => None,
        };
        let views = Views { with: &with.sessions, without: without.as_ref().map(|report| report.sessions.as_slice()) };
        let text = expectation(views);
        let failed = |source: std::io::Error| match source.kind() {
            ErrorKind::AlreadyExists => Error::Usage(format!(
                "{} exists: `tlswhy check --update {0}` rewrites the values in it that are not so any more",
                file.display()
            )),
            _ => Error::Write { path: file.clone(), source },
        };
        let mut out = OpenOptions::new().write(true).create_new(true).open(&file).map_err(failed)?;
        out.write_all(text.as_bytes()).map_err(failed)?;
        print(&format!("{}: written, to be edited\n", file.display()))?;
    }
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<String, Error> {
    let bytes = crate::source::bytes(file)?;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Error::Usage(format!("{}: it is not UTF-8, so it is no TOML", file.display())))
}

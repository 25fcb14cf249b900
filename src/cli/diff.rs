//! `tlswhy diff`: two handshakes side by side.

use std::path::{Path, PathBuf};

use crate::cli::args::{DiffArgs, DiffFormat};
use crate::cli::exit::Exit;
use crate::cli::print;
use crate::cli::whole::{self, Embedded, Material};
use crate::error::Error;
use crate::render::diff::{self as render, Compared};
use crate::report::diff::{self, Pairing};
use crate::report::{Report, Session};

/// Does what the arguments say.
pub(super) fn run(args: &DiffArgs) -> Result<Exit, Error> {
    let material = Material {
        key_logs: args.keylog.clone(),
        server_keys: args.server_key.clone(),
        client_ca: args.client_ca.clone(),
        server_ca: args.server_ca.clone(),
        ..Material::default()
    };
    let options = material.read()?;
    let read = |path: &Path| whole::report(path, options.clone(), Embedded::Used);
    let a = Named::new(&args.a)?;
    let b = args.b.as_deref().map(Named::new).transpose()?;
    let report_a = read(&a.path)?;
    let report_b = match &b {
        Some(b) if b.path != a.path => Some(read(&b.path)?),
        _ => None,
    };
    let pairing = pair(&a, b.as_ref(), &report_a, report_b.as_ref())?;
    let differences = diff::diff(pairing.a, pairing.b);
    let compared = Compared {
        a_path: a.path.to_string_lossy().into_owned(),
        b_path: b.unwrap_or(a).path.to_string_lossy().into_owned(),
        a: pairing.a,
        b: pairing.b,
        reason: pairing.reason.as_deref(),
        differences: &differences,
    };
    let text = match args.format {
        DiffFormat::Text => render::text(&compared),
        DiffFormat::Json => render::json(&compared).map_err(|source| Error::Write { path: "-".into(), source })?,
    };
    print(&text)?;
    Ok(if diff::is_same(&differences) { Exit::Done } else { Exit::NotMet })
}

/// A capture, and the session of it that was named.
struct Named {
    path: PathBuf,
    session: Option<u64>,
}

impl Named {
    /// `FILE` or `FILE:N`. A file whose own name ends so is a file.
    fn new(typed: &Path) -> Result<Self, Error> {
        let whole = Self { path: typed.to_owned(), session: None };
        let text = typed.to_string_lossy();
        let Some((path, number)) = text.rsplit_once(':') else { return Ok(whole) };
        if path.is_empty() || typed.exists() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(whole);
        }
        match number.parse() {
            Ok(number) if number > 0 => Ok(Self { path: PathBuf::from(path), session: Some(number) }),
            _ => Err(Error::Usage(format!("{}: sessions are numbered from 1", text.escape_debug()))),
        }
    }

    fn of<'r>(&self, report: &'r Report) -> Result<&'r [Session], Error> {
        let all = report.sessions.as_slice();
        let path = self.path.display();
        let Some(number) = self.session else {
            return if all.is_empty() { Err(Error::Usage(format!("{path} has no TLS sessions"))) } else { Ok(all) };
        };
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let one = all.get(index..).and_then(|rest| rest.get(..1));
        one.ok_or_else(|| Error::Usage(format!("{path} has no session {number}: it has {} of them", all.len())))
    }
}

fn pair<'r>(
    a: &Named,
    b: Option<&Named>,
    report_a: &'r Report,
    report_b: Option<&'r Report>,
) -> Result<Pairing<'r>, Error> {
    let all_a = a.of(report_a)?;
    let all_b = match b {
        Some(b) => b.of(report_b.unwrap_or(report_a))?,
        // Another session than the one named.
        None => report_a.sessions.as_slice(),
    };
    // Both named, and perhaps the same: that is what was asked for.
    if let ([one], [other], Some(_)) = (all_a, all_b, b) {
        return Ok(Pairing { a: one, b: other, reason: None });
    }
    diff::pair(all_a, all_b).ok_or_else(|| {
        let path = a.path.display();
        Error::Usage(format!("{path} has one session, and nothing to compare it with: name another capture"))
    })
}

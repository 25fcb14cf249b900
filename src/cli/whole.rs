//! A capture read to its end, with all that is given to judge it by.

use std::path::{Path, PathBuf};

use crate::analyze::analyze;
use crate::capture::ReadError;
use crate::engine::Options;
use crate::error::Error;
use crate::report::Report;
use crate::source::{self, Opened};
use crate::trust::Beliefs;

/// Files of keys and certificates.
#[derive(Debug, Clone, Default)]
pub(super) struct Material {
    pub(super) key_logs: Vec<PathBuf>,
    pub(super) server_keys: Vec<PathBuf>,
    pub(super) client_ca: Vec<PathBuf>,
    pub(super) server_ca: Vec<PathBuf>,
    pub(super) crls: Vec<PathBuf>,
    pub(super) server_name: Option<String>,
}

impl Material {
    /// What the files hold.
    pub(super) fn read(&self) -> Result<Options, Error> {
        let mut options = Options::default();
        for path in &self.key_logs {
            options.keys.add_log(&source::key_log(path)?);
        }
        for path in &self.server_keys {
            options.keys.add_server_key(&source::bytes(path)?).map_err(|problem| Error::Holds {
                path: path.clone(),
                wanted: "usable private key",
                hint: problem.text.into_owned(),
            })?;
        }
        let mut crls = Vec::new();
        for path in &self.crls {
            crls.extend(source::revocation_lists(path)?);
        }
        let (client_ca, server_ca) = (anchors(&self.client_ca)?, anchors(&self.server_ca)?);
        options.beliefs = Beliefs::from_der(client_ca.as_deref(), server_ca.as_deref(), crls, self.server_name.clone());
        Ok(options)
    }
}

/// `None` where no file is named, which is not the same as trusting nobody.
fn anchors(paths: &[PathBuf]) -> Result<Option<Vec<Vec<u8>>>, Error> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut anchors = Vec::new();
    for path in paths {
        anchors.extend(source::certificates(path)?);
    }
    Ok(Some(anchors))
}

/// Which keys a capture is read with besides those of the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Embedded {
    /// Those in the capture itself.
    Used,
    /// None.
    Ignored,
}

/// The report on a capture.
pub(super) fn report(path: &Path, mut options: Options, embedded: Embedded) -> Result<Report, Error> {
    let Opened { mut reader, secrets, .. } = source::open(path)?;
    match embedded {
        Embedded::Used => {
            for text in &secrets {
                options.keys.add_log(text);
            }
        }
        Embedded::Ignored => reader = reader.without_secrets(),
    }
    let mut report = analyze(reader, &options).map_err(|error| match error {
        ReadError::NotACapture { hint } => Error::NotACapture { path: path.to_owned(), hint },
        ReadError::Io(source) => Error::Read { path: path.to_owned(), source },
    })?;
    for capture in &mut report.captures {
        capture.path = path.to_string_lossy().into_owned();
    }
    Ok(report)
}

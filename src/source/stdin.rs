//! Standard input as a capture.

use std::io::{self, IsTerminal, Read};
use std::sync::Arc;

use crate::capture::Reader;
use crate::error::Error;
use crate::source::Opened;

pub(super) fn open() -> Result<Opened, Error> {
    Ok(Opened { reader: Reader::new(raw()?), secrets: Vec::new(), live: true, read: Arc::default() })
}

/// Its bytes.
pub(super) fn raw() -> Result<Box<dyn Read + Send>, Error> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Error::StdinIsATerminal);
    }
    Ok(Box::new(stdin))
}

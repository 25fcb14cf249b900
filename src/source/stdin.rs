//! Standard input as a capture.

use std::io::{self, IsTerminal};

use crate::capture::Reader;
use crate::error::Error;
use crate::source::Opened;

pub(super) fn open() -> Result<Opened, Error> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Error::StdinIsATerminal);
    }
    Ok(Opened { reader: Reader::new(Box::new(stdin)), secrets: Vec::new(), live: true })
}

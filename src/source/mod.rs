//! The only readers of files and devices: captures, and the trust, key and key-log files given with
//! them.

mod file;
mod find;
mod pem;
mod stdin;
mod trust;

use std::io::Read;
use std::path::Path;

use crate::capture::Reader;
use crate::error::Error;

pub use file::{bytes, key_log};
pub use find::captures;
pub use trust::{certificates, revocation_lists, system_certificates};

/// An opened capture.
pub struct Opened {
    /// Its packets.
    pub reader: Reader<Box<dyn Read + Send>>,
    /// The key logs embedded in it, known before the first packet. Empty where the capture cannot be
    /// read twice; the reader gives them then.
    pub secrets: Vec<String>,
    /// It may still be growing: a pipe.
    pub live: bool,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("secrets", &self.secrets.len()).field("live", &self.live).finish_non_exhaustive()
    }
}

/// Opens a capture; `-` is standard input.
///
/// # Errors
/// When it cannot be opened. Whether it is a capture shows in reading.
pub fn open(path: &Path) -> Result<Opened, Error> {
    if path.as_os_str() == "-" { stdin::open() } else { file::open(path) }
}

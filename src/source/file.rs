//! Files.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

use crate::capture::{Reader, prescan_secrets};
use crate::error::Error;
use crate::source::Opened;

/// The largest key, certificate or revocation list file: 256 MiB.
const LARGEST: u64 = 256 << 20;

/// Opens a capture file. A regular file is walked for embedded key logs first, since they may stand
/// behind the packets that they open.
pub(super) fn open(path: &Path) -> Result<Opened, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = open_file(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(failed(ErrorKind::IsADirectory.into()));
    }
    if !kind.is_file() {
        let (file, read) = Counted::new(file);
        return Ok(Opened { reader: Reader::new(Box::new(file)), secrets: Vec::new(), live: true, read });
    }
    let (counted, read) = Counted::new(open_file(path).map_err(failed)?);
    let reader = Reader::<Box<dyn Read + Send>>::new(Box::new(counted));
    // What is wrong with the file shows when it is read.
    match prescan_secrets(file) {
        Ok(secrets) => Ok(Opened { reader: reader.without_secrets(), secrets, live: false, read }),
        Err(_) => Ok(Opened { reader, secrets: Vec::new(), live: false, read }),
    }
}

/// The bytes of a regular file; `None` for all else.
pub fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|about| about.len())
}

/// A file of which is known how much was read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Counted {
    fn new(file: File) -> (Self, Arc<AtomicU64>) {
        let read = Arc::default();
        (Self { file, read: Arc::clone(&read) }, read)
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// An opened file, and whether it is a regular one.
pub(super) fn raw(path: &Path) -> Result<(File, bool), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = open_file(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(failed(ErrorKind::IsADirectory.into()));
    }
    Ok((file, kind.is_file()))
}

/// The bytes of a file, wiped from memory after use: it may be a private key.
///
/// # Errors
/// When the file cannot be read, or is larger than 256 MiB.
pub fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = open_file(path).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::new());
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > LARGEST {
        return Err(failed(io::Error::other("it is larger than 256 MiB, which no such file ought to be")));
    }
    Ok(bytes)
}

/// The text of a key log.
///
/// # Errors
/// As [`bytes`].
pub fn key_log(path: &Path) -> Result<Zeroizing<String>, Error> {
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes(path)?).into_owned()))
}

#[expect(clippy::disallowed_methods, reason = "this is where files are read")]
pub(super) fn open_file(path: &Path) -> io::Result<File> {
    File::open(path)
}

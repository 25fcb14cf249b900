//! The only readers of files and devices: captures, and the trust, key and key-log files given with
//! them.

mod file;
mod find;
pub mod follow;
#[cfg(feature = "live")]
pub mod interfaces;
#[cfg(feature = "live")]
pub mod live;
mod pem;
#[cfg(feature = "live")]
pub mod privileges;
mod stdin;
mod trust;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use crate::capture::{About, LinkType, PacketSource, Reader};
use crate::error::Error;
use crate::report;
use crate::time::Timestamp;
use follow::Stream;

pub use file::{bytes, key_log, size};
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
    /// How many bytes of the file were read so far, compressed as they may be.
    pub read: Arc<AtomicU64>,
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

/// A capture that is still being written: standard input (`-`), a pipe by name, or with `follow` any
/// file, which then ends with `stop` only. `None` where it is a file that is to be read as it is.
///
/// # Errors
/// When it cannot be opened.
pub fn stream(path: &Path, follow: bool, stop: &Arc<AtomicBool>) -> Result<Option<Stream>, Error> {
    if path.as_os_str() == "-" {
        return stdin::raw().map(|raw| Some(Stream::pipe(raw)));
    }
    let (file, is_regular) = file::raw(path)?;
    Ok(match (is_regular, follow) {
        (true, true) => Some(Stream::growing(file, Arc::clone(stop))),
        (true, false) => None,
        (false, _) => Some(Stream::pipe(Box::new(file))),
    })
}

/// Whether `path` is a plain file that is read to its end and no further.
pub fn is_whole(path: &Path, follow: bool) -> bool {
    !follow && path.is_file()
}

/// A source that has not ended, and says when nothing comes.
pub trait Ongoing: PacketSource {
    /// What is known of it as a whole so far.
    fn facts(&self) -> &Facts;
}

/// What is known of a capture as a whole.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `pcap`, `pcapng`, `live`, or `unknown` before anything was read.
    pub format: &'static str,
    /// Link types of the interfaces, in the order first met.
    pub link_types: Vec<LinkType>,
    /// How many packets there were.
    pub packets: u64,
    /// How many bytes of packets were captured.
    pub bytes: u64,
    /// The earliest and the latest time of a packet.
    pub span: Option<(Timestamp, Timestamp)>,
    /// How many fractional digits of a second the timestamps have.
    pub digits: usize,
}

impl Facts {
    /// What `reader` knows.
    pub fn of<R: Read>(reader: &Reader<R>) -> Self {
        let mut facts = Self::default();
        facts.renew(reader);
        facts
    }

    /// A capture as the report has it.
    pub fn published(&self, path: &str, problems: Vec<report::Problem>) -> report::Capture {
        report::Capture {
            path: path.to_owned(),
            format: self.format.to_owned(),
            link_types: self.link_types.iter().map(|link| link.name().into_owned()).collect(),
            packets: self.packets,
            bytes: self.bytes,
            first: self.span.map(|(first, _)| first.rfc3339(self.digits)),
            last: self.span.map(|(_, last)| last.rfc3339(self.digits)),
            problems,
        }
    }

    /// The part of it that every source tells.
    fn about(&self) -> About {
        About { format: self.format, link_types: self.link_types.clone(), digits: self.digits }
    }

    /// The same reader has read on.
    fn renew<R: Read>(&mut self, reader: &Reader<R>) {
        self.format = reader.format();
        if self.link_types.len() != reader.link_types().len() {
            self.link_types = reader.link_types().to_vec();
        }
        self.packets = reader.packets();
        self.bytes = reader.bytes();
        self.span = reader.first().zip(reader.last());
        self.digits = reader.digits();
    }
}

//! `-w`: keeps the packets, with the key log that opens them, while they are looked at.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::capture::write::Writer;
use crate::capture::{About, Item, PacketSource};
use crate::error::Error;
use crate::source::{Facts, Ongoing};

/// Of the key log, so much is repeated at the head of each further file, for sessions that go on in it.
const KEYS_REPEATED: usize = 1 << 20;

/// Where packets are kept.
#[derive(Debug)]
pub(super) struct Recorder {
    path: PathBuf,
    writer: Writer<BufWriter<File>>,
    rotate: Option<u64>,
    keep: Option<u32>,
    number: u32,
    files: VecDeque<PathBuf>,
    keys: Zeroizing<String>,
    dirty: bool,
}

impl Recorder {
    /// Makes the file.
    pub(super) fn new(path: &Path, replace: bool, rotate: Option<u64>, keep: Option<u32>) -> Result<Self, Error> {
        let failed = |source: io::Error| match source.kind() {
            ErrorKind::AlreadyExists => Error::Usage(format!(
                "{} exists: give --replace to overwrite it, or another name to -w",
                path.display()
            )),
            _ => Error::Write { path: path.to_owned(), source },
        };
        let writer = create(path, replace).and_then(|file| Writer::new(BufWriter::new(file))).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            writer,
            rotate,
            keep,
            number: 1,
            files: VecDeque::from([path.to_owned()]),
            keys: Zeroizing::default(),
            dirty: true,
        })
    }

    /// What has to be writable from now on.
    pub(super) fn writes_to(&self) -> PathBuf {
        let folder = || self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match self.rotate {
            Some(_) => folder().unwrap_or(Path::new(".")).to_owned(),
            None => self.path.clone(),
        }
    }

    fn item(&mut self, item: &Item<'_>) -> io::Result<()> {
        match item {
            Item::Packet(packet) => {
                if self.rotate.is_some_and(|size| self.writer.written() >= size) {
                    self.next_file()?;
                }
                self.dirty = true;
                self.writer.packet(packet)
            }
            Item::Secrets(text) => {
                self.dirty = true;
                if self.rotate.is_some() {
                    self.remember(text);
                }
                self.writer.secrets(text)
            }
            // Whoever opens the file now finds whole blocks.
            Item::Clock(_) => self.flush(),
            Item::Problem(_) | Item::Dropped(_) => Ok(()),
        }
    }

    fn remember(&mut self, text: &str) {
        self.keys.push_str(text);
        let surplus = self.keys.len().saturating_sub(KEYS_REPEATED);
        if surplus > 0 {
            let end =
                self.keys.bytes().enumerate().skip(surplus).find(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            let rest = self.keys.get(end.unwrap_or(self.keys.len())..).unwrap_or_default().to_owned();
            self.keys = Zeroizing::new(rest);
        }
    }

    fn next_file(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.number = self.number.saturating_add(1);
        let path = numbered(&self.path, self.number);
        // A file of an earlier run with this name gives way, as the series is one.
        self.writer = Writer::new(BufWriter::new(create(&path, true)?))?;
        self.writer.secrets(&self.keys)?;
        self.files.push_back(path);
        while self.keep.is_some_and(|keep| self.files.len() > keep as usize) {
            if let Some(oldest) = self.files.pop_front() {
                fs::remove_file(oldest)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.dirty) { self.writer.flush() } else { Ok(()) }
    }
}

/// `a.pcapng` -> `a_00002.pcapng`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}_{number:05}{ending}"))
}

/// Readable for its owner only: it holds keys, and what they open.
fn create(path: &Path, replace: bool) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.write(true);
    if replace {
        how.create(true).truncate(true);
    } else {
        how.create_new(true);
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
    how.open(path)
}

/// A source whose packets are kept.
#[derive(Debug)]
pub(super) struct Recorded<S> {
    pub(super) source: S,
    recorder: Option<Recorder>,
    broken: Option<(PathBuf, io::Error)>,
}

impl<S> Recorded<S> {
    /// Keeps the packets of `source`, where there is a recorder.
    pub(super) fn new(source: S, recorder: Option<Recorder>) -> Self {
        Self { source, recorder, broken: None }
    }

    /// Ends the file. Says why it could not be written.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.flush()
        {
            self.broken.get_or_insert((recorder.path.clone(), error));
        }
        self.broken.take().map_or(Ok(()), |(path, source)| Err(Error::Write { path, source }))
    }
}

impl<S: Ongoing> Ongoing for Recorded<S> {
    fn facts(&self) -> &Facts {
        self.source.facts()
    }
}

impl<S: PacketSource> PacketSource for Recorded<S> {
    type Error = S::Error;

    fn about(&self) -> About {
        self.source.about()
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, S::Error> {
        // What cannot be kept is not worth looking at: the user asked for both.
        if self.broken.is_some() {
            return Ok(None);
        }
        let item = self.source.next()?;
        if let (Some(item), Some(recorder)) = (&item, &mut self.recorder)
            && let Err(error) = recorder.item(item)
        {
            self.broken = Some((recorder.path.clone(), error));
        }
        Ok(item)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "these tests read and write files of their own")]

    use super::*;
    use crate::capture::{LinkType, Packet, Reader};
    use crate::seen::PacketNo;
    use crate::time::Timestamp;

    #[test]
    fn files_are_rotated_keep_their_keys_and_the_oldest_goes() {
        let folder = std::env::temp_dir().join(format!("tlswhy-rotated-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let first = folder.join("a.pcapng");
        let mut recorder = Recorder::new(&first, false, Some(300), Some(2)).expect("a recorder");
        assert!(Recorder::new(&first, false, None, None).is_err(), "it exists");
        recorder.item(&Item::Secrets("CLIENT_RANDOM 00 11\n")).expect("written");
        for no in 1..=6 {
            let data = [0; 100];
            let time = Timestamp(no);
            let packet = Packet { no: PacketNo(no as u64), time, link: LinkType(1), data: &data, wire_len: 100 };
            recorder.item(&Item::Packet(packet)).expect("written");
        }
        recorder.flush().expect("flushed");
        let mut names: Vec<_> =
            fs::read_dir(&folder).expect("a folder").map(|f| f.expect("a file").file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 2, "{names:?}");
        for name in names {
            assert_ne!(name, "a.pcapng");
            let mut reader = Reader::new(File::open(folder.join(name)).expect("a file"));
            let (mut packets, mut keys) = (0, 0);
            while let Some(item) = reader.next().expect("read") {
                match item {
                    Item::Packet(_) => packets += 1,
                    Item::Secrets(text) => keys += text.lines().count(),
                    other => panic!("{other:?}"),
                }
            }
            assert!(packets > 0 && keys == 1);
        }
        fs::remove_dir_all(&folder).expect("removed");
    }
}

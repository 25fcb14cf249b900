//! What is still being written while it is read: pipes, growing capture files, growing key logs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::capture::{About, Item, LinkType, Packet, PacketSource, ReadError, Reader};
use crate::error::Error;
use crate::problem::Problem;
use crate::seen::PacketNo;
use crate::source::{Facts, Ongoing};
use crate::time::Timestamp;

/// How often a quiet source says that time passes.
pub(super) const TICK: Duration = Duration::from_millis(20);
/// How often a key log is looked at.
const KEY_LOG_EVERY: Duration = Duration::from_millis(10);
/// How much of a key log is read at a time.
const KEY_LOG_PIECE: usize = 1 << 20;
/// A key log line that never ends is given up at this length.
const LINE_MAX: usize = 64 << 10;
/// How many batches wait for the engine: what is behind them waits in the pipe.
const BATCHES: usize = 4;
/// A batch is handed on at this size even if there is more to read at once.
const BATCH: usize = 1 << 20;
/// So long after the last packet a pipe's time stands still: what is missing may be in the buffer of
/// whoever writes into it (`tcpdump` without `-U`), and its silence says nothing about the peers.
const PIPE_PATIENCE: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "how long nothing came can only be told by a clock")]
pub(super) fn instant() -> Instant {
    Instant::now()
}

/// The time by the clock of the packets, where no packet tells it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<(Timestamp, Instant)>,
}

impl Pace {
    /// A packet of that time came just now.
    pub(super) fn packet(&mut self, time: Timestamp) {
        self.last = Some((time, instant()));
    }

    /// The time now: the last packet's and what has passed since. The clocks of the two hosts are never
    /// compared. Before the first packet it is the beginning of time.
    pub(super) fn now(&self, patience: Duration) -> Timestamp {
        let Some((time, since)) = self.last else { return Timestamp::default() };
        let passed = instant().saturating_duration_since(since).min(patience);
        Timestamp(time.0.saturating_add(i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX)))
    }
}

/// A capture that is read in a thread of its own, so that time passes here while it waits for bytes.
#[derive(Debug)]
pub struct Stream {
    receiver: Receiver<Message>,
    batch: Batch,
    position: usize,
    pace: Pace,
    patience: Duration,
    secrets: Zeroizing<String>,
    facts: Facts,
    failed: Option<ReadError>,
}

#[derive(Debug)]
enum Message {
    Batch(Box<Batch>),
    End(Box<Batch>, Result<(), ReadError>),
}

/// What one read brought.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    facts: Facts,
}

#[derive(Debug)]
enum Entry {
    Packet { no: PacketNo, time: Timestamp, link: LinkType, wire_len: u32, bytes: Range<usize> },
    Secrets(Zeroizing<String>),
    Problem(Problem),
}

impl Stream {
    /// Reads a pipe.
    pub(super) fn pipe(source: Box<dyn Read + Send>) -> Self {
        Self::start(source, PIPE_PATIENCE)
    }

    /// Reads a file and waits for more at its end, until `stop`.
    pub(super) fn growing(file: File, stop: Arc<AtomicBool>) -> Self {
        // Whoever writes it may buffer as well.
        Self::start(Box::new(Growing { file, stop }), PIPE_PATIENCE)
    }

    fn start(source: Box<dyn Read + Send>, patience: Duration) -> Self {
        let (sender, receiver) = sync_channel(BATCHES);
        // Ends with the source, or when nobody receives any more.
        thread::spawn(move || read_all(source, &sender));
        Self {
            receiver,
            batch: Batch::default(),
            position: 0,
            pace: Pace::default(),
            patience,
            secrets: Zeroizing::default(),
            facts: Facts::default(),
            failed: None,
        }
    }
}

impl Ongoing for Stream {
    fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl PacketSource for Stream {
    type Error = ReadError;

    fn about(&self) -> About {
        self.facts.about()
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        while self.position >= self.batch.entries.len() {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            match self.receiver.recv_timeout(TICK) {
                Ok(Message::Batch(batch)) => self.batch = *batch,
                Ok(Message::End(batch, result)) => {
                    self.batch = *batch;
                    self.failed = result.err();
                }
                Err(RecvTimeoutError::Timeout) => return Ok(Some(Item::Clock(self.pace.now(self.patience)))),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
            self.position = 0;
            self.facts = self.batch.facts.clone();
        }
        let entry = self.batch.entries.get_mut(self.position);
        self.position += 1;
        Ok(entry.map(|entry| match entry {
            Entry::Packet { no, time, link, wire_len, bytes } => {
                self.pace.packet(*time);
                let data = self.batch.bytes.get(bytes.clone()).unwrap_or_default();
                Item::Packet(Packet { no: *no, time: *time, link: *link, data, wire_len: *wire_len })
            }
            Entry::Secrets(text) => {
                self.secrets = std::mem::take(text);
                Item::Secrets(&self.secrets)
            }
            Entry::Problem(problem) => Item::Problem(problem.clone()),
        }))
    }
}

/// The thread: reads to the end, handing on what it has whenever it might have to wait.
fn read_all(source: Box<dyn Read + Send>, sender: &SyncSender<Message>) {
    let batch = Rc::new(RefCell::new(Batch::default()));
    let waits = HandsOn { source, batch: Rc::clone(&batch), sender: sender.clone() };
    let mut reader = Reader::new(waits);
    let result = loop {
        match reader.next() {
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
            Ok(Some(item)) => batch.borrow_mut().add(item),
        }
        let mut batch = batch.borrow_mut();
        batch.facts.renew(&reader);
        if batch.bytes.len() >= BATCH && !batch.send(sender) {
            return;
        }
    };
    let mut batch = batch.take();
    batch.facts.renew(&reader);
    // Whoever does not listen any more needs no end.
    let _ = sender.send(Message::End(Box::new(batch), result));
}

impl Batch {
    fn add(&mut self, item: Item<'_>) {
        self.entries.push(match item {
            Item::Packet(packet) => {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(packet.data);
                let bytes = start..self.bytes.len();
                let Packet { no, time, link, wire_len, .. } = packet;
                Entry::Packet { no, time, link, wire_len, bytes }
            }
            Item::Secrets(text) => Entry::Secrets(Zeroizing::new(text.to_owned())),
            Item::Problem(problem) => Entry::Problem(problem),
            Item::Clock(_) | Item::Dropped(_) => return,
        });
    }

    /// Whether there is still somebody to send to.
    fn send(&mut self, sender: &SyncSender<Message>) -> bool {
        let batch = std::mem::take(self);
        self.facts = batch.facts.clone();
        batch.entries.is_empty() || sender.send(Message::Batch(Box::new(batch))).is_ok()
    }
}

/// A source that hands on the batch before it waits for more.
struct HandsOn {
    source: Box<dyn Read + Send>,
    batch: Rc<RefCell<Batch>>,
    sender: SyncSender<Message>,
}

impl Read for HandsOn {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Ok(mut batch) = self.batch.try_borrow_mut()
            && !batch.send(&self.sender)
        {
            return Ok(0);
        }
        self.source.read(room)
    }
}

/// A file that has no end before `stop`.
struct Growing {
    file: File,
    stop: Arc<AtomicBool>,
}

impl Read for Growing {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            // Asked first: what was written before the stop is read to its end.
            let stop = self.stop.load(Ordering::Relaxed);
            let read = self.file.read(room)?;
            if read > 0 || stop {
                return Ok(read);
            }
            thread::sleep(TICK);
        }
    }
}

/// A key log that another program is writing; it need not exist yet.
#[derive(Debug)]
pub struct KeyLogFile {
    path: PathBuf,
    open: Option<File>,
    offset: u64,
    /// A line whose end is not written yet.
    unfinished: Zeroizing<Vec<u8>>,
}

impl KeyLogFile {
    /// Follows the file from its beginning. Opened now, if it exists: later there may be no right to.
    ///
    /// # Errors
    /// When it exists and cannot be read.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let mut log = Self { path: path.to_owned(), open: None, offset: 0, unfinished: Zeroizing::default() };
        match log.reopen() {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::Read { path: path.to_owned(), source }),
            _ => Ok(log),
        }
    }

    /// Whether it exists, as far as was seen.
    pub fn exists(&self) -> bool {
        self.open.is_some()
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[expect(clippy::disallowed_methods, reason = "this is where files are read")]
    fn reopen(&mut self) -> io::Result<()> {
        let file = File::open(&self.path)?;
        if file.metadata()?.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.open = Some(file);
        self.offset = 0;
        self.unfinished = Zeroizing::default();
        Ok(())
    }

    /// The lines that were finished since the last call. That it cannot be read now is no end: it may
    /// be there again with the next call.
    pub fn lines(&mut self) -> Option<Zeroizing<String>> {
        if self.open.is_none() || self.was_replaced() {
            self.reopen().ok()?;
        }
        let file = self.open.as_mut()?;
        let length = file.metadata().ok()?.len();
        if length < self.offset {
            file.seek(SeekFrom::Start(0)).ok()?;
            self.offset = 0;
            self.unfinished = Zeroizing::default();
        } else if length == self.offset && file.metadata().ok()?.is_file() {
            return None;
        }
        let mut new = Zeroizing::new(Vec::new());
        let read = file.by_ref().take(KEY_LOG_PIECE as u64).read_to_end(&mut new).ok()?;
        self.offset = self.offset.saturating_add(read as u64);
        self.unfinished.extend_from_slice(&new);
        let end = match self.unfinished.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if self.unfinished.len() > LINE_MAX => self.unfinished.len(),
            None => return None,
        };
        let rest = Zeroizing::new(self.unfinished.split_off(end));
        let lines = std::mem::replace(&mut self.unfinished, rest);
        Some(Zeroizing::new(String::from_utf8_lossy(&lines).into_owned()))
    }

    /// Whether the name stands for another file now.
    #[cfg(unix)]
    fn was_replaced(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let Some(Ok(open)) = self.open.as_ref().map(File::metadata) else { return false };
        // A name that is gone, or hidden from this user, keeps the open file.
        std::fs::metadata(&self.path).is_ok_and(|named| (named.dev(), named.ino()) != (open.dev(), open.ino()))
    }

    #[cfg(not(unix))]
    fn was_replaced(&self) -> bool {
        false
    }
}

/// A source with the key logs that are followed beside it.
#[derive(Debug)]
pub struct WithKeys<S> {
    source: S,
    logs: Vec<KeyLogFile>,
    looked: Option<Instant>,
    found: VecDeque<Zeroizing<String>>,
    given: Zeroizing<String>,
}

impl<S: PacketSource> WithKeys<S> {
    /// Adds key logs to a source.
    pub fn new(source: S, logs: Vec<KeyLogFile>) -> Self {
        Self { source, logs, looked: None, found: VecDeque::new(), given: Zeroizing::default() }
    }

    /// The source.
    pub fn source_mut(&mut self) -> &mut S {
        &mut self.source
    }

    fn look(&mut self) {
        if self.logs.is_empty() {
            return;
        }
        let now = instant();
        if self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < KEY_LOG_EVERY) {
            return;
        }
        self.looked = Some(now);
        self.found.extend(self.logs.iter_mut().filter_map(KeyLogFile::lines));
    }
}

impl<S: Ongoing> Ongoing for WithKeys<S> {
    fn facts(&self) -> &Facts {
        self.source.facts()
    }
}

impl<S: PacketSource> PacketSource for WithKeys<S> {
    type Error = S::Error;

    fn about(&self) -> About {
        self.source.about()
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, S::Error> {
        self.look();
        if let Some(text) = self.found.pop_front() {
            self.given = text;
            return Ok(Some(Item::Secrets(&self.given)));
        }
        self.source.next()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "these tests read and write files of their own")]

    use std::fs;
    use std::io::Write;

    use super::*;

    /// A folder of this test's own, gone with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tlswhy-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_key_log_gives_whole_lines_as_they_are_written() {
        let folder = Folder::new("keys");
        let path = folder.0.join("keys.log");
        let mut log = KeyLogFile::new(&path).expect("a log");
        assert!(!log.exists() && log.lines().is_none());
        let mut file = File::create(&path).expect("created");
        file.write_all(b"one\ntw").expect("written");
        assert_eq!(log.lines().as_deref().map(String::as_str), Some("one\n"));
        assert!(log.lines().is_none());
        file.write_all(b"o\n").expect("written");
        assert_eq!(log.lines().as_deref().map(String::as_str), Some("two\n"));
        drop(file);
        fs::write(&path, "3\n").expect("truncated and written");
        assert_eq!(log.lines().as_deref().map(String::as_str), Some("3\n"));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_log_that_was_replaced_is_read_from_its_beginning() {
        let folder = Folder::new("replaced");
        let path = folder.0.join("keys.log");
        fs::write(&path, "first\n").expect("written");
        let mut log = KeyLogFile::new(&path).expect("a log");
        assert!(log.lines().is_some());
        fs::rename(&path, folder.0.join("keys.log.1")).expect("rotated");
        assert!(log.lines().is_none());
        fs::write(&path, "second and longer\n").expect("written");
        assert_eq!(log.lines().as_deref().map(String::as_str), Some("second and longer\n"));
    }

    #[test]
    fn packets_of_a_pipe_are_given_before_it_ends() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let packet = Packet { no: PacketNo(1), time: Timestamp(5), link: LinkType(1), data: b"abc", wire_len: 3 };
        let bytes = crate::capture::write::capture([packet], None).expect("written");
        writer.write_all(&bytes).expect("written");
        let mut stream = Stream::pipe(Box::new(reader));
        let mut ticks = 0;
        loop {
            match stream.next().expect("read").expect("not over") {
                Item::Packet(packet) => break assert_eq!(packet.data, b"abc"),
                Item::Clock(_) if ticks < 500 => ticks += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(stream.next(), Ok(Some(Item::Clock(now))) if now > Timestamp(5)));
        assert_eq!(stream.facts().packets, 1);
        drop(writer);
        while stream.next().expect("read").is_some() {}
    }

    #[test]
    fn the_time_of_a_pipe_stands_still_after_a_while() {
        let mut pace = Pace::default();
        assert_eq!(pace.now(PIPE_PATIENCE), Timestamp::default());
        pace.packet(Timestamp(100));
        assert_eq!(pace.now(Duration::ZERO), Timestamp(100));
    }

    #[test]
    fn a_growing_file_is_read_to_the_end_that_it_has_when_it_is_stopped() {
        let folder = Folder::new("growing");
        let path = folder.0.join("a.pcapng");
        let packet = Packet { no: PacketNo(1), time: Timestamp(5), link: LinkType(1), data: b"abc", wire_len: 3 };
        let bytes = crate::capture::write::capture([packet, packet], None).expect("written");
        let (first, second) = bytes.split_at(bytes.len() - 20);
        let mut file = File::create(&path).expect("created");
        file.write_all(first).expect("written");
        let stop = Arc::new(AtomicBool::new(false));
        let mut stream = Stream::growing(File::open(&path).expect("opened"), Arc::clone(&stop));
        let mut packets = 0;
        while let Some(item) = stream.next().expect("read") {
            if matches!(item, Item::Packet(_)) {
                packets += 1;
                if packets == 1 {
                    file.write_all(second).expect("written");
                } else {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
        assert_eq!(packets, 2);
    }
}

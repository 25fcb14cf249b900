//! Compressed captures, opened by their magic: gzip and zstd, one inside the other at most once.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::sniff::{self, Packing};

/// The error of the source itself, kept aside: decoders wrap it, and then it could not be told from
/// damage of the compressed data.
type Kept = Arc<Mutex<Option<io::Error>>>;

/// A source of bytes, unpacked where it is compressed. Damage ends the bytes without an error, and
/// is told by [`Unpack::damage`].
pub(super) struct Unpack<R: Read> {
    state: State<R>,
    kept: Kept,
    packing: Option<Packing>,
    damage: Option<String>,
}

type Once<R> = Layer<Tap<R>>;
type Twice<R> = Layer<Once<R>>;

enum State<R: Read> {
    Closed(Option<R>),
    Open(Box<Twice<R>>),
}

impl<R: Read> Unpack<R> {
    pub(super) fn new(source: R) -> Self {
        Self { state: State::Closed(Some(source)), kept: Kept::default(), packing: None, damage: None }
    }

    /// What is wrong with the compressed data, where it broke off.
    pub(super) fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// How the outermost layer is compressed.
    pub(super) fn packing(&self) -> Option<Packing> {
        self.packing
    }

    fn open(&mut self) -> io::Result<()> {
        if let State::Closed(source) = &mut self.state
            && let Some(source) = source.take()
        {
            let tap = Tap { source, kept: Arc::clone(&self.kept) };
            let once = Layer::open(tap)?;
            self.packing = once.packing();
            let twice = Layer::open(once)?;
            self.state = State::Open(Box::new(twice));
        }
        Ok(())
    }

    fn try_read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.open()?;
        match &mut self.state {
            State::Open(layer) => layer.read(room),
            State::Closed(_) => Ok(0),
        }
    }
}

impl<R: Read> Read for Unpack<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.damage.is_some() {
            return Ok(0);
        }
        self.try_read(room).or_else(|error| {
            let own = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
            match own {
                Some(own) => Err(own),
                None if self.packing.is_some() => {
                    self.damage = Some(in_words(&error));
                    Ok(0)
                }
                None => Err(error),
            }
        })
    }
}

/// Decoders wrap the end of their input several times over.
fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    if error.kind() == ErrorKind::UnexpectedEof || text.contains("UnexpectedEof") {
        "its end is missing".to_owned()
    } else {
        text.replace(char::is_control, " ")
    }
}

impl<R: Read> std::fmt::Debug for Unpack<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpack").field("packing", &self.packing).field("damage", &self.damage).finish_non_exhaustive()
    }
}

/// The source, with its errors kept aside.
struct Tap<R> {
    source: R,
    kept: Kept,
}

impl<R: Read> Read for Tap<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.source.read(room) {
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let stand_in = io::Error::from(error.kind());
                    *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return Err(stand_in);
                }
            }
        }
    }
}

/// One layer of compression, or none.
enum Layer<R: Read> {
    Plain(Peeked<R>),
    Gzip(Box<MultiGzDecoder<Peeked<R>>>),
    Zstd(Box<Zstd<Peeked<R>>>),
}

impl<R: Read> Layer<R> {
    fn open(source: R) -> io::Result<Self> {
        let source = Peeked::new(source)?;
        Ok(match sniff::packing(source.head()) {
            None => Self::Plain(source),
            Some(Packing::Gzip) => Self::Gzip(Box::new(MultiGzDecoder::new(source))),
            Some(Packing::Zstd) => Self::Zstd(Box::new(Zstd::new(source))),
        })
    }

    fn packing(&self) -> Option<Packing> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(_) => Some(Packing::Gzip),
            Self::Zstd(_) => Some(Packing::Zstd),
        }
    }
}

impl<R: Read> Read for Layer<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(room),
            Self::Gzip(source) => source.read(room),
            Self::Zstd(source) => source.read(room),
        }
    }
}

/// A source whose first four bytes were looked at.
struct Peeked<R> {
    head: [u8; 4],
    given: usize,
    held: usize,
    source: R,
}

impl<R: Read> Peeked<R> {
    fn new(mut source: R) -> io::Result<Self> {
        let mut head = [0; 4];
        let mut held = 0;
        while let Some(room) = head.get_mut(held..)
            && !room.is_empty()
        {
            match source.read(room) {
                Ok(0) => break,
                Ok(read) => held += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { head, given: 0, held, source })
    }

    /// The bytes not yet given.
    fn head(&self) -> &[u8] {
        self.head.get(self.given..self.held).unwrap_or_default()
    }
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.given == self.held {
            return self.source.read(room);
        }
        let read = self.head().read(room)?;
        self.given += read;
        Ok(read)
    }
}

/// Frames of zstd one after another (RFC 8878 section 3), skippable ones passed over.
struct Zstd<R> {
    decoder: FrameDecoder,
    source: BufReader<R>,
    in_frame: bool,
    error: Option<io::Error>,
}

impl<R: Read> Zstd<R> {
    fn new(source: R) -> Self {
        let source = BufReader::with_capacity(1 << 16, source);
        Self { decoder: FrameDecoder::new(), source, in_frame: false, error: None }
    }

    /// Begins the next frame; `false` at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Decodes a block. Where that fails, an empty last block is put in its place: the decoder keeps
    /// back a window of what it has decoded, which may be the whole capture, until the frame ends.
    fn next_block(&mut self) {
        if let Err(error) = self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1)) {
            // Last block, raw, size 0; then room for a checksum, which nobody compares.
            const EMPTY_LAST: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
            self.error = Some(io::Error::other(error));
            if self.decoder.decode_blocks(&EMPTY_LAST[..], BlockDecodingStrategy::UptoBlocks(1)).is_err() {
                self.in_frame = false;
            }
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.in_frame && self.decoder.can_collect() > 0 {
                return self.decoder.read(room);
            }
            if self.in_frame && !self.decoder.is_finished() {
                self.next_block();
                continue;
            }
            self.in_frame = false;
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            if !self.next_frame()? {
                return Ok(0);
            }
            self.in_frame = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("into memory");
        encoder.finish().expect("into memory")
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn unpacked(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
        let mut unpack = Unpack::new(bytes);
        let mut out = Vec::new();
        unpack.read_to_end(&mut out).expect("damage is no error");
        (out, unpack.damage().map(str::to_owned))
    }

    fn sample() -> Vec<u8> {
        (0..150_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()).collect()
    }

    #[test]
    fn plain_bytes_pass() {
        assert_eq!(unpacked(b""), (Vec::new(), None));
        assert_eq!(unpacked(b"abc"), (b"abc".to_vec(), None));
        assert_eq!(unpacked(&sample()), (sample(), None));
    }

    #[test]
    fn layers_open_in_either_order_and_members_are_joined() {
        let bytes = sample();
        assert_eq!(unpacked(&gzip(&bytes)), (bytes.clone(), None));
        assert_eq!(unpacked(&zstd(&bytes)), (bytes.clone(), None));
        assert_eq!(unpacked(&gzip(&zstd(&bytes))), (bytes.clone(), None));
        let twice = [bytes.clone(), bytes.clone()].concat();
        assert_eq!(unpacked(&[gzip(&bytes), gzip(&bytes)].concat()), (twice.clone(), None));
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9].to_vec();
        assert_eq!(unpacked(&[skippable.clone(), zstd(&bytes), skippable, zstd(&bytes)].concat()), (twice, None));
    }

    #[test]
    fn what_stands_before_a_cut_is_given() {
        for packed in [gzip(&sample()), zstd(&sample())] {
            let (out, damage) = unpacked(&packed[..packed.len() / 2]);
            assert!(damage.is_some());
            assert!(out.len() > 100_000, "{}", out.len());
            assert!(sample().starts_with(&out));
        }
    }

    #[test]
    fn the_sources_own_error_is_not_taken_for_damage() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                if self.0 {
                    return Err(io::Error::other("the disk"));
                }
                self.0 = true;
                let head = gzip(&sample());
                head.as_slice().read(room)
            }
        }
        let mut unpack = Unpack::new(Broken(false));
        let error = unpack.read_to_end(&mut Vec::new()).expect_err("the disk broke");
        assert_eq!(error.to_string(), "the disk");
    }
}

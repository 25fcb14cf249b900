//! Records that are read later, all at once. Where nobody asks before the end, whoever follows connections need not read
//! what they say: whoever judges them does.

use crate::carrier::stream::Record;
use crate::role::Role;
use crate::seen::At;
use crate::session::builder::Builder;
use crate::session::builder::replay::Event;
use crate::tls::record::{ContentType, RecordHeader};

/// Bytes of records that wait, of one session: a handshake with long chains.
const BYTES: usize = 48 * 1024;
/// Records that wait.
const RECORDS: usize = 96;

/// Records that wait, in the order in which they came: of connections of which nobody asks how far they have come. Not
/// where there are keys, or where they may come late: then what is wanted of a record follows from those before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deferred {
    bytes: Vec<u8>,
    records: Vec<Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    from: Role,
    skipped: bool,
    header: RecordHeader,
    /// Its body ends here among all bytes.
    end: usize,
    first: At,
    last: At,
}

impl Deferred {
    /// Memory that is held, in bytes.
    pub(crate) const fn held(&self) -> usize {
        self.bytes.capacity() + self.records.capacity() * size_of::<Waiting>()
    }

    /// Whether the body of a record with that header is needed, as [`Builder::wants`] tells as long as nothing was read.
    pub(crate) fn wants(header: RecordHeader) -> bool {
        header.content_type != ContentType::APPLICATION_DATA
    }

    /// Takes a record; whether there was room.
    pub(crate) fn take(&mut self, from: Role, record: Record<'_>) -> bool {
        let Record { header, fragment, first, last, skipped } = record;
        let end = self.bytes.len().saturating_add(fragment.len());
        let has_room = end <= BYTES && self.records.len() < RECORDS;
        if has_room {
            self.bytes.extend_from_slice(fragment);
            self.records.push(Waiting { from, skipped, header, end, first, last });
        }
        has_room
    }
}

impl Builder {
    /// Begins with these records. They and those behind them are read when there are many, or when something else comes.
    #[must_use]
    pub(crate) fn at_leisure(mut self, records: Deferred) -> Self {
        self.deferred = Some(records);
        self
    }

    /// Something comes that is read now: what waits is read before it, and it is kept for keys that come late.
    pub(super) fn keep(&mut self, bytes: usize, make: impl FnOnce() -> Event) {
        self.catch_up();
        self.replay.keep(bytes, make);
    }

    /// Reads what waits to be read.
    pub(super) fn catch_up(&mut self) {
        let Some(deferred) = self.deferred.as_mut().filter(|deferred| !deferred.records.is_empty()) else { return };
        let Deferred { bytes, records } = std::mem::take(deferred);
        let mut begin = 0;
        for Waiting { from, skipped, header, end, first, last } in records {
            let fragment = bytes.get(begin..end).unwrap_or_default();
            begin = end;
            self.read_record(from, Record { header, fragment, first, last, skipped });
        }
    }
}

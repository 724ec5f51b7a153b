//! The journal: what was taken on and is not over yet, on disk before anything is sent.

use crate::{
    disk::Disk,
    record::{ClosedIntent, OpenRecord},
};
use redb::{Builder, Database, Durability, ReadableTable, Table, TableDefinition};
use solana_hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

/// Facts about the journal itself, by name.
const FACTS: TableDefinition<&str, &[u8]> = TableDefinition::new("facts");
/// Open intents, by number.
const OPEN: TableDefinition<u64, &[u8]> = TableDefinition::new("open");
/// Intents that are over, by number; the oldest are forgotten.
const CLOSED: TableDefinition<u64, &[u8]> = TableDefinition::new("closed");

/// Intents that are over and still remembered.
const REMEMBERED: u64 = 1_000;

/// Bytes with which a store's file begins.
const MARK_BYTES: usize = 8;

/// Memory for pages, bytes.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Why the journal can't be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("journal {name}: {reason}")]
pub struct JournalError {
    /// Where it lies.
    pub name: String,
    /// What went wrong.
    pub reason: String,
}

/// What a journal held when it was opened.
#[derive(Debug, Default)]
pub struct Replay {
    /// The chain that it belongs to, if it knows.
    pub genesis: Option<Hash>,
    /// The open intents, in order.
    pub open: Vec<OpenRecord>,
    /// The intents that are over, in order.
    pub closed: Vec<(u64, ClosedIntent)>,
}

/// One change of the journal.
pub(crate) enum Change<'a> {
    /// Writes an open intent, or what became of it.
    Put(&'a OpenRecord),
    /// Ends one.
    Close(u64, &'a ClosedIntent),
    /// Forgets one that was never taken.
    Forget(u64),
    /// Remembers the chain.
    Genesis(Hash),
}

/// A journal on a disk. After an error it is opened anew before the next change, so it goes on when the disk does.
pub struct Journal {
    disk: Arc<dyn Disk>,
    database: Mutex<Option<Database>>,
}

impl Journal {
    /// Opens the journal, or begins one.
    ///
    /// # Errors
    /// What is there is damaged, is no journal, or the disk fails. Nothing in it is passed over in silence.
    pub fn open(disk: Arc<dyn Disk>) -> Result<(Self, Replay), JournalError> {
        let journal = Self { disk, database: Mutex::new(None) };
        let replay = journal.replay()?;
        Ok((journal, replay))
    }

    fn failed(&self, reason: impl std::fmt::Display) -> JournalError {
        JournalError { name: self.disk.name(), reason: reason.to_string() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Database>> {
        self.database.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn open_database(&self) -> Result<Database, JournalError> {
        let backend = self.disk.open().map_err(|error| self.failed(error))?;
        if was_never_begun(backend.as_ref()).map_err(|error| self.failed(error))? {
            backend.set_len(0).map_err(|error| self.failed(error))?;
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.create_with_backend(Backend(backend)).map_err(|error| self.failed(error))?;
        Ok(database)
    }

    /// Reads everything, making the tables on the way.
    fn replay(&self) -> Result<Replay, JournalError> {
        self.change(|facts, open, closed| {
            let mut replay = Replay::default();
            if let Some(genesis) = facts.get("genesis").map_err(text)? {
                let bytes: [u8; 32] = genesis.value().try_into().map_err(|_| "its genesis hash is none")?;
                replay.genesis = Some(Hash::new_from_array(bytes));
            }
            for row in open.iter().map_err(text)? {
                let (id, bytes) = row.map_err(text)?;
                let record = OpenRecord::decode(id.value(), bytes.value());
                replay.open.push(record.map_err(|error| format!("open intent {}: {error}", id.value()))?);
            }
            for row in closed.iter().map_err(text)? {
                let (id, bytes) = row.map_err(text)?;
                let intent = ClosedIntent::decode(bytes.value());
                let intent = intent.map_err(|error| format!("closed intent {}: {error}", id.value()))?;
                replay.closed.push((id.value(), intent));
            }
            Ok(replay)
        })
    }

    /// Makes changes together or not at all; when this returns they are on the disk.
    pub(crate) fn write<'a>(
        &self,
        changes: impl IntoIterator<Item = &'a Change<'a>>,
    ) -> Result<(), JournalError> {
        self.change(|facts, open, closed| {
            for change in changes {
                match change {
                    Change::Put(record) => {
                        open.insert(record.id, record.encode().as_slice()).map_err(text)?;
                    }
                    Change::Forget(id) => {
                        open.remove(id).map_err(text)?;
                    }
                    Change::Close(id, intent) => {
                        open.remove(id).map_err(text)?;
                        closed.insert(id, intent.encode().as_slice()).map_err(text)?;
                        closed.retain_in(..id.saturating_sub(REMEMBERED), |_, _| false).map_err(text)?;
                    }
                    Change::Genesis(hash) => {
                        facts.insert("genesis", hash.to_bytes().as_slice()).map_err(text)?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Runs a transaction; a database that failed is not used again.
    fn change<T>(
        &self,
        work: impl FnOnce(&mut Facts, &mut Rows, &mut Rows) -> Result<T, String>,
    ) -> Result<T, JournalError> {
        let mut guard = self.lock();
        let database = match guard.take() {
            Some(database) => database,
            None => self.open_database()?,
        };
        let done = transact(&database, work).map_err(|reason| self.failed(reason))?;
        *guard = Some(database);
        Ok(done)
    }
}

/// Whether the machine went off while the file was made: the store writes its mark last, so there is none, and no record either.
fn was_never_begun(backend: &dyn redb::StorageBackend) -> std::io::Result<bool> {
    let length = usize::try_from(backend.len()?).map_err(std::io::Error::other)?;
    let mut mark = vec![0; length.min(MARK_BYTES)];
    backend.read(0, &mut mark)?;
    if length == 0 || mark.iter().any(|byte| *byte != 0) {
        return Ok(false);
    }
    let mut bytes = vec![0; length];
    backend.read(0, &mut bytes)?;
    let record = OpenRecord::TRACE;
    Ok(!bytes.windows(record.len()).any(|window| window == record))
}

type Facts<'a> = Table<'a, &'static str, &'static [u8]>;
type Rows<'a> = Table<'a, u64, &'static [u8]>;

fn transact<T>(
    database: &Database,
    work: impl FnOnce(&mut Facts, &mut Rows, &mut Rows) -> Result<T, String>,
) -> Result<T, String> {
    let mut transaction = database.begin_write().map_err(text)?;
    transaction.set_durability(Durability::Immediate).map_err(text)?;
    let done = {
        let mut facts = transaction.open_table(FACTS).map_err(text)?;
        let mut open = transaction.open_table(OPEN).map_err(text)?;
        let mut closed = transaction.open_table(CLOSED).map_err(text)?;
        work(&mut facts, &mut open, &mut closed)?
    };
    transaction.commit().map_err(text)?;
    Ok(done)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A backend that was chosen at run time.
#[derive(Debug)]
struct Backend(Box<dyn redb::StorageBackend>);

impl redb::StorageBackend for Backend {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> std::io::Result<()> {
        self.0.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        disk::Folder,
        record::{Ending, tests::open_record},
    };
    use std::path::Path;

    fn journal(path: &Path) -> Result<(Journal, Replay), JournalError> {
        Journal::open(Arc::new(Folder::lock(path).unwrap()))
    }

    fn closed(byte: u8) -> ClosedIntent {
        let subject = solana_address::Address::new_from_array([byte; 32]);
        ClosedIntent { subject, kind: "list".into(), ending: Ending::Expired, signature: None, slot: None }
    }

    #[test]
    fn what_was_written_is_there_when_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let genesis = Hash::new_from_array([6; 32]);
        {
            let (journal, replay) = journal(folder.path()).unwrap();
            assert!(replay.open.is_empty() && replay.closed.is_empty() && replay.genesis.is_none());
            let (one, two) = (open_record(1), open_record(2));
            journal.write(&[Change::Put(&one), Change::Put(&two), Change::Genesis(genesis)]).unwrap();
            journal.write(&[Change::Close(1, &closed(1))]).unwrap();
            journal.write(&[Change::Put(&open_record(3)), Change::Forget(3)]).unwrap();
        }
        let (_, replay) = journal(folder.path()).unwrap();
        assert_eq!(replay.open, [open_record(2)]);
        assert_eq!(replay.closed, [(1, closed(1))]);
        assert_eq!(replay.genesis, Some(genesis));
    }

    #[test]
    fn a_file_that_was_never_finished_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("journal.redb"), vec![0; 100_000]).unwrap();
        journal(folder.path()).unwrap().0.write(&[Change::Put(&open_record(1))]).unwrap();
        assert_eq!(journal(folder.path()).unwrap().1.open.len(), 1);
    }

    #[test]
    fn what_is_long_over_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = journal(folder.path()).unwrap();
        let over = closed(1);
        let ids = [1, 2, 1_001, 1_002];
        journal.write(&ids.map(|id| Change::Close(id, &over))).unwrap();
        let left: Vec<u64> = journal.replay().unwrap().closed.into_iter().map(|(id, _)| id).collect();
        assert_eq!(left, [2, 1_001, 1_002]);
    }

    #[test]
    fn a_damaged_journal_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal.redb");
        {
            let (journal, _) = journal(folder.path()).unwrap();
            let records: Vec<OpenRecord> = (0..50).map(open_record).collect();
            journal.write(&records.iter().map(Change::Put).collect::<Vec<_>>()).unwrap();
        }
        let good = std::fs::read(&file).unwrap();
        let needle = b"\"kind\":\"finish\"";
        let place = good.windows(needle.len()).position(|window| window == needle).unwrap();
        let mut flipped = good.clone();
        flipped[place + 9] ^= 1;
        let garbage = b"this is no journal at all, but it was found here".repeat(100);
        let mut wiped = good.clone();
        wiped[..512].fill(0);
        for damaged in [flipped, garbage, wiped, good[..good.len() / 2].to_vec()] {
            std::fs::write(&file, damaged).unwrap();
            let refused = journal(folder.path()).err().expect("damage is found").to_string();
            assert!(refused.contains(&file.display().to_string()), "{refused}");
        }
        std::fs::write(&file, good).unwrap();
        assert_eq!(journal(folder.path()).unwrap().1.open.len(), 50);
    }
}

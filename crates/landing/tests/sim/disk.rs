//! A disk that is full, tears writes and forgets what was not synced.

use grid_landing::disk::Disk;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use redb::StorageBackend;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

/// Bytes that a disk writes together or not at all.
const SECTOR: usize = 512;

#[derive(Default)]
struct State {
    durable: Vec<u8>,
    seen: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
    /// Raised by a crash: handles of before are dead.
    life: u64,
    dead: bool,
    full: bool,
    lazy: bool,
    operations: u64,
    dies_at: Option<u64>,
}

/// A disk. Clones are the same one.
#[derive(Clone, Default)]
pub struct FaultyDisk(Arc<Mutex<State>>);

impl FaultyDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Says that it has synced what it has not.
    pub fn make_lazy(&self) {
        self.state().lazy = true;
    }

    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// Dies before the operation of this number, counted from now.
    pub fn die_at(&self, operation: u64) {
        let mut state = self.state();
        state.dies_at = Some(state.operations + operation);
    }

    /// Operations until now.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Nothing reaches it any more.
    pub fn kill(&self) {
        self.state().dead = true;
    }

    /// Comes back after a crash: of what was not synced some is there, some torn, some lost.
    pub fn revive(&self, rng: &mut ChaCha8Rng) {
        let mut state = self.state();
        let unsynced = std::mem::take(&mut state.unsynced);
        for (offset, bytes) in unsynced {
            let length = match rng.random_range(0..4) {
                0 | 1 => bytes.len(),
                2 => rng.random_range(0..=bytes.len() / SECTOR) * SECTOR,
                _ => 0,
            };
            let end = (offset + length).min(state.durable.len());
            let Some(length) = end.checked_sub(offset) else { continue };
            state.durable[offset..end].copy_from_slice(&bytes[..length]);
        }
        if state.lazy {
            state.durable.clear();
        }
        state.seen = state.durable.clone();
        state.life += 1;
        state.dead = false;
        state.dies_at = None;
    }
}

impl State {
    fn operate(&mut self, life: u64) -> io::Result<()> {
        self.operations += 1;
        if self.dies_at.is_some_and(|operation| self.operations >= operation) {
            self.dead = true;
        }
        match self.dead || life != self.life {
            true => Err(io::Error::other("the machine is off")),
            false => Ok(()),
        }
    }
}

impl Disk for FaultyDisk {
    fn name(&self) -> String {
        "of the simulation".into()
    }

    fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
        let life = self.state().life;
        Ok(Box::new(Handle { disk: self.clone(), life }))
    }
}

/// The disk as one process has it open.
struct Handle {
    disk: FaultyDisk,
    life: u64,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "disk, life {}", self.life)
    }
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.disk.state();
        let found = state.seen.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(found.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.operate(self.life)?;
        if state.full && len as usize > state.seen.len() {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        state.seen.resize(len as usize, 0);
        state.durable.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.operate(self.life)?;
        if !state.lazy {
            for (offset, bytes) in std::mem::take(&mut state.unsynced) {
                let end = (offset + bytes.len()).min(state.durable.len());
                let Some(length) = end.checked_sub(offset) else { continue };
                state.durable[offset..end].copy_from_slice(&bytes[..length]);
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        state.operate(self.life)?;
        if state.full {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let offset = offset as usize;
        let target = state.seen.get_mut(offset..offset + data.len());
        target.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?.copy_from_slice(data);
        state.unsynced.push((offset, data.to_vec()));
        Ok(())
    }
}

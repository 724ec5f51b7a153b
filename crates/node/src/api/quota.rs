//! [`Quota`]: how much of the disk clients may fill.

use super::{UploadLimits, refusal::Refusal};
use axum::http::StatusCode;
use solana_address::Address;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const DAY_SECONDS: u64 = 86_400;

/// What uploads take, and what they may.
#[derive(Debug)]
pub(super) struct Quota {
    limits: UploadLimits,
    folder: PathBuf,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Uploads that are kept, bytes.
    held: u64,
    /// Uploads under way, bytes.
    coming: u64,
    /// What each key has pushed since its day began, Unix seconds and bytes.
    of_keys: HashMap<Address, (u64, u64)>,
}

/// Room for an upload. Dropped without [`keep`](Self::keep), it is given back.
#[derive(Debug)]
pub(super) struct Room {
    quota: Arc<Quota>,
    key: Address,
    bytes: u64,
    is_kept: bool,
}

impl Quota {
    pub(super) fn new(limits: UploadLimits, folder: PathBuf, held: u64) -> Self {
        Self { limits, folder, taken: Mutex::new(Taken { held, ..Taken::default() }) }
    }

    /// Notes what a sweep has left, bytes.
    pub(super) fn swept(&self, held: u64) {
        self.lock().held = held;
    }

    /// Room for `bytes` of `key` at `now`, Unix seconds.
    pub(super) fn reserve(self: &Arc<Self>, key: Address, bytes: u64, now: u64) -> Result<Room, Refusal> {
        // A disk that can't be asked does not stop uploads: it will say so itself when it is full.
        let free = rustix::fs::statvfs(&self.folder)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        self.lock().reserve(&self.limits, key, bytes, now, free)?;
        Ok(Room { quota: self.clone(), key, bytes, is_kept: false })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn reserve(
        &mut self,
        limits: &UploadLimits,
        key: Address,
        bytes: u64,
        now: u64,
        free: u64,
    ) -> Result<(), Refusal> {
        if bytes > limits.max_bytes {
            let message = format!(
                "The content has {bytes} bytes; this node takes at most {}: serve it to the node yourself.",
                limits.max_bytes
            );
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        self.of_keys.retain(|_, (since, _)| now.saturating_sub(*since) < DAY_SECONDS);
        let (since, pushed) = self.of_keys.get(&key).copied().unwrap_or((now, 0));
        let left = limits.key_bytes_per_day.saturating_sub(pushed);
        if bytes > left {
            let message = format!(
                "Key {key} may push {left} more bytes today, and the content has {bytes}: try again tomorrow, or serve it to the node yourself."
            );
            let wait = since.saturating_add(DAY_SECONDS).saturating_sub(now);
            return Err(Refusal::later(
                StatusCode::PAYLOAD_TOO_LARGE,
                wait.try_into().unwrap_or(u32::MAX),
                message,
            ));
        }
        let coming = self.coming.saturating_add(bytes);
        let is_too_much = self.held.saturating_add(coming) > limits.total_bytes
            || free < coming.saturating_add(limits.min_disk_free_bytes);
        if is_too_much {
            let message = format!(
                "This node has no room for {bytes} bytes now: try again later, or serve the content to it yourself."
            );
            return Err(Refusal::later(StatusCode::INSUFFICIENT_STORAGE, 600, message));
        }
        self.coming = coming;
        self.of_keys.insert(key, (since, pushed.saturating_add(bytes)));
        Ok(())
    }
}

impl Room {
    /// How much it is, bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes that the upload is kept; `is_new` unless the same bytes were there before.
    pub(super) fn keep(mut self, is_new: bool) {
        self.is_kept = true;
        if is_new {
            let mut taken = self.quota.lock();
            taken.held = taken.held.saturating_add(self.bytes);
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = self.quota.lock();
        taken.coming = taken.coming.saturating_sub(self.bytes);
        if !self.is_kept
            && let Some((_, pushed)) = taken.of_keys.get_mut(&self.key)
        {
            *pushed = pushed.saturating_sub(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    const LIMITS: UploadLimits = UploadLimits {
        max_bytes: 100,
        key_bytes_per_day: 150,
        total_bytes: 400,
        min_disk_free_bytes: 0,
        keep_seconds: 60,
        min_bytes_per_second: 0,
        idle_seconds: 1,
    };

    fn quota(limits: UploadLimits) -> (tempfile::TempDir, Arc<Quota>) {
        let folder = tempfile::tempdir().unwrap();
        let quota = Quota::new(limits, folder.path().to_owned(), 0);
        (folder, Arc::new(quota))
    }

    fn status(room: Result<Room, Refusal>) -> u16 {
        room.unwrap_err().into_response().status().as_u16()
    }

    #[test]
    fn a_key_has_its_day() {
        let (_folder, quota) = quota(LIMITS);
        let [a, b] = [1, 2].map(|byte| Address::new_from_array([byte; 32]));
        assert_eq!(status(quota.reserve(a, 101, 0)), 413);
        quota.reserve(a, 100, 0).unwrap().keep(true);
        assert_eq!(status(quota.reserve(a, 51, 10)), 413);
        quota.reserve(a, 50, DAY_SECONDS - 1).unwrap().keep(true);
        assert_eq!(status(quota.reserve(a, 1, DAY_SECONDS - 1)), 413);
        quota.reserve(b, 100, DAY_SECONDS - 1).unwrap().keep(true);
        quota.reserve(a, 100, DAY_SECONDS).unwrap().keep(true);
    }

    #[test]
    fn an_upload_that_fails_gives_its_room_back() {
        let (_folder, quota) = quota(LIMITS);
        let key = Address::new_from_array([1; 32]);
        for _ in 0..10 {
            drop(quota.reserve(key, 100, 0).unwrap());
        }
        let taken = quota.lock();
        assert_eq!((taken.coming, taken.held, taken.of_keys[&key].1), (0, 0, 0));
    }

    #[test]
    fn all_keys_together_have_the_total() {
        let (_folder, quota) = quota(LIMITS);
        let key = |byte| Address::new_from_array([byte; 32]);
        let rooms: Vec<Room> = (0..4).map(|byte| quota.reserve(key(byte), 100, 0).unwrap()).collect();
        assert_eq!(status(quota.reserve(key(9), 1, 0)), 507, "what is under way counts");
        rooms.into_iter().for_each(|room| room.keep(true));
        assert_eq!(status(quota.reserve(key(9), 1, 0)), 507);
        quota.swept(399);
        quota.reserve(key(9), 1, 0).unwrap().keep(false);
        assert_eq!(quota.lock().held, 399, "the same bytes again take no room");
    }

    #[test]
    fn the_disk_keeps_its_reserve() {
        let (_folder, quota) = quota(UploadLimits { min_disk_free_bytes: u64::MAX, ..LIMITS });
        assert_eq!(status(quota.reserve(Address::default(), 1, 0)), 507);
    }
}

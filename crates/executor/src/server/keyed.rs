//! [`KeyedLimit`]: so many at a time of each.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// How many of each key there may be at a time. Keys that have none take no memory.
#[derive(Clone, Debug)]
pub struct KeyedLimit<K: Eq + Hash> {
    limit: usize,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

/// Counts as one until it is dropped.
pub struct KeyedPermit<K: Eq + Hash> {
    key: K,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> KeyedLimit<K> {
    /// Grants `limit` of each key at a time.
    pub fn new(limit: usize) -> Self {
        Self { limit, counts: Arc::default() }
    }

    /// One more of `key`; `None` when there are as many as there may be.
    pub fn acquire(&self, key: K) -> Option<KeyedPermit<K>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&key).copied().unwrap_or_default();
        if count >= self.limit {
            return None;
        }
        counts.insert(key.clone(), count + 1);
        Some(KeyedPermit { key, counts: self.counts.clone() })
    }
}

impl<K: Eq + Hash> Drop for KeyedPermit<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

impl<K: Eq + Hash + fmt::Debug> fmt::Debug for KeyedPermit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyedPermit").field(&self.key).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_so_many_of_each_and_forgets_what_is_over() {
        let limit = KeyedLimit::new(2);
        let (first, second) = (limit.acquire("a"), limit.acquire("a"));
        assert!(first.is_some() && second.is_some() && limit.acquire("a").is_none());
        assert!(limit.acquire("b").is_some(), "others are not concerned");
        drop(first);
        let third = limit.acquire("a");
        assert!(third.is_some() && limit.acquire("a").is_none());
        drop((second, third));
        assert!(limit.counts.lock().unwrap().is_empty());
        assert!(KeyedLimit::new(0).acquire("a").is_none());
    }
}

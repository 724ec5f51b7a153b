//! Jobs that are being posted: a number is chosen and written down before anything is sent, so that a post that is tried again
//! does not list a second job.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

/// What was asked for. The same again, while it is not known whether the first one landed, is the same job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The project's address.
    pub project: String,
    /// The market's address.
    pub market: String,
    /// SHA-256 of the definition, hex.
    pub definition: String,
    /// Longest paid run, seconds.
    pub timeout_seconds: u32,
    /// Whether the job pays for time.
    pub service: bool,
    /// The device that it is for, if for one.
    pub device: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: u64,
    wanted: Wanted,
}

/// The folder of jobs that are being posted: a file a job, gone when it has landed.
pub struct Posts(PathBuf);

/// A job that is being posted by this process.
pub struct Post {
    /// Its number.
    pub id: u64,
    /// Whether an earlier try wrote the number down.
    pub is_retry: bool,
    path: PathBuf,
    /// Locked as long as this process posts it.
    _file: File,
}

impl Posts {
    /// The posts in a folder, which is made where there is none.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// Takes up an earlier try that nobody finished, or writes a new one down under `fresh_id`, or the next free number.
    pub fn begin(&self, wanted: &Wanted, fresh_id: u64) -> Result<Post> {
        if let Some(post) = self.unfinished(wanted)? {
            return Ok(post);
        }
        let mut id = fresh_id;
        loop {
            let path = self.path(&wanted.project, id);
            let context = || format!("writing {}", path.display());
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    file.lock().with_context(context)?;
                    let record = Record { id, wanted: wanted.clone() };
                    let text = serde_json::to_vec(&record)?;
                    file.write_all(&text).and_then(|()| file.sync_all()).with_context(context)?;
                    // The name lies in the folder, which is synced too.
                    File::open(&self.0).and_then(|folder| folder.sync_all()).with_context(context)?;
                    return Ok(Post { id, is_retry: false, path, _file: file });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => id = id.wrapping_add(1),
                Err(error) => return Err(error).with_context(context),
            }
        }
    }

    fn unfinished(&self, wanted: &Wanted) -> Result<Option<Post>> {
        let context = || format!("the folder {}", self.0.display());
        for entry in std::fs::read_dir(&self.0).with_context(context)? {
            let path = entry.with_context(context)?.path();
            let Some(record) = read(&path).filter(|record| record.wanted == *wanted) else { continue };
            let Ok(file) = File::open(&path) else { continue };
            match file.try_lock() {
                Ok(()) => return Ok(Some(Post { id: record.id, is_retry: true, path, _file: file })),
                // Another process posts it at this moment: it asked for a job of its own.
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error).with_context(context),
            }
        }
        Ok(None)
    }

    fn path(&self, project: &str, id: u64) -> PathBuf {
        self.0.join(format!("{project}-{id}.json"))
    }
}

/// A record; `None` for what a crash left half written, which was never sent.
fn read(path: &Path) -> Option<Record> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

impl Post {
    /// The job is on the chain, or never will be: the same again is another job.
    pub fn finish(self) -> Result<()> {
        std::fs::remove_file(&self.path).with_context(|| format!("removing {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(definition: &str) -> Wanted {
        Wanted {
            project: "P".into(),
            market: "M".into(),
            definition: definition.into(),
            timeout_seconds: 60,
            service: false,
            device: None,
        }
    }

    #[test]
    fn what_was_not_finished_is_taken_up_and_what_was_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let posts = Posts::open(folder.path().join("posts")).unwrap();
        let first = posts.begin(&wanted("a"), 7).unwrap();
        assert_eq!((first.id, first.is_retry), (7, false));
        drop(first); // the process ended before it knew whether the job landed

        let again = posts.begin(&wanted("a"), 9).unwrap();
        assert_eq!((again.id, again.is_retry), (7, true), "the same job");
        let other = posts.begin(&wanted("b"), 7).unwrap();
        assert_eq!((other.id, other.is_retry), (8, false), "another job takes another number");
        again.finish().unwrap();
        let new = posts.begin(&wanted("a"), 9).unwrap();
        assert_eq!((new.id, new.is_retry), (9, false), "the first has landed: this is a second job");
    }

    #[test]
    fn what_another_process_posts_now_is_no_earlier_try() {
        let folder = tempfile::tempdir().unwrap();
        let posts = Posts::open(folder.path()).unwrap();
        let first = posts.begin(&wanted("a"), 7).unwrap();
        let second = posts.begin(&wanted("a"), 7).unwrap();
        assert_eq!((first.id, second.id, second.is_retry), (7, 8, false));
    }

    #[test]
    fn what_a_crash_left_half_written_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("P-7.json"), "{\"id\":7,").unwrap();
        let posts = Posts::open(folder.path()).unwrap();
        let post = posts.begin(&wanted("a"), 7).unwrap();
        assert_eq!((post.id, post.is_retry), (8, false));
    }
}

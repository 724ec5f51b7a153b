//! [`Scratch`]: the folder that a job lives in.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, symlink},
    path::{Component, Path, PathBuf},
};

/// The folder of one job, made fresh and gone with the job:
///
/// | folder | what |
/// | --- | --- |
/// | `work` | where ops start: inputs and outputs lie here |
/// | `volumes/NAME` | one folder per volume |
/// | `tmp` | `TMPDIR` of the ops |
/// | `inputs/INDEX` | inputs that lie outside the job's folder, for those executors that can put them there |
/// | `runs/OP-ATTEMPT` | what an executor keeps of one start of an op |
/// | `log` | the job's log |
/// | `definition`, `journal` | what is needed to go on with the job after the worker was killed |
#[derive(Debug)]
pub struct Scratch {
    root: PathBuf,
}

/// A scratch folder that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The job's id cannot name a folder.
    #[error("\"{0}\" cannot be a job id here: use 1 to 128 letters, digits, \"-\" or \"_\"")]
    JobId(String),
    /// The file system refused.
    #[error("the job's folder {path}: {error}; check that the folder is writable and the disk has room")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the file system said.
        error: io::Error,
    },
}

impl Scratch {
    /// Makes the folder of the job `job_id` below `parent`. What an earlier run of the same job left is removed.
    pub fn create(parent: &Path, job_id: &str) -> Result<Self, ScratchError> {
        if !is_job_id(job_id) {
            return Err(ScratchError::JobId(job_id.to_owned()));
        }
        let root = parent.join(job_id);
        let make = || -> io::Result<PathBuf> {
            match fs::remove_dir_all(&root) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::create_dir_all(parent)?;
            for folder in ["", "work", "volumes", "tmp", "inputs", "runs"].map(|name| root.join(name)) {
                // For the worker's user only: what a job computes is its client's business.
                fs::DirBuilder::new().mode(0o700).create(folder)?;
            }
            root.canonicalize()
        };
        make()
            .map(|root| Self { root })
            .map_err(|error| ScratchError::Io { path: parent.join(job_id), error })
    }

    /// The folder of the job `job_id` below `parent` that an earlier run left behind, if it did.
    pub fn find(parent: &Path, job_id: &str) -> Result<Option<Self>, ScratchError> {
        if !is_job_id(job_id) {
            return Err(ScratchError::JobId(job_id.to_owned()));
        }
        let path = parent.join(job_id);
        match path.canonicalize() {
            Ok(root) => Ok(Some(Self { root })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ScratchError::Io { path, error }),
        }
    }

    /// The folders below `parent` that earlier runs left behind. A job that runs has one as well: ask only while
    /// none does.
    pub fn abandoned(parent: &Path) -> io::Result<Vec<Self>> {
        let entries = match fs::read_dir(parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() && entry.file_name().to_str().is_some_and(is_job_id) {
                found.push(Self { root: entry.path().canonicalize()? });
            }
        }
        Ok(found)
    }

    /// The id of the job.
    pub fn job_id(&self) -> &str {
        self.root.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The whole folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where ops start.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The ops' `TMPDIR`.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The job's log.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// The published definition.
    pub fn definition(&self) -> PathBuf {
        self.root.join("definition")
    }

    /// The job's journal.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// The file of an input that lies outside the job's folder, by its place in the definition.
    pub fn outside_input(&self, index: usize) -> PathBuf {
        self.root.join("inputs").join(index.to_string())
    }

    /// The folder of one start of an op, by the op's place in the definition and the number of earlier starts.
    pub fn run(&self, op_index: usize, attempt: u32) -> PathBuf {
        self.runs().join(format!("{op_index}-{attempt}"))
    }

    /// The folder that holds those of every start of an op.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// The folder of a volume.
    pub fn volume(&self, name: &str) -> PathBuf {
        self.volumes_folder().join(name)
    }

    /// The folder that holds those of every volume.
    pub fn volumes_folder(&self) -> PathBuf {
        self.root.join("volumes")
    }

    /// Makes the folder of a volume, or finds it made.
    pub fn create_volume(&self, name: &str) -> io::Result<()> {
        match fs::create_dir(self.volume(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// The volumes there are, by name.
    pub(crate) fn volumes(&self) -> io::Result<Vec<String>> {
        fs::read_dir(self.volumes_folder())?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    /// Makes `relative` below the work folder and gives its real path. Fails where a link on the way leads out of
    /// the job's folder.
    pub fn make_work_folder(&self, relative: &Path) -> io::Result<PathBuf> {
        let mut path = self.work();
        for component in relative.components() {
            match component {
                Component::CurDir => continue,
                Component::Normal(name) => path.push(name),
                _ => return Err(leaves(relative)),
            }
            match fs::create_dir(&path) {
                // A folder, or a link that is followed only where it stays inside.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
            path = self.inside(&path)?;
        }
        Ok(path)
    }

    /// Links `relative` below the work folder to the volume `name`.
    pub fn link_volume(&self, name: &str, relative: &Path) -> io::Result<()> {
        let (parent, file) = match (relative.parent(), relative.file_name()) {
            (Some(parent), Some(file)) => (parent, file),
            _ => return Err(leaves(relative)),
        };
        let (target, link) = (self.volume(name), self.make_work_folder(parent)?.join(file));
        match symlink(&target, &link) {
            Err(error) if fs::read_link(&link).ok().as_deref() != Some(target.as_path()) => Err(error),
            _ => Ok(()),
        }
    }

    /// The real path of `path`, which must lie in the job's folder.
    pub fn inside(&self, path: &Path) -> io::Result<PathBuf> {
        let real = path.canonicalize()?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(leaves(path)) }
    }

    /// Removes everything but the job's journal and the definition.
    pub fn empty(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let path = entry.path();
            if path == self.journal() || path == self.definition() {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(path)?,
                false => fs::remove_file(path)?,
            }
        }
        Ok(())
    }

    /// Removes the folder with everything in it.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.root)
    }
}

fn is_job_id(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=128).contains(&text.len()) && text.chars().all(good)
}

fn leaves(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{} leads out of the job's folder", path.display()),
    )
}

/// The lengths of all files below `folder`, in bytes. What cannot be read counts as nothing: files come and go while
/// a job runs.
pub(super) fn folder_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_id_cannot_climb() {
        let parent = tempfile::tempdir().unwrap();
        for id in ["", ".", "..", "a/b", "../x", "a b", &"x".repeat(129)] {
            assert!(matches!(Scratch::create(parent.path(), id), Err(ScratchError::JobId(_))), "{id}");
        }
    }

    #[test]
    fn a_second_run_starts_empty() {
        let parent = tempfile::tempdir().unwrap();
        let first = Scratch::create(parent.path(), "job").unwrap();
        fs::write(first.work().join("left"), "over").unwrap();
        let second = Scratch::create(parent.path(), "job").unwrap();
        assert_eq!(fs::read_dir(second.work()).unwrap().count(), 0);
        second.remove().unwrap();
        assert!(!parent.path().join("job").exists());
    }

    #[test]
    fn links_that_lead_out_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(parent.path(), "job").unwrap();
        symlink(parent.path(), scratch.work().join("out")).unwrap();
        assert!(scratch.make_work_folder(Path::new("out/new")).is_err());
        assert!(!parent.path().join("new").exists());
        assert!(scratch.link_volume("v", Path::new("out/link")).is_err());
        assert!(scratch.inside(&scratch.work().join("out")).is_err());
        assert!(scratch.make_work_folder(Path::new("../x")).is_err());

        scratch.create_volume("v").unwrap();
        scratch.link_volume("v", Path::new("data/v")).unwrap();
        scratch.link_volume("v", Path::new("data/v")).unwrap();
        fs::write(scratch.work().join("data/v/file"), "1234").unwrap();
        assert_eq!(fs::read_to_string(scratch.volume("v").join("file")).unwrap(), "1234");
        assert_eq!(scratch.volumes().unwrap(), ["v"]);
    }
}

//! Outputs become artifacts: a file as its bytes, a folder as a tar that is the same for the same content.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{JobEvent, OnEvent, PreparedJob, Workplace};
use crate::{
    definition::Output,
    exec::Scratch,
    result::{ArtifactKind, ArtifactRecord, ErrorCode, ErrorRecord},
    store::{ContentStore, StoreError},
};

/// Stores every output. A missing one is an error where `must_exist` is set, that is, where every op ended well.
pub(super) async fn collect(
    job: &PreparedJob,
    workplace: &Workplace,
    must_exist: bool,
    on_event: OnEvent<'_>,
) -> Result<(Vec<ArtifactRecord>, Vec<ErrorRecord>), StoreError> {
    let (mut artifacts, mut errors) = (Vec::new(), Vec::new());
    for (index, output) in job.request.definition.outputs.iter().enumerate() {
        let packed = pack(&job.scratch, output, index, workplace.max_artifact_bytes).await;
        let (kind, path) = match packed {
            Ok(packed) => packed,
            Err(error) if error.code == ErrorCode::OutputMissing && !must_exist => continue,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        let (sha256, size_bytes) = workplace.store.put_file(&path).await?;
        let artifact = ArtifactRecord { name: output.name.clone(), kind, sha256, size_bytes };
        on_event(JobEvent::ArtifactStored { artifact: &artifact });
        artifacts.push(artifact);
    }
    Ok((artifacts, errors))
}

/// The file that holds an output's bytes.
async fn pack(
    scratch: &Scratch,
    output: &Output,
    index: usize,
    max_bytes: u64,
) -> Result<(ArtifactKind, PathBuf), ErrorRecord> {
    let error = |problem: Problem| problem.record(output);
    let path = scratch.work().join(&output.path);
    let real = match scratch.inside(&path) {
        Err(failed) if failed.kind() == io::ErrorKind::PermissionDenied => {
            return Err(error(Problem::Unsafe("leads out of the job's folder".to_owned())));
        }
        found => found.map_err(|failed| error(failed.into()))?,
    };
    let metadata = fs::symlink_metadata(&real).map_err(|failed| error(failed.into()))?;
    if metadata.is_file() {
        return match metadata.len() {
            size_bytes if size_bytes > max_bytes => Err(error(Problem::TooLarge(max_bytes))),
            _ => Ok((ArtifactKind::File, real)),
        };
    }
    if !metadata.is_dir() {
        return Err(error(Problem::Unsafe("is neither a file nor a folder".to_owned())));
    }
    let tar = scratch.root().join(format!("output-{index}.tar"));
    // What a worker that was killed had begun to pack.
    let _ = fs::remove_file(&tar);
    let packed = {
        let (folder, tar) = (real, tar.clone());
        tokio::task::spawn_blocking(move || pack_folder(&folder, &tar, max_bytes)).await
    };
    match packed {
        Ok(Ok(())) => Ok((ArtifactKind::FolderTar, tar)),
        Ok(Err(problem)) => Err(error(problem)),
        Err(failed) => Err(error(io::Error::other(failed).into())),
    }
}

/// What is wrong with an output.
#[derive(Debug)]
enum Problem {
    Unsafe(String),
    TooLarge(u64),
    Io(io::Error),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Problem {
    fn record(self, output: &Output) -> ErrorRecord {
        let (code, problem) = match self {
            Self::Unsafe(problem) => (ErrorCode::OutputUnsafe, problem),
            Self::TooLarge(limit) => (ErrorCode::OutputTooLarge, format!("is larger than {limit} bytes")),
            Self::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                (ErrorCode::OutputMissing, "is not there".to_owned())
            }
            Self::Io(error) => (ErrorCode::OutputUnreadable, format!("cannot be read: {error}")),
        };
        ErrorRecord::new(code, format!("the output \"{}\" at \"{}\" {problem}", output.name, output.path))
    }
}

/// Writes the folder's content to `tar`: entries sorted by name, no owner, no times, permissions reduced to
/// executable or not. The same content gives the same bytes.
fn pack_folder(folder: &Path, tar: &Path, max_bytes: u64) -> Result<(), Problem> {
    let mut builder = tar::Builder::new(io::BufWriter::new(File::create_new(tar)?));
    let mut left_bytes = max_bytes;
    append(&mut builder, folder, Path::new(""), &mut left_bytes).map_err(|problem| match problem {
        Problem::TooLarge(_) => Problem::TooLarge(max_bytes),
        problem => problem,
    })?;
    builder.into_inner()?.into_inner().map_err(|error| error.into_error())?;
    Ok(())
}

fn append(
    builder: &mut tar::Builder<impl io::Write>,
    root: &Path,
    below: &Path,
    left_bytes: &mut u64,
) -> Result<(), Problem> {
    let mut names = fs::read_dir(root.join(below))?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let relative = below.join(name);
        let path = root.join(&relative);
        let metadata = fs::symlink_metadata(&path)?;
        let mut header = tar::Header::new_gnu();
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mode(0o644);
        header.set_size(0);
        if metadata.is_symlink() {
            let target = fs::read_link(&path)?;
            if target.is_absolute() || !path.canonicalize()?.starts_with(root) {
                return Err(Problem::Unsafe(format!(
                    "holds a link that leads out of it, {}",
                    relative.display()
                )));
            }
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, &relative, &target)?;
        } else if metadata.is_dir() {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(0o755);
            builder.append_data(&mut header, &relative, io::empty())?;
            append(builder, root, &relative, left_bytes)?;
        } else if metadata.is_file() {
            let size_bytes = metadata.len();
            *left_bytes = left_bytes.checked_sub(size_bytes).ok_or(Problem::TooLarge(0))?;
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(size_bytes);
            if metadata.permissions().mode() & 0o100 != 0 {
                header.set_mode(0o755);
            }
            let mut counted = Counted { inner: File::open(&path)?.take(size_bytes), count: 0 };
            builder.append_data(&mut header, &relative, &mut counted)?;
            if counted.count != size_bytes {
                return Err(
                    io::Error::other(format!("{} changed while it was read", relative.display())).into()
                );
            }
        } else {
            let problem = format!("holds {}, which is neither a file nor a folder", relative.display());
            return Err(Problem::Unsafe(problem));
        }
    }
    Ok(())
}

/// A reader that counts.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, time::SystemTime};

    use super::*;

    fn tar_of(folder: &Path, max_bytes: u64) -> Result<Vec<u8>, Problem> {
        let place = tempfile::tempdir().unwrap();
        let tar = place.path().join("tar");
        pack_folder(&folder.canonicalize().unwrap(), &tar, max_bytes)?;
        Ok(fs::read(tar).unwrap())
    }

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for name in names {
            fs::write(folder.path().join(name), format!("content of {name}")).unwrap();
        }
        symlink("sub/c", folder.path().join("link")).unwrap();
        folder
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let first = folder_with(&["a", "b", "sub/c"]);
        let second = folder_with(&["sub/c", "b", "a"]);
        let file = File::options().write(true).open(second.path().join("a")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        fs::set_permissions(second.path().join("a"), fs::Permissions::from_mode(0o600)).unwrap();
        let bytes = tar_of(first.path(), 1000).unwrap();
        assert_eq!(bytes, tar_of(second.path(), 1000).unwrap());

        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!(
                    (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()),
                    (0, 0, 0)
                );
                entry.path().unwrap().display().to_string()
            })
            .collect();
        assert_eq!(entries, ["a", "b", "link", "sub", "sub/c"]);
    }

    #[test]
    fn a_change_of_content_or_name_shows() {
        let folder = folder_with(&["a", "sub/c"]);
        let before = tar_of(folder.path(), 1000).unwrap();
        fs::write(folder.path().join("a"), "other").unwrap();
        let after = tar_of(folder.path(), 1000).unwrap();
        assert_ne!(before, after);
        fs::rename(folder.path().join("a"), folder.path().join("z")).unwrap();
        assert_ne!(after, tar_of(folder.path(), 1000).unwrap());
    }

    #[test]
    fn long_names_are_kept() {
        let folder = folder_with(&["sub/c"]);
        let long = "n".repeat(200);
        fs::write(folder.path().join("sub").join(&long), "x").unwrap();
        let bytes = tar_of(folder.path(), 1000).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let found = archive.entries().unwrap().any(|entry| entry.unwrap().path().unwrap().ends_with(&long));
        assert!(found);
    }

    #[test]
    fn links_that_lead_out_are_refused() {
        let folder = folder_with(&["sub/c"]);
        symlink("/etc", folder.path().join("sub/absolute")).unwrap();
        assert!(matches!(tar_of(folder.path(), 1000), Err(Problem::Unsafe(_))));
        // Also one that leads inside by its absolute path: on another machine it leads anywhere.
        fs::remove_file(folder.path().join("sub/absolute")).unwrap();
        symlink(folder.path().canonicalize().unwrap().join("sub/c"), folder.path().join("sub/absolute"))
            .unwrap();
        assert!(matches!(tar_of(folder.path(), 1000), Err(Problem::Unsafe(_))));
        fs::remove_file(folder.path().join("sub/absolute")).unwrap();
        symlink("../..", folder.path().join("sub/up")).unwrap();
        assert!(matches!(tar_of(folder.path(), 1000), Err(Problem::Unsafe(_))));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = folder_with(&["sub/c"]);
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        assert!(matches!(tar_of(folder.path(), 1000), Err(Problem::Unsafe(_))));
    }

    #[test]
    fn too_large_is_refused() {
        let folder = folder_with(&["a", "sub/c"]);
        assert!(matches!(tar_of(folder.path(), 10), Err(Problem::TooLarge(10))));
    }
}

//! Files on their way into containers and out of them, as tar streams through the engine: nothing of this machine is
//! mounted into a container, and no file that a container made has to be touched as its owner.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use bollard::{
    Docker, body_try_stream,
    errors::Error,
    query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder},
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tar::{Archive, Builder, EntryType, Header};
use tokio::sync::mpsc;

use super::engine::is_status;
use crate::{definition::Output, result::ErrorCode, result::ErrorRecord};

/// What a tar of something has beyond its content at most, per byte of content: many small files have much.
const TAR_OVERHEAD: u64 = 1 << 30;

/// One thing to put into a container.
pub(super) enum Upload {
    /// A folder that everybody may write.
    Folder(PathBuf),
    /// A file of this machine that everybody may read.
    File {
        /// What it is called in the container, relative to where all goes.
        to: PathBuf,
        /// Where it lies on this machine.
        from: PathBuf,
    },
}

/// Puts `uploads` into the container, below `folder`.
pub(super) async fn upload(
    docker: &Docker,
    container: &str,
    folder: &str,
    uploads: Vec<Upload>,
) -> Result<(), Error> {
    let (sender, receiver) = mpsc::channel(4);
    let packing = tokio::task::spawn_blocking(move || {
        let mut builder = Builder::new(Chunks(sender.clone()));
        if let Err(error) = pack(&mut builder, &uploads) {
            // Nobody who listens any more has an error of their own.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let chunks = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let options = UploadToContainerOptionsBuilder::default().path(folder).build();
    let uploaded = docker.upload_to_container(container, Some(options), body_try_stream(chunks)).await;
    packing.await.map_err(|error| Error::IOError { err: io::Error::other(error) })?;
    uploaded
}

fn pack(builder: &mut Builder<Chunks>, uploads: &[Upload]) -> io::Result<()> {
    for upload in uploads {
        let mut header = Header::new_gnu();
        match upload {
            Upload::Folder(to) => {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(0o777);
                header.set_size(0);
                builder.append_data(&mut header, to, io::empty())?;
            }
            Upload::File { to, from } => {
                let file = File::open(from)?;
                header.set_mode(0o666);
                header.set_size(file.metadata()?.len());
                builder.append_data(&mut header, to, BufReader::new(file))?;
            }
        }
    }
    builder.finish()
}

/// What is written, in chunks for somebody else.
struct Chunks(mpsc::Sender<io::Result<Bytes>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Brings `output`, which lies below `folder` in the container, to its place in `work`. What is not there is left out.
/// `staging` is a file to be used on the way.
pub(super) async fn bring_home(
    docker: &Docker,
    container: &str,
    folder: &str,
    output: &Output,
    work: &Path,
    staging: &Path,
    max_bytes: u64,
) -> Result<(), ErrorRecord> {
    let problem = |code: ErrorCode, problem: &dyn std::fmt::Display| {
        ErrorRecord::new(code, format!("the output \"{}\" at \"{}\" {problem}", output.name, output.path))
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        problem(ErrorCode::OutputUnreadable, &format!("cannot be read: {error}"))
    };
    let path = Path::new(folder).join(&output.path);
    let options = DownloadFromContainerOptionsBuilder::default().path(&path.to_string_lossy()).build();
    let mut chunks = docker.download_from_container(container, Some(options)).boxed();
    let mut file = File::create(staging).map_err(|error| unreadable(&error))?;
    let limit = max_bytes.saturating_add(TAR_OVERHEAD);
    let mut size_bytes = 0;
    loop {
        match chunks.try_next().await {
            Ok(None) => break,
            Ok(Some(chunk)) => {
                size_bytes += chunk.len() as u64;
                if size_bytes > limit {
                    let reason = format!("is larger than {max_bytes} bytes");
                    return Err(problem(ErrorCode::OutputTooLarge, &reason));
                }
                file.write_all(&chunk).map_err(|error| unreadable(&error))?;
            }
            Err(error) if size_bytes == 0 && is_status(&error, 404) => return Ok(()),
            Err(error) => return Err(unreadable(&error)),
        }
    }
    drop((chunks, file));
    let (staging, to) = (staging.to_owned(), work.join(&output.path));
    let unpacked = tokio::task::spawn_blocking(move || unpack(&staging, &to)).await;
    match unpacked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Unpack::Special)) => {
            Err(problem(ErrorCode::OutputUnsafe, &"is or holds what is neither file, folder nor link"))
        }
        Ok(Err(Unpack::Io(error))) => Err(unreadable(&error)),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Why an output cannot be unpacked.
enum Unpack {
    Special,
    Io(io::Error),
}

impl From<io::Error> for Unpack {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Unpacks an archive of one file or folder to `to`. The archive comes from a stranger's container.
fn unpack(archive: &Path, to: &Path) -> Result<(), Unpack> {
    let parent = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    // What a worker that was killed had begun to unpack.
    match fs::symlink_metadata(to) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(to)?,
        Ok(_) => fs::remove_file(to)?,
        Err(_) => {}
    }
    for entry in Archive::new(File::open(archive)?).entries()? {
        match entry?.header().entry_type() {
            EntryType::Regular
            | EntryType::Continuous
            | EntryType::Directory
            | EntryType::Symlink
            | EntryType::Link
            | EntryType::GNUSparse
            | EntryType::XHeader
            | EntryType::XGlobalHeader => {}
            _ => return Err(Unpack::Special),
        }
    }
    // Of what lies outside `parent`, and of what leads there, nothing is written; owners and special bits are not
    // kept.
    let mut unpacked = Archive::new(File::open(archive)?);
    unpacked.set_preserve_mtime(false);
    unpacked.unpack(parent)?;
    fs::remove_file(archive)?;
    Ok(())
}

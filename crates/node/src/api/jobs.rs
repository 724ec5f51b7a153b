//! `/jobs/ADDRESS` and its log: for the client of the job.

use super::{Shared, refusal::Refusal};
use crate::view::LogFile;
use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use grid_executor::{CancellationToken, server::KeyedPermit};
use grid_node_api::report::JobReport;
use prometheus_client::metrics::gauge::Gauge;
use rustix::fs::OFlags;
use serde::Deserialize;
use solana_address::Address;
use std::{
    io::{self, SeekFrom},
    sync::Arc,
    time::Duration,
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
    time::Instant,
};

/// Time between two looks for more of a log.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// How long a log is followed in one answer: a reader that has gone without a word is noticed at the latest then.
const MAX_FOLLOW: Duration = Duration::from_secs(3_600);
/// Most of a log that is sent at a time, bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// What the worker knows of a job.
pub(super) async fn job(
    State(shared): State<Arc<Shared>>,
    Path(job): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (job, _) = admit(&shared, &job, &request.into_parts().0).await?;
    let mut response = Json(job).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What is wanted of a log.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// The first byte.
    from: u64,
    /// 1 to stay until the job ends, 0 for what is there.
    follow: u8,
}

/// The log of a job, from a byte on.
pub(super) async fn log(
    State(shared): State<Arc<Shared>>,
    Path(job): Path<String>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Ok(Query(Wanted { from, follow: follow @ (0 | 1) })) = wanted else {
        let message = "Ask for /jobs/ADDRESS/log?from=BYTE&follow=1; follow is 0 or 1.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    };
    let (job, key) = admit(&shared, &job, &request.into_parts().0).await?;
    let address = job.job;
    let gone = || Refusal::not_found(format!("This node has no log of job {address}."));
    let log = shared.parts.overview.log(&address).ok_or_else(gone)?;
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => gone(),
        _ => {
            tracing::warn!(%error, job = %address, "a log cannot be read");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "This node cannot read the log.")
        }
    };
    let (mut file, size_bytes) = open_log(&log.path).await.map_err(unreadable)?;
    let may_grow = follow == 1 && !log.ended.is_cancelled();
    if from > size_bytes && !may_grow {
        let message = format!("The log has {size_bytes} bytes: ask from there or before.");
        return Err(Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, message));
    }
    file.seek(SeekFrom::Start(from)).await.map_err(unreadable)?;
    let mut response = match follow {
        1 => Response::new(follow_log(&shared, key, file, &log)?),
        _ => {
            let bytes = tokio_util::io::ReaderStream::new(file.take(size_bytes - from));
            let mut response = Response::new(Body::from_stream(bytes));
            response.headers_mut().insert(header::CONTENT_LENGTH, (size_bytes - from).into());
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // So that a proxy passes each line on at once.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// Opens a log and gives its size, bytes. It lies where a job may write: what a job has put in its place, a link to a file of
/// the worker's or a pipe, is not opened.
async fn open_log(path: &std::path::Path) -> io::Result<(File, u64)> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path).await?;
    let metadata = file.metadata().await?;
    match metadata.is_file() {
        true => Ok((file, metadata.len())),
        false => Err(io::Error::other("the log is no file")),
    }
}

/// Finds a job that is here and whose client asks; says who that is.
async fn admit(shared: &Shared, job: &str, parts: &Parts) -> Result<(JobReport, Address), Refusal> {
    let job: Address = job.parse().map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "Ask for /jobs/ADDRESS: the job's account, in base58.")
    })?;
    let proof = shared.verify(parts, None)?;
    let jobs = shared.parts.overview.report().jobs;
    let found = jobs.into_iter().find(|known| known.job == job);
    let found = found.ok_or_else(|| Refusal::not_found(format!("Job {job} is not on this node.")))?;
    shared.permits.may_read(proof.key(), found.project).await?;
    Ok((found, shared.spend(proof)?))
}

/// A log that is being followed.
struct Followed {
    file: File,
    ended: CancellationToken,
    stop: CancellationToken,
    until: Instant,
    _permits: (KeyedPermit<Option<Address>>, KeyedPermit<()>),
    _counted: Counted,
}

/// Counts as a reader until it is dropped.
struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn follow_log(shared: &Shared, key: Address, file: File, log: &LogFile) -> Result<Body, Refusal> {
    let busy = |message: String| Refusal::later(StatusCode::SERVICE_UNAVAILABLE, 10, message);
    let of_key = shared.following.acquire(Some(key)).ok_or_else(|| {
        busy(format!("Key {key} follows too many logs at a time: close one, or ask without follow."))
    })?;
    let of_all = shared.followed.acquire(()).ok_or_else(|| {
        busy("This node has too many logs followed: ask without follow, or try again later.".to_owned())
    })?;
    let gauge = shared.parts.metrics.log_readers().clone();
    gauge.inc();
    let followed = Followed {
        file,
        ended: log.ended.clone(),
        stop: shared.stop.clone(),
        until: Instant::now() + MAX_FOLLOW,
        _permits: (of_key, of_all),
        _counted: Counted(gauge),
    };
    let pieces = stream::try_unfold(followed, async |mut followed| {
        Ok::<_, io::Error>(followed.next().await?.map(|piece| (piece, followed)))
    });
    Ok(Body::from_stream(pieces))
}

impl Followed {
    /// The next piece; `None` when the job has ended and all was sent. An error, which breaks the answer off, when it has
    /// not: so a reader can tell the one from the other.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            // Before reading: what was written until then is read below.
            let has_ended = self.ended.is_cancelled();
            let count = self.file.read(&mut piece).await?;
            if count > 0 {
                piece.truncate(count);
                return Ok(Some(piece.into()));
            }
            if has_ended {
                return Ok(None);
            }
            if Instant::now() >= self.until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(io::ErrorKind::ConnectionAborted.into()),
                () = self.ended.cancelled() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }
}

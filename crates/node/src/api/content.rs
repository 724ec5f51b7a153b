//! `/content/SHA256`: bytes by their digest.

use super::{Shared, permits::Denied, quota::Room, refusal::Refusal};
use axum::{
    body::Body,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use grid_executor::{Digest, StoreError};
use serde::Deserialize;
use solana_address::Address;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// Most of a refused body that is read, so that its sender comes to hear why, bytes.
const DRAIN_BYTES: usize = 1 << 20;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// `GET`, `HEAD`: whoever knows the digest of a result gets the bytes. Of an upload only `HEAD` tells that it is there: what
/// strangers push is not published.
pub(super) async fn read(
    State(shared): State<Arc<Shared>>,
    Path(digest): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let digest = parse(&digest)?;
    let answer = shared.parts.results.answer(&method, digest, &headers).await;
    let answer = match (answer.status(), &method) {
        (StatusCode::NOT_FOUND, &Method::HEAD) => {
            shared.parts.uploads.answer(&method, digest, &headers).await
        }
        _ => answer,
    };
    Ok(answer.map(Body::new))
}

/// The job that content is pushed for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct For {
    job: String,
}

/// `PUT`: the client of an open job gives what it needs.
pub(super) async fn push(
    State(shared): State<Arc<Shared>>,
    Path(digest): Path<String>,
    query: Result<Query<For>, QueryRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let admitted = admit(&shared, &digest, query.ok().map(|Query(query)| query), &parts).await;
    let (digest, room) = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => {
            // Who asks first has not sent anything yet.
            if !parts.headers.contains_key(header::EXPECT) {
                drain(body).await;
            }
            return refusal.into_response();
        }
    };
    match receive(&shared, digest, room, body).await {
        Ok(status) => status.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Room for an upload, and the right to one of so many at a time.
type Admission = (Room, grid_executor::server::KeyedPermit<Address>);

/// All that is checked before the first byte of the body is read.
async fn admit(
    shared: &Shared,
    digest: &str,
    query: Option<For>,
    parts: &Parts,
) -> Result<(Digest, Admission), Refusal> {
    let digest = parse(digest)?;
    let job = query.and_then(|query| query.job.parse::<Address>().ok()).ok_or_else(|| {
        Refusal::new(StatusCode::BAD_REQUEST, "Say which job needs it: PUT /content/SHA256?job=ADDRESS.")
    })?;
    let proof = shared.verify(parts, Some(digest))?;
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length: u64 = length.ok_or_else(|| {
        Refusal::new(StatusCode::LENGTH_REQUIRED, "Say how many bytes come: send Content-Length.")
    })?;
    let report = shared.parts.overview.report();
    shared.permits.may_push(proof.key(), job, &report).await?;
    let key = shared.spend(proof)?;
    let permit = shared.uploading.acquire(key).ok_or_else(|| {
        let message = format!("Key {key} is pushing too much at a time: wait until one upload is done.");
        Refusal::later(StatusCode::TOO_MANY_REQUESTS, 5, message)
    })?;
    let room = shared.quota.reserve(key, length, (shared.parts.clock)())?;
    Ok((digest, (room, permit)))
}

async fn receive(
    shared: &Shared,
    digest: Digest,
    (room, _permit): Admission,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let limits = &shared.config.uploads;
    let uploads = &shared.parts.uploads;
    let is_new = !tokio::fs::try_exists(uploads.path_of(digest)).await.unwrap_or_default();
    let mut upload = uploads.upload(digest, room.bytes()).await?;
    let mut body = body.into_data_stream();
    let idle = Duration::from_secs(limits.idle_seconds);
    let least = room.bytes().checked_div(limits.min_bytes_per_second);
    let deadline = least
        .and_then(|seconds| Instant::now().checked_add(idle.saturating_add(Duration::from_secs(seconds))));
    loop {
        let next = timeout(idle, body.next());
        let piece = match deadline {
            Some(deadline) => timeout_at(deadline, next).await.and_then(|inner| inner),
            None => next.await,
        };
        match piece {
            Ok(Some(Ok(piece))) => upload.write(piece).await?,
            Ok(Some(Err(error))) => {
                tracing::debug!(%digest, %error, "an upload broke off");
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "The body broke off: nothing was kept."));
            }
            Ok(None) => break,
            Err(_) => {
                let message = format!(
                    "The body came too slowly, and nothing was kept: this node waits {} s for the next byte and wants {} bytes a second.",
                    limits.idle_seconds, limits.min_bytes_per_second
                );
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, message));
            }
        }
    }
    let size_bytes = upload.finish().await.map_err(|error: StoreError| Refusal::from(error))?;
    room.keep(is_new);
    shared.parts.metrics.uploaded(size_bytes);
    Ok(if is_new { StatusCode::CREATED } else { StatusCode::OK })
}

/// Reads some of a body that is not wanted: a connection that is closed under a sender's hands loses the answer.
async fn drain(body: Body) {
    let read = async {
        let (mut body, mut left) = (body.into_data_stream(), DRAIN_BYTES);
        while let Some(Ok(piece)) = body.next().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                break;
            }
        }
    };
    // Whether it came to an end does not matter.
    let _ = timeout(DRAIN_TIME, read).await;
}

fn parse(digest: &str) -> Result<Digest, Refusal> {
    digest.parse().map_err(|_| {
        let message = "Ask for /content/SHA256: 64 lowercase hex digits.";
        Refusal::new(StatusCode::BAD_REQUEST, message)
    })
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let message = denied.to_string();
        match denied {
            Denied::NoJob(_) => Self::later(StatusCode::FORBIDDEN, 3, message),
            Denied::Busy => Self::later(StatusCode::SERVICE_UNAVAILABLE, 60, message),
            Denied::NoAnswer => Self::later(StatusCode::SERVICE_UNAVAILABLE, 10, message),
            _ => Self::new(StatusCode::FORBIDDEN, message),
        }
    }
}

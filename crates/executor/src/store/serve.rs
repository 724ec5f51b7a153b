//! [`serve_folder`]: a [`FolderStore`] over HTTP, read only.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};
use tokio_util::{io::ReaderStream, sync::CancellationToken};

use super::FolderStore;
use crate::Digest;

/// Connections served at a time; more wait.
const MAX_CONNECTIONS: usize = 256;
/// How long a client may take for the head of its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long open answers may take at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

type Body = BoxBody<Bytes, io::Error>;

/// A folder that is being served. Dropping it stops the server at once.
#[derive(Debug)]
pub struct ServedFolder {
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

/// Serves `store` at `address` (port 0 takes any free one): `GET` and `HEAD` of `/DIGEST`.
///
/// Whoever knows a digest gets the bytes; there is no list of what is there.
pub async fn serve_folder(store: FolderStore, address: SocketAddr) -> io::Result<ServedFolder> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let server = tokio::spawn(accept(listener, store, stop.clone()));
    Ok(ServedFolder { address, stop, server })
}

impl ServedFolder {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to give to [`HttpStore::new`](super::HttpStore::new).
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more requests and waits for open answers, 10 seconds at most.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.server).await {
            tracing::warn!(%error, "the content server ended badly");
        }
    }
}

impl Drop for ServedFolder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, store: FolderStore, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = async {
            let slot = slots.clone().acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
        };
        let (slot, connection) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => match accepted {
                Some((slot, Ok((connection, _)))) => (slot, connection),
                Some((_, Err(error))) => {
                    // Out of file handles, most likely: wait for some to come free.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                None => break,
            },
        };
        let store = store.clone();
        let service = service_fn(move |request| answer(store.clone(), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(connection), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("some answers of the content server were cut off at shutdown");
    }
}

async fn answer(store: FolderStore, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response =
            sentence(StatusCode::METHOD_NOT_ALLOWED, "This store is read only: use GET or HEAD.\n");
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    let Ok(digest) = request.uri().path().trim_start_matches('/').parse::<Digest>() else {
        return Ok(sentence(
            StatusCode::BAD_REQUEST,
            "Ask for /DIGEST, the SHA-256 of the bytes as 64 lowercase hex digits.\n",
        ));
    };
    Ok(match content(&store, digest, request.method() == Method::HEAD).await {
        Ok(response) => response,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            sentence(StatusCode::NOT_FOUND, &format!("This store does not hold {digest}.\n"))
        }
        Err(error) => {
            tracing::warn!(%digest, %error, "stored content cannot be read");
            sentence(StatusCode::INTERNAL_SERVER_ERROR, &format!("This store cannot read {digest}.\n"))
        }
    })
}

/// The bytes as they lie on disk. They are not hashed here: whoever receives them must do so anyway.
async fn content(store: &FolderStore, digest: Digest, head_only: bool) -> io::Result<Response<Body>> {
    let file = tokio::fs::File::open(store.path_of(digest)).await?;
    let size_bytes = file.metadata().await?.len();
    let body = match head_only {
        true => text_body(""),
        false => BodyExt::boxed(StreamBody::new(ReaderStream::new(file).map_ok(Frame::data))),
    };
    Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_LENGTH, size_bytes)
        .header(header::ETAG, format!("\"{digest}\""))
        .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
        .body(body)
        .map_err(io::Error::other)
}

fn sentence(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(text_body(text));
    *response.status_mut() = status;
    let text_type = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text_type);
    response
}

fn text_body(text: &str) -> Body {
    Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {}).boxed()
}

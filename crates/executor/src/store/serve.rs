//! [`serve_folder`]: a [`FolderStore`] over HTTP, read only.

use std::{convert::Infallible, io, net::SocketAddr};

use hyper::{Method, Request, Response, StatusCode, body::Incoming, header, service::service_fn};

use super::{
    FolderStore,
    answer::{AnswerBody, sentence},
};
use crate::{
    Digest,
    server::{Server, ServerLimits},
};

/// A folder that is being served. Dropping it stops the server at once.
#[derive(Debug)]
pub struct ServedFolder(Server);

/// Serves `store` at `address` (port 0 takes any free one): `GET` and `HEAD` of `/DIGEST`.
///
/// Whoever knows a digest gets the bytes; there is no list of what is there.
pub async fn serve_folder(store: FolderStore, address: SocketAddr) -> io::Result<ServedFolder> {
    let service = service_fn(move |request| answer(store.clone(), request));
    Ok(ServedFolder(Server::start(address, ServerLimits::default(), service).await?))
}

impl ServedFolder {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// What to give to [`HttpStore::new`](super::HttpStore::new).
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Takes no more requests and waits for open answers, 10 seconds at most.
    pub async fn shutdown(self) {
        self.0.shutdown().await;
    }
}

async fn answer(store: FolderStore, request: Request<Incoming>) -> Result<Response<AnswerBody>, Infallible> {
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
    Ok(store.answer(request.method(), digest, request.headers()).await)
}

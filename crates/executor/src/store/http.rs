//! [`HttpStore`]: a store behind an HTTP server, read only.

use std::{io::Write, path::Path, time::Duration};

use async_trait::async_trait;
use reqwest::{Client, Method, Response, StatusCode, Url, redirect};

use super::{ContentSource, StoreError, folder};
use crate::{Digest, digest::Hasher};

/// Settings of an [`HttpStore`].
#[derive(Clone, Copy, Debug)]
pub struct HttpConfig {
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long the server may stay silent.
    pub read_timeout: Duration,
    /// How often a connection that does not come to stand is tried in all.
    pub connect_attempts: u32,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            connect_attempts: 3,
        }
    }
}

/// Reads `GET BASE/DIGEST`. The server is not trusted: what it sends is counted and hashed as it comes.
#[derive(Clone, Debug)]
pub struct HttpStore {
    base: Url,
    client: Client,
    connect_attempts: u32,
}

impl HttpStore {
    /// A store at `base`, an `http` or `https` address.
    pub fn new(base: &str, config: HttpConfig) -> Result<Self, StoreError> {
        let problem = |problem: String| StoreError::Server { from: base.to_owned(), problem };
        let mut url = Url::parse(base).map_err(|error| problem(format!("is no address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(problem("must start with http:// or https://".to_owned()));
        }
        // So that a join appends and does not replace the last part.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let client = Client::builder()
            .connect_timeout(config.connect_timeout)
            .read_timeout(config.read_timeout)
            .redirect(redirect::Policy::limited(3))
            .build()
            .map_err(|error| problem(describe(&error)))?;
        Ok(Self { base: url, client, connect_attempts: config.connect_attempts.max(1) })
    }

    /// Sends a request; `None` where the server does not hold the bytes.
    async fn request(&self, method: Method, digest: Digest) -> Result<Option<Response>, StoreError> {
        let url = self.base.join(&digest.to_string()).map_err(|error| self.problem(error.to_string()))?;
        let mut attempt = 1;
        let response = loop {
            match self.client.request(method.clone(), url.clone()).send().await {
                Ok(response) => break response,
                // Nothing was sent yet, so trying again repeats nothing.
                Err(error) if error.is_connect() && attempt < self.connect_attempts => {
                    tokio::time::sleep(Duration::from_millis(100) * 2_u32.pow(attempt.min(6))).await;
                    attempt += 1;
                }
                Err(error) => return Err(self.problem(describe(&error))),
            }
        };
        match response.status() {
            StatusCode::OK => Ok(Some(response)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.problem(format!("answered {status} to a request for {digest}"))),
        }
    }

    /// Hands the bytes to `take` as they come and checks them at the end.
    async fn receive(
        &self,
        digest: Digest,
        max_bytes: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), StoreError> + Send,
    ) -> Result<u64, StoreError> {
        let too_large = || StoreError::TooLarge { digest, limit_bytes: max_bytes, from: self.name() };
        let Some(mut response) = self.request(Method::GET, digest).await? else {
            return Err(StoreError::NotFound { digest, from: self.name() });
        };
        if response.content_length().is_some_and(|length| length > max_bytes) {
            return Err(too_large());
        }
        let mut hasher = Hasher::default();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.problem(describe(&error)))? {
            hasher.update(&chunk);
            if hasher.size_bytes() > max_bytes {
                return Err(too_large());
            }
            take(&chunk)?;
        }
        let (actual, size_bytes) = hasher.finish();
        if actual != digest {
            return Err(StoreError::DigestMismatch { expected: digest, actual, from: self.name() });
        }
        Ok(size_bytes)
    }

    fn problem(&self, problem: String) -> StoreError {
        StoreError::Server { from: self.name(), problem }
    }
}

#[async_trait]
impl ContentSource for HttpStore {
    fn name(&self) -> String {
        self.base.to_string()
    }

    async fn has(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.request(Method::HEAD, digest).await?.is_some())
    }

    async fn get(&self, digest: Digest, max_bytes: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        let take = |chunk: &[u8]| {
            bytes.extend_from_slice(chunk);
            Ok(())
        };
        self.receive(digest, max_bytes, take).await?;
        Ok(bytes)
    }

    async fn get_file(&self, digest: Digest, max_bytes: u64, to: &Path) -> Result<u64, StoreError> {
        let mut file = folder::beside(to)?;
        let take = |chunk: &[u8]| file.write_all(chunk).map_err(StoreError::io(to));
        let size_bytes = self.receive(digest, max_bytes, take).await?;
        folder::place(file, to, false)?;
        Ok(size_bytes)
    }
}

/// An error with its causes: what a client library says first is seldom the reason.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

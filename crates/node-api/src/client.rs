//! [`NodeClient`]: asks a node.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use grid_client::signed_request::{Nonce, Request};
use grid_executor::{Digest, HttpConfig, HttpStore, StoreError};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, header, redirect};
use serde::de::DeserializeOwned;
use solana_address::Address;
use solana_keypair::Keypair;

use crate::report::{JobReport, NodeReport};

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a node may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Tries in a row that bring no byte of a log before it is given up.
const LOG_TRIES: u32 = 8;
/// An answer that stood for so long without a byte is no failure: the job had nothing to say.
const STEADY: Duration = Duration::from_secs(20);
/// Wait before the second of them; it doubles.
const LOG_PAUSE: Duration = Duration::from_millis(200);
/// Most of an answer that is no content and no log, bytes.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// Asks one node, with signed requests where it wants to know who asks.
#[derive(Debug, Clone)]
pub struct NodeClient {
    endpoint: Url,
    node: Address,
    http: Client,
}

/// What came of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The node did not hold the bytes and does now.
    Sent,
    /// It held them already; nothing was sent.
    Held,
}

/// Why a node did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum NodeClientError {
    /// Its endpoint can't be used.
    #[error("the node's endpoint \"{endpoint}\" can't be used: {problem}")]
    Endpoint {
        /// The endpoint.
        endpoint: String,
        /// Why.
        problem: String,
    },
    /// It did not answer.
    #[error("{url}: {problem}")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// What happened.
        problem: String,
    },
    /// It said no.
    #[error("{url} answered {status}: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// What the node said.
        message: String,
    },
    /// A file of this machine could not be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Its store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NodeClient {
    /// For `node` at `endpoint`, as the registry gives it: `http` or `https`, a host, no path.
    pub fn new(endpoint: &str, node: Address) -> Result<Self, NodeClientError> {
        let unusable = |problem: String| NodeClientError::Endpoint { endpoint: endpoint.to_owned(), problem };
        let url = Url::parse(endpoint).map_err(|error| unusable(format!("it is no address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(unusable("it must start with http:// or https:// and name a host".to_owned()));
        }
        // The path is signed: one that a proxy takes off would make every signature wrong.
        if url.path() != "/" || url.query().is_some() {
            return Err(unusable("it must have no path and no query".to_owned()));
        }
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(ANSWER_TIMEOUT)
            // What is signed for one address means nothing at another.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| unusable(describe(&error)))?;
        Ok(Self { endpoint: url, node, http })
    }

    /// The node's store, to read from.
    pub fn content(&self) -> Result<HttpStore, StoreError> {
        HttpStore::new(self.url("/content").as_str(), HttpConfig::default())
    }

    /// Gives the node `bytes` that `job` needs. Signs: the owner or a member of the job's project.
    pub async fn push(&self, key: &Keypair, job: &Address, bytes: Bytes) -> Result<Pushed, NodeClientError> {
        let (digest, size_bytes) = (Digest::of(&bytes), bytes.len() as u64);
        self.push_body(key, job, digest, size_bytes, bytes.into()).await
    }

    /// Gives the node the file at `path`, of which the digest is known, that `job` needs.
    pub async fn push_file(
        &self,
        key: &Keypair,
        job: &Address,
        digest: Digest,
        path: &Path,
    ) -> Result<Pushed, NodeClientError> {
        let unread = |error| NodeClientError::File { path: path.to_owned(), error };
        let file = tokio::fs::File::open(path).await.map_err(unread)?;
        let size_bytes = file.metadata().await.map_err(unread)?.len();
        self.push_body(key, job, digest, size_bytes, file.into()).await
    }

    async fn push_body(
        &self,
        key: &Keypair,
        job: &Address,
        digest: Digest,
        size_bytes: u64,
        body: reqwest::Body,
    ) -> Result<Pushed, NodeClientError> {
        let url = self.url(&format!("/content/{digest}?job={job}"));
        let head = self.send(self.http.head(url.clone()), &url).await?;
        if head.status().is_success() {
            return Ok(Pushed::Held);
        }
        let request = self.signed(key, Method::PUT, &url, Some(digest));
        self.ask(request.header(header::CONTENT_LENGTH, size_bytes).body(body), &url).await?;
        Ok(Pushed::Sent)
    }

    /// What the node knows of `job`. Signs: the owner or a member of the job's project.
    pub async fn job(&self, key: &Keypair, job: &Address) -> Result<JobReport, NodeClientError> {
        let url = self.url(&format!("/jobs/{job}"));
        let response = self.ask(self.signed(key, Method::GET, &url, None), &url).await?;
        json(response, &url).await
    }

    /// The log of `job` from byte `from` on; with `follow` until the job ends. Signs: the owner or a member of the job's
    /// project.
    pub fn log(&self, key: Keypair, job: Address, from: u64, follow: bool) -> NodeLog {
        NodeLog { client: self.clone(), key, job, position: from, follow, response: None, is_over: false }
    }

    /// All that the node tells its operator. The endpoint must be its private one; `token` is what its configuration asks for.
    pub async fn report(&self, token: Option<&str>) -> Result<NodeReport, NodeClientError> {
        let url = self.url("/status");
        let mut request = self.http.get(url.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        json(self.ask(request, &url).await?, &url).await
    }

    fn url(&self, target: &str) -> Url {
        let mut url = self.endpoint.clone();
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        url.set_path(path);
        url.set_query(query);
        url
    }

    fn signed(&self, key: &Keypair, method: Method, url: &Url, body: Option<Digest>) -> RequestBuilder {
        let target =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let body = body.map(|digest| digest.0);
        let request = Request { method: method.as_str(), target: &target, node: self.node, body };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let seal = request.sign(key, now, Nonce::random());
        let unsigned = self.http.request(method, url.clone());
        seal.headers().into_iter().fold(unsigned, |request, (name, value)| request.header(name, value))
    }

    async fn send(&self, request: RequestBuilder, url: &Url) -> Result<Response, NodeClientError> {
        request.send().await.map_err(|error| no_answer(url, &error))
    }

    /// Sends a request that must be granted.
    async fn ask(&self, request: RequestBuilder, url: &Url) -> Result<Response, NodeClientError> {
        let response = self.send(request, url).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let message = body(response, url).await.unwrap_or_default();
        let message = String::from_utf8_lossy(&message).trim().chars().take(1_000).collect();
        Err(NodeClientError::Refused { url: url.to_string(), status: status.as_u16(), message })
    }
}

/// A log that is being read. When the connection breaks it is asked for again from where it was.
#[derive(Debug)]
pub struct NodeLog {
    client: NodeClient,
    key: Keypair,
    job: Address,
    position: u64,
    follow: bool,
    response: Option<Response>,
    is_over: bool,
}

impl NodeLog {
    /// Bytes of the log that were read or skipped: where to begin the next time.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NodeClientError> {
        let mut tries = 1;
        while !self.is_over {
            let begun = Instant::now();
            let error = match self.read().await {
                Ok(Some(bytes)) if bytes.is_empty() => continue,
                Ok(Some(bytes)) => {
                    self.position += bytes.len() as u64;
                    return Ok(Some(bytes));
                }
                Ok(None) => {
                    self.is_over = true;
                    break;
                }
                Err(error) => error,
            };
            self.response = None;
            let may_pass = match &error {
                NodeClientError::NoAnswer { .. } => true,
                NodeClientError::Refused { status, .. } => {
                    *status == StatusCode::SERVICE_UNAVAILABLE || *status == StatusCode::TOO_MANY_REQUESTS
                }
                _ => false,
            };
            if begun.elapsed() >= STEADY {
                tries = 1;
            }
            if !may_pass || tries == LOG_TRIES {
                return Err(error);
            }
            tokio::time::sleep(LOG_PAUSE * 2_u32.pow(tries)).await;
            tries += 1;
        }
        Ok(None)
    }

    async fn read(&mut self) -> Result<Option<Bytes>, NodeClientError> {
        let follow = u8::from(self.follow);
        let url = self.client.url(&format!("/jobs/{}/log?from={}&follow={follow}", self.job, self.position));
        let response = match &mut self.response {
            Some(response) => response,
            None => {
                let request = self.client.signed(&self.key, Method::GET, &url, None);
                self.response.insert(self.client.ask(request, &url).await?)
            }
        };
        response.chunk().await.map_err(|error| no_answer(&url, &error))
    }
}

fn no_answer(url: &Url, error: &reqwest::Error) -> NodeClientError {
    NodeClientError::NoAnswer { url: url.to_string(), problem: describe(error) }
}

/// An answer of bounded size.
async fn body(mut response: Response, url: &Url) -> Result<Vec<u8>, NodeClientError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(url, &error))? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            let problem = format!("the answer is larger than {MAX_ANSWER_BYTES} bytes");
            return Err(NodeClientError::NoAnswer { url: url.to_string(), problem });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn json<T: DeserializeOwned>(response: Response, url: &Url) -> Result<T, NodeClientError> {
    let bytes = body(response, url).await?;
    serde_json::from_slice(&bytes).map_err(|error| NodeClientError::NoAnswer {
        url: url.to_string(),
        problem: format!("the answer is not what this version expects: {error}"),
    })
}

/// An error with its causes: what a client library says first is seldom the reason.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_nothing_more() {
        for endpoint in ["http://127.0.0.1:8080", "https://node.example/", "http://[::1]:1"] {
            assert!(NodeClient::new(endpoint, Address::default()).is_ok(), "{endpoint}");
        }
        for endpoint in
            ["", "node.example", "ftp://x", "https://node.example/grid", "http://x/?a=b", "file:///etc"]
        {
            assert!(NodeClient::new(endpoint, Address::default()).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn what_is_signed_is_what_is_sent() {
        let key = Keypair::new_from_array([1; 32]);
        let client = NodeClient::new("http://127.0.0.1:1", Address::new_from_array([2; 32])).unwrap();
        let url = client.url("/content/ab?job=x");
        let request = client.signed(&key, Method::PUT, &url, Some(Digest::of(b"y"))).build().unwrap();
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let seal = grid_client::signed_request::Seal::from_headers(header).unwrap();
        let body = Some(Digest::of(b"y").0);
        let sent = Request {
            method: "PUT",
            target: "/content/ab?job=x",
            node: Address::new_from_array([2; 32]),
            body,
        };
        let text = sent.text(seal.unix_seconds, &seal.nonce);
        assert!(seal.signature.verify(seal.key.as_ref(), text.as_bytes()));
    }
}

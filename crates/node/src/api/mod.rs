//! The worker's HTTP side: content, jobs and their logs for clients, and what its operator wants to know.
//!
//! Two addresses: a public one, and a private one (`/status`, `/metrics`) that a reverse proxy must not be pointed at.
//! `docs/node-api.md` says what is asked and answered.

mod content;
mod jobs;
mod operator;
mod permits;
mod quota;
mod refusal;
mod sealed;

use crate::{metrics::Metrics, view::Overview};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use grid_client::{Chain, signed_request::Verifier};
use grid_executor::{
    CancellationToken, FolderStore,
    server::{KeyedLimit, Server, ServerLimits},
};
use hyper_util::service::TowerToHyperService;
use permits::Permits;
use quota::Quota;
use refusal::Refusal;
use serde::Deserialize;
use solana_address::Address;
use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// Uploads of one key at a time.
const UPLOADS_PER_KEY: usize = 4;
/// Logs that one key may follow at a time.
const FOLLOWED_PER_KEY: usize = 8;
/// Logs that may be followed at a time.
const FOLLOWED: usize = 64;
/// Time between two sweeps of old uploads.
const SWEEP_INTERVAL: Duration = Duration::from_secs(600);

/// Where a worker listens, and what it grants.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// For clients: content, jobs, logs, health. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// For the operator: status, metrics, health.
    pub private_listen: SocketAddr,
    /// What the operator shows as `Authorization: Bearer TOKEN`; required where `private_listen` is not on this machine alone.
    pub private_token: Option<String>,
    /// What clients may push.
    pub uploads: UploadLimits,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8_470)),
            private_listen: SocketAddr::from(([127, 0, 0, 1], 8_471)),
            private_token: None,
            uploads: UploadLimits::default(),
        }
    }
}

impl fmt::Debug for ApiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiConfig")
            .field("listen", &self.listen)
            .field("private_listen", &self.private_listen)
            .field("has_private_token", &self.private_token.is_some())
            .field("uploads", &self.uploads)
            .finish()
    }
}

/// What clients may push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadLimits {
    /// Largest single content, bytes.
    pub max_bytes: u64,
    /// Most that one key may push within a day, bytes.
    pub key_bytes_per_day: u64,
    /// Most that is kept of all clients, bytes.
    pub total_bytes: u64,
    /// Room that uploads leave on the disk, bytes.
    pub min_disk_free_bytes: u64,
    /// How long an upload is kept, seconds.
    pub keep_seconds: u64,
    /// Least speed of an upload as a whole, bytes per second; 0 for none.
    pub min_bytes_per_second: u64,
    /// How long an upload may stand still, seconds.
    pub idle_seconds: u64,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            max_bytes: 16 << 30,
            key_bytes_per_day: 64 << 30,
            total_bytes: 128 << 30,
            min_disk_free_bytes: 10 << 30,
            keep_seconds: 3 * 86_400,
            min_bytes_per_second: 16 << 10,
            idle_seconds: 30,
        }
    }
}

/// Tells the time, Unix seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What the API works with.
pub struct ApiParts {
    /// The node's key: requests must be signed for it.
    pub node: Address,
    /// Access to the chain, which says who may push and read.
    pub chain: Arc<dyn Chain>,
    /// The worker's results, which are only read here.
    pub results: FolderStore,
    /// What clients push; a folder of its own, in which nothing is kept for long. The worker's sources must include it.
    pub uploads: FolderStore,
    /// The worker.
    pub overview: Overview,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The clock that signed requests are held against.
    pub clock: Clock,
}

/// Why the API can't start.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// An address can't be listened at.
    #[error("can't listen at {address}: {error}; is another process using the port?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The private address is open to others, without a token.
    #[error(
        "private_listen = {address} can be reached from other machines: set private_token, or listen at 127.0.0.1"
    )]
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
    /// The folder of uploads can't be read.
    #[error(transparent)]
    Store(#[from] grid_executor::StoreError),
}

/// The API, while it runs. Dropping it stops it at once.
#[derive(Debug)]
pub struct Api {
    public: Server,
    private: Server,
    stop: CancellationToken,
    sweeper: JoinHandle<()>,
}

/// What all requests share.
struct Shared {
    config: ApiConfig,
    parts: ApiParts,
    verifier: Verifier,
    permits: Permits,
    quota: Arc<Quota>,
    uploading: KeyedLimit<Address>,
    following: KeyedLimit<Option<Address>>,
    followed: KeyedLimit<()>,
    stop: CancellationToken,
}

impl Api {
    /// Listens at both addresses.
    pub async fn start(config: ApiConfig, parts: ApiParts) -> Result<Self, ApiError> {
        if !config.private_listen.ip().is_loopback() && config.private_token.is_none() {
            return Err(ApiError::Unprotected { address: config.private_listen });
        }
        let keep = Duration::from_secs(config.uploads.keep_seconds);
        let held_bytes = parts.uploads.sweep(keep).await?;
        let quota = Quota::new(config.uploads, parts.uploads.root().to_owned(), held_bytes);
        let stop = CancellationToken::new();
        let (listen, private_listen) = (config.listen, config.private_listen);
        let shared = Arc::new(Shared {
            verifier: Verifier::new(parts.node, (parts.clock)()),
            permits: Permits::new(parts.chain.clone()),
            quota: Arc::new(quota),
            uploading: KeyedLimit::new(UPLOADS_PER_KEY),
            following: KeyedLimit::new(FOLLOWED_PER_KEY),
            followed: KeyedLimit::new(FOLLOWED),
            stop: stop.clone(),
            config,
            parts,
        });
        let public = serve(listen, public_routes(shared.clone())).await?;
        let private = serve(private_listen, private_routes(shared.clone())).await?;
        let sweeper = tokio::spawn(sweep(shared, keep));
        Ok(Self { public, private, stop, sweeper })
    }

    /// Where clients are answered.
    pub fn address(&self) -> SocketAddr {
        self.public.address()
    }

    /// Where the operator is answered.
    pub fn private_address(&self) -> SocketAddr {
        self.private.address()
    }

    /// Takes no more requests, ends the logs that are followed, and waits for open answers, 10 seconds at most.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.sweeper.abort();
        tokio::join!(self.public.shutdown(), self.private.shutdown());
    }
}

async fn serve(address: SocketAddr, routes: Router) -> Result<Server, ApiError> {
    let started = Server::start(address, ServerLimits::default(), TowerToHyperService::new(routes)).await;
    started.map_err(|error| ApiError::Listen { address, error })
}

fn public_routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/content/{digest}", get(content::read).put(content::push))
        .route("/jobs/{job}", get(jobs::job))
        .route("/jobs/{job}/log", get(jobs::log))
        .route("/health", get(operator::public_health))
        .fallback(async || {
            Refusal::not_found("Ask for /content/SHA256, /jobs/ADDRESS, /jobs/ADDRESS/log or /health.")
        })
        .layer(middleware::from_fn_with_state(shared.clone(), count))
        .with_state(shared)
}

fn private_routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/status", get(operator::status))
        .route("/metrics", get(operator::metrics))
        .route("/health", get(operator::private_health))
        .fallback(async || Refusal::not_found("Ask for /status, /metrics or /health."))
        .layer(middleware::from_fn_with_state(shared.clone(), operator::only_the_operator))
        .layer(middleware::from_fn_with_state(shared.clone(), count))
        .with_state(shared)
}

async fn count(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let begun = tokio::time::Instant::now();
    let route = route(request.uri().path());
    let response = next.run(request).await;
    shared.parts.metrics.answered(route, response.status().as_u16(), begun.elapsed());
    response
}

/// A route's name, out of a fixed set whatever strangers ask for.
fn route(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("content") => "content",
        Some("jobs") if path.ends_with("/log") => "log",
        Some("jobs") => "job",
        Some("health") => "health",
        Some("status") => "status",
        Some("metrics") => "metrics",
        _ => "other",
    }
}

/// Removes old uploads, now and then.
async fn sweep(shared: Arc<Shared>, keep: Duration) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        match shared.parts.uploads.sweep(keep).await {
            Ok(held_bytes) => shared.quota.swept(held_bytes),
            Err(error) => tracing::warn!(%error, "old uploads can't be removed"),
        }
    }
}

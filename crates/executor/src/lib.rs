//! Grid executor: from the bytes of a job definition to the bytes of a result document. It knows no chain.
//!
//! # How it fits together
//!
//! ```no_run
//! use std::sync::Arc;
//! use grid_executor::{
//!     CancellationToken, ContentStore, Device, FolderStore, HttpConfig, HttpStore, JobEvent, JobRequest,
//!     ProcessExecutor, Sources, Workplace, fetch_definition, prepare, serve_folder,
//! };
//!
//! # async fn example(digest: grid_executor::Digest) -> Result<(), Box<dyn std::error::Error>> {
//! // Once per worker: a store, served to others, and where else to look for bytes.
//! let store = FolderStore::open("store")?;
//! let served = serve_folder(store.clone(), "127.0.0.1:0".parse()?).await?;
//! let client = HttpStore::new("http://127.0.0.1:8123", HttpConfig::default())?;
//! let sources = Sources::new(vec![Arc::new(store.clone()), Arc::new(client)]);
//! let workplace = Workplace::new("scratch", store, sources);
//! let executor = ProcessExecutor::default();
//!
//! // Per job, before `start` on the chain: an error in here is a reason to decline.
//! let (definition, bytes) = fetch_definition(&workplace.sources, digest).await?;
//! let request = JobRequest {
//!     timeout: Some(std::time::Duration::from_secs(600)),
//!     ..JobRequest::new("job-1", &bytes, Device::cpu("cpu-0"))?
//! };
//! let prepared = prepare(request, &executor, &workplace).await?;
//!
//! // After `start`: whatever the job does, a document comes out; its digest goes into `finish`.
//! let cancel = CancellationToken::new();
//! let on_event = |event: JobEvent<'_>| println!("{event:?}");
//! let outcome = prepared.run(&executor, &workplace, cancel, &on_event).await?;
//! println!("{:?} {}", outcome.document.status, outcome.digest);
//! served.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A client goes the other way: [`Template::parse`] its file, store each input, [`Template::bind_input`],
//! [`Template::publish`], store the bytes; later [`ResultDocument::parse_expecting`] the digest from the chain, and
//! fetch `log` and `artifacts` by theirs.
//!
//! # Modules
//!
//! - [`digest`]: SHA-256 names; [`json`]: strict and canonical JSON.
//! - [`definition`]: the job format; [`result`]: the result document; [`log`]: the log's lines.
//! - [`store`]: content-addressed bytes, local and over HTTP; [`server`]: the HTTP server beneath.
//! - [`exec`]: what runs one op; [`job`]: what runs a whole job on it; [`mod@bench`]: the built-in benchmarks, the
//!   [classes](bench::class) of their scores, and the node's [signature](bench::signed) under them; [`Machine`]: what this machine is
//!   made of.

pub mod bench;
pub mod definition;
mod device;
pub mod digest;
pub mod exec;
pub mod job;
pub mod json;
pub mod log;
mod machine;
pub mod result;
pub mod server;
pub mod store;

pub use tokio_util::sync::CancellationToken;

pub use crate::{
    bench::{
        class::{BenchClass, ScoreError},
        signed::{MAX_SIGNED_RESULT_BYTES, SignedResult, SignedResultError},
    },
    definition::{Definition, DefinitionError, Template, TemplateError},
    device::Device,
    digest::Digest,
    exec::{
        ContainerConfig, ContainerExecutor, EngineError, Executor, GpuAccess, HostGuard, ProcessConfig,
        ProcessExecutor, PullPolicy, Unsupported, UnsupportedItem, host_guard_rules,
    },
    job::{
        JobError, JobEvent, JobOutcome, JobRequest, OutputCheck, PrepareError, PreparedJob, Reattached,
        Workplace, clean_up_abandoned, fetch_definition, forget, left_behind, prepare, reattach, run_job,
    },
    log::LogReader,
    machine::Machine,
    result::{JobStatus, OpStatus, ResultDocument},
    store::{
        ContentSource, ContentStore, FolderStore, HttpConfig, HttpStore, ServedFolder, Sources, StoreError,
        serve_folder,
    },
};

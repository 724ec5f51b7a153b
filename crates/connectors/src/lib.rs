//! Grid connectors: typed inference jobs.
//!
//! A client asks for `inference/embed` with a model and texts, and not for an image and a command. A **connector** is
//! a folder that knows how such an op is done on a machine: a manifest, a command for each executor, JSON schemas of
//! what goes in and comes out, the files that go along, and a test. The worker picks the connector, checks the
//! args, puts the command in the op's place, and checks what came out.
//!
//! # How it fits together
//!
//! ```no_run
//! use grid_connectors::{Config, Connectors, ExecutorKind};
//! use grid_executor::{Device, FolderStore, JobRequest};
//!
//! # async fn example(published: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! // Once per worker.
//! let connectors = Connectors::load(Config::new("/var/cache/grid"))?;
//! let store = FolderStore::open("store")?;
//!
//! // Per job, before `grid_executor::prepare`. A definition without typed ops goes through as it is.
//! let request = JobRequest::new("job-1", published, Device::cpu("cpu-0"))?;
//! let request = connectors.expand_request(request, ExecutorKind::Process, &store).await?;
//! # Ok(())
//! # }
//! ```
//!
//! An author goes another way: [`Connector::read`] a folder, which reports everything that is wrong with it,
//! [`Connector::set_up`], [`Connectors::self_test`].

mod built_in;
mod config;
mod connector;
mod expand;
mod expect;
mod folder;
mod manifest;
mod output;
mod schema;
mod self_test;
mod set;
mod set_up;
mod template;

pub use crate::{
    config::{Config, default_cache},
    connector::{CheckError, Connector, Problem},
    expand::{ExpandError, Expanded},
    manifest::{Manifest, Setting, Setup},
    self_test::{SelfTestError, Tested},
    set::{Connectors, LoadError},
    set_up::SetUpError,
    template::ExecutorKind,
};

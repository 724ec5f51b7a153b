//! [`ContainerExecutor`]: ops as containers of an engine that speaks the Docker Engine API: Docker, or podman's service.
//!
//! Everything that belongs to a job has a name and a label of its own at the engine, the same for the same job, so that
//! a worker that was killed finds it again, and so that nothing is left behind: one network, one volume for the job's
//! folder with a container that holds it and never runs, one volume per `container/create-volume`, one container per
//! start of an op. Nothing of this machine is mounted into a container.

mod create;
mod engine;
mod files;
mod follow;
mod guard;
mod health;
mod image;
mod names;
mod oom;
mod supports;
mod websocket;

use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bollard::{
    Docker,
    errors::Error,
    models::{NetworkCreateRequest, VolumeCreateRequest},
    query_parameters::{
        CreateContainerOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
        RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder, StopContainerOptionsBuilder,
    },
};
use futures_util::{StreamExt, future::join_all};
use tokio::time;

use self::{
    create::Plan,
    engine::{Engine, Found, is_status},
    files::Upload,
    follow::Output as Following,
    names::{JOB_FOLDER, Names},
};
pub use self::{
    engine::EngineError,
    guard::{GuardError, HostGuard, host_guard_rules},
    image::PullPolicy,
};
use super::{
    Addresses, DEFAULT_MAX_OUTPUT_BYTES, Executor, Exit, JobContext, RunContext, RunEnd, Scratch, Stop,
    Unsupported,
};
use crate::{
    Device,
    definition::{Action, Definition, Output, RunArgs},
    result::ErrorRecord,
};

/// How often a job is measured where `limits.disk_bytes` is set. The engine has to go through all of its files.
const DISK_CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How long to wait before the engine is asked again after it has failed.
const ENGINE_RETRY: Duration = Duration::from_secs(1);
/// How long output is waited for after a container has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// How an op gets its GPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuAccess {
    /// By NVIDIA's runtime: Docker with the NVIDIA Container Toolkit.
    Nvidia,
    /// By the names that `nvidia-ctk cdi generate` gives them.
    Cdi,
}

/// Settings of a [`ContainerExecutor`].
#[derive(Clone, Debug)]
pub struct ContainerConfig {
    /// The engine's socket; where it is left out, what `DOCKER_HOST` says, else where engines listen.
    pub socket: Option<PathBuf>,
    /// Time between asking an op to end and killing it.
    pub stop_grace: Duration,
    /// The most output that one start of an op may write, in bytes.
    pub max_output_bytes: u64,
    /// When images are pulled.
    pub pull: PullPolicy,
    /// Whether jobs reach the internet.
    pub internet: bool,
    /// Who keeps jobs off the machine they run on.
    pub host_guard: HostGuard,
    /// Processes and threads of an op where its job sets no limit.
    pub default_pids: u64,
    /// Shared memory of an op, in bytes; it counts as its memory.
    pub shm_bytes: u64,
    /// Whether what an image brings cannot be changed; `/tmp`, the job's folder and volumes can. Many images expect to
    /// write elsewhere.
    pub read_only_root: bool,
    /// The user namespace of ops, as the engine knows it, such as podman's `auto`.
    pub user_namespace: Option<String>,
    /// How an op gets its GPUs; where it is left out, by NVIDIA's runtime from Docker, by CDI from podman.
    pub gpus: Option<GpuAccess>,
}

impl Default for ContainerConfig {
    fn default() -> Self {
        Self {
            socket: None,
            stop_grace: Duration::from_secs(10),
            max_output_bytes: DEFAULT_MAX_OUTPUT_BYTES,
            pull: PullPolicy::default(),
            internet: true,
            host_guard: HostGuard::default(),
            default_pids: 4096,
            shm_bytes: 1 << 30,
            read_only_root: false,
            user_namespace: None,
            gpus: None,
        }
    }
}

/// Runs ops as containers.
#[derive(Clone, Debug)]
pub struct ContainerExecutor {
    config: ContainerConfig,
    engine: Engine,
}

impl ContainerExecutor {
    /// Connects to the engine, and lays down the guard between jobs and this machine.
    pub async fn connect(config: ContainerConfig) -> Result<Self, EngineError> {
        let engine = Engine::connect(config.socket.clone()).await?;
        if config.host_guard == HostGuard::Install {
            guard::install()?;
        }
        Ok(Self { config, engine })
    }

    fn docker(&self) -> &Docker {
        &self.engine.docker
    }
}

#[async_trait]
impl Executor for ContainerExecutor {
    fn name(&self) -> &'static str {
        supports::NAME
    }

    fn supports(&self, definition: &Definition, device: &Device) -> Result<(), Unsupported> {
        supports::definition(definition, device)
    }

    fn addresses(&self, definition: &Definition) -> Addresses {
        names::addresses(definition)
    }

    /// Pulls the images.
    async fn prepare(&self, job: &JobContext<'_>) -> Result<(), String> {
        for op in &job.definition.ops {
            if let Action::Run(args) = &op.action {
                let image = image::name_of(job.definition, args).map_err(|error| error.to_string())?;
                image::bring(self.docker(), job, &image, args.docker_auth.as_ref(), self.config.pull).await?;
            }
        }
        Ok(())
    }

    /// Makes the job's network and the volume that is its folder, and puts its inputs there.
    async fn set_up(&self, job: &JobContext<'_>) -> Result<(), String> {
        if self.config.host_guard == HostGuard::Install {
            // Once more: whoever reloads a machine's firewall throws away what others laid down.
            guard::install().map_err(|error| error.to_string())?;
        }
        let first_image = job.definition.ops.iter().find_map(|op| match &op.action {
            Action::Run(args) => image::name_of(job.definition, args).ok(),
            _ => None,
        });
        let Some(image) = first_image else {
            return Ok(());
        };
        self.make_network(job).await.map_err(|error| format!("its network: {error}"))?;
        self.make_files(job, &image).await.map_err(|error| format!("its files: {error}"))
    }

    async fn create_volume(&self, job: &JobContext<'_>, name: &str) -> io::Result<()> {
        let names = Names::of(job.scratch);
        self.make_volume(names.volume(name), &names, job.job_id).await.map_err(io::Error::other)
    }

    async fn run(&self, args: &RunArgs, context: RunContext<'_>) -> RunEnd {
        // Once more, now that every literal is filled in.
        if let Err(unsupported) = supports::hydrated(args, context.job.device) {
            return RunEnd::not_started(unsupported);
        }
        let names = Names::of(context.job.scratch);
        let container = names.op(context.op_index, context.attempt);
        match self.start_or_find(args, &context, &names, &container).await {
            Ok(None) => self.follow(args, &context, &container).await,
            Ok(Some(end)) => end,
            Err(error) => RunEnd::not_started(format!("the container engine: {error}")),
        }
    }

    async fn bring_home(&self, job: &JobContext<'_>, outputs: &[Output], max_bytes: u64) -> Vec<ErrorRecord> {
        let (keeper, work) = (Names::of(job.scratch).files(), job.scratch.work());
        // Outputs of a file that is an input too are not mistaken for it.
        let _ = fs::remove_dir_all(&work).and_then(|()| fs::create_dir(&work));
        let staging = job.scratch.root().join("output-on-its-way.tar");
        let mut errors = Vec::new();
        for output in outputs {
            let brought =
                files::bring_home(self.docker(), &keeper, JOB_FOLDER, output, &work, &staging, max_bytes)
                    .await;
            errors.extend(brought.err());
        }
        let _ = fs::remove_file(&staging);
        errors
    }

    async fn clean_up(&self, scratch: &Scratch) {
        if let Err(error) = self.remove_all(&Names::of(scratch)).await {
            let job = scratch.job_id();
            tracing::warn!(job, %error, "something of a job may be left at the container engine");
        }
        image::remove_private(self.docker(), scratch).await;
    }
}

impl ContainerExecutor {
    async fn make_network(&self, job: &JobContext<'_>) -> Result<(), Error> {
        let names = Names::of(job.scratch);
        // Both kinds of engine keep the networks that are made through this API apart from each other.
        let options = [("com.docker.network.bridge.name".to_owned(), names.bridge())];
        let request = NetworkCreateRequest {
            name: names.network(),
            driver: Some("bridge".to_owned()),
            internal: Some(!self.config.internet),
            options: Some(options.into()),
            labels: Some(names.labels(job.job_id)),
            ..NetworkCreateRequest::default()
        };
        match self.docker().inspect_network(&names.network(), None).await {
            Ok(_) => Ok(()),
            Err(error) if is_status(&error, 404) => self.docker().create_network(request).await.map(drop),
            Err(error) => Err(error),
        }
    }

    async fn make_volume(&self, volume: String, names: &Names, job_id: &str) -> Result<(), Error> {
        let request = VolumeCreateRequest {
            name: Some(volume.clone()),
            labels: Some(names.labels(job_id)),
            ..VolumeCreateRequest::default()
        };
        match self.docker().inspect_volume(&volume).await {
            Ok(_) => Ok(()),
            Err(error) if is_status(&error, 404) => self.docker().create_volume(request).await.map(drop),
            Err(error) => Err(error),
        }
    }

    /// Makes the volume that is the job's folder, and a container that holds it; puts the inputs there. What an
    /// earlier worker had begun is done again, unless ops may have run since.
    async fn make_files(&self, job: &JobContext<'_>, image: &str) -> Result<(), Error> {
        let names = Names::of(job.scratch);
        let keeper = names.files();
        let done = job.scratch.root().join("files-are-there");
        if done.exists() {
            return Ok(());
        }
        self.make_volume(names.files(), &names, job.job_id).await?;
        if self.inspect(&keeper).await?.is_none() {
            let options = CreateContainerOptionsBuilder::default().name(&keeper).build();
            let body = create::keeper(&names, image, names.labels(job.job_id));
            self.docker().create_container(Some(options), body).await?;
        }
        let mut uploads = vec![Upload::Folder(PathBuf::from("."))];
        for input in job.definition.inputs.iter().filter(|input| !input.dest.starts_with('/')) {
            let to = PathBuf::from(&input.dest);
            let mut folders: Vec<_> =
                to.ancestors().skip(1).filter(|path| path.components().count() > 0).collect();
            folders.reverse();
            uploads.extend(folders.into_iter().map(|folder| Upload::Folder(folder.to_owned())));
            uploads.push(Upload::File { from: job.scratch.work().join(&to), to });
        }
        files::upload(self.docker(), &keeper, JOB_FOLDER, uploads).await?;
        // Not before: an input that is put there once more could undo what an op did to it.
        fs::write(&done, "").map_err(|err| Error::IOError { err })
    }

    /// Starts the op's container where it was not started before. Gives an end where there is nothing to follow.
    async fn start_or_find(
        &self,
        args: &RunArgs,
        context: &RunContext<'_>,
        names: &Names,
        container: &str,
    ) -> Result<Option<RunEnd>, Error> {
        let found = self.inspect(container).await?;
        let was_started = found.as_ref().is_some_and(|found| !found.state.is_new());
        if was_started {
            return Ok(None);
        }
        if context.cancel.is_cancelled() {
            return Ok(Some(RunEnd::stopped(Stop::Cancelled)));
        }
        if found.is_none() {
            if let Some(previous) = context.attempt.checked_sub(1) {
                self.remove_container(&names.op(context.op_index, previous)).await?;
            }
            let image = match image::name_of(context.job.definition, args) {
                Ok(image) => image,
                Err(error) => return Ok(Some(RunEnd::not_started(error))),
            };
            let plan = Plan {
                config: &self.config,
                kind: self.engine.kind,
                cpus: self.engine.cpus,
                names,
                image: &image,
                args,
                context,
            };
            let options = CreateContainerOptionsBuilder::default().name(container).build();
            self.docker().create_container(Some(options), plan.body()).await?;
        }
        let outside = context.job.definition.inputs.iter().enumerate().filter_map(|(index, input)| {
            let to = input.dest.strip_prefix('/')?;
            Some(Upload::File { to: to.into(), from: context.job.scratch.outside_input(index) })
        });
        let outside: Vec<Upload> = outside.collect();
        if !outside.is_empty() {
            files::upload(self.docker(), container, "/", outside).await?;
        }
        self.docker().start_container(container, None).await?;
        Ok(None)
    }

    /// Hands on what the container writes until it has ended.
    async fn follow(&self, args: &RunArgs, context: &RunContext<'_>, container: &str) -> RunEnd {
        let mut kill_on_drop = KillOnDrop(Some((self.docker().clone(), container.to_owned())));
        let stop_note = context.job.scratch.run(context.op_index, context.attempt).with_extension("stop");
        // What an earlier worker wanted to stop was stopped, whether that worker saw it or not.
        let mut stop = fs::read_to_string(&stop_note).ok().and_then(|text| stop_of(&text));
        let mut output = Following::follow(self.docker(), container, context.observer);
        let mut ended = std::pin::pin!(self.ended(container));
        let mut stopping = std::pin::pin!(None);
        if stop.is_some() {
            stopping.set(Some(self.stop(container)));
        }
        let deadline = context.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut must_stop = std::pin::pin!(self.must_stop(context, deadline));
        let mut healthy = std::pin::pin!(self.watch_health(args, context, container));
        let mut end = None;
        let mut drained_at = None;
        while end.is_none() || output.is_open() {
            let order = tokio::select! {
                state = &mut ended, if end.is_none() => {
                    end = Some(state);
                    drained_at = Some(Instant::now() + DRAIN_TIMEOUT);
                    None
                }
                read = output.next(), if output.is_open() => {
                    let too_much = output.total_bytes() > self.config.max_output_bytes;
                    if !read && end.is_none() {
                        // Broken off, or the container has ended and nobody has said so yet.
                        time::sleep(Duration::from_millis(100)).await;
                        output.resume();
                    }
                    too_much.then_some(Stop::OutputLimit)
                }
                order = &mut must_stop, if stop.is_none() && end.is_none() => Some(order),
                () = async { if let Some(stopping) = stopping.as_mut().as_pin_mut() { stopping.await } },
                    if stopping.is_some() => {
                    stopping.set(None);
                    None
                }
                () = &mut healthy, if end.is_none() => None,
                () = sleep_until(drained_at) => break,
            };
            if let (Some(order), None, None) = (order, stop, &end) {
                stop = Some(order);
                if let Err(error) = fs::write(&stop_note, stop_text(order)) {
                    tracing::warn!(%error, "why an op is stopped could not be noted");
                }
                stopping.set(Some(self.stop(container)));
            }
        }
        kill_on_drop.0 = None;
        if let Err(error) = output.finish().await {
            return RunEnd::lost(format!("what the op wrote cannot be read: {error}"));
        }
        match end {
            Some(Ok(found)) => end_of(&found, stop),
            Some(Err(reason)) => RunEnd { stop, ..RunEnd::lost(reason) },
            None => RunEnd::lost("the container engine does not say how the op ended"),
        }
    }

    /// Waits until a container has ended, also through failures of the engine.
    async fn ended(&self, container: &str) -> Result<Found, String> {
        loop {
            // Whatever it says: what became of the container is asked for next.
            let waited = self.docker().wait_container(container, None).next().await;
            match self.inspect(container).await {
                Ok(Some(found)) if found.state.has_ended() => return Ok(found),
                Ok(Some(_)) => {}
                Ok(None) => return Err("somebody removed the op's container".to_owned()),
                Err(error) => tracing::warn!(container, %error, "the container engine does not answer"),
            }
            if !matches!(waited, Some(Ok(_))) {
                time::sleep(ENGINE_RETRY / 4).await;
            }
        }
    }

    /// Asks a container to end, and kills it after the grace.
    async fn stop(&self, container: &str) {
        let grace = i32::try_from(self.config.stop_grace.as_secs_f64().ceil() as i64).unwrap_or(i32::MAX);
        loop {
            let options = StopContainerOptionsBuilder::default().t(grace).build();
            match self.docker().stop_container(container, Some(options)).await {
                Err(error) if !is_status(&error, 404) && !is_status(&error, 304) => {
                    tracing::warn!(container, %error, "a container could not be stopped; trying again");
                    time::sleep(ENGINE_RETRY).await;
                }
                _ => return,
            }
        }
    }

    async fn must_stop(&self, context: &RunContext<'_>, deadline: Option<Instant>) -> Stop {
        tokio::select! {
            stop = context.must_stop(deadline) => stop,
            () = self.disk_limit_reached(context) => Stop::DiskLimit,
        }
    }

    async fn disk_limit_reached(&self, context: &RunContext<'_>) {
        let Some(limit_bytes) = context.limits().disk_bytes else {
            return std::future::pending().await;
        };
        let names = Names::of(context.job.scratch);
        loop {
            time::sleep(DISK_CHECK_INTERVAL).await;
            match self.disk_bytes(&names).await {
                Ok(size_bytes) if size_bytes > limit_bytes => return,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the disk that a job takes could not be measured"),
            }
        }
    }

    /// What a job takes on the disk: what its containers have changed, and its volumes.
    async fn disk_bytes(&self, names: &Names) -> Result<u64, Error> {
        let mut size_bytes = 0;
        for container in self.containers(names).await? {
            let found = self.engine.inspect(&container, true).await?;
            size_bytes += found.and_then(|found| found.size_rw).unwrap_or(0);
        }
        let volumes = self.volumes(names).await?;
        let sizes = self.engine.volume_sizes().await?;
        size_bytes += volumes.iter().filter_map(|volume| sizes.get(volume)).sum::<u64>();
        Ok(size_bytes)
    }

    /// Tells where the op's ports are reached, then looks after its health checks. Never ends.
    async fn watch_health(&self, args: &RunArgs, context: &RunContext<'_>, container: &str) {
        let ports: Vec<u16> = create::published_ports(args).collect();
        if ports.is_empty() {
            return std::future::pending().await;
        }
        let addresses = loop {
            match self.inspect(container).await {
                Ok(found) => {
                    let network = Names::of(context.job.scratch).network();
                    let settings = found.map(|found| found.network_settings).unwrap_or_default();
                    let known: BTreeMap<u16, SocketAddr> = ports
                        .iter()
                        .filter_map(|port| Some((*port, settings.address(*port, &network)?)))
                        .collect();
                    if known.len() == ports.len() {
                        break known;
                    }
                }
                Err(error) => tracing::debug!(container, %error, "a container's addresses cannot be had"),
            }
            time::sleep(ENGINE_RETRY / 4).await;
        };
        for (port, address) in &addresses {
            context.observer.listening(*port, *address);
        }
        match health::has_checks(args) {
            true => health::watch(args, &addresses, context.observer).await,
            false => std::future::pending().await,
        }
    }

    async fn inspect(&self, container: &str) -> Result<Option<Found>, Error> {
        Ok(self.engine.inspect(container, false).await?)
    }

    async fn containers(&self, names: &Names) -> Result<Vec<String>, Error> {
        Ok(self.engine.containers(&names.label()).await?)
    }

    async fn volumes(&self, names: &Names) -> Result<Vec<String>, Error> {
        let options = ListVolumesOptionsBuilder::default().filters(&names.filter()).build();
        let found = self.docker().list_volumes(Some(options)).await?;
        Ok(found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect())
    }

    /// Removes everything that belongs to a job, whether this worker made it or an earlier one.
    async fn remove_all(&self, names: &Names) -> Result<(), Error> {
        let containers = self.containers(names).await?;
        let mut removed = join_all(containers.iter().map(|id| self.remove_container(id))).await;
        for volume in self.volumes(names).await? {
            let options = RemoveVolumeOptionsBuilder::default().force(true).build();
            removed.push(gone(self.docker().remove_volume(&volume, Some(options)).await));
        }
        let options = ListNetworksOptionsBuilder::default().filters(&names.filter()).build();
        for network in self.docker().list_networks(Some(options)).await? {
            removed.push(gone(self.docker().remove_network(&network.name.unwrap_or_default()).await));
        }
        removed.into_iter().collect()
    }

    async fn remove_container(&self, container: &str) -> Result<(), Error> {
        // With the volumes that its image made for it and that have no name.
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        gone(self.docker().remove_container(container, Some(options)).await)
    }
}

/// What is not there needs no removal.
fn gone(removed: Result<(), Error>) -> Result<(), Error> {
    match removed {
        Err(error) if is_status(&error, 404) => Ok(()),
        removed => removed,
    }
}

/// Kills a container when this is dropped before it was told that the container has ended.
struct KillOnDrop(Option<(Docker, String)>);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let (Some((docker, container)), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            if let Err(error) = gone(docker.remove_container(&container, Some(options)).await) {
                tracing::warn!(container, %error, "a container could not be removed");
            }
        });
    }
}

fn end_of(found: &Found, stop: Option<Stop>) -> RunEnd {
    let code = found.state.exit_code.and_then(|code| i32::try_from(code).ok());
    RunEnd {
        exit: code.map(Exit::Code),
        stop,
        out_of_memory: Some(found.state.oom_killed || oom::killed_in(&found.id)),
        ..RunEnd::default()
    }
}

/// Stop reasons, as they are noted for a later worker.
const STOPS: [(Stop, &str); 4] = [
    (Stop::Cancelled, "cancelled"),
    (Stop::TimedOut, "timed out"),
    (Stop::DiskLimit, "disk limit"),
    (Stop::OutputLimit, "output limit"),
];

fn stop_text(stop: Stop) -> &'static str {
    STOPS.iter().find(|(known, _)| *known == stop).map_or("", |(_, text)| text)
}

fn stop_of(text: &str) -> Option<Stop> {
    STOPS.iter().find(|(_, known)| *known == text).map(|(stop, _)| *stop)
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

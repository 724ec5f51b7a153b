//! What the engine is asked to create for an op.

use std::{collections::HashMap, path::Path};

use bollard::models::{
    ContainerCreateBody, DeviceMapping, DeviceRequest, EndpointSettings, HostConfig, HostConfigLogConfig,
    Mount, MountType, NetworkingConfig, PortBinding,
};

use super::{
    ContainerConfig, GpuAccess,
    engine::Kind,
    names::{self, JOB_FOLDER, Names},
};
use crate::{
    definition::{Command, RunArgs, Service},
    exec::{RunContext, volume_variable},
};

/// What an op's container is made for.
pub(super) struct Plan<'a> {
    pub(super) config: &'a ContainerConfig,
    pub(super) kind: Kind,
    /// CPU threads of the engine's machine.
    pub(super) cpus: Option<i64>,
    pub(super) names: &'a Names,
    pub(super) image: &'a str,
    pub(super) args: &'a RunArgs,
    pub(super) context: &'a RunContext<'a>,
}

impl Plan<'_> {
    pub(super) fn body(&self) -> ContainerCreateBody {
        let (args, context) = (self.args, self.context);
        let definition = context.job.definition;
        let host = names::host(definition, context.op_index);
        let mut aliases = vec![host.clone()];
        aliases.extend(args.aliases.clone());
        let endpoint = EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() };
        ContainerCreateBody {
            image: Some(self.image.to_owned()),
            hostname: Some(host),
            entrypoint: args.entrypoint.as_ref().map(|entrypoint| match entrypoint {
                Command::Line(program) => vec![program.clone()],
                Command::List(list) => list.clone(),
            }),
            cmd: args.cmd.as_ref().map(|cmd| match cmd {
                Command::Line(line) => ["/bin/sh", "-c", line].map(str::to_owned).into(),
                Command::List(list) => list.clone(),
            }),
            working_dir: self.work_dir(),
            env: Some(self.environment()),
            labels: Some(self.names.op_labels(context)),
            exposed_ports: Some(self.published_ports().map(|port| format!("{port}/tcp")).collect()),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some([(self.names.network(), endpoint)].into()),
            }),
            host_config: Some(self.host_config()),
            ..ContainerCreateBody::default()
        }
    }

    fn host_config(&self) -> HostConfig {
        let (config, context) = (self.config, self.context);
        let limits = context.limits();
        let memory = limits.memory_bytes.or(context.job.device.memory_bytes).map(to_i64);
        let cpus =
            context.job.device.cpus.map(to_i64).map(|cpus| self.cpus.map_or(cpus, |all| cpus.min(all)));
        HostConfig {
            network_mode: Some(self.names.network()),
            mounts: Some(self.mounts()),
            port_bindings: Some(
                self.published_ports()
                    .map(|port| {
                        let binding = PortBinding {
                            host_ip: Some("127.0.0.1".to_owned()),
                            host_port: Some(String::new()),
                        };
                        (format!("{port}/tcp"), Some(vec![binding]))
                    })
                    .collect(),
            ),
            // As much swap as memory beyond memory: none.
            memory,
            memory_swap: memory,
            nano_cpus: cpus.map(|cpus| cpus.saturating_mul(1_000_000_000)),
            pids_limit: Some(to_i64(limits.pids.unwrap_or(config.default_pids))),
            shm_size: Some(to_i64(config.shm_bytes)),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            privileged: Some(false),
            readonly_rootfs: Some(config.read_only_root),
            tmpfs: config.read_only_root.then(|| [("/tmp".to_owned(), String::new())].into()),
            userns_mode: config.user_namespace.clone(),
            oom_score_adj: Some(500),
            // In a network of its own an op may serve any port, without a capability.
            sysctls: Some([("net.ipv4.ip_unprivileged_port_start".to_owned(), "0".to_owned())].into()),
            // Kept whole until the worker has read it: a log that is cut while the worker is away is lost.
            log_config: Some(match self.kind {
                Kind::Docker => HostConfigLogConfig {
                    typ: Some("json-file".to_owned()),
                    config: Some([("max-size".to_owned(), "-1".to_owned())].into()),
                },
                Kind::Podman => HostConfigLogConfig { typ: Some("k8s-file".to_owned()), config: None },
            }),
            device_requests: self.device_requests(),
            devices: self.devices(),
            ..HostConfig::default()
        }
    }

    /// Where the command starts: where the definition says, else in the job's folder where the job has inputs or
    /// outputs, else where the image says.
    fn work_dir(&self) -> Option<String> {
        let definition = self.context.job.definition;
        match self.args.work_dir.as_deref() {
            Some(folder) => Some(in_job_folder(folder)),
            None if definition.inputs.is_empty() && definition.outputs.is_empty() => None,
            None => Some(JOB_FOLDER.to_owned()),
        }
    }

    fn environment(&self) -> Vec<String> {
        let (args, job) = (self.args, &self.context.job);
        let gpus = if args.gpu { job.device.gpu_uuids.join(",") } else { String::new() };
        // An image may ask for all GPUs by itself; "void" is what keeps NVIDIA's runtime from giving any.
        let visible = if gpus.is_empty() { "void".to_owned() } else { gpus.clone() };
        let mut env = args.env.clone();
        env.extend(
            [
                ("CUDA_VISIBLE_DEVICES", gpus),
                ("NVIDIA_VISIBLE_DEVICES", visible),
                ("GRID_JOB", job.job_id.to_owned()),
                ("GRID_OP", self.context.op_id().to_owned()),
                ("GRID_INPUTS", JOB_FOLDER.to_owned()),
                ("GRID_OUTPUTS", JOB_FOLDER.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        env.extend(
            args.volumes.iter().map(|mount| (volume_variable(&mount.name), in_job_folder(&mount.dest))),
        );
        env.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    fn mounts(&self) -> Vec<Mount> {
        let mount = |source: String, target: String| Mount {
            typ: Some(MountType::VOLUME),
            source: Some(source),
            target: Some(target),
            ..Mount::default()
        };
        let mut mounts = vec![mount(self.names.files(), JOB_FOLDER.to_owned())];
        mounts.extend(
            self.args.volumes.iter().map(|v| mount(self.names.volume(&v.name), in_job_folder(&v.dest))),
        );
        mounts
    }

    /// Single ports that something is served on. Those of a range are reached within the job's network only.
    fn published_ports(&self) -> impl Iterator<Item = u16> {
        let is_published = self.config.internet;
        published_ports(self.args).filter(move |_| is_published)
    }

    fn device_requests(&self) -> Option<Vec<DeviceRequest>> {
        let uuids = self.gpus()?;
        match (self.config.gpus.unwrap_or_else(|| default_gpu_access(self.kind)), self.kind) {
            (GpuAccess::Nvidia, _) => Some(vec![DeviceRequest {
                driver: Some("nvidia".to_owned()),
                device_ids: Some(uuids.to_vec()),
                capabilities: Some(vec![vec!["gpu".to_owned()]]),
                ..DeviceRequest::default()
            }]),
            (GpuAccess::Cdi, Kind::Docker) => Some(vec![DeviceRequest {
                driver: Some("cdi".to_owned()),
                device_ids: Some(uuids.iter().map(|uuid| cdi_name(uuid)).collect()),
                ..DeviceRequest::default()
            }]),
            (GpuAccess::Cdi, Kind::Podman) => None,
        }
    }

    fn devices(&self) -> Option<Vec<DeviceMapping>> {
        let uuids = self.gpus()?;
        match (self.config.gpus.unwrap_or_else(|| default_gpu_access(self.kind)), self.kind) {
            (GpuAccess::Cdi, Kind::Podman) => Some(
                uuids
                    .iter()
                    .map(|uuid| DeviceMapping {
                        path_on_host: Some(cdi_name(uuid)),
                        ..DeviceMapping::default()
                    })
                    .collect(),
            ),
            _ => None,
        }
    }

    fn gpus(&self) -> Option<&[String]> {
        let uuids = &self.context.job.device.gpu_uuids;
        (self.args.gpu && !uuids.is_empty()).then_some(uuids)
    }
}

/// The container that holds the job's files and is never started.
pub(super) fn keeper(names: &Names, image: &str, labels: HashMap<String, String>) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        // Never run; an image without a command of its own is created with one only.
        cmd: Some(vec!["-".to_owned()]),
        labels: Some(labels),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![Mount {
                typ: Some(MountType::VOLUME),
                source: Some(names.files()),
                target: Some(JOB_FOLDER.to_owned()),
                ..Mount::default()
            }]),
            cap_drop: Some(vec!["ALL".to_owned()]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// The single ports of an op that something is served on.
pub(super) fn published_ports(args: &RunArgs) -> impl Iterator<Item = u16> {
    let exposed = args.expose.iter().flatten();
    exposed
        .filter(|e| !e.health_checks.is_empty() || e.first == e.last && e.service != Some(Service::None))
        .map(|e| e.first)
}

/// The place that a path of the definition means: a relative one lies in the job's folder.
fn in_job_folder(path: &str) -> String {
    Path::new(JOB_FOLDER).join(path).to_string_lossy().into_owned()
}

fn default_gpu_access(kind: Kind) -> GpuAccess {
    match kind {
        Kind::Docker => GpuAccess::Nvidia,
        Kind::Podman => GpuAccess::Cdi,
    }
}

fn cdi_name(uuid: &str) -> String {
    format!("nvidia.com/gpu={uuid}")
}

fn to_i64(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

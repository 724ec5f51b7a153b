//! What the process executor honours, and what it refuses by name.

use std::path::Path;

use crate::{
    Device, bench,
    definition::{Action, Definition, Literal, RestartPolicy, RunArgs, args_path},
    exec::{Unsupported, UnsupportedItem, volume_variable},
};

pub(super) const NAME: &str = "process";

pub(super) fn definition(
    definition: &Definition,
    device: &Device,
    lacks_landlock: bool,
) -> Result<(), Unsupported> {
    let mut items = definition.requirements.unmet(device);
    items.extend(bench::unsupported(definition, device));
    let mut refuse = |path: &str, reason: &str| items.push(UnsupportedItem::new(path, reason));

    if lacks_landlock {
        refuse("ops", "this machine's kernel has no Landlock, and its worker runs no job without it");
    }
    if definition.limits.pids.is_some() {
        refuse(
            "limits.pids",
            "without a container engine processes can be counted per user only, not per op",
        );
    }
    for (name, transfer) in [("send", &definition.logistics.send), ("receive", &definition.logistics.receive)]
    {
        if transfer.is_some() {
            refuse(
                &format!("logistics.{name}"),
                "definitions and results travel by their digest only so far",
            );
        }
    }
    for (index, input) in definition.inputs.iter().enumerate() {
        if Path::new(&input.dest).is_absolute() {
            refuse(&format!("inputs[{index}].dest"), ABSOLUTE);
        }
    }
    let mut variables = std::collections::HashMap::new();
    for (index, op) in definition.ops.iter().enumerate() {
        if let Action::CreateVolume { name } = &op.action
            && let Some(other) = variables.insert(volume_variable(name), name)
        {
            let reason =
                format!("\"{name}\" and \"{other}\" share one environment variable here; rename one");
            refuse(&format!("{}.name", args_path(index)), &reason);
        }
        for (path, literal) in definition.literals(index) {
            if matches!(literal, Literal::OpHost(_) | Literal::OpEndpoint { .. }) {
                refuse(&path, "ops have no network names and no endpoints without a container engine");
            }
        }
    }
    for (index, op) in definition.ops.iter().enumerate() {
        match &op.action {
            Action::Run(args) => items.extend(run_args(&args_path(index), args, device)),
            Action::Inference(_) => items.push(UnsupportedItem::unexpanded(index)),
            Action::CreateVolume { .. } | Action::BenchCpu { .. } | Action::BenchGpu { .. } => {}
        }
    }
    Unsupported::check(NAME, items)
}

pub(super) fn hydrated(args: &RunArgs, device: &Device) -> Result<(), Unsupported> {
    Unsupported::check(NAME, run_args("args", args, device))
}

const ABSOLUTE: &str = "an absolute path would lie outside the job's folder, and there is no container to mount it in; \
                        use a path relative to the job's folder";

fn run_args(path: &str, args: &RunArgs, device: &Device) -> Vec<UnsupportedItem> {
    let mut items = Vec::new();
    let mut refuse =
        |field: &str, reason: &str| items.push(UnsupportedItem::new(format!("{path}.{field}"), reason));

    if args.cmd.is_none() && args.entrypoint.is_none() {
        refuse("cmd", "is missing, and there is no image to take a command from");
    }
    if args.gpu && device.gpu_uuids.is_empty() {
        refuse("gpu", "this device has no GPU");
    }
    if let Some(gigabytes) = args.required_vram_gb.filter(|gigabytes| *gigabytes > 0) {
        let needed = gigabytes.saturating_mul(1_000_000_000);
        if device.vram_bytes.is_none_or(|bytes| bytes < needed) {
            refuse("required_vram", "this device has less video memory, or none");
        }
    }
    let relative_only = |text: &str| Path::new(text).is_absolute();
    if args.work_dir.as_deref().is_some_and(relative_only) {
        refuse("work_dir", ABSOLUTE);
    }
    if args.work_dir.as_deref().is_some_and(climbs) {
        refuse("work_dir", "must not climb with \"..\"");
    }
    for (index, mount) in args.volumes.iter().enumerate() {
        if relative_only(&mount.dest) {
            refuse(&format!("volumes[{index}].dest"), ABSOLUTE);
        }
        if climbs(&mount.dest) || Path::new(&mount.dest).file_name().is_none() {
            refuse(&format!("volumes[{index}].dest"), "must name a place below the job's folder");
        }
    }
    for name in args.env.keys() {
        if name == "CUDA_VISIBLE_DEVICES" || name.starts_with("GRID_") {
            refuse(&format!("env.{name}"), "is set by the worker");
        }
    }
    let needs_network = "needs a container network, which this executor has not";
    if args.expose.is_some() {
        refuse("expose", needs_network);
    }
    if !args.aliases.is_empty() {
        refuse("aliases", needs_network);
    }
    if args.resources.is_some() {
        refuse(
            "resources",
            "fetching from S3, model hubs or Ollama is not supported by this version yet; use inputs",
        );
    }
    if args.docker_auth.is_some() {
        refuse("authentication.docker", "no image is pulled, so credentials must not be here");
    }
    if args.output.is_some() {
        refuse("output", "is replaced by outputs");
    }
    match args.restart_policy {
        RestartPolicy::No | RestartPolicy::OnFailure { tries: Some(_) } => {}
        RestartPolicy::OnFailure { tries: None } => {
            refuse("restart_policy", "needs a bound: give restart_tries")
        }
        RestartPolicy::Always | RestartPolicy::UnlessStopped => {
            refuse("restart_policy", "is for services, which need a container network");
        }
    }
    items
}

fn climbs(path: &str) -> bool {
    Path::new(path).components().any(|component| component == std::path::Component::ParentDir)
}

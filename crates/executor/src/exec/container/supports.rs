//! What the container executor honours, and what it refuses by name.

use std::path::{Component, Path};

use super::names::{self, JOB_FOLDER};
use crate::{
    Device, bench,
    definition::{Action, Definition, Literal, Resource, RunArgs, args_path},
    exec::{Unsupported, UnsupportedItem},
};

pub(super) const NAME: &str = "container";

/// Folders of a container that belong to its kernel or its engine.
const RESERVED: &[&str] = &["/proc", "/sys", "/dev", JOB_FOLDER];

pub(super) fn definition(definition: &Definition, device: &Device) -> Result<(), Unsupported> {
    let mut items = definition.requirements.unmet(device);
    let mut refuse = |path: &str, reason: &str| items.push(UnsupportedItem::new(path, reason));

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
        let dest = Path::new(&input.dest);
        if dest.is_absolute() && is_reserved(dest) {
            refuse(&format!("inputs[{index}].dest"), RESERVED_REASON);
        }
    }
    let known = names::addresses(definition);
    for (index, op) in definition.ops.iter().enumerate() {
        for (path, literal) in definition.literals(index) {
            match literal {
                Literal::OpEndpoint { op, port }
                    if !known.endpoints.contains_key(&(op.clone(), port.clone())) =>
                {
                    refuse(&path, &format!("\"{op}\" exposes no such port"));
                }
                Literal::OpHost(op) if !known.hosts.contains_key(&op) => {
                    refuse(&path, &format!("\"{op}\" runs in no container"));
                }
                _ => {}
            }
        }
        if let Action::Run(args) = &op.action {
            if super::image::name_of(definition, args).is_err() {
                refuse(
                    &format!("{}.image", args_path(index)),
                    "must be known before the job starts: results of other ops cannot be in it",
                );
            }
            if matches!(&args.resources, Some(resources) if resources.is_empty()) {
                refuse(
                    &format!("{}.resources", args_path(index)),
                    "must be known before the job starts: they cannot be filled in",
                );
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
    items.extend(bench::unsupported(definition, device));
    Unsupported::check(NAME, items)
}

pub(super) fn hydrated(args: &RunArgs, device: &Device) -> Result<(), Unsupported> {
    Unsupported::check(NAME, run_args("args", args, device))
}

const RESERVED_REASON: &str = "lies in /proc, /sys, /dev or the job's own folder; choose another place";

fn run_args(path: &str, args: &RunArgs, device: &Device) -> Vec<UnsupportedItem> {
    let mut items = Vec::new();
    let mut refuse =
        |field: &str, reason: &str| items.push(UnsupportedItem::new(format!("{path}.{field}"), reason));

    if args.gpu && device.gpu_uuids.is_empty() {
        refuse("gpu", "this device has no GPU");
    }
    if let Some(gigabytes) = args.required_vram_gb.filter(|gigabytes| *gigabytes > 0) {
        let needed = gigabytes.saturating_mul(1_000_000_000);
        if device.vram_bytes.is_none_or(|bytes| bytes < needed) {
            refuse("required_vram", "this device has less video memory, or none");
        }
    }
    if args.work_dir.as_deref().is_some_and(climbs) {
        refuse("work_dir", "must not climb with \"..\"");
    }
    for (index, mount) in args.volumes.iter().enumerate() {
        let field = format!("volumes[{index}].dest");
        let dest = Path::new(&mount.dest);
        if climbs(&mount.dest) || dest.file_name().is_none() {
            refuse(&field, "must name a folder, without \"..\"");
        } else if dest.is_absolute() && is_reserved(dest) {
            refuse(&field, RESERVED_REASON);
        }
    }
    for name in args.env.keys() {
        if matches!(name.as_str(), "CUDA_VISIBLE_DEVICES" | "NVIDIA_VISIBLE_DEVICES")
            || name.starts_with("GRID_")
        {
            refuse(&format!("env.{name}"), "is set by the worker");
        }
    }
    for alias in &args.aliases {
        // One with a literal in it is looked at again when it is filled in.
        if !names::is_host_name(alias) && !alias.contains("%%") {
            let reason = format!(
                "\"{alias}\" is no host name: 1 to 63 small letters, digits and \"-\", which stands at neither end"
            );
            refuse("aliases", &reason);
        }
    }
    for (index, resource) in args.resources.iter().flatten().enumerate() {
        let field = |name: &str| format!("resources[{index}]{name}");
        if let Resource::Ollama { .. } = resource {
            refuse(&field(""), "models of the Ollama library are not supported; use inputs");
            continue;
        }
        refuse(
            &field(""),
            "fetching from S3 and model hubs is not supported by this version yet; use inputs",
        );
    }
    if args.output.is_some() {
        refuse("output", "is replaced by outputs");
    }
    items
}

fn climbs(path: &str) -> bool {
    Path::new(path).components().any(|component| component == Component::ParentDir)
}

fn is_reserved(path: &Path) -> bool {
    RESERVED.iter().any(|folder| path.starts_with(folder))
}

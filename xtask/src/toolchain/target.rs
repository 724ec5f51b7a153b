//! The target: upstream's `bpfel-unknown-none`, told that its operating system is Solana.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The specification file; its stem names the target's output folder.
pub fn spec(folder: &Path) -> PathBuf {
    folder.join("sbpf-solana-llvm.json")
}

/// Name of the output folder below cargo's target folder.
pub const OUTPUT: &str = "sbpf-solana-llvm/release";

/// The specification, with the linker script's path in it.
pub fn specification(linker: &Path) -> Value {
    json!({
        "arch": "bpf",
        "os": "solana",
        "llvm-target": "bpfel",
        "data-layout": "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128",
        "target-pointer-width": 64,
        "cpu": "v2",
        "features": "+allows-misaligned-mem-access",
        "linker": linker,
        "linker-flavor": "bpf",
        "linker-is-gnu": false,
        "dynamic-linking": true,
        "obj-is-bitcode": true,
        "no-builtins": true,
        "panic-strategy": "abort",
        "position-independent-executables": true,
        "merge-functions": "disabled",
        "singlethread": true,
        "atomic-cas": true,
        "min-atomic-width": 8,
        "max-atomic-width": 64,
        "crt-objects-fallback": "false",
        "metadata": { "description": "Solana VM, upstream LLVM", "host_tools": false, "std": true, "tier": 3 },
    })
}

/// What every link gets: the VM's frame size and instruction set (older ones can't pass a sixth argument).
pub const LINK_ARGUMENTS: [&str; 3] = ["--llvm-args=--bpf-stack-size=4096", "--arch=v3", "--deploy=false"];

//! The kernels, assembled for real models by NVIDIA's own assembler, which needs no GPU.
//!
//! `ptxas` comes with the CUDA toolkit, and in the Python package `nvidia-cuda-nvcc-cu12`. Where it is at hand:
//! `GRID_PTXAS=/path/to/ptxas cargo test -p grid-devices --test ptx -- --ignored`.

use std::{env, fs, path::Path, process::Command};

/// Registers of a multiprocessor shared by the 1,024 threads that the benchmark starts on each.
const MAX_REGISTERS: u32 = 64;
/// Turing, for what has no tensor cores for brain float; Ampere, Ada, Hopper.
const MODELS: [&str; 5] = ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90"];

/// What the assembler has to say of a kernel file, if it takes it.
fn assemble(source: &Path, model: &str) -> Result<String, String> {
    let ptxas = env::var_os("GRID_PTXAS").unwrap_or_else(|| "ptxas".into());
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(&ptxas)
        .args(["-v", "-arch", model, "-o"])
        .arg(folder.path().join("out.cubin"))
        .arg(source)
        .output()
        .unwrap_or_else(|error| panic!("{ptxas:?} cannot be run: {error}; set GRID_PTXAS"));
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[test]
#[ignore = "needs ptxas, in GRID_PTXAS or on the PATH"]
fn every_kernel_is_taken_for_every_model_and_spills_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cuda");
    for (file, kernels, models) in
        [("memory.ptx", 3, &MODELS[..]), ("fp32.ptx", 1, &MODELS[..]), ("bf16.ptx", 1, &MODELS[1..])]
    {
        for model in models {
            let said =
                assemble(&folder.join(file), model).unwrap_or_else(|said| panic!("{file}, {model}: {said}"));
            assert_eq!(said.matches("0 bytes spill stores, 0 bytes spill loads").count(), kernels, "{said}");
            let registers: Vec<u32> = said
                .split("Used ")
                .skip(1)
                .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
                .collect();
            assert_eq!(registers.len(), kernels, "{said}");
            assert!(registers.iter().all(|count| *count <= MAX_REGISTERS), "{file}, {model}: {registers:?}");
            println!("{file}, {model}: {registers:?} registers");
        }
    }
}

#[test]
#[ignore = "needs ptxas, in GRID_PTXAS or on the PATH"]
fn a_kernel_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.ptx");
    let source = include_str!("../src/cuda/bf16.ptx").replace("m16n8k16", "m16n8k17");
    fs::write(&broken, source).unwrap();
    let said = assemble(&broken, "sm_80").unwrap_err();
    assert!(said.contains("error"), "{said}");
    // Tensor cores take brain float from 8.0 on.
    let bf16 = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cuda/bf16.ptx");
    assert!(assemble(&bf16, "sm_75").is_err());
}

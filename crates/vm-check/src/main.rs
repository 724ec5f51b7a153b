//! `grid-vm-check <program.so>`: the toolchain's self-test.

use std::{env, fs, process::ExitCode, time::Instant};

use anyhow::{Context as _, Result};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("self-test failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let path = env::args_os().nth(1).context("usage: grid-vm-check <program.so>")?;
    let program = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let start = Instant::now();
    grid_vm_check::check(&program, |passed| {
        println!("    {:<20} {:>6} cases agree with the host", passed.operation, passed.cases);
    })?;
    println!("    self-test passed in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

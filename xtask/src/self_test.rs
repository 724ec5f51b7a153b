//! The self-test of a program toolchain: see `crates/vm-check`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::{
    context::Context, host::Host, mutants::MUTANTS, process, stamp, toolchain::std_copy::BUILTINS,
    way::Builder, workspace::Program,
};

/// Runs it when this binary of this toolchain has not passed before.
pub fn run_if_new(context: &Context, builder: &Builder, program: &Path) -> Result<()> {
    let bytes = std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let passed = builder.target(context).join(".grid-self-test");
    let subject = format!("{}{}\n", builder.versions(), hex::encode(Sha256::digest(bytes)));
    if stamp::matches(&passed, &subject) {
        return Ok(());
    }
    let checker = compile(context)?;
    run(&checker, program)
        .context("this toolchain computes wrongly on the VM: no program is built with it")?;
    stamp::write(&passed, &subject)
}

/// Compiles the program that compares.
fn compile(context: &Context) -> Result<PathBuf> {
    let host = Host::prepare(context)?;
    process::run("compile the self-test", host.cargo("build").args(["--package", "grid-vm-check"]))?;
    Ok(host.binary("grid-vm-check"))
}

fn run(checker: &Path, program: &Path) -> Result<()> {
    process::run("self-test: 128-bit and memory functions, on the VM", Command::new(checker).arg(program))
}

/// Shows that the self-test is able to fail: it has to refuse every mutant.
pub fn prove(context: &Context, builder: &Builder, program: &Program) -> Result<()> {
    let Builder::Llvm(toolchain) = builder else {
        bail!("the faulty functions are linked by --way llvm only")
    };
    let checker = compile(context)?;
    let folder = context.workspace.root.join("target/self-test/mutant");
    for mutant in MUTANTS {
        let faulty = mutant.apply(BUILTINS);
        // Cargo goes by the link argument's text: another content has to be another name.
        let builtins = folder.join(format!("{}.ll", hex::encode(&Sha256::digest(&faulty)[..6])));
        stamp::write(&builtins, &faulty)?;
        let binary = builder.build_with_llvm(context, toolchain, program, &folder, &builtins)?;
        match run(&checker, &binary) {
            Ok(()) => bail!("the self-test passed with this fault: {}", mutant.fault),
            Err(_) => println!("    refused, as it has to be: {}", mutant.fault),
        }
    }
    Ok(())
}

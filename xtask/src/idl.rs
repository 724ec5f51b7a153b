//! `cargo xtask idl`.

use std::{env, fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{
    cli::IdlArgs,
    context::Context,
    host::{self, Host},
    process, stamp,
    workspace::Program,
};

/// Writes or compares every program's IDL.
pub fn command(context: &Context, args: &IdlArgs) -> Result<()> {
    let _lock = context.cache.lock()?;
    Host::install()?;
    let host = Host::prepare(context)?;
    generate(context, &host, args)
}

/// The same, within another command.
pub fn generate(context: &Context, host: &Host, args: &IdlArgs) -> Result<()> {
    process::run("compile the IDL generator", host.cargo("build").args(["--package", "grid-idl-gen"]))?;
    let mut stale = Vec::new();
    for program in context.workspace.programs()? {
        let name = format!("idl/{}.json", program.name());
        let fresh = describe(context, host, &program)?;
        let path = context.workspace.root.join(&name);
        if stamp::matches(&path, &fresh) {
            println!("    {name} is up to date");
        } else if args.check {
            stale.push(format!("{name} {}", difference(&path, &fresh)));
        } else {
            stamp::write(&path, &fresh)?;
            println!("    {name} written");
        }
    }
    if !stale.is_empty() {
        bail!("the IDL is not what the source gives; run `cargo xtask idl`:\n    {}", stale.join("\n    "));
    }
    Ok(())
}

/// The IDL as the source gives it.
fn describe(context: &Context, host: &Host, program: &Program) -> Result<String> {
    let output = context.workspace.root.join("target/idl").join(format!("{}.json", program.name()));
    stamp::write(&output, "")?;
    let mut command = std::process::Command::new(host.binary("grid-idl-gen"));
    command
        .arg(&program.folder)
        .arg(&output)
        .current_dir(&context.workspace.root)
        .env("CARGO_TARGET_DIR", context.cache.host_target())
        // The builder would ask cargo for a toolchain of that name, in words cargo does not know. The
        // same toolchain comes first on the PATH instead.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("PATH", path_of_cargo()?);
    process::run(&format!("IDL of {}", program.name()), &mut command)?;
    fs::read_to_string(&output).with_context(|| format!("cannot read {}", output.display()))
}

/// The PATH with this cargo's folder first, where it is not a launcher.
fn path_of_cargo() -> Result<std::ffi::OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let cargo = host::cargo();
    let folder = Path::new(&cargo).parent().filter(|folder| folder.join("rustc").exists());
    let folders = folder.map(Path::to_owned).into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).context("a folder on the PATH has a colon in its name")
}

/// The first line that differs, for the message.
fn difference(path: &Path, fresh: &str) -> String {
    let Ok(old) = fs::read_to_string(path) else {
        return "is missing".to_owned();
    };
    let at = old.lines().zip(fresh.lines()).position(|(a, b)| a != b);
    match at {
        Some(at) => format!("differs from line {}", at + 1),
        None => "differs in length".to_owned(),
    }
}

//! `grid completions`: what a shell needs to complete commands.

use crate::{Cli, exit::Exit};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::{self, Write};

#[derive(Args)]
pub struct Options {
    /// The shell
    shell: Shell,
}

pub fn run(options: &Options) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "grid", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Success)
}

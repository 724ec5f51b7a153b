//! `grid completions`: what a shell needs to complete commands.

use crate::{Cli, exit::Exit, output::say};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

#[derive(Args)]
pub struct Options {
    /// The shell
    shell: Shell,
}

pub fn run(options: &Options) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "grid", &mut script);
    say(&String::from_utf8_lossy(&script));
    Exit::Success
}

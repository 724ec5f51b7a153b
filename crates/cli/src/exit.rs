//! How a command ends: exit codes, and errors that are the caller's own.

use std::process::ExitCode;

/// How a command ended that did not fail itself. The numbers are part of the interface: they are documented, and never
/// given another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Success = 0,
    /// Something that was checked is not as it should be.
    Faulty = 1,
    /// The job ran and failed.
    JobFailed = 3,
    /// The job is over without a result of its own: timed out, cancelled, ended, stopped or delisted.
    JobEnded = 4,
    /// The job is not over yet; the wait was.
    StillWaiting = 5,
    /// Ctrl-C.
    Interrupted = 130,
}

/// Exit code of an error.
pub const FAILED: u8 = 1;
/// Exit code of a wrong command line.
pub const USAGE: u8 = 2;

/// What `--help` says about exit codes.
pub const HELP: &str = "\
Exit codes: 0 all went well, 1 something failed, 2 the command line is wrong, 3 the job failed, 4 the job is over without a \
result (timed out, cancelled, ended, stopped, delisted), 5 the wait ended before the job did, 130 Ctrl-C.
Options come from the command line, else the environment, else the configuration file, else the default.
RUST_LOG sets what is logged to standard error, for example RUST_LOG=grid_node=debug.";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        (exit as u8).into()
    }
}

/// A command line that is wrong in a way that only shows when the command runs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// An error that ends with [`USAGE`].
pub fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// The exit code of an error.
pub fn code_of(error: &anyhow::Error) -> u8 {
    if error.chain().any(|cause| cause.is::<Usage>()) { USAGE } else { FAILED }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_wrong_command_line_keeps_its_code_under_any_context() {
        let error = Err::<(), _>(usage("wrong")).context("while reading").unwrap_err();
        assert_eq!(code_of(&error), USAGE);
        assert_eq!(code_of(&anyhow::anyhow!("broken")), FAILED);
    }

    #[test]
    fn the_help_names_each_code() {
        for exit in [
            Exit::Success,
            Exit::Faulty,
            Exit::JobFailed,
            Exit::JobEnded,
            Exit::StillWaiting,
            Exit::Interrupted,
        ] {
            assert!(HELP.contains(&format!(" {} ", exit as u8)), "{exit:?}");
        }
    }
}

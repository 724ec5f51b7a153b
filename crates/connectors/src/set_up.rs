//! Making a machine ready for a connector.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use crate::connector::Connector;

/// Why a connector could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A file could not be written, or the command not started.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        error: io::Error,
    },
    /// The command failed.
    #[error("the setup of {connector} failed: {status}; its output says why")]
    Failed {
        /// The connector.
        connector: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The command said that all is well and left nothing.
    #[error(
        "the setup of {connector} ended well, yet {missing} is not there: its manifest or its setup is wrong"
    )]
    Missing {
        /// The connector.
        connector: String,
        /// What `setup.makes` names.
        missing: PathBuf,
    },
}

impl Connector {
    /// Runs the connector's setup command in a copy of its folder, with `CONNECTOR_HOME` set to
    /// [`home`](Self::home), which it gives back. The command is the operator's to trust: it runs as this process
    /// does, with its environment and its output. Does nothing where the connector has no setup.
    pub fn set_up(&self, cache: &Path) -> Result<PathBuf, SetUpError> {
        let home = self.home(cache);
        let name = &self.manifest().name;
        let Some((setup, (program, arguments))) =
            self.manifest().setup.as_ref().and_then(|setup| Some((setup, setup.command.split_first()?)))
        else {
            return Ok(home);
        };
        let io = |what: String| move |error| SetUpError::Io { what, error };
        fs::create_dir_all(&home).map_err(io(format!("making {}", home.display())))?;
        let copy = tempfile::tempdir().map_err(io("making a folder for the connector's files".to_owned()))?;
        for (path, bytes) in self.files() {
            let to = copy.path().join(path);
            let write = || {
                fs::create_dir_all(to.parent().unwrap_or(copy.path()))?;
                fs::write(&to, bytes)
            };
            write().map_err(io(format!("writing {}", to.display())))?;
        }
        let status = Command::new(program)
            .args(arguments)
            .current_dir(copy.path())
            .env("CONNECTOR_HOME", &home)
            .status()
            .map_err(io(format!("starting \"{program}\", the setup of {name}")))?;
        if !status.success() {
            return Err(SetUpError::Failed { connector: name.clone(), status });
        }
        let missing = home.join(&setup.makes);
        if !missing.is_file() {
            return Err(SetUpError::Missing { connector: name.clone(), missing });
        }
        Ok(home)
    }
}

//! Python environments in the cache, each with the packages that a file or a line names.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::{apt, engine};
use crate::{process, stamp};

/// Makes an environment with these packages, unless it is there: lines as in a requirements file, versions pinned.
pub fn environment(folder: &Path, name: &str, requirements: &str) -> Result<PathBuf> {
    let made_from = folder.join("requirements.txt");
    if stamp::matches(&made_from, requirements) {
        return Ok(folder.to_owned());
    }
    stamp::remove_folder(folder)?;
    let step = format!("Python environment of {name}");
    let make = || process::quiet(Command::new("python3").args(["-m", "venv"]).arg(folder));
    // Debian's Python comes without what makes environments.
    if make().is_err() {
        apt::install(&engine::PYTHON_PACKAGES)?;
        make()?;
    }
    // Written under another name first: the right one says that the environment is complete.
    let list = folder.join("wanted.txt");
    stamp::write(&list, requirements)?;
    let mut install = Command::new(folder.join("bin/python"));
    install
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&list);
    process::run(&step, &mut install).context("could not install: it needs Python's package registry")?;
    stamp::write(&made_from, requirements)?;
    Ok(folder.to_owned())
}

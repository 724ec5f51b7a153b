//! The compiler of the programs and the source of its standard library.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{process, version::Version};

/// The std edits are written against this version; an older one can't build the programs.
pub const OLDEST: Version = Version(1, 96, 0);

/// A compiler with its source.
#[derive(Debug)]
pub struct Rust {
    /// rustc.
    pub rustc: PathBuf,
    /// cargo of the same version.
    pub cargo: PathBuf,
    /// The `library` folder of the same version.
    pub library: PathBuf,
    /// Its version.
    pub version: Version,
    /// What `rustc -vV` printed.
    pub version_text: String,
}

impl Rust {
    /// Debian's compiler; a rustup toolchain is left alone.
    pub fn find() -> Result<Self> {
        let rustc = PathBuf::from("/usr/bin/rustc");
        let version_text = process::output(Command::new(&rustc).arg("-vV"))?;
        let version = Version::find(&version_text).context("`rustc -vV` printed no version")?;
        ensure!(
            version >= OLDEST,
            "{} is {version}, the programs need {OLDEST} or newer: install the Debian package rustc-web \
             from the security suite",
            rustc.display()
        );
        let sysroot = process::output(Command::new(&rustc).args(["--print", "sysroot"]))?;
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
        ensure!(
            library.join("std/src/lib.rs").is_file(),
            "no standard library source in {}: install the Debian package rust-web-src",
            library.display()
        );
        Ok(Self { rustc, cargo: PathBuf::from("/usr/bin/cargo"), library, version, version_text })
    }
}

/// Where cargo keeps the registry.
pub fn cargo_home() -> Option<PathBuf> {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

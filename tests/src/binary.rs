//! The programs' binaries: the very files that would be deployed.

use std::path::PathBuf;

/// Folder of the programs' binaries: `GRID_SBF_DIR`, else `target/deploy` of the workspace.
pub fn folder() -> PathBuf {
    match std::env::var_os("GRID_SBF_DIR") {
        Some(folder) => folder.into(),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/deploy")),
    }
}

/// The bytes of a program's binary.
///
/// # Panics
/// When it has not been built.
#[track_caller]
pub fn read(program: &str) -> Vec<u8> {
    let path = folder().join(format!("{program}.so"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask build` makes it", path.display()))
}

//! The edited copy of std, with the target, the 128-bit functions and the linker script beside it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::{
    llvm::Llvm,
    rust::Rust,
    std_edits::{EDITS, NEW_FILES},
    target,
};
use crate::{cache::Cache, process, stamp};

/// The 128-bit functions; the file says why they are needed.
pub const BUILTINS: &str = include_str!("../../sbf/builtins.ll");

/// The `library` folder of the copy.
pub fn library(folder: &Path) -> PathBuf {
    folder.join("library")
}

/// The 128-bit functions, as the linker takes them.
pub fn builtins(folder: &Path) -> PathBuf {
    folder.join("builtins.ll")
}

/// Hash of everything in this repository that shapes a program.
pub fn edits() -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{EDITS:?}{NEW_FILES:?}{:?}", target::LINK_ARGUMENTS));
    hash.update(target::specification(Path::new("linker")).to_string());
    hash.update(BUILTINS);
    hash.update(script(Path::new("loader"), Path::new("libraries"), Path::new("linker")));
    hex::encode(&hash.finalize()[..6])
}

/// Where the copy for these versions lies.
pub fn folder(cache: &Cache, rust: &Rust, versions: &str) -> PathBuf {
    let key = hex::encode(&Sha256::digest(versions)[..6]);
    cache.toolchain().join(format!("std-{}-{key}", rust.version))
}

/// Makes the copy, unless it is there.
pub fn install(cache: &Cache, rust: &Rust, llvm: &Llvm, linker: &Path, versions: &str) -> Result<PathBuf> {
    let folder = folder(cache, rust, versions);
    let complete = folder.join("versions");
    if stamp::matches(&complete, versions) {
        return Ok(folder);
    }
    process::step(&format!("editing a copy of the standard library of rustc {}", rust.version));
    stamp::remove_folder(&folder)?;
    copy(&rust.library, &library(&folder))?;
    for (path, text) in NEW_FILES {
        stamp::write(&library(&folder).join(path), text)?;
    }
    for edit in EDITS {
        let path = library(&folder).join(edit.file);
        let source =
            fs::read_to_string(&path).with_context(|| format!("no {} in std's source", edit.file))?;
        stamp::write(&path, &edit.apply(&source)?)?;
    }
    stamp::write(&builtins(&folder), BUILTINS)?;
    let script_path = folder.join("linker");
    stamp::write(&script_path, &script(&llvm.loader, &llvm.libraries, linker))?;
    fs::set_permissions(&script_path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", script_path.display()))?;
    let specification = serde_json::to_string_pretty(&target::specification(&script_path))?;
    stamp::write(&target::spec(&folder), &specification)?;
    stamp::write(&complete, versions)?;
    Ok(folder)
}

/// A shell script that starts sbpf-linker on the private libraries, where it also looks for LLVM.
fn script(loader: &Path, libraries: &Path, linker: &Path) -> String {
    let [loader, libraries, linker] = [loader, libraries, linker].map(quoted);
    let arguments = target::LINK_ARGUMENTS.join(" ");
    format!(
        "#!/bin/sh\n# Written by `cargo xtask setup`.\nLD_LIBRARY_PATH={libraries} \
         exec {loader} --library-path {libraries} {linker} \"$@\" {arguments}\n"
    )
}

/// The path as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Copies a folder; its symbolic links become what they point to.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let (source, target) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn the_linker_takes_the_builtins_for_llvm_ir() {
        assert!(BUILTINS.starts_with("target datalayout"), "sbpf-linker goes by the first line");
    }
}

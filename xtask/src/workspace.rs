//! The checkout: where it is and which programs it holds.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{process, stamp};

/// The checkout this command works on.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its top folder.
    pub root: PathBuf,
}

/// One on-chain program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Cargo package, `grid-jobs`.
    pub package: String,
    /// Its folder.
    pub folder: PathBuf,
}

impl Program {
    /// Name of the library, the binary and the IDL: `grid_jobs`.
    pub fn name(&self) -> String {
        self.package.replace('-', "_")
    }
}

impl Workspace {
    /// Finds the checkout around the running command.
    pub fn locate() -> Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => env::current_dir().context("the current folder is gone")?,
        };
        let root = start.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file());
        match root {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None => bail!("no Grid checkout around {}: run this inside one", start.display()),
        }
    }

    /// The programs, by folder name.
    pub fn programs(&self) -> Result<Vec<Program>> {
        let folder = self.root.join("programs");
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut programs = Vec::new();
        for entry in entries {
            let folder = entry?.path();
            if folder.join("Cargo.toml").is_file() {
                programs.push(self.program(&folder)?);
            }
        }
        programs.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(programs)
    }

    /// The program whose arithmetic the self-test runs on the VM.
    pub fn builtins_program(&self) -> Result<Program> {
        self.program(&self.root.join("tests/builtins-program"))
    }

    /// Packages of this workspace.
    pub fn members(&self) -> Result<Vec<String>> {
        let path = self.root.join("Cargo.toml");
        let manifest =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let members = members(&manifest).into_iter();
        members.map(|folder| Ok(self.program(&self.root.join(folder))?.package)).collect()
    }

    /// Copies what git keeps or would keep into a folder, which is made anew.
    pub fn copy_to(&self, root: &Path) -> Result<Self> {
        stamp::remove_folder(root)?;
        for file in listed_files(&self.root)? {
            let to = root.join(&file);
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            fs::copy(self.root.join(&file), &to).with_context(|| format!("cannot copy {file}"))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Folder of the finished programs.
    pub fn deploy(&self) -> PathBuf {
        self.root.join("target/deploy")
    }

    fn program(&self, folder: &Path) -> Result<Program> {
        let manifest = folder.join("Cargo.toml");
        let text =
            fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
        let package =
            package_name(&text).with_context(|| format!("no package name in {}", manifest.display()))?;
        Ok(Program { package: package.to_owned(), folder: folder.to_owned() })
    }
}

/// The checkout's files, new ones too, without those that git ignores.
pub fn listed_files(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    let listed = process::output(git.args(["ls-files", "-co", "--exclude-standard"]).current_dir(root))?;
    Ok(listed.lines().filter(|file| root.join(file).is_file()).map(str::to_owned).collect())
}

/// The `name` of a manifest's `[package]` table.
fn package_name(manifest: &str) -> Option<&str> {
    let (_, package) = manifest.split_once("[package]")?;
    let table = package.split("\n[").next()?;
    table
        .lines()
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "name")
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// The folders in the `members` list of a workspace manifest.
fn members(manifest: &str) -> Vec<&str> {
    let list = manifest.split_once("members = [").and_then(|(_, rest)| rest.split_once(']'));
    let Some((list, _)) = list else { return Vec::new() };
    list.split(',')
        .map(|member| member.trim().trim_matches('"'))
        .filter(|member| !member.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_package_name_only_from_its_table() {
        let manifest = "[package]\nversion.workspace = true\nname = \"grid-jobs\"\n\n[lib]\nname = \"x\"\n";
        assert_eq!(package_name(manifest), Some("grid-jobs"));
        assert_eq!(package_name("[package]\n[lib]\nname = \"x\"\n"), None);
    }

    #[test]
    fn reads_the_members() {
        let manifest = "[workspace]\nmembers = [\n    \"programs/jobs\",\n    \"xtask\",\n]\n";
        assert_eq!(members(manifest), ["programs/jobs", "xtask"]);
    }

    #[test]
    fn a_program_is_named_like_its_library() {
        let program = Program { package: "grid-jobs".into(), folder: PathBuf::new() };
        assert_eq!(program.name(), "grid_jobs");
    }
}

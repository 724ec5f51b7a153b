//! Where files are, by the XDG rules.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The folders of this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Configuration file and key.
    pub config: PathBuf,
    /// The store of jobs' files, and the record of posted jobs.
    pub data: PathBuf,
    home: Option<PathBuf>,
}

impl Paths {
    /// The folders that the environment names: `$XDG_CONFIG_HOME/grid`, else `~/.config/grid`; `$XDG_DATA_HOME/grid`, else
    /// `~/.local/share/grid`; without a home, `.grid` in the current folder.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let below = |xdg, usual: &str| {
            let base = folder(xdg).or_else(|| Some(home.as_ref()?.join(usual)));
            base.map_or_else(|| PathBuf::from(".grid"), |base| base.join("grid"))
        };
        Self {
            config: below("XDG_CONFIG_HOME", ".config"),
            data: below("XDG_DATA_HOME", ".local/share"),
            home,
        }
    }

    /// The folders of this process's environment.
    pub fn from_environment() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    /// A path with `~/` at its beginning replaced by the home folder.
    pub fn expand(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_owned(),
        }
    }

    /// The configuration file where none is named.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The key where none is named.
    pub fn keypair(&self) -> PathBuf {
        self.config.join("id.json")
    }

    /// The store where none is named.
    pub fn store(&self) -> PathBuf {
        self.data.join("store")
    }

    /// The record of posted jobs.
    pub fn posts(&self) -> PathBuf {
        self.data.join("posts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(variables: &[(&str, &str)]) -> Paths {
        Paths::of(|name| Some(variables.iter().find(|(found, _)| *found == name)?.1.into()))
    }

    #[test]
    fn the_xdg_variables_win_over_the_home_folder() {
        let usual = paths(&[("HOME", "/home/ada")]);
        assert_eq!(usual.config_file(), Path::new("/home/ada/.config/grid/config.toml"));
        assert_eq!(usual.store(), Path::new("/home/ada/.local/share/grid/store"));
        let moved = paths(&[("HOME", "/home/ada"), ("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "/d")]);
        assert_eq!((moved.keypair(), moved.posts()), ("/c/grid/id.json".into(), "/d/grid/posts".into()));
    }

    #[test]
    fn a_relative_variable_is_none() {
        let paths = paths(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "conf")]);
        assert_eq!(paths.config, Path::new("/h/.config/grid"));
    }

    #[test]
    fn a_tilde_is_the_home_folder_and_nothing_else() {
        let paths = paths(&[("HOME", "/h")]);
        assert_eq!(paths.expand(Path::new("~/id.json")), Path::new("/h/id.json"));
        assert_eq!(paths.expand(Path::new("~ada/id.json")), Path::new("~ada/id.json"));
        assert_eq!(paths.expand(Path::new("/x/~")), Path::new("/x/~"));
    }
}

//! [`Connectors`]: those of a worker.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use grid_executor::definition::InferenceTask;
use serde_json::{Map, Value};

use crate::{
    built_in,
    config::Config,
    connector::{CheckError, Connector},
    template::{ExecutorKind, Places},
};

/// The connectors of a worker, by name; none by default.
#[derive(Clone, Debug, Default)]
pub struct Connectors {
    by_name: BTreeMap<String, Connector>,
    config: Config,
}

/// Why a worker's connectors cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder of connectors cannot be read.
    #[error("the folder of connectors {folder}: {error}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the file system said.
        error: io::Error,
    },
    /// A connector is not as it should be.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// Two folders hold connectors of one name.
    #[error("there are two connectors \"{name}\", in {first} and in {second}: remove one")]
    Twice {
        /// The name.
        name: String,
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The operator set what no connector has.
    #[error("the setting {connector}.{setting} is unknown; {known}")]
    UnknownSetting {
        /// The connector named.
        connector: String,
        /// The setting named.
        setting: String,
        /// What there is.
        known: String,
    },
}

impl Connectors {
    /// The built-in connectors and those of the operator's folders.
    pub fn load(config: Config) -> Result<Self, LoadError> {
        let mut by_name = BTreeMap::new();
        for connector in built_in::all()? {
            by_name.insert(connector.manifest().name.clone(), connector);
        }
        let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
        for folder in &config.folders {
            let read_error = |error| LoadError::Folder { folder: folder.clone(), error };
            for path in folders_in(folder).map_err(read_error)? {
                let connector = Connector::read(&path)?;
                let name = connector.manifest().name.clone();
                if let Some(first) = found.insert(name.clone(), path.clone()) {
                    return Err(LoadError::Twice { name, first, second: path });
                }
                let replaces_built_in = by_name.insert(name.clone(), connector).is_some();
                tracing::info!(connector = name, path = %path.display(), replaces_built_in, "connector loaded");
            }
        }
        let connectors = Self { by_name, config };
        connectors.check_settings()?;
        Ok(connectors)
    }

    /// Every connector, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Connector> {
        self.by_name.values()
    }

    /// The connector of that name.
    pub fn get(&self, name: &str) -> Option<&Connector> {
        self.by_name.get(name)
    }

    /// Why `connector` cannot run under `executor` on this machine, as far as can be seen without running it.
    pub fn missing(&self, connector: &Connector, executor: ExecutorKind) -> Option<String> {
        self.places(connector, executor, "").err()
    }

    /// What the commands of the process executor read of this machine, besides the system's programs and libraries and
    /// the job's folder: what was set up, what that says it needs (`readable` in its folder, a path per line), and the
    /// settings that are absolute paths.
    pub fn readable(&self) -> Vec<PathBuf> {
        let mut readable = Vec::new();
        for connector in self.iter() {
            let Ok(places) = self.places(connector, ExecutorKind::Process, "") else {
                continue;
            };
            if let Some(home) = places.home.filter(|_| connector.manifest().setup.is_some()) {
                let named = std::fs::read_to_string(Path::new(&home).join("readable")).unwrap_or_default();
                readable.extend(named.lines().map(PathBuf::from));
                readable.push(home.into());
            }
            readable.extend(places.settings.into_values().map(PathBuf::from));
        }
        // Of each, what is there: a path that leads nowhere cannot be read anyhow.
        readable.retain(|path| path.is_absolute() && path.exists());
        readable.sort();
        readable.dedup();
        readable
    }

    fn check_settings(&self) -> Result<(), LoadError> {
        for (connector, settings) in &self.config.settings {
            let known = self.get(connector).map(|connector| &connector.manifest().settings);
            for setting in settings.keys() {
                if known.is_some_and(|known| known.contains_key(setting)) {
                    continue;
                }
                let known = match known {
                    None => format!("there are the connectors {}", list(self.by_name.keys())),
                    Some(known) => format!("{connector} has {}", list(known.keys())),
                };
                let (connector, setting) = (connector.clone(), setting.clone());
                return Err(LoadError::UnknownSetting { connector, setting, known });
            }
        }
        Ok(())
    }

    /// The connector that a typed op's args ask for. Exactly one must fit: which one does the work is not left to
    /// the worker.
    pub(crate) fn pick(&self, task: InferenceTask, args: &Map<String, Value>) -> Result<&Connector, Misfit> {
        let text = |name: &'static str| match args.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Misfit::Args { field: name, problem: "expected a string".to_owned() }),
        };
        let (model, wanted) = (text("model")?, text("connector")?);
        if model.is_none() && wanted.is_none() {
            return Err(Misfit::Args {
                field: "model",
                problem: "is missing: name the model, or the connector".to_owned(),
            });
        }
        let (name, version) = match wanted.map(|wanted| wanted.split_once('@').unwrap_or((wanted, ""))) {
            None => (None, None),
            Some((name, "")) => (Some(name), None),
            Some((name, version)) => (Some(name), Some(version)),
        };
        let of_task = || self.iter().filter(|connector| connector.manifest().task == task);
        let fits = |connector: &&Connector| {
            let manifest = connector.manifest();
            name.is_none_or(|name| name == manifest.name)
                && version.is_none_or(|version| version == manifest.version)
                && model.is_none_or(|model| manifest.models.iter().any(|known| known == model))
        };
        let fitting: Vec<&Connector> = of_task().filter(fits).collect();
        let field = if wanted.is_some() { "connector" } else { "model" };
        match fitting.as_slice() {
            [one] => Ok(one),
            [] => {
                let known = list(of_task().map(|connector| {
                    let manifest = connector.manifest();
                    format!("{}@{} ({})", manifest.name, manifest.version, manifest.models.join(", "))
                }));
                let asked =
                    [wanted, model].into_iter().flatten().collect::<Vec<_>>().join("\" with model \"");
                Err(Misfit::None {
                    field,
                    problem: format!("no connector here for \"{asked}\"; there is {known}"),
                })
            }
            several => {
                let names = list(several.iter().map(|connector| &connector.manifest().name));
                Err(Misfit::Args {
                    field,
                    problem: format!("{names} answer to it: name one in \"connector\""),
                })
            }
        }
    }

    /// What the places of `connector`'s command for `executor` are filled with. The error says what the operator has
    /// to do first.
    pub(crate) fn places(
        &self,
        connector: &Connector,
        executor: ExecutorKind,
        folder: &str,
    ) -> Result<Places, String> {
        let manifest = connector.manifest();
        let Some(variant) = connector.template.variant(executor) else {
            return Err(format!("has no command for the {} executor", executor.name()));
        };
        let used = variant.places();
        let given = self.config.settings.get(&manifest.name);
        let mut settings = BTreeMap::new();
        for (name, setting) in &manifest.settings {
            let value = given.and_then(|given| given.get(name)).or(setting.default.as_ref());
            match value {
                Some(value) => {
                    settings.insert(name.clone(), value.clone());
                }
                None if used.contains(&format!("settings.{name}")) => {
                    let about = &setting.about;
                    return Err(format!("waits for its operator to give the setting \"{name}\": {about}"));
                }
                None => {}
            }
        }
        let mut home = None;
        if executor == ExecutorKind::Process {
            let path = connector.home(&self.config.cache);
            if let Some(setup) = &manifest.setup
                && used.contains("home")
                && !path.join(&setup.makes).is_file()
            {
                return Err(format!(
                    "is not set up on this machine: {} is missing",
                    path.join(&setup.makes).display()
                ));
            }
            home = Some(path.to_str().ok_or("its folder below the cache is not UTF-8")?.to_owned());
        }
        Ok(Places { folder: folder.to_owned(), home, settings })
    }
}

/// Why no connector was picked.
#[derive(Debug)]
pub(crate) enum Misfit {
    /// The args are wrong whatever the worker has.
    Args { field: &'static str, problem: String },
    /// This worker has no such connector.
    None { field: &'static str, problem: String },
}

/// The folders in `folder`, in the order of their names. Names that start with a dot are left out.
fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // Follows a link: an operator may link a connector's checkout into the folder.
        if !entry.file_name().as_encoded_bytes().starts_with(b".") && entry.path().is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

fn list(names: impl Iterator<Item = impl ToString>) -> String {
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

//! `connector.toml`.

use std::{collections::BTreeMap, path::Path};

use grid_executor::definition::InferenceTask;
use serde::Deserialize;

use crate::{connector::Problem, folder::Files};

/// The manifest's file.
pub(crate) const MANIFEST: &str = "connector.toml";

/// What a connector says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name, that of its folder: 1 to 48 lowercase letters, digits and `-`, a letter first.
    pub name: String,
    /// Its version: three numbers with points between. It goes up when anything in the folder changes.
    pub version: String,
    /// What it does: `embed`, `image` or `transcribe`.
    #[serde(deserialize_with = "task")]
    pub task: InferenceTask,
    /// The models it answers to.
    pub models: Vec<String>,
    /// One line for lists.
    pub summary: String,
    /// The files of the folder that go into the job's folder.
    #[serde(default)]
    pub files: Vec<String>,
    /// Whether the command leaves files besides `output.json`, in the folder `files`.
    #[serde(default)]
    pub output_files: bool,
    /// How the machine is made ready.
    pub setup: Option<Setup>,
    /// What the operator may say or must say.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
}

/// How a machine is made ready for a connector's process variant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The command, run in a copy of the connector's folder with `CONNECTOR_HOME` set.
    pub command: Vec<String>,
    /// A file below `CONNECTOR_HOME` that is there once the command has done its work.
    pub makes: String,
}

/// Something that the operator decides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What it is.
    pub about: String,
    /// Its value where the operator gives none. Without one, the variants that use it wait for the operator.
    pub default: Option<String>,
}

fn task<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<InferenceTask, D::Error> {
    let name = String::deserialize(deserializer)?;
    InferenceTask::ALL.into_iter().find(|task| task_name(*task) == name).ok_or_else(|| {
        let known = InferenceTask::ALL.map(task_name).join(", ");
        serde::de::Error::custom(format_args!("the task \"{name}\" is none of {known}"))
    })
}

/// `embed`, `image`, `transcribe`.
pub(crate) fn task_name(task: InferenceTask) -> &'static str {
    task.op_type().trim_start_matches("inference/")
}

impl Manifest {
    /// Reads the manifest among `files`.
    pub(crate) fn read(files: &Files) -> Result<Self, Problem> {
        let bytes = files.get(MANIFEST).ok_or_else(|| Problem::new(MANIFEST, "is missing"))?;
        let text = std::str::from_utf8(bytes).map_err(|error| Problem::new(MANIFEST, error))?;
        toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let place = line.map_or(MANIFEST.to_owned(), |line| format!("{MANIFEST}:{line}"));
            Problem::new(place, error.message())
        })
    }

    /// What is wrong with it, `files` being those of its folder.
    pub(crate) fn problems(&self, files: &Files) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, problem: String| {
            problems.push(Problem::new(format!("{MANIFEST}: {field}"), problem));
        };
        if !is_name(&self.name) {
            wrong(
                "name",
                format!(
                    "\"{}\": a name has 1 to 48 lowercase letters, digits and \"-\", and starts with a letter",
                    self.name
                ),
            );
        }
        if !is_version(&self.version) {
            wrong("version", format!("\"{}\": a version is three numbers, such as 1.0.0", self.version));
        }
        if self.models.is_empty() {
            wrong("models", "names no model: clients could not ask for any".to_owned());
        }
        for (index, model) in self.models.iter().enumerate() {
            if model.is_empty()
                || model.len() > 128
                || model.chars().any(|c| c.is_whitespace() || c.is_control())
            {
                wrong(&format!("models[{index}]"), "a model has 1 to 128 bytes and no spaces".to_owned());
            }
            if self.models[..index].contains(model) {
                wrong(&format!("models[{index}]"), format!("\"{model}\" is given twice"));
            }
        }
        if self.summary.trim().is_empty() || self.summary.contains('\n') {
            wrong("summary", "is one line of text".to_owned());
        }
        for (index, file) in self.files.iter().enumerate() {
            let field = format!("files[{index}]");
            if !files.contains_key(file) {
                wrong(&field, format!("there is no file \"{file}\" in the folder"));
            }
            if ["input.json", "output.json"].contains(&file.as_str()) || Path::new(file).starts_with("files")
            {
                wrong(&field, format!("\"{file}\" is the place of the op's own input or output"));
            }
            if self.files[..index].contains(file) {
                wrong(&field, format!("\"{file}\" is given twice"));
            }
        }
        if let Some(setup) = &self.setup {
            if setup.command.is_empty() {
                wrong("setup.command", "is empty".to_owned());
            }
            let plain = |part| matches!(part, std::path::Component::Normal(_));
            if setup.makes.is_empty() || !Path::new(&setup.makes).components().all(plain) {
                wrong("setup.makes", "names a file below CONNECTOR_HOME, without \"..\"".to_owned());
            }
        }
        for (name, setting) in &self.settings {
            if !is_name(name) {
                wrong(&format!("settings.{name}"), "a setting is named as a connector is".to_owned());
            }
            if setting.about.trim().is_empty() {
                wrong(&format!("settings.{name}.about"), "says what the operator gives here".to_owned());
            }
        }
        problems
    }
}

/// Whether `name` can name a connector.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=48).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_version(version: &str) -> bool {
    let number = |part: &str| {
        part.parse::<u32>().is_ok()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    version.split('.').count() == 3 && version.split('.').all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        for name in ["a", "embed-minilm", "x9", &"a".repeat(48)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "9x", "-a", "A", "a_b", "a/b", "a.b", &"a".repeat(49)] {
            assert!(!is_name(name), "{name}");
        }
        for version in ["0.0.0", "1.20.3"] {
            assert!(is_version(version), "{version}");
        }
        for version in ["", "1", "1.0", "1.0.0.0", "1.0.x", "1.0.01", "1.0.+1", "1..0"] {
            assert!(!is_version(version), "{version}");
        }
    }
}

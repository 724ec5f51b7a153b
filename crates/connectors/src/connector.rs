//! [`Connector`]: one folder, read and checked.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use grid_executor::{Digest, json, result::ConnectorRecord};
use serde_json::{Map, Value};

use crate::{
    expect::Expect,
    folder::{self, Files},
    manifest::{MANIFEST, Manifest},
    schema::Schema,
    template::{ExecutorKind, Places, TEMPLATE, Template},
};

const INPUT_SCHEMA: &str = "input.schema.json";
const OUTPUT_SCHEMA: &str = "output.schema.json";
const README: &str = "README.md";
const TEST_INPUT: &str = "test/input.json";
const TEST_EXPECT: &str = "test/expect.json";
const TEST_FILES: &str = "test/files/";

/// A connector whose folder has nothing wrong with it.
#[derive(Clone, Debug)]
pub struct Connector {
    manifest: Manifest,
    files: Files,
    sha256: Digest,
    pub(crate) input: Arc<Schema>,
    pub(crate) output: Arc<Schema>,
    pub(crate) template: Template,
    pub(crate) test_input: Map<String, Value>,
    pub(crate) test_expect: Expect,
}

/// Something wrong with a connector's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a file of the folder, and a place in it. Empty for the folder itself.
    pub place: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { place: place.into(), problem: problem.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.place, self.problem)
        }
    }
}

/// Everything that is wrong with a connector's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    /// The folder.
    pub folder: PathBuf,
    /// One or more problems.
    pub problems: Vec<Problem>,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connector in {} cannot be used:", self.folder.display())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for CheckError {}

impl Connector {
    /// Reads a folder and checks all of it: the manifest, the schemas, the commands with their places filled in, the
    /// test. Nothing is run.
    pub fn read(folder: &Path) -> Result<Self, CheckError> {
        let failed = |problems| CheckError { folder: folder.to_owned(), problems };
        let connector = folder::read(folder).and_then(Self::from_files).map_err(failed)?;
        let name = connector.manifest.name.clone();
        // The real name, also where the path given is "." or a link.
        match folder.canonicalize() {
            Ok(real) if real.file_name().is_some_and(|file| *file == *name) => Ok(connector),
            _ => Err(failed(vec![Problem::new(
                format!("{MANIFEST}: name"),
                format!("\"{name}\" is not the name of the folder; name both alike"),
            )])),
        }
    }

    /// A connector out of the files of its folder.
    pub(crate) fn from_files(files: Files) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let manifest = keep(Manifest::read(&files), &mut problems);
        if let Some(manifest) = &manifest {
            problems.extend(manifest.problems(&files));
        }
        if !files.contains_key(README) {
            problems.push(Problem::new(
                README,
                "is missing: it says what the connector does and what it was run on",
            ));
        }
        let input = keep(schema(&files, INPUT_SCHEMA), &mut problems);
        if input.as_ref().is_some_and(|schema| !schema.is_closed_object()) {
            problems.push(Problem::new(
                INPUT_SCHEMA,
                "must have \"type\": \"object\" and \"additionalProperties\": false, so that no arg is dropped in silence",
            ));
        }
        let output = keep(schema(&files, OUTPUT_SCHEMA), &mut problems);
        let template = keep(file(&files, TEMPLATE).and_then(Template::parse), &mut problems);
        let test_input = keep(object(&files, TEST_INPUT), &mut problems);
        let test_expect = keep(
            file(&files, TEST_EXPECT).and_then(|bytes| Expect::parse(TEST_EXPECT, bytes)),
            &mut problems,
        );
        if let (Some(manifest), Some(template)) = (&manifest, &template) {
            problems.extend(template_problems(manifest, template));
        }
        if let (Some(manifest), Some(input), Some(test)) = (&manifest, &input, &test_input) {
            problems.extend(test_problems(manifest, input, test));
        }
        match (manifest, input, output, template, test_input, test_expect) {
            (
                Some(manifest),
                Some(input),
                Some(output),
                Some(template),
                Some(test_input),
                Some(test_expect),
            ) if problems.is_empty() => {
                let sha256 = folder::digest(&files);
                let (input, output) = (Arc::new(input), Arc::new(output));
                Ok(Self { manifest, files, sha256, input, output, template, test_input, test_expect })
            }
            _ => Err(problems),
        }
    }

    /// What the connector says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of all its files: that of the lines `SHA256  PATH`, sorted by path, as `sha256sum` prints them.
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The executors it has a command for.
    pub fn executors(&self) -> Vec<ExecutorKind> {
        ExecutorKind::ALL.into_iter().filter(|kind| self.template.variant(*kind).is_some()).collect()
    }

    /// What result documents say of it.
    pub fn record(&self) -> ConnectorRecord {
        ConnectorRecord {
            name: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            sha256: self.sha256,
        }
    }

    /// What `CONNECTOR_HOME` is: the folder below `cache` where this version installs what it needs.
    pub fn home(&self, cache: &Path) -> PathBuf {
        cache.join("connectors").join(format!("{}-{}", self.manifest.name, self.manifest.version))
    }

    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// The files that go with each job, by their name in the op's folder.
    pub(crate) fn job_files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // Present: checked when the folder was read.
        self.manifest.files.iter().filter_map(|name| Some((name.as_str(), self.files.get(name)?.as_slice())))
    }

    /// The files that the test's op finds in the job's folder, by their path there.
    pub(crate) fn test_files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let below = |path: &'_ String| path.starts_with(TEST_FILES);
        self.files
            .iter()
            .filter(move |(path, _)| below(path))
            .map(|(path, bytes)| (&path[TEST_FILES.len()..], bytes.as_slice()))
    }

    /// What the command is said to run in where the template names no image.
    pub(crate) fn image(&self) -> String {
        image(&self.manifest)
    }
}

fn image(manifest: &Manifest) -> String {
    format!("connector/{}:{}", manifest.name, manifest.version)
}

fn keep<T>(found: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    found.map_err(|problem| problems.push(problem)).ok()
}

fn file<'f>(files: &'f Files, name: &str) -> Result<&'f [u8], Problem> {
    files.get(name).map(Vec::as_slice).ok_or_else(|| Problem::new(name, "is missing"))
}

fn parse(files: &Files, name: &str) -> Result<Value, Problem> {
    json::parse_strict(file(files, name)?).map_err(|error| Problem::new(name, error))
}

fn schema(files: &Files, name: &str) -> Result<Schema, Problem> {
    Schema::compile(parse(files, name)?).map_err(|error| Problem::new(name, error))
}

fn object(files: &Files, name: &str) -> Result<Map<String, Value>, Problem> {
    match parse(files, name)? {
        Value::Object(map) => Ok(map),
        _ => Err(Problem::new(name, "is not an object: it holds the args of an op")),
    }
}

/// Every command, with settings that stand for what the operator will give.
fn template_problems(manifest: &Manifest, template: &Template) -> Vec<Problem> {
    let mut problems = Vec::new();
    let settings: BTreeMap<String, String> = manifest
        .settings
        .iter()
        .map(|(name, setting)| {
            (name.clone(), setting.default.clone().unwrap_or_else(|| format!("given-{name}")))
        })
        .collect();
    let mut used = Vec::new();
    for kind in ExecutorKind::ALL {
        let Some(variant) = template.variant(kind) else {
            continue;
        };
        let mut wrong = |problem: String| {
            problems.push(Problem::new(format!("{TEMPLATE}: {}", kind.name()), problem));
        };
        let home = (kind == ExecutorKind::Process).then(|| "/home-of-the-connector".to_owned());
        if variant.places().contains("home") && manifest.setup.is_none() {
            wrong("{{home}} is empty: the manifest has no [setup] that puts anything there".to_owned());
        }
        if kind == ExecutorKind::Container && !variant.names_image() {
            wrong("args.image: is missing".to_owned());
        }
        used.extend(variant.places());
        let places = Places { folder: "connectors/op".to_owned(), home, settings: settings.clone() };
        if let Err(problem) = variant.render(&places, &image(manifest)) {
            wrong(problem);
        }
    }
    for name in manifest.settings.keys().filter(|name| !used.contains(&format!("settings.{name}"))) {
        problems.push(Problem::new(
            format!("{MANIFEST}: settings.{name}"),
            format!("no command of {TEMPLATE} uses {{{{settings.{name}}}}}"),
        ));
    }
    problems
}

/// The test's input must pass, with each model that the connector answers to.
fn test_problems(manifest: &Manifest, input: &Schema, test: &Map<String, Value>) -> Vec<Problem> {
    let broken = input.broken_by("args", &Value::Object(test.clone()));
    if !broken.is_empty() {
        return broken.into_iter().map(|broken| Problem::new(TEST_INPUT, broken)).collect();
    }
    match test.get("model").and_then(Value::as_str) {
        Some(model) if manifest.models.iter().any(|known| known == model) => {}
        _ => return vec![Problem::new(TEST_INPUT, "args.model: must be one of the manifest's models")],
    }
    let mut problems = Vec::new();
    for (index, model) in manifest.models.iter().enumerate() {
        let mut args = test.clone();
        args.insert("model".to_owned(), model.as_str().into());
        if let Some(broken) = input.broken_by("args", &Value::Object(args)).first() {
            let place = format!("{MANIFEST}: models[{index}]");
            problems.push(Problem::new(place, format!("{INPUT_SCHEMA} refuses it: {broken}")));
        }
    }
    problems
}

//! What the suites of this crate share.
#![allow(dead_code, reason = "each suite needs a part of it")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use grid_connectors::{Config, Connectors, ExecutorKind};
use grid_executor::{
    CancellationToken, ContentSource, Definition, Device, FolderStore, JobOutcome, JobRequest, Machine,
    ProcessConfig, ProcessExecutor, Sources, Workplace, log, run_job,
};
use serde_json::{Value, json};

/// A folder with connectors, a cache, a store and room for jobs, gone with the test.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub workplace: Workplace,
    pub executor: ProcessExecutor,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path().join("store")).unwrap();
        let workplace = Workplace::new(folder.path().join("jobs"), store, Sources::default());
        fs::create_dir(folder.path().join("connectors")).unwrap();
        // What is installed in the cache, and nothing else of this machine's.
        let installed = grid_connectors::default_cache().map(Config::new).map(Connectors::load);
        let readable = installed.map_or_else(Vec::new, |connectors| connectors.unwrap().readable());
        let executor = ProcessExecutor::new(ProcessConfig { readable, ..ProcessConfig::default() });
        Self { folder, workplace, executor }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The built-in connectors and those of the folder `connectors`.
    pub fn config(&self) -> Config {
        Config { folders: vec![self.path("connectors")], ..Config::new(self.path("cache")) }
    }

    pub fn connectors(&self) -> Connectors {
        Connectors::load(self.config()).unwrap()
    }

    /// Writes the connector `shout`, changed by `change`, and gives its folder.
    pub fn write(&self, name: &str, change: impl FnOnce(&mut Files)) -> PathBuf {
        let mut files = Files::shout(name);
        change(&mut files);
        let folder = self.path("connectors").join(name);
        files.write(&folder);
        folder
    }

    /// Expands and runs a definition on the process executor.
    pub async fn run(&self, connectors: &Connectors, definition: &Value) -> Done {
        let bytes = definition.to_string().into_bytes();
        let request = JobRequest::new("job-1", &bytes, cpu_device()).unwrap();
        let request =
            connectors.expand_request(request, ExecutorKind::Process, &self.workplace.store).await.unwrap();
        let outcome = run_job(request, &self.executor, &self.workplace, CancellationToken::new(), &|_| {})
            .await
            .unwrap();
        let log = self.workplace.store.get(outcome.document.log.sha256, 1 << 30).await.unwrap();
        Done { outcome, log }
    }

    pub async fn artifact(&self, done: &Done, name: &str) -> Vec<u8> {
        let artifacts = &done.outcome.document.artifacts;
        let artifact = artifacts.iter().find(|artifact| artifact.name == name);
        let artifact =
            artifact.unwrap_or_else(|| panic!("no {name} in {artifacts:?}\n{}", done.lines().join("\n")));
        self.workplace.store.get(artifact.sha256, 1 << 30).await.unwrap()
    }
}

/// A device that knows how much memory the machine has.
pub fn cpu_device() -> Device {
    let machine = Machine::read(&std::env::temp_dir()).unwrap();
    Device { memory_bytes: Some(machine.memory_bytes), ..Device::cpu("test device") }
}

/// A job that has ended.
pub struct Done {
    pub outcome: JobOutcome,
    pub log: Vec<u8>,
}

impl Done {
    pub fn lines(&self) -> Vec<String> {
        log::lines(&self.log)
            .map(|line| format!("{} {} {}", line.op, line.stream.name(), String::from_utf8_lossy(line.bytes)))
            .collect()
    }
}

pub fn job(ops: Value) -> Value {
    json!({"version": "0.1", "type": "container", "ops": ops})
}

pub fn parse(definition: &Value) -> Definition {
    Definition::parse(definition.to_string().as_bytes()).unwrap()
}

/// The files of a small connector that needs nothing but a shell: it repeats its input in capitals.
pub struct Files(Vec<(String, String)>);

impl Files {
    fn shout(name: &str) -> Self {
        let manifest = format!(
            "name = \"{name}\"\nversion = \"1.2.3\"\ntask = \"embed\"\nmodels = [\"shout\"]\nsummary = \"Shouts\"\nfiles = [\"shout.sh\"]\n"
        );
        let script = "tr '[:lower:]' '[:upper:]' <\"$1/input.json\" >\"$1/loud\"\nprintf '{\"said\":%s}' \"$(cat \"$1/loud\")\" >\"$1/output.json\"\n";
        let files = [
            ("connector.toml", manifest.as_str()),
            ("README.md", "# Shout\n"),
            ("shout.sh", script),
            (
                "input.schema.json",
                r#"{"type":"object","additionalProperties":false,"required":["model","text"],
                    "properties":{"model":{"const":"shout"},"text":{"type":"string"},"times":{"type":"integer"}}}"#,
            ),
            (
                "output.schema.json",
                r#"{"type":"object","properties":{"said":{"type":"object"}},"required":["said"]}"#,
            ),
            ("template.json", r#"{"process":{"args":{"cmd":["sh","{{folder}}/shout.sh","{{folder}}"]}}}"#),
            ("test/input.json", r#"{"model":"shout","text":"hello"}"#),
            ("test/expect.json", r#"{"output":[{"at":"/said/TEXT","equals":"HELLO"}]}"#),
        ];
        Self(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into())
    }

    pub fn get(&mut self, path: &str) -> &mut String {
        &mut self.0.iter_mut().find(|(known, _)| known == path).unwrap().1
    }

    pub fn set(&mut self, path: &str, text: &str) {
        self.remove(path);
        self.0.push((path.to_owned(), text.to_owned()));
    }

    pub fn remove(&mut self, path: &str) {
        self.0.retain(|(known, _)| known != path);
    }

    pub fn replace(&mut self, path: &str, from: &str, to: &str) {
        let text = self.get(path);
        assert!(text.contains(from), "{path} has no {from}");
        *text = text.replace(from, to);
    }

    fn write(&self, folder: &Path) {
        for (path, text) in &self.0 {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
}
